"""Planning only what changed since the last plan: the rest is taken from rows, and the result is the same plan.

What makes a file be planned anew: its bytes; any picture, reference or original that was looked at for it; a character
its entries show or a planned portrait they reference, as far as they can see of it; an attempt in the journal; and in
a build, that one of its images needs something. Files whose characters are needed for that are planned along. What
concerns files together (clashing names, circles of portraits) is looked at together, without any memory.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from chargen.app.judging import Wishes
from chargen.app.planning import Planner, unknown_location
from chargen.app.remembering.index import Remembered, digest
from chargen.app.remembering.memory import Memory, Store, attempts_of
from chargen.app.remembering.rows import (
    MALFORMED,
    character_signature,
    facts_of,
    planned,
    portrait_signature,
    to_json,
)
from chargen.app.scanning import Scan, ScannedFile, collector_at_rest, imagery_files, scan_file, together
from chargen.app.session import Session
from chargen.core.order import build_order
from chargen.core.plan import Plan, Planned
from chargen.core.values import EntryId, Kind, Verdict
from chargen.edge.signatures import Signatures
from chargen.errors import Position, Problem
from chargen.kinds.names import folded


def remembered_plan(session: Session, wishes: Wishes, *, building: bool) -> tuple[Planner, Plan]:
    """Plan the project. While `building`, images that need anything are planned to the last word.

    What is remembered holds for a command without wishes of its own: others are planned without it.
    """
    store = Store(session, time.time_ns())
    with collector_at_rest():
        if wishes != Wishes(ignored=session.ignored()):
            planner = session.planner(session.scan(), wishes)
            return planner, planner.plan()
        memory = store.load()
        if memory.files:
            try:
                return _Planning(session, wishes, memory, store, building).plan()
            except (_TogetherError, *MALFORMED):
                pass
        return _Planning(session, wishes, Memory(), store, building).plan()


class _TogetherError(Exception):
    """Something concerns files together: nothing may be left out."""


@dataclass
class _Planning:
    """One plan in the making: `anew` are files read and planned, in path order with those that are kept."""

    session: Session
    wishes: Wishes
    memory: Memory
    store: Store
    building: bool
    files: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)
    anew: dict[str, ScannedFile] = field(default_factory=dict)

    def plan(self) -> tuple[Planner, Plan]:
        """Plan what has to be planned, and put it together with the rest."""
        self.files = tuple(imagery_files(self.session.project, self.problems))
        looked = Signatures(os.fspath(self.session.project.root))
        self._read([file for file in self.files if not self._is_kept(file, looked)])
        self._read(self._misled())
        while self._kept():
            self._read(self._along())
            planner, plan = self._planned()
            users = self._users_of_changed(plan)
            if not users:
                merged = self._merged(plan)
                self._save(planner, plan, merged)
                return planner, merged
            self._read(users)
        planner, plan = self._planned()
        if len(set(self.files)) == len(self.files) and not planner.cycles and not planner.clashing:
            self._save(planner, plan, plan)
        return planner, plan

    # which files are planned anew

    def _is_kept(self, file: str, looked: Signatures) -> bool:
        known = self.memory.files.get(file)
        if known is None or (self.building and not known.quiet):
            return False
        try:
            data = self.session.project.path(file).read_bytes()
        except OSError:
            return False
        if digest(data) != known.digest or looked.together((*known.targets, *known.others)) != known.seen:
            return False
        return not known.deep or attempts_of(self.session.journal, known.deep) == known.attempts

    def _kept(self) -> list[str]:
        return [file for file in self.files if file not in self.anew]

    def _read(self, files: Iterable[str]) -> None:
        for file in files:
            self.anew[file] = scan_file(self.session.project, file)

    def _misled(self) -> list[str]:
        """Return the kept files that other files' changes concern: by a character, or by which images there are."""
        before = {target for known in self.memory.files.values() for target in known.targets}
        renamed = before != {self.session.project.target(name) for name in self._ids()}
        cast = _Cast(self)
        return [
            file
            for file in self._kept()
            if (renamed and self.memory.files[file].deep)
            or any(cast.signature(slug) != was for slug, was in self.memory.facts(file).cast.items())
        ]

    def _along(self) -> Iterator[str]:
        """Yield the kept files that define characters which planning anew has to know, through chains."""
        cast = _Cast(self)
        waiting = list(self.anew.values())
        seen: set[str] = set()
        for scanned in waiting:  # grows while it is walked
            for slug in _shown(scanned):
                if slug in seen:
                    continue
                seen.add(slug)
                # To tell whom an unknown name may mean, all characters have to be known.
                for file in cast.defined_in(slug):
                    if file not in self.anew:
                        yield file
                        waiting.append(self.anew[file])

    def _users_of_changed(self, plan: Plan) -> list[str]:
        """Return the kept files that reference a planned portrait which is not what it was."""
        return [
            file
            for file in self._kept()
            for name, was in self.memory.facts(file).needs.items()
            if (image := plan.by_id.get(EntryId(name))) is not None and portrait_signature(image) != was
        ]

    def _ids(self) -> list[EntryId]:
        """Return the ids of all entries, in file order."""
        found: list[EntryId] = []
        for file in self.files:
            scanned = self.anew.get(file)
            if scanned is None:
                found.extend(EntryId(row[0]) for row in self.memory.facts(file).rows)
            elif scanned.imagery is not None:
                found.extend(entry.id for entry in scanned.imagery.entries)
        return found

    # planning them

    def _planned(self) -> tuple[Planner, Plan]:
        """Plan the files read anew, knowing of the others what stands in the way and which images they plan."""
        kept = self._kept()
        scanned = [self.anew[file] for file in self.files if file in self.anew]
        found = together(scanned, self.problems)
        if kept:
            found = Scan(found.imageries, _Cast(self).broken, found.problems)
        others = {EntryId(row[0]) for file in kept for row in self.memory.facts(file).rows}
        planner = self.session.planner(found, self.wishes, others)
        return planner, planner.plan()

    def _merged(self, plan: Plan) -> Plan:
        """Put images planned anew and kept ones together in build order. Raises _TogetherError, and MALFORMED."""
        images: dict[EntryId, Planned] = {}
        problems = list(self.problems)
        locations: set[str] = set()
        used: list[tuple[str, Position | None]] = []
        for file in self.files:
            scanned = self.anew.get(file)
            if scanned is None:
                facts = self.memory.facts(file)
                kept = planned(file, facts.kind, facts.rows, self.session.project.settings.generated)
                images.update((image.id, image) for image in kept)
                kind, slug = facts.kind, facts.slug
                problems.extend(facts.problems)
                used.extend(facts.uses)
            else:
                imagery = scanned.imagery
                problems.extend(scanned.problems)
                if imagery is None:
                    continue
                images.update((entry.id, plan.by_id[entry.id]) for entry in imagery.entries)
                kind, slug = imagery.kind.value, imagery.slug
                used.extend((str(name), name.position) for name in imagery.uses if name.name == Kind.LOCATION.value)
            if kind == Kind.LOCATION.value:
                locations.add(slug)
        if len(set(map(folded, images))) < len(self._ids()):
            raise _TogetherError
        order = build_order(images, {name: image.needs for name, image in images.items() if image.references})
        if order.cycles:
            raise _TogetherError
        sorted_images = tuple(images[name] for name in order.ids)
        for image in sorted_images:
            problems.extend(image.problems)
        problems.extend(unknown_location(name, position) for name, position in used if name not in locations)
        return Plan(sorted_images, tuple(dict.fromkeys(problems)))

    # remembering it

    def _save(self, planner: Planner, plan: Plan, whole: Plan) -> None:
        if self.session.read_only or (not self.anew and len(self.files) == len(self.memory.files)):
            return
        files: dict[str, Remembered] = {}
        rows = {}
        cast = _Cast(self)
        for file in self.files:
            scanned = self.anew.get(file)
            if scanned is None:
                files[file], rows[file] = self.memory.files[file], self.memory.rows[file]
                continue
            images = [plan.by_id[entry.id] for entry in scanned.imagery.entries] if scanned.imagery else []
            portraits = [plan.by_id[name] for image in images for name in image.needs if name in plan.by_id]
            if not scanned.digest or any(portrait.verdict is Verdict.RESTORABLE for portrait in portraits):
                continue
            known = self.store.remember(planner.evidence, scanned.digest, images)
            if known is not None:
                shown = {slug: cast.signature(slug) for slug in _shown(scanned)}
                needs = {str(portrait.id): portrait_signature(portrait) for portrait in portraits}
                files[file] = known
                rows[file] = to_json(facts_of(scanned, images, shown, needs))
        self.store.save(files, rows, whole.images)


