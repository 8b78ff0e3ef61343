"""The full record as JSON: `record.json` beside an original, and the text inside a published PNG.

Laws: writing never fails, because by then the image is paid for; reading is strict about what it knows and passes over
keys it does not know. The same record is always the same text. Pure; must not know where records are kept.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import asdict

from chargen.model.amounts import amount_of
from chargen.model.reason import Reason
from chargen.model.record import Original, Record, RecordedReference, RecordPart
from chargen.model.values import EntryId, FileHash, Fingerprint, Size, is_digest

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
    except (KeyError, TypeError, ValueError) as failure:
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
    width, _, height = _text(value["asked_size"]).partition("x")
    return Record(
        entry_id=EntryId(_text(value["entry_id"])),
        kind=_text(value["kind"]),
        file=_text(value["file"]),
        attempt=_text(value["attempt"]),
        fingerprint=Fingerprint(_digest(value["fingerprint"])),
        prompt=_text(value["prompt"]),
        negative_prompt=_text(value["negative_prompt"]),
        asked_size=Size(int(width), int(height)),
        provider=_text(value["provider"]),
        model=_text(value["model"]),
        sent_at=_text(value["sent_at"]),
        received_at=_text(value["received_at"]),
        chargen_version=_text(value["chargen_version"]),
        parts=tuple(_part(item) for item in value.get("parts", ())),
        references=tuple(
            RecordedReference(_text(item["character"]), _text(item["path"]), FileHash(_digest(item["sha256"])))
            for item in value.get("references", ())
        ),
        requested_size=_text(value.get("requested_size", "")),
        quality=_optional_text(value.get("quality")),
        parameters=_mapping(value.get("parameters", {})),
        sent_prompt=_optional_text(value.get("sent_prompt")),
        notes=_texts(value.get("notes", ())),
        request_id=_optional_text(value.get("request_id")),
        seed=None if value.get("seed") is None else _whole(value["seed"]),
        revised_prompt=_optional_text(value.get("revised_prompt")),
        usage=_mapping(value.get("usage", {})),
        cost_usd=_amount(value.get("cost_usd")),
        cost_estimate_usd=_amount(value.get("cost_estimate_usd")),
        model_version=_optional_text(value.get("model_version")),
        model_sha256=None if value.get("model_sha256") is None else FileHash(_digest(value["model_sha256"])),
        details=_mapping(value.get("details", {})),
        run=_text(value.get("run", "")),
        number=_number_of_try(value.get("number", 1)),
        tier=_optional_text(value.get("tier")),
        after=_optional_text(value.get("after")),
        why=_reasons(value.get("reasons"), _texts(value.get("why", ()))),
        original=None if value.get("original") is None else _original(value["original"]),
    )


def _part(item: Any) -> RecordPart:
    return RecordPart(*(_text(_mapping(item).get(name, "")) for name in ("name", "digest", "text", "source")))


def _reasons(codes: Any, why: Sequence[str]) -> tuple[Reason, ...]:
    """Read reasons by their codes, or by the sentences beside them: all that older records have of them."""
    known = codes if isinstance(codes, list) and len(codes) == len(why) else [None] * len(why)
    return tuple(map(_reason, known, why))


def _reason(code: Any, text: str) -> Reason:
    try:
        return Reason.from_json(code)
    except (TypeError, ValueError, RecursionError):
        return Reason.of_sentence(text)


def _original(item: Any) -> Original:
    return Original(
        FileHash(_digest(item["sha256"])),
        _whole(item["size"]),
        _text(item["media_type"]),
        _whole(item["width"]),
        _whole(item["height"]),
        _text(item["file"]),
        item.get("credentials") is True,
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text expected, not {type(value).__name__}")
    return value


def _optional_text(value: Any) -> str | None:
    return None if value is None else _text(value)


def _texts(value: Iterable[Any]) -> tuple[str, ...]:
    return tuple(_text(item) for item in value)


def _digest(value: Any) -> str:
    if not is_digest(_text(value)):
        raise ValueError("64 hexadecimal digits expected")
    return str(value)


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"whole number expected, not {type(value).__name__}")
    return value


def _number_of_try(value: Any) -> int:
    if _whole(value) > _MOST_TRIES:
        raise ValueError("this number is too large")
    return int(value)


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("mapping expected")
    return value


def _amount(value: Any) -> Decimal | None:
    amount = None if value is None else amount_of(_text(value))
    if amount is None and value is not None:
        raise ValueError("amount expected")
    return amount
