"""Building one image in process: a made-up vendor, a real project on disk; what the author does meanwhile holds."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from servers import pictures
from support import tree
from support.project import Project

from chargen.actions.accept import accept
from chargen.actions.status import set_status
from chargen.build import image as building
from chargen.build.opening import open_build
from chargen.build.result import BuildResult, Outcome, RewordedError
from chargen.build.run import Build
from chargen.model.record_line import ANSWERED, RecordLine
from chargen.model.request import Reply, Request, Ticket
from chargen.model.values import EntryId, Status, Verdict
from chargen.plan.selection import Selection
from chargen.plan.session import open_session

A = EntryId("chapters/ch01/a")
CHAPTER = "imagery/chapters/ch01/imagery.yaml"
ENVIRON = {"OPENAI_API_KEY": "sk-test"}
PRICE = Decimal("0.04")

Deed = Callable[["Desk"], object]


class Vendor:
    """The vendor's own adapter, but nothing leaves the machine. `during` happens while a request is on its way."""

    def __init__(self, real: Any, during: Callable[[], object] | None, before: Callable[[], object] | None) -> None:
        self._real = real
        self._during = during
        self._before = before
        self.requests: list[Request] = []
        self.reply: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def open(self) -> None:
        """Let what is to happen before a request's turn comes happen."""
        if self._before is not None:
            self._before()

    def submit(self, request: Request, name: str) -> Ticket:  # noqa: ARG002 - the protocol names a job
        """Answer with a picture of its own."""
        self.requests.append(request)
        if self._during is not None:
            self._during()
        data = self.reply or pictures.png(128, 96, 1000 + len(request.prompt))
        return Ticket(reply=Reply(data, request_id=f"req-{len(self.requests)}", cost_usd=PRICE))


_IVO = """\
entity_type: character
slug: ivo
image_inventory:
  - {id: face, path: face.png, is_reference_portrait: true}
"""


class Desk:
    """A chapter of one image."""

    def __init__(self, root: Path) -> None:
        self.book = Project(root)
        self.book.chapter("ch01", {"a": "A lamp."}, route="openai/gpt-image-2")
        self.vendor: Vendor | None = None
        self.undo: list[Callable[[], object]] = []

    @contextmanager
    def opened(self, during: Deed | None = None, before: Deed | None = None) -> Iterator[Build]:
        """Open a run with the made-up vendor."""
        build = open_build(self.book.root, environ=ENVIRON)
        adapters = build.session.adapters
        here: list[Callable[[], object] | None] = [
            None if deed is None else (lambda deed=deed: deed(self)) for deed in (during, before)
        ]
        self.vendor = Vendor(adapters.get("openai"), *here)
        adapters._made["openai"] = dict.fromkeys(adapters.members("openai"), self.vendor)  # type: ignore[arg-type]
        try:
            yield build
        finally:
            for undo in self.undo:
                undo()
            build.close()

    def build(self, during: Deed | None = None, before: Deed | None = None) -> tuple[BuildResult | None, int]:
        """Build what needs it; return what became of the image (None: nothing to do), and how many requests left."""
        with self.opened(during, before) as build:
            for image in build.chosen:
                assert build.build(image.id) is None, build.failed
            assert self.vendor is not None
            return build.done.get(A), len(self.vendor.requests)

    def edit(self, old: str, new: str) -> None:
        self.book.edit(CHAPTER, old, new)

    def set_status(self, status: Status) -> None:
        with open_session(self.book.root, ENVIRON) as session:
            (marked,) = set_status(session, Selection((A,)), status).marked
            assert marked.changed

    def accept(self) -> None:
        with open_session(self.book.root, ENVIRON) as session:
            planner = session.planner()
            (taken,) = accept(session, planner, planner.images([A]))
            assert taken.changed

    @property
    def verdict(self) -> Verdict:
        with open_session(self.book.root, ENVIRON, read_only=True) as session:
            return session.plan().by_id[A].verdict

    @property
    def line(self) -> RecordLine:
        with open_session(self.book.root, ENVIRON, read_only=True) as session:
            found = RecordLine.parse(session.planner().image(A).entry.outputs.record)
            assert found is not None
            return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def stale(desk: Desk) -> Desk:
    """The image is built, and its prompt has changed since."""
    desk.build()
    desk.edit("A lamp.", "A lamp at night.")
    return desk


