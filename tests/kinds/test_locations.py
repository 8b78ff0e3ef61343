"""Locations: overview, parts, zones, their images and beats, flat in one location, with the light that fits."""

import pytest

from chargen import kinds
from chargen.errors import Severity
from chargen.model.slots import AppendSlot, SlotValues
from chargen.model.values import Size

FILE = "imagery/locations/mill/location-imagery.yaml"
HEAD = "metadata: {entity_type: location-imagery, slug: mill}\n"


def location(scan, body, head=HEAD, **options):
    return scan(head + body, FILE, **options)


def ids(imagery):
    return [entry.id.removeprefix("locations/mill/") for entry in imagery.entries]


EVERYTHING = """\
overview: {slug: mill-from-the-hill, prompt_used: a mill}
parts:
  - {slug: wheel, title: The Wheel, prompt_used: a wheel}
zones:
  - {zone_slug: yard, prompt_used: a yard}
  - {zone_id: z-9}
  - zone_slug: loft
    images:
      - {image_slug: loft-beams, prompt: beams}
      - {image_slug: loft-sacks, description: sacks}
  - slug: cellar
    prompt_used: a cellar
    images: [{image_slug: cellar-steps, prompt: steps}]
beat_images:
  - {beat_slug: the-flood, image_spec: {prompt: water rises, size: 64x64}}
  - {beat_id: b2, prompt_used: water falls}
"""


def test_every_place_of_an_image_is_an_entry(scan):
    """All lie flat in the location; a zone that only holds images is none itself."""
    imagery = location(scan, EVERYTHING)
    assert ids(imagery) == [
        "mill-from-the-hill",
        "wheel",
        "yard",
        "z-9",
        "loft-beams",
        "loft-sacks",
        "cellar",
        "cellar-steps",
        "the-flood",
        "b2",
    ]
    assert [entry.path for entry in imagery.entries] == [
        ("overview",),
        ("parts", 0),
        ("zones", 0),
        ("zones", 1),
        ("zones", 2, "images", 0),
        ("zones", 2, "images", 1),
        ("zones", 3),
        ("zones", 3, "images", 0),
        ("beat_images", 0),
        ("beat_images", 1),
    ]
    assert imagery.problems == ()


def test_entries_without_a_prompt_are_listed_without_a_word(scan):
    """Half of the zones of real files are such."""
    imagery = location(scan, EVERYTHING)
    without = [entry for entry in imagery.entries if entry.prompt is None]
    assert [entry.id.rpartition("/")[2] for entry in without] == ["z-9", "loft-sacks"]
    assert all(entry.problems == () for entry in imagery.entries)


def test_a_beat_reads_through_its_image_spec(scan):
    """Its own keys win, the rest comes from the nested mapping, characters included."""
    body = """\
beat_images:
  - beat_slug: b
    beat_title: The Flood
    image_spec:
      prompt: water rises
      size: 64x64
      negative_prompt: boats
      palette: {dominant: [slate grey]}
      character_refs: [{slug: pim, role: lead}, odo]
"""
    (entry,) = location(scan, body).entries
    assert (entry.prompt, entry.prompt.name, entry.prompt.position.line) == ("water rises", "image_spec.prompt", 6)
    assert (entry.size, entry.title, entry.colours) == (Size(64, 64), "The Flood", ("#708090",))
    assert entry.negative_prompt == ("boats",)
    assert [(d.slug, d.reference_ids) for d in entry.depicts] == [("pim", None), ("odo", None)]


@pytest.mark.parametrize(
    ("overview", "name", "prompt"),
    [
        ("{prompt_template: a mill}", "overview", "a mill"),
        ("{slug: hill, prompt_used: '', prompt_template: a mill}", "hill", "a mill"),
        ("{prompt_used: used, prompt_template: a mill}", "overview", "used"),
    ],
)
def test_an_overview_may_lack_a_slug_and_have_a_template(scan, overview, name, prompt):
    """The template of real files is a prompt like any other."""
    imagery = location(scan, f"overview: {overview}\n")
    assert (ids(imagery), imagery.entries[0].prompt) == ([name], prompt)


def test_references_of_an_entry_are_documents(scan):
    """They never become depicted characters or pictures."""
    (entry,) = location(scan, "overview: {references: [{source: notes.md, anchor: mill}]}\n").entries
    assert entry.depicts == ()
    assert entry.data["references"][0]["source"] == "notes.md"


def test_an_entry_without_an_id_is_an_error_if_it_has_a_prompt(scan, told):
    """Without a prompt it is only odd."""
    imagery = location(scan, "zones:\n  - {prompt_used: a yard}\n  - {title: The Loft}\n")
    assert imagery.entries == ()
    assert [(severity, line) for severity, line, _ in told(imagery.problems)] == [("error", 3), ("warning", 4)]


