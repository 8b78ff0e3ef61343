"""What an image asks of a provider: put together from its plan and adapted to its route; and where it goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from chargen.config.settings import Settings
from chargen.errors import Position, Problem, Severity, note
from chargen.images.sniff import PNG
from chargen.model.inputs import Inputs
from chargen.model.record import RecordedReference
from chargen.model.request import Asked, Request, Role, SentReference, SentRetake
from chargen.model.traced import Traced
from chargen.plan.plan import PlannedReference, Shown, Unjudged
from chargen.providers.catalogue.routes import set_at
from chargen.providers.registry import Adapters


def inputs_of(image: Unjudged, references: Iterable[RecordedReference]) -> Inputs | None:
    """Return the inputs of an image with these references; None while something of them is not known."""
    composed, size = image.composed, image.entry.size
    retake = None if image.retake is None else image.retake.inputs
    if composed is None or size is None or (image.retake is not None and retake is None):
        return None
    return Inputs(composed.text, composed.negative, tuple(references), size, composed, retake)


def asked(image: Unjudged, sent: tuple[SentReference, ...] | None = None, variant: int = 1) -> Asked:
    """Put together what the author asks for; without `sent`, references stand there without their bytes.

    A further variant has a seed of its own, where its provider takes one, and says which it is where it has a caption.
    """
    assert image.composed is not None
    assert image.entry.size is not None
    retake = image.retake
    if sent is None:
        sent = tuple(map(_unread, image.references))
        if retake is not None:
            sent = (*sent, replace(_unread(retake.picture), role=Role.PICTURE))
            sent += () if retake.mask is None else (replace(_unread(retake.mask), role=Role.MASK),)
    by_role = {item.role: item for item in sent}
    return Asked(
        prompt=image.composed.text if retake is None else retake.instruction,
        negative_prompt=image.composed.negative if retake is None else "",
        references=tuple(item for item in sent if item.role is Role.REFERENCE),
        retake=None if retake is None else SentRetake(by_role[Role.PICTURE], by_role.get(Role.MASK), retake.position),
        size=image.entry.size,
        quality=image.quality,
        seed=variant if variant > 1 else None,
        entry_id=image.id,
        title=f"{image.entry.title} ({variant})" if variant > 1 else image.entry.title,
        colours=image.entry.colours,
        words=_own_words(image),
    )


def _own_words(image: Unjudged) -> str:
    if image.retake is not None:
        return image.retake.instruction
    return image.entry.prompt or " ".join(part.text for part in image.entry.parts)


def _unread(item: PlannedReference) -> SentReference:
    media_type = item.media_type or PNG
    return SentReference(
        item.character, item.path, b"", media_type, item.appearance, name=item.name, unread=True, size=item.size
    )


def request_of(
    image: Unjudged, adapters: Adapters, sent: tuple[SentReference, ...] | None = None, variant: int = 1
) -> Request:
    """Adapt what is asked to the image's route, with the references' bytes where they are given."""
    assert image.route is not None
    return adapters.get(image.route.provider).adapt(asked(image, sent, variant), image.route.model)


def elsewhere(images: Iterable[Shown], adapters: Adapters) -> tuple[Problem, ...]:
    """Say, once for each provider, where the requests of images go that the project's settings send elsewhere."""
    names = dict.fromkeys(image.route.provider for image in images if image.sends and image.route is not None)
    return tuple(problem for name in names for problem in adapters.elsewhere(name))


def placed(
    found: Iterable[Problem], image: Unjudged, request: Request, settings: Settings, *, blocks: bool
) -> Iterator[Problem]:
    """Yield what an adapter says of a request with its place: where its model was chosen, else the entry.

    What stops only a new picture is odd, and no error, where that does not block the image.
    """
    declared = image.entry.declared
    chosen = set_at(declared.provider, declared.model, request.route, settings)
    place = chosen or _position(declared.model) or _position(declared.provider) or image.entry.position
    for problem in found:
        stops = problem.severity is Severity.ERROR
        told = problem.as_warning() if stops and not blocks else problem
        yield told if told.position else told.at(image.entry.position if stops else place)
    if request.quality_note:  # other adaptations are every image's own: `chargen prompt --sent` shows them
        yield note(request.quality_note, _position(declared.quality))


def _position(text: Traced | None) -> Position | None:
    return text.position if text is not None else None
