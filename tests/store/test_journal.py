"""The journal: every attempt on the disk before its request, money added up, and rebuilt when lost."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from chargen.errors import InputError, Problem, StartError
from chargen.model.record import PublishedFile, Record
from chargen.model.request import FailureClass
from chargen.model.values import EntryId, FileHash, Fingerprint, Size
from chargen.providers import is_proof
from chargen.store import journal_file
from chargen.store.clock import compact_stamp
from chargen.store.journal import Journal
from chargen.store.journal_rows import AttemptStatus, Sending
from chargen.store.originals import Originals
from chargen.store.spending import Sum, sum_of
from chargen.store.trash import Trash

START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
ALICE = EntryId("chapters/ch01/alice")


@dataclass
class Ticking:
    """A clock that goes on by a second each time it is read."""

    moment: datetime = field(default=START)

    def now(self) -> datetime:
        """Return the next second."""
        self.moment += timedelta(seconds=1)
        return self.moment

    def monotonic(self) -> float:
        """Return the last second."""
        return self.moment.timestamp()


@pytest.fixture
def originals(tmp_path: Path) -> Originals:
    return Originals(tmp_path / ".chargen" / "originals")


@pytest.fixture
def journal(tmp_path: Path, originals: Originals):
    opened = Journal(tmp_path, originals, clock=Ticking(), scrub=lambda text: text.replace("sk-secret", "[key]"))
    yield opened
    opened.close()


def sending(number: int = 1, task: str = ALICE, print_: str = "ab" * 32, cost: str | None = "0.05") -> Sending:
    return Sending(
        attempt_id=f"{compact_stamp(START)}-{number:08x}",
        task_id=EntryId(task),
        run_id="run-1",
        number=number,
        provider="openai",
        model="gpt-image-2",
        fingerprint=Fingerprint(print_),
        cost_estimate_usd=None if cost is None else Decimal(cost),
    )


def record_of(sent: Sending, sent_at: str, cost: str | None = "0.053") -> Record:
    return Record(
        entry_id=sent.task_id,
        kind="chapter",
        file="imagery/x.yaml",
        attempt=sent.attempt_id,
        fingerprint=sent.fingerprint,
        prompt=f"prompt of {sent.task_id}",
        negative_prompt="",
        asked_size=Size(64, 64),
        provider=sent.provider,
        model=sent.model,
        sent_at=sent_at,
        received_at="2026-11-22T15:00:00.000000Z",
        chargen_version="0",
        request_id="req",
        usage={"tokens": 7},
        cost_usd=None if cost is None else Decimal(cost),
        cost_estimate_usd=sent.cost_estimate_usd,
        run=sent.run_id,
        number=sent.number,
    )


def build(
    journal: Journal, originals: Originals, sent: Sending, *, publish: bool = True, cost: str | None = "0.053"
) -> None:
    stored = originals.put(record_of(sent, journal.sent(sent), cost), b"bytes of " + sent.attempt_id.encode())
    journal.stored(stored)
    if publish:
        at, path, digest = "2026-11-22T15:00:01.000000Z", f"generated/{sent.task_id}.png", FileHash("cd" * 32)
        file = PublishedFile(digest, 9, at, path)
        originals.note_published(stored, file)
        journal.done(sent.task_id, file, sent.attempt_id)


def tasks(journal: Journal, columns: str) -> list[tuple[object, ...]]:
    """Return columns of the table `tasks`, once the journal has seen to its own repair."""
    journal.building()
    return rows(journal, f"SELECT {columns} FROM tasks ORDER BY task_id")


def rows(journal: Journal, query: str) -> list[tuple[object, ...]]:
    return journal._file.read(lambda connection: list(connection.execute(query)))


def test_a_good_attempt_goes_from_sent_over_stored_to_done(journal: Journal, originals: Originals) -> None:
    """Each step is in the row, and the task tells the last of it."""
    sent = sending()
    journal.begin_run("run-1", "doit")
    sent_at = journal.sent(sent)
    assert [(row.status, row.sent_at) for row in journal.attempts()] == [(AttemptStatus.SENT, sent_at)]
    assert rows(journal, "SELECT pid FROM runs") == [(os.getpid(),)]
    stored = originals.put(record_of(sent, sent_at), b"x")
    journal.stored(stored)
    assert tasks(journal, "status") == [("building",)]
    assert journal.building() == {ALICE}
    for _ in range(2):
        journal.done(ALICE, PublishedFile(FileHash("cd" * 32), 9, sent_at, "generated/a.png"), sent.attempt_id)
    journal.end_run("run-1")
    (row,) = journal.attempts_for(ALICE)
    assert (row.status, row.file_sha256, row.cost_usd, row.usage) == (
        AttemptStatus.DONE,
        "cd" * 32,
        Decimal("0.053"),
        {"tokens": 7},
    )
    assert row.original == f"{'ab' * 32}/{sent.attempt_id}"
    assert tasks(journal, "status,finished_at,error") == [("done", sent_at, None)]
    assert journal.attempts_for(EntryId("other")) == []


def test_a_sent_row_is_durable_before_the_call_returns(tmp_path: Path) -> None:
    """A process killed right after `sent` has left its row, and the next one names it as possibly billed, once."""
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nsys.path.insert(0, sys.argv[2])\n"
        "from test_journal import *\n"
        "root = Path(sys.argv[1])\n"
        "journal = Journal(root, Originals(root / '.chargen' / 'originals'))\n"
        "journal.begin_run('run-1', 'doit')\njournal.sent(sending())\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    here = str(Path(__file__).parent)
    assert subprocess.run([sys.executable, "-c", script, tmp_path, here], check=False, timeout=30).returncode == -9
    journal = Journal(tmp_path, Originals(tmp_path / ".chargen" / "originals"))
    assert sum_of("", journal.attempts(START), is_proof).possibly_usd == Decimal("0.05")
    (left,) = journal.leftovers()
    assert (left.status, left.possibly_billed, left.attempt_id) == (
        AttemptStatus.POSSIBLY_BILLED,
        True,
        sending().attempt_id,
    )
    assert not left.lost_its_job
    assert journal.leftovers() == ()
    assert tasks(journal, "status") == [("failed",)]
    assert sum_of("", journal.attempts(START), is_proof).possibly_usd == Decimal("0.05")
    journal.close()


def test_what_is_in_flight_in_our_own_run_is_left_alone(tmp_path: Path, journal: Journal, originals: Originals) -> None:
    """Rows of our own run are no leftovers; rows whose original is there were stored."""
    journal.begin_run("run-1", "doit")
    journal.sent(sending(1))
    assert journal.leftovers() == ()  # our own run
    other = Journal(tmp_path, originals)
    originals.put(record_of(sending(1), "2026-11-22T14:00:00.000000Z"), b"x")
    assert other.leftovers() == ()
    assert other.attempts()[0].status is AttemptStatus.STORED
    other.close()


@pytest.mark.parametrize("pid", [os.getpid(), os.getppid(), 1], ids=["ours", "our parent", "init"])
def test_a_row_of_a_process_whose_id_is_in_use_again_is_a_leftover(
    tmp_path: Path, journal: Journal, originals: Originals, pid: int
) -> None:
    """In a container every run may have the same process id, or that of a program that goes on."""
    journal.begin_run("run-1", "doit")
    journal.sent(sending())
    journal.close()
    with sqlite3.connect(journal.path) as connection:
        connection.execute("UPDATE runs SET pid = ?", (pid,))
        connection.execute("UPDATE attempts SET pid = ?", (pid,))  # as older versions wrote it
    connection.close()
    later = Journal(tmp_path, originals)
    assert len(later.leftovers()) == 1
    later.close()


def test_money_is_added_up_by_what_is_known(journal: Journal, originals: Originals) -> None:
    """Known costs, estimates of what came without one, what may be billed, and what nobody knows."""
    build(journal, originals, sending(1))
    build(journal, originals, sending(2), cost=None)
    build(journal, originals, sending(3, cost=None), cost=None, publish=False)
    for number, options in ((4, {"possibly_billed": True}), (5, {}), (6, {"cost_usd": Decimal("0.01")})):
        journal.sent(sending(number))
        journal.failed(sending(number).attempt_id, FailureClass.AMBIGUOUS, "gone", **options)
    journal.sent(sending(7))
    journal.sent(sending(8, cost=None))
    spent = sum_of("", journal.attempts(START), is_proof)
    assert (spent.images, spent.usd, spent.estimated_usd) == (3, Decimal("0.103"), Decimal("0.05"))
    assert (spent.failures, spent.failed_usd) == (2, Decimal("0.01"))
    assert (spent.possibly, spent.possibly_usd, spent.unknown) == (3, Decimal("0.10"), 2)
    assert spent.total_usd == Decimal("0.213")
    assert sum_of("", journal.attempts(START + timedelta(days=1)), is_proof) == Sum()


def test_refusals_are_listed_with_their_words(journal: Journal, originals: Originals) -> None:
    """Whose they are, and whether something else came since, is for whoever judges an image to say."""
    journal.sent(sending(1))
    journal.failed(
        sending(1).attempt_id, FailureClass.REFUSED, "no", http_status=400, request_id="r\ud83e", usage={"a": 1}
    )
    build(journal, originals, sending(2))
    (refused,) = journal.fruitless()
    assert (refused.task_id, refused.fingerprint) == (ALICE, Fingerprint("ab" * 32))
    assert (refused.message, refused.http_status, refused.request_id) == ("no", 400, "r\\ud83e")


def test_no_secret_gets_in(journal: Journal) -> None:
    """Messages, errors of tasks and command lines are scrubbed."""
    journal.begin_run("run-1", "doit sk-secret")
    journal.sent(sending())
    journal.failed(sending().attempt_id, FailureClass.PROVIDER_STOP, "bad key sk-secret")
    journal.task_failed(ALICE, "bad key sk-secret")
    journal.close()
    assert b"sk-secret" not in journal.path.read_bytes()
    assert tasks(journal, "error") == [("bad key [key]",)]


def test_a_new_attempt_clears_the_old_failure(journal: Journal) -> None:
    """The task tells of the last attempt only."""
    journal.task_failed(ALICE, "blocked")
    journal.sent(sending())
    assert tasks(journal, "status,error,finished_at") == [("building", None, None)]


def dump(journal: Journal) -> object:
    return (
        journal.attempts(),
        rows(journal, "SELECT attempt_id, failure_class, http_status FROM attempts ORDER BY attempt_id"),
        tasks(journal, "*"),
    )


def other_database(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs(name)")
    connection.execute("PRAGMA user_version=1")
    connection.commit()
    connection.close()


def changed_row(change: str) -> Callable[[Path], None]:
    def work(path: Path) -> None:
        connection = sqlite3.connect(path)
        connection.execute(f"UPDATE attempts SET {change}")
        connection.commit()
        connection.close()

    return work


LOSSES = {
    "status": changed_row("status='stired'"),
    "usage": changed_row("usage='{'"),
    "time": changed_row("sent_at='2026-11-2'"),
    "bytes": changed_row("model=CAST(x'ff61' AS TEXT)"),
    "deleted": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(b"garbage " * 1000),
    "torn": lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\0" * 4096 * 20),
    "another": other_database,
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lost_journal_is_rebuilt_equal_from_the_originals(
    tmp_path: Path, journal: Journal, originals: Originals, loss: str
) -> None:
    """Deleted or damaged: rows of stored and published images come back as they were; the damaged file is kept."""
    build(journal, originals, sending(1))
    build(journal, originals, sending(2, "chapters/ch01/dodo"), cost=None)
    build(journal, originals, sending(3, "chapters/ch01/gryphon", cost=None), publish=False)
    before = dump(journal)
    journal.close()
    LOSSES[loss](journal.path)
    assert dump(journal) == before
    journal.sent(sending(9))
    kept = [item.was for item in Trash(tmp_path).list()]
    assert kept == ([] if loss in ("deleted", "emptied") else [".chargen/journal.sqlite"])
    assert len(journal.attempts()) == 4


def test_damage_met_while_it_is_open_is_mended_too(tmp_path: Path, journal: Journal, originals: Originals) -> None:
    """A page that turns out broken in the middle of a run loses neither the write nor the originals."""
    for number in range(1, 40):
        build(journal, originals, sending(number, f"chapters/ch01/{number}"))
    journal.close()
    data = bytearray(journal.path.read_bytes())
    data[4096 * 2 :] = b"\xa5" * (len(data) - 4096 * 2)
    journal.path.write_bytes(data)
    journal.sent(sending(77))
    assert len(journal.attempts()) == 40
    assert Trash(tmp_path).list() != ()


@pytest.mark.parametrize("made_anew", [False, True])
def test_a_journal_deleted_while_it_is_open_is_made_again_with_all_its_rows(
    tmp_path: Path, journal: Journal, originals: Originals, made_anew: bool
) -> None:
    """Also where another command has made a new one: what is in flight must be on the disk whatever was deleted."""
    build(journal, originals, sending(1))
    journal.sent(sending(2))
    rows = journal.attempts()
    shutil.rmtree(tmp_path / ".chargen")
    if made_anew:
        other = Journal(tmp_path, originals)
        other.begin_run("run-9", "approve")
        other.close()
    journal.task_failed(EntryId("chapters/ch01/later"), "no disk")
    later = Journal(tmp_path, originals)
    assert later.attempts() == rows
    assert [item.attempt_id for item in later.leftovers()] == [sending(2).attempt_id]
    later.close()


def test_reading_only_makes_nothing(tmp_path: Path, journal: Journal, originals: Originals) -> None:
    """No journal is an empty one; one that is there is read without a file being made, also where it is damaged."""
    reader = Journal(tmp_path, originals, read_only=True)
    assert reader.attempts() == [] and sum_of("", reader.attempts(START), is_proof) == Sum()
    assert list(tmp_path.iterdir()) == []
    build(journal, originals, sending(1))
    open_files = sorted(path.name for path in journal.path.parent.iterdir())
    assert len(reader.attempts()) == 1  # beside a writer
    assert sorted(path.name for path in journal.path.parent.iterdir()) == open_files
    reader.close()
    journal.close()
    closed_files = sorted(path.name for path in journal.path.parent.iterdir())
    assert len(reader.attempts()) == 1
    reader.close()
    assert sorted(path.name for path in journal.path.parent.iterdir()) == closed_files
    with pytest.raises(ValueError, match="only read"):
        reader.sent(sending(2))
    journal.path.write_bytes(b"garbage " * 1000)
    assert [row.task_id for row in reader.attempts()] == [ALICE]
    assert journal.path.read_bytes() == b"garbage " * 1000
    reader.close()


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss not in ("deleted", "emptied")])
def test_damage_is_told(tmp_path: Path, journal: Journal, originals: Originals, loss: str) -> None:
    """A reader says what it goes by and can't know; what mends it says where the damaged file is; each says it once."""
    build(journal, originals, sending(1))
    journal.sent(sending(2))
    journal.failed(sending(2).attempt_id, FailureClass.REFUSED, "no")
    journal.close()
    LOSSES[loss](journal.path)
    told: list[Problem] = []
    reader = Journal(tmp_path, originals, read_only=True, report=told.append)
    assert [row.attempt_id for row in reader.attempts()] == [sending(1).attempt_id]
    assert reader.attempts_for(ALICE) and reader.unfinished() == frozenset()
    reader.close()
    (problem,) = told
    assert str(problem).startswith(".chargen/journal.sqlite: warning: the journal is damaged or can't be read")
    assert "comes from the 1 original alone" in problem.message
    assert "requests that failed, were refused or may have been billed are not known now" in problem.hint
    told.clear()
    writer = Journal(tmp_path, originals, report=told.append)
    assert len(writer.attempts()) == 1
    writer.close()
    (kept,) = Trash(tmp_path).list()
    (problem,) = told
    assert problem.message == "the journal was damaged: it was made again from the 1 original"
    assert problem.hint.endswith(f"the damaged file is kept: `{kept.path.relative_to(tmp_path).as_posix()}`")


