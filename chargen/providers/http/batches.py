"""The part that is the same in every vendor's jobs: calls that cost nothing, and files of results read line by line.

Laws: asking how a job is, fetching and deleting cost nothing, so none of their failures tells that something may have
been billed; only the call that makes a job is in doubt where no answer to it came. One line of a file is in memory at
a time. Pure, but for what is called.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from chargen.model.batches import BatchResult, BatchStatus
from chargen.model.request import FailureClass, ProviderError, Reply, Request, SentReference
from chargen.model.values import FileHash
from chargen.providers.http.failures import MAYBE_BILLED, Answer, ambiguous

T = TypeVar("T")
CALL_SECONDS = 60.0
"""For a call that only asks: vendors answer within one or two."""
UPLOAD_SECONDS = 120.0
SLOWEST_UPLOAD = 100_000
"""Bytes a second below which an upload is given up."""
CLOCKS_APART = timedelta(hours=1)
_UNCERTAIN = frozenset({408, 499})
"""Said where a request was not waited for until its end; so does every 5xx."""
_GONE = frozenset({403, 404, 410})
"""Google says 403 of a file that is no more."""
_KEY = re.compile(rb'"(?:custom_id|key)"\s*:\s*"([\w-]{1,64})"')


def upload_seconds(size: int) -> float:
    """Return how long bringing so many bytes may take."""
    return UPLOAD_SECONDS + size / SLOWEST_UPLOAD


def digest(reference: SentReference) -> FileHash:
    """Return the hash of the bytes that are sent of a reference, by which its upload is known."""
    return FileHash(hashlib.sha256(reference.data).hexdigest())


def free(call: Callable[[], T]) -> T:
    """Return what a call that costs nothing gives. Raises ProviderError that tells of nothing billed."""
    try:
        return call()
    except ProviderError as failure:
        unbilled(failure)
        raise


def free_bytes(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a reply that costs nothing. Raises ProviderError, as `free` does."""
    while (chunk := free(lambda: next(chunks, None))) is not None:
        yield chunk


def unbilled(failure: ProviderError) -> ProviderError:
    """Take from a failure that something may have been billed; what was uncertain may simply be asked again."""
    failure.possibly_billed = False
    if failure.failure is FailureClass.AMBIGUOUS:
        failure.failure, failure.hint = FailureClass.TRANSIENT, ""
    return failure


def making(call: Callable[[], str]) -> str:
    """Return the id of the job that `call` makes. Raises ProviderError, `in_transit` where it may have been made."""
    try:
        return call()
    except ProviderError as failure:
        status = failure.status or 0
        failure.in_transit = failure.possibly_billed or status >= 500 or status in _UNCERTAIN
        raise


def named_job(told: Any) -> str:
    """Return the id of a job that was made, as the vendor tells it. Raises ProviderError: there may be one."""
    if not isinstance(told, str) or not told:
        raise ambiguous("what the vendor answered names no job", hint=MAYBE_BILLED)
    return told


def as_job(answer: Answer) -> dict[str, Any]:
    """Return what an answer tells of a job. Raises ProviderError."""
    told = answer.json
    if not isinstance(told, dict):
        raise ProviderError(FailureClass.TRANSIENT, "what the vendor answered is not a job")
    return told


def end_job(cancel: Callable[[], object], status: Callable[[], BatchStatus]) -> None:
    """Ask for the end of a job; one that has ended needs none. Raises ProviderError."""
    try:
        free(cancel)
    except ProviderError as failure:
        if failure.status not in (400, 409) or not status().state.is_over:
            raise


def known(call: Callable[[], T]) -> T | None:
    """Return what a free call gives, None where what it asks for is gone. Raises ProviderError."""
    try:
        return free(call)
    except ProviderError as failure:
        if failure.status not in _GONE:
            raise
    return None


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    r"""Yield the lines of a file as it comes, each with its `\n`; only that ends a line."""
    parts: list[bytes] = []
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            line = b"".join((*parts, piece, b"\n"))
            parts.clear()
            yield line
            del line
        parts.append(rest)
    if last := b"".join(parts):
        yield last


def results(
    lines: Iterable[bytes],
    key_name: str,
    request_of: Callable[[str], Request | None],
    read: Callable[[Mapping[str, Any], Request], Reply],
) -> Iterator[BatchResult]:
    """Yield what became of each line of a file of results, in its order; `read` raises ProviderError.

    Raises ProviderError where the file ends amid a line: its download broke.
    """
    for line in lines:
        result = _result(line, key_name, request_of, read)
        del line  # megabytes, while the result is stored
        if result is not None:
            yield result
            del result


def _result(
    line: bytes,
    key_name: str,
    request_of: Callable[[str], Request | None],
    read: Callable[[Mapping[str, Any], Request], Reply],
) -> BatchResult | None:
    value = Answer(200, line.decode("utf-8", "replace")).json
    readable = isinstance(value, dict) and isinstance(value.get(key_name), str)
    if not readable and line.strip() and not line.endswith(b"\n"):
        raise ProviderError(FailureClass.TRANSIENT, "the file of results ended amid a line")
    found = _KEY.search(line)
    key = value[key_name] if readable else found[1].decode() if found else ""
    request = request_of(key) if key else None
    if request is None:
        return None
    if not readable:
        return key, ambiguous("the line of this image in the file of results can't be read", hint=MAYBE_BILLED)
    try:
        return key, read(value, request)
    except ProviderError as failure:
        return key, failure.with_traceback(None)  # which holds the line


def iso(moment: float | str | None, later: timedelta = timedelta()) -> str:
    """Return a vendor's moment (seconds since 1970, or ISO with `Z`), or one so much later, as ISO UTC; else empty."""
    read = _moment(moment)
    return "" if read is None else (read + later).isoformat(timespec="seconds")


def is_before(moment: float | str | None, since: str) -> bool:
    """Say whether a vendor's moment is surely before `since` (ISO UTC), whatever both clocks say."""
    read, bound = _moment(moment), _moment(since)
    return read is not None and bound is not None and read < bound - CLOCKS_APART


def _moment(moment: float | str | None) -> datetime | None:
    if isinstance(moment, str):
        try:
            read = datetime.fromisoformat(moment)
        except ValueError:
            return None
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    if not moment:
        return None
    return datetime.fromtimestamp(moment, UTC)
