"""The tables of docs/what-rebuilds.md are true: each field is edited in a built project, and the verdicts compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields
from PIL import Image
from servers.openai_server import OpenAIServer
from support.forks import Forks
from support.project import REPOSITORY, Project, Run

from chargen.config.settings import Budget, Settings, StoreSettings
from chargen.config.tiers import TierProvider
from chargen.model.request import ProviderSettings

PAID = "gpt-image-2.6-flare"
TABLES = REPOSITORY / "docs" / "what-rebuilds.md"

Edit = tuple[str, str] | Callable[[Project, str], None]
"""Text for text in the row's own file, or a function of the project and the row's name."""

CHAPTER = """\
metadata:
  entity_type: chapter-imagery
  slug: NAME
  chapter_number: 1
  chapter_title: One
  visual_thesis: Lamps in fog.
  color_palette: {primary: [dark red], accent: [gold]}
  mood_distribution: {calm: 2}
  generation_defaults: {provider: sketch, model: sketch, quality: low, negative_prompts: [letters]}
characters:
  - {ref: alice, name: Alice, scene_variations: tired, reference_images: [one]}
locations:
  - {ref: inn, zones: [{id: yard, chapter_context: dusk}]}
moments:
  - {id: m1, title: Before}
images:
  - custom_id: a
    title: A lamp
    prompt_used: A lamp on a table.
    negative_prompt: text
    size: 128x96
    aspect_ratio: "4:3"
    orientation: landscape
    depicts_characters: [alice]
    character_states: {alice: wet}
    location: inn
    zone: inn/yard
    source_moment: m1
    image_type: scene
    scene_mood: calm
    mood_rationale: quiet
    visual_description: a lamp
    composition_notes: centred
    visual_hook: glow
    lighting: {key: lamp}
    palette: {dominant: [red]}
    tags: [lamp]
    own_key: mine
    generated_at: null
    file_name: null
    file_path: null
    provider: null
    model: null
    provider_metadata: {}
  - custom_id: b
    prompt_used: A door.
    size: 128x96
"""
LOCATION = """\
metadata:
  entity_type: location-imagery
  slug: NAME
  name: Inn
  narrative_soul: warm
  one_line_essence: an inn
  generation_defaults: {provider: sketch, model: sketch}
location_visual_anchor:
  signature_elements: [A crooked stair of oak, A green lamp]
  materials: [oak]
  color_anchors: [brown]
  characteristic_light: {dusk: Low red light., noon: White light.}
parts:
  - slug: hall
    title: Hall
    prompt_used: A hall with a stair.
    negative_prompt: text
    size: 128x96
    time_of_day: dusk
    description: large
    depicts_characters: []
    generated_images: []
"""
PORTRAIT = """\
entity_type: character
slug: NAME
generation_defaults: {provider: sketch, model: sketch}
appearance: tall
image_inventory:
  - id: a
    prompt_used: A face.
    negative_prompt: text
    size: 96x128
    type: portrait
    content: {title: Face}
    is_reference_portrait: true
"""
SHOWN = """\
entity_type: character
slug: NAME
name: Bill
generation_defaults: {provider: sketch, model: sketch}
appearance: Tall and thin.
prompts: [a face]
image_inventory:
  - {id: one, path: one.png, status: approved}
  - {id: two, path: two.png, status: approved}
  - {id: planned, prompt_used: A face., size: 96x128}
"""
SHOWING = """\
metadata:
  entity_type: chapter-imagery
  slug: NAME
  generation_defaults: {provider: sketch, model: sketch}
characters:
  - {ref: NAME, reference_images: [REFERENCES]}
images:
  - {custom_id: a, prompt_used: A lamp., size: 128x96, depicts_characters: [NAME]}
"""
DESCRIBED = """\
metadata:
  entity_type: location-imagery
  slug: NAME
  narrative_soul: An old house.
  generation_defaults: {provider: sketch, model: sketch}
location_visual_anchor: {materials: [oak boards]}
overview: {palette: {dominant: [gold], avoid: [black]}, size: 64x64, prompt_used: A house.}
zones:
  - slug: yard
    materials: [wet stone]
    narrative_soul: A cold yard.
    images:
      - slug: hall
        size: 128x96
        visual_description: A hall of lamps.
        narrative_context: Someone waits.
        description: A hall.
        narrative_significance: She decides.
        composition_notes: Centred.
        composition: wide
        camera: low
        framing: door
        lighting: dusk
        light: noon
        key_elements: [lamp]
        must_include: [stair]
        mood: calm
        scene_mood: waiting
        must_avoid: crowds