@pytest.mark.parametrize("key", ["parts", "zones", "beat_images"])
def test_a_scalar_where_a_list_belongs_stops_that_part_alone(scan, told, key):
    """The overview goes on."""
    imagery = location(scan, f"overview: {{prompt_used: a mill}}\n{key}: soon\n")
    assert ids(imagery) == ["overview"]
    assert told(imagery.problems) == [("error", 3, f"`{key}` must be a list")]


def test_an_overview_that_is_no_mapping_stops_itself_alone(scan, told):
    """The parts go on; a null overview is none."""
    imagery = location(scan, "overview: [a]\nparts: [{slug: b}]\n")
    assert (ids(imagery), told(imagery.problems)) == (["b"], [("error", 2, "`overview` must be a mapping")])
    assert location(scan, "overview:\nparts:\n").problems == ()


def test_images_of_a_zone_that_are_no_list_are_told(scan, told):
    """The zone itself stays an entry."""
    imagery = location(scan, "zones:\n  - {slug: yard, images: soon}\n")
    assert [told(entry.problems) for entry in imagery.entries] == [[("error", 3, "`images` must be a list")]]


def test_two_entries_of_different_parts_may_not_share_an_id(scan, told):
    """Zones and parts lie in one folder."""
    imagery = location(scan, "parts: [{slug: a}]\nzones: [{slug: a}]\n")
    assert ids(imagery) == ["a"]
    assert [(severity, line) for severity, line, _ in told(imagery.entries[0].problems)] == [("error", 3)]


@pytest.mark.parametrize(
    ("head", "slug"),
    [
        ("metadata: {location_slug: old-mill}\n", "old-mill"),
        ("metadata: {}\nslug: old-mill\n", "old-mill"),
        ("metadata: {slug: a, location_slug: b}\n", "a"),
    ],
)
def test_the_slug_has_two_names_and_two_places(scan, head, slug):
    """The file's own name for itself wins over its folder's."""
    imagery = location(scan, "overview: {}\nzones: []\n", head)
    assert (imagery.slug, imagery.problems) == (slug, ())


def test_without_a_slug_the_folder_names_the_location(scan):
    """That is odd, but nothing else could be meant."""
    imagery = location(scan, "overview: {}\nzones: []\n", "")
    assert (imagery.slug, [p.severity for p in imagery.problems]) == ("mill", [Severity.WARNING])
    nowhere = scan("overview: {}\nzones: []\n", "imagery.yaml")
    assert (nowhere.slug, [p.severity for p in nowhere.problems]) == ("", [Severity.ERROR])


def test_top_level_defaults_and_their_negative_prompts_count(scan):
    """Some files put the block beside `metadata`."""
    body = """\
generation_defaults: {provider: workers-ai, negative_prompts: [cars, wires]}
overview: {negative_prompt: snow}
"""
    (entry,) = location(scan, body).entries
    assert (entry.declared.provider, entry.negative_prompt) == ("workers-ai", ("snow", "cars", "wires"))


def test_category_and_symbols_may_be_scalars_or_lists(scan):
    """Templates see what was written."""
    first, other = location(scan, "parts: [{slug: a, category: inside}, {slug: b, category: [x, y]}]\n").entries
    assert (first.data["category"], other.data["category"]) == ("inside", ("x", "y"))
    assert first.problems == other.problems == ()


ANCHOR = """\
location_visual_anchor:
  signature_elements:
    - a tall brick chimney
    - morning mist over the millpond
    - a creaking water wheel
  characteristic_light:
    morning: low sun through the mist
    dusk: lamps in every window
    loft: thin bars of light between boards
    loft_night: one candle far off
    primary: silver daylight
    quality: soft
"""


def always(scan, fields, anchor=ANCHOR):
    (entry,) = location(scan, f"{anchor}parts: [{{slug: a, {fields}}}]\n").entries
    return entry.always


@pytest.mark.parametrize(
    ("fields", "light"),
    [
        ("time_of_day: early morning", "Light: low sun through the mist."),
        ("time_of_day: 'dusk, last light'", "Light: lamps in every window."),
        ("time_of_day: evening", "Light: lamps in every window."),
        ("title: The Wheel at Dusk", "Light: lamps in every window."),
        ("name: loft", "Light: thin bars of light between boards."),
        ("name: the loft, time_of_day: night", "Light: one candle far off."),
        ("zone: loft, time_of_day: noon", "Light: thin bars of light between boards."),
        ("time_of_day: afternoon", "Light: silver daylight."),
        ("title: The Wheel", "Light: silver daylight."),
        ("time_of_day: night", None),
    ],
)
def test_the_light_that_fits_is_taken(scan, fields, light):
    """By time, by place, by both, else the usual one; daylight never gets into a night."""
    assert next((text for text in always(scan, fields) if text.name == "characteristic_light"), None) == light


