"""A reply whose record is damaged: used where what else is known of it suffices, so that it isn't bought twice.

Laws: the same inputs have the same fingerprint, so what the folder's name and today's inputs say of a reply is right;
who asked for it and at what price the journal knows, or the entry's own record line, which also knows the delivered
bytes; bytes that are not those, or no picture, are never used. Reads only: the damaged record stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from chargen import __version__
from chargen.errors import ChargenError
from chargen.kinds.record_edits import metadata_of, slots_of
from chargen.model.amounts import amount_of
from chargen.model.entries import Entry
from chargen.model.inputs import Inputs, record_parts
from chargen.model.record import Original, Record
from chargen.model.record_line import RecordLine
from chargen.model.values import EntryId
from chargen.plan.store_answers import NotedJournal, NotedOriginals
from chargen.providers import is_proof
from chargen.store.journal_rows import Attempt, AttemptStatus
from chargen.store.original_store import DamagedOriginal, StoredOriginal
from chargen.store.pictures import described, inspect

NOTE = "the record beside the reply was damaged: this one is made of what else was known, and of the same inputs"
"""Stands in a record that was put together here."""


def mended(
    originals: NotedOriginals, journal: NotedJournal, found: DamagedOriginal, entry: Entry, inputs: Inputs | None
) -> StoredOriginal | None:
    """Return a reply with a damaged record of which enough is known all the same, else None.

    `entry` and `inputs` are today's, of its fingerprint.
    """
    if inputs is None:
        return None
    attempt = journal.attempt(found.attempt) or _attempt_told(entry, found)
    if attempt is None or attempt.fingerprint != found.fingerprint or attempt.status is AttemptStatus.FAILED:
        return None
    return _mended(originals, found, attempt, entry, inputs)


def _attempt_told(entry: Entry, found: DamagedOriginal) -> Attempt | None:
    """Return what the entry's own record line says of an attempt, as far as a row of the journal would."""
    line = entry.record_line
    if line is None or (line.attempt, line.fingerprint) != (found.attempt, found.fingerprint):
        return None
    if line.of is None or not line.by or not line.at:
        return None
    provider, _, model = line.by.partition("/")
    metadata = metadata_of(slots_of(entry))
    return Attempt(
        attempt_id=found.attempt,
        task_id=entry.id,
        run_id="",
        number=1,
        provider=provider,
        model=model,
        fingerprint=found.fingerprint,
        status=AttemptStatus.DONE,
        sent_at=line.at,
        finished_at=line.at,
        request_id=str(metadata["request_id"]) if metadata.get("request_id") else None,
        cost_usd=amount_of(metadata.get("cost_usd")),
    )


def may_be_of(entry: Entry, attempt: Attempt | None, planned: Callable[[EntryId], bool]) -> bool:
    """Say whether a reply may be an entry's, by what the journal knows of it: a sketch and another's are not."""
    if attempt is None:
        return True
    return not is_proof(attempt.provider) and (attempt.task_id == entry.id or not planned(attempt.task_id))


def _mended(
    originals: NotedOriginals, found: DamagedOriginal, attempt: Attempt, entry: Entry, inputs: Inputs
) -> StoredOriginal | None:
    original = _original(originals, found, entry.record_line)
    if original is None:
        return None
    record = Record(
        entry_id=attempt.task_id,
        kind=entry.kind,
        file=entry.file,
        attempt=found.attempt,
        fingerprint=found.fingerprint,
        prompt=inputs.prompt,
        negative_prompt=inputs.negative_prompt,
        asked_size=inputs.size,
        provider=attempt.provider,
        model=attempt.model,
        sent_at=attempt.sent_at,
        received_at=attempt.finished_at or attempt.sent_at,
        chargen_version=__version__,
        parts=record_parts(inputs),
        references=inputs.references,
        notes=(NOTE,),
        request_id=attempt.request_id,
        usage=attempt.usage,
        cost_usd=attempt.cost_usd,
        cost_estimate_usd=attempt.cost_estimate_usd,
        run=attempt.run_id,
        number=attempt.number,
        original=original,
    )
    return StoredOriginal(record, original, found.published)


def _original(originals: NotedOriginals, found: DamagedOriginal, line: RecordLine | None) -> Original | None:
    """Describe the delivered bytes; None where they are no picture, or not what the entry's own record describes."""
    try:
        data = originals.read(found)
        inspect(data)
    except ChargenError:
        return None
    original = described(data)
    if line is not None and line.attempt == found.attempt and line.of not in (None, original.sha256):
        return None
    return replace(original, file=found.file)
