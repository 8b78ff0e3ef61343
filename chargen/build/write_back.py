"""Writing slots into the author's YAML: one writer a file, many edits in one replacement, durable on return.

Laws: an edit is made against the file as it is now, not as it was scanned; it is spliced and verified before the file
is replaced; one refused edit refuses no other; whoever asked returns only when its slots are on the disk. Edits that
wait for the same file share one replacement, and wait a moment for those that are about to come.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from chargen.errors import ChargenError, InputError, Position, error
from chargen.model.entries import Entry
from chargen.model.slots import SlotEdit
from chargen.model.values import EntryId, Route
from chargen.plan.dry_run import made_up_edit, unwritable
from chargen.plan.project import Project
from chargen.plan.scan import scan_document
from chargen.store.attributes import lost_on_replacement
from chargen.store.exchange import is_being_written, replace_unchanged
from chargen.store.inside import read_inside
from chargen.store.locks import file_lock
from chargen.yaml.document import Document, parse
from chargen.yaml.splice import EditableText, SpliceError

Edit = Callable[[Entry], SlotEdit | None]
"""From the entry as it stands in the file now to what is to change; None where nothing has to."""

_ROUNDS = 20
"""Times a replacement is tried because the author is saving the file, before this run gives up: in all 3.8 seconds."""
_PAUSE = 0.02
"""Seconds by which the wait before each round is longer than the one before."""

_GATHER = 0.1
"""Seconds for which a finished image waits, at most, for others of its file that are about to be finished."""

_HELD = 16
"""Files whose contents are kept between two edits; a book has hundreds, and a run goes through them file by file."""


@dataclass(slots=True)
class _Wish:
    """One edit that waits for its file to be written."""

    entry_id: EntryId
    edit: Edit
    done: threading.Event = field(default_factory=threading.Event)
    failure: BaseException | None = None


@dataclass(slots=True)
class _OpenFile:
    """A file as this process last read or wrote it."""

    file: str
    changed: threading.Condition = field(default_factory=threading.Condition)
    """Held while `wishes` and `coming` change."""
    writing: threading.Lock = field(default_factory=threading.Lock)
    wishes: list[_Wish] = field(default_factory=list)
    coming: set[EntryId] = field(default_factory=set)
    """Entries that are being made; a wish waits for them a moment, however long their replies take."""
    data: bytes | None = None
    text: EditableText | None = None
    entries: dict[EntryId, Entry] = field(default_factory=dict)
    stale: set[EntryId] = field(default_factory=set)
    """Entries written since `entries` was read: their slots there are out of date."""


class WriteBack:
    """All imagery files of a project that are written in this run; safe to use from threads."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._files: dict[str, _OpenFile] = {}
        self._recent: dict[str, None] = {}
        """Names of files whose contents are held, the one used last at the end."""
        self._lock = threading.Lock()

    def write(self, file: str, entry_id: EntryId, edit: Edit) -> None:
        """Carry out an edit of one entry, and return when it is on the disk.

        Raises InputError: the file can't be read or written, the entry is gone, or the edit is refused.
        """
        opened = self._opened(file)
        wish = _Wish(entry_id, edit)
        with opened.changed:
            opened.wishes.append(wish)
            opened.coming.discard(entry_id)
            opened.changed.notify_all()
            opened.changed.wait_for(lambda: wish.done.is_set() or not opened.coming, _GATHER)
        while not wish.done.is_set():
            # Whoever gets the file writes for everybody who waits by then; the others find their wish done.
            with opened.writing:
                if wish.done.is_set():
                    break
                with opened.changed:
                    wishes, opened.wishes = opened.wishes, []
                self._carry_out(opened, wishes)
        if wish.failure is not None:
            raise wish.failure

    @contextmanager
    def coming(self, file: str, entry_id: EntryId) -> Iterator[None]:
        """Say that an edit will be asked for once the block is through: those asked for before may wait for it."""
        opened = self._opened(file)
        with opened.changed:
            opened.coming.add(entry_id)
        try:
            yield
        except BaseException:
            with opened.changed:
                opened.coming.discard(entry_id)
                opened.changed.notify_all()
            raise

    def write_all(self, file: str, edits: Sequence[tuple[EntryId, Edit]]) -> dict[EntryId, ChargenError]:
        """Carry out edits of one file in one replacement; return what was refused. Those of one entry go in order."""
        opened = self._opened(file)
        wishes = [_Wish(entry_id, edit) for entry_id, edit in edits]
        with opened.writing:
            self._carry_out(opened, wishes)
        for wish in wishes:
            if wish.failure is not None and not isinstance(wish.failure, ChargenError):
                raise wish.failure
        return {wish.entry_id: wish.failure for wish in wishes if isinstance(wish.failure, ChargenError)}

    def rehearse(self, entry: Entry, target: str, route: Route) -> None:
        """Raise InputError where the slots of a picture could not be written into the file as it is now.

        A file that can't be read at this moment, and an entry that is gone, are left to the write-back.
        """
        if lost := lost_on_replacement(self._project.path(entry.file), entry.file):
            raise InputError(lost)
        opened = self._opened(entry.file)
        with opened.writing:
            try:
                self._read(opened)
                now = self._entry(opened, entry.id)
                assert opened.text is not None
                opened.text.apply((made_up_edit(now, target, route),))
            except SpliceError as refused:
                raise InputError([unwritable(problem) for problem in refused.problems]) from None
            except InputError:
                return

    def entry_now(self, entry: Entry) -> Entry:
        """Return an entry with the slots and the status its file has at this moment, all else as it was scanned.

        Where the file can't be read now, or the entry is not in it any more, the entry as it was scanned.
        """
        opened = self._opened(entry.file)
        with opened.writing:
            try:
                self._read(opened)
                now = self._entry(opened, entry.id)
            except InputError:
                return entry
        return replace(entry, outputs=now.outputs, status=now.status)

    def _opened(self, file: str) -> _OpenFile:
        """Return a file, and let go of the contents of files that were not used for long."""
        with self._lock:
            self._recent.pop(file, None)
            self._recent[file] = None
            for name in tuple(self._recent)[:-_HELD]:
                other = self._files[name]
                if other.writing.acquire(blocking=False):
                    other.data, other.text, other.entries = None, None, {}
                    other.writing.release()
                    del self._recent[name]
            return self._files.setdefault(file, _OpenFile(file))

    def _carry_out(self, opened: _OpenFile, wishes: list[_Wish]) -> None:
        try:
            with file_lock(self._project.root, opened.file):
                self._replace(opened, wishes)
        except ChargenError as failure:
            opened.data = None
            for wish in wishes:
                wish.failure = wish.failure or failure
        except BaseException as failure:
            opened.data = None
            for wish in wishes:
                wish.failure = wish.failure or failure
            raise
        finally:
            with opened.changed:
                for wish in wishes:
                    wish.done.set()
                opened.changed.notify_all()

    def _replace(self, opened: _OpenFile, wishes: list[_Wish]) -> None:
        path = self._project.path(opened.file)
        for number in range(_ROUNDS):
            time.sleep(number * _PAUSE)
            if path.is_file() and is_being_written(path):
                continue
            before = self._read(opened)
            after = self._edited(opened, wishes)
            if after.data == before:
                return
            if replace_unchanged(path, before, after.data, root=self._project.root):
                opened.data, opened.text = after.data, after
                opened.stale.update(wish.entry_id for wish in wishes)
                return
            opened.data = None
        message = "the file is being saved all the time, so its slots can't be written"
        raise InputError(error(message, Position(opened.file), "the picture is safe; the next run writes its slots"))

    def _read(self, opened: _OpenFile) -> bytes:
        data = read_inside(self._project.root, opened.file)
        if data != opened.data:
            document = parse(data, opened.file)
            opened.text = EditableText.of(document)
            self._scanned(opened, document)
            opened.data = data
        return data

    def _scanned(self, opened: _OpenFile, document: Document) -> None:
        imagery = scan_document(self._project, document)
        opened.entries = {entry.id: entry for entry in imagery.entries} if imagery else {}
        opened.stale.clear()

    def _edited(self, opened: _OpenFile, wishes: list[_Wish]) -> EditableText:
        text = opened.text
        assert text is not None
        for wish in wishes:
            wish.failure = None
            try:
                entry = self._entry(opened, wish.entry_id)
                edit = wish.edit(entry)
                text = text if edit is None else text.apply((edit,))
            except Exception as failure:  # noqa: BLE001 (a fault of the program with one entry is raised for that one alone)
                wish.failure = failure
        return text

    def _entry(self, opened: _OpenFile, entry_id: EntryId) -> Entry:
        if entry_id in opened.stale and opened.data is not None:
            self._scanned(opened, parse(opened.data, opened.file))
        entry = opened.entries.get(entry_id)
        if entry is None:
            message = f"entry `{entry_id}` is no longer in this file"
            raise InputError(error(message, Position(opened.file), "its picture and record are kept"))
        return entry
