"""Writing slots into the author's YAML: one writer a file, many edits in one replacement, durable on return.

Laws: an edit is made against the file as it is now, not as it was scanned; it is spliced and verified before the file
is replaced; one refused edit refuses no other; whoever asked returns only when its slots are on the disk. Edits that
wait for the same file share one replacement, and wait a moment for those that are about to come.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from chargen.config.project import Project
from chargen.errors import ChargenError, InputError, Position, error
from chargen.model.entries import Entry, Imagery
from chargen.model.slots import SlotEdit
from chargen.model.values import EntryId, Route
from chargen.plan.scan import ScannedFile, scan_document
from chargen.plan.write_back_check import made_up_edit, unwritable
from chargen.store.decisions import Decided, Recorder
from chargen.store.exchange import closed_to_replacement, is_being_written, lost_on_replacement, replace_unchanged
from chargen.store.files import hash_bytes
from chargen.store.locks import file_lock
from chargen.store.places import read_inside
from chargen.yaml.difference import Difference
from chargen.yaml.document import parse
from chargen.yaml.splice import EditableText, SpliceError

Edit = Callable[[Entry], SlotEdit | None]
"""From the entry as it stands in the file now to what is to change; None where nothing has to."""

_ROUNDS = 20
"""Times a replacement is tried because the author is saving the file, before this run gives up: in all 3.8 seconds."""
_PAUSE = 0.02
"""Seconds by which the wait before each round is longer than the one before."""

_LOOKS = 8
"""Times a file is looked at before a request leaves that could not be written back: in all 0.6 seconds."""

_GATHER = 0.1
"""Seconds for which a finished image waits, at most, for others of its file that are about to be finished."""

_HELD = 16
"""Files whose contents are kept between two edits; a book has hundreds, and a run goes through them file by file."""


class PendingEdit(Struct):
    """One edit that waits for its file to be written."""

    entry_id: EntryId
    edit: Edit
    done: threading.Event = field(default_factory=threading.Event)
    change: Difference | None = None
    """What it changed in the file's text, where that is asked for."""
    failure: BaseException | None = None


class _OpenFile(Struct):
    """A file as this process last read or wrote it."""

    file: str
    changed: threading.Condition = field(default_factory=threading.Condition)
    """Held while `pending` and `expected` change."""
    writing: threading.Lock = field(default_factory=threading.Lock)
    pending: list[PendingEdit] = field(default_factory=list)
    expected: set[EntryId] = field(default_factory=set)
    """Entries that are being made; an edit waits for them a moment, however long their replies take."""
    data: bytes | None = None
    text: EditableText | None = None
    entries: dict[EntryId, Entry] = field(default_factory=dict)
    stale: set[EntryId] = field(default_factory=set)
    """Entries written since `entries` was read: their slots there are out of date."""


