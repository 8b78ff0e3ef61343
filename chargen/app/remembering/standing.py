"""Whether nothing at all has to be done, told from the index alone: what an up-to-date run needs, and no more.

Says so only where nothing changed since the plan that is remembered, all of it needs nothing, and no run is under way
or broke off; in any other case it says nothing, and the project is planned. Light to import.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chargen.app.remembering import world
from chargen.app.remembering.index import BUSY, Index, Remembered, Told, digest, files_below, read_index
from chargen.edge.signatures import Signatures


@dataclass(frozen=True, slots=True)
class Standing:
    """How the images stand that were asked for: so many fresh, and the others in build order."""

    fresh: int
    others: tuple[Told, ...]


def standing(root: Path, environ: Mapping[str, str], names: Sequence[str] = ()) -> Standing | None:
    """Say how images stand if none needs anything; `names` are targets or ids, all images are meant without any."""
    index = read_index(root)
    if index is None or (root / BUSY).exists() or (root / ".chargen/ignored.json").exists():
        return None
    targets = [target for known in index.files.values() for target in known.targets]
    start, end = len(index.generated) + 1, -len(".png")
    ids = {target[start:end]: None for target in targets}
    wanted = ids
    if names:
        by_target = dict(zip(targets, ids, strict=True))
        found = [by_target.get(name, name) for name in names]
        if not ids.keys() >= set(found):
            return None
        wanted = dict.fromkeys(found)
    if not _is_unchanged(root, environ, index):
        return None
    others = tuple(item for item in index.told if item[0] in wanted)
    return Standing(len(wanted) - len(others), others)


def planned_targets(root: Path, environ: Mapping[str, str]) -> dict[str, tuple[str, ...] | None] | None:
    """Return the targets each imagery file plans, in path order; None for a file that changed.

    None altogether where nothing is remembered of the program and settings as they are.
    """
    index = read_index(root)
    if index is None or _world(root, environ, index) != index.world:
        return None
    found: dict[str, tuple[str, ...] | None] = {}
    for file in files_below(root, index.roots):
        known = index.files.get(file)
        found[file] = known.targets if known is not None and _digest(root, file) == known.digest else None
    return found


def _is_unchanged(root: Path, environ: Mapping[str, str], index: Index) -> bool:
    files = list(files_below(root, index.roots))
    if len(files) != len(index.files) or not all(file in index.files and index.files[file].quiet for file in files):
        return False
    if _world(root, environ, index) != index.world:
        return False
    looked = Signatures(os.fspath(root))
    return all(_is_same(root, file, index.files[file], looked) for file in files) and _attempts_are_same(
        root, [known for known in index.files.values() if known.deep]
    )


def _is_same(root: Path, file: str, known: Remembered, looked: Signatures) -> bool:
    return _digest(root, file) == known.digest and looked.together((*known.targets, *known.others)) == known.seen


def _digest(root: Path, file: str) -> str:
    try:
        return digest((root / file).read_bytes())
    except OSError:
        return ""


def _world(root: Path, environ: Mapping[str, str], index: Index) -> str:
    return world.digest_of(root, index.prompts, environ, datetime.now(UTC).date().isoformat())


def _attempts_are_same(root: Path, deep: Sequence[Remembered]) -> bool:
    """Ask the journal, where a verdict hangs on it."""
    if not deep:
        return True
    from chargen.app.remembering.memory import attempts_of  # noqa: PLC0415 - most projects don't need the journal here
    from chargen.edge.journal import Journal  # noqa: PLC0415 - as above
    from chargen.edge.originals import Originals  # noqa: PLC0415 - as above

    journal = Journal(root, Originals(root / ".chargen" / "originals"), read_only=True)
    try:
        return all(attempts_of(journal, known.deep) == known.attempts for known in deep)
    finally:
        journal.close()
