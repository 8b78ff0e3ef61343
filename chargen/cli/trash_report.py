"""The trash, for people and as JSON, and which of its files are meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from chargen.cli.reading import size_text
from chargen.cli.tables import columns, dim, plural
from chargen.errors import StartError, error
from chargen.store.files import printable
from chargen.store.trash import Trashed
from chargen.text.nearest import nearest


def lines(found: Sequence[Trashed]) -> Iterator[str]:
    """Yield a line for each file, then how many there are and their size."""
    if not found:
        yield "the trash is empty"
        return
    rows = [(printable(item.was), size_text(item.size), dim(f"thrown away {_when(item)}")) for item in found]
    yield from columns(rows, right=frozenset({1}))
    yield ""
    yield f"{plural(len(found), 'file')}: {size_text(sum(item.size for item in found))}"


def as_object(found: Sequence[Trashed]) -> dict[str, Any]:
    """Return the object of `trash list --json`."""
    files = [{"name": item.was, "bytes": item.size, "moved_at": item.moved_at} for item in found]
    return {"files": files, "bytes": sum(item.size for item in found)}


def named(found: Sequence[Trashed], names: Sequence[str]) -> tuple[Trashed, ...]:
    """Return the files that names mean, of several with one name the newest. Raises StartError for what means none."""
    wanted: dict[str, Trashed] = {}
    problems = []
    for name in names:
        meant = [item for item in found if item.was == name or fnmatchcase(item.was, name)]
        if not meant:
            near = nearest(name, [item.was for item in found])
            hint = f"did you mean `{near[0]}`?" if near else "`chargen trash` lists what is there"
            problems.append(error(f"`{printable(name)}` is not in the trash", hint=hint))
        wanted.update((item.was, item) for item in meant)
    if problems:
        raise StartError(problems)
    return tuple(wanted.values())


def _when(item: Trashed) -> str:
    """Write the stamp of a batch for people: `2026-11-22 14:08 UTC`."""
    at = item.moved_at
    return f"{at[:4]}-{at[4:6]}-{at[6:8]} {at[9:11]}:{at[11:13]} UTC"
