"""Every kind of bad input is one clear problem with its place in `chargen check`, and `doit` builds all else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.forks import ForkedProject, Forks
from support.project import Project, Run

TRAPS = """\
{% if entry.trap is defined and entry.trap == "undefined" %}
{{ mood_of_the_day }}
{% elif entry.trap is defined and entry.trap == "internals" %}
{{ title.__class__.__mro__ }}
{% endif %}
"""
"""Put before the chapter's template: wrong only for the entries that ask for it."""

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"


@dataclass(frozen=True)
class Bad:
    """One mistake: where `check` must say it is (the line is that of `at` in the file) and in which words."""

    file: str
    at: str
    words: str
    blocked: str = ""
    """The id that can't be built; empty where the file can't be read, so that nobody knows its images."""


def chapter(slug: str, *entry: str) -> str:
    """A chapter with one image, `entry` being more lines of it."""
    lines = [
        f"metadata: {{slug: {slug}, entity_type: chapter-imagery}}",
        "generation_defaults: {provider: sketch, model: sketch}",
        "images:",
        "  - custom_id: img",
        "    prompt_used: A lamp.",
        "    # the mistake:",
        *(f"    {line}" for line in entry),
    ]
    return "\n".join(lines) + "\n"


def character(slug: str, path: str) -> str:
    """A character whose one reference is the file at `path`."""
    return f"entity_type: character\nslug: {slug}\nimage_inventory:\n  - id: face\n    path: {path}\n"


def portrait(slug: str, other: str) -> str:
    """A character whose planned portrait shows another character."""
    return (
        f"entity_type: character\nslug: {slug}\ngeneration_defaults: {{provider: sketch, model: sketch}}\n"
        f"image_inventory:\n  - id: face\n    is_reference_portrait: true\n    prompt_used: A face.\n    size: 64x64\n"
        f"    depicts_characters: [{other}]\n"
    )


FILES: dict[str, str | bytes] = {
    "chapters/good/imagery.yaml": chapter("good", "size: 64x64"),
    "chapters/syntax/imagery.yaml": chapter("syntax", "title: one: two"),
    "chapters/conflict/imagery.yaml": chapter("conflict", "size: 64x64") + "<<<<<<< HEAD\n=======\n>>>>>>> theirs\n",
    "chapters/latin/imagery.yaml": chapter("latin", "title: café").encode("latin-1"),
    "chapters/tabs/imagery.yaml": chapter("tabs", "\ttitle: A lamp"),
    "chapters/twice/imagery.yaml": chapter("twice", "title: A", "title: B"),
    "chapters/scalar/imagery.yaml": chapter("scalar").partition("images:")[0] + "images: three of them\n",
    "chapters/banana/imagery.yaml": chapter("banana", "size: banana"),
    "chapters/undefined/imagery.yaml": chapter("undefined", "trap: undefined"),
    "chapters/internals/imagery.yaml": chapter("internals", "trap: internals"),
    **{
        f"chapters/{name}/imagery.yaml": chapter(name, f"depicts_characters: [{name}]").replace(
            "images:", f"characters: [{{slug: {name}, reference_images: [face]}}]\nimages:"
        )
        for name in ("absent", "folder", "pointer", "text", "circle")
    },
    **{
        f"characters/{name}/imagery.yaml": character(name, path)
        for name, path in (("absent", "a.png"), ("folder", "b.png"), ("pointer", "c.png"), ("text", "d.png"))
    },
    "characters/circle/imagery.yaml": portrait("circle", "square"),
    "characters/square/imagery.yaml": portrait("square", "circle"),
    "characters/folder/b.png/note.txt": "",
    "characters/pointer/c.png": POINTER,
    "characters/text/d.png": "not a picture\n" * 30,
}