def _typed(status: str) -> Deed:
    return lambda desk: desk.edit('custom_id: "a"', f'custom_id: "a"\n    status: {status}')


def _paint(desk: Desk) -> None:
    desk.book.image(A).write_bytes(pictures.png(128, 96, 7))


DECISIONS: dict[str, Deed] = {
    "approve": lambda desk: desk.set_status(Status.APPROVED),
    "lock": lambda desk: desk.set_status(Status.LOCKED),
    "approved by hand": _typed("approved"),
    "locked by hand": _typed("locked"),
    "archived by hand": _typed("archived"),
    "accept": Desk.accept,
    "painted over": _paint,
}


def test_each_step_is_durable_before_the_next(desk: Desk) -> None:
    """The row `sent` before the request, the original before the picture, slots and the row `done` at the end."""
    seen: list[tuple[str, bool]] = []

    def look(desk: Desk) -> None:
        ((status,),) = tree.journal(desk.book, "SELECT status FROM attempts")
        seen.append((str(status), desk.book.image(A).exists()))

    result, sent = desk.build(during=look)
    assert result is not None
    assert (result.outcome, result.cost_usd, sent) == (Outcome.BUILT, PRICE, 1)
    assert seen == [("sent", False)]
    tree.all_agrees(desk.book, {A})
    assert desk.build() == (None, 0)


@pytest.mark.parametrize("decision", DECISIONS)
def test_what_the_author_decides_while_a_request_is_on_its_way_holds(stale: Desk, decision: str) -> None:
    """The picture stays with its record; the reply is a version, its price is counted, and nothing is bought again."""
    picture = stale.book.image(A).read_bytes()
    result, sent = stale.build(during=DECISIONS[decision])
    assert result is not None
    assert (result.outcome, result.cost_usd, sent) == (Outcome.KEPT, PRICE, 1)
    assert "being made" in result.note
    if decision == "painted over":
        picture = pictures.png(128, 96, 7)
    assert stale.book.image(A).read_bytes() == picture
    assert len(stale.book.originals()) == 2
    text = stale.book.read(CHAPTER)
    assert stale.build() == (None, 0)
    assert stale.book.read(CHAPTER) == text
    assert stale.book.image(A).read_bytes() == picture


def test_what_was_kept_comes_without_a_call_once_it_may(stale: Desk) -> None:
    """Where the approval is taken back, the reply takes its place."""
    stale.build(during=_typed("approved"))
    assert stale.verdict is Verdict.LOCKED
    stale.edit("status: approved", "status: draft")
    result, sent = stale.build()
    assert result is not None
    assert (result.outcome, sent) == (Outcome.RESTORED, 0)
    tree.all_agrees(stale.book, {A})


def test_the_bytes_that_are_sent_are_the_ones_that_are_recorded(desk: Desk) -> None:
    """A portrait that was painted anew since the plan: what left is what the record tells, and what is current."""
    desk.book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [ivo]", route="openai/gpt-image-2")
    desk.book.write("imagery/characters/ivo/imagery.yaml", _IVO)
    portrait = desk.book.write("imagery/characters/ivo/face.png", pictures.png(32, 32, 1))
    with desk.opened() as build:
        portrait.write_bytes(pictures.png(32, 32, 2))
        assert build.build(A) is None, build.failed
        assert desk.vendor is not None
        (sent,) = desk.vendor.requests[0].references
    assert sent.data == portrait.read_bytes()
    (folder,) = desk.book.originals()
    (told,) = json.loads((folder / "record.json").read_text())["references"]
    assert told["sha256"] == hashlib.sha256(sent.data).hexdigest()
    assert desk.verdict is Verdict.FRESH


