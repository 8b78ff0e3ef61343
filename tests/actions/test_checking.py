"""What `check` gathers beyond the plan's own problems, at a date of the test's choosing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.inside import build
from support.project import Project

from chargen.actions.check import check
from chargen.errors import Severity
from chargen.plan.session import open_session

KEY = {"OPENAI_API_KEY": "sk-test"}


class Stopped:
    """A clock that stands still."""

    def __init__(self, year: int, month: int, day: int) -> None:
        self._now = datetime(year, month, day, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ((2026, 9, 1), None),
        ((2026, 10, 15), (Severity.WARNING, "`gpt-image-1.5` shuts down on 2026-12-01, in 47 days")),
        ((2026, 12, 2), (Severity.ERROR, "the model `openai/gpt-image-1.5` is no longer available")),
    ],
)
def test_the_end_of_a_model_comes_nearer(
    tmp_path: Path, day: tuple[int, int, int], found: tuple[Severity, str] | None
) -> None:
    """Nothing more than 60 days before, one warning for all images within them, one error after."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, route="openai/gpt-image-1.5")
    with open_session(tmp_path, KEY, read_only=True, clock=Stopped(*day)) as session:
        findings = check(session).findings
    told = [(item.problem.severity, item.problem.message) for item in findings]
    assert told == ([] if found is None else [found])
    for item in findings:
        assert item.images == ("chapters/ch01/a", "chapters/ch01/b")
        assert str(item.problem.position).startswith("imagery/chapters/ch01/imagery.yaml:4:")
        assert "gpt-image-2.6-flare" in item.problem.hint


def test_auto_quality_is_warned_about_where_it_is_asked_for(tmp_path: Path) -> None:
    """A quality that lets the model choose the price is odd, for one image as for all."""
    book = Project(tmp_path)
    file = book.chapter("ch01", {"a": "A lamp."}, route="openai/gpt-image-2.6-flare")
    book.edit(file, "flare}", "flare, quality: auto}")
    with open_session(tmp_path, KEY, read_only=True) as session:
        findings = check(session).findings
    assert [item.problem.severity for item in findings] == [Severity.WARNING]
    assert "`auto` lets the model choose" in findings[0].problem.message


def test_slips_are_told_with_their_place_and_keep_their_text(tmp_path: Path) -> None:
    """A misspelt type hides the file and is an error, a key a warning; nothing in the files changes."""
    book = Project(tmp_path)
    prompt = book.chapter("ch01", {"a": "A lamp."})
    book.edit(prompt, "prompt_used", "prompt_usd")
    kind = book.chapter("ch02", {"a": "A lamp."})
    book.edit(kind, "chapter-imagery", "chapter-imagry")
    several = book.chapter("ch03", {"a": "A lamp."})
    book.edit(several, "images:", "image:")
    before = [book.read(file) for file in (prompt, kind, several)]
    with open_session(tmp_path, {}, read_only=True) as session:
        plan, findings = session.plan(), check(session).findings
    assert [(str(item.problem.position), item.problem.severity, item.problem.hint) for item in findings] == [
        (f"{prompt}:7:5", Severity.WARNING, "did you mean `prompt_used`?"),
        (f"{kind}:2:16", Severity.ERROR, "did you mean `chapter-imagery`?"),
        (f"{several}:5:1", Severity.ERROR, "did you mean `images`?"),
    ]
    assert [(image.id, image.verdict.value) for image in plan.images] == [("chapters/ch01/a", "no-prompt")]
    assert [book.read(file) for file in (prompt, kind, several)] == before


@pytest.mark.parametrize(
    ("settings", "route", "place"),
    [
        ('[tool.chargen.routes]\n"sketch/*" = "openai/gpt-imag-1"\n', "sketch/sketch", "pyproject.toml:23:1"),
        ('[tool.chargen.routes]\n"*" = "openai/gpt-imag-1"\n', "elsewhere/any", "pyproject.toml:23:1"),
        ('[tool.chargen.providers.openai]\nmodel = "gpt-imag-1"\n', "openai", "pyproject.toml:23:1"),
        ('[tool.chargen.providers.openai]\nmodel = "gpt-image-2"\n', "openai/gpt-imag-1", "4:50"),
    ],
)
def test_a_model_is_told_where_it_is_chosen(tmp_path: Path, settings: str, route: str, place: str) -> None:
    """In the settings' line, or in the file's; and no model is suggested that is gone."""
    book = Project(tmp_path, settings)
    file = book.chapter("ch01", {"a": "A lamp."}, route=route if "/" in route else f"{route}/x")
    if "/" not in route:
        book.edit(file, ", model: x", "")
    with open_session(tmp_path, KEY, read_only=True, clock=Stopped(2026, 11, 22)) as session:
        findings = check(session).findings
    (finding,) = findings
    assert str(finding.problem.position) == (place if ".toml" in place else f"{file}:{place}")
    assert finding.problem.message.startswith("`gpt-imag-1` is not in the model table")
    assert finding.problem.hint == "did you mean `gpt-image-1.5`?"


