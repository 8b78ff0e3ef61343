"""What an exported page holds: what the served one would answer, gathered at once."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from support.project import Project

from chargen.store.originals import Originals
from chargen.web.desk import Desk
from chargen.web.export import export


def test_it_holds_the_answers_of_the_server_and_reads_the_originals_once(
    book: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not once an image, and once more for each two versions: a book has thousands of either."""
    asked: list[None] = []
    read = Originals.all_records
    with closing(Desk(book.root)) as desk:
        images = {row["id"]: desk.image(row["id"]) for row in desk.book()["images"]}
        monkeypatch.setattr(Originals, "all_records", lambda self: asked.append(None) or read(self))
        export(desk, tmp_path / "shown")
        assert len(asked) == 1
        told = json.loads((tmp_path / "shown/static/data.js").read_text().removeprefix("window.exported = ")[:-2])
        assert told["images"] == json.loads(json.dumps(images))
        assert any(told["words"].values())
        for key, runs in told["words"].items():
            name, one, other = key.rsplit(" ", 2)
            assert desk.words(name, one, other) == runs


def test_a_second_export_holds_what_the_page_shows_now(book: Project, tmp_path: Path) -> None:
    """Pictures that only the first one showed are taken away; what somebody else put there stays."""
    shown = tmp_path / "shown"
    with closing(Desk(book.root)) as desk:
        export(desk, shown)
    before = {path.name for path in (shown / "picture").iterdir()}
    own = [shown / "notes.txt", shown / "picture" / "mine.png", shown / "picture" / ("0" * 64)]
    for path in own:
        path.write_text("mine")
    (book.root / "imagery/chapters/ch01/imagery.yaml").unlink()
    with closing(Desk(book.root)) as desk:
        named = {item["picture"] for image in desk.images().values() for item in (image, *image["versions"])}
        export(desk, shown)
    after = {path.name for path in (shown / "picture").iterdir()}
    assert before - after
    assert after - {path.name for path in own} == named - {None} & before
    assert {path.name for path in (shown / "thumbnail").iterdir()} == after - {path.name for path in own}
    assert all(path.read_text() == "mine" for path in own)