BAD = {
    "invalid YAML": Bad("imagery/chapters/syntax/imagery.yaml", "one: two", "not quoted"),
    "conflict markers": Bad("imagery/chapters/conflict/imagery.yaml", "<<<<<<<", "conflict"),
    "not UTF-8": Bad("imagery/chapters/latin/imagery.yaml", "title:", "UTF-8"),
    "tabs": Bad("imagery/chapters/tabs/imagery.yaml", "\ttitle", "tab"),
    "duplicate keys": Bad("imagery/chapters/twice/imagery.yaml", "title: B", "`title`"),
    "a scalar for a list": Bad("imagery/chapters/scalar/imagery.yaml", "images:", "must be a list"),
    "size banana": Bad("imagery/chapters/banana/imagery.yaml", "banana\n", "banana", "chapters/banana/img"),
    "undefined variable": Bad("prompts/chapter.txt.j2", "mood_of", "`mood_of_the_day`", "chapters/undefined/img"),
    "Python internals": Bad("prompts/chapter.txt.j2", "__class__", "may not use", "chapters/internals/img"),
    "missing reference": Bad("imagery/chapters/absent/imagery.yaml", "[face]", "not there", "chapters/absent/img"),
    "a directory": Bad("imagery/chapters/folder/imagery.yaml", "[face]", "is a folder", "chapters/folder/img"),
    "an LFS pointer": Bad("imagery/chapters/pointer/imagery.yaml", "[face]", "LFS", "chapters/pointer/img"),
    "no image": Bad("imagery/chapters/text/imagery.yaml", "[face]", "no picture", "chapters/text/img"),
    "a cycle": Bad("imagery/characters/circle/imagery.yaml", "- id: face", "circle", "characters/square/face"),
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Project:
    """A project with all mistakes at once, and one good chapter."""
    book = ForkedProject(forks, tmp_path_factory.mktemp("bad"))
    for name, text in FILES.items():
        book.write(f"imagery/{name}", text)
    book.write("prompts/chapter.txt.j2", TRAPS + book.read("prompts/chapter.txt.j2"))
    return book


@pytest.fixture(scope="module")
def checked(book: Project) -> Run:
    """What `chargen check --json` says."""
    return book.chargen("check", "--json")


@pytest.fixture(scope="module")
def built(book: Project, checked: Run) -> Run:
    """What `doit` says, run after the check."""
    assert checked.code == 1
    return book.doit()


def place(book: Project, bad: Bad) -> int:
    text = (book.root / bad.file).read_bytes().decode("latin-1")
    return text[: text.index(bad.at)].count("\n") + 1


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_each_mistake_is_one_error_with_its_place(book: Project, checked: Run, bad: Bad) -> None:
    """`check` says it once, at its line and with a column, in words that name what is wrong."""
    found = [item for item in checked.json["problems"] if (item["file"], item["line"]) == (bad.file, place(book, bad))]
    assert len(found) == 1, checked.out
    assert found[0]["severity"] == "error"
    assert found[0]["column"] >= 1
    assert bad.words in found[0]["message"]


def test_no_mistake_is_told_twice_or_in_other_files(checked: Run) -> None:
    """As many errors as mistakes: what follows from one is no problem of its own."""
    assert checked.json["totals"] == {"error": len(BAD), "warning": 0, "note": 0}
    places = [(item["file"], item["line"]) for item in checked.json["problems"]]
    assert places == sorted(places)


def test_what_does_not_depend_on_a_mistake_is_built(book: Project, built: Run) -> None:
    """`doit` exits 1, builds the good chapter, and nothing that a mistake stands in the way of."""
    assert built.code == 1, built.all
    assert book.images() == {"chapters/good/img"}


def test_the_scripted_face_says_the_same(book: Project, built: Run) -> None:
    """`batch all --json` afterwards: the same failures, and the files nobody could read as problems; exit 1."""
    run = book.chargen("batch", "all", "--json")
    assert (run.code, run.json["exit_code"]) == (1, 1), run.all
    assert {item["id"] for item in run.json["outcomes"]} >= {bad.blocked for bad in BAD.values() if bad.blocked}
    assert {item["file"] for item in run.json["problems"]} >= {bad.file for bad in BAD.values() if not bad.blocked}
    assert built.code == 1


@pytest.mark.parametrize("bad", [bad for bad in BAD.values() if bad.blocked], ids=lambda bad: bad.blocked)
def test_an_image_that_can_not_be_built_fails_with_the_reason(built: Run, bad: Bad) -> None:
    """The run's summary names the image, and the mistake's words below it."""
    _, _, told = built.out.partition(f"\nfailed: {bad.blocked}\n")
    assert bad.words in told.partition("\nfailed: ")[0], built.out


def test_a_template_that_is_wrong_stops_only_its_kind(tmp_path: Path, forks: Forks) -> None:
    """One error for a broken template, however many images it stops; a missing one is the packaged one."""
    book = ForkedProject(forks, tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    book.character("mara", "A face.")
    book.character("rook", "A beak.")
    book.write(
        "imagery/locations/quay/imagery.yaml",
        "metadata: {slug: quay, entity_type: location-imagery}\n"
        "generation_defaults: {provider: sketch, model: sketch}\n"
        "overview: {slug: wide, prompt_used: A quay., size: 64x64}\n"
        "zones: [{slug: crane, prompt_used: A crane., size: 64x64}]\n",
    )
    (tmp_path / "prompts/location.txt.j2").unlink()
    book.write("prompts/character.txt.j2", "{{ prompt }}\n{% if %}\n")
    checked, built = book.chargen("check", "--json"), book.doit()
    told: list[dict[str, Any]] = checked.json["problems"]
    assert [(item["file"], item["line"]) for item in told] == [("prompts/character.txt.j2", 2)], checked.out
    assert told[0]["images"] == ["characters/mara/mara-portrait", "characters/rook/rook-portrait"]
    assert (checked.code, built.code) == (1, 1)
    assert book.images() == {"chapters/ch01/a", "locations/quay/wide", "locations/quay/crane"}


def test_one_reason_for_several_failures_is_told_once(tmp_path: Path, forks: Forks) -> None:
    """Each image has its line while the run goes on; the summary gives the reason, its place and the step once."""
    book = ForkedProject(forks, tmp_path, '[tool.chargen.routes]\n"sketch/*" = "openai/dall-e-3"\n')
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    run = book.doit()
    assert run.code == 1, run.all
    summary = run.out.partition("failed 2,")[2].splitlines()[1:]
    assert summary == [
        "failed: chapters/ch01/a, chapters/ch01/b",
        "  pyproject.toml:23:1: error: the route `sketch/*` leads to `openai/dall-e-3`, which is no longer available",
        "    hint: name another model in this line",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("imagery/chapters/ch01/imagery.yaml", "128x96", "128*96", "`128*96` is no size"),
        ("prompts/chapter.txt.j2", "{{ prompt }}", "{{ prompt }", "template error"),
    ],
)
def test_a_slip_that_hides_whether_a_picture_is_current_is_told(
    tmp_path: Path, file: str, old: str, new: str, words: str, forks: Forks
) -> None:
    """A picture that exists is kept where its inputs can't be made; every run over the whole book ends with 1."""
    book = ForkedProject(forks, tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    book.chapter("ch02", {"b": "A door."})
    assert book.doit().code == 0
    book.edit(file, old, new)
    for _ in range(2):
        run = book.doit()
        assert run.code == 1, run.all
        assert "kept as " in run.out and f"can't be checked until {file}:" in run.out
        assert words in run.out
        assert "fresh 2" in run.out
    check = book.chargen("check")
    assert check.code == 1, check.all
    assert f"{file}:" in check.all