"""
SCENE = """\
metadata: {entity_type: character-scenes, slug: NAME, generation_defaults: {provider: sketch, model: sketch}}
character: {name: Bill, summary: A tall man.}
scenes:
  - {id: s, size: 96x128, scene: He waits.}
"""
SETTINGS = f"""\
imagery = ["imagery"]
prompts = "prompts"
generated = "generated"
style_prefix = "Paper."
style_suffix = "No letters."
default_size = "128x96"
size_policy = "crop"
missing_references = "block"
empty_references = "none"
location_references = "off"
prompt_limit = 500
rebuild_on = []
log_level = "info"
[tool.chargen.routes]
"workers-ai/*" = "sketch/sketch"
[tool.chargen.budget]
run = 90
month = 900
[tool.chargen.providers.openai]
model = "{PAID}"
quality = "low"
workers = 2
per_minute = 6000
timeout = 60
[tool.chargen.providers.sketch]
latency = 0
fail = []
"""

WITH_FIELDS = f"""\
entity_type: chapter-imagery
metadata: {{slug: ch03}}
characters:
  - {{slug: bill, reference_images: []}}
generation_defaults: {{provider: sketch, model: sketch}}
images:
  - {{custom_id: undeclared, prompt_used: A woman., size: 128x96, depicts_characters: [ann]}}
  - {{custom_id: unlisted, prompt_used: A man., size: 128x96, depicts_characters: [bill]}}
  - {{custom_id: placed, prompt_used: A door., size: 128x96, location: hall, zone: hall}}
  - custom_id: fields
    size: 128x96
    depicts_characters: []
    visual_description: {"A long hall of lamps and doors. " * 20}
"""


@dataclass(frozen=True)
class Row:
    """One row: the heading above its table, the table's own heading, the field, what it says of a change."""

    part: str
    table: str
    field: str
    change: str

    @property
    def key(self) -> tuple[str, str]:
        return self.table, self.field


def rows() -> Iterator[Row]:
    part = table = ""
    for line in TABLES.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("## "):
            part = line[3:]
        elif not line.startswith("|"):
            table = ""
        elif not table:
            table = f"{part}: {cells[0]}"
        elif part and not set(line) <= set("|- "):
            yield Row(part, table, *cells)


def swapped(book: Project, name: str) -> None:
    file = f"imagery/chapters/{name}/imagery.yaml"
    head, first, second = re.split(r"(?m)^(?=  - custom_id)", book.read(file))
    book.write(file, head + second + first)


def unrecorded_part(book: Project, name: str) -> None:
    file = f"imagery/chapters/{name}/imagery.yaml"
    book.write(file, re.sub(r"\n      asked_size: [^\n]*", "\n      mine: 1", book.read(file), count=1))


def image(pixel: int) -> bytes:
    out = BytesIO()
    Image.new("RGB", (48, 64), (pixel, 20, 30)).save(out, "PNG")
    return out.getvalue()


def another_picture(book: Project, name: str) -> None:
    book.write(f"imagery/characters/{name}/one.png", image(99))


def same_picture_elsewhere(book: Project, name: str) -> None:
    book.write(f"imagery/characters/{name}/new.png", image(1))
    book.edit(f"imagery/characters/{name}/imagery.yaml", "path: one.png", "path: new.png")


def marked_another(book: Project, name: str) -> None:
    file = f"imagery/characters/{name}/imagery.yaml"
    book.edit(file, ", is_reference_portrait: true", "")
    book.edit(file, "path: two.png", "path: two.png, is_reference_portrait: true")


def status(value: str) -> Edit:
    return "    size: 128x96\n", f"    size: 128x96\n    status: {value}\n"


C, CF = "Chapter: field of an image", "Chapter: field of the chapter"
L, LF = "Location: field of an image", "Location: field of the location"
P, S = "Character: field of a planned portrait", "Character: field of the character, for the images that show it"
F = "Entries made of fields: field of an image without a prompt"
T = "Settings and templates: in `pyproject.toml` or `prompts/`"