class _Cast:
    """All characters there are: where each is defined and what can be seen of it."""

    def __init__(self, planning: _Planning) -> None:
        self._defined: dict[str, tuple[str, str]] = {}
        self._definers: list[str] = []
        self.broken: dict[str, Position] = {}
        for file in planning.files:
            scanned = planning.anew.get(file)
            if scanned is not None:
                characters, broken = _signatures(scanned), scanned.broken
            else:
                facts = planning.memory.facts(file)
                characters, broken = facts.characters, facts.broken
            if broken is not None:
                self.broken[file] = broken
            if characters:
                self._definers.append(file)
            for slug, signature in characters.items():
                self._defined.setdefault(slug, (file, signature))
        self._slugs = Scan((), self.broken, ()).broken_slugs
        known = (sorted(self._defined), sorted((slug, str(place)) for slug, place in self._slugs.items()))
        self._nobody = hashlib.sha256(repr(known).encode(errors="backslashreplace")).hexdigest()

    def signature(self, slug: str) -> str:
        """Return what can be seen of a character; of one that is not there, whom the name may mean."""
        found = self._defined.get(slug)
        return f"nobody {self._nobody}" if found is None else found[1]

    def defined_in(self, slug: str) -> list[str]:
        """Return the file that defines a character; all that define any, where none does."""
        found = self._defined.get(slug)
        return self._definers if found is None else [found[0]]


def _signatures(scanned: ScannedFile) -> Mapping[str, str]:
    if scanned.imagery is None:
        return {}
    found: dict[str, str] = {}
    for character in scanned.imagery.characters:
        found.setdefault(character.slug, character_signature(character))
    return found


def _shown(scanned: ScannedFile) -> dict[str, None]:
    """Return the slugs of the characters a file's entries show, in order."""
    entries = scanned.imagery.entries if scanned.imagery else ()
    return {depicted.slug: None for entry in entries for depicted in entry.depicts}