def test_a_file_without_a_provider_is_told_at_its_first_entry(tmp_path: Path) -> None:
    """Once for all images of the file."""
    book = Project(tmp_path)
    file = book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    book.edit(file, "  generation_defaults: {provider: sketch, model: sketch}\n", "")
    with open_session(tmp_path, {}, read_only=True) as session:
        findings = check(session).findings
    (finding,) = findings
    assert (str(finding.problem.position), len(finding.images)) == (f"{file}:5:5", 2)
    assert finding.problem.message == "nothing says which provider makes this image"


@pytest.mark.parametrize("is_pointer", [False, True])
def test_the_hint_of_a_reference_hangs_on_what_stands_there_and_not_on_its_name(
    tmp_path: Path, is_pointer: bool
) -> None:
    """A folder may be called as the author likes: only a pointer is told to be pulled."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [ivo]")
    book.write(
        "imagery/characters/ivo/imagery.yaml",
        "entity_type: character\nslug: ivo\nimage_inventory:\n"
        "  - {id: face, path: LFS-day/face.png, is_reference_portrait: true}\n",
    )
    if is_pointer:
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 5\n"
        book.write("imagery/characters/ivo/LFS-day/face.png", pointer)
    with open_session(tmp_path, {}, read_only=True) as session:
        findings = check(session).findings
    (problem,) = (item.problem for item in findings if item.problem.severity is Severity.ERROR)
    assert ("git lfs pull" in problem.hint) is is_pointer


def test_two_files_of_one_slug_are_told(tmp_path: Path) -> None:
    """Their pictures would lie in one folder; a chapter and a place may share a name."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    book.write("imagery/other.yaml", book.read("imagery/chapters/ch01/imagery.yaml").replace('"a"', '"b"'))
    book.write(
        "imagery/locations/ch01/imagery.yaml",
        "overview: {prompt_used: A quay., slug: quay, size: 64x64}\nparts: []\nmetadata: {slug: ch01}\n"
        "generation_defaults: {provider: sketch, model: sketch}\n",
    )
    with open_session(tmp_path, {}, read_only=True) as session:
        (finding,) = check(session).findings
    assert (finding.problem.severity, str(finding.problem.position)) == (Severity.WARNING, "imagery/other.yaml")
    assert finding.problem.message == (
        "the chapter `ch01` has two files: `imagery/chapters/ch01/imagery.yaml` and this one"
    )


def test_pictures_of_an_inventory_that_do_not_exist_are_told(tmp_path: Path) -> None:
    """Each at its place, also where nobody uses it; one that is still to be made is not missing."""
    book = Project(tmp_path)
    book.write(
        "imagery/characters/ivo/imagery.yaml",
        "entity_type: character\nslug: ivo\ngeneration_defaults: {provider: sketch, model: sketch}\nimage_inventory:\n"
        "  - {id: face, path: images/face.png}\n  - {id: side, path: images/side.png}\n"
        "  - {id: back, prompt_used: His back.}\n",
    )
    book.write("imagery/characters/ivo/images/side.png", b"a picture")
    with open_session(tmp_path, {}, read_only=True) as session:
        findings = check(session).findings
    assert [(str(item.problem.position), item.problem.message) for item in findings] == [
        ("imagery/characters/ivo/imagery.yaml:5:5", "the inventory's picture `face` does not exist")
    ]


def test_what_uses_a_character_s_text_is_counted(tmp_path: Path) -> None:
    """Where a portrait goes along, the appearance is in no prompt; where none is there, it is."""
    book = Project(tmp_path, 'missing_references = "describe"\n')
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="depicts_characters: [mara, otto]")
    book.character("mara", "A face.")
    book.character("otto", appearance="A small man.")
    book.character("ada", "Nobody's.")
    with open_session(tmp_path, KEY, read_only=True) as session:
        characters = check(session).characters
    counted = [(item.slug, item.pictures, item.words, item.wordless) for item in characters]
    assert counted == [("mara", 2, 0, 2), ("otto", 0, 2, 0)]


def test_what_did_not_fit_into_the_limit_is_told(tmp_path: Path) -> None:
    """Of a scene and of an image made of fields: what was shortened, and what was left out."""
    book = Project(tmp_path, "prompt_limit = 300\n")
    book.write(
        "imagery/characters/al/scenes.yaml",
        "metadata: {entity_type: character-scenes, slug: al}\ncharacter: {name: Al}\n"
        f"scenes:\n  - {{id: a, scene: {'word ' * 200}, pose: upright, mood: calm}}\n  - {{id: b, scene: short}}\n",
    )
    with open_session(book.root, {}, read_only=True) as session:
        found = [item for item in check(session).findings if "prompt_limit" in item.problem.message]
    (told,) = found
    assert told.problem.severity is Severity.NOTE
    assert told.problem.message == (
        "its fields are longer than `prompt_limit` allows: shortened `scene`; left out `pose`, `mood`"
    )
    assert str(told.problem.position) == "imagery/characters/al/scenes.yaml:4:5"