EDITS: dict[tuple[str, str], Edit] = {
    (C, "`custom_id`"): ("custom_id: a", "custom_id: renamed"),
    (C, "`prompt_used`"): ("A lamp on a table.", "A lamp on a chair."),
    (C, "`negative_prompt`"): ("negative_prompt: text", "negative_prompt: text, hands"),
    (C, "`size`"): ("size: 128x96", "size: 96x128"),
    (C, "`aspect_ratio` beside a `size`"): ('"4:3"', '"3:4"'),
    (C, "`orientation`"): ("landscape", "portrait"),
    (C, "`depicts_characters`"): ("[alice]\n    char", "[alice, bill]\n    char"),
    (C, "`character_states` of a depicted character"): ("{alice: wet}", "{alice: dry}"),
    (C, "`location`"): ("location: inn", "location: street"),
    (C, "`zone`"): ("inn/yard", "inn/hall"),
    (C, "`source_moment`"): ("source_moment: m1", "source_moment: m2"),
    (C, "`image_type`"): ("image_type: scene", "image_type: detail"),
    (C, "`title`"): ("title: A lamp", "title: The lamp"),
    (C, "`scene_mood`"): ("scene_mood: calm", "scene_mood: tense"),
    (C, "`mood_rationale`"): ("quiet", "loud"),
    (C, "`visual_description`"): ("visual_description: a lamp", "visual_description: the lamp"),
    (C, "`composition_notes`"): ("centred", "to the left"),
    (C, "`visual_hook`"): ("glow", "shadow"),
    (C, "`lighting`"): ("{key: lamp}", "{key: moon}"),
    (C, "`palette`"): ("{dominant: [red]}", "{dominant: [blue]}"),
    (C, "`tags`"): ("tags: [lamp]", "tags: [light]"),
    (C, "a key nobody knows"): ("own_key: mine", "own_key: ours"),
    (C, "a comment"): ("    tags:", "    # a note\n    tags:"),
    (C, "the order of the images"): swapped,
    (C, "`status: draft`"): status("draft"),
    (C, "`status: approved`"): status("approved"),
    (C, "`status: locked`"): status("locked"),
    (C, "`status: rejected`"): status("rejected"),
    (C, "`status: archived`"): status("archived"),
    (C, "`quality`"): ("    orientation:", "    quality: high\n    orientation:"),
    (C, "`generated_at`"): ("generated_at: ", 'generated_at: "1999-01-01T00:00:00Z" # '),
    (C, "`file_name`"): ("file_name: ", "file_name: other.png # "),
    (C, "`file_path`"): ("file_path: ", "file_path: elsewhere.png # "),
    (C, "`provider`"): ("    provider: ", "    provider: other # "),
    (C, "`model`"): ("    model: ", "    model: other # "),
    (C, "`provider_metadata` without its `record`"): unrecorded_part,
    (CF, "`metadata.slug`"): ("slug: ", "slug: renamed-"),
    (CF, "`metadata.chapter_number`"): ("chapter_number: 1", "chapter_number: 2"),
    (CF, "`metadata.chapter_title`"): ("chapter_title: One", "chapter_title: Two"),
    (CF, "`metadata.visual_thesis`"): ("Lamps in fog.", "Lamps in rain."),
    (CF, "`metadata.color_palette`, for an image without a `palette`"): ("dark red", "dark green"),
    (CF, "`metadata.color_palette`, for an image with one"): ("dark red", "dark green"),
    (CF, "`metadata.mood_distribution`"): ("{calm: 2}", "{calm: 1}"),
    (CF, "`generation_defaults.provider`"): ("provider: openai", "provider: google"),
    (CF, "`generation_defaults.model`"): (f"model: {PAID}", "model: gpt-image-2"),
    (CF, "`generation_defaults.quality`"): ("quality: low", "quality: high"),
    (CF, "`generation_defaults.negative_prompts`"): ("[letters]", "[letters, hands]"),
    (CF, "`generation_defaults.size` that is changed, for an image without one"): ("size: 64x64", "size: 96x96"),
    (CF, "`generation_defaults.size` that is added, for an image without one"): (
        "negative_prompts: [letters]",
        "negative_prompts: [letters], size: 96x96",
    ),
    (CF, "`generation_defaults.size`, for an image with one"): ("size: 64x64", "size: 96x96"),
    (CF, "`characters[].reference_images`"): ("reference_images: [one]", "reference_images: [one, two]"),
    (CF, "`characters[].scene_variations`"): ("tired", "awake"),
    (CF, "`characters[].name` of a character with a state"): ("name: Alice", "name: Alicia"),
    (CF, "`locations`"): ("chapter_context: dusk", "chapter_context: dawn"),
    (CF, "`moments`"): ("title: Before", "title: After"),
    (L, "`slug`"): ("slug: hall", "slug: room"),
    (L, "`title`"): ("title: Hall", "title: Great hall"),
    (L, "`prompt_used`"): ("A hall with a stair.", "A hall with a long stair."),
    (L, "`negative_prompt`"): ("negative_prompt: text", "negative_prompt: text, hands"),
    (L, "`size`"): ("    size: 128x96", "    size: 96x128"),
    (L, "`time_of_day`, where the light of another time fits"): ("time_of_day: dusk", "time_of_day: noon"),
    (L, "`depicts_characters`"): ("depicts_characters: []", "depicts_characters: [bill]"),
    (L, "`description`"): ("description: large", "description: small"),
    (L, "`status: approved`"): ("    time_of_day", "    status: approved\n    time_of_day"),
    (L, "older `generated_images`"): ("generated_images:\n", "generated_images:\n      - {file_path: older.png}\n"),
    (LF, "`metadata.slug`"): ("slug: ", "slug: renamed-"),
    (LF, "`metadata.name`"): ("name: Inn", "name: The inn"),
    (LF, "`metadata.narrative_soul`"): ("warm", "cold"),
    (LF, "`metadata.one_line_essence`"): ("an inn", "a house"),
    (LF, "`location_visual_anchor.signature_elements`"): ("stair of oak", "stair of stone"),
    (LF, "`location_visual_anchor.characteristic_light` that fits"): ("Low red", "Low golden"),
    (LF, "`location_visual_anchor.characteristic_light` of another time"): ("White", "Grey"),
    (LF, "`location_visual_anchor.materials`"): ("[oak]", "[pine]"),
    (LF, "`location_visual_anchor.color_anchors`"): ("[brown]", "[black]"),
    (P, "`id`"): ("id: a", "id: renamed"),
    (P, "`prompt_used`"): ("A face.", "A long face."),
    (P, "`negative_prompt`"): ("negative_prompt: text", "negative_prompt: text, hands"),
    (P, "`size`"): ("size: 96x128", "size: 128x128"),
    (P, "`type`"): ("type: portrait", "type: face"),
    (P, "`content`"): ("title: Face", "title: A face"),
    (P, "`is_reference_portrait`"): ("is_reference_portrait: true", "is_reference_portrait: false"),
    (P, "`status: approved`"): ("    type:", "    status: approved\n    type:"),
    (S, "the prompt of a portrait they show"): ("A face.", "A long face."),
    (S, "the picture at the `path` of a reference"): another_picture,
    (S, "the `path` of a reference, the picture being the same"): same_picture_elsewhere,
    (S, "`status: rejected` of a reference they show"): ("one.png, status: approved", "one.png, status: rejected"),
    (S, "`appearance`, where they show its pictures"): ("Tall and thin.", "Short."),
    (S, "`appearance`, where they show it in words"): ("Tall and thin.", "Short."),
    (S, "`name`, where they show its pictures and have no state of it"): ("name: Bill", "name: William"),
    (S, "`name`, where they have a state of it and their chapter gives no name"): ("name: Bill", "name: William"),
    (S, "`name`, where they show it in words and their chapter gives no name"): ("name: Bill", "name: William"),
    (S, "which picture is marked `is_reference_portrait`, where nothing is listed"): marked_another,
    (F, "`visual_description`"): ("of lamps", "of doors"),
    (F, "`narrative_context` beside it"): ("Someone waits", "Nobody waits"),
    (F, "`description` beside it"): ("description: A hall.", "description: A room."),
    (F, "`narrative_significance`"): ("She decides", "She leaves"),
    (F, "`composition_notes`"): ("Centred", "To the left"),
    (F, "`composition` beside it"): ("wide", "narrow"),
    (F, "`camera` beside it"): ("camera: low", "camera: high"),
    (F, "`framing` beside it"): ("framing: door", "framing: window"),
    (F, "`lighting`"): ("dusk", "dawn"),
    (F, "`light` beside it"): ("light: noon", "light: night"),
    (F, "`key_elements`"): ("[lamp]", "[candle]"),
    (F, "`must_include` beside it"): ("[stair]", "[door]"),
    (F, "`scene_mood` beside a `mood`"): ("scene_mood: waiting", "scene_mood: tense"),
    (F, "`must_avoid`"): ("crowds", "dogs"),
    (F, "`materials` of its zone"): ("wet stone", "dry stone"),
    (F, "`narrative_soul` of its zone"): ("A cold yard", "A warm yard"),
    (F, "`materials` of its location"): ("oak boards", "pine boards"),
    (F, "`narrative_soul` of its location"): ("An old house", "A new house"),
    (F, "`palette.dominant` of the overview, for a zone"): ("[gold]", "[red]"),
    (F, "`palette.avoid` of the overview, for a zone"): ("[black]", "[green]"),
    **{
        (F, f"`character.name` of a scene {what}"): ("name: Bill", "name: William")
        for what in ("without a prompt", "with a prompt and a portrait", "with a prompt and words on their looks")
    },
    (S, "`prompts`"): ("[a face]", "[a hand]"),
}

