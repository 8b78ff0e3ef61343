"""`chargen batch`: build the images of one kind or all, with the engine that `doit` builds with.

With `--dry-run` nothing is written at all, and the plan of what would be sent is printed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO

import click
from click.shell_completion import CompletionItem

from chargen.cli.options import Options, build_request, json_option, no_wait_option, selection_options
from chargen.cli.output import say, say_json, tell, to_stderr, waiting_or_not
from chargen.cli.problems import standing_lines
from chargen.model.values import Verdict

if TYPE_CHECKING:
    from chargen.actions.plan import ShownPlan
    from chargen.actions.run_result import RunResult
    from chargen.build.run import Build
    from chargen.plan.build_request import BuildRequest
    from chargen.plan.cache.stamp import Summary

ALL = "all"
NO_DRAFT = "no draft is approved: `chargen approve` those that are good, then promote them"
"""What is said where there is nothing to promote."""


class _What(click.ParamType):  # type: ignore[type-arg]  # older versions take no argument
    """The plural of a kind, or `all`."""

    name = "what"

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
@click.argument("what", type=_What(), metavar="KINDS|all")
@selection_options
@click.option("--dry-run", is_flag=True, help="Write and send nothing; print what would be sent.")
@no_wait_option
@json_option
def command(what: str, *, dry_run: bool, no_wait: bool, as_json: bool, **asked: Any) -> int:
    """Build what is missing or out of date of one kind or of all.

    KINDS is one of chapters, locations, characters and scenes, or the plural of another kind there is.

    SELECTION is a path, an id or a glob on the id. References that have to be built for it are built too.
    """
    began, wanted = monotonic(), Options(**asked)
    if what == ALL and not (dry_run or as_json) and wanted == Options(provider=wanted.provider):
        found = _nothing_due(wanted.provider)
        if found is not None:
            say(standing_lines(found, monotonic() - began))
            return 0
    from chargen.config.configuration import project_root  # noqa: PLC0415 - slow to import, and `--help` needs none of it

    kinds = frozenset[str]() if what == ALL else _words()[what]
    request = build_request(wanted, project_root(Path.cwd()), kinds=kinds, wait=not no_wait)
    result = carry_out(request, f"chargen batch {what}", dry_run=dry_run, as_json=as_json)
    return 0 if result is None else result.exit_code


def _nothing_due(provider: str | None) -> Summary | None:
    """Say how the images stand where nothing has to be done; None where more has to be read.

    A `provider` is for what is not fresh, so that nothing is said of one while everything is; one that there is not is
    an error all the same.
    """
    from chargen.plan.cache.snapshot import take_snapshot  # noqa: PLC0415 - as above

    if provider is not None:
        from chargen.providers import known_providers  # noqa: PLC0415 - needed only where one is named

        if provider not in known_providers():
            return None
    snapshot = take_snapshot(Path.cwd(), os.environ)
    if snapshot is None or (provider is not None and not snapshot.stamp.clean):
        return None
    found = snapshot.summary()
    if found is None or provider is None or all(verdict == Verdict.FRESH.value for _, verdict, _ in found.others):
        return found
    return None


def carry_out(request: BuildRequest, command: str, *, dry_run: bool, as_json: bool) -> RunResult | None:
    """Build what a command asks for in the project around the current folder; or show it, and return nothing."""
    if dry_run:
        _dry_run(request, as_json=as_json)
        return None
    result = run_here(request, command, sys.stderr if as_json else sys.stdout)
    if as_json:
        say_json(result.to_json())
    return result


def _dry_run(request: BuildRequest, *, as_json: bool) -> None:
    from chargen.actions.plan import dry_run  # noqa: PLC0415 - as above
    from chargen.cli.project import project_here  # noqa: PLC0415 - as above
    from chargen.plan.build_request import prepare  # noqa: PLC0415 - as above

    with project_here(tier=request.tier) as session:
        shown = dry_run(prepare(session, request), session)
    tell(shown, _plan_lines(shown, promotes=request.promote), as_json=as_json)


def _plan_lines(shown: ShownPlan, *, promotes: bool) -> Iterator[str]:
    from chargen.cli import plan_listing  # noqa: PLC0415 - as above
    from chargen.cli.problems import problem_lines  # noqa: PLC0415 - as above

    choice = shown.choice
    if choice.images:
        yield from plan_listing.plan_listing(choice.images, choice.needed_by)
        yield ""
    every = (*choice.images, *choice.untouched)
    if promotes and not (every or choice.left_out):
        yield NO_DRAFT
    else:
        yield from plan_listing.plan_summary(every, choice.images)
    yield from plan_listing.left_out_lines(choice.left_out)
    yield from plan_listing.standing(choice.untouched)
    if shown.findings:
        yield ""
        yield from problem_lines(shown.findings)


def run_here(request: BuildRequest, command: str, out: TextIO) -> RunResult:
    """Build in the project around the current folder, with a report on `out`; return what the run came to."""
    from chargen.build.opening import open_build  # noqa: PLC0415 - as above

    return run_opened(open_build(Path.cwd(), request, on_wait=_waiting, command=command), out)


def run_opened(build: Build, out: TextIO) -> RunResult:
    """Run a build that was opened, with a report on `out`, and close it; return what the run came to."""
    from chargen.actions.run_result import run_result  # noqa: PLC0415 - as above
    from chargen.cli.run_report import RunReport  # noqa: PLC0415 - as above
    from chargen.doit_plugin.run_tasks import image_tasks, run_tasks  # noqa: PLC0415 - as above

    try:
        with chdir(build.project.root):  # doit looks for what a task depends on from where it stands
            code = run_tasks(build, image_tasks(build), None, RunReport(out, build))
        return run_result(build, code)
    finally:
        build.close()


def _waiting(pid: int | None) -> None:
    to_stderr(waiting_or_not(pid))
