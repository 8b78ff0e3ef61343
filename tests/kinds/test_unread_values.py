"""A list or a mapping where a text is read: told at its place, never passed over in silence."""

from __future__ import annotations

import pytest

from chargen import kinds
from chargen.kinds.keys import DEFAULTS, ENTRY, FIELDS, PROMPTS, SPOKEN, Effect, Form
from chargen.model.values import Size
from chargen.yaml.document import parse

SILENT = (Effect.WRITTEN, Effect.NOTHING)
LISTED = "negative_prompt"
"""Takes a list as well."""
WORDS = [
    key.name
    for key in (*ENTRY.all, *FIELDS.all)
    if key.form is Form.TEXT and key.effect not in SILENT and key.name != LISTED
]
HEAD = "metadata:\n  entity_type: chapter-imagery\n  slug: ch01\n"


def told(text: str) -> list[tuple[int, int, str]]:
    """Return the place and the words of every problem of a file."""
    imagery = kinds.scan(parse(text.encode(), "a.yaml"), Size(1024, 1024), "generated")
    assert imagery is not None
    found = [*imagery.problems, *(problem for entry in imagery.entries for problem in entry.problems)]
    return [(p.position.line, p.position.column, p.message) for p in found]


@pytest.mark.parametrize("value", ["[approved]", "{is: approved}", "\n      - approved"])
@pytest.mark.parametrize("name", WORDS)
def test_a_word_of_an_entry_that_is_no_text_is_told(name: str, value: str) -> None:
    """`status: [approved]` would lock nothing, and nobody would know."""
    prompt = "" if name in (*PROMPTS, *SPOKEN) else "prompt_used: A door.\n    "
    problems = told(f"{HEAD}images:\n  - custom_id: a\n    {prompt}{name}: {value}\n")
    assert [message for *_, message in problems if f"`{name}` must be text" in message], problems


@pytest.mark.parametrize("name", [key.name for key in DEFAULTS.all if key.form is Form.TEXT])
def test_a_default_that_is_no_text_is_told(name: str) -> None:
    """The model of a whole chapter is not left to chance."""
    entry = "  - custom_id: a\n    prompt_used: A door.\n"
    problems = told(f"{HEAD}  generation_defaults:\n    {name}: [x]\nimages:\n{entry}")
    assert [place for *place, message in problems if "must be text" in message] == [[5, 7 + len(name)]], problems


def test_a_field_beside_a_prompt_is_the_authors_own() -> None:
    """Nothing is made of it, so that nothing is lost."""
    assert told(f"{HEAD}images:\n  - custom_id: a\n    prompt_used: A door.\n    description: [x]\n") == []


@pytest.mark.parametrize(
    "key", ["reference_images: []", "negative_prompts: []", "generation_defaults: {negative_prompts: []}"]
)
def test_a_list_of_nothing_is_not_told(key: str) -> None:
    assert told(f"{HEAD}images:\n  - custom_id: a\n    prompt_used: A door.\n    {key}\n") == []


def test_what_is_text_or_nothing_is_not_told() -> None:
    """An empty value is no value; a number is read as it is written."""
    entry = "  - custom_id: a\n    prompt_used: A door.\n    status:\n    quality: ~\n    mood_rationale: 7\n"
    assert told(f"{HEAD}images:\n{entry}") == []


@pytest.mark.parametrize(
    ("key", "place", "words", "hint"),
    [
        ("reference_images: [bill]", [6, 23], "`reference_images` of an image takes only `none`", "`characters`"),
        ("reference_images: bill", [6, 23], "`reference_images` of an image takes only `none`", "`characters`"),
        ("reference_images: [none]", [6, 23], "`reference_images` of an image takes only `none`", "`characters`"),
        ("negative_prompts: [c]", [6, 23], "`negative_prompts` of an image counts for nothing", "`negative_prompt`"),
        ("generation_defaults: {negative_prompts: [c]}", [6, 45],
         "`generation_defaults.negative_prompts` of an image counts for nothing", "`negative_prompt`"),
    ],
)  # fmt: skip
def test_what_counts_elsewhere_and_not_in_an_image_is_told(key: str, place: list[int], words: str, hint: str) -> None:
    """With the place, and where to write it."""
    text = f"{HEAD}images:\n  - custom_id: a\n    {key}\n    prompt_used: A door.\n"
    imagery = kinds.scan(parse(text.encode(), "a.yaml"), Size(1024, 1024), "generated")
    assert imagery is not None
    (problem,) = imagery.entries[0].problems
    assert (problem.severity.value, problem.message.partition(":")[0].partition(", ")[0]) == ("warning", words)
    assert problem.position is not None
    assert [problem.position.line, problem.position.column] == place
    assert hint in problem.hint


@pytest.mark.parametrize("key", ["reference_images: none", "reference_images:", "generation_defaults: {size: 64x64}"])
def test_what_counts_in_an_image_is_not_told(key: str) -> None:
    """`none` is what an image can say of its references."""
    assert told(f"{HEAD}images:\n  - custom_id: a\n    {key}\n    prompt_used: A door.\n") == []


def test_one_negative_prompt_of_a_plural_key_is_a_slip() -> None:
    """A single text is told as a misspelling, and once."""
    (problem,) = told(f"{HEAD}images:\n  - custom_id: a\n    negative_prompts: c\n    prompt_used: A door.\n")
    assert problem[2] == "unknown key `negative_prompts`"
