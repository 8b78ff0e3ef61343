"""`chargen store`: the originals that a team shares on object storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from chargen.cli.options import image_names, json_option, selection_here
from chargen.cli.output import tell
from chargen.cli.tables import dim, plural, size_text
from chargen.errors import ExitCode, StartError

if TYPE_CHECKING:
    from chargen.actions.store import Proposal, StoreCheck, StoreStatus, Transferred
    from chargen.plan.session import Session
    from chargen.store.shared.shared_store import SharedStore

_NAMED = 10


@click.group("store")
def command() -> None:
    """Look after the store of originals that a team shares on object storage."""


@command.command("check")
@json_option
def check(*, as_json: bool) -> int:
    """See whether the store can be read and written, and whether two builds could win one claim."""
    from chargen.actions.store import check_store  # noqa: PLC0415 - slow to import, and `--help` needs none of it

    with _opened() as (_, store):
        found = check_store(store)
    tell(found, _check_lines(found), as_json=as_json)
    return 0 if found.serves else ExitCode.FAILED


@command.command("status")
@json_option
def status(*, as_json: bool) -> None:
    """Compare what is here with what is in the store."""
    from chargen.actions.store import store_status  # noqa: PLC0415 - as above

    with _opened() as (session, store):
        found = store_status(session, store)
    tell(found, _status_lines(found), as_json=as_json)


@command.command("push")
@json_option
def push(*, as_json: bool) -> int:
    """Put into the store what is only here."""
    from chargen.actions.store import push as push_all  # noqa: PLC0415 - as above

    with _opened() as (session, store):
        found = push_all(session, store)
    return _tell_moved(found, "put into the store", as_json=as_json)


@command.command("pull")
@click.argument("selection", nargs=-1, metavar="[SELECTION]...", shell_complete=image_names)
@json_option
def pull(selection: tuple[str, ...], *, as_json: bool) -> int:
    """Bring originals and history here: all that the store has, or those of a selection.

    The next build puts the pictures in their places, for nothing.
    """
    from chargen.actions.store import pull as pull_all  # noqa: PLC0415 - as above
    from chargen.plan.selection import select  # noqa: PLC0415 - as above

    with _opened() as (session, store):
        planner = session.planner()
        names = selection_here(session.project.root, selection) if selection else None
        found = pull_all(session, store, planner, None if names is None else select(planner.selectables(), names))
    return _tell_moved(found, "brought here", as_json=as_json)


@command.command("gc")
@json_option
def gc(*, as_json: bool) -> None:
    """List what no record of any branch names any more. Nothing is deleted."""
    from chargen.actions.store import propose  # noqa: PLC0415 - as above

    with _opened() as (session, store):
        found = propose(session, store)
    tell(found, _proposal_lines(found), as_json=as_json)


@contextmanager
def _opened() -> Iterator[tuple[Session, SharedStore]]:
    """Hold the project and open its store; what the store does not do is said as an error."""
    from chargen.actions.store import shared_store  # noqa: PLC0415 - as above
    from chargen.cli.project import project_held  # noqa: PLC0415 - as above
    from chargen.store.shared.objects import StoreError  # noqa: PLC0415 - as above

    with project_held() as session:
        store = shared_store(session)
        try:
            yield session, store
        except StoreError as failure:
            raise StartError(session.project.scrub(str(failure)), hint="`chargen store check` tells more") from None


def _check_lines(found: StoreCheck) -> Iterator[str]:
    yield found.url
    yield f"  reading  {found.reading or 'fine'}"
    if found.access == "read":
        yield "  writing  not asked for: `access` is `read`, so nothing is written and nothing is claimed"
        return
    yield f"  writing  {found.writing or 'fine'}"
    if not found.writing and not found.reading:
        yield f"  claims   {found.claims or 'fine: of many writers at once one won, every time'}"
    if found.claims:
        yield "  hint: two builds could buy one image: take a store that keeps conditional writes (S3, Google, Azure)"


def _status_lines(found: StoreStatus) -> Iterator[str]:
    yield f"{found.url}, access `{found.access}`, claims `{found.claims}`"
    yield f"  {plural(found.here, 'original')} here, {found.in_store:,} of them in the store"
    for attempt in found.only_here[:_NAMED]:
        yield f"  only here: {attempt}"
    if len(found.only_here) > _NAMED:
        yield f"  and {len(found.only_here) - _NAMED:,} more"
    if found.only_here:
        yield "  hint: `chargen store push` puts them there"


def _tell_moved(found: Transferred, what: str, *, as_json: bool) -> int:
    done = f"{plural(len(found.attempts), 'original')} {what}, {found.there:,} there already"
    failed = (f"failed: {attempt}: {why}" for attempt, why in found.failed.items())
    tell(found, [done, *failed], as_json=as_json)
    return ExitCode.FAILED if found.failed else 0


def _proposal_lines(found: Proposal) -> Iterator[str]:
    for reply, keys in found.replies:
        made = reply.record.received_at[:10]
        yield f"{keys[0]}  {size_text(reply.size)}  {dim(f'{reply.record.entry_id}, made {made}')}"
    counted = f"{plural(len(found.replies), 'original')}, {size_text(found.size)}"
    yield f"{counted} that no record of {found.branches:,} branches and tags names; {found.kept:,} are kept"
    if found.replies:
        yield "nothing was deleted; what you delete can't be restored, so be sure that this clone has every branch"
