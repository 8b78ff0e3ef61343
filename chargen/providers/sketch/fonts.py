"""The font of a sketch: one face, its advances, and which characters it can show.

Why FiraGO, from the wheel `pymupdf-fonts` (Artifex, 4 MB, SIL Open Font License): Latin with its extensions,
Vietnamese, Greek with accents and all of Cyrillic in one face without a kerning table. It has no Han, kana or Hangul;
with the extra `chargen[fonts]` the face is WenQuanYi Micro Hei, which has them all (5 MB, Apache-2.0 or GPL-3 with font
exception; byte for byte the file of Debian's `fonts-wqy-microhei` 0.2.0-beta-3.1, which a test pins).

Laws: nothing is opened before the first sketch; system fonts are never looked at. Faces are one set per thread, because
a FreeType face must not be used by two threads at once. Must not know: cards, colours, requests.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache, lru_cache
from importlib import import_module
from importlib.resources import files
from io import BytesIO

from msgspec import Struct
from PIL import ImageFont

DEFAULT = "pymupdf_fonts.FiraGO_Regular"
EXTRA = "paperang_p2_fonts_cjk"
_EXTRA_FILE = "fonts/wqy-microhei.ttc"

WIDE = (
    "\u2e80-\u2fff\u3000-\u30ff\u3100-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
    "\U00020000-\U0003ffff"
)
"""Character class of scripts written without spaces (Han, kana, bopomofo, full-width forms), for a regex set."""

STAND_IN = "\u25a1"
"""White square, for what can't be shown: a face without it draws its own box for a missing glyph here."""

_NOWHERE = "\U0010ffff"  # a noncharacter: whatever the face draws for it is its mark for a missing glyph
_PROBE = 20  # pixels; large enough that no two different glyphs look the same
_NARROW_QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'"})
# A face for Han draws these four at full width; between Latin letters that tears words apart.
_QUOTE_IN_LATIN = re.compile(f"(?<![{WIDE}])[\u2018\u2019\u201c\u201d](?![{WIDE}])")
_RIGHT_TO_LEFT = {"R", "AL", "AN"}
_INVISIBLE = {"Cc", "Cf", "Cs"}
"""Unicode categories that leave no mark on paper: controls, format characters, lone surrogates."""


class Drawable(Struct, frozen=True):
    """Text with a glyph for every character; `stand_ins` counts the characters another one stands for."""

    text: str
    stand_ins: int


class _Faces(threading.local):
    def __init__(self) -> None:
        self.by_size: dict[int, ImageFont.FreeTypeFont | ImageFont.ImageFont] = {}


_faces = _Faces()


@cache
def font_bytes() -> bytes | None:
    """Return the font file: that of the extra where it is installed. None where both packages are broken or gone."""
    try:
        return (files(EXTRA) / _EXTRA_FILE).read_bytes()
    except (ModuleNotFoundError, OSError):
        pass
    try:
        return bytes(import_module(DEFAULT).fontbuffer)
    except (ModuleNotFoundError, AttributeError):
        return None


def face(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Give this thread's face at `size` pixels. Falls back to Pillow's own Latin face only if the package is gone."""
    found = _faces.by_size.get(size)
    if found is None:
        data = font_bytes()
        # Basic layout everywhere: the other engine is optional in Pillow and would make bytes depend on the machine.
        found = (
            ImageFont.truetype(BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)
            if data
            else ImageFont.load_default(size)
        )
        _faces.by_size[size] = found
    return found


@lru_cache(maxsize=65536)
def advance(size: int, text: str) -> float:
    """Measure `text` at `size`, in pixels. The face has no kerning table, so advances add up exactly."""
    return float(face(size).getlength(text))


@lru_cache(maxsize=16384)
def has_glyph(character: str) -> bool:
    """Say whether the face can show this one character (blanks count as shown).

    Letters that are written from right to left or joined (Arabic, Hebrew, the scripts of India) would come out wrong
    without a layout engine, so they count as not shown even where the face has them.
    """
    return character.isspace() or (_stands_alone(character) and _shape(character) != _shape(_NOWHERE))


def _stands_alone(character: str) -> bool:
    return unicodedata.bidirectional(character) not in _RIGHT_TO_LEFT and not "\u0900" <= character <= "\u0dff"


def _shape(character: str) -> tuple[float, tuple[int, int], bytes]:
    mask = face(_PROBE).getmask(character)
    return advance(_PROBE, character), mask.size, bytes(mask)


@lru_cache(maxsize=1024)
def drawable(text: str) -> Drawable:
    """Turn any text into what the face can show: composed, without invisible characters, line feeds kept.

    A character without a glyph becomes its plain form (a letter without a rare accent) or a white square.
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    composed = _QUOTE_IN_LATIN.sub(lambda match: match.group().translate(_NARROW_QUOTES), composed)
    out: list[str] = []
    stand_ins = 0
    for character in composed:
        if character == "\n":
            out.append(character)
        elif character.isspace():
            out.append(" ")
        elif _invisible(character):
            continue
        elif has_glyph(character):
            out.append(character)
        else:
            out.append(_stand_in(character))
            stand_ins += 1
    return Drawable("".join(out), stand_ins)


def _invisible(character: str) -> bool:
    selects_a_variant = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return selects_a_variant or unicodedata.category(character) in _INVISIBLE


def _stand_in(character: str) -> str:
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    if plain and all(has_glyph(part) for part in plain):
        return plain
    if unicodedata.combining(character):
        return ""
    return STAND_IN
