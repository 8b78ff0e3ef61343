"""Planned images as rows of plain values and back, with what a plan needs to know of a file whose images it keeps.

A row holds what a plan shows and a choice asks for. It does not hold prompts: an image that a build has something to do
with is always planned anew. Rows that are not exactly what this module writes raise one of `MALFORMED`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from typing import Any

from chargen.app.scanning import ScannedFile
from chargen.core.entries import Character, Declared, Entry, Outputs
from chargen.core.judge import Judgement
from chargen.core.plan import Planned, PlannedReference
from chargen.core.values import EntryId, FileHash, Fingerprint, Kind, Route, Size, Status, Verdict
from chargen.errors import Position, Problem, Severity

MALFORMED = (ValueError, TypeError, LookupError, AttributeError, DecimalException, RecursionError)

_TEXT, _NONE, _INT, _LIST, _BOOL = str, type(None), int, list, bool
_SHAPE = (
    (_TEXT,),  # id
    (_INT,),  # line
    (_INT,),  # column
    (_TEXT,),  # title
    (_TEXT,),  # size
    (_TEXT,),  # status
    (_TEXT,),  # verdict
    (_LIST,),  # reasons
    (_BOOL,),  # adopt
    (_TEXT,),  # route
    (_TEXT, _NONE),  # quality
    (_TEXT, _NONE),  # cost
    (_BOOL,),  # repair
    (_LIST,),  # drift
    (_LIST,),  # notes
    (_LIST,),  # references
    (_TEXT, _NONE),  # fingerprint
    (_LIST,),  # problems
)
_STATUSES: dict[str, Status | None] = {"": None, **{status.value: status for status in Status}}
_VERDICTS = {verdict.value: verdict for verdict in Verdict}
_NO_OUTPUTS, _UNDECLARED = Outputs(), Declared()


@dataclass(frozen=True, slots=True)
class Facts:
    """What others ask of a file, and what its images asked of others.

    `kind` is empty for a file that plans nothing, `broken` set where it can't be read. `characters` are signatures of
    those it defines, `uses` locations it names, `cast` signatures of characters its entries show, and `needs` those of
    planned portraits they reference.
    """

    kind: str
    slug: str
    broken: Position | None
    problems: tuple[Problem, ...]
    characters: dict[str, str]
    uses: tuple[tuple[str, Position], ...]
    cast: dict[str, str]
    needs: dict[str, str]
    rows: list[Any]


def facts_of(
    scanned: ScannedFile, images: Sequence[Planned], cast: Mapping[str, str], needs: Mapping[str, str]
) -> Facts:
    """Gather what is to be remembered of a file and its planned images."""
    imagery = scanned.imagery
    here = Position(scanned.file)
    if imagery is None:
        return Facts("", "", scanned.broken, scanned.problems, {}, (), {}, {}, [])
    characters = {character.slug: character_signature(character) for character in reversed(imagery.characters)}
    used = ((str(name), name.position or here) for name in imagery.uses if name.name == Kind.LOCATION.value)
    kind, slug = imagery.kind.value, imagery.slug
    rows = [_row(image) for image in images]
    return Facts(kind, slug, None, scanned.problems, characters, tuple(used), dict(cast), dict(needs), rows)


def to_json(facts: Facts) -> list[Any]:
    """Return facts as plain values."""
    return [
        facts.kind,
        facts.slug,
        None if facts.broken is None else _place(facts.broken),
        [_problem(problem) for problem in facts.problems],
        facts.characters,
        [[name, *_place(position)] for name, position in facts.uses],
        facts.cast,
        facts.needs,
        facts.rows,
    ]


def from_json(values: Any) -> Facts:
    """Read facts back; its rows are read by `planned`. Raises one of `MALFORMED`."""
    kind, slug, broken, problems, characters, uses, cast, needs, rows = values
    if type(kind) is not str or type(slug) is not str or type(rows) is not list:
        raise TypeError
    return Facts(
        kind,
        slug,
        None if broken is None else _position(broken),
        tuple(map(_read_problem, problems)),
        _pairs(characters),
        tuple((_text(name), _position(place)) for name, *place in uses),
        _pairs(cast),
        _pairs(needs),
        rows,
    )


def planned(file: str, kind: str, rows: list[Any], generated: str) -> list[Planned]:
    """Make planned images of rows, without prompts. Raises one of `MALFORMED`."""
    of_kind = Kind(kind) if rows else Kind.CHAPTER
    known = _Known()
    return [_planned(row, file, of_kind, generated, known) for row in rows]


def character_signature(character: Character) -> str:
    """Return a text that changes with all that others can see of a character."""
    place = character.appearance.position if character.appearance else None
    return hashlib.sha256(repr((character, place)).encode(errors="backslashreplace")).hexdigest()


def portrait_signature(image: Planned) -> str:
    """Return a text that changes with all that users can see of a planned portrait, its picture's bytes left out."""
    seen = (image.verdict.value, image.judgement.reasons, image.fingerprint, str(image.route))
    return hashlib.sha256(repr(seen).encode(errors="backslashreplace")).hexdigest()