@pytest.mark.parametrize("reject", [lambda desk: desk.set_status(Status.REJECTED), _typed("rejected")])
def test_a_rejection_meanwhile_is_of_the_picture_before(stale: Desk, reject: Deed) -> None:
    """The new picture answers it: it is published, and not bought again."""
    before = stale.line.file
    result, sent = stale.build(during=reject)
    assert result is not None
    assert (result.outcome, sent) == (Outcome.BUILT, 1)
    assert stale.line.file != before
    assert ANSWERED in stale.line.others
    assert stale.build() == (None, 0)


@pytest.mark.parametrize("decision", ["approve", "approved by hand", "accept", "painted over"])
def test_what_is_decided_before_its_turn_comes_is_not_sent_for(
    stale: Desk, monkeypatch: pytest.MonkeyPatch, decision: str
) -> None:
    """That is no failure, and it is said why nothing was sent."""
    monkeypatch.setattr(building, "_AT_ONCE", 0.0)
    result, sent = stale.build(before=DECISIONS[decision])
    assert result is not None
    assert (result.outcome, sent) == (Outcome.NOTHING, 0)
    assert result.note.startswith("not sent: while it waited the image became ")
    assert not tree.journal(stale.book, "SELECT 1 FROM attempts WHERE status = 'sent'")


@pytest.mark.parametrize("edit", [("A lamp.", "A torch."), ("128x96", "96x128")])
def test_words_that_were_edited_before_a_request_leaves_are_not_sent_as_they_were(
    desk: Desk, edit: tuple[str, str]
) -> None:
    """Nothing is paid for words the author has replaced; that is no failure, and the next run sends the new ones."""
    with desk.opened(before=lambda now: now.edit(*edit)) as build:
        assert build.build(A) is not None
        assert [item.reason for item in build.left_out] == [RewordedError.message]
        assert (build.failed, desk.vendor and desk.vendor.requests) == ({}, [])
    result, sent = desk.build()
    assert result is not None
    assert (result.outcome, sent) == (Outcome.BUILT, 1)
    assert desk.verdict is Verdict.FRESH


@pytest.mark.parametrize("status", ["approved", "locked", "archived"])
def test_an_image_that_was_not_there_yet_may_be_set_aside_while_it_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    """Nothing is sent for it, and that is no failure."""
    monkeypatch.setattr(building, "_AT_ONCE", 0.0)
    result, sent = desk.build(before=_typed(status))
    assert result is not None
    assert (result.outcome, sent) == (Outcome.NOTHING, 0)
    assert result.note.startswith("not sent: while it waited the image became ")


def test_a_picture_approved_before_it_is_there_is_not_one_nobody_saw(desk: Desk) -> None:
    """Nothing stood at the target: the reply is a version, this run and the next, until it is looked at."""
    result, sent = desk.build(during=_typed("approved"))
    assert result is not None
    assert (result.outcome, sent) == (Outcome.KEPT, 1)
    assert not desk.book.image(A).exists()
    assert desk.verdict is Verdict.LOCKED
    assert desk.build() == (None, 0)
    desk.edit("status: approved", "status: draft")
    result, sent = desk.build()
    assert result is not None
    assert (result.outcome, sent) == (Outcome.RESTORED, 0)


def test_a_picture_put_back_meanwhile_is_not_written_over(desk: Desk) -> None:
    """Between the verdict and the copy of an original to its place the author puts a picture there."""
    desk.build()
    desk.book.image(A).unlink()
    with desk.opened() as build:
        (image,) = build.chosen
        assert image.verdict is Verdict.RESTORABLE
        recheck = type(build.builder).recheck

        def painted(*given: Any) -> Any:
            now = recheck(*given)
            _paint(desk)
            return now

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(type(build.builder), "recheck", painted)
            assert build.build(A) is None
        assert build.done[A].outcome is Outcome.KEPT
    assert desk.book.image(A).read_bytes() == pictures.png(128, 96, 7)


