"""What is kept of a planned image and of an imagery file: rows, heads and traces, as they stand in the cache's file.

A row holds all that is shown and asked of an image that a build does nothing with. It has no prompt: what is built or
explained is planned anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from chargen.errors import Position, Problem
from chargen.model.reason import Reason, ReasonCode
from chargen.model.record_line import AFTER, RecordLine, last_attempt, with_mark
from chargen.model.values import EntryId, FileHash, Fingerprint, Route, Size, Status, Verdict
from chargen.plan.owned import PictureClaim
from chargen.plan.plan import Batched, Due, Offer, Planned, cost_with


class KeptReference(msgspec.Struct, frozen=True, array_like=True):
    """What is asked of a reference of an image that is not planned anew; names as in `PlannedReference`."""

    path: str
    character: str
    entry_id: EntryId | None
    is_built: bool


class Row(Due, msgspec.Struct, frozen=True, array_like=True):
    """One planned image as it is shown; names as in `chargen.plan.plan.Planned`.

    Ten thousand are read at once: what takes long to make is kept as plain numbers and texts, and made when it is asked
    for.
    """

    id: EntryId
    target: str
    prompt_file: str
    kind: str
    file: str
    """The imagery file it is planned in; the place in it is `line` and `column`."""
    line: int
    column: int
    title: str
    pixels: tuple[int, int] | None
    """Width and height."""
    status: Status | None
    verdict: Verdict
    reasons: tuple[Reason, ...]
    adopt: bool
    provider: str
    """As the model empty where there is no route."""
    model: str
    sent_quality: str | None
    cost: Decimal | int | None
    """As `most` in USD, a whole number where it is nothing."""
    most: Decimal | int | None
    more: int
    repair: ReasonCode | None
    drift: tuple[Reason, ...]
    notes: tuple[str, ...]
    references: tuple[KeptReference, ...]
    fingerprint: Fingerprint | None
    problems: tuple[Problem, ...]
    shows: tuple[str, ...]
    named: str
    is_composed: bool
    is_structured: bool
    words_of: tuple[str, ...]
    credentials_lost: bool
    is_former: bool
    seen: str
    offer: Offer | None
    batched: Batched | None

    @property
    def position(self) -> Position:
        """Where it is planned."""
        return Position(self.file, self.line, self.column)

    @property
    def size(self) -> Size | None:
        """The asked size; None where it is unknown."""
        return None if self.pixels is None else _size(*self.pixels)

    @property
    def route(self) -> Route | None:
        """Where a request goes; None where there is no such provider or model."""
        return _route(self.provider, self.model) if self.provider else None

    @property
    def cost_usd(self) -> Decimal | None:
        """What all requests for it cost by estimate; None where that is unknown."""
        return None if self.cost is None else Decimal(self.cost)

    @property
    def most_usd(self) -> Decimal | None:
        """What one request for it may cost at most; None where that is unknown."""
        return None if self.most is None else Decimal(self.most)

    def with_more(self, more: int) -> Row:
        """Return the image with so many variants to be made."""
        return msgspec.structs.replace(self, more=more, cost=_kept(cost_with(self, more)))


class KeptClaim(msgspec.Struct, frozen=True, array_like=True):
    """What an entry says of its picture, as `plan.owned.PictureClaim` has it; `at_target` for the usual place."""

    at_target: bool = False
    named: str = ""
    fingerprint: str = ""
    file: str = ""
    size: int = 0
    attempt: str | None = None
    after: str | None = None

    @classmethod
    def made(cls, claim: PictureClaim) -> KeptClaim:
        """Keep a claim."""
        at_target, line = claim.named == claim.target, claim.line
        named = "" if at_target else claim.named
        if line is None:
            return cls(at_target, named)
        after = None if line.attempt else last_attempt(line)
        return cls(at_target, named, line.fingerprint, line.file, line.size, line.attempt, after)

    def of(self, name: EntryId, target: str) -> PictureClaim:
        """Return the claim of an entry."""
        line = None
        if self.file:
            line = RecordLine(Fingerprint(self.fingerprint), FileHash(self.file), self.size, attempt=self.attempt)
            line = line if self.after is None else with_mark(line, (AFTER, self.after))
        return PictureClaim(name, target, target if self.at_target else self.named, line)


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What other files and the whole book ask of one: `kind` is empty for a file that plans nothing.

    `entries` is more than there are `ids` where one is planned twice. `broken` is set where the file can't be read.
    `characters` are answers that change with all that can be seen of each,
    `pictures` the paths their inventories name, `uses` the kinds and slugs of other files it names.
    """

    kind: str = ""
    slug: str = ""
    ids: tuple[EntryId, ...] = ()
    entries: int = 0
    characters: dict[str, str] = {}
    pictures: tuple[str, ...] = ()
    uses: tuple[tuple[str, str, Position | None], ...] = ()
    problems: tuple[Problem, ...] = ()
    broken: Position | None = None
    claims: tuple[KeptClaim, ...] = ()
    """Of each image of `ids`."""
    overview: EntryId | None = None
    """The image of a location as a whole."""
    borrows_slug: bool = False
    """Its slug is another file's, or its folder's name."""
    zones: tuple[tuple[str, EntryId], ...] = ()
    """Zones of a location by the names other files may call them, each with its image."""
    is_archived: bool = False
    left_out: dict[EntryId, KeptClaim] = {}
    """Images of an archived file that are not among `ids`, because a file that is not archived has them."""

    def without(self, names: Collection[EntryId]) -> Head:
        """Return the head with these images left out of the plan."""
        claims = dict(zip(self.ids, self.claims, strict=True))
        left_out = {name: claim for name, claim in claims.items() if name in names}
        kept = {name: claim for name, claim in claims.items() if name not in names}
        return msgspec.structs.replace(
            self,
            ids=tuple(kept),
            claims=tuple(kept.values()),
            entries=self.entries - len(left_out),
            left_out=left_out,
        )

    @property
    def can_be_referenced(self) -> bool:
        """True where an image of it may be sent along with another, so that its status counts there too."""
        return bool(self.characters or self.zones or self.overview)


