"""Asking again with words: what is written, what it is made from, and when it is refused."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from PIL import Image
from support.inside import build, one, opened
from support.project import Project

from chargen.actions.history import history
from chargen.actions.retake import Retaken, plan_retake, retake
from chargen.actions.undo import undo
from chargen.errors import InputError, StartError
from chargen.model.values import EntryId, Verdict
from chargen.plan.plan import Planned
from chargen.plan.session import open_session
from chargen.store.pictures import read_reference

A = EntryId("chapters/ch01/a")
CH01 = "imagery/chapters/ch01/imagery.yaml"
TARGET = "generated/chapters/ch01/a.png"
WORDS = "Take the hat  away."


def ask(book: Project, text: str = WORDS, version: str = "", mask: str = "") -> Retaken:
    """Ask for the next version of `a`."""
    with opened(book) as (session, planner):
        found = history(session, planner.evidence, one(planner, A))
        return retake(session, plan_retake(planner, found, text, version, mask))


def planned(book: Project) -> Planned:
    """Plan `a` to the last word."""
    with opened(book, read_only=True) as (_, planner):
        return one(planner, A)


def reasons(book: Project) -> list[str]:
    """Say why `a` has its verdict, places left out."""
    return [re.sub(r" \(.*", "", str(reason)) for reason in planned(book).reasons]


def file_hash(book: Project, path: str = TARGET) -> str:
    """Hash a file of the project."""
    return hashlib.sha256((book.root / path).read_bytes()).hexdigest()


def save_mask(book: Project, size: tuple[int, int], mode: str = "RGBA") -> str:
    """Draw a mask; return its path."""
    Image.new(mode, size).save(book.root / "mask.png")
    return "mask.png"


def test_it_is_written_as_three_lines_and_taken_back_byte_for_byte(book: Project) -> None:
    """The whole hash, the words on one line and the mask; nothing else of the file changes."""
    before = book.read(CH01)
    mask = save_mask(book, planned_size(book))
    done = ask(book, mask=mask)
    lines = book.read(CH01).splitlines()
    added = [line for line in lines if line not in before.splitlines()]
    assert [line.strip() for line in added] == [
        "retake:",
        f'of: "{file_hash(book)}"',
        'instruction: "Take the hat away."',
        'mask: "mask.png"',
    ]
    assert (done.image.verdict, done.note, done.decision) == (Verdict.STALE, "", 1)
    with open_session(book.root, {}) as session:
        assert [item.refused for item in undo(session).images] == [""]
    assert book.read(CH01) == before


def planned_size(book: Project) -> tuple[int, int]:
    """Return the size of `a`."""
    with Image.open(book.root / TARGET) as picture:
        return picture.size


def test_the_next_version_is_made_from_it_and_is_fresh_whatever_becomes_of_the_prompt(book: Project) -> None:
    """The old picture stays a version; a prompt edited later is told and makes nothing stale."""
    first = file_hash(book)
    ask(book)
    assert reasons(book) == ["retake added", "asked anew: Take the hat away."]
    assert build(book) == 0
    image = planned(book)
    assert (image.verdict, image.problems) == (Verdict.FRESH, ())
    assert file_hash(book) != first
    with opened(book, read_only=True) as (session, planner):
        versions = history(session, planner.evidence, one(planner, A)).versions
    assert [version.file for version in versions] == [first, file_hash(book)]
    record = versions[1].record
    assert record is not None
    assert record.sent_prompt == "Take the hat away."
    assert {part.name: part.text for part in record.parts}["retake.of"] == first
    book.edit(CH01, "A lamp.", "A lantern.")
    image = planned(book)
    assert image.verdict is Verdict.FRESH
    (told,) = image.problems
    assert "prompt used changed" in told.message
    assert "stays as it is" in told.message


def test_without_the_key_the_plain_inputs_count_again(book: Project) -> None:
    """What was paid for before comes back without a call; with the key again the retake does."""
    plain = book.read(CH01)
    first = file_hash(book)
    ask(book)
    build(book)
    made = file_hash(book)
    asked = re.search(r"(?m)^ *retake:\n(?: +(?:of|instruction): .*\n)+", book.read(CH01))
    assert asked is not None
    book.edit(CH01, asked[0], "")
    assert planned(book).verdict is Verdict.RESTORABLE
    build(book)
    assert file_hash(book) == first
    assert planned(book).verdict is Verdict.FRESH
    assert plain.splitlines()[0] == book.read(CH01).splitlines()[0]
    ask(book)
    assert planned(book).verdict is Verdict.RESTORABLE
    build(book)
    assert file_hash(book) == made


def test_another_word_another_picture_and_another_mask_make_it_stale(book: Project) -> None:
    """Each of the three is an input, and is named."""
    ask(book, mask=save_mask(book, planned_size(book)))
    build(book)
    book.edit(CH01, "hat", "coat")
    assert reasons(book) == ["the words of the retake changed", "asked anew: Take the coat away."]
    book.edit(CH01, "coat", "hat")
    assert planned(book).verdict is Verdict.FRESH
    Image.new("RGBA", planned_size(book), (0, 0, 0, 255)).save(book.root / "mask.png")
    assert reasons(book)[:-1] == ["the mask of the retake changed"]
    ask(book, version="2")
    assert reasons(book)[:-1] == ["the version of the retake changed", "the mask of the retake removed"]


def test_a_mask_that_does_not_fit_blocks_with_its_place(book: Project) -> None:
    """Its size and its transparency are looked at in the plan; so is that it is there at all."""
    ask(book, mask=save_mask(book, planned_size(book)))
    for size, mode, said in (((10, 10), "RGBA", "is 10x10, and the picture"), (planned_size(book), "RGB", "no PNG")):
        save_mask(book, size, mode)
        image = planned(book)
        assert image.verdict is Verdict.BLOCKED
        (problem,) = image.problems
        assert said in problem.message
        assert str(problem.position).startswith(f"{CH01}:")
        assert problem.position is not None
        assert "mask.png" in book.read(CH01).splitlines()[problem.position.line - 1]
    (book.root / "mask.png").unlink()
    assert "is not there" in planned(book).problems[0].message


def test_a_version_that_is_not_here_blocks_only_what_is_still_to_be_made(book: Project) -> None:
    """Once the picture is made, nothing is missed; asked for anew, the place is named."""
    ask(book)
    build(book)
    for kept in (book.root / ".chargen/history").rglob("*.png"):
        kept.unlink()
    assert planned(book).verdict is Verdict.FRESH
    book.edit(CH01, "hat", "coat")
    image = planned(book)
    assert image.verdict is Verdict.BLOCKED
    (problem,) = image.problems
    assert "is not on this machine" in problem.message
    assert problem.position is not None
    assert book.read(CH01).splitlines()[problem.position.line - 1].strip().startswith("of:")


def test_what_can_not_be_carried_out_is_not_written(book: Project, tmp_path: Path) -> None:
    """A wrong mask, an unknown version, no words: refused, and the file is as it was."""
    before = book.read(CH01)
    with pytest.raises(InputError, match="is 3x3, and the picture"):
        ask(book, mask=save_mask(book, (3, 3)))
    with pytest.raises(StartError, match="no version `9`"):
        ask(book, version="9")
    with pytest.raises(StartError, match="say what"):
        ask(book, text=" \n ")
    (tmp_path / TARGET).unlink()
    with pytest.raises(InputError, match="no picture"):
        ask(book)
    assert book.read(CH01) == before


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{of: abc, instruction: x}", "whole hash"),
        ("{instruction: x}", "whole hash"),
        (f"{{of: {'a' * 64}}}", "must say what"),
        (f"{{of: {'a' * 64}, instruction: ' '}}", "must say what"),
        ("again", "must be a mapping"),
    ],
)
def test_a_key_that_is_not_whole_changes_nothing_that_is_there(book: Project, written: str, said: str) -> None:
    """Neither an older picture comes back for a slip of the pen, nor is anything asked for."""
    book.edit(CH01, '  - custom_id: "a"', f'  - custom_id: "a"\n    retake: {written}')
    image = planned(book)
    assert image.verdict is Verdict.FRESH
    assert any(said in problem.message for problem in image.problems)
    (book.root / TARGET).unlink()
    assert planned(book).verdict in (Verdict.BLOCKED, Verdict.RESTORABLE)


def test_a_pointer_is_no_picture_to_change(book: Project) -> None:
    """Where only Git LFS's pointer to it is, the place and the way out are told; nothing is asked for."""
    ask(book)
    digest, size = file_hash(book), (book.root / TARGET).stat().st_size
    book.write(TARGET, f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size}\n")
    image = planned(book)
    assert image.verdict is Verdict.BLOCKED
    assert any("Git LFS pointer" in problem.message for problem in image.problems)


