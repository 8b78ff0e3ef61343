"""What an image asks of a provider: put together from its plan and adapted to its route; and where it goes."""

from __future__ import annotations

from collections.abc import Iterable

from chargen.errors import Problem
from chargen.images.sniff import PNG
from chargen.model.request import Asked, Request, SentReference
from chargen.plan.plan import Planned, Shown
from chargen.providers.registry import Adapters


def asked(image: Planned, sent: tuple[SentReference, ...] | None = None) -> Asked:
    """Put together what the author asks for; without `sent`, references stand there without their bytes."""
    assert image.composed is not None
    assert image.entry.size is not None
    references = sent
    if references is None:
        references = tuple(
            SentReference(
                item.character,
                item.path,
                b"",
                item.media_type or PNG,
                item.appearance,
                name=item.name,
                unread=True,
                size=item.size,
            )
            for item in image.references
        )
    return Asked(
        prompt=image.composed.text,
        negative_prompt=image.composed.negative,
        references=references,
        size=image.entry.size,
        quality=image.quality,
        entry_id=image.id,
        title=image.entry.title,
        colours=image.entry.colours,
    )


def request_of(image: Planned, adapters: Adapters, sent: tuple[SentReference, ...] | None = None) -> Request:
    """Adapt what is asked to the image's route, with the references' bytes where they are given."""
    assert image.route is not None
    return adapters.get(image.route.provider).adapt(asked(image, sent), image.route.model)


def elsewhere(images: Iterable[Shown], adapters: Adapters) -> tuple[Problem, ...]:
    """Say, once for each provider, where the requests of images go that the project's settings send elsewhere."""
    names = dict.fromkeys(image.route.provider for image in images if image.verdict.spends and image.route is not None)
    return tuple(problem for name in names for problem in adapters.elsewhere(name))
