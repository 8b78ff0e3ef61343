"""The example book as it is committed, also in a checkout in which it has been built: `example_book(tmp_path)`."""

from __future__ import annotations

import atexit
import io
import shutil
import subprocess
import tarfile
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from support.project import REPOSITORY

PARTS = ("imagery", "prompts", "pyproject.toml", "dodo.py")


def example_book(root: Path) -> Path:
    """Put a copy of the book's files as committed below `root`, and return it."""
    for name in PARTS:
        source = pristine() / name
        if source.is_dir():
            shutil.copytree(source, root / name)
        else:
            shutil.copy2(source, root / name)
    return root


@cache
def pristine() -> Path:
    """A folder with the book's files as git has them; the files as they are where this is no checkout."""
    if not (REPOSITORY / ".git").exists():
        return REPOSITORY
    # Slots that a build filled are not committed; edits to templates and settings under work are meant to be tested.
    archive = subprocess.run(
        ["git", "-C", REPOSITORY, "archive", "HEAD", "imagery"], check=True, capture_output=True
    ).stdout
    folder = Path(mkdtemp(prefix="book-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    for name in PARTS[1:]:
        (folder / name).symlink_to(REPOSITORY / name)
    return folder
