"""Prompts from structured fields: what goes in, in which order, from where, and what never does."""

from __future__ import annotations

import pytest

SOUL = "A mill that waits. Nobody has told it that the river moved."
HEAD = """\
metadata:
  slug: mill
  narrative_soul: A mill that waits. Nobody has told it that the river moved.
location_visual_anchor:
  signature_elements: [a lamp niche in the gatehouse, a wheel without water]
  materials: {walls: tarred oak, roof: slate, floor: flour, door: iron}
  characteristic_light: {dusk: low amber, primary: grey daylight}
overview: {slug: wide, prompt_used: A mill., key_elements: [the wheel], palette: {dominant: [slate], accent: [rust]}}
"""


def location(scan, body, head=HEAD):
    """The entries by name, without the overview."""
    imagery = scan(head + body, file="imagery/locations/mill/imagery.yaml")
    assert [problem for problem in imagery.problems if problem.severity.value == "error"] == []
    return {entry.id.rpartition("/")[2]: entry for entry in imagery.entries}


def lines(entry):
    """What the parts say, those of one weight on a line, as the packaged template puts them."""
    weights = dict.fromkeys(part.weight for part in entry.parts)
    return [" ".join(f"{p.label}{p.text}" for p in entry.parts if p.weight == weight) for weight in weights]


FULL = """\
zones:
  - slug: gatehouse
    required_elements: [Iron door., iron door, two lamps]
    visual_description: |
      The gatehouse
      from the street.
    narrative_significance: Where carts were counted
    composition_notes: Low and wide
    time_of_day: dusk
    weather: rain
    season: autumn
    lighting: {shadow_depth: deep, primary_source: lamp niches, quality: warm}
    palette: {accent: ["#8B4513"], avoid: [welcoming, bright primary colors]}
    mood: [tense, wary]
    mood_rationale: The street may see in
    negative_prompt: people
    must_avoid: [People, cars]
"""


def test_all_fields_in_reading_order(scan):
    """Elements, description, composition, light and palette, mood; a missing list of the palette is inherited."""
    entry = location(scan, FULL)["gatehouse"]
    assert lines(entry) == [
        "Iron door, two lamps. A lamp niche in the gatehouse.",
        "The gatehouse from the street. Where carts were counted.",
        "Low and wide. Time of day: dusk. Weather: rain. Season: autumn.",
        "Light: lamp niches, warm, shadows deep. Palette: slate, saddle brown.",
        "Mood: tense, wary. Materials: tarred oak; slate; flour. The street may see in. " + SOUL,
    ]
    assert (entry.prompt, entry.always, entry.has_prompt) == (None, (), True)
    assert entry.negative_prompt == ("people", "welcoming colours", "bright primary colors", "cars")


def test_every_part_knows_where_it_is_written(scan):
    entry = location(scan, FULL)["gatehouse"]
    where = {part.name: (part.text.name, part.text.position.line) for part in entry.parts}
    assert where["elements"] == ("required_elements", 11)
    assert where["light"] == ("lighting", 20)
    assert where["soul"] == ("metadata.narrative_soul", 3)


@pytest.mark.parametrize("key", ["prompt_used", "prompt", "prompt_template", "image_spec"])
def test_a_prompt_is_never_added_to(scan, key):
    """Wherever the prompt stands: the entry is what it was before fields counted."""
    value = "{prompt: A door.}" if key == "image_spec" else "A door."
    entry = location(scan, f"zones:\n  - {{slug: a, {key}: {value}, description: A gate, must_avoid: [cars]}}\n")["a"]
    assert (entry.prompt, entry.parts, entry.negative_prompt) == ("A door.", (), ())
    assert entry.always == ("a lamp niche in the gatehouse.", "Light: grey daylight.")


def test_only_what_describes_itself_is_made_of_fields(scan):
    """Elements, a mood or a light alone make no picture."""
    entry = location(scan, "zones:\n  - {slug: a, key_elements: [a door], mood: calm, lighting: {quality: soft}}\n")[
        "a"
    ]
    assert (entry.parts, entry.has_prompt) == ((), False)


def test_an_image_of_a_zone_inherits_what_the_zone_says(scan):
    """Light as a whole, palette list by list; what it shows and why is its own."""
    body = (
        "zones:\n"
        "  - slug: yard\n    description: Not inherited\n    lighting: {primary: noon sun, quality: harsh}\n"
        "    palette: {dominant: [ochre], avoid: [mauve]}\n    time_of_day: noon\n    scene_mood: idle\n"
        "    key_elements: [a cart]\n"
        "    images:\n"
        "      - {image_slug: a, description: The yard}\n"
        "      - {image_slug: b, description: The well, lighting: {quality: dim}, palette: {accent: [teal]}}\n"
    )
    found = location(scan, body)
    assert set(found) == {"wide", "a", "b"}
    assert lines(found["a"])[:4] == [
        "A cart.", "The yard.", "Time of day: noon.", "Light: noon sun, harsh. Palette: ochre, rust."
    ]  # fmt: skip
    assert lines(found["b"])[3] == "Light: dim. Palette: ochre, teal."
    assert found["b"].negative_prompt == ("mauve colours",)


def test_the_light_of_the_place_fits_the_time_or_is_left_out(scan):
    """Its own time of day chooses; the light of another never gets in."""
    body = "zones:\n  - {slug: a, description: The mill, time_of_day: dusk}\n  - {slug: b, description: The mill}\n"
    found = location(scan, body)
    assert "Light: low amber." in lines(found["a"])[3]
    assert "Light: grey daylight." in lines(found["b"])[2]
    only_dusk = HEAD.replace(", primary: grey daylight", "")
    night = location(scan, "zones:\n  - {slug: a, description: The mill, time_of_day: noon}\n", only_dusk)
    assert "amber" not in " ".join(lines(night["a"]))


def test_named_shots_of_the_overview_are_entries(scan):
    """Named by slug, else by their key; the holder without a prompt is none and clashes with nothing."""
    head = (
        "metadata: {slug: mill}\n"
        "overview:\n"
        "  key_elements: [the wheel]\n  lighting: {quality: soft}\n"
        "  primary: {description: The mill}\n"
        "  establishing: {slug: overview, image_type: wide, prompt_used: A mill far off.}\n"
        "zones: []\n"
    )
    found = location(scan, "", head)
    assert list(found) == ["overview-primary", "overview"]
    assert found["overview-primary"].path == ("overview", "primary")
    assert lines(found["overview-primary"]) == ["The wheel.", "The mill.", "Light: soft."]
    assert found["overview"].prompt == "A mill far off."


def test_an_overview_with_a_prompt_stays_an_entry_beside_its_shots(scan):
    head = "metadata: {slug: mill}\noverview: {prompt_used: A mill., detail: {description: Its door}}\nzones: []\n"
    assert set(location(scan, "", head)) == {"overview", "overview-detail"}


def test_a_chapter_s_image_is_made_of_fields_too(scan):
    """Its palette and thesis are in the always-include block as ever."""
    text = (
        "metadata: {slug: ch01, visual_thesis: Rain, color_palette: {primary: [ochre]}}\n"
        "images:\n  - {custom_id: a, visual_description: A hen, scene_mood: calm, palette: {dominant: [rust]}}\n"
    )
    (entry,) = scan(text).entries
    assert lines(entry) == ["A hen.", "Mood: calm."]
    assert entry.always == ("Rain.", "Palette: rust.")