def test_slots_that_can_not_be_written_are_written_by_the_next_run(desk: Desk) -> None:
    """The picture is in its place, its price counted, the failure told once."""
    text = desk.book.read(CHAPTER)
    with desk.opened(during=lambda desk: desk.book.write(CHAPTER, f"{text}  - [")) as build:
        message = build.build(A)
        assert message is not None
        assert CHAPTER in message
        assert build.done[A].outcome is Outcome.BUILT
        assert build.done[A].cost_usd == PRICE
        assert list(build.failed) == [A]
    assert desk.book.image(A).exists()
    desk.book.write(CHAPTER, text)
    result, sent = desk.build()
    assert result is not None
    assert (result.outcome, sent) == (Outcome.REPAIRED, 0)
    tree.all_agrees(desk.book, {A})


def _breaks(desk: Desk) -> None:
    desk.book.write(CHAPTER, f"{desk.book.read(CHAPTER)}  - [")


def _deletes_the_entry(desk: Desk) -> None:
    text = desk.book.read(CHAPTER)
    desk.book.write(CHAPTER, text[: text.index("images:")] + "images: []\n")


def _closes_the_folder(desk: Desk) -> None:
    real = os.access
    patch = pytest.MonkeyPatch()
    patch.setattr(os, "access", lambda path, mode: Path(path).name != "ch01" and real(path, mode))
    desk.undo.append(patch.undo)


@pytest.mark.parametrize("deed", [_breaks, _deletes_the_entry, _closes_the_folder], ids=lambda deed: deed.__name__)
def test_what_could_not_be_written_back_is_not_sent_for(desk: Desk, deed: Deed) -> None:
    """Broken, gone or closed since the plan: the image fails with the place, and costs nothing."""
    with desk.opened(before=deed) as build:
        message = build.build(A)
        assert message is not None
        assert "not sent: " in message
        assert CHAPTER in message
        assert desk.vendor is not None
        assert desk.vendor.requests == []


def test_a_file_in_the_middle_of_being_saved_is_waited_for(desk: Desk) -> None:
    """An editor that writes in two halves is no reason to fail an image."""
    text = desk.book.read(CHAPTER)

    def saves(desk: Desk) -> None:
        desk.book.write(CHAPTER, text[: len(text) // 2])
        threading.Timer(0.05, desk.book.write, (CHAPTER, text)).start()

    result, sent = desk.build(before=saves)
    assert result is not None
    assert (result.outcome, sent) == (Outcome.BUILT, 1)


def test_a_reply_that_is_no_picture_is_stored_all_the_same(desk: Desk) -> None:
    """What was paid for stays, whatever it is; the image fails."""
    with desk.opened() as build:
        assert desk.vendor is not None
        desk.vendor.reply = b"\x89PNG\r\n\x1a\nnot really"
        assert build.build(A) is not None
    assert not desk.book.image(A).exists()
    assert len(desk.book.originals()) == 1


def test_a_row_that_can_not_be_written_sends_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal is on the disk before a request leaves, or it does not leave."""
    with desk.opened() as build:

        def refused(*_given: Any) -> None:
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(type(build.session.journal), "sent", refused)
        assert build.build(A) is not None
        assert desk.vendor is not None
        assert desk.vendor.requests == []


_GIF = b64decode("R0lGODlhAgACAIAAAOYoHv///ywAAAAAAgACAAACAoRRADs=")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (_GIF, "is image/gif, which `openai` does not take"),
        (pictures.png(300, 300, 1)[:-30], "is cut short or damaged"),
        (pictures.png(8, 8, 1, pad=50_010_000), "has 50.0 MB, `openai` takes at most 50.0 MB each"),
    ],
    ids=["a GIF", "cut short", "too large"],
)
def test_a_portrait_that_can_not_be_sent_blocks_in_the_plan(desk: Desk, data: bytes, said: str) -> None:
    """Nothing has to be sent to know it."""
    desk.book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [ivo]", route="openai/gpt-image-2")
    desk.book.write("imagery/characters/ivo/imagery.yaml", _IVO)
    desk.book.write("imagery/characters/ivo/face.png", data)
    with open_session(desk.book.root, ENVIRON, read_only=True) as session:
        image = session.plan().by_id[A]
        assert image.verdict is Verdict.BLOCKED
        assert said in " ".join(map(str, (*image.problems, *image.judgement.reasons)))
