"""A picture that is made from another one of its entry: where that picture and its mask are, and whether they fit.

Laws: the picture is named by the hash of its file, so that it is the same one whatever was built, restored or renamed
since; its bytes are needed only while the new picture is not made yet. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from chargen.errors import Position, Problem, error
from chargen.images.sniff import PNG
from chargen.model.entries import Entry, Retake
from chargen.model.inputs import RetakeInputs
from chargen.model.traced import Traced
from chargen.model.values import FileHash
from chargen.plan.disk import Disk
from chargen.plan.plan import PlannedReference

MADE_FROM = "the picture to change"
"""What the picture is called among others that go along."""


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
    problems: tuple[Problem, ...] = ()
    """What is wrong with the mask."""

    @property
    def inputs(self) -> RetakeInputs | None:
        """What of it counts; None while that is not known, or not written."""
        mask = None if self.mask is None else self.mask.digest
        if self.picture.digest is None or (self.mask is not None and mask is None):
            return None
        return RetakeInputs(self.picture.digest, self.instruction, mask, self.source)


def plan_retake(entry: Entry, target: str, disk: Disk, kept_at: Callable[[FileHash], str]) -> PlannedRetake:
    """Look at what a retake is made from.

    `kept_at` says where a version of the entry of these bytes is kept, if it is not at the target; else nothing.
    """
    retake = entry.retake
    assert retake is not None
    if not retake.is_whole:
        return PlannedRetake(PlannedReference("", "", None), "", None, retake.position)
    picture, pixels, missing = _picture(entry, retake, target, disk, kept_at)
    mask, problems = (None, ()) if retake.mask is None else _mask(retake.mask, pixels, disk)
    source = str(retake.instruction.position or "")
    return PlannedRetake(picture, str(retake.instruction), mask, retake.position, source, missing, problems)


def _picture(
    entry: Entry, retake: Retake, target: str, disk: Disk, kept_at: Callable[[FileHash], str]
) -> tuple[PlannedReference, tuple[int, int], tuple[Problem, ...]]:
    """Return the picture, its width and height (0 where they are not known), and why it can't be had."""
    wanted = FileHash(retake.of)
    found = PlannedReference("", "", wanted, name=MADE_FROM)
    path = target
    digest, look = disk.reference(target)
    if digest != wanted:
        path = kept_at(wanted)
        digest, look = disk.reference(path) if path else (None, look)
    if digest != wanted:
        message = f"the picture `{wanted[:8]}` that the new one is to be made from is not on this machine"
        hint = f"`chargen history {entry.id}` lists the versions there are"
        return found, (0, 0), (error(message, retake.of.position, hint),)
    if look.trouble:
        return found, (0, 0), (error(f"the picture to be made anew {look.trouble}", retake.of.position),)
    return replace(found, path=path, media_type=look.media_type, size=look.size), look.pixels, ()


def _mask(written: Traced, pixels: tuple[int, int], disk: Disk) -> tuple[PlannedReference, tuple[Problem, ...]]:
    """Return the mask, and what is wrong with it."""
    path, place = written.replace("\\", "/"), written.position
    if path.startswith("/") or ".." in path.split("/"):
        problem = error(f"mask `{path}` is not in the project", place, "copy it into the project")
        return PlannedReference(path, "", None), (problem,)
    digest, look = disk.reference(path)
    found = PlannedReference(path, "", digest, media_type=look.media_type, size=look.size or None)
    hint = "save it as PNG of the picture's size, transparent where the picture may change"
    if look.trouble:
        return replace(found, digest=None), (error(f"mask {look.trouble}", place, hint).about(path),)
    if look.media_type != PNG or not look.has_alpha:
        return found, (error(f"mask `{path}` is no PNG with transparency", place, hint),)
    if 0 not in pixels and look.pixels != pixels:
        sizes = ["x".join(map(str, size)) for size in (look.pixels, pixels)]
        return found, (error(f"mask `{path}` is {sizes[0]}, and the picture {sizes[1]}", place, hint),)
    return found, ()
