"""What an author edits while a run goes on is not paid for as it was, wherever it stands; in process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import pictures
from support.studio import ENVIRON, Studio

from chargen.build import opening
from chargen.build.result import RewordedError
from chargen.cli.run_summary import closing
from chargen.model.values import EntryId
from chargen.plan import scan
from chargen.plan.build_request import BuildRequest
from chargen.plan.selection import Selection
from chargen.plan.session import Session

CHAPTER = "imagery/chapters/ch01/imagery.yaml"
SHEET = "imagery/characters/ivo/imagery.yaml"
TEMPLATE = "prompts/chapter.txt.j2"
A, B = "chapters/ch01/a", "chapters/ch01/b"

Deed = Callable[[Studio], object]


@pytest.fixture
def book(tmp_path: Path) -> Studio:
    """A chapter of two images; the second one shows somebody whose looks are words, the first one nobody."""
    made = Studio(tmp_path, 'style_suffix = "In ink."')
    extra = "  visual_thesis: All in blue.\ncharacters: [{slug: ivo, reference_images: none}]"
    made.chapter("ch01", {"a": "A lamp.", "b": "A door."}, extra=extra)
    made.edit(CHAPTER, '"A door."', '"A door."\n    depicts_characters: [ivo]')
    made.write(SHEET, "entity_type: character\nslug: ivo\nname: Ivo\nappearance: tall\nimage_inventory: []\n")
    return made


def _edit(file: str, old: str, new: str) -> Deed:
    return lambda book: book.edit(file, old, new)


def _show_a_face(book: Studio) -> None:
    book.write("imagery/characters/ivo/face.png", pictures.png(32, 32, 1))
    book.edit(SHEET, "[]", "\n  - {id: face, path: face.png, is_reference_portrait: true}")
    book.edit(CHAPTER, "reference_images: none", "reference_images: [face]")


EDITS: dict[str, Deed] = {
    "its prompt": _edit(CHAPTER, "A door.", "A gate."),
    "its size": lambda book: book.write(CHAPTER, "96x128".join(book.read(CHAPTER).rsplit("128x96", 1))),
    "whom it shows": _edit(CHAPTER, "[ivo]", "[]"),
    "a default of its file": _edit(CHAPTER, "All in blue.", "All in red."),
    "the model": _edit(CHAPTER, "gpt-image-2", "gpt-image-1-mini"),
    "the quality": _edit(CHAPTER, "provider: openai", "quality: low, provider: openai"),
    "a character's sheet": _edit(SHEET, "tall", "short"),
    "a character's pictures": _show_a_face,
    "a sheet that can't be read any more": _edit(SHEET, "slug: ivo", "slug: ["),
    "a template": lambda book: book.write(TEMPLATE, book.read(TEMPLATE) + "\nA woodcut.\n"),
    "the style": _edit("pyproject.toml", "In ink.", "In oil."),
    "settings that can't be read any more": _edit("pyproject.toml", "In ink.", "In\nink."),
}
"""What changes how the second image is asked for."""

OTHERS: dict[str, Deed] = {
    "another entry": _edit(CHAPTER, "A lamp.", "A torch."),
    "a comment": _edit(SHEET, "appearance: tall", "appearance: tall  # very"),
    "a note on it": _edit(CHAPTER, '"A door."', '"A door."\n    review_note: later'),
    "a word on another picture": _edit(CHAPTER, 'custom_id: "a"', 'custom_id: "a"\n    status: approved'),
    "a setting": _edit("pyproject.toml", "[tool.chargen]", '[tool.chargen]\nlog_level = "debug"'),
    "nothing at all": lambda _book: None,
}
"""What does not."""


def _build_while(book: Studio, deed: Deed) -> list[str]:
    """Build both; the deed is done while the first one is on its way."""
    waiting = [deed]

    def meanwhile(_prompt: str) -> None:
        if waiting:
            waiting.pop()(book)

    book.meanwhile = meanwhile
    return book.build()


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_edited_before_a_request_leaves_is_not_sent_as_it_was(book: Studio, edit: str) -> None:
    """The image is left out, which is no failure, and the next run sends what is written now."""
    before = book.read("pyproject.toml"), book.read(SHEET)
    (sent,) = _build_while(book, EDITS[edit])
    assert "A lamp." in sent
    assert book.left_out == [(B, RewordedError.message)]
    if "can't be read" in edit:
        book.write("pyproject.toml", before[0])
        book.write(SHEET, before[1])
    assert B in [image.id for image in book.plan().images if image.sends]
    assert len(book.build(B)) == 1
    assert book.left_out == []


def test_a_renamed_entry_is_left_out_and_named(book: Studio) -> None:
    """Nothing is sent for it, which is no failure; the next run builds it under its new name."""
    build = opening.open_build(book.root, BuildRequest(Selection((B,))), environ=ENVIRON)
    try:
        book.edit(CHAPTER, 'custom_id: "b"', 'custom_id: "d"')
        assert build.build(EntryId(B)) is not None
        told = list(closing(build, 1.0))
        assert not any("nothing to do" in line for line in told), told
        assert told[0].startswith("left out 1")
        assert f"left out: {B}: its entry is called `chapters/ch01/d` by now: run again" in told
        assert build.failed == {}
    finally:
        build.close()
    assert len(book.build("chapters/ch01/d")) == 1


@pytest.mark.parametrize("edit", OTHERS)
def test_what_does_not_concern_an_image_keeps_nothing_from_being_sent(book: Studio, edit: str) -> None:
    sent = _build_while(book, OTHERS[edit])
    assert [("A lamp." in sent[0]), ("A door." in sent[1])] == [True, True]
    assert (book.failures, book.left_out) == ([], [])


def test_a_size_that_only_the_settings_give_is_not_sent_as_it_was(book: Studio) -> None:
    """What the files are read as hangs on the settings."""
    book.write(CHAPTER, "".join(book.read(CHAPTER).rsplit('    size: "128x96"\n', 1)))
    (sent,) = _build_while(
        book, _edit("pyproject.toml", "[tool.chargen]", '[tool.chargen]\ndefault_size = "1024x1536"')
    )
    assert "A lamp." in sent
    assert book.left_out == [(B, RewordedError.message)]


def test_an_edited_retake_is_not_sent_as_it_was(book: Studio) -> None:
    """Neither its picture nor its words."""
    book.build()
    file = book.hash(B)
    book.edit(CHAPTER, '"A lamp."', '"A lantern."')
    book.edit(CHAPTER, '"A door."', f'"A door."\n    retake: {{of: "{file}", instruction: open it}}')
    (sent,) = _build_while(book, _edit(CHAPTER, "open it", "close it"))
    assert "A lantern." in sent
    assert book.left_out == [(B, RewordedError.message)]
    assert book.build(B) == ["close it"]


def test_nothing_is_planned_anew_for_what_the_run_writes(book: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots of the first image stand in the file before the second one's request leaves; only a save is looked into."""
    plans: list[Session] = []
    plan = Session.planner

    def counted(session: Session, *args: Any, **options: Any) -> Any:
        plans.append(session)
        return plan(session, *args, **options)

    monkeypatch.setattr(Session, "planner", counted)
    book.chapter("ch02", {"a": "A cat.", "b": "A dog.", "c": "A cow."})
    assert len(book.build()) == 5
    assert len(plans) == 1


def test_only_what_was_saved_is_read_again(book: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that the run wrote slots into say what they said; a book has hundreds of them."""
    read: list[str] = []
    scan_file = scan.scan_file
    monkeypatch.setattr(scan, "scan_file", lambda project, file: read.append(file) or scan_file(project, file))
    assert len(_build_while(book, OTHERS["a comment"])) == 2
    assert sorted(read) == [CHAPTER, SHEET, SHEET]


def test_a_template_that_was_saved_while_the_run_waited_is_the_one_it_is_planned_by(
    book: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put back while the run goes on, it says something else than what was planned."""
    before, plain = book.read(TEMPLATE), opening.project_lock

    def project_lock(*given: Any, **named: Any) -> Any:
        book.write(TEMPLATE, f"{before}\nA woodcut.\n")
        return plain(*given, **named)

    monkeypatch.setattr(opening, "project_lock", project_lock)
    sent = _build_while(book, lambda book: book.write(TEMPLATE, before))
    assert len(sent) == 1