PAID_ROWS = frozenset(
    {
        (C, "`quality`"),
        *((CF, f"`generation_defaults.{key}`") for key in ("provider", "model", "quality")),
    }
)
"""Drift is told of pictures a paid provider made: a sketch is a proof."""


def other_prompts(book: Project) -> None:
    for name in ("chapter", "location", "character"):
        book.write(f"words/{name}.txt.j2", book.read(f"prompts/{name}.txt.j2"))
    book.edit("pyproject.toml", 'prompts = "prompts"', 'prompts = "words"')


def setting(old: str, new: str) -> Callable[[Project], None]:
    return lambda book: book.edit("pyproject.toml", old, new)


def tier(line: str) -> Callable[[Project], None]:
    return setting("[tool.chargen.budget]", f"[tool.chargen.tiers.draft.{line}\n[tool.chargen.budget]")


def store(line: str = "") -> Callable[[Project], None]:
    table = f'[tool.chargen.store]\nurl = "s3://a-bucket/book"\n{line}\n'
    return setting("[tool.chargen.budget]", f"{table}[tool.chargen.budget]")


def template(old: str, new: str) -> Callable[[Project], None]:
    return lambda book: book.edit("prompts/chapter.txt.j2", old, new)


CHANGES: dict[tuple[str, str], tuple[Callable[[Project], None], str]] = {
    (T, "words of a template"): (template("{{ prompt }}", "{{ prompt }}\n\nBy night."), "a"),
    (T, "a comment in a template"): (template("{{ prompt }}", "{# here #}\n{{ prompt }}"), "a"),
    (T, "`style_prefix`"): (setting('"Paper."', '"Ink."'), "a"),
    (T, "`style_suffix`"): (setting('"No letters."', '"No words."'), "a"),
    (T, "`default_size`, for an entry with a `size`"): (setting('"128x96"', '"96x128"'), "a"),
    (T, "`default_size`, for an entry without one"): (setting('"128x96"', '"96x128"'), "b"),
    (T, "`size_policy`"): (setting('"crop"', '"pad"'), "a"),
    (T, "`missing_references`"): (setting('"block"', '"describe"'), "a"),
    (T, "`empty_references`, for an image of a character that the chapter lists without a picture"): (
        setting('empty_references = "none"', 'empty_references = "portrait"'),
        "unlisted",
    ),
    (
        T,
        "`empty_references`, for an image of a character that the chapter does not list and that has a marked portrait",
    ): (
        setting('empty_references = "none"', 'empty_references = "portrait"'),
        "undeclared",
    ),
    (T, "`empty_references`, for any other image"): (
        setting('empty_references = "none"', 'empty_references = "portrait"'),
        "a",
    ),
    (T, "`location_references`, for an image whose `zone` has a planned picture"): (
        setting('location_references = "off"', 'location_references = "place"'),
        "placed",
    ),
    (T, "`location_references`, for any other image"): (
        setting('location_references = "off"', 'location_references = "place"'),
        "a",
    ),
    (T, "`prompt_limit`, for an image whose fields are longer"): (
        setting("prompt_limit = 500", "prompt_limit = 300"),
        "fields",
    ),
    (T, "`prompt_limit`, for an image with a prompt"): (setting("prompt_limit = 500", "prompt_limit = 300"), "a"),
    (T, "`rebuild_on`, where nothing drifted"): (setting("rebuild_on = []", 'rebuild_on = ["model"]'), "paid"),
    (T, "`log_level`"): (setting('"info"', '"debug"'), "a"),
    (T, "`routes`"): (
        setting('"workers-ai/*"', f'"openai/{PAID}" = "google/gemini-nano-banana-2.1"\n"workers-ai/*"'),
        "paid",
    ),
    (T, "`providers.NAME.model`, where the file names a model"): (
        setting(f'model = "{PAID}"', 'model = "gpt-image-2"'),
        "paid",
    ),
    (T, "`providers.NAME.model`, where the file names none"): (
        setting(f'model = "{PAID}"', 'model = "gpt-image-2"'),
        "unnamed",
    ),
    (T, "`providers.NAME.quality`"): (setting('quality = "low"', 'quality = "high"'), "paid"),
    (T, "`providers.NAME.workers`"): (setting("workers = 2", "workers = 3"), "paid"),
    (T, "`providers.NAME.per_minute`"): (setting("6000", "60"), "paid"),
    (T, "`providers.NAME.timeout`"): (setting("timeout = 60", "timeout = 90"), "paid"),
    (T, "`providers.NAME.mode`"): (setting("timeout = 60", 'mode = "batch"'), "paid"),
    (T, "`providers.NAME.base_url`"): (setting("timeout = 60", 'base_url = "http://localhost:9/v1"'), "paid"),
    (T, "`providers.NAME.proxy`"): (setting("timeout = 60", "proxy = false"), "paid"),
    (T, "`providers.NAME.price`"): (setting("timeout = 60", "price = 0"), "paid"),
    (T, "`providers.sketch.latency`"): (setting("latency = 0", "latency = 0.1"), "a"),
    (T, "`providers.sketch.fail`"): (setting("fail = []", 'fail = ["a=refused"]'), "a"),
    (T, "`tiers.NAME.routes`"): (tier('routes]\n"*" = "openai/gpt-image-2"'), "paid"),
    (T, "`tiers.NAME.providers.NAME.model`"): (tier('providers.openai]\nmodel = "gpt-image-2"'), "paid"),
    (T, "`tiers.NAME.providers.NAME.quality`"): (tier('providers.openai]\nquality = "high"'), "paid"),
    (T, "`store.url`"): (store(), "paid"),
    (T, "`store.access`"): (store('access = "read"'), "paid"),
    (T, "`store.claims`"): (store('claims = "best-effort"'), "paid"),
    (T, "`budget.run`"): (setting("run = 90", "run = 1"), "a"),
    (T, "`budget.month`"): (setting("month = 900", "month = 1"), "a"),
    (T, "`imagery`, naming the same files"): (setting('["imagery"]', '["imagery/chapters"]'), "a"),
    (T, "`prompts`, naming the same templates"): (other_prompts, "a"),
    (T, "`generated`"): (setting('generated = "generated"', 'generated = "pictures"'), "a"),
}

