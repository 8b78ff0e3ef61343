"""Forms of inputs: a picture that is current by the rules it was made by stays so; what is made anew follows today's.

A file whose defaults begin to count stands for one that was built when they did not: its record has form 1.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers.openai_server import OpenAIServer
from support.project import Project

from chargen.cli.main import run
from chargen.model.inputs import Inputs, nearest_form, parts
from chargen.model.values import Size

FILE = "imagery/chapters/ch01/imagery.yaml"
TARGET = "generated/chapters/ch01/a.png"
OLD = "generation_defaults: {provider: sketch, model: sketch}"
NEW = "generation_defaults: {provider: sketch, model: sketch, size: 96x64}"
CHAPTER = f"""\
metadata: {{slug: ch01}}
{OLD}
images:
  - custom_id: a
    prompt_used: A lamp.
    status: draft
    depicts_characters: [mara]
    character_states: {{mara: wet}}
"""


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Project]:
    """A chapter built by the rules of form 1, with a default size in its file and a name in the character's by now."""
    book = Project(tmp_path, 'default_size = "64x64"\n')
    book.write(FILE, CHAPTER)
    book.character("mara", appearance="")
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as former:  # by form 1 a slug stood where no file has a name
        former.setattr("chargen.plan.image_planner.as_name", str)
        assert run(["batch", "all"]) == 0
    book.edit(FILE, OLD, NEW)
    book.edit("imagery/characters/mara/imagery.yaml", "slug: mara", "slug: mara\nname: Mara Vale")
    capsys.readouterr()
    yield book


