"""`chargen trash`: list the trash, bring a file back, or empty it for good: the only thing that frees space."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from chargen.cli.options import json_option
from chargen.cli.output import say, say_json, tell
from chargen.cli.tables import columns, dim, plural, size_text
from chargen.errors import StartError

if TYPE_CHECKING:
    from chargen.actions.trash import TrashList


@click.group("trash", invoke_without_command=True)
@json_option
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """List, restore or empty the trash. Without a subcommand it is listed."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show, as_json=as_json)


@command.command("list")
@json_option
def show(*, as_json: bool = False) -> None:
    """List the files in the trash, oldest first, with their size and when they came."""
    from chargen.actions.trash import trash_list  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli.project import project_here  # noqa: PLC0415 - as above

    with project_here() as session:
        found = trash_list(session.trash)
    tell(found, _lines(found), as_json=as_json)


@command.command("restore")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@json_option
def restore(names: tuple[str, ...], *, as_json: bool) -> None:
    """Move files back to where they were. NAME is the path a file had, or a glob on it."""
    from chargen.actions.trash import RestoredFiles, bring_back  # noqa: PLC0415 - as above
    from chargen.cli.project import project_held  # noqa: PLC0415 - as above

    back = []
    with project_held() as session:
        for item in bring_back(session.trash, names):
            back.append(item)
            if not as_json:
                say(f"restored {item.was}")
    if as_json:
        say_json(RestoredFiles(tuple(back)).to_json())


@command.command("empty")
@click.option("--yes", is_flag=True, help="Empty it without asking.")
@json_option
def empty(*, yes: bool, as_json: bool) -> None:
    """Delete everything in the trash for good. Nothing else ever frees space."""
    from chargen.actions.trash import Emptied, trash_list  # noqa: PLC0415 - as above
    from chargen.cli.project import project_held  # noqa: PLC0415 - as above

    with project_held() as session:
        found = trash_list(session.trash)
        size = f"{plural(len(found.files), 'file')}, {size_text(found.size)}"
        if found.files and not yes:
            if as_json or not sys.stdin.isatty():
                raise StartError("not emptied: no terminal to confirm in", hint=f"`--yes` deletes {size} for good")
            if not click.confirm(f"delete {size} for good?"):
                say("nothing was deleted")
                return
        done = Emptied(len(found.files), session.trash.empty())
    tell(done, f"deleted {size}" if found.files else "the trash is empty", as_json=as_json)


def _lines(found: TrashList) -> Iterator[str]:
    """Yield a line for each file, then how many there are and their size."""
    if not found.files:
        yield "the trash is empty"
        return
    rows = [(item.was, size_text(item.size), dim(f"thrown away {_when(item.moved_at)}")) for item in found.files]
    yield from columns(rows, right=frozenset({1}))
    yield ""
    yield f"{plural(len(found.files), 'file')}: {size_text(found.size)}"


def _when(at: str) -> str:
    """Write the stamp of a batch for people: `2026-11-22 14:08 UTC`."""
    return f"{at[:4]}-{at[4:6]}-{at[6:8]} {at[9:11]}:{at[11:13]} UTC"
