"""What `approve`, `reject`, `lock` and `unlock` have in common: a status written into entries, and what it changes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chargen.cli import completing
from chargen.cli.options import json_option, within_project
from chargen.model.reason import sentences
from chargen.model.values import Status

if TYPE_CHECKING:
    from chargen.actions.status import Marked, StatusChange
    from chargen.plan.plan import Planned

DONE = {
    Status.APPROVED: "approved",
    Status.REJECTED: "rejected",
    Status.LOCKED: "locked",
    Status.DRAFT: "unlocked",
}
"""What is said of an image whose status was written."""

FAILED = 1


def status_command(name: str, status: Status, text: str) -> click.Command:
    """Make the subcommand that writes `status`; `text` is its help."""

    @click.command(name, help=text)
    @click.argument("selection", nargs=-1, metavar="SELECTION...", shell_complete=completing.images)
    @click.option("--only", multiple=True, metavar="NAME", help="Exactly this slug of a file or id of an entry.")
    @click.option("--match", multiple=True, metavar="GLOB", help="Images whose id matches: 'chapters/ch0[1-3]/*'.")
    @json_option
    def command(selection: tuple[str, ...], only: tuple[str, ...], match: tuple[str, ...], as_json: bool) -> int:
        return run(status, selection, only, match, as_json=as_json)

    return command


def run(status: Status, terms: tuple[str, ...], only: tuple[str, ...], match: tuple[str, ...], *, as_json: bool) -> int:
    """Write the status and tell what it changes; return the exit code."""
    from chargen.actions.status import set_status  # noqa: PLC0415 - as above
    from chargen.plan.selection import Selection  # noqa: PLC0415 - as above
    from chargen.plan.session import open_session  # noqa: PLC0415 - slow to import, and `--help` needs none of it

    with open_session(Path.cwd(), os.environ, read_only=True) as session:
        selection = Selection(terms, only, match, within_project(session.project.root))
        change = set_status(session, selection, status)
    if as_json:
        click.echo(json.dumps(change_object(change), indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join(lines(change, status)))
    return FAILED if any(item.refused for item in change.marked) else 0


def change_object(change: StatusChange) -> dict[str, Any]:
    """Return the object of `--json`.

    Its keys are `images[]`: id, file, line, before, after (statuses, null for none), changed, asks_again, refused (why
    nothing was written, else null), notes[]; `stale[]`, `held[]` and `settled[]`: elements of `plan --json`; `cost_usd`
    of the stale ones (null where a price is unknown).
    """
    from chargen.plan.plan import image_json  # noqa: PLC0415 - as above

    cost = change.cost_usd
    return {
        "images": [_marked_object(item) for item in change.marked],
        "stale": [image_json(image) for image in change.stale],
        "held": [image_json(image) for image in change.held],
        "settled": [image_json(image) for image in change.settled],
        "cost_usd": None if cost is None else float(cost),
    }


def lines(change: StatusChange, status: Status) -> Iterator[str]:
    """Yield what was written and what it changes, for people."""
    from chargen.cli.tables import estimate_text, plural  # noqa: PLC0415 - as above

    for item in change.marked:
        yield from _marked_lines(item, status)
    if not any(item.changed for item in change.marked):
        return
    if change.stale:
        yield f"this makes {plural(len(change.stale), 'image')} stale, {estimate_text(change.cost_usd)} by estimate"
        yield from _listed(change.stale)
    else:
        yield "this makes no image stale"
    if change.settled:
        yield f"{plural(len(change.settled), 'image')} will not be built any more"
        yield from _listed(change.settled)
    if change.held:
        yield f"{plural(len(change.held), 'image')} would be stale, and stays as it is because it is approved or locked"
        yield from _listed(change.held)


def _marked_object(item: Marked) -> dict[str, Any]:
    return {
        "id": item.image.id,
        "file": item.image.entry.file,
        "line": item.image.entry.position.line,
        "before": item.before.value if item.before else None,
        "after": item.after.value if item.after else None,
        "changed": item.changed,
        "asks_again": item.asks_again and not item.refused,
        "refused": item.refused or None,
        "notes": list(item.notes),
    }


def _marked_lines(item: Marked, status: Status) -> Iterator[str]:
    from chargen.store.files import printable  # noqa: PLC0415 - as above

    name = printable(item.image.id)
    if item.refused:
        first, *more = item.refused.split("\n")
        yield f"not {DONE[status]}: {name}: {printable(first)}"
        yield from (printable(line) for line in more)
    elif item.changed and item.before is item.after:
        yield f"{DONE[status]} again: {name}: its new image is to be replaced too"
    elif item.changed:
        yield f"{DONE[status]}: {name}" + (f" (was {item.before.value})" if item.before else "")
    elif item.before is status:
        yield f"{DONE[status]} already: {name}"
    else:
        yield f"unchanged: {name}"
    yield from (f"  {printable(note)}" for note in item.notes)


def _listed(images: tuple[Planned, ...]) -> Iterator[str]:
    from chargen.store.files import printable  # noqa: PLC0415 - as above

    for image in images:
        yield f"  {printable(image.id)}: {printable(sentences(image.judgement.reasons))}"
