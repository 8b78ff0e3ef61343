"""Slips of the keyboard in imagery files: told with their place, and nothing told where nothing slipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from chargen import kinds
from chargen.kinds.spelling import near
from chargen.model.entries import Imagery
from chargen.model.values import Size
from chargen.yaml.document import parse

EXAMPLE = Path(__file__).parents[2] / "imagery"

CHAPTER = """\
metadata:
  entity_type: chapter-imagery
  slug: ch01
  generation_defaults: {provider: sketch, model: sketch}
images:
  - custom_id: a
    prompt_used: A lamp.
    size: 64x64
    depicts_characters: [alice]
"""


def scanned(text: str) -> Imagery:
    found = kinds.scan(parse(text.encode(), "in/it.yaml"), Size(64, 64), "generated")
    assert found is not None
    return found


def told(imagery: Imagery) -> list[str]:
    problems = (*imagery.problems, *(problem for entry in imagery.entries for problem in entry.problems))
    return [f"{p.position}: {p.severity.value}: {p.message}; {p.hint}" for p in problems if "did you mean" in p.hint]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "prompt_used",
            "prompt_usd",
            "7:5: warning: unknown key `prompt_usd`, and this entry has no prompt; did you mean `prompt_used`?",
        ),
        ("size:", "sze:", "8:5: warning: unknown key `sze`; did you mean `size`?"),
        (
            "depicts_characters",
            "depict-charaters",
            "9:5: warning: unknown key `depict-charaters`; did you mean `depicts_characters`?",
        ),
        ("custom_id", "customid", "6:5: warning: unknown key `customid`; did you mean `custom_id`?"),
        ("images:", "image:", "5:1: error: unknown key `image`: what it lists is not planned; did you mean `images`?"),
        ("images:", "imgs:", "5:1: error: unknown key `imgs`: what it lists is not planned; did you mean `images`?"),
        (
            "images:",
            "pictures:",
            "5:1: warning: unknown key `pictures`: what it lists is not planned; did you mean `images`?",
        ),
        (
            "generation_defaults",
            "generation_default",
            "4:3: warning: unknown key `generation_default`; did you mean `generation_defaults`?",
        ),
        ("provider:", "provder:", "4:25: warning: unknown key `provder`; did you mean `provider`?"),
    ],
)
def test_a_slip_in_a_key_is_told_where_it_stands(old: str, new: str, expected: str) -> None:
    """Each key a letter or two from a known one that is missing is a warning with its place and the known key."""
    assert told(scanned(CHAPTER.replace(old, new))) == [f"in/it.yaml:{expected}"]


@pytest.mark.parametrize(
    "line",
    [
        "prompts: [one, two]",
        "side: left",
        "image: elsewhere.png",
        "mood: calm",
        "prompt_usd: null",
        "negative_prompts: [no text]",  # a list is no negative prompt of an entry
    ],
)
def test_a_key_of_the_authors_own_is_left_alone(line: str) -> None:
    """What is near a known key that is there, or has another shape, is the author's own."""
    assert told(scanned(f"{CHAPTER}    {line}\n")) == []


@pytest.mark.parametrize(
    "text",
    [
        f"{CHAPTER}pictures: [{{prompt_used: A lamp.}}]\n",  # its own list is there
        CHAPTER.replace("images:\n  - custom_id: a\n    prompt_used: A lamp.", "questions:\n  - prompt: Who is it?"),
        CHAPTER.replace("images:\n  - custom_id: a\n    prompt_used: A lamp.", "plot:\n  - scene: At night."),
        "entity_type: location-imagery\nslug: quay\noverview: {prompt: A quay.}\nold: [{prompt_used: x}]\n",
    ],
)
def test_a_list_of_the_authors_own_is_left_alone(text: str) -> None:
    """What another word names is told only where it can but be the one list of images that is missing."""
    assert told(scanned(text)) == []


def test_a_zone_whose_images_have_another_name_says_so() -> None:
    """Of a section as of a file."""
    text = (
        "entity_type: location-imagery\nslug: quay\nzones:\n  - slug: a\n    views: [{custom_id: b, prompt: A quay.}]\n"
    )
    assert told(scanned(text)) == [
        "in/it.yaml:5:5: warning: unknown key `views`: what it lists is not planned; did you mean `images`?"
    ]


def test_a_portrait_without_a_prompt_for_a_slip_says_so() -> None:
    """An inventory item whose prompt is misspelt is no plan; the file says why."""
    text = "entity_type: character\nslug: alice\nimage_inventory:\n  - id: face\n    promt_used: A face.\n"
    imagery = scanned(text)
    assert imagery.entries == ()
    assert told(imagery) == [
        "in/it.yaml:5:5: warning: unknown key `promt_used`, and this entry has no prompt; did you mean `prompt_used`?"
    ]