def test_signature_elements_are_those_the_entry_calls_for(scan):
    """One or two; none that speaks of another time of day; the first where nothing is called for."""
    assert always(scan, "prompt_used: the wheel and its chimney")[:-1] == (
        "a tall brick chimney.",
        "a creaking water wheel.",
    )
    anchor = "location_visual_anchor: {signature_elements: [a table like no other, rooks over every roof]}\n"
    assert always(scan, "prompt_used: like every roof with rooks", anchor) == ("rooks over every roof.",)
    assert always(scan, "title: The Wheel, time_of_day: dusk")[0] == "a creaking water wheel."
    assert always(scan, "title: The Millpond Mist, time_of_day: dusk")[0] == "a tall brick chimney."
    assert always(scan, "title: The Millpond Mist")[0] == "morning mist over the millpond."


@pytest.mark.parametrize(
    "anchor",
    [
        "location_visual_anchor: {signature_elements: [{the wheel: slow and wet}], characteristic_light: [a, b]}\n",
        "location_visual_anchor: {materials: [brick], color_anchors: [rust], characteristic_light: soft}\n",
        "location_visual_anchor: {signature_elements: one wheel, characteristic_light: {dusk: [lamps, stars]}}\n",
    ],
)
def test_maps_lists_and_single_texts_are_all_read(scan, anchor):
    """Real files write the anchor in every shape."""
    assert always(scan, "time_of_day: dusk", anchor)


def test_an_element_that_yaml_made_a_mapping_is_put_together_again(scan):
    """An unquoted colon does that."""
    anchor = "location_visual_anchor: {signature_elements: [{the wheel: slow and wet}]}\n"
    assert always(scan, "title: x", anchor) == ("the wheel: slow and wet.",)


def test_a_broken_anchor_is_told_and_the_entries_go_on(scan, told):
    """It only adds to prompts."""
    imagery = location(scan, "location_visual_anchor: brick\noverview: {}\n")
    assert (ids(imagery), told(imagery.problems)) == (
        ["overview"],
        [("error", 2, "`location_visual_anchor` must be a mapping")],
    )


def test_the_block_stays_under_sixty_words(scan):
    """However long elements and light are."""
    words = " ".join(["brick"] * 90)
    light = f"characteristic_light: {{primary: {words}}}"
    anchor = f"location_visual_anchor: {{signature_elements: [{words}, {words}], {light}}}\n"
    assert 40 < len(" ".join(always(scan, "title: brick", anchor)).split()) < 60


def test_outputs_are_those_of_the_last_picture(scan):
    """The list grows at its end."""
    body = """\
overview:
  generated_images:
    - {file_path: a.png}
    - {file_path: b.png, provider_metadata: {record: '1 in=x'}}
"""
    outputs = location(scan, body).entries[0].outputs
    assert (outputs.file_path, outputs.record, outputs.record.position.line) == ("b.png", "1 in=x", 5)


@pytest.mark.parametrize("value", ["", "[]", "~", "[null]"])
def test_a_list_without_pictures_holds_nothing(scan, value):
    """Placeholders of every kind."""
    (entry,) = location(scan, f"overview:\n  generated_images: {value}\n").entries
    assert (entry.outputs.record, entry.outputs.file_path, entry.problems) == (None, None, ())


def test_a_list_of_pictures_that_is_text_is_an_error(scan, told):
    """Nothing could be appended to it."""
    (entry,) = location(scan, "overview:\n  generated_images: none yet\n").entries
    assert told(entry.problems) == [("error", 3, "`generated_images` must be a list")]


def test_a_picture_is_appended_to_the_list(scan):
    """One object with the six keys."""
    (entry,) = location(scan, "overview: {}\n").entries
    edit = kinds.named(entry.kind).slots(
        entry, SlotValues("2030-01-02T03:04:05Z", "o.png", "g/o.png", "p", "m", {"record": "1"})
    )
    assert isinstance(edit, AppendSlot)
    assert (edit.path, edit.key) == (("overview",), "generated_images")
    assert list(edit.value) == ["generated_at", "file_name", "file_path", "provider", "model", "provider_metadata"]


def test_empty_elements_are_passed_over(scan):
    """A mapping without texts, a null, a blank."""
    anchor = "location_visual_anchor: {signature_elements: [{a: [b]}, ~, '', '  ', a wheel]}\n"
    assert always(scan, "title: x", anchor) == ("a wheel.",)


def test_a_zone_of_fields_that_was_built_stays_an_image_when_it_gets_images(scan, told):
    """Its picture is there; a zone that only describes a place for its images has none, and that is said."""
    body = """\
zones:
  - slug: cellar
    description: a cellar
    generated_images: [{file_path: generated/locations/mill/cellar.png}]
    images: [{slug: barrel, description: a barrel}]
  - slug: loft
    description: a loft
    generated_images: []
    images: [{slug: beams, description: beams}]
  - slug: yard
    images: [{slug: gate, description: a gate}]
"""
    imagery = location(scan, body)
    assert ids(imagery) == ["cellar", "barrel", "beams", "gate"]
    assert told(imagery.problems) == [("note", 7, "described, and no image itself, as it has `images`: `loft`")]
