"""From an original to the file at its target and what the entry says of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from servers import pictures
from support.project import Project

from chargen.build import publish
from chargen.build.opening import open_build
from chargen.build.publish import convert, file_at_target, replace_picture, slots_edit, unknown_edit
from chargen.errors import InputError
from chargen.images.png import embedded_record
from chargen.images.sniff import header
from chargen.model.entries import Entry
from chargen.model.record import PublishedFile
from chargen.model.record_line import ANSWERED, RecordLine
from chargen.model.slots import SetSlots
from chargen.model.values import EntryId, FileHash, Size, Status
from chargen.plan.plan import Planned
from chargen.plan.session import Session, open_session
from chargen.store.files import hash_bytes
from chargen.store.original_store import StoredOriginal

A = EntryId("chapters/ch01/a")
FILE = PublishedFile(FileHash("ab" * 32), 7, "2026-11-22T14:08:07.000123Z", f"generated/{A}.png")


class Built:
    """A chapter of one image, built, and opened again."""

    def __init__(self, root: Path, session: Session) -> None:
        self.root = root
        self.session = session

    @property
    def image(self) -> Planned:
        return self.session.planner().image(A)

    @property
    def original(self) -> StoredOriginal:
        (stored,) = self.session.originals.all_records()
        return stored

    @property
    def path(self) -> Path:
        return self.root / FILE.file_path


@pytest.fixture
def built(tmp_path: Path) -> Iterator[Built]:
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    build = open_build(tmp_path, environ={})
    assert build.build(A) is None
    build.close()
    with open_session(tmp_path, {}) as session:
        yield Built(tmp_path, session)


def test_a_replaced_picture_is_in_the_history_first(built: Built) -> None:
    """Under its hash, and the new file is the one that is told."""
    old, new = built.path.read_bytes(), pictures.png(128, 96, 1)
    file = replace_picture(built.session, built.image, new)
    assert (file.sha256, file.size, file.file_path) == (hash_bytes(new), len(new), FILE.file_path)
    assert built.path.read_bytes() == new
    (kept,) = built.session.history.list(A)
    assert built.session.history.read(kept) == old
    assert file_at_target(built.session, built.image) == file.sha256


def test_a_disk_that_does_not_take_the_new_picture_leaves_the_old(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept of it then is a file of its own, so that painting over the target does not change it."""
    old = built.path.read_bytes()

    def full(*_given: object, **_named: object) -> None:
        raise InputError("no space left")

    monkeypatch.setattr(publish, "write_durably", full)
    with pytest.raises(InputError, match="no space"):
        replace_picture(built.session, built.image, b"new")
    assert built.path.read_bytes() == old
    built.path.write_bytes(b"painted")
    (kept,) = built.session.history.list(A)
    assert built.session.history.read(kept) == old


def test_nothing_stands_at_an_absent_target(built: Built) -> None:
    """And a Git LFS pointer is a file like another: it is not looked through."""
    built.path.unlink()
    assert file_at_target(built.session, built.image) is None


def test_a_converted_original_has_the_asked_size_and_its_record(built: Built) -> None:
    """In whatever size it was delivered; the record in it is the original's."""
    stored = built.original
    made = convert(built.session, stored, Size(64, 64))
    assert (header(made.data).width, header(made.data).height) == (64, 64)
    assert made.delivered_size == Size(stored.original.width, stored.original.height)
    found = embedded_record(made.data)
    assert found is not None
    assert found.verified
    assert found.record["attempt"] == stored.record.attempt


def _of(edit: object) -> tuple[RecordLine, SetSlots]:
    assert isinstance(edit, SetSlots)
    metadata = edit.values["provider_metadata"]
    assert isinstance(metadata, dict)
    line = RecordLine.parse(metadata["record"])
    assert line is not None
    return line, edit


def _without_slots(image: Planned) -> Entry:
    return replace(image.entry, outputs=replace(image.entry.outputs, record=None, file_path=None))


def test_slots_tell_what_the_record_holds(built: Built) -> None:
    """Names, times and the line of the file; what the record lacks is left out."""
    image, record = built.image, replace(built.original.record, request_id="req-1", revised_prompt=None)
    line, edit = _of(slots_edit(image, record, FILE, "256x192")(_without_slots(image)))
    assert (line.file, line.size, line.at, line.attempt) == (FILE.sha256, 7, "2026-11-22T14:08:07Z", record.attempt)
    assert (edit.values["file_path"], edit.values["file_name"]) == (FILE.file_path, "a.png")
    metadata = edit.values["provider_metadata"]
    assert isinstance(metadata, dict)
    assert (metadata["request_id"], metadata["delivered_size"]) == ("req-1", "256x192")
    assert "revised_prompt" not in metadata


def test_a_rejected_entry_is_answered_by_the_file_when_its_slots_are_written(built: Built) -> None:
    """It counts what the entry says then, not what it said when the picture was asked for."""
    image = built.image
    edit = slots_edit(image, built.original.record, FILE)
    assert ANSWERED not in _of(edit(_without_slots(image)))[0].others
    rejected = replace(_without_slots(image), status=Status.REJECTED)
    assert ANSWERED in _of(edit(rejected))[0].others


def test_an_entry_that_tells_of_the_file_already_is_left_alone(built: Built) -> None:
    """But for its place, where the picture is an other's now."""
    image, record = built.image, built.original.record
    line = image.entry.record_line
    assert line is not None
    own = PublishedFile(line.file, line.size, FILE.at, FILE.file_path)
    edit = slots_edit(image, record, own, line=line)
    assert edit(image.entry) is None
    moved = replace(image.entry, outputs=replace(image.entry.outputs, file_path="generated/chapters/ch01/was.png"))
    found = edit(moved)
    assert isinstance(found, SetSlots)
    assert dict(found.values) == {"file_name": "a.png", "file_path": FILE.file_path}


def test_of_a_picture_nobody_knows_anything_about_only_the_file_is_told(built: Built) -> None:
    """No provider and no model are made up."""
    image = built.image
    assert image.fingerprint is not None
    line = RecordLine(image.fingerprint, FILE.sha256, 7, at="2026-11-22T14:08:07Z")
    told, edit = _of(unknown_edit(image, line)(_without_slots(image)))
    assert told == line
    assert (edit.values["provider"], edit.values["model"]) == (None, None)
