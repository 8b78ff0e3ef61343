"""Which rows of an earlier plan are taken again, and what is kept of a file for the next one.

Laws: rows are taken while all that was read for them gives the same answers, and no option is about them; what was
touched just now is not kept.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

from msgspec import Struct

from chargen.model.values import EntryId, Verdict
from chargen.plan.cache.rows import Head, KeptFile, Row, raw_rows, read_rows
from chargen.plan.disk import Disk
from chargen.plan.fact_sources import PlanOptions
from chargen.plan.read_trace import FILE, IN_TURN, ORIGINAL


class Reuse(Struct, frozen=True, dict=True):
    """What of earlier plans holds; `ignored` are the images left alone on this machine, whatever the options say."""

    disk: Disk
    options: PlanOptions
    ignored: frozenset[EntryId]

    def held(self, kept: KeptFile) -> tuple[Row, ...] | None:
        """Return the rows of a kept file; None where what was read for them changed, or options count."""
        if self.disk.files_digest(kept.paths) != kept.files_digest:
            return None
        if self.disk.trace.answers_digest(kept.reads) != kept.answers_digest:
            return None
        rows = read_rows(kept)
        if rows is None or (self.has_options and any(map(self._counts_for, rows))):
            return None
        # Last, and none behind one that has another answer: what is planned anew takes only what it has need of now.
        return rows if all(self.disk.trace.answer(name) == answer for name, answer in kept.taken) else None

    @cached_property
    def has_options(self) -> bool:
        """Say whether there are options by which some image may have another verdict or route than by none."""
        plain = PlanOptions(selected=self.options.selected, ignored=self.ignored, by_name=self.options.by_name)
        return self.options != plain

    def _counts_for(self, row: Row) -> bool:
        """Say whether an image may have another verdict or route by the options than by none."""
        options = self.options
        if (row.id in options.ignored) != (row.id in self.ignored):
            return True
        if (
            row.id in options.forced
            or row.id in options.placed
            or row.id in options.finals
            or row.id in options.promoted
        ):
            return True
        if options.variants_of(row.id) is not None:
            return True
        if options.provider_of(row.id) is not None and (row.verdict is not Verdict.FRESH or row.route is None):
            return True
        if options.mode is not None and row.verdict.spends:
            return True
        return not options.resume and row.verdict is Verdict.BLOCKED

    def keep(self, file: str, head: Head, rows: tuple[Row, ...], names: Collection[str]) -> KeptFile | None:
        """Return what is to be kept of a file planned anew, for which these questions were asked.

        None where what it was made from was touched just now.
        """
        digest, trace = self.disk.digest(file), self.disk.trace
        looked_at = (name.partition(" ")[2] for name in names if name.startswith(f"{FILE} "))
        paths = tuple(dict.fromkeys((*(row.target for row in rows), *looked_at)))
        originals = (name.partition(" ")[2] for name in names if name.startswith(f"{ORIGINAL} "))
        if not digest or not self.disk.left_alone(paths, originals) or (raw := raw_rows(rows)) is None:
            return None
        reads = tuple(name for name in names if not name.startswith((f"{FILE} ", *IN_TURN)))
        taken = tuple((name, trace.answer(name)) for name in names if name.startswith(IN_TURN))
        answers_digest, files_digest = trace.answers_digest(reads), self.disk.files_digest(paths)
        return KeptFile(digest, head, reads, answers_digest, paths, files_digest, taken, raw)
