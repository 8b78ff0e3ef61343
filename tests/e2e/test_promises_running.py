"""What happens while a build runs does not fool it: edits, a painting author, a second process, a disk that says no."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers import pictures
from servers.loopback import held
from servers.openai_server import OpenAIServer
from support import tree
from support.forks import Forks, wait_for_text
from support.project import Project, Run

PAID = "openai/gpt-image-2.6-flare"
SETTINGS = "[tool.chargen.providers.openai]\nper_minute = 6000\n"
CHAPTER = "imagery/chapters/ch01/imagery.yaml"
A, PORTRAIT = "chapters/ch01/a", "characters/alice/alice-portrait"
IDS = {A, PORTRAIT}
Stand = Callable[[Path], Callable[[], None]]
"""Puts something at a path and returns how it is taken away."""


class Desk:
    """A project whose portrait is built; `hold` runs `doit` and lets something happen while image `a` is in flight."""

    def __init__(self, root: Path, server: OpenAIServer, forks: Forks) -> None:
        self.server = server
        self.forks = forks
        self.book = Project(root, SETTINGS, env=server.environ)
        self.book.character("alice", "A girl with a lamp.", route=PAID)
        self.book.chapter("ch01", {"a": "A lamp on a table."}, entry="depicts_characters: [alice]", route=PAID)

    def doit(self, *arguments: str, code: int = 0, **watched: str) -> Run:
        """Run `doit` to its end."""
        run = self.forks.run(self.book, "doit", *arguments, **watched)
        assert run.code == code, run.all
        return run

    @contextmanager
    def held(self, *, code: int = 0) -> Iterator[list[Run]]:
        """Run `doit`; the block happens while the request for `a` is on its way. Then the run is in the list."""
        release = threading.Event()
        self.server.when("on a table", held(release), times=1)
        before = len(self.server.requests)
        process = self.forks.start(self.book, "doit")
        runs: list[Run] = []
        try:
            self.server.wait_until(lambda seen: any("on a table" in one.prompt for one in seen[before:]))
            yield runs
        finally:
            release.set()
            runs.append(self.forks.wait(process))
        assert runs[0].code == code, runs[0].all

    def asked(self) -> list[str]:
        """Return the first words of the scene in each request so far."""
        return ["lamp on" if "A lamp on" in seen.prompt else "portrait" for seen in self.server.requests]


@pytest.fixture
def desk(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> Desk:
    """A portrait and an image that shows it, nothing built."""
    return Desk(tmp_path, openai, forks)


def _prompt(book: Project) -> None:
    book.edit(CHAPTER, "A lamp on a table.", "A lamp on a table at night.")


def _template(book: Project) -> None:
    book.edit("prompts/chapter.txt.j2", "{{", "In ink.\n{{")


def _portrait(book: Project) -> None:
    book.image(PORTRAIT).write_bytes(pictures.png(128, 128, 4711))


def _settings(book: Project) -> None:
    book.settings(f'style_suffix = "In ink."\n{SETTINGS}')


@pytest.mark.parametrize("edit", [_prompt, _template, _portrait, _settings], ids=lambda edit: edit.__name__)
def test_an_edit_while_an_image_is_made_makes_it_stale(desk: Desk, edit: Callable[[Project], None]) -> None:
    """The image is recorded with what was sent, so the next run rebuilds it, exactly once."""
    with desk.held():
        edit(desk.book)
    assert desk.asked().count("lamp on") == 1
    assert len(tree.recorded(desk.book)) == 2
    desk.doit()
    assert desk.asked().count("lamp on") == 2
    count = len(desk.server.requests)
    assert "to build" not in desk.doit().out
    assert len(desk.server.requests) == count


def test_slots_and_an_edit_of_the_same_file(desk: Desk) -> None:
    """What the author saved while the image was made stays, beside the slots."""
    with desk.held():
        desk.book.edit(CHAPTER, "metadata:", "# a note\nmetadata:")
        desk.book.edit(CHAPTER, '    size: "128x96"', '    size: "128x96"  # small')
    text = desk.book.read(CHAPTER)
    assert text.startswith("# a note\n")
    assert '    size: "128x96"  # small\n' in text
    assert len(tree.recorded(desk.book)) == 2
    assert "fresh 2" in desk.doit().out


@pytest.mark.parametrize(("command", "keeps"), [("approve", True), ("lock", True), ("accept", True), ("reject", False)])
def test_what_a_command_says_of_an_image_while_it_is_made_is_of_the_picture_there(
    desk: Desk, command: str, keeps: bool
) -> None:
    """It does not wait for the reply; what it keeps stays, what it rejects is replaced, nothing is bought twice."""
    desk.doit()
    picture = desk.book.image(A).read_bytes()
    desk.book.edit(CHAPTER, "A lamp on a table.", "A lamp on a table at night.")
    with desk.held() as runs:
        run = desk.forks.run(desk.book, "chargen", command, A)
        assert run.code == 0, run.all
    assert ("kept 1" in runs[0].out) is keeps
    assert (desk.book.image(A).read_bytes() == picture) is keeps
    assert len(desk.book.originals()) == 3
    count, text = len(desk.server.requests), desk.book.read(CHAPTER)
    desk.doit()
    assert len(desk.server.requests) == count
    assert desk.book.read(CHAPTER) == text


def test_a_picture_painted_while_its_replacement_is_made_stays(desk: Desk) -> None:
    """The author's picture is not overwritten; the paid one is stored and comes without a call when it is wanted."""
    desk.doit()
    desk.book.edit("prompts/chapter.txt.j2", "{{", "In ink.\n{{")
    painted = pictures.png(128, 96, 1234)
    with desk.held() as runs:
        desk.book.image(A).write_bytes(painted)
    assert "was changed while its picture was being made: left as it is" in runs[0].out
    assert desk.book.image(A).read_bytes() == painted
    assert len(desk.book.originals()) == 3
    count = len(desk.server.requests)
    assert "edited: chapters/ch01/a" in desk.doit().out
    assert desk.book.image(A).read_bytes() == painted

    desk.book.image(A).unlink()
    assert "restored 1" in desk.doit().out
    assert len(desk.server.requests) == count
    tree.all_agrees(desk.book, IDS)


