"""The frame: everything inside the picture, legible where it stands, nothing on top of something else, nothing cut."""

from __future__ import annotations

import re
from io import BytesIO
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image

from chargen.model.request import Asked, ProviderSettings, Request, SentReference
from chargen.model.values import Size
from chargen.providers.sketch import SketchProvider
from chargen.providers.sketch.card import plan_card
from chargen.providers.sketch.colours import LEGIBLE, contrast
from chargen.providers.sketch.drawing import Studio
from chargen.providers.sketch.fonts import advance
from chargen.providers.sketch.sheet import Box, Card, Fill, Item, Line, Picture, Polygon, aspect, bold_extra
from chargen.providers.sketch.text import SMALLEST

WORDS = ["fog", "lantern", "under the bridge,", "嵐の灯台", "Łódź", "등대지기", "Буря", "line\nbreak", "a" * 70, "\n\n"]
prose = st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join)
sides = st.one_of(st.integers(64, 500), st.sampled_from([576, 1024, 1536, 4096]))
palettes = st.lists(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True), max_size=7).map(tuple)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Requests of any size, with any amount of text, colours and references."""
    references = tuple(
        SentReference("c", f"generated/characters/someone-{number}/portrait-front.png", b"", "image/png")
        for number in range(draw(st.integers(0, 7)))
    )
    asked = Asked(
        prompt=draw(prose),
        negative_prompt=draw(prose),
        references=references,
        size=Size(draw(sides), draw(sides)),
        entry_id=draw(st.sampled_from(["", "chapters/ch03/img-07", "locations/the-old-mill/" + "long-" * 20 + "id"])),
        title=draw(prose),
        colours=draw(palettes),
    )
    return SketchProvider(ProviderSettings()).adapt(asked, "sketch")


def extent(item: Item) -> Box:
    """Give the pixels an item may touch; for text the height of its letters."""
    if isinstance(item, Polygon):
        across, down = zip(*item.corners, strict=True)
        return Box(min(across), min(down), max(across), max(down))
    if isinstance(item, Line):
        right = item.left + round(advance(item.size, item.text)) + (bold_extra(item.size) if item.bold else 0)
        return Box(item.left, item.baseline - round(item.size * 0.8), right, item.baseline + round(item.size * 0.2))
    return item.box


def meet(one: Box, other: Box) -> bool:
    """Say whether two boxes share a pixel."""
    return one.left < other.right and other.left < one.right and one.top < other.bottom and other.top < one.bottom


@given(requests())
@settings(max_examples=150)
def test_every_card_keeps_its_laws(request: Request) -> None:
    """Inside the picture, legible on what lies below, and no two texts or pictures on each other."""
    card = plan_card(request)
    lines = [item for item in card.items if isinstance(item, Line)]
    assert_inside(card)
    assert_legible(card)
    solid = [item for item in card.items if isinstance(item, Line | Picture)]
    for one, other in combinations(solid, 2):
        assert not meet(extent(one), extent(other)), (one, other)
    assert [line.text for line in lines if line.role == "mark"] == ["SKETCH"]
    assert all(line.size >= SMALLEST for line in lines)


def assert_inside(card: Card) -> None:
    for item in card.items:
        box = extent(item)
        assert box.left >= 0, item
        assert box.top >= 0, item
        assert box.right <= card.size.width, item
        assert box.bottom <= card.size.height, item


def assert_legible(card: Card) -> None:
    """Every text stands on one surface that is whole below it: no guide, edge or picture goes through."""
    for index, item in enumerate(card.items):
        if not isinstance(item, Line):
            continue
        below = [other for other in card.items[:index] if meet(extent(other), extent(item))]
        assert contrast(item.colour, item.ground) >= LEGIBLE, item
        if not below:
            assert item.ground == card.paper, item
            continue
        cover, letters = below[-1], extent(item)
        assert isinstance(cover, Fill), (item, cover)
        assert cover.colour == item.ground, (item, cover)
        assert cover.box.left <= letters.left, (item, cover)
        assert cover.box.top <= letters.top, (item, cover)
        assert cover.box.right >= letters.right, (item, cover)
        assert cover.box.bottom >= letters.bottom, (item, cover)


def shown(card: Card, role: str) -> str:
    """Give all text of a role, lines joined by blanks."""
    return " ".join(item.text for item in card.items if isinstance(item, Line) and item.role == role)


@pytest.mark.parametrize("size", [(300, 220), (512, 512), (1024, 576), (576, 1024), (4096, 300), (300, 4096)])
@pytest.mark.parametrize("count", [1, 40, 400, 5000])
def test_the_prompt_is_whole_or_says_what_is_missing(size: tuple[int, int], count: int) -> None:
    """On every card, words shown and words told add up to the words of the prompt, however its lines were broken."""
    prompt = "\n".join(f"w{number}" for number in range(count))
    reference = SentReference("c", "portrait.png", b"", "image/png")
    asked = Asked(prompt, "", (reference,), Size(*size), title="A title", entry_id="chapters/c/i")
    card = plan_card(SketchProvider(ProviderSettings()).adapt(asked, "sketch"))
    text = shown(card, "prompt")
    told = re.search(r" ?… \+(\d+) words?$", text)
    left_out = int(told[1]) if told else 0
    kept = text[: told.start()].split() if told else text.split()
    assert len(kept) + left_out == count
    assert kept == [f"w{number}" for number in range(len(kept))]
    assert len(kept) >= min(count, 2)


def test_a_card_shows_all_it_should() -> None:
    """Title, id, size, ratio, the entry's own words, who is on a print, palette names, and that this is no picture."""
    reference = SentReference("c", "imagery/mara.png", b"", "image/png", name="Mara")
    asked = Asked(
        "Gouache. A lamp. Palette: rust.",
        "fog",
        (reference,),
        Size(1024, 576),
        entry_id="chapters/c/i",
        title="Lit",
        colours=("rust", "#102030"),
        words="A\nlamp.",
    )
    card = plan_card(SketchProvider(ProviderSettings()).adapt(asked, "sketch"))
    found = {
        role: shown(card, role)
        for role in ("mark", "proof", "title", "id", "prompt", "negative", "reference", "swatch")
    }
    assert found == {
        "mark": "SKETCH",
        "proof": "proof \u2013 not a picture",
        "title": "Lit",
        "id": "chapters/c/i",
        "prompt": "A lamp.",
        "negative": "not: fog",
        "reference": "Mara",
        "swatch": "rust #102030",
    }
    assert "1024 \u00d7 576" in shown(card, "facts")
    assert "16:9" in shown(card, "facts")


