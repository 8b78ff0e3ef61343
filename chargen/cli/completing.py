"""What the tab key offers: ids of planned images and paths of their pictures, as the last build knew them.

Light to import, and light to ask: the index of what is remembered is read and nothing is planned. Only where files are
new to it they are all scanned.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click


def images(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Return the ids and project-relative targets that begin as what was typed; ids only before anything was typed."""
    from chargen.store.files import printable  # noqa: PLC0415 - only when the tab key asks

    names = [name for pair in _named() for name in (pair if typed else pair[:1])]
    return sorted(name for name in names if name.startswith(typed) and name == printable(name))


def _named() -> Iterable[tuple[str, str]]:
    """Yield (id, target) of every image that is known."""
    from chargen.config.configuration import project_root  # noqa: PLC0415 - as above
    from chargen.errors import ChargenError  # noqa: PLC0415 - as above
    from chargen.plan.memo.index import files_below, read_index  # noqa: PLC0415 - as above

    try:
        root = project_root(Path.cwd())
        index = read_index(root)
        if index is not None and index.files.keys() >= set(files_below(root, index.roots)):
            return [
                pair for file, known in index.files.items() for pair in zip(index.ids(file), known.targets, strict=True)
            ]
        from chargen.plan.session import open_session  # noqa: PLC0415 - slow to import, and seldom needed here

        with open_session(root, os.environ, read_only=True) as session:
            entries = [entry for imagery in session.scan().imageries for entry in imagery.entries]
            return [(entry.id, session.project.target(entry.id)) for entry in entries]
    except (ChargenError, OSError):
        return []  # the tab key has no place for a message
