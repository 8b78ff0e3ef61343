"""Everything wrong or odd in the input, gathered before anything is spent: files, templates, references, providers.

Reads the disk, changes nothing. A missing key is no problem of the input: it is told when something is to be sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from chargen.errors import Position, Problem, Severity, note, warning
from chargen.model.record import CREDENTIALS_LOST, RecordLine
from chargen.model.traced import Traced
from chargen.model.values import EntryId, Verdict
from chargen.plan.findings import Finding, by_place, findings
from chargen.plan.plan import Plan, Planned
from chargen.plan.requests import asked, objections
from chargen.plan.session import Session
from chargen.providers.catalogue.routes import set_at
from chargen.store.files import FileKind, kind_of


def check(session: Session) -> tuple[Plan, tuple[Finding, ...]]:
    """Plan everything; return the plan and what is wrong or odd, in the order of files and lines."""
    plan = session.plan()
    found = findings(plan)
    told = {finding.problem.message for finding in found}
    more = [finding for finding in _of_providers(session, plan) if finding.problem.message not in told]
    originals = _of_originals(session, {finding.problem.subject for finding in found})
    return plan, by_place([*found, *more, *originals, *_of_credentials(session, plan)])


def _of_providers(session: Session, plan: Plan) -> Iterator[Finding]:
    """Yield what providers say of their requests, each once for all images, at the first place that asks for it.

    Asked of every image, also of one that is fresh: it will be built again some day.
    """
    found: dict[tuple[Severity, str, str], tuple[Position | None, list[EntryId]]] = {}
    for image in plan.images:
        for problem in _of_provider(session, image):
            key = (problem.severity, problem.message, problem.hint)
            found.setdefault(key, (problem.position, []))[1].append(image.id)
    for (severity, message, hint), (position, images) in found.items():
        yield Finding(Problem(severity, message, position, hint), tuple(images))


def _of_originals(session: Session, told: Collection[str]) -> Iterator[Finding]:
    """Yield the replies whose record can't be read, but for `told`, those that an image's own problem is about."""
    for damaged in session.originals.all_damaged():
        folder, reply = (path.relative_to(session.project.root).as_posix() for path in (damaged.folder, damaged.reply))
        if reply not in told:
            hint = f"put `record.json` back into `{folder}` from a backup; the picture made of the reply is not touched"
            yield Finding(
                warning("this reply was paid for, and the record beside it can't be read", Position(reply), hint)
            )


def _of_credentials(session: Session, plan: Plan) -> Iterator[Finding]:
    """Yield the images whose Content Credentials ended with the delivered bytes, as one note."""
    lost = tuple(
        image.id
        for image in plan.images
        if (line := RecordLine.parse(image.entry.outputs.record)) is not None
        and CREDENTIALS_LOST in line.others
        and kind_of(session.project.path(image.target)).kind is not FileKind.ABSENT
    )
    if lost:
        message = "the delivered picture's Content Credentials ended where it was resized or made a PNG"
        hint = "the signed bytes are kept among the originals; the file at the target holds its record"
        yield Finding(note(message, None, hint), lost)


def _of_provider(session: Session, image: Planned) -> Iterator[Problem]:
    if image.route is None or image.composed is None or image.entry.size is None:
        return
    adapter = session.adapters.get(image.route.provider)
    request = adapter.adapt(asked(image), image.route.model)
    declared = image.entry.declared
    chosen = set_at(declared.provider, declared.model, image.route, session.project.settings)
    place = chosen or _position(declared.model) or _position(declared.provider) or image.entry.position
    for problem in objections(adapter, request):
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
