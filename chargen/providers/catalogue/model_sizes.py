"""Which sizes a model makes, and the nearest one to what an author asked.

Three kinds of rule: any size on a grid within limits, a fixed list, or an aspect ratio with a resolution bucket.

Laws: a legal size is requested exactly as asked; the answer to any size is legal; where the limits allow, it covers the
asked size, so that the delivered picture need only be cropped, never enlarged; asking for the answer gives the answer.
Pure; the limits themselves are data (each provider's `models.toml`).
"""

from __future__ import annotations

from math import ceil, log
from typing import TypeAlias

from msgspec import Struct

from chargen.model.values import Size

NOMINAL_SLACK = 0.03
"""Share by which a delivered edge may fall short of its nominal length: buckets come up to 3 % off their ratio."""


class FreeSizes(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="free"):
    """Any width and height that are multiples of `step`, within edge, pixel and ratio limits."""

    step: int
    max_edge: int
    min_pixels: int
    max_pixels: int
    max_ratio: int

    def legal(self, size: Size) -> bool:
        """Say whether `size` may be requested as it stands."""
        long, short = max(size.width, size.height), min(size.width, size.height)
        return (
            short > 0
            and size.width % self.step == 0
            and size.height % self.step == 0
            and long <= self.max_edge
            and long <= self.max_ratio * short
            and self.min_pixels <= size.pixels <= self.max_pixels
        )

    def nearest(self, size: Size) -> Size:
        """Return the smallest legal size that covers `size`, keeping its ratio as closely as the grid allows.

        Both edges go up to the next multiple of `step`. A picture too small is scaled up to the least area first, one
        too large is scaled down to the limits (the only case that does not cover), and one longer than the ratio
        limit gets a larger short edge.
        """
        if self.legal(size):
            return size
        width, height = _capped(max(size.width, 1), max(size.height, 1), self.max_edge)
        width, height = self._within_ratio(width, height)
        if width * height < self.min_pixels:
            width, height = _scaled_up(width, height, self.min_pixels)
        covering = Size(_up(width, self.step), _up(height, self.step))
        if covering.pixels <= self.max_pixels:
            return covering
        return self._shrunk(width, height)

    def _within_ratio(self, width: int, height: int) -> tuple[int, int]:
        return max(width, -(-height // self.max_ratio)), max(height, -(-width // self.max_ratio))

    def _shrunk(self, width: int, height: int) -> Size:
        """Scale down to `max_pixels` and round each edge down, so that the area limit holds."""
        factor = min(1.0, (self.max_pixels / (width * height)) ** 0.5)
        return Size(_down(width * factor, self.step), _down(height * factor, self.step))


class ListedSizes(Struct, frozen=True, tag_field="kind", tag="listed"):
    """Only these sizes."""

    sizes: tuple[Size, ...]

    def legal(self, size: Size) -> bool:
        """Say whether `size` may be requested as it stands."""
        return size in self.sizes

    def nearest(self, size: Size) -> Size:
        """Return the listed size of the closest ratio: of several the smallest that covers `size`, else the largest."""
        if self.legal(size):
            return size

        def order(listed: Size) -> tuple[float, bool, int]:
            covers = _covers(listed, size)
            return _ratio_distance(listed, size), not covers, listed.pixels if covers else -listed.pixels

        return min(self.sizes, key=order)


class Ratio(Struct, frozen=True):
    """An aspect ratio as the provider spells it: `16:9`."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}:{self.height}"


class Bucket(Struct, frozen=True):
    """A resolution as the provider spells it (`2K`) and the area in pixels it nominally gives at any ratio."""

    name: str
    pixels: int


class Frame(Struct, frozen=True):
    """What a provider of ratios is asked for, and the size to expect within about 3 %."""

    ratio: Ratio
    bucket: Bucket

    def __str__(self) -> str:
        return f"{self.ratio} {self.bucket.name}"

    @property
    def nominal(self) -> Size:
        """The size this frame has on paper, rounded to pixels."""
        height = (self.bucket.pixels * self.ratio.height / self.ratio.width) ** 0.5
        return Size(round(height * self.ratio.width / self.ratio.height), round(height))


class RatioSizes(Struct, frozen=True, tag_field="kind", tag="ratios"):
    """An aspect ratio and a bucket; no exact size can be asked for. Buckets go from small to large."""

    ratios: tuple[Ratio, ...]
    buckets: tuple[Bucket, ...]

    def legal(self, size: Size) -> bool:
        """Say whether `size` is just what a frame gives on paper."""
        return self.nearest(size).nominal == size

    def nearest(self, size: Size) -> Frame:
        """Return the closest ratio with the smallest bucket that covers `size`, else with the largest bucket."""
        asked = Size(max(size.width, 1), max(size.height, 1))

        def order(ratio: Ratio) -> tuple[float, int, int]:
            return _ratio_distance(Size(ratio.width, ratio.height), asked), ratio.width, ratio.height

        ratio = min(self.ratios, key=order)
        frames = [Frame(ratio, bucket) for bucket in self.buckets]
        covering = (frame for frame in frames if _nearly_covers(frame.nominal, asked))
        return next(covering, frames[-1])

    def frame(self, text: str) -> Frame | None:
        """Read back `16:9 2K`; None where it is no ratio and bucket of this rule."""
        found = (Frame(ratio, bucket) for ratio in self.ratios for bucket in self.buckets)
        return next((frame for frame in found if str(frame) == text), None)


SizeRule: TypeAlias = FreeSizes | ListedSizes | RatioSizes


def read_size(text: str) -> Size | None:
    """Read `1536x1024`; None for anything else."""
    width, _, height = text.partition("x")
    if not (width.isascii() and width.isdigit() and height.isascii() and height.isdigit()):
        return None
    return Size(int(width), int(height))


def _up(length: int, step: int) -> int:
    return -(-length // step) * step


def _down(length: float, step: int) -> int:
    return int(length + 1e-9) // step * step


def _scaled_up(width: int, height: int, pixels: int) -> tuple[int, int]:
    """Scale to at least `pixels`, both edges rounded up."""
    factor = (pixels / (width * height)) ** 0.5
    return ceil(width * factor), ceil(height * factor)


def _capped(width: int, height: int, edge: int) -> tuple[int, int]:
    """Scale down until the longer edge is `edge`, the shorter one rounded up."""
    long = max(width, height)
    if long <= edge:
        return width, height
    return -(-width * edge // long), -(-height * edge // long)


def _ratio_distance(one: Size, other: Size) -> float:
    return round(abs(log(one.width / one.height) - log(other.width / other.height)), 9)


def _covers(one: Size, other: Size) -> bool:
    return one.width >= other.width and one.height >= other.height


def _nearly_covers(one: Size, other: Size) -> bool:
    share = 1 - NOMINAL_SLACK
    return one.width >= other.width * share and one.height >= other.height * share
