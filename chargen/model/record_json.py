"""The full record as JSON: `record.json` beside an original, and the text inside a published PNG.

Laws: writing never fails, because by then the image is paid for; reading is strict about what it knows and passes over
keys it does not know. The same record is always the same text. Pure; must not know where records are kept.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import convert
from msgspec.structs import asdict

from chargen.model.amounts import amount_of
from chargen.model.reason import Reason
from chargen.model.record import Record
from chargen.model.values import Size, is_digest

FORMAT = 1
_MOST_TRIES = 1_000_000
"""A larger number is none of a try, and may be one that the journal has no place for."""
_PLAIN = frozenset({str, int, bool, type(None)})


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
