"""`forget` and `ignore` for images: what makes a build ask for a new one, and what makes it leave one alone here.

Laws: forgetting touches no picture, only marks its record line in the YAML, and only of the named images, never of what
they reference; what a build would leave alone all the same (locked, painted over) is refused with the way that works;
ignoring is this machine's matter and writes nothing into the author's files.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from chargen.build.write_back import WriteBack
from chargen.config.layout import IGNORED
from chargen.errors import ChargenError, printable
from chargen.kinds.record_edits import record_edit
from chargen.model.amounts import Total
from chargen.model.record_line import FORGOTTEN, forgotten_at, with_mark
from chargen.model.values import EntryId, Verdict
from chargen.plan.evidence import Evidence
from chargen.plan.judge import PlanOptions
from chargen.plan.plan import Planned, total_cost
from chargen.plan.planner import Planner
from chargen.plan.session import Session
from chargen.plan.verdict import Force
from chargen.store.clock import stamp
from chargen.store.files import FileKind
from chargen.store.locks import file_lock, target_lock


class Forgotten(Struct, frozen=True):
    """What came of one image: `done` in words, or why it was `refused`. A `marked` one is built anew for `cost_usd`."""

    image: Planned
    done: str = ""
    refused: str = ""
    marked: bool = False
    cost_usd: Decimal | None = Decimal(0)


def forget(session: Session, planner: Planner, ids: Iterable[EntryId]) -> tuple[Forgotten, ...]:
    """Ask for new images in the place of `ids`; one that is ignored is only taken up again."""
    images = planner.images(ids)
    again = again_planner(session, (image.id for image in images))
    costs = {image.id: image.cost_usd for image in again.images(image.id for image in images)}
    forgetting = _Forgetting(session, planner.evidence, WriteBack(session.project))
    ignored = session.ignored()
    found = []
    for image in images:
        if image.id in ignored:
            found.append(Forgotten(image, "no longer ignored. For a new image run `doit forget` again"))
            continue
        found.append(forgetting.forget(image, costs[image.id]))
    stop_ignoring(session, ignored.intersection(costs))
    return tuple(found)


def again_planner(session: Session, ids: Iterable[EntryId]) -> Planner:
    """Plan as if a new image had been asked for of each of `ids`: what forgetting them will cost."""
    return session.planner(PlanOptions(forced=dict.fromkeys(ids, Force.AGAIN)))


def forgettable(session: Session) -> tuple[int, Total]:
    """Return how many images forgetting all of them would rebuild, and at what price."""
    now = session.plan()
    again = again_planner(session, now.by_id).plan()
    images = [image for image in again.images if image.verdict.spends and not now.by_id[image.id].verdict.spends]
    return len(images), total_cost(images)


def ignore(session: Session, ids: Iterable[EntryId]) -> None:
    """Leave these images alone on this machine, besides those that are ignored already."""
    with file_lock(session.project.root, IGNORED):
        session.ignore(session.ignored().union(ids))


def stop_ignoring(session: Session, ids: Iterable[EntryId]) -> None:
    """Take these images up again."""
    with file_lock(session.project.root, IGNORED):
        before = session.ignored()
        after = before.difference(ids)
        if after != before:
            session.ignore(after)


class _Forgetting(Struct, frozen=True):
    session: Session
    evidence: Evidence
    write_back: WriteBack

    def forget(self, image: Planned, cost: Decimal | None) -> Forgotten:
        try:
            with target_lock(self.session.project.root, image.id):
                return self._forget(image, cost)
        except ChargenError as failure:
            return Forgotten(image, refused=str(failure))

    def _forget(self, image: Planned, cost: Decimal | None) -> Forgotten:
        entry = self.write_back.entry_now(image.entry)
        rebuild = f"`doit --rebuild {printable(image.target)}` builds it anew"
        if entry.status is not None and entry.status.keeps:
            return Forgotten(image, refused=f"status is {entry.status.value}: a build leaves it alone; {rebuild}")
        found = self.evidence.at_target(entry, image.fingerprint, certain=True)
        if found.moved:
            return Forgotten(
                image, refused=f"its picture, `{found.moved}`, moves along first: run `doit {image.target}`"
            )
        if found.state.kind is FileKind.ABSENT:
            restored = image.verdict is Verdict.RESTORABLE
            after = f"; the next build restores one that was paid for, and {rebuild}" if restored else ""
            return Forgotten(image, f"there is no picture to forget{after}")
        line = found.line
        if line is None:
            why = "it is not what was built (painted over by hand?)" if found.others else "it existed before any record"
            return Forgotten(image, refused=f"{why}: a build leaves it alone; {rebuild}")
        if forgotten_at(line) is not None:
            return Forgotten(image, "forgotten already", marked=True, cost_usd=cost)
        text = with_mark(line, (FORGOTTEN, stamp(self.session.clock.now(), microseconds=True))).format()
        self.write_back.write(entry.file, image.id, lambda now: record_edit(now, text, image.target))
        return Forgotten(image, "forgotten: the next build makes a new one", marked=True, cost_usd=cost)