def test_damage_where_nothing_was_paid_for_is_told_in_words(tmp_path: Path, originals: Originals) -> None:
    """There may be no original to go by: a full disk before the first image."""
    told: list[Problem] = []
    path = Journal(tmp_path, originals).path
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"garbage " * 1000)
    reader = Journal(tmp_path, originals, read_only=True, report=told.append)
    assert reader.attempts() == []
    reader.close()
    (problem,) = told
    assert problem.message.endswith("what is told comes from nothing: there are no originals")


def test_only_a_beginning_goes_without_a_word(tmp_path: Path, originals: Originals) -> None:
    """A new journal is told where there are originals already, which it was made from."""
    told: list[Problem] = []
    first = Journal(tmp_path, originals, report=told.append)
    build(first, originals, sending(1))
    first.close()
    assert told == []
    first.path.unlink()
    assert len(first.attempts()) == 1
    first.close()
    assert [problem.message for problem in told] == ["the journal was gone: it was made again from the 1 original"]


def test_a_journal_in_the_making_is_not_called_damaged(tmp_path: Path, originals: Originals) -> None:
    """Its file is there before its tables: whoever looks in that moment sees an empty one."""
    told: list[Problem] = []
    path = tmp_path / ".chargen" / "journal.sqlite"
    path.parent.mkdir()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    reader = Journal(tmp_path, originals, read_only=True, report=told.append)
    assert reader.attempts() == []
    assert told == []
    reader.close()
    connection.close()


