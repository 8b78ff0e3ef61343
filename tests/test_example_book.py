"""The example book under `imagery/`: what it promises as a text, and the authors' habits it has to show.

Reads the files with a YAML parser alone, so that it holds the book to its promises independently of the scanner. Must
not know how chargen finds, composes or builds an entry.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.example import pristine
from support.project import REPOSITORY

BOOK = pristine() / "imagery"
PLAN_NAMES = {"imagery.yaml", "location-imagery.yaml", "character_imagery.yaml"}
BOM = b"\xef\xbb\xbf"
OUTPUTS = ("generated_at", "file_name", "file_path", "provider", "model", "provider_metadata")
PROMPT_KEYS = ("prompt_used", "prompt", "prompt_template")
UNDRAWN = {"rose-walk", "teapot-bed", "treetops", "hedge-bank"}


def plan_paths(folder: str) -> list[Path]:
    """The plan files of one kind, in path order."""
    return sorted(path for path in (BOOK / folder).rglob("*.yaml") if path.name in PLAN_NAMES)


def load(path: Path) -> Mapping[str, Any]:
    """One file as plain mappings and lists."""
    loaded = YAML(typ="safe").load(path.read_bytes())
    assert isinstance(loaded, Mapping), path
    return loaded


CHAPTERS = {path: load(path) for path in plan_paths("chapters")}
LOCATIONS = {path: load(path) for path in plan_paths("locations")}
CHARACTERS = {path: load(path) for path in plan_paths("characters")}
PLANS = CHAPTERS | LOCATIONS | CHARACTERS
BYTES = {path: path.read_bytes() for path in PLANS}


def location_blocks(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every block of a location that may be a picture, those lying inside zones included."""
    yield plan["overview"]
    for key in ("parts", "zones", "beat_images"):
        for block in plan.get(key) or ():
            if "images" in block:
                yield from block["images"]
            else:
                yield block


def prompt_of(block: Mapping[str, Any]) -> str:
    """The block's prompt under whichever of its keys, or nothing."""
    spec = block.get("image_spec") or {}
    return next((str(holder[key]) for holder in (block, spec) for key in PROMPT_KEYS if key in holder), "")


