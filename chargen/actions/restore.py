"""Bringing back a version of an image: the file, then the slots, without a call.

Laws: what stands at the target goes into the history first; what is brought back counts as current for today's inputs,
because the author chose it, so the next build leaves it alone; over a Git LFS pointer nothing is put.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chargen.actions.accept import accepted_line
from chargen.actions.version import Version, VersionPlace
from chargen.build.publish import convert, file_at_target, note_replaced, replace_picture, slots_edit, unknown_edit
from chargen.build.write_back import recorded
from chargen.errors import InputError, error
from chargen.images.sniff import PNG, sniff
from chargen.model.reason import sentences
from chargen.model.record import PublishedFile
from chargen.model.record_line import RecordLine
from chargen.model.values import EntryId, Verdict
from chargen.plan.evidence import Evidence
from chargen.plan.plan import Plan, Planned
from chargen.plan.session import Session
from chargen.store.clock import stamp
from chargen.store.decisions import Decided
from chargen.store.files import FileKind, hash_bytes, kind_of
from chargen.store.locks import free_image, target_lock


class Restored(Struct, frozen=True):
    """What was brought back, and whether it was made from other inputs than today's."""

    image: Planned
    version: Version
    picture: PublishedFile
    other_inputs: bool

    def to_json(self) -> dict[str, Any]:
        """The object of `restore --json`."""
        return {
            "id": self.image.id,
            "target": self.image.target,
            "version": self.version.number,
            "file_sha256": self.picture.sha256,
            "other_inputs": self.other_inputs,
        }


def restore(
    session: Session, evidence: Evidence, image: Planned, version: Version, *, command: str = "restore"
) -> Restored:
    """Put a version at the image's target and into its slots; on record as what `command` decided.

    Raises InputError; then nothing has changed.
    """
    if evidence.ownership.group_of(image.id) is not None:
        message = f"a picture is still to move to or from `{image.target}`, for free"
        raise InputError(error(message, image.entry.position, f"run `doit {image.target}` first, then restore"))
    _check(session, image, version)
    recorder, root = session.decisions.begin(command), session.project.root
    with free_image(root, image.id), target_lock(root, image.id), recorder.attempt(image.id):
        data, delivered = _bytes(session, image, version)
        words: dict[EntryId, Decided] = {}
        write_back = recorded(session.project, recorder, words)
        if (route := version.record.route if version.record else image.route) is not None:
            write_back.check_edit(image.entry, image.target, route, told="not restored")
        pictures = (file_at_target(session, image), hash_bytes(data))
        told = Decided(image.id, image.entry.file, "the version before", f"version {version.number}", (), pictures)
        words[image.id] = told
        recorder.note([told])
        picture = replace_picture(session, image, data)
        if version.stored is not None:
            session.originals.note_published(version.stored, picture)
            note_replaced(session, image.replaces, version.stored)
        line = _line(session, image, version, picture)
        record = version.record
        edit = slots_edit(image, record, picture, delivered, line=line) if record else unknown_edit(image, line)
        write_back.write(image.entry.file, image.id, edit)
        attempt = version.attempt if version.stored is not None else None
        session.journal.done(image.id, picture, attempt)
    other = image.fingerprint is not None and (record is None or record.fingerprint != image.fingerprint)
    return Restored(image, version, picture, other)


def users(plan: Plan, image: Planned) -> tuple[EntryId, ...]:
    """Return the images that are out of date once this one is another picture: they show it."""
    fresh = (other for other in plan.images if other.verdict is Verdict.FRESH)
    return tuple(other.id for other in fresh if image.id in other.needs)


def _check(session: Session, image: Planned, version: Version) -> None:
    name, place = f"version {version.number}", image.entry.position
    if version.where is VersionPlace.CURRENT:
        hint = "`chargen accept` takes the present picture as current for today's inputs"
        raise InputError(error(f"{name} is the picture that stands at `{image.target}` already", place, hint))
    if version.where is VersionPlace.GONE:
        hint = "fetch it from where it was made, or from version control"
        raise InputError(error(f"{name} is on record, but its file is not on this machine", place, hint))
    if kind_of(session.project.path(image.target)).kind is FileKind.LFS_POINTER:
        message = f"a Git LFS pointer stands at `{image.target}`, and nothing is put over one"
        raise InputError(error(message, place, "run `git lfs pull` first"))
    awaited = [item.path for item in image.references if item.entry_id is not None and item.digest is None]
    if awaited and not image.entry.is_kept:
        message = f"{name} would be replaced once `{awaited[0]}` is built: what it has to fit is not known before"
        raise InputError(error(message, place, f"run `doit {awaited[0]}` first, then restore"))
    if version.record is None and image.fingerprint is None:
        message = f"{name} has no record, and today's inputs are not known: {sentences(image.judgement.reasons)}"
        raise InputError(error(message, place, f"put `{version.kept.path}` in place by hand" if version.kept else ""))


def _bytes(session: Session, image: Planned, version: Version) -> tuple[bytes, str]:
    """Return the very file that once stood there; only where that is gone, one made of the original, and its size."""
    kept = version.kept
    if kept is not None and (data := session.history.read(kept)) is not None:
        if sniff(data) != PNG:
            hint = "it was damaged when it was replaced: choose another one"
            if kind_of(kept.path).kind is FileKind.LFS_POINTER:
                hint = "run `git lfs pull`, then look for it in the history of version control"
            raise InputError(error(f"version {version.number} is no picture", image.entry.position, hint))
        return data, ""
    if version.stored is None:
        raise InputError(error(f"version {version.number} is damaged: its bytes are not those that were kept"))
    converted = convert(session, version.stored, version.stored.record.asked_size)
    return converted.data, str(converted.delivered_size)


def _line(session: Session, image: Planned, version: Version, picture: PublishedFile) -> RecordLine:
    now = stamp(session.clock.now())
    if version.record is not None:
        line = version.record.line(picture.sha256, picture.size, now)
    else:
        assert image.fingerprint is not None
        line = RecordLine(image.fingerprint, picture.sha256, picture.size, at=now)
    return accepted_line(image, line, image.entry.status)
