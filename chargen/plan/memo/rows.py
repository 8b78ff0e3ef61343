"""Planned images as rows of plain values and back, and what a plan needs to know of a file whose images it keeps.

A row holds what a plan shows and a choice asks for. It does not hold prompts: an image that a build has something to do
with is always planned anew. What is not exactly what this module writes raises one of `MALFORMED`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException
from typing import TYPE_CHECKING, Any

from chargen.errors import Position, Problem, Severity
from chargen.model.entries import Character, Declared, Entry, Outputs
from chargen.model.reason import Reason
from chargen.model.values import EntryId, FileHash, Fingerprint, Route, Size, Status, Verdict
from chargen.plan.memo.index import pairs, read_reasons, text, texts
from chargen.plan.plan import Planned, PlannedReference
from chargen.plan.verdict import Judgement

if TYPE_CHECKING:  # what is remembered is read without what reads files
    from chargen.plan.scan import ScannedFile

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
_REFERENCES = 15
_STATUSES: dict[str, Status | None] = {"": None, **{status.value: status for status in Status}}
_VERDICTS = {verdict.value: verdict for verdict in Verdict}
_NO_OUTPUTS, _UNDECLARED = Outputs(), Declared()


@dataclass(frozen=True, slots=True)
class About:
    """What other files ask of one, and what its images ask of them.

    `kind` is empty for a file that plans nothing, `broken` set where it can't be read. `characters` are signatures of
    those it defines, `uses` the kinds and slugs of files it names, `shows` slugs of characters its entries show.
    """

    kind: str = ""
    slug: str = ""
    broken: Position | None = None
    problems: tuple[Problem, ...] = ()
    characters: Mapping[str, str] = field(default_factory=dict)
    uses: tuple[tuple[str, str, Position], ...] = ()
    shows: tuple[str, ...] = ()


def about(scanned: ScannedFile) -> About:
    """Gather what is to be remembered of a file besides its images."""
    imagery = scanned.imagery
    if imagery is None:
        return About(broken=scanned.broken, problems=scanned.problems)
    here = Position(scanned.file)
    used = ((name.name, str(name), name.position or here) for name in imagery.uses)
    return About(
        imagery.kind,
        imagery.slug,
        None,
        scanned.problems,
        {character.slug: character_signature(character) for character in reversed(imagery.characters)},
        tuple(used),
        tuple(dict.fromkeys(str(depicted.slug) for entry in imagery.entries for depicted in entry.depicts)),
    )


def about_to_json(facts: About) -> list[Any]:
    """Return what is told of a file as plain values."""
    return [
        facts.kind,
        facts.slug,
        None if facts.broken is None else _place(facts.broken),
        [_problem(problem) for problem in facts.problems],
        dict(facts.characters),
        [[kind, name, *_place(position)] for kind, name, position in facts.uses],
        list(facts.shows),
    ]


def about_from_json(values: Any) -> About:
    """Read it back. Raises one of `MALFORMED`."""
    kind, slug, broken, problems, characters, uses, shows = values
    return About(
        text(kind),
        text(slug),
        None if broken is None else _position(broken),
        tuple(map(_read_problem, problems)),
        pairs(characters),
        tuple((text(named), text(name), _position(place)) for named, name, *place in uses),
        texts(shows),
    )


def rows_of(images: Iterable[Planned]) -> list[list[Any]]:
    """Return planned images as rows."""
    return [_row(image) for image in images]


def shown(row: Any, file: str, kind: str, generated: str) -> dict[str, Any]:
    """Return an image as `Planned.to_json` does, without making it. Raises one of `MALFORMED`."""
    if tuple(map(type, row)) not in _SHAPES:
        raise TypeError
    name, line, _, _, size, _, verdict, reasons, _, route, quality, cost, *_, references, _, _ = row
    provider, _, model = route.partition("/")
    return {
        "id": name,
        "kind": kind,
        "file": file,
        "line": line,
        "target": f"{generated}/{name}.png",
        "prompt_file": f"{generated}/prompts/{name}.txt",
        "references": [text(reference[0]) for reference in references],
        "verdict": verdict,
        "reasons": [str(Reason.from_json(reason)) for reason in reasons],
        "provider": provider or None,
        "model": model or None,
        "quality": quality,
        "size": size or None,
        "cost_usd": None if cost is None else float(cost),
    }


def needs(row: Any) -> tuple[EntryId, ...]:
    """Return the ids of the planned portraits that the image of a row references. Raises one of `MALFORMED`."""
    return tuple(EntryId(text(reference[3])) for reference in row[_REFERENCES] if reference[3] is not None)


def planned(file: str, kind: str, rows: list[Any], generated: str) -> list[Planned]:
    """Make planned images of rows, without prompts. Raises one of `MALFORMED`."""
    known = _Known()
    return [_planned(row, file, kind, generated, known) for row in rows]


def character_signature(character: Character) -> str:
    """Return a text that changes with all that others can see of a character."""
    place = character.appearance.position if character.appearance else None
    return hashlib.sha256(repr((character, place)).encode(errors="backslashreplace")).hexdigest()


def portrait_signature(image: Planned) -> str:
    """Return a text that changes with all that users can see of a planned portrait, its picture's bytes left out."""
    seen = (image.verdict.value, image.judgement.reasons, image.fingerprint, str(image.route))
    return hashlib.sha256(repr(seen).encode(errors="backslashreplace")).hexdigest()


