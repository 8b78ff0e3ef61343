"""Jobs where the disk takes no more: nothing leaves that is not on it, nothing is bought twice, images are told why."""

from __future__ import annotations

import errno
import json
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.records import a_record
from support.shop import Shop

from chargen.errors import InputError
from chargen.model.record import Record
from chargen.model.values import EntryId, Fingerprint
from chargen.store import batch_jobs, batch_spool
from chargen.store.batch_job import JobLine
from chargen.store.batch_jobs import BatchJobs
from chargen.store.batch_spool import RECORDS_FILE, REQUESTS_FILE

NAMES = ("chapters/ch01/a", "chapters/ch01/b")


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Let the system refuse what would make a file larger, after the part that still fits."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _line(name: str) -> JobLine:
    return JobLine(name, EntryId(f"chapters/ch01/{name}"), Fingerprint("f" * 64))


def _record(name: str) -> Record:
    return a_record(entry_id=EntryId(f"chapters/ch01/{name}"), attempt=name, fingerprint=Fingerprint("f" * 64))


@pytest.mark.parametrize("full", [REQUESTS_FILE, RECORDS_FILE])
def test_a_line_that_does_not_fit_leaves_nothing_behind(tmp_path: Path, full: str) -> None:
    """Neither of its two files keeps a part, whichever it was that took no more; the next line stands whole."""
    spool = BatchJobs(tmp_path).spool()
    spool.add(_line("one"), _record("one"), b'{"line": 1}')
    requests, records = spool.path / REQUESTS_FILE, spool.path / RECORDS_FILE
    large = b'{"line": "%s"}' % (b"x" * 10_000 if full == REQUESTS_FILE else b"2")
    with (
        no_file_beyond(records.stat().st_size + 100),
        pytest.raises(InputError, match="can't write this file: file too large"),
    ):
        spool.add(_line("two"), _record("two"), large)
    spool.add(_line("three"), _record("three"), b'{"line": 3}')
    spool.finish()
    assert requests.read_bytes() == b'{"line": 1}\n{"line": 3}\n'
    assert [json.loads(line)["attempt"] for line in records.read_text().splitlines()] == ["one", "three"]
    assert [line.attempt for line in spool.lines] == ["one", "three"]
    assert spool.bytes == requests.stat().st_size


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _in(name: str) -> Callable[..., Any]:
    """Let the disk take no file of a name."""
    real = batch_jobs.write_durably

    def write(path: Path, data: bytes, **more: Any) -> None:
        if path.name == name:
            with batch_jobs.as_input_error(path):
                _full()
        real(path, data, **more)

    return write


@pytest.mark.parametrize("step", ["lines", "job.json", "creating"])
def test_a_job_that_the_disk_does_not_take_is_not_made(shop: Shop, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Its images have failed with the reason; the next run makes one job of them."""
    shop.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    with monkeypatch.context() as patched:
        if step == "lines":
            patched.setattr(batch_spool, "sync_file", _full)
        else:
            patched.setattr(batch_jobs, "write_durably", _in(step))
        assert shop.run_build() == 1
    message = "its job could not be made: can't write this file: no space left on device"
    assert [shop.last.failed[EntryId(name)].message.partition("\n")[0] for name in NAMES] == [message, message]
    assert shop.vendor.jobs == []
    assert not [path for path in shop.root.glob(".chargen/jobs/*") if not path.name.startswith(".")]
    assert shop.run_build() == 0
    assert shop.vendor.prompts == ["A lamp.", "A door."]
    assert set(shop.verdicts().values()) == {"waiting"}


def test_a_job_whose_id_the_disk_does_not_take_is_found_by_its_name(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    with monkeypatch.context() as patched:
        patched.setattr(batch_jobs, "write_durably", _in("id"))
        assert shop.run_build() == 0
    assert set(shop.verdicts().values()) == {"waiting"}
    shop.vendor.finish()
    assert shop.run_build() == 0
    assert set(shop.verdicts().values()) == {"fresh"}
    assert shop.vendor.prompts == ["A lamp.", "A door."]
