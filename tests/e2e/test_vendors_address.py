"""Where requests and keys go: another server is named before anything is sent, and none gets a key in the clear."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.forks import Forks
from support.project import Project

from chargen.build.opening import open_build
from chargen.cli.run_summary import opening

FLARE = "openai/gpt-image-2.6-flare"
KEY = {"OPENAI_API_KEY": "sk-test-0123456789abcdef"}
TABLE = "[tool.chargen.providers.openai]\n"


def _book(root: Path, address: str, env: dict[str, str] | None = None) -> Project:
    book = Project(root, f'{TABLE}base_url = "{address}"\n' if address else "", env=KEY if env is None else env)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, route=FLARE)
    return book


def _place(book: Project) -> str:
    lines = book.read("pyproject.toml").splitlines()
    return f"pyproject.toml:{next(n for n, line in enumerate(lines, 1) if line.startswith('base_url'))}:1"


def test_a_server_of_the_settings_is_named_before_anything_is_sent(tmp_path: Path, forks: Forks) -> None:
    """Once, with its line, by plan, check, a dry run and a build; as a note where programs read."""
    book = _book(tmp_path, "https://pictures.example/v1")
    told = f"requests of `openai` go to `https://pictures.example/v1`, as {_place(book)} says"
    for command in (("plan",), ("check",), ("batch", "all", "--dry-run")):
        run = forks.run(book, "chargen", *command)
        assert run.out.count(told) == 1, run.all
    problems = forks.run(book, "chargen", "plan", "--json").json["problems"]
    assert [problem["severity"] for problem in problems if problem["message"] == told] == ["note"]
    build = open_build(tmp_path, environ=book.env)
    try:
        assert list(opening(build)).count(told) == 1
    finally:
        build.close()


def test_the_vendors_own_server_and_this_machine_are_not_told(tmp_path: Path, forks: Forks) -> None:
    """Nor is what the user's own environment asks for."""
    env = {**KEY, "OPENAI_BASE_URL": "https://gateway.example/v1"}
    for address, environ in (("http://127.0.0.1:9/v1", KEY), ("https://api.openai.com/v1", KEY), ("", env)):
        run = forks.run(_book(tmp_path, address, environ), "chargen", "plan")
        assert run.code == 0, run.all
        assert "requests of" not in run.all


@pytest.mark.parametrize("command", [("doit",), ("chargen", "plan"), ("chargen", "batch", "all")])
def test_a_key_is_not_sent_in_the_clear(command: tuple[str, ...], tmp_path: Path, forks: Forks) -> None:
    """Refused with the line, or the variable, before any request is on record."""
    book = _book(tmp_path, "http://192.0.2.1/v1")
    run = forks.run(book, *command)
    assert run.code == 3, run.all
    assert f"{_place(book)}: error: `base_url` of `openai` is `http://192.0.2.1`" in run.err
    assert "hint: use https" in run.err
    assert KEY["OPENAI_API_KEY"] not in run.all
    own = _book(tmp_path, "", {**KEY, "OPENAI_BASE_URL": "http://192.0.2.1/v1"})
    assert "`OPENAI_BASE_URL` of `openai` is `http://192.0.2.1`" in forks.run(own, *command).err


def test_a_server_without_keys_may_be_asked_in_the_clear(tmp_path: Path, forks: Forks) -> None:
    """There is nothing to lose but the prompt; the address is told all the same."""
    run = forks.run(_book(tmp_path, "http://192.0.2.1/v1", {}), "chargen", "plan")
    assert run.code == 0, run.all
    assert "requests of `openai` go to `http://192.0.2.1/v1`" in run.out
