"""One image explained, for people and as JSON.

Law: every reason of the verdict is told, either as its sentence or in full as the part that changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from chargen.actions.why import Why, cost_of
from chargen.cli.reading import in_colour, moment, number
from chargen.cli.tables import coloured, cost_text, dim, estimate_text
from chargen.model.inputs import Change, change_reasons
from chargen.model.record_marks import accepted_for
from chargen.model.values import Verdict
from chargen.plan.explain import PartChange, ReferenceChange, ReferenceFate
from chargen.store.files import printable
from chargen.text.word_diff import Fate, Run, marked, plain, shortened

_NEXT = {
    Verdict.EDITED: "`chargen accept {id}` keeps it as the current picture, `doit run --rebuild {id}` replaces it",
    Verdict.LOCKED: "`doit run --rebuild {id}` builds it all the same, and keeps the present picture in the history",
    Verdict.NO_PROMPT: "write a `prompt_used` to plan it",
}


def lines(found: Why) -> Iterator[str]:
    """Yield one image's explanation."""
    image, explanation = found.image, found.explanation
    yield f"{click.style(printable(image.id), bold=True)}  {coloured(image.verdict)}"
    yield dim(f"  planned at {printable(str(image.entry.position))}")
    yield from _made(found)
    told = set(change_reasons(explanation.differences)) if explanation else set()
    yield from (f"  {printable(str(reason))}" for reason in image.judgement.reasons if reason not in told)
    for drift in image.drift:
        if drift not in image.judgement.reasons:
            yield f"  {printable(str(drift))}; rebuilt for that only if `rebuild_on` says so"
    for part in explanation.parts if explanation else ():
        yield ""
        yield from _part(part)
    if explanation and explanation.references:
        yield from ("", click.style("references", bold=True))
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
    price = cost_text(cost_of(record, found.image.entry))
    attempt = f", attempt {printable(line.attempt)}" if line.attempt else ""
    yield f"  made {at} by {printable(line.by)}, {price}{attempt}"
    if accepted_for(line) is not None:
        yield f"  taken as current for the inputs of {moment(line.at)}, whatever it was made from"


def _part(part: PartChange) -> Iterator[str]:
    verb = "" if part.change is Change.CHANGED else f" {part.change.value}"
    place = part.source or (f"was {part.was_in}" if part.was_in else "")
    yield f"{click.style(printable(part.name), bold=True)}{verb}  {dim(printable(place))}".rstrip()
    if not part.known:
        return
    runs = shortened(part.runs)
    if not runs:
        yield "  only blanks, line breaks or the order of the parts changed"
    yield from (f"  {line}" for line in _words(runs).split("\n") if line.strip())


def _words(runs: tuple[Run, ...]) -> str:
    safe = tuple(Run(run.fate, "\n".join(printable(line) for line in run.text.split("\n"))) for run in runs)
    return marked(safe, _in_colour, " ") if in_colour() else plain(safe)


def _in_colour(fate: Fate, words: str) -> str:
    if fate is Fate.REMOVED:
        return click.style(words, fg="red", strikethrough=True)
    return click.style(words, fg="green", underline=True)


def _reference(item: ReferenceChange) -> str:
    signs = {ReferenceFate.ADDED: "+", ReferenceFate.REMOVED: "-"}
    words = {
        ReferenceFate.ADDED: "added",
        ReferenceFate.REMOVED: "removed",
        ReferenceFate.CHANGED: "is another picture now",
        ReferenceFate.MOVED: f"moved from place {item.was} to {item.number}",
        ReferenceFate.AWAITED: "will be built first",
    }
    name = printable(item.path) if item.path else f"number {item.number or item.was}"
    who = f" ({printable(item.character)})" if item.character and not item.path else ""
    return f"  {signs.get(item.fate, '~')} {name}{who}  {words[item.fate]}"


def _closing(found: Why) -> Iterator[str]:
    image, explanation = found.image, found.explanation
    if explanation and explanation.forgotten:
        yield from ("", "the old text is not here: only hashes of it are left, in the record in the YAML")
    last = []
    if hint := _NEXT.get(image.verdict):
        last.append(hint.format(id=printable(image.id)))
    if found.can_build:
        what = "a rebuild" if image.verdict is not Verdict.MISSING else "building it"
        last.append(f"{what} costs {estimate_text(found.rebuild_usd)} by estimate, with {printable(str(image.route))}")
    if last:
        yield from ("", *last)


def as_object(found: Why) -> dict[str, Any]:
    """Return one element of `images[]` in `why --json`."""
    image, explanation = found.image, found.explanation
    return {
        "id": image.id,
        "target": image.target,
        "verdict": image.verdict.value,
        "reasons": [str(reason) for reason in image.judgement.reasons],
        "made": _made_object(found),
        "parts": [_part_object(part) for part in (explanation.parts if explanation else ())],
        "references": [_reference_object(item) for item in (explanation.references if explanation else ())],
        "old_text_known": explanation is not None and not explanation.forgotten,
        "drift": [str(reason) for reason in image.drift],
        "route": str(image.route) if image.route else None,
        "rebuild_cost_usd": number(found.rebuild_usd),
    }


def _made_object(found: Why) -> dict[str, Any] | None:
    line, record = found.line, found.record
    if line is None:
        return None
    return {
        "at": record.received_at if record else line.at,
        "by": line.by,
        "cost_usd": number(cost_of(record, found.image.entry)),
        "attempt": line.attempt,
        "file_sha256": line.file,
        "accepted": accepted_for(line) is not None,
    }


def _part_object(part: PartChange) -> dict[str, Any]:
    return {
        "part": part.part,
        "name": part.name,
        "change": part.change.value,
        "source": part.source or None,
        "was_in": part.was_in or None,
        "before": part.before,
        "after": part.after,
        "diff": plain(part.runs) if part.known else None,
    }


def _reference_object(item: ReferenceChange) -> dict[str, Any]:
    return {
        "change": item.fate.value,
        "path": item.path or None,
        "character": item.character or None,
        "number": item.number,
        "was": item.was,
    }
