"""`doit` interrupted by real signals: what is in flight is finished and saved, or named as possibly billed."""

import json
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from servers.loopback import held
from servers.openai_server import OpenAIServer, rate_limited
from support.forks import ForkedProject, Forks
from support.project import Project

OPENAI = "openai/gpt-image-2"
PROMPTS = {"a": "A lamp.", "b": "A door.", "c": "A hat.", "d": "A key."}
ONE_AT_A_TIME = "[tool.chargen.providers.openai]\nworkers = 1\n"


@pytest.fixture(autouse=True)
def _not_under_nohup() -> Iterator[None]:
    """What is started here takes SIGHUP as a terminal sends it, whoever started the suite."""
    if not hasattr(signal, "SIGHUP"):
        yield
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@contextmanager
def started(book: Project, *command: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that a failing test does not leave behind."""
    with book.start(*command, env=env) as process:
        try:
            yield process
        finally:
            process.kill()


def attempts(book: Project) -> list[tuple[str, str]]:
    """Return (id, status) of every attempt in the journal, oldest first."""
    with closing(sqlite3.connect(book.root / ".chargen/journal.sqlite")) as database:
        return database.execute("SELECT task_id, status FROM attempts ORDER BY sent_at").fetchall()


SIGNALS = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]


@pytest.mark.parametrize("number", SIGNALS)
def test_first_signal_saves_what_is_in_flight_and_sends_nothing_more(
    forks: Forks, tmp_path: Path, number: signal.Signals
) -> None:
    """The reply that was under way is stored, published and written back; the others wait for the next run."""
    book = ForkedProject(forks, tmp_path, ONE_AT_A_TIME)
    file = book.chapter("ch01", PROMPTS, entry="quality: low", route=OPENAI)
    answer = threading.Event()
    with OpenAIServer() as server, started(book, "doit", env=server.environ) as process:
        server.at(1, held(answer))
        server.wait_for(1, timeout=60)
        process.send_signal(number)
        lines = [process.stdout.readline().decode() for _ in range(3)]
        answer.set()
        out, err = process.communicate(timeout=60)
        told = "".join(lines) + out.decode()
        assert process.returncode == 130, told + err.decode()
        assert len(server.requests) == 1
    assert "interrupted: finishing 1 image in the making" in told
    assert "built 1, interrupted 3" in told
    assert book.images() == {"chapters/ch01/a"}
    assert len(book.records(file)) == 1
    assert attempts(book) == [("chapters/ch01/a", "done")]
    with OpenAIServer() as server:
        again = book.doit(env=server.environ)
        assert again.code == 0, again.all
        assert [seen.prompt.strip() for seen in server.requests] == ["A door.", "A hat.", "A key."]
    assert "possibly billed" not in again.out


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no such signal")
@pytest.mark.parametrize("ignored", [False, True])
def test_a_terminal_that_is_closed_loses_no_reply(tmp_path: Path, *, ignored: bool) -> None:
    """Shell and system both say so, that is twice: it never aborts; after `nohup` it means nothing."""
    book = Project(tmp_path, ONE_AT_A_TIME)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="quality: low", route=OPENAI)
    answer = threading.Event()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        with OpenAIServer() as server, started(book, "doit", env=server.environ) as process:
            server.at(1, held(answer))
            server.wait_for(1, timeout=60)
            process.send_signal(signal.SIGHUP)
            if not ignored:
                while "interrupted: finishing" not in process.stdout.readline().decode():
                    assert process.poll() is None
            process.send_signal(signal.SIGHUP)
            process.stdout.close()
            answer.set()
            assert process.wait(timeout=60) == (0 if ignored else 130)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert book.images() == ({"chapters/ch01/a", "chapters/ch01/b"} if ignored else {"chapters/ch01/a"})


def test_second_signal_ends_at_once_and_the_next_run_names_what_may_be_billed(forks: Forks, tmp_path: Path) -> None:
    """The journal's row stays `sent`; the next run tells it once and builds what has no reply."""
    book = ForkedProject(forks, tmp_path, ONE_AT_A_TIME)
    book.chapter("ch01", {"a": "A lamp."}, entry="quality: low", route=OPENAI)
    answer = threading.Event()
    with OpenAIServer() as server, started(book, "doit", env=server.environ) as process:
        server.at(1, held(answer))
        server.wait_for(1, timeout=60)
        process.send_signal(signal.SIGINT)
        while "once more to abandon it" not in process.stdout.readline().decode():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.communicate()[0] == b"aborted: requests in flight may be billed; the next run names them\n"
        assert attempts(book) == [("chapters/ch01/a", "sent")]
        answer.set()
        again = book.doit(env=server.environ)
        assert again.code == 0, again.all
        assert again.out.splitlines()[0].startswith("possibly billed: chapters/ch01/a was being made by openai/")
        assert len(server.requests) == 2
        assert "possibly billed" not in book.doit(env=server.environ).out
        assert len(server.requests) == 2


def test_an_interrupt_ends_waits(tmp_path: Path) -> None:
    """An image that waits for its turn between tries is not tried again after an interrupt."""
    book = Project(tmp_path, ONE_AT_A_TIME)
    book.chapter("ch01", {"a": "A lamp."}, entry="quality: low", route=OPENAI)

    with OpenAIServer() as server, started(book, "doit", env=server.environ) as process:
        server.at(1, rate_limited(wait=50))
        server.wait_until(lambda seen: bool(seen and seen[0].done))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130, out.decode() + err.decode()
        assert len(server.requests) == 1
    assert "interrupted 1" in out.decode()


def test_batch_is_interrupted_as_doit_is(tmp_path: Path) -> None:
    """`chargen batch` runs on the same engine: one signal, one saved image, exit code 130, and its JSON is whole."""
    book = Project(tmp_path, ONE_AT_A_TIME)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="quality: low", route=OPENAI)
    answer = threading.Event()
    with OpenAIServer() as server, started(book, "chargen", "batch", "all", "--json", env=server.environ) as process:
        server.at(1, held(answer))
        server.wait_for(1, timeout=60)
        process.send_signal(signal.SIGTERM)
        while "interrupted: finishing" not in process.stderr.readline().decode():
            assert process.poll() is None
        answer.set()
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 130
        assert len(server.requests) == 1
    assert json.loads(out)
    assert book.images() == {"chapters/ch01/a"}


def test_images_are_made_side_by_side_in_plan_order(tmp_path: Path) -> None:
    """Three requests are under way at once before any is answered, and the lines are whole whoever ends first."""
    book = Project(tmp_path, "[tool.chargen.providers.openai]\nworkers = 3\n")
    book.chapter("ch01", PROMPTS, entry="quality: low", route=OPENAI)
    first, others = threading.Event(), threading.Event()
    with OpenAIServer() as server, started(book, "doit", env=server.environ) as process:
        server.when("A lamp.", held(first))
        server.when("A door.", held(others))
        server.wait_for(3, timeout=60)
        assert sorted(seen.prompt.strip() for seen in server.requests[:3]) == ["A door.", "A hat.", "A lamp."]
        others.set()
        told = [process.stdout.readline().decode()]
        while not told[-1].startswith("[3/4]"):
            told.append(process.stdout.readline().decode())
        first.set()
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err.decode()
    lines = [line for line in "".join(told).splitlines() + out.decode().splitlines() if line.startswith("[")]
    assert [line.partition("]")[0] for line in lines] == ["[1/4", "[2/4", "[3/4", "[4/4"]
    assert "chapters/ch01/a  built by" in lines[3]
