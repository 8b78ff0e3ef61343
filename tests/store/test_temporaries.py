"""Temporary files: only those of processes that are gone are swept."""

import os
import subprocess
import sys
from pathlib import Path

from chargen.store.temporaries import abandoned_below, process_alive, remove, temporary_name


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_only_abandoned_temporaries_are_removed(tmp_path: Path) -> None:
    """Those of dead processes (forked from us too), of an earlier one with our id, and hours-old ones go."""
    gone = [
        temporary_name().replace(f"-{os.getpid()}-", f"-{dead_pid()}-"),
        f".chargen-{dead_pid()}-{'0' * 16}.tmp",
        f".chargen-{os.getpid()}-{'0' * 16}.tmp",
        f".chargen-1-{'1' * 16}.tmp",
    ]
    kept = [temporary_name(), f".chargen-1-{'0' * 16}.tmp", "x.tmp", ".chargen-1-zz.tmp", ".chargen"]
    for name in gone[:3] + kept:
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / gone[3]).mkdir()
    os.utime(tmp_path / gone[3], (0, 0))
    found = sorted(abandoned_below(tmp_path))
    assert [path.name for path in found] == sorted(gone)
    for path in found:
        remove(path)
    assert names(tmp_path) == sorted(kept)
    assert list(abandoned_below(tmp_path / "absent")) == []


def test_process_alive() -> None:
    """We live; a process that ended does not, nor does a number that is none."""
    assert process_alive(os.getpid())
    assert not process_alive(dead_pid())
    assert not process_alive(0) and not process_alive(-1)
