"""`chargen jobs`: the jobs at vendors, waiting for them, and ending one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chargen.cli.options import json_option
from chargen.cli.output import say, say_json, tell, to_stderr
from chargen.cli.tables import columns, dim, moment, plural
from chargen.errors import ExitCode
from chargen.text.money import by_estimate, estimate_text

if TYPE_CHECKING:
    from chargen.actions.jobs import Cancelled, ShownJob

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
"""Seconds between two questions how far the jobs are; each pause is twice the one before."""


@click.group("jobs", invoke_without_command=True)
@json_option
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """List the jobs at vendors: what they are of, how far they are, and what they cost.

    Every build collects what is finished before anything else.
    """
    if ctx.invoked_subcommand is not None:
        return
    from chargen.actions.jobs import jobs  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli.project import project_here  # noqa: PLC0415 - as above

    with project_here() as session:
        found = jobs(session)
    if as_json:
        say_json({"jobs": [shown.to_json() for shown in found]})
    else:
        say(_lines(found))


@command.command("wait")
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait no longer than that.")
def wait(timeout: float | None) -> int:
    """Wait until every job is over, and collect each as soon as it is: its pictures are put in their places.

    Nothing is sent. It may be interrupted at any time: the jobs go on.
    """
    ends = None if timeout is None else time.monotonic() + timeout
    code, pause, last, told = 0, _FIRST_PAUSE, list[str](), list[str]()
    while True:
        found = _asked()
        if not found:
            break
        if (now := _progress(found)) != last:
            for line in now:
                if line not in last:
                    to_stderr(line)
            last = now
        if all(shown.waits_for_settings for shown in found):
            say([f"{plural(len(found), 'job')} not over yet: mend that, and run `chargen jobs wait` again"])
            return ExitCode.FAILED
        if any((shown.is_over or not shown.job.id) and not shown.waits_for_settings for shown in found):
            failed, came = _collect(told)
            code, before = max(code, failed), len(found)
            found = _asked()
            pause = _FIRST_PAUSE if came or len(found) < before else pause
        left = None if ends is None else ends - time.monotonic()
        if found and left is not None and left <= 0:
            say([f"{plural(len(found), 'job')} not over yet: run `chargen jobs wait` again"])
            return code
        if found:
            time.sleep(pause if left is None else min(pause, left))
            pause = min(pause * 2, _LONGEST_PAUSE)
    say(["no job is left to wait for"])
    return code


@command.command("cancel")
@click.argument("name")
@json_option
def cancel(name: str, *, as_json: bool) -> None:
    """Ask the vendor to end a job: what is made by then is billed, and collected by the next build."""
    from chargen.actions import jobs as actions  # noqa: PLC0415 - as above
    from chargen.cli.project import project_here  # noqa: PLC0415 - as above

    with project_here() as session:
        done = actions.cancel(session, name)
    tell(done, [_cancelled(done)], as_json=as_json)


def _asked() -> tuple[ShownJob, ...]:
    from chargen.actions.jobs import jobs  # noqa: PLC0415 - as above
    from chargen.cli.project import project_here  # noqa: PLC0415 - as above

    with project_here() as session:
        return jobs(session)


def _collect(told: list[str]) -> tuple[int, bool]:
    """Collect what is over, and put it in its place: a build that sends nothing.

    Return its exit code, and whether anything came. `told` is what the last one said of the jobs: what is
    the same and brings nothing is not said again.
    """
    from chargen.build.opening import open_build  # noqa: PLC0415 - as above
    from chargen.cli.batch import run_opened  # noqa: PLC0415 - as above
    from chargen.plan.build_request import BuildRequest  # noqa: PLC0415 - as above

    build = open_build(Path.cwd(), BuildRequest(sends=False), environ=os.environ, command="chargen jobs wait")
    found = build.collected
    if found.told == told and told and not (found.changed or build.session.state_problems):
        build.close()
        return ExitCode.DONE, False
    told[:] = found.told
    code = run_opened(build, sys.stdout).exit_code
    return max(code, ExitCode.FAILED if found.failures else ExitCode.DONE), found.changed


def _lines(found: tuple[ShownJob, ...]) -> Iterator[str]:
    if not found:
        yield "no jobs"
        return
    rows = [
        (
            shown.job.name,
            "?" if shown.state is None else shown.state.value,
            _counts(shown),
            _age(shown.age),
            estimate_text(shown.job.estimate_usd),
            dim(str(shown.route)),
        )
        for shown in found
    ]
    for row, shown in zip(columns(rows, right=frozenset({3, 4})), found, strict=True):
        yield row
        if shown.expires_at:
            yield f"  until {moment(shown.expires_at)}"
        if shown.trouble:
            yield f"  {shown.trouble}"
        if shown.hint:
            yield f"    hint: {shown.hint}"
    yield "`chargen jobs wait` collects them, `chargen jobs cancel NAME` ends one"


def _counts(shown: ShownJob) -> str:
    done = "" if shown.done is None else f"{shown.done:,} of "
    failed = f", {shown.failed:,} failed" if shown.failed else ""
    return f"{done}{plural(shown.total, 'image')}{failed}"


def _age(seconds: float) -> str:
    minutes = int(seconds) // 60
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


def _progress(found: tuple[ShownJob, ...]) -> list[str]:
    """Say how far jobs are, and once for all of them what keeps their vendors from being asked."""
    done = sum(shown.done or 0 for shown in found)
    states = ", ".join(dict.fromkeys("unknown" if shown.state is None else shown.state.value for shown in found))
    images = plural(sum(shown.total for shown in found), "image")
    troubles = dict.fromkeys((shown.trouble, shown.hint) for shown in found if shown.trouble)
    lines = [f"{plural(len(found), 'job')}: {done:,} of {images} made ({states})"]
    for trouble, hint in troubles:
        lines += [f"  {trouble}", *([f"    hint: {hint}"] if hint else [])]
    return lines


def _cancelled(done: Cancelled) -> str:
    if done.was_over:
        return f"{done.job.name} is over already: the next build collects it"
    if done.made is None:
        return f"{done.job.name} ends: what is made by then is billed, and collected by the next build"
    left = len(done.job.lines) - done.made
    billed = f"{plural(done.made, 'image')} made, {by_estimate(estimate_text(done.billed_usd))}, will be billed"
    return f"{done.job.name} ends: {billed}; {left:,} not made yet, some of which may still be made and billed"
