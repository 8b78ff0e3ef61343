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
      version: 1.10
      flags: 0x1F  # hex
      shot: 2026-01-02
      nothing: ~
      # as the printer had them
      words: |
        two
          lines
      tags: [sea, {of: night}]
      request_id: of an earlier program
"""


def test_own_keys_stay_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through a first picture and a second; what the program itself writes there is always of the newest."""
    book = Project(tmp_path)
    file = book.chapter("ch01", {"a": "A lamp."})
    book.edit(file, "    provider_metadata: {}\n", OWN)
    own, _, _ = OWN.partition("      request_id")
    monkeypatch.chdir(tmp_path)
    for command in (("batch", "all"), ("batch", "all", "--rebuild", "ch01/a")):
        assert run(list(command)) == 0
        assert own in book.read(file)
        metadata = YAML(typ="safe").load(book.read(file))["images"][0]["provider_metadata"]
        assert metadata["record"].startswith("2 in=")
        assert metadata["request_id"] is None
    assert run(["batch", "all"]) == 0
