"""A shared store on object storage: clones, machines and CI that buy every image once between them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.object_stores import ObjectStore
from servers.openai_server import OpenAIServer
from support.forks import Forks
from support.project import Project

PAID = "openai/gpt-image-2.6-flare"
CH01 = "imagery/chapters/ch01/imagery.yaml"
FOUR = {"a": "A lamp.", "b": "A door.", "c": "A key.", "d": "A tart."}


@pytest.fixture(scope="session")
def server() -> Iterator[ObjectStore]:
    with ObjectStore("ministack") as store:
        yield store


class Team:
    """Clones of one book, each a folder of its own, with one prefix in the store."""

    def __init__(self, folder: Path, store: ObjectStore, vendor: OpenAIServer) -> None:
        self.folder = folder
        self.env = {**vendor.environ, **store.environ}
        self.url = f"{store.url}/{folder.name}"

    def settings(self, more: str = "") -> str:
        pace = "[tool.chargen.providers.openai]\nper_minute = 6000\n"
        return f'{pace}[tool.chargen.store]\nurl = "{self.url}"\n{more}'

    def clone(self, name: str, images: dict[str, str] | None = None, more: str = "") -> Project:
        """Return a machine's clone, with nothing built."""
        book = Project(self.folder / name, self.settings(more), env={**self.env, "USER": name, "LOGNAME": name})
        book.chapter("ch01", images or FOUR, route=PAID)
        return book


@pytest.fixture
def team(tmp_path: Path, server: ObjectStore, openai: OpenAIServer) -> Team:
    return Team(tmp_path, server, openai)


def test_what_one_machine_bought_is_free_for_the_next(team: Team, openai: OpenAIServer, forks: Forks) -> None:
    ana, ben = team.clone("ana"), team.clone("ben")
    first = forks.run(ana, "doit")
    assert first.code == 0, first.all
    assert len(openai.requests) == 4
    second = forks.run(ben, "doit")
    assert second.code == 0, second.all
    assert len(openai.requests) == 4, "nothing is bought twice"
    assert second.out.count("restored from the store, free") == 4, second.all
    for name in FOUR:
        entry = f"chapters/ch01/{name}"
        assert ben.image(entry).read_bytes() == ana.image(entry).read_bytes()
    assert [path.name for path in ben.originals()] == [path.name for path in ana.originals()]


def test_an_up_to_date_run_asks_the_store_nothing(team: Team, forks: Forks) -> None:
    ana = team.clone("ana")
    assert forks.run(ana, "doit").code == 0
    ana.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    for names in ((), ("chapters/ch01/a",)):
        again = forks.run(ana, "doit", *names)
        assert again.code == 0, again.all
        assert "store" not in again.out, again.all


def test_a_fresh_clone_gets_its_very_pictures_back_approved_ones_too(
    team: Team, openai: OpenAIServer, forks: Forks
) -> None:
    ana = team.clone("ana")
    assert forks.run(ana, "doit").code == 0
    assert forks.run(ana, "chargen", "approve", "chapters/ch01/a").code == 0
    ben = team.clone("ben")
    shutil.copytree(ana.root / "imagery", ben.root / "imagery", dirs_exist_ok=True)
    before = ben.read(CH01)
    run = forks.run(ben, "doit")
    assert run.code == 0, run.all
    assert len(openai.requests) == 4
    for name in FOUR:
        entry = f"chapters/ch01/{name}"
        assert ben.image(entry).read_bytes() == ana.image(entry).read_bytes(), run.all
    assert ben.records(CH01) == ana.records(CH01), before


def test_two_machines_at_once_buy_every_image_once(team: Team, openai: OpenAIServer) -> None:
    images = {f"i{number}": f"Lamp number {number}." for number in range(12)}
    openai.latency = 0.3
    ana, ben = team.clone("ana", images), team.clone("ben", images)
    started = [book.start("doit") for book in (ana, ben)]
    ended = [process.communicate(timeout=120) for process in started]
    said = "\n".join(text.decode() for pair in ended for text in pair)
    assert [process.returncode for process in started] == [0, 0], said
    assert len(openai.requests) == 12, said
    for name in images:
        assert ana.image(f"chapters/ch01/{name}").read_bytes() == ben.image(f"chapters/ch01/{name}").read_bytes()