VERDICTS = {
    "rebuilds": "stale",
    "nothing": "fresh",
    "drift": "fresh",
    "moves": "restorable",
    "locks": "locked",
    "skips": "skipped",
}


def _ok(run: Run) -> Run:
    assert run.code == 0, run.all
    return run


def _place(row: Row) -> tuple[str, str]:
    """Where a row's own file is, and the id of the image that is watched, `NAME` standing for the row."""
    if row.table == S:
        return "imagery/characters/NAME/imagery.yaml", "chapters/NAME/a"
    if row.table == F and "scene" in row.field and "mood" not in row.field:
        return "imagery/characters/NAME/scenes.yaml", "characters/NAME/s"
    if row.table == F:
        return "imagery/locations/NAME/imagery.yaml", "locations/NAME/hall"
    kinds = {"Chapter": ("chapters", "a"), "Location": ("locations", "hall"), "Character": ("characters", "a")}
    folder, name = kinds[row.part]
    return f"imagery/{folder}/NAME/imagery.yaml", f"{folder}/NAME/{name}"


def _write_shown(book: Project, row: Row, name: str, file: str) -> None:
    """Write a character, and a chapter that shows it."""
    by_words = "in words" in row.field
    showing = SHOWING
    if "is_reference_portrait" in row.field:
        showing = SHOWING.replace("characters:\n  - {ref: NAME, reference_images: [REFERENCES]}\n", "")
    if "have a state" in row.field:
        showing = SHOWING.replace("[NAME]}", "[NAME], character_states: {NAME: wet}}")
    references = "" if by_words else "planned" if "prompt of a portrait" in row.field else "one, two"
    shown = SHOWN if references == "planned" else SHOWN[: SHOWN.index("  - {id: planned")]
    if "is_reference_portrait" in row.field:
        shown = shown.replace("path: one.png", "path: one.png, is_reference_portrait: true")
    book.write(file, shown.replace("NAME", name))
    book.write(
        f"imagery/chapters/{name}/imagery.yaml",
        showing.replace("NAME", name).replace("REFERENCES", references),
    )
    for number, picture in enumerate(("one", "two"), start=1):
        book.write(f"imagery/characters/{name}/{picture}.png", image(number))


