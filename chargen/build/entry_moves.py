"""An entry under another name or in another file: the author's lines, byte for byte.

Laws: each file is replaced at once, the new one first and the old one last, so that an entry stands twice rather than
nowhere if this process dies; the move is on record by then, a plan counts the entry at its new place only, and the
next run takes it out at the old one. What was read is what is replaced: a save of the author's in between holds.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from chargen import kinds
from chargen.config.project import Project
from chargen.errors import InputError, Position, StartError, error
from chargen.kinds.record_edits import renamed_edit
from chargen.model.entries import Entry
from chargen.model.slots import SetSlots
from chargen.model.values import EntryId
from chargen.plan.scan import scan_document
from chargen.plan.session import Session
from chargen.store.exchange import replace_unchanged
from chargen.store.files import hash_bytes
from chargen.store.locks import file_lock
from chargen.store.moves import BegunEntryMove
from chargen.store.places import read_inside
from chargen.yaml.document import Document, parse
from chargen.yaml.splice import EditableText
from chargen.yaml.transplant import cut, paste

_AGAIN = "it was saved this instant: run the same command again"


def rename(project: Project, entry: Entry, after: EntryId) -> None:
    """Give an entry another name, in its file. Raises InputError; then nothing has changed."""
    with file_lock(project.root, entry.file):
        document = parsed(project, entry.file)
        now = _same_entry(project, document, entry)
        text = EditableText.of(document)
        data = text.apply((renamed_edit(now, after.rpartition("/")[2]),)).data
        _see(project, entry, document, data, gone=entry.id, come=after)
        _replace(project, entry.file, text.data, data)


def carry(session: Session, entry: Entry, file: str, after: EntryId) -> None:
    """Move an entry to another file. Raises InputError: nothing has changed, or `finish` goes on with it."""
    project = session.project
    with file_lock(project.root, entry.file):
        document = parsed(project, entry.file)
        entry = _same_entry(project, document, entry)
        taken = cut(document, entry.path)
        _see(project, entry, document, taken.rest, gone=entry.id)
    begun = BegunEntryMove(entry.id, entry.file, after, file, _digest(taken.lines))
    with file_lock(project.root, file):
        new = parsed(project, file)
        pasted = paste(new, taken, str(entry.path[0]))
        data = _adapted(entry, pasted.data, (file, pasted.path), after)
        _see(project, entry, new, data, come=after)
        session.moves.begin_entry(begun)
        try:
            _replace(project, file, EditableText.of(new).data, data)
        except InputError:
            session.moves.finish_entry()
            raise
    _take_out(project, entry)
    session.moves.finish_entry()


def finish(session: Session) -> bool:
    """Take an entry out of its old file where a move was cut short before that; say whether there was one.

    Raises InputError, and StartError where the entry was edited there meanwhile.
    """
    begun = session.moves.entry()
    if begun is None:
        return False
    project = session.project
    new, old = _entry_in(project, begun.new_file, begun.after), _entry_in(project, begun.old_file, begun.before)
    if new is not None and old is not None:
        if _digest(cut(parsed(project, begun.old_file), old.path).lines) != begun.lines:
            message = f"`{begun.before}` was on its way to `{begun.after}` at {new.position}, and was edited since"
            raise StartError(error(message, old.position, "take out the one of the two that is not meant"))
        _take_out(project, old)
    session.moves.finish_entry()
    return True


def _adapted(entry: Entry, data: bytes, place: tuple[str, Any], after: EntryId) -> bytes:
    """Give the entry its new name, and what else of it depends on the folder its file is in."""
    file, path = place
    name = after.rpartition("/")[2]
    values = dict(kinds.named(entry.kind).place(replace(entry, file=file), str(entry.outputs.file_path or "")))
    edits: list[Any] = []
    if entry.record_line is not None and entry.outputs.file_path and values:
        edits.append(SetSlots(path, values))
    if name != entry.id.rpartition("/")[2]:
        edits.append(renamed_edit(replace(entry, path=path), name))
    return EditableText.parse(data, file).apply(edits).data if edits else data


def _take_out(project: Project, entry: Entry) -> None:
    with file_lock(project.root, entry.file):
        document = parsed(project, entry.file)
        now = _same_entry(project, document, entry)
        taken = cut(document, now.path)
        _replace(project, entry.file, EditableText.of(document).data, taken.rest)


def _same_entry(project: Project, document: Document, entry: Entry) -> Entry:
    imagery = scan_document(project, document)
    found = None if imagery is None else imagery.entry(entry.id)
    if found is None:
        raise InputError(error(f"`{entry.id}` is no longer in this file", Position(entry.file), "run again"))
    return found


def _see(project: Project, entry: Entry, document: Document, data: bytes, *, gone: str = "", come: str = "") -> None:
    """See that of the entries of a file one goes and one comes, and all others stay. Raises InputError."""
    before, after = (scan_document(project, each) for each in (document, parse(data, document.file)))
    ids = [] if before is None else [name.id for name in before.entries if name.id != gone]
    found = [] if after is None else [name.id for name in after.entries]
    if sorted(found) != sorted([*ids, *([come] if come else [])]):
        message = f"`{entry.id}` would not be planned as `{come}` in `{document.file}`" if come else "others would go"
        raise InputError(error(message, entry.position, "change its name by hand: its picture follows it all the same"))


def parsed(project: Project, file: str) -> Document:
    """Read an author's file. Raises InputError."""
    return parse(read_inside(project.root, file), file)


def _entry_in(project: Project, file: str, name: EntryId) -> Entry | None:
    try:
        imagery = scan_document(project, parsed(project, file))
    except InputError:
        return None
    return None if imagery is None else imagery.entry(name)


def _replace(project: Project, file: str, before: bytes, after: bytes) -> None:
    if not replace_unchanged(project.path(file), before, after, root=project.root):
        raise InputError(error("this file can't be changed now", Position(file), _AGAIN))


def _digest(lines: tuple[str, ...]) -> str:
    return hash_bytes("\n".join(lines).encode())
