"""Originals are there whole or not at all, and damage is told, not met with a crash."""

import errno
import os
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace
from support.records import a_record

from chargen.errors import InputError, Problem
from chargen.model.record import PublishedFile, Record, to_json
from chargen.model.values import FileHash, Fingerprint, Size
from chargen.store.clock import new_attempt_id
from chargen.store.files import hash_bytes
from chargen.store.original_store import StoredOriginal
from chargen.store.originals import Originals

PRINT = Fingerprint("ab" * 32)
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x30 and so on"


def make_record(number: int = 1, fingerprint: str = PRINT) -> Record:
    return a_record(
        attempt=f"20261122T14080700000{number}Z-1f2e3d4c",
        fingerprint=Fingerprint(fingerprint),
        asked_size=Size(64, 48),
        provider="sketch",
        model="sketch",
        sent_at="2026-11-22T14:08:07.000001Z",
        cost_usd=Decimal("0.05"),
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def place(folder: Path, stored: StoredOriginal) -> Path:
    return folder / stored.record.fingerprint / stored.record.attempt


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".chargen" / "originals"


def test_what_is_stored_is_read_back_by_inputs_by_attempt_and_all_together(folder: Path) -> None:
    """Bytes, record, header and place agree, and come oldest first."""
    originals = Originals(folder)
    second, first = originals.put(make_record(2), b"<html>"), originals.put(make_record(1), PNG)
    other = originals.put(make_record(3, "cd" * 32), b"\xff\xd8\xff broken")
    assert originals.shown(first) == f".chargen/originals/{PRINT[:8]}*/{first.record.attempt}/reply.png"
    assert (first.original.media_type, first.original.width, first.original.height) == ("image/png", 64, 48)
    assert names(place(folder, first)) == ["record.json", "reply.png"]
    assert (second.original.file, other.original.file) == ("reply.bin", "reply.jpg")
    assert originals.for_fingerprint(PRINT) == (first, second)
    assert list(originals.all_records()) == [first, second, other]
    assert originals.find(other.record.attempt, other.record.fingerprint) == other
    assert originals.read(first) == PNG
    assert names(folder) == [PRINT, "cd" * 32]


def test_nothing_there_is_nothing(folder: Path) -> None:
    """An absent folder, an unknown or malformed name: no original, and no folder is made by asking."""
    originals = Originals(folder)
    assert originals.for_fingerprint(PRINT) == originals.for_fingerprint(Fingerprint("../..")) == ()
    assert list(originals.all_records()) == [] and originals.recover() == ()
    assert originals.find("../x", PRINT) is None and originals.find(make_record().attempt, PRINT) is None
    assert not folder.exists()


def test_a_name_that_would_leave_the_folder_is_a_bug_and_refused(folder: Path) -> None:
    """Fingerprint and attempt id become paths, so they are checked."""
    with pytest.raises(ValueError, match="fingerprint"):
        Originals(folder).put(make_record(fingerprint="../x"), PNG)
    with pytest.raises(ValueError, match="attempt"):
        Originals(folder).put(replace(make_record(), attempt="../x"), PNG)


def test_the_steps_of_storing_are_synced_in_order(folder: Path, monkeypatch) -> None:
    """Both files and their folder are on the disk before the rename, the parent after it."""
    originals = Originals(folder)
    originals.put(make_record(1), PNG)
    steps: list[str] = []
    fsync, rename = os.fsync, Path.rename
    monkeypatch.setattr(
        os, "fsync", lambda fd: (steps.append(Path(f"/proc/self/fd/{fd}").readlink().name), fsync(fd))[1]
    )
    monkeypatch.setattr(Path, "rename", lambda self, to: (steps.append("rename"), rename(self, to))[1])
    originals.put(make_record(2), PNG)
    assert steps[:2] == ["reply.png", "record.json"]
    assert steps[2].endswith(".tmp") and steps[3:] == ["rename", PRINT]


@pytest.mark.parametrize("failing", range(4))
def test_a_disk_that_fails_at_any_sync_leaves_nothing_half(folder: Path, monkeypatch, failing: int) -> None:
    """The error is clear, and what is there afterwards is whole or absent."""
    originals = Originals(folder)
    originals.put(make_record(1), PNG)
    count, fsync = iter(range(100)), os.fsync

    def fail(descriptor: int) -> None:
        if next(count) == failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(InputError, match="no space left"):
        originals.put(make_record(2), PNG)
    monkeypatch.undo()
    assert names(folder) == [PRINT]
    for stored in originals.for_fingerprint(PRINT):
        assert originals.read(stored) == PNG


KILL = """
import os, signal, sys
from pathlib import Path
from chargen.model.record import from_json
from chargen.store.originals import Originals
step, folder = int(sys.argv[1]), Path(sys.argv[2])
record, data = Path(sys.argv[3]).read_text(), Path(sys.argv[4]).read_bytes()
seen = 0
def before(real):
    def call(*args, **kwargs):
        global seen
        seen += 1
        if seen == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    return call
os.fsync = before(os.fsync)
Path.rename = before(Path.rename)
Path.mkdir = before(Path.mkdir)
Originals(folder).put(from_json(record), data)
"""


def test_killed_at_any_step_it_is_whole_or_absent_and_recovered_once_written(tmp_path: Path) -> None:
    """SIGKILL before each step in turn: a reader sees all or nothing, and what was whole is put into place."""
    (tmp_path / "record").write_text(to_json(make_record()))
    (tmp_path / "data").write_bytes(PNG)
    outcomes = []
    for step in range(1, 20):
        folder = tmp_path / str(step) / "originals"
        arguments = [str(step), str(folder), str(tmp_path / "record"), str(tmp_path / "data")]
        ended = subprocess.run([sys.executable, "-c", KILL, *arguments], check=False, timeout=30).returncode
        damage: list[Problem] = []
        originals = Originals(folder, report=damage.append)
        seen = originals.for_fingerprint(PRINT)
        recovered = originals.recover()
        after = originals.for_fingerprint(PRINT)
        assert damage == []
        assert len(after) == len(seen) + len(recovered)
        assert all(originals.read(stored) == PNG for stored in after)
        assert [path.name for path in folder.glob("*.tmp")] == []
        outcomes.append("seen" if seen else "recovered" if recovered else "absent")
        if ended == 0:
            break
        assert ended == -9
    else:
        pytest.fail("never reached the end")
    assert outcomes == sorted(outcomes)  # absent, then recovered, then seen: no step loses what a former one had
    assert set(outcomes) == {"absent", "recovered", "seen"}


def test_a_whole_reply_is_put_into_place_also_where_the_id_of_its_process_is_in_use_again(folder: Path) -> None:
    """In a container the id of the process that died is soon another's, which is alive."""
    stored = Originals(folder).put(make_record(), PNG)
    (folder / PRINT / stored.record.attempt).rename(folder / f".chargen-{os.getppid()}-{'0' * 16}.tmp")
    assert Originals(folder).for_fingerprint(PRINT) == ()
    assert Originals(folder).recover() == (stored,)
    assert Originals(folder).for_fingerprint(PRINT) == (stored,)


def test_damage_is_told_and_the_rest_is_read(folder: Path) -> None:
    """A lost, cut or foreign record and changed bytes never hide the others."""
    damage: list[Problem] = []
    originals = Originals(folder, report=damage.append)
    stored = [originals.put(make_record(number), PNG) for number in range(1, 6)]
    (place(folder, stored[0]) / "record.json").unlink()
    (place(folder, stored[1]) / "record.json").write_text("{")
    (place(folder, stored[2]) / "record.json").write_bytes((place(folder, stored[3]) / "record.json").read_bytes())
    (place(folder, stored[3]) / "reply.png").write_bytes(b"changed")
    (folder / PRINT / "notes.txt").write_text("an author's")
    good = originals.for_fingerprint(PRINT)
    assert good == (stored[3], stored[4])
    assert [Path(str(problem.position)).name for problem in damage] == [item.record.attempt for item in stored[:3]]
    assert all(problem.hint for problem in damage)
    with pytest.raises(InputError, match="damaged"):
        originals.read(stored[3])
    (place(folder, stored[3]) / "reply.png").unlink()
    with pytest.raises(InputError, match="can't read"):
        originals.read(stored[3])


def test_a_record_can_not_name_a_file_outside_its_folder(folder: Path) -> None:
    """A stranger's record that points elsewhere is damage."""
    damage: list[Problem] = []
    originals = Originals(folder, report=damage.append)
    stored = originals.put(make_record(), PNG)
    path = place(folder, stored) / "record.json"
    path.write_text(path.read_text().replace('"reply.png"', '"../../../x.png"'))
    assert originals.for_fingerprint(PRINT) == () and len(damage) == 1


def test_published_forms_are_kept_beside_the_original(folder: Path) -> None:
    """Each form is noted once; a broken note is as none."""
    originals = Originals(folder)
    stored = originals.put(make_record(), PNG)
    form = PublishedFile(FileHash(hash_bytes(b"x")), 1, "2026-11-22T14:08:09.000000Z", "generated/a.png")
    again = replace(form, sha256=FileHash(hash_bytes(b"y")))
    for each in (form, form, again):
        noted = originals.note_published(stored, each)
    assert noted.published == (form, again) == originals.for_fingerprint(PRINT)[0].published
    for broken in (b"", b"[", b"{}", b"[1]", b'[{"sha256": 1}]'):
        (place(folder, stored) / "published.json").write_bytes(broken)
        assert originals.for_fingerprint(PRINT)[0].published == ()


def test_attempt_ids_sort_by_time_and_differ() -> None:
    """Two attempts in one microsecond still have two folders."""
    early, late = datetime(2026, 9, 30, 23, 59, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    assert new_attempt_id(early) < new_attempt_id(late)
    assert new_attempt_id(early) != new_attempt_id(early)
