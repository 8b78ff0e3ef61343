"""Images of one file that are finished within a moment are written in one replacement, and wait no longer than that."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.project import Project

from chargen import kinds
from chargen.build import write_back
from chargen.build.write_back import WriteBack
from chargen.errors import InputError
from chargen.model.entries import Entry
from chargen.model.slots import SlotEdit, SlotValues
from chargen.model.values import EntryId
from chargen.plan.session import open_session

NAMES = ("a", "b", "c")


class Desk:
    """A chapter of three images, its writer, and how often the file was replaced."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.book = Project(root)
        self.file = self.book.chapter("ch01", dict.fromkeys(NAMES, "A lamp."))
        with open_session(root, {}, read_only=True) as session:
            planner = session.planner()
            self.entries = {name: planner.image(EntryId(f"chapters/ch01/{name}")).entry for name in NAMES}
            self.writer = WriteBack(session.project)
        self.replaced = 0
        plain = write_back.replace_unchanged

        def counted(*given: object, **named: object) -> bool:
            self.replaced += 1
            return plain(*given, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(write_back, "replace_unchanged", counted)

    def write(self, name: str) -> None:
        self.writer.write(self.file, self.entries[name].id, _edit)

    def written(self) -> list[bool]:
        text = self.book.read(self.file)
        return [f"generated/chapters/ch01/{name}.png" in text for name in NAMES]


def _edit(entry: Entry) -> SlotEdit:
    name = entry.id.rpartition("/")[2]
    made = SlotValues("2026-11-22T14:00:00Z", f"{name}.png", f"generated/{entry.id}.png", "p", "m", {"record": "1"})
    return kinds.named(entry.kind).slots(entry, made)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(write_back, "_GATHER", 30.0)
    yield Desk(tmp_path, monkeypatch)


def test_what_is_about_to_come_is_waited_for_and_shares_one_replacement(desk: Desk) -> None:
    """The first two return only when the third is there, and the file is replaced once."""
    under_way = ExitStack()
    for name in NAMES:
        under_way.enter_context(desk.writer.expected(desk.file, desk.entries[name].id))
    threads = [threading.Thread(target=desk.write, args=(name,)) for name in NAMES[:2]]
    for thread in threads:
        thread.start()
    threads[0].join(0.1)
    assert desk.written() == [False] * 3
    desk.write("c")
    for thread in threads:
        thread.join(10)
    under_way.close()
    assert desk.written() == [True] * 3
    assert desk.replaced == 1


def test_one_that_fails_is_not_waited_for(desk: Desk) -> None:
    """An image that will not be written lets the others go at once."""
    writer, begun = desk.writer, time.monotonic()

    def failing() -> None:
        with pytest.raises(InputError), writer.expected(desk.file, desk.entries["b"].id):
            waiting.wait(10)
            raise InputError("no reply")

    waiting = threading.Event()
    other = threading.Thread(target=failing)
    other.start()
    thread = threading.Thread(target=desk.write, args=("a",))
    thread.start()
    thread.join(0.1)
    assert desk.written() == [False] * 3
    waiting.set()
    thread.join(10)
    other.join(10)
    assert desk.written() == [True, False, False]
    assert time.monotonic() - begun < 20


def test_nothing_is_waited_for_long(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image whose reply takes its time does not hold up those that are finished."""
    monkeypatch.setattr(write_back, "_GATHER", 0.05)
    begun = time.monotonic()
    with desk.writer.expected(desk.file, desk.entries["b"].id):
        desk.write("a")
        assert desk.written() == [True, False, False]
    assert time.monotonic() - begun < 20


def test_alone_in_its_file_an_image_waits_for_nobody(desk: Desk) -> None:
    """What is under way in other files does not count, nor does the image itself."""
    begun = time.monotonic()
    other = desk.writer.expected("imagery/chapters/ch02/imagery.yaml", desk.entries["b"].id)
    with other, desk.writer.expected(desk.file, desk.entries["a"].id):
        desk.write("a")
    assert time.monotonic() - begun < 10
    assert desk.written() == [True, False, False]


def test_a_fault_of_the_program_with_one_entry_is_raised_for_that_one_alone(desk: Desk) -> None:
    """Edits that share a replacement with one that breaks are written all the same, and the fault is not swallowed."""

    def broken(_: Entry) -> SlotEdit:
        raise AssertionError("a neighbour")

    edits = [(desk.entries[name].id, broken if name == "b" else _edit) for name in NAMES]
    with pytest.raises(AssertionError, match="a neighbour"):
        desk.writer.write_all(desk.file, edits)
    assert desk.written() == [True, False, True]
