"""A power loss after every operation of a build: what was not brought to the disk by then is dropped or torn.

Three disks: one that keeps no name whose folder was not synced; one that keeps all names and no unsynced byte; one that
keeps names up to a random moment and a random part of the bytes. The journal is as its own syncs left it, or gone.
Judged: author's files and pictures are whole, a reply that was stored is never asked for again, requests without a
reply are named, and the next run completes.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from servers.openai_server import OpenAIServer
from support import tree
from support.project import Project

from proof.books import arrived, asked, copy_of, forty, ids_of, is_settled, now
from proof.tally import Bench, Tally

DISKS = ("strict", "names only", "torn")


@dataclass(eq=False)
class File:
    """A file whatever its names: what was synced of it, and when."""

    synced: list[tuple[int, bytes]] = field(default_factory=list)

    def at(self, moment: int, disk: str, luck: Random) -> bytes:
        """Return its bytes after a power loss."""
        before = [data for when, data in self.synced if when <= moment]
        if before:
            return before[-1]
        later = self.synced[0][1] if self.synced else b""
        return later[: luck.randrange(len(later) + 1)] if disk == "torn" else b""


@dataclass(eq=False)
class Folder:
    """A folder: its names as the program sees them, and as they are on the disk."""

    names: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)
    syncs: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Change:
    """One change of names: what was `taken` from and `put` into folders, at a moment."""

    when: int
    taken: tuple[tuple[Folder, str, Any], ...]
    put: tuple[tuple[Folder, str, Any], ...]

    def is_synced(self, moment: int) -> bool:
        """Say whether one of its folders was synced after it."""
        folders = {id(place): place for place, _, _ in (*self.taken, *self.put)}.values()
        return any(self.when < when <= moment for place in folders for when in place.syncs)


class Disk:
    """A project as a recording tells of it, from which the disk at any moment can be made."""

    def __init__(self, start: Path, record: Path) -> None:
        self.lines = [json.loads(line) for line in (record / "operations").read_text().splitlines()]
        self._record = record
        self.changes: list[Change] = []
        self._folders: list[Folder] = []
        self.root = self._loaded(start)
        for when, line in enumerate(self.lines):
            self._take(when, line)

    def blob(self, name: str) -> bytes:
        """Return recorded bytes."""
        return (self._record / name).read_bytes()

    def _loaded(self, path: Path) -> Folder:
        folder = Folder()
        for entry in path.iterdir():
            folder.names[entry.name] = self._loaded(entry) if entry.is_dir() else File([(-1, entry.read_bytes())])
        folder.start = dict(folder.names)
        self._folders.append(folder)
        return folder

    def _find(self, path: str) -> tuple[Folder, str]:
        *parents, name = path.split("/")
        folder = self.root
        for part in parents:
            folder = folder.names[part]
        return folder, name

    def _take(self, when: int, line: dict[str, Any]) -> None:
        operation = line["op"]
        if operation in ("paid", "sent"):
            return
        place, name = self._find(line["path"]) if line["path"] else (self.root, "")
        if operation == "sync folder":
            (place.names[name] if name else place).syncs.append(when)
        elif operation == "sync file":
            place.names[name].synced.append((when, self.blob(line["blob"])))
        elif operation == "write":
            if name not in place.names:
                self._change(when, (), ((place, name, File()),))
        elif operation == "mkdir":
            self._folders.append(made := Folder())
            self._change(when, (), ((place, name, made),))
        elif operation in ("unlink", "remove", "rmdir"):
            self._change(when, ((place, name, place.names[name]),), ())
        else:
            there, other = self._find(line["other"])
            thing = place.names[name]
            if operation == "exchange":
                self._change(when, (), ((place, name, there.names[other]), (there, other, thing)))
            else:
                taken = ((place, name, thing),) if operation == "rename" else ()
                self._change(when, taken, ((there, other, thing),))

    def _change(self, when: int, taken: Any, put: Any) -> None:
        for place, name, _ in taken:
            del place.names[name]
        for place, name, thing in put:
            place.names[name] = thing
        self.changes.append(Change(when, taken, put))

    def after(self, moment: int, disk: str, luck: Random, root: Path) -> None:
        """Write the disk as a power loss after operation `moment` leaves it."""
        last = moment if disk == "names only" else luck.randrange(moment + 1) if disk == "torn" else -1
        for folder in self._folders:
            folder.kept = dict(folder.start)
        for change in self.changes:
            if change.when <= moment and (change.when <= last or change.is_synced(moment)):
                for place, name, thing in change.taken:
                    if place.kept.get(name) is thing:
                        del place.kept[name]
                for place, name, thing in change.put:
                    place.kept[name] = thing
        self._write(self.root, root, moment, disk, luck)

    def _write(self, folder: Folder, path: Path, moment: int, disk: str, luck: Random) -> None:
        path.mkdir(exist_ok=True)
        for name, thing in folder.kept.items():
            if isinstance(thing, Folder):
                self._write(thing, path / name, moment, disk, luck)
            else:
                (path / name).write_bytes(thing.at(moment, disk, luck))

    def told(self, word: str, moment: int) -> set[str]:
        """Return the images of which something was noted by then: `paid` or `sent`."""
        return {line["path"] for line in self.lines[: moment + 1] if line["op"] == word}

    def journal(self, moment: int, root: Path) -> None:
        """Put the journal there as its own syncs left it."""
        (root / ".chargen").mkdir(exist_ok=True)
        for name, blob in zip(("journal.sqlite", "journal.sqlite-wal"), self.lines[moment]["journal"], strict=False):
            (root / ".chargen" / name).write_bytes(self.blob(blob))


def recorded(bench: Bench, start: Project) -> Disk:
    """Build once and record it."""
    whole = copy_of(start, bench.folder / "recorded")
    record = bench.folder / "record"
    record.mkdir()
    run = bench.forks.run(whole, "doit", record=str(record))
    assert run.code == 0, run.all
    disk = Disk(start.root, record)
    # The recording must know every file that is there in the end; texts of prompts are never synced.
    for path in whole.root.rglob("*"):
        ours = ".chargen/" in f"{path}" or ".chargen" in path.name or "generated/prompts/" in f"{path}"
        if path.is_file() and not ours:
            place, name = disk._find(path.relative_to(whole.root).as_posix())
            assert place.names[name].synced[-1][1] == path.read_bytes(), path
    return disk


def lost(
    bench: Bench, tally: Tally, server: OpenAIServer, start: Project, disk: Disk, moment: int, sort: str = ""
) -> None:
    """Lose power after one operation, and run again; `sort` of a disk by chance where none is named."""
    sort, keeps = sort or bench.luck.choice(DISKS), bench.luck.random() < 0.7
    what = f"{sort} disk{'' if keeps else ' without journal'} after operation {moment}: {disk.lines[moment]}"
    with tally.trial(what[:300]):
        root = bench.folder / f"power-{tally.trials}"
        disk.after(moment, sort, bench.luck, root)
        if keeps:
            disk.journal(moment, root)
        book = object.__new__(Project)
        book.root, book.env = root, {**start.env, "HOME": str(root)}
        tally.faults += 1
        before, ids = tree.yaml_files(start), ids_of(start)
        tree.slots_only(book, before)
        whole = {str(record["entry_id"]) for record in arrived(book)}
        assert disk.told("paid", moment) <= whole, f"stored and gone: {disk.told('paid', moment) - whole}"
        hashes = set(os.listdir(disk._record))
        for name in book.images():
            assert tree.sha256(book.image(name)) in hashes, f"the picture of {name} is torn"
        since = now([server])
        run = bench.forks.run(book, "doit")
        assert run.code == 0, run.all
        assert asked([server], since) == Counter(ids - whole), f"{asked([server], since)} for {ids - whole}"
        if keeps:
            told = {line.split()[2] for line in run.out.splitlines() if line.startswith("possibly billed: ")}
            assert disk.told("sent", moment) - whole <= told, f"{told} told"
        tree.slots_only(book, before)
        tree.all_agrees(book, ids)
        assert is_settled(book)
        shutil.rmtree(root)


def harness(bench: Bench, tally: Tally) -> None:
    """After operations in turn, spread over a build of eight images."""
    with OpenAIServer() as server:
        start = forty(bench.folder / "start", server.environ, 2, images=8)
        disk = recorded(bench, start)
        tally.figures["operations of one build"] = len(disk.lines)
        stride = max(len(disk.lines) / bench.trials, 1.0)
        while bench.more(tally):
            lost(bench, tally, server, start, disk, int(tally.trials * stride) % len(disk.lines))
