"""What a provider says of a request for an image, due or not: its price, what is wrong or odd in it, and its slots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chargen.config.settings import Settings
from chargen.errors import Position, Problem, Severity, note
from chargen.model.request import Provider, Request
from chargen.model.traced import Traced
from chargen.model.values import Route, Verdict
from chargen.plan.image_request import request_of
from chargen.plan.judge import Judge
from chargen.plan.plan import Offer, Planned
from chargen.providers.catalogue.routes import set_at


def offer_of(image: Planned, judge: Judge) -> Offer | None:
    """Ask the provider of an image's route, and the file its slots are in; None where no request can be made of it."""
    if not image.can_be_requested or image.route is None:
        return None
    request = request_of(image, judge.adapters)
    adapter = judge.adapters.get(request.provider)
    found = list(_problems(image, image.route, adapter, request, judge.project.settings))
    if (unwritable := judge.write_back_check.refusal(image)) is not None:
        severity = unwritable.severity if image.verdict is Verdict.BLOCKED else Severity.WARNING
        found.append(replace(unwritable, severity=severity))
    return Offer(adapter.price(request), tuple(found))


def _problems(
    image: Planned, route: Route, adapter: Provider, request: Request, settings: Settings
) -> Iterator[Problem]:
    declared = image.entry.declared
    chosen = set_at(declared.provider, declared.model, route, settings)
    place = chosen or _position(declared.model) or _position(declared.provider) or image.entry.position
    for problem in adapter.check(request):
        stops = problem.severity is Severity.ERROR
        # What stops only a new picture is odd, and no error, where the image exists.
        severity = Severity.WARNING if stops and image.verdict is not Verdict.BLOCKED else problem.severity
        yield replace(
            problem, severity=severity, position=problem.position or (image.entry.position if stops else place)
        )
    if request.quality_note:  # other adaptations are every image's own: `chargen prompt --sent` shows them
        yield note(request.quality_note, _position(declared.quality))


def _position(text: Traced | None) -> Position | None:
    return text.position if text is not None else None
