"""What stands for the picture in a sketch: ground, masses and a light in the palette's colours, composed for the size.

Laws: the same entry is composed alike every time, and two entries mostly unlike; a wide picture is a view with a
horizon, a tall one has an upright subject, a square one either; nothing here claims to be what the prompt says. Pure.
Must not know: text, fonts, pixels, PNG.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from chargen.providers.sketch.colours import BLACK, RGB, WHITE, Theme, contrast, luminance, mix
from chargen.providers.sketch.sheet import Box, Disc, Fill, Item, Polygon

_SKY_STEPS = 10
_WIDE, _TALL = 1.25, 0.85
"""Width over height from which a picture is a view, and up to which it is upright."""
_APART = 1.25
"""Least contrast of two tones that meet."""


class Tones(Struct, frozen=True):
    """The colours of a composition, each told from the one it meets."""

    sky: RGB
    far: RGB
    near: RGB
    mass: RGB
    light: RGB


def tones(theme: Theme) -> Tones:
    """Take a palette in the author's order: first the ground, then what stands on it, the strongest as the light."""
    known = [swatch.fill for swatch in theme.swatches if swatch.known] or [theme.line]
    sky = known[0]
    far = _apart(known[1 % len(known)], sky)
    near = _apart(known[2 % len(known)], far)
    mass = _apart(min(known, key=luminance), near)
    light = theme.accent if len(known) > 1 and contrast(theme.accent, sky) >= _APART else mix(sky, WHITE, 0.55)
    return Tones(sky, far, near, mass, light)


def _apart(colour: RGB, ground: RGB) -> RGB:
    """Darken a colour, or lighten it on a dark ground, until it is told from its ground."""
    towards = BLACK if luminance(ground) > 0.18 else WHITE
    for step in range(12):
        found = mix(colour, towards, step / 14)
        if contrast(found, ground) >= _APART:
            return found
    return towards


class _Chance:
    """Numbers from 0 to 1 that are an entry's own."""

    def __init__(self, name: str) -> None:
        self._bytes = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
        self._next = 0

    def between(self, low: float, high: float) -> float:
        """Return the next one, between two values."""
        value = self._bytes[self._next % len(self._bytes)]
        self._next += 1
        return low + (high - low) * value / 255

    def yes(self) -> bool:
        """Toss a coin."""
        return self.between(0, 1) >= 0.5


def compose(theme: Theme, frame: Box, name: str, *, peopled: bool) -> Iterator[Item]:
    """Yield what fills the frame, back to front; `peopled` leaves the middle to pictures that are put there."""
    colours, chance = tones(theme), _Chance(name)
    ratio = frame.width / max(1, frame.height)
    tall = ratio < _TALL
    horizon = frame.top + frame.height * (chance.between(0.5, 0.78) if tall else chance.between(0.38, 0.68))
    yield from _sky(colours, frame, round(horizon))
    light_left = chance.yes()
    yield _light(colours, frame, horizon, chance, left=light_left)
    yield Polygon(tuple(_ridge(frame, horizon, chance)), colours.far)
    if chance.yes():
        yield Polygon(tuple(_ridge(frame, horizon + frame.height * 0.1, chance)), mix(colours.far, colours.near, 0.5))
    yield _foreground(colours, frame, horizon, chance)
    yield from _masses(colours, frame, chance, left=not light_left, both=tall and chance.yes())
    if not peopled and ratio < _WIDE:
        yield from _subject(colours, frame, chance, upright=tall or chance.yes())


