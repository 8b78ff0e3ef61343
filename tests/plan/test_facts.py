"""The facts of one image: what is looked up and when, what is told of it; evidence and vendor are made up."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from chargen.config.settings import RebuildOn, Settings
from chargen.errors import Position, Problem, Severity, error, note
from chargen.model.entries import Declared, Entry, Outputs
from chargen.model.inputs import fingerprint, parts
from chargen.model.reason import Reason, ReasonCode
from chargen.model.record_line import ACCEPTED, ANSWERED, FORGOTTEN, QUALITY, RecordLine, with_mark
from chargen.model.request import Asked, Request, SentReference
from chargen.model.traced import Segment, Traced
from chargen.model.values import EntryId, FileHash, Fingerprint, Route, Size, Status, Verdict
from chargen.plan.evidence import PaidReply
from chargen.plan.judge import Judge, PlanOptions
from chargen.plan.owned import Owned
from chargen.plan.plan import Planned, PlannedReference, Unjudged
from chargen.plan.target_state import TargetState
from chargen.plan.tier_rank import SKETCH as SKETCHED
from chargen.plan.verdict import Force, Judgement
from chargen.store.files import FileKind, FileState
from chargen.store.original_store import DamagedOriginal

A = EntryId("chapters/ch01/a")
PLACE = Position("imagery/chapters/ch01/imagery.yaml", 6, 5)
FILE, OTHER = FileHash("ab" * 32), FileHash("cd" * 32)
OPENAI, SKETCH = Route("openai", "gpt-image-2.6-flare"), Route("sketch", "sketch")
MINI = Route("openai", "gpt-image-2")
PRICE = Decimal("0.05")


class World:
    """Evidence, vendor and write_back_check that answer what they are told to and note what they are asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.by_size: TargetState | None = None
        self.state = TargetState(FileState(FileKind.ABSENT))
        self.reply: PaidReply | None = None
        self.late_reply: PaidReply | None = None
        self.lost: Any = None
        self.lost_jobs: tuple[str, ...] = ()
        self.served = False
        self.elsewhere_is = ""
        self.refusal: Any = None
        self.objections: tuple[Problem, ...] = ()
        self.other_server: Problem | None = None
        self.bad_slots: Problem | None = None
        self.unfinished: frozenset[str] = frozenset()
        self.originals = SimpleNamespace(shown=lambda lost: f"originals/{lost.fingerprint}/{lost.attempt}/{lost.file}")
        self.adapters = self

    # evidence

    def in_job(self, _entry: Entry, _fingerprint: Fingerprint | None) -> None:
        """Know of no job."""

    def at_target(self, _entry: Entry, _fingerprint: Fingerprint | None, *, certain: bool) -> TargetState:
        self.asked.append("read" if certain else "look")
        return self.state if certain or self.by_size is None else self.by_size

    def name_of(self, _path: str, _entry: Entry) -> str:
        found = self.late_reply or self.reply
        return found.where if found is not None else ""

    def parts_of(self, _entry: Entry, state: TargetState) -> dict[str, str]:
        return dict(state.line.parts) if state.line is not None else {}

    def elsewhere(self, of: Entry | str) -> Any:
        """Answer as evidence for an entry, as adapters for a provider."""
        if isinstance(of, str):
            return () if self.other_server is None else (self.other_server,)
        return self.elsewhere_is

    def own(self, entry: Entry) -> Entry:
        return entry

    def owned(self, _name: EntryId) -> Owned:
        return Owned()

    def moved_unrecorded(self, _name: EntryId) -> bool:
        return False

    def kept(self, _entry: Entry) -> PaidReply | None:
        return None

    def paid(self, *_: Any, least: int, takes: bool) -> PaidReply | None:
        asked = "paid" if takes else "seen"
        self.asked.append(f"{asked} for a sketch" if least == SKETCHED else asked)
        return self.reply

    def late(self, *_: Any, **__: Any) -> PaidReply | None:
        self.asked.append("late")
        return self.late_reply

    def unexplained(self, *_: Any) -> Any:
        self.asked.append("unexplained")
        return self.lost

    def unusable(self, *_: Any, takes: bool) -> Any:  # noqa: ARG002 - as of the evidence
        self.asked.append("unusable")
        return None

    def answered(self, *_: Any, **__: Any) -> bool:
        return self.served

    def charged_for_nothing(self, *_: Any) -> Any:
        self.asked.append("charged")
        return ()

    def refused(self, *_: Any) -> Any:
        self.asked.append("refused")
        return self.refusal

    # vendors

    def get(self, name: str) -> Any:
        return SimpleNamespace(
            adapt=lambda asked, model: self._asked("adapt", _adapted(asked, name, model)),
            check=lambda _request: self._asked("check", self.objections),
            price=lambda _request: self._asked("price", PRICE),
            most=lambda _request: PRICE,
        )

    def override(self, provider: str) -> Route:
        return SKETCH if provider == "sketch" else MINI

    def refusal_of(self, *_: Any) -> Problem | None:
        return self._asked("unwritable", self.bad_slots)

    def _asked(self, what: str, answer: Any) -> Any:
        self.asked.append(what)
        return answer


