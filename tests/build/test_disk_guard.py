"""No request leaves where its reply could not be kept."""

import shutil
from pathlib import Path

import pytest

from chargen.build.disk_guard import LEAST_FREE, DiskGuard
from chargen.errors import InputError


def test_room_and_permission_are_looked_at_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that does not exist yet is judged by the one it will be made in."""
    guard = DiskGuard(tmp_path, tmp_path / ".chargen" / "originals")
    guard.check()
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as few:
        few.setattr(shutil, "disk_usage", lambda _place: usage._replace(free=LEAST_FREE - 1))
        with pytest.raises(InputError, match=r"not sent: only 63 MiB are free on this disk, less than the 64 needed"):
            guard.check()
    with monkeypatch.context() as closed:
        closed.setattr("os.access", lambda _place, _mode: False)
        with pytest.raises(InputError, match="a reply could not be stored here"):
            guard.check()


def test_after_one_reply_was_lost_nothing_more_is_bought(tmp_path: Path) -> None:
    """The first reason is the one that is told."""
    guard = DiskGuard(tmp_path, tmp_path)
    guard.failed(InputError("can't write this file: no space left on device"))
    guard.failed(InputError("another"))
    with pytest.raises(InputError, match="the reply for another image could not be stored: can't write this file: no"):
        guard.check()
