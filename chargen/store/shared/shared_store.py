"""The shared store of one project, opened: its parts, for one run or one command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from chargen.config.settings import StoreAccess, StoreSettings
from chargen.store.clock import Clock
from chargen.store.shared.claims import Claims
from chargen.store.shared.ledger import SharedLedger
from chargen.store.shared.machine import Machine
from chargen.store.shared.objects import Objects, open_objects, server_of
from chargen.store.shared.replies import Replies
from chargen.store.shared.store_clock import StoreClock


class SharedStore(Struct, frozen=True):
    """What is asked of a store, by subject; `machine` is what this clone knows of it."""

    settings: StoreSettings
    machine: Machine
    objects: Objects
    replies: Replies
    claims: Claims
    ledger: SharedLedger

    @property
    def writes(self) -> bool:
        """True where what is bought here is put there."""
        return self.settings.access is StoreAccess.WRITE


def open_store(settings: StoreSettings, root: Path, run: str, environ: Mapping[str, str], clock: Clock) -> SharedStore:
    """Open the store of the project at `root` for a run. Raises StartError."""
    machine = Machine(root, settings.url, server_of(settings.url, environ))
    holder = machine.holder(run, environ)
    objects = open_objects(settings, environ)
    claims, ledger = Claims(objects, holder, StoreClock(objects, clock).now), SharedLedger(objects)
    return SharedStore(settings, machine, objects, Replies(objects, holder.who), claims, ledger)
