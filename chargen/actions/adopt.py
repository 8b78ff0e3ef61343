"""Taking pictures the author has already for their entries, so that nothing is bought for them.

Laws: a picture is never touched, moved or renamed; of an entry only the slots that name its picture change; a picture
is taken for one entry at most. Nothing is recorded of how a picture was made, because nobody here knows. Taking is one
decision, which `chargen undo` takes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chargen import kinds
from chargen.build.publish import file_at_target, replace_picture
from chargen.build.write_back import Edit, recorded
from chargen.errors import ChargenError, ExitCode, InputError, Problem, error
from chargen.images.sniff import PNG, sniff
from chargen.kinds.record_edits import adopted_edit
from chargen.model.entries import Entry
from chargen.model.groups import grouped
from chargen.model.slots import SlotEdit
from chargen.model.values import EntryId, Verdict
from chargen.plan.own_pictures import OwnPicture
from chargen.plan.plan import Planned
from chargen.plan.planner import Planner
from chargen.plan.session import Session
from chargen.store.decisions import Decided, Recorder
from chargen.store.files import FileKind, hash_bytes, kind_of
from chargen.store.locks import free_image, target_lock
from chargen.store.pictures import unsendable
from chargen.store.places import read_inside

NOT_ADOPTED = "not adopted"
"""What a decision says that there was before an adoption."""
_WITHOUT = frozenset({Verdict.MISSING, Verdict.BLOCKED, Verdict.LOCKED, Verdict.NO_PROMPT})
"""Verdicts of images that may have no picture."""


class Adopted(Struct, frozen=True):
    """A picture that was found for an image. `refused` says why it was not taken, else it is empty.

    `path` is the picture that counts for the image from now on: where it lies, or a copy at the target.
    """

    image: Planned
    found: OwnPicture
    path: str
    refused: str = ""

    def to_json(self) -> dict[str, Any]:
        """One element of `images[]` in `adopt --json`: what tells whose it is, and where that is written."""
        place = self.found.place
        return {
            "id": self.image.id,
            "picture": self.found.path,
            "path": self.path,
            "told_by": self.found.told_by,
            "place": str(place) if place else None,
            "refused": self.refused or None,
        }


class Adoption(Struct, frozen=True):
    """What was found. `ambiguous` are pictures whose name means several images; `problems` are of run logs."""

    images: tuple[Adopted, ...]
    ambiguous: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    dry_run: bool = False
    decision: int | None = None
    """Its number, by which it is taken back."""

    @property
    def taken(self) -> tuple[Adopted, ...]:
        """The pictures that were taken, or would be."""
        return tuple(item for item in self.images if not item.refused)

    @property
    def exit_code(self) -> ExitCode:
        """Failed where something that was found could not be taken."""
        return ExitCode.DONE if len(self.taken) == len(self.images) else ExitCode.FAILED

    def to_json(self) -> dict[str, Any]:
        """The object of `adopt --json`."""
        return {
            "images": [item.to_json() for item in self.images],
            "ambiguous": list(self.ambiguous),
            "problems": [problem.to_json() for problem in self.problems],
            "dry_run": self.dry_run,
            "decision": self.decision,
        }


def look(session: Session, planner: Planner, images: Iterable[Planned], *, copy: bool = False) -> Adoption:
    """Find the pictures of images that have none; nothing is written. `copy` is as for `adopt`."""
    pictures = planner.disk.own_pictures
    found: list[Adopted] = []
    taken: dict[str, EntryId] = {}
    files: dict[str, None] = {}
    for image in images:
        files[image.file] = None
        if not _is_without(session, planner, image):
            continue
        own = planner.book.find_picture(image.entry)
        if own is None:
            continue
        refused = _refusal(session, own, taken.get(own.path))
        taken.setdefault(own.path, image.id)
        lies_anywhere = kinds.named(image.kind).file_path_counts
        copied = (copy or not lies_anywhere) and not refused and _is_png(session, own.path)
        if not (copied or refused or lies_anywhere):
            refused = f"`{own.path}` is no PNG: name it in the `path` of the {image.kind}'s inventory yourself"
        found.append(Adopted(image, own, image.target if copied else own.path, refused))
    ambiguous = (path for file in files for path in pictures.ambiguous(file))
    folders = dict.fromkeys(file.rpartition("/")[0] for file in files)
    problems = (problem for folder in folders for problem in pictures.problems(folder))
    return Adoption(tuple(found), tuple(dict.fromkeys(ambiguous)), tuple(problems), dry_run=True)


def adopt(session: Session, planner: Planner, images: Iterable[Planned], *, copy: bool = False) -> Adoption:
    """Take the pictures of images that have none, where they lie; with `copy`, PNG files as copies at their targets."""
    seen = look(session, planner, images, copy=copy)
    recorder = session.decisions.begin("adopt")
    by_file = grouped(seen.taken, lambda item: item.image.file)
    refused: dict[EntryId, str] = {}
    for file, items in by_file.items():
        words: dict[EntryId, Decided] = {}
        for item in items:
            try:
                words[item.image.id] = _put(session, recorder, item)
            except (ChargenError, OSError) as failure:
                refused[item.image.id] = str(failure)
        edits = [(item.image.id, _edit(item.path)) for item in items if item.image.id in words]
        write_back = recorded(session.project, recorder, words)
        failures = write_back.write_all(file, edits)
        recorder.withdraw(name for name in failures if words[name].pictures is None)
        refused |= {name: str(failure) for name, failure in failures.items()}
    done = (replace(item, refused=item.refused or refused.get(item.image.id, "")) for item in seen.images)
    return replace(seen, images=tuple(done), dry_run=False, decision=recorder.number)


def _is_without(session: Session, planner: Planner, image: Planned) -> bool:
    if image.verdict not in _WITHOUT or planner.evidence.elsewhere(image.entry):
        return False
    return kind_of(session.project.path(image.target)).kind is FileKind.ABSENT


def _refusal(session: Session, own: OwnPicture, other: EntryId | None) -> str:
    if other is not None:
        return f"`{own.path}` is already used for `{other}`"
    trouble = unsendable(session.project.root, own.path)
    return "" if trouble is None or trouble.is_pointer else str(trouble)


def _is_png(session: Session, path: str) -> bool:
    return sniff(read_inside(session.project.root, path)) == PNG


def _put(session: Session, recorder: Recorder, item: Adopted) -> Decided:
    """Put a copy of a picture at its target, where it is taken there; return what is decided of its image."""
    told = Decided(item.image.id, item.image.file, NOT_ADOPTED, f"adopted {item.found.path}")
    if item.path != item.image.target:
        return told
    data = read_inside(session.project.root, item.found.path)
    root, name = session.project.root, item.image.id
    with free_image(root, name), target_lock(root, name), recorder.attempt(name):
        told = replace(told, pictures=(file_at_target(session, item.image), hash_bytes(data)))
        if told.pictures and told.pictures[0] is not None:
            raise InputError(error(f"there is a picture at `{item.path}` now", item.image.position))
        recorder.note([told])
        replace_picture(session, item.image, data)
    return told


def _edit(path: str) -> Edit:
    def edit(entry: Entry) -> SlotEdit:
        return adopted_edit(entry, path)

    return edit
