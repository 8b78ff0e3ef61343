"""What a new author gets wrong, as a command tells it: the place, the fault, and the next step."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import Project

from chargen.cli.main import run
from chargen.images.sniff import sniff

CHAPTER = "imagery/chapters/ch01/imagery.yaml"
MARA = "imagery/characters/mara/imagery.yaml"
TEMPLATE = "prompts/chapter.txt.j2"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [mara]")
    file = book.character("mara")
    item = "image_inventory: [{id: p, path: face.png, is_reference_portrait: true}]"
    book.edit(file, "image_inventory: []", item)
    monkeypatch.chdir(tmp_path)
    return book


def told(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    capsys.readouterr()
    code = run(list(command))
    return code, "".join(capsys.readouterr())


def test_a_misspelt_list_of_images_is_an_error_of_every_run(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Its images would be gone from the plan without a word."""
    book.character("mara")
    book.edit(CHAPTER, "images:", "image:")
    for command in (("check",), ("batch", "all")):
        code, out = told(capsys, *command)
        assert code == 1
        assert f"{CHAPTER}:5:1: error: unknown key `image`: what it lists is not planned" in out
        assert "did you mean `images`?" in out


def test_misspelt_scenes_are_an_error_too(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """They have no prompts; the list alone tells what the file is."""
    book.write(
        "imagery/characters/mara/scenes.yaml", "character:\n  name: Mara\nscnes:\n- title: A\n  scene: She waits.\n"
    )
    code, out = told(capsys, "check")
    assert (code, "scenes.yaml:3:1: error: unknown key `scnes`, so this file is no imagery file" in out) == (1, True), (
        out
    )


@pytest.mark.parametrize("suffix", [".txt", ".TXT"])
def test_a_file_that_was_saved_as_text_is_told(book: Project, capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    """Not so a copy beside the file itself."""
    book.character("mara")
    path = book.root / CHAPTER
    path.with_name(f"imagery.yaml{suffix}").write_bytes(path.read_bytes())
    assert told(capsys, "check")[0] == 0
    path.unlink()
    code, out = told(capsys, "batch", "all")
    assert (code, f"{CHAPTER}{suffix}: error: this file's name ends in `.txt`" in out) == (1, True), out
    assert "hint: rename it to `imagery.yaml`" in out
    assert told(capsys, "gc", "--yes")[0] != 0


def test_a_list_of_the_author_s_own_is_only_asked_about(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """It has no prompts: nothing is lost by it."""
    book.character("mara")
    book.write(CHAPTER, book.read(CHAPTER) + "moment:\n  - note: x\n")
    code, out = told(capsys, "check")
    assert (code, "warning: unknown key `moment`\n" in out) == (0, True)


@pytest.mark.parametrize("text", ["", "# to be written\n", "\n\n"])
def test_an_empty_imagery_file_is_told(book: Project, capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Its chapter may have been lost; other files without an entry are nobody's."""
    book.character("mara")
    book.write(CHAPTER, text)
    book.write("imagery/notes.yaml", "# to remember\n")
    book.write("imagery/other/imagery.yaml", "tool: of another program\n")
    code, out = told(capsys, "check")
    assert f"{CHAPTER}:1:1: warning: this file is empty: nothing in it is planned\n  hint: bring it back" in out
    assert (code, out.count("is empty")) == (0, 1)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "is not there"),
        (b"words", "is no picture"),
        (b"II*\0 and more", "is TIFF, which is not sent: save it as PNG or JPEG"),
        (b"8BPS and more", "is PSD, which is not sent: save it as PNG or JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is SVG, which is not sent: save it as PNG or JPEG"),
    ],
)
def test_a_portrait_that_is_none_is_told_with_where_it_is_named(
    book: Project, capsys: pytest.CaptureFixture[str], data: bytes | None, said: str
) -> None:
    """What the file is, if that can be known, and the place of its `path`."""
    if data is not None:
        book.write("imagery/characters/mara/face.png", data)
        assert sniff(data) != "image/png"
    code, out = told(capsys, "check")
    assert code == 1
    assert f"{CHAPTER}:9:26: error: reference `imagery/characters/mara/face.png` {said}\n" in out
    assert f"hint: put a picture there, fix its `path` at {MARA}:5:19, or set `missing_references" in out


def test_settings_are_told_at_their_line(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is not there, and a budget that lets nothing through."""
    book.settings('default_size = "64x64"\nimagery = ["imagry"]\n')
    assert " error: the imagery folder `imagry` is missing" in told(capsys, "check")[1]
    line = book.read("pyproject.toml").split("\n").index('imagery = ["imagry"]') + 1
    assert f"pyproject.toml:{line}:1: error" in told(capsys, "check")[1]
    book.settings('[tool.chargen.routes]\n"sketch/*" = "openai/gpt-image-2.6-flare"\n[tool.chargen.budget]\nrun = 0\n')
    line = book.read("pyproject.toml").split("\n").index("run = 0") + 1
    assert f"pyproject.toml:{line}:1: warning: the run's budget is $0.00" in told(capsys, "check")[1]
    book.write("pyproject.toml", book.read("pyproject.toml") + "x = [\n")
    assert "hint: look for a bracket or a quote that is not closed" in told(capsys, "check")[1]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{% include "gone.j2" %}', "the template `prompts/gone.j2` is missing"),
        ("{% for i in range(100000000) %}x{% endfor %}", "hint: a loop, a width or a repetition in it is far larger"),
    ],
)
def test_a_template_s_fault_is_told_at_its_line(
    book: Project, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    """Also where the template engine does not say which."""
    book.character("mara")
    book.write(TEMPLATE, f"{{{{ prompt }}}}\n{line}\n")
    code, out = told(capsys, "check")
    assert (code, f"{TEMPLATE}:2:1: error: " in out, said in out) == (1, True, True), out


def test_a_prompt_beyond_all_measure_is_told_where_it_stands(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no fault of the template."""
    book.character("mara")
    book.edit(CHAPTER, "A lamp.", "A lamp. " * 30_000)
    code, out = told(capsys, "check")
    assert (code, f"{CHAPTER}:7:18: error: this prompt has 240,000 characters, more than" in out) == (1, True), out


def test_a_file_in_the_place_of_a_folder_is_told_with_what_to_do(
    book: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The system only says that it exists."""
    book.character("mara")
    book.write("generated", "")
    code, out = told(capsys, "batch", "all")
    assert (code, "hint: a file stands where a folder belongs: move it away" in out) == (1, True), out
    assert told(capsys, "plan")[1].count("nothing is sent for") == 0
