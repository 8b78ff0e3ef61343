"""Turns what an author asked into a request of Gemini's `generateContent`. Pure.

Gemini takes no exact size, only an aspect ratio and a resolution; the one place that spells these is here, because the
vendor has announced another spelling. Qualities and negative prompts do not exist; a seed is best effort.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chargen.model.request import Asked, Request, SentReference
from chargen.providers.catalogue.model_checks import media_type
from chargen.providers.catalogue.model_sizes import Frame, RatioSizes
from chargen.providers.catalogue.models import Model, bare_id
from chargen.providers.catalogue.prompt_fitting import fit

PROVIDER = "google"
NORMAL_TIMEOUT = 300.0
LONG_TIMEOUT = 600.0
"""Seconds without a byte, and for the whole body once it has begun.

4K pictures were seen to take 280 s with not one byte sent meanwhile.
"""
LARGE_BUCKET = "4K"


def build(asked: Asked, model_id: str, model: Model, quality: str | None) -> Request:
    """Build a request: nearest ratio and smallest covering resolution, references within the limit."""
    fitted = fit(asked, model_id, model.references)
    notes = list(fitted.notes)
    assert isinstance(model.sizes, RatioSizes), f"{model.id} takes no ratios, which this API needs"
    frame = model.sizes.nearest(asked.size)
    if not model.sizes.legal(asked.size):
        notes.append(f"`{model_id}` takes no exact size: {frame} is requested for {asked.size}")
    quality_note = ""
    if quality is not None:
        quality_note = f"quality `{quality}` is ignored: `{PROVIDER}` has no qualities"
        notes.append(quality_note)
    return Request(
        provider=PROVIDER,
        model=bare_id(model_id),
        prompt=fitted.prompt,
        references=fitted.references,
        requested_size=str(frame),
        quality=None,
        parameters=_parameters(frame, asked.seed, model.sizes),
        asked=asked,
        notes=tuple(notes),
        quality_note=quality_note,
    )


def timeout(request: Request, setting: float | None) -> float:
    """Return the seconds to wait for this request; the author's setting wins."""
    if setting is not None:
        return setting
    return LONG_TIMEOUT if request.requested_size.endswith(f" {LARGE_BUCKET}") else NORMAL_TIMEOUT


def contents(request: Request, part: Callable[[SentReference], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return prompt and references, in order: one turn of the user's, each reference as the `part` made of it."""
    return [{"role": "user", "parts": [{"text": request.prompt}, *map(part, request.references)]}]


def inline(reference: SentReference) -> dict[str, Any]:
    """Send a reference along, as the SDK takes it: bytes that are not yet base64."""
    return {"inlineData": {"data": reference.data, "mimeType": media_type(reference)}}


def _parameters(frame: Frame, seed: int | None, rule: RatioSizes) -> dict[str, Any]:
    """Spell the generation settings as they stand on the wire; a model of one resolution takes none."""
    image = {"aspectRatio": str(frame.ratio)}
    if len(rule.buckets) > 1:
        image["imageSize"] = frame.bucket.name
    settings: dict[str, Any] = {"responseModalities": ["IMAGE"], "imageConfig": image}
    if seed is not None:
        settings["seed"] = seed
    return settings
