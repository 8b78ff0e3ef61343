"""Building one image, from top to bottom: `build_image`; one more version of it: `build_variant`.

All that is bought is asked for here; what goes into a job is bought when `chargen.build.batches` makes that.

Laws: nothing is sent before the verdict said so, and once more where the request had to wait for its turn; what arrives
is stored before anything else happens to it; before it is published the entry and its target are read again, and what
the author decided meanwhile holds; the old picture is in the history before the new one takes its place. Once a reply
is stored, every failure is repaired by a later run without a call.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from chargen.build.attempt import DiskGuard, ImageAttempts, Purchase
from chargen.build.batches import Batches
from chargen.build.moves import Mover
from chargen.build.publish import (
    author_decision_since,
    convert_reply,
    file_at_target,
    note_replaced,
    replace_picture,
    slots_edit,
    write_back,
)
from chargen.build.restore import Restorer
from chargen.build.result import BuildResult, NotWantedError, Outcome, RenamedError, RewordedError
from chargen.build.rewording import Rewording
from chargen.build.sender import Senders
from chargen.build.write_back import WriteBack
from chargen.errors import ChargenError, InputError, Position, error
from chargen.model.reason import Reason, ReasonCode
from chargen.model.request import Request, Role, SentReference
from chargen.model.values import EntryId, FileHash
from chargen.plain_file import read_plain
from chargen.plan.image_request import request_of
from chargen.plan.judge import Judge
from chargen.plan.plan import Planned, PlannedReference, each_usd
from chargen.plan.session import Session
from chargen.providers import is_proof
from chargen.store.files import hash_bytes, kind_of, write_whole
from chargen.store.locks import build_lock, target_lock
from chargen.store.pictures import as_sent, read_reference

if TYPE_CHECKING:
    from chargen.build.sharing import Sharing

_AT_ONCE = 0.005
"""Seconds in which a request leaves that has to wait for nothing; an image that waited longer is judged again."""


def build_image(builder: ImageBuilder, image: Planned) -> BuildResult:  # noqa: C901 - one for each way it ends
    """Do what an image needs now, up to its picture at the target, its slots in the YAML and its journal row.

    Raises InputError (blocked, or a disk that does not take it), ProviderError, StoppedError, OverBudgetError,
    RewordedError; with a shared store also HeldElsewhereError and NotClaimedError.
    """
    session = builder.session
    if (group := builder.judge.evidence.ownership.group_of(image.id)) is not None:
        builder.mover.settle(group, image.id)
    if (called := builder.place_now(image, image)).id != image.id:
        raise RenamedError(called.id)
    if need := next(filter(builder.batches.joined.__contains__, image.needs), None):
        return BuildResult(Outcome.NOTHING, image, note=f"its reference `{need}` is in a job: it waits")
    with build_lock(session.project.root, image.id):
        before = file_at_target(session, image)
        references = builder.read_references(image)
        now, request = builder.recheck(image, references)
        if (now.acts or now.id in builder.mover.moved) and now.composed is not None:
            builder.write_prompt(now)
        purchase = Purchase()
        if now.verdict.spends and builder.sharing is not None:
            now, request, purchase = builder.claim(builder.sharing, now, references, request, _wants_picture)
        if not now.verdict.spends:
            return builder.restorer.without_a_call(now, before)
        assert request is not None
        assert now.entry.size is not None
        attempts = builder.attempts(now, references, request, _wants_picture, purchase)
        if now.batched is not None:
            with closing(purchase):
                return builder.join_job(now, request, attempts, before)
        with (
            closing(purchase),
            builder.disk_guard.room(now.entry.size.pixels),
            builder.write_backs.expected(now.entry.file, now.id),
        ):
            try:
                reply = builder.senders.get(request.provider).send(request, each_usd(now), now.most_usd, attempts)
            except NotWantedError as changed:
                return builder.restorer.without_a_call(changed.image, before, note=changed.note)
            original = attempts.store(reply)
            picture = convert_reply(session, now, original, now.entry.size)
            cost, estimated = original.record.cost_or_estimate_usd, original.record.is_estimated
            place = builder.place_now(image, now)
            with target_lock(session.project.root, place.id):
                if decision := author_decision_since(session, builder.write_backs, now, before, place):
                    return BuildResult(Outcome.KEPT, now, cost, estimated, decision)
                if place.id != now.id:
                    builder.keep_former(now, place)
                file = replace_picture(session, place, picture.data)
                session.originals.note_published(original, file)
                note_replaced(session, now.replaces, original)
                edit = slots_edit(place, original.record, file, str(picture.delivered_size))
                done = BuildResult(Outcome.BUILT, now, cost, estimated)
                return write_back(
                    session, builder.write_backs, done, edit, file, attempt=original.record.attempt, called=place.id
                )


def build_variant(builder: ImageBuilder, image: Planned) -> BuildResult:
    """Make one more version for the same inputs: it is kept beside the current picture, which stays as it is.

    Raises as `build_image`.
    """
    session = builder.session
    if (called := builder.place_now(image, image)).id != image.id:
        return BuildResult(Outcome.NOTHING, image, note=f"its entry is called `{called.id}` by now: run again")
    with build_lock(session.project.root, image.id):
        references = builder.read_references(image)
        now, request = builder.recheck(image, references)
        purchase = Purchase()
        if builder.sharing is not None:
            now, request, purchase = builder.claim(builder.sharing, now, references, request, _wants_variant)
        if not _wants_variant(now):
            return BuildResult(Outcome.NOTHING, now)
        size = now.entry.size
        assert size is not None
        number = now.made + 1
        reason = Reason(ReasonCode.VARIANT, (str(number), str(now.made + now.more)))
        now = replace(now, judgement=replace(now.judgement, reasons=(reason,)))
        request = request_of(now, builder.judge.adapters, references, number)
        attempts = builder.attempts(now, references, request, _wants_variant, purchase)
        with closing(purchase), builder.disk_guard.room(size.pixels):
            try:
                reply = builder.senders.get(request.provider).send(request, each_usd(now), now.most_usd, attempts)
            except NotWantedError as changed:
                return BuildResult(Outcome.NOTHING, changed.image, note=changed.note)
            original = attempts.store(reply)
            convert_reply(session, now, original, size)
        record = original.record
        return BuildResult(Outcome.VARIANT, now, record.cost_or_estimate_usd, record.is_estimated)


def _wants_picture(image: Planned) -> bool:
    """Say whether an image is to be made."""
    return image.verdict.spends


def _wants_variant(image: Planned) -> bool:
    """Say whether more versions are to be made of an image that has its own."""
    return image.more > 0 and not image.verdict.spends


class ImageBuilder(Struct, frozen=True):
    """The steps of `build_image`, for one run; safe to use from threads, each image from one of them."""

    session: Session
    judge: Judge
    senders: Senders
    write_backs: WriteBack
    disk_guard: DiskGuard
    mover: Mover
    batches: Batches
    restorer: Restorer
    rewording: Rewording
    sharing: Sharing | None = None
    """The shared store, where one is configured."""

    def join_job(
        self, image: Planned, request: Request, attempts: ImageAttempts, before: FileHash | None
    ) -> BuildResult:
        """Let an image's request join a job, which is made at the end of the run. Raises as sending does."""
        try:
            self.batches.join(image, request, attempts, before)
        except NotWantedError as changed:
            return self.restorer.without_a_call(changed.image, before, note=changed.note)
        return BuildResult(Outcome.SUBMITTED, image, image.cost_usd, estimated=True)

    def read_references(self, image: Planned) -> tuple[SentReference, ...]:
        """Read the references once: the files that are hashed are those that are sent, upright. Raises InputError.

        Of a retake the picture it is made from, and its mask, come last.
        """
        sent: list[SentReference] = []
        for reference in image.references:
            read = read_reference(self.session.project.root, reference.path)
            if read is None:
                continue  # the verdict knows it as a blocker, or does not need it
            digest = hash_bytes(read[0])
            try:
                data, media_type = as_sent(*read, whole=self.session.decoded.knows(digest))
            except ChargenError as damaged:
                message = (
                    f"reference `{reference.path}` can't be shown to its last pixel: {damaged.problems[0].message}"
                )
                raise InputError(error(message, image.entry.position, "replace the file")) from None
            names = reference.character, reference.path
            sent.append(SentReference(*names, data, media_type, reference.appearance, digest, reference.name))
        if (retake := image.retake) is not None and (image.verdict.spends or image.more):
            sent.append(self._read_exactly(self._where_kept(image.id, retake.picture), Role.PICTURE, retake.position))
            if retake.mask is not None:
                sent.append(self._read_exactly(retake.mask, Role.MASK, retake.position))
        return tuple(sent)

    def _where_kept(self, entry_id: EntryId, item: PlannedReference) -> PlannedReference:
        """Let a picture that stood at its target name its place in the history, once the first made of it is there."""
        data, _ = read_reference(self.session.project.root, item.path) or (b"", "")
        if item.digest is None or hash_bytes(data) == item.digest:
            return item
        return replace(item, path=self.judge.evidence.in_history(entry_id, item.digest) or item.path)

    def _read_exactly(self, item: PlannedReference, role: Role, asked_at: Position) -> SentReference:
        """Read a picture that must be the one that was planned with, byte for byte. Raises InputError."""
        data, media_type = read_reference(self.session.project.root, item.path) or (b"", "")
        if hash_bytes(data) != item.digest:
            message = f"`{item.path}` was changed while the image waited for its turn"
            raise InputError(error(message, asked_at, "run again"))
        return SentReference("", item.path, data, media_type, sha256=item.digest, name=item.name, role=role)

    def recheck(
        self, image: Planned, references: tuple[SentReference, ...], ready: Request | None = None
    ) -> tuple[Planned, Request | None]:
        """Judge an image again on what is on the disk now; give the request, as its model takes it, if one is to leave.

        `ready` is the request where it was made a moment ago.
        """
        return self.judge.judge_again(image, self.write_backs.entry_now(image.entry), references, ready)

    def claim(
        self,
        sharing: Sharing,
        image: Planned,
        references: tuple[SentReference, ...],
        request: Request | None,
        is_wanted: Callable[[Planned], bool],
    ) -> tuple[Planned, Request | None, Purchase]:
        """Claim an image in the shared store; judge it again where a reply for it was fetched from there instead."""
        while is_wanted(image):
            purchase = sharing.purchase(image, self.judge)
            if purchase is not None:
                return image, request, purchase
            image, request = self.recheck(image, references)
        return image, request, Purchase()

    def attempts(
        self,
        image: Planned,
        references: tuple[SentReference, ...],
        request: Request,
        is_wanted: Callable[[Planned], bool],
        purchase: Purchase,
    ) -> ImageAttempts:
        """Return what notes the attempts at an image.

        When the request is about to leave it asks whether it still should, where it had to wait, whether the slots
        could be written, and whether the author edited meanwhile what the image is made of.
        """
        judged = self.session.clock.monotonic()

        def confirm() -> None:
            now = image
            if self.session.clock.monotonic() - judged >= _AT_ONCE:
                now, _ = self.recheck(image, references, request)
            if not is_wanted(now):
                raise NotWantedError(now)
            # What is drawn here is drawn again for nothing.
            if now.route is not None and not is_proof(now.route.provider):
                self.write_backs.check_edit(now.entry, now.target, now.route)
            if self.rewording.is_reworded(image):
                raise RewordedError

        is_planned = self.judge.evidence.planned
        return ImageAttempts(self.session, self.disk_guard, image, confirm, is_planned, purchase=purchase)

    def place_now(self, planned: Planned, image: Planned) -> Planned:
        """Return an image under the id its entry has by now: a reply belongs to the entry that asked for it.

        `planned` is the image as the plan had it, before its entry could change.
        """
        entry = self.write_backs.renamed_since(planned.entry)
        if entry is None:
            return image
        return replace(image, entry=entry, target=self.session.project.target(entry.id))

    def keep_former(self, image: Planned, place: Planned) -> None:
        """Keep the picture that stays behind under an image's former id as a version of what it is called now."""
        former = self.session.project.path(image.target)
        if (kept := self.session.history.keep(place.id, former)) is not None:
            self.session.history.part(kept.path, former)

    def write_prompt(self, image: Planned) -> None:
        """Write the composed prompt where doit and people look for it, if it changed; the records hold it too."""
        assert image.composed is not None
        path = self.session.project.path(image.prompt_file)
        data = (image.composed.text + "\n").encode()
        if kind_of(path).size != len(data) or read_plain(path) != data:
            write_whole(path, data, root=self.session.project.root)
