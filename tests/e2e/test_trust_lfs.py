"""Git LFS pointers in the place of targets and references: judged by their hash, never sent, never generated over."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from servers import pictures
from servers.openai_server import OpenAIServer
from support.forks import Forks
from support.project import Project

PAID = "openai/gpt-image-2.6-flare"
CH01 = "imagery/chapters/ch01/imagery.yaml"
RABBIT = "imagery/characters/rabbit/rabbit.png"


def pointer_to(data: bytes) -> bytes:
    """What `git lfs` leaves where a picture was not fetched."""
    oid = hashlib.sha256(data).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n".encode()


@pytest.fixture
def book(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> Project:
    """Two images of a rabbit whose portrait is a file; built."""
    made = Project(tmp_path, "[tool.chargen.providers.openai]\nper_minute = 6000\n", env=openai.environ)
    made.write(
        "imagery/characters/rabbit/imagery.yaml",
        "entity_type: character\nslug: rabbit\nappearance: white\n"
        "image_inventory:\n  - {id: face, path: rabbit.png, is_reference_portrait: true}\n",
    )
    made.write(RABBIT, pictures.png(32, 32, 5, 0))
    made.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="depicts_characters: [rabbit]", route=PAID)
    run = forks.run(made, "doit")
    assert run.code == 0, run.all
    return made


def _verdicts(forks: Forks, book: Project) -> dict[str, str]:
    run = forks.run(book, "chargen", "plan", "--json")
    return {image["id"]: image["verdict"] for image in run.json["images"]}


def test_a_clone_without_the_pictures_builds_nothing(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """Pointers to what the YAML records are fresh, where the reference is a pointer and `.chargen` is gone, too."""
    for path in (book.image("chapters/ch01/a"), book.image("chapters/ch01/b"), book.root / RABBIT):
        path.write_bytes(pointer_to(path.read_bytes()))
    for file in sorted((book.root / ".chargen").rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    assert _verdicts(forks, book) == {"chapters/ch01/a": "fresh", "chapters/ch01/b": "fresh"}
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert len(openai.requests) == 2


def test_nothing_is_generated_over_a_pointer(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """A pointer whose inputs changed, or to another picture, is blocked with `git lfs pull`, with `--rebuild` too."""
    a, b = book.image("chapters/ch01/a"), book.image("chapters/ch01/b")
    a.write_bytes(pointer_to(a.read_bytes()))
    b.write_bytes(pointer_to(b"another picture"))
    book.edit(CH01, "A lamp.", "A candle.")
    run = forks.run(book, "doit")
    assert run.code == 1
    assert _verdicts(forks, book) == {"chapters/ch01/a": "blocked", "chapters/ch01/b": "blocked"}
    named = forks.run(book, "doit", "--rebuild", "chapters/ch01/a", "--rebuild", "chapters/ch01/b")
    assert named.code == 1
    for told in (run, named):
        assert told.out.count("git lfs pull") >= 2, told.all
    assert a.read_bytes().startswith(b"version https://git-lfs")
    assert b.read_bytes() == pointer_to(b"another picture")
    accepted = forks.run(book, "chargen", "accept", "chapters/ch01/b")
    assert accepted.code == 1
    assert "git lfs pull" in accepted.out
    assert len(openai.requests) == 2


def test_a_pointer_is_never_sent(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """An image that has to be built with a reference that is a pointer is blocked; fetched, it is built with it."""
    picture = (book.root / RABBIT).read_bytes()
    book.write(RABBIT, pointer_to(picture))
    book.edit(CH01, "A lamp.", "A candle.")
    blocked = forks.run(book, "doit")
    assert blocked.code == 1
    assert "git lfs pull" in blocked.out
    assert len(openai.requests) == 2
    book.write(RABBIT, picture)
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert [file.data for file in openai.requests[-1].files] == [picture]
    assert len(openai.requests) == 3


def test_an_approved_pointer_stays_locked(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """Approved images are left alone as pointers too, whatever changed, and fail nothing."""
    a = book.image("chapters/ch01/a")
    a.write_bytes(pointer_to(a.read_bytes()))
    assert forks.run(book, "chargen", "approve", "chapters/ch01/a").code == 0
    book.edit(CH01, "A lamp.", "A candle.")
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert "locked: chapters/ch01/a" in run.out
    assert len(openai.requests) == 2
