"""Why an image is out of date, as an author can read it: each input that changed, its words then and now, its source.

Laws: what changed is said by `chargen.model.inputs.differences`, over the very digests the fingerprint is made of, so
an explanation is empty exactly where the inputs are equal; old words are shown only where they are those the record
was made of. Pure; must not know where records are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum

from msgspec import Struct

from chargen.model.inputs import (
    INSTRUCTION,
    MASK,
    NEGATIVE,
    PROMPT,
    REFERENCE,
    RETAKE,
    RETAKE_OF,
    SHORT,
    SIZE,
    TEMPLATE,
    Change,
    Inputs,
    PartDifference,
    differences,
    parts,
    texts,
)
from chargen.model.record import Record
from chargen.model.record_line import RecordLine
from chargen.text.word_diff import Stretch, word_diff


class RecordedInputs(Struct, frozen=True):
    """The inputs an image was made from, as far as they are known.

    `parts` are names and short digests as `chargen.model.inputs.parts` gives them; `record` is None where only hashes
    are left.
    """

    parts: Mapping[str, str]
    record: Record | None = None

    @classmethod
    def of(cls, line: RecordLine, records: Sequence[Record]) -> RecordedInputs:
        """Take the inputs of a record line, with the words of the first record that has the same inputs."""
        record = next((record for record in records if record.fingerprint == line.fingerprint), None)
        known = {} if record is None else {part.name: part.digest for part in record.parts}
        known = known or dict(line.parts)
        return cls(known, record)

    def texts(self) -> dict[str, tuple[str, str]]:
        """Return text and source of each part of the prompt, and of the inputs that are one short text."""
        if self.record is None:
            return {}
        told = (part for part in self.record.parts if part.name.startswith((PROMPT, RETAKE)))
        found = {part.name: (part.text, part.source) for part in told}
        if INSTRUCTION in found:
            found[RETAKE] = found[INSTRUCTION]
        found[PROMPT] = (self.record.prompt, "")
        found[NEGATIVE] = (self.record.negative_prompt, "")
        found[SIZE] = (str(self.record.asked_size), "")
        return found


class PartChange(Struct, frozen=True):
    """One text among the inputs that differs. `before` and `after` are None where there is none, or it is not known.

    `known` says whether the text of then is; `source` is `file:line:column` or a template, `was_in` the same of then.
    """

    part: str
    change: Change
    known: bool
    before: str | None = None
    after: str | None = None
    source: str = ""
    was_in: str = ""

    @property
    def name(self) -> str:
        """The part as an author knows it: the field's name."""
        names = {PROMPT: "composed prompt", TEMPLATE: "template", NEGATIVE: "negative prompt"}
        return names.get(self.part, self.part.removeprefix(f"{PROMPT}."))

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """The words then and now; empty where the old ones are not known, or only blanks changed."""
        return word_diff(self.before or "", self.after or "") if self.known else ()