def test_a_picture_put_there_while_the_first_is_made_stays(desk: Desk) -> None:
    """The same where nothing stood at the target when the request left."""
    painted = pictures.png(128, 96, 1234)
    with desk.held():
        desk.book.write(f"generated/{A}.png", painted)
    assert desk.book.image(A).read_bytes() == painted
    assert "to build" not in desk.doit().out
    assert desk.book.image(A).read_bytes() == painted


def test_a_picture_painted_before_the_request_leaves_is_not_bought(desk: Desk) -> None:
    """With one worker busy, the second image is judged again when its turn comes: what was painted meanwhile stays."""
    desk.book.settings(SETTINGS + "workers = 1\n")
    desk.book.chapter("ch01", {"a": "A lamp on a table.", "b": "A door."}, route=PAID)
    desk.doit()
    for old, new in (("A lamp on a table", "Two words. A lamp on a table"), ("A door", "A shut door")):
        desk.book.edit(CHAPTER, old, new)
    count = len(desk.server.requests)
    painted = pictures.png(128, 96, 1234)
    with desk.held() as runs:
        assert len(desk.server.requests) == count + 1
        wait_for_text(desk.book.root / "generated/prompts/chapters/ch01/b.txt", "A shut door")  # judged once, it waits
        desk.book.image("chapters/ch01/b").write_bytes(painted)
        time.sleep(0.1)  # longer than a request that had to wait for nothing takes to leave
    assert "not sent: while it waited the image became edited" in runs[0].out
    assert len(desk.server.requests) == count + 1
    assert desk.book.image("chapters/ch01/b").read_bytes() == painted


