"""Sizes as authors write them: `WxH`, `W:H`, the size a ratio stands for, and the one that an entry asks for.

Laws: text is read as written, no digit separators, no units; a size of a ratio has both sides a multiple of 16. The
size is an input of every image, so that a change of these rules re-buys every image of a ratio. Pure; knows nothing
of what a provider accepts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from math import ceil, isqrt, log

from msgspec.structs import replace

from chargen.errors import error, warning
from chargen.kinds.reading import Block
from chargen.model.traced import Traced
from chargen.model.values import Size
from chargen.yaml.document import is_null

MAX_SIDE = 16384
"""Pixels; no image model comes near it, and a picture of this size still decodes in memory."""

STEP = 16
"""Pixels; the grid that image models share."""

TOLERANCE = 0.05
"""How far a size may be from the ratio written beside it before it is worth a word."""

_SIZE = re.compile(r"\s*([0-9]+)\s*[xX\u00d7]\s*([0-9]+)\s*")
_RATIO = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*[:/xX\u00d7]\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*")
_WIDEST = 20
_NEAR = Fraction(5, 4)
_RATIO_WEIGHT = 10


@lru_cache(maxsize=256)
def parse_size(text: str) -> Size:
    """Read `1792x1024` (width first, pixels). Raises ValueError that says what is wrong, without the text."""
    match = _SIZE.fullmatch(text)
    if not match:
        raise ValueError("a size is written `WIDTHxHEIGHT` in pixels, like `1024x1024`")
    if max(len(match[1]), len(match[2])) > 9:
        raise ValueError(f"a side has more than {MAX_SIDE} pixels")
    size = Size(int(match[1]), int(match[2]))
    if min(size.width, size.height) < 1:
        raise ValueError("a side has no pixels")
    if max(size.width, size.height) > MAX_SIDE:
        raise ValueError(f"a side has more than {MAX_SIDE} pixels")
    return size


@lru_cache(maxsize=256)
def parse_ratio(text: str) -> Fraction:
    """Read `16:9` or `2.39:1` as width over height. Raises ValueError that says what is wrong, without the text."""
    match = _RATIO.fullmatch(text)
    if not match:
        raise ValueError("an aspect ratio is written `WIDTH:HEIGHT`, like `16:9`")
    width, height = Fraction(match[1]), Fraction(match[2])
    if not width or not height:
        raise ValueError("an aspect ratio has no zero")
    ratio = width / height
    if not Fraction(1, _WIDEST) <= ratio <= _WIDEST:
        raise ValueError(f"an aspect ratio lies between 1:{_WIDEST} and {_WIDEST}:1")
    return ratio


@lru_cache(maxsize=256)
def size_for_ratio(ratio: Fraction, default: Size) -> Size:
    """Return the size of `ratio` nearest to `default`'s area, both sides multiples of 16.

    A size of exactly this ratio is taken if one has an area within a quarter of the default's; otherwise the one least
    off in ratio and area together, the ratio counting ten times as much. 16:9 at 1024x1024 is 1280x720.
    """
    exact = _nearest_exact(ratio, default.pixels)
    if exact is not None:
        return exact
    return min(_around(ratio, default.pixels), key=lambda size: (_distance(size, ratio, default.pixels), *_sides(size)))


@lru_cache(maxsize=256)
def disagrees(size: Size, ratio: Fraction) -> bool:
    """Say whether `size` is off `ratio` by more than 5 %."""
    return abs(Fraction(size.width, size.height) / ratio - 1) > TOLERANCE


def size_of(block: Block, default: Size) -> Size | None:
    """Return the size asked for: `size`, else that of `aspect_ratio`, else the default; None with a problem."""
    written, ratio_text = block.written("size"), block.written("aspect_ratio")
    ratio = _ratio(block, ratio_text, beside_size=written is not None) if ratio_text is not None else None
    if written is None:
        if ratio is None:
            return default if all(is_null(block.find(key)) for key in ("size", "aspect_ratio")) else None
        return size_for_ratio(ratio, default) if is_null(block.find("size")) else None
    try:
        size = parse_size(written)
    except ValueError as failure:
        block.problems.append(error(f"`{written[:60]}` is no size: {failure}", written.position))
        return None
    if ratio is not None and disagrees(size, ratio):
        hint = "`size` counts; fix the one that is wrong"
        block.problems.append(
            warning(f"`size` {size} and `aspect_ratio` {ratio_text} are different shapes", written.position, hint)
        )
    return size


def default_size_of(block: Block, otherwise: Size) -> Size:
    """Return the size that `generation_defaults` ask for, else another one."""
    for size, ratio in (("size", "aspect_ratio"), ("default_size", "default_aspect_ratio")):
        if not is_null(block.nodes.get(size)) or not is_null(block.nodes.get(ratio)):
            named = {"size": block.nodes.get(size), "aspect_ratio": block.nodes.get(ratio)}
            nodes = {key: node for key, node in named.items() if node is not None}
            return size_of(replace(block, nodes=nodes), otherwise) or otherwise
    return otherwise


def _ratio(block: Block, text: Traced, beside_size: bool) -> Fraction | None:
    """Read a ratio; a bad one is harmless where a size stands beside it, because the size counts."""
    try:
        return parse_ratio(text)
    except ValueError as failure:
        problem = warning if beside_size else error
        block.problems.append(problem(f"`{text[:60]}` is no aspect ratio: {failure}", text.position))
        return None


def _nearest_exact(ratio: Fraction, pixels: int) -> Size | None:
    width, height = ratio.numerator * STEP, ratio.denominator * STEP
    times = max(1, isqrt(pixels // (width * height)))
    sizes = (Size(width * n, height * n) for n in (times, times + 1))
    near = [s for s in sizes if _allowed(s) and 1 / _NEAR <= Fraction(s.pixels, pixels) <= _NEAR]
    return min(near, key=lambda size: (abs(size.pixels - pixels), *_sides(size)), default=None)


def _sides(size: Size) -> tuple[int, int]:
    """Return what decides between sizes that fit equally well: the narrower one is taken, then the lower."""
    return size.width, size.height


def _around(ratio: Fraction, pixels: int) -> Iterator[Size]:
    """Yield grid sizes about the ideal one, never an empty set: the ideal is first brought inside the limits."""
    most = MAX_SIDE // STEP
    widest = max(1, min(most, int(most * ratio)))
    ideal = min(max(isqrt(int(pixels * ratio)) // STEP, ceil(ratio), 1), widest)
    reach = max(2, ideal // 8)
    for column in range(max(1, ideal - reach), min(widest, ideal + reach) + 1):
        row = int(column / ratio)
        for height in (row, row + 1):
            yield Size(column * STEP, min(max(height, 1), most) * STEP)


def _allowed(size: Size) -> bool:
    return max(size.width, size.height) <= MAX_SIDE


def _distance(size: Size, ratio: Fraction, pixels: int) -> float:
    off_ratio = abs(log(size.width / size.height / ratio))
    return round(_RATIO_WEIGHT * off_ratio + abs(log(size.pixels / pixels)), 12)
