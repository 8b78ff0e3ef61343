"""A project built and asked within this process: no doit, no command line, the sketch provider and the real disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.project import Project

from chargen.build.run import open_build
from chargen.cli.project import Opened, planned
from chargen.doit_plugin.run_tasks import image_tasks, run_tasks
from chargen.model.values import EntryId, Verdict
from chargen.plan.session import open_session


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
def opened(book: Project, *, read_only: bool = False) -> Iterator[Opened]:
    """Open and plan a project."""
    with open_session(book.root, {}, read_only=read_only) as session:
        yield planned(session)


def verdicts(book: Project) -> dict[EntryId, Verdict]:
    """Plan a project anew."""
    with opened(book, read_only=True) as here:
        return {image.id: image.verdict for image in here.plan.images}
