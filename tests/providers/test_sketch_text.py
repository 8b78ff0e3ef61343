"""Lines: nothing wider than its box, nothing lost in silence, and no script broken against its rules."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.providers.sketch.fonts import advance
from chargen.providers.sketch.text import SMALLEST, fit, line_height, shorten, split, wrap

MARK = re.compile(r"… ?\+(\d+)( words?)?$")
texts = st.text(st.sampled_from("ab cd/\n漢字かな。「」、한국 Жя…αΩ-"), max_size=200)


def solid(text: str) -> str:
    """Give the text without blanks."""
    return "".join(text.split())


@given(texts, st.integers(60, 400))
def test_wrapping_keeps_every_character_in_order(text: str, width: int) -> None:
    """With room enough, the lines joined are the text."""
    words = split(text)
    lines, shown = wrap(words, 12, width, 10_000)
    assert shown == len(words)
    assert solid("".join(lines)) == solid(text)


@given(texts, st.integers(60, 400), st.integers(0, 6))
def test_no_line_is_wider_than_its_box(text: str, width: int, limit: int) -> None:
    """Long words are broken rather than hanging over; only a single character may be wider than a narrow box."""
    fitted = shorten(split(text), 12, width, limit)
    assert len(fitted.lines) <= limit
    assert all(advance(12, line) <= width or len(line) == 1 for line in fitted.lines)


@given(texts, st.integers(80, 400), st.integers(1, 6))
def test_what_is_left_out_is_said(text: str, width: int, limit: int) -> None:
    """Whenever words are missing, the last line tells exactly how many."""
    words = split(text)
    fitted = shorten(words, 12, width, limit)
    assert fitted.total == len(words)
    if fitted.shown == fitted.total:
        assert solid("".join(fitted.lines)) == solid(text)
    else:
        said = MARK.search(fitted.lines[-1])
        assert said is not None
        assert int(said[1]) == fitted.total - fitted.shown
        kept = solid(MARK.sub("", "\n".join(fitted.lines)))
        assert kept == solid("".join(word.text for word in words[: fitted.shown]))


@given(texts, st.integers(80, 600), st.integers(14, 300))
def test_fit_stays_inside_and_never_below_the_smallest(text: str, width: int, height: int) -> None:
    """The box is kept in both directions, and the type stays legible."""
    fitted = fit(text, width, height, largest=40)
    assert SMALLEST <= fitted.size <= 40
    assert fitted.height <= height
    assert fitted.lines or not split(text)


def test_fit_takes_the_largest_size_that_fits() -> None:
    """One size more and the text would no longer fit."""
    text = "the lamp is lit against orders and nobody looks up " * 4
    fitted = fit(text, 300, 160, largest=60)
    assert fitted.shown == fitted.total
    assert SMALLEST < fitted.size < 60
    larger = fitted.size + 1
    assert len(wrap(split(text), larger, 300, 10_000)[0]) * line_height(larger) > 160


def test_scripts_without_spaces_break_between_characters() -> None:
    """Japanese fills its lines, and none begins with a full stop or ends with an opening bracket."""
    text = "灯台守は「もう一度だけ、灯りを」とつぶやいた。波は高く、風は強い。" * 6
    for width in range(90, 200, 7):
        lines, _ = wrap(split(text), 14, width, 10_000)
        assert len(lines) > 5
        assert not [line for line in lines if line[0] in "。、」" or line[-1] == "「"]
        assert all(advance(14, line) > width - 4 * 14 for line in lines[:-1])


def test_paragraphs_stay_apart() -> None:
    """A line end starts a line, two leave one line empty, more leave no more."""
    assert wrap(split("a\nb\n\n\n\nc"), 12, 100, 10)[0] == ("a", "b", "", "c")


def test_paths_break_behind_their_slashes() -> None:
    """A long path is divided where a reader would divide it."""
    lines, _ = wrap(split("generated/characters/ferryman.png"), 12, 100, 10)
    assert lines == ("generated/", "characters/", "ferryman.png")


def test_long_words_break_at_their_joints() -> None:
    """A file name longer than its line is divided behind a hyphen or a dot, and only then inside a part."""
    assert wrap(split("portrait-front-view.png"), 12, 90, 10)[0] == ("portrait-front-", "view.png")
    lines, _ = wrap(split("ab-" + "m" * 30), 12, 90, 10)
    assert "".join(lines) == "ab-" + "m" * 30
    assert all(advance(12, line) <= 90 for line in lines)


@pytest.mark.parametrize(("count", "expected"), [(1, "… +1 word"), (30, "… +29 words")])
def test_the_mark_speaks_english(count: int, expected: str) -> None:
    """One word is a word, two are words."""
    words = split("a" * 60 if count == 1 else "w " + "abcdefghijklmnop " * 29)
    (line,) = shorten(words, 12, 110, 1).lines
    assert line.endswith(expected)
