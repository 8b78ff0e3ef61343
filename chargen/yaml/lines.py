"""Lines of a text by the places of its characters: LF, CRLF and CR end one, and nothing else does. Pure."""

from __future__ import annotations


def line_start(text: str, index: int) -> int:
    """Return where the line of `index` starts."""
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def line_end(text: str, index: int) -> int:
    """Return where the line of `index` ends, before its line end."""
    ends = [place for place in (text.find("\n", index), text.find("\r", index)) if place >= 0]
    return min(ends, default=len(text))


def column(text: str, index: int) -> int:
    """Return how many characters stand before `index` in its line."""
    return index - line_start(text, index)


def line_break_at(text: str, index: int) -> str | None:
    """Return the line end of the line of `index`, or where it is the last of the one before; None for a single line."""
    end: int | None = line_end(text, index)
    if end == len(text):
        end = previous_line_end(text, index)
    if end is None:
        return None
    return "\r\n" if text.startswith("\r\n", end) else text[end]


def is_dash_line(text: str, start: int, indent: str) -> bool:
    """Say whether the line that starts at `start` is the first of an item of a list whose dashes stand at `indent`."""
    dash = start + len(indent)
    return text.startswith(f"{indent}-", start) and text[dash + 1 : dash + 2] in ("", " ", "\t", "\r", "\n")


def previous_line_end(text: str, index: int) -> int | None:
    """Return where the line before that of `index` ends, before its line end; None in the first line."""
    start = line_start(text, index)
    if start == 0:
        return None
    return start - 2 if text.startswith("\r\n", start - 2) else start - 1