def _adapted(asked: Asked, name: str, model: str) -> Request:
    return Request(name, model, asked.prompt, asked.references, "128x96", None, {}, asked, ("adapted",))


class Words:
    """A composed prompt."""

    def __init__(self, text: str) -> None:
        self.text, self.negative = text, ""
        self.segments = (Segment(text, "prompt_used", str(PLACE)),)
        self.negatives: tuple[Traced, ...] = ()


def image(words: str = "A lamp.", *, route: Route | None = OPENAI, **entry: Any) -> Unjudged:
    """A planned image without references, not judged yet."""
    values: dict[str, Any] = {
        "id": A,
        "kind": "chapter",
        "file": PLACE.file,
        "position": PLACE,
        "path": (),
        "title": "A",
        "prompt": Traced.of(words, "prompt_used", PLACE),
        "negative_prompt": (),
        "size": Size(128, 96),
        "status": None,
        "depicts": (),
        "always": (),
        "colours": (),
        "declared": Declared(),
        "outputs": Outputs(),
        "data": {},
    }
    composed: Any = Words(words)
    return Unjudged(
        entry=Entry(**{**values, **entry}),
        target=f"generated/{A}.png",
        prompt_file=f"generated/prompts/{A}.txt",
        references=(),
        composed=composed,
        route=route,
    )


def judged(world: Any, planned: Unjudged, *, rebuild_on: tuple[RebuildOn, ...] = (), **options: Any) -> Planned:
    """Judge it with these options of a command."""
    settings = Settings(rebuild_on=frozenset(rebuild_on))
    project: Any = SimpleNamespace(settings=settings, root=Path("/nowhere"))
    write_back_check: Any = SimpleNamespace(refusal=world.refusal_of)
    return Judge(project, world, world, PlanOptions(**options), write_back_check).judged(planned, ())


def line_of(planned: Unjudged, by: str | None = str(OPENAI), *marks: tuple[str, str]) -> RecordLine:
    """The record line of a picture made from an image's inputs as they are."""
    found = judged(World(), planned)
    assert found.inputs is not None
    assert found.fingerprint is not None
    line = RecordLine(found.fingerprint, FILE, 99, by, "2026-11-22T14:08:07Z", attempt="t1")
    line = replace(line, parts=tuple((name, digest) for name, digest in parts(found.inputs).items()))
    for mark in marks:
        line = with_mark(line, mark)
    return line


def present(line: RecordLine | None, *, others: bool = False, read: bool = True, **more: Any) -> TargetState:
    """A file at the target, with the record that is of it."""
    file = FILE if read else None
    return TargetState(FileState(FileKind.FILE, 99), line, in_yaml=line is not None, others=others, file=file, **more)


@pytest.fixture
def world() -> Any:
    return World()


def test_a_fresh_image_costs_one_look(world: Any) -> None:
    """Its size is evidence enough: nothing is read, and nobody is asked."""
    world.state = present(line_of(image()), read=False)
    found = judged(world, image())
    assert found.verdict is Verdict.FRESH
    assert world.asked == ["look"]
    assert found.cost_usd == 0
    assert not found.repair


def test_a_stale_image_is_read_once_and_its_vendor_asked_once(world: Any) -> None:
    """Once a look, once the bytes; adapted, checked and priced once."""
    line = line_of(image())
    world.by_size, world.state = present(line, read=False), present(line)
    found = judged(world, image("A lamp at night."))
    assert found.verdict is Verdict.STALE
    assert found.judgement.reasons == (Reason(ReasonCode.INPUT_CHANGED, ("prompt.prompt_used", "changed", str(PLACE))),)
    assert found.cost_usd == PRICE
    assert found.notes == ("adapted",)
    assert all(world.asked.count(what) == 1 for what in ("look", "read", "adapt", "check", "price", "unwritable"))


def test_a_picture_painted_over_at_equal_size_is_never_replaced(world: Any) -> None:
    """The look says it is the recorded one; the bytes say it is the author's."""
    world.by_size, world.state = present(line_of(image()), read=False), present(None, others=True)
    assert judged(world, image("A lamp at night.")).verdict is Verdict.EDITED
    assert "adapt" not in world.asked