def test_the_prompt_of_a_beat_may_stand_in_its_image_spec() -> None:
    """A misspelling inside `image_spec` is told there, and none where the entry itself has the prompt."""
    text = (
        "metadata: {entity_type: location-imagery, slug: quay}\noverview: {prompt_used: A quay.}\n"
        "beat_images:\n  - slug: storm\n    image_spec: {promt: Waves.}\n"
        "  - {slug: calm, prompt: x, image_spec: {promt: y}}\n"
    )
    assert told(scanned(text)) == [
        "in/it.yaml:5:18: warning: unknown key `promt`, and this entry has no prompt; did you mean `prompt`?"
    ]


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        (CHAPTER.replace("chapter-imagery", "chapter-imagry"), "2:16", "chapter-imagery"),
        (CHAPTER.replace("chapter-imagery", "chapter"), "2:16", "chapter-imagery"),
        (CHAPTER.replace("  entity_type: chapter-imagery\n", "").replace("images:", "image:"), "4:1", "images"),
        (CHAPTER.replace("  entity_type: chapter-imagery\n", "").replace("metadata:", "metdata:"), "1:1", "metadata"),
        (CHAPTER.replace("metadata:", "meta:"), "1:1", "metadata"),
        (CHAPTER.replace("  entity_type: chapter-imagery\n", "").replace("images:", "imgs:"), "4:1", "images"),
        ("overveiw: {prompt: A quay.}\nzones: [{slug: a, prompt: x}]\n", "1:1", "overview"),
    ],
)
def test_a_file_that_is_ignored_for_one_slip_is_told(text: str, place: str, hint: str) -> None:
    """A file that is ours but for its type or one key is not ignored silently."""
    document = parse(text.encode(), "in/it.yaml")
    problem = kinds.overlooked(document)
    assert kinds.kind_of(document) is None
    assert problem is not None
    assert (str(problem.position), problem.hint) == (f"in/it.yaml:{place}", f"did you mean `{hint}`?")


@pytest.mark.parametrize(
    "text",
    [
        "entity_type: run-log\nruns: []\n",
        "entity_type: chapter\nname: a chapter of another program\n",
        "metadata: {}\nimage: cover.png\n",
        "metadata: {}\nimage: [{url: a.png}]\n",
        "meta: {tool: another}\nimages: [{prompt: A lamp.}]\n",
        "meta: {slug: a}\nimages: [{url: a.png}]\n",
        "moments: [{id: a}]\n",
        "- a\n- b\n",
        "",
    ],
)
def test_a_file_of_another_program_is_ignored_quietly(text: str) -> None:
    """What neither declares nearly our type nor nearly has our shape is nobody's business."""
    assert kinds.overlooked(parse(text.encode(), "in/it.yaml")) is None


def test_the_example_book_has_no_slips() -> None:
    """No file of the example book is told anything about its keys."""
    for path in sorted(EXAMPLE.rglob("*.yaml")):
        document = parse(path.read_bytes(), path.name)
        imagery = kinds.scan(document, Size(64, 64), "generated")
        assert (kinds.overlooked(document) if imagery is None else told(imagery)) in (None, []), path


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("Prompt-Used", "prompt_used", "prompt_used"),
        ("prompt_sued", "prompt_used", "prompt_used"),
        ("pronpt_usd", "prompt_used", "prompt_used"),
        ("pronpt_us", "prompt_used", ""),
        ("side", "size", ""),
        ("szie", "size", "size"),
        ("sizes", "size", "size"),
        ("state", "status", ""),
    ],
)
def test_nearness(word: str, known: str, expected: str) -> None:
    """Long words may differ by two letters, short ones by one more or less or two that changed places."""
    assert near(word, (known, "depicts_characters")) == expected


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "prompt_usd: Another lamp.",
            "unknown key `prompt_usd` beside `prompt_used`: no template of chargen prints it",
        ),
        (
            "promt_used: Another lamp.",
            "unknown key `promt_used` beside `prompt_used`: no template of chargen prints it",
        ),
        ("prompt_usd: ''", ""),
        ("prompt_usd: null", ""),
        ("prompts: one", ""),
        ("prompt_notes: one", ""),
        ("sze: 64x64", ""),
    ],
)
def test_the_text_of_a_second_prompt_is_lost_and_told(line: str, words: str) -> None:
    """Only of prompts: they are the author's words, and nothing else says that they are not sent."""
    imagery = scanned(f"{CHAPTER}    {line}\n")
    found = [problem for problem in imagery.entries[0].problems if "no template of chargen" in problem.message]
    assert [(problem.message, problem.position and problem.position.line) for problem in found] == (
        [(words, 10)] if words else []
    )
    assert imagery.entries[0].prompt == "A lamp."
