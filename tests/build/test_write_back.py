"""Slots into an author's file: against the file as it is now, one refused edit refusing no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.project import Project

from chargen import kinds
from chargen.build import write_back
from chargen.build.write_back import WriteBack
from chargen.errors import InputError
from chargen.model.entries import Entry
from chargen.model.slots import SetSlots, SlotEdit, SlotValues
from chargen.model.values import EntryId, Route, Status
from chargen.plan.scan import scan_file
from chargen.plan.session import open_session

NAMES = ("a", "b", "c")


class Desk:
    """A chapter of three images and its writer."""

    def __init__(self, root: Path) -> None:
        self.book = Project(root)
        self.file = self.book.chapter("ch01", dict.fromkeys(NAMES, "A lamp."))
        with open_session(root, {}, read_only=True) as session:
            self.project = session.project
        self.scanned = scan_file(self.project, self.file)
        imagery = self.scanned.imagery
        assert imagery is not None
        self.entries = {entry.id.rpartition("/")[2]: entry for entry in imagery.entries}
        self.writer = WriteBack(self.project, {self.file: self.scanned})

    def id_of(self, name: str) -> EntryId:
        return self.entries[name].id


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def slots(entry: Entry) -> SlotEdit:
    name = entry.id.rpartition("/")[2]
    made = SlotValues("2026-11-22T14:00:00Z", f"{name}.png", f"generated/{entry.id}.png", "p", "m", {"record": "1"})
    return kinds.named(entry.kind).slots(entry, made)


def refused(entry: Entry) -> SlotEdit:
    return SetSlots((*entry.path, "prompt_used", "deep"), {"x": 1})


def test_what_the_author_saved_meanwhile_stays(desk: Desk) -> None:
    """The edit is made against the file as it is now: a comment, a status and another entry are kept."""
    desk.book.edit(desk.file, "metadata:", "# mine\nmetadata:")
    desk.book.edit(desk.file, 'custom_id: "b"', 'custom_id: "b"\n    status: approved')
    desk.writer.write(desk.file, desk.id_of("a"), slots)
    text = desk.book.read(desk.file)
    assert text.startswith("# mine\n")
    assert "status: approved" in text
    assert text.count("generated/chapters/ch01/a.png") == 1
    assert desk.writer.entry_now(desk.entries["b"]).status is Status.APPROVED
    assert desk.writer.entry_now(desk.entries["a"]).outputs.file_path == "generated/chapters/ch01/a.png"


def test_one_refused_edit_refuses_no_other(desk: Desk) -> None:
    """The rest is written in the same replacement, and only the refused one is told."""
    edits: list[tuple[EntryId, Callable[[Entry], SlotEdit | None]]] = [
        (desk.id_of("a"), slots),
        (desk.id_of("b"), refused),
        (EntryId("chapters/ch01/gone"), slots),
        (desk.id_of("c"), slots),
    ]
    failures = desk.writer.write_all(desk.file, edits)
    assert set(failures) == {desk.id_of("b"), "chapters/ch01/gone"}
    assert "no longer in this file" in str(failures[EntryId("chapters/ch01/gone")])
    text = desk.book.read(desk.file)
    assert [f"generated/chapters/ch01/{name}.png" in text for name in NAMES] == [True, False, True]


def test_an_edit_that_changes_nothing_leaves_the_file_alone(desk: Desk) -> None:
    """Not even its time is another."""
    before = (desk.project.root / desk.file).stat().st_mtime_ns
    desk.writer.write(desk.file, desk.id_of("a"), lambda _entry: None)
    assert (desk.project.root / desk.file).stat().st_mtime_ns == before


def test_a_file_that_is_saved_all_the_time_is_given_up_in_the_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The author's saves win, and it is said that the picture is safe."""
    monkeypatch.setattr(write_back, "_PAUSE", 0.0)
    monkeypatch.setattr(write_back, "replace_unchanged", lambda *_given, **_named: False)
    with pytest.raises(InputError, match="being saved all the time") as caught:
        desk.writer.write(desk.file, desk.id_of("a"), slots)
    assert caught.value.problems[0].hint.startswith("the picture is safe")


def test_a_file_that_an_editor_has_open_is_waited_for(desk: Desk) -> None:
    """It has emptied the file and is about to write: what stands there now is not the author's text."""
    path = desk.project.root / desk.file
    text = path.read_bytes()
    emptied = threading.Event()

    def save() -> None:
        with path.open("wb") as editor:
            editor.write(text[: len(text) // 4])
            editor.flush()
            emptied.set()
            time.sleep(0.1)
            editor.write(text[len(text) // 4 :])

    with ThreadPoolExecutor(1) as pool:
        saved = pool.submit(save)
        emptied.wait()
        desk.writer.write(desk.file, desk.id_of("c"), slots)
        saved.result()
    assert desk.book.read(desk.file).startswith(text[: text.index(b'"c"')].decode())
    assert "generated/chapters/ch01/c.png" in desk.book.read(desk.file)


def test_a_file_that_can_not_be_read_now_leaves_the_entry_as_it_was_scanned(desk: Desk) -> None:
    """Neither are its slots written then, nor is anything sent for it; both say what is wrong."""
    text = desk.book.read(desk.file)
    desk.book.write(desk.file, text + "  - [")
    entry = desk.entries["a"]
    assert desk.writer.entry_now(entry) is entry
    with pytest.raises(InputError, match="not sent: after this"):
        desk.writer.check_edit(entry, "generated/chapters/ch01/a.png", Route("p", "m"))
    with pytest.raises(InputError):
        desk.writer.write(desk.file, entry.id, slots)
    desk.book.write(desk.file, text)
    desk.writer.write(desk.file, entry.id, slots)


def test_a_file_that_would_refuse_the_slots_is_told_before_anything_is_sent(desk: Desk) -> None:
    """An alias in the place of an entry: an edit there would be one elsewhere."""
    text = desk.book.read(desk.file)
    changed = text.replace("    provider_metadata: {}\n", "    provider_metadata: &x {}\n", 1)
    changed = changed.replace("    provider_metadata: {}\n", "    provider_metadata: *x\n", 1)
    desk.book.write(desk.file, changed)
    with pytest.raises(InputError, match="could not be written back"):
        desk.writer.check_edit(desk.entries["a"], "generated/chapters/ch01/a.png", Route("p", "m"))
    assert desk.book.read(desk.file) == changed


def test_what_the_plan_read_counts_only_while_the_file_is_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its entries are taken as they are; after an edit of the author's the file is read anew."""
    anew: list[str] = []
    plain = write_back.scan_document
    monkeypatch.setattr(write_back, "scan_document", lambda *given: (anew.append("read"), plain(*given))[1])
    assert desk.writer.entry_now(desk.entries["a"]).status is None
    assert not anew
    desk.book.edit(desk.file, 'custom_id: "a"', 'custom_id: "a"\n    status: locked')
    assert desk.writer.entry_now(desk.entries["a"]).status is Status.LOCKED
    assert anew == ["read"]