def test_what_stands_in_the_way_is_told_before_a_vendor_is_asked(world: Any) -> None:
    """A refusal with these inputs blocks, until it is asked to be tried again."""
    world.refusal = SimpleNamespace(message="not this")
    found = judged(world, image())
    assert found.judgement == Judgement(Verdict.BLOCKED, (Reason(ReasonCode.REFUSED_BEFORE, ("not this",)),))
    assert "adapt" not in world.asked
    assert judged(world, image(), resume=False).verdict is Verdict.MISSING


def test_what_a_vendor_objects_to_is_not_sent(world: Any) -> None:
    """Its errors block, its warnings do not; where its requests go is told with it."""
    world.objections = (error("too large"), Problem(Severity.WARNING, "odd"))
    world.other_server = note("requests go elsewhere")
    found = judged(world, image())
    assert found.judgement == Judgement(Verdict.BLOCKED, (Reason(ReasonCode.OBJECTION, ("too large",)),))
    assert found.cost_usd == 0
    assert found.problems == (world.other_server,)
    world.objections = (world.objections[1],)
    assert judged(world, image()).verdict is Verdict.MISSING


def test_slots_that_could_not_be_written_block_with_their_place(world: Any) -> None:
    """Nothing is bought that could not be written down."""
    world.bad_slots = error("an alias is in the way", PLACE)
    found = judged(world, image())
    reason = Reason(ReasonCode.PROBLEM, ("an alias is in the way", str(PLACE)))
    assert found.judgement == Judgement(Verdict.BLOCKED, (reason,))
    assert found.problems == (world.bad_slots,)


def test_another_provider_is_for_what_is_meant_and_not_fresh(world: Any) -> None:
    """Its default model makes what has to be made, and only that."""
    assert judged(world, image(), provider="openai").route == MINI
    assert judged(world, image(), provider="openai", selected=frozenset()).route == OPENAI
    world.state = present(line_of(image()))
    assert judged(world, image(), provider="openai").route == OPENAI
    found = judged(world, image("A lamp at night."), provider="sketch")
    assert (found.route, found.verdict) == (SKETCH, Verdict.BLOCKED)
    assert found.judgement.reasons[0].code is ReasonCode.SKETCH_REPLACES_NOTHING


def test_what_was_paid_for_is_restored_and_a_damaged_record_told(world: Any) -> None:
    """Whatever else stands in the way of a new picture."""
    world.refusal = SimpleNamespace(message="not this")
    world.reply = PaidReply(".chargen/originals/x/t1/reply.png", mended=True)
    found = judged(world, image())
    assert found.judgement == Judgement(Verdict.RESTORABLE, (Reason(ReasonCode.MOVED, (world.reply.where,)),))
    assert [problem.severity for problem in found.problems] == [Severity.WARNING]


def test_a_reply_that_can_not_be_used_blocks_and_is_what_its_problem_is_about(world: Any) -> None:
    """Nothing is bought again while what was paid for may be saved; the author may still ask by name."""
    world.lost = DamagedOriginal(Fingerprint("x"), "t1", "reply.png")
    found = judged(world, image())
    assert found.verdict is Verdict.BLOCKED
    assert [problem.subject for problem in found.problems] == ["originals/x/t1/reply.png"]
    assert judged(world, image(), forced={A: Force.REBUILD}).verdict is Verdict.MISSING


def test_a_damaged_picture_is_told_unless_something_restores_it(world: Any) -> None:
    """And nothing is put over a file that is being written right now."""
    world.state = present(None, others=True, damage="cut short")
    found = judged(world, image())
    assert found.judgement == Judgement(Verdict.BLOCKED, (Reason(ReasonCode.DAMAGED, ("cut short",)),))
    assert [(problem.severity, problem.position) for problem in found.problems] == [(Severity.ERROR, PLACE)]
    world.reply = PaidReply("there")
    assert judged(world, image()).verdict is Verdict.RESTORABLE
    world.state = present(None, others=True, damage="cut short", in_use=True)
    found = judged(world, image())
    assert found.verdict is Verdict.BLOCKED
    assert "(it is being written right now)" in str(found.judgement.reasons[0])


