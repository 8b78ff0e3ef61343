"""The book as it is known without planning any image: the heads of all imagery files, and what can be asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial

from msgspec.structs import replace

from chargen.errors import Position
from chargen.kinds.names import clash_key
from chargen.model.entries import Character, Entry, Place
from chargen.model.values import EntryId, FileHash
from chargen.plan.cache.rows import Cache, Head, KeptClaim, KeptFile
from chargen.plan.claims import claim_of
from chargen.plan.disk import Disk
from chargen.plan.own_pictures import OwnPicture, usual_places
from chargen.plan.owned import PictureClaim, PictureSources
from chargen.plan.picture_owners import PictureOwners
from chargen.plan.read_trace import FILE, FOLDER, OWNED, Looked, Readers, answer_of
from chargen.plan.resolve import Zone, find_zone
from chargen.plan.scan import ScannedFile, broken_slugs

CHARACTER, CHARACTERS, BROKEN, PLANNED = "character", "characters", "broken", "planned"
PLACE, ZONE = "place", "zone"

LOCATION = "location"
"""The kind of file that shows places."""


class Book:
    """All imagery files: `heads` by file in path order; `kept` those whose bytes are as in the cache.

    `edited` are the others of the cache, as they were kept.
    """

    def __init__(self, disk: Disk, cache: Cache) -> None:
        self._disk = disk
        self.heads: dict[str, Head] = {}
        self.kept: dict[str, KeptFile] = {}
        self.edited: dict[str, KeptFile] = {}
        self._entries: dict[str, Mapping[EntryId, Entry]] = {}
        for file in disk.files:
            old = cache.files.get(file)
            if old is not None and old.digest and old.digest == disk.digest(file) and file != disk.incomplete:
                self.kept[file], self.heads[file] = old, old.head
                continue
            self.heads[file] = _head_of(disk.scanned(file), disk.project.target)
            if old is not None and file != disk.incomplete:
                self.edited[file] = old
        self._lend_slugs()
        self._leave_out_archived()
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
        note = disk.trace.note
        self.characters: Mapping[str, Character] = Looked(
            self.definers, self._character, partial(note, CHARACTER), partial(note, CHARACTERS, "")
        )
        self._places = broken_slugs(self.broken)
        self.broken_slugs: Mapping[str, Position] = Looked(
            self._places, self._places.__getitem__, partial(note, BROKEN)
        )
        self._whose: PictureOwners

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
                self.heads[file] = _head_of(self._disk.scanned(file), self._disk.project.target)

    def _leave_out_archived(self) -> None:
        """Leave out of archived files what another file plans; read those anew that were kept with another part."""
        archived = {file: head for file, head in self.heads.items() if head.is_archived}
        if not archived:
            return
        living = {clash_key(name) for head in self.heads.values() if not head.is_archived for name in head.ids}
        for file, head in archived.items():
            left_out = {name for name in (*head.ids, *head.left_out) if clash_key(name) in living}
            if left_out != head.left_out.keys():
                self.kept.pop(file, None)
                whole = _head_of(self._disk.scanned(file), self._disk.project.target)
                self.heads[file] = whole.without(left_out)

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
            OWNED: lambda file: repr(tuple(map(self._whose.told, self._away(file)))),
            PLACE: lambda name: str(self.entry(EntryId(name)).position) if name in self.home else "",
            ZONE: lambda key: answer_of(self._zone(key)),
        }

    def _away(self, file: str) -> Iterator[EntryId]:
        """Yield those images of a file that are not plainly at home."""
        head, target, holds = self.heads.get(file, Head()), self._disk.project.target, self._whose.holds
        for name, kept in zip(head.ids, head.claims, strict=True):
            if kept.at_target and kept.file and holds(target(name), FileHash(kept.file), kept.size):
                continue  # nearly every one, and no claim is made for it
            if not self._whose.is_home(name):
                yield name

    def ownership(self, sources: PictureSources) -> PictureOwners:
        """Say which picture is whose; what is asked of it is noted, for all images of a file together."""
        kept = {
            name: claim
            for file, head in self.heads.items()
            for name, claim in zip(head.ids, head.claims, strict=True)
            if self.home[name] == file
        }
        recorded = (FileHash(claim.file) for claim in kept.values() if claim.file)
        target = self._disk.project.target

        @cache
        def claim_made(name: EntryId) -> PictureClaim:
            return self._placed(kept[name].of(name, target(name)), self.home[name], sources)

        self._whose = PictureOwners(kept, claim_made, recorded, sources, trace=self._disk.trace, home=self.home)
        return self._whose

    def _placed(self, claim: PictureClaim, file: str, sources: PictureSources) -> PictureClaim:
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
        if file not in self._entries:
            imagery = self._disk.scanned(file).imagery
            self._entries[file] = {} if imagery is None else {entry.id: entry for entry in imagery.entries}
        return self._entries[file]

    def entry(self, name: EntryId) -> Entry:
        """Return one entry, its file read now."""
        return self.entries(self.home[name])[name]

    def place(self, name: EntryId) -> Position:
        """Return where an entry stands, and note that it was asked."""
        self._disk.trace.note(PLACE, name)
        return self.entry(name).position

    def first_entry(self, file: str) -> Position:
        """Return where a file's entries begin: the place of what the file as a whole does not say."""
        return next(iter(self.entries(file).values())).position

    def own_picture(self, entry: Entry) -> str:
        """Return a picture that may be of an entry without one, or nothing."""
        pictures, folder = self._disk.own_pictures, entry.file.rpartition("/")[0]
        self._disk.trace.note(FOLDER, folder)
        for place in pictures.places(entry):
            self._disk.trace.note(FILE, place)
        found = self.find_picture(entry)
        return found.path if found is not None and self._disk.begins_as_picture(found.path) else ""

    def find_picture(self, entry: Entry) -> OwnPicture | None:
        """Look for a picture of an entry without one; what another entry plans is that one's, whoever names it."""
        found = self._disk.own_pictures.of(entry, self.entries(entry.file).values())
        if found is None:
            return None
        project = self._disk.project
        name = EntryId(found.path.removeprefix(f"{project.settings.generated}/").removesuffix(".png"))
        is_anothers = name != entry.id and project.target(name) == found.path and self.is_planned(name)
        return None if is_anothers else found

    def _character(self, slug: str) -> Character:
        """Return a character, its file read now. Raises KeyError."""
        imagery = self._disk.scanned(self.definers[slug]).imagery
        return {found.slug: found for found in reversed(imagery.characters if imagery else ())}[slug]


def _head_of(scanned: ScannedFile, target: Callable[[EntryId], str]) -> Head:
    """Return the head of a file that was read; `target` says where an entry's picture belongs."""
    imagery = scanned.imagery
    if imagery is None:
        return Head(problems=scanned.problems, broken=scanned.broken)
    claims = {entry.id: KeptClaim.made(claim_of(entry, target(entry.id))) for entry in imagery.entries}
    seen: dict[str, str] = {}
    for character in imagery.characters:
        place = character.appearance.position if character.appearance else None
        seen.setdefault(character.slug, answer_of((character, place)))
    return Head(
        imagery.kind,
        imagery.slug,
        tuple(dict.fromkeys(entry.id for entry in imagery.entries)),
        len(imagery.entries),
        seen,
        tuple(item.path for character in imagery.characters for item in character.inventory if item.path),
        tuple((name.name, str(name), name.position) for name in imagery.uses),
        scanned.problems,
        claims=tuple(claims.values()),
        overview=imagery.overview,
        borrows_slug=scanned.borrows_slug,
        zones=imagery.zones,
        is_archived=scanned.is_archived,
    )
