"""Ending in the journal what a process that died had ended everywhere else: picture in place, slots written, no row.

Law: only rows of images whose own record line tells of the file at the target are ended; nothing else is touched.
"""

from __future__ import annotations

from collections.abc import Iterable

from chargen.model.record import PublishedFile
from chargen.model.values import Verdict
from chargen.plan.plan import Planned
from chargen.plan.session import Session
from chargen.store.clock import stamp


def finish_rows(session: Session, images: Iterable[Planned]) -> None:
    """Note the images that are done although their rows say that they are being built. Raises InputError."""
    begun = session.journal.building()
    for image in images if begun else ():
        line = image.entry.record_line
        if image.id in begun and image.verdict is Verdict.FRESH and not image.acts and line is not None:
            now = stamp(session.clock.now(), microseconds=True)
            session.journal.done(image.id, PublishedFile(line.file, line.size, now, image.target), line.attempt)
