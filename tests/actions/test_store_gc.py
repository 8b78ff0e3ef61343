"""What `chargen store gc` proposes: nothing that hides what is kept from those who look it up by number."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from obstore.store import MemoryStore
from support.records import a_record, original_told

from chargen.actions.store import Proposal, propose
from chargen.model.record_line import RecordLine
from chargen.model.values import FileHash, Fingerprint
from chargen.store.shared.objects import Objects
from chargen.store.shared.replies import Replies

PRINT = Fingerprint("b" * 64)
FIRST, SECOND, THIRD = (f"20260122T14000000000{number}Z-0000000{number}" for number in (1, 2, 3))


@pytest.fixture
def objects() -> Objects:
    """A store with three replies to the same inputs, none of which replaced another."""
    objects = Objects(MemoryStore())
    for attempt in (FIRST, SECOND, THIRD):
        data = attempt.encode()
        record = a_record(attempt=attempt, fingerprint=PRINT, original=original_told(data))
        Replies(objects, "ana").put(record, data)
    return objects


def proposed(root: Path, objects: Objects, named: str) -> Proposal:
    """What is proposed where the one branch of a project names one attempt."""
    line = RecordLine(PRINT, FileHash("c" * 64), 1, attempt=named).format()
    (root / "imagery").mkdir(exist_ok=True)
    (root / "imagery/ch01.yaml").write_text(f'record: "{line}"\n')
    git = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(root))
    for command in (("init", "-q"), ("add", "imagery"), ("commit", "-qm", "One")):
        subprocess.run([*git, *command], check=True)
    clock = SimpleNamespace(now=lambda: datetime(2026, 11, 22, tzinfo=UTC))
    project = SimpleNamespace(root=root, settings=SimpleNamespace(imagery=("imagery",)))
    session: Any = SimpleNamespace(project=project, clock=clock)
    store: Any = SimpleNamespace(objects=objects, replies=Replies(objects, "ana"))
    return propose(session, store)


def test_a_record_that_stands_before_one_that_is_kept_stays(tmp_path: Path, objects: Objects) -> None:
    found = proposed(tmp_path, objects, SECOND)
    assert [reply.record.attempt for reply, _ in found.replies] == [FIRST, THIRD]
    assert [keys[0].partition("/")[0] for _, keys in found.replies] == ["cas", "done"]
    for _, keys in found.replies:
        for key in keys:
            objects.delete(key)
    assert [reply.record.attempt for reply in Replies(objects, "ben").under(PRINT)] == [FIRST, SECOND]


def test_a_record_that_stands_before_one_that_can_t_be_read_stays(tmp_path: Path, objects: Objects) -> None:
    """It may be one of a later version of the program."""
    objects.put(f"done/{PRINT}/3", b"{}")
    found = proposed(tmp_path, objects, FIRST)
    assert [keys[0].partition("/")[0] for _, keys in found.replies] == ["cas"]


def test_what_an_imagery_file_names_that_git_does_not_know_stays(tmp_path: Path, objects: Objects) -> None:
    """Whatever the case of its suffix."""
    line = RecordLine(PRINT, FileHash("c" * 64), 1, attempt=SECOND).format()
    (tmp_path / "imagery").mkdir()
    (tmp_path / "imagery/ch02.YAML").write_text(f'record: "{line}"\n')
    (tmp_path / "imagery/.gitignore").write_text("*.YAML\n")
    found = proposed(tmp_path, objects, FIRST)
    assert [reply.record.attempt for reply, _ in found.replies] == [THIRD]