def _write_fields(book: Project, row: Row, name: str, file: str) -> None:
    """Write an image made of fields, or a scene."""
    is_scene = file.endswith("scenes.yaml")
    text = SCENE if is_scene else DESCRIBED
    if "with a prompt" in row.field:
        text = text.replace("scene: He waits.", "prompt_used: A man waits.")
    if "a portrait" in row.field:
        book.write(
            f"imagery/characters/{name}/imagery.yaml",
            f"entity_type: character\nslug: {name}\nimage_inventory:\n"
            "  - {id: one, path: one.png, is_reference_portrait: true}\n",
        )
        book.write(f"imagery/characters/{name}/one.png", image(1))
    book.write(file, text.replace("NAME", name))


def _write(book: Project, row: Row, name: str) -> None:
    file = _place(row)[0].replace("NAME", name)
    if row.table in (S, F):
        (_write_shown if row.table == S else _write_fields)(book, row, name, file)
        return
    text = {"Chapter": CHAPTER, "Location": LOCATION, "Character": PORTRAIT}[row.part].replace("NAME", name)
    if row.key in PAID_ROWS:
        text = text.replace("provider: sketch, model: sketch", f"provider: openai, model: {PAID}")
    if "without a `palette`" in row.field:
        text = text.replace("    palette: {dominant: [red]}\n", "")
    if "`generation_defaults.size`" in row.field and "added" not in row.field:
        text = text.replace("negative_prompts: [letters]", "negative_prompts: [letters], size: 64x64")
    if "without one" in row.field:
        text = text.replace('    size: 128x96\n    aspect_ratio: "4:3"\n', "")
    if row.part == "Chapter" and EDITS[row.key] is not swapped:
        text = text[: text.index("  - custom_id: b")]
    book.write(file, text)


