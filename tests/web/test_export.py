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
