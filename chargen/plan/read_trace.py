"""What a plan reads, by name: each question is a kind and a key, each answer a text that changes with what was read.

Laws: whatever the planning of an image reads beyond its own file is noted here, so that the list of its questions with
one digest of the answers is a verifying trace of it; a question is answered once a plan. Pure: how a question is
answered is for whoever can read (`chargen.plan.disk`) or knows the book (`chargen.plan.planner`) to say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias, TypeVar

Readers: TypeAlias = Mapping[str, Callable[[str], str]]
"""How questions are answered, by kind."""

FILE = "file"
"""The kind of question of which there are most: what stands at a path."""

FOLDER = "folder"
"""The kind of question for the pictures and run logs that lie beside an imagery file."""

ORIGINAL, JOURNAL, ATTEMPT, FRUITLESS, DELIVERED = "original", "journal", "attempt", "fruitless", "delivered"
UNFINISHED, JOBS = "unfinished", "jobs"
OWNED, CLAIMED, MADE = "owned", "claimed", "made"
_OUTSIDE = frozenset({ORIGINAL, JOURNAL, ATTEMPT, FRUITLESS, DELIVERED, UNFINISHED, JOBS})
"""Kinds of questions that neither an imagery file nor the file at a path answers."""


_Value = TypeVar("_Value")


class ReadTrace:
    """The questions of one plan with their answers, and who asks at the moment. Notes on one thread at a time."""

    def __init__(self, readers: Readers) -> None:
        self._readers = dict(readers)
        self._answers: dict[str, str] = {}
        self._noting: dict[str, None] | None = None

    def add(self, readers: Readers) -> None:
        """Answer more kinds of questions."""
        self._readers.update(readers)

    def get(self, kind: str, key: str) -> str:
        """Answer a question and note that it was asked."""
        self.note(kind, key)
        return self.answer(f"{kind} {key}")

    def note(self, kind: str, key: str) -> None:
        """Note that a question was asked, whoever answered it."""
        if self._noting is not None:
            self._noting[f"{kind} {key}"] = None

    @contextmanager
    def reading(self) -> Iterator[dict[str, None]]:
        """Give the names (`KIND KEY`) of the questions asked meanwhile, those of readings within left out."""
        before, self._noting = self._noting, {}
        try:
            yield self._noting
        finally:
            self._noting = before

    def answers_digest(self, names: Iterable[str]) -> str:
        """Return one digest over the answers to several questions, in the order given."""
        answers = "\0".join(map(self.answer, names))
        return hashlib.sha256(answers.encode(errors="backslashreplace")).hexdigest()

    def answer(self, name: str) -> str:
        """Answer a question by its name; it is not noted."""
        found = self._answers.get(name)
        if found is None:
            kind, _, key = name.partition(" ")
            found = self._answers[name] = self._readers[kind](key)
        return found


class Looked(Mapping[str, _Value]):
    """Values by name, each found when it is asked for; what is asked is noted."""

    def __init__(
        self,
        names: Collection[str],
        find: Callable[[str], _Value],
        note: Callable[[str], None],
        note_all: Callable[[], None] = lambda: None,
    ) -> None:
        self._names = names
        self._find = find
        self._note = note
        self._note_all = note_all

    def __getitem__(self, name: str) -> _Value:
        self._note(name)
        return self._find(name)

    def __iter__(self) -> Iterator[str]:
        self._note_all()
        return iter(self._names)

    def __len__(self) -> int:
        self._note_all()
        return len(self._names)


def outside_names(names: Iterable[str]) -> Iterator[str]:
    """Yield those questions that originals and journal answer."""
    return (name for name in names if name.partition(" ")[0] in _OUTSIDE)


def answer_of(value: object) -> str:
    """Return a text that changes with a value, as its `repr` tells it."""
    return hashlib.sha256(repr(value).encode(errors="backslashreplace")).hexdigest()