def blocks(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every block of a plan of any kind that may be a picture."""
    if "image_inventory" in plan:
        return [item for item in plan["image_inventory"] if prompt_of(item)]
    return list(plan["images"]) if "images" in plan else list(location_blocks(plan))


def planned(plans: Mapping[Path, Mapping[str, Any]]) -> list[tuple[Path, Mapping[str, Any], str]]:
    """File, block and prompt of every picture with a prompt."""
    found = ((path, block, prompt_of(block)) for path, plan in plans.items() for block in blocks(plan))
    return [item for item in found if item[2]]


def sentences(prompt: str) -> list[str]:
    """The prompt's sentences in small letters, blanks and punctuation evened out."""
    flat = " ".join(prompt.split())
    parts = re.split(r"(?<=[.!?])\s+", flat)
    return [re.sub(r"[^\w ]+", "", part).casefold().strip() for part in parts if part.strip()]


def test_book_has_twelve_chapters_six_locations_and_eight_characters() -> None:
    """The book is complete and no file of it has been lost or doubled."""
    assert (len(CHAPTERS), len(LOCATIONS), len(CHARACTERS)) == (12, 6, 8)
    assert [plan["metadata"]["slug"] for plan in CHAPTERS.values()] == [f"ch{number:02}" for number in range(1, 13)]


def test_book_plans_about_eighty_images() -> None:
    """Between 75 and 90 pictures have a prompt, one portrait for each character among them."""
    assert 75 <= len(planned(PLANS)) <= 90
    assert len(planned(CHARACTERS)) == 8
    assert all(block["is_reference_portrait"] for _, block, _ in planned(CHARACTERS))


def test_third_chapter_has_seven_images_and_the_seventh_is_img_07() -> None:
    """`chapters/ch03/img-07`, the image every example names, exists."""
    images = next(plan["images"] for plan in CHAPTERS.values() if plan["metadata"]["slug"] == "ch03")
    assert [image["custom_id"] for image in images] == [f"img-{number:02}" for number in range(1, 8)]


def test_two_characters_have_scenes_made_of_fields() -> None:
    """Scenes of another look: LF and CRLF, with and without a slug; none has a prompt, some have companions."""
    files = sorted((BOOK / "characters").rglob("scenes.yaml"))
    plans = [load(path) for path in files]
    assert [(path.parent.name, len(plan["scenes"])) for path, plan in zip(files, plans, strict=True)] == [
        ("alice", 3),
        ("hatter", 2),
    ]
    assert [b"\r\n" in path.read_bytes() for path in files] == [False, True]
    scenes = [scene for plan in plans for scene in plan["scenes"]]
    assert not any(prompt_of(scene) for scene in scenes)
    assert sum("depicts_characters" in scene for scene in scenes) == 2


def test_no_two_prompts_share_a_sentence() -> None:
    """Every sentence of every prompt stands in the book once."""
    counts = Counter(sentence for _, _, prompt in planned(PLANS) for sentence in sentences(prompt))
    assert [sentence for sentence, times in counts.items() if times > 1] == []


def test_prompts_have_forty_to_a_hundred_and_ten_words() -> None:
    """A prompt is long enough to direct a picture and short enough to be read."""
    lengths = {f"{path.parent.name}: {prompt[:40]}": len(prompt.split()) for path, _, prompt in planned(PLANS)}
    assert {prompt: words for prompt, words in lengths.items() if not 40 <= words <= 110} == {}


def test_appearances_have_sixty_to_a_hundred_and_twenty_words() -> None:
    """A character can be drawn from words alone."""
    lengths = {plan["slug"]: len(plan["appearance"].split()) for plan in CHARACTERS.values()}
    assert {slug: words for slug, words in lengths.items() if not 60 <= words <= 120} == {}


def test_ids_are_unique_within_each_file() -> None:
    """No two pictures of one file would share a target."""
    keys = ("custom_id", "slug", "zone_slug", "zone_id", "image_slug", "beat_slug", "beat_id", "id")
    for path, plan in PLANS.items():
        ids = [next((str(block[key]) for key in keys if key in block), "overview") for block in blocks(plan)]
        assert len(ids) == len(set(ids)), path


def test_every_reference_id_stands_in_the_inventory_it_names() -> None:
    """The book builds as it is: no chapter asks for a portrait that nobody planned."""
    inventories = {plan["slug"]: {item["id"] for item in plan["image_inventory"]} for plan in CHARACTERS.values()}
    for path, plan in CHAPTERS.items():
        for character in plan["characters"]:
            assert set(character["reference_images"]) <= inventories[character["ref"]], path


def test_every_named_inventory_file_exists() -> None:
    """A path in an inventory leads to a picture beside the file, blanks and comma in its name included."""
    items = [(path.parent, item) for path, plan in CHARACTERS.items() for item in plan["image_inventory"]]
    paths = [folder / item["path"] for folder, item in items if item.get("path")]
    assert paths
    assert all(path.is_file() for path in paths)
    assert any(" " in path.name and "," in path.name for path in paths)


def test_every_named_location_has_a_file() -> None:
    """Chapters play in places the book describes."""
    known = {plan["metadata"].get("slug", plan["metadata"].get("location_slug")) for plan in LOCATIONS.values()}
    named = {image["location"] for plan in CHAPTERS.values() for image in plan["images"] if "location" in image}
    named |= {place["ref"] for plan in CHAPTERS.values() for place in plan.get("locations", ())}
    assert named <= known


def test_one_depicted_slug_has_no_file_and_no_more() -> None:
    """Just one crowd without a file is named like a character, so that the book shows one warning."""
    known = {plan["slug"] for plan in CHARACTERS.values()}
    shown = [item for _, block, _ in planned(PLANS) for item in block.get("depicts_characters", ())]
    slugs = [item if isinstance(item, str) else item.get("slug") for item in shown]
    assert {slug for slug in slugs if slug} - known == {"jury-of-animals"}


def test_all_defaults_draw_storyboards() -> None:
    """The book costs nothing until its author routes it elsewhere."""
    for path, plan in PLANS.items():
        defaults = plan.get("generation_defaults") or plan["metadata"]["generation_defaults"]
        assert (defaults["provider"], defaults["model"]) == ("sketch", "sketch"), path


def test_output_slots_are_all_empty() -> None:
    """The book is delivered unbuilt: no slot holds more than a placeholder."""
    for path, block, _ in planned(PLANS):
        filled = [key for key in (*OUTPUTS, "generated_images") if block.get(key)]
        assert not filled, f"{path} has been built in place; `git checkout imagery` empties its slots"


def test_sizes_vary() -> None:
    """At least seven sizes occur, so that a build meets every shape of picture."""
    sizes = {block.get("size") or (block.get("image_spec") or {}).get("size") for _, block, _ in planned(PLANS)}
    assert len(sizes - {None}) >= 7
    assert all(re.fullmatch(r"\d+x\d+", size) for size in sizes - {None})


def _some(test: Callable[[bytes], object]) -> bool:
    return any(test(data) for data in BYTES.values())


def _has(pattern: bytes) -> Callable[[bytes], object]:
    return re.compile(pattern, re.MULTILINE).search


def _disagree(block: Mapping[str, Any]) -> bool:
    if not {"size", "aspect_ratio"} <= block.keys():
        return False
    width, height = map(int, block["size"].split("x"))
    across, down = map(int, block["aspect_ratio"].split(":"))
    return abs(width / height - across / down) > 0.1


def _declared(plan: Mapping[str, Any]) -> dict[str, Any]:
    return {character["ref"]: character["reference_images"] for character in plan["characters"]}


def _lights() -> list[set[str]]:
    return [set(plan["location_visual_anchor"]["characteristic_light"]) for plan in LOCATIONS.values()]


def _zones() -> list[Mapping[str, Any]]:
    return [zone for plan in LOCATIONS.values() for zone in plan.get("zones", ())]


def _undrawn() -> set[str | None]:
    undrawn = [block for plan in LOCATIONS.values() for block in blocks(plan) if not prompt_of(block)]
    return {next((block[key] for key in ("slug", "zone_slug", "zone_id") if key in block), None) for block in undrawn}


def _depicts() -> list[Any]:
    return [item for _, block, _ in planned(PLANS) for item in block.get("depicts_characters", ())]


def _undeclared() -> bool:
    known = {plan["slug"] for plan in CHARACTERS.values()}
    return any(
        slug in known and slug not in _declared(plan)
        for plan in CHAPTERS.values()
        for image in plan["images"]
        for slug in image["depicts_characters"]
        if isinstance(slug, str)
    )


HABITS: dict[str, Callable[[], object]] = {
    "several files with CRLF": lambda: sum(b"\r\n" in data for data in BYTES.values()) >= 4,
    "a byte order mark": lambda: _some(lambda data: data.startswith(BOM)),
    "LF and no final newline": lambda: _some(lambda data: b"\r" not in data and not data.endswith(b"\n")),
    "CRLF and no final newline": lambda: _some(lambda data: b"\r" in data and not data.endswith(b"\n")),
    "blanks alone on the last line": lambda: _some(_has(rb"generated_images: \[\]\r\n +\Z")),
    "trailing blanks": lambda: _some(_has(rb"\w +\r?$")),
    "lines of blanks alone": lambda: _some(_has(rb"^ +\r?$")),
    "a comment after a value": lambda: _some(_has(rb"^ *\w+: [^#\n|>]*\S +# ")),
    "a comment between list items": lambda: _some(_has(rb"^ +# .*\r?\n +- ")),
    "a literal block": lambda: _some(_has(rb"prompt_used: \|\r?$")),
    "a folded block": lambda: _some(_has(rb"prompt_used: >\r?$")),
    "a stripped folded block": lambda: _some(_has(rb"prompt_used: >-\r?$")),
    "double quotes over several lines": lambda: _some(_has(rb'prompt_used: "[^"\n]*\n +[^"]*"')),
    "single quotes": lambda: _some(_has(rb"size: '\d")),
    "double quotes": lambda: _some(_has(rb'size: "\d')),
    "no quotes": lambda: _some(_has(rb"size: \d")),
    "a doubled single quote": lambda: _some(_has(rb": '.*\w''.*'\r?$")),
    "metadata placeholder {}": lambda: _some(_has(rb"provider_metadata: \{\}")),
    "metadata placeholder null": lambda: _some(_has(rb"provider_metadata: null")),
    "an empty placeholder": lambda: _some(_has(rb"provider_metadata:\r?$")),
    "an empty placeholder before a comment": lambda: _some(_has(rb"generated_at: +# ")),
    "an empty string as placeholder": lambda: _some(_has(rb'file_path: ""')),
    "generated_images: []": lambda: _some(_has(rb"generated_images: \[\]")),
    "generated_images without a value": lambda: _some(_has(rb"generated_images:\r?$")),
    "no generated_images key": lambda: any(prompt_of(zone) and "generated_images" not in zone for zone in _zones()),
    "no output keys": lambda: any(not set(OUTPUTS) & block.keys() for _, block, _ in planned(CHAPTERS)),
    "some output keys": lambda: any(0 < len(set(OUTPUTS) & block.keys()) < 6 for _, block, _ in planned(CHAPTERS)),
    "four blanks a step": lambda: _some(_has(rb"^metadata:\r?\n    \w")),
    "lists level with their key": lambda: _some(_has(rb"^images:\r?\n- ")),
    "flow collections": lambda: _some(_has(rb"^ *color_palette: \{")),
    "an anchor and its alias": lambda: _some(_has(rb": &\w+ [^&]*: \*\w+")),
    "a decimal chapter number": lambda: _some(_has(rb"chapter_number: \d+\.\d")),
    "a decimal in an id": lambda: _some(_has(rb'custom_id: "?img-\d+\.\d')),
    "ids with leading zeros": lambda: _some(_has(rb"custom_id: 0\d+\r?$")),
    "hex colours named in comments": lambda: _some(_has(rb'- "#[0-9A-F]{6}" +# \w')),
    "colours as words": lambda: _some(_has(rb"primary: *\[?(?:\r?\n +- )?[a-z]+ [a-z]+")),
    "a size and a ratio that disagree": lambda: any(_disagree(block) for _, block, _ in planned(PLANS)),
    "a ratio alone": lambda: any("size" not in b and "aspect_ratio" in b for _, b, _ in planned(PLANS)),
    "a depicted character as a map": lambda: any(isinstance(item, Mapping) and "slug" in item for item in _depicts()),
    "a crowd": lambda: any(isinstance(item, Mapping) and "generic_count" in item for item in _depicts()),
    "a character depicted and not declared": _undeclared,
    "a character declared with no reference": lambda: any([] in _declared(plan).values() for plan in CHAPTERS.values()),
    "a chapter with defaults at the top": lambda: any("generation_defaults" in plan for plan in CHAPTERS.values()),
    "a location with defaults at the top": lambda: any("generation_defaults" in plan for plan in LOCATIONS.values()),
    "zones with pictures inside": lambda: any(zone.get("images") for zone in _zones()),
    "a zone with an empty list of pictures": lambda: any(zone.get("images") == [] for zone in _zones()),
    "zones without a prompt": lambda: _undrawn() >= UNDRAWN,
    "beat images": lambda: sum("beat_images" in plan for plan in LOCATIONS.values()) >= 2,
    "an overview with a template": lambda: any("prompt_template" in plan["overview"] for plan in LOCATIONS.values()),
    "an overview without a slug": lambda: any("slug" not in plan["overview"] for plan in LOCATIONS.values()),
    "light by hour": lambda: any("dusk" in keys for keys in _lights()),
    "light by place": lambda: any("cats-bough" in keys for keys in _lights()),
    "light by role": lambda: any("primary" in keys for keys in _lights()),
    "unknown keys": lambda: _some(_has(rb"lamp_height|image_budget")),
    "files beside that are no plans": lambda: {path.name for path in BOOK.rglob("*.yaml")} > PLAN_NAMES,
    "a portrait with another character": lambda: any("depicts_characters" in b for _, b, _ in planned(CHARACTERS)),
}


@pytest.mark.parametrize("habit", HABITS)
def test_book_shows_the_habit(habit: str) -> None:
    """Each habit of real authors which a scanner or a splicer has to bear occurs somewhere in the book."""
    assert HABITS[habit]()


def test_line_ends_are_of_one_kind_in_each_file() -> None:
    """No file mixes line ends: an editor or a git setting that converts them is noticed."""
    for path, data in BYTES.items():
        assert data.count(b"\r") == data.count(b"\r\n"), path
        assert data.count(b"\r\n") in (0, data.count(b"\n")), path


def test_git_keeps_the_bytes() -> None:
    """The attributes file forbids git to convert what lies below `imagery/`."""
    assert "imagery/** -text" in (REPOSITORY / ".gitattributes").read_text(encoding="utf-8").splitlines()
