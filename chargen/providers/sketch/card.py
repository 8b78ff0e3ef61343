"""What a sketch shows and where: a storyboard frame for any size from 64 to 4096 pixels a side.

The palette is the ground of a composition for this size, references stand in it as prints, and a caption below says
what it is: title, the first words, name, size. Where there is no room for that, as in a very long strip, what does not
fit as a whole is left out, least important first; the mark never is. Laws: pure over the font's advances; everything
lies inside the picture; every text stands on a ground of its own that it is legible on, whatever the palette; no guide
goes through text; no text is cut without saying so. Must not know: pixels, PNG, the network, settings.
"""

from __future__ import annotations

from chargen.model.request import Request
from chargen.model.values import Size
from chargen.providers.sketch.colours import RGB, theme
from chargen.providers.sketch.composition import compose
from chargen.providers.sketch.fonts import advance, drawable
from chargen.providers.sketch.panels import references, texts
from chargen.providers.sketch.sheet import PROOF, Box, Card, Sheet, bold_extra, chip
from chargen.providers.sketch.text import SMALLEST, Fitted, fit, line_height, shorten, split

SAFE = 0.05
"""Margin of the safe area, as a share of each side: what a printer or a screen may crop."""

CAPTION = 0.34
"""Most of the height that the caption takes."""

_WIDE_PRINTS, _TALL_PRINTS, _MANY_PRINTS = 0.82, 0.45, 0.6
"""Share of the room's height that references take: in a wide picture; in a tall one, up to two of them and more."""

WORDS_LINES = 3
"""Lines of the entry's own words: the whole prompt is on the page."""

_SMALLEST_CARD = Size(300, 220)  # below this there is no room for a frame with a caption, and a small card is drawn

_VIEW, _ROOM_FOR_VIEW = 0.36, 90
"""Share of the height that is left to the composition, and the height in pixels from which there is room for one."""


def plan_card(request: Request) -> Card:
    """Lay out the sketch of a request."""
    asked = request.asked
    sheet = Sheet(asked.size, theme(asked.colours), request)
    small = asked.size.width < _SMALLEST_CARD.width or asked.size.height < _SMALLEST_CARD.height
    if small:
        _small_card(sheet)
    else:
        _frame(sheet)
    return Card(asked.size, sheet.theme.paper, tuple(sheet.items))


def _frame(sheet: Sheet) -> None:
    size = sheet.size
    margin = Box(round(size.width * SAFE), round(size.height * SAFE), 0, 0)
    band = max(margin.top, line_height(sheet.type(11)) + sheet.px(6)) if sheet.theme.swatches else 0
    caption, top = _fitted_caption(sheet, margin.left, size.height - band)
    picture = Box(0, 0, size.width, top)
    sheet.items += compose(sheet.theme, picture, sheet.chance, peopled=bool(sheet.references))
    _guides(sheet, picture, margin)
    below = _marks(sheet, margin)
    gap = sheet.px(12)
    room = Box(margin.left, below + gap, size.width - margin.left, top - gap)
    if sheet.references and room.height >= sheet.px(40):
        references(sheet, _prints(sheet, room))
    _put_caption(sheet, caption, margin.left, top, size.height - band)
    _band(sheet, band)


