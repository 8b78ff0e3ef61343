"""A picture that is made from another one of its entry: where that picture and its mask are, and whether they fit.

Laws: the picture is named by the hash of its file, so that it is the same one whatever was built, restored or renamed
since; its bytes are needed only while the new picture is not made yet. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from chargen.errors import Position, Problem, error
from chargen.images.sniff import PNG
from chargen.model.entries import Entry, Retake
from chargen.model.inputs import RetakeInputs
from chargen.model.values import EntryId, FileHash
from chargen.plan.disk import ReferenceFile
from chargen.plan.plan import PlannedReference

MADE_FROM = "the picture to change"
"""What the picture is called among others that go along."""


class VersionPlaces(Protocol):
    """Where the pictures are that an entry ever had."""

    def reference(self, path: str) -> ReferenceFile:
        """Look at a picture."""

    def version(self, name: EntryId, file: FileHash) -> str:
        """Return where a picture of these bytes is kept that is not at its target; nothing where it is not here."""


class PlannedRetake(Struct, frozen=True):
    """What is sent to have a picture made from another; of the mask `digest` is None while it is not there.

    The picture's `path` is empty where it is not there, its `digest` None where the author does not say which it is.
    """

    picture: PlannedReference
    instruction: str
    mask: PlannedReference | None
    position: Position
    """Where the author asks for it."""
    source: str = ""
    """Where the instruction is written."""
    missing: tuple[Problem, ...] = ()
    """Why the picture can't be had: of no concern once the new one is made."""

    @property
    def inputs(self) -> RetakeInputs | None:
        """What of it counts; None while that is not known, or not written."""
        mask = None if self.mask is None else self.mask.digest
        if self.picture.digest is None or (self.mask is not None and mask is None):
            return None
        return RetakeInputs(self.picture.digest, self.instruction, mask, self.source)


def plan_retake(entry: Entry, target: str, places: VersionPlaces, report: Callable[[Problem], None]) -> PlannedRetake:
    """Look at what a retake is made from; what is wrong with its mask is reported with its place."""
    retake = entry.retake
    assert retake is not None
    if not retake.is_whole:
        return PlannedRetake(PlannedReference("", "", None), "", None, retake.position)
    missing: list[Problem] = []
    picture, pixels = _picture(entry.id, retake, target, places, missing.append)
    mask = None if retake.mask is None else _mask(retake, pixels, places, report)
    source = str(retake.instruction.position or "")
    return PlannedRetake(picture, str(retake.instruction), mask, retake.position, source, tuple(missing))


def _picture(
    name: EntryId, retake: Retake, target: str, places: VersionPlaces, report: Callable[[Problem], None]
) -> tuple[PlannedReference, tuple[int, int]]:
    """Return the picture and its width and height, 0 where they are not known."""
    wanted = FileHash(retake.of)
    found = PlannedReference("", "", wanted, name=MADE_FROM)
    path = target
    digest, look = places.reference(target)
    if digest != wanted:
        path = places.version(name, wanted)
        digest, look = places.reference(path) if path else (None, look)
    if digest != wanted:
        message = f"the picture `{wanted[:8]}` that the new one is to be made from is not on this machine"
        hint = f"`chargen history {name}` lists the versions there are"
        report(error(message, retake.of.position, hint))
        return found, (0, 0)
    if look.trouble:
        report(error(f"the picture to be made anew {look.trouble}", retake.of.position))
        return found, (0, 0)
    return replace(found, path=path, media_type=look.media_type, size=look.size), look.pixels


def _mask(
    retake: Retake, pixels: tuple[int, int], places: VersionPlaces, report: Callable[[Problem], None]
) -> PlannedReference:
    assert retake.mask is not None
    path, place = str(retake.mask).replace("\\", "/"), retake.mask.position
    if path.startswith("/") or ".." in path.split("/"):
        report(error(f"mask `{path}` is not in the project", place, "copy it into the project"))
        return PlannedReference(path, "", None)
    digest, look = places.reference(path)
    found = PlannedReference(path, "", digest, media_type=look.media_type, size=look.size or None)
    hint = "save it as PNG of the picture's size, transparent where the picture may change"
    if look.trouble:
        report(error(f"mask {look.trouble}", place, hint))
        return replace(found, digest=None)
    if look.media_type != PNG or not look.has_alpha:
        report(error(f"mask `{path}` is no PNG with transparency", place, hint))
    elif 0 not in pixels and look.pixels != pixels:
        sizes = ["x".join(map(str, size)) for size in (look.pixels, pixels)]
        report(error(f"mask `{path}` is {sizes[0]}, and the picture {sizes[1]}", place, hint))
    return found
