"""The tab key: ids and targets of planned images, from what is remembered, else from the files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from support.project import Project

from chargen.cli.main import cli
from chargen.plan.cache.stamp import STAMP, Stamp, StampedFile, stamp_bytes


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Two chapters, and the current folder in one of theirs."""
    made = Project(tmp_path)
    made.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    made.chapter("ch02", {"c": "A cat."})
    monkeypatch.chdir(tmp_path / "imagery")
    return made


def offered(*words: str) -> list[str]:
    """Return what the tab key offers for the last of `words`."""
    *before, typed = words
    return [
        item.value for item in ShellComplete(cli, {}, "chargen", "_CHARGEN_COMPLETE").get_completions(before, typed)
    ]


@pytest.mark.parametrize("command", ["plan", "why", "history", "impact", "prompt", "restore", "approve", "accept"])
def test_images_are_offered_where_images_are_named(book: Project, command: str) -> None:
    """Ids, and targets where what was typed begins one."""
    assert offered(command, "chapters/ch01") == ["chapters/ch01/a", "chapters/ch01/b"]
    assert offered(command, "generated/chapters/ch02") == ["generated/chapters/ch02/c.png"]
    assert offered(command, "") == ["chapters/ch01/a", "chapters/ch01/b", "chapters/ch02/c"]
    assert offered(command, "nothing") == []
    assert not (book.root / ".chargen").exists()


def test_what_is_stamped_is_offered_without_a_scan(book: Project) -> None:
    """Names of the last build come from its stamp, also while a file can't be read."""
    generated = {"ch01": ("a", "b"), "ch02": ("c",)}
    files = {
        f"imagery/chapters/{slug}/imagery.yaml": StampedFile(
            "", tuple(f"generated/chapters/{slug}/{name}.png" for name in names), (), "", True, (), ""
        )
        for slug, names in generated.items()
    }
    stamp = Stamp("", "", ("imagery",), "prompts", "generated", True, True, files, ())
    book.write(STAMP, stamp_bytes(stamp))
    book.write("imagery/chapters/ch01/imagery.yaml", "metadata: [")
    assert offered("plan", "chapters/ch01") == ["chapters/ch01/a", "chapters/ch01/b"]
    book.chapter("ch03", {"d": "A dog."})
    assert offered("plan", "chapters/") == ["chapters/ch02/c", "chapters/ch03/d"]


def test_outside_a_project_nothing_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tab key has no place for a message."""
    monkeypatch.chdir(tmp_path)
    assert offered("plan", "ch") == []


@pytest.mark.parametrize("name", ["a$(touch PWN)b", "a`touch PWN`b", "a;touch PWN;b", "a&b", "a'b", "a{b,c}"])
def test_a_name_that_a_shell_would_interpret_is_not_offered(book: Project, name: str) -> None:
    """Neither by the command's own completion nor by the list that doit's is made of, in a real shell."""
    book.chapter("ch09", {name: "A trap.", "fine": "A lamp."})
    assert offered("plan", "chapters/ch09") == ["chapters/ch09/fine"]
    listed = book.doit("list", "--quiet")
    assert listed.out.count("ch09") == 1, listed.all
    assert "1 name left out that a shell would interpret" in listed.err
    script = 'compgen -W "$(cat)" -- generated/chapters/ch09'
    done = subprocess.run(
        ["bash", "-c", script], input=listed.out, capture_output=True, text=True, cwd=book.root, check=True, timeout=60
    )
    assert done.stdout == "generated/chapters/ch09/fine.png\n"
    assert not (book.root / "PWN").exists()
