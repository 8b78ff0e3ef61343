"""The inputs of an image: what the author asked for, its fingerprint, and what changed between two of them.

Laws: the inputs are the composed prompt, the negative prompt, the resolved references (content and order) and the
asked size, and nothing else: no provider, model, route, program version, id, title or path. A picture that is made
from another one (`retake`) is asked for in other words: the inputs are that picture, the instruction and the mask, in
the place of the prompts. One walk over the inputs
feeds both the fingerprint and the explanation, so an explanation can't disagree with a verdict. Golden tests pin
fingerprints: a change here re-buys every image of every user. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Protocol

from msgspec import Struct

from chargen.model.reason import Reason, ReasonCode
from chargen.model.record import RecordedReference, RecordPart
from chargen.model.traced import Segment
from chargen.model.values import FileHash, Fingerprint, Size

FORMAT = b"chargen inputs 1\n"
"""First bytes of what is hashed; a new number re-buys everything."""

SHORT = 8
"""Hexadecimal digits of a part's digest in a record: enough to see a change, not to prove one."""

PROMPT, NEGATIVE, SIZE, REFERENCE = "prompt", "negative_prompt", "size", "reference"
RETAKE = "retake"
RETAKE_OF, INSTRUCTION, MASK = f"{RETAKE}.of", f"{RETAKE}.instruction", f"{RETAKE}.mask"
TEMPLATE = f"{PROMPT}.template"
"""The part that is a template's own words."""


class Sourced(Protocol):
    """Something that can tell the sources of the prompt's runs."""

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The runs of the prompt, each from one source."""


class RetakeInputs(Struct, frozen=True):
    """What a picture is made from that is made from another one: the hash of that one's file, and the author's words.

    `mask` is the hash of the picture that says where it may change; None for everywhere. `source` is where the
    words are written, no input.
    """

    of: FileHash
    instruction: str
    mask: FileHash | None = None
    source: str = ""


class Inputs(Struct, frozen=True):
    """What the author asked for; of a reference only the bytes are an input.

    `told_by` tells where the prompt's runs are written; that is no input. With a `retake` the prompts are none either.
    """

    prompt: str
    negative_prompt: str
    references: tuple[RecordedReference, ...]
    size: Size
    told_by: Sourced | None = None
    retake: RetakeInputs | None = None

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The runs of the prompt by source; none where nobody can tell."""
        return self.told_by.segments if self.told_by else ()


def walk(inputs: Inputs) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of every input in the order they are hashed."""
    retake = inputs.retake
    if retake is None:
        yield PROMPT, inputs.prompt
        yield NEGATIVE, inputs.negative_prompt
    else:
        yield RETAKE_OF, retake.of
        yield INSTRUCTION, retake.instruction
        if retake.mask is not None:
            yield MASK, retake.mask
    yield SIZE, str(inputs.size)
    for number, reference in enumerate(inputs.references, start=1):
        yield f"{REFERENCE}.{number}", reference.sha256


def fingerprint(inputs: Inputs) -> Fingerprint:
    """Hash the inputs: each name and value goes in with its length, so no two sets of inputs read alike."""
    digest = hashlib.sha256(FORMAT)
    for name, value in walk(inputs):
        data = value.encode()
        digest.update(f"{name} {len(data)}\n".encode())
        digest.update(data)
        digest.update(b"\n")
    return Fingerprint(digest.hexdigest())


def nearest_form(then: Mapping[str, str], forms: Sequence[Inputs]) -> Inputs:
    """Return those of several forms of today's inputs that differ least from recorded digests; of equals the first.

    A record does not say by which rules its inputs were made, and what changed is only found by the same ones.
    """
    return min(forms, key=lambda inputs: len(differences(then, inputs)))


def parts(inputs: Inputs) -> dict[str, str]:
    """Digest each input, and each field of the prompt as `prompt.FIELD`, for explanations where texts are gone.

    The prompts of a retake are there too, which are no inputs of it: they tell whether they were edited since.
    """
    found = {name: _short(value) for name, value in walk(inputs)}
    if inputs.retake is not None:
        found |= {PROMPT: _short(inputs.prompt), NEGATIVE: _short(inputs.negative_prompt)}
    found.update((name, _short(text)) for name, (text, _) in texts(inputs).items())
    return found


def texts(inputs: Inputs) -> dict[str, tuple[str, str]]:
    """Return the text and the first source of each field of the prompt, under the names `parts` has."""
    fields: dict[str, tuple[str, str]] = {}
    for segment in inputs.segments:
        name = f"{PROMPT}.{segment.name}"
        before, source = fields.get(name, ("", segment.source))
        fields[name] = (before + segment.text.strip() + "\n", source)
    return fields


class Change(str, Enum):
    """How one part differs between then and now."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class PartDifference(Struct, frozen=True):
    """One part of the inputs that differs, with the source of today's text where the part is of the prompt."""

    part: str
    change: Change
    source: str = ""


