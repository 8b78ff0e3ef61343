"""The cache on the disk: reading it, and writing it together with the stamp after a plan of everything.

Laws: nothing is written by a command that only reads, or where the environment changed while the plan was made; a
cache that can't be written is no error, and is not synced: half a file counts as none, as does one that is not in every
byte as it was written.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from chargen.config.layout import PLAN_CACHE
from chargen.errors import ChargenError, Severity
from chargen.model.values import Verdict
from chargen.plan.cache.environment import environment_digest
from chargen.plan.cache.rows import Cache, KeptFile, cache_bytes, cache_of, kept_plan_of
from chargen.plan.cache.snapshot import Snapshot
from chargen.plan.cache.stamp import BUSY, STAMP, Stamp, StampedFile, read_bounded, stamp_bytes
from chargen.plan.plan import Plan
from chargen.plan.python_gc import collector_paused
from chargen.plan.read_trace import outside_names
from chargen.store.files import as_input_error, make_folder
from chargen.store.places import real_target
from chargen.store.temporaries import temporary_name

if TYPE_CHECKING:  # a kept plan is read without what makes one
    from pathlib import Path

    from chargen.config.project import Project
    from chargen.config.settings import Settings
    from chargen.plan.planner import Planner
    from chargen.plan.session import Session

CACHE = PLAN_CACHE
_CHECKSUM_BYTES = 4


@contextmanager
def under_way(project: Project, *, something_to_do: bool) -> Iterator[None]:
    """Leave a mark while a run has something to do; after a crash it makes the next run look at the journal."""
    path = project.root / BUSY
    if something_to_do:
        with as_input_error(path, project.root):
            make_folder(path.parent)
            path.touch()
    yield
    with suppress(OSError):
        path.unlink(missing_ok=True)


def environment_of(session: Session) -> str:
    """Return the digest of all that every image of a session depends on."""
    project = session.project
    return environment_digest(project.root, project.settings.prompts, session.environ, day_of(session))


def day_of(session: Session) -> str:
    """Return the day, in UTC, by which models and prices are judged."""
    return session.clock.now().date().isoformat()


def read_cache(root: Path, environment: str) -> Cache:
    """Read the cache; an empty one where there is none, or none that was made in this environment."""
    data = _read(root)
    with collector_paused():
        found = None if data is None else cache_of(data)
    return found if found is not None and found.environment == environment else Cache(environment)


def kept_plan(snapshot: Snapshot) -> Plan | None:
    """Return the plan of a project of which nothing changed since it was planned last; None where something did."""
    if not snapshot.unchanged:
        return None
    data, stamp = _read(snapshot.root), snapshot.stamp
    with collector_paused():
        kept = None if data is None else kept_plan_of(data)
        if kept is None or (kept.environment, kept.made) != (stamp.environment, stamp.made):
            return None
        images = kept.rows() if kept.files.keys() == set(snapshot.files) else None
        return None if images is None else Plan(tuple(images[name] for name in kept.order), kept.problems)


def to_keep(session: Session, planner: Planner, plan: Plan) -> Callable[[], None]:
    """Return what writes a plan of everything, made without options; what it was made from is looked at now."""
    files = planner.kept()
    return lambda: _save(session, planner, plan, files)


def _save(session: Session, planner: Planner, plan: Plan, files: dict[str, KeptFile]) -> None:
    before = session.cache()
    whole = files.keys() == planner.book.heads.keys()
    if (files == before.files and not (whole and not before.order)) or environment_of(session) != before.environment:
        return
    cache = Cache(before.environment, str(planner.disk.began_ns), files)
    if whole:
        cache.order, cache.problems = tuple(image.id for image in plan.images), plan.problems
    stamp = _stamp(session, planner, plan, cache)
    with suppress(OSError, ChargenError, UnicodeEncodeError):
        # Originals are looked for below this folder: without it, what is looked at is one that every run changes.
        make_folder(session.project.originals)
        data = cache_bytes(cache)
        _write(session.project.root, CACHE, _checksum(data) + data)
        _write(session.project.root, STAMP, stamp_bytes(stamp))


def _stamp(session: Session, planner: Planner, plan: Plan, cache: Cache) -> Stamp:
    settings = session.project.settings
    not_fresh = tuple(
        (str(image.id), image.verdict.value, image.reasons)
        for image in plan.images
        if image.verdict is not Verdict.FRESH or image.reasons
    )
    busy = {image.file for image in plan.images if image.is_due}
    if plan.unplanned or any(problem.severity is Severity.ERROR for problem in plan.problems):
        busy = set(cache.files)  # every run tells these until they are mended
    return Stamp(
        environment=cache.environment,
        made=cache.made,
        roots=settings.imagery,
        prompts=settings.prompts,
        generated=settings.generated,
        plain=_is_plain_about_money(settings),
        clean=not plan.problems and not any(image.drift for image in plan.images),
        files={file: _stamped(planner, kept, nothing_due=file not in busy) for file, kept in cache.files.items()},
        not_fresh=not_fresh,
    )


def _stamped(planner: Planner, kept: KeptFile, *, nothing_due: bool) -> StampedFile:
    targets = kept.paths[: len(kept.head.ids)]
    outside = tuple(outside_names(kept.reads))
    answers_digest = planner.disk.trace.answers_digest(outside) if outside else ""
    return StampedFile(
        kept.digest, targets, kept.paths[len(targets) :], kept.files_digest, nothing_due, outside, answers_digest
    )


def _read(root: Path) -> memoryview | None:
    """Read the cache's file; None where it can't be read, or is not as it was written."""
    found = memoryview(read_bounded(root / CACHE) or b"")
    checksum, data = found[:_CHECKSUM_BYTES], found[_CHECKSUM_BYTES:]
    return data if checksum == _checksum(data) else None


def _checksum(data: bytes | memoryview) -> bytes:
    """Return what stands before the cache in its file: whatever it holds is then what was written, in every part."""
    return zlib.crc32(data).to_bytes(_CHECKSUM_BYTES, "big")


def _write(root: Path, name: str, data: bytes) -> None:
    path = real_target(root / name, root)
    make_folder(path.parent)
    temporary = path.parent / temporary_name()
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _is_plain_about_money(settings: Settings) -> bool:
    """Say whether settings neither limit what is spent, nor send requests elsewhere, nor share what is bought."""
    limits = (settings.budget.run, settings.budget.month, settings.store)
    return limits == (None, None, None) and not any(provider.base_url for provider in settings.providers.values())
