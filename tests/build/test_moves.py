"""Pictures follow their entries: moved for nothing, together or not at all, whatever the entries are called."""

from __future__ import annotations

import re
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from support.dying import death_before_a_picture
from support.studio import ENVIRON, ROUTE, Studio, Vendor

from chargen.actions.accept import accept
from chargen.actions.history import history
from chargen.actions.orphans import unneeded
from chargen.build.moves import Mover
from chargen.build.opening import open_build
from chargen.build.publish import replace_picture
from chargen.errors import Severity
from chargen.images.png import embedded_record
from chargen.model.values import EntryId, Status, Verdict
from chargen.plan.build_request import BuildRequest
from chargen.plan.selection import Selection
from chargen.plan.session import open_session

CH01 = "imagery/chapters/ch01/imagery.yaml"
NAMES = {name: f"chapters/ch01/{name}" for name in "abcd"}


@pytest.fixture
def book(tmp_path: Path) -> Studio:
    """A chapter of three images, built."""
    book = Studio(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door.", "c": "A well."})
    assert len(book.build()) == 3
    return book


def rename(book: Studio, *pairs: tuple[str, str], file: str = CH01) -> None:
    """Give entries new ids, all at once."""
    text = book.read(file)
    for old, new in pairs:
        assert f'custom_id: "{old}"' in text
        text = text.replace(f'custom_id: "{old}"', f'custom_id: "<{new}>"')
    book.write(file, text.replace('"<', '"').replace('>"', '"'))


def settled(book: Studio, *, sent: int = 0) -> None:
    """Build, and see that nothing but so many requests was sent, and that another build has nothing to do."""
    assert len(book.build()) == sent, book.prompts
    assert not book.failures
    assert not [image.id for image in book.plan().images if image.acts]
    assert book.build() == []


def test_a_swap_of_two_approved_entries(book: Studio) -> None:
    a, b = book.hash(NAMES["a"]), book.hash(NAMES["b"])
    records = book.records(CH01)
    for name in "ab":
        book.status(NAMES[name], Status.APPROVED)
    rename(book, ("a", "b"), ("b", "a"))
    assert book.reasons(NAMES["a"]) == "moved: was chapters/ch01/b, free; status is approved"
    settled(book)
    assert (book.hash(NAMES["a"]), book.hash(NAMES["b"])) == (b, a)
    assert book.records(CH01) == records, "no record is written over another"
    assert book.verdicts()[EntryId(NAMES["a"])] is Verdict.LOCKED


def test_one_inserted_and_all_others_renumbered(book: Studio) -> None:
    pictures = [book.hash(NAMES[name]) for name in "abc"]
    rename(book, ("a", "b"), ("b", "c"), ("c", "d"))
    entry = '  - custom_id: "a"\n    prompt_used: "A gate."\n    size: "128x96"\n'
    book.edit(CH01, "images:\n", f"images:\n{entry}")
    assert book.verdicts()[EntryId(NAMES["a"])] is Verdict.MISSING
    assert len(book.build()) == 1
    assert "A gate." in book.prompts[-1]
    assert [book.hash(NAMES[name]) for name in "bcd"] == pictures
    assert book.hash(NAMES["a"]) not in pictures
    settled(book)


def test_of_a_renumbered_chapter_the_new_image_alone_can_be_built(book: Studio) -> None:
    """What stands at its place is moved first, and its group with it."""
    pictures = [book.hash(NAMES[name]) for name in "abc"]
    rename(book, ("a", "b"), ("b", "c"), ("c", "d"))
    book.edit(CH01, "images:\n", 'images:\n  - custom_id: "a"\n    prompt_used: "A gate."\n    size: "128x96"\n')
    assert len(book.build(NAMES["a"])) == 1
    assert [book.hash(NAMES[name]) for name in "bcd"] == pictures
    assert set(book.verdicts().values()) == {Verdict.FRESH}


def test_approved_then_renamed_and_edited_in_one_go(book: Studio) -> None:
    picture = book.hash(NAMES["b"])
    book.status(NAMES["b"], Status.APPROVED)
    rename(book, ("b", "bell"))
    book.edit(CH01, "A door.", "A bell.")
    told = book.reasons("chapters/ch01/bell")
    assert told.startswith("moved: was chapters/ch01/b, free; status is approved; would be")
    settled(book)
    assert book.hash("chapters/ch01/bell") == picture
    assert not book.image(NAMES["b"]).exists(), "it has left its old place"
    assert book.verdicts()[EntryId("chapters/ch01/bell")] is Verdict.LOCKED


def test_a_chapter_moves_with_its_folder(book: Studio) -> None:
    pictures = {name: book.hash(NAMES[name]) for name in "abc"}
    book.status(NAMES["c"], Status.LOCKED)
    shutil.move(book.root / "imagery/chapters/ch01", book.root / "imagery/chapters/ch09")
    file = "imagery/chapters/ch09/imagery.yaml"
    book.edit(file, "slug: ch01", "slug: ch09")
    settled(book)
    assert {name: book.hash(f"chapters/ch09/{name}") for name in "abc"} == pictures
    assert not (book.root / "generated/chapters/ch01").exists()


def test_an_entry_moved_to_a_chapter_of_another_thesis_comes_along_and_is_stale_for_that(book: Studio) -> None:
    book.chapter("ch02", {"x": "A tree."})
    book.edit("imagery/chapters/ch02/imagery.yaml", "  slug: ch02\n", "  slug: ch02\n  visual_thesis: All in blue.\n")
    book.build()
    picture = book.hash(NAMES["c"])
    text = book.read(CH01)
    at = text.index('  - custom_id: "c"')
    book.write(CH01, text[:at])
    book.write("imagery/chapters/ch02/imagery.yaml", book.read("imagery/chapters/ch02/imagery.yaml") + text[at:])
    image = book.plan().by_id[EntryId("chapters/ch02/c")]
    assert image.verdict is Verdict.STALE
    assert "visual thesis" in book.reasons("chapters/ch02/c")
    assert book.reasons("chapters/ch02/c").endswith("moved: was chapters/ch01/c, free")
    settled(book, sent=1)
    kept = book.root / f".chargen/history/chapters/ch02/c/{picture}.png"
    assert kept.exists(), "the picture it had is a version of it, under its name of today"


def test_a_copied_entry_gets_a_picture_of_its_own(book: Studio) -> None:
    picture = book.hash(NAMES["b"])
    text = book.read(CH01)
    entry = text[text.index('  - custom_id: "b"') : text.index('  - custom_id: "c"')]
    book.write(CH01, text + entry.replace('"b"', '"d"'))
    assert book.reasons(NAMES["d"]) == f"not built yet; copied from `{NAMES['b']}`: gets a picture of its own"
    settled(book, sent=1)
    assert book.hash(NAMES["b"]) == picture != book.hash(NAMES["d"])


def test_an_approved_copy_is_never_generated_and_the_error_names_both_lines(book: Studio) -> None:
    book.status(NAMES["b"], Status.APPROVED)
    text = book.read(CH01)
    entry = text[text.index('  - custom_id: "b"') : text.index('  - custom_id: "c"')]
    book.write(CH01, text + entry.replace('"b"', '"d"'))
    settled(book)
    lines = {name: book.plan().by_id[EntryId(NAMES[name])].position for name in "bd"}
    (told,) = [problem for problem in book.plan().problems if problem.severity is Severity.ERROR]
    assert told.position == lines["d"]
    assert str(lines["b"]) in told.message
    assert book.verdicts()[EntryId(NAMES["d"])] is Verdict.LOCKED


def test_a_picture_moved_with_a_file_manager_is_copied_back(book: Studio) -> None:
    picture = book.hash(NAMES["b"])
    away = book.root / "generated/best/door.png"
    away.parent.mkdir()
    shutil.move(book.image(NAMES["b"]), away)
    shutil.rmtree(book.root / ".chargen/originals")
    assert book.reasons(NAMES["b"]) == "moved: was best/door, free"
    with open_session(book.root, ENVIRON, read_only=True) as session:
        assert unneeded(session).files == (), "what an entry's picture is made of is no orphan"
    settled(book)
    assert book.hash(NAMES["b"]) == picture
    assert away.exists()
    away.write_bytes(b"painted in place")
    assert book.hash(NAMES["b"]) == picture, "they share no bytes"


def test_painted_pictures_in_a_swap_stay_painted(book: Studio) -> None:
    a, b = book.paint(NAMES["a"]), book.hash(NAMES["b"])
    rename(book, ("a", "b"), ("b", "a"))
    book.edit(CH01, "A lamp.", "A bright lamp.")
    settled(book)
    assert (book.hash(NAMES["a"]), book.hash(NAMES["b"])) == (b, a)
    assert book.verdicts()[EntryId(NAMES["b"])] is Verdict.EDITED


def test_a_pointer_moves_as_a_pointer(book: Studio) -> None:
    data = book.image(NAMES["b"]).read_bytes()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{book.hash(NAMES['b'])}\nsize {len(data)}\n"
    book.image(NAMES["b"]).write_text(pointer)
    shutil.rmtree(book.root / ".chargen")
    rename(book, ("b", "bell"))
    settled(book)
    assert book.image("chapters/ch01/bell").read_text() == pointer
    assert not book.image(NAMES["b"]).exists()


def test_where_one_picture_cannot_move_its_whole_group_stays_and_is_told(book: Studio) -> None:
    pictures = [book.hash(NAMES[name]) for name in "abc"]
    rename(book, ("a", "b"), ("b", "c"), ("c", "d"))
    (book.image(NAMES["d"])).mkdir()
    assert book.build() == []
    assert len(book.failures) == 3
    assert all("can't move, so all of them stay" in told and "a directory stands at" in told for told in book.failures)
    assert [book.hash(NAMES[name]) for name in "abc"] == pictures
    book.image(NAMES["d"]).rmdir()
    settled(book)
    assert [book.hash(NAMES[name]) for name in "bcd"] == pictures


def test_two_entries_with_equal_prompts_keep_two_pictures(tmp_path: Path) -> None:
    book = Studio(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A lamp."})
    assert len(book.build()) == 2
    pictures = {book.hash(NAMES["a"]), book.hash(NAMES["b"])}
    assert len(pictures) == 2
    rename(book, ("a", "x"))
    settled(book)
    assert {book.hash("chapters/ch01/x"), book.hash(NAMES["b"])} == pictures


def test_rejected_versions_of_an_entry_are_no_picture_for_its_twin(tmp_path: Path) -> None:
    """Also where the entry they were made for has another name by then: they stay in its chain."""
    book = Studio(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "c": "A well."})
    book.build()
    book.status(NAMES["a"], Status.REJECTED)
    assert len(book.build()) == 1
    rename(book, ("a", "bell"))
    settled(book)
    twin = '  - custom_id: "a"\n    prompt_used: "A lamp."\n    size: "128x96"\n'
    book.edit(CH01, "images:\n", f"images:\n{twin}")
    assert book.verdicts()[EntryId(NAMES["a"])] is Verdict.MISSING
    settled(book, sent=1)


def test_what_a_deleted_entry_leaves_goes_to_the_first_that_has_its_inputs(book: Studio) -> None:
    text = book.read(CH01)
    at = text.index('  - custom_id: "c"')
    twin = '  - custom_id: "{}"\n    prompt_used: "A well."\n    size: "128x96"\n'
    book.write(CH01, text[:at] + twin.format("y") + twin.format("x"))
    assert book.verdicts()[EntryId("chapters/ch01/y")] is Verdict.RESTORABLE
    assert book.verdicts()[EntryId("chapters/ch01/x")] is Verdict.MISSING
    settled(book, sent=1)


def test_what_a_deleted_entry_left_changes_hands_with_the_words_of_the_others(book: Studio) -> None:
    """In the plan from the cache as in one made anew."""
    text = book.read(CH01)
    twin = '  - custom_id: "{}"\n    prompt_used: "A well."\n    size: "128x96"\n'
    book.write(CH01, text[: text.index('  - custom_id: "c"')] + twin.format("y") + twin.format("x"))
    for old, new, heir in (
        ("A", "A", "y"),
        ('"y"\n    prompt_used: "A', '"y"\n    prompt_used: "No', "x"),
        ("No", "A", "y"),
    ):
        book.write(CH01, book.read(CH01).replace(old, new))
        cached = book.verdicts()
        assert cached == {image.id: image.verdict for image in book.plan(cached=False).images}
        assert [name for name, verdict in cached.items() if verdict is Verdict.RESTORABLE] == [f"chapters/ch01/{heir}"]


def test_what_a_deleted_entry_leaves_is_not_for_one_whose_own_picture_comes_along(tmp_path: Path) -> None:
    """It goes to the next that has its inputs and no picture, so that nothing is sent for that one."""
    book = Studio(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A lamp."})
    assert len(book.build()) == 2
    pictures = {book.hash(NAMES["a"]), book.hash(NAMES["b"])}
    text = book.read(CH01)
    text = text[: text.index('  - custom_id: "b"')].replace('"a"', '"moved"')
    book.write(CH01, text + '  - custom_id: "c"\n    prompt_used: "A lamp."\n    size: "128x96"\n')
    assert book.verdicts()[EntryId(NAMES["c"])] is Verdict.RESTORABLE
    settled(book)
    assert {book.hash("chapters/ch01/moved"), book.hash(NAMES["c"])} == pictures


def test_what_a_renamed_and_deleted_entry_left_is_not_taken_for_a_new_one(book: Studio) -> None:
    """Neither by the name it was made for nor by its last: both get pictures of their own."""
    rename(book, ("a", "x"))
    settled(book)
    text = book.read(CH01)
    at, end = text.index('  - custom_id: "x"'), text.index('  - custom_id: "b"')
    new = '  - custom_id: "{}"\n    prompt_used: "A new {}."\n    size: "128x96"\n'
    book.write(CH01, text[:at] + new.format("x", "tower") + text[end:] + new.format("a", "river"))
    assert book.verdicts()[EntryId("chapters/ch01/x")] is Verdict.STALE
    assert book.verdicts()[EntryId(NAMES["a"])] is Verdict.MISSING
    settled(book, sent=2)


def test_an_older_version_of_another_entry_put_in_place_by_hand_is_the_authors_doing(book: Studio) -> None:
    """It is not built over, as the present picture of that entry would not be."""
    old = book.image(NAMES["a"]).read_bytes()
    book.edit(CH01, "A lamp.", "A lamp at night.")
    settled(book, sent=1)
    book.edit(CH01, "images:\n", 'images:\n  - custom_id: "new"\n    prompt_used: "A tower."\n    size: "128x96"\n')
    book.image("chapters/ch01/new").write_bytes(old)
    assert book.verdicts()[EntryId("chapters/ch01/new")] is Verdict.UNRECORDED
    settled(book)
    assert book.image("chapters/ch01/new").read_bytes() == old


def test_replies_of_a_run_that_died_go_to_who_asks_for_them_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two new entries swap ids before their pictures are in place: each gets its own, and nothing is sent."""
    book = Studio(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."})

    with death_before_a_picture(monkeypatch):
        for name in "ab":
            with pytest.raises(KeyboardInterrupt):
                book.build(NAMES[name])
    assert len(book.stored()) == 2
    rename(book, ("a", "b"), ("b", "a"))
    assert set(book.verdicts().values()) == {Verdict.RESTORABLE}
    settled(book)
    for name, prompt in (("a", "A door."), ("b", "A lamp.")):
        embedded = embedded_record(book.image(NAMES[name]).read_bytes())
        assert embedded is not None
        assert embedded.record["prompt"] == prompt


def test_a_reply_of_this_run_is_of_the_entry_that_asked_though_another_has_the_same_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is built while the reply of the other is stored and not yet in its place."""
    book = Studio(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A lamp."})
    build = open_build(book.root, BuildRequest(Selection(())), environ=ENVIRON)
    adapters = build.session.adapters
    vendor = Vendor(adapters.get("openai"))
    adapters._made["openai"] = dict.fromkeys(adapters.members("openai"), vendor)  # type: ignore[arg-type]
    failures: list[str | None] = []

    def place(*arguments: Any) -> Any:
        monkeypatch.undo()
        failures.append(build.build(EntryId(NAMES["b"])))
        return replace_picture(*arguments)

    monkeypatch.setattr("chargen.build.image.replace_picture", place)
    failures.append(build.build(EntryId(NAMES["a"])))
    build.close()
    assert failures == [None, None]
    assert len(vendor.prompts) == 2
    assert set(book.verdicts().values()) == {Verdict.FRESH}


def test_a_record_names_the_attempt_it_replaced(book: Studio) -> None:
    first = next(item for item in book.stored() if item["entry_id"] == NAMES["a"])
    book.edit(CH01, "A lamp.", "A lamp at night.")
    settled(book, sent=1)
    second = next(item for item in book.stored() if item["entry_id"] == NAMES["a"] and item["after"])
    assert second["after"] == first["attempt"]
    assert first["after"] is None


def test_the_plan_with_and_without_its_cache_is_the_same_while_pictures_are_to_move(book: Studio) -> None:
    book.build()
    rename(book, ("a", "b"), ("b", "a"))
    shown = [(image.id, image.verdict, image.reasons) for image in book.plan().images]
    assert shown == [(image.id, image.verdict, image.reasons) for image in book.plan(cached=False).images]


def test_a_picture_whose_name_came_back_in_another_normal_form_is_found(tmp_path: Path) -> None:
    """As macOS, zip and rsync leave it; it is no orphan, and nothing is sent."""
    book = Studio(tmp_path)
    book.chapter("ch01", {"zo\u00e9": "A lamp."})
    book.build()
    name = "chapters/ch01/zo\u00e9"
    picture = book.hash(name)
    other = book.image(name).with_name(unicodedata.normalize("NFD", book.image(name).name))
    book.image(name).rename(other)
    shutil.rmtree(book.root / ".chargen")
    with open_session(book.root, {}, read_only=True) as session:
        assert not [item for item in unneeded(session).files if item.kind == "picture"]
    settled(book)
    assert book.hash(name) == picture
    assert [path.name for path in book.image(name).parent.iterdir()] == [book.image(name).name]


def test_a_file_of_the_recorded_size_with_other_bytes_is_never_built_over(book: Studio) -> None:
    data = bytearray(book.image(NAMES["a"]).read_bytes())
    data[-30] ^= 1
    book.image(NAMES["a"]).write_bytes(data)
    book.edit(CH01, "A lamp.", "One lamp.")
    assert book.build() == []
    assert book.image(NAMES["a"]).read_bytes() == bytes(data)


def test_a_painted_picture_that_was_accepted_keeps_its_history_through_a_rename(book: Studio) -> None:
    """What was painted over, and what comes after the painting, stay versions of the entry."""
    first = book.hash(NAMES["a"])
    painted = book.paint(NAMES["a"])
    with open_session(book.root, ENVIRON) as session:
        planner = session.planner()
        (done,) = accept(session, planner, planner.images([EntryId(NAMES["a"])]))
    assert done.changed
    rename(book, ("a", "bell"))
    settled(book)
    assert versions(book, "chapters/ch01/bell") == [first, painted]
    book.edit(CH01, "A lamp.", "A bell.")
    settled(book, sent=1)
    rename(book, ("bell", "gong"))
    settled(book)
    assert versions(book, "chapters/ch01/gong") == [first, painted, book.hash("chapters/ch01/gong")]
    book.edit(CH01, "A bell.", "A lamp.")
    settled(book)


def versions(book: Studio, name: str) -> list[str]:
    with open_session(book.root, ENVIRON, read_only=True) as session:
        planner = session.planner()
        found = history(session, planner.evidence, planner.image(EntryId(name)))
    return [version.file or "" for version in found.versions]


def test_a_refused_image_that_is_renamed_is_not_asked_for_again(book: Studio) -> None:
    """Neither one that never had a picture, nor one that has, also where another entry has its id now."""
    twin = '  - custom_id: "d"\n    prompt_used: "A bad thing."\n    size: "128x96"\n'
    book.write(CH01, book.read(CH01) + twin)
    book.edit(CH01, "A lamp.", "A worse thing.")
    book.refused = "thing"
    assert len(book.build()) == 2
    assert len(book.failures) == 2
    book.refused = ""
    rename(book, ("d", "bell"), ("a", "b"), ("b", "a"))
    assert book.build() == []
    assert ["refused before with the same inputs: no" in failure for failure in book.failures] == [True, True]
    assert book.verdicts()[EntryId(NAMES["b"])] is Verdict.BLOCKED
    assert book.verdicts()[EntryId("chapters/ch01/bell")] is Verdict.BLOCKED
    assert book.verdicts()[EntryId(NAMES["a"])] is Verdict.FRESH
    book.edit(CH01, "A bad thing.", "A good one.")
    assert len(book.build()) == 1


def accepted(book: Studio, name: str) -> None:
    with open_session(book.root, ENVIRON) as session:
        planner = session.planner()
        (done,) = accept(session, planner, planner.images([EntryId(name)]))
    assert done.changed, done.refused


@pytest.mark.parametrize("damage", ["cut short", "gone"])
@pytest.mark.parametrize("renamed", [False, True])
def test_an_accepted_painting_comes_back_itself_never_as_the_reply_it_was_painted_over(
    book: Studio, damage: str, renamed: bool
) -> None:
    painted = book.paint(NAMES["a"])
    accepted(book, NAMES["a"])
    name = NAMES["a"]
    if damage == "gone":
        book.image(name).unlink()
    else:
        book.image(name).write_bytes(book.image(name).read_bytes()[:-20])
    if renamed:
        rename(book, ("a", "bell"))
        name = "chapters/ch01/bell"
    settled(book)
    assert book.hash(name) == painted
    assert book.verdicts()[EntryId(name)] is Verdict.FRESH


def test_an_accepted_painting_that_is_damaged_and_nowhere_else_is_blocked(book: Studio) -> None:
    book.paint(NAMES["a"])
    accepted(book, NAMES["a"])
    data = book.image(NAMES["a"]).read_bytes()[:-20]
    book.image(NAMES["a"]).write_bytes(data)
    shutil.rmtree(book.root / ".chargen/history")
    assert book.verdicts()[EntryId(NAMES["a"])] is Verdict.BLOCKED
    assert book.build() == []
    assert book.image(NAMES["a"]).read_bytes() == data


@pytest.mark.parametrize("damage", ["cut short", "gone"])
def test_a_reply_accepted_for_other_inputs_comes_back_and_stays_accepted(book: Studio, damage: str) -> None:
    picture = book.hash(NAMES["a"])
    book.edit(CH01, "A lamp.", "A lantern.")
    accepted(book, NAMES["a"])
    if damage == "gone":
        book.image(NAMES["a"]).unlink()
    else:
        book.image(NAMES["a"]).write_bytes(book.image(NAMES["a"]).read_bytes()[:-20])
    settled(book)
    assert book.hash(NAMES["a"]) == picture
    assert book.verdicts()[EntryId(NAMES["a"])] is Verdict.FRESH


def test_what_it_was_called_last_is_said_not_what_it_was_made_as(book: Studio) -> None:
    rename(book, ("c", "bell"))
    settled(book)
    book.image("chapters/ch01/bell").unlink()
    rename(book, ("bell", "gong"))
    assert book.reasons("chapters/ch01/gong") == "moved: was chapters/ch01/bell, free"
    settled(book)


@pytest.mark.parametrize("pairs", [[("a", "bell")], [("a", "d"), ("d", "a")], [("a", "b"), ("b", "a")]])
@pytest.mark.parametrize("new", [True, False])
def test_a_reply_belongs_to_the_entry_that_asked_for_it_whatever_it_is_called_by_then(
    book: Studio, pairs: list[tuple[str, str]], *, new: bool
) -> None:
    """Renamed, or swapped with one that is still to be made or has a picture, while its request is on its way."""
    book.write(CH01, book.read(CH01) + '  - custom_id: "d"\n    prompt_used: "A hill."\n    size: "128x96"\n')
    if new:
        book.image(NAMES["a"]).unlink()
        text = book.read(CH01)
        at, end = text.index("    generated_at"), text.index('  - custom_id: "b"')
        book.write(CH01, text[:at] + text[end:])
    book.edit(CH01, "A lamp.", "A lantern.")

    def meanwhile(prompt: str) -> None:
        if "lantern" in prompt:
            rename(book, *pairs)

    book.meanwhile = meanwhile
    book.build()
    book.meanwhile = lambda _prompt: None
    assert not book.failures
    book.build()
    names = dict(pairs)
    asked = {name: f"chapters/ch01/{names.get(name, name)}" for name in "abcd"}
    words = {"a": "A lantern.", "b": "A door.", "c": "A well.", "d": "A hill."}
    for name, prompt in words.items():
        embedded = embedded_record(book.image(asked[name]).read_bytes())
        assert embedded is not None
        assert prompt in embedded.record["prompt"], f"{name} has another's picture"
    assert len(book.prompts) == 5, "each is paid for once"
    settled(book)


def test_a_reply_that_could_not_take_its_place_stays_with_the_entry_it_was_made_after(book: Studio) -> None:
    """Its id is another's by then, whose picture nobody made: the record names the attempt it came after."""
    painted = book.paint(NAMES["b"])
    accepted(book, NAMES["b"])
    shutil.rmtree(book.root / ".chargen/history")
    text = book.read(CH01)
    book.write(CH01, re.sub(r" after=[^\s\"]+", "", text))
    book.edit(CH01, "A lamp.", "A lantern.")
    book.meanwhile = lambda _prompt: rename(book, ("a", "b"), ("b", "a"))
    assert len(book.build()) == 1
    book.meanwhile = lambda _prompt: None
    assert book.outcomes == {NAMES["a"]: "kept"}
    settled(book)
    assert book.hash(NAMES["a"]) == painted
    embedded = embedded_record(book.image(NAMES["b"]).read_bytes())
    assert embedded is not None
    assert "A lantern." in embedded.record["prompt"]


def test_of_an_entry_renamed_edited_and_copied_each_gets_a_picture_of_its_own(book: Studio) -> None:
    """What one of them was just made in this run is not the other's, although its id had another's picture before."""
    book.edit(CH01, "A lamp.", "A lantern.")
    text = book.read(CH01)
    entry = text[text.index('  - custom_id: "a"') : text.index('  - custom_id: "b"')]
    book.write(CH01, text.replace('"a"', '"x"') + entry.replace('"a"', '"y"'))
    settled(book, sent=2)
    assert book.hash("chapters/ch01/x") != book.hash("chapters/ch01/y")


# renamed by search-and-replace, which changes `file_name` and `file_path` too


@pytest.mark.parametrize("route", [ROUTE, "sketch/sketch"])
@pytest.mark.parametrize("lost", [(), ("journal.sqlite", "cache.sqlite", "plan-cache.msgpack")])
def test_a_painted_picture_follows_an_entry_renamed_by_search_and_replace(
    tmp_path: Path, route: str, lost: tuple[str, ...]
) -> None:
    book = Studio(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "img-02": "A door."}, route=route)
    book.build()
    painted = book.paint("chapters/ch01/img-02")
    book.edit(CH01, "A door.", "A red door.")
    book.write(CH01, book.read(CH01).replace("img-02", "lamp"))
    for name in lost:
        (book.root / ".chargen" / name).unlink(missing_ok=True)
    assert book.reasons("chapters/ch01/lamp").startswith("moved: was chapters/ch01/img-02, free; the file is not")
    settled(book)
    assert book.hash("chapters/ch01/lamp") == painted
    assert not book.image("chapters/ch01/img-02").exists()
    assert book.verdicts()[EntryId("chapters/ch01/lamp")] is Verdict.EDITED
    with open_session(book.root, ENVIRON) as session:
        assert not [orphan for orphan in unneeded(session).files if orphan.kind == "picture"]


def test_what_moved_before_moves_again_when_it_is_renamed_by_search_and_replace(book: Studio) -> None:
    painted = book.paint(NAMES["b"])
    rename(book, ("b", "bell"))
    settled(book)
    book.write(CH01, book.read(CH01).replace("bell", "chime"))
    settled(book)
    assert book.hash("chapters/ch01/chime") == painted
    assert set(book.images()) == {NAMES["a"], NAMES["c"], "chapters/ch01/chime"}


def test_a_slug_renamed_by_search_and_replace_brings_all_pictures_along(book: Studio) -> None:
    book.paint(NAMES["b"])
    book.status(NAMES["c"], Status.APPROVED)
    before = [book.hash(NAMES[name]) for name in "abc"]
    text = book.read(CH01).replace("ch01", "ch07")
    book.write("imagery/chapters/ch07/imagery.yaml", text)
    shutil.rmtree(book.root / "imagery/chapters/ch01")
    settled(book)
    assert [book.hash(f"chapters/ch07/{name}") for name in "abc"] == before
    assert len(book.images()) == 3


def test_an_accepted_painting_follows_a_rename_by_search_and_replace(book: Studio) -> None:
    book.paint(NAMES["b"])
    book.edit(CH01, "A door.", "A red door.")
    with open_session(book.root, ENVIRON) as session:
        planner = session.planner()
        accept(session, planner, planner.images([EntryId(NAMES["b"])]))
    painted = book.paint(NAMES["b"], 9)
    book.write(CH01, book.read(CH01).replace('"b"', '"bell"').replace("/b.png", "/bell.png"))
    settled(book)
    assert book.hash("chapters/ch01/bell") == painted


def test_where_search_and_replace_gave_the_old_name_to_a_new_entry_that_gets_a_picture_of_its_own(book: Studio) -> None:
    painted = book.paint(NAMES["b"])
    book.write(CH01, book.read(CH01).replace('"b"', '"bell"').replace("/b.png", "/bell.png"))
    entry = '  - custom_id: "b"\n    prompt_used: "A gate."\n    size: "128x96"\n'
    book.edit(CH01, "images:\n", f"images:\n{entry}")
    settled(book, sent=1)
    assert book.hash("chapters/ch01/bell") == painted
    assert "A gate." in book.prompts[-1]


@pytest.mark.parametrize("step", ["_put", "_leave", "_note_place", "_report"])
def test_a_move_after_search_and_replace_that_died_is_finished(
    book: Studio, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    painted = book.paint(NAMES["b"])
    book.write(CH01, book.read(CH01).replace('"b"', '"bell"').replace("/b.png", "/bell.png"))

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Mover, step, dies)
        book.build()
    settled(book)
    assert book.hash("chapters/ch01/bell") == painted
    assert set(book.images()) == {NAMES["a"], "chapters/ch01/bell", NAMES["c"]}
    assert not (book.root / ".chargen/moves.json").exists() or book.read(".chargen/moves.json").strip() == "[]"


def test_what_a_new_entry_of_the_old_name_names_as_its_own_is_not_taken_from_it(book: Studio) -> None:
    """Its `file_path` names the painting at its target: the renamed entry gets its own reply back, for free."""
    book.write(CH01, book.read(CH01).replace('"b"', '"bell"').replace("/b.png", "/bell.png"))
    entry = '  - custom_id: "b"\n    prompt_used: "A gate."\n    size: "128x96"\n'
    entry += '    file_name: "b.png"\n    file_path: "generated/chapters/ch01/b.png"\n'
    book.edit(CH01, "images:\n", f"images:\n{entry}")
    painted = book.paint(NAMES["b"])
    assert book.build() == []
    assert book.hash(NAMES["b"]) == painted
    assert book.image("chapters/ch01/bell").exists()
