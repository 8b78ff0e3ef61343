"""A project as `init` of version 0.1 wrote it still works, unchanged: its imports, plug-in tables and templates."""

import shutil
from pathlib import Path

from support.project import REPOSITORY, Project

EARLIER = REPOSITORY / "tests/projects/version-0.1"


def test_a_project_of_version_0_1_builds_unchanged(tmp_path: Path) -> None:
    """Its own commands are found, the book is built, and its `dodo.py` and `pyproject.toml` stay as they were."""
    book = Project(tmp_path)
    shutil.rmtree(tmp_path)
    shutil.copytree(EARLIER, tmp_path)
    assert "chargen.app.doit" in book.read("dodo.py")
    assert "chargen.app.doit.states:RecordStates" in book.read("pyproject.toml")
    run = book.doit()
    assert run.code == 0, run.all
    assert len(list((tmp_path / "generated").rglob("*.png"))) == 5
    assert "stock" not in run.err
    again = book.doit()
    assert again.code == 0, again.all
    assert "fresh 5" in again.all
    listed = book.doit("list")
    assert listed.code == 0, listed.all
    assert "fresh" in listed.out
    assert book.read("pyproject.toml") == (EARLIER / "pyproject.toml").read_text()
    assert not (tmp_path / ".chargen/doit-stock.json").exists()


def test_a_template_a_project_lacks_is_the_packaged_one(tmp_path: Path) -> None:
    """A book that came before a kind has no template for it; the program's own is used."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    expected = book.chargen("prompt", "chapters/ch01/a").out
    (tmp_path / "prompts/chapter.txt.j2").unlink()
    assert book.chargen("prompt", "chapters/ch01/a").out == expected
    run = book.doit()
    assert run.code == 0, run.all
    assert book.doit().code == 0
