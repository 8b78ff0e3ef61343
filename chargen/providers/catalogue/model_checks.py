"""What is wrong with a request before it is paid for: the checks all providers share.

Every problem names its next step. Pure; adapters add what only they know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from chargen.errors import Problem, error, warning
from chargen.model.request import Request, Role, SentReference
from chargen.providers.catalogue.models import Lifecycle, Model, ModelTable, ProviderFacts, route_line
from chargen.text.names import did_you_mean

ROUTES = "[tool.chargen.routes]"


def check_model(table: ModelTable, provider: str, model_id: str, today: date) -> Iterator[Problem]:
    """Say whether `model_id` is gone, going, or not in the table."""
    model = table.find(provider, model_id)
    if model is None:
        message = f"`{model_id}` is not in the model table of {table.facts(provider).as_of}: its price is unknown"
        yield warning(message, hint=did_you_mean(model_id, table.live_ids(provider, today)))
        return
    replacement = model.replacement or table.facts(provider).default_model
    hint = f"add `{route_line(provider, model_id, replacement)}` under {ROUTES}"
    if model.unsupported:
        yield error(f"`{model_id}` {model.unsupported}", hint=hint)
        return
    yield from _check_life(model, model_id, hint, today)


def _check_life(model: Model, model_id: str, hint: str, today: date) -> Iterator[Problem]:
    match model.life(today):
        case Lifecycle.DEAD:
            yield error(f"`{model_id}` was shut down on {model.shutdown}", hint=hint)
        case Lifecycle.DYING:
            assert model.shutdown is not None
            days = (model.shutdown - today).days
            yield warning(
                f"`{model_id}` shuts down on {model.shutdown}, in {days} day{'' if days == 1 else 's'}", hint=hint
            )
        case Lifecycle.DOUBTFUL:
            message = f"`{model_id}` ended on {model.reported_end} by reports that its vendor does not confirm"
            yield warning(f"{message}: requests may fail", hint=hint)
        case Lifecycle.DEPRECATED:
            yield warning(f"`{model_id}` is deprecated since {model.deprecated}", hint=hint)
        case Lifecycle.ALIVE:
            pass


def check_quality(model: Model, model_id: str, quality: str | None) -> Iterator[Problem]:
    """Refuse a quality the model does not have: mapping it to another one would change the price unasked."""
    if quality is not None and model.qualities and quality not in model.qualities:
        known = ", ".join(f"`{name}`" for name in model.qualities)
        yield error(f"`{model_id}` has no quality `{quality}`", hint=f"use one of {known}, or a model that has it")


def check_prompt(prompt: str, facts: ProviderFacts) -> Iterator[Problem]:
    """Refuse an empty prompt and one longer than the provider takes."""
    if not prompt.strip():
        yield error("the prompt is empty", hint="write a prompt for this image")
    if facts.prompt_characters is not None and len(prompt) > facts.prompt_characters:
        message = f"the prompt has {len(prompt):,} characters, `{facts.name}` takes at most {facts.prompt_characters:,}"
        yield error(message, hint="shorten the entry's prompt or the style texts around it")


def check_references(
    references: Sequence[SentReference], limit: int, model_id: str, facts: ProviderFacts
) -> Iterator[Problem]:
    """Refuse references that are too many, too large, or of a type the provider does not take."""
    if len(references) > limit:
        yield error(f"`{model_id}` takes at most {limit} references, not {len(references)}", hint="list fewer of them")
    for reference in references:
        if facts.reference_media and media_type(reference) not in facts.reference_media:
            kinds = ", ".join(facts.reference_media)
            message = f"reference `{reference.label}` is {reference.media_type}, which `{facts.name}` does not take"
            yield error(message, hint=f"save it as one of {kinds}")
        if reference.length == 0:
            yield error(f"reference `{reference.label}` is empty", hint="replace the file")
        length = reference.length or 0
        if facts.reference_bytes is not None and length > facts.reference_bytes:
            size, most = _megabytes(length), _megabytes(facts.reference_bytes)
            message = f"reference `{reference.label}` has {size}, `{facts.name}` takes at most {most} each"
            yield error(message, hint="make the picture smaller")
    total = sum(_base64_length(reference) for reference in references)
    if facts.request_bytes is not None and total > facts.request_bytes:
        message = f"the references come to {_megabytes(total)} as sent, `{facts.name}` takes at most "
        yield error(message + _megabytes(facts.request_bytes), hint="make the pictures smaller, or list fewer of them")


def check_retake(request: Request, *, takes_masks: bool) -> Iterator[Problem]:
    """Refuse what the model can't do of making a picture from another one, at the place where it is asked for."""
    retake, model_id = request.asked.retake, request.model
    if retake is None:
        return
    if not any(each.role is Role.PICTURE for each in request.references):
        message = f"`{model_id}` makes no picture from another one: `retake` needs a model that takes references"
        yield error(message, retake.position, "choose one of those that `chargen models` shows with references")
    elif request.mask is not None and not takes_masks:
        message = f"`{request.provider}` takes no mask: the whole picture may change there"
        yield error(message, retake.position, "take `mask` out, and say in words what is to stay; or choose `openai`")


def media_type(reference: SentReference) -> str:
    """Return the registered spelling: `image/jpg` is refused where `image/jpeg` is taken."""
    return "image/jpeg" if reference.media_type == "image/jpg" else reference.media_type


def _base64_length(reference: SentReference) -> int:
    return -(-(reference.length or 0) // 3) * 4


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB"
