"""`chargen notes`: the author's words on rejected pictures, and what answered them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from chargen.cli.options import json_option
from chargen.cli.output import say, say_json
from chargen.cli.tables import dim, moment

if TYPE_CHECKING:
    from chargen.actions.notes import Note


@click.command("notes")
@click.option("--all", "everything", is_flag=True, help="List also those that were answered.")
@json_option
def command(*, everything: bool, as_json: bool) -> None:
    """List your words on rejected images that wait for an answer (`chargen reject --note`)."""
    from chargen.actions.notes import answered_notes, open_notes  # noqa: PLC0415 - slow to import
    from chargen.cli.project import planning_here  # noqa: PLC0415 - as above

    with planning_here() as opened:
        answered = answered_notes(opened.session, opened.planner) if everything else ()
        found = (*answered, *open_notes(opened.planner))
    if as_json:
        say_json({"notes": [note.to_json() for note in found]})
    else:
        say(_lines(found))


def _lines(notes: Iterable[Note]) -> Iterator[str]:
    found = tuple(notes)
    for note in found:
        answer = f"answered {moment(note.at)}" if note.answered_by else "open"
        yield f"{note.id}  {dim(answer)}"
        yield f"  {note.text}"
    if not found:
        yield "no notes wait for an answer"
