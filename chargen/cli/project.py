"""What the commands that tell about images share: the project opened, a planner, and the images that are meant."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from chargen.cli.options import selection_here
from chargen.cli.output import to_stderr, waiting_text
from chargen.cli.tables import plural
from chargen.errors import StartError
from chargen.plan.plan import Planned
from chargen.plan.planner import Planner
from chargen.plan.selection import select
from chargen.plan.session import Session, open_session
from chargen.store.locks import project_lock
from chargen.text.names import few_names


class OpenProject(Struct, frozen=True):
    """A project with its planner."""

    session: Session
    planner: Planner

    def images(self, names: Sequence[str]) -> tuple[Planned, ...]:
        """Return the images that paths, ids or globs mean. Raises StartError for a name that means none."""
        selection = selection_here(self.session.project.root, names)
        return self.planner.images(select(self.planner.selectables(), selection))

    def one_image(self, name: str) -> Planned:
        """Return the one image that a path, an id or a glob means. Raises StartError for none and for several."""
        asked = replace(selection_here(self.session.project.root, (name,)), one=True)
        found = select(self.planner.selectables(), asked)
        if len(found) > 1:
            raise StartError(f"`{name}` means {plural(len(found), 'image')}", hint=f"name one of {few_names(found)}")
        return self.planner.image(found[0])


@contextmanager
def project_here(*, read_only: bool = True, tier: str = "") -> Iterator[Session]:
    """Open the project around the current folder, for a tier if one is named. Raises StartError."""
    with open_session(Path.cwd(), os.environ, read_only=read_only, tier=tier) as session:
        yield session


@contextmanager
def project_held(*, wait: bool = True) -> Iterator[Session]:
    """Open the project around the current folder to write to it, once no build works in it. Raises StartError.

    Without `wait` a build that works in it is an error.
    """
    with (
        project_here(read_only=False) as session,
        project_lock(session.project.root, wait=wait, on_wait=report_waiting),
    ):
        yield session


@contextmanager
def planning_here(*, read_only: bool = True) -> Iterator[OpenProject]:
    """Open the project around the current folder to plan what is asked for. Raises StartError."""
    with project_here(read_only=read_only) as session:
        yield planning(session)


def planning(session: Session) -> OpenProject:
    """Return an opened project with its planner."""
    return OpenProject(session, session.planner())


def report_waiting(pid: int | None) -> None:
    """Say on stderr that another process holds the project."""
    to_stderr(waiting_text(pid, "working in"))


@contextmanager
def session_here() -> Iterator[Session]:
    """Open the project around the current folder to read its journal; a lost one is made again from the originals."""
    with project_here() as session:
        if session.journal.path.is_file() or not any(True for _ in session.originals.all_records()):
            yield session
            return
    with project_here(read_only=False) as session:
        yield session
