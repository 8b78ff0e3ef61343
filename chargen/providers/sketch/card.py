"""What a sketch shows and where: a storyboard card for any size from 64 to 4096 pixels a side.

Laws: pure over the font's advances; everything lies inside the picture; every text stands on grounds it is legible on;
no text is cut without saying so in its last line. Must not know: pixels, PNG, the network, settings.
"""

from __future__ import annotations

from chargen.model.request import Request
from chargen.model.values import Size
from chargen.providers.sketch.colours import theme
from chargen.providers.sketch.fonts import advance, drawable
from chargen.providers.sketch.panels import references, texts
from chargen.providers.sketch.sheet import PROOF, Box, Card, Sheet, bold_extra, chip
from chargen.providers.sketch.small_card import draw_small_card
from chargen.providers.sketch.text import Fitted, fit, line_height, shorten, split

SAFE = 0.05
"""Margin of the safe area, as a share of each side: what a printer or a screen may crop."""

_SMALLEST_CARD = Size(300, 220)  # below this there is no room for columns, and a small card is drawn


def plan_card(request: Request) -> Card:
    """Lay out the sketch of a request."""
    asked = request.asked
    sheet = Sheet(asked.size, theme(asked.colours), request)
    small = asked.size.width < _SMALLEST_CARD.width or asked.size.height < _SMALLEST_CARD.height
    if small:
        draw_small_card(sheet)
    else:
        _full(sheet)
    return Card(asked.size, sheet.theme.paper, tuple(sheet.items))


def _full(sheet: Sheet) -> None:
    size = sheet.size
    margin_x, margin_y = round(size.width * SAFE), round(size.height * SAFE)
    _grid(sheet, Box(margin_x, margin_y, size.width - margin_x, size.height - margin_y))
    band = _band(sheet, max(margin_y, line_height(sheet.type(11)) + sheet.px(6)))
    pad = sheet.px(16)
    area = Box(
        margin_x + pad,
        margin_y + pad,
        size.width - margin_x - pad,
        min(size.height - margin_y, size.height - band) - pad,
    )
    top = _header(sheet, area)
    _body(sheet, Box(area.left, top, area.right, area.bottom))


def _band(sheet: Sheet, height: int) -> int:
    """Draw the palette along the lower edge, each colour with its name; gives the band's height (0 without colours)."""
    swatches = sheet.theme.swatches
    if not swatches:
        return 0
    top, width = sheet.size.height - height, sheet.size.width
    shown = swatches[: max(1, width // 24)]
    for index, swatch in enumerate(shown):
        left, right = round(index * width / len(shown)), round((index + 1) * width / len(shown))
        sheet.fill(left, top, right, sheet.size.height, swatch.fill)
        gap = sheet.px(6)
        lines = _swatch_name(swatch.name, right - left - 2 * gap, height, sheet.type(12))
        sheet.put(lines, left + gap, top + (height - lines.height) // 2, swatch.ink, "swatch", ground=swatch.fill)
    return height


def _swatch_name(name: str, width: int, height: int, size: int) -> Fitted:
    """Fit a colour's name into its swatch: as written, else without the remark in brackets, else shortened."""
    text = drawable(name).text
    choices = [fit(choice, width, height, largest=size) for choice in (text, text.partition("(")[0] + "…")]
    return next((lines for lines in choices if lines.shown == lines.total), choices[0])


def _grid(sheet: Sheet, safe: Box) -> None:
    """Draw what a crop is judged by: thirds, the safe area's corners, the centre."""
    width, height, line, hair = sheet.size.width, sheet.size.height, sheet.theme.line, sheet.hair
    for third in (1, 2):
        across, down = width * third // 3, height * third // 3
        sheet.fill(across, 0, across + hair, height, line)
        sheet.fill(0, down, width, down + hair, line)
    thick, arm = hair * 2, max(8, sheet.px(26))
    strong = sheet.theme.muted
    for x, inward_x in ((safe.left, 1), (safe.right, -1)):
        for y, inward_y in ((safe.top, 1), (safe.bottom, -1)):
            left, top = min(x, x + inward_x * arm), min(y, y + inward_y * thick)
            sheet.fill(left, top, left + arm, top + thick, strong)
            left, top = min(x, x + inward_x * thick), min(y, y + inward_y * arm)
            sheet.fill(left, top, left + thick, top + arm, strong)
    x, y, arm = width // 2, height // 2, sheet.px(9)
    sheet.fill(x - arm, y, x + arm + hair, y + hair, line)
    sheet.fill(x, y - arm, x + hair, y + arm + hair, line)


def _header(sheet: Sheet, area: Box) -> int:
    """Draw mark, facts, title and id; gives where the body begins."""
    colours = sheet.theme
    size, gap = sheet.type(13), sheet.px(10)
    top = area.top
    mark = chip(sheet, area.left, top, size)
    facts = shorten(split(sheet.facts()), size, area.width, 3)
    one_line = advance(size, PROOF) + mark.width + 2 * gap + advance(size, sheet.facts()) <= area.width
    proof = shorten(split(PROOF), size, area.width - mark.width - gap, 1)
    offset = (mark.height - line_height(size)) // 2
    sheet.put(proof, mark.right + gap, top + offset, colours.muted, "proof")
    if one_line:
        right = area.right - round(advance(size, sheet.facts()))
        facts = Fitted(size, (sheet.facts(),), facts.total, facts.total)
        sheet.put(facts, right, top + offset, colours.muted, "facts")
        top = mark.bottom + gap
    else:
        top = sheet.put(facts, area.left, mark.bottom + gap // 2, colours.muted, "facts") + gap // 2
    if sheet.title:
        title = fit(
            sheet.title,
            area.width - bold_extra(sheet.type(32)),
            area.height * 0.24,
            largest=sheet.type(32),
            most_lines=2,
        )
        top = sheet.put(title, area.left, top, colours.ink, "title", bold=True)
    if sheet.entry_id:
        entry_id = fit(sheet.entry_id, area.width, area.height * 0.15, largest=sheet.type(14), most_lines=2)
        top = sheet.put(entry_id, area.left, top, colours.muted, "id")
    top += gap
    sheet.fill(area.left, top, area.left + sheet.px(56), top + sheet.hair * 3, colours.accent)
    return top + sheet.hair * 3 + gap


def _body(sheet: Sheet, area: Box) -> None:
    gap = sheet.px(24)
    if not sheet.references:
        texts(sheet, area, sheet.type(22))
    elif area.width >= area.height * 1.2:
        side = min(round(area.width * 0.30), round(area.height * 0.8))
        references(sheet, Box(area.right - side, area.top, area.right, area.bottom))
        texts(sheet, Box(area.left, area.top, area.right - side - gap, area.bottom), sheet.type(20))
    else:
        side = round(area.height * 0.28)
        texts(sheet, Box(area.left, area.top, area.right, area.bottom - side - gap), sheet.type(22))
        references(sheet, Box(area.left, area.bottom - side, area.right, area.bottom))
