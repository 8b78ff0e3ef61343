"""Which picture is whose, asked of claims and a tree of files in memory: the law point by point."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from support.ownership import Book

from chargen.plan.owned import Move, Owned, Ownership, PicturePlace
from chargen.plan.reply_owners import ReplyOwners


def moves(found: Ownership) -> set[tuple[str, str, str]]:
    """Return (entry, source, target) of all moves."""
    return {(move.id, move.source, move.target) for group in found.groups for move in group.moves}


@pytest.fixture
def book() -> Book:
    """Three entries, each with its recorded picture at its target."""
    book = Book()
    for name in "abc":
        book.add(name, picture=f"picture of {name}")
    return book


def test_entries_at_home_need_nothing_and_nothing_is_hashed(book: Book) -> None:
    found = book.ownership()
    assert not found.owned
    assert not found.groups
    assert not book.hashed
    assert found.attempts == {"try-a": "a", "try-b": "b", "try-c": "c"}


def test_a_renamed_entry_takes_its_picture_along(book: Book) -> None:
    book.rename("b", "bell")
    found = book.ownership()
    assert found.owned == {"bell": Owned(PicturePlace.ELSEWHERE, "generated/b.png", book.hash("picture of b"))}
    assert moves(found) == {("bell", "generated/b.png", "generated/bell.png")}
    assert found.groups[0].moves[0].leaves == "generated/b.png"
    assert found.groups[0].entries == ("bell",)


def test_a_swap_is_one_group_whatever_the_sizes(book: Book) -> None:
    book.swap("a", "b")
    found = book.ownership()
    assert moves(found) == {("a", "generated/b.png", "generated/a.png"), ("b", "generated/a.png", "generated/b.png")}
    assert [set(group.entries) for group in found.groups] == [{"a", "b"}]


def test_inserting_and_renumbering_leaves_the_new_entry_without_a_picture(book: Book) -> None:
    book.rename("c", "d")
    book.rename("b", "c")
    book.rename("a", "b")
    book.add("a")
    found = book.ownership()
    assert moves(found) == {
        ("b", "generated/a.png", "generated/b.png"),
        ("c", "generated/b.png", "generated/c.png"),
        ("d", "generated/c.png", "generated/d.png"),
    }
    assert found.owned["a"] == Owned(PicturePlace.NOWHERE)
    assert [set(group.entries) for group in found.groups] == [{"a", "b", "c", "d"}]


def test_two_swaps_are_two_groups(book: Book) -> None:
    book.add("d", picture="picture of d")
    book.swap("a", "b")
    book.swap("c", "d")
    assert {frozenset(group.entries) for group in book.ownership().groups} == {frozenset("ab"), frozenset("cd")}


def test_painted_pictures_in_a_swap_move_and_stay_painted(book: Book) -> None:
    book.files["generated/a.png"] = "painted over"
    book.swap("a", "b")
    found = book.ownership()
    assert found.owned["b"] == Owned(PicturePlace.ELSEWHERE, "generated/a.png", book.hash("painted over"))
    assert moves(found) == {("a", "generated/b.png", "generated/a.png"), ("b", "generated/a.png", "generated/b.png")}


def test_painted_in_its_place_is_edited_there(book: Book) -> None:
    book.files["generated/a.png"] = "painted over it"
    found = book.ownership()
    assert found.owned == {"a": Owned(PicturePlace.TARGET, "generated/a.png", book.hash("painted over it"))}
    assert not found.groups


def test_files_swapped_with_a_file_manager_go_back(book: Book) -> None:
    files = book.files
    files["generated/a.png"], files["generated/b.png"] = "picture of b", "picture of a, grown"
    book["a"].picture("picture of a, grown")
    assert moves(book.ownership()) == {
        ("a", "generated/b.png", "generated/a.png"),
        ("b", "generated/a.png", "generated/b.png"),
    }


def test_a_copied_entry_has_no_record_and_the_one_at_home_keeps_it(book: Book) -> None:
    book.copy("a", "0", before="a")
    found = book.ownership()
    assert found.owned == {"0": Owned(copied="a")}
    assert not found.groups


def test_of_copies_away_from_home_the_id_it_was_made_for_keeps_else_the_first(book: Book) -> None:
    book.copy("a", "0", before="a")
    book["a"].named = "generated/elsewhere.png"
    book.files["generated/elsewhere.png"] = book.files.pop("generated/a.png")
    assert book.ownership().owned["0"].copied == "a"
    book.rename("a", "z")
    found = book.ownership()
    assert found.owned["z"].copied == "0"
    assert moves(found) == {("0", "generated/elsewhere.png", "generated/0.png")}


def test_a_file_copied_along_with_its_entry_is_a_picture_of_its_own(book: Book) -> None:
    book.copy("a", "z")
    book["z"].named = "generated/z.png"
    book.files["generated/z.png"] = "picture of a"
    found = book.ownership()
    assert not found.owned
    assert not found.groups


def test_a_copied_file_under_a_copied_entry_that_names_the_first_is_taken_as_it_is(book: Book) -> None:
    book.copy("a", "z")
    book.files["generated/z.png"] = "picture of a"
    assert book.ownership().owned == {"z": Owned(PicturePlace.TARGET, "generated/z.png", copied="a")}


def test_a_picture_moved_with_a_file_manager_is_found_by_its_bytes_and_stays(book: Book) -> None:
    book.files["generated/old/b.png"] = book.files.pop("generated/b.png")
    book.files["generated/other.png"] = "picture of x"
    found = book.ownership()
    assert found.owned["b"] == Owned(PicturePlace.ELSEWHERE, "generated/old/b.png", book.hash("picture of b"))
    assert [move.leaves for move in found.groups[0].moves] == [""]


def test_history_comes_before_originals_and_both_before_a_search(book: Book) -> None:
    book.files["generated/x/b.png"] = book.files.pop("generated/b.png")
    book.originals.add("try-b")
    assert book.ownership().owned["b"].place is PicturePlace.ORIGINAL
    book.history["b", book.hash("picture of b")] = "picture of b"
    assert book.ownership().owned["b"].place is PicturePlace.HISTORY


def test_a_renamed_pointer_is_known_by_its_oid_without_a_hash(book: Book) -> None:
    book.pointers.add("generated/a.png")
    book.rename("a", "z")
    found = book.ownership()
    assert moves(found) == {("z", "generated/a.png", "generated/z.png")}
    assert not book.hashed


def test_a_pointer_to_other_bytes_of_the_same_size_is_not_the_entrys(book: Book) -> None:
    book.pointers.add("generated/a.png")
    book.files["generated/a.png"] = "picture of x"
    found = book.ownership()
    assert found.owned["a"] == Owned(PicturePlace.TARGET, "generated/a.png", book.hash("picture of x"))


def test_an_unrecorded_picture_elsewhere_stays_and_one_at_anothers_target_moves(book: Book) -> None:
    book.files["art/own.png"] = "own"
    book.add("d", named="art/own.png")
    book.files["generated/e.png"] = "drawn by hand"
    book.add("e")
    book.add("f", named="generated/e.png")
    found = book.ownership()
    assert found.owned["d"] == Owned(PicturePlace.NAMED, "art/own.png")
    assert moves(found) == {("f", "generated/e.png", "generated/f.png")}
    assert found.owned["e"] == Owned()


def test_an_entry_without_record_that_names_a_living_picture_owns_nothing(book: Book) -> None:
    book.add("d", named="generated/a.png")
    assert book.ownership().owned == {"d": Owned()}


def test_a_place_outside_the_pictures_is_not_left(book: Book) -> None:
    book.files["art/a.png"] = book.files.pop("generated/a.png")
    book["a"].named = "art/a.png"
    group = book.ownership().groups[0]
    assert group.moves == (Move("a", "art/a.png", "generated/a.png", book.hash("picture of a")),)


def test_a_move_that_died_before_its_old_place_was_left_leaves_it(book: Book) -> None:
    """The picture has arrived, the entry still names its old place, and a new entry has come to live there."""
    book.rename("a", "z")
    book.files["generated/z.png"] = "picture of a"
    book.add("a")
    found = book.ownership()
    assert found.owned == {"a": Owned()}
    (group,) = found.groups
    assert group.moves == (
        Move("z", "generated/z.png", "generated/z.png", book.hash("picture of a"), "generated/a.png"),
    )
    assert set(group.entries) == {"a", "z"}


def test_a_painted_picture_of_a_move_that_died_is_known_by_the_journal(book: Book) -> None:
    book.files["generated/a.png"] = "painted"
    book.swap("a", "b")
    book.history["b", book.hash("painted")] = "painted"
    book.begun["generated/a.png", book.hash("picture of a")] = book.hash("painted")
    book.files["generated/a.png"] = "picture of b"
    found = book.ownership()
    assert found.owned["b"] == Owned(PicturePlace.ELSEWHERE, "history/b", book.hash("painted"))


@pytest.mark.parametrize("ignores_case", [True, False])
def test_names_that_differ_in_case_only_are_one_place_where_the_volume_says_so(
    book: Book, *, ignores_case: bool
) -> None:
    book.ignores_case = ignores_case
    book.rename("a", "A")
    ((move,),) = [group.moves for group in book.ownership().groups]
    assert move.source == ("generated/A.png" if ignores_case else "generated/a.png")
    assert move.leaves == ("" if ignores_case else "generated/a.png")


def test_normal_forms_of_a_name_are_one_place(book: Book) -> None:
    book.add("zoe\u0301", picture="picture of zoe")
    book["zoe\u0301"].named = "generated/zo\u00e9.png"
    assert not book.ownership().groups


def test_a_version_belongs_to_the_chain_that_reaches_it_else_to_its_id() -> None:
    after = {"f/1": ["f/2"], "f/2": ["f/3"]}
    made = {"old": [SimpleNamespace(attempt_id="4")]}
    none: Any = None
    owners: Any = ReplyOwners(
        project=none,
        originals=SimpleNamespace(replaced_by=lambda name: after.get(name, ())),
        journal=SimpleNamespace(attempt=lambda _: None, attempts_for=lambda name: made.get(name, [])),
        planned={"bell", "a"}.__contains__,
        ownership=SimpleNamespace(attempts={"3": "bell", "4": "a"}, attempt_of=lambda _: None),
        unfinished=frozenset(),
        asks_for=none,
        takes=none,
        free=none,
    )

    assert owners.owner_of_attempt("f", "1", "a") == "bell", "the chain wins over the id"
    assert owners.owner_of_attempt("f", "x", "a") == "a"
    assert owners.owner_of_attempt("f", "x", "old") == "a", "a renamed entry takes the versions of its former id"
    assert owners.owner_of_attempt("f", "x", "gone") is None


def test_equal_pictures_of_two_entries_are_two_pictures(book: Book) -> None:
    book.add("y", picture="the same")
    book.add("z", picture="the same")
    del book.files["generated/z.png"]
    found = book.ownership()
    assert found.owned == {"z": Owned()}
    assert not found.groups


def test_a_picture_of_the_authors_own_stays_where_the_entry_says_whatever_its_record(book: Book) -> None:
    book.files["art/a.png"] = "drawn by hand"
    book["a"].named = "art/a.png"
    found = book.ownership()
    assert found.owned == {"a": Owned(PicturePlace.NAMED, "art/a.png")}
    assert not found.groups


# renamed by search-and-replace


def test_a_picture_follows_an_entry_whose_file_path_was_changed_along(book: Book) -> None:
    book.replace_all("b", "bell")
    found = book.ownership()
    assert found.owned == {"bell": Owned(PicturePlace.ELSEWHERE, "generated/b.png", book.hash("picture of b"))}
    assert found.groups[0].moves[0].leaves == "generated/b.png"
    assert book.asked == ["try-b"] * len(book.asked), "who is at home is not asked about"


def test_so_does_a_painted_one(book: Book) -> None:
    book.files["generated/b.png"] = "painted over it"
    book.replace_all("b", "bell")
    found = book.ownership()
    assert found.owned == {"bell": Owned(PicturePlace.ELSEWHERE, "generated/b.png", book.hash("painted over it"))}
    assert found.groups[0].moves[0].leaves == "generated/b.png"


def test_a_chain_that_was_renumbered_by_replacing_brings_all_along_and_leaves_the_new_one_without(book: Book) -> None:
    book["b"].picture("picture of b, grown")
    files = {"a": "a, painted", "b": "picture of b, grown", "c": "painted over c"}
    book.files = {f"generated/{name}.png": text for name, text in files.items()}
    for old, new in ("cd", "bc", "ab"):
        book.replace_all(old, new)
    book.add("a")
    found = book.ownership()
    assert moves(found) == {
        ("b", "generated/a.png", "generated/b.png"),
        ("c", "generated/b.png", "generated/c.png"),
        ("d", "generated/c.png", "generated/d.png"),
    }
    assert found.owned["a"] == Owned(PicturePlace.NOWHERE)


def test_in_a_circle_one_picture_is_to_be_known_by_its_bytes(book: Book) -> None:
    book.files["generated/a.png"] = "painted over a"
    book["b"].picture("picture of b, grown")
    book.files["generated/b.png"] = "picture of b, grown"
    book.replace_all("a", "x")
    book.replace_all("b", "a")
    book.replace_all("x", "b")
    assert moves(book.ownership()) == {
        ("b", "generated/a.png", "generated/b.png"),
        ("a", "generated/b.png", "generated/a.png"),
    }
    book.files["generated/b.png"] = "painted over b, too"
    found = book.ownership()
    assert not found.groups, "all of them may be at home"
    assert {owned.place for owned in found.owned.values()} == {PicturePlace.TARGET}


def test_a_new_picture_at_the_new_name_counts_and_the_old_one_stays(book: Book) -> None:
    book.replace_all("b", "bell")
    book.files["generated/bell.png"] = "painted for the bell"
    found = book.ownership()
    assert found.owned == {"bell": Owned(PicturePlace.TARGET, "generated/bell.png", book.hash("painted for the bell"))}
    assert not found.groups


def test_a_picture_follows_to_a_place_where_one_of_a_deleted_entry_stands(book: Book) -> None:
    """Renamed by replacing, then by its id alone: its `file_path` names a place where nothing ever stood."""
    book.entries.remove(book["c"])
    book.replace_all("b", "bell")
    book.rename("bell", "c")
    book.made_files = {"generated/c.png"}
    found = book.ownership()
    assert found.owned["c"] == Owned(PicturePlace.ELSEWHERE, "generated/b.png", book.hash("picture of b"))
    assert moves(found) == {("c", "generated/b.png", "generated/c.png")}
    book.made_files.clear()
    assert moves(book.ownership()) == {("c", "generated/c.png", "generated/c.png")}, "painted by hand: it stays"


def test_a_painting_is_kept_under_an_entry_whose_file_path_names_nothing(book: Book) -> None:
    """The move that corrects `file_path` is of the file that stands there, not of the one the record tells of."""
    del book.files["generated/b.png"]
    book.entries.remove(book["c"])
    book.rename("b", "c")
    book["c"].named = "generated/nowhere.png"
    found = book.ownership()
    (group,) = found.groups
    assert group.moves == (Move("c", "generated/c.png", "generated/c.png", book.hash("picture of c")),)


def test_what_version_control_brought_back_to_an_earlier_place_follows(book: Book) -> None:
    """Renamed, built, and taken back with file and picture: the last place it was put at is empty."""
    book.places["try-b"].insert(0, "generated/boat.png")
    book.files["generated/b.png"] = "painted over it"
    book.replace_all("b", "bell")
    found = book.ownership()
    assert found.owned == {"bell": Owned(PicturePlace.ELSEWHERE, "generated/b.png", book.hash("painted over it"))}
    book.files["generated/boat.png"] = "painted where it was put last"
    assert moves(book.ownership()) == {("bell", "generated/boat.png", "generated/bell.png")}


def test_earlier_places_count_for_nothing_where_the_last_one_is_the_target(book: Book) -> None:
    book.places["try-b"].insert(0, "generated/bell.png")
    book.replace_all("b", "bell")
    book.files["generated/b.png"] = "painted over it"
    assert not book.ownership().groups


def test_what_a_move_that_died_left_behind_is_no_copy(book: Book) -> None:
    """The first one's picture has arrived and not left yet; the second was renamed by replacing to where it stands."""
    book.rename("a", "ape")
    book.files |= {"generated/ape.png": "picture of a", "generated/b.png": "picture of b, grown"}
    book["b"].picture("picture of b, grown")
    book.replace_all("b", "a")
    found = book.ownership()
    assert ("a", "generated/b.png", "generated/a.png") in moves(found)
    assert [set(group.entries) for group in found.groups] == [{"ape", "a"}]


