"""What was spent by all that is known here: this machine's journal, and entries' records of requests it does not know.

A clone has no journal of what others paid for, and a journal can be lost; the entries of the book know both. Laws: a
request counts once, whoever tells of it; a price that nobody tells is unknown, never 0; a picture that no request
brought cost nothing. Amounts are USD.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from chargen import kinds
from chargen.kinds.record_edits import all_slots_of, metadata_of
from chargen.model.amounts import amount_of
from chargen.model.entries import Entry
from chargen.model.record_line import RecordLine
from chargen.model.values import EntryId, Fingerprint
from chargen.plan.book import Book
from chargen.plan.session import Session
from chargen.providers import is_proof
from chargen.store.clock import compact_stamp, moment_of, stamp
from chargen.store.journal_rows import Attempt, AttemptStatus
from chargen.store.spending import Sum, sum_of


class MonthSpent(Struct, frozen=True):
    """What this month has cost: by this machine's `journal`, and by the `records` of requests that it does not know.

    `elsewhere_usd` is what a shared store's ledger tells of requests that neither knows.
    """

    journal: Sum
    records: Sum
    elsewhere_usd: Decimal = Decimal(0)
    aside_usd: Decimal = Decimal(0)
    """What requests in jobs may cost beyond their estimates, which are in the journal's sum."""

    @property
    def total_usd(self) -> Decimal:
        """All that was or may have been billed, as far as it is known."""
        return self.here_usd + self.elsewhere_usd

    @property
    def here_usd(self) -> Decimal:
        """The same without what only a shared store's ledger tells."""
        return self.journal.total_usd + self.records.total_usd + self.aside_usd


def month_spent(session: Session, book: Book, elsewhere: Mapping[str, Decimal] | None = None) -> MonthSpent:
    """Add up the month that it is now, in UTC; `elsewhere` are amounts by attempt of a shared store's ledger."""
    today = session.clock.now()
    since = datetime(today.year, today.month, 1, tzinfo=UTC)
    known, first = session.journal.attempts(), stamp(since, microseconds=True)
    recorded = recorded_attempts(book, known, since)
    journal, records = ([item for item in items if item.sent_at >= first] for items in (known, recorded))
    lines = (line for job in session.batch_jobs.all() if job.begun_at >= first for line in job.waiting)
    aside = sum(((line.most_usd or Decimal(0)) - (line.estimate_usd or Decimal(0)) for line in lines), Decimal(0))
    told = {attempt.attempt_id for attempt in (*journal, *records)}
    more = sum((usd for name, usd in (elsewhere or {}).items() if name not in told), Decimal(0))
    return MonthSpent(sum_of("", journal, is_proof), sum_of("", records, is_proof), more, aside)


def recorded_attempts(book: Book, known: Iterable[Attempt], since: datetime | None = None) -> tuple[Attempt, ...]:
    """Return the requests that entries record and that are not `known`, oldest first, as the journal would have them.

    Only files are read that hold such a record, by what is kept of them; with `since` none that is older.
    """
    names, files = set[str](), set[str]()
    for attempt in known:
        names.add(attempt.attempt_id)
        if attempt.file_sha256 is not None:
            files.add(attempt.file_sha256)
    first = "" if since is None else compact_stamp(since)
    found: dict[str, Attempt] = {}
    for file, head in book.heads.items():
        listed = bool(head.kind) and bool(kinds.named(head.kind).slot_list)
        if not listed and not any(
            claim.file and claim.file not in files and (claim.attempt or "~") >= first and claim.attempt not in names
            for claim in (*head.claims, *head.left_out.values())
        ):
            continue
        for entry in book.entries(file).values():
            for attempt in _told(entry):
                if attempt.attempt_id not in names and attempt.file_sha256 not in files:
                    found.setdefault(attempt.attempt_id, attempt)
    return tuple(sorted(found.values(), key=lambda attempt: (attempt.sent_at, attempt.attempt_id)))


def _told(entry: Entry) -> Iterator[Attempt]:
    """Yield the requests that brought an entry's pictures, by its record lines."""
    for slots in all_slots_of(entry):
        metadata = metadata_of(slots)
        line = RecordLine.parse(metadata.get("record"))
        if line is None or line.by is None:
            continue
        moment = _moment(line, slots.get("generated_at"))
        if moment is None:
            continue
        provider, _, model = line.by.partition("/")
        yield Attempt(
            attempt_id=line.attempt or f"record-{line.of or line.file}",
            task_id=EntryId(entry.id),
            run_id="",
            number=1,
            provider=provider,
            model=model,
            fingerprint=Fingerprint(line.fingerprint),
            status=AttemptStatus.DONE,
            sent_at=stamp(moment, microseconds=True),
            cost_usd=amount_of(metadata.get("cost_usd")),
            file_sha256=line.file,
        )


def _moment(line: RecordLine, generated_at: object) -> datetime | None:
    """Return when a picture's request left, by its attempt; else when the picture came, by its record or its date."""
    if line.attempt is not None:
        try:
            return moment_of(line.attempt.partition("-")[0])
        except ValueError:
            pass
    for told in (line.at, generated_at):
        try:
            moment = datetime.fromisoformat(str(told))
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
