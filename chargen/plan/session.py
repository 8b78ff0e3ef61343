"""What one command works with: the opened project and everything that keeps state on its disk.

A session that only reads makes no file and no folder.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from msgspec import structs

from chargen import kinds, providers
from chargen.config.configuration import configuration
from chargen.config.layout import DECODED, ENTRY_MOVE, HASHES, HISTORY, IGNORED, JOBS, MOVES, STATE
from chargen.config.project import Project
from chargen.errors import InputError, Position, Problem, StartError, not_utf8, warning
from chargen.model.values import EntryId, FileHash
from chargen.plain_file import read_json
from chargen.plan.book import Book
from chargen.plan.cache.files import environment_of, read_cache
from chargen.plan.cache.rows import Cache
from chargen.plan.cache.snapshot import Snapshot
from chargen.plan.claims import Archive, DiskSources
from chargen.plan.compose import Composer
from chargen.plan.disk import Disk
from chargen.plan.evidence import Evidence
from chargen.plan.judge import Judge, PlanOptions
from chargen.plan.plan import Plan
from chargen.plan.planner import ASKED, FREE, TAKES, Planner
from chargen.plan.python_gc import collector_paused
from chargen.plan.read_trace import FILE
from chargen.plan.write_back_check import WriteBackCheck
from chargen.providers.registry import Adapters
from chargen.store.batch_jobs import BatchJobs
from chargen.store.clock import Clock, SystemClock
from chargen.store.decisions import Decisions
from chargen.store.exchange import given_back
from chargen.store.files import write_durably
from chargen.store.hash_cache import FileHashes
from chargen.store.history import History
from chargen.store.jobs import Jobs
from chargen.store.journal import Journal
from chargen.store.journal_rows import Attempt
from chargen.store.moves import Moves
from chargen.store.original_store import OriginalStore
from chargen.store.originals import Originals
from chargen.store.pictures import DecodedPictures
from chargen.store.places import read_inside, refuse_links
from chargen.store.temporaries import abandoned_below, remove
from chargen.store.trash import Trash

TEMPLATE_SUFFIX = ".j2"
_LOG = logging.getLogger("chargen")


@dataclass(frozen=True, slots=True)
class Session:
    """One command's view of one project. Use it as a context manager."""

    project: Project
    clock: Clock
    hashes: FileHashes
    decoded: DecodedPictures
    originals: OriginalStore
    journal: Journal
    history: History
    moves: Moves
    decisions: Decisions
    jobs: Jobs
    batch_jobs: BatchJobs
    trash: Trash
    adapters: Adapters
    read_only: bool
    run_id: str
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    state_problems: list[Problem] = field(default_factory=list, repr=False)
    """What befell the journal and the files of the author on the way, for whoever reads what a command prints."""
    _cached: list[Cache] = field(default_factory=list, repr=False)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Save caches and close everything that is open."""
        self.hashes.save()
        self.decoded.save()
        self.adapters.close()
        self.journal.close()

    def recover(self) -> tuple[Attempt, ...]:
        """Bring what a process that died left half done; return its requests that may have been billed for nothing.

        Call it while holding the project.
        """
        for stored in self.originals.recover():
            self.journal.stored(stored)
        for temporary in self._abandoned(self.project.settings.imagery):
            self._recover_save(temporary)
        in_transit, knows_jobs = self._in_transit()
        return _requests(self.journal.leftovers(in_transit, knows_jobs=knows_jobs))

    def unanswered(self) -> tuple[Attempt, ...]:
        """Return the requests of a run that died that may have been billed with nothing to show. Writes nothing."""
        in_transit, knows_jobs = self._in_transit()
        return _requests(self.journal.unanswered(in_transit, knows_jobs=knows_jobs))

    def _in_transit(self) -> tuple[set[str], bool]:
        """Return the attempts that can still be asked for, and whether every job tells of which it is."""
        names = {job.name for job in self.jobs.all()}
        batch_jobs, lost = self.batch_jobs.look()
        return names | {line.attempt for job in batch_jobs for line in job.lines}, not lost

    def tidy(self) -> None:
        """Remove the other temporaries of processes that died, those beside pictures and of the state.

        Call it while holding the project, when nothing waits for it: it walks through all pictures.
        """
        imagery = tuple(map(self.project.path, self.project.settings.imagery))
        for temporary in self._abandoned((self.project.settings.generated, STATE)):
            if not any(temporary.is_relative_to(root) for root in imagery):
                remove(temporary)

    def _recover_save(self, temporary: Path) -> None:
        """Give back what the author saved in the instant in which a run died in the middle of a write-back."""
        file = given_back(temporary)
        if file is not None:
            message = "a run died while you were saving this file: your save is back in its place"
            self.state_problems.append(warning(message, self._position(file), "its slots are written again"))
        for moved in self.trash.move([temporary]):
            message = "a run died here, and what it left may be a save of yours: it is in the trash"
            hint = f"compare `{moved.relative_to(self.project.root).as_posix()}` with your files"
            self.state_problems.append(warning(message, self._position(temporary.parent), hint))

    def _position(self, path: Path) -> Position:
        return Position(path.relative_to(self.project.root).as_posix())

    def planner(
        self,
        options: PlanOptions | None = None,
        *,
        snapshot: Snapshot | None = None,
        building: bool = False,
        cached: bool = True,
        known: Mapping[str, Disk] | None = None,
    ) -> Planner:
        """Return the planner, with the project's files as they are now; `snapshot` is one just taken of them.

        `known` are imagery files that are planned as another plan read them, whatever was written into them since.
        """
        disk = Disk(
            self.project,
            self.hashes,
            self.originals,
            self.journal,
            snapshot,
            jobs=self.batch_jobs,
            decoded=self.decoded,
        )
        for file, before in (known or {}).items():
            disk.take(file, before)
        if (move := self.moves.entry()) is not None:
            disk.leave_out(move)
        with collector_paused():
            book = Book(disk, self.cache(snapshot) if cached else Cache(""))
            archive = Archive(self.history, self.originals, self.journal)
            sources = DiskSources(self.project, self.hashes, archive, self.moves, disk.signatures)
            whose = book.ownership(sources)

        def in_history(entry_id: EntryId, file: FileHash) -> str:
            path = sources.kept(entry_id, file)
            place = self.history.place(entry_id, file).relative_to(self.project.root).as_posix()
            disk.trace.note(FILE, path or place)
            return path

        evidence = Evidence(
            project=self.project,
            hashes=self.hashes,
            originals=disk.originals,
            journal=disk.journal,
            planned=book.is_planned,
            ownership=whose,
            in_history=in_history,
            unfinished=disk.journal.unfinished,
            job_lines=disk.jobs.lines,
            asks_for=lambda name, fingerprint: fingerprint in disk.trace.get(ASKED, name).split(),
            takes=lambda name, attempt: bool(disk.trace.get(TAKES, f"{name} {attempt}")),
            free=lambda name, attempt: bool(disk.trace.get(FREE, f"{name} {attempt}")),
        )
        ignored = self.ignored()
        options = PlanOptions(ignored=ignored) if options is None else options
        judge = Judge(self.project, evidence, self.adapters, options, WriteBackCheck(self.project))
        return Planner(disk, book, judge, self._composer, ignored, building=building)

    def with_settings_now(self) -> Session:
        """Return the session with the settings as they are now; nothing is kept for them. Raises StartError."""
        found = configuration(self.project.root, self.environ, providers.known_providers())
        tier = self.project.settings.tier
        settings = found.settings.of_tier("" if tier is None else tier.name)
        return dataclasses.replace(self, project=structs.replace(found, settings=settings), _cached=[])

    def plan(self) -> Plan:
        """Plan every image."""
        return self.planner().plan()

    def cache(self, snapshot: Snapshot | None = None) -> Cache:
        """Return what is kept of earlier plans, read once."""
        if not self._cached:
            if self.project.settings.tier is not None:  # what is kept was planned without a tier
                self._cached.append(Cache(""))
                return self._cached[0]
            environment = environment_of(self) if snapshot is None else snapshot.stamp.environment
            self._cached.append(read_cache(self.project.root, environment))
        return self._cached[0]

    def take_over(self, cache: Cache) -> None:
        """Plan with what an earlier session of this process kept, if settings and templates are those it had."""
        if not self._cached and self.project.settings.tier is None and environment_of(self) == cache.environment:
            self._cached.append(cache)

    def keep(self, planner: Planner) -> None:
        """Plan with what this planner made from now on, without writing it; it planned everything, without options."""
        before = self.cache()
        self._cached[:] = [Cache(before.environment, before.made, planner.kept())]

    def ignored(self) -> frozenset[EntryId]:
        """Return the ids that `doit ignore` put aside on this machine."""
        return read_json(self._ignore_file, frozenset[EntryId], frozenset())

    def ignore(self, ids: frozenset[EntryId]) -> None:
        """Put ids aside on this machine: the whole list, replacing the one before."""
        write_durably(self._ignore_file, (json.dumps(sorted(ids), indent=1) + "\n").encode(), root=self.project.root)

    @property
    def _ignore_file(self) -> Path:
        return self.project.path(IGNORED)

    def _composer(self) -> Composer:
        settings, templates = self.project.settings, read_templates(self.project)
        style = settings.style_prefix, settings.style_suffix
        return Composer(templates, settings.prompts, *style, settings.prompt_limit)

    def left_behind(self) -> list[Path]:
        """Return the temporary files and folders of processes that died; what is in the trash is there to stay."""
        settings = self.project.settings
        return self._abandoned((*settings.imagery, settings.generated, STATE))

    def _abandoned(self, folders: Iterable[str]) -> list[Path]:
        found = dict.fromkeys(path for name in folders for path in abandoned_below(self.project.path(name)))
        return [path for path in found if not path.is_relative_to(self.trash.folder)]


def read_templates(project: Project) -> Mapping[str, str]:
    """Read every template below the folder of templates, by name relative to it. Raises StartError.

    A template that is not there is the packaged one. Hidden files are none: a Mac writes one beside every file. One
    that can't be read and that nothing names is left out.
    """
    found, unread = _templates(project)
    used = [problem for name, problem in unread.items() if _is_named(name, found)]
    if used:
        raise StartError(used)
    return {**kinds.packaged_templates(), **found}


def unread_templates(project: Project) -> tuple[Problem, ...]:
    """Return a warning for each template that can't be read and that nothing names."""
    found, unread = _templates(project)
    unused = (problem for name, problem in unread.items() if not _is_named(name, found))
    return tuple(problem.as_warning() for problem in unused)


