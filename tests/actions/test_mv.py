"""`mv`: an entry under another name or in another file, with its lines, its picture, its approval and its history."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from pathlib import Path

import pytest
from support import tree
from support.studio import ENVIRON, Studio

from chargen.actions.history import gone, history
from chargen.actions.mv import Moved, move
from chargen.actions.orphans import unneeded
from chargen.build import entry_moves
from chargen.build.opening import open_build
from chargen.errors import ChargenError, Severity
from chargen.model.values import EntryId, Status, Verdict
from chargen.plan.session import open_session
from chargen.store.exchange import replace_unchanged
from chargen.store.locks import project_lock

ONE = "imagery/chapters/one/imagery.yaml"
TWO = "imagery/chapters/two/imagery.yaml"
NAMES = {name: f"chapters/one/{name}" for name in "abc"}


@pytest.fixture
def book(tmp_path: Path) -> Studio:
    """Two chapters, built, with a comment above and inside an entry."""
    book = Studio(tmp_path)
    book.chapter("one", {"a": "A lamp.", "b": "A door.", "c": "A well."})
    book.chapter("two", {"x": "A tree."})
    book.edit(ONE, '  - custom_id: "b"\n', '\n  # the door of the tower\n  - custom_id: "b" # yes\n')
    book.edit(ONE, '    prompt_used: "A door."\n', '    prompt_used: "A door."\n    # heavy oak\n')
    assert len(book.build()) == 4
    return book


def mv(book: Studio, before: str, to: str) -> Moved:
    with open_session(book.root, ENVIRON) as session:
        return move(session, session.planner(), EntryId(before), to)


def refused(book: Studio, before: str, to: str) -> str:
    files = tree.yaml_files(book)
    with pytest.raises(ChargenError) as failure:
        mv(book, before, to)
    assert tree.yaml_files(book) == files, "nothing has changed"
    assert not (book.root / ".chargen/entry-move.json").exists()
    return str(failure.value)


def versions(book: Studio, name: str) -> list[tuple[str, bool]]:
    with open_session(book.root, ENVIRON, read_only=True) as session:
        planner = session.planner()
        found = history(session, planner.evidence, planner.image(EntryId(name)))
    return [(version.file or "", version.by_hand) for version in found.versions]


def test_a_new_name_in_the_same_file(book: Studio) -> None:
    picture, before = book.hash(NAMES["b"]), book.read(ONE)
    book.status(NAMES["b"], Status.APPROVED)
    moved = mv(book, NAMES["b"], "gate")
    assert (moved.after, moved.picture, moved.trouble) == ("chapters/one/gate", True, "")
    assert book.hash("chapters/one/gate") == picture
    assert not book.image(NAMES["b"]).exists()
    assert '  - custom_id: "gate" # yes\n' in book.read(ONE)
    text = book.read(ONE).replace('"gate"', '"b"').replace('    status: "approved"\n', "")
    assert tree.without_slots(text) == tree.without_slots(before)
    assert book.build() == []
    assert book.verdicts()[EntryId("chapters/one/gate")] is Verdict.LOCKED
    assert versions(book, "chapters/one/gate") == [(picture, False)]


def test_the_prompt_it_was_built_with_comes_along(book: Studio) -> None:
    folder = book.root / "generated/prompts/chapters"
    text = (folder / "one/b.txt").read_bytes()
    mv(book, NAMES["b"], "gate")
    mv(book, "chapters/one/gate", "two/gate")
    assert (folder / "two/gate.txt").read_bytes() == text
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.txt")} == {
        "one/a.txt", "one/c.txt", "two/x.txt", "two/gate.txt"
    }  # fmt: skip
    swapped = book.read(ONE).replace('"a"', '"<"').replace('"c"', '"a"').replace('"<"', '"c"')
    book.write(ONE, swapped)
    assert book.build() == []
    assert "A well." in (folder / "one/a.txt").read_text()
    with open_session(book.root, ENVIRON) as session:
        assert not unneeded(session).files


def test_what_went_through_several_names_is_not_gone(book: Studio) -> None:
    painted = book.paint(NAMES["b"])
    for before, after in (("b", "gate"), ("gate", "door"), ("a", "lamp"), ("lamp", "light")):
        mv(book, f"chapters/one/{before}", after)
    with open_session(book.root, ENVIRON, read_only=True) as session:
        assert gone(session, session.planner().evidence) == ()
    assert painted in [file for file, _ in versions(book, "chapters/one/door")]


@pytest.mark.parametrize("to", ["chapters/two/b", "two/b", TWO, "generated/chapters/two/b.png"])
def test_to_another_file_with_its_comments(book: Studio, to: str) -> None:
    picture, one, two = book.hash(NAMES["b"]), book.read(ONE), book.read(TWO)
    book.status(NAMES["b"], Status.LOCKED)
    assert mv(book, NAMES["b"], to).picture
    lines = re.search(r"\n  # the door of the tower\n(?:.*\n)*?(?=  - custom_id: \"c\")", one)
    assert lines is not None
    assert book.read(ONE) == one.replace(lines[0], "\n", 1)
    assert book.read(TWO).startswith(two)
    came = book.read(TWO)[len(two) :]
    assert tree.without_slots(came.replace('    status: "locked"\n', "")) == tree.without_slots(lines[0])
    assert book.hash("chapters/two/b") == picture
    assert book.build() == []
    assert versions(book, "chapters/two/b") == [(picture, False)]


def test_to_another_file_under_another_name(book: Studio) -> None:
    picture = book.hash(NAMES["a"])
    moved = mv(book, NAMES["a"], "two/lamp")
    assert str(moved.position).startswith(f"{TWO}:")
    assert book.hash("chapters/two/lamp") == picture
    assert book.build() == []


def test_the_last_entry_leaves_an_empty_list_and_comes_back(book: Studio) -> None:
    text = book.read(TWO)
    mv(book, "chapters/two/x", "one/x")
    assert "images: []\n" in book.read(TWO)
    mv(book, "chapters/one/x", "two/x")
    assert book.read(TWO) == text
    assert book.build() == []


def test_another_indentation_and_other_line_ends(book: Studio) -> None:
    head, images = book.read(TWO).split("images:\n")
    images = re.sub(r"(?m)^  ", "", images)
    book.write(TWO, f"{head}images:\n{images}".replace("\n", "\r\n"))
    picture = book.hash(NAMES["b"])
    mv(book, NAMES["b"], TWO)
    data = (book.root / TWO).read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n")
    assert (
        b'\r\n# the door of the tower\r\n- custom_id: "b" # yes\r\n  prompt_used: "A door."\r\n  # heavy oak\r\n'
        in data
    )
    assert book.hash("chapters/two/b") == picture
    assert book.build() == []


def test_an_image_that_was_never_made_moves_too(book: Studio) -> None:
    book.write(ONE, book.read(ONE) + '  - custom_id: "new"\n    prompt_used: "A hill."\n    size: "128x96"\n')
    assert not mv(book, "chapters/one/new", "two/hill").picture
    assert len(book.build()) == 1


def test_a_portrait_goes_to_another_character_with_its_path(tmp_path: Path) -> None:
    book = Studio(tmp_path)
    for slug in ("aba", "cleo"):
        book.character(slug, f"{slug} in a coat.", route="openai/gpt-image-2")
    shutil_to = book.root / "imagery/characters/deep/cleo"
    shutil_to.parent.mkdir()
    (book.root / "imagery/characters/cleo").rename(shutil_to)
    assert len(book.build()) == 2
    picture = book.hash("characters/aba/aba-portrait")
    mv(book, "characters/aba/aba-portrait", "cleo/young")
    assert "path: ../../../../generated/characters/cleo/young.png" in book.read(
        "imagery/characters/deep/cleo/imagery.yaml"
    ).replace('"', "")
    assert book.hash("characters/cleo/young") == picture
    assert book.build() == []


def test_places_that_name_it_are_told_and_left(tmp_path: Path) -> None:
    book = Studio(tmp_path)
    book.character("aba", "Aba in a coat.", route="openai/gpt-image-2")
    ids = "    reference_images: [aba-portrait]\n"
    cast = f"characters:\n  - ref: aba\n{ids}  - ref: ben\n{ids}"
    book.chapter("one", {"a": "A lamp."}, extra=cast, entry="depicts_characters: [aba]")
    book.build()
    text = book.read(ONE)
    moved = mv(book, "characters/aba/aba-portrait", "face")
    assert book.read(ONE) == text
    assert [(item.text, str(item.position)) for item in moved.mentions] == [("aba-portrait", f"{ONE}:7:24")]


def test_a_place_of_a_chapter_names_a_zone(tmp_path: Path) -> None:
    book = Studio(tmp_path)
    book.chapter("one", {"a": "A lamp."}, extra="moments:\n  - id: m\n    location_zone: mill/loft\n")
    book.write(
        "imagery/locations/mill/imagery.yaml",
        "metadata: {entity_type: location-imagery, slug: mill}\nzones:\n  - slug: loft\n",
    )
    (mention,) = mv(book, "locations/mill/loft", "attic").mentions
    assert (mention.text, mention.position.line) == ("mill/loft", 7)


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("a", "`chapters/one/a` is planned already"),
        ("A", "`chapters/one/a` is planned already"),
        ("b", "`chapters/one/b` is its name already"),
        ("tow/b", "there is no chapter `tow`\n  hint: did you mean `two`?"),
        ("two", "`two` is the slug of imagery/chapters/two/imagery.yaml\n  hint: write `two/b`"),
        ("locations/mill/b", "belongs to a chapter and can't go to `locations`"),
        ("chapters/two/d/e", "`chapters/two/d/e` is no id"),
        ("chapters/two", "`chapters/two` is no id"),
        ("two/b?", "holds a character that a file name can't have"),
    ],
)
def test_what_is_not_clear_or_not_free_is_refused(book: Studio, to: str, told: str) -> None:
    assert told in refused(book, NAMES["b"], to)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    # heavy oak\n", "    palette: &p {dominant: [red]}\n", "has an anchor"),
        ("    # heavy oak\n", "    palette: *p\n", "uses `*p`"),
    ],
)
def test_anchors_and_aliases_across_files_are_refused(book: Studio, old: str, new: str, told: str) -> None:
    book.edit(ONE, "metadata:\n", "shared: &p {dominant: [red]}\nmetadata:\n" if "*p" in new else "metadata:\n")
    book.edit(ONE, old, new)
    found = refused(book, NAMES["b"], "two/b")
    assert told in found
    assert re.match(rf"error: {ONE}:\d+:\d+: ", found) or re.match(rf"{ONE}:\d+:\d+: ", found), found


def test_a_list_in_brackets_is_refused(book: Studio) -> None:
    head = "metadata: {entity_type: chapter-imagery, slug: two}\n"
    book.write(TWO, head + 'images: [{custom_id: x, prompt_used: "A tree.", size: 128x96}]\n')
    assert "in brackets" in refused(book, NAMES["b"], "two/b")
    assert "in brackets" in refused(book, "chapters/two/x", "one/x")


def test_an_entry_that_is_no_item_of_a_list_is_refused(book: Studio) -> None:
    for slug in ("mill", "pond"):
        text = (
            f"metadata: {{entity_type: location-imagery, slug: {slug}}}\noverview:\n  prompt_used: A mill.\nzones: []\n"
        )
        book.write(f"imagery/locations/{slug}/imagery.yaml", text)
    assert "no item of a list" in refused(book, "locations/mill/overview", "pond/view")
    mv(book, "locations/mill/overview", "view")
    assert "  slug: view\n" in book.read("imagery/locations/mill/imagery.yaml")


def test_a_build_that_dies_between_the_two_files_is_finished(book: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = book.hash(NAMES["b"])

    def dies(path: Path, *arguments: object, **named: object) -> bool:
        if path == book.root / ONE:
            raise KeyboardInterrupt
        return replace_unchanged(path, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(entry_moves, "replace_unchanged", dies)
    with pytest.raises(KeyboardInterrupt):
        mv(book, NAMES["b"], "two/b")
    monkeypatch.undo()
    assert '"b"' in book.read(ONE)
    assert '"b"' in book.read(TWO), "it stands twice rather than nowhere"
    plan = book.plan()
    assert EntryId(NAMES["b"]) not in plan.by_id
    assert "moved: was chapters/one/b, free" in book.reasons("chapters/two/b")
    (told,) = [problem for problem in plan.problems if problem.severity is Severity.WARNING]
    assert "stands in both files" in told.message
    assert str(told.position).startswith(f"{ONE}:")
    assert book.build() == []
    assert '"b"' not in book.read(ONE)
    assert book.hash("chapters/two/b") == picture
    assert not (book.root / ".chargen/entry-move.json").exists()
    assert len(book.plan().images) == 4


def test_a_run_that_had_to_wait_finishes_it_too(book: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one it waited for may be the one that died."""
    monkeypatch.setattr(entry_moves, "_take_out", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        mv(book, NAMES["b"], "two/b")
    monkeypatch.undo()
    with ExitStack() as other:
        other.enter_context(project_lock(book.root))
        open_build(book.root, environ=ENVIRON, on_wait=lambda _pid: other.close()).close()
    assert '"b"' not in book.read(ONE)
    assert not (book.root / ".chargen/entry-move.json").exists()


def test_one_that_was_edited_in_both_files_meanwhile_is_left_to_the_author(
    book: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry_moves, "_take_out", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        mv(book, NAMES["b"], "two/b")
    monkeypatch.undo()
    book.edit(ONE, "# heavy oak", "# light ash")
    with pytest.raises(ChargenError, match="was edited since"):
        book.build()
    text = book.read(ONE)
    at = text.index("\n  # the door")
    book.write(ONE, text[:at] + "\n" + text[text.index('  - custom_id: "c"') :])
    assert book.build() == []


def test_what_is_said_as_json(book: Studio) -> None:
    found = mv(book, NAMES["a"], "two/lamp").to_json()
    assert json.loads(json.dumps(found)) == {
        "from": NAMES["a"], "to": "chapters/two/lamp", "file": TWO, "line": found["line"], "picture": True,
        "trouble": None, "mentions": [],
    }  # fmt: skip
