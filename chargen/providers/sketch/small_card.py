"""The small card: what a sketch shows where there is no room for a card, down to 64x64 pixels and very long strips.

Laws: what does not fit as a whole is left out, least important first; the mark never is. Must not know: pixels, PNG.
"""

from __future__ import annotations

from chargen.providers.sketch.colours import RGB
from chargen.providers.sketch.composition import compose
from chargen.providers.sketch.panels import references, texts
from chargen.providers.sketch.sheet import PROOF, Box, Sheet, chip
from chargen.providers.sketch.text import SMALLEST, fit, line_height

_VIEW, _ROOM_FOR_VIEW = 0.36, 90
"""Share of the height that is left to the composition, and the height in pixels from which there is room for one."""


def draw_small_card(sheet: Sheet) -> None:
    """Show what fits, most important first: palette, mark, name, size, prompt, references; in columns where wide."""
    size = sheet.size
    band = _stripe(sheet)
    pad = max(3, round(min(size.width, size.height) * 0.04))
    view = round(size.height * _VIEW) if size.height >= _ROOM_FOR_VIEW else 0
    if view:
        sheet.items += compose(sheet.theme, Box(0, 0, size.width, view), sheet.chance, peopled=True)
    area = Box(pad, view + pad, size.width - pad, size.height - band - pad)
    if area.width < 1.6 * area.height or area.width < 220:
        top = _head(sheet, area)
        rest = Box(area.left, top + pad, area.right, area.bottom)
    else:
        head = Box(
            area.left, area.top, area.left + max(96, min(round(area.width * 0.34), area.height * 2)), area.bottom
        )
        _head(sheet, head)
        rest = Box(head.right + 2 * pad, area.top, area.right, area.bottom)
    if rest.height >= 3 * line_height(SMALLEST):
        _body(sheet, rest)


def _stripe(sheet: Sheet) -> int:
    """Draw the palette along the lower edge without names; gives its height."""
    size, swatches = sheet.size, sheet.theme.swatches[: sheet.size.width // 4]
    height = max(4, min(round(size.height * 0.1), 24)) if swatches else 0
    for index, swatch in enumerate(swatches):
        left, right = index * size.width / len(swatches), (index + 1) * size.width / len(swatches)
        sheet.fill(left, size.height - height, right, size.height, swatch.fill)
    return height


def _head(sheet: Sheet, area: Box) -> int:
    """Draw the mark, then each of name, id, size and proof that fits as a whole; gives where they end."""
    colours = sheet.theme
    mark = chip(sheet, area.left, area.top, min(14, max(SMALLEST, area.width // 9)))
    large = min(16, max(SMALLEST, area.width // 14))
    last = sheet.entry_id.rpartition("/")[2]
    names = [(sheet.title, "title"), (sheet.entry_id, "id"), (last, "id")]
    top = mark.bottom + 3
    top, placed = _first_whole(sheet, area, top, names, largest=large, colour=colours.ink)
    if placed == "title":
        top, _ = _first_whole(sheet, area, top, names[1:], largest=SMALLEST, colour=colours.muted)
    for role, text in (("facts", sheet.facts()), ("proof", PROOF)):
        top, _ = _first_whole(sheet, area, top, [(text, role)], largest=SMALLEST, colour=colours.muted)
    return top


def _first_whole(
    sheet: Sheet, area: Box, top: int, choices: list[tuple[str, str]], *, largest: int, colour: RGB
) -> tuple[int, str]:
    """Place the first of the texts that fits as a whole; gives where it ends and its role (empty: none fits)."""
    for text, role in choices:
        lines = fit(text, area.width, area.bottom - top, largest=largest)
        if text and lines.shown == lines.total:
            return sheet.put(lines, area.left, top, colour, role), role
    return top, ""


def _body(sheet: Sheet, area: Box) -> None:
    large = max(SMALLEST, min(14, area.width // 20))
    if sheet.references and area.width >= 2.5 * area.height and area.height >= 60:
        side = min(round(area.width * 0.3), round(area.height * 0.9) * len(sheet.references))
        references(sheet, Box(area.right - side, area.top, area.right, area.bottom))
        area = Box(area.left, area.top, area.right - side - 10, area.bottom)
    elif sheet.references and area.height >= 160 and area.width >= 40:
        side = min(round(area.height * 0.3), round(area.width * 1.6) * len(sheet.references))
        references(sheet, Box(area.left, area.bottom - side, area.right, area.bottom))
        area = Box(area.left, area.top, area.right, area.bottom - side - 6)
    texts(sheet, area, large)