def test_two_runs_at_once_build_nothing_twice(desk: Desk) -> None:
    """The second waits and names the process it waits for; then there is nothing left to do."""
    with desk.held():
        first = (desk.book.root / ".chargen/locks/project.pid").read_text().strip()
        second = desk.forks.start(desk.book, "doit")
        desk.forks.wait_for_err(second, "waiting for it")
    run = desk.forks.wait(second)
    assert run.code == 0, run.all
    assert f"process {first} is building this project" in run.err
    assert "fresh 2" in run.out
    assert len(desk.server.requests) == 2


def test_two_runs_build_nothing_twice_where_all_state_is_deleted_meanwhile(desk: Desk) -> None:
    """The second waits all the same; of the first one's requests nothing is forgotten, nor is a reply lost."""
    with desk.held() as runs:
        shutil.rmtree(desk.book.root / ".chargen")
        second = desk.forks.start(desk.book, "doit")
        desk.forks.wait_for_err(second, "waiting for it")
    run = desk.forks.wait(second)
    assert run.code == 0, run.all
    assert "fresh 2" in run.out
    assert len(desk.server.requests) == 2
    assert tree.journal(desk.book, "SELECT count(*) FROM attempts WHERE status = 'done'") == [(2,)]
    assert "the journal was deleted while it was in use" in runs[0].all
    assert len(desk.book.originals()) == 1  # the portrait's was deleted with the rest


def _directory(path: Path) -> Callable[[], None]:
    path.mkdir(parents=True)
    return path.rmdir


def _link(path: Path) -> Callable[[], None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("/nowhere/else.png")
    return path.unlink


@pytest.mark.parametrize("stand", [_directory, _link], ids=lambda stand: stand.__name__)
def test_a_target_that_can_not_be_written_costs_nothing(desk: Desk, stand: Stand) -> None:
    """A folder or a link that leads out, there before the run: nothing is sent for it, and the reason is told."""
    away = stand(desk.book.image(A))
    run = desk.doit(code=1)
    assert f"generated/{A}.png" in run.out
    assert "lamp on" not in desk.asked()
    away()
    desk.doit()
    tree.all_agrees(desk.book, IDS)
    assert len(desk.server.requests) == 2


@pytest.mark.parametrize("stand", [_directory, _link], ids=lambda stand: stand.__name__)
def test_a_target_that_is_taken_meanwhile_loses_no_reply(desk: Desk, stand: Stand) -> None:
    """The same while the request is on its way: the reply is stored, and put there without a call once it can be."""
    with desk.held(code=1) as runs:
        away = stand(desk.book.image(A))
    assert f"generated/{A}.png" in runs[0].out
    assert len(desk.book.originals()) == 2
    away()
    desk.doit()
    tree.all_agrees(desk.book, IDS)
    assert len(desk.server.requests) == 2


@pytest.mark.parametrize(
    ("operation", "sent_again"),
    [
        ("write generated/chapters/ch01", 0),
        ("replace generated/chapters/ch01", 0),
        ("replace published.json", 0),
        ("write imagery/chapters/ch01", 0),
        ("exchange imagery/chapters/ch01", 0),
        ("write record.json", 1),
        ("fsync reply.png", 1),
    ],
)
def test_a_full_disk_is_told_and_costs_nothing_more(desk: Desk, operation: str, sent_again: int) -> None:
    """No space at any write after the reply: a clear failure of one image, and the next run ends it without a call.

    Where the reply itself could not be stored nobody has it: it is bought again, and the first is not forgotten.
    """
    desk.book.settings(SETTINGS + "workers = 1\n")
    desk.doit(PORTRAIT)
    before = tree.yaml_files(desk.book)
    run = desk.doit(code=1, fail=operation)
    assert "no space left on device" in run.out
    assert "free some space" in run.out
    assert ("the reply could not be stored and is lost; it may be billed" in run.out) == bool(sent_again)
    assert "is kept" not in run.out
    assert desk.asked().count("lamp on") == 1
    tree.slots_only(desk.book, before)
    second = desk.doit()
    assert desk.asked().count("lamp on") == 1 + sent_again
    assert ("possibly billed" in run.out + second.out) == bool(sent_again)
    tree.all_agrees(desk.book, IDS)
