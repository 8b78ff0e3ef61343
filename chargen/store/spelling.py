"""How names are spelled on a project's volume, which may take several spellings for one name.

Law: two spellings of one place are told to be one, and a file is renamed only to be spelled as it was asked. Must not
know what the files mean.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from chargen.store.files import as_input_error, sync_folder
from chargen.text.names import normal


def ignores_case(root: Path) -> bool:
    """Say whether names that differ in case only are one name on the volume of a project."""
    # Not every such volume gives one file one inode number, whatever its name is spelled like.
    name = "PyProject.toml"
    try:
        return (root / name).exists() and name not in os.listdir(root)  # noqa: PTH208 - only names
    except OSError:
        return False


def folding(root: Path) -> Callable[[str], str]:
    """Return what gives two spellings of one place on a project's volume one text: NFC, and no case if none counts."""
    if not ignores_case(root):
        return normal
    return lambda path: normal(path).casefold()


def is_spelled(root: Path, relative: str) -> bool:
    """Say whether every name on the way to a file is there as it is spelled; false for what can't be listed."""
    folder = root
    try:
        for part in relative.split("/"):
            if part not in os.listdir(folder):  # noqa: PTH208 - only names
                return False
            folder = folder / part
    except OSError:
        return False
    return True


def spell(root: Path, relative: str) -> None:
    """Let the names on the way to a file be spelled as in `relative`, where the volume takes another for the same.

    Raises InputError.
    """
    folder, fold = root, folding(root)
    for part in relative.split("/"):
        with as_input_error(folder / part, root, doing="rename"):
            names = os.listdir(folder)  # noqa: PTH208 - only names
            if part not in names and (folder / part).exists():
                other = next((name for name in names if fold(name) == fold(part)), None)
                if other is not None:
                    (folder / other).rename(folder / part)
                    sync_folder(folder)
        folder = folder / part