def test_missing_glyphs_are_told() -> None:
    """A card that had to improvise says how often."""
    asked = Asked("A \U0001f600 lamp", "", (), Size(1024, 576))
    card = plan_card(SketchProvider(ProviderSettings()).adapt(asked, "sketch"))
    assert "1 character not in the font" in shown(card, "facts")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1024, 576), "16:9"),
        ((1000, 1000), "1:1"),
        ((1023, 577), "1.77:1"),
        ((577, 1023), "1:1.77"),
        ((1024, 1536), "2:3"),
        ((1024, 1365), "3:4"),
        ((1365, 1024), "4:3"),
    ],
)
def test_aspect(size: tuple[int, int], expected: str) -> None:
    """Small whole numbers where there are some, else a decimal ratio."""
    assert aspect(Size(*size)) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [(2, "limestone cream (dressed faces)"), (5, "limestone cream \u2026"), (8, "\u2026 +4 words")],
)
def test_names_of_colours_shorten_aloud(count: int, expected: str) -> None:
    """A narrow swatch drops the remark first; what it can't hold at all is counted."""
    colours = ("limestone cream (dressed faces)", *(f"#10203{number}" for number in range(count - 1)))
    asked = Asked("A lamp.", "", (), Size(640, 480), colours=colours)
    card = plan_card(SketchProvider(ProviderSettings()).adapt(asked, "sketch"))
    assert shown(card, "swatch").startswith(expected + " #")


def test_a_negative_prompt_without_room_is_told() -> None:
    """On a slip with a few lines only, the prompt has them all and the label says what is missing."""
    asked = Asked("A lamp.", "fog", (), Size(280, 64), title="Lit")
    card = plan_card(SketchProvider(ProviderSettings()).adapt(asked, "sketch"))
    assert shown(card, "label").startswith("PROMPT (negative")
    assert shown(card, "negative") == ""
    roomy = plan_card(SketchProvider(ProviderSettings()).adapt(replace(asked, size=Size(280, 200)), "sketch"))
    assert shown(roomy, "label") == "PROMPT NEGATIVE"
    assert shown(roomy, "negative") == "fog"


PALETTE = ("#b9772c", "#eadbb8", "#6c7a53", "#e2612f")


def frame(
    entry_id: str, size: tuple[int, int], colours: tuple[str, ...] = PALETTE, seed: int | None = None
) -> Image.Image:
    """Draw the frame of an entry."""
    asked = Asked("A lamp.", "", (), Size(*size), entry_id=entry_id, colours=colours, seed=seed)
    data = Studio().draw(SketchProvider(ProviderSettings()).adapt(asked, "sketch"))
    return Image.open(BytesIO(data)).convert("RGB")


@pytest.mark.parametrize("size", [(1024, 576), (576, 1024), (800, 800)])
def test_the_palette_is_the_ground(size: tuple[int, int]) -> None:
    """Most of a picture is in the palette's colours, and what is not is the caption with its marks."""
    for name in ("chapters/c/one", "chapters/c/two", "chapters/c/three"):
        one, grey = frame(name, size), frame(name, size, ())
        assert coloured(one) > 0.4
        assert coloured(grey) < 0.02


def coloured(picture: Image.Image) -> float:
    """Return the share of pixels that are no grey."""
    small = picture.resize((64, 64), Image.Resampling.BOX)
    pixels = [small.getpixel((x, y)) for x in range(64) for y in range(64)]
    return sum(max(pixel) - min(pixel) > 40 for pixel in pixels if isinstance(pixel, tuple)) / len(pixels)


def test_frames_of_a_chapter_differ_and_each_is_drawn_alike_every_time() -> None:
    """Twenty entries with one palette: no two compositions are the same, and none changes."""
    drawn = {frame(f"chapters/c/img-{number:02}", (512, 288)).crop((0, 0, 512, 160)).tobytes() for number in range(20)}
    assert len(drawn) == 20
    variants = {frame("chapters/c/one", (512, 288), seed=seed).tobytes() for seed in (None, 2, 3)}
    assert len(variants) == 3
    assert frame("chapters/c/one", (512, 288)).tobytes() == frame("chapters/c/one", (512, 288)).tobytes()
