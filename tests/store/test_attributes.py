"""A file keeps its owner, group and extended attributes when it is replaced, or is refused before anything is paid."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chargen.store import exchange
from chargen.store.exchange import lost_on_replacement, replace_unchanged


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An author's file of mode 0664."""
    path = tmp_path / "imagery.yaml"
    path.write_bytes(b"old\n")
    path.chmod(0o664)
    return path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_owner_group_and_mode_stay(file: Path, tmp_path: Path) -> None:
    """A build as root, as in a container, leaves the file to its author."""
    os.chown(file, 1234, 2345)
    assert replace_unchanged(file, b"old\n", b"new\n", root=tmp_path)
    status = file.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (1234, 2345, 0o664)
    assert file.read_bytes() == b"new\n"


def test_extended_attributes_stay(file: Path, tmp_path: Path) -> None:
    """A note that a file manager keeps beside the bytes survives."""
    try:
        os.setxattr(file, "user.note", b"mine")
    except OSError as failure:
        pytest.skip(f"no extended attributes on this file system: {failure}")
    assert replace_unchanged(file, b"old\n", b"new\n", root=tmp_path)
    assert os.getxattr(file, "user.note") == b"mine"


def test_a_file_of_somebody_else_is_told_of(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may not keep the owner or the group is told before; one's own file, and root, are not."""
    status = file.stat()
    monkeypatch.setattr(exchange.os, "geteuid", lambda: status.st_uid + 1)
    problem = lost_on_replacement(file, "imagery.yaml")
    assert problem is not None
    assert "belongs to another user" in problem.message
    monkeypatch.setattr(exchange.os, "geteuid", lambda: status.st_uid or 7)
    if status.st_uid == 0:
        os.chown(file, 7, status.st_gid)
    monkeypatch.setattr(exchange.os, "getegid", lambda: status.st_gid + 1)
    monkeypatch.setattr(exchange.os, "getgroups", list)
    problem = lost_on_replacement(file, "imagery.yaml")
    assert problem is not None
    assert "group" in problem.message
    monkeypatch.setattr(exchange.os, "getegid", lambda: status.st_gid)
    assert lost_on_replacement(file, "imagery.yaml") is None
    monkeypatch.setattr(exchange.os, "geteuid", lambda: 0)
    assert lost_on_replacement(file, "imagery.yaml") is None
