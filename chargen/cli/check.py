"""`chargen check`: every error and warning there is in the author's files. Writes nothing."""

from __future__ import annotations

import click

from chargen.cli.options import json_option
from chargen.cli.output import say, say_json
from chargen.errors import ExitCode


@click.command("check")
@json_option
def command(*, as_json: bool) -> ExitCode:
    """Report errors and warnings in your files; exit 1 if there is an error.

    Errors stop the images that depend on them, warnings and notes stop nothing.
    """
    from chargen.actions.check import check  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli.problems import problem_lines, tally  # noqa: PLC0415 - as above
    from chargen.cli.project import project_here  # noqa: PLC0415 - as above
    from chargen.cli.tables import plural  # noqa: PLC0415 - as above

    with project_here() as session:
        found = check(session)
    if as_json:
        say_json(found.to_json())
    else:
        looked = f"{plural(found.images, 'image')} in {plural(found.files, 'file')}"
        say([*problem_lines(found.findings), f"{looked}: {tally(found.totals) or 'nothing wrong'}"])
    return found.exit_code
