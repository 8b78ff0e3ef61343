"""What a clone knows of the store: its name there, what the race showed, what is to be put."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chargen.model.values import Fingerprint
from chargen.store.shared.machine import Machine

PRINT = Fingerprint("a" * 64)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "book/.chargen").mkdir(parents=True)
    return tmp_path / "book"


def test_a_clone_keeps_its_name_and_a_copy_of_it_has_another(root: Path) -> None:
    """A copy that took the name along would take over claims whose holder is alive."""
    name = Machine(root, "s3://b/p").holder("run-1", {}).machine
    assert Machine(root, "s3://b/p").holder("run-2", {}).machine == name
    copy = root.parent / "copy"
    shutil.copytree(root, copy)
    assert Machine(copy, "s3://b/p").holder("run-1", {}).machine != name


def test_ci_says_that_it_is_ci(root: Path) -> None:
    assert Machine(root, "s3://b/p").holder("run", {"CI": "true"}).who.startswith("CI (")
    assert " on " in Machine(root, "s3://b/p").holder("run", {}).who


def test_a_race_is_remembered_for_its_store(root: Path) -> None:
    here = Machine(root, "s3://b/p")
    here.holder("run", {})
    assert here.verdict is None
    here.note_verdict("two won")
    Machine(root, "s3://b/other").note_verdict("")
    assert (here.verdict, Machine(root, "s3://b/other").verdict) == ("two won", "")
    (root / ".chargen/store.json").write_text("{")
    assert here.verdict is None


def test_what_is_to_be_put_survives_a_power_loss(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its request leaves right after: who forgot it would leave the team without a reply that was paid for."""
    synced: list[list[str]] = []

    def sync(folder: Path) -> None:
        synced.append([path.name for path in folder.iterdir()])

    monkeypatch.setattr("chargen.store.shared.machine.sync_folder", sync)
    Machine(root, "s3://b/p").will_put("try-1", PRINT)
    assert synced == [[f"try-1_{PRINT}"]]


def test_what_is_to_be_put_is_listed_until_it_was(root: Path) -> None:
    here = Machine(root, "s3://b/p")
    assert here.to_put() == {}
    here.will_put("try-2", PRINT)
    here.will_put("try-1", PRINT)
    (root / ".chargen/to-put/Thumbs_db").touch()
    assert list(here.to_put().items()) == [("try-1", PRINT), ("try-2", PRINT)]
    here.has_put("try-1", PRINT)
    here.has_put("try-1", PRINT)
    assert here.to_put() == {"try-2": PRINT}


def test_a_race_is_remembered_for_the_server_that_was_raced(root: Path) -> None:
    """The same address names another bucket where the environment leads to another server, and that may lie."""
    Machine(root, "s3://b/p", "http://user:secret@one").note_verdict("")
    assert Machine(root, "s3://b/p", "http://two").verdict is None
    assert Machine(root, "s3://b/p").verdict is None
    assert Machine(root, "s3://b/p", "http://user:secret@one").verdict == ""
    assert "secret" not in (root / ".chargen/store.json").read_text()
