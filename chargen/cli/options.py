"""What several subcommands take: a selection, what to do about it, and `--json`; and the request these make.

One place, so that an option means the same everywhere. Imports nothing of a build: `--help` stays fast.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chargen.cli.output import is_word
from chargen.errors import StartError
from chargen.model.values import MOST_VARIANTS

if TYPE_CHECKING:
    from decimal import Decimal

    from chargen.plan.build_request import BuildRequest
    from chargen.plan.selection import Selection

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Options:
    """The values of `selection_options`, as the command line gave them."""

    selection: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    provider: str | None = None
    max_tasks: int | None = None
    resume: bool = True
    rebuild: tuple[str, ...] = ()
    budget: str | None = None
    mode: str | None = None
    variants: int | None = None
    tier: str = ""


def image_names(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Offer the ids and project-relative targets that begin as what was typed; ids only before anything was typed.

    One that a shell would interpret is not offered. They are those the last build knew: its stamp is read and nothing
    is planned, unless files are new to it.
    """
    names = [name for pair in _named() for name in (pair if typed else pair[:1])]
    return sorted(name for name in names if name.startswith(typed) and is_word(name))


def _named() -> Iterable[tuple[str, str]]:
    """Yield (id, target) of every image that is known."""
    from chargen.config.configuration import project_root  # noqa: PLC0415 - `--help` needs none of it
    from chargen.errors import ChargenError  # noqa: PLC0415 - as above
    from chargen.plan.cache.stamp import files_below, read_stamp  # noqa: PLC0415 - as above

    try:
        root = project_root(Path.cwd())
        stamp = read_stamp(root)
        if stamp is not None and stamp.files.keys() >= set(files_below(root, stamp.roots)):
            return [
                pair for file, known in stamp.files.items() for pair in zip(stamp.ids(file), known.targets, strict=True)
            ]
        from chargen.plan.session import open_session  # noqa: PLC0415 - slow to import, and seldom needed here

        with open_session(root, os.environ, read_only=True) as session:
            return [(image.id, image.target) for image in session.planner().selectables()]
    except (ChargenError, OSError):
        return []  # the tab key has no place for a message


only_option = click.option(
    "--only", multiple=True, metavar="NAME", help="Exactly this slug of a file or id of an entry."
)
match_option = click.option(
    "--match", multiple=True, metavar="GLOB", help="Images whose id matches: 'chapters/ch0[1-3]/*'."
)
max_tasks_option = click.option("--max-tasks", type=click.IntRange(min=0), metavar="N", help="Send at most N images.")
budget_option = click.option("--budget", metavar="USD", help="Spend at most so much.")
mode_option = click.option(
    "--mode", type=click.Choice(["live", "batch"]), help="Send one by one, or as jobs at half the price."
)
no_wait_option = click.option("--no-wait", is_flag=True, help="Fail if another process is building this project.")
tier_option = click.option(
    "--tier", default="", metavar="NAME", help="Ask for a tier of `[tool.chargen.tiers]`, or for `final`."
)

_SELECTION: Sequence[Callable[[Any], Any]] = (
    click.argument("selection", nargs=-1, metavar="[SELECTION]...", shell_complete=image_names),
    only_option,
    match_option,
    click.option("--provider", metavar="NAME", help="Use this provider for what is selected and not fresh."),
    mode_option,
    tier_option,
    click.option("--rebuild", multiple=True, metavar="NAME", help="Build this anew, also if locked or painted over."),
    max_tasks_option,
    budget_option,
    click.option(
        "--variants",
        type=click.IntRange(1, MOST_VARIANTS),
        metavar="N",
        help="Make further pictures of the same words, to pick one from: N in all of each that is named.",
    ),
    click.option(
        "--resume/--no-resume", default=True, help="Leave out (or try again) what was refused with the same inputs."
    ),
)


def selection_options(command: _Command) -> _Command:
    """Add everything that says which images are meant and what is wished for; the values of `Options`."""
    for option in reversed(_SELECTION):
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")


def build_request(
    asked: Options, root: Path, *, kinds: frozenset[str] = frozenset(), wait: bool = True
) -> BuildRequest:
    """Make the request of a command that was started in the current folder, for the project in `root`."""
    from chargen.model.request import Mode  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.plan.build_request import BuildRequest  # noqa: PLC0415 - as above

    return BuildRequest(
        selection=selection_here(root, asked.selection, asked.only, asked.match),
        kinds=kinds,
        rebuild=named_here(root, asked.rebuild)[0],
        provider=asked.provider,
        mode=None if asked.mode is None else Mode(asked.mode),
        tier=asked.tier,
        max_tasks=asked.max_tasks,
        budget=None if asked.budget is None else usd(asked.budget),
        variants=asked.variants,
        resume=asked.resume,
        wait=wait,
    )


def selection_here(root: Path, terms: Sequence[str], only: Sequence[str] = (), match: Sequence[str] = ()) -> Selection:
    """Make the selection of a command that was started in the current folder, for the project in `root`."""
    from chargen.plan.selection import Selection  # noqa: PLC0415 - as above

    names, within = named_here(root, terms)
    return Selection(names, tuple(only), tuple(match), within)


def named_here(root: Path, names: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Return names with absolute paths in the project made relative, and the folder within it they are written in."""
    from chargen.store.places import folder_inside, name_inside  # noqa: PLC0415 - as above

    return tuple(name_inside(name, root) for name in names), folder_inside(Path.cwd().resolve(), root)


def usd(text: str) -> Decimal:
    """Read an amount of money for `--budget`. Raises StartError."""
    from chargen.model.amounts import amount_of  # noqa: PLC0415 - seldom asked

    amount = amount_of(text.removeprefix("$"))
    if amount is None:
        raise StartError(f"`--budget` takes an amount in USD, not `{text}`", hint="write it like `--budget 2.50`")
    return amount
