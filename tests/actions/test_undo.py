"""Decisions and taking them back: byte for byte, only while nothing else has happened there."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.pictures import png
from support.inside import build
from support.project import Project

from chargen.actions import status
from chargen.actions.accept import accept
from chargen.actions.history import history
from chargen.actions.restore import restore
from chargen.actions.status import set_status
from chargen.actions.undo import Undoing, open_decisions, undo
from chargen.build import publish
from chargen.config.layout import DECISIONS
from chargen.errors import InputError, StartError, error
from chargen.model.values import EntryId, FileHash, Status
from chargen.plan.plan import Planned
from chargen.plan.selection import Selection
from chargen.plan.session import Session, open_session
from chargen.yaml.difference import Difference

A, B = EntryId("chapters/ch01/a"), EntryId("chapters/ch01/b")
CH01 = "imagery/chapters/ch01/imagery.yaml"


def mark(book: Project, status: Status, *names: str) -> int | None:
    """Give images a status; return the number of the decision."""
    with open_session(book.root, {}) as session:
        return set_status(session, Selection(names), status).decision


def take_back(book: Project, number: int | None = None) -> Undoing:
    """Undo a decision."""
    with open_session(book.root, {}) as session:
        return undo(session, number)


def standing(book: Project) -> list[tuple[int, str]]:
    """Return the decisions that may be undone."""
    with open_session(book.root, {}, read_only=True) as session:
        return [(decision.number, decision.command) for decision in open_decisions(session)]


def bring_back(book: Project) -> None:
    """Restore the first version of an image."""
    with open_session(book.root, {}) as session:
        planner = session.planner()
        image = planner.image(A)
        restore(session, planner.evidence, image, history(session, planner.evidence, image).named("1"))


def test_a_status_is_taken_back_byte_for_byte(book: Project) -> None:
    """The line that was inserted is gone again, the word that was replaced is back; one decision after the other."""
    texts = [book.read(CH01)]
    mark(book, Status.APPROVED, A, B)
    texts.append(book.read(CH01))
    mark(book, Status.REJECTED, A)
    assert standing(book) == [(1, "approve"), (2, "reject")]
    assert [item.refused for item in take_back(book).images] == [""]
    assert book.read(CH01) == texts[1]
    assert [(item.decided.id, item.refused) for item in take_back(book).images] == [(A, ""), (B, "")]
    assert book.read(CH01) == texts[0]
    assert standing(book) == []
    with pytest.raises(StartError, match="no decision to undo"):
        take_back(book)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_stay(book: Project, line_end: str) -> None:
    """Whatever the author's file has."""
    book.write(CH01, book.read(CH01).replace("\n", line_end).encode())
    before = (book.root / CH01).read_bytes()
    mark(book, Status.LOCKED, B)
    assert (book.root / CH01).read_bytes() != before
    assert [item.refused for item in take_back(book).images] == [""]
    assert (book.root / CH01).read_bytes() == before


def test_what_was_edited_since_is_refused_with_what_is_there(book: Project) -> None:
    """Nothing is changed; another line of the entry may have been, and other entries."""
    mark(book, Status.APPROVED, A)
    book.edit(CH01, 'status: "approved"', 'status: "locked"')
    text = book.read(CH01)
    (refused,) = take_back(book).images
    assert "not as the decision left it: its status is `locked` now" in refused.refused
    assert book.read(CH01) == text
    assert standing(book) == [(1, "approve")]
    book.edit(CH01, 'status: "locked"', 'status: "approved"')
    book.edit(CH01, "A cat.", "A dog.")
    book.edit(CH01, "A lamp.", "A lantern.")
    text = book.read(CH01)
    assert [item.refused for item in take_back(book).images] == [""]
    assert book.read(CH01) == text.replace('    status: "approved"\n', "")


def test_an_undone_decision_can_be_made_again(book: Project) -> None:
    """Taking back is a decision; by its number it is taken back too."""
    mark(book, Status.APPROVED, A)
    text = book.read(CH01)
    take_back(book)
    assert [item.refused for item in take_back(book, 2).images] == [""]
    assert book.read(CH01) == text
    assert standing(book) == [(1, "approve")]


def test_an_answered_rejection_asks_once_more_and_back(book: Project) -> None:
    """Two edits of one entry, the mark of its record and nothing else, are taken back in turn."""
    mark(book, Status.REJECTED, A)
    assert build(book, "chargen batch all") == 0
    before = book.read(CH01)
    mark(book, Status.REJECTED, A)
    assert book.read(CH01) != before
    assert [item.refused for item in take_back(book).images] == [""]
    assert book.read(CH01) == before


