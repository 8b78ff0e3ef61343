"""Text that remembers where it came from, so that a composed prompt can name the source of each part.

Pure; knows nothing of YAML or templates.
"""

from __future__ import annotations

from msgspec import Struct

from chargen.errors import Position


class Traced(str):
    """A string with the name of the field it was written in and its position; a plain `str` to everyone else."""

    __slots__ = ("name", "position")
    name: str
    position: Position | None

    @classmethod
    def of(cls, text: str, name: str, position: Position | None = None) -> Traced:
        """Wrap `text`, naming the field (`prompt_used`, `palette`, ...) and the place it was written."""
        traced = cls(text)
        traced.name = name
        traced.position = position
        return traced

    def sub(self, text: str) -> Traced:
        """Return `text` with this one's name and position."""
        return Traced.of(text, self.name, self.position)


class Segment(Struct, frozen=True):
    """A run of composed text from one source: a field of the author's, or a template's own words."""

    text: str
    name: str
    source: str
    """`file:line:column` of the author's text, or the template's name."""
