"""Ending in the journal what a process that died had ended everywhere else: picture in place, slots written, no row.

Law: only rows of images whose own record line tells of the file at the target are ended; nothing else is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chargen.model.record import RecordLine
from chargen.model.values import Verdict
from chargen.plan.plan import Planned
from chargen.plan.session import Session
from chargen.store.clock import stamp
from chargen.store.journal_rows import Publication


def settle(session: Session, images: Iterable[Planned]) -> None:
    """Note the images that are done although their rows say that they are being built. Raises InputError."""
    begun = session.journal.building()
    if begun:
        publications = tuple(_publications(session, (image for image in images if image.id in begun)))
        if publications:
            session.journal.done(publications)


def _publications(session: Session, images: Iterable[Planned]) -> Iterator[Publication]:
    now = stamp(session.clock.now(), microseconds=True)
    for image in images:
        line = RecordLine.parse(image.entry.outputs.record)
        if image.verdict is Verdict.FRESH and not image.acts and line is not None:
            yield Publication(image.id, image.target, line.file, line.size, now, line.attempt)
