"""Misspellings among keys: unknown ones that are all but the same as a known one which is missing.

Laws: unknown keys are normal, stay as they are and are read by templates; one is reported only where a known key is a
letter or two away, is not there itself nor another that stands for it, and has a value of that shape. Of one that lists
images it may be short for; and any word may be meant for the one list of images a section has. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from chargen.errors import Position, Problem, Topic, error, warning
from chargen.kinds.keys import PROMPTS, Keys
from chargen.kinds.view import fields
from chargen.yaml.document import Document, is_null, items, pairs

_SHORT = 6
"""A known key below so many letters is meant only by one letter more or less, or two that changed places: `side` is no
`size`, and `them` no `theme`."""
_LONG = 8
"""From so many letters on, two may differ."""
_OURS = ("prompt_used", "custom_id")
"""Keys of entries that no other program's lists have."""
_SHORTEST = 3
"""What is short for another word has so many letters of it."""


def misspellings(
    document: Document, owner: Node | None, nodes: Mapping[str, Node], keys: Keys, there: Mapping[str, Node]
) -> Iterator[Problem]:
    """Yield a warning for each key of the mapping `owner` that is a misspelling of one that is not `there`.

    It is an error where images are lost by it. `nodes` are the mapping's value nodes by key.
    """
    for key in nodes:
        if key in keys.by_name or is_null(nodes[key]):
            continue
        meant = near(key, keys.texts if isinstance(nodes[key], ScalarNode) else keys.groups)
        if not meant and lists_images(nodes[key]):
            meant = shortened(key, keys.groups)
        is_renamed = not meant and bool(keys.images) and _lists(nodes[key], _OURS)
        meant = keys.images if is_renamed else meant
        if meant in PROMPTS and _has_text(there.get(meant)) and _has_text(nodes[key]):
            message = f"unknown key `{key[:60]}` beside `{meant}`: no template of chargen prints it"
            hint = f"put it into `{meant}`, unless a template of your own prints it"
            yield warning(message, key_position(document, owner, key, nodes[key]), hint)
            continue
        if not meant or any(not is_null(there.get(name)) for name in keys.standing_for(meant)):
            continue
        message, problem, topic = f"unknown key `{key[:60]}`", warning, None
        if meant in PROMPTS:
            message, topic = f"{message}, and this entry has no prompt", Topic.NO_PROMPT
        elif lists_images(nodes[key]):
            message, problem = f"{message}: what it lists is not planned", warning if is_renamed else error
        yield problem(message, key_position(document, owner, key, nodes[key]), f"did you mean `{meant}`?").of(topic)


def _has_text(value: Node | None) -> bool:
    return isinstance(value, ScalarNode) and not is_null(value) and bool(value.value.strip())


def lists_images(listed: Node) -> bool:
    """Say whether a list has an entry with a prompt, a `custom_id` or a `scene`: other programs' lists have none."""
    return _lists(listed, (*PROMPTS, "custom_id", "scene"))


def _lists(listed: Node, names: tuple[str, ...]) -> bool:
    """Say whether a list has an entry with one of these keys."""
    return any(not fields(item).keys().isdisjoint(names) for item in items(listed))


def key_position(document: Document, owner: Node | None, key: str, value: Node) -> Position:
    """Return where a key stands; of one that was merged in, where its value does."""
    here = owner if isinstance(owner, MappingNode) else None
    return document.at(next((node for name, node, _ in pairs(here) if name == key), value))


@lru_cache(maxsize=4096)
def near(word: str, known: tuple[str, ...]) -> str:
    """Return the one of `known` that `word` is a misspelling of, or nothing; case, `-` and blanks don't count."""
    spelled = word.strip().lower().replace("-", "_").replace(" ", "_")
    best = min(((_steps(spelled, other), other) for other in known), default=(3, ""))
    return best[1] if best[0] <= 2 else ""


def shortened(word: str, known: tuple[str, ...]) -> str:
    """Return the one of `known` that `word` is short for, or nothing: `imgs` for `images`, `meta` for `metadata`."""
    short = word.strip().lower()
    if len(short) < _SHORTEST:
        return ""
    return next((other for other in known if short[0] == other[0] and _is_within(short, other)), "")


def _is_within(word: str, known: str) -> bool:
    """Say whether the letters of `word` are all in `known`, in their order."""
    rest = iter(known)
    return all(letter in rest for letter in word)


def _steps(word: str, known: str) -> int:
    """Count the letters that are wrong, missing, too many or swapped in `word`; 3 where it is another word."""
    limit = 2 if len(known) >= _LONG else 1
    if abs(len(word) - len(known)) > limit:
        return 3
    before: list[int] = []
    row = list(range(len(known) + 1))
    for i, letter in enumerate(word, start=1):
        before, last, row = row, before, [i]
        for j, other in enumerate(known, start=1):
            steps = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and (letter, word[i - 2]) == (known[j - 2], other):
                steps = min(steps, last[j - 2] + 1)
            row.append(steps)
    replaced = len(word) == len(known) and sorted(word) != sorted(known)
    if row[-1] > limit or (row[-1] and len(known) < _SHORT and replaced):
        return 3
    return row[-1]
