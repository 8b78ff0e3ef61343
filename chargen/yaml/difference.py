"""What an edit changed in a file, so that it can be taken back byte for byte, while it stands there as it was left.

Pure.
"""

from __future__ import annotations

from msgspec import Struct


class Difference(Struct, frozen=True):
    """In a text the lines `removed` became `put`, between the lines `left` and `right`."""

    left: str
    removed: str
    put: str
    right: str

    @classmethod
    def of(cls, before: str, after: str) -> Difference:
        """Compare two texts: the change is told by whole lines, with one line on either side."""
        same = _common(before, after)
        start = max(before.rfind(end, 0, same) for end in "\n\r") + 1
        most = min(len(before), len(after)) - start
        same = _common(before[::-1][:most], after[::-1][:most])
        stop, last = len(before) - same, len(after) - same
        while stop < len(before) and not (_begins_line(before, stop, start) and _begins_line(after, last, start)):
            stop, last = stop + 1, last + 1
        left = before[:start].splitlines(keepends=True)[-1:]
        right = before[stop:].splitlines(keepends=True)[:1]
        return cls("".join(left), before[start:stop], after[start:last], "".join(right))

    @property
    def taken_back(self) -> Difference:
        """The same the other way round."""
        return Difference(self.left, self.put, self.removed, self.right)

    def reverted(self, text: str, start: int, end: int) -> str | None:
        """Return `text` with the change taken back; None where it does not stand there, between `start` and `end`.

        Its neighbours tell which place is meant, where the same lines stand there twice.
        """
        whole = self.left + self.put + self.right
        place = _only(text, whole, max(0, start - len(self.left)), end + len(self.right))
        place = _only(text, self.put, start, end) if place is None else place + len(self.left)
        return None if place is None else text[:place] + self.removed + text[place + len(self.put) :]


def _begins_line(text: str, place: int, first: int) -> bool:
    """Say whether a line begins at a place; one does at `first`."""
    return place == first or (text[place - 1] in "\n\r" and not text.startswith("\r\n", place - 1))


def _common(one: str, other: str) -> int:
    """Count the characters that two texts begin with alike."""
    same, most = 0, min(len(one), len(other))
    while same < most:
        middle = (same + most + 1) // 2
        if one[same:middle] == other[same:middle]:
            same = middle
        else:
            most = middle - 1
    return same


def _only(text: str, part: str, start: int, end: int) -> int | None:
    """Return where a part begins that stands exactly once between two places."""
    place = text.find(part, start, end) if part else -1
    return None if place < 0 or text.find(part, place + 1, end) >= 0 else place
