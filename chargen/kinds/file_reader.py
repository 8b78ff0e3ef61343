"""One imagery file while it is read: its outer mappings, the names taken, the slugs used, and the problems found.

Laws: of two entries with one name the first stays and is blocked, because nobody can say which is meant; an entry
without a usable name is left out and reported. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from chargen.errors import Position, Problem, error, warning
from chargen.kinds.keys import Keys
from chargen.kinds.kind import ImageryKind
from chargen.kinds.names import clash, name_problem
from chargen.kinds.reading import Block
from chargen.model.entries import Character, Entry, Imagery
from chargen.model.traced import Traced
from chargen.model.values import EntryId
from chargen.yaml.document import Document, is_null, scalar


class FileReader(Struct):
    """What has been read of a file so far."""

    document: Document
    kind: ImageryKind
    root: Block
    metadata: Block
    problems: list[Problem]
    slug: str | None = None
    taken: dict[str, Position] = field(default_factory=dict)
    clashes: dict[EntryId, list[Problem]] = field(default_factory=dict)
    uses: dict[tuple[str, str], Traced] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        document: Document,
        kind: ImageryKind,
        slug_keys: tuple[str, ...],
        folder_counts: bool,
        names_folder: bool = True,
    ) -> FileReader:
        """Start reading: the root, `metadata`, and the file's slug.

        Where `folder_counts`, the folder's name stands for a missing slug, with a warning if `names_folder`.
        """
        problems: list[Problem] = []
        root = Block.of(document, document.root, (), problems)
        reader = cls(document, kind, root, root.block("metadata"), problems)
        reader.slug = reader.read_slug(slug_keys, folder_counts, names_folder)
        return reader

    def read_slug(self, keys: tuple[str, ...], folder_counts: bool, names_folder: bool) -> str | None:
        """Return the file's slug, of `metadata` first, then of the root; without one a problem, and None."""
        for block in (self.metadata, self.root):
            if found := self._name(block, keys):
                return self._checked(found, "slug")
        folder = self.document.file.rpartition("/")[0].rpartition("/")[2]
        hint = f"write `{keys[0]}: ...` with a name for this {self.kind.name}"
        if not folder_counts or not folder:
            self.problems.append(error(f"this {self.kind.name} has no `{keys[0]}`", self.metadata.position, hint))
            return None
        message = f"this {self.kind.name} has no `{keys[0]}`: its folder's name `{folder}` is used"
        if names_folder:
            self.problems.append(warning(message, self.metadata.position, hint))
        return self._checked(Traced.of(folder, keys[0], self.metadata.position), "slug")

    def entry_name(
        self, block: Block, keys: tuple[str, ...], otherwise: str = "", optional: bool = False
    ) -> str | None:
        """Return an entry's own name, the first of `keys` there is; without a usable one None, and a problem.

        Where `optional`, an entry without any name is worth a warning only.
        """
        found = self._name(block, keys)
        if found is None:
            if otherwise:
                return self._unclaimed(otherwise, block.position)
            problem = warning if optional else error
            hint = f"give it a `{keys[0]}` that no other entry of this file has"
            self.problems.append(problem(f"this entry has no `{keys[0]}`: it can't be planned", block.position, hint))
            return None
        name = self._checked(found, found.name)
        return None if name is None else self._unclaimed(name, block.position)

    def spell(self, root: Keys, metadata: Keys) -> None:
        """Tell misspellings among the keys of the whole file and of its `metadata`."""
        self.root.spell(root)
        self.metadata.spell(metadata)

    def use(self, kind: str, slug: Traced | None) -> None:
        """Note that the file names what a file of `kind` describes."""
        if slug is not None:
            self.uses.setdefault((kind, str(slug)), Traced.of(slug, kind, slug.position))

    def report(self, block: Block) -> None:
        """Make the problems of a block that is no entry the file's."""
        self.problems.extend(block.problems)

    def imagery(
        self,
        entries: Sequence[Entry],
        characters: tuple[Character, ...] = (),
        overview: EntryId | None = None,
        zones: tuple[tuple[str, EntryId], ...] = (),
    ) -> Imagery:
        """Return what was read."""
        if self.clashes:
            entries = [
                replace(entry, problems=(*entry.problems, *self.clashes[entry.id]))
                if entry.id in self.clashes
                else entry
                for entry in entries
            ]
        return Imagery(
            file=self.document.file,
            kind=self.kind.name,
            slug=self.slug or "",
            entries=tuple(entries),
            characters=characters,
            problems=tuple(dict.fromkeys(self.problems)),
            uses=tuple(self.uses.values()),
            overview=overview,
            zones=zones,
        )

    def _name(self, block: Block, keys: tuple[str, ...]) -> Traced | None:
        """Return the first name written, also a blank one; a value that is no text is none, and reported."""
        for key in keys:
            node = block.nodes.get(key)
            if node is None or is_null(node):
                continue
            text = scalar(node)
            if text is not None:
                return Traced.of(text, key, block.document.at(node))
            self.problems.append(error(f"`{key}` must be text", block.document.at(node)))
        return None

    def _checked(self, name: Traced, what: str) -> str | None:
        problem = name_problem(name, what)
        if problem:
            self.problems.append(problem)
        return None if problem else str(name)

    def _unclaimed(self, name: str, position: Position) -> str | None:
        first = self.taken.setdefault(name, position)
        if first is position:
            return name
        full = self.kind.entry_id(self.slug or "", name)
        self.clashes.setdefault(full, []).append(clash(full, position, full, first, self.kind.name_keys[0]))
        return None
