"""What a provider says of a request for an image, due or not: its price, what is wrong or odd in it, and its slots."""

from __future__ import annotations

from dataclasses import replace

from chargen.errors import Severity
from chargen.model.values import Verdict
from chargen.plan.image_request import placed, request_of
from chargen.plan.judge import Judge
from chargen.plan.plan import Offer, Planned


def offer_of(image: Planned, judge: Judge) -> Offer | None:
    """Ask the provider of an image's route, and the file its slots are in; None where no request can be made of it."""
    if image.offer is not None or not image.can_be_requested:
        return image.offer
    request = request_of(image, judge.adapters)
    adapter = judge.adapters.get(request.provider)
    found = list(placed(adapter.check(request), image, request, judge.project.settings))
    if (unwritable := judge.write_back_check.refusal(image)) is not None:
        severity = unwritable.severity if image.verdict is Verdict.BLOCKED else Severity.WARNING
        found.append(replace(unwritable, severity=severity))
    return Offer(adapter.price(request), tuple(found))
