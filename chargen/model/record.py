"""Records: what was asked, sent and received for one image, in full.

As JSON one stands in `record.json` beside an original and in the text inside a published PNG; as one line
(`chargen.model.record_line`) in the YAML. Laws: writing never fails, because by then the image is paid for; reading is
strict about what it knows and passes over keys it does not know. The same record is always the same text. Pure; must
not know where records are kept.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct, convert, field
from msgspec.structs import asdict, replace

from chargen.model.amounts import amount_of
from chargen.model.reason import Reason, ReasonCode, has
from chargen.model.record_line import (
    ANSWERED,
    APPROVED_DRAFT,
    CREDENTIALS_LOST,
    TIER,
    RecordLine,
    model_file_mark,
    quality_mark,
)
from chargen.model.values import Billed, EntryId, FileHash, Fingerprint, Size, is_digest

FORMAT = 1
_MOST_TRIES = 1_000_000
"""A larger number is none of a try, and may be one that the journal has no place for."""
_PLAIN = frozenset({str, int, bool, type(None)})


class RecordPart(Struct, frozen=True):
    """One part of the composed prompt or another input: its name, the first 8 digits of its digest, text and source."""

    name: str
    digest: str
    text: str = ""
    source: str = ""


class RecordedReference(Struct, frozen=True):
    """One reference that was resolved: its character, project-relative path, and the SHA-256 of what was sent."""

    character: str
    path: str
    sha256: FileHash


class Original(Struct, frozen=True):
    """The delivered bytes: hash, size in bytes, sniffed media type, pixels (0 where unknown), name in the folder.

    `credentials` says that they carry Content Credentials, which any change of a byte ends.
    """

    sha256: FileHash
    size: int
    media_type: str
    width: int
    height: int
    file: str
    credentials: bool = False


class Record(Billed, Struct, frozen=True):
    """Everything asked, sent and received for one image. Times are ISO UTC with microseconds; costs are in USD.

    `parameters`, `usage` and `details` hold JSON values. `sent_prompt` is None where the composed prompt was sent as it
    is. `why` are the reasons the image was built for. `original` is filled in when the delivered bytes are stored.
    """

    entry_id: EntryId
    kind: str
    file: str
    attempt: str
    fingerprint: Fingerprint
    prompt: str
    negative_prompt: str
    asked_size: Size
    provider: str
    model: str
    sent_at: str
    received_at: str
    chargen_version: str
    parts: tuple[RecordPart, ...] = ()
    references: tuple[RecordedReference, ...] = ()
    requested_size: str = ""
    quality: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sent_prompt: str | None = None
    notes: tuple[str, ...] = ()
    request_id: str | None = None
    seed: int | None = None
    revised_prompt: str | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    cost_usd: Decimal | None = None
    cost_estimate_usd: Decimal | None = None
    model_version: str | None = None
    model_sha256: FileHash | None = None
    """Of the project's file that `model` names, where a provider's models are files."""
    details: Mapping[str, Any] = field(default_factory=dict)
    run: str = ""
    number: int = 1
    """Which try of its task this was, from 1."""
    why: tuple[Reason, ...] = ()
    tier: str | None = None
    """The tier that asked for it; None for a final image."""
    after: str | None = None
    """The attempt whose image this one replaced, where the entry had a record of one; no input."""
    original: Original | None = None

    @property
    def original_name(self) -> str:
        """What its original is called among the originals: `FINGERPRINT/ATTEMPT`."""
        return f"{self.fingerprint}/{self.attempt}"

    @property
    def answers_rejection(self) -> bool:
        """True where the image was made because its predecessor was rejected."""
        return has(self.why, ReasonCode.REJECTED)

    def line(self, file: FileHash, size: int, at: str) -> RecordLine:
        """Return the one-line form for a published file of `size` bytes, published at `at` (ISO UTC seconds).

        A file that is the delivered bytes holds no text of ours, so its parts stand in the line.
        """
        as_delivered = self.original is not None and self.original.sha256 == file
        lost = self.original is not None and self.original.credentials and self.original.sha256 != file
        return RecordLine(
            self.fingerprint,
            file,
            size,
            f"{self.route}",
            at,
            self.original.sha256 if self.original else None,
            self.attempt,
            tuple((part.name, part.digest) for part in self.parts) if as_delivered else (),
            (CREDENTIALS_LOST,) if lost else (),
        )


class PublishedFile(Struct, frozen=True):
    """A picture that stands, or once stood, at a target: hash and size in bytes of the file, project-relative path.

    `at` is when it was put there or found there, ISO UTC.
    """

    sha256: FileHash
    size: int
    at: str
    file_path: str


def line_of(record: Record, file: FileHash, size: int, at: str) -> RecordLine:
    """Return the line of a file made from a record's original, with the marks the record asks for."""
    line = record.line(file, size, at)
    quality = (quality_mark(record.quality),) if record.quality else ()
    model_file = () if record.model_sha256 is None else (model_file_mark(record.model_sha256),)
    tier = () if record.tier is None else ((TIER, record.tier),)
    answered = (ANSWERED,) if record.answers_rejection else ()
    approved = (APPROVED_DRAFT,) if has(record.why, ReasonCode.DRAFT_APPROVED) else ()
    return replace(line, others=(*line.others, *quality, *model_file, *tier, *answered, *approved))


