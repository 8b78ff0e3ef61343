"""Taking changes of one entry's lines back in the author's file, byte for byte, in one replacement."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chargen.build.write_back import replacement_rounds
from chargen.config.project import Project
from chargen.errors import InputError
from chargen.model.entries import Entry
from chargen.model.values import EntryId
from chargen.plan.scan import scan_document
from chargen.store.exchange import replace_unchanged
from chargen.store.locks import file_lock
from chargen.store.places import read_inside
from chargen.yaml.difference import Difference
from chargen.yaml.document import BOM, parse
from chargen.yaml.splice import EditableText

Recorded = Callable[[Sequence[tuple[EntryId, Difference]]], None]


def revert(project: Project, entry: Entry, changes: Sequence[Difference], recorded: Recorded) -> bool:
    """Take changes back, the first of `changes` first; False, and nothing is written, where one is not as it was left.

    `recorded` is told of them before the file is replaced. Raises InputError where the file can't be read or written.
    """
    path = project.path(entry.file)
    with file_lock(project.root, entry.file):
        for _ in replacement_rounds(path, entry.file):
            before = read_inside(project.root, entry.file)
            after = _reverted(project, before, entry, changes)
            if after is None:
                return False
            recorded([(entry.id, change.taken_back) for change in changes])
            if after == before or replace_unchanged(path, before, after, root=project.root):
                return True
    return False


def _reverted(project: Project, data: bytes, entry: Entry, changes: Sequence[Difference]) -> bytes | None:
    """Return the file with the changes taken back; None where they can't be, or where the file would read otherwise."""
    document = parse(data, entry.file)
    before = scan_document(project, document)
    now = None if before is None else before.entry(entry.id)
    if before is None or now is None:
        return None
    held, text = EditableText.of(document), document.text
    start, end = 0, len(text)
    if (cell := held.cell_of(now.path)) is not None:
        start = held.start_of(cell)
        end = start + len(cell.text)
    for change in changes:
        reverted = change.reverted(text, start, end)
        if reverted is None:
            return None
        end += len(reverted) - len(text)
        text = reverted
    after = ((BOM if document.bom else "") + text).encode()
    try:
        imagery = scan_document(project, parse(after, entry.file))
    except InputError:
        return None
    same = imagery is not None and [each.id for each in imagery.entries] == [each.id for each in before.entries]
    return after if same else None
