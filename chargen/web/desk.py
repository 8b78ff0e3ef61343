"""One project as the page sees it: the book, one image in full, and decisions on images, each as JSON values.

Laws: every answer is of the files as they are now; what is said and done is what the command line says and does. One
request at a time: sessions share caches on the disk. No lock of the project is held: a build may go on meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from chargen.actions.accept import accept
from chargen.actions.history import histories, history, named
from chargen.actions.notes import open_notes
from chargen.actions.pick import is_candidate, pick
from chargen.actions.plan import dry_run
from chargen.actions.prompt import composed_prompt
from chargen.actions.restore import restore, users
from chargen.actions.retake import plan_retake, retake
from chargen.actions.run_log import run_log
from chargen.actions.status import set_status
from chargen.actions.undo import open_decisions, undo
from chargen.actions.version import ImageHistory, Version
from chargen.actions.why import why
from chargen.errors import StartError
from chargen.model.reason import ReasonCode, has, tier_told
from chargen.model.values import EntryId, FileHash, Status
from chargen.plan.build_request import BuildRequest, prepare
from chargen.plan.cache.rows import Cache
from chargen.plan.plan import Planned, Shown, totals
from chargen.plan.planner import Planner
from chargen.plan.selection import Selection
from chargen.plan.session import Session, open_session
from chargen.store.locks import project_lock
from chargen.store.signatures import is_absent
from chargen.text.word_diff import word_diff
from chargen.web.pictures import Pictures

STATUSES = {
    "approve": Status.APPROVED,
    "reject": Status.REJECTED,
    "lock": Status.LOCKED,
    "unlock": Status.DRAFT,
}
_P = ParamSpec("_P")
_T = TypeVar("_T")


def _alone(method: Callable[Concatenate[Desk, _P], _T]) -> Callable[Concatenate[Desk, _P], _T]:
    """Let one request go on at a time."""

    @wraps(method)
    def call(self: Desk, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        with self.lock:
            return method(self, *args, **kwargs)

    return call


class Desk:
    """The project around `folder`. Its methods raise StartError and InputError as the commands do."""

    def __init__(self, folder: Path) -> None:
        self.lock = threading.Lock()
        self._planned: Cache | None = None
        with open_session(folder, os.environ, read_only=True) as session:
            self.project = session.project
        self.root = self.project.root
        self._read = open_session(self.root, os.environ, read_only=False)
        self.pictures = Pictures(self._read.project, self._read.hashes)

    def close(self) -> None:
        """Save what was learned, and let go of the files."""
        self._read.close()

    @_alone
    def book(self) -> dict[str, Any]:
        """Return all images in build order, the files they are planned in, and what is worth knowing of the whole."""
        with self._session() as session:
            planner = session.planner()
            plan = planner.plan()
            session.keep(planner)
            notes = {note.id: note.text for note in open_notes(planner)}
            known = dict(_known(planner))
            images = [self._row(planner, image, known, notes) for image in plan.images]
            decisions = open_decisions(session)
        return {
            "name": self.root.name,
            "images": images,
            "files": list(_files(planner)),
            "totals": totals(plan.images),
            "problems": [problem.to_json() for problem in plan.problems],
            "undo": decisions[-1].to_json() if decisions else None,
        }

    @_alone
    def image(self, name: str) -> dict[str, Any]:
        """Return one image in full: its prompt with sources, references, versions, and why it has its verdict."""
        with self._session() as session:
            planner = session.planner()
            found = history(session, planner.evidence, _image(planner, name))
            return self._in_full(session, planner, found, dict(_known(planner)))

    @_alone
    def images(self) -> dict[EntryId, dict[str, Any]]:
        """Return every image in full, by id."""
        with self._session() as session:
            planner = session.planner()
            every = histories(session, planner.evidence, planner.images(planner.plan().by_id))
            known = dict(_known(planner))
            return {found.image.id: self._in_full(session, planner, found, known) for found in every}

    @_alone
    def words(self, name: str, one: int, other: int) -> list[dict[str, str]]:
        """Return what the prompts of two versions say, word by word; nothing where they say the same."""
        with self._session() as session:
            planner = session.planner()
            found = history(session, planner.evidence, _image(planner, name))
            texts = [found.named(str(number)).record for number in (one, other)]
        before, after = (record.prompt if record else "" for record in texts)
        return word_runs(before, after)

    @_alone
    def decide(self, command: str, names: Sequence[str], note: str = "") -> dict[str, Any]:
        """Give images a status, or take their pictures as current, exactly these."""
        ids = tuple(names)
        with self._session() as session:
            if command in STATUSES:
                return set_status(session, Selection(only_ids(session, ids)), STATUSES[command], note).to_json()
            if command != "accept":
                raise StartError(f"there is no decision `{command}`")
            planner = session.planner()
            found = accept(session, planner, [_image(planner, name) for name in ids])
            return {"images": [item.to_json() for item in found]}

    @_alone
    def retake(self, name: str, text: str, version: str = "", mask: str = "", *, write: bool) -> dict[str, Any]:
        """Ask for the next version of an image in words; without `write` only say what that comes to."""
        with self._session() as session:
            planner = session.planner()
            found = history(session, planner.evidence, _image(planner, name))
            asked = plan_retake(planner, found, text, version, mask)
            return (retake(session, asked) if write else asked).to_json()

    @_alone
    def restore(self, name: str, version: str) -> dict[str, Any]:
        """Bring back a version of an image."""
        with self._session() as session:
            planner = session.planner()
            image = _image(planner, name)
            found = named(session, planner.evidence, image, version)
            return restore(session, planner.evidence, image, found).to_json()

    @_alone
    def pick(self, name: str, version: str) -> dict[str, Any]:
        """Make a version of today's inputs the current one, and name the images that this makes stale."""
        with self._session() as session:
            planner = session.planner()
            stale, image = users(planner.plan(), _image(planner, name)), _image(planner, name)
            found = named(session, planner.evidence, image, version)
            return {**pick(session, planner.evidence, image, found).to_json(), "stale": list(stale)}

    @_alone
    def undo(self, number: int | None = None) -> dict[str, Any]:
        """Take a decision back, by default the last one."""
        with self._session() as session:
            return undo(session, number).to_json()

    @_alone
    def decisions(self) -> list[dict[str, Any]]:
        """Return all decisions, the newest first."""
        with self._session() as session:
            standing = {decision.number for decision in open_decisions(session)}
            every = session.decisions.all()
        return [{**each.to_json(), "open": each.number in standing} for each in reversed(every)]

    @_alone
    def run(self) -> dict[str, Any] | None:
        """Return the run that is going on, if there is one."""
        with self._session() as session:
            newest = next(iter(run_log(session.journal, 1).runs), None)
        return newest.to_json() if newest is not None and newest.ended is None else None

    @_alone
    def price(self, names: Sequence[str]) -> dict[str, Any]:
        """Return what making images anew would send, with what that needs, and its price."""
        with self._session() as session:
            return dry_run(prepare(session, _rebuild(only_ids(session, names))), session).to_json()

    def build(self, names: Sequence[str], budget: str) -> dict[str, Any]:
        """Make images anew for at most `budget` USD, in a build of its own. Raises StartError, also beside one."""
        with self._session() as session:
            ids = only_ids(session, names)
        try:
            amount = Decimal(budget)
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount < 0:
            raise StartError(
                f"`{budget[:40]}` is no amount in USD", hint="a build has a budget here: write it like 2.50"
            )
        with project_lock(self.root, wait=False):
            pass
        rebuild = [word for name in ids for word in ("--rebuild", name)]
        command = [sys.executable, "-m", "chargen", "batch", "all", *rebuild, "--budget", budget, "--", *ids]
        quiet = subprocess.DEVNULL
        build = subprocess.Popen(command, cwd=self.root, stdout=quiet, stderr=quiet)  # noqa: S603 - ids of this book
        threading.Thread(target=build.wait, daemon=True).start()
        return {"started": len(ids)}

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """Open the project anew, for its settings may have changed; what was planned before is not planned again."""
        with open_session(self.root, os.environ, read_only=False) as session:
            if self._planned is not None:
                session.take_over(self._planned)
            yield session
            self._planned = session.cache()

    def _row(
        self, planner: Planner, image: Shown, known: dict[EntryId, tuple[FileHash, int]], notes: dict[EntryId, str]
    ) -> dict[str, Any]:
        """Return what the grid shows of an image; `picture` is the hash of what stands at its target."""
        digest, size = known.get(image.id, (None, 0))
        signature = planner.disk.signatures.of(image.target)  # looked at a moment ago, for the plan
        same = digest is not None and signature.startswith(f"{size} ")
        picture = None if is_absent(signature) else self.pictures.offer(image.target, digest if same else None, size)
        return {
            "id": image.id,
            "kind": image.kind,
            "title": image.title,
            "file": image.file,
            "line": image.position.line,
            "verdict": image.verdict.value,
            "reasons": [str(reason) for reason in image.reasons],
            "status": image.status.value if image.status else None,
            "tier": tier_told(image.reasons),
            "provider": str(image.route) if image.route else None,
            "cost_usd": None if image.cost_usd is None else float(image.cost_usd),
            "size": [image.size.width, image.size.height] if image.size else None,
            "shows": sorted(image.shows),
            "picture": picture,
            "note": notes.get(image.id, ""),
            "reviewed": _is_reviewed(image) if picture else None,
        }

    def _in_full(
        self, session: Session, planner: Planner, found: ImageHistory, known: dict[EntryId, tuple[FileHash, int]]
    ) -> dict[str, Any]:
        image = found.image
        return {
            **self._row(planner, image, known, {}),
            "note": image.entry.review_note,
            "retake": str(image.entry.retake.instruction) if image.entry.retake is not None else None,
            "prompt": composed_prompt(image).to_json() if image.composed is not None else None,
            "why": why(session, planner, image).to_json(),
            "versions": [{**self._version(each), "candidate": is_candidate(image, each)} for each in found.versions],
            "references": [
                {
                    "name": item.character or item.path.rpartition("/")[2],
                    "path": item.path,
                    "picture": self.pictures.offer(item.path),
                }
                for item in image.references
            ],
            "problems": [problem.to_json() for problem in image.problems],
        }

    def _version(self, version: Version) -> dict[str, Any]:
        return {**version.to_json(), "picture": self.pictures.offer(version.path) if version.path else None}


