"""Light that fits: which of a location's lights belongs to a picture, by time of day, place, or as its usual one.

Laws: a light that speaks of another time of day than the picture's is never taken; a light bound to a time is not
taken for a picture without one; where nothing fits there is none. Pure; tables instead of branches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chargen.kinds.view import fields
from chargen.model.traced import Traced
from chargen.yaml.document import Document, scalar

TIMES = {
    "dawn": ("dawn", "predawn", "sunrise", "daybreak", "first light"),
    "morning": ("morning", "forenoon"),
    "midday": ("midday", "noon", "noonday", "high noon"),
    "day": ("day", "daytime", "daylight", "sun", "sunlight", "sunlit", "sunbeam", "sunbeams", "sunny", "sunshine"),
    "afternoon": ("afternoon",),
    "dusk": ("dusk", "sunset", "twilight", "golden hour", "blue hour", "gloaming", "nightfall", "sundown"),
    "evening": ("evening", "eventide"),
    "night": ("night", "nighttime", "midnight", "moon", "moonlight", "moonlit", "starlight", "nocturnal"),
}
"""Times of day and the words that tell them."""

FITS = {
    "dawn": ("dawn", "morning"),
    "morning": ("morning", "day"),
    "midday": ("midday", "day"),
    "day": ("day", "midday", "morning", "afternoon"),
    "afternoon": ("afternoon", "day"),
    "dusk": ("dusk", "evening"),
    "evening": ("evening", "dusk", "night"),
    "night": ("night",),
}
"""For a picture's time: the times whose light may be taken, best first."""

USUAL = "primary"
"""The key of the light that is taken where no other fits."""

ROLES = frozenset({USUAL, "secondary", "quality", "accent", "tertiary", "ambient", "description", "notes"})
"""Keys that tell a light's role: these are neither times nor places."""

_TOKEN = re.compile(r"[^\W_]+")
_TIME_OF = {tuple(words.split()): time for time, names in TIMES.items() for words in names}


class Light(Struct, frozen=True):
    """One characteristic light: the words of its key, and its text."""

    key: tuple[str, ...]
    text: Traced
    times: frozenset[str]
    """Times of day the text speaks of."""
    time: str | None
    """Time of day the key names."""
    place: tuple[str, ...]
    """What is left of the key."""


def lights(document: Document, node: Node | None) -> tuple[Light, ...]:
    """Read `characteristic_light`: a map, a list of texts or of maps, or one text (the usual light)."""
    return tuple(_light(key, text) for key, text in _pairs(document, node) if not text.isspace() and text)


def tokens(text: str) -> tuple[str, ...]:
    """Return the words of a text or slug in lower case."""
    return tuple(_TOKEN.findall(text.lower()))


def time_of(*texts: str | None) -> str | None:
    """Return the time of day that the first of `texts` to name one names first."""
    for text in texts:
        for time, _ in _times(tokens(text or "")):
            return time
    return None


def times_of(text: str) -> frozenset[str]:
    """Return the times of day a text speaks of."""
    return frozenset(time for time, _ in _times(tokens(text)))


def agrees(times: frozenset[str], time: str | None) -> bool:
    """Say whether a text may stand in a picture of `time`: it speaks of no time whose light does not fit."""
    return time is None or times <= set(FITS[time])


def fitting(choices: tuple[Light, ...], time: str | None, places: tuple[tuple[str, ...], ...]) -> Traced | None:
    """Return the text of the light that fits best: the place's first, then the time's, else the usual one."""
    allowed = FITS[time] if time else ()
    best: tuple[int, int] = (0, 0)
    found: Traced | None = None
    usual: Traced | None = None
    for light in choices:
        if light.key == (USUAL,) and usual is None and agrees(light.times, time):
            usual = light.text
        score = _score(light, allowed, places)
        if score > best and (not light.place or agrees(light.times, time)):
            best, found = score, light.text
    return found or usual


def _score(light: Light, allowed: tuple[str, ...], places: tuple[tuple[str, ...], ...]) -> tuple[int, int]:
    """Rank a light: words of place that match, then how well the time does; (0, 0) where it does not fit."""
    if len(light.key) == 1 and light.key[0] in ROLES:
        return (0, 0)
    if light.time and light.time not in allowed:
        return (0, 0)
    if light.place and not any(_within(light.place, place) for place in places):
        return (0, 0)
    return (len(light.place), len(FITS) - allowed.index(light.time) if light.time else 0)


def _within(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    return any(whole[at : at + len(part)] == part for at in range(len(whole) - len(part) + 1))


def _pairs(document: Document, node: Node | None) -> Iterator[tuple[str, Traced]]:
    """Yield (key, text); a list's text before a colon is its key, and one without is keyed by its own words of time."""
    if isinstance(node, MappingNode):
        for key, value in fields(node).items():
            if (text := _joined(document, value)) is not None:
                yield key, text
    elif isinstance(node, SequenceNode):
        for item in node.value:
            if isinstance(item, MappingNode):
                yield from _pairs_of_item(document, item)
            elif (text := document.traced(item, "characteristic_light")) is not None:
                head, colon, rest = text.partition(":")
                if colon and len(head.split()) <= 3 and rest.strip():
                    yield head, text.sub(rest.strip())
                else:
                    yield " ".join(words for _, words in _times(tokens(text))[:1]) or USUAL, text
    elif (text := document.traced(node, "characteristic_light")) is not None:
        yield USUAL, text


def _pairs_of_item(document: Document, item: Node) -> Iterator[tuple[str, Traced]]:
    """Read a map in a list: `{dusk: text}`, or `{time: dusk, description: text}`."""
    parts = fields(item)
    key = next((text for name in ("time", "part", "zone", "name") if (text := scalar(parts.get(name)))), None)
    body = next((parts[name] for name in ("description", "text", "light", "quality") if name in parts), None)
    if key is not None and body is not None:
        text = document.traced(body, "characteristic_light")
        if text is not None:
            yield key, text
    elif key is None:
        yield from _pairs(document, item)


def _joined(document: Document, node: Node) -> Traced | None:
    """Return a text, or the texts of a list as one."""
    if isinstance(node, ScalarNode):
        return document.traced(node, "characteristic_light")
    texts = [text for item in (node.value if isinstance(node, SequenceNode) else ()) if (text := scalar(item))]
    return Traced.of(", ".join(texts), "characteristic_light", document.at(node)) if texts else None


def _light(key: str, text: Traced) -> Light:
    words = tokens(key)
    named = _times(words)
    of_other_lights = {word for _, phrase in named for word in phrase.split()}
    place = tuple(word for word in words if word not in of_other_lights)
    return Light(words, text, times_of(text), named[0][0] if named else None, place)


def _times(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return (time, its words) in order; a phrase of two words before one of its words."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(words):
        for length in (2, 1):
            phrase = words[at : at + length]
            if time := _TIME_OF.get(phrase):
                found.append((time, " ".join(phrase)))
                at += len(phrase) - 1
                break
        at += 1
    return found
