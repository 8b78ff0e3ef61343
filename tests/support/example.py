"""The example book of this repository in a folder of its own, as after a fresh clone."""

from __future__ import annotations

import atexit
import io
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from support.project import REPOSITORY, Project

PARTS = ("chapters", "locations", "characters")
_ROUTE = re.compile(r"""(?P<key>\b(?:provider|model)): *["']?sketch["']?""")


def example_book(root: Path, env: Mapping[str, str] | None = None) -> Project:
    """Copy what is committed of the book, with its own settings."""
    book = Project(root, env=env)
    (root / "imagery").rmdir()
    shutil.copytree(pristine() / "imagery", root / "imagery")
    for name in ("pyproject.toml", "dodo.py"):
        shutil.copy(REPOSITORY / name, root / name)
    return book


@cache
def pristine() -> Path:
    """A folder with `imagery/` as git has it, since slots that a build filled are not committed.

    Where this is no checkout, the repository itself.
    """
    if not (REPOSITORY / ".git").exists():
        return REPOSITORY
    archive = subprocess.run(
        ["git", "-C", REPOSITORY, "archive", "HEAD", "imagery"], check=True, capture_output=True
    ).stdout
    folder = Path(mkdtemp(prefix="book-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def declare(book: Project, part: str, route: str) -> None:
    """Let every file of `chapters`, `locations` or `characters` ask for another provider and model."""
    values = dict(zip(("provider", "model"), route.split("/", 1), strict=True))
    for path in sorted((book.root / "imagery" / part).rglob("*.yaml")):
        text = path.read_bytes().decode()
        path.write_bytes(_ROUTE.sub(lambda found: f"{found['key']}: {values[found['key']]}", text).encode())