class RecordError(ValueError):
    """A text that should be a record is none."""


def to_json(record: Record) -> str:
    """Write a record as JSON that is always the same text for the same record; never fails on a provider's values."""
    text = json.dumps(to_dict(record), ensure_ascii=False, sort_keys=True, indent=1)
    # A lone surrogate can't be encoded; the escape this writes instead is JSON's own, so it reads back the same.
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def to_dict(record: Record) -> dict[str, Any]:
    """Return a record as JSON values; never fails on a provider's values."""
    value: dict[str, Any] = asdict(record)
    value["format"] = FORMAT
    value["asked_size"] = str(record.asked_size)
    value["parts"] = [asdict(part) for part in record.parts]
    value["references"] = [asdict(reference) for reference in record.references]
    value["why"] = [str(reason) for reason in record.why]
    value["reasons"] = [reason.to_json() for reason in record.why]
    value["original"] = None if record.original is None else asdict(record.original)
    for name in ("model_sha256", "tier"):
        if value[name] is None:  # so of most, and of every record of before
            del value[name]
    return {name: plain(item) for name, item in value.items()}


def from_json(text: str | bytes) -> Record:
    """Read a record; keys it does not know are passed over. Raises RecordError for anything that is no record."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as failure:
        raise RecordError(f"not JSON: {failure}") from None
    return from_dict(value)


def from_dict(value: Any) -> Record:
    """Read a record from parsed JSON. Raises RecordError."""
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise RecordError("not a record of a known format")
    try:
        return _from_dict(value)
    except (AttributeError, KeyError, TypeError, ValueError) as failure:
        raise RecordError(f"not a record: {type(failure).__name__}: {failure}") from None


def plain(value: Any, depth: int = 32) -> Any:  # noqa: PLR0911 - one return for each sort of value
    """Return `value` as JSON values; what JSON has no form for becomes text, what is nested too deep is cut."""
    if type(value) in _PLAIN:
        return value
    match value:
        case str() | int():
            return value if isinstance(value, str) else int(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping() if depth:
            return {str(key): plain(item, depth - 1) for key, item in value.items()}
        case list() | tuple() if depth:
            return [plain(item, depth - 1) for item in value]
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"
        case _:
            return str(value)


def _from_dict(value: dict[str, Any]) -> Record:
    width, _, height = value["asked_size"].partition("x")
    told = {name: value[name] for name in Record.__struct_fields__ if name in value}
    told["asked_size"] = Size(int(width), int(height))
    told["parts"] = [{"name": "", "digest": "", **item} for item in value.get("parts", ())]
    told["why"] = _reasons(value.get("reasons"), convert(value.get("why", ()), tuple[str, ...]))
    told |= {name: _amount(value[name]) for name in ("cost_usd", "cost_estimate_usd") if name in value}
    record = convert(told, Record)
    digests = [record.fingerprint, record.model_sha256, *(each.sha256 for each in record.references)]
    if record.original is not None:
        digests.append(record.original.sha256)
    if not all(digest is None or is_digest(digest) for digest in digests):
        raise ValueError("64 hexadecimal digits expected")
    if record.number > _MOST_TRIES:
        raise ValueError("this number is too large")
    return record


def _reasons(codes: Any, why: Sequence[str]) -> tuple[Reason, ...]:
    """Read reasons by their codes, or by the sentences beside them: all that older records have of them."""
    known = codes if isinstance(codes, list) and len(codes) == len(why) else [None] * len(why)
    return tuple(map(_reason, known, why))


def _reason(code: Any, text: str) -> Reason:
    try:
        return Reason.from_json(code)
    except (TypeError, ValueError, RecursionError):
        return Reason.of_sentence(text)


def _amount(value: Any) -> Decimal | None:
    amount = amount_of(value) if isinstance(value, str) else None
    if amount is None and value is not None:
        raise ValueError("amount expected")
    return amount
