"""Taking present pictures as current for today's inputs: without a call, by one record line in the YAML.

Laws: the picture itself is never touched; what is known of how it was made stays in its record; the line tells that the
author vouched for it (`accepted`), and under which route; nothing is taken over that can't be compared later (inputs
that are unknown, a file that is no picture). A build may go on meanwhile: each image is taken under its own lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from chargen.build.write_back import WriteBack, recorded
from chargen.errors import ChargenError, InputError, error, printable
from chargen.kinds.record_edits import record_edit
from chargen.model.entries import Entry
from chargen.model.inputs import parts
from chargen.model.record import PublishedFile
from chargen.model.record_line import (
    ACCEPTED,
    AFTER,
    ANSWERED,
    FORGOTTEN,
    MADE_AS,
    SAFE,
    RecordLine,
    forgotten_at,
    last_attempt,
    model_file_mark,
    quality_mark,
    with_mark,
    with_name,
    without_mark,
)
from chargen.model.values import Status, Verdict
from chargen.plain_file import PICTURE_BYTES, read_plain
from chargen.plan.evidence import Evidence
from chargen.plan.plan import Planned
from chargen.plan.planner import Planner
from chargen.plan.session import Session
from chargen.plan.target_state import TargetState
from chargen.store.clock import stamp
from chargen.store.decisions import Decided, Recorder
from chargen.store.files import FileKind
from chargen.store.locks import target_lock
from chargen.store.pictures import damage, unsendable


class Accepted(Struct, frozen=True):
    """What came of one image. `refused` says why nothing was written, else it is empty.

    `path` is the picture that counts from now on: the target, or the entry's own picture elsewhere, which the next
    build copies to the target.
    """

    image: Planned
    path: str = ""
    changed: bool = False
    refused: str = ""

    def to_json(self) -> dict[str, Any]:
        """One element of `images[]` in `accept --json`: the picture's path, its verdict before, why it was refused."""
        return {
            "id": self.image.id,
            "path": self.path or self.image.target,
            "verdict": self.image.verdict.value,
            "changed": self.changed,
            "refused": self.refused or None,
        }


def accept(session: Session, planner: Planner, images: Iterable[Planned]) -> tuple[Accepted, ...]:
    """Take the present pictures of images as current for their inputs; one image's failure is its own."""
    recorder = session.decisions.begin("accept")
    wanted = tuple(images)
    words = {image.id: Decided(image.id, image.entry.file, image.verdict.value, "accepted") for image in wanted}
    write_back = recorded(session.project, recorder, words)
    return tuple(map(_Acceptance(session, planner.evidence, write_back, recorder).take, wanted))


def accepted_line(image: Planned, line: RecordLine, status: Status | None) -> RecordLine:
    """Say in a record line that the author took its file as current for today's inputs, route and quality.

    Where today's inputs are unknown, the line keeps those it has. A rejection counts as answered by it.
    """
    line = without_mark(line, (FORGOTTEN, ""))
    line = with_mark(line, (ACCEPTED, quote(str(image.route or ""), safe=SAFE)))
    if image.quality:
        line = with_mark(line, quality_mark(image.quality))
    if image.model_file is not None:
        line = with_mark(line, model_file_mark(image.model_file[1]))
    if status is Status.REJECTED:
        line = with_mark(line, ANSWERED)
    if line.attempt is None and (last := last_attempt(image.entry.record_line)) is not None:
        line = with_mark(line, (AFTER, last))
    former = image.entry.former_words
    line = with_name(without_mark(line, (MADE_AS, "")), "" if former is None else former.name)
    if image.inputs is None or image.fingerprint is None:
        return line
    # What was delivered the attempt's own record tells; the line has no room for it beside the parts.
    of = line.of if line.fingerprint == image.fingerprint else None
    return replace(line, fingerprint=image.fingerprint, parts=tuple(parts(image.inputs).items()), of=of)


class _Acceptance(Struct, frozen=True):
    session: Session
    evidence: Evidence
    write_back: WriteBack
    recorder: Recorder

    def take(self, image: Planned) -> Accepted:
        try:
            with target_lock(self.session.project.root, image.id), self.recorder.attempt(image.id):
                return self._take(image)
        except ChargenError as failure:
            return Accepted(image, refused=str(failure))

    def _take(self, image: Planned) -> Accepted:
        entry = self.write_back.entry_now(image.entry)
        found = self.evidence.at_target(entry, image.fingerprint, certain=True)
        if found.moved:
            message = f"its picture is still at `{found.moved}` and moves along for free"
            raise InputError(error(message, entry.position, f"run `doit {image.target}` first, then accept"))
        path, full = self._picture(image, entry, found)
        if image.inputs is None or image.fingerprint is None:
            raise InputError(error(_why_no_inputs(image), entry.position))
        file = self.session.hashes.hash_of(full)
        known = found.line if found.line is not None and found.line.file == file else None
        if known is not None and found.in_yaml and _is_current(known, image):
            return Accepted(image, path)
        if known is None:
            self._keep(image, full)
        at = stamp(self.session.clock.now())
        line = known or RecordLine(image.fingerprint, file, full.stat().st_size)
        line = accepted_line(image, replace(line, at=at), entry.status)
        text = line.format()
        self.write_back.write(entry.file, image.id, lambda now: record_edit(now, text, path))
        if path == image.target:
            self.session.journal.done(image.id, PublishedFile(file, line.size, at, path))
        return Accepted(image, path, changed=True)

    def _keep(self, image: Planned, full: Path) -> None:
        """Keep a copy of what is accepted: no reply holds a picture that somebody painted, and it must not be lost."""
        if (kept := self.session.history.keep(image.id, full)) is not None:
            self.session.history.part(kept.path, full)

    def _picture(self, image: Planned, entry: Entry, found: TargetState) -> tuple[str, Path]:
        """Return the picture to take. Raises InputError where there is none."""
        path = image.target
        if found.state.kind is FileKind.ABSENT:
            path = self.evidence.elsewhere(entry)
            if not path:
                message = f"there is no picture at `{image.target}`"
                raise InputError(error(message, entry.position, "put it there, or let `doit` build it"))
        if (refused := unsendable(self.session.project.root, path)) is not None:
            raise InputError(error(f"can't take this picture: {refused}", entry.position))
        full = self.session.project.path(path)
        if trouble := damage(read_plain(full, PICTURE_BYTES), decoding=True):
            hint = f"save it again, or bring a version back: `chargen history {image.id}` lists them"
            raise InputError(error(f"can't take this picture: {trouble}", entry.position, hint))
        return path, full


def _is_current(line: RecordLine, image: Planned) -> bool:
    return line.fingerprint == image.fingerprint and forgotten_at(line) is None and image.verdict is Verdict.FRESH


def _why_no_inputs(image: Planned) -> str:
    if image.composed is None:
        return "the entry has no prompt that can be composed, so there is nothing to compare later"
    missing = [reference.path for reference in image.references if reference.digest is None]
    if missing:
        names = ", ".join(f"`{printable(path)}`" for path in missing)
        return f"its inputs are not known yet: {names} must be built or found first"
    return "its inputs are not known: `chargen check` says why"