class _Known:
    """Sizes, routes and prices that rows have in common, each made once."""

    def __init__(self) -> None:
        self._sizes: dict[str, Size | None] = {"": None}
        self._routes: dict[str, Route | None] = {"": None}
        self._costs: dict[str | None, Decimal | None] = {None: None}

    def size(self, text: str) -> Size | None:
        """Read `WIDTHxHEIGHT`; None for nothing."""
        if text not in self._sizes:
            width, _, height = text.partition("x")
            self._sizes[text] = Size(int(width), int(height))
        return self._sizes[text]

    def cost(self, text: str | None) -> Decimal | None:
        """Read an amount; None where it is unknown."""
        if text not in self._costs:
            self._costs[text] = Decimal(text or "")
        return self._costs[text]

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
        [reason.to_json() for reason in image.judgement.reasons],
        image.judgement.adopt,
        str(image.route or ""),
        None if image.quality is None else str(image.quality),
        None if image.cost_usd is None else str(image.cost_usd),
        image.repair,
        [reason.to_json() for reason in image.drift],
        list(image.notes),
        [[item.path, item.character, item.digest, item.entry_id, item.appearance] for item in image.references],
        image.fingerprint,
        [_problem(problem) for problem in image.problems],
    ]


def _planned(row: Any, file: str, kind: str, generated: str, known: _Known) -> Planned:
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
        judgement=Judgement(_VERDICTS[verdict], read_reasons(reasons), adopt),
        route=known.route(route),
        quality=quality,
        cost_usd=known.cost(cost),
        repair=repair,
        drift=read_reasons(drift),
        notes=texts(notes),
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
        text(path),
        text(character),
        None if file is None else FileHash(text(file)),
        None if entry_id is None else EntryId(text(entry_id)),
        text(appearance),
    )


def _problem(problem: Problem) -> list[Any]:
    place = None if problem.position is None else _place(problem.position)
    return [problem.severity.value, problem.message, place, problem.hint, problem.subject]


def _read_problem(values: Any) -> Problem:
    severity, message, place, hint, subject = values
    position = None if place is None else _position(place)
    return Problem(Severity(severity), text(message), position, text(hint), text(subject))


def _place(position: Position) -> list[Any]:
    return [position.file, position.line, position.column]


def _position(values: Any) -> Position:
    file, line, column = values
    if type(file) is not str or type(line) is not int or type(column) is not int:
        raise TypeError
    return Position(file, line, column)
