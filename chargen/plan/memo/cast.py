"""All characters there are, of files planned anew and of kept ones: where each is defined, and what is seen of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from chargen.errors import Position
from chargen.plan.memo.memory import Memory
from chargen.plan.memo.rows import character_signature
from chargen.plan.scan import Scan, ScannedFile


class Cast:
    """All characters there are: where each is defined and what can be seen of it."""

    def __init__(self, files: Iterable[str], anew: Mapping[str, ScannedFile], memory: Memory) -> None:
        self._defined: dict[str, tuple[str, str]] = {}
        self._definers: list[str] = []
        self.broken: dict[str, Position] = {}
        for file in files:
            scanned = anew.get(file)
            if scanned is not None:
                characters, broken = _signatures(scanned), scanned.broken
            else:
                about = memory.about(file)
                characters, broken = about.characters, about.broken
            if broken is not None:
                self.broken[file] = broken
            if characters:
                self._definers.append(file)
            for slug, signature in characters.items():
                self._defined.setdefault(slug, (file, signature))
        self._slugs = Scan((), self.broken, ()).broken_slugs
        known = (sorted(self._defined), sorted((slug, str(place)) for slug, place in self._slugs.items()))
        self._nobody = hashlib.sha256(repr(known).encode(errors="backslashreplace")).hexdigest()

    def signature(self, slug: str) -> str:
        """Return what can be seen of a character; of one that is not there, whom the name may mean."""
        found = self._defined.get(slug)
        return f"nobody {self._nobody}" if found is None else found[1]

    def defined_in(self, slug: str) -> list[str]:
        """Return the file that defines a character; all that define any, where none does."""
        found = self._defined.get(slug)
        return self._definers if found is None else [found[0]]


def _signatures(scanned: ScannedFile) -> Mapping[str, str]:
    if scanned.imagery is None:
        return {}
    found: dict[str, str] = {}
    for character in scanned.imagery.characters:
        found.setdefault(character.slug, character_signature(character))
    return found


def shown_in(scanned: ScannedFile) -> dict[str, None]:
    """Return the slugs of the characters a file's entries show, in order."""
    entries = scanned.imagery.entries if scanned.imagery else ()
    return {depicted.slug: None for entry in entries for depicted in entry.depicts}
