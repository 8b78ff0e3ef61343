"""A composed prompt with the source of each part, and the request that an image's provider gets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chargen.errors import InputError, Severity, error
from chargen.model.amounts import number
from chargen.model.request import Request
from chargen.plan.compose import Composed
from chargen.plan.image_request import request_of
from chargen.plan.judge import part_of
from chargen.plan.plan import Planned
from chargen.plan.planner import Planner


class ComposedPrompt(Struct, frozen=True):
    """The composed prompt of an image."""

    image: Planned
    composed: Composed

    def to_json(self) -> dict[str, Any]:
        """The object of `prompt --json`.

        `prompt` is the text that is hashed and `segments[]` (text, name, source) joined are the same; `negative_prompt`
        has its `negative_sources[]`; `left_out[]` are parts of an entry's fields that did not fit (name, source, how
        many characters were kept, of how many); `references[]`: path, character, built.
        """
        image, composed = self.image, self.composed
        return {
            "id": image.id,
            "target": image.target,
            "prompt_file": image.prompt_file,
            "size": str(image.entry.size) if image.entry.size else None,
            "prompt": composed.text,
            "segments": [{"text": part.text, "name": part.name, "source": part.source} for part in composed.segments],
            "negative_prompt": composed.negative,
            "negative_sources": [str(text.position) for text in composed.negatives if text.position],
            "left_out": [
                {"name": part.name, "source": part.source, "kept": part.kept, "length": part.length}
                for part in composed.left_out
            ],
            "references": [
                {"path": item.path, "character": item.character or None, "built": item.digest is not None}
                for item in image.references
            ],
        }


class ComparedPrompt(Struct, frozen=True):
    """The composed prompt of an image that has a prompt, and what its fields would make without that."""

    shown: ComposedPrompt
    of_fields: ComposedPrompt

    def to_json(self) -> dict[str, Any]:
        """The object of `prompt --compare --json`: that of `prompt --json`, and another one of it as `of_fields`."""
        return {**self.shown.to_json(), "of_fields": self.of_fields.to_json()}


class SentRequest(Struct, frozen=True):
    """What an image's provider gets, and what it costs by estimate and at most (None where unknown)."""

    image: Planned
    request: Request
    cost_usd: Decimal | None
    most_usd: Decimal | None

    def to_json(self) -> dict[str, Any]:
        """The object of `prompt --sent --json`: `notes[]` tell each adaptation in a sentence."""
        request = self.request
        return {
            "id": self.image.id,
            "target": self.image.target,
            "provider": request.provider,
            "model": request.model,
            "prompt": request.prompt,
            "references": [{"path": item.label, "character": item.character or None} for item in request.references],
            "mask": None if request.mask is None else request.mask.label,
            "requested_size": request.requested_size,
            "asked_size": str(request.asked.size),
            "quality": request.quality,
            "parameters": dict(request.parameters),
            "notes": list(request.notes),
            "cost_usd": number(self.cost_usd),
            "most_usd": number(self.most_usd),
        }


def composed_prompt(image: Planned) -> ComposedPrompt:
    """Return an image's composed prompt. Raises InputError where it has none or can't be composed."""
    if image.composed is None:
        raise _nothing(image)
    return ComposedPrompt(image, image.composed)


def compared_prompt(image: Planned, planner: Planner) -> ComparedPrompt:
    """Compose an image's fields beside its prompt. Raises InputError where it has not both."""
    shown, place = composed_prompt(image), image.entry.position
    if image.is_structured:
        hint = f"`chargen prompt {image.id}` shows it"
        raise InputError(
            error(
                f"`{image.id}` has no prompt of its own, so there is nothing to compare: its fields make it",
                place,
                hint,
            )
        )
    other = planner.of_fields(image)
    if other is None:
        hint = "write a `visual_description`, a `narrative_context` or a `description`: that makes one"
        raise InputError(error(f"the fields of `{image.id}` make no prompt", place, hint))
    return ComparedPrompt(shown, composed_prompt(other))


def sent_request(image: Planned, planner: Planner, provider: str | None = None) -> SentRequest:
    """Return the request for a new picture of an image, for `provider` instead of its route if given.

    Raises InputError.
    """
    image, adapters = image.newest, planner.judge.adapters
    route = adapters.override(provider) if provider is not None else image.route
    routed = replace(image, route=route)
    if not routed.can_be_requested:
        raise _nothing(image)
    request = request_of(routed, adapters)
    adapter = adapters.get(request.provider)
    part = planner.judge.batch_price(request.route)
    return SentRequest(image, request, part_of(adapter.price(request), part), part_of(adapter.most(request), part))


def _nothing(image: Planned) -> InputError:
    problems = [problem for problem in image.problems if problem.severity is not Severity.NOTE]
    if problems:
        return InputError(problems)
    return InputError(error(f"`{image.id}` has no prompt", image.entry.position, "write `prompt_used` for it"))
