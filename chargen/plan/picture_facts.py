"""The facts of an image's present picture: what stands at its target, of which tier, what changed since it was made.

Reads the disk, changes nothing; what the facts mean is said by `chargen.plan.verdict`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Self

from msgspec import Struct
from msgspec.structs import replace

from chargen.config.settings import RebuildOn, Settings
from chargen.model.entries import Entry
from chargen.model.inputs import REFERENCE, RETAKE, Inputs, change_reasons, differences
from chargen.model.reason import Reason, ReasonCode
from chargen.model.record_line import (
    APPROVED_DRAFT,
    MODEL_FILE,
    RecordLine,
    accepted_for,
    forgotten_at,
    model_file_mark,
    quality_of,
    tier_of,
)
from chargen.model.values import Fingerprint, Status
from chargen.plan.image_request import inputs_of
from chargen.plan.plan import Unjudged
from chargen.plan.target_state import TargetState
from chargen.plan.tier_rank import FINAL, LOWEST_DRAFT, SKETCH, rank_asked_for, rank_of_line, stands_in
from chargen.plan.verdict import Comparison, Match, Target
from chargen.providers import is_proof
from chargen.store.files import FileKind

if TYPE_CHECKING:
    from chargen.plan.judge import Judge


class PictureFacts(Struct, frozen=True, dict=True):
    """The facts of one image's present picture, each looked up once, when the verdict asks for it.

    `fingerprint` and `inputs` are None where they are unknown; `awaited` are targets of references still to be built.
    `reads` says that the file at the target is hashed even where its size is evidence; else facts of it may rest on
    that.
    """

    judge: Judge
    image: Unjudged
    inputs: Inputs | None
    fingerprint: Fingerprint | None
    awaited: tuple[str, ...]
    reads: bool = False

    @cached_property
    def closely(self) -> Self:
        """The facts with the file at the target read: asked for before it would be replaced.

        These, where it is read or there is none.
        """
        unread = self.state.state.kind is FileKind.FILE and self.state.file is None
        return replace(self, reads=True) if unread else self

    @property
    def latest(self) -> Self:
        """The facts of the closest look that was asked for."""
        return self.closely if "closely" in vars(self) else self

    # what is asked of the entry

    @cached_property
    def entry(self) -> Entry:
        """The entry, without a record that is another's."""
        return self.judge.evidence.own(self.image.entry)

    @property
    def status(self) -> Status | None:
        """What the author says of the image."""
        return self.entry.status

    @property
    def routed_to_sketch(self) -> bool:
        """A new image would be a sketch."""
        return self.image.route is not None and is_proof(self.image.route.provider)

    # what stands at the target, and whose it is

    @cached_property
    def state(self) -> TargetState:
        """The file at the target and its record."""
        return self.judge.evidence.at_target(self.entry, self.fingerprint, certain=self.reads)

    @property
    def target(self) -> Target:
        """What stands at the image's path."""
        return _TARGETS.get(self.state.state.kind, Target.ABSENT)

    @property
    def path(self) -> str:
        """The image's path in the project, for people."""
        return self.image.target

    @property
    def match(self) -> Match:
        """What ties the file to a record."""
        return Match.OURS if self.state.line else Match.OTHER if self.state.others else Match.UNRECORDED

    @property
    def elsewhere(self) -> str:
        """The author's own picture that `file_path` names away from the target, else empty.

        A portrait's own picture is its target.
        """
        return self.judge.evidence.elsewhere(self.entry)

    @property
    def moved(self) -> str:
        """What the place is called where the present picture stands, if not the target: it comes from there."""
        return self.state.moved

    @property
    def copied(self) -> str:
        """The entry whose record this one repeats, if any: nothing is known of a picture of its own."""
        return self.judge.evidence.owned(self.entry.id).copied or ""

    @property
    def damaged(self) -> str:
        """Why the present file is no picture, else empty; known only of one that no record is of."""
        writing = " (it is being written right now)" if self.state.in_use else ""
        return f"{self.state.damage}{writing}" if self.state.damage else ""

    # which tier it is of, and which is asked for

    @property
    def stands_in(self) -> Reason | None:
        """What says that the present image is of a lower tier than is asked for, `sketch` being the lowest; else None.

        One that the author took as current stands in for nothing.
        """
        line = self.state.line
        if line is None or (accepted_for(line) is not None and not self.promoted):
            return None
        return stands_in(line) if rank_of_line(line, self._settings) < self._least else None

    @property
    def outranks(self) -> Reason | None:
        """What says that the present image is of a higher tier than a new one would be; else None."""
        line, asked = self.state.line, rank_asked_for(self._settings)
        if line is None or rank_of_line(line, self._settings) <= (SKETCH if self.routed_to_sketch else asked):
            return None
        if self.routed_to_sketch or self._settings.tier is None:
            is_own = line.by is None
            return Reason(ReasonCode.SKETCH_REPLACES_NO_OWN if is_own else ReasonCode.SKETCH_REPLACES_NOTHING)
        return Reason(ReasonCode.LOWER_REPLACES_NOTHING, (self._settings.tier.name,))

    @property
    def promoted(self) -> bool:
        """A final image is asked for in place of the draft, which is approved."""
        return self.entry.id in self.judge.options.promoted and self.status is Status.APPROVED

    @property
    def of_tier(self) -> tuple[Reason, ...]:
        """What is to be told of a present image that is left alone: that it is a draft, or was approved as one."""
        line = self.state.line
        if line is None or not line.others:
            return ()
        if (tier := tier_of(line)) is not None:
            return (Reason(ReasonCode.DRAFT, (tier,)),)
        seen = APPROVED_DRAFT not in line.others or self.status is not Status.APPROVED
        return () if seen else (Reason(ReasonCode.APPROVED_AS_DRAFT),)

    @property
    def _least(self) -> int:
        """The lowest rank that is left alone: without a tier or a name any draft is."""
        if self.routed_to_sketch:
            return SKETCH
        if self._settings.tier is not None:
            return rank_asked_for(self._settings)
        return FINAL if self.promoted or self.entry.id in self.judge.options.finals else LOWEST_DRAFT

    @property
    def _settings(self) -> Settings:
        return self.judge.project.settings

    # then and now

    @property
    def change(self) -> Comparison:
        """How the recorded inputs compare with today's."""
        return self._compared[0]

    @property
    def changes(self) -> tuple[Reason, ...]:
        """What differs from the recorded inputs, as far as that can be told."""
        return self._compared[1]

    @cached_property
    def _compared(self) -> tuple[Comparison, tuple[Reason, ...]]:
        line = self.state.line
        if line is None:
            return Comparison.UNKNOWN, ()
        if forgotten_at(line) is not None:
            return Comparison.DIFFERENT, (Reason(ReasonCode.FORGOTTEN),)
        if self.inputs is None:
            return Comparison.UNKNOWN, self._changed_besides_references()
        if line.fingerprint == self.fingerprint:
            return Comparison.SAME, ()
        then = self.recorded_parts
        found = differences(then, self.inputs) if then else ()
        retake = self.inputs.retake
        words: tuple[Reason, ...] = ()
        if retake is not None and any(item.part.startswith(RETAKE) for item in found):
            words = (Reason(ReasonCode.RETAKE, (retake.instruction,)),)
        return Comparison.DIFFERENT, (*change_reasons(found), *words)

    def _changed_besides_references(self) -> tuple[Reason, ...]:
        """Say what else differs of an image that waits for a reference, which will change it in any case."""
        now = self.comparable
        if now is None or not (then := self.recorded_parts):
            return ()
        found = (item for item in differences(then, now) if not item.part.startswith(REFERENCE))
        return change_reasons(tuple(found))

    @cached_property
    def comparable(self) -> Inputs | None:
        """The inputs; of an image that waits for a reference those besides references."""
        return self.inputs if self.inputs is not None or not self.awaited else inputs_of(self.image, ())

    @cached_property
    def recorded_parts(self) -> Mapping[str, str]:
        """The short digests of what the present picture was made from, as far as anything here tells them."""
        return self.judge.evidence.parts_of(self.entry, self.state)

    @cached_property
    def drift(self) -> tuple[Reason, ...]:
        """Declared provider, model or quality that differs from what made a present image of the tier asked for."""
        if not self._of_tier_asked_for:
            return ()
        return drift_of(self.state.line, self.image, self.image.quality)

    @cached_property
    def drifted(self) -> tuple[Reason, ...]:
        """The drift that `rebuild_on` asks to rebuild for; a sketch's own drift is the proof verdict's matter."""
        asked_for = self.judge.project.settings.rebuild_on
        line = self.state.line
        if not asked_for or line is None or is_proof(line.by) or not self._of_tier_asked_for:
            return ()
        quality = self.judge.quality(self.entry, self.image.route)
        since = replace(line, by=accepted_for(line) or line.by)
        return tuple(reason for reason in drift_of(since, self.image, quality) if name_of_drift(reason) in asked_for)

    @property
    def _of_tier_asked_for(self) -> bool:
        line = self.state.line
        return line is None or is_proof(line.by) or rank_of_line(line, self._settings) == rank_asked_for(self._settings)


