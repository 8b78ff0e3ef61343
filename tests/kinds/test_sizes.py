"""Sizes and ratios are read as written, and a ratio alone gives a size on the grid."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.kinds.sizes import MAX_SIDE, STEP, disagrees, parse_ratio, parse_size, size_for_ratio
from chargen.model.values import Size

SQUARE = Size(1024, 1024)


@pytest.mark.parametrize("text", ["1792x1024", " 1792 X 1024 ", "1792\u00d71024"])
def test_a_size_is_width_times_height(text):
    """The forms authors use all mean width first."""
    assert parse_size(text) == Size(1792, 1024)


@pytest.mark.parametrize(
    "text",
    [
        "banana",
        "",
        "0x0",
        "0x5",
        "-5x10",
        "1024",
        "1_000x1_000",
        "1e3x5",
        "16385x1",
        "9" * 5000 + "x1",
        "1x2x3",
        "\u0661x\u0662",
    ],
)
def test_what_is_no_size_is_refused(text):
    """Nothing is guessed: separators, signs, other digits and absurd sides are errors."""
    with pytest.raises(ValueError, match=r"side|written"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "ratio"), [("16:9", Fraction(16, 9)), ("2.39:1", Fraction(239, 100)), ("3/4", Fraction(3, 4))]
)
def test_a_ratio_is_exact(text, ratio):
    """Ratios are fractions, so that decimals of film formats lose nothing."""
    assert parse_ratio(text) == ratio


@pytest.mark.parametrize("text", ["wide", "16", "0:9", "1:0", "1:21", "21:1", "-1:2", ""])
def test_what_is_no_ratio_is_refused(text):
    """Words, zeros and slivers are errors."""
    with pytest.raises(ValueError, match="aspect ratio"):
        parse_ratio(text)


@pytest.mark.parametrize(
    ("ratio", "size"),
    [
        ("1:1", "1024x1024"),
        ("16:9", "1280x720"),
        ("9:16", "720x1280"),
        ("3:2", "1248x832"),
        ("4:3", "1152x864"),
        ("3:4", "864x1152"),
        ("21:9", "1568x672"),
        ("2.39:1", "1568x656"),
    ],
)
def test_the_size_of_a_ratio_is_pinned(ratio, size):
    """The size is an input: another one would buy every image of this ratio again."""
    assert str(size_for_ratio(parse_ratio(ratio), SQUARE)) == size


def test_of_sizes_that_fit_equally_well_the_narrower_is_taken():
    """None is better than the other, and that stops nothing."""
    assert size_for_ratio(Fraction(1), Size(160, 116)) == Size(128, 128)  # 18,560 pixels: 144x144 has as many too many
    assert size_for_ratio(Fraction(1), Size(1, 512)) == Size(16, 16)


@given(
    width=st.integers(1, 400), height=st.integers(1, 400), side=st.integers(1, MAX_SIDE), other=st.integers(1, MAX_SIDE)
)
def test_every_ratio_gives_a_legal_size(width, height, side, other):
    """Both sides are multiples of 16 inside the limits, whatever the ratio and the default."""
    ratio = Fraction(width, height)
    if not Fraction(1, 20) <= ratio <= 20:
        return
    size = size_for_ratio(ratio, Size(side, other))
    assert size.width % STEP == size.height % STEP == 0
    assert 0 < min(size.width, size.height) <= max(size.width, size.height) <= MAX_SIDE
    if 512 * 512 <= side * other <= 4096 * 4096 and Fraction(1, 4) <= ratio <= 4:
        assert abs(Fraction(size.width, size.height) / ratio - 1) < 0.04
        assert 0.7 < size.pixels / (side * other) < 1.4


def test_size_and_ratio_may_differ_a_little():
    """Models round sizes: 1792x1024 is told as 16:9 by everybody, 1536x1024 is not."""
    assert not disagrees(Size(1792, 1024), Fraction(16, 9))
    assert disagrees(Size(1536, 1024), Fraction(16, 9))