def _rebuild(ids: tuple[str, ...]) -> BuildRequest:
    return BuildRequest(selection=Selection(ids), rebuild=ids)


def word_runs(before: str, after: str) -> list[dict[str, str]]:
    """Compare two prompts word by word; nothing where they say the same."""
    return [{"fate": run.fate.value, "text": run.text} for run in word_diff(before, after)]


def only_ids(session: Session, ids: Sequence[str]) -> tuple[str, ...]:
    """Return ids as a selection takes them; a name that means something else as well is none. Raises StartError."""
    planned = session.planner().book.home
    for name in ids:
        if name not in planned:
            raise StartError(f"there is no image `{name}` any more", hint="it was renamed or taken out of its file")
    return tuple(ids)


def _image(planner: Planner, name: str) -> Planned:
    if name not in planner.book.home:
        raise StartError(f"there is no image `{name}` any more", hint="it was renamed or taken out of its file")
    return planner.image(EntryId(name))


def _is_reviewed(image: Shown) -> bool:
    """Say whether the author had a word on the present picture: a rejection that was answered is of the one before."""
    if image.status is Status.REJECTED:
        return image.verdict.spends
    return image.status not in (None, Status.DRAFT) and not has(image.reasons, ReasonCode.APPROVED_AS_DRAFT)


def _known(planner: Planner) -> Iterator[tuple[EntryId, tuple[FileHash, int]]]:
    """Yield the hash and the size in bytes of each picture that an entry's record tells of at its target."""
    for head in planner.book.heads.values():
        for name, claim in zip(head.ids, head.claims, strict=False):
            if claim.file and claim.at_target:
                yield name, (FileHash(claim.file), claim.size)


def _files(planner: Planner) -> Iterator[dict[str, str]]:
    for file, head in planner.book.heads.items():
        if head.ids:
            yield {"file": file, "kind": head.kind, "slug": head.slug}