class KeptEntry(msgspec.Struct, frozen=True, array_like=True):
    """What one row was made of, so that it outlives an edit of its file elsewhere.

    `reads` and `paths` are its part of those of its file, by number; `digest` is of the entry as it was read and of
    what they said, empty where the row is not to be taken without the others.
    """

    digest: str
    reads: tuple[int, ...]
    paths: tuple[int, ...]


class KeptFile(msgspec.Struct, frozen=True, array_like=True):
    """One file: its bytes' digest and head; its rows with their trace.

    `reads` are names of `chargen.plan.read_trace`, with one digest of the answers; `paths` the files that were looked
    at, with one of what they were like; `taken` the questions whose answers hang on who asked before, in order, each
    with its answer. `entries` and `rows` are those of each image, not decoded before they are asked for.
    """

    digest: str
    head: Head
    reads: tuple[str, ...]
    answers_digest: str
    paths: tuple[str, ...]
    files_digest: str
    taken: tuple[tuple[str, str], ...]
    entries: msgspec.Raw
    rows: msgspec.Raw


class Cache(msgspec.Struct, array_like=True):
    """The whole cache. `made` names the plan it was made with, in the stamp beside it too.

    `order` and `problems` are of that plan, empty where a file is not kept.
    """

    environment: str
    made: str = ""
    files: dict[str, KeptFile] = {}
    order: tuple[EntryId, ...] = ()
    problems: tuple[Problem, ...] = ()


class KeptPlan(msgspec.Struct, frozen=True, array_like=True):
    """A cache as far as it is read for nothing but the plan it was made with."""

    environment: str
    made: str
    files: dict[str, list[msgspec.Raw]]
    """The fields of each `KeptFile`, of which the last are the rows."""
    order: tuple[EntryId, ...]
    problems: tuple[Problem, ...]

    def rows(self) -> dict[EntryId, Row] | None:
        """Return all images by id; None where they are not those of the plan."""
        try:
            found = {row.id: row for fields in self.files.values() for row in _rows.decode(fields[-1])}
        except (msgspec.MsgspecError, ValueError, LookupError, RecursionError):
            return None
        return found if found.keys() == set(self.order) and len(found) == len(self.order) else None


_rows = msgspec.msgpack.Decoder(tuple[Row, ...])
_entries = msgspec.msgpack.Decoder(tuple[KeptEntry, ...])
_cache = msgspec.msgpack.Decoder(Cache)
_plan = msgspec.msgpack.Decoder(KeptPlan)
_size, _route = lru_cache(Size), lru_cache(Route)  # many rows have the same


def read_rows(kept: KeptFile) -> tuple[Row, ...] | None:
    """Return the rows of a kept file; None where they are not those of its head."""
    try:
        found = _rows.decode(kept.rows)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return found if tuple(row.id for row in found) == kept.head.ids else None


def read_entries(kept: KeptFile) -> Mapping[EntryId, tuple[KeptEntry, Row]]:
    """Return the rows of a kept file with what each was made of; nothing where they are not those of its head."""
    try:
        entries, rows = _entries.decode(kept.entries), read_rows(kept)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}
    if rows is None or len(rows) != len(entries):
        return {}
    return {row.id: (entry, row) for entry, row in zip(entries, rows, strict=True)}


def raw(values: tuple[Row, ...] | tuple[KeptEntry, ...]) -> msgspec.Raw:
    """Return rows, or what they were made of, as they are kept. Raises UnicodeEncodeError."""
    return msgspec.Raw(msgspec.msgpack.encode(values, enc_hook=_plain))


def cache_bytes(cache: Cache) -> bytes:
    """Write a cache as its file has it. Raises UnicodeEncodeError."""
    return msgspec.msgpack.encode(cache, enc_hook=_plain)


def cache_of(data: bytes | memoryview) -> Cache | None:
    """Read a cache; None for anything else."""
    try:
        return _cache.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def kept_plan_of(data: bytes | memoryview) -> KeptPlan | None:
    """Read of a cache what its plan is made of; None for anything else."""
    try:
        return _plan.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def row_of(image: Planned, offer: Offer | None) -> Row:
    """Return a planned image as a row; `offer` is what its provider says of a request for it."""
    place, size, route = image.position, image.size, image.route
    references = tuple(
        KeptReference(item.path, item.character, item.entry_id, item.is_built) for item in image.references
    )
    return Row(
        image.id, image.target, image.prompt_file, image.kind, place.file, place.line, place.column, image.title,
        None if size is None else (size.width, size.height), image.status,
        image.verdict, image.reasons, image.adopt,
        "" if route is None else route.provider, "" if route is None else route.model, image.sent_quality,
        _kept(image.cost_usd), _kept(image.most_usd), image.more,
        image.repair, image.drift, image.notes, references, image.fingerprint, image.problems, image.shows,
        image.named, image.is_composed, image.is_structured, image.words_of, image.credentials_lost, image.is_former,
        image.seen,
        offer, image.batched,
    )  # fmt: skip


def _kept(amount: Decimal | None) -> Decimal | int | None:
    return 0 if str(amount) == "0" else amount


def _plain(value: Any) -> str:
    """Return a text that knows where it comes from as one that does not."""
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError(type(value).__name__)
