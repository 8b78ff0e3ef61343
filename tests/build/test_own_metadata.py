"""What an author keeps in `provider_metadata` beside the program's keys is there after the next write-back too."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.project import Project

from chargen.cli.main import run

OWN = """\
    provider_metadata:
      note: mine
      rating: 4
      weight: 0.5
      keep: true
      version: "1.10"
      nothing: ~
      tags: [sea, {of: night}]
      request_id: of an earlier program
"""


def test_own_keys_stay_with_their_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through a first picture and a second; what the program itself writes there is always of the newest."""
    book = Project(tmp_path)
    file = book.chapter("ch01", {"a": "A lamp."})
    book.edit(file, "    provider_metadata: {}\n", OWN)
    monkeypatch.chdir(tmp_path)
    for command in (("batch", "all"), ("batch", "all", "--rebuild", "ch01/a")):
        assert run(list(command)) == 0
        metadata = YAML(typ="safe").load(book.read(file))["images"][0]["provider_metadata"]
        record = metadata.pop("record")
        assert record.startswith("2 in=")
        assert {key: metadata[key] for key in metadata if key not in ("cost_usd", "asked_size", "delivered_size")} == {
            "note": "mine",
            "rating": 4,
            "weight": 0.5,
            "keep": True,
            "version": "1.10",
            "nothing": None,
            "tags": ["sea", {"of": "night"}],
        }
    assert run(["batch", "all"]) == 0
