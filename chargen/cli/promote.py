"""`chargen promote`: final images in place of approved drafts, with the price first."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import replace

from chargen.cli.batch import NO_DRAFT, carry_out
from chargen.cli.options import (
    Options,
    budget_option,
    build_request,
    image_names,
    json_option,
    max_tasks_option,
    mode_option,
    no_wait_option,
)
from chargen.cli.output import say
from chargen.cli.tables import listed


@click.command("promote")
@click.argument("selection", nargs=-1, metavar="[SELECTION]...", shell_complete=image_names)
@max_tasks_option
@budget_option
@mode_option
@click.option("--dry-run", is_flag=True, help="Write and send nothing; print what would be sent, and its price.")
@no_wait_option
@json_option
def command(
    selection: tuple[str, ...],
    *,
    max_tasks: int | None,
    budget: str | None,
    mode: str | None,
    dry_run: bool,
    no_wait: bool,
    as_json: bool,
) -> int:
    """Make final images in place of drafts that are approved; nothing else is built, but portraits they need.

    The draft stays in the history. The approval was the draft's: look at the final picture, then approve or reject it.
    """
    from chargen.config.configuration import project_root  # noqa: PLC0415 - slow to import, and `--help` needs none of it

    asked = Options(selection=selection, max_tasks=max_tasks, budget=budget, mode=mode)
    request = build_request(asked, project_root(Path.cwd()), wait=not no_wait)
    result = carry_out(replace(request, promote=True), "chargen promote", dry_run=dry_run, as_json=as_json)
    if result is None:
        return 0
    if not as_json and (finals := [item.image.id for item in result.outcomes if item.outcome in ("built", "restored")]):
        say([f"approved as drafts: {listed(finals)}; look at the final pictures, then approve or reject them"])
    if not (as_json or result.outcomes or result.untouched):
        say([NO_DRAFT])
    return result.exit_code