def _templates(project: Project) -> tuple[dict[str, str], dict[str, Problem]]:
    """Return the texts of a project's own templates by name, and why the others can't be read."""
    folder = project.path(project.settings.prompts)
    found: dict[str, str] = {}
    unread: dict[str, Problem] = {}
    for path in sorted(folder.rglob(f"*{TEMPLATE_SUFFIX}")):
        name = path.relative_to(folder).as_posix()
        if path.name.startswith("."):
            continue
        file = f"{project.settings.prompts}/{name}"
        try:
            data = read_inside(project.root, file)
            found[name] = data.decode("utf-8")
        except InputError as failure:
            unread[name] = failure.problems[0]
        except UnicodeDecodeError as failure:
            unread[name] = not_utf8(data, failure.start, file)
    return found, unread


def _is_named(name: str, texts: Mapping[str, str]) -> bool:
    """Say whether a template is one of the program's names, or may be named by another one."""
    return name in kinds.packaged_templates() or any(name.rpartition("/")[2] in text for text in texts.values())


def open_session(
    folder: Path,
    environ: Mapping[str, str],
    *,
    read_only: bool = False,
    clock: Clock | None = None,
    report: Callable[[Problem], None] | None = None,
    tier: str = "",
) -> Session:
    """Open the project around `folder`, for a tier if one is named.

    Raises StartError: no project, settings that are wrong, or no tier of that name.
    """
    found = configuration(folder, environ, providers.known_providers())
    project = structs.replace(found, settings=found.settings.of_tier(tier))
    refuse_links(project.state)
    clock = clock or SystemClock()
    listener = report or _log_problem
    state_problems: list[Problem] = []

    def log(problem: Problem) -> None:
        listener(_in_project(problem, project.root))

    def report_problem(problem: Problem) -> None:
        state_problems.append(problem)
        log(problem)

    originals = Originals(project.originals, report=log)

    return Session(
        project=project,
        clock=clock,
        hashes=FileHashes(project.root, project.path(HASHES), read_only=read_only),
        decoded=DecodedPictures(project.root, project.path(DECODED), read_only=read_only),
        originals=originals,
        journal=Journal(
            project.root,
            originals,
            read_only=read_only,
            clock=clock,
            scrub=project.scrub,
            report=report_problem,
        ),
        history=History(project.path(HISTORY)),
        moves=Moves(project.path(MOVES), project.path(ENTRY_MOVE)),
        decisions=Decisions(project.root, clock),
        jobs=Jobs(project.path(JOBS)),
        batch_jobs=BatchJobs(project.path(JOBS)),
        trash=Trash(project.root, clock),
        adapters=Adapters(project.settings, environ, clock.now().date(), os.fspath(project.root)),
        read_only=read_only,
        run_id=secrets.token_hex(8),
        environ=environ,
        state_problems=state_problems,
    )


def _requests(attempts: Iterable[Attempt]) -> tuple[Attempt, ...]:
    """Return those that left this machine: a sketch that was not drawn to its end was billed by nobody."""
    return tuple(attempt for attempt in attempts if not providers.is_proof(attempt.provider))


def _in_project(problem: Problem, root: Path) -> Problem:
    """Let a problem of the program's own folders state its place as all others do: relative to the project."""
    place = problem.position
    if place is None or not Path(place.file).is_relative_to(root):
        return problem
    return problem.at(Position(Path(place.file).relative_to(root).as_posix(), place.line, place.column))


def _log_problem(problem: Problem) -> None:
    _LOG.warning("%s", problem)
