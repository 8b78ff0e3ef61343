"""`chargen trash`: list the trash, bring a file back, or empty it for good: the only thing that frees space."""

from __future__ import annotations

import sys

import click

from chargen.cli.options import json_option


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
    from chargen.cli import reading, trash_report  # noqa: PLC0415 - slow to import, and `--help` needs none of it

    with reading.project_here() as session:
        found = session.trash.list()
    if as_json:
        click.echo(reading.as_json(trash_report.as_object(found)))
    else:
        click.echo("\n".join(trash_report.lines(found)))


@command.command("restore")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@json_option
def bring_back(names: tuple[str, ...], *, as_json: bool) -> None:
    """Move files back to where they were. NAME is the path a file had, or a glob on it."""
    from chargen.cli import reading, trash_report  # noqa: PLC0415 - as above
    from chargen.store.files import printable  # noqa: PLC0415 - as above
    from chargen.store.locks import project_lock  # noqa: PLC0415 - as above

    with (
        reading.project_here(read_only=False) as session,
        project_lock(session.project.root, on_wait=reading.tell_waiting),
    ):
        wanted = trash_report.named(session.trash.list(), names)
        for item in wanted:
            session.trash.restore(item)
            if not as_json:
                click.echo(f"restored {printable(item.was)}")
    if as_json:
        click.echo(reading.as_json({"restored": [item.was for item in wanted]}))


@command.command("empty")
@click.option("--yes", is_flag=True, help="Empty it without asking.")
@json_option
def empty(*, yes: bool, as_json: bool) -> None:
    """Delete everything in the trash for good. Nothing else ever frees space."""
    from chargen.cli import reading  # noqa: PLC0415 - as above
    from chargen.cli.tables import plural  # noqa: PLC0415 - as above
    from chargen.errors import StartError  # noqa: PLC0415 - as above
    from chargen.store.locks import project_lock  # noqa: PLC0415 - as above

    with (
        reading.project_here(read_only=False) as session,
        project_lock(session.project.root, on_wait=reading.tell_waiting),
    ):
        files, size = len(session.trash.list()), session.trash.size()
        told = f"{plural(files, 'file')}, {reading.size_text(size)}"
        if files and not yes:
            if as_json or not sys.stdin.isatty():
                raise StartError(f"the trash holds {told}, and nobody is here to ask", hint="add `--yes` to empty it")
            if not click.confirm(f"delete {told} for good?"):
                click.echo("nothing was deleted")
                return
        freed = session.trash.empty()
    if as_json:
        click.echo(reading.as_json({"files": files, "bytes": freed}))
    else:
        click.echo(f"deleted {told}" if files else "the trash is empty")