def test_an_entry_waits_for_its_prompt_whatever_else_is_wrong_with_it(tmp_path: Path) -> None:
    """Only what says why there is none stands for the note, not a name that holds the word."""
    book = Project(tmp_path)
    file = book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [promptus]")
    book.edit(file, 'prompt_used: "A lamp."', "negative_promt: Nobody.")
    with open_session(tmp_path, {}, read_only=True) as session:
        told = [finding.problem.message for finding in check(session).findings]
    assert "this entry has no prompt yet" in told
    assert any("`promptus`" in message for message in told)
    book.edit(file, "negative_promt: Nobody.", "prompt_used: # A lamp.")
    with open_session(tmp_path, {}, read_only=True) as session:
        told = [finding.problem.message for finding in check(session).findings]
    assert "this entry has no prompt yet" not in told
    assert "`prompt_used` is empty: `# A lamp.` is a comment" in told


def test_a_picture_that_does_not_exist_is_told_whatever_is_called_like_it(tmp_path: Path) -> None:
    """Once: where an image needs it, by what that image waits for."""
    book = Project(tmp_path)
    mara = "imagery/characters/mara/imagery.yaml"
    book.write(
        mara,
        "entity_type: character\nslug: mara\nappearance: tall\ngeneration_defaults: {provider: sketch, model: sketch}\n"
        "image_inventory:\n  - {id: photo, path: old.png}\n",
    )
    file = book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [imagery/characters/mara/old.png]")
    missing = "the inventory's picture `photo` does not exist"
    with open_session(tmp_path, {}, read_only=True) as session:
        told = {finding.problem.message: str(finding.problem.position) for finding in check(session).findings}
    assert told[missing] == f"{mara}:6:5"
    book.edit(file, "[imagery/characters/mara/old.png]", "[mara]")
    book.edit(mara, "path: old.png", "path: old.png, is_reference_portrait: true")
    with open_session(tmp_path, {}, read_only=True) as session:
        told = {finding.problem.message: str(finding.problem.position) for finding in check(session).findings}
    assert missing not in told
    assert "reference `imagery/characters/mara/old.png` is not there" in told


def told(book: Project) -> list[tuple[str, str]]:
    """What `check` warns of, with its hint."""
    with open_session(book.root, {}, read_only=True) as session:
        found = check(session).findings
    return [(each.problem.message, each.problem.hint) for each in found if each.problem.severity is Severity.WARNING]


def test_a_slip_in_the_slug_of_another_file_is_told_with_the_nearest(tmp_path: Path) -> None:
    """A listed character's too; one that an image depicts is told there, and only once."""
    book = Project(tmp_path)
    book.character("mara", "A face.")
    book.write(
        "imagery/locations/lighthouse/imagery.yaml",
        "entity_type: location-imagery\nslug: lighthouse\nzones: []\n"
        "overview: {prompt_used: A tower., generated_images: []}\n",
    )
    book.chapter(
        "ch01",
        {"a": "A lamp."},
        extra="characters: [{slug: marra}, {slug: otto}, {slug: evee}]",
        entry="location: lighthose\ndepicts_characters: [mara, evee]",
    )
    write = "write a character file with this `slug`, or leave them out here"
    assert told(book) == [
        ("`marra` has no character file", "did you mean `mara`?"),
        ("`otto` has no character file", ""),
        ("`lighthose` has no location file", "did you mean `lighthouse`?"),
        ("`evee` has no character file: nothing tells what they look like", write),
    ]


def test_of_a_file_that_can_t_be_read_nothing_is_said_to_be_missing(tmp_path: Path) -> None:
    book = Project(tmp_path)
    book.write("imagery/locations/quay/imagery.yaml", "entity_type: location-imagery\nslug: [\n")
    book.chapter("ch01", {"a": "A lamp."}, entry="location: quay")
    assert told(book) == []


@pytest.mark.parametrize("status", ["approved", "locked"])
def test_a_kept_picture_that_is_nowhere_is_told(tmp_path: Path, status: str) -> None:
    """Nothing makes one as long as the status stands there; one that a build puts back is not missing."""
    book = Project(tmp_path)
    file = book.chapter("ch01", {"a": "A lamp."}, entry=f"status: {status}")
    with open_session(tmp_path, {}, read_only=True) as session:
        (problem,) = (finding.problem for finding in check(session).findings)
    assert (problem.severity, str(problem.position)) == (Severity.WARNING, f"{file}:6:5")
    picture = "`generated/chapters/ch01/a.png`"
    assert problem.message == f"status is {status}, but its picture {picture} does not exist and nothing restores it"
    assert problem.hint == "put the picture there, or remove the `status`: then a build makes a new one"
    book.edit(file, f"    status: {status}\n", "")
    assert build(book) == 0
    book.edit(file, '    size: "128x96"\n', f'    size: "128x96"\n    status: {status}\n')
    (tmp_path / "generated/chapters/ch01/a.png").unlink()
    with open_session(tmp_path, {}, read_only=True) as session:
        assert [finding.problem.hint for finding in check(session).findings] == ["the next build puts it back for free"]