def test_a_rejection_is_served_by_a_mark_a_late_reply_or_an_original(world: Any) -> None:
    """What was made to answer it is not made again."""
    planned = image(status=Status.REJECTED)
    world.state = present(line_of(planned))
    assert judged(world, planned).judgement == Judgement(Verdict.STALE, (Reason(ReasonCode.REJECTED),))
    world.late_reply = PaidReply("there")
    found = judged(world, planned)
    assert found.judgement == Judgement(
        Verdict.RESTORABLE, (Reason(ReasonCode.REPLY_NOT_IN_PLACE), Reason(ReasonCode.MOVED, ("there",)))
    )
    world.late_reply, world.state = None, present(line_of(planned, str(OPENAI), ANSWERED))
    assert judged(world, planned).verdict is Verdict.FRESH
    world.state, world.reply = TargetState(FileState(FileKind.ABSENT)), PaidReply("there")
    assert judged(world, planned).verdict is Verdict.MISSING
    world.served = True
    assert judged(world, planned).verdict is Verdict.RESTORABLE


@pytest.mark.parametrize(
    ("by", "marks", "rebuild_on", "verdict"),
    [
        (str(MINI), (), (), Verdict.FRESH),
        (str(MINI), (), (RebuildOn.MODEL,), Verdict.STALE),
        (str(MINI), (), (RebuildOn.PROVIDER, RebuildOn.QUALITY), Verdict.FRESH),
        (str(MINI), ((ACCEPTED, str(OPENAI)),), (RebuildOn.MODEL,), Verdict.FRESH),
        (str(OPENAI), ((QUALITY, "low"),), (RebuildOn.QUALITY,), Verdict.STALE),
        (str(SKETCH), (), (RebuildOn.PROVIDER,), Verdict.PROOF),
        (str(SKETCH), ((ACCEPTED, str(OPENAI)),), (RebuildOn.PROVIDER,), Verdict.FRESH),
        (None, (), (RebuildOn.PROVIDER,), Verdict.FRESH),
    ],
)
def test_drift_rebuilds_only_what_is_named_and_was_not_accepted(
    world: Any, by: str | None, marks: Any, rebuild_on: Any, verdict: Verdict
) -> None:
    """It is shown whatever is named."""
    planned = image(declared=Declared(quality=Traced.of("high", "quality", PLACE)))
    planned = replace(planned, quality="high")
    world.state = present(line_of(planned, by, *marks))
    found = judged(world, planned, rebuild_on=rebuild_on)
    assert found.verdict is verdict
    assert bool(found.drift) == (by is not None)


def test_a_forgotten_image_is_made_anew(world: Any) -> None:
    """The inputs are the same, and the author asked."""
    world.state = present(line_of(image(), str(OPENAI), (FORGOTTEN, "2026-11-22T14:08:07.000000Z")))
    assert judged(world, image()).judgement == Judgement(Verdict.STALE, (Reason(ReasonCode.FORGOTTEN),))


@pytest.mark.parametrize(
    ("in_yaml", "slots", "unfinished", "repair"),
    [
        (False, False, False, ReasonCode.SLOTS_MISSING),
        (False, True, False, ReasonCode.SLOTS_OF_ANOTHER),
        (True, True, True, ReasonCode.END_NOT_WRITTEN),
        (True, True, False, None),
    ],
)
def test_a_picture_whose_slots_or_row_are_missing_is_repaired(
    world: Any, in_yaml: bool, slots: bool, unfinished: bool, repair: ReasonCode | None
) -> None:
    """The record was found elsewhere, or the journal does not know that it was written back."""
    world.state = replace(present(line_of(image())), in_yaml=in_yaml)
    world.unfinished = frozenset({"t1"} if unfinished else ())
    entry = image().entry
    if slots:
        entry = replace(entry, outputs=Outputs(record=Traced.of(line_of(image()).format(), "record")))
    assert judged(world, replace(image(), entry=entry)).repair is repair


def test_it_is_judged_again_on_the_references_that_are_sent(world: Any) -> None:
    """The hashes of the bytes that were read are the inputs, whatever the plan knew of the files."""
    face = PlannedReference("art/face.png", "mara", FILE)
    planned = replace(image(), references=(face,))
    world.state = present(line_of(planned))
    settings = Settings()
    project: Any = SimpleNamespace(settings=settings, root=Path("/nowhere"))
    write_back_check: Any = SimpleNamespace(refusal=world.refusal_of)
    judge = Judge(project, world, world, PlanOptions(), write_back_check)
    same, changed = (SentReference("mara", face.path, b"x", "image/png", sha256=digest) for digest in (FILE, OTHER))
    assert judge.judge_again(planned, planned.entry, (same,))[0].verdict is Verdict.FRESH
    now, request = judge.judge_again(planned, planned.entry, (changed,))
    assert now.verdict is Verdict.STALE
    assert request is not None
    assert judge.judge_again(planned, planned.entry, (changed,), request) == (now, request)
    assert now.inputs is not None
    assert [item.sha256 for item in now.inputs.references] == [OTHER]
    assert [item.digest for item in now.references] == [OTHER]
    assert now.fingerprint == fingerprint(now.inputs)