def test_an_interrupt_at_any_line_of_a_transaction_leaves_none_open(journal: Journal) -> None:
    """What was being written then may be there or not; what follows is, and its thread waits for nothing."""
    journal.begin_run("run-0", "doit")
    for number in count(1):
        left, plain = number, sys.gettrace()

        def step(frame: FrameType, event: str, _argument: object) -> Any:
            nonlocal left
            if frame.f_code.co_filename != journal_file.__file__:
                return None
            left -= event == "line"
            if event == "line" and left == 0:
                raise KeyboardInterrupt
            return step

        sys.settrace(step)
        try:
            journal.begin_run(f"run-{number}", "doit")
        except KeyboardInterrupt:
            continue
        finally:
            sys.settrace(plain)
            journal.begin_run(f"after-{number}", "doit")
        break
    assert number > 10
    runs = [name for (name,) in rows(journal, "SELECT run_id FROM runs")]
    assert {f"after-{step}" for step in range(1, number + 1)} < set(runs)


def test_threads_share_one_journal(journal: Journal) -> None:
    """Eight threads lose no row."""

    def work(first: int) -> None:
        for number in range(first, first + 10):
            journal.sent(sending(number))
            journal.failed(sending(number).attempt_id, FailureClass.TRANSIENT, "later")

    threads = [threading.Thread(target=work, args=(number * 10,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [row.status for row in journal.attempts()] == [AttemptStatus.FAILED] * 80


def test_commits_reach_the_disk(journal: Journal) -> None:
    """The file keeps a write-ahead log, and this connection syncs it with each commit."""
    journal.begin_run("r", "doit")
    modes = journal._file.read(
        lambda c: [c.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    )
    assert modes == ["wal", 2]


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path: Path, journal: Journal) -> None:
    """It is neither read wrongly nor thrown away."""
    journal.begin_run("r", "doit")
    journal.close()
    connection = sqlite3.connect(journal.path)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(StartError, match="newer"):
        journal.attempts()
    assert Trash(tmp_path).list() == ()


def test_a_disk_that_does_not_take_the_journal_is_an_input_error(tmp_path: Path, originals: Originals) -> None:
    """A folder at its place, and a limit on its size, are said with a next step."""
    (tmp_path / ".chargen" / "journal.sqlite").mkdir(parents=True)
    journal = Journal(tmp_path, originals)
    with pytest.raises(InputError, match="can't write the journal"):
        journal.sent(sending())
    (tmp_path / ".chargen" / "journal.sqlite").rmdir()
    journal.begin_run("r", "doit")
    journal._file.read(lambda c: list(c.execute("PRAGMA max_page_count=1")))
    with pytest.raises(InputError, match="full"):
        for number in range(1, 1000):
            journal.sent(sending(number))
    journal.close()