class _Known:
    """Sizes and routes that rows have in common, each made once."""

    def __init__(self) -> None:
        self._sizes: dict[str, Size | None] = {"": None}
        self._routes: dict[str, Route | None] = {"": None}

    def size(self, text: str) -> Size | None:
        """Read `WIDTHxHEIGHT`; None for nothing."""
        if text not in self._sizes:
            width, _, height = text.partition("x")
            self._sizes[text] = Size(int(width), int(height))
        return self._sizes[text]

    def route(self, text: str) -> Route | None:
        """Read `provider/model`; None for nothing."""
        if text not in self._routes:
            provider, _, model = text.partition("/")
            self._routes[text] = Route(provider, model)
        return self._routes[text]


def _row(image: Planned) -> list[Any]:
    entry = image.entry
    return [
        image.id,
        entry.position.line,
        entry.position.column,
        str(entry.title),
        str(entry.size or ""),
        entry.status.value if entry.status else "",
        image.verdict.value,
        list(image.judgement.reasons),
        image.judgement.adopt,
        str(image.route or ""),
        None if image.quality is None else str(image.quality),
        None if image.cost_usd is None else str(image.cost_usd),
        image.repair,
        list(image.drift),
        list(image.notes),
        [[item.path, item.character, item.digest, item.entry_id, item.appearance] for item in image.references],
        image.fingerprint,
        [_problem(problem) for problem in image.problems],
    ]


def _planned(row: Any, file: str, kind: Kind, generated: str, known: _Known) -> Planned:
    if tuple(map(type, row)) not in _SHAPES:
        raise TypeError
    name, line, column, title, size, status, verdict, reasons, adopt, *rest = row
    route, quality, cost, repair, drift, notes, references, fingerprint, problems = rest
    entry = Entry(
        id=EntryId(name),
        kind=kind,
        file=file,
        position=Position(file, line, column),
        path=(),
        title=title,
        prompt=None,
        negative_prompt=(),
        size=known.size(size),
        status=_STATUSES[status],
        depicts=(),
        always=(),
        colours=(),
        declared=_UNDECLARED,
        outputs=_NO_OUTPUTS,
        data={},
    )
    return Planned(
        entry=entry,
        target=f"{generated}/{name}.png",
        prompt_file=f"{generated}/prompts/{name}.txt",
        references=tuple(map(_reference, references)) if references else (),
        composed=None,
        inputs=None,
        fingerprint=None if fingerprint is None else Fingerprint(fingerprint),
        judgement=Judgement(_VERDICTS[verdict], _texts(reasons), adopt),
        route=known.route(route),
        quality=quality,
        cost_usd=None if cost is None else Decimal(cost),
        repair=repair,
        drift=_texts(drift),
        notes=_texts(notes),
        problems=tuple(map(_read_problem, problems)) if problems else (),
    )


def _shapes() -> frozenset[tuple[type, ...]]:
    """Return every sequence of types a row may have."""
    shapes: list[tuple[type, ...]] = [()]
    for kinds in _SHAPE:
        shapes = [(*shape, kind) for shape in shapes for kind in kinds]
    return frozenset(shapes)


_SHAPES = _shapes()


def _reference(values: Any) -> PlannedReference:
    path, character, file, entry_id, appearance = values
    return PlannedReference(
        _text(path),
        _text(character),
        None if file is None else FileHash(_text(file)),
        None if entry_id is None else EntryId(_text(entry_id)),
        _text(appearance),
    )


def _problem(problem: Problem) -> list[Any]:
    place = None if problem.position is None else _place(problem.position)
    return [problem.severity.value, problem.message, place, problem.hint]


def _read_problem(values: Any) -> Problem:
    severity, message, place, hint = values
    return Problem(Severity(severity), _text(message), None if place is None else _position(place), _text(hint))


def _place(position: Position) -> list[Any]:
    return [position.file, position.line, position.column]


def _position(values: Any) -> Position:
    file, line, column = values
    if type(file) is not str or type(line) is not int or type(column) is not int:
        raise TypeError
    return Position(file, line, column)


def _pairs(values: Any) -> dict[str, str]:
    if type(values) is not dict or not all(type(value) is str for value in values.values()):
        raise TypeError
    return values


def _texts(values: list[Any]) -> tuple[str, ...]:
    if values and not all(type(value) is str for value in values):
        raise TypeError
    return tuple(values)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError
    return value
