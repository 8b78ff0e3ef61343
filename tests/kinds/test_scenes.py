"""Scenes of a character: recognised by content, named by id or title, made of their fields."""

from __future__ import annotations

import json

import pytest
from support.project import Project

from chargen import kinds
from chargen.cli.main import run
from chargen.model.slots import SetSlots, SlotValues
from chargen.yaml.document import parse

HEAD = (
    "character: {name: Pim the Hen, summary: A small hen}\nvisual_consistency: [Blue scarf, One short toe.]\nscenes:\n"
)
SKETCH = "generation_defaults: {provider: sketch, model: sketch}\n"
FILE = "imagery/characters/pim/image-ideas.yaml"


def told(imagery):
    """Every problem of the file and of its entries as (severity, line, message)."""
    every = (*imagery.problems, *(problem for entry in imagery.entries for problem in entry.problems))
    return [(problem.severity.value, problem.position.line, problem.message) for problem in every]


def scenes(scan, body, head=HEAD):
    imagery = scan(head + body, file=FILE)
    assert imagery is not None
    return imagery


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("character: {name: Pim}\nscenes: [{title: A}]", "scene"),
        ("entity_type: character-scenes\nscenes: []", "scene"),
        ("character: {role: hen}\nscenes: [{title: A}]", None),
        ("character: {name: Pim}\nscenes: [{text: A}]", None),
        ("character: {name: Pim}\nscenes: none", None),
        ("scenes: [{title: A}]", None),
    ],
)
def test_a_scene_file_is_told_by_a_named_character_and_titled_scenes(text, kind):
    found = kinds.kind_of(parse(text.encode(), "any-name.yaml"))
    assert (found.name if found else None) == kind


def test_a_scene_is_an_entry_of_its_character(scan):
    """Its id is the character's folder and its title as a slug; its fields are its prompt, in reading order."""
    imagery = scenes(
        scan, "  - title: A Race (to the Sea!)\n    setting: The  beach\n    scene: Pim runs\n    mood: merry\n"
    )
    (entry,) = imagery.entries
    assert (imagery.kind, imagery.slug, entry.id, entry.kind) == (
        "scene",
        "pim",
        "characters/pim/a-race-to-the-sea",
        "scene",
    )
    assert [f"{part.label}{part.text}" for part in entry.parts] == [
        "Pim the Hen.", "Pim runs.", "Setting: The beach.", "Mood: merry."
    ]  # fmt: skip
    assert [part.text.name for part in entry.parts] == ["name", "scene", "setting", "mood"]
    assert entry.parts[2].text.position.line == 5
    assert (str(entry.size), entry.has_prompt, told(imagery)) == ("1024x1536", True, [])


def test_an_id_of_its_own_and_a_slug_of_the_file_go_before_title_and_folder(scan):
    imagery = scenes(scan, "  - {title: A race, id: sea, scene: Pim runs}\n", "slug: hen\n" + HEAD)
    assert [entry.id for entry in imagery.entries] == ["characters/hen/sea"]


def test_a_prompt_of_its_own_is_the_prompt(scan):
    """Fields beside a prompt add nothing to it."""
    (entry,) = scenes(scan, "  - {title: A, scene: Pim runs, prompt_used: A hen.}\n").entries
    assert (entry.prompt, entry.parts) == ("A hen.", ())


def test_the_character_is_in_every_scene_first_with_the_file_s_words_on_their_looks(scan):
    """Companions follow; a state of the character needs no mention of them."""
    body = "  - title: A\n    scene: Pim runs\n    depicts_characters: [fox, pim]\n    character_states: {pim: wet}\n"
    imagery = scenes(scan, body)
    pim, fox = imagery.entries[0].depicts
    assert (pim.slug, pim.name, pim.reference_ids, pim.state, pim.position.line) == (
        "pim",
        "Pim the Hen",
        None,
        "wet",
        1,
    )
    assert pim.looks == "A small hen. Blue scarf. One short toe."
    assert (fox.slug, fox.looks) == ("fox", None)
    assert told(imagery) == []


@pytest.mark.parametrize(
    ("defaults", "entry", "size"),
    [
        ("", "", "1024x1536"),
        ("generation_defaults: {size: 800x600}\n", "", "800x600"),
        ("metadata: {generation_defaults: {aspect_ratio: '1:1'}}\n", "", "1248x1248"),
        ("generation_defaults: {size: 800x600}\n", ", size: 64x64", "64x64"),
    ],
)
def test_the_size_is_the_entry_s_else_the_file_s_else_upright(scan, defaults, entry, size):
    (found,) = scenes(scan, f"  - {{title: A, scene: Pim runs{entry}}}\n", defaults + HEAD).entries
    assert str(found.size) == size


