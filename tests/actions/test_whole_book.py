"""A whole book as an author writes one: all of it is buildable or told with the line to mend, no face is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers import pictures
from support import inside, tree, whole_book
from support.project import Project

from chargen.actions.adopt import adopt
from chargen.model.values import EntryId, Verdict

CHAPTER = """\
metadata:
  entity_type: chapter-imagery
  slug: ch07-the-ferry
  visual_thesis: Everything is seen across water.
  color_palette: {primary: [pewter, reed green], accent: [lantern yellow]}
  generation_defaults: {provider: openai, model: dall-e-3}   # as it was once
characters:
  - ref: odile-marsh
    name: Odile Marsh
    reference_images: []        # none was ever listed
  - ref: benno
    name: Benno
    reference_images: [benno-in-winter, benno-gone]   # there are no such pictures any more
locations:
  - ref: landing
moments:
  - {id: m-2, title: The rope, location_zone: landing/jetty}
images:
  - custom_id: img-07-01        # the first of three
    prompt_used: |
      A ferry is pulled over by hand, in mist.
    depicts_characters: [odile-marsh, benno]
    character_states: {odile-marsh: "wet to the knees", old-tam: "asleep"}
    location: landing
    zone: jetty
    size: 1792x1024

    # slots
    generated_at: null
    file_name: null
    file_path: null   # not yet
    provider: null
    model: null
    provider_metadata: {}
  - custom_id: img-07-02
    visual_description: The rope runs through two hands that have done it for forty years.
    scene_mood: [patient, a little proud]
    lighting: {primary_source: a lantern at the bow, quality: soft, shadow_depth: deep}
    depicts_characters: [{slug: benno, role: ferryman}, {generic_count: 3, description: people with baskets}]
    source_moment: m-2
    aspect_ratio: "16:9"
  - custom_id: img-07-03
    prompt_used: The far bank, empty.
    location: landing
    zone: far-bank
"""
LANDING = """\
metadata:
  entity_type: location-imagery
  location_slug: landing
  narrative_soul: A place to wait. Nobody calls it a village.
generation_defaults: {default_aspect_ratio: "16:9", provider: workers-ai, negative_prompts: [cars]}
location_visual_anchor:
  signature_elements: [a bell on a pole at the jetty, willows cut to the same height]
  characteristic_light: {dawn: mist that is brighter than the sky, primary: flat river light}
  materials: [tarred planks, wet rope, reed thatch, iron]
overview:
  primary:
    description: The landing from the river.
    key_elements: [a bell, two boats]
  establishing:
    slug: landing-from-the-hill
    description: Roofs and the river behind them.
zones:
  - zone_slug: jetty
    description: Planks, a bell, a boat on its rope.
    time_of_day: dawn
    palette: {dominant: [pewter], avoid: [welcoming]}
  - zone_slug: far-bank
    mood: empty
    images:
      - image_slug: far-bank-reeds
        description: Reeds, and a path that begins in them.
  - zone_slug: ferry-house
    prompt_used: A house of one room with a stove.
    depicts_characters: [benno]
"""
SCENES = """\
character: {name: Odile Marsh, summary: A surveyor of forty who carries her own chain.}
visual_consistency: [Grey plait, Ink on two fingers]
scenes:
  - title: The Chain
    scene: Odile lays the chain along a bank.
    pose: On one knee
  - title: "Benno's Map"
    scene: They draw it on a table.
    mood: Friendly, and not agreed
    depicts_characters: [benno]
  - title: Before All That
    scene: A girl with a stick in a river.
    reference_images: none   # she is nine here
"""
ODILE = """\
entity_type: character
slug: odile-marsh
name: Odile Marsh
appearance: A tall woman of forty with a grey plait.
image_inventory:
  - {id: odile-face, path: images/portrait.png, is_reference_portrait: true, status: approved}
"""
BENNO = """\
entity_type: character
slug: benno
appearance: A broad man in a felt hat.
image_inventory:
  - {id: benno-01, path: "images/portrait.png", status: approved}
