"""The nearest legal size: examples as authors meet them, and the laws over all sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.model.values import Size
from chargen.providers.catalogue.model_sizes import Bucket, FreeSizes, ListedSizes, Ratio, RatioSizes, read_size

FREE = FreeSizes(step=16, max_edge=3840, min_pixels=655_360, max_pixels=8_294_400, max_ratio=3)
LISTED = ListedSizes((Size(1024, 1024), Size(1536, 1024), Size(1024, 1536)))
RATIOS = RatioSizes(
    tuple(Ratio(*pair) for pair in ((1, 1), (2, 3), (3, 2), (3, 4), (4, 3), (4, 5), (5, 4), (9, 16), (16, 9), (21, 9))),
    (Bucket("1K", 1_048_576), Bucket("2K", 4_194_304), Bucket("4K", 16_777_216)),
)
SIZES = st.builds(Size, st.integers(1, 20_000), st.integers(1, 20_000))


@pytest.mark.parametrize(
    ("asked", "requested"),
    [
        (Size(1024, 1024), Size(1024, 1024)),
        (Size(1792, 1024), Size(1792, 1024)),
        (Size(2160, 3840), Size(2160, 3840)),
        (Size(1024, 640), Size(1024, 640)),
        (Size(1920, 1080), Size(1920, 1088)),
        (Size(1792, 936), Size(1792, 944)),
        (Size(512, 512), Size(816, 816)),
        (Size(256, 256), Size(816, 816)),
        (Size(4096, 4096), Size(2880, 2880)),
        (Size(7680, 4320), Size(3840, 2160)),
        (Size(4000, 1000), Size(3840, 1280)),
        (Size(1000, 4000), Size(1280, 3840)),
    ],
)
def test_free_sizes_go_to_the_next_legal_size(asked: Size, requested: Size) -> None:
    """Legal sizes stay, others go up to the grid, and only limits make a picture other than asked."""
    assert FREE.nearest(asked) == requested


@given(SIZES)
def test_every_answer_is_legal_and_stays(asked: Size) -> None:
    """The nearest size is legal, and asking for it gives it back."""
    found = FREE.nearest(asked)
    assert FREE.legal(found), (asked, found)
    assert FREE.nearest(found) == found


@given(st.builds(Size, st.integers(1, 3840), st.integers(1, 3840)))
def test_the_answer_covers_what_the_limits_allow(asked: Size) -> None:
    """Below the upper limits the requested size is never smaller than the asked one on either edge."""
    found = FREE.nearest(asked)
    roomy = Size(asked.width + 15, asked.height + 15)
    if max(roomy.width, roomy.height) <= 3840 * 0.99 and roomy.pixels <= FREE.max_pixels:
        long, short = max(asked.width, asked.height), min(asked.width, asked.height)
        if long <= 3 * short:
            assert found.width >= asked.width
            assert found.height >= asked.height


@given(st.builds(Size, st.integers(300, 6000), st.integers(300, 6000)))
def test_the_ratio_is_kept_within_the_grid(asked: Size) -> None:
    """A ratio within 1:3 to 3:1 changes by no more than one grid step on each edge."""
    long, short = max(asked.width, asked.height), min(asked.width, asked.height)
    if long <= 3 * short:
        found = FREE.nearest(asked)
        wanted = found.width * asked.height / asked.width
        assert abs(found.height - wanted) <= 16 * (1 + asked.height / asked.width)


@pytest.mark.parametrize(
    ("asked", "requested"),
    [
        (Size(1536, 1024), Size(1536, 1024)),
        (Size(1920, 1080), Size(1536, 1024)),
        (Size(800, 1400), Size(1024, 1536)),
        (Size(4000, 4000), Size(1024, 1024)),
    ],
)
def test_listed_sizes_keep_the_ratio(asked: Size, requested: Size) -> None:
    """A list gives the closest ratio whatever the pixels."""
    assert LISTED.nearest(asked) == requested


def test_a_list_with_several_of_one_ratio_takes_the_smallest_that_covers() -> None:
    """Of equal ratios the smallest covering size is taken, and the largest where none covers."""
    squares = ListedSizes((Size(2048, 2048), Size(512, 512), Size(1024, 1024)))
    assert squares.nearest(Size(600, 600)) == Size(1024, 1024)
    assert squares.nearest(Size(9000, 9000)) == Size(2048, 2048)


@pytest.mark.parametrize(
    ("asked", "requested"),
    [
        (Size(1024, 1024), "1:1 1K"),
        (Size(1025, 1025), "1:1 1K"),
        (Size(1536, 1024), "3:2 2K"),
        (Size(1280, 720), "16:9 1K"),
        (Size(1376, 768), "16:9 1K"),
        (Size(1920, 1080), "16:9 2K"),
        (Size(1080, 1920), "9:16 2K"),
        (Size(3840, 2160), "16:9 4K"),
        (Size(9000, 9000), "1:1 4K"),
        (Size(896, 1152), "4:5 1K"),
    ],
)
def test_ratios_take_the_smallest_bucket_that_covers(asked: Size, requested: str) -> None:
    """The closest ratio with the smallest bucket that covers what was asked, else the largest."""
    assert str(RATIOS.nearest(asked)) == requested


@given(SIZES)
def test_a_frame_reads_back_and_is_its_own_answer(asked: Size) -> None:
    """What is written for a provider of ratios reads back, and its nominal size asks for the same frame."""
    frame = RATIOS.nearest(asked)
    assert RATIOS.frame(str(frame)) == frame
    assert RATIOS.nearest(frame.nominal) == frame


def test_only_the_paper_size_of_a_frame_counts_as_exact() -> None:
    """A size that a frame gives on paper needs no note, any other does."""
    assert RATIOS.legal(Size(2048, 2048))
    assert not RATIOS.legal(Size(1920, 1080))
    assert RATIOS.frame("5:7 1K") is None


@pytest.mark.parametrize(
    ("text", "size"),
    [("1536x1024", Size(1536, 1024)), ("16:9 2K", None), ("auto", None), ("x", None), ("-1x5", None), ("٣x4", None)],
)
def test_sizes_read_back(text: str, size: Size | None) -> None:
    """`WxH` in plain digits reads back; nothing else does."""
    assert read_size(text) == size


def test_of_ratios_that_are_equally_close_the_first_by_its_numbers_is_asked_for() -> None:
    """A square between 4:5 and 5:4 is no error."""
    rule = RatioSizes((Ratio(5, 4), Ratio(4, 5)), (Bucket("1K", 1_048_576),))
    assert rule.nearest(Size(1024, 1024)).ratio == Ratio(4, 5)