def test_a_mask_outside_the_project_is_not_looked_at(book: Project) -> None:
    """Neither by an absolute path nor by dots."""
    for mask in ("/etc/hostname", "../mask.png"):
        with pytest.raises(InputError, match="is not in the project"):
            ask(book, mask=mask)


def test_a_vendor_is_not_asked_to_change_a_sketch_unsaid(book: Project) -> None:
    """It is odd, and costs: a warning at the key."""
    book.edit(CH01, "provider: sketch, model: sketch", "provider: openai, model: gpt-image-2.6-flare")
    ask(book)
    image = planned(book)
    assert image.verdict is Verdict.STALE
    (told,) = (problem for problem in image.problems if "is a sketch" in problem.message)
    assert told.position is not None
    assert book.read(CH01).splitlines()[told.position.line - 2].strip() == "retake:"


def test_images_of_all_kinds_are_asked_anew(tmp_path: Path) -> None:
    """A portrait, a scene, a place and a zone: written into the entry, made from its picture, fresh, and undone."""
    book = Project(tmp_path)
    book.character("mara", "Mara stands.")
    book.write(
        "imagery/characters/mara/scenes.yaml",
        "character: {name: Mara, summary: A tall one}\ngeneration_defaults: {provider: sketch, model: sketch}\n"
        "scenes:\n  - title: A race\n    scene: Mara runs\n",
    )
    book.write(
        "imagery/locations/yard.yaml",
        "entity_type: location-imagery\nslug: yard\ngeneration_defaults: {provider: sketch, model: sketch}\n"
        "overview:\n  title: Yard\n  prompt: The yard.\n  size: 128x96\n"
        "zones:\n  - slug: gate\n    prompt: The gate.\n    size: 128x96\n",
    )
    assert build(book) == 0
    names = (
        "characters/mara/mara-portrait",
        "characters/mara/a-race",
        "locations/yard/overview",
        "locations/yard/gate",
    )
    before = {path: path.read_bytes() for path in (book.root / "imagery").rglob("*.yaml")}
    for name in names:
        with opened(book) as (session, planner):
            found = history(session, planner.evidence, one(planner, name))
            retake(session, plan_retake(planner, found, WORDS))
    with opened(book, read_only=True) as (_, planner):
        assert {one(planner, name).verdict for name in names} == {Verdict.STALE}
    for _ in names:
        with open_session(book.root, {}) as session:
            undo(session)
    assert {path: path.read_bytes() for path in before} == before
    for name in names:
        with opened(book) as (session, planner):
            found = history(session, planner.evidence, one(planner, name))
            retake(session, plan_retake(planner, found, WORDS))
    assert build(book) == 0
    with opened(book, read_only=True) as (session, planner):
        assert {one(planner, name).verdict for name in names} == {Verdict.FRESH}
        counts = [len(history(session, planner.evidence, one(planner, name)).versions) for name in names]
    assert all(count >= 2 for count in counts)


def test_a_slip_in_the_key_of_a_picture_it_made_brings_no_older_one_back(book: Project) -> None:
    """What it asks for is unknown then, and what is there stays."""
    ask(book)
    build(book)
    book.edit(CH01, "instruction: ", "instructions: ")
    image = planned(book)
    assert (image.verdict, image.inputs) == (Verdict.FRESH, None)
    assert any("must say what" in problem.message for problem in image.problems)


def test_a_mask_that_is_saved_while_the_image_waits_is_not_sent(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was planned, and may have been confirmed, is not what would leave: the next run does it."""
    ask(book, mask=save_mask(book, planned_size(book)))
    before = file_hash(book)

    def saved_meanwhile(root: Path, path: str) -> tuple[bytes, str] | None:
        if path == "mask.png":
            Image.new("RGBA", planned_size(book), (9, 9, 9, 9)).save(book.root / path)
        return read_reference(root, path)

    monkeypatch.setattr("chargen.build.image.read_reference", saved_meanwhile)
    assert build(book) == 1
    assert file_hash(book) == before
    monkeypatch.undo()
    assert build(book) == 0
    assert file_hash(book) != before
