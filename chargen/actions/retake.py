"""Asking again with words: what the next version is to be made from, and how, written into the entry (`retake`).

Laws: the only thing written is that key, and nothing where the next build could not carry it out; the version stands
there as the whole hash of a file that is here. Undone as every decision is.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chargen.actions.version import ImageHistory, Version, VersionPlace
from chargen.build.write_back import recorded
from chargen.errors import InputError, StartError, error
from chargen.model.amounts import number
from chargen.model.entries import Retake
from chargen.model.reason import sentences
from chargen.model.slots import SetSlots, SlotValue
from chargen.model.traced import Traced
from chargen.model.values import FileHash, Verdict
from chargen.plan.plan import Planned
from chargen.plan.planner import Planner
from chargen.plan.session import Session
from chargen.store.decisions import Decided
from chargen.text.names import normal
from chargen.text.prose import one_line


class Retaken(Struct, frozen=True):
    """What was asked, of which version, and the image as the next build sees it now.

    `decision` is its number in the list of decisions; None where nothing was written.
    """

    image: Planned
    version: Version
    instruction: str
    mask: str
    before: str = ""
    """What was asked for until now, if anything was."""
    decision: int | None = None

    @property
    def note(self) -> str:
        """What an author may not expect: why the next build makes no new picture; else nothing."""
        if self.image.verdict.spends:
            return ""
        step = ""
        if self.image.verdict is Verdict.LOCKED:
            step = f"; `chargen unlock {self.image.id}` has the next build make it"
        return f"it is {self.image.verdict.value}: {sentences(self.image.reasons)}{step}"

    def to_json(self) -> dict[str, Any]:
        """The object of `retake --json`."""
        return {
            "id": self.image.id,
            "version": self.version.number,
            "of": bytes_of(self.version),
            "instruction": self.instruction,
            "mask": self.mask or None,
            "verdict": self.image.verdict.value,
            "reasons": [str(reason) for reason in self.image.reasons],
            "cost_usd": number(self.image.cost_usd),
            "note": self.note or None,
            "decision": self.decision,
        }


def plan_retake(planner: Planner, found: ImageHistory, instruction: str, version: str = "", mask: str = "") -> Retaken:
    """Say what asking again comes to; writes nothing.

    `version` is as in `ImageHistory.named`, by default the present picture; `mask` is project-relative. Raises
    StartError, and InputError where it could not be carried out.
    """
    words, image = normal(one_line(instruction)), found.image
    if not words:
        raise StartError("say what is to be different", hint='`chargen retake NAME "TEXT"`')
    chosen = found.named(version) if version else _present(found)
    of, place = bytes_of(chosen), image.entry.position
    if of is None:
        message = f"version {chosen.number} is on record, but its file is not on this machine"
        raise InputError(error(message, place, "fetch it from where it was made, or from version control"))
    asked = Retake(
        place,
        Traced.of(of, "retake.of", place),
        Traced.of(words, "retake.instruction", place),
        Traced.of(mask, "retake.mask", place) if mask else None,
    )
    planned = planner.with_retake(image, asked)
    if stops := planned.blockers or (planned.reasons if planned.verdict is Verdict.BLOCKED else ()):
        raise InputError(error(f"not asked for: {sentences(stops)}", place))
    before = "" if image.entry.retake is None else str(image.entry.retake.instruction)
    return Retaken(planned, chosen, words, mask, before)


def retake(session: Session, asked: Retaken) -> Retaken:
    """Write into the entry what was planned. Raises InputError; then nothing has changed."""
    image, of = asked.image, bytes_of(asked.version)
    assert of is not None
    recorder = session.decisions.begin("retake")
    after = f"version {asked.version.number}: {asked.instruction}"
    told = Decided(image.id, image.entry.file, asked.before or "no retake", after)
    write_back = recorded(session.project, recorder, {image.id: told})
    values: dict[str, SlotValue] = {"of": of, "instruction": asked.instruction}
    if asked.mask:
        values["mask"] = asked.mask
    with recorder.attempt(image.id):
        write_back.write(image.entry.file, image.id, lambda entry: SetSlots(entry.path, {"retake": values}))
    return replace(asked, decision=recorder.number)


def bytes_of(version: Version) -> FileHash | None:
    """Return the hash of the file that a version's bytes are here in; None where they are not here."""
    if version.where in (VersionPlace.CURRENT, VersionPlace.HISTORY):
        return version.file
    return version.stored.original.sha256 if version.stored is not None else None


def _present(found: ImageHistory) -> Version:
    for version in found.versions:
        if version.where is VersionPlace.CURRENT:
            return version
    message = f"there is no picture at `{found.image.target}` to ask anew of"
    raise InputError(error(message, found.image.entry.position, "name a version with `--of`"))