def record_parts(inputs: Inputs) -> tuple[RecordPart, ...]:
    """Return the parts as a record holds them, with their words and sources."""
    words = texts(inputs)
    if (retake := inputs.retake) is not None:
        words |= {
            RETAKE_OF: (retake.of, ""),
            INSTRUCTION: (retake.instruction, retake.source),
            MASK: (retake.mask or "", ""),
        }
    return tuple(RecordPart(name, digest, *words.get(name, ("", ""))) for name, digest in parts(inputs).items())


def differences(then: Mapping[str, str], now: Inputs) -> tuple[PartDifference, ...]:
    """Say which parts differ between recorded digests and today's inputs, most telling first.

    `prompt` itself is named only where no field of it can be blamed (an old record without fields, or text that only
    moved). The template's own words are not named where a field appeared or went: what stands around it went with it.
    """
    found = _differing(then, now)
    if now.retake is not None:
        found = [item for item in found if not _is_of_prompts(item.part)]
    first = next((item for item in found if item.part == INSTRUCTION), None)
    if first is not None and first.change is not Change.CHANGED:
        others = [item for item in found if not item.part.startswith(RETAKE)]
        return (PartDifference(RETAKE, first.change, first.source), *_telling(then, others))
    return _telling(then, found)


def edited_prompts(then: Mapping[str, str], now: Inputs) -> tuple[PartDifference, ...]:
    """Say what of the prompts differs from those that stood beside a retake when its picture was made."""
    if now.retake is None or PROMPT not in then:
        return ()
    return _telling(then, [item for item in _differing(then, now) if _is_of_prompts(item.part)])


def _is_of_prompts(part: str) -> bool:
    return part in (PROMPT, NEGATIVE) or part.startswith(f"{PROMPT}.")


def _differing(then: Mapping[str, str], now: Inputs) -> list[PartDifference]:
    """Return every part whose digest of then is not that of today."""
    today = parts(now)
    sources = _sources(now.segments)
    if now.retake is not None:
        sources[INSTRUCTION] = now.retake.source
    found: list[PartDifference] = []
    for name in dict.fromkeys((*today, *then)):
        before, after = then.get(name), today.get(name)
        if before is not None and after is not None and after.startswith(before):  # a line may tell fewer digits
            continue
        change = Change.ADDED if before is None else Change.REMOVED if after is None else Change.CHANGED
        found.append(PartDifference(name, change, sources.get(name.removeprefix(f"{PROMPT}."), "")))
    return found


def _telling(then: Mapping[str, str], found: list[PartDifference]) -> tuple[PartDifference, ...]:
    """Leave out what says the same as another difference, less telling."""
    fields = [item for item in found if item.part.startswith(f"{PROMPT}.")]
    if not any(item.part == PROMPT for item in found):
        found = [item for item in found if item not in fields]
    elif fields and any(name.startswith(f"{PROMPT}.") for name in then):
        found = [item for item in found if item.part != PROMPT]
    else:
        found = [item for item in found if item not in fields]
    if any(item in fields and item.part != TEMPLATE and item.change is not Change.CHANGED for item in found):
        found = [item for item in found if item.part != TEMPLATE]
    return tuple(found)


def change_reasons(found: Sequence[PartDifference]) -> tuple[Reason, ...]:
    """Return differences as reasons: `prompt_used changed (imagery/ch03.yaml:12:5)`."""
    return tuple(Reason(ReasonCode.INPUT_CHANGED, (item.part, item.change.value, item.source)) for item in found)


def _sources(segments: Sequence[Segment]) -> dict[str, str]:
    found: dict[str, str] = {}
    for segment in segments:
        found.setdefault(segment.name, segment.source)
    return found


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:SHORT]
