"""doit's stock commands over images: where the plug-ins are not read nothing is bought twice, and people are told."""

from pathlib import Path

import pytest
from support.project import Project

PROMPTS = {"a": "A lamp.", "b": "A door."}


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """A chapter of two images, in a project with a folder below it."""
    found = Project(tmp_path)
    found.chapter("ch01", PROMPTS)
    (tmp_path / "notes").mkdir()
    return found


@pytest.mark.parametrize("how", [("-f", "../dodo.py"), ("-k",)])
def test_stock_run_from_a_subfolder_builds_once(book: Project, how: tuple[str, ...]) -> None:
    """It builds what is missing, says where the own commands are, and a second run and `-a` send nothing."""
    first = book.doit(*how, cwd="notes")
    assert first.code == 0, first.all
    assert "this is its stock command" in first.err
    assert book.images() == {"chapters/ch01/a", "chapters/ch01/b"}
    assert len(book.records("imagery/chapters/ch01/imagery.yaml")) == 2
    assert book.doit(*how, "generated/chapters/ch01/a.png", cwd="notes").code == 0
    if how == ("-k",):
        assert book.doit("run", "-k", "-a", cwd="notes").code == 0
    assert len(book.originals()) == 2


def test_stock_list_and_info_only_look(book: Project) -> None:
    """They name every image, give the verdict as the reason, and make no journal and no lock."""
    listed = book.doit("list", "-k", "-q", cwd="notes")
    assert listed.out.split()[:2] == ["generated/chapters/ch01/a.png", "generated/chapters/ch01/b.png"]
    info = book.doit("info", "-k", "generated/chapters/ch01/a.png", cwd="notes")
    assert info.code == 1
    assert "missing: not built yet" in info.out
    assert not (book.root / ".chargen/journal.sqlite").exists()
    assert not (book.root / ".chargen/locks").exists()


def test_a_project_without_the_tables_is_safe_and_says_what_to_add(book: Project) -> None:
    """The lines to add are printed whole, and what they build is built once."""
    book.write("pyproject.toml", "[tool.chargen]\n")
    first = book.doit()
    assert first.code == 0, first.all
    assert 'run = "chargen.cli.doit.run:Run"' in first.err
    assert 'reset-dep = "chargen.cli.doit.reset_dep:ResetDep"' in first.err
    added = first.err[first.err.index("[tool.doit.plugins.backend]") :]
    book.write("pyproject.toml", f"{added}\n[tool.chargen]\n")
    second = book.doit()
    assert second.code == 0, second.all
    assert second.err == ""
    assert "fresh 2" in second.out


def test_stock_processes_are_refused_and_stock_threads_work(book: Project) -> None:
    """`-n 2` would split the budget and the locks between processes; with `-P thread` it is one process."""
    refused = book.doit("-k", "-n", "2", cwd="notes")
    assert refused.code == 1, refused.all
    assert "leave out `-n`, or add `-P thread`" in refused.err + refused.out
    assert book.images() == set()
    threads = book.doit("-k", "-n", "2", "-P", "thread", cwd="notes")
    assert threads.code == 0, threads.all
    assert len(book.originals()) == 2


def test_a_stock_failure_is_one_line_with_its_place(book: Project) -> None:
    """A blocked image fails with the reason and the place, without a traceback, and the other is built."""
    book.edit("imagery/chapters/ch01/imagery.yaml", '"128x96"', "banana")
    run = book.doit("-k", cwd="notes")
    assert run.code == 1, run.all
    assert "imagery/chapters/ch01/imagery.yaml:" in run.err + run.out
    assert "Traceback" not in run.err + run.out
    assert book.images() == {"chapters/ch01/b"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (b"[tool.chargen]\nx = [\n", "ERROR: pyproject.toml:3:1: error: not valid TOML: invalid value"),
        (b"[tool.chargen]\nx = 1\n", "ERROR: pyproject.toml:2:1: error: unknown setting `x`"),
        (b"[tool.chargen]\n# caf\xe9\n", "ERROR: pyproject.toml:2:6: error: this file is not UTF-8"),
        (b"", "ERROR: error: no `pyproject.toml` with a `[tool.chargen]` table"),
    ],
)
def test_settings_that_can_not_be_read_are_told_without_a_traceback(
    book: Project, settings: bytes, message: str
) -> None:
    """As far as doit lets us: in the folder of the file it reads the file itself first."""
    book.write("pyproject.toml", settings)
    run = book.doit("list", "-k", cwd="notes")
    assert run.code == 3, run.all
    assert run.err.startswith(message), run.all
    assert "Traceback" not in run.all
