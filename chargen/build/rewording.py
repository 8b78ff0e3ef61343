"""Whether an image still asks for what it was planned to: looked at right before its request leaves.

Law: nothing is paid for as it was planned that the author has replaced meanwhile, wherever it stands: in the entry, the
rest of its file, the files of whom it shows, a template, the settings. What the run itself wrote there is no change.
Files are compared by their bytes; only where one was saved is it read, the image planned anew, and what it asks for
compared.
"""

from __future__ import annotations

import threading

from msgspec import Struct

from chargen.build.write_back import WriteBack
from chargen.errors import StartError
from chargen.plan.cache.environment import rules_digest
from chargen.plan.plan import Planned, Unjudged
from chargen.plan.planner import Planner
from chargen.plan.session import Session


class _Planning(Struct, frozen=True):
    """A planner, and the digest of the settings and templates that it plans by."""

    planner: Planner
    rules: str


class Rewording:
    """Looks whether images were reworded since the run was planned; safe to use from threads.

    `rules` is the digest of settings and templates from before the plan was made.
    """

    def __init__(self, session: Session, planner: Planner, write_backs: WriteBack, rules: str) -> None:
        self._session = session
        self._write_backs = write_backs
        self._planned = self._latest = _Planning(planner, rules)
        self._lock = threading.Lock()

    def is_reworded(self, image: Planned) -> bool:
        """Say whether an image asks for something else by now than the plan it is to be sent for.

        Not where its entry is gone, or its file can't be read: what becomes of such an image is not decided here.
        """
        with self._lock:
            rules = rules_of(self._session)
            if self._holds(self._planned, image, rules):
                return False
            try:
                now = self._planned_now(image, rules)
            except StartError:  # settings or a template that can't be read say something else, too
                return True
            return now is not None and all(_asked(form) != _asked(image) for form in now.forms or (now,))

    def _planned_now(self, image: Planned, rules: str) -> Planned | None:
        """Plan an image by what is written now; None where there is no such entry. Raises StartError."""
        if not self._holds(self._latest, image, rules):
            session = self._session if rules == self._planned.rules else self._session.with_settings_now()
            before = self._latest.planner.disk
            # What a file is read as hangs on the settings; what was written back is no word of it.
            files = before.files if rules == self._latest.rules else ()
            same = (file for file in files if self._write_backs.is_as_read(file, before.digest(file)))
            self._latest = _Planning(session.planner(known=dict.fromkeys(same, before)), rules)
        planner = self._latest.planner
        return planner.image(image.id) if image.id in planner.book.home else None

    def _holds(self, planning: _Planning, image: Planned, rules: str) -> bool:
        """Say whether all that an image is made of is written as it was planned by."""
        book, digest = planning.planner.book, planning.planner.disk.digest
        files = [image.file, *(book.definers.get(slug) for slug in image.shows), *map(book.home.get, image.needs)]
        written = (self._write_backs.is_as_read(file, digest(file)) for file in dict.fromkeys(files) if file)
        return rules == planning.rules and all(written)


def rules_of(session: Session) -> str:
    """Return the digest of the settings and templates of a project as they are now."""
    return rules_digest(session.project.root, session.project.settings.prompts)


def _asked(image: Unjudged) -> tuple[object, ...]:
    composed, entry = image.composed, image.entry
    words = None if composed is None else (composed.text, composed.negative)
    retake = None if entry.retake is None else (entry.retake.of, entry.retake.instruction, entry.retake.mask)
    pictures = tuple((reference.path, reference.character) for reference in image.references)
    return words, entry.size, pictures, retake, entry.declared
