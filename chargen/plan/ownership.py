"""Which picture is whose: each entry's picture is the one its record describes, wherever the entry stands now.

The law of docs/design.md ("Which picture is whose"), in one place. An entry claims a file by its record line, or by
what its `file_path` holds; ids are names and claim nothing. Whoever renames by search-and-replace changes `file_path`
too: then the place where the record's picture was put last is the one it names. Laws: a file at a place belongs to one
entry at most; what no record explains is never taken for rubbish; moves that touch each other's places are one group,
which is done as a whole or not at all. Pure: what stands where is asked of `PictureSources`, and as little of it as the
claims leave open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile

from msgspec.structs import replace

from chargen.model.record_line import RecordLine, last_attempt
from chargen.model.values import EntryId, FileHash
from chargen.plan.owned import FileAtPlace, Group, Move, Owned, Ownership, PictureClaim, PicturePlace, PictureSources
from chargen.text.names import normal


def ownership(claims: Sequence[PictureClaim], sources: PictureSources) -> Ownership:
    """Say which picture is whose. `claims` are those of all entries, in plan order."""
    return _Finder(claims, sources).found()


class _Finder:
    """One pass over all claims. `holders` says whose file stands at the key of a place."""

    def __init__(self, claims: Sequence[PictureClaim], sources: PictureSources) -> None:
        self.claims = claims
        self.sources = sources
        self.path_key = sources.path_key
        self.written = {claim.id: claim.named for claim in claims}
        """What each `file_path` names, as it is written."""
        self.by_target = {self.path_key(claim.target): claim for claim in claims}
        self.copies = dict(self._copies())
        self.lines = {claim.id: claim.line for claim in claims if claim.line and claim.id not in self.copies}
        self.recorded = {line.file for line in self.lines.values()}
        self.owned: dict[EntryId, Owned] = {}
        self.settled: set[EntryId] = set()
        self.holders: dict[str, EntryId] = {}
        self.moves: list[Move] = []
        self.naming: dict[str, list[PictureClaim]] = defaultdict(list)
        """The recorded entries that name a place away from their target, by that place."""
        self.may_be_home = {claim.id for claim in claims if self._may_be_home(claim)}
        if left := self._left_places():
            self.claims = [replace(claim, named=left.get(claim.id, claim.named)) for claim in claims]
        for claim in self.claims:
            if claim.id in self.lines and claim.named and not self._names_target(claim):
                self.naming[self.path_key(claim.named)].append(claim)
        self._targets_of_size: dict[int, list[str]] | None = None

    def found(self) -> Ownership:
        """Give every file at a place to one entry: what records describe first, then what no record explains."""
        unsettled = [claim for claim in self.claims if not self._at_home(claim)]
        for step in (self._moving, self._named_recorded, self._named_unexplained, self._at_other_target):
            unsettled = [claim for claim in unsettled if not step(claim)]
        for step in (self._named_unrecorded, self._standing, self._kept):
            unsettled = [claim for claim in unsettled if not step(claim)]
        for claim in unsettled:
            self._own(claim, Owned(copied=self.copies.get(claim.id)))
        for claim in self.claims:
            self._finish(claim)
        return Ownership(self.owned, tuple(self._groups()), attempts_of(self.lines.items()))

    # claims

    def _copies(self) -> Iterator[tuple[EntryId, EntryId]]:
        """Yield the entries whose record another entry has too, each with the one that keeps it."""
        alike: dict[tuple[str | None, FileHash], list[PictureClaim]] = defaultdict(list)
        for claim in self.claims:
            if claim.line is not None:
                alike[claim.line.attempt, claim.line.file].append(claim)
        for group in alike.values():
            if len(group) < 2:
                continue
            line = group[0].line
            assert line is not None
            at_home = [item for item in group if self._names_target(item)]
            keepers = [item for item in at_home if self._holds(item.target, line)]
            if not keepers:  # one who painted over the picture of an entry and copied the entry
                keepers = [item for item in at_home if self.sources.look(item.target) is not None][:1]
            if not keepers:
                made_for = self.sources.made_for(line)
                keepers = [item for item in group if item.id == made_for][:1] or group[:1]
            # A file copied along with its entry is a picture of its own: each of several keepers has one.
            kept = {item.id for item in keepers}
            yield from ((item.id, keepers[0].id) for item in group if item.id not in kept)

    def _left_places(self) -> Mapping[EntryId, str]:
        """Return where pictures were put last of entries whose name and `file_path` tell another place by now.

        An entry that has a record and may be at home keeps what stands at its target.
        """
        found: dict[EntryId, tuple[PictureClaim, str]] = {}
        away: dict[str, EntryId] = {}
        for claim in self.claims:
            line = self.lines.get(claim.id)
            if line is None or claim.id in self.may_be_home:
                continue
            if not self._names_target(claim) and claim.named and self.sources.look(claim.named) is not None:
                away[self.path_key(claim.named)] = claim.id
                continue
            place = self._put_at(claim, line)
            if place and self.sources.may_vacate(place):
                found[claim.id] = claim, place
        leaving = {*away.values(), *found}
        while True:
            reachable = self._reachable(found, set(away))
            kept = {name: found[name] for name in reachable if self._is_left(found[name][1], leaving)}
            if len(kept) == len(found):
                return {name: place for name, (_, place) in found.items()}
            leaving -= found.keys() - kept.keys()
            found = kept

    def _put_at(self, claim: PictureClaim, line: RecordLine) -> str:
        """Return where an entry's picture was put last away from its target; of those before it, where one stands.

        What a version control system took back stands at an earlier place.
        """
        at = self.path_key(claim.target)
        places = tuple(takewhile(lambda place: self.path_key(place) != at, self.sources.put_at(line)))
        standing = (place for place in places if self.sources.look(place) is not None)
        return next(standing, next(iter(places), ""))

    def _is_left(self, place: str, leaving: set[EntryId]) -> bool:
        """Say whether no entry that stays has a claim to a place.

        One has by its record, one without a record where its `file_path` names its own target.
        """
        other = self.by_target.get(self.path_key(place))
        return other is None or other.id in leaving or not (other.id in self.lines or self._names_target(other))

    def _reachable(self, found: Mapping[EntryId, tuple[PictureClaim, str]], empty: set[str]) -> Iterable[EntryId]:
        """Return those whose target is empty, or will be as others leave it, or holds what another entry has left.

        In a circle at least one picture must be known by its bytes: else all of them may be at home, painted over.
        """
        places = {self.path_key(place) for _, place in found.values()}
        known: dict[EntryId, None] = {}
        before = -1
        while before != len(known):
            before = len(known)
            for name, (claim, place) in found.items():
                at = self.path_key(claim.target)
                by_bytes = at in places or self._stands_in_the_way(claim)
                if name in known or not (
                    at in empty or self._is_coming(claim) or (by_bytes and self._holds(place, self.lines[name]))
                ):
                    continue
                known[name] = None
                empty.add(self.path_key(place))
        return known

    def _stands_in_the_way(self, claim: PictureClaim) -> bool:
        """Say whether an entry names neither its target nor what stands there, a picture that the program made."""
        return bool(claim.named) and not self._names_target(claim) and self.sources.is_made(claim.target)

    def _is_coming(self, claim: PictureClaim) -> bool:
        """Say whether nothing stands at an entry's target, or what a move that died brought there."""
        stands, file = self.sources.look(claim.target), self._under_way(claim)
        return stands is None or (file is not None and self._file(claim.target, stands) == file)

    def _under_way(self, claim: PictureClaim) -> FileHash | None:
        if claim.line is None:
            return None
        return self.sources.under_way(self.written[claim.id], claim.line.file)

    def _may_be_home(self, claim: PictureClaim) -> bool:
        """Say whether an entry's own file stands at its target, by its size where the entry says that it does."""
        line, stands = self.lines.get(claim.id), self.sources.look(claim.target)
        if line is None or stands is None or stands.size != line.size or self._under_way(claim) is not None:
            return False
        # An equal size is evidence only while the entry says that its file stands here.
        by_size = self._names_target(claim) and stands.file is None
        return by_size or self._file(claim.target, stands) == line.file

    def _names_target(self, claim: PictureClaim) -> bool:
        if claim.named == claim.target:
            return True
        return bool(claim.named) and self.path_key(claim.named) == self.path_key(claim.target)

    def _holds(self, path: str, line: RecordLine) -> bool:
        stands = self.sources.look(path)
        return stands is not None and stands.size == line.size and self._file(path, stands) == line.file

    def _file(self, path: str, stands: FileAtPlace) -> FileHash:
        return stands.file or self.sources.file_at(path)

    # steps: each says whether it settled the entry

    def _at_home(self, claim: PictureClaim) -> bool:
        """Settle an entry whose own file stands at its target, which is nearly every one."""
        line = self.lines.get(claim.id)
        if line is None or claim.id not in self.may_be_home or self._names_own(claim, line):
            return False
        self._hold(claim, claim.target)
        return True

    def _names_own(self, claim: PictureClaim, line: RecordLine) -> bool:
        """Say whether an entry names a picture that is neither the program's nor the one its record describes."""
        if not claim.named or self._names_target(claim) or self.sources.may_vacate(claim.named):
            return False
        return self.sources.look(claim.named) is not None and not self._holds(claim.named, line)

    def _moving(self, claim: PictureClaim) -> bool:
        """Settle an entry to which a move was bringing a file that no record describes when its run died."""
        file = self._under_way(claim)
        if file is None or claim.id in self.copies:
            return False
        places = (claim.target, claim.named) if claim.named else (claim.target,)
        for path in places:
            stands = self.sources.look(path)
            if stands is not None and self._is_free(path) and self._file(path, stands) == file:
                return self._take(claim, path, file)
        kept = self.sources.kept(claim.id, file)
        if not kept:
            return False
        self._own(claim, Owned(PicturePlace.ELSEWHERE, kept, file))
        self.moves.append(Move(claim.id, kept, claim.target, file))
        return True

    def _named_recorded(self, claim: PictureClaim) -> bool:
        line = self.lines.get(claim.id)
        if line is None or not claim.named or not self._is_free(claim.named) or not self._holds(claim.named, line):
            return False
        return self._take(claim, claim.named, line.file)

    def _named_unexplained(self, claim: PictureClaim) -> bool:
        """A file no record explains, at the place a recorded entry names, is its picture painted over."""
        line = self.lines.get(claim.id)
        if line is None or not claim.named or not self._is_free(claim.named):
            return False
        if self._names_own(claim, line):
            self._own(claim, Owned(PicturePlace.NAMED, claim.named))
            return True
        return self._take_unexplained(claim, claim.named)

    def _at_other_target(self, claim: PictureClaim) -> bool:
        line = self.lines.get(claim.id)
        if line is None:
            return False
        for path in self._targets(line.size):
            if self._is_free(path) and self._holds(path, line):
                return self._take(claim, path, line.file)
        return False

    def _named_unrecorded(self, claim: PictureClaim) -> bool:
        """An entry without a record owns what its `file_path` holds, unless that is another's."""
        if claim.line is not None or not claim.named or self._names_target(claim):
            return False
        stands = self.sources.look(claim.named)
        if stands is None or not self._is_free(claim.named):
            return False
        if self.path_key(claim.named) in self.by_target:
            return self._take_unexplained(claim, claim.named)
        self._own(claim, Owned(PicturePlace.NAMED, claim.named))
        return True

    def _standing(self, claim: PictureClaim) -> bool:
        """What stands at the target and is nobody else's is the target's entry's."""
        stands = self.sources.look(claim.target)
        if stands is None or not self._is_free(claim.target):
            return False
        if self._left_over(claim.target, stands):
            return False
        self._hold(claim, claim.target)
        if claim.id in self.copies:
            self.owned[claim.id] = Owned(PicturePlace.TARGET, claim.target, copied=self.copies[claim.id])
        return True

    def _kept(self, claim: PictureClaim) -> bool:
        line = self.lines.get(claim.id)
        if line is None:
            return False
        if path := self.sources.kept(claim.id, line.file):
            self._own(claim, Owned(PicturePlace.HISTORY, path, line.file))
            return True
        if path := self.sources.original(line):
            self._own(claim, Owned(PicturePlace.ORIGINAL, path))
            return True
        for path in self.sources.of_size(line.size):
            if self._is_free(path) and self._holds(path, line):
                self._own(claim, Owned(PicturePlace.ELSEWHERE, path, line.file))
                other_spelling = self.path_key(path) == self.path_key(claim.target)
                self.moves.append(Move(claim.id, path, claim.target, line.file, path if other_spelling else ""))
                return True
        return False

    # results

    def _targets(self, size: int) -> Sequence[str]:
        """Return the targets at which a file of a size stands; all are looked at once, and only when one is sought."""
        if self._targets_of_size is None:
            self._targets_of_size = defaultdict(list)
            for claim in self.claims:
                stands = self.sources.look(claim.target)
                if stands is not None:
                    self._targets_of_size[stands.size].append(claim.target)
        return self._targets_of_size.get(size, ())

    def _is_free(self, path: str) -> bool:
        return self.path_key(path) not in self.holders

    def _left_over(self, path: str, stands: FileAtPlace) -> bool:
        """Say whether a file is one that a move began to take away: its entry has it at its own target already."""
        at = self.path_key(path)
        leaving = [item for item in self.naming.get(at, ()) if item.id in self.settled]
        return any(self._file(path, stands) == self._arrived(item) for item in leaving)

    def _arrived(self, claim: PictureClaim) -> FileHash | None:
        """Return the file of a recorded entry that stands at its target, None where none does."""
        owned = self.owned.get(claim.id)
        if owned is not None:
            return owned.file if owned.place is PicturePlace.TARGET else None
        if claim.id not in self.settled or claim.id in self.may_be_home:
            return self.lines[claim.id].file if claim.id in self.settled else None
        stands = self.sources.look(claim.target)  # painted over
        return None if stands is None else self._file(claim.target, stands) or None

    def _hold(self, claim: PictureClaim, path: str) -> None:
        self.settled.add(claim.id)
        self.holders[self.path_key(path)] = claim.id

    def _own(self, claim: PictureClaim, owned: Owned) -> None:
        self.settled.add(claim.id)
        self.owned[claim.id] = owned

    def _take_unexplained(self, claim: PictureClaim, path: str) -> bool:
        stands = self.sources.look(path)
        if stands is None:
            return False
        file = self._file(path, stands)
        return file not in self.recorded and self._take(claim, path, file)

    def _take(self, claim: PictureClaim, path: str, file: FileHash) -> bool:
        """Give an entry the file at a place of the tree, and let it move where that is not its target."""
        self._hold(claim, path)
        if self.path_key(path) == self.path_key(claim.target):
            self.owned[claim.id] = Owned(PicturePlace.TARGET, claim.target, file)
            return True
        self._own(claim, Owned(PicturePlace.ELSEWHERE, path, file))
        self.moves.append(Move(claim.id, path, claim.target, file, path if self.sources.may_vacate(path) else ""))
        return True

    def _finish(self, claim: PictureClaim) -> None:
        """Let an entry whose picture has arrived say so, and leave the place that its `file_path` still names."""
        if claim.id not in self.lines or not claim.named:
            return
        if normal(claim.named) == normal(claim.target) and self._under_way(claim) is None:
            return
        file = self._arrived(claim)
        if file is None:
            return
        if self._names_target(claim):  # in another case where that is the same name, or all that is left is the record
            self.moves.append(Move(claim.id, claim.target, claim.target, file))
            return
        stands = self.sources.look(claim.named)
        may_leave = self._is_free(claim.named) and self.sources.may_vacate(claim.named)
        left = stands is not None and may_leave and self._file(claim.named, stands) == file
        self.moves.append(Move(claim.id, claim.target, claim.target, file, claim.named if left else ""))

    def _groups(self) -> Iterator[Group]:
        """Put together the moves that touch each other's places."""
        joined: dict[EntryId, EntryId] = {}

        def first(entry_id: EntryId) -> EntryId:
            while joined.setdefault(entry_id, entry_id) != entry_id:
                entry_id = joined[entry_id]
            return entry_id

        for move in self.moves:
            joined[first(move.id)] = first(move.id)
            other = self.by_target.get(self.path_key(move.leaves or move.source))
            if other is not None:
                joined[first(other.id)] = first(move.id)
        groups: dict[EntryId, list[EntryId]] = defaultdict(list)
        for claim in self.claims:
            if claim.id in joined:
                groups[first(claim.id)].append(claim.id)
        for entries in groups.values():
            members = set(entries)
            yield Group(tuple(move for move in self.moves if move.id in members), tuple(entries))


def attempts_of(lines: Iterable[tuple[EntryId, RecordLine]]) -> dict[str, EntryId]:
    """Return whose the attempts are that made the pictures lines tell of."""
    return {attempt: entry_id for entry_id, line in lines if (attempt := last_attempt(line))}
