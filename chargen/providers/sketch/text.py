"""Breaking text into lines: words, scripts without spaces, words longer than a line, and shrinking to fit.

Laws: pure over the font's advances; nothing disappears silently: what does not fit is counted and said in the text's
own last line (`… +12 words`). Must not know: colours, cards, images.
"""

from __future__ import annotations

import re

from msgspec import Struct

from chargen.providers.sketch.fonts import WIDE, advance

SMALLEST = 10
"""Smallest text in pixels that is still read without effort on a screen."""

LEADING = 1.38
"""Line height over text size."""

_OPENING = "「『（〔［｛〈《【〖"  # noqa: RUF001 - full-width on purpose
_CLOSING = "、。，．！？：；）〕］｝〉》】〗」』…‥ー々ゝゞぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ％"  # noqa: RUF001 - as above
# A line must not end with the first set nor begin with the second (the core of JIS X 4051 and GB/T 15834).
_TOKEN = re.compile(
    rf"(?P<wide>[{_OPENING}]*[{WIDE}][{_CLOSING}]*)|(?P<plain>[^\s{WIDE}/]*/+|[^\s{WIDE}/]+[{_CLOSING}]*)|(?P<blank>\s+)"
)

_PART = re.compile(r"[^-_.]*[-_.]+|[^-_.]+")
# Where a word longer than a line is divided: file names and ids behind their own joints.


class Word(Struct, frozen=True):
    """What stays together on a line if it can: a word, a path up to a `/`, or one character written without spaces."""

    text: str
    spaced: bool
    """A blank stands before it."""
    breaks: int
    """Line ends before it: 1 starts a line, 2 a paragraph."""


class Fitted(Struct, frozen=True):
    """Lines of text at a size in pixels; `shown` of `total` words are in them, the last line says how many are not."""

    size: int
    lines: tuple[str, ...]
    shown: int
    total: int

    @property
    def height(self) -> int:
        """Pixels from the top of the first line to the bottom of the last."""
        return len(self.lines) * line_height(self.size)


def line_height(size: int) -> int:
    """Pixels from one baseline to the next."""
    return round(size * LEADING)


def split(text: str) -> tuple[Word, ...]:
    """Cut text into words; blanks and line ends at both edges vanish."""
    words: list[Word] = []
    spaced, breaks = False, 0
    for match in _TOKEN.finditer(text.strip()):
        piece = match.group()
        if match.lastgroup == "blank":
            spaced, breaks = True, min(piece.count("\n"), 2)
            continue
        words.append(Word(piece, spaced, breaks))
        spaced, breaks = False, 0
    return tuple(words)


class _Lines:
    """Lines as they grow. `ends[i]` counts the words that are complete at the end of line `i`."""

    def __init__(self, size: int, width: float) -> None:
        self.size, self.width = size, width
        self.lines: list[str] = []
        self.ends: list[int] = []
        self.parts: list[str] = []
        self.used = 0.0
        self.done = 0

    def flush(self) -> None:
        self.lines.append("".join(self.parts))
        self.ends.append(self.done)
        self.parts, self.used = [], 0.0

    def add(self, word: Word) -> None:
        if word.breaks and (self.parts or self.lines):
            self.flush()
            if word.breaks > 1:
                self.flush()
        wide = advance(self.size, word.text)
        gap = advance(self.size, " ") if word.spaced and self.parts else 0.0
        if self.parts and self.used + gap + wide > self.width:
            self.flush()
            gap = 0.0
        if gap:
            self.parts.append(" ")
        if wide <= self.width:
            self.parts.append(word.text)
            self.used += gap + wide
        else:
            for part in _PART.findall(word.text):
                self._add_part(part)
        self.done += 1

    def _add_part(self, part: str) -> None:
        """Add a part of a word that is longer than a line: on this line, else on the next, else by its characters."""
        wide = advance(self.size, part)
        if self.parts and self.used + wide > self.width >= wide:
            self.flush()
        for character in part:
            wide = advance(self.size, character)
            if self.parts and self.used + wide > self.width:
                self.flush()
            self.parts.append(character)
            self.used += wide


def wrap(words: tuple[Word, ...], size: int, width: float, limit: int) -> tuple[tuple[str, ...], int]:
    """Lay words into at most `limit` lines of `width` pixels; gives the lines and how many words are whole in them."""
    lines = _Lines(size, width)
    for word in words:
        lines.add(word)
        if len(lines.lines) > limit:
            break
    if lines.parts:
        lines.flush()
    if len(lines.lines) <= limit:
        return tuple(lines.lines), lines.done
    return tuple(lines.lines[:limit]), lines.ends[limit - 1] if limit else 0


def shorten(words: tuple[Word, ...], size: int, width: float, limit: int) -> Fitted:
    """Lay words into at most `limit` lines; the last one says how many words are left out, if any are.

    Gives no line at all where not even that mark fits.
    """
    lines, shown = wrap(words, size, width, limit)
    if shown == len(words):
        return Fitted(size, lines, shown, shown)
    for kept in range(shown, -1, -1):
        mark = _mark(len(words) - kept, size, width)
        lines, whole = wrap((*words[:kept], *mark), size, width, limit)
        if whole == kept + len(mark):
            return Fitted(size, lines, kept, len(words))
    return Fitted(size, (), 0, len(words))


def _mark(missing: int, size: int, width: float) -> tuple[Word, ...]:
    long = f"… +{missing} {'word' if missing == 1 else 'words'}"
    text = long if advance(size, long) <= width else f"…+{missing}"
    return (Word(text, spaced=True, breaks=0),)


def fit(text: str, width: float, height: float, *, largest: int, most_lines: int = 10_000) -> Fitted:
    """Find the largest size at which all of `text` fits the box in pixels; at the smallest one, shorten it."""
    words = split(text)
    low, high = SMALLEST, max(SMALLEST, largest)
    best: Fitted | None = None
    while low <= high:
        size = (low + high + 1) // 2
        limit = min(most_lines, int(height // line_height(size)))
        lines, shown = wrap(words, size, width, limit)
        if shown == len(words):
            best, low = Fitted(size, lines, shown, shown), size + 1
        else:
            high = size - 1
    if best is not None:
        return best
    return shorten(words, SMALLEST, width, min(most_lines, int(height // line_height(SMALLEST))))
