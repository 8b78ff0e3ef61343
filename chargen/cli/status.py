"""`chargen approve`, `reject`, `lock` and `unlock`: a status is written into entries; what that changes is reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import cleandoc
from typing import TYPE_CHECKING

import click

from chargen.cli.options import image_names, json_option, match_option, only_option, selection_here
from chargen.cli.output import tell
from chargen.cli.spending import price_text
from chargen.cli.tables import plural
from chargen.errors import ExitCode
from chargen.model.reason import sentences
from chargen.model.values import Status
from chargen.text.money import by_estimate

if TYPE_CHECKING:
    from chargen.actions.status import MarkedImage, StatusChange
    from chargen.plan.plan import Shown

_DONE = {
    Status.APPROVED: "approved",
    Status.REJECTED: "rejected",
    Status.LOCKED: "locked",
    Status.DRAFT: "unlocked",
}
"""What is said of an image whose status was written."""


def _command(name: str, status: Status, text: str) -> click.Command:
    """Make the subcommand that writes `status`; `text` is its help."""

    @click.command(name, help=f"{cleandoc(text)}\n\nSELECTION is a path, an id or a glob on the id.")
    @click.argument("selection", nargs=-1, metavar="SELECTION...", shell_complete=image_names)
    @only_option
    @match_option
    @_note_option(status)
    @json_option
    def command(
        selection: tuple[str, ...], only: tuple[str, ...], match: tuple[str, ...], as_json: bool, note: str = ""
    ) -> ExitCode:
        from chargen.actions.status import set_status  # noqa: PLC0415 - slow to import, and `--help` needs none of it
        from chargen.cli.project import project_here  # noqa: PLC0415 - as above

        with project_here() as session:
            change = set_status(session, selection_here(session.project.root, selection, only, match), status, note)
        tell(change, _lines(change, status), as_json=as_json)
        return ExitCode.FAILED if any(item.refused for item in change.marked) else ExitCode.DONE

    return command


def _note_option(status: Status) -> Callable[[Callable[..., ExitCode]], Callable[..., ExitCode]]:
    """Add `--note` to the command that rejects."""
    if status is not Status.REJECTED:
        return lambda command: command
    return click.option("--note", default="", metavar="TEXT", help="What is wrong with it, in your words.")


_KEPT = "they are kept as they are until they are named with `--rebuild`."

approve = _command("approve", Status.APPROVED, f"Approve images: {_KEPT}")
lock = _command("lock", Status.LOCKED, f"Lock images: {_KEPT}")
reject = _command(
    "reject",
    Status.REJECTED,
    """Reject images: the next build makes new ones, and the old ones stay in the history.

    Rejecting an image that was made to answer a rejection asks again. Your words on it (`--note`) are written beside
    the status, stand in the plan, and in the record of the image that answers them; `chargen notes` lists them.
    """,
)
unlock = _command(
    "unlock",
    Status.DRAFT,  # a splice removes nothing
    "End an approval or a lock: the images are drafts again, and rebuilt when they are stale.",
)


def _lines(change: StatusChange, status: Status) -> Iterator[str]:
    """Yield what was written and what it changes, for people."""
    for item in change.marked:
        yield from _marked_lines(item, status)
    if not any(item.changed for item in change.marked):
        return
    if change.stale:
        yield f"this makes {plural(len(change.stale), 'image')} stale, {by_estimate(price_text(change.price))}"
        yield from _listed(change.stale)
    else:
        yield "this makes no image stale"
    if change.settled:
        yield f"{plural(len(change.settled), 'image')} will not be built any more"
        yield from _listed(change.settled)
    if change.held:
        stays = "stays as it is because it is" if len(change.held) == 1 else "stay as they are because they are"
        yield f"{plural(len(change.held), 'image')} would be stale, and {stays} approved or locked"
        yield from _listed(change.held)


def _marked_lines(item: MarkedImage, status: Status) -> Iterator[str]:
    name = item.image.id
    if item.refused:
        yield from f"not {_DONE[status]}: {name}: {item.refused}".split("\n")
    elif item.changed and item.asks_again and item.before is item.after:
        yield f"{_DONE[status]} again: {name}: its new image is to be replaced too"
    elif item.confirms and item.changed:
        yield f"{_DONE[status]}: {name} (its draft was)"
    elif item.changed and item.before is item.after:
        yield f"{_DONE[status]} already: {name}, with another note"
    elif item.changed:
        yield f"{_DONE[status]}: {name}" + (f" (was {item.before.value})" if item.before else "")
    elif item.before is status:
        yield f"{_DONE[status]} already: {name}"
    else:
        yield f"unchanged: {name}"
    yield from (f"  {note}" for note in item.notes)


def _listed(images: tuple[Shown, ...]) -> Iterator[str]:
    for image in images:
        yield f"  {image.id}: {sentences(image.reasons)}"