_TARGETS = {FileKind.FILE: Target.PRESENT, FileKind.LFS_POINTER: Target.POINTER}

_DRIFTS = {
    ReasonCode.PROVIDER_CHANGED: RebuildOn.PROVIDER,
    ReasonCode.MODEL_CHANGED: RebuildOn.MODEL,
    ReasonCode.QUALITY_CHANGED: RebuildOn.QUALITY,
}


def name_of_drift(reason: Reason) -> str:
    """Return the word by which `rebuild_on` names what a reason says to have changed."""
    named = _DRIFTS.get(reason.code)
    return str(reason.values[0]) if named is None else named.value


def drift_of(line: RecordLine | None, image: Unjudged, quality: str | None) -> tuple[Reason, ...]:
    """Return what differs; nothing where it is unknown who made the picture. `quality` is the one declared now."""
    route = image.route
    if line is None or not line.by or route is None:
        return ()
    provider, _, model = line.by.partition("/")
    found = []
    if provider != route.provider:
        found.append(Reason(ReasonCode.PROVIDER_CHANGED, (provider, route.provider)))
    elif model != route.model:
        found.append(Reason(ReasonCode.MODEL_CHANGED, (model, route.model)))
    made_with = quality_of(line)
    if made_with and quality and made_with != quality:
        found.append(Reason(ReasonCode.QUALITY_CHANGED, (made_with, str(quality))))
    made_by = dict(line.others).get(MODEL_FILE)
    if made_by and image.model_file is not None and line.by == str(route):
        name, digest = image.model_file
        if model_file_mark(digest)[1] != made_by:
            found.append(Reason(ReasonCode.MODEL_FILE_CHANGED, (name, route.model)))
    return tuple(found)