class ReferenceFate(str, Enum):
    """What became of one reference."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    """The picture at the same place is another one."""
    MOVED = "moved"
    """It stands elsewhere in the order."""
    AWAITED = "awaited"
    """It will be built first; what it will be nobody knows yet."""


class ReferenceChange(Struct, frozen=True):
    """One reference that differs: `number` and `was` count from 1, None where there is none; `path` may be unknown."""

    fate: ReferenceFate
    path: str
    character: str = ""
    number: int | None = None
    was: int | None = None


class Explanation(Struct, frozen=True):
    """All that differs between then and now; empty where nothing does.

    `differences` are what a verdict's reasons are made of; `parts` and `references` are the same in full.
    """

    parts: tuple[PartChange, ...] = ()
    references: tuple[ReferenceChange, ...] = ()
    differences: tuple[PartDifference, ...] = ()

    @property
    def forgotten(self) -> bool:
        """Say whether old words are missing: only hashes of them are here."""
        return any(not part.known for part in self.parts)


class _Reference(Struct, frozen=True):
    number: int
    digest: str
    path: str
    character: str


def explain(then: RecordedInputs, now: Inputs, sources: Mapping[str, str] | None = None) -> Explanation:
    """Say what differs. `sources` tells places of inputs that are no part of the prompt, by name.

    A reference of `now` with an empty digest is one that is still to be built. Of a record without digests of its parts
    nothing can be said.
    """
    if not then.parts:
        return Explanation()
    old, new = then.texts(), {**texts(now), PROMPT: (now.prompt, ""), NEGATIVE: (now.negative_prompt, "")}
    new[SIZE] = (str(now.size), "")
    if (retake := now.retake) is not None:
        new[RETAKE] = new[INSTRUCTION] = (retake.instruction, retake.source)
        new |= {RETAKE_OF: (retake.of, ""), MASK: (retake.mask or "", "")}
    found = []
    changed = differences(then.parts, now)
    for item in changed:
        if item.part.startswith(f"{REFERENCE}."):
            continue
        before, was_in = old.get(item.part, (None, ""))
        after, _ = new.get(item.part, (None, ""))
        found.append(
            PartChange(
                item.part,
                item.change,
                item.change is Change.ADDED or before is not None,
                before,
                after,
                item.source or (sources or {}).get(item.part, ""),
                was_in,
            )
        )
    return Explanation(tuple(found), _references(then, now), changed)


def _references(then: RecordedInputs, now: Inputs) -> tuple[ReferenceChange, ...]:
    old, new = _old_references(then), _new_references(now, min(map(len, then.parts.values()), default=SHORT))
    pairs = _paired(old, new)
    found: list[ReferenceChange] = []
    same = sorted((after.number, before.number) for before, after in pairs if before.digest == after.digest)
    moved = _out_of_order([was for _, was in same])
    for before, after in pairs:
        if before.digest != after.digest:
            fate = ReferenceFate.CHANGED if after.digest else ReferenceFate.AWAITED
        elif before.number in moved:
            fate = ReferenceFate.MOVED
        else:
            continue
        found.append(ReferenceChange(fate, after.path, after.character, after.number, before.number))
    kept, taken = {before.number for before, _ in pairs}, {after.number for _, after in pairs}
    for after in new:
        if after.number not in taken:
            fate = ReferenceFate.ADDED if after.digest else ReferenceFate.AWAITED
            found.append(ReferenceChange(fate, after.path, after.character, after.number))
    found.extend(
        ReferenceChange(ReferenceFate.REMOVED, before.path, before.character, None, before.number)
        for before in old
        if before.number not in kept
    )
    return tuple(sorted(found, key=lambda item: (item.number or item.was or 0, item.number is None)))


def _old_references(then: RecordedInputs) -> list[_Reference]:
    digests: list[str] = []
    while (digest := then.parts.get(f"{REFERENCE}.{len(digests) + 1}")) is not None:
        digests.append(digest)
    recorded = then.record.references if then.record and len(then.record.references) == len(digests) else ()
    return [
        _Reference(number, digest, recorded[number - 1].path, recorded[number - 1].character)
        if recorded
        else _Reference(number, digest, "", "")
        for number, digest in enumerate(digests, start=1)
    ]


def _new_references(now: Inputs, digits: int) -> list[_Reference]:
    digests = {name: digest[:digits] for name, digest in parts(now).items()}
    return [
        _Reference(number, digests[f"{REFERENCE}.{number}"] if item.sha256 else "", item.path, item.character)
        for number, item in enumerate(now.references, start=1)
    ]


def _paired(old: Sequence[_Reference], new: Sequence[_Reference]) -> list[tuple[_Reference, _Reference]]:
    """Pair references of then and now: of the same bytes, else at the same path, else (paths unknown) in one place."""
    pairs: list[tuple[_Reference, _Reference]] = []
    old_left, new_left = list(old), list(new)
    for same in _SAME:
        for before in tuple(old_left):
            after = next((item for item in new_left if same(before, item)), None)
            if after is not None:
                pairs.append((before, after))
                old_left.remove(before)
                new_left.remove(after)
    return pairs


_SAME: tuple[Callable[[_Reference, _Reference], bool], ...] = (
    lambda before, after: before.digest == after.digest and before.number == after.number,
    lambda before, after: before.digest == after.digest,
    lambda before, after: before.path == after.path,
    lambda before, after: not before.path and before.number == after.number,
)
"""Ways in which a reference of then is one of now, the surest first."""


def _out_of_order(numbers: Sequence[int]) -> frozenset[int]:
    """Return the fewest numbers to take out so that the rest rises: those are the ones that moved."""
    best: list[tuple[int, ...]] = []
    for number in numbers:
        longest: tuple[int, ...] = max((rise for rise in best if rise[-1] < number), key=len, default=())
        best.append((*longest, number))
    rising: tuple[int, ...] = max(best, key=len, default=())
    return frozenset(numbers) - frozenset(rising)
