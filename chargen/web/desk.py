"""One project as the page sees it: the book, one image in full, and decisions on images, each as JSON values.

Laws: every answer is of the files as they are now; what is said and done is what the command line says and does. One
request at a time: sessions share caches on the disk. No lock of the project is held: a build may go on meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import IO, Any, Concatenate, ParamSpec, TypeVar

from chargen.actions.accept import accept
from chargen.actions.history import histories, history, named
from chargen.actions.notes import open_notes
from chargen.actions.pick import pick
from chargen.actions.plan import dry_run
from chargen.actions.restore import restore, users
from chargen.actions.retake import plan_retake, retake
from chargen.actions.run_log import going_on
from chargen.actions.status import COMMANDS, set_status
from chargen.actions.undo import open_decisions, undo
from chargen.errors import Severity, StartError
from chargen.model.amounts import amount_of, number, total_of
from chargen.model.values import EntryId
from chargen.plan.build_request import BuildRequest, prepare
from chargen.plan.cache.rows import Cache, Head
from chargen.plan.plan import Planned, totals
from chargen.plan.planner import Planner
from chargen.plan.selection import Selection
from chargen.plan.session import Session, open_session
from chargen.store.locks import busy, project_lock
from chargen.web.answers import Answers, files, word_runs
from chargen.web.pictures import Pictures

STATUSES = {command: status for status, command in COMMANDS.items()}
_TOLD = 200
"""Lines of a build that the page shows: the last ones, in which it says what it came to."""
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
        self._build: subprocess.Popen[bytes] | None = None
        self.ended: dict[str, Any] | None = None
        """What the last build that was begun here said, word for word; None before it is over."""
        self._homes: dict[EntryId, str] = {}
        """The file each image was in when the book was shown."""
        self._read = open_session(folder, os.environ)
        self.root = self._read.project.root
        self.pictures = Pictures(self._read.project, self._read.hashes)

    def close(self) -> None:
        """Save what was learned, and let go of the files."""
        self._read.close()

    @_alone
    def book(self) -> dict[str, Any]:
        """Return all images, file by file; the files they are planned in; and what is worth knowing of the whole."""
        with self._planning() as (session, planner):
            plan = planner.plan()
            session.keep(planner)
            notes = {note.id: note.text for note in open_notes(planner)}
            answers = Answers.of(planner, self.pictures)
            self._homes.update({image.id: image.file for image in plan.images})
            rank = {file: number for number, file in enumerate(planner.book.heads)}
            images = sorted(plan.images, key=lambda image: rank[image.file])  # as the page draws them
            rows = [answers.row(image, notes.get(image.id, "")) for image in images]
            decisions = open_decisions(session)
        return {
            "name": self.root.name,
            "images": rows,
            "files": list(files(planner)),
            "totals": totals(plan.images),
            "problems": [problem.to_json() for problem in plan.problems],
            "undo": decisions[-1].to_json() if decisions else None,
        }

    @_alone
    def image(self, name: str) -> dict[str, Any]:
        """Return one image in full: its prompt with sources, references, versions, and why it has its verdict."""
        with self._planning() as (session, planner):
            found = history(session, planner.evidence, self._image(planner, name))
            return Answers.of(planner, self.pictures).in_full(session, found)

    @_alone
    def images(self) -> dict[EntryId, dict[str, Any]]:
        """Return every image in full, by id."""
        with self._planning() as (session, planner):
            every = histories(session, planner.evidence, planner.images(planner.plan().by_id))
            answers = Answers.of(planner, self.pictures)
            return {found.image.id: answers.in_full(session, found) for found in every}

    @_alone
    def words(self, name: str, one: str, other: str) -> list[dict[str, str]]:
        """Return what the prompts of two versions say, word by word; nothing where they say the same."""
        with self._planning() as (session, planner):
            found = history(session, planner.evidence, self._image(planner, name))
            before, after = (found.named(number).record for number in (one, other))
        return word_runs(before.prompt if before else "", after.prompt if after else "")

    @_alone
    def decide(
        self, command: str, names: Sequence[str], note: str = "", seen: Mapping[str, str | None] | None = None
    ) -> dict[str, Any]:
        """Give images a status, or take their pictures as current, exactly these.

        `seen` are the hashes of the pictures that are decided on, by id. Where another one stands by now, StartError.
        """
        with self._planning() as (session, planner):
            ids = self._only_ids(planner, names)
            self._look_again(planner, ids, seen or {})
            if command in STATUSES:
                return set_status(session, Selection(ids), STATUSES[command], note).to_json()
            if command != "accept":
                raise StartError(f"there is no decision `{command}`")
            found = accept(session, planner, [self._image(planner, name) for name in ids])
            return {"images": [item.to_json() for item in found]}

    @_alone
    def retake(self, name: str, text: str, version: str = "", mask: str = "", *, write: bool) -> dict[str, Any]:
        """Ask for the next version of an image in words; without `write` only say what that comes to."""
        with self._planning() as (session, planner):
            found = history(session, planner.evidence, self._image(planner, name))
            asked = plan_retake(planner, found, text, version, mask)
            return (retake(session, asked) if write else asked).to_json()

    @_alone
    def restore(self, name: str, version: str) -> dict[str, Any]:
        """Bring back a version of an image."""
        with self._planning() as (session, planner):
            image = self._image(planner, name)
            found = named(session, planner.evidence, image, version)
            return restore(session, planner.evidence, image, found).to_json()

    @_alone
    def pick(self, name: str, version: str) -> dict[str, Any]:
        """Make a version of today's inputs the current one, and name the images that this makes stale."""
        with self._planning() as (session, planner):
            image = self._image(planner, name)
            stale = users(planner.plan(), image)
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
        """Return the run that is going on, if there is one: of a process that died, none is."""
        with self._session() as session:
            found = going_on(session.journal)
        return None if found is None else found.to_json()

    @_alone
    def price(self, names: Sequence[str]) -> dict[str, Any]:
        """Return what making images anew would send, with what that needs, its price, and the most it may come to."""
        with self._planning() as (session, planner):
            ids = self._only_ids(planner, names)
            shown = dry_run(prepare(session, BuildRequest(selection=Selection(ids), rebuild=ids)), session)
        most = total_of(image.most_usd and image.most_usd * image.sends for image in shown.images)
        return {**shown.to_json(), "most_usd": number(most.usd)}

    @_alone
    def build(self, names: Sequence[str], budget: str) -> dict[str, Any]:
        """Make images anew for at most `budget` USD, in a build of its own. Raises StartError, also beside one."""
        with self._planning() as (_, planner):
            ids = self._only_ids(planner, names)
        if amount_of(budget) is None:
            raise StartError(
                f"`{budget[:40]}` is no amount in USD", hint="a build has a budget here: write it like 2.50"
            )
        if self._build is not None and self._build.poll() is None:  # it may not have taken the project yet
            raise busy(self._build.pid)
        with project_lock(self.root, wait=False):
            pass
        rebuild = [word for name in ids for word in ("--rebuild", name)]
        options = [*rebuild, "--budget", budget, "--no-wait"]
        command = [sys.executable, "-m", "chargen", "batch", "all", *options, "--", *ids]
        told = tempfile.TemporaryFile()  # noqa: SIM115 - closed at its end; no pipe: the build goes on where the page ends
        try:
            self._build = subprocess.Popen(command, cwd=self.root, stdout=told, stderr=subprocess.STDOUT)  # noqa: S603 - ids of this book
        except OSError as failure:
            told.close()
            hint = "queue fewer images at once"
            raise StartError(f"can't start a build: {(failure.strerror or '').lower()}", hint=hint) from None
        threading.Thread(target=self._wait_for, args=(self._build, told), daemon=True).start()
        return {"started": len(ids)}

    def _wait_for(self, build: subprocess.Popen[bytes], told: IO[bytes]) -> None:
        """Wait until a build is over, and keep what it said."""
        code = build.wait()
        with told:
            told.seek(0)
            lines = told.read().decode(errors="replace").splitlines()
        self.ended = {"build": build.pid, "exit_code": code, "lines": lines[-_TOLD:]}

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """Open the project anew, for its settings may have changed; what was planned before is not planned again."""
        with open_session(self.root, os.environ) as session:
            if self._planned is not None:
                session.take_over(self._planned)
            yield session
            self._planned = session.cache()

    @contextmanager
    def _planning(self) -> Iterator[tuple[Session, Planner]]:
        with self._session() as session:
            yield session, session.planner()

    def _only_ids(self, planner: Planner, names: Sequence[str]) -> tuple[EntryId, ...]:
        """Return ids that are planned, each of which a selection takes for that image alone. Raises StartError."""
        ids = tuple(map(EntryId, names))
        for name in ids:
            if name in planner.book.home:
                continue
            file = self._homes.get(name, "")
            head = planner.book.heads.get(file, Head())
            if wrong := next((problem for problem in head.problems if problem.severity is Severity.ERROR), None):
                raise StartError(f"`{name}` is in {file}, which can't be read: {wrong.message}", hint=wrong.hint)
            raise StartError(f"there is no image `{name}` any more", hint="it was renamed or taken out of its file")
        return ids

    def _image(self, planner: Planner, name: str) -> Planned:
        return planner.image(*self._only_ids(planner, [name]))

    def _look_again(self, planner: Planner, ids: Sequence[EntryId], seen: Mapping[str, str | None]) -> None:
        """Raise StartError where a picture is another one than was seen: nobody has decided on that."""
        meant = seen.keys() & ids
        for image in planner.selectables():
            if image.id in meant and self.pictures.offer(image.target) != seen[image.id]:
                hint = "look at it first: nothing was changed"
                raise StartError(f"`{image.id}` has another picture by now than the page showed", hint=hint)