def _sky(colours: Tones, frame: Box, horizon: int) -> Iterator[Item]:
    edges = [frame.top + (horizon - frame.top) * step // _SKY_STEPS for step in range(_SKY_STEPS)]
    for step, (top, bottom) in enumerate(pairwise([*edges, frame.bottom])):
        yield Fill(Box(frame.left, top, frame.right, bottom), mix(colours.sky, colours.light, 0.4 * step / _SKY_STEPS))


def _light(colours: Tones, frame: Box, horizon: float, chance: _Chance, *, left: bool) -> Item:
    """A sun, a moon or a lamp: on a third, above the horizon or cut by it."""
    radius = min(frame.width, frame.height) * chance.between(0.07, 0.15)
    x = frame.left + frame.width * (chance.between(0.2, 0.36) if left else chance.between(0.64, 0.8))
    y = max(frame.top + radius, horizon - radius * chance.between(-0.3, 2.4))
    return _disc(frame, (x - radius, y - radius, x + radius, y + radius), colours.light)


def _disc(frame: Box, edges: tuple[float, float, float, float], colour: RGB) -> Disc:
    """Place an ellipse between its edges (left, top, right, bottom), and those inside the frame."""
    left, top, right, bottom = map(round, edges)
    left, top = min(max(left, frame.left), frame.right), min(max(top, frame.top), frame.bottom)
    return Disc(Box(left, top, min(right, frame.right), min(bottom, frame.bottom)), colour)


def _ridge(frame: Box, horizon: float, chance: _Chance) -> Iterator[tuple[int, int]]:
    """A line of hills, roofs or a wall: flat, stepped or rolling."""
    steps, stepped = round(chance.between(3, 8)), chance.yes()
    swing = frame.height * chance.between(0.02, 0.13)
    yield frame.left, frame.bottom
    for step in range(steps + 1):
        x = frame.left + frame.width * step // steps
        y = round(min(frame.bottom, max(frame.top, horizon + chance.between(-swing, swing))))
        yield x, y
        if stepped and step < steps:
            yield frame.left + frame.width * (step + 1) // steps, y
    yield frame.right, frame.bottom


def _foreground(colours: Tones, frame: Box, horizon: float, chance: _Chance) -> Item:
    left, right = (horizon + (frame.bottom - horizon) * chance.between(0.3, 0.9) for _ in range(2))
    corners = ((frame.left, round(left)), (frame.right, round(right)))
    return Polygon(((frame.left, frame.bottom), *corners, (frame.right, frame.bottom)), colours.near)


def _masses(colours: Tones, frame: Box, chance: _Chance, *, left: bool, both: bool) -> Iterator[Item]:
    """What frames the view: a trunk, a door, a wall, from the edge inwards."""
    for at_left in (True, False):
        if at_left is left or both:
            wide, lean = frame.width * chance.between(0.05, 0.17), frame.width * chance.between(0, 0.06)
            top = frame.top + round(frame.height * chance.between(0, 0.3))
            edge, way = (frame.left, 1) if at_left else (frame.right, -1)
            upper, lower = round(edge + way * wide), round(edge + way * (wide + lean))
            yield Polygon(((edge, top), (upper, top), (lower, frame.bottom), (edge, frame.bottom)), colours.mass)


def _subject(colours: Tones, frame: Box, chance: _Chance, *, upright: bool) -> Iterator[Item]:
    """What the picture is of, where nothing else is shown: something that stands, or something round."""
    middle = frame.left + frame.width * chance.between(0.42, 0.58)
    colour = colours.light if contrast(colours.light, colours.near) >= _APART else colours.mass
    if not upright:
        radius = min(frame.width, frame.height) * chance.between(0.2, 0.28)
        y = frame.top + frame.height * 0.55
        yield _disc(frame, (middle - radius, y - radius, middle + radius, y + radius), colour)
        return
    head = min(frame.width, frame.height) * chance.between(0.1, 0.14)
    top = frame.top + frame.height * chance.between(0.22, 0.34)
    shoulders, foot = head * 1.6, head * chance.between(1.7, 2.6)
    yield Polygon(
        (
            (round(middle - head * 0.6), round(top + head * 2)),
            (round(middle + head * 0.6), round(top + head * 2)),
            (round(middle + shoulders), round(top + head * 3.2)),
            (min(frame.right, round(middle + foot)), frame.bottom),
            (max(frame.left, round(middle - foot)), frame.bottom),
            (round(middle - shoulders), round(top + head * 3.2)),
        ),
        colour,
    )
    yield _disc(frame, (middle - head, top, middle + head, top + head * 2.3), colour)
