"""`chargen prompt`: the composed prompt of one image with the source of each part, or what its provider gets."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chargen.cli import completing
from chargen.cli.options import Asked, json_option, order_of
from chargen.errors import Severity, StartError

if TYPE_CHECKING:
    from chargen.plan.plan import Plan, Planned
    from chargen.plan.session import Session

NAMED = 3
"""Images named where a target means several."""


@click.command("prompt")
@click.argument("target", shell_complete=completing.images)
@click.option("--sent", is_flag=True, help="Show what the provider gets, after adaptation to its model.")
@click.option("--provider", metavar="NAME", help="With --sent: as this provider would get it.")
@json_option
def command(target: str, *, sent: bool, provider: str | None, as_json: bool) -> None:
    """Print an image's composed prompt with the source of each part.

    TARGET is a path, an id or a glob that means one image. Nothing is written or sent.
    """
    from chargen.cli import prompt_report  # noqa: PLC0415 - as above
    from chargen.plan.session import open_session  # noqa: PLC0415 - slow to import, and `--help` needs none of it

    if provider is not None and not sent:
        raise StartError("`--provider` needs `--sent`: the composed prompt is the same for all providers")
    with open_session(Path.cwd(), os.environ, read_only=True) as session:
        plan = session.plan()
        image = _only(session, plan, target)
        shown: prompt_report.ComposedPrompt | prompt_report.SentRequest = prompt_report.composed(image)
        if sent:
            shown = prompt_report.sent(image, session.adapters, provider)
    if as_json:
        click.echo(json.dumps(shown.as_json(), indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join(shown.as_text()))
    for problem in image.problems:
        if problem.severity is not Severity.NOTE:
            click.echo(str(problem), err=True)


def _only(session: Session, plan: Plan, target: str) -> Planned:
    """Return the image that `target` means. Raises StartError where it means none or several."""
    from chargen.plan.request import selected_ids  # noqa: PLC0415 - as above

    ids = selected_ids(plan, order_of(Asked(selection=(target,)), session.project.root))
    if len(ids) > 1:
        names = ", ".join(f"`{entry_id}`" for entry_id in ids[:NAMED])
        more = f" and {len(ids) - NAMED:,} more" if len(ids) > NAMED else ""
        raise StartError(f"`{target}` means {len(ids):,} images", hint=f"name one of {names}{more}")
    return plan.by_id[ids[0]]
