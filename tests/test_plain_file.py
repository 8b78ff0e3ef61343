"""Files are opened in one place: only plain ones, of bounded size; and no other part opens any to read it."""

from __future__ import annotations

import ast
import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import chargen
from chargen.plain_file import open_plain, read_plain

PACKAGE = Path(chargen.__file__).parent

READS = {"read_bytes", "read_text", "fromfile", "FileIO", "fdopen"}
ALLOWED = {
    "plain_file.py": {"os.open", "FileIO"},
    # what is the program's own, installed with it
    "kinds/__init__.py": {"read_text"},
    "providers/__init__.py": {"read_text"},
    "providers/sketch/fonts.py": {"read_bytes"},
    "actions/init.py": {"read_text", "read_bytes"},
    "web/app.py": {"read_bytes"},
    # files that are written, each made anew or looked at before; a folder can't be read as a file
    "store/files.py": {"os.open", "fdopen"},
    "store/locks.py": {"os.open"},
    "store/decisions.py": {"self._file.open"},
    "store/batch_jobs.py": {"self._path(job, SETTLED_FILE).open"},
    "store/batch_spool.py": {"self.path / REQUESTS_FILE.open", "self.path / RECORDS_FILE.open", "path.open"},
    "cli/output.py": {"os.open"},
    # a plain file or a link, looked at before
    "store/trash.py": {"copy2"},
    # no files, and one that doit is asked to write
    "images/png.py": {"read_text"},
    "cli/doit/run.py": {"Path(outfile).open"},
}
"""Calls that open a file or could, by the file they stand in."""


def test_small_files_are_read_whole(tmp_path: Path) -> None:
    """Up to the last byte of the limit, also through a link."""
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "b").symlink_to("a")
    assert read_plain(tmp_path / "a", 5) == read_plain(os.fspath(tmp_path / "b"), 5) == b"12345"
    (tmp_path / "a").write_bytes(b"")
    assert read_plain(tmp_path / "a", 0) == b""


def _folder(path: Path) -> None:
    path.mkdir()


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


ODD: dict[str, tuple[Callable[[Path], object], int]] = {
    "a pipe": (os.mkfifo, errno.EINVAL),
    "a link to an endless device": (lambda path: path.symlink_to("/dev/zero"), errno.EINVAL),
    "a link to a device that waits": (lambda path: path.symlink_to("/dev/tty"), errno.EINVAL),
    "a socket": (_socket, errno.EINVAL),
    "a folder": (_folder, errno.EISDIR),
    "a terabyte of nothing": (_sparse, errno.EFBIG),
    "a byte too much": (lambda path: path.write_bytes(b"123456"), errno.EFBIG),
    "a file of the system that says it is empty": (lambda path: path.symlink_to("/proc/self/status"), errno.EFBIG),
    "nothing": (lambda _path: None, errno.ENOENT),
    "a link in itself": (lambda path: path.symlink_to(path.name), errno.ELOOP),
}


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("name", ODD)
def test_all_else_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """With the number of the failure, and without leaving anything open."""
    monkeypatch.chdir(tmp_path)
    make, number = ODD[name]
    make(tmp_path / "x")
    before = _open_files()
    with pytest.raises(OSError) as refused:
        read_plain(tmp_path / "x", 5)
    assert refused.value.errno == number
    assert _open_files() == before


def test_what_becomes_a_pipe_while_it_is_opened_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at it and the opening."""
    (tmp_path / "x").write_bytes(b"1")
    plain = (tmp_path / "x").stat()
    (tmp_path / "x").unlink()
    os.mkfifo(tmp_path / "x")
    monkeypatch.setattr(os, "stat", lambda _path: plain)
    with pytest.raises(OSError, match="no plain file"):
        open_plain(tmp_path / "x", 5)


def _calls(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in {"open", *READS}:
            yield node.func.id
        if isinstance(node.func, ast.Attribute):
            owner, name = ast.unparse(node.func.value), node.func.attr
            opens = name == "open" and (owner in {"os", "io"} or "path" in owner.lower() or "file" in owner.lower())
            if name in READS or (owner == "shutil" and name.startswith("copy")) or opens:
                yield f"{owner}.open" if opens else name


def test_no_other_part_opens_a_file_to_read_it() -> None:
    """Every call that could is one that is known."""
    found = {
        name: calls
        for file in sorted(PACKAGE.rglob("*.py"))
        if (calls := set(_calls(file)) - ALLOWED.get(name := file.relative_to(PACKAGE).as_posix(), set()))
    }
    assert found == {}
