"""Every version of an image, and any of them brought back: file and slots, without a call."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from servers.pictures import png
from support.inside import build, one, opened, verdicts
from support.project import Project

from chargen.actions.accept import accept
from chargen.actions.history import gone, histories, history, named
from chargen.actions.restore import Restored, restore, users
from chargen.actions.version import ImageHistory, VersionPlace
from chargen.errors import InputError, StartError
from chargen.model.values import Verdict
from chargen.store.originals import Originals

A = "chapters/ch01/a"
CH01 = "imagery/chapters/ch01/imagery.yaml"


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """One image, built with one prompt and then with another."""
    made = Project(tmp_path)
    made.chapter("ch01", {"a": "A lamp."})
    build(made)
    made.edit(CH01, "A lamp.", "A door.")
    build(made)
    return made


def versions(book: Project, entry_id: str = A) -> ImageHistory:
    with opened(book, read_only=True) as (session, planner):
        return history(session, planner.evidence, one(planner, entry_id))


def back(book: Project, name: str, entry_id: str = A) -> Restored:
    with opened(book) as (session, planner):
        image = one(planner, entry_id)
        return restore(session, planner.evidence, image, history(session, planner.evidence, image).named(name))


def test_versions_are_numbered_from_the_oldest_and_say_where_they_are(book: Project) -> None:
    """The former one lies in the history; JSON has the prompt, the reason and the hash of each."""
    found = versions(book).versions
    assert [(version.number, version.where) for version in found] == [
        (1, VersionPlace.HISTORY),
        (2, VersionPlace.CURRENT),
    ]
    shown = versions(book).to_json()
    assert (shown["id"], shown["target"]) == (A, f"generated/{A}.png")
    first, second = shown["versions"]
    assert "A lamp." in first["prompt"]
    assert "A door." in second["prompt"]
    assert second["why"] == [f"prompt used changed ({CH01}:7:18)"]
    assert (first["by"], first["by_hand"], first["cost_usd"]) == ("sketch/sketch", False, 0.0)
    assert len(first["file_sha256"]) == 64


def test_a_version_is_named_by_number_hash_or_attempt(book: Project) -> None:
    """What names none or could be several says what there is."""
    found = versions(book)
    first = found.versions[0]
    assert found.named("1") is first
    assert found.named(first.file[:8].upper()) is first
    assert found.named(first.attempt) is first
    with pytest.raises(StartError, match="there is no version `3`"):
        found.named("3")
    with pytest.raises(StartError, match="a number from 1 to 2"):
        found.named("zz")


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 9\n" % (b"a" * 64)


@pytest.mark.parametrize(("data", "hint"), [(b"", "damaged when it was replaced"), (POINTER, "run `git lfs pull`")])
def test_a_version_that_is_no_picture_does_not_come_back(book: Project, data: bytes, hint: str) -> None:
    """What is damaged is kept as everything that is replaced; it says why it can't be used, and what can be done."""
    current = book.image(A).read_bytes()
    (kept,) = (book.root / ".chargen/history" / A).glob("*.png")
    kept.with_name(f"{hashlib.sha256(data).hexdigest()}.png").write_bytes(data)
    (odd,) = (version for version in versions(book).versions if version.by_hand)
    with pytest.raises(InputError, match="is no picture") as refused:
        back(book, str(odd.number))
    assert hint in str(refused.value)
    assert book.image(A).read_bytes() == current


def test_what_was_painted_over_by_hand_is_a_version_too(book: Project) -> None:
    """It has no maker; brought back, its slots say so and builds leave it alone."""
    (book.root / "generated" / f"{A}.png").write_bytes(book.originals()[0].joinpath("reply.png").read_bytes() + b"hand")
    assert versions(book).versions[-1].by_hand


def test_the_very_file_comes_back_and_a_build_leaves_it(book: Project) -> None:
    """It counts as current for today's inputs until they change; nothing is sent."""
    now = book.image(A).read_bytes()
    done = back(book, "1")
    assert (done.to_json()["version"], done.to_json()["other_inputs"]) == (1, True)
    assert book.image(A).read_bytes() != now
    assert done.to_json()["file_sha256"] == versions(book).named("1").file
    assert verdicts(book)[A] is Verdict.FRESH
    assert build(book) == 0
    assert len(book.originals()) == 2
    back(book, "2")
    assert book.image(A).read_bytes() == now
    book.edit(CH01, "A door.", "A gate.")
    assert verdicts(book)[A] is Verdict.STALE


def test_what_can_not_come_back_says_why_and_changes_nothing(book: Project) -> None:
    """The present one, and one over a Git LFS pointer."""
    before = book.read(CH01)
    with pytest.raises(InputError, match=r"stands at `generated/chapters/ch01/a\.png` already"):
        back(book, "2")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n"
    book.image(A).write_text(pointer)
    with pytest.raises(InputError, match="nothing is put over one"):
        back(book, "1")
    assert (book.read(CH01), book.image(A).read_text()) == (before, pointer)


