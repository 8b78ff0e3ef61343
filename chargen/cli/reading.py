"""What the commands that tell about images share: the project opened to read, a planner, and the images meant."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from chargen.cli.options import within_project
from chargen.errors import StartError
from chargen.plan.facts import Wishes
from chargen.plan.plan import Plan, Planned
from chargen.plan.planner import Planner
from chargen.plan.request import selectables
from chargen.plan.selection import Selection, select
from chargen.plan.session import Session, open_session
from chargen.store.files import printable


@dataclass(frozen=True, slots=True)
class Opened:
    """A project with its plan."""

    session: Session
    planner: Planner
    plan: Plan

    def images(self, names: Sequence[str]) -> tuple[Planned, ...]:
        """Return the images that paths, ids or globs mean. Raises StartError for a name that means none."""
        selection = Selection(tuple(names), within=within_project(self.session.project.root))
        return tuple(self.plan.by_id[entry_id] for entry_id in select(selectables(self.plan), selection))

    def one_image(self, name: str) -> Planned:
        """Return the one image that a path, an id or a glob means. Raises StartError for none and for several."""
        found = self.images((name,))
        if len(found) > 1:
            shown = ", ".join(f"`{printable(image.id)}`" for image in found[:3])
            more = f" and {len(found) - 3} more" if len(found) > 3 else ""
            raise StartError(f"`{printable(name)}` means {len(found)} images: {shown}{more}", hint="name one of them")
        return found[0]


@contextmanager
def project_here(*, read_only: bool = True) -> Iterator[Session]:
    """Open the project around the current folder. Raises StartError."""
    with open_session(Path.cwd(), os.environ, read_only=read_only) as session:
        yield session


@contextmanager
def planned_here() -> Iterator[Opened]:
    """Open the project around the current folder and plan it; writes nothing. Raises StartError."""
    with project_here() as session:
        yield planned(session)


def planned(session: Session) -> Opened:
    """Plan an opened project."""
    planner = session.planner(session.scan(), Wishes(ignored=session.ignored()))
    return Opened(session, planner, planner.plan())


def tell_waiting(pid: int | None) -> None:
    """Say on stderr that another process holds the project."""
    click.echo(f"{f'process {pid}' if pid else 'another process'} is working in this project; waiting for it", err=True)


def in_colour() -> bool:
    """Say whether stdout shows colours: it is a terminal, and nobody set `NO_COLOR`."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def moment(text: str | None) -> str:
    """Write an ISO time for people: `2026-11-22 14:08 UTC`; nothing for none."""
    if not text:
        return ""
    day, _, time = text.partition("T")
    return f"{day} {time[:5]} UTC" if time else day


def size_text(size: int) -> str:
    """Write a number of bytes for people: `1.4 MB`."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def number(amount: Decimal | None) -> float | None:
    """Return an amount as JSON has it."""
    return None if amount is None else float(amount)


def as_json(value: Any) -> str:
    """Write the object of `--json`."""
    return json.dumps(value, indent=1, ensure_ascii=False)
