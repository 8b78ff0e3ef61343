"""The book as it is known without planning any image: the heads of all imagery files, and what can be asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from chargen.errors import Position
from chargen.kinds.names import clash_key
from chargen.model.entries import Character, Entry, Place
from chargen.model.values import EntryId
from chargen.plan.cache.rows import Cache, Head, KeptFile, head_of
from chargen.plan.disk import Disk
from chargen.plan.own_pictures import usual_places
from chargen.plan.ownership import Claim, Ownership, PictureSources, ownership
from chargen.plan.read_trace import Readers, ReadTrace, answer_of
from chargen.plan.resolve import Zone, find_zone
from chargen.plan.scan import broken_slugs

CHARACTER, CHARACTERS, BROKEN, PLANNED = "character", "characters", "broken", "planned"
OWNED, CLAIMED, PLACE, ZONE = "owned", "claimed", "place", "zone"
LOCATION = "location"
"""The kind of file that shows places."""
_K = TypeVar("_K", bound=str)
_V = TypeVar("_V")


class Book:
    """All imagery files: `heads` by file in path order; `kept` those whose bytes are as in the cache."""

    def __init__(self, disk: Disk, cache: Cache) -> None:
        self._disk = disk
        self.heads: dict[str, Head] = {}
        self.kept: dict[str, KeptFile] = {}
        for file in disk.files:
            old = cache.files.get(file)
            if old is not None and old.digest and old.digest == disk.digest(file) and file != disk.incomplete:
                self.kept[file], self.heads[file] = old, old.head
            else:
                self.heads[file] = head_of(disk.scanned(file), disk.project.target)
        self._lend_slugs()
        self.definers: dict[str, str] = {}
        """For each character the file that defines it: of several the first."""
        self.doubled: list[tuple[str, str, str]] = []
        """Characters that two files define: slug, the file that counts, the other."""
        for file, head in self.heads.items():
            for slug in head.characters:
                if self.definers.setdefault(slug, file) != file:
                    self.doubled.append((slug, self.definers[slug], file))
        self._locations: dict[str, list[Head]] = {}
        for head in self.heads.values():
            if head.kind == LOCATION:
                self._locations.setdefault(head.slug, []).append(head)
        self._zones: dict[str, Zone] = {}
        self.home = {name: file for file, head in self.heads.items() for name in head.ids}
        """For each image the file it is planned in."""
        self.broken = {file: head.broken for file, head in self.heads.items() if head.broken is not None}
        self.characters: Mapping[str, Character] = _Characters(self, disk.trace)
        self._places = broken_slugs(self.broken)
        self.broken_slugs: Mapping[str, Position] = _Broken(self._places, disk.trace)
        self._whose = Ownership()

    def _lend_slugs(self) -> None:
        """Read files anew that have their slug from another one beside them, where that has another slug now."""
        lent: dict[str, str] = {}
        for file, head in self.heads.items():
            if head.characters:
                lent.setdefault(file.rpartition("/")[0], head.slug)
        for file, head in list(self.heads.items()):
            folder = file.rpartition("/")[0]
            if head.borrows_slug and head.slug != lent.get(folder, folder.rpartition("/")[2]):
                self.kept.pop(file, None)
                self.heads[file] = head_of(self._disk.scanned(file), self._disk.project.target)

    @property
    def is_odd(self) -> bool:
        """True where files concern each other: two entries for one picture, a file below two roots."""
        names = [clash_key(name) for head in self.heads.values() for name in head.ids]
        entries = sum(head.entries for head in self.heads.values())
        return len(set(names)) < entries or len(self.heads) < len(self._disk.files)

    @property
    def unread(self) -> tuple[str, ...]:
        """Files below the roots of which nobody knows what they plan, because they are closed."""
        return tuple(file for file in self.broken if not self._disk.digest(file))

    def readers(self) -> Readers:
        """Return how questions about other files are answered."""
        return {
            CHARACTER: lambda slug: self.heads[self.definers[slug]].characters[slug] if slug in self.definers else "",
            CHARACTERS: lambda _: answer_of(list(self.definers)),
            BROKEN: lambda slug: repr(self._places.get(slug)),
            PLANNED: lambda name: "yes" if name in self.home else "",
            OWNED: lambda name: repr((self._whose.owned.get(EntryId(name)), self._whose.moves_of(EntryId(name)))),
            PLACE: lambda name: str(self.entry(EntryId(name)).position) if name in self.home else "",
            CLAIMED: lambda attempt: self._whose.attempts.get(attempt, ""),
            ZONE: lambda key: answer_of(self._zone(key)),
        }

    def ownership(self, sources: PictureSources) -> Ownership:
        """Say which picture is whose; what is asked of it is noted."""
        target = self._disk.project.target
        claims = (
            self._placed(claim.of(name, target(name)), file, sources)
            for file, head in self.heads.items()
            for name, claim in zip(head.ids, head.claims, strict=True)
            if self.home[name] == file
        )
        found = self._whose = ownership(tuple(claims), sources)
        trace = self._disk.trace
        return Ownership(_Noted(found.owned, trace, OWNED), found.groups, _Noted(found.attempts, trace, CLAIMED))

    def _placed(self, claim: Claim, file: str, sources: PictureSources) -> Claim:
        """Let a `file_path` that is not written from the project name the picture that is there, from another base."""
        if claim.line is not None or not claim.named or claim.named == claim.target or sources.look(claim.named):
            return claim
        places = usual_places(claim.named, file, self._disk.project.settings.imagery)
        found = next((place for place in places if sources.look(place) is not None), claim.named)
        return replace(claim, named=found)

    def zone(self, place: Place) -> Zone:
        """Return what is known of where an image is set, and note that it was asked."""
        key = f"{place.location}\n{place.zone or ''}"
        self._disk.trace.note(ZONE, key)
        return self._zone(key)

    def _zone(self, key: str) -> Zone:
        found = self._zones.get(key)
        if found is None:
            location, _, zone = key.partition("\n")
            heads = self._locations.get(location, [])
            zones = [zone for head in heads for zone in head.zones]
            overview = next((head.overview for head in heads if head.overview is not None), None)
            found = self._zones[key] = find_zone(zones, location, overview, zone) if heads else Zone()
        return found

    def is_planned(self, name: EntryId) -> bool:
        """Say whether there is such an entry, and note that it was asked."""
        return bool(self._disk.trace.get(PLANNED, name))

    def entries(self, file: str) -> Mapping[EntryId, Entry]:
        """Return the entries of a file, read now; of two with one id the last."""
        imagery = self._disk.scanned(file).imagery
        return {} if imagery is None else {entry.id: entry for entry in imagery.entries}

    def entry(self, name: EntryId) -> Entry:
        """Return one entry, its file read now."""
        return self.entries(self.home[name])[name]

    def character(self, slug: str) -> Character | None:
        """Return a character, its file read now."""
        imagery = self._disk.scanned(self.definers[slug]).imagery if slug in self.definers else None
        return next((found for found in (imagery.characters if imagery else ()) if found.slug == slug), None)


class _Noted(Mapping[_K, _V]):
    """A mapping of which it is noted what is asked of it."""

    def __init__(self, found: Mapping[_K, _V], trace: ReadTrace, kind: str) -> None:
        self._found = found
        self._trace = trace
        self._kind = kind

    def __getitem__(self, key: _K) -> _V:
        self._trace.note(self._kind, key)
        return self._found[key]

    def __iter__(self) -> Iterator[_K]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class _Characters(Mapping[str, Character]):
    """All characters; what is asked of them is noted."""

    def __init__(self, book: Book, trace: ReadTrace) -> None:
        self._book = book
        self._trace = trace

    def __getitem__(self, slug: str) -> Character:
        self._trace.note(CHARACTER, slug)
        found = self._book.character(slug)
        if found is None:
            raise KeyError(slug)
        return found

    def __iter__(self) -> Iterator[str]:
        self._trace.note(CHARACTERS, "")
        return iter(self._book.definers)

    def __len__(self) -> int:
        self._trace.note(CHARACTERS, "")
        return len(self._book.definers)


class _Broken(Mapping[str, Position]):
    """Slugs of files that can't be read; what is asked of them is noted."""

    def __init__(self, places: Mapping[str, Position], trace: ReadTrace) -> None:
        self._places = places
        self._trace = trace

    def __getitem__(self, slug: str) -> Position:
        self._trace.note(BROKEN, slug)
        return self._places[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
