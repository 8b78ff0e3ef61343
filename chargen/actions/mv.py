"""Renaming an entry, or moving it to another file: its lines byte for byte, then its picture; nothing is sent.

Laws: what is meant must be clear, and free; what can't be moved exactly is refused before anything is written; where
other files name the entry is told, and left to the author. How the files change: `chargen.build.entry_moves`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chargen import kinds
from chargen.build.entry_moves import carry, parsed, rename
from chargen.build.moves import Mover
from chargen.build.write_back import WriteBack
from chargen.config.project import Project
from chargen.errors import ChargenError, InputError, Position, Problem, StartError, error
from chargen.kinds.names import clash_key, name_problem
from chargen.model.entries import Entry
from chargen.model.traced import Traced
from chargen.model.values import EntryId
from chargen.plan.book import Book
from chargen.plan.planner import Planner
from chargen.plan.session import Session
from chargen.text.names import did_you_mean, other_than_by_number
from chargen.yaml.document import Document, node_at

_NAMES = ("ref", "slug", "location", "character")
"""Keys whose value says which file a mapping speaks of."""


class Mention(Struct, frozen=True):
    """A place where some file names an entry by the name it had."""

    text: str
    position: Position


class Moved(Struct, frozen=True):
    """An entry under its new id. `picture` says whether its picture came along by now, `trouble` why it did not."""

    before: EntryId
    after: EntryId
    position: Position
    picture: bool
    trouble: str
    mentions: tuple[Mention, ...]

    def to_json(self) -> dict[str, Any]:
        """The object of `mv --json`."""
        mentions = [
            {"text": item.text, "file": item.position.file, "line": item.position.line, "column": item.position.column}
            for item in self.mentions
        ]
        return {
            "from": self.before,
            "to": self.after,
            "file": self.position.file,
            "line": self.position.line,
            "picture": self.picture,
            "trouble": self.trouble or None,
            "mentions": mentions,
        }


def move(session: Session, planner: Planner, before: EntryId, to: str) -> Moved:
    """Give an entry another id, in its file or another one. Raises StartError and InputError; nothing has changed then.

    `to` is an id, the last part of one, a target, or an imagery file for an entry that keeps its name.
    """
    book = planner.book
    entry = book.entry(before)
    file, after = _destination(session.project, book, entry, to)
    _refuse_taken(book, entry, after)
    if file != entry.file and book.heads[file].is_archived:
        message = f"`{file}` is archived: `{entry.id}` would count no more there"
        raise StartError(error(message, entry.position, "take `status` out of that file first, or name another one"))
    mentions = tuple(_mentions(planner, entry))
    if file == entry.file:
        rename(session.project, entry, after)
    else:
        carry(session, entry, file, after)
    return replace(_settled(session, before, after), mentions=mentions)


# where to


def _destination(project: Project, book: Book, entry: Entry, to: str) -> tuple[str, EntryId]:
    """Return the file and the id that are meant. Raises StartError."""
    kind = kinds.named(entry.kind)
    own = entry.id.rpartition("/")[2]
    if to in book.heads:
        head = book.heads[to]
        if head.kind != entry.kind:
            raise StartError(_other_kind(entry, head.kind or "file of another program"))
        return to, kind.entry_id(head.slug, own)
    parts = to.removeprefix(f"{project.settings.generated}/").removesuffix(".png").split("/")
    heads = sorted(book.heads.items(), key=lambda item: item[1].is_archived)
    slugs = {head.slug: file for file, head in reversed(heads) if head.kind == entry.kind}
    folders = {each.folder for each in kinds.all_kinds()}
    if len(parts) == 3 and parts[0] in folders - {kind.folder}:
        raise StartError(_other_kind(entry, parts[0]))
    if len(parts) == 3:
        parts = parts[1:]
    slug, name = (entry.id.split("/")[1], parts[0]) if len(parts) == 1 else (parts[0], parts[-1])
    meant = f"{kind.folder}/{slug}/{name}"
    if len(parts) > 2 or (len(parts) == 2 and slug in folders):
        hint = f"write it like `{kind.folder}/SLUG/{own}`, or only the new name"
        raise StartError(error(f"`{to}` is no id", hint=hint))
    if len(parts) == 1 and name in slugs:
        hint = f"write `{name}/{own}` to move it there, `{entry.id.split('/')[1]}/{name}` to give it that name"
        raise StartError(error(f"`{name}` is the slug of {slugs[name]}", hint=hint))
    if (told := name_problem(Traced.of(name, "id", None), "id")) is not None:
        raise StartError(told)
    if slug == entry.id.split("/")[1]:
        return entry.file, EntryId(meant)
    if slug not in slugs:
        hint = did_you_mean(slug, other_than_by_number(slug, slugs)) or f"make its file first, with `slug: {slug}`"
        raise StartError(error(f"there is no {entry.kind} `{slug}`", hint=hint))
    return slugs[slug], EntryId(meant)


def _other_kind(entry: Entry, other: str) -> Problem:
    message = f"`{entry.id}` belongs to a {entry.kind} and can't go to `{other}`: the fields of the two differ"
    return error(message, entry.position, "write a new entry there")


def _refuse_taken(book: Book, entry: Entry, after: EntryId) -> None:
    if after == entry.id:
        raise StartError(error(f"`{after}` is its name already", entry.position))
    taken = next((name for name in book.home if clash_key(name) == clash_key(after) and name != entry.id), None)
    if taken is not None:
        message = f"`{taken}` is planned already"
        raise StartError(error(message, book.entry(taken).position, "choose another name, or rename that one first"))


# what follows


def _settled(session: Session, before: EntryId, after: EntryId) -> Moved:
    """Let the picture follow; where it can't, it is left to the next build."""
    planner = session.planner()
    entry = planner.book.entry(after)
    mover = Mover(session, planner.evidence, WriteBack(session.project), planner.book.entry)
    try:
        if (group := planner.evidence.ownership.group_of(after)) is not None:
            mover.settle(group, after)
    except ChargenError as failure:
        return Moved(before, after, entry.position, False, str(failure), ())
    return Moved(before, after, planner.book.entry(after).position, after in mover.moved, "", ())


