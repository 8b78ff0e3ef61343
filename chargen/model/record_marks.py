"""Marks in an image's record line: what an author said of it, and what the judge must know beside its inputs.

Laws: a line keeps the marks it has when one is set or taken; a mark stands once. Pure.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from msgspec.structs import replace

from chargen.model.reason import ReasonCode, has
from chargen.model.record import Record, RecordLine
from chargen.model.values import FileHash

ANSWERED = ("rejected", "answered")
"""Mark in a record line: the image was made to answer a rejection."""

FORGOTTEN = "forget"
"""Key of a mark in a record line: the author asked for a new image; the value is when, as ISO UTC with microseconds."""

QUALITY = "quality"
"""Key of a mark in a record line: the quality that was declared."""

MODEL_FILE = "model_file"
"""Key of a mark in a record line: the first 8 digits of the hash of the project's file that was the model."""

ACCEPTED = "accepted"
"""Key of a mark in a record line: the author took this file as current for the line's inputs, whatever it was made
from; the value is the route that was declared by then."""

TIER = "tier"
"""Key of a mark in a record line: the tier that asked for the image; a final one has none."""

APPROVED_DRAFT = ("approved", "draft")
"""Mark in a record line: the entry was approved when this took the place of its draft; the author saw that one."""

MADE_AS = "as"
"""Key of a mark in a record line: the name (`SLUG/NAME`) under which the inputs were composed, where it counted among
them and the entry has another one now."""

AFTER = "after"
"""Key of a mark in the record line of a picture that no attempt made: the attempt whose picture it took the place of,
so that both stay versions of one entry, whatever the entry is called."""


def line_of(record: Record, file: FileHash, size: int, at: str) -> RecordLine:
    """Return the line of a file made from a record's original, with the marks the record asks for."""
    line = record.line(file, size, at)
    quality = (quality_mark(record.quality),) if record.quality else ()
    model_file = () if record.model_sha256 is None else (model_file_mark(record.model_sha256),)
    tier = () if record.tier is None else ((TIER, record.tier),)
    answered = (ANSWERED,) if record.answers_rejection else ()
    approved = (APPROVED_DRAFT,) if has(record.why, ReasonCode.DRAFT_APPROVED) else ()
    return replace(line, others=(*line.others, *quality, *model_file, *tier, *answered, *approved))


def quality_mark(quality: str) -> tuple[str, str]:
    """Return the mark that tells the declared quality; a blank in it must not end the word it is in the line."""
    return QUALITY, quote(quality, safe="/:._-+~@")


def model_file_mark(sha256: FileHash) -> tuple[str, str]:
    """Return the mark that tells which file was the model."""
    return MODEL_FILE, sha256[:8]


def quality_of(line: RecordLine) -> str | None:
    """Return the quality an image was made with, or was taken as current for; None where the line tells none."""
    return _told(line, QUALITY)


def tier_of(line: RecordLine) -> str | None:
    """Return the tier that asked for a line's image; None for a final one, and for a sketch."""
    return dict(line.others).get(TIER)


def with_mark(line: RecordLine, mark: tuple[str, str]) -> RecordLine:
    """Return the line with a mark set, once."""
    others = tuple(pair for pair in line.others if pair[0] != mark[0])
    return replace(line, others=(*others, mark))


def forgotten_at(line: RecordLine | None) -> str | None:
    """Return when the author asked for a new image in a line's place; None where nobody did."""
    return dict(line.others).get(FORGOTTEN) if line is not None else None


def accepted_for(line: RecordLine | None) -> str | None:
    """Return the route under which an author took a line's file as current; None where nobody did."""
    return _told(line, ACCEPTED)


def made_as(line: RecordLine | None) -> str:
    """Return the name under which a line's inputs were composed, where the line tells one."""
    return _told(line, MADE_AS) or ""


def _told(line: RecordLine | None, key: str) -> str | None:
    """Return the value of a mark that is written percent-encoded; None where the line has none."""
    value = None if line is None else dict(line.others).get(key)
    return None if value is None else unquote(value)


def with_name(line: RecordLine, name: str) -> RecordLine:
    """Return the line with the name under which its inputs were composed; as it is where there is no name to tell."""
    return with_mark(line, (MADE_AS, quote(name, safe="/:._-+~@"))) if name else line


def last_attempt(line: RecordLine | None) -> str | None:
    """Return the attempt that made a line's file, or was the last before the author's own picture."""
    return None if line is None else line.attempt or dict(line.others).get(AFTER)


def without_mark(line: RecordLine, mark: tuple[str, str]) -> RecordLine:
    """Return the line without a mark, whatever its value."""
    return replace(line, others=tuple(pair for pair in line.others if pair[0] != mark[0]))
