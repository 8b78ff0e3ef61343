"""Who owns which picture, as a plan and a build ask it: found out when it is asked, and what is asked is noted.

Law: of an entry that is plainly at home it is found without looking at any other. `chargen.plan.ownership` decides the
rest. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property, partial

from chargen.model.values import EntryId, FileHash
from chargen.plan.owned import Group, Move, Owned, Ownership, PictureClaim, PictureSources
from chargen.plan.ownership import attempts_of, ownership
from chargen.plan.read_trace import CLAIMED, MADE, OWNED, Looked, ReadTrace


class PictureOwners:
    """Who owns what.

    `entries` are all, in plan order, `claim` makes what each claims; `recorded` are the files that their lines tell of,
    one for each line. What is asked is noted in `trace`, for all images of a file together: `home` names it.
    """

    def __init__(
        self,
        entries: Collection[EntryId],
        claim: Callable[[EntryId], PictureClaim],
        recorded: Iterable[FileHash],
        sources: PictureSources,
        *,
        trace: ReadTrace,
        home: Mapping[EntryId, str],
    ) -> None:
        self._entries = entries
        self._claim = claim
        self._sources = sources
        self._trace = trace
        self._home = home
        seen: set[FileHash] = set()
        self._shared = {file for file in recorded if file in seen or seen.add(file)}  # type: ignore[func-returns-value]
        """The files of several lines: which of the entries is a copy has to be found out."""
        answers = {
            CLAIMED: lambda attempt: self._attempts.get(attempt, ""),
            MADE: lambda name: self._made.get(EntryId(name), ""),
        }
        trace.add(answers)

    def of(self, entry_id: EntryId) -> Owned | None:
        """Return an entry's picture; None where it is at its target, or there is none."""
        self._trace.note(OWNED, self._home.get(entry_id, ""))
        return None if self.is_home(entry_id) else self._whole.owned.get(entry_id)

    def group_of(self, entry_id: EntryId) -> Group | None:
        """Return the moves that touch an entry's target."""
        self._trace.note(OWNED, self._home.get(entry_id, ""))
        if self.is_home(entry_id):
            return None
        return next((group for group in self._whole.groups if entry_id in group.entries), None)

    @property
    def attempts(self) -> Mapping[str, EntryId]:
        """The attempts that made the pictures of living entries, and whose they are."""
        found = self._attempts
        return Looked(found, found.__getitem__, partial(self._trace.note, CLAIMED))

    def attempt_of(self, entry_id: EntryId) -> str | None:
        """Return the attempt that made an entry's picture, as its record tells."""
        return self._trace.get(MADE, entry_id) or None

    # what is answered

    def told(self, entry_id: EntryId) -> tuple[EntryId, Owned | None, tuple[Move, ...]]:
        """Return all there is to tell of an entry: itself, its picture, and the moves of that: one, or none."""
        owned = None if self.is_home(entry_id) else self._whole.owned.get(entry_id)
        moves = tuple(move for group in self._whole.groups for move in group.moves if move.id == entry_id)
        return entry_id, owned, moves

    def is_home(self, entry_id: EntryId) -> bool:
        """Say whether an entry says that its picture is at its target, and it is, and nobody else says so.

        Then it holds that place, whatever the others claim.
        """
        if entry_id not in self._entries:
            return False
        claim = self._claim(entry_id)
        if claim.line is None or claim.named != claim.target:
            return False
        return self.holds(claim.target, claim.line.file, claim.line.size)

    def holds(self, target: str, file: FileHash, size: int) -> bool:
        """Say whether an entry that names its target has there the file of this size that it, and no other, records."""
        if file in self._shared:
            return False
        stands = self._sources.look(target)
        if stands is None or stands.size != size or stands.file not in (None, file):
            return False
        return self._sources.under_way(target, file) is None

    @cached_property
    def _whole(self) -> Ownership:
        """Who owns what, all entries looked at."""
        return ownership(tuple(map(self._claim, self._entries)), self._sources)

    @cached_property
    def _attempts(self) -> Mapping[str, EntryId]:
        if self._shared:
            return self._whole.attempts
        return attempts_of((name, line) for name in self._entries if (line := self._claim(name).line) is not None)

    @cached_property
    def _made(self) -> Mapping[EntryId, str]:
        return {name: attempt for attempt, name in self._attempts.items()}
