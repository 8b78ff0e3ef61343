"""Names with letters that a shell, a glob, a URL or a text of our own would split at: the whole life of an image."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.inside import build, verdicts
from support.project import Project

from chargen.cli.main import run
from chargen.model.values import EntryId, Verdict

CH01 = "imagery/chapters/ch01/imagery.yaml"
NAMES = (
    "two words",
    "a  b",
    "[a]",
    "{a}",
    "a,b",
    "a;b",
    "a#b",
    "a&b",
    "a'b",
    "a%20b",
    "-x",
    "--all",
    "~",
    "$HOME",
    "é",
    "a\u3000b",
)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_of_an_odd_name_lives_as_any_other(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", name: "A door."})
    monkeypatch.chdir(tmp_path)
    whole = EntryId(f"chapters/ch01/{name}")

    def say(*arguments: str) -> str:
        assert run(arguments) == 0, capsys.readouterr()
        return capsys.readouterr().out

    assert build(book) == 0
    first = book.image(whole).read_bytes()
    book.edit(CH01, "A door.", "A gate.")
    assert build(book) == 0
    assert book.image(whole).read_bytes() != first

    book.image(whole).unlink()
    assert verdicts(book)[whole] is Verdict.RESTORABLE
    assert build(book) == 0
    say("restore", "--", whole, "1")
    assert book.image(whole).read_bytes() == first
    say("undo")

    before = book.read(CH01)
    say("approve", "--", whole)
    assert verdicts(book)[whole] is Verdict.LOCKED
    say("undo")
    assert book.read(CH01) == before
    say("reject", "--note", "Too dark.", "--", whole)
    say("undo")
    assert len(json.loads(say("history", "--json", "--", whole))["images"][0]["versions"]) == 2

    book.edit(CH01, f'custom_id: "{name}"', 'custom_id: "plain"')
    assert build(book) == 0
    assert verdicts(book) == {"chapters/ch01/a": Verdict.FRESH, "chapters/ch01/plain": Verdict.FRESH}
    say("mv", "--", "chapters/ch01/plain", name)
    assert verdicts(book) == {"chapters/ch01/a": Verdict.FRESH, whole: Verdict.FRESH}
