"""`chargen watch`: a real process told by real saves; what it builds stays within its budget."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from servers.loopback import held
from servers.openai_server import OpenAIServer
from support.project import Project

A, B = "chapters/ch01/a", "chapters/ch01/b"
CH01 = "imagery/chapters/ch01/imagery.yaml"


class Watch:
    """A running `chargen watch`, line by line."""

    def __init__(self, book: Project, *options: str, env: Mapping[str, str] | None = None) -> None:
        self.process = book.start("chargen", "watch", *options, env=env)
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.decode().rstrip())

    def until(self, words: str) -> list[str]:
        """Wait for a line with these words; return all lines up to it."""
        found = []
        while not found or words not in found[-1]:
            found.append(self._lines.get(timeout=60))
        return found

    def close(self) -> None:
        """Let go of a process that has ended."""
        self._reader.join(timeout=30)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def rest(self) -> list[str]:
        """End it with Ctrl-C; return what it said meanwhile."""
        # What a shell starts in the background is born with Ctrl-C ignored, these tests and their children too.
        ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        self.process.send_signal(signal.SIGTERM if ignored else signal.SIGINT)
        assert self.process.wait(timeout=30) == (-signal.SIGTERM if ignored else 0)
        self.close()
        found = []
        while not self._lines.empty():
            found.append(self._lines.get())
        return found


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Project]:
    """Two images, built."""
    made = Project(tmp_path)
    made.chapter("ch01", {"a": "A lamp.", "b": "A cat."})
    assert made.chargen("batch", "all").code == 0
    return made


def test_a_save_is_told_word_by_word(book: Project) -> None:
    """With its price; a burst of saves is one look; settings that can't be read are told, and the watch goes on."""
    watch = Watch(book)
    watch.until("watching; Ctrl-C ends it")
    text = book.read(CH01)
    for word in ("candle", "torch", "lantern"):
        book.write(CH01, text.replace("lamp", word))
    lines = watch.until("1 image to send, $0.00")
    assert sum(line.startswith(f"{A}  stale") for line in lines) == 1
    assert any("[-lamp-]{+lantern+}" in line for line in lines)
    book.write(CH01, book.read(CH01) + "  broken: [\n")
    watch.until("error: ")
    assert watch.process.poll() is None
    watch.rest()


def test_what_is_saved_is_built_within_a_budget(book: Project) -> None:
    """At first what is due; then what a save makes so; its own write-backs wake nothing."""
    book.edit(CH01, "A lamp.", "A lantern.")
    watch = Watch(book, "--build", "--budget", "1")
    watch.until("$1.00 left of the budget")
    book.edit(CH01, "A cat.", "A dog.")
    lines = watch.until("left of the budget")
    assert any(line.startswith(f"{B}  stale") for line in lines)
    assert watch.rest() == []
    assert {image["verdict"] for image in book.chargen("plan", "--json").json["images"]} == {"fresh"}
    assert len(book.originals()) == 4


def test_an_interrupt_while_an_image_is_made_ends_the_watch_too(tmp_path: Path) -> None:
    """What is in flight is finished and saved; nothing is sent at the next save."""
    book = Project(tmp_path, "[tool.chargen.providers.openai]\nworkers = 1\n")
    book.chapter("ch01", {"a": "A lamp.", "b": "A cat."}, entry="quality: low", route="openai/gpt-image-2.6-flare")
    answer = threading.Event()
    with OpenAIServer() as server:
        server.at(1, held(answer))
        watch = Watch(book, "--build", "--budget", "1", env=server.environ)
        try:
            server.wait_for(1, timeout=60)
            watch.process.send_signal(signal.SIGTERM)  # a build takes it as it takes Ctrl-C
            watch.until("interrupted: finishing 1 image")
            answer.set()
            assert watch.process.wait(timeout=30) == 0
        finally:
            watch.process.kill()
            watch.close()
        assert len(server.requests) == 1
    assert book.images() == {A}


@pytest.mark.parametrize(
    ("options", "words"), [(("--build",), "needs a budget"), (("--budget", "1"), "goes with `--build` only")]
)
def test_nothing_is_built_without_a_budget(book: Project, options: tuple[str, ...], words: str) -> None:
    """Nor is a budget taken that does nothing."""
    run = book.chargen("watch", *options)
    assert (run.code, words in run.err) == (3, True)
