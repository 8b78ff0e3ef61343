"""`chargen check`: every error and warning there is in the author's files. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from chargen.cli.options import json_option
from chargen.cli.output import say, say_json
from chargen.cli.tables import plural
from chargen.errors import ExitCode, Severity

if TYPE_CHECKING:
    from chargen.actions.check import Checked, ShownCharacter
    from chargen.plan.findings import Finding

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
"""What GitHub calls the severities."""
_NAMED = 3
"""Characters that the line on their texts names, those of most images first."""


@click.command("check")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Give every place a problem of its own, and count what uses each character's pictures and text.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="Lines for people, one JSON object, or annotations of a GitHub workflow.",
)
@json_option
def command(*, everything: bool, form: str, as_json: bool) -> ExitCode:
    """Report errors and warnings in your files; exit 1 if there is an error.

    Errors stop the images that depend on them, warnings and notes stop nothing. What has one cause is told once, with
    two more places where it is found; JSON has every place.
    """
    from chargen.actions.check import check  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli.project import project_here  # noqa: PLC0415 - as above

    with project_here() as session:
        found = check(session)
    if as_json or form == "json":
        say_json(found.to_json())
    elif form == "github":
        say(_annotations(found.findings, everything=everything))
    else:
        say(_lines(found, everything=everything))
    return found.exit_code


def _lines(found: Checked, *, everything: bool) -> Iterator[str]:
    from chargen.cli.problems import problem_lines, tally  # noqa: PLC0415 - as above
    from chargen.plan.findings import by_cause  # noqa: PLC0415 - as above

    yield from problem_lines(found.findings, everything=everything)
    for character in found.characters if everything else ():
        pictures, words = plural(character.pictures, "image"), plural(character.words, "prompt")
        yield f"{character.slug}: pictures go along with {pictures}, the text of {character.file} is in {words}"
    if not everything:
        yield from _unmoved(found.characters)
    causes = len(by_cause(found.findings))
    folded = not everything and causes < len(found.findings)
    looked = f"{plural(found.images, 'image')} in {plural(found.files, 'file')}"
    ending = f", of {plural(causes, 'cause')} (`--all` lists every place)" if folded else ""
    yield f"{looked}: {tally(found.totals) or 'nothing wrong'}{ending}"


def _unmoved(characters: Iterable[ShownCharacter]) -> Iterator[str]:
    """Yield one line on the images that an edited `appearance` changes nothing in."""
    ordered = sorted((each for each in characters if each.wordless), key=lambda each: -each.wordless)
    if not ordered:
        return
    named = ", ".join(f"{each.slug} ({plural(each.wordless, 'image')})" for each in ordered[:_NAMED])
    more = f" and {plural(len(ordered) - _NAMED, 'more character')}" if len(ordered) > _NAMED else ""
    yield f"an edited `appearance` changes nothing where portraits are sent: {named}{more}"


def _annotations(findings: Iterable[Finding], *, everything: bool) -> Iterator[str]:
    """Yield workflow commands, which GitHub shows at their lines: one for each cause, for it shows a few only."""
    from chargen.plan.findings import Cause, by_cause  # noqa: PLC0415 - as above

    for cause in [Cause((finding,)) for finding in findings] if everything else by_cause(findings):
        problem = cause.problem
        place = problem.position
        where = {"file": place.file, "line": place.line, "col": place.column} if place else {}
        keys = "".join(f"{name}={_escaped(str(value), ':,')}," for name, value in where.items() if value)
        also = f"\nalso in {plural(len(cause.more), 'other place')}" if cause.more else ""
        hint = f"\nhint: {problem.hint}" if problem.hint else ""
        yield f"::{_LEVELS[problem.severity]} {keys}title=chargen::{_escaped(problem.message + also + hint)}"


def _escaped(text: str, more: str = "") -> str:
    """Write what ends a workflow command, or a property of one, as percent escapes."""
    for char in f"%\r\n{more}":
        text = text.replace(char, f"%{ord(char):02X}")
    return text
