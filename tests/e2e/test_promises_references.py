"""A portrait that changes, fails or is lost: who shows it is rebuilt, blocked or left alone, never built without."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers import pictures
from servers.openai_server import OpenAIServer, moderated
from support import tree
from support.forks import Forks
from support.project import Project

PAID = "openai/gpt-image-2.6-flare"
A, B, C = "chapters/ch01/a", "chapters/ch01/b", "chapters/ch02/c"
ALICE, HATTER = "characters/alice/alice-portrait", "characters/hatter/hatter-portrait"
ALICES = "imagery/characters/alice/imagery.yaml"


@pytest.fixture
def book(tmp_path: Path, openai: OpenAIServer) -> Project:
    """Two images show alice, one shows the hatter, whose portrait shows alice."""
    book = Project(tmp_path, "[tool.chargen.providers.openai]\nper_minute = 6000\n", env=openai.environ)
    book.character("alice", "A girl with a lamp.", route=PAID)
    hatter = book.character("hatter", "A man with a tall hat.", route=PAID)
    book.write(hatter, book.read(hatter) + "    depicts_characters: [alice]\n")
    images = {"a": "A lamp on a table.", "b": "A door in a wall."}
    book.chapter("ch01", images, entry="depicts_characters: [alice]", route=PAID)
    book.chapter("ch02", {"c": "A hat on a chair."}, entry="depicts_characters: [hatter]", route=PAID)
    book.chapter("ch03", {"d": "An empty road."}, route=PAID)
    return book


def _verdicts(book: Project, forks: Forks) -> tuple[dict[str, str], dict[str, float], float]:
    plan = forks.run(book, "chargen", "plan", "--json").json
    images = {image["id"]: image for image in plan["images"]}
    costs = {entry_id: image["cost_usd"] for entry_id, image in images.items() if image["cost_usd"]}
    return {entry_id: image["verdict"] for entry_id, image in images.items()}, costs, plan["cost_usd"]


def test_a_changed_portrait_rebuilds_who_shows_it_through_chains(
    book: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """The plan names the portrait, its users and their users, with their price; the build sends just these, once."""
    assert forks.run(book, "doit").code == 0
    assert len(openai.requests) == 6
    book.edit(ALICES, "a lamp", "a candle")
    verdicts, costs, total = _verdicts(book, forks)
    stale = {ALICE, HATTER, A, B, C}
    assert {entry_id for entry_id, verdict in verdicts.items() if verdict == "stale"} == stale
    assert costs.keys() == stale
    assert abs(sum(costs.values()) - total) < 1e-9
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert len(openai.requests) == 11
    sent = {file.data for seen in openai.requests[6:] for file in seen.files}
    assert sent == {book.image(ALICE).read_bytes(), book.image(HATTER).read_bytes()}
    assert "to build" not in forks.run(book, "doit").out
    assert len(openai.requests) == 11


def test_a_portrait_that_fails_blocks_who_shows_it(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """A refused portrait: nothing that shows it is built without it, all else is; exit 1, also in the next run."""
    openai.when("A girl", moderated())
    for _ in range(2):
        run = forks.run(book, "doit")
        assert run.code == 1, run.all
        assert book.images() == {"chapters/ch03/d"}
        assert len(openai.requests) == 2
        failed = [line.removeprefix("failed: ") for line in run.out.splitlines() if line.startswith("failed: ")]
        assert sorted(", ".join(failed).split(", ")) == sorted((ALICE, HATTER, A, B, C))


def test_a_portrait_painted_over_by_the_author(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """A portrait painted over stays, and who shows it is rebuilt with the painted one."""
    assert forks.run(book, "doit").code == 0
    painted = pictures.png(128, 128, 77)
    book.image(HATTER).write_bytes(painted)
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert len(openai.requests) == 7
    assert [file.data for file in openai.requests[-1].files] == [painted]
    assert book.image(HATTER).read_bytes() == painted


@pytest.mark.parametrize("gone", [[ALICE], [ALICE, HATTER], [ALICE, A]])
def test_a_deleted_portrait_is_restored_and_its_users_stay(
    book: Project, openai: OpenAIServer, forks: Forks, gone: list[str]
) -> None:
    """Deleted portraits come back as they were, so nothing that shows them is stale: no call."""
    assert forks.run(book, "doit").code == 0
    for entry_id in gone:
        book.image(entry_id).unlink()
    _, _, total = _verdicts(book, forks)
    assert total == 0
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert f"restored {len(gone)}" in run.out
    assert len(openai.requests) == 6
    assert "fresh 6" in forks.run(book, "doit").out


def test_a_portrait_of_the_authors_own(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """A reference that is a file: replaced, who shows it is rebuilt; removed, who shows it stays and is not blocked."""
    file = book.character("rabbit", None, route=PAID)
    book.edit(file, "image_inventory: []", "image_inventory:\n  - {id: r, path: r.png, is_reference_portrait: true}")
    own = book.write("imagery/characters/rabbit/r.png", pictures.png(64, 64, 1))
    book.chapter("ch03", {"d": "An empty road."}, entry="depicts_characters: [rabbit]", route=PAID)
    assert forks.run(book, "doit").code == 0
    own.write_bytes(pictures.png(64, 64, 2))
    assert forks.run(book, "doit").code == 0
    assert len(openai.requests) == 7
    own.unlink()
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert len(openai.requests) == 7
    book.image("chapters/ch03/d").unlink()
    run = forks.run(book, "doit")
    assert run.code == 1, run.all
    assert len(openai.requests) == 7
    assert tree.stray(book) == []