def _mentions(planner: Planner, entry: Entry) -> Iterator[Mention]:
    """Yield the places in all imagery files that name the entry: in full, or by its name beside that of its file."""
    _, slug, name = entry.id.split("/", 2)
    full = {entry.id, f"{slug}/{name}"}
    for file in dict.fromkeys(planner.disk.files):
        try:
            document = parsed(planner.project, file)
        except InputError:
            continue
        for node in _naming(document.root, slug, full, name):
            place = document.at(node)
            if not (file == entry.file and _within(document, entry, node)):
                yield Mention(str(node.value), place)


def _naming(root: Node | None, slug: str, full: set[str], name: str) -> Iterator[ScalarNode]:
    """Yield the texts that name an entry, each once; `name` counts where a mapping above says that `slug` is meant."""
    waiting: list[tuple[Node | None, bool]] = [(root, False)]
    seen: set[int] = set()
    while waiting:
        node, meant = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, ScalarNode):
            if node.value in full or (meant and node.value == name):
                yield node
        elif isinstance(node, SequenceNode):
            waiting += [(item, meant) for item in reversed(node.value)]
        elif isinstance(node, MappingNode):
            told = {key.value: value for key, value in node.value if isinstance(key, ScalarNode)}
            named = [value.value for key in _NAMES if isinstance(value := told.get(key), ScalarNode)]
            inner = slug in named if named else meant
            waiting += [(value, inner) for _, value in reversed(node.value)]


def _within(document: Document, entry: Entry, node: Node) -> bool:
    here = node_at(document.root, entry.path)
    return bool(here.start_mark.index <= node.start_mark.index < here.end_mark.index)