def _fitted_caption(sheet: Sheet, left: int, bottom: int) -> tuple[list[tuple[Fitted, str]], int]:
    """Fit title, words and name for the caption; gives them with their roles, and where the caption begins."""
    width, most = sheet.size.width - 2 * left, round(sheet.size.height * CAPTION)
    pad = sheet.px(10)
    title_size, words_size, small = sheet.type(34), sheet.type(19), sheet.type(13)
    title = sheet.title or sheet.entry_id.rpartition("/")[2]
    lines: list[tuple[Fitted, str]] = []
    room = most - 2 * pad - line_height(small) * (bool(sheet.entry_id) + bool(sheet.negative))
    if title:
        wide = width - bold_extra(title_size)
        lines.append((fit(title, wide, room * 0.6, largest=title_size, most_lines=2), "title"))
        room -= lines[0][0].height
    count = min(WORDS_LINES, max(1, room // line_height(words_size)))
    lines.append((shorten(split(sheet.words), words_size, width, count), "prompt"))
    if sheet.negative:
        lines.append((shorten(split(f"not: {sheet.negative}"), small, width, 1), "negative"))
    if sheet.entry_id:
        lines.append((fit(sheet.entry_id, width, 2 * line_height(small), largest=small, most_lines=2), "id"))
    return lines, bottom - sum(item.height for item, _ in lines) - 2 * pad


def _put_caption(sheet: Sheet, lines: list[tuple[Fitted, str]], left: int, top: int, bottom: int) -> None:
    colours = sheet.theme
    sheet.fill(0, top, sheet.size.width, bottom, colours.paper)
    at = top + sheet.px(10)
    for item, role in lines:
        colour = colours.ink if role in ("title", "prompt") else colours.muted
        at = sheet.put(item, left, at, colour, role, bold=role == "title")


def _prints(sheet: Sheet, room: Box) -> Box:
    """Return where the references stand: in the middle of a wide picture, across the lower part of a tall one."""
    count = len(sheet.references)
    wide = room.width >= room.height
    height = round(room.height * (_WIDE_PRINTS if wide else _TALL_PRINTS if count < 3 else _MANY_PRINTS))
    width = min(room.width, round(height * 0.8) * count + sheet.px(12) * (count - 1))
    left = room.left + (room.width - width) // 2
    return Box(left, room.bottom - height, left + width, room.bottom)


def _marks(sheet: Sheet, margin: Box) -> int:
    """Draw the mark and the facts, each on a ground of its own; gives where they end."""
    colours, size, gap = sheet.theme, sheet.type(13), sheet.px(8)
    mark = chip(sheet, margin.left, margin.top, size)
    bottom = mark.bottom
    right = sheet.size.width - margin.left
    left = mark.right + gap
    for text, role in ((PROOF, "proof"), (sheet.facts(), "facts")):
        wide = round(advance(size, text)) + 2 * gap
        if left + wide > right:
            left, top = margin.left, bottom + gap // 2
            lines = shorten(split(text), size, right - left - 2 * gap, 3)
        else:
            top = bottom - mark.height if bottom == mark.bottom else bottom
            lines = Fitted(size, (text,), 1, 1)
        if role == "facts" and left != margin.left:
            left = right - wide
        widest = max((round(advance(size, line)) for line in lines.lines), default=0)
        low = top + max(mark.height, lines.height)
        sheet.fill(left, top, min(right, left + widest + 2 * gap), low, colours.paper)
        offset = (low - top - lines.height) // 2
        sheet.put(lines, left + gap, top + offset, colours.muted, role)
        bottom = max(bottom, low)
        left += widest + 3 * gap
    return bottom


def _band(sheet: Sheet, height: int) -> None:
    """Draw the palette along the lower edge, each colour with its name."""
    if not height:
        return
    swatches = sheet.theme.swatches
    top, width = sheet.size.height - height, sheet.size.width
    shown = swatches[: max(1, width // 24)]
    for index, swatch in enumerate(shown):
        left, right = round(index * width / len(shown)), round((index + 1) * width / len(shown))
        sheet.fill(left, top, right, sheet.size.height, swatch.fill)
        gap = sheet.px(6)
        lines = _swatch_name(swatch.name, right - left - 2 * gap, height, sheet.type(12))
        sheet.put(lines, left + gap, top + (height - lines.height) // 2, swatch.ink, "swatch", ground=swatch.fill)


def _swatch_name(name: str, width: int, height: int, size: int) -> Fitted:
    """Fit a colour's name into its swatch: as written, else without the remark in brackets, else shortened."""
    text = drawable(name).text
    choices = [fit(choice, width, height, largest=size) for choice in (text, text.partition("(")[0] + "…")]
    return next((lines for lines in choices if lines.shown == lines.total), choices[0])


def _guides(sheet: Sheet, picture: Box, margin: Box) -> None:
    """Draw what a crop is judged by: ticks at the edges, long at the thirds, short where the safe area begins."""
    size, thick, colour = sheet.size, 2 * sheet.hair, sheet.theme.paper
    for share, length in ((1 / 3, 14), (2 / 3, 14), (SAFE, 7), (1 - SAFE, 7)):
        across, down = round(size.width * share), round(size.height * share)
        sheet.fill(across, 0, across + thick, min(sheet.px(length), margin.top), colour)
        arm = min(sheet.px(length), margin.left)
        if down + thick < picture.bottom:
            for left in (0, size.width - arm):
                sheet.fill(left, down, left + arm, down + thick, colour)


def _small_card(sheet: Sheet) -> None:
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
        _small_body(sheet, rest)


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


def _small_body(sheet: Sheet, area: Box) -> None:
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
