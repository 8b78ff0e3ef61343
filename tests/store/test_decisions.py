"""The list of decisions may be a stranger's, or half written: what is none of its lines hides no other."""

from __future__ import annotations

import json
from pathlib import Path

from chargen.config.layout import DECISIONS
from chargen.model.values import EntryId
from chargen.store.clock import SystemClock
from chargen.store.decisions import Decided, Decisions

ODD = [
    "not JSON", "[" * 100_000, "[]", "{}", "null", '{"number": "x"}', '{"number": 1e308}', '{"number": Infinity}',
    '{"number": -1}', '{"number": 99999999999999999999999}', '{"number": true}', '{"number": [1]}',
    '{"number": 5, "at": 1, "command": 2, "images": 3}', '{"number": 6, "at": "", "command": "", "withdrawn": [[1]]}',
]  # fmt: skip


def test_odd_lines_hide_no_other(tmp_path: Path) -> None:
    """Neither when all are listed, nor when the next one is written."""
    decisions = Decisions(tmp_path, SystemClock())
    decisions.begin("approve").note([Decided(EntryId("a"), "f.yaml", "", "approved")])
    with (tmp_path / DECISIONS).open("a") as file:
        file.writelines(f"{line}\n" for line in ODD)
        odd_undoes = {"number": 7, "at": "", "command": "undo", "undoes": {"a": []}, "images": []}
        file.write(f"{json.dumps(odd_undoes)}\n")
    decisions.begin("lock").note([Decided(EntryId("b"), "f.yaml", "", "locked")])
    assert [(item.command, list(item.images), item.undoes) for item in decisions.all()] == [
        ("approve", ["a"], None),
        ("lock", ["b"], None),
    ]
