"""Originals kept elsewhere than in folders: a store that knows no path serves every step of a build."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace
from support.project import Project

from chargen.actions.check import check
from chargen.actions.history import history
from chargen.actions.restore import restore
from chargen.build.opening import open_build
from chargen.build.result import Outcome
from chargen.errors import InputError
from chargen.images.sniff import header
from chargen.model.record import Original, PublishedFile, Record
from chargen.model.values import EntryId, Fingerprint, Verdict
from chargen.plan import disk, session
from chargen.plan.cache import files
from chargen.plan.session import open_session
from chargen.store.files import hash_bytes
from chargen.store.original_store import DamagedOriginal, OriginalStore, StoredOriginal

A = EntryId("chapters/ch01/a")


class Memory:
    """A store of this process."""

    def __init__(self) -> None:
        self.replaced: dict[str, list[str]] = {}
        self.kept: dict[tuple[str, str], tuple[StoredOriginal, bytes]] = {}

    def put(self, record: Record, data: bytes, others: Sequence[bytes] = ()) -> StoredOriginal:
        assert not others
        seen = header(data)
        original = Original(hash_bytes(data), len(data), seen.media_type, seen.width, seen.height, "reply.png")
        stored = StoredOriginal(replace(record, original=original), original)
        self.kept[record.fingerprint, record.attempt] = stored, data
        return stored

    def read(self, item: StoredOriginal | DamagedOriginal) -> bytes:
        if isinstance(item, DamagedOriginal):
            raise InputError("not here")
        return self.kept[item.record.fingerprint, item.record.attempt][1]

    def further(self, stored: StoredOriginal) -> tuple[bytes, ...]:
        del stored
        return ()

    def for_fingerprint(self, fingerprint: Fingerprint) -> tuple[StoredOriginal, ...]:
        return tuple(stored for (name, _), (stored, _) in sorted(self.kept.items()) if name == fingerprint)

    def find(self, attempt: str, fingerprint: Fingerprint) -> StoredOriginal | None:
        found = self.kept.get((fingerprint, attempt))
        return found and found[0]

    def of_attempt(self, attempt: str) -> StoredOriginal | None:
        return next((stored for (_, name), (stored, _) in self.kept.items() if name == attempt), None)

    def all_records(self) -> Iterator[StoredOriginal]:
        return (stored for stored, _ in self.kept.values())

    def damaged(self, fingerprint: Fingerprint) -> tuple[DamagedOriginal, ...]:
        del fingerprint
        return ()

    def all_damaged(self) -> Iterator[DamagedOriginal]:
        return iter(())

    def note_published(self, stored: StoredOriginal, file: PublishedFile) -> StoredOriginal:
        noted = replace(stored, published=(*stored.published, file))
        key = stored.record.fingerprint, stored.record.attempt
        self.kept[key] = noted, self.kept[key][1]
        return noted

    def note_replaced(self, attempt: str, fingerprint: Fingerprint, by: StoredOriginal) -> None:
        self.replaced.setdefault(f"{fingerprint}/{attempt}", []).append(f"{by.record.fingerprint}/{by.record.attempt}")

    def replaced_by(self, name: str) -> tuple[str, ...]:
        return tuple(self.replaced.get(name, ()))

    def state(self, fingerprint: Fingerprint) -> tuple[str, int]:
        return repr(self.for_fingerprint(fingerprint)), 0

    def recover(self) -> tuple[StoredOriginal, ...]:
        return ()

    def shown(self, item: StoredOriginal | DamagedOriginal) -> str:
        return f"memory:{item.record.attempt if isinstance(item, StoredOriginal) else item.attempt}"


def test_a_book_is_built_restored_and_looked_at_from_a_store_without_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Build, lose the picture, restore it, list its versions, bring one back, check: nothing needs a folder."""
    memory: OriginalStore = Memory()
    monkeypatch.setattr(session, "Originals", lambda *_given, **_named: memory)
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})

    def built() -> Outcome:
        build = open_build(tmp_path, environ={})
        try:
            assert [build.build(image.id) for image in build.chosen] == [None]
            return build.done[A].outcome
        finally:
            build.close()

    assert built() is Outcome.BUILT
    picture = book.image(A).read_bytes()
    book.image(A).unlink()
    assert built() is Outcome.RESTORED
    assert book.image(A).read_bytes() == picture
    book.edit("imagery/chapters/ch01/imagery.yaml", "A lamp.", "A lamp at night.")
    assert built() is Outcome.BUILT
    with open_session(tmp_path, {}) as opened:
        planner = opened.planner()
        image = planner.image(A)
        first: Any = history(opened, planner.evidence, image).versions[0]
        restore(opened, planner.evidence, image, first)
        assert book.image(A).read_bytes() == picture
        assert check(opened).findings == ()
    kept = tmp_path / ".chargen" / "originals"
    assert not kept.exists() or not any(kept.iterdir())


def test_a_kept_plan_asks_the_store_whether_anything_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An original that comes to a store without folders is seen by the next plan, though no file changed."""
    memory = Memory()
    monkeypatch.setattr(session, "Originals", lambda *_given, **_named: memory)
    monkeypatch.setattr(disk, "time", SimpleNamespace(time_ns=lambda: time.time_ns() + 10**10))
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    build = open_build(tmp_path, environ={})
    assert build.build(A) is None
    build.close()
    book.image(A).unlink()
    kept = dict(memory.kept)
    memory.kept.clear()

    def verdict() -> Verdict:
        with open_session(tmp_path, {}) as opened:
            planner = opened.planner()
            plan = planner.plan()
            files.to_keep(opened, planner, plan)()
            return plan.by_id[A].verdict

    assert [verdict(), verdict()] == [Verdict.MISSING] * 2
    memory.kept.update(kept)
    assert [verdict(), verdict()] == [Verdict.RESTORABLE] * 2
