"""Turns what an author asked into a request of OpenAI's Images API. Pure.

Two kinds of models: those in the vendor's table, which get values they take, and those that only another server
(`base_url`) knows, which get what was asked, unchecked and without defaults, because nobody here knows their rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from chargen.errors import Problem, error
from chargen.model.request import Asked, Request
from chargen.model.values import Size
from chargen.providers.catalogue.model_checks import media_type
from chargen.providers.catalogue.model_sizes import RatioSizes
from chargen.providers.catalogue.models import Model
from chargen.providers.catalogue.prompt_fitting import Fitted, fit

PROVIDER = "openai"
LEGACY_QUALITIES: Mapping[str, str] = {"hd": "high", "standard": "medium"}
"""Words of the retired DALL-E models, still in authors' files."""

NORMAL_TIMEOUT = 300.0
LONG_TIMEOUT = 600.0
"""Seconds without a byte, and for the whole body once it has begun.

High qualities of large pictures were seen to take over 200 s.
"""
LARGE_PIXELS = 2560 * 1440
"""Above this the vendor calls sizes experimental; they take longer."""
MASK_BYTES = 4_000_000
"""As the SDK's own description of `mask` says."""
SLOW_QUALITIES = frozenset({"xhigh", "max"})

_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


def build(asked: Asked, model_id: str, model: Model, quality: str | None) -> Request:
    """Build a request for a known model: nearest legal size, a quality with a price, references within the limit."""
    fitted = fit(asked, model_id, model.references)
    notes = list(fitted.notes)
    assert not isinstance(model.sizes, RatioSizes), f"{model.id} takes ratios, which this API does not"
    size = model.sizes.nearest(asked.size)
    if size != asked.size:
        notes.append(f"`{model_id}` does not make {asked.size}: {size} is requested")
    sent_quality = _quality(quality, model)
    replaced = quality is not None and sent_quality != quality
    quality_note = f"quality `{quality}` is sent as `{sent_quality}`" if replaced else ""
    notes += [quality_note] if quality_note else []
    if asked.seed is not None:
        notes.append(f"seed {asked.seed} is not sent: `{PROVIDER}` has no seed")
    parameters: dict[str, Any] = {"size": str(size)}
    if sent_quality is not None:
        parameters["quality"] = sent_quality
    parameters["output_format"] = "png"
    request = _request(fitted, asked, model_id, size=size, quality=sent_quality, parameters=parameters, notes=notes)
    return replace(request, quality_note=quality_note)


def build_compatible(asked: Asked, model_id: str, limit: int, quality: str | None) -> Request:
    """Build a request for a model of another server: only what the author set, as written.

    A seed is sent, because the local servers that speak this language take one.
    """
    fitted = fit(asked, model_id, limit)
    notes = list(fitted.notes)
    parameters: dict[str, Any] = {"size": str(asked.size)}
    if quality is not None:
        parameters["quality"] = quality
    if asked.seed is not None:
        parameters["seed"] = asked.seed
    return _request(fitted, asked, model_id, size=asked.size, quality=quality, parameters=parameters, notes=notes)


def check_mask(request: Request) -> Iterator[Problem]:
    """Refuse a mask that is larger than the vendor takes."""
    mask, retake = request.mask, request.asked.retake
    if mask is not None and retake is not None and (mask.length or 0) > MASK_BYTES:
        message = f"mask `{mask.label}` has {(mask.length or 0) / 1e6:.1f} MB, `{PROVIDER}` takes at most 4.0 MB"
        yield error(message, retake.position, "save it without colours: only its transparency counts")


def timeout(request: Request, setting: float | None) -> float:
    """Return the seconds to wait for this request; the author's setting wins."""
    if setting is not None:
        return setting
    slow = request.quality in SLOW_QUALITIES or request.asked.size.pixels > LARGE_PIXELS
    return LONG_TIMEOUT if slow else NORMAL_TIMEOUT


def body(request: Request) -> dict[str, Any]:
    """Return what is sent besides the references, live and in a job."""
    return {"model": request.model, "prompt": request.prompt, **request.parameters}


def image_files(request: Request) -> list[tuple[str, bytes, str]]:
    """Return what goes along as (file name, bytes, media type), in order; names say nothing of the author's folders."""
    return [
        (file_name(f"reference-{number}", media_type(reference)), reference.data, media_type(reference))
        for number, reference in enumerate(request.references, start=1)
    ]


def file_name(stem: str, media: str) -> str:
    """Return the name of a file that is sent."""
    return f"{stem}.{_SUFFIXES.get(media, 'png')}"


def _quality(asked: str | None, model: Model) -> str | None:
    """Map a legacy word, and fill in the default; a quality the model lacks stays for the check to refuse."""
    if asked is None:
        return model.default_quality
    return LEGACY_QUALITIES.get(asked, asked) if asked not in model.qualities else asked


def _request(
    fitted: Fitted,
    asked: Asked,
    model_id: str,
    *,
    size: Size,
    quality: str | None,
    parameters: Mapping[str, Any],
    notes: list[str],
) -> Request:
    return Request(
        provider=PROVIDER,
        model=model_id,
        prompt=fitted.prompt,
        references=fitted.references,
        requested_size=str(size),
        quality=quality,
        parameters=parameters,
        asked=asked,
        notes=tuple(notes),
    )
