"""Why an image has its verdict: its record, what changed since among its inputs, and what a rebuild costs.

Reads the disk, changes nothing. Old words come from the original's record, else from the picture's own text, else from
another original that was made from the same inputs; where only the line in the YAML is left, there are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from chargen.kinds.record_edits import metadata_of, slots_of
from chargen.model.amounts import amount_of, number
from chargen.model.entries import Entry
from chargen.model.inputs import NEGATIVE, SIZE, Inputs, nearest_form
from chargen.model.reason import NOTHING_REPLACES
from chargen.model.record import Record, RecordedReference
from chargen.model.record_line import RecordLine, accepted_for
from chargen.model.traced import Traced
from chargen.model.values import FileHash
from chargen.plan.explain import Explanation, PartChange, RecordedInputs, ReferenceChange, explain
from chargen.plan.image_request import inputs_of
from chargen.plan.plan import Planned, Unjudged
from chargen.plan.planner import Planner
from chargen.plan.session import Session
from chargen.plan.target_state import TargetState
from chargen.store.journal_rows import Attempt
from chargen.text.word_diff import plain


class Why(Struct, frozen=True):
    """One image explained. `explanation` is None where nothing can be compared.

    `line` is the record of the present file, or the last one where the file is another's work; `record` is all that is
    known of how that image was made, None where only the line is left.
    """

    image: Planned
    line: RecordLine | None
    record: Record | None
    explanation: Explanation | None
    rebuild_usd: Decimal | None
    """What a new image costs by estimate; None where that is unknown, or none can be made."""
    can_build: bool
    """True where a request can be made of the entry, and nothing keeps the present picture where it stands."""
    unanswered: tuple[Attempt, ...] = ()
    """Requests for it that a run that died had in flight: they may have been billed, with no image."""

    @property
    def cost_usd(self) -> Decimal | None:
        """What the present image cost, as its record or the entry's slots tell; None where neither does."""
        return cost_of(self.record, self.image.entry)

    @property
    def is_estimated(self) -> bool:
        """True where that is an estimate."""
        return self.record is not None and self.record.is_estimated

    def to_json(self) -> dict[str, Any]:
        """One element of `images[]` in `why --json`; `made` is null where nothing is known of the picture."""
        image, explanation = self.image, self.explanation
        return {
            "id": image.id,
            "target": image.target,
            "verdict": image.verdict.value,
            "reasons": [str(reason) for reason in image.judgement.reasons],
            "made": self._made(),
            "parts": [_part_json(part) for part in (explanation.parts if explanation else ())],
            "references": [_reference_json(item) for item in (explanation.references if explanation else ())],
            "old_text_known": explanation is not None and not explanation.forgotten,
            "drift": [str(reason) for reason in image.drift],
            "route": str(image.route) if image.route else None,
            "size": str(image.size) if image.size else None,
            "rebuild_size": str(image.newest.size) if image.newest.size else None,
            "rebuild_cost_usd": number(self.rebuild_usd),
        }

    def _made(self) -> dict[str, Any] | None:
        line, record = self.line, self.record
        if line is None:
            return None
        return {
            "at": record.received_at if record else line.at,
            "by": line.by,
            "cost_usd": number(self.cost_usd),
            "cost_estimated": self.is_estimated,
            "attempt": line.attempt,
            "file_sha256": line.file,
            "accepted": accepted_for(line) is not None,
        }


def _part_json(part: PartChange) -> dict[str, Any]:
    return {
        "part": part.part,
        "name": part.name,
        "change": part.change.value,
        "source": part.source or None,
        "was_in": part.was_in or None,
        "before": part.before,
        "after": part.after,
        "diff": plain(part.stretches) if part.known else None,
    }


def _reference_json(item: ReferenceChange) -> dict[str, Any]:
    return {
        "change": item.fate.value,
        "path": item.path or None,
        "character": item.character or None,
        "number": item.number,
        "was": item.was,
    }


def why(session: Session, planner: Planner, image: Planned) -> Why:
    """Explain one image of the plan that `planner` has made."""
    found = planner.evidence.at_target(image.entry, image.fingerprint, certain=True)
    line = found.line or image.entry.record_line
    records = () if line is None else _records(session, planner, image, found, line)
    now = _compared(image, planner.evidence.parts_of(image.entry, found))
    explanation = None
    if line is not None and now is not None:
        explanation = explain(RecordedInputs.of(line, records), now, sources_of(image))
    made = next((record for record in records if line and record.attempt == line.attempt), None)
    kept = any(reason.code in NOTHING_REPLACES for reason in image.reasons)
    offer = None if kept else planner.offer(image)
    lost = tuple(attempt for attempt in session.unanswered() if attempt.task_id == image.id)
    return Why(image, line, made, explanation, None if offer is None else offer.cost_usd, offer is not None, lost)


def _compared(image: Planned, then: Mapping[str, str]) -> Inputs | None:
    """Return the inputs that a record is compared with: by the rules its parts tell it was made by."""
    forms = [inputs for form in image.forms if (inputs := inputs_as_planned(form)) is not None]
    return nearest_form(then, forms) if then and forms else inputs_as_planned(image)


def inputs_as_planned(image: Unjudged) -> Inputs | None:
    """Return the inputs as far as they are known: a reference that is still to be built has an empty digest."""
    references = tuple(
        RecordedReference(item.character, item.path, item.digest or FileHash("")) for item in image.references
    )
    return inputs_of(image, references)


def sources_of(image: Planned) -> Mapping[str, str]:
    """Return where the inputs stand that are no part of the prompt, by the names of `chargen.model.inputs`."""
    written: dict[str, object] = {SIZE: image.entry.data.get("size") or image.entry.data.get("aspect_ratio")}
    if image.composed is not None and image.composed.negatives:
        written[NEGATIVE] = image.composed.negatives[0]
    return {name: str(text.position) for name, text in written.items() if isinstance(text, Traced) and text.position}


def cost_of(record: Record | None, entry: Entry) -> Decimal | None:
    """Return what the present image cost, as its record or the entry's slots tell; None where neither does."""
    if record is not None:
        return record.cost_or_estimate_usd
    return amount_of(metadata_of(slots_of(entry)).get("cost_usd"))


def _records(
    session: Session, planner: Planner, image: Planned, found: TargetState, line: RecordLine
) -> tuple[Record, ...]:
    """Return records that may tell the words of then: of the attempt itself, the picture's own, of the same inputs."""
    originals = session.originals
    records = [*planner.evidence.records_of(image.entry, found, line)]
    if line.attempt is not None and originals.find(line.attempt, line.fingerprint) is None:
        stored = originals.of_attempt(line.attempt)  # a line that was accepted tells other inputs than its attempt's
        records[:0] = [] if stored is None else [stored.record]
    return (*records, *(stored.record for stored in originals.for_fingerprint(line.fingerprint)))
