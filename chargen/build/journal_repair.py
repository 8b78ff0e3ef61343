"""Ending in the journal what a process that died had ended everywhere else: picture in place, slots written, no row.

Law: only rows of images whose own record line describes the file at the target are ended; nothing else is touched.
"""

from __future__ import annotations

from chargen.model.record import PublishedFile
from chargen.model.values import Verdict
from chargen.plan.planner import Planner
from chargen.plan.session import Session
from chargen.store.clock import stamp


def finish_rows(session: Session, planner: Planner) -> None:
    """Note the images that are done although their rows say that they are being built. Raises InputError."""
    for name in session.journal.building() & planner.book.home.keys():
        image = planner.image(name)
        line = image.entry.record_line
        if image.verdict is Verdict.FRESH and not image.acts and line is not None:
            now = stamp(session.clock.now(), microseconds=True)
            session.journal.done(image.id, PublishedFile(line.file, line.size, now, image.target), line.attempt)
