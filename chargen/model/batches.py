"""Handing a vendor many requests as one job, for a lower price and an answer within a day: what an adapter offers.

Pure values and a protocol. Whoever hands over (`chargen.build`) has put the job's name and all its lines on the disk
before `create`, and the id that the vendor gave it right after; so a job is never made twice, and one whose id was lost
is found by its name. An adapter keeps nothing between two calls: any process can go on with what another began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import BinaryIO, Protocol, TypeAlias

from msgspec import Struct

from chargen.model.request import ProviderError, Reply, Request, SentReference
from chargen.model.values import FileHash


class BatchState(str, Enum):
    """How far a job is. Of those that are over, each may have results: what was made before it ended is charged."""

    QUEUED = "queued"
    """Taken and not begun, or being looked at."""
    RUNNING = "running"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    """Whatever became of its lines, also where all of them failed."""
    FAILED = "failed"
    """As a whole, before any line was tried: nothing was charged."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """True where nothing more comes of it than what can be fetched now."""
        return self in _OVER


_OVER = frozenset({BatchState.COMPLETED, BatchState.FAILED, BatchState.EXPIRED, BatchState.CANCELLED})


class BatchStatus(Struct, frozen=True):
    """What a vendor says of a job. Counts are of lines, None where it does not say; `done` are those that succeeded.

    `expires_at` is ISO UTC, empty where it is unknown: when a job that waits ends, or results of one that is over are
    deleted. `failure` says why a job FAILED: of class TRANSIENT with `rate_limited` where the vendor had no room for
    it (queued tokens, number of jobs), so that its lines may go into a later one; else it is the answer for each line.
    """

    state: BatchState
    total: int | None = None
    done: int | None = None
    failed: int | None = None
    expires_at: str = ""
    failure: ProviderError | None = None


class Upload(Struct, frozen=True):
    """A reference that the vendor keeps, to be named by any number of lines.

    `id` is how the vendor is asked for it and to delete it, `uri` how a line names it (maybe the same). `expires_at` is
    ISO UTC, empty where it is kept until it is deleted.
    """

    sha256: FileHash
    """Of the bytes that were sent."""
    id: str
    uri: str
    media_type: str
    expires_at: str = ""


BatchResult: TypeAlias = "tuple[str, Reply | ProviderError]"
"""A line's key, and what became of it."""


class BatchProvider(Protocol):
    """One vendor's jobs, at one address. Thread-safe; every call tries exactly once and raises ProviderError.

    `Provider.batches` is one, or None. Facts of a model (can it be asked this way, limits, price) are data: `batch` in
    the catalogue. The calls are free, all but `create`.
    """

    def group(self, request: Request) -> str:
        """Return what a job is of: requests of equal groups may share one (an endpoint and a model). Pure."""

    def tokens(self, request: Request) -> int:
        """Estimate the tokens that the vendor counts as queued for a request, on the high side. Pure."""

    def upload(self, reference: SentReference) -> Upload:
        """Bring a reference to the vendor; the bytes that are sent are `reference.data`, upright and of its type.

        It is kept for longer than a job may wait, where the vendor allows that, and not for ever.
        """

    def line(self, key: str, request: Request, uploads: Mapping[FileHash, Upload]) -> bytes:
        r"""Write a request as a line of the job's file, without the final `\n`. Pure.

        `key` is of letters, digits, `-` and `_`, at most 64, and comes back with the result. `uploads` has every
        reference of the request, by the SHA-256 of its `data`.
        """

    def create(self, name: str, group: str, lines: BinaryIO) -> str:
        """Hand a job over and return the id the vendor gave it: upload the file of lines, then make the job of it.

        `lines` is that file, open for reading at its start; it may be too large for the memory.

        `name` is random, of at most 64 letters, digits and `-`; it is put where `find` looks for it, and names the
        uploaded file. No step is tried again by an SDK; a step that can't have made a job (the upload; an answer that
        refuses) may be tried again here. What is raised says whether there may be a job: `in_transit` is set where the
        request that makes it left and no answer to it came, or one that tells nothing (5xx, a gateway's page). Else
        there is none: TRANSIENT with `rate_limited` where the vendor has no room now, PROVIDER_STOP (an account that
        may not), INVALID, REFUSED.
        """

    def find(self, name: str, since: str) -> str | None:
        """Return the id of the job of exactly this name, None where the vendor's list has none.

        The list is read from the newest on, page by page, down to jobs made before `since` (ISO UTC; a clock may be an
        hour wrong).
        """

    def status(self, job_id: str) -> BatchStatus:
        """Ask how far a job is. INVALID where the vendor does not know it (any more)."""

    def results(self, job_id: str, request_of: Callable[[str], Request | None]) -> Iterator[BatchResult]:
        """Yield what became of the lines of a job that is over, in the vendor's order; one line in memory at a time.

        It may be asked again at any time: results stay at the vendor. `request_of` gives the request of a key as far as
        its record tells: its references without bytes; a line of a key that it does not know is passed over.
        A Reply's `cost_usd` is at the price of jobs. A ProviderError is of the classes of a live request (an expired or
        cancelled line: TRANSIENT, not billed; a line whose answer can't be read: AMBIGUOUS, `possibly_billed`). Lines
        without a result are not yielded. A download that breaks raises in the middle.
        """

    def cancel(self, job_id: str) -> None:
        """Ask the vendor to end a job; what it has made by then is charged and can be fetched once it is over."""

    def discard(self, name: str, job_id: str | None, uploads: tuple[Upload, ...]) -> None:
        """Delete what is at the vendor of a job that is collected or was never made: its files, and these references.

        What is gone already is no failure.
        """
