"""What several subcommands take: a selection, what to do about it, and `--json`; and the order these make.

One place, so that an option means the same everywhere. Imports nothing of a build: `--help` stays fast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chargen.cli import completing
from chargen.errors import StartError

if TYPE_CHECKING:
    from chargen.plan.request import Order

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Asked:
    """The values of `selection_options`, as the command line gave them."""

    selection: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    provider: str | None = None
    max_tasks: int | None = None
    resume: bool = True
    rebuild: tuple[str, ...] = ()
    budget: str | None = None


_SELECTION: Sequence[Callable[[Any], Any]] = (
    click.argument("selection", nargs=-1, metavar="[SELECTION]...", shell_complete=completing.images),
    click.option("--only", multiple=True, metavar="NAME", help="Exactly this slug of a file or id of an entry."),
    click.option("--match", multiple=True, metavar="GLOB", help="Images whose id matches: 'chapters/ch0[1-3]/*'."),
    click.option("--provider", metavar="NAME", help="Use this provider for what is selected and not fresh."),
    click.option("--rebuild", multiple=True, metavar="NAME", help="Build this anew, also if locked or painted over."),
    click.option("--max-tasks", type=click.IntRange(min=0), metavar="N", help="Send at most N images."),
    click.option("--budget", metavar="USD", help="Spend at most so much."),
    click.option(
        "--resume/--no-resume", default=True, help="Leave out (or try again) what was refused with the same inputs."
    ),
)


def selection_options(command: _Command) -> _Command:
    """Add everything that says which images are meant and what is wished for; the values of `Asked`."""
    for option in reversed(_SELECTION):
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")


def order_of(asked: Asked, root: Path, *, kinds: frozenset[str] = frozenset(), wait: bool = True) -> Order:
    """Make the order of a command that was started in the current folder, for the project in `root`."""
    from chargen.plan.request import Order  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.plan.selection import Selection  # noqa: PLC0415 - as above

    return Order(
        selection=Selection(asked.selection, asked.only, asked.match, within_project(root)),
        kinds=kinds,
        rebuild=asked.rebuild,
        provider=asked.provider,
        max_tasks=asked.max_tasks,
        budget=None if asked.budget is None else usd(asked.budget),
        resume=asked.resume,
        wait=wait,
    )


def within_project(root: Path) -> str:
    """Return the current folder relative to the project: names may be written from there too."""
    here = Path.cwd().resolve()
    within = here.relative_to(root).as_posix() if here.is_relative_to(root) else ""
    return "" if within == "." else within


def usd(text: str) -> Decimal:
    """Read an amount of money for `--budget`. Raises StartError."""
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise StartError(f"`--budget` takes an amount in USD, not `{text}`", hint="write it like `--budget 2.50`")
    return amount
