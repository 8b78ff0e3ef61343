"""Whose a reply is: of the entry whose picture it made, or was replaced by, else of the one it was made for.

Laws: what is a living entry's is never used for another; what is nobody's goes to the first entry in plan order that
has need of it; where an entry's own picture comes along, it has need of no other. Reads only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from chargen.config.project import Project
from chargen.model.entries import Entry, Outputs
from chargen.model.reason import ReasonCode, has
from chargen.model.values import EntryId, Fingerprint
from chargen.plan.owned import Owned, PicturePlace
from chargen.plan.picture_owners import PictureOwners
from chargen.plan.store_answers import NotedJournal, NotedOriginals
from chargen.providers import is_proof
from chargen.store.original_store import StoredOriginal


class ReplyOwners(Struct, frozen=True, kw_only=True):
    """What says whose a reply is. `planned` says whether an entry id belongs to the plan."""

    project: Project
    originals: NotedOriginals
    journal: NotedJournal
    planned: Callable[[EntryId], bool]
    ownership: PictureOwners
    """Which picture is whose, as of the plan; `arrived` are entries whose pictures have moved since."""
    unfinished: frozenset[str]
    """Attempts whose original was safe and that the journal did not know as written back when the plan was begun."""
    asks_for: Callable[[EntryId, Fingerprint], bool]
    """Says whether an entry, if there is one of that id, asks for these inputs now."""
    takes: Callable[[EntryId, str], bool]
    """Says whether an entry is the first in plan order with need of what is nobody's, an attempt: asking is taking."""
    free: Callable[[EntryId, str], bool]
    """Says whether an entry could still take it."""
    arrived: set[EntryId] = field(default_factory=set)

    def owned(self, entry_id: EntryId) -> Owned:
        """Say where an entry's picture is."""
        owned = self.ownership.of(entry_id) or _AT_TARGET
        return Owned(PicturePlace.TARGET, copied=owned.copied) if entry_id in self.arrived else owned

    def moved_unrecorded(self, entry_id: EntryId) -> bool:
        """Say whether a picture has moved to its target and its entry does not say so: a run died in between."""
        group = self.ownership.group_of(entry_id) if self.owned(entry_id).place is PicturePlace.TARGET else None
        return group is not None and entry_id not in self.arrived and any(move.id == entry_id for move in group.moves)

    def own(self, entry: Entry) -> Entry:
        """Return an entry without a record that is another's: a copied entry begins anew."""
        return entry if self.owned(entry.id).copied is None else replace(entry, outputs=Outputs())

    def owner(self, stored: StoredOriginal) -> EntryId | None:
        """Return the living entry an original belongs to, None where it is nobody's."""
        record = stored.record
        if record.after is not None:  # one that was made since the plan, or kept as a version only
            before = self.ownership.attempts.get(record.after)
            if before is None and has(record.why, ReasonCode.VARIANT):  # never in place, so nothing is noted of it
                before = self.reached_from(f"{record.fingerprint}/{record.after}")
            if before is not None:
                return before
        return self.owner_of_attempt(record.fingerprint, record.attempt, record.entry_id)

    def owner_of_attempt(self, fingerprint: Fingerprint, attempt: str, made_for: EntryId) -> EntryId | None:
        """Return the living entry whose version an attempt is: the one whose chain reaches it, else the one by its id.

        None where it is nobody's.
        """
        found = self.reached_from(f"{fingerprint}/{attempt}")
        if found is not None:
            return found
        return made_for if self.goes_by_id(made_for) else self.heir(made_for)

    def reached_from(self, name: str) -> EntryId | None:
        """Return the living entry whose chain of replaced versions reaches a version.

        It is named by its attempt, behind a `/` where something stands before it.
        """
        waiting, seen = [name], {name}
        while waiting:
            name = waiting.pop(0)
            if (found := self.ownership.attempts.get(name.rpartition("/")[2])) is not None:
                return found
            later = [item for item in self.originals.replaced_by(name) if item not in seen]
            seen.update(later)
            waiting += later
        return None

    def goes_by_id(self, entry_id: EntryId) -> bool:
        """Say whether what was made for an id is its entry's of now: not where that one's picture is from elsewhere."""
        if not self.planned(entry_id):
            return False
        own = self.ownership.attempt_of(entry_id)
        if own is None:
            return True
        known = self.journal.attempt(own)
        return known is None or known.task_id == entry_id

    def heir(self, entry_id: EntryId) -> EntryId | None:
        """Return the entry whose picture was made for an id that is gone."""
        made = (self.ownership.attempts.get(attempt.attempt_id) for attempt in self.journal.attempts_for(entry_id))
        return next((found for found in made if found is not None), None)

    def own_first(self, entry: Entry, replies: Iterable[StoredOriginal], *, takes: bool) -> Iterator[StoredOriginal]:
        """Yield the replies that are an entry's own; then those that are nobody's, while it is the first with need.

        What is nobody's is taken by the entry, or only looked at.
        """
        nobodys: list[StoredOriginal] = []
        for stored in replies:
            owner = self.owner(stored)
            if owner is not None and self._is_in_transit(stored):
                nobodys.append(stored)  # what is asked for counts, whatever it was called when it was asked
            elif owner == entry.id:
                yield stored
            elif owner is None and not self._comes_along(entry, stored.record.fingerprint):
                nobodys.append(stored)
        for stored in nobodys:
            if (self.takes if takes else self.free)(entry.id, stored.record.attempt):
                yield stored

    def _is_in_transit(self, stored: StoredOriginal) -> bool:
        """Say whether a reply of a run that died never had a place, nor has the entry of its id one or asks for it.

        One of this run is on its way to the entry that asked, whoever has the same inputs.
        """
        record = stored.record
        if stored.published or not self.journal.is_unfinished(record.attempt):
            return False
        if record.after is not None or has(record.why, ReasonCode.VARIANT):
            return False
        if self.ownership.attempt_of(record.entry_id) is not None:
            return False
        return not self.asks_for(record.entry_id, record.fingerprint)

    def _comes_along(self, entry: Entry, fingerprint: Fingerprint) -> bool:
        """Say whether an entry's own picture of these inputs is on its way to the target: it has need of no other."""
        line = entry.record_line
        if line is None or line.fingerprint != fingerprint or is_proof(line.by):
            return False
        return self.owned(entry.id).place in (PicturePlace.ELSEWHERE, PicturePlace.HISTORY, PicturePlace.ORIGINAL)


_AT_TARGET = Owned(PicturePlace.TARGET)
