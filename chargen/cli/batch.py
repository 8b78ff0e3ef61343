"""`chargen batch`: build the images of one kind or all, with the engine that `doit` builds with.

With `--dry-run` nothing is written at all, and the plan of what would be sent is printed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from chargen.cli.options import Asked, json_option, order_of, selection_options

if TYPE_CHECKING:
    from chargen.plan.request import Prepared

ALL = "all"


class _What(click.ParamType):  # type: ignore[type-arg]  # older versions take no argument
    """The plural of a kind, or `all`."""

    name = "what"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - the words are the same
        return "|".join(_words())

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value != ALL and value not in _words():  # nothing is imported for `all`
            self.fail(f"{value!r} is not one of {', '.join(_words())}.", param, ctx)
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        return [CompletionItem(word) for word in _words() if word.startswith(incomplete)]


def _words() -> dict[str, frozenset[str]]:
    """Return what each word keeps a build to; empty for all."""
    from chargen.kinds import all_kinds  # noqa: PLC0415 - slow to import, and `batch all` needs none of it

    return {**{kind.plural: frozenset({kind.name}) for kind in all_kinds()}, ALL: frozenset()}


@click.command("batch")
@click.argument("what", type=_What())
@selection_options
@click.option("--dry-run", is_flag=True, help="Write and send nothing; print what would be sent.")
@click.option("--no-wait", is_flag=True, help="Fail if another process is building this project.")
@json_option
def command(what: str, *, dry_run: bool, no_wait: bool, as_json: bool, **asked: Any) -> int:
    """Build what is missing or out of date of one kind or of all.

    SELECTION is a path, an id or a glob on the id. References that have to be built for it are built too.
    """
    wanted = Asked(**asked)
    kinds = frozenset[str]() if what == ALL else _words()[what]
    if dry_run:
        _dry_run(wanted, kinds, as_json=as_json)
        return 0
    return _run(wanted, kinds, what, wait=not no_wait, as_json=as_json)


def _dry_run(asked: Asked, kinds: frozenset[str], *, as_json: bool) -> None:
    from chargen.plan.request import prepare  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.plan.session import open_session  # noqa: PLC0415 - as above

    with open_session(Path.cwd(), os.environ, read_only=True) as session:
        prepared = prepare(session, order_of(asked, session.project.root, kinds=kinds))
    if as_json:
        click.echo(json.dumps(_plan_object(prepared), indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join(_plan_text(prepared)))


def _plan_object(prepared: Prepared) -> dict[str, Any]:
    """Return the object of `plan --json` for what a run would take on, with what it would leave out."""
    from chargen.cli.plan import as_object  # noqa: PLC0415 - as above

    choice = prepared.choice
    return {
        **as_object(prepared, choice.images, whole=False),
        "needed_by": dict(choice.needed_by),
        "left_out": [{"id": item.image.id, "reason": item.reason} for item in choice.left_out],
    }


def _plan_text(prepared: Prepared) -> Iterable[str]:
    from chargen.cli import plan_report  # noqa: PLC0415 - as above
    from chargen.errors import Severity  # noqa: PLC0415 - as above
    from chargen.store.files import printable  # noqa: PLC0415 - as above

    choice = prepared.choice
    if choice.images:
        yield from plan_report.listing(choice.images, choice.needed_by)
        yield ""
    yield from plan_report.summary((*choice.images, *choice.quiet), choice.images)
    yield from plan_report.left_out_lines(choice.left_out)
    yield from plan_report.standing(choice.quiet)
    told = {problem: None for image in choice.images for problem in image.problems}
    for problem in told:
        if problem.severity is Severity.NOTE:
            yield from map(printable, str(problem).split("\n"))


def _run(asked: Asked, kinds: frozenset[str], what: str, *, wait: bool, as_json: bool) -> int:
    from chargen.build.run import open_build  # noqa: PLC0415 - as above
    from chargen.cli.batch_report import run_object  # noqa: PLC0415 - as above
    from chargen.cli.progress import bar_for  # noqa: PLC0415 - as above
    from chargen.cli.run_report import RunReport  # noqa: PLC0415 - as above
    from chargen.config.configuration import project_root  # noqa: PLC0415 - as above
    from chargen.doit_plugin.run_tasks import image_tasks, run_tasks  # noqa: PLC0415 - as above

    out = sys.stderr if as_json else sys.stdout
    order = order_of(asked, project_root(Path.cwd()), kinds=kinds, wait=wait)
    build = open_build(Path.cwd(), order, on_wait=_waiting, command=f"chargen batch {what}")
    try:
        with chdir(build.project.root):  # doit looks for what a task depends on from where it stands
            code = run_tasks(build, image_tasks(build), None, RunReport(out, build, bar_for(out)))
        if as_json:
            click.echo(json.dumps(run_object(build, code), indent=1, ensure_ascii=False))
        return code
    finally:
        build.close()


def _waiting(pid: int | None) -> None:
    who = f"process {pid}" if pid else "another process"
    click.echo(f"{who} is building this project; waiting for it (`--no-wait` fails instead)", err=True)