def planned(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one image of `plan --json`, with the problems that are notes."""
    assert run(["plan", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    (image,) = shown["images"]
    return {**image, "told": [item["message"] for item in shown["problems"] if item["severity"] == "note"]}


def built(book: Project) -> tuple[int, str]:
    """Build everything: the number of originals there are then, and the size of the prompt file."""
    assert run(["batch", "all"]) == 0
    originals = list((book.root / ".chargen/originals").glob("*/*/record.json"))
    return len(originals), (book.root / "generated/prompts/chapters/ch01/a.txt").read_text(encoding="utf-8")


@pytest.mark.usefixtures("book")
def test_what_was_made_by_former_rules_is_current_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Fresh, with the size it was made in, and one note; a build does nothing."""
    image = planned(capsys)
    assert (image["verdict"], image["size"]) == ("fresh", "64x64")
    assert image["told"] == [
        "1 picture is kept as it was made (other names of colours or characters, or no size in `generation_defaults`)"
    ]
    assert run(["batch", "all", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["untouched"] == {"fresh": 1}
    assert planned(capsys) == image  # as it is kept


def test_what_is_made_anew_follows_today_s_rules(book: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """The reason is what the author changed and nothing else; then it is current by today's rules, without a note."""
    book.edit(FILE, "A lamp.", "A lantern.")
    image = planned(capsys)
    assert (image["verdict"], image["size"]) == ("stale", "96x64")
    assert [reason.partition(" (")[0] for reason in image["reasons"]] == ["prompt used changed"]
    assert run(["why", "chapters/ch01/a", "--json"]) == 0
    (explained,) = json.loads(capsys.readouterr().out)["images"]
    assert [part["part"] for part in explained["parts"]] == ["prompt.prompt_used"]
    count, prompt = built(book)
    assert (count, "Mara Vale: wet" in prompt) == (2, True)
    capsys.readouterr()
    image = planned(capsys)
    assert (image["verdict"], image["size"], image["told"]) == ("fresh", "96x64", [])


def test_a_picture_that_is_gone_is_restored_whatever_rules_it_was_made_by(
    book: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is bought again: not now, and not when it is judged again in the build."""
    before = (book.root / TARGET).read_bytes()
    (book.root / TARGET).unlink()
    assert planned(capsys)["verdict"] == "restorable"
    count, _ = built(book)
    assert (count, (book.root / TARGET).read_bytes()) == (1, before)


def test_a_picture_that_is_gone_with_its_slots_is_restored_too(book: Project) -> None:
    """Its original tells the rules it was made by."""
    book.write(FILE, CHAPTER.replace(OLD, NEW))
    (book.root / TARGET).unlink()
    assert built(book)[0] == 1
    assert (book.root / TARGET).is_file()


@pytest.mark.parametrize("lost", ["slots", "slots and journal", "all but the picture"])
def test_any_place_that_tells_its_inputs_is_enough(
    book: Project, capsys: pytest.CaptureFixture[str], lost: str
) -> None:
    """Without its record line the picture is found by its originals, the journal, or its own text."""
    book.write(FILE, CHAPTER.replace(OLD, NEW))
    if lost != "slots":
        (book.root / ".chargen/journal.sqlite").unlink()
    if lost == "all but the picture":
        shutil.rmtree(book.root / ".chargen")
    image = planned(capsys)
    assert (image["verdict"], image["size"]) == ("fresh", "64x64")


def test_a_rejected_picture_is_answered_by_today_s_rules_once(
    book: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its answer is current afterwards: it is not rejected again by the form of its predecessor."""
    book.edit(FILE, "status: draft", "status: rejected")
    assert planned(capsys)["size"] == "96x64"
    assert built(book)[0] == 2
    assert built(book)[0] == 2


def test_the_nearest_form_is_the_one_that_differs_least() -> None:
    """Of equals the newest; that is how what changed is told by the rules of then."""
    then = Inputs("old", "", (), Size(64, 64))
    newest, former = Inputs("new", "", (), Size(96, 64)), Inputs("new", "", (), Size(64, 64))
    assert nearest_form(parts(then), [newest, former]) is former
    assert nearest_form(parts(newest), [newest, former]) is newest
    assert nearest_form({}, [newest, newest]) is newest


PALETTE = """\
metadata:
  slug: ch01
  generation_defaults: {provider: sketch, model: sketch}
  color_palette: {primary: ["ice blue", charcoal], accent: terracotta}
images:
  - custom_id: a
    prompt_used: A lamp.
    size: 64x64
"""
IN_NUMBERS = '{primary: ["#F4F1EA", "#4B3B57"], accent: {persimmon: "#E2612F"}}'

QUAY = """\
metadata: {slug: quay, generation_defaults: {provider: sketch, model: sketch}}
overview: {slug: quay, prompt_used: A quay., size: 64x64}
zones:
  - slug: crane
    description: A crane over black water.
    mood: Patient.
    size: 64x64
    palette: {dominant: ["ice blue"], avoid: ["charcoal"]}
"""
AVOIDED = '{dominant: ["#F4F1EA"], avoid: ["#4B3B57"]}'


@pytest.mark.parametrize(
    ("file", "text", "old", "new", "name", "words"),
    [
        (FILE, PALETTE, '{primary: ["ice blue", charcoal], accent: terracotta}', IN_NUMBERS, "chapters/ch01/a",
         "Palette: warm white, dark plum, persimmon."),
        ("imagery/locations/quay/imagery.yaml", QUAY, '{dominant: ["ice blue"], avoid: ["charcoal"]}', AVOIDED,
         "locations/quay/crane", "Palette: warm white."),
    ],
)  # fmt: skip
def test_colours_that_have_better_names_make_nothing_stale(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    file: str,
    text: str,
    old: str,
    new: str,
    name: str,
    words: str,
) -> None:
    """By the forms before, `#F4F1EA` was ice blue: a picture made of that is current, a new one is made of white."""
    book = Project(tmp_path)
    book.write(file, text)
    monkeypatch.chdir(tmp_path)
    assert run(["batch", "all"]) == 0
    book.edit(file, old, new)
    capsys.readouterr()
    assert run(["plan", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert {image["verdict"] for image in shown["images"]} == {"fresh"}
    assert [item["message"].partition(" (")[0] for item in shown["problems"]] == ["1 picture is kept as it was made"]
    assert run(["batch", "all"]) == 0
    assert len(book.originals()) == len(shown["images"])
    assert run(["batch", "all", "--rebuild", name]) == 0
    prompt = (book.root / f"generated/prompts/{name}.txt").read_text(encoding="utf-8")
    assert words in prompt
    assert "#" not in prompt


def test_a_character_without_a_name_is_called_by_their_slug_as_people_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In states and where words stand in for a picture; what was made when the slug itself stood there stays."""
    book = Project(tmp_path)
    book.write(FILE, CHAPTER.replace("mara", "mara-vale"))
    book.character("mara-vale", appearance="A tall girl.")
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as former:
        former.setattr("chargen.plan.image_planner.as_name", str)
        assert "mara-vale: wet\n\nmara-vale looks like this: A tall girl." in built(book)[1]
    capsys.readouterr()
    assert planned(capsys)["verdict"] == "fresh"
    book.edit(FILE, "A lamp.", "A lantern.")
    book.write(TARGET, b"")
    (book.root / TARGET).unlink()
    assert "Mara Vale: wet\n\nMara Vale looks like this: A tall girl." in built(book)[1]


SIZELESS = {
    "chapters/red": "metadata: {slug: red, color_palette: [red, teal], GD}\nimages: [{custom_id: a, prompt_used: A}]\n",
    "chapters/hex": 'metadata: {slug: hex, color_palette: ["#F2EFE6"], GD}\nimages: [{custom_id: a, prompt_used: A}]\n',
    "chapters/state": (
        "metadata: {slug: state, color_palette: ['#F2EFE6'], GD}\n"
        "images: [{custom_id: a, prompt_used: A., depicts_characters: [al], character_states: {al: wet}}]\n"
    ),
    "chapters/fields": "metadata: {slug: fields, GD}\nimages: [{custom_id: a, visual_description: A lamp.}]\n",
    "locations/inn": "entity_type: location-imagery\nmetadata: {slug: inn, GD}\nzones: [{slug: a, prompt_used: A}]\n",
    "characters/face": "entity_type: character\nslug: face\nGD\nimage_inventory: [{id: a, prompt_used: A}]\n",
    "characters/al": "metadata: {entity_type: character-scenes, slug: al, GD}\ncharacter: {name: Al}\n"
    "scenes: [{id: a, scene: A lamp.}]\n",
}
"""Files of all kinds whose entries have no size; `GD` are their `generation_defaults`."""
PLAIN, SIZED = "generation_defaults: {provider: sketch, model: sketch", ", size: 80x80}"


def test_a_size_that_is_added_makes_no_picture_stale_whatever_it_is_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Colours by name or by number, fields, scenes: one rule for all; what is made anew has the size."""
    book = Project(tmp_path, 'default_size = "64x64"\n')
    files = {f"imagery/{place}/imagery.yaml": text.replace("GD", PLAIN + "}") for place, text in SIZELESS.items()}
    for file, text in files.items():
        book.write(file, text)
    monkeypatch.chdir(tmp_path)
    assert run(["batch", "all"]) == 0
    for file in files:
        book.edit(file, PLAIN + "}", PLAIN + SIZED)
    capsys.readouterr()
    assert run(["plan", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert {image["id"]: image["verdict"] for image in shown["images"]} == {f"{place}/a": "fresh" for place in SIZELESS}
    (told,) = (item for item in shown["problems"] if item["severity"] == "note")
    assert told["message"] == (
        "7 pictures are kept as they were made (other names of colours or characters, or no size in"
        " `generation_defaults`)"
    )
    assert run(["batch", "all", "--rebuild", "*/*/a"]) == 0
    capsys.readouterr()
    assert run(["plan", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert {(image["size"], image["verdict"]) for image in shown["images"]} == {("80x80", "fresh")}
    assert [item for item in shown["problems"] if item["severity"] == "note"] == []


PAID = "gpt-image-2.6-flare"


def test_what_a_rebuild_costs_and_sends_is_told_by_today_s_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a picture that is kept in the size it was made in: `why`, `impact` and `prompt --sent` tell the new one's."""

    def told(*words: str) -> Any:
        capsys.readouterr()
        assert run([*words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    with OpenAIServer() as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        book = Project(tmp_path, 'default_size = "1024x1024"\n', env=server.environ)
        defaults = f"generation_defaults: {{provider: openai, model: {PAID}, quality: medium"
        book.write(FILE, f"metadata: {{slug: ch01}}\n{defaults}}}\nimages: [{{custom_id: a, prompt_used: A lamp.}}]\n")
        monkeypatch.chdir(tmp_path)
        assert run(["batch", "all"]) == 0
        before = told("why", "chapters/ch01/a")["images"][0]
        assert (before["size"], before["rebuild_size"]) == ("1024x1024", "1024x1024")
        book.edit(FILE, "quality: medium", "quality: medium, size: 1536x1024")
        (explained,) = told("why", "chapters/ch01/a")["images"]
        sent, reached = told("prompt", "chapters/ch01/a", "--sent"), told("impact", FILE)
        again = told("plan", "--rebuild", "chapters/ch01/a")["images"][0]
        assert again["cost_usd"] > before["rebuild_cost_usd"]
        assert explained["rebuild_cost_usd"] == sent["cost_usd"] == reached["cost_usd"] == again["cost_usd"]
        assert (sent["asked_size"], sent["requested_size"]) == ("1536x1024", "1536x1024")
        assert (explained["verdict"], explained["size"], explained["rebuild_size"]) == (
            "fresh", "1024x1024", "1536x1024",
        )  # fmt: skip
        assert run(["why", "chapters/ch01/a"]) == 0
        out = " ".join(capsys.readouterr().out.split())
        assert "kept in 1024x1024, the size it was made in: a rebuild makes 1536x1024" in out
