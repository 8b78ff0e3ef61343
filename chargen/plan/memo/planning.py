"""Planning only what changed since the last plan: the rest is taken from what is remembered, and the plan is the same.

What makes a file be planned anew: its bytes; any picture, reference or original that was looked at for it; a character
its entries show or a planned portrait they reference, as far as they can see of it; an attempt in the journal; and in
a build, that one of its images needs something. Files whose characters are needed for that are planned along. What
concerns files together (clashing names, circles of portraits) is looked at together, without any memory.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from chargen.errors import Severity
from chargen.kinds.names import folded
from chargen.model.values import EntryId, Verdict
from chargen.plan.facts import PlanOptions
from chargen.plan.gc_pause import collector_at_rest
from chargen.plan.memo.cast import Cast, shown_in
from chargen.plan.memo.index import Remembered, Standing
from chargen.plan.memo.memory import Memory
from chargen.plan.memo.rows import MALFORMED, portrait_signature, rows_of
from chargen.plan.memo.standing import Look, look_at
from chargen.plan.memo.store import Kept, Store, day_of, said_the_same
from chargen.plan.memo.whole import Part, TogetherError, part_of, put_together
from chargen.plan.plan import Plan
from chargen.plan.planner import Planner
from chargen.plan.scan import (
    Scan,
    ScannedFile,
    imagery_files,
    missing_roots,
    scan_file,
    together,
)
from chargen.plan.session import Session


@dataclass(frozen=True, slots=True)
class RememberedPlan:
    """A plan, made with what is remembered. `keep` writes what is to be remembered of it.

    `rest` are images that need nothing and were left out of the plan, where that was asked for; None for a whole plan.
    """

    planner: Planner
    plan: Plan
    rest: Standing | None = None
    keep: Callable[[], None] = lambda: None


def remembered_plan(
    session: Session, options: PlanOptions, *, building: bool, look: Look | None = None, brief: bool = False
) -> RememberedPlan:
    """Plan the project. While `building`, images that need anything are planned to the last word.

    What is remembered holds for a command without options of its own: others are planned without it. `look` is one
    just taken; a change since then is left to the next run. A `brief` plan of a build that has something to do leaves
    out files whose images need nothing and that nothing else depends on.
    """
    began = time.time_ns() if look is None else look.began_ns
    with collector_at_rest():
        if options != PlanOptions(ignored=session.ignored()):
            planner = session.planner(session.scan(), options)
            return RememberedPlan(planner, planner.plan())
        look = look or look_at(session.project.root, session.environ, day_of(session))
        store = Store(session, began, None if look is None else look.index.world)
        if look is not None:
            try:
                return _Planning(session, options, store, look, building=building, brief=brief).plan()
            except (TogetherError, *MALFORMED):
                pass
        return _Planning(session, options, store, building=building).plan()


class _Planning:
    """One plan in the making: `anew` are files read and planned, in path order with those that are kept."""

    def __init__(
        self,
        session: Session,
        options: PlanOptions,
        store: Store,
        look: Look | None = None,
        *,
        building: bool,
        brief: bool = False,
    ) -> None:
        self.session = session
        self.options = options
        self.store = store
        self.building = building
        self.brief = brief
        self.memory = Memory(session.project.root, look.index if look else None)
        self.files = look.files if look else tuple(imagery_files(session.project))
        self.same = look.same if look else frozenset()
        self.problems = missing_roots(session.project)
        self.anew: dict[str, ScannedFile] = {}

    def plan(self) -> RememberedPlan:
        """Plan what has to be planned, and put it together with the rest."""
        self._read(self._changed())
        renamed = self._renamed()
        self._read(self._misled(renamed=renamed))
        while self._kept():
            self._read(self._along())
            planner, plan = self._planned()
            if planner.cycles or planner.clashing:
                raise TogetherError
            users = self._users_of_changed(plan)
            if not users:
                rest = None if renamed or not self.brief else self._rest(plan)
                if rest is not None:
                    return RememberedPlan(planner, plan, rest)
                whole = self._merged(plan)
                return self._remembered(planner, plan, whole)
            self._read(users)
        planner, plan = self._planned()
        if len(set(self.files)) < len(self.files) or planner.cycles or planner.clashing:
            return RememberedPlan(planner, plan)
        return self._remembered(planner, plan, plan)

    # which files are planned anew

    def _changed(self) -> list[str]:
        known = self.memory.files
        kept = [file for file in self.files if file in self.same and not (self.building and not known[file].quiet)]
        deep = [file for file in kept if known[file].deep]
        said = dict(zip(deep, said_the_same(self.session.journal, (known[file] for file in deep)), strict=True))
        keeping = {file for file in kept if said.get(file, True)}
        return [file for file in self.files if file not in keeping]

    def _kept(self) -> list[str]:
        return [file for file in self.files if file not in self.anew]

    def _read(self, files: Iterable[str]) -> None:
        for file in files:
            self.anew[file] = scan_file(self.session.project, file)

    def _renamed(self) -> bool:
        """Say whether other images are planned than before, or in other files."""
        if not self.memory.files.keys() <= set(self.files):
            return True
        return any(
            _ids(scanned) != (self.memory.ids(file) if file in self.memory.files else [])
            for file, scanned in self.anew.items()
        )

    def _misled(self, *, renamed: bool) -> list[str]:
        """Return the kept files that other files' changes concern: by a character, or by which images there are."""
        cast = self._cast()
        unchanged = {slug for slug, was in self.memory.cast.items() if cast.signature(slug) == was}
        return [
            file
            for file in self._kept()
            if (renamed and self.memory.files[file].deep) or not unchanged.issuperset(self.memory.about(file).shows)
        ]

    def _along(self) -> Iterator[str]:
        """Yield the kept files that define characters which planning anew has to know, through chains."""
        cast = self._cast()
        waiting = list(self.anew.values())
        seen: set[str] = set()
        for scanned in waiting:  # grows while it is walked
            for slug in shown_in(scanned):
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
        was = self.memory.portraits
        changed = {
            image.target for image in plan.images if image.id in was and portrait_signature(image) != was[image.id]
        }
        return [file for file in self._kept() if changed and not changed.isdisjoint(self.memory.files[file].others)]

    def _cast(self) -> Cast:
        return Cast(self.files, self.anew, self.memory)

    # planning them

    def _planned(self) -> tuple[Planner, Plan]:
        """Plan the files read anew, knowing of the others what stands in the way and which images they plan."""
        kept = self._kept()
        scanned = [self.anew[file] for file in self.files if file in self.anew]
        found = together(scanned, self.problems)
        if kept:
            found = Scan(found.imageries, self._cast().broken, found.problems)
        others = {EntryId(name) for file in kept for name in self.memory.ids(file)}
        planner = self.session.planner(found, self.options, others)
        return planner, planner.plan()

    def _rest(self, plan: Plan) -> Standing | None:
        """Say how the images of the kept files stand; None where nothing is to be done, or they have to be told of."""
        kept = self._kept()
        if not any(image.acts or image.verdict is Verdict.BLOCKED for image in plan.images):
            return None
        if any(problem.severity is Severity.ERROR for file in kept for problem in self.memory.about(file).problems):
            return None
        ids = {name for file in kept for name in self.memory.ids(file)}
        return Standing.of(ids, self.memory.told)

    def _merged(self, plan: Plan) -> Plan:
        """Put images planned anew and kept ones together. Raises TogetherError, and MALFORMED."""
        parts: list[Part] = []
        for file in self.files:
            scanned = self.anew.get(file)
            if scanned is None:
                parts.append(part_of(self.memory, file))
            elif scanned.imagery is None:
                parts.append(Part("", "", (), scanned.problems))
            else:
                imagery = scanned.imagery
                images = tuple(plan.by_id[entry.id] for entry in imagery.entries)
                used = [(name.name, str(name), name.position) for name in imagery.uses]
                parts.append(Part(imagery.kind, imagery.slug, images, scanned.problems, tuple(used)))
        names = [folded(image.id) for part in parts for image in part.images]
        if len(set(names)) < len(names):
            raise TogetherError
        return put_together(parts, self.problems)

    # remembering it

    def _remembered(self, planner: Planner, plan: Plan, whole: Plan) -> RememberedPlan:
        if self.session.read_only or (not self.anew and len(self.files) == len(self.memory.files)):
            return RememberedPlan(planner, whole)
        kept = self._to_keep(planner, plan, whole)
        return RememberedPlan(planner, whole, keep=lambda: self.store.save(kept))

    def _to_keep(self, planner: Planner, plan: Plan, whole: Plan) -> Kept:
        files: dict[str, Remembered] = {}
        lines: dict[str, bytes] = {}
        portraits = dict(self.memory.portraits) if self._kept() else {}
        slugs: dict[str, None] = {}
        for file in self.files:
            scanned = self.anew.get(file)
            if scanned is None:
                files[file], lines[file] = self.memory.files[file], self.memory.line(file)
                slugs.update(dict.fromkeys(self.memory.about(file).shows))
                continue
            images = [plan.by_id[entry.id] for entry in scanned.imagery.entries] if scanned.imagery else []
            needed = [plan.by_id[name] for image in images for name in image.needs if name in plan.by_id]
            portraits.update((str(portrait.id), portrait_signature(portrait)) for portrait in needed)
            if not scanned.digest or any(portrait.verdict is Verdict.RESTORABLE for portrait in needed):
                continue
            known = self.store.remember(planner.evidence, scanned, images)
            if known is not None:
                files[file] = known
                lines[file] = json.dumps(rows_of(images), separators=(",", ":")).encode()
                slugs.update(shown_in(scanned))
        cast = self._cast()
        told = tuple(
            (str(image.id), image.verdict.value, image.judgement.reasons)
            for image in whole.images
            if image.verdict is not Verdict.FRESH or image.judgement.reasons
        )
        signatures = {slug: cast.signature(slug) for slug in slugs}
        clean = not whole.problems and not any(image.drift for image in whole.images)
        return Kept(files, lines, signatures, portraits, told, clean)


def _ids(scanned: ScannedFile) -> list[str]:
    """Return the ids of a file's images, in file order."""
    return [str(entry.id) for entry in scanned.imagery.entries] if scanned.imagery else []
