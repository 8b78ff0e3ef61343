"""Random edits of a book in memory against a model that knows each entry as itself: whose picture is where.

The model never looks at ids, records or places to know a picture: it carries it with the entry. Moves are carried out
step by step as a build does, and end at a random step; what is left is looked at afresh and carried out again.
"""

import dataclasses
import random
from collections.abc import Iterator

import pytest
from support.ownership import Book, Kept, digest

from chargen.model.values import EntryId
from chargen.plan.owned import Group, PicturePlace

NAMES = ["a", "b", "c", "d", "e", "f", "g", "A", "B"]
CHAPTERS = ["one", "two"]


class Model:
    """A book, and beside each entry (by identity) the text of the picture that is its own."""

    def __init__(self, luck: random.Random) -> None:
        self.luck = luck
        self.book = Book()
        self.book.ignores_case = luck.random() < 0.3
        self.pictures: dict[int, str] = {}
        self.places: dict[int, str] = {}
        self.copies: dict[int, Kept] = {}
        self.number = 0
        for _ in range(luck.randint(2, 6)):
            self.insert()
        self.build()

    def text(self) -> str:
        """Return a picture nobody has had; many share their size."""
        self.number += 1
        return f"picture {self.number:04}{'+' * self.luck.randrange(2)}"

    def free(self) -> EntryId:
        path_key = self.book.path_key
        taken = {path_key(entry.id) for entry in self.book.entries}
        names = [f"{chapter}/{name}" for chapter in CHAPTERS for name in NAMES]
        return EntryId(self.luck.choice([name for name in names if path_key(name) not in taken]))

    def some(self, number: int) -> list[Kept]:
        return self.luck.sample(self.book.entries, min(number, len(self.book.entries)))

    # what an author does

    def insert(self) -> None:
        if len(self.book.entries) < 8:
            self.book.entries.insert(self.luck.randint(0, len(self.book.entries)), Kept(self.free()))

    def delete(self) -> None:
        for entry in self.some(1):
            self.book.entries.remove(entry)
            self.forget(entry)
            self.luck.shuffle(self.book.entries)

    def forget(self, entry: Kept) -> None:
        self.places.pop(id(entry), None)
        self.pictures.pop(id(entry), None)
        self.copies.pop(id(entry), None)
        # Of the copies of an entry that is gone, the first in the order has its picture from now on.

    def rotate(self) -> None:
        chosen = self.some(self.luck.choice([2, 2, 3, 4]))
        ids = [entry.id for entry in chosen]
        for entry, name in zip(chosen, ids[1:] + ids[:1], strict=True):
            entry.id = name

    def rename(self) -> None:
        for entry in self.some(1):
            entry.id = self.free()

    def replace_all(self) -> None:
        """Rename as an editor's search-and-replace does it: what the entry says of its picture changes too."""
        for entry in self.some(1):
            name = self.free()
            if entry.line is not None and self.at(f"generated/{name}.png") is None:
                entry.id, entry.named = name, f"generated/{name}.png"

    def renumber(self) -> None:
        """Insert one before others of a chapter and let each take the name of the next."""
        chain = self.some(3)
        if len(self.book.entries) < 8 and chain:
            names = [entry.id for entry in chain] + [self.free()]
            for entry, name in zip(chain, names[1:], strict=True):
                entry.id = name
            self.book.entries.insert(0, Kept(names[0]))

    def move_chapter(self) -> None:
        """Let both chapters change their names, so that all entries of both change their places."""
        for entry in self.book.entries:
            chapter, _, name = entry.id.partition("/")
            entry.id = EntryId(f"{CHAPTERS[1 - CHAPTERS.index(chapter)]}/{name}")

    def paint(self) -> None:
        for entry in self.some(1):
            if id(entry) in self.places:
                text = f"painted {self.text()}"
                self.remove(self.places[id(entry)])
                self.book.files[self.places[id(entry)]] = self.pictures[id(entry)] = text

    def copy(self) -> None:
        for entry in self.some(1):
            painted = entry.line is not None and digest(self.pictures.get(id(entry), "")) != entry.line.file
            if len(self.book.entries) < 8 and entry.line and not painted and id(entry) in self.places:
                self.book.entries.append(dataclasses.replace(entry, id=self.free()))

    def shuffle(self) -> None:
        self.luck.shuffle(self.book.entries)

    # what must come of it

    def expected(self) -> dict[str, str]:
        """Return the picture of each entry that has one, and make up for copies by the words of the law."""
        for entry in self.book.entries:
            alike = [other for other in self.book.entries if other.line and other.line == entry.line]
            text, place = None, ""
            for other in alike:
                text, place = self.pictures.get(id(other), text), self.places.get(id(other), place)
            if len(alike) < 2 or text is None:
                continue
            assert entry.line is not None
            path_key = self.book.path_key
            at_home = [other for other in alike if path_key(f"generated/{other.id}.png") == path_key(place)]
            at_home = [other for other in at_home if path_key(other.named) == path_key(place)]
            made_for = [other for other in alike if other.id == self.book.made[entry.line.attempt or ""]]
            keeper = (at_home or made_for or alike)[0]
            for other in alike:
                self.forget(other)
            self.pictures[id(keeper)], self.places[id(keeper)] = text, place
        return {entry.id: self.pictures[id(entry)] for entry in self.book.entries if id(entry) in self.pictures}

    def build(self) -> None:
        """Look, carry out the moves (dying at a random step first), and make what is missing."""
        expected = self.expected()
        self.check(expected)
        steps = self.steps()
        for _ in range(self.luck.choice([0, 0, 1, 2, 3, 5, 8])):
            next(steps, None)
        self.check(expected)
        for _ in self.steps():
            pass
        self.check(expected)
        found = self.book.ownership()
        assert not found.groups
        for entry in self.book.entries:
            target = f"generated/{entry.id}.png"
            owned = found.owned.get(entry.id)
            if entry.id not in expected and (owned is None or owned.place is PicturePlace.NOWHERE or owned.copied):
                text = self.text()
                self.remove(target)
                self.book.record(entry, text, f"try-{self.number}")
                expected[entry.id] = text
            self.places[id(entry)] = target
            self.pictures[id(entry)] = self.at(target) or ""

    def check(self, expected: dict[str, str]) -> None:
        """See that what is owned now, wherever it is, is what the model says."""
        found = self.book.ownership()
        places = [self.book.path_key(move.source) for group in found.groups for move in group.moves]
        assert len(set(places)) == len(places), "a file has two owners"
        for entry in self.book.entries:
            owned = found.owned.get(entry.id)
            if owned is None or owned.place is PicturePlace.TARGET:
                has = self.at(f"generated/{entry.id}.png")
            elif owned.place is PicturePlace.ELSEWHERE or owned.place is PicturePlace.HISTORY:
                has = self.at(owned.path) or self.kept(owned.path, expected.get(entry.id, ""))
            else:
                has = None
            if entry.id in expected:
                assert has == expected[entry.id], f"{entry.id} has {has}, not {expected[entry.id]}"
            else:
                assert has not in expected.values(), f"{entry.id} has the picture of another entry"

    # what a build does, a durable step at a time

    def steps(self) -> Iterator[None]:
        found = self.book.ownership()
        for group in found.groups:
            yield from self.moved(group)

    def moved(self, group: Group) -> Iterator[None]:
        book, by_id = self.book, {entry.id: entry for entry in self.book.entries}
        texts = {}
        for move in group.moves:
            texts[move.id] = self.at(move.source) or self.kept(move.source, "", move.file)
            assert digest(texts[move.id]) == move.file
            book.history[move.id, move.file] = texts[move.id]
            yield
        for move in group.moves:
            line = by_id[move.id].line
            if line is not None:
                book.begun[by_id[move.id].named, line.file] = move.file
        yield
        for move in group.moves:
            self.remove(move.target)
            book.files[move.target] = texts[move.id]
            yield
        arrived = {book.path_key(move.target) for move in group.moves}
        for move in group.moves:
            if move.leaves and book.path_key(move.leaves) not in arrived:
                self.remove(move.leaves)
                yield
        yield from self.noted(group, by_id)
        for move in group.moves:
            entry = by_id[move.id]
            if entry.line is not None:
                book.begun.pop((entry.named, entry.line.file), None)
            entry.named = move.target
            yield

    def noted(self, group: Group, by_id: dict[EntryId, Kept]) -> Iterator[None]:
        for move in group.moves:
            line = by_id[move.id].line
            if line is not None and line.attempt is not None:
                self.book.places[line.attempt] = [move.target, *self.book.places.get(line.attempt, [])]
                yield

    def at(self, path: str) -> str | None:
        return next(
            (text for name, text in self.book.files.items() if self.book.path_key(name) == self.book.path_key(path)),
            None,
        )

    def remove(self, path: str) -> None:
        for name in [name for name in self.book.files if self.book.path_key(name) == self.book.path_key(path)]:
            del self.book.files[name]

    def kept(self, path: str, text: str, file: str = "") -> str:
        found = [
            kept
            for (name, digested), kept in self.book.history.items()
            if f"history/{name}" == path and (digested == file or kept == text)
        ]
        return found[0] if found else ""


def story(seed: int) -> None:
    """Play one book: rounds of edits, each followed by a build."""
    luck = random.Random(seed)
    model = Model(luck)
    edits = (
        model.insert, model.delete, model.rotate, model.rotate, model.rename, model.replace_all, model.renumber,
        model.move_chapter, model.paint, model.copy, model.shuffle,
    )  # fmt: skip
    for _ in range(4):
        for _ in range(luck.randint(1, 4)):
            luck.choice(edits)()
        model.build()


@pytest.mark.parametrize("seed", range(0, 400, 50))
def test_pictures_stay_with_their_entries(seed: int) -> None:
    for number in range(seed, seed + 50):
        story(number)