@pytest.mark.parametrize("ends", [Status.DRAFT, Status.REJECTED])
def test_an_approval_comes_back_to_the_picture_it_was_of_alone(book: Project, ends: Status) -> None:
    """One that was made since was never approved: refused, until its author says so."""
    mark(book, Status.APPROVED, A)
    mark(book, ends, A)
    book.edit(CH01, "A lamp.", "A lantern.")
    assert build(book, "chargen batch all") == 0
    text = book.read(CH01)
    (refused,) = take_back(book).images
    assert f"there is another picture at `generated/{A}.png` now" in refused.refused
    assert book.read(CH01) == text
    bring_back(book)
    assert [item.refused for item in take_back(book, 2).images] == [""]
    assert 'status: "approved"' in book.read(CH01)


def test_an_approval_that_was_taken_back_comes_back_to_its_own_picture_alone(book: Project) -> None:
    """Undoing the undoing is no way around it."""
    mark(book, Status.APPROVED, A)
    take_back(book)
    book.edit(CH01, "A lamp.", "A lantern.")
    assert build(book, "chargen batch all") == 0
    assert "there is another picture" in take_back(book, 2).images[0].refused


def test_a_restored_picture_goes_back(book: Project) -> None:
    """The one that stood there before is put back, slots and all; nothing is due after that."""
    book.edit(CH01, "A lamp.", "A lantern.")
    assert build(book, "chargen batch all") == 0
    text, picture = book.read(CH01), book.image(A).read_bytes()
    bring_back(book)
    assert book.image(A).read_bytes() != picture
    assert [item.refused for item in take_back(book).images] == [""]
    assert (book.read(CH01), book.image(A).read_bytes()) == (text, picture)
    with open_session(book.root, {}, read_only=True) as session:
        assert {image.verdict.value for image in session.plan().images} == {"fresh"}


def test_a_restored_picture_that_was_painted_over_stays(book: Project) -> None:
    """Refused with both hashes, and nothing is changed."""
    book.edit(CH01, "A lamp.", "A lantern.")
    assert build(book, "chargen batch all") == 0
    bring_back(book)
    book.write(f"generated/{A}.png", book.image(B).read_bytes())
    text = book.read(CH01)
    (refused,) = take_back(book).images
    assert "there is another picture" in refused.refused
    assert book.read(CH01) == text
    assert book.image(A).read_bytes() == book.image(B).read_bytes()


