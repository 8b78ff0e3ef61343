"""The fonts of sketches: which files they are, and that real text in many scripts has real glyphs."""
# ruff: noqa: RUF001 - letters of many scripts look alike, and that is the point here

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import ImageFont

from chargen.providers.sketch.fonts import STAND_IN, drawable, face, font_bytes, has_glyph

TEXTS = {
    "Latin": "The quick brown fox — “quoted” … £5 · 20 °C × 3 → ½",
    "Polish": "Zażółć gęślą jaźń",
    "Czech": "Příliš žluťoučký kůň úpěl ďábelské ódy",
    "Turkish": "Pijamalı hasta yağız şoföre çabucak güvendi, İstanbul",
    "Vietnamese": "Tiếng Việt có những dấu rất đẹp",
    "Hungarian": "árvíztűrő tükörfúrógép",
    "Greek": "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία· Άέήίόύώϊΐ",
    "Russian": "Съешь же ещё этих мягких французских булок",
    "Ukrainian": "Їжак, ґанок, єдиний, щедрість і пір'я",
    "Serbian": "Љубазни фењерџија чађавог лица",
    "Simplified Chinese": "灯塔看守人站在栏杆边，暴风雨的光芒绽放。",
    "Traditional Chinese": "燈塔看守人站在欄杆邊，暴風雨的光芒綻放。",
    "Japanese": "灯台守は「もう一度だけ」とつぶやいた。ランプ、ヴィオロン",
    "Korean": "등대지기가 폭풍 속에서 난간에 서 있다. 뷁",
}


HAN = ("Simplified Chinese", "Traditional Chinese", "Japanese", "Korean")
FONTS = sys.modules["chargen.providers.sketch.fonts"]


def forget_faces() -> None:
    """Let the next question open a font anew."""
    for cached in (font_bytes, FONTS.advance, FONTS.has_glyph, FONTS.drawable):
        cached.cache_clear()
    FONTS._faces = FONTS._Faces()


@pytest.fixture
def default(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The font without the extra."""
    monkeypatch.setattr(FONTS, "EXTRA", "no_such_package_of_fonts")
    forget_faces()
    yield
    forget_faces()


@pytest.mark.parametrize("script", TEXTS)
def test_no_missing_glyph(script: str) -> None:
    """With the extra every character of these texts is in the font, so none becomes a box."""
    missing = [character for character in TEXTS[script] if not has_glyph(character)]
    assert missing == []
    shown = drawable(TEXTS[script])
    assert shown.stand_ins == 0
    assert STAND_IN not in shown.text


@pytest.mark.parametrize("script", TEXTS)
@pytest.mark.usefixtures("default")
def test_the_default_font_says_what_it_lacks(script: str) -> None:
    """Latin, Greek and Cyrillic are whole; characters of the extra's scripts are counted and shown as a box."""
    shown = drawable(TEXTS[script])
    assert bool(shown.stand_ins) == (script in HAN)
    assert (STAND_IN in shown.text) == (script in HAN)
    assert face(20).getmask(STAND_IN).getbbox() is not None


@pytest.mark.usefixtures("default")
@pytest.mark.parametrize("text", ["\u0627\u0644\u0641", "\u05d0\u05d1", "\u0915\u094d\u0937"])
def test_what_needs_a_layout_engine_is_not_drawn_wrong(text: str) -> None:
    """Arabic, Hebrew and Devanagari are boxes rather than letters in the wrong order or shape."""
    assert drawable(text).stand_ins


def test_the_font_is_the_one_that_was_examined() -> None:
    """The extra's file is byte for byte the one Debian ships as fonts-wqy-microhei 0.2.0-beta-3.1."""
    data = font_bytes()
    assert data is not None
    digest = hashlib.sha256(data).hexdigest()
    assert digest == "2420e8078af796b19a3f6ef13de527a1a91c1e7171eea115926c614ced1009b3"


def test_layout_is_the_same_on_every_machine() -> None:
    """The optional layout engine is not used, even where Pillow has it; each size is opened once a thread."""
    found = face(13)
    assert isinstance(found, ImageFont.FreeTypeFont)
    assert found.layout_engine is ImageFont.Layout.BASIC
    assert face(13) is found
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(face, 13).result() is not found


def test_missing_glyphs_are_counted_and_shown() -> None:
    """What the font lacks is a plain letter or a white square, never nothing."""
    assert not has_glyph("\U0001f600")
    shown = drawable("ἀρχή \U0001f600")
    assert shown.text == f"αρχή {STAND_IN}"
    assert shown.stand_ins == 2


def test_invisible_characters_vanish_uncounted() -> None:
    """Zero-width and control characters, a byte order mark and tabs leave no box behind."""
    assert drawable("a\ufeffb\u2060c\x07d\te\r\nf\u2764\ufe0f\ud800").text == f"abcd e\nf{STAND_IN}"
    assert drawable("a\ufeffb\u2060c\x07\ufe0f").stand_ins == 0


def test_decomposed_text_is_composed() -> None:
    """Letters and accents written apart are drawn as one glyph."""
    assert drawable("Zażółć ё".encode().decode()).text == drawable("Zaz\u0307o\u0301łc\u0301 е\u0308").text


def test_quotes_are_narrow_between_latin_letters_only() -> None:
    """The face's quotes are as wide as a Han character, which suits Han text alone."""
    assert drawable("the keeper\u2019s \u201clamp\u201d").text == 'the keeper\'s "lamp"'
    assert drawable("他说\u201c好\u201d。").text == "他说\u201c好\u201d。"


@pytest.mark.usefixtures("default")
def test_emergency_face_still_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any font package Pillow's own Latin face takes its place."""
    monkeypatch.setattr(FONTS, "DEFAULT", "no_such_package_of_fonts")
    forget_faces()
    assert font_bytes() is None
    assert face(17).getlength("lamp") > 0
