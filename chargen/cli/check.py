"""`chargen check`: everything that is wrong or odd in the input, all of it. Writes nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from chargen.cli.options import json_option

FOUND_AN_ERROR = 1


@click.command("check")
@json_option
def command(*, as_json: bool) -> int:
    """Tell everything that is wrong or odd in the input; exit 1 if there is an error.

    Errors stop the images that depend on them, warnings and notes stop nothing.
    """
    from chargen.actions.check import check  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli import problems  # noqa: PLC0415 - as above
    from chargen.cli.tables import plural  # noqa: PLC0415 - as above
    from chargen.errors import Severity  # noqa: PLC0415 - as above
    from chargen.plan.session import open_session  # noqa: PLC0415 - as above

    with open_session(Path.cwd(), os.environ, read_only=True) as session:
        plan, found = check(session)
    if as_json:
        click.echo(json.dumps(problems.check_json(found), indent=1, ensure_ascii=False))
    else:
        files = len({image.entry.file for image in plan.images})
        looked = f"{plural(len(plan.images), 'image')} in {plural(files, 'file')}"
        text = [*problems.lines(found), f"{looked}: {problems.tally(found) or 'nothing wrong'}"]
        click.echo("\n".join(text))
    return FOUND_AN_ERROR if any(finding.problem.severity is Severity.ERROR for finding in found) else 0
