"""Opening a run: wait for the project, recover what died, collect what was handed over, plan, choose."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from chargen.build.attempt import DiskGuard
from chargen.build.batch_results import Collected, JobReplies, collect_batches
from chargen.build.batches import Batches, JobClaims
from chargen.build.entry_moves import finish
from chargen.build.image import ImageBuilder
from chargen.build.jobs import collect_jobs
from chargen.build.moves import Mover
from chargen.build.restore import Restorer
from chargen.build.rewording import Rewording, rules_of
from chargen.build.run import Build
from chargen.build.sender import Senders
from chargen.build.write_back import WriteBack
from chargen.config.layout import LOG
from chargen.errors import InputError, StartError
from chargen.model.record import PublishedFile
from chargen.model.values import Verdict
from chargen.plan.before_sending import warnings_of
from chargen.plan.build_request import BuildRequest, Prepared, prepare
from chargen.plan.cache.files import under_way
from chargen.plan.cache.snapshot import Snapshot
from chargen.plan.plan import Planned
from chargen.plan.planner import Planner
from chargen.plan.session import Session, open_session
from chargen.store.batch_jobs import jobs_state
from chargen.store.clock import stamp
from chargen.store.locks import project_lock
from chargen.store.log import start_logging

if TYPE_CHECKING:
    from chargen.build.sharing import Sharing


@contextmanager
def _or_nothing_starts() -> Iterator[None]:
    """What goes wrong before there is anything to build is no failure of an image."""
    try:
        yield
    except InputError as failure:
        raise StartError(failure.problems) from failure


def _sharing(session: Session) -> Sharing | None:
    """Open the shared store, where there is one."""
    settings = session.project.settings.store
    if settings is None:
        return None
    from chargen.build.sharing import Sharing  # noqa: PLC0415 - who has no shared store pays nothing for it
    from chargen.store.shared.shared_store import open_store  # noqa: PLC0415 - as above

    root = session.project.root
    return Sharing(session, open_store(settings, root, session.run_id, session.environ, session.clock))


def _finish_rows(session: Session, planner: Planner) -> None:
    """End in the journal what a process that died had ended everywhere else: picture in place, slots written, no row.

    Only rows of images whose own record line describes the file at the target are ended. Raises InputError.
    """
    for name in session.journal.building() & planner.book.home.keys():
        image = planner.image(name)
        line = image.entry.record_line
        if image.verdict is Verdict.FRESH and not image.acts and line is not None:
            now = stamp(session.clock.now(), microseconds=True)
            session.journal.done(image.id, PublishedFile(line.file, line.size, now, image.target), line.attempt)


def _collected(session: Session, sharing: Sharing | None) -> Collected:
    """Take what is finished of the jobs of runs before."""
    if not jobs_state(session.batch_jobs.folder):
        return Collected()
    return collect_batches(session, JobReplies(session) if sharing is None else sharing.jobs)


def _prepared(
    session: Session, sharing: Sharing | None, order: BuildRequest, snapshot: Snapshot | None, collected: Collected
) -> Prepared:
    """Plan and choose, where there is a shared store with what it has and what is not here."""
    prepared = prepare(session, order, snapshot)
    if sharing is None:
        return prepared
    sharing.put_later()
    while sharing.brought(_to_ask_for(prepared), prepared.planner.judge, collected):
        prepared = prepare(session, order)  # what came may need portraits that are not here either
    buys = any(image.verdict.spends for image in prepared.choice.images)
    if buys and session.project.settings.budget.month is not None:
        spent = sharing.month.spent()
        prepared = prepare(session, order, elsewhere=spent)
        sharing.month.limit(prepared.month, spent)
    return prepared


def _to_ask_for(prepared: Prepared) -> list[Planned]:
    """Return the images that a shared store may have: those to buy, and kept ones that are not there."""
    plan, planner = prepared.plan, prepared.planner
    names = dict.fromkeys((*prepared.selected, *(image.id for image in prepared.choice.images)))
    found = (plan.by_id[name] for name in names)
    return [
        planner.image(image.id)
        for image in found
        if image.verdict.spends or (image.verdict is Verdict.LOCKED and not planner.project.path(image.target).exists())
    ]


def open_build(
    folder: Path,
    order: BuildRequest | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    on_wait: Callable[[int | None], None] | None = None,
    command: str = "chargen",
    snapshot: Snapshot | None = None,
) -> Build:
    """Open a run in the project around `folder`: wait for the project, recover, plan, choose.

    `snapshot` is one of the project, just taken, so that what did not change need not be looked at again.
    Raises StartError: no project, wrong settings, a selection that matches nothing, or (without waiting) a project
    that another process is building, or that can't be written to.
    """
    environ = os.environ if environ is None else environ
    order = order or BuildRequest()
    session = open_session(folder, environ, tier=order.tier)
    waited: list[int | None] = []

    def waiting(pid: int | None) -> None:
        waited.append(pid)
        if on_wait is not None:
            on_wait(pid)

    with ExitStack() as stack, _or_nothing_starts():
        stack.enter_context(session)
        stack.enter_context(project_lock(session.project.root, wait=order.wait, on_wait=waiting))
        rules = rules_of(session)
        start_logging(session.project.path(LOG), session.project.settings.log_level.value, session.project.scrub)
        leftovers = session.recover()
        stack.callback(session.tidy)
        saw_before = finish(session) or bool(waited)
        session.journal.begin_run(session.run_id, command)
        stack.callback(session.journal.end_run, session.run_id)
        stop = threading.Event()
        collected = session.jobs.all() and collect_jobs(session)
        sharing = _sharing(session)
        from_jobs = _collected(session, sharing)
        looked = saw_before or collected or from_jobs.changed
        order = replace(order, placed=from_jobs.named)
        prepared = _prepared(session, sharing, order, None if looked else snapshot, from_jobs)
        stack.callback(prepared.keep)
        stack.enter_context(under_way(session.project, something_to_do=bool(prepared.choice.images)))
        _finish_rows(session, prepared.planner)

        build: Build
        sent_for = lambda event: build.note(event)  # noqa: E731, PLW0108 - the run is made of its senders
        senders = Senders(session.project.settings, session.adapters, prepared.ledger, stop, sent_for)
        guard = DiskGuard(session.project.root, session.project.originals)
        write_backs = WriteBack(session.project, prepared.planner.disk.read)
        mover = Mover(session, prepared.planner.evidence, write_backs, prepared.planner.book.entry)
        batches = Batches(session, prepared.ledger, stop, JobClaims() if sharing is None else sharing.jobs)
        judge = prepared.planner.judge
        restorer = Restorer(session, judge, write_backs, mover, sharing)
        rewording = Rewording(session, prepared.planner, write_backs, rules)
        builder = ImageBuilder(
            session, judge, senders, write_backs, guard, mover, batches, restorer, rewording, sharing
        )
        build = Build(
            session,
            prepared.planner,
            prepared.plan,
            prepared.choice,
            prepared.selected,
            builder,
            stop,
            leftovers,
            left_out=list(prepared.choice.left_out),
            warnings=warnings_of(session, prepared),
            collected=from_jobs,
        )
        for event in from_jobs.events:
            build.note(event)
        build._closing = stack.pop_all()  # noqa: SLF001 - handed over to the value made here
        return build
