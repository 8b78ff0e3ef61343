"""The sketch provider as the program meets it: pictures, prices, refusals, waiting, scripted failures."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from time import monotonic

import pytest
from PIL import Image

from chargen.errors import Severity
from chargen.model.request import Asked, FailureClass, Provider, ProviderError, ProviderSettings, SentReference
from chargen.model.values import Size
from chargen.providers.sketch import SketchProvider

PROMPT = "A ferryman waits under the iron bridge before dawn, a lantern at his feet. 橋の下で船頭が待つ。Паромщик ждёт."


def reference(kind: str = "PNG", side: int = 90) -> SentReference:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).convert("RGB").save(out, kind)
    return SentReference("ferryman", "generated/characters/ferryman/portrait.png", out.getvalue(), "image/png")


CARD = Size(1024, 576)


def asked(size: Size = CARD, **changes: object) -> Asked:
    values: dict[str, object] = {
        "prompt": PROMPT,
        "negative_prompt": "cartoon, text, watermark",
        "references": (reference(), reference("JPEG")),
        "size": size,
        "entry_id": "chapters/ch01/img-01",
        "title": "The Ferryman InterruptibleWait",
        "colours": ("#1d3146", "old brass (lantern)", "no colour at all"),
    }
    return Asked(**{**values, **changes})  # type: ignore[arg-type]


def draw(provider: Provider, what: Asked) -> bytes:
    return provider.send(provider.adapt(what, "sketch")).data


def sketch(**settings: object) -> Provider:
    return SketchProvider(ProviderSettings(own=settings))


def test_same_request_gives_same_bytes() -> None:
    """Two providers, one of them warm and on another thread, draw the very same file."""
    first, second = sketch(), sketch()
    draw(second, asked(Size(640, 640)))
    expected = draw(first, asked())
    assert draw(first, asked()) == expected
    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(lambda _: draw(second, asked()), range(6))) == {expected}


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "Another prompt."},
        {"negative_prompt": "fog"},
        {"title": "Another title"},
        {"entry_id": "chapters/ch01/img-02"},
        {"colours": ("#804020",)},
        {"references": ()},
    ],
)
def test_every_part_of_the_request_is_seen(change: dict[str, object]) -> None:
    """A card that hides what was asked is no proof of it."""
    provider = sketch()
    assert draw(provider, asked(**change)) != draw(provider, asked())


@pytest.mark.parametrize("size", [(64, 64), (65, 4096), (4096, 64), (1024, 576), (300, 220), (299, 219), (4096, 4096)])
def test_exact_size(size: tuple[int, int]) -> None:
    """The PNG has exactly the pixels asked for, and something is drawn on it."""
    data = draw(sketch(), asked(Size(*size)))
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.format, picture.size, picture.mode) == ("PNG", size, "RGB")
        assert len(picture.getcolors(1 << 24) or ()) > 5


def test_nothing_given_is_drawn_too() -> None:
    """An entry without title, id, palette, references and prompt still gives a picture."""
    empty = asked(prompt="", negative_prompt="", references=(), entry_id="", title="", colours=())
    assert draw(sketch(), empty).startswith(b"\x89PNG")


def test_broken_references_give_a_placeholder() -> None:
    """Bytes that are no picture, or only claim to be, never stop a sketch."""
    good = reference().data
    for data in (
        b"",
        b"\x89PNG\r\n\x1a\n",
        good[:100],
        good[:-40] + b"x" * 40,
        b"GIF89a",
        b"RIFF0000WEBPVP8 ",
        b"\xff\xd8\xff",
    ):
        broken = SentReference("x", "imagery/broken.png", data, "image/png")
        assert draw(sketch(), asked(references=(broken,))).startswith(b"\x89PNG")


def test_references_are_seen() -> None:
    """A reference's own colour covers a good part of the card."""
    out = io.BytesIO()
    Image.new("RGB", (300, 300), (250, 0, 250)).save(out, "PNG")
    given = SentReference("x", "imagery/x.png", out.getvalue(), "image/png")
    with Image.open(io.BytesIO(draw(sketch(), asked(references=(given,), colours=())))) as picture:
        counts = {colour: count for count, colour in picture.getcolors(1 << 24) or ()}
    assert counts.get((250, 0, 250), 0) > 200 * 200


def test_adapt_changes_nothing() -> None:
    """Adapting is pure: equal in, equal out, and everything asked goes along unchanged."""
    provider, what = sketch(), asked()
    request = provider.adapt(what, "sketch")
    assert request == provider.adapt(what, "sketch")
    assert request.asked is what
    assert (request.prompt, request.references, request.notes) == (what.prompt, what.references, ())
    assert (request.provider, request.model, request.requested_size) == ("sketch", "sketch", "1024x576")
    assert dict(request.parameters) == {}


def test_a_sketch_is_free_and_needs_no_key() -> None:
    """Price and cost are zero, known before and after."""
    provider = sketch()
    request = provider.adapt(asked(Size(64, 64)), "sketch")
    assert provider.price(request) == Decimal(0)
    assert provider.send(request).cost_usd == Decimal(0)
    assert provider.missing_key() is None
    assert (provider.name, provider.default_model, provider.default_workers) == ("sketch", "sketch", 2)
    assert provider.default_per_minute is None


@pytest.mark.parametrize("size", [(63, 64), (64, 63), (4097, 64), (1024, 5000)])
def test_size_outside_the_limits_is_an_error(size: tuple[int, int]) -> None:
    """What can't be drawn is said before drawing, with the next step."""
    provider = sketch()
    (problem,) = provider.check(provider.adapt(asked(Size(*size)), "sketch"))
    assert problem.severity is Severity.ERROR
    assert f"`{size[0]}x{size[1]}`" in problem.message
    assert "64 to 4096" in problem.hint


def test_unknown_model_is_an_error() -> None:
    """The hint names the only route there is."""
    provider = sketch()
    (problem,) = provider.check(provider.adapt(asked(), "watercolour"))
    assert "`watercolour`" in problem.message
    assert "`sketch/sketch`" in problem.hint
    assert provider.check(provider.adapt(asked(Size(64, 4096)), "sketch")) == ()


def test_scripted_failures_reach_the_caller() -> None:
    """Two tries fail as scripted, the third draws; other entries are left alone."""
    provider = sketch(fail=("chapters/ch01/*=transient*2",))
    for _ in range(2):
        with pytest.raises(ProviderError) as caught:
            draw(provider, asked(Size(64, 64)))
        assert caught.value.failure is FailureClass.TRANSIENT
    assert draw(provider, asked(Size(64, 64))).startswith(b"\x89PNG")
    assert draw(provider, asked(Size(64, 64), entry_id="chapters/ch02/img-01")).startswith(b"\x89PNG")


def test_latency_ends_when_the_provider_is_closed() -> None:
    """An hour's wait ends at once with the provider, as a provider stop."""
    provider = sketch(latency=3600.0)
    begun, caught = threading.Event(), []

    def send() -> None:
        request = provider.adapt(asked(Size(64, 64)), "sketch")
        begun.set()
        try:
            provider.send(request)
        except ProviderError as error:
            caught.append(error.failure)

    thread = threading.Thread(target=send)
    thread.start()
    assert begun.wait(10)
    provider.close()
    thread.join(10)
    assert caught == [FailureClass.PROVIDER_STOP]


def test_latency_is_waited() -> None:
    """A sketch takes at least as long as the settings say."""
    provider = sketch(latency=0.05)
    start = monotonic()
    draw(provider, asked(Size(64, 64)))
    assert monotonic() - start >= 0.05
