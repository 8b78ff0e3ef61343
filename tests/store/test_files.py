"""Files on disk: durable replacement, containment, LFS pointers."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from chargen.errors import InputError
from chargen.store import files
from chargen.store.files import FileKind, kind_of, write_durably, write_whole
from chargen.store.places import contained
from chargen.store.temporaries import abandoned_below, remove

OID = "ab" * 32
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 4711\n".encode()


def stray(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.name.endswith(".tmp")]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_write_makes_folders_and_replaces_keeping_the_permission_bits(tmp_path: Path) -> None:
    """A new file appears below new folders; a replaced one keeps its mode."""
    path = tmp_path / "a" / "b" / "x.png"
    write_durably(path, b"one")
    path.chmod(0o640)
    write_durably(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stray(tmp_path) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_failing_step_leaves_the_old_file_and_no_temporary(tmp_path: Path, monkeypatch, step: str, code: int) -> None:
    """Whatever the disk refuses, the old bytes stay and the message has a next step."""
    path = tmp_path / "x.yaml"
    path.write_bytes(b"old")

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError(code, os.strerror(code))

    if step == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InputError) as caught:
        write_durably(path, b"new", root=tmp_path)
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert stray(tmp_path) == []
    assert str(caught.value).startswith("x.yaml: error: can't write this file:")
    assert "hint: " in str(caught.value)


def test_every_durable_step_is_synced_in_order(tmp_path: Path, monkeypatch) -> None:
    """The bytes are synced before the rename, the folder after it."""
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def record_sync(descriptor: int) -> None:
        steps.append("dir" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(Path, "replace", lambda self, target: (steps.append("rename"), replace(self, target))[1])
    write_durably(tmp_path / "x", b"x")
    assert steps == ["file", "rename", "dir"]


def test_a_folder_at_the_target_is_refused(tmp_path: Path) -> None:
    """A folder is never replaced."""
    (tmp_path / "x.png").mkdir()
    with pytest.raises(InputError, match="a folder stands"):
        write_durably(tmp_path / "x.png", b"x", root=tmp_path)


def test_links_are_followed_inside_the_project_only(tmp_path: Path) -> None:
    """A link inside stays a link and its file is replaced; one that leads out is refused and nothing is written."""
    root, outside = tmp_path / "project", tmp_path / "outside.png"
    root.mkdir()
    outside.write_bytes(b"theirs")
    (root / "real.png").write_bytes(b"old")
    (root / "inside.png").symlink_to("real.png")
    (root / "out.png").symlink_to(outside)
    write_durably(root / "inside.png", b"new", root=root)
    assert (root / "inside.png").is_symlink() and (root / "real.png").read_bytes() == b"new"
    with pytest.raises(InputError, match="symbolic link"):
        write_durably(root / "out.png", b"x", root=root)
    with pytest.raises(InputError, match="symbolic link"):
        write_durably(root / "inside.png", b"x")
    assert outside.read_bytes() == b"theirs"


@pytest.mark.parametrize("relative", ["", "/etc/passwd", "..", "../x", "a/../../x", "a\0b", "out/x.png"])
def test_contained_refuses_to_leave_the_project(tmp_path: Path, relative: str) -> None:
    """Absolute, climbing and linked ways out are all refused."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "out").symlink_to(tmp_path)
    with pytest.raises(InputError):
        contained(root, relative)


def test_contained_joins_what_stays_inside(tmp_path: Path) -> None:
    """Paths that stay inside are joined, whether they exist or not."""
    assert contained(tmp_path, "a/../b c, d/x.png") == tmp_path / "b c, d" / "x.png"


def test_kind_of_tells_what_stands_there(tmp_path: Path) -> None:
    """Absent, folder, file, pipe, pointer (LF, CRLF, extension lines, a BOM) and what only looks like one."""
    (tmp_path / "file").write_bytes(b"123")
    (tmp_path / "pointer").write_bytes(POINTER)
    (tmp_path / "crlf").write_bytes(POINTER.replace(b"\n", b"\r\n"))
    extended = "".join(f"ext-{n}-filter sha256:{OID}\n" for n in range(5))
    (tmp_path / "extended").write_bytes(POINTER.replace(b"v1\n", b"v1\n" + extended.encode()))
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbf" + POINTER)
    (tmp_path / "prose").write_bytes(POINTER + b"more words")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    assert kind_of(tmp_path / "absent").kind is FileKind.ABSENT
    assert kind_of(tmp_path / "file" / "below").kind is FileKind.ABSENT
    assert kind_of(tmp_path).kind is FileKind.DIRECTORY
    assert kind_of(tmp_path / "pipe").kind is FileKind.OTHER
    assert kind_of(tmp_path / "loop").kind is FileKind.OTHER
    assert kind_of(tmp_path / "prose").kind is FileKind.FILE
    state = kind_of(tmp_path / "file")
    assert (state.kind, state.size, state.oid) == (FileKind.FILE, 3, None)
    for name in ("pointer", "crlf", "extended", "marked"):
        state = kind_of(tmp_path / name)
        assert (state.kind, state.size, state.oid) == (FileKind.LFS_POINTER, 4711, OID)


def test_a_process_killed_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    """SIGKILL between the sync and the rename: the old bytes stand, the temporary is swept."""
    path = tmp_path / "x.yaml"
    path.write_bytes(b"old")
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom chargen.store.files import write_durably\n"
        "Path.replace = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_durably(Path(sys.argv[1]), b'new')"
    )
    assert subprocess.run([sys.executable, "-c", script, path], check=False, timeout=30).returncode == -9
    assert path.read_bytes() == b"old"
    assert len(stray(tmp_path)) == 1
    (left,) = abandoned_below(tmp_path)
    remove(left)
    assert names(tmp_path) == ["x.yaml"]


def test_messages_can_not_steer_a_terminal() -> None:
    """Control characters of a file name stand as escapes."""
    assert files.printable("a\x1b[2Jb\nä") == "a\\x1b[2Jb\\nä"


def test_what_is_told_elsewhere_is_written_whole_without_a_sync(tmp_path: Path, monkeypatch) -> None:
    """Nothing is synced, the file is replaced by a rename, and a disk that refuses it leaves the old one."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: pytest.fail("synced"))
    path = tmp_path / "x.txt"
    write_whole(path, b"one", root=tmp_path)
    before = path.stat().st_ino
    write_whole(path, b"two", root=tmp_path)
    assert path.read_bytes() == b"two"
    assert path.stat().st_ino != before
    monkeypatch.setattr(Path, "replace", lambda *_given: (_ for _ in ()).throw(OSError(errno.EIO, "no")))
    with pytest.raises(InputError):
        write_whole(path, b"three", root=tmp_path)
    assert path.read_bytes() == b"two"
    assert stray(tmp_path) == []


def test_bytes_that_a_disk_takes_in_parts_are_all_written(tmp_path: Path, monkeypatch) -> None:
    """A write may take less than it was given; the rest follows."""
    fdopen = os.fdopen

    class Slow:
        def __init__(self, *given: object, **named: object) -> None:
            self.file = fdopen(*given, **named)  # type: ignore[call-overload]

        def __enter__(self):
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def fileno(self) -> int:
            return self.file.fileno()

        def write(self, data: memoryview) -> int:
            return self.file.write(data[:3])

    monkeypatch.setattr(os, "fdopen", Slow)
    write_durably(tmp_path / "x", b"0123456789")
    monkeypatch.undo()
    assert (tmp_path / "x").read_bytes() == b"0123456789"
