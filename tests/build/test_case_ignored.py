"""A rename in case only, on a volume where case does not count: the names follow, and nothing is lost.

Where TMPDIR lies on such a volume all of these run on it; elsewhere what the volume says is simulated at the one place
that asks it (`chargen.store.spelling.ignores_case`), here and in `tests/plan/test_ownership_model.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.studio import Studio

from chargen.actions.orphans import unneeded
from chargen.model.values import Verdict
from chargen.plan.session import open_session
from chargen.store import spelling

FILE = "imagery/chapters/ch01/imagery.yaml"


def counts(folder: Path) -> bool:
    """Say whether case counts on the volume of a folder."""
    (folder / "probe").touch()
    return not (folder / "PROBE").exists()


@pytest.fixture
def book(tmp_path: Path) -> Studio:
    """A chapter of two images, built; on a volume where case does not count."""
    if counts(tmp_path):
        pytest.skip("case counts on this volume: set TMPDIR to a folder on one where it does not")
    book = Studio(tmp_path)
    book.chapter("ch01", {"Gate": "A gate.", "b": "A door."})
    assert len(book.build()) == 2
    return book


def orphans(book: Studio) -> list[str]:
    with open_session(book.root, {}, read_only=True) as session:
        return [item.path for item in unneeded(session).files]


def names(book: Studio) -> list[str]:
    """Return the pictures as the volume spells them."""
    top = book.root / "generated/chapters"
    return sorted(path.relative_to(top).as_posix() for path in top.rglob("*.png"))


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([("slug: ch01", "slug: Ch01")], ["Ch01/Gate.png", "Ch01/b.png"]),
        ([('"Gate"', '"gate"')], ["ch01/b.png", "ch01/gate.png"]),
        ([("slug: ch01", "slug: Ch01"), ('"Gate"', '"GATE"')], ["Ch01/GATE.png", "Ch01/b.png"]),
    ],
)
def test_the_names_follow_and_nothing_is_sent(book: Studio, edits: list[tuple[str, str]], expected: list[str]) -> None:
    pictures = sorted(book.hash(f"chapters/ch01/{name}") for name in ("Gate", "b"))
    for old, new in edits:
        book.edit(FILE, old, new)
    assert book.build() == []
    assert not book.failures
    assert names(book) == expected, "a colleague's volume may tell them apart"
    assert sorted(book.hash(f"chapters/{name.removesuffix('.png')}") for name in expected) == pictures
    assert {image.verdict for image in book.plan().images} == {Verdict.FRESH}
    assert orphans(book) == []
    assert book.build() == []


def test_a_rename_in_case_with_another_prompt_pays_once(book: Studio) -> None:
    book.edit(FILE, "slug: ch01", "slug: Ch01")
    book.edit(FILE, '"Gate"', '"gate"')
    book.edit(FILE, "A gate.", "A gate by night.")
    assert len(book.build()) == 1
    assert not book.failures
    assert names(book) == ["Ch01/b.png", "Ch01/gate.png"]
    assert orphans(book) == []
    assert book.build() == []


def test_what_the_volume_says_is_asked_at_one_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: two spellings are one place, and a name that is there already is not spelled anew."""
    if not counts(tmp_path):
        pytest.skip("the tests above run on such a volume")
    (tmp_path / "pyproject.toml").touch()
    assert spelling.folding(tmp_path)("Ch01/Gate") == "Ch01/Gate"
    monkeypatch.setattr(spelling, "ignores_case", lambda _root: True)
    assert spelling.folding(tmp_path)("Ch01/Zoe\u0301") == spelling.folding(tmp_path)("ch01/zo\u00e9")
    (tmp_path / "ch01").mkdir()
    (tmp_path / "ch01/a.png").write_bytes(b"a")
    spelling.spell(tmp_path, "ch01/a.png")
    assert [path.name for path in (tmp_path / "ch01").iterdir()] == ["a.png"]


def test_a_book_on_such_a_volume_as_far_as_it_can_be_simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other spelling is a link to the same folder here: nothing moves away, nothing is sent, the entry says so."""
    if not counts(tmp_path):
        pytest.skip("the tests above run on such a volume")
    book = Studio(tmp_path)
    book.chapter("ch01", {"Gate": "A gate."})
    assert len(book.build()) == 1
    (tmp_path / "generated/chapters/Ch01").symlink_to("ch01")
    monkeypatch.setattr(spelling, "ignores_case", lambda _root: True)
    picture = book.hash("chapters/ch01/Gate")
    book.edit(FILE, "slug: ch01", "slug: Ch01")
    assert book.build() == []
    assert not book.failures
    assert book.hash("chapters/ch01/Gate") == picture
    assert 'file_path: "generated/chapters/Ch01/Gate.png"' in book.read(FILE)
    assert book.verdicts() == {"chapters/Ch01/Gate": Verdict.FRESH}
