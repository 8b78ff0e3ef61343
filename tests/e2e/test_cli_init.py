"""`chargen init` and `chargen models` in real processes, and what `--help` may import."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.project import REPOSITORY, Project

from chargen.cli.main import COMMANDS

STARTER = REPOSITORY / "chargen/actions/starter"
TEMPLATES = REPOSITORY / "chargen/kinds/templates"


@pytest.fixture
def shelf(tmp_path: Path) -> Project:
    """A folder that is no project."""
    shelf = Project(tmp_path)
    for name in ("pyproject.toml", "dodo.py"):
        (tmp_path / name).unlink()
    return shelf


def test_a_new_project_builds_at_once(shelf: Project) -> None:
    """`init`, `doit`, `doit` again: six sketches, then nothing; `check` finds nothing, from a sub-folder too."""
    made = shelf.chargen("init", "a book")
    assert made.code == 0, made.all
    assert "cd 'a book'" in made.out
    built = shelf.doit(cwd="a book")
    assert built.code == 0, built.all
    images = {path.stem for path in (shelf.root / "a book/generated").rglob("*.png")}
    assert images == {"img-01", "img-02", "overview", "kitchen", "mara-portrait", "the-first-storm"}
    again = shelf.chargen("plan", cwd="a book/imagery/chapters/ch01-low-tide")
    assert again.out == "6 images: fresh 6\nnothing to send\n", again.all
    checked = shelf.chargen("check", cwd="a book/prompts")
    assert (checked.code, checked.out.splitlines()) == (
        0,
        [
            "an edited `appearance` changes nothing where portraits are sent: mara (2 images)",
            "6 images in 4 files: nothing wrong",
        ],
    ), checked.all
    assert ".chargen/" in shelf.read("a book/.gitignore")


def test_init_keeps_what_is_there(shelf: Project) -> None:
    """Nothing is overwritten; with imagery of the author's own, the sample stays away; kept files are named."""
    shelf.write("book/imagery/mine.yaml", "metadata: {slug: mine}\nimages: []\n")
    shelf.write("book/dodo.py", "# mine\n")
    shelf.write("book/.gitignore", "*.tmp\n")
    run = shelf.chargen("init", "book")
    assert run.code == 0, run.all
    assert shelf.read("book/dodo.py") == "# mine\n"
    assert "kept dodo.py, .gitignore" in run.out
    assert "`dodo.py` was kept: it needs `from chargen.doit_plugin import" in run.out
    assert "`.gitignore` was kept: it should name `.chargen/`" in run.out
    assert not (shelf.root / "book/imagery/chapters").exists()
    assert (shelf.root / "book/prompts/chapter.txt.j2").is_file()


def test_init_never_edits_a_pyproject(shelf: Project) -> None:
    """Where one is there without the tables, nothing is written, and the tables are shown; with them, it goes on."""
    shelf.write("book/pyproject.toml", '[project]\nname = "mine"\n')
    refused = shelf.chargen("init", cwd="book")
    assert (refused.code, refused.out) == (3, ""), refused.all
    assert [path.name for path in (shelf.root / "book").iterdir()] == ["pyproject.toml"]
    tables = refused.err.partition("again:\n\n")[2]
    shelf.write("book/pyproject.toml", shelf.read("book/pyproject.toml") + tables)
    assert shelf.chargen("init", cwd="book").code == 0
    assert shelf.read("book/pyproject.toml").startswith("[project]")
    assert shelf.doit(cwd="book").code == 0


def test_init_follows_the_settings_of_a_project(shelf: Project) -> None:
    """Templates and the sample go where the settings say; a broken pyproject or a file as folder starts nothing."""
    shelf.write("pyproject.toml", (STARTER / "pyproject.toml").read_text().replace('"imagery"', '"plans"'))
    shelf.edit("pyproject.toml", 'prompts = "prompts"', 'prompts = "words"')
    run = shelf.chargen("init")
    assert run.code == 0, run.all
    assert (shelf.root / "words/location.txt.j2").is_file()
    assert (shelf.root / "plans/characters/mara/imagery.yaml").is_file()
    shelf.write("pyproject.toml", "[tool\n")
    assert shelf.chargen("init").code == 3
    assert shelf.chargen("init", "words/location.txt.j2").code == 3


def test_the_starter_is_the_repository_s_own_setup() -> None:
    """Templates are those of the example book, doit's tables those of this repository: neither may lag behind."""
    for path in sorted((REPOSITORY / "prompts").iterdir()):
        assert (TEMPLATES / path.name).read_bytes() == path.read_bytes()
    ours, starter = (
        tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")) for folder in (REPOSITORY, STARTER)
    )
    assert starter["tool"]["doit"] == ours["tool"]["doit"]


def test_models_as_a_table_and_as_json(shelf: Project) -> None:
    """Outside any project: what can be had with its price, what can't with its end; the same as JSON."""
    text = shelf.chargen("models", env={"COLUMNS": "200"})
    assert text.code == 0, text.all
    had, _, gone = text.out.partition("no longer available")
    assert "openai/gpt-image-2.6-flare*" in had
    assert "$0." in had
    assert "openai/dall-e-3" in gone
    assert "use gpt-image-2.6-flare" in gone
    shown = shelf.chargen("models", "--json").json
    flare = next(model for model in shown["models"] if model["id"] == "gpt-image-2.6-flare")
    assert flare["default"]
    assert flare["references"] == 16
    assert flare["usd_1024x1024"]["low"] < flare["usd_1024x1024"]["high"]
    assert {"provider", "sizes", "qualities", "shutdown", "replacement"} <= set(flare)
    assert shown["as_of"] in text.out


def test_outside_a_project_there_is_a_next_step(shelf: Project) -> None:
    """Exit 3 and `chargen init` as the hint, for every command that needs a project."""
    for command in (("plan",), ("batch", "all"), ("check",), ("prompt", "x")):
        run = shelf.chargen(*command)
        assert run.code == 3, run.all
        assert "chargen init" in run.err


def test_help_imports_no_engine_and_no_sdk() -> None:
    """`--help` of every command comes without doit, Pillow, YAML, templates, SQLite or an SDK."""
    script = (
        "import sys, contextlib, io\n"
        "from chargen.cli.main import COMMANDS, run\n"
        "with contextlib.redirect_stdout(io.StringIO()) as out:\n"
        "    codes = [run(['--help']), *(run([name, '--help']) for name in COMMANDS)]\n"
        "heavy = ('doit', 'PIL', 'ruamel', 'jinja2', 'sqlite3', 'openai', 'google.genai', 'httpx')\n"
        "print(set(codes), [name for name in heavy if name in sys.modules], out.getvalue().count('Usage:'))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == f"{{0}} [] {len(COMMANDS) + 1}\n", done.stderr


def test_a_misspelt_command_is_guessed(shelf: Project) -> None:
    """`chargen pan` exits 3 and suggests `plan`; no command at all shows the help."""
    run = shelf.chargen("pan")
    assert run.code == 3, run.all
    assert "did you mean `plan`?" in run.err
    bare = shelf.chargen()
    assert bare.code == 3
    assert "print an image's composed prompt" in bare.err
