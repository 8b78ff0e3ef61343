"""The list of decisions may be a stranger's, or half written: what is none of its lines hides no other."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from chargen.config.layout import DECISIONS
from chargen.errors import InputError
from chargen.model.values import EntryId
from chargen.plain_file import TEXT_BYTES
from chargen.store import decisions as store
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


def test_a_long_list_is_read_and_gets_the_next_number(tmp_path: Path) -> None:
    """A book of ten thousand images, approved again and again, comes to more than an author's text may have."""
    decisions = Decisions(tmp_path, SystemClock())
    decisions.begin("approve").note([Decided(EntryId("a"), "f.yaml")])
    with (tmp_path / DECISIONS).open("ab") as file:
        file.write(b" " * (TEXT_BYTES + 1))  # and whoever wrote it died
    decisions.begin("lock").note([Decided(EntryId("b"), "f.yaml")])
    assert [(item.number, item.command) for item in decisions.all()] == [(1, "approve"), (2, "lock")]


def test_a_list_that_cannot_be_read_is_no_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the next decision would be number 1 again, and part of another."""
    decisions = Decisions(tmp_path, SystemClock())
    decisions.begin("approve").note([Decided(EntryId("a"), "f.yaml")])

    def refuses(*_: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(store, "read_plain", refuses)
    for ask in (decisions.all, lambda: decisions.begin("lock").note([Decided(EntryId("b"), "f.yaml")])):
        with pytest.raises(InputError, match="can't read this file: input/output error"):
            ask()
