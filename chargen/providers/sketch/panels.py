"""The panels that cards of every shape share: the prompts, and the references with their labels.

Laws: each panel stays inside the box it is given; no text is cut without saying so. Must not know: what else is shown.
"""

from __future__ import annotations

from chargen.model.request import SentReference
from chargen.providers.sketch.fonts import drawable
from chargen.providers.sketch.sheet import Box, Picture, Sheet
from chargen.providers.sketch.text import SMALLEST, Fitted, fit, line_height, shorten, split, wrap


def texts(sheet: Sheet, area: Box, largest: int) -> None:
    """Draw prompt and negative prompt as large as both fit; where they can't, each says what is left out."""
    label, gap = sheet.type(11), sheet.px(12)
    over = line_height(label)
    blocks = [("PROMPT", sheet.prompt, sheet.theme.ink, "prompt")]
    if sheet.negative:
        blocks.append(("NEGATIVE", sheet.negative, sheet.theme.muted, "negative"))
    if len(blocks) > 1 and area.height < 2 * over + gap + 4 * line_height(SMALLEST):
        blocks = [("PROMPT (negative not shown)", *blocks[0][1:])]  # three lines of it say more than one of each
    room = area.height - len(blocks) * over - (len(blocks) - 1) * gap
    fitted = _together([text for _, text, _, _ in blocks], area.width, room, largest)
    top = area.top
    for (name, _, colour, role), lines in zip(blocks, fitted, strict=True):
        if not lines.lines:
            continue
        title = shorten(split(name), label, area.width, 1)
        top = sheet.put(title, area.left, top, sheet.theme.muted, "label")
        top = sheet.put(lines, area.left, top, colour, role) + gap


def _together(texts: list[str], width: int, height: int, largest: int) -> list[Fitted]:
    """Fit one or two texts into a shared height: the second a little smaller, and never more than it needs."""
    words = [split(text) for text in texts]
    low, high = SMALLEST, largest
    best: list[Fitted] | None = None
    while low <= high:
        size = (low + high + 1) // 2
        tried = []
        left = height
        for index, part in enumerate(words):
            step = max(SMALLEST, round(size * 0.88)) if index else size
            lines, shown = wrap(part, step, width, max(0, left // line_height(step)))
            tried.append(Fitted(step, lines, shown, len(part)))
            left -= tried[-1].height
        if all(lines.shown == lines.total for lines in tried):
            best, low = tried, size + 1
        else:
            high = size - 1
    if best is not None:
        return best
    step = line_height(SMALLEST)
    room = max(0, height // step)
    if len(words) == 1:
        return [shorten(words[0], SMALLEST, width, room)]
    second = shorten(words[1], SMALLEST, width, max(1, room * 3 // 10))
    first = shorten(words[0], SMALLEST, width, max(0, room - len(second.lines)))
    return [first, shorten(words[1], SMALLEST, width, max(0, room - len(first.lines)))]


def references(sheet: Sheet, area: Box) -> None:
    """Draw every reference in a grid of equal cells, its label below it."""
    references = sheet.references
    gap = sheet.px(12)
    label = sheet.type(11)
    columns = _columns(len(references), area, gap)
    rows = -(-len(references) // columns)
    wide = (area.width - gap * (columns - 1)) // columns
    high = (area.height - gap * (rows - 1)) // rows
    for index, reference in enumerate(references):
        row, column = divmod(index, columns)
        left, top = area.left + column * (wide + gap), area.top + row * (high + gap)
        _reference(sheet, reference, Box(left, top, left + wide, top + high), label)


def _columns(count: int, area: Box, gap: int) -> int:
    """Choose the number of columns that makes the cells largest, measured by their shorter side."""

    def shorter(columns: int) -> float:
        rows = -(-count // columns)
        return min((area.width - gap * (columns - 1)) / columns, (area.height - gap * (rows - 1)) / rows * 0.75)

    return max(range(1, count + 1), key=shorter)


def _reference(sheet: Sheet, reference: SentReference, cell: Box, label: int) -> None:
    edge = sheet.px(5)
    width = cell.width - 2 * edge
    lines = _label(drawable(reference.name or reference.label).text.strip(), width, cell.height * 2 // 5, label)
    bottom = cell.bottom - lines.height - edge // 2
    frame = Box(cell.left + edge, cell.top + edge, cell.right - edge, bottom - edge // 2)
    if frame.height >= 8 and frame.width >= 8:
        sheet.fill(cell.left, cell.top, cell.right, cell.bottom, sheet.theme.paper)
        sheet.items.append(Picture(frame, reference.data, sheet.theme.line, sheet.theme.muted))
        sheet.put(lines, frame.left, bottom, sheet.theme.muted, "reference")


def _label(path: str, width: int, height: int, size: int) -> Fitted:
    """Fit a reference's path in three lines; a long one loses folders from its front, which `…` shows."""
    parts = path.split("/")
    names = [path, *("…/" + "/".join(parts[index:]) for index in range(1, len(parts))), "…" + parts[-1]]
    fitted = [fit(name, width, height, largest=size, most_lines=3) for name in names]
    return next((lines for lines in fitted if lines.shown == lines.total), fitted[-1])
