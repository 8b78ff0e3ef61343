"""`chargen why TARGET`: a verdict explained as a diff an author can read. Writes nothing.

Law: every reason of the verdict is reported, either as its sentence or in full as the part that changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from chargen.cli.options import image_names, json_option
from chargen.cli.output import GREEN, RED, STRUCK, UNDERLINE, in_colour, say, say_json, styled
from chargen.cli.tables import bold, coloured, dim, moment
from chargen.model.inputs import Change, change_reasons
from chargen.model.reason import is_shared
from chargen.model.record_line import accepted_for
from chargen.model.values import Verdict
from chargen.plan.explain import PartChange, ReferenceChange, ReferenceFate
from chargen.text.money import by_estimate, estimate_text, paid_text
from chargen.text.word_diff import Stretch, StretchKind, marked, plain, shortened

if TYPE_CHECKING:
    from chargen.actions.why import Why
    from chargen.plan.plan import Planned

_NEXT = {
    Verdict.EDITED: "`chargen accept {id}` keeps it as the current picture, `doit --rebuild {id}` replaces it",
    Verdict.LOCKED: "`doit --rebuild {id}` builds it all the same, and keeps the present picture in the history",
    Verdict.NO_PROMPT: "write a `prompt_used` to plan it",
}


@click.command("why")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...", shell_complete=image_names)
@json_option
def command(targets: tuple[str, ...], *, as_json: bool) -> None:
    """Explain why an image has its verdict: what changed since it was made, word by word.

    TARGET is a path, an id or a glob on the id.
    """
    from chargen.actions.why import why  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli.project import planning_here  # noqa: PLC0415 - as above

    with planning_here() as here:
        found = [why(here.session, here.planner, image) for image in here.images(targets)]
    if as_json:
        say_json({"images": [item.to_json() for item in found]})
        return
    for number, item in enumerate(found):
        say([*([""] if number else []), *why_lines(item)])


def why_lines(found: Why) -> Iterator[str]:
    """Yield one image's explanation."""
    image, explanation = found.image, found.explanation
    yield f"{bold(image.id)}  {coloured(image.verdict)}"
    yield dim(f"  planned at {image.position!s}")
    yield from _made(found)
    for attempt in found.unanswered:
        sent = f"sent {moment(attempt.sent_at)} to {attempt.route}; no image came"
        why = (
            "its job is not on record here any more"
            if attempt.is_waiting
            else "a run was killed while a request was in flight"
        )
        yield f"  may have been billed: {why}, {sent}"
    if image.is_former:
        yield f"  {_kept(image)}"
    in_full = set(change_reasons(explanation.differences)) if explanation else set()
    yield from (f"  {reason}" for reason in image.reasons if reason not in in_full)
    for drift in image.drift:
        if drift not in image.reasons:
            tail = "" if image.verdict.spends else "; rebuilt for that only if `rebuild_on` says so"
            yield f"  {drift}{tail}"
    for part in explanation.parts if explanation else ():
        yield ""
        yield from _part(part)
    if explanation and explanation.references:
        yield from ("", bold("references"))
        yield from map(_reference, explanation.references)
    yield from _closing(found)


def _made(found: Why) -> Iterator[str]:
    line, record = found.line, found.record
    if line is None:
        return
    at = moment(record.received_at if record else line.at)
    if not line.by:
        yield f"  taken as it was on {at}"
        return
    price = paid_text(found.cost_usd, estimated=found.is_estimated)
    attempt = f", attempt {line.attempt}" if line.attempt else ""
    yield f"  made {at} by {line.by}, {price}{attempt}"
    if accepted_for(line) is not None:
        yield f"  taken as current for the inputs of {moment(line.at)}, whatever it was made from"


def _kept(image: Planned) -> str:
    """Say as what a picture is kept that would be made otherwise today."""
    if (new := image.newest.size) == image.size:
        return "kept as it was made: a rebuild has other names of colours or characters (`chargen prompt --sent`)"
    return f"kept in {image.size}, the size it was made in: a rebuild makes {new}, which `generation_defaults` asks for"


def _part(part: PartChange) -> Iterator[str]:
    verb = "" if part.change is Change.CHANGED else f" {part.change.value}"
    place = part.source or (f"was {part.was_in}" if part.was_in else "")
    others = " or what is told with it" if is_shared(part.part) else ""
    yield f"{bold(part.name)}{others}{verb}  {dim(place)}".rstrip()
    if not part.known:
        return
    stretches = shortened(part.stretches)
    if not stretches:
        yield "  only blanks, line breaks or the order of the parts changed"
    yield from (f"  {line}" for line in _words(stretches).split("\n") if line.strip())


def _words(stretches: tuple[Stretch, ...]) -> str:
    return marked(stretches, _in_colour, " ") if in_colour() else plain(stretches)


def _in_colour(fate: StretchKind, words: str) -> str:
    if fate is StretchKind.REMOVED:
        return styled(words, RED, STRUCK)
    return styled(words, GREEN, UNDERLINE)


def _reference(item: ReferenceChange) -> str:
    signs = {ReferenceFate.ADDED: "+", ReferenceFate.REMOVED: "-"}
    words = {
        ReferenceFate.ADDED: "added",
        ReferenceFate.REMOVED: "removed",
        ReferenceFate.CHANGED: "is another picture now",
        ReferenceFate.MOVED: f"moved from place {item.was} to {item.number}",
        ReferenceFate.AWAITED: "will be built first",
    }
    name = item.path if item.path else f"number {item.number or item.was}"
    who = f" ({item.character})" if item.character and not item.path else ""
    return f"  {signs.get(item.fate, '~')} {name}{who}  {words[item.fate]}"


def _closing(found: Why) -> Iterator[str]:
    image, explanation = found.image, found.explanation
    if explanation and explanation.forgotten:
        yield from ("", "the old text is not here: only hashes of it are left, in the record in the YAML")
    last = []
    if hint := _NEXT.get(image.verdict):
        last.append(hint.format(id=image.id))
    if found.can_build:
        what = "a rebuild" if image.verdict is not Verdict.MISSING else "building it"
        costs = "has an" if found.rebuild_usd is None else "costs"
        last.append(f"{what} {costs} {by_estimate(estimate_text(found.rebuild_usd))}, with {image.route!s}")
    if last:
        yield from ("", *last)