def _change(book: Project, row: Row, name: str) -> None:
    edit = EDITS[row.key]
    if callable(edit):
        edit(book, name)
    else:
        book.edit(_place(row)[0].replace("NAME", name), *edit)


def _told(forks: Forks, book: Project) -> dict[str, Any]:
    images = _ok(forks.run(book, "chargen", "why", "*", "--json")).json["images"]
    return {image["id"]: image for image in images}


def _agrees(row: Row, found: dict[str, Any]) -> bool:
    return found["verdict"] == VERDICTS[row.change] and bool(found["drift"]) == (row.change == "drift")


def test_every_row_has_an_edit_and_every_edit_a_row() -> None:
    """Nothing stands in the tables that is not tried, and nothing is tried that is not in the tables."""
    found = list(rows())
    assert len(found) > 100
    assert {row.change for row in found} <= VERDICTS.keys()
    assert {row.key for row in found} == EDITS.keys() | CHANGES.keys()


def test_every_setting_has_a_row() -> None:
    """What an author can set is in the table, by its name in the file."""
    named = {name for row in rows() if row.table == T for name in re.findall(r"`([\w.]+)`", row.field)}
    top = {item.name for item in fields(Settings)} - {"providers", "budget", "store", "tiers", "tier"}
    own = {f"providers.NAME.{item.name}" for item in fields(ProviderSettings)} - {
        f"providers.NAME.{name}" for name in ("root", "own", "pool")
    }
    money = {f"budget.{item.name}" for item in fields(Budget)}
    shared = {f"store.{item.name}" for item in fields(StoreSettings)}
    tiers = {"tiers.NAME.routes", *(f"tiers.NAME.providers.NAME.{item.name}" for item in fields(TierProvider))}
    settings = {name for name in top | own | money | shared | tiers if not name.endswith(("position", "_positions"))}
    assert settings <= named


