"""A project built and asked within this process: no doit, no command line, the sketch provider and the real disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from support.project import Project

from chargen.build.opening import open_build
from chargen.doit_plugin.run_tasks import image_tasks, run_tasks
from chargen.model.values import EntryId, Verdict
from chargen.plan import disk
from chargen.plan.plan import Planned
from chargen.plan.planner import Planner
from chargen.plan.selection import Selection, select
from chargen.plan.session import Session, open_session


class Silent:
    """A reporter that tells nothing."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_args: None


def build(book: Project, command: str = "") -> int:
    """Build everything, as `chargen batch` does, and return the exit code."""
    opened = open_build(book.root, environ={}, command=command)
    try:
        return run_tasks(opened, image_tasks(opened), None, Silent())
    finally:
        opened.close()


@contextmanager
def opened(book: Project, *, read_only: bool = False) -> Iterator[tuple[Session, Planner]]:
    """Open a project, with a planner over it."""
    with open_session(book.root, {}, read_only=read_only) as session:
        yield session, session.planner()


def one(planner: Planner, name: str) -> Planned:
    """Return the image of a name."""
    (entry_id,) = select(planner.selectables(), Selection((name,)))
    return planner.image(entry_id)


def verdicts(book: Project) -> dict[EntryId, Verdict]:
    """Plan a project anew."""
    with opened(book, read_only=True) as (_, planner):
        return {image.id: image.verdict for image in planner.plan().images}


def let_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan as if nothing was touched lately, so that what is planned is kept."""
    monkeypatch.setattr(disk, "time", SimpleNamespace(time_ns=lambda: time.time_ns() + 10**10))