def test_a_picture_that_can_not_be_put_back_leaves_the_lines_too(
    book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has changed, and the decision can be taken back later."""
    book.edit(CH01, "A lamp.", "A lantern.")
    assert build(book, "chargen batch all") == 0
    bring_back(book)
    text, picture = book.read(CH01), book.image(A).read_bytes()

    def full(*_: object, **__: object) -> None:
        raise InputError(error("no space left on the disk"))

    with monkeypatch.context() as patched:
        patched.setattr("chargen.actions.undo.replace_picture", full)
        (refused,) = take_back(book).images
    assert "no space left" in refused.refused
    assert (book.read(CH01), book.image(A).read_bytes()) == (text, picture)
    assert standing(book) == [(1, "restore")]
    with open_session(book.root, {}, read_only=True) as session:
        assert [decision.command for decision in session.decisions.all()] == ["restore"]
    assert [item.refused for item in take_back(book).images] == [""]


def test_a_version_whose_entry_can_not_be_edited_is_not_restored(book: Project) -> None:
    """It is told before the picture is touched, and there is no decision."""
    book.edit(CH01, "A lamp.", "A lantern.")
    assert build(book, "chargen batch all") == 0
    book.edit(
        CH01, '    file_path: "generated/chapters/ch01/a.png"', '    file_path: &here "generated/chapters/ch01/a.png"'
    )
    book.edit(CH01, '  - custom_id: "b"\n', '  - custom_id: "b"\n    mine: *here\n')
    text, picture = book.read(CH01), book.image(A).read_bytes()
    with open_session(book.root, {}) as session:
        planner = session.planner()
        image = planner.image(A)
        with pytest.raises(InputError):
            restore(session, planner.evidence, image, history(session, planner.evidence, image).named("1"))
        assert session.decisions.all() == ()
    assert (book.read(CH01), book.image(A).read_bytes()) == (text, picture)


def test_an_acceptance_is_taken_back(book: Project) -> None:
    """The picture was not touched, and is edited again."""
    book.write(f"generated/{A}.png", book.image(B).read_bytes())
    before = book.read(CH01)
    with open_session(book.root, {}) as session:
        planner = session.planner()
        assert [item.refused for item in accept(session, planner, [planner.image(A)])] == [""]
    assert book.read(CH01) != before
    assert [item.refused for item in take_back(book).images] == [""]
    assert book.read(CH01) == before


def test_what_was_not_written_is_no_decision(book: Project) -> None:
    """One entry's refusal leaves the decision to the others; where nothing is written there is none."""
    assert mark(book, Status.DRAFT, A) is None
    book.edit(CH01, '  - custom_id: "b"\n', '  - custom_id: "b"\n    status: &word draft\n    mine: *word\n')
    mark(book, Status.APPROVED, A, B)
    with open_session(book.root, {}, read_only=True) as session:
        (decision,) = session.decisions.all()
    assert list(decision.images) == [A]


def test_a_line_that_can_not_be_read_hides_no_other(book: Project) -> None:
    """The list only grows, and a torn end of it is passed over."""
    mark(book, Status.APPROVED, A)
    with (book.root / DECISIONS).open("ab") as out:
        out.write(b'{"number": 2, "at"')
    assert standing(book) == [(1, "approve")]
    assert mark(book, Status.LOCKED, B) == 2
    assert standing(book) == [(1, "approve"), (2, "lock")]


_LINE = st.text(st.sampled_from("ab: \n\r"), max_size=12)


@given(_LINE, _LINE, _LINE, _LINE)
def test_a_difference_taken_back_is_the_text_before(left: str, old: str, new: str, right: str) -> None:
    """Wherever it stands and whatever its lines are."""
    before, after = left + old + right, left + new + right
    difference = Difference.of(before, after)
    if before != after:
        reverted = difference.reverted(after, 0, len(after))
        whole = difference.left + difference.put + difference.right
        assert reverted == before or (reverted is None and (not whole or after.find(whole) != after.rfind(whole)))


def test_an_approval_comes_back_where_its_picture_was_a_pointer_meanwhile(book: Project) -> None:
    """Git LFS may have a pointer to it when it is rejected, and the picture when that is taken back."""
    data = book.image(A).read_bytes()
    mark(book, Status.APPROVED, A)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(data).hexdigest()}\nsize {len(data)}\n"
    book.image(A).write_text(pointer)
    mark(book, Status.REJECTED, A)
    book.image(A).write_bytes(data)
    assert [item.refused for item in take_back(book).images] == [""]


def test_a_picture_that_can_not_be_read_keeps_no_other_from_being_rejected(
    book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(book, Status.APPROVED, A, B)

    def file_at_target(session: Session, image: Planned) -> FileHash | None:
        if image.id == A:
            raise PermissionError(13, "Permission denied")
        return publish.file_at_target(session, image)

    monkeypatch.setattr(status, "file_at_target", file_at_target)
    mark(book, Status.REJECTED, A, B)
    assert book.read(CH01).count("rejected") == 2


def test_where_nothing_was_decided_a_rename_is_said_to_be_no_decision(book: Project) -> None:
    with pytest.raises(StartError) as refused:
        take_back(book)
    assert "chargen mv NEW OLD" in str(refused.value)
    assert "--list" not in str(refused.value), "that list is empty"


def test_what_was_built_anew_since_is_refused_with_the_next_step(book: Project) -> None:
    book.edit(CH01, "A lamp.", "A red lamp.")
    build(book)
    bring_back(book)
    book.edit(CH01, "A red lamp.", "A green lamp.")
    build(book)
    (item,) = take_back(book).images
    assert "chargen restore chapters/ch01/a VERSION" in item.refused


def test_a_restored_version_of_ones_own_that_is_taken_back_keeps_its_record(book: Project) -> None:
    """Its picture was gone when it was restored: what is put back is that, and the file is as it was."""
    build(book)
    book.write("generated/chapters/ch01/a.png", png(64, 64, 9))
    with open_session(book.root, {}) as session:
        planner = session.planner()
        accept(session, planner, planner.images([A]))
    (book.root / "generated/chapters/ch01/a.png").unlink()
    before = book.read(CH01)
    with open_session(book.root, {}) as session:
        planner = session.planner()
        image = planner.image(A)
        restore(session, planner.evidence, image, history(session, planner.evidence, image).named("2"))
    take_back(book)
    assert book.read(CH01) == before
