"""`chargen undo`: a decision is taken back, while slots and picture are still what it left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from chargen.cli.options import json_option
from chargen.cli.output import say, say_json, tell
from chargen.cli.tables import columns, listed, moment
from chargen.errors import ExitCode

if TYPE_CHECKING:
    from chargen.actions.undo import Undoing
    from chargen.store.decisions import Decision


@click.command("undo")
@click.argument("number", type=click.IntRange(min=1), required=False)
@click.option("--list", "listing", is_flag=True, help="List all decisions there were instead.")
@json_option
def command(*, number: int | None, listing: bool, as_json: bool) -> ExitCode:
    """Take back the last decision that was not taken back, or decision NUMBER.

    Decisions are approve, reject, lock, unlock, accept, adopt, pick, restore and retake. Your file gets back the bytes
    it had, and the target its picture, while both are as the decision left them; else nothing is changed. Nothing is
    paid back. A rename is no decision: `chargen mv NEW OLD` takes it back.
    """
    from chargen.actions.undo import open_decisions, undo  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli.project import project_here  # noqa: PLC0415 - as above

    with project_here(read_only=listing) as session:
        if listing:
            every, standing = session.decisions.all(), {each.number for each in open_decisions(session)}
            if as_json:
                say_json({"decisions": [{**each.to_json(), "open": each.number in standing} for each in every]})
            else:
                say(_list(every, standing))
            return ExitCode.DONE
        undoing = undo(session, number)
    tell(undoing, _lines(undoing), as_json=as_json)
    return ExitCode.FAILED if any(item.refused for item in undoing.images) else ExitCode.DONE


def _list(decisions: Iterable[Decision], standing: set[int]) -> Iterator[str]:
    rows = [
        (
            str(each.number),
            moment(each.at),
            each.command if each.undoes is None else f"undo of {each.undoes}",
            listed(each.images),
            "" if each.number in standing or each.undoes is not None else "undone",
        )
        for each in decisions
    ]
    yield from columns(rows, right=frozenset({0})) or ["no decisions yet"]


def _lines(undoing: Undoing) -> Iterator[str]:
    for item in undoing.images:
        if item.refused:
            yield from f"not undone: {item.decided.id}: {item.refused}".split("\n")
        else:
            words = f"{item.decided.after or 'no status'} → {item.decided.before or 'no status'}"
            yield f"undone: {undoing.decision.command} of {item.decided.id} ({words})"