"""
GOLDEN = Path(__file__).parents[1] / "golden" / "fields.txt"
BROKEN = "imagery/locations/mill/imagery.yaml"
TWICE = "imagery/characters/benno/older.yaml"


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """The book, with pictures of two faces and one of a scene; a file that is no YAML, and a second Benno."""
    book = Project(tmp_path, whole_book.SETTINGS)
    book.write("imagery/chapters/ch07/imagery.yaml", CHAPTER.replace("\n", "\r\n"))
    book.write("imagery/locations/landing/location-imagery.yaml", LANDING.rstrip("\n"))
    book.write("imagery/characters/odile-marsh/imagery.yaml", ODILE)
    book.write("imagery/characters/odile-marsh/image-ideas.yaml", SCENES)
    book.write("imagery/characters/benno/imagery.yaml", BENNO)
    book.write(TWICE, BENNO)
    book.write(BROKEN, 'metadata: {slug: mill}\noverview:\n  title: Mill\n  prompt_used:"A mill."\nzones: []\n')
    for number, name in enumerate(("odile-marsh", "benno")):
        book.write(f"imagery/characters/{name}/images/portrait.png", pictures.png(64, 96, number))
    book.write("imagery/characters/odile-marsh/images/odile-marsh-the-chain-00.png", pictures.png(64, 96, 7))
    return book


def test_every_image_can_be_built_with_the_faces_that_exist(book: Project) -> None:
    """Eleven images; what can't be read, and what nobody can decide, has its place and a hint."""
    with inside.opened(book, read_only=True) as (session, planner):
        assert whole_book.unbuildable(planner) == {}
        problems = whole_book.errors(planner)
        assert {(p.position.file, p.position.line) for p in problems if p.position} == {(BROKEN, 4), (TWICE, 0)}
        assert all(problem.hint for problem in problems)
        assert sorted(planner.plan().by_id) == [
            "chapters/ch07-the-ferry/img-07-01",
            "chapters/ch07-the-ferry/img-07-02",
            "chapters/ch07-the-ferry/img-07-03",
            "characters/odile-marsh/before-all-that",
            "characters/odile-marsh/benno-s-map",
            "characters/odile-marsh/the-chain",
            "locations/landing/far-bank-reeds",
            "locations/landing/ferry-house",
            "locations/landing/jetty",
            "locations/landing/landing-from-the-hill",
            "locations/landing/overview-primary",
        ]
        assert whole_book.check_faces(session, planner, book) == 7


MADE_OF_FIELDS = (
    "chapters/ch07-the-ferry/img-07-02",
    "characters/odile-marsh/before-all-that",
    "characters/odile-marsh/benno-s-map",
    "characters/odile-marsh/the-chain",
    "locations/landing/far-bank-reeds",
    "locations/landing/jetty",
    "locations/landing/landing-from-the-hill",
    "locations/landing/overview-primary",
)


def test_prompts_made_of_fields_are_those_that_were_read(book: Project) -> None:
    """A person read them against what a prompt of fields has to say."""
    assert prompts(book) == GOLDEN.read_text(encoding="utf-8")


def prompts(book: Project) -> str:
    """Write what each entry without a prompt asks for, as a person reads it."""
    lines: list[str] = []
    with inside.opened(book, read_only=True) as (_, planner):
        assert {name for name, image in planner.plan().by_id.items() if image.is_structured} == set(MADE_OF_FIELDS)
        for name in MADE_OF_FIELDS:
            image = planner.image(EntryId(name))
            assert image.composed is not None
            lines += [f"=== {name}  {image.entry.size}", image.composed.text]
            lines += [f"--- not: {image.composed.negative}"] if image.composed.negative else []
            lines += [f"--- {item.name}: {item.path}" for item in image.references] + [""]
    return "\n".join(lines)


def test_the_place_goes_along_last(book: Project) -> None:
    """By its zone, by its moment, and by the first image of a zone that only holds images."""
    with inside.opened(book, read_only=True) as (_, planner):
        needs = {name.rpartition("/")[2]: planner.image(name).needs for name in planner.plan().by_id}
    assert needs["img-07-01"] == needs["img-07-02"] == ("locations/landing/jetty",)
    assert needs["img-07-03"] == ("locations/landing/far-bank-reeds",)


def test_built_only_slots_change_and_a_second_run_sends_nothing(book: Project) -> None:
    before = tree.yaml_files(book)
    with inside.opened(book) as (session, planner):
        assert len(adopt(session, planner, planner.images(planner.plan().by_id)).taken) == 1
    assert inside.build(book) == 1  # for the files that are to be mended
    after = tree.yaml_files(book)
    for name, data in after.items():
        if name == BROKEN:
            assert data == before[name]
        else:
            tree.only_slots_differ(before[name], data)
    verdicts = inside.verdicts(book)
    assert verdicts.pop(EntryId("characters/odile-marsh/the-chain")) is Verdict.UNRECORDED
    assert set(verdicts.values()) == {Verdict.FRESH}
    assert inside.build(book) == 1
    assert tree.yaml_files(book) == after