def test_every_field_of_the_files_rebuilds_what_the_table_says(
    tmp_path: Path, openai: OpenAIServer, forks: Forks
) -> None:
    """One file for each row, all built at once, then each edited in its one field."""
    book = Project(tmp_path, "[tool.chargen.providers.openai]\nper_minute = 6000\n", env=openai.environ)
    for slug in ("alice", "bill"):
        book.write(
            f"imagery/characters/{slug}/imagery.yaml",
            f"entity_type: character\nslug: {slug}\nimage_inventory:\n"
            "  - {id: one, path: one.png, is_reference_portrait: true}\n  - {id: two, path: two.png}\n",
        )
        for number, picture in enumerate(("one", "two"), start=1):
            book.write(f"imagery/characters/{slug}/{picture}.png", image(number + len(slug) * 10))
    book.write("elsewhere.txt", "not a picture")
    tried = {f"r{number}": row for number, row in enumerate(row for row in rows() if row.key in EDITS)}
    for name, row in tried.items():
        _write(book, row, name)
    _ok(forks.run(book, "doit"))
    before = _told(forks, book)
    assert {found["verdict"] for found in before.values()} == {"fresh"}
    for name, row in tried.items():
        _change(book, row, name)
    after = _told(forks, book)
    wrong = []
    for name, row in tried.items():
        watched = _place(row)[1].replace("NAME", name)
        if row.change == "moves":
            assert watched not in after
            renamed = re.compile(rf"\w+/{name}/(?:renamed|room)|\w+/renamed-{name}/(?:a|hall)")
            found = list(filter(renamed.fullmatch, after))
            assert len(found) == 1, (row, found, [each for each in after if name in each])
            watched = found[0]
        if not _agrees(row, after[watched]):
            wrong.append((row.table, row.field, row.change, after[watched]["verdict"], after[watched]["reasons"]))
    assert not wrong
    sent = len(openai.requests)
    _ok(forks.run(book, "doit"))
    assert len(openai.requests) == sent, "nothing that a paid provider made was rebuilt"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Iterator[tuple[Project, dict[str, str]]]:
    """One project for all settings: a sketched image with a size, one without, and a paid one."""
    with OpenAIServer() as server:
        book = Project(tmp_path_factory.mktemp("settings"), SETTINGS, env=server.environ)
        book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
        file = "imagery/chapters/ch01/imagery.yaml"
        book.write(file, re.sub(r'(?s)(custom_id: "b".*?)\n    size: "128x96"', r"\1", book.read(file)))
        book.chapter("ch02", {"paid": "A cat."}, route=f"openai/{PAID}")
        book.write("imagery/chapters/ch03/imagery.yaml", WITH_FIELDS)
        book.write(
            "imagery/chapters/ch04/imagery.yaml",
            "metadata: {entity_type: chapter-imagery, slug: ch04, generation_defaults: {provider: openai}}\n"
            "images: [{custom_id: unnamed, prompt_used: A dog., size: 1024x1024}]\n",
        )
        book.write("imagery/characters/ann/imagery.yaml", PORTRAIT.replace("NAME", "ann").replace("id: a", "id: ann"))
        book.write("imagery/locations/hall/imagery.yaml", LOCATION.replace("NAME", "hall"))
        book.write(
            "imagery/characters/bill/imagery.yaml", PORTRAIT.replace("NAME", "bill").replace("id: a", "id: face")
        )
        _ok(forks.run(book, "doit"))
        kept = {name: book.read(name) for name in ("pyproject.toml", "prompts/chapter.txt.j2")}
        yield book, kept


@pytest.mark.parametrize("row", [row for row in rows() if row.key in CHANGES], ids=lambda row: row.field)
def test_every_setting_rebuilds_what_the_table_says(
    row: Row, built: tuple[Project, dict[str, str]], forks: Forks
) -> None:
    """One setting changed, everything else as it was built."""
    book, kept = built
    for name, text in kept.items():
        book.write(name, text)
    change, watched = CHANGES[row.key]
    change(book)
    found = {entry_id.rpartition("/")[2]: told for entry_id, told in _told(forks, book).items()}
    assert _agrees(row, found[watched]), (row, found[watched])
