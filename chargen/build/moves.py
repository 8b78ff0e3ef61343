"""Letting pictures follow their entries: the moves that touch each other's places, done together or not at all.

Laws: every picture of a group is in the history before any of them is replaced, and the moves are on record; a place is
left only once its picture has arrived elsewhere; a run that dies in between loses nothing and is finished by the next,
which finds by the records what is whose. Where one picture can't move, its whole group stays.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from chargen.build.write_back import Edit, WriteBack
from chargen.errors import ChargenError, InputError, error
from chargen.kinds.record_edits import moved_edit, record_edit
from chargen.model.entries import Entry
from chargen.model.record import PublishedFile
from chargen.model.record_line import made_as, with_name
from chargen.model.slots import SlotEdit
from chargen.model.values import EntryId
from chargen.plain_file import PICTURE_BYTES, read_plain
from chargen.plan.claims import last_original, named_picture
from chargen.plan.evidence import Evidence
from chargen.plan.owned import Group, Move
from chargen.plan.session import Session
from chargen.store.files import FileKind, as_input_error, kind_of, sync_folder, write_durably, write_whole
from chargen.store.history import KeptVersion
from chargen.store.locks import target_lock
from chargen.store.moves import BegunMove
from chargen.store.places import contained
from chargen.store.spelling import folding, is_spelled, spell


class Mover(Struct):
    """Carries out the moves of one plan; safe to use from threads.

    `moved` are the entries whose pictures came along, and what they were called.
    """

    session: Session
    evidence: Evidence
    write_backs: WriteBack
    entry: Callable[[EntryId], Entry]
    moved: dict[EntryId, str] = field(default_factory=dict)
    _failed: dict[EntryId, InputError] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, group: Group, entry_id: EntryId) -> None:
        """Carry out the moves that touch an entry's place. Raises InputError: all of them stay."""
        with self._lock:  # one group at a time: nothing is waited for but the disk
            if entry_id in self._failed:
                raise self._failed[entry_id]
            if entry_id in self.evidence.arrived:
                return
            try:
                self._carry_out(group)
            except ChargenError as failure:
                refused = self._refusal(group, failure)
                self._failed.update(dict.fromkeys(group.entries, refused))
                raise refused from failure
            for move in group.moves:
                self.moved[move.id] = self.evidence.name_of(move.source, self.entry(move.id))
            self.evidence.arrived.update(group.entries)

    def _refusal(self, group: Group, failure: ChargenError) -> InputError:
        names = ", ".join(f"`{move.id}`" for move in group.moves)
        message = f"{names} can't move, so all of them stay as they are: {failure}"
        if len(group.moves) == 1:
            message = f"the picture of {names} can't move: {failure}"
        return InputError(error(message, self.entry(group.moves[0].id).position))

    def _carry_out(self, group: Group) -> None:
        root = self.session.project.root
        with ExitStack() as stack:
            for name in sorted(group.entries):
                stack.enter_context(target_lock(root, name))
            for move in group.moves:
                self._check(move, group)
            kept = {move.id: self._keep(move) for move in group.moves if move.source != move.target}
            begun = [found for move in group.moves if (found := self._begun(move)) is not None]
            self.session.moves.begin(begun)
            for move in group.moves:
                if move.source != move.target:
                    self._put(move, kept[move.id], group)
            self._leave(group)
            self._take_prompts_along(group)
            for move in group.moves:
                spell(root, move.target)
            for move in group.moves:
                self._note_place(move)
            self._report(group)
            self.session.moves.finish(begun)

    # steps

    def _check(self, move: Move, group: Group) -> None:
        """See that a picture is still the one to be moved, and that its target can be taken. Raises InputError."""
        project = self.session.project
        source, target = project.path(move.source), project.path(move.target)
        position = self.entry(move.id).position
        state = kind_of(source)
        file = state.oid or (self.session.hashes.hash_of(source) if state.kind is FileKind.FILE else None)
        if file != move.file:
            message = f"`{move.source}` was changed meanwhile" if file else f"`{move.source}` is gone"
            raise InputError(error(message, position, "run again"))
        contained(project.root, move.target)
        stands = kind_of(target)
        if stands.kind in (FileKind.DIRECTORY, FileKind.OTHER):
            raise InputError(error(f"{stands.kind.told} stands at `{move.target}`", position, "move it away"))
        leaving = {item.leaves for item in group.moves} | {item.source for item in group.moves}
        if stands.kind is FileKind.LFS_POINTER and move.target not in leaving:
            message = f"a Git LFS pointer to another picture stands at `{move.target}`"
            raise InputError(error(message, position, "run `git lfs pull`, or move it away"))

    def _keep(self, move: Move) -> KeptVersion:
        """Keep a picture as a version of the entry it belongs to, whatever its place is called."""
        source = self.session.project.path(move.source)
        kept = self.session.history.keep(move.id, source)
        if kept is None:
            raise InputError(error(f"`{move.source}` is gone", self.entry(move.id).position, "run again"))
        if not move.leaves and kept.path != source:
            self.session.history.part(kept.path, source)
        return kept

    def _begun(self, move: Move) -> BegunMove | None:
        entry = self.entry(move.id)
        line = entry.record_line
        return None if line is None else BegunMove(named_picture(entry), line.file, move.file)

    def _put(self, move: Move, kept: KeptVersion, group: Group) -> None:
        project = self.session.project
        target = project.path(move.target)
        if move.target not in {item.source for item in group.moves}:
            self.session.history.keep(move.id, target)  # nobody's file, or one left by a move that died
        write_durably(target, read_plain(kept.path, PICTURE_BYTES), root=project.root)

    def _leave(self, group: Group) -> None:
        """Empty the places that pictures have left and no other has come to; all of them are kept."""
        project = self.session.project
        fold = folding(project.root)
        arrived = {fold(move.target): move.target for move in group.moves}
        for place in sorted({move.leaves for move in group.moves if move.leaves} - set(arrived.values())):
            path = project.path(place)
            other = arrived.get(fold(place))
            if other is not None and not (is_spelled(project.root, place) and is_spelled(project.root, other)):
                continue  # another spelling of the same name
            with as_input_error(path, project.root, doing="move"):
                path.unlink(missing_ok=True)
                if path.parent.is_dir():
                    sync_folder(path.parent)
            _remove_empty(path.parent, project.path(project.settings.generated))

    def _take_prompts_along(self, group: Group) -> None:
        """Let the prompts that pictures were built with be found under their names of now, for reading."""
        project = self.session.project
        top, fold = f"{project.settings.generated}/", folding(project.root)
        texts: dict[str, bytes] = {}
        left: set[str] = set()
        for move in group.moves:
            if not move.leaves.startswith(top):
                continue
            old = project.prompt_file(EntryId(move.leaves.removeprefix(top).removesuffix(".png")))
            if kind_of(project.path(old)).kind is FileKind.FILE:
                texts[project.prompt_file(move.id)] = read_plain(project.path(old))
                left.add(old)
        with as_input_error(project.path(top), project.root, doing="move"):
            for name, text in texts.items():
                write_whole(project.path(name), text, root=project.root)
            arrived = set(map(fold, texts))
            for path in (project.path(name) for name in sorted(left) if fold(name) not in arrived):
                path.unlink(missing_ok=True)
                _remove_empty(path.parent, project.path(top))

    def _note_place(self, move: Move) -> None:
        """Let the original tell where its picture is now: an editor may change what the entry says of it."""
        line = self.entry(move.id).record_line
        stored = None if line is None else last_original(self.session.originals, self.session.journal, line)
        if stored is None or line is None:
            return
        last = stored.published[-1] if stored.published else PublishedFile(line.file, line.size, line.at or "", "")
        if last.file_path != move.target:
            self.session.originals.note_published(stored, replace(last, file_path=move.target))

    def _report(self, group: Group) -> None:
        """Write into the entries where their pictures stand now. Raises InputError; the moves then stay on record."""
        by_file: dict[str, list[tuple[EntryId, Edit]]] = defaultdict(list)
        for move in group.moves:
            edits = by_file[self.entry(move.id).file]
            edits += [(move.id, _remember_name), (move.id, _edit(move))]
        failures: dict[EntryId, ChargenError] = {}
        for file, edits in by_file.items():
            failures.update(self.write_backs.write_all(file, edits))
        if failures:
            raise InputError([problem for failure in failures.values() for problem in failure.problems])


def _remember_name(entry: Entry) -> SlotEdit | None:
    """Let the record tell the name that counted among its inputs: what `file_path` tells now is about to change."""
    line, former = entry.record_line, entry.former_words
    if line is None or former is None or made_as(line):
        return None
    return record_edit(entry, with_name(line, former.name).format(), entry.outputs.file_path or "")


def _edit(move: Move) -> Edit:
    def edit(entry: Entry) -> SlotEdit | None:
        return None if entry.outputs.file_path == move.target else moved_edit(entry, move.target)

    return edit


def _remove_empty(folder: Path, top: Path) -> None:
    while folder != top and folder.is_relative_to(top):
        with suppress(OSError):
            folder.rmdir()
        if folder.exists():
            return
        folder = folder.parent
