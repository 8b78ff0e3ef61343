"""What `chargen store push` puts there: what is only here, and what was lost there since."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from obstore.store import MemoryStore
from support.records import a_record

from chargen.actions.store import push
from chargen.store.originals import Originals
from chargen.store.shared.ledger import SharedLedger
from chargen.store.shared.machine import Machine
from chargen.store.shared.objects import Objects
from chargen.store.shared.replies import Replies, bytes_key


def test_bytes_that_the_store_lost_are_put_there_again(tmp_path: Path) -> None:
    """Else whoever asks for the reply is told that it is damaged, and buys it again."""
    originals = Originals(tmp_path / "originals")
    stored = originals.put(a_record(), b"delivered")
    objects = Objects(MemoryStore())
    replies = Replies(objects, "ana")
    session: Any = SimpleNamespace(originals=originals)
    store: Any = SimpleNamespace(
        writes=True,
        objects=objects,
        replies=replies,
        ledger=SharedLedger(objects),
        machine=Machine(tmp_path, "s3://b/p"),
    )
    attempt = stored.record.attempt
    assert push(session, store).attempts == (attempt,)
    assert push(session, store).attempts == ()
    objects.delete(bytes_key(stored.original))
    assert push(session, store).attempts == (attempt,)
    (found,) = replies.under(stored.record.fingerprint)
    assert replies.fetch(found) == (b"delivered", ())
    assert push(session, store).there == 1