def test_users_of_a_restored_portrait_are_counted(tmp_path: Path) -> None:
    """Another picture is their reference then; what they were made with before is paid for already."""
    book = Project(tmp_path)
    file = book.character("alice", "A girl.")
    book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [alice]")
    build(book)
    book.edit(file, "A girl.", "A lady.")
    build(book)
    with opened(book, read_only=True) as (_, planner):
        assert len(users(planner.plan(), one(planner, "alice-portrait"))) == 1
    back(book, "1", "alice-portrait")
    assert verdicts(book)[A] is Verdict.RESTORABLE


def test_a_renamed_entry_has_the_versions_it_had_under_its_former_name(book: Project) -> None:
    """None of them is called painted over, and each says where its bytes are."""
    before = versions(book)
    book.edit(CH01, 'custom_id: "a"', 'custom_id: "bell"')
    for moved in (False, True):
        if moved:
            build(book)
        found = versions(book, "chapters/ch01/bell")
        assert [item.attempt for item in found.versions] == [item.attempt for item in before.versions]
        assert not any(item.by_hand for item in found.versions)
        assert [item.where for item in found.versions] == [VersionPlace.HISTORY, VersionPlace.CURRENT]
        assert all((book.root / item.path).is_file() for item in found.versions)
    assert found.versions[1].path == "generated/chapters/ch01/bell.png"
    build(book)
    with opened(book, read_only=True) as (session, planner):
        assert gone(session, planner.evidence) == ()


def test_versions_do_not_change_owners_in_a_swap(book: Project) -> None:
    book.chapter("ch02", {"x": "A tree."})
    build(book)
    text = book.read(CH01)
    book.write(CH01, book.read("imagery/chapters/ch02/imagery.yaml").replace("slug: ch02", "slug: ch01"))
    book.write("imagery/chapters/ch02/imagery.yaml", text.replace("slug: ch01", "slug: ch02"))
    book.edit(CH01, 'custom_id: "x"', 'custom_id: "a"')
    book.edit("imagery/chapters/ch02/imagery.yaml", 'custom_id: "a"', 'custom_id: "x"')
    build(book)
    tree, lamp = versions(book), versions(book, "chapters/ch02/x")
    assert [item.record.prompt for item in tree.versions if item.record] == ["A tree."]
    assert len(lamp.versions) == 2
    assert not any(item.by_hand for item in (*tree.versions, *lamp.versions))


def test_versions_of_a_deleted_entry_are_gone_and_can_be_restored_to_another(book: Project) -> None:
    book.chapter("ch02", {"x": "A tree."})
    build(book)
    (book.root / CH01).unlink()
    with opened(book) as (session, planner):
        (item,) = gone(session, planner.evidence)
        assert (item.id, len(item.versions)) == (A, 2)
        assert all((book.root / version.path).is_file() for version in item.versions)
        lost = item.versions[0]
        image = one(planner, "chapters/ch02/x")
        assert lost.file is not None
        found = named(session, planner.evidence, image, lost.file[:12])
        done = restore(session, planner.evidence, image, found)
        assert done.other_inputs
        with pytest.raises(StartError):
            named(session, planner.evidence, image, "0" * 12)
    current = versions(book, "chapters/ch02/x").versions
    assert len(current) == 3, "who has a picture of one that is gone has all that it left"
    assert verdicts(book) == {"chapters/ch02/x": Verdict.FRESH}


def test_a_version_of_a_deleted_entry_of_many_names_is_gone_once(book: Project) -> None:
    """Its files lie in the history under every name it had, painted ones too."""
    book.chapter("ch02", {"x": "A tree."})
    book.write(f"generated/{A}.png", png(128, 96, 1))
    with opened(book) as (session, planner):
        accept(session, planner, (one(planner, A),))
    for former, name in (("a", "bell"), ("bell", "cup")):
        book.edit(CH01, f'custom_id: "{former}"', f'custom_id: "{name}"')
        build(book)
    (book.root / CH01).unlink()
    (book.root / "generated/chapters/ch01/cup.png").unlink()
    with opened(book, read_only=True) as (session, planner):
        found = [version for item in gone(session, planner.evidence) for version in item.versions]
    assert len(found) == 3
    assert len({version.file for version in found}) == 3
    assert all((book.root / version.path).is_file() for version in found)


def test_while_a_picture_is_to_move_nothing_is_put_in_its_way(book: Project) -> None:
    book.edit(CH01, 'custom_id: "a"', 'custom_id: "bell"')
    with pytest.raises(InputError, match="still to move"):
        back(book, "1", "chapters/ch01/bell")


def test_versions_of_many_images_read_the_originals_once(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once an image: a book of a thousand images has thousands of records."""
    book.chapter("ch02", {"b": "A well.", "c": "A wall."})
    build(book)
    asked: list[None] = []
    read = Originals.all_records
    with opened(book, read_only=True) as (session, planner):
        images = [one(planner, name) for name in (A, "chapters/ch02/b", "chapters/ch02/c")]
        alone = [history(session, planner.evidence, image) for image in images]
        monkeypatch.setattr(Originals, "all_records", lambda self: asked.append(None) or read(self))
        found = histories(session, planner.evidence, images)
    assert list(found) == alone
    assert len(asked) == 1
