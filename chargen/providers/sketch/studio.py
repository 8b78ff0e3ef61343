"""Where sketches are drawn: a request in, a picture out. Keeps thumbnails of references between pictures."""

from __future__ import annotations

from chargen.model.request import Request
from chargen.providers.sketch.card import plan_card
from chargen.providers.sketch.drawing import paint
from chargen.providers.sketch.thumbnails import Thumbnails


class Studio:
    """Draws cards; safe to use from threads."""

    def __init__(self) -> None:
        self._thumbnails = Thumbnails()

    def draw(self, request: Request) -> bytes:
        """Draw one card, as a PNG."""
        return paint(plan_card(request), self._thumbnails)