def test_negative_prompts_of_the_file_count(scan):
    head = "generation_defaults: {negative_prompts: [text, foxes]}\n" + HEAD
    (entry,) = scenes(scan, "  - {title: A, scene: Pim runs}\n", head).entries
    assert entry.negative_prompt == ("text", "foxes")


def test_bad_scenes_are_one_problem_each_with_its_place(scan):
    """No title, a title that makes no id, two with one id, fields of another shape; the rest is planned."""
    body = (
        "  - {scene: Pim sleeps}\n"
        "  - {title: 海, scene: Pim swims}\n"
        "  - {title: A b, scene: Pim runs}\n"
        "  - {title: A-B!, scene: Pim hops}\n"
        "  - {title: C, pose: [sitting]}\n"
        "  - {title: D}\n"
    )
    imagery = scenes(scan, body)
    assert [entry.id for entry in imagery.entries] == [f"characters/pim/{name}" for name in ("a-b", "c", "d")]
    assert told(imagery) == [
        ("error", 4, "this scene has no `title`: it can't be planned"),
        ("error", 5, "the title `海` makes no id"),
        ("error", 7, f"`characters/pim/a-b` is planned twice: the same picture is planned at {FILE}:6:5"),
        ("error", 8, "`pose` must be text"),
    ]
    assert not imagery.entries[2].has_prompt
    (twice,) = (problem for problem in imagery.entries[0].problems if "twice" in problem.message)
    assert twice.hint == "give one of the two an id of its own with `id: ...`"


def test_a_scene_s_slots_are_those_of_its_own_mapping(scan):
    (entry,) = scenes(scan, "  - {title: A, scene: Pim runs}\n").entries
    edit = kinds.named(entry.kind).slots(
        entry, SlotValues("2030-01-02T03:04:05Z", "a.png", "generated/characters/pim/a.png", "p", "m", {})
    )
    assert isinstance(edit, SetSlots)
    assert edit.path == ("scenes", 0)
    assert list(edit.values) == ["generated_at", "file_name", "file_path", "provider", "model", "provider_metadata"]


def test_scenes_are_sent_with_the_portraits_of_all_whom_they_show(tmp_path, monkeypatch, capsys):
    """`batch scenes` builds the portraits it needs first; nothing of the file but slots changes; then all is fresh."""
    book = Project(tmp_path)
    book.character("pim", "A hen.")
    book.character("fox", "A fox.")
    text = HEAD + "  - title: A race\n    scene: Pim runs.\n    depicts_characters: [fox]\n    size: 64x64  # small\n"
    file = book.write(FILE, SKETCH + text)
    monkeypatch.chdir(tmp_path)
    assert run(["batch", "scenes", "--json"]) == 0
    outcomes = {item["id"]: item["outcome"] for item in json.loads(capsys.readouterr().out)["outcomes"]}
    assert list(outcomes)[-1] == "characters/pim/a-race"
    assert set(outcomes.values()) == {"built"}
    assert len(outcomes) == 3
    assert file.read_text(encoding="utf-8").startswith(
        "generation_defaults: {provider: sketch, model: sketch}\n" + text
    )
    prompt = (tmp_path / "generated/prompts/characters/pim/a-race.txt").read_text(encoding="utf-8")
    assert prompt.strip() == "Pim the Hen. Pim runs."
    assert run(["impact", "pim"]) == 0
    assert "characters/pim/a-race" in capsys.readouterr().out
    assert run(["batch", "scenes", "--only", "pim", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["untouched"] == {"fresh": 1}


def test_without_a_portrait_the_file_s_words_stand_in(tmp_path, monkeypatch, capsys):
    """Neither a character file nor a portrait is missed where the scenes themselves say how the character looks."""
    book = Project(tmp_path)
    book.write(
        FILE, "generation_defaults: {provider: sketch, model: sketch}\n" + HEAD + "  - {title: A, mood: merry}\n"
    )
    monkeypatch.chdir(tmp_path)
    assert run(["check"]) == 0
    assert capsys.readouterr().out == "1 image in 1 file: nothing wrong\n"
    assert run(["prompt", "characters/pim/a", "--json"]) == 0
    text = json.loads(capsys.readouterr().out)["prompt"]
    assert text == "Pim the Hen. Mood: merry.\n\nPim the Hen looks like this: A small hen. Blue scarf. One short toe."
