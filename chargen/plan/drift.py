"""Drift: a declared provider, model or quality that differs from what made the present picture. No input. Pure."""

from __future__ import annotations

from chargen.config.settings import RebuildOn
from chargen.model.reason import Reason, ReasonCode
from chargen.model.record import RecordLine
from chargen.model.record_marks import MODEL_FILE, model_file_mark, quality_of
from chargen.plan.plan import Unjudged

_DRIFTS = {
    ReasonCode.PROVIDER_CHANGED: RebuildOn.PROVIDER,
    ReasonCode.MODEL_CHANGED: RebuildOn.MODEL,
    ReasonCode.QUALITY_CHANGED: RebuildOn.QUALITY,
}


def name_of_drift(reason: Reason) -> str:
    """Return the word by which `rebuild_on` names what a reason says to have changed."""
    named = _DRIFTS.get(reason.code)
    return str(reason.values[0]) if named is None else named.value


def drift_of(line: RecordLine | None, image: Unjudged, quality: str | None) -> tuple[Reason, ...]:
    """Return what differs; nothing where it is unknown who made the picture. `quality` is the one declared now."""
    route = image.route
    if line is None or not line.by or route is None:
        return ()
    provider, _, model = line.by.partition("/")
    found = []
    if provider != route.provider:
        found.append(Reason(ReasonCode.PROVIDER_CHANGED, (provider, route.provider)))
    elif model != route.model:
        found.append(Reason(ReasonCode.MODEL_CHANGED, (model, route.model)))
    made_with = quality_of(line)
    if made_with and quality and made_with != quality:
        found.append(Reason(ReasonCode.QUALITY_CHANGED, (made_with, str(quality))))
    made_by = dict(line.others).get(MODEL_FILE)
    if made_by and image.model_file is not None and line.by == str(route):
        name, digest = image.model_file
        if model_file_mark(digest)[1] != made_by:
            found.append(Reason(ReasonCode.MODEL_FILE_CHANGED, (name, route.model)))
    return tuple(found)
