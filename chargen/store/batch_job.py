"""A job of many requests, as far as it is known here. Pure values."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct, field

from chargen.model.batches import BatchState, Upload
from chargen.model.values import EntryId, FileHash, Fingerprint, Routed


class JobLine(Struct, frozen=True):
    """One request of a job: for which entry, of which inputs, and what it costs by estimate and at most, in USD.

    `after` is the attempt whose picture it will replace, where the entry had one when it was sent.
    """

    attempt: str
    entry_id: EntryId
    fingerprint: Fingerprint
    after: str | None = None
    estimate_usd: Decimal | None = None
    most_usd: Decimal | None = None
    named: bool = False
    """The author asked for it by name: its picture takes the place of what stands there, if that is as it was."""
    before: FileHash | None = None
    """Of a named one, the file that stood at its target when it was sent."""
    status: str | None = None
    """Of a named one, what its author said of it then."""


class LastState(Struct, frozen=True):
    """What a vendor said of a job, and when it was asked (ISO UTC); counts as in `BatchStatus`."""

    state: BatchState
    at: str
    total: int | None = None
    done: int | None = None
    failed: int | None = None
    expires_at: str = ""


class BatchJob(Routed, Struct, frozen=True):
    """A job: `name` is random, `server` the address it goes to, `group` what the provider says it is of.

    `begun_at` is when its lines were complete, `creating_at` when its creation began (both ISO UTC; empty before), `id`
    the vendor's, empty where none is known.
    """

    name: str
    provider: str
    model: str
    server: str
    group: str
    run: str
    begun_at: str
    lines: tuple[JobLine, ...]
    uploads: tuple[Upload, ...] = ()
    creating_at: str = ""
    id: str = ""
    last: LastState | None = None
    settled: frozenset[str] = field(default_factory=frozenset)
    """Attempts of which it is known what became of them."""
    mended: bool = False
    """Its own file can't be read, and it was put together from its records: `server` and `uploads` are not known."""

    @property
    def waiting(self) -> tuple[JobLine, ...]:
        """The lines that may still bring a picture."""
        return tuple(line for line in self.lines if line.attempt not in self.settled)

    @property
    def estimate_usd(self) -> Decimal | None:
        """What it costs by estimate; None where a price is unknown."""
        return _sum([line.estimate_usd for line in self.lines])


def _sum(amounts: list[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None