def test_an_entry_with_a_record_keeps_what_stands_at_its_target(book: Book) -> None:
    book.replace_all("b", "bell")
    book.add("b", picture="picture of another", named="generated/b.png")
    book.files["generated/b.png"] = "painted over the other one"
    found = book.ownership()
    assert found.owned["b"] == Owned(PicturePlace.TARGET, "generated/b.png", book.hash("painted over the other one"))
    assert found.owned["bell"].place is PicturePlace.NOWHERE


def test_a_copy_renamed_by_replacing_is_a_copy(book: Book) -> None:
    book.files["generated/a.png"] = "painted over it"
    book.copy("a", "z")
    book["z"].named = "generated/z.png"
    found = book.ownership()
    assert found.owned["z"] == Owned(copied="a")
    assert found.owned["a"] == Owned(PicturePlace.TARGET, "generated/a.png", book.hash("painted over it"))


def test_another_case_renamed_by_replacing_where_case_counts_for_nothing(book: Book) -> None:
    book.ignores_case = True
    book.files["generated/a.png"] = "painted over it"
    book.replace_all("a", "A")
    assert book.ownership().owned["A"].place is PicturePlace.TARGET
    book.replace_all("A", "bell")
    assert moves(book.ownership()) == {("bell", "generated/a.png", "generated/bell.png")}


def test_a_move_that_died_is_finished_where_file_path_tells_nothing_of_it(book: Book) -> None:
    book.files["generated/b.png"] = "painted over it"
    book.replace_all("b", "bell")
    line = book["bell"].line
    assert line is not None
    book.begun["generated/bell.png", line.file] = book.hash("painted over it")
    book.files["generated/bell.png"] = "painted over it"
    (group,) = book.ownership().groups
    assert [(move.source, move.target, move.leaves) for move in group.moves] == [
        ("generated/bell.png", "generated/bell.png", "generated/b.png")
    ]
    del book.files["generated/b.png"]
    book.places["try-b"] = "generated/bell.png"
    (group,) = book.ownership().groups
    assert [(move.source, move.target, move.leaves) for move in group.moves] == [
        ("generated/bell.png", "generated/bell.png", "")
    ]