class WriteBack:
    """All imagery files of a project that are written in this run; safe to use from threads.

    `read` are the files as they were read for the plan, so that each is read once. `recorder` is told what is about
    to change in a file, entry by entry, before the file is replaced.
    """

    def __init__(
        self,
        project: Project,
        read: Mapping[str, ScannedFile] | None = None,
        recorder: Callable[[str, Sequence[tuple[EntryId, Difference]]], None] | None = None,
    ) -> None:
        self._project = project
        self._read_for_plan = {} if read is None else read
        self._recorder = recorder
        self._files: dict[str, _OpenFile] = {}
        self._recent: dict[str, None] = {}
        """Names of files whose contents are held, the one used last at the end."""
        self._saved: dict[str, str] = {}
        """For the digest of all that was written back that of the author's own save that it was spliced into."""
        self._lock = threading.Lock()

    def write(self, file: str, entry_id: EntryId, edit: Edit) -> None:
        """Carry out an edit of one entry, and return when it is on the disk.

        Raises InputError: the file can't be read or written, the entry is gone, or the edit is refused.
        """
        opened = self._opened(file)
        own = PendingEdit(entry_id, edit)
        with opened.changed:
            opened.pending.append(own)
            opened.expected.discard(entry_id)
            opened.changed.notify_all()
            opened.changed.wait_for(lambda: own.done.is_set() or not opened.expected, _GATHER)
        while not own.done.is_set():
            # Whoever gets the file writes for everybody who waits by then; the others find their edit done.
            with opened.writing:
                if own.done.is_set():
                    break
                with opened.changed:
                    pending, opened.pending = opened.pending, []
                self._carry_out(opened, pending)
        if own.failure is not None:
            raise own.failure

    @contextmanager
    def expected(self, file: str, entry_id: EntryId) -> Iterator[None]:
        """Say that an edit of an entry may be asked for in the block: those asked for before may wait for it."""
        opened = self._opened(file)
        with opened.changed:
            opened.expected.add(entry_id)
        try:
            yield
        finally:
            with opened.changed:
                opened.expected.discard(entry_id)
                opened.changed.notify_all()

    def write_all(self, file: str, edits: Sequence[tuple[EntryId, Edit]]) -> dict[EntryId, ChargenError]:
        """Carry out edits of one file in one replacement; return what was refused. Those of one entry go in order."""
        opened = self._opened(file)
        pending = [PendingEdit(entry_id, edit) for entry_id, edit in edits]
        with opened.writing:
            self._carry_out(opened, pending)
        for item in pending:
            if item.failure is not None and not isinstance(item.failure, ChargenError):
                raise item.failure
        return {item.entry_id: item.failure for item in pending if isinstance(item.failure, ChargenError)}

    def check_edit(self, entry: Entry, target: str, route: Route, *, told: str = "not sent") -> None:
        """Raise InputError where the slots of a picture could not be written into the file as it is now.

        A file that can't be read, or lacks the entry, may be one that is being saved: it is looked at for a moment, and
        then `told` says what came of it.
        """
        path = self._project.path(entry.file)
        if lost := lost_on_replacement(path, entry.file) or closed_to_replacement(path, entry.file):
            raise InputError(lost)
        opened = self._opened(entry.file)
        trouble: InputError | None = None
        for number in range(_LOOKS):
            time.sleep(number * _PAUSE)
            with opened.writing:
                try:
                    self._read(opened)
                    now = self._entry(opened, entry.id)
                    self._text(opened).apply((made_up_edit(now, target, route),))
                except SpliceError as refused:
                    raise InputError([unwritable(problem) for problem in refused.problems]) from None
                except InputError as failure:
                    opened.data = None
                    trouble = failure
                else:
                    return
        assert trouble is not None
        raise InputError([item.told(f"{told}: {item.message}") for item in trouble.problems])

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

    def is_as_read(self, file: str, digest: str) -> bool:
        """Say whether a file holds the bytes of this digest, but for what was written back since."""
        try:
            now = hash_bytes(read_inside(self._project.root, file))
        except InputError:
            return False
        return self._saved.get(now, now) == self._saved.get(digest, digest)

    def renamed_since(self, entry: Entry) -> Entry | None:
        """Return the entry that `entry` is now where its id was changed since it was scanned; None where it has it.

        It is known by the attempt its record tells of; without a record, by what it asks for.
        """
        opened = self._opened(entry.file)
        with opened.writing:
            try:
                self._read(opened)
                now = [self._entry(opened, name) for name in tuple(opened.entries)]
            except InputError:
                return None
        same = [other for other in now if _is_same(entry, other)]
        if any(other.id == entry.id for other in same):
            return None
        return next(iter(same), None)

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

    def _carry_out(self, opened: _OpenFile, pending: list[PendingEdit]) -> None:
        try:
            with file_lock(self._project.root, opened.file):
                self._replace(opened, pending)
        except ChargenError as failure:
            opened.data = None
            for item in pending:
                item.failure = item.failure or failure
        except BaseException as failure:
            opened.data = None
            for item in pending:
                item.failure = item.failure or failure
            raise
        finally:
            with opened.changed:
                for item in pending:
                    item.done.set()
                opened.changed.notify_all()

    def _replace(self, opened: _OpenFile, pending: list[PendingEdit]) -> None:
        path = self._project.path(opened.file)
        for _ in replacement_rounds(path, opened.file):
            before = self._read(opened)
            after = self._edited(opened, pending)
            if after.data == before:
                return
            if self._recorder is not None:
                self._recorder(opened.file, [(item.entry_id, item.change) for item in pending if item.change])
            saved = hash_bytes(before)
            self._saved[hash_bytes(after.data)] = self._saved.get(saved, saved)
            if replace_unchanged(path, before, after.data, root=self._project.root):
                opened.data, opened.text = after.data, after
                opened.stale.update(item.entry_id for item in pending)
                return
            opened.data = None

    def _read(self, opened: _OpenFile) -> bytes:
        data = read_inside(self._project.root, opened.file)
        if data != opened.data:
            known = self._read_for_plan.get(opened.file)
            if known is not None and known.imagery is not None and known.digest == hash_bytes(data):
                opened.text = None
                self._take(opened, known.imagery)
            else:
                document = parse(data, opened.file)
                opened.text = EditableText.of(document)
                self._take(opened, scan_document(self._project, document))
            opened.data = data
        return data

    def _text(self, opened: _OpenFile) -> EditableText:
        """Hold a file that was read open for edits."""
        if opened.text is None:
            assert opened.data is not None
            opened.text = EditableText.parse(opened.data, opened.file)
        return opened.text

    def _take(self, opened: _OpenFile, imagery: Imagery | None) -> None:
        opened.entries = {entry.id: entry for entry in imagery.entries} if imagery else {}
        opened.stale.clear()

    def _edited(self, opened: _OpenFile, pending: list[PendingEdit]) -> EditableText:
        text = self._text(opened)
        for item in pending:
            item.failure, item.change = None, None
            try:
                entry = self._entry(opened, item.entry_id)
                edit = item.edit(entry)
                before, text = text, text if edit is None else text.apply((edit,))
                if self._recorder is not None and text is not before:
                    item.change = Difference.of(before.data.decode(), text.data.decode())
            except Exception as failure:  # noqa: BLE001 (a fault of the program with one entry is raised for that one alone)
                item.failure = failure
        return text

    def _entry(self, opened: _OpenFile, entry_id: EntryId) -> Entry:
        if entry_id in opened.stale and opened.data is not None:
            self._take(opened, scan_document(self._project, parse(opened.data, opened.file)))
        entry = opened.entries.get(entry_id)
        if entry is None:
            message = f"entry `{entry_id}` is no longer in this file"
            raise InputError(error(message, Position(opened.file), "its picture and record are kept"))
        return entry


def recorded(project: Project, recorder: Recorder, words: Mapping[EntryId, Decided]) -> WriteBack:
    """Return what puts the lines of a decision on record and writes them; `words`, as they are then, say what it is."""
    return WriteBack(project, recorder=lambda file, changes: recorder.lines(file, changes, words))


def replacement_rounds(path: Path, file: str) -> Iterator[int]:
    """Yield, for as often as a replacement is tried, while nobody is writing the file. Raises InputError at the end."""
    for number in range(_ROUNDS):
        time.sleep(number * _PAUSE)
        if not (path.is_file() and is_being_written(path)):
            yield number
    message = "the file is being saved all the time, so its slots can't be written"
    raise InputError(error(message, Position(file), "the picture is safe; the next run writes its slots"))


def _is_same(entry: Entry, other: Entry) -> bool:
    line, now = entry.record_line, other.record_line
    if line is not None and line.attempt is not None:
        return now is not None and now.attempt == line.attempt
    return line == now and _asked_for(entry) == _asked_for(other)


def _asked_for(entry: Entry) -> tuple[object, ...]:
    shown = tuple(depicted.slug for depicted in entry.depicts)
    return entry.prompt, entry.negative_prompt, entry.size, entry.parts, shown
