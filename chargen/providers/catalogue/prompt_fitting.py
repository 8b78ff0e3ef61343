"""Fits what an author asked into one prompt and the references a model takes: the adaptation all providers share.

Laws: nothing is left out silently; what is changed is a note, but for the line that says who is on which picture, which
is in every prompt with references. Of references every character's first comes before anyone's second, and the place's
last; those kept stay in their order. A negative prompt that a provider has no parameter for becomes one fixed sentence.
None of this is an input: changing it makes nothing stale. Pure; what a model takes is handed in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from chargen.model.request import Asked, Role, SentReference

SENTENCE_VERSION = 1
"""Counts up whenever `SENTENCE` changes; recorded with each request that used it."""

SENTENCE = "Do not show any of the following: {negative}"

PLACE = "Keep the architecture, materials and layout of the place as on its picture."
"""The same of the picture of a place."""

KEEP = "Keep each face, hair and build as on its picture; light, pose and composition follow the text."
"""What a model is asked to take from the pictures, and what not."""

KEEP_THE_REST = "Keep each face, hair and build as on its picture, and all that the text does not name as on picture 1."
"""The same where the first picture is the one to change."""


class Fitted(Struct, frozen=True):
    """The prompt as sent, the references that go along, and what was changed to get there."""

    prompt: str
    references: tuple[SentReference, ...]
    notes: tuple[str, ...]


class ReferenceChoice(Struct, frozen=True):
    """References to send and references that are left out, both in the order they were listed."""

    kept: tuple[SentReference, ...]
    dropped: tuple[SentReference, ...]


def fit(asked: Asked, model_id: str, limit: int) -> Fitted:
    """Keep at most `limit` references, put words in the place of the others, and append the negative prompt.

    The picture that a retake is made from is the first of the pictures, and counts.
    """
    notes: list[str] = []
    first = () if asked.retake is None or limit < 1 else (asked.retake.picture,)
    choice = choose_references(asked.references, limit - len(first))
    choice = replace(choice, kept=(*first, *choice.kept))
    prompt = with_descriptions(asked.prompt, choice.dropped)
    if choice.kept != first and (who := legend(choice.kept)):
        prompt = f"{prompt.rstrip()}\n\n{who}"
    if choice.dropped:
        notes.append(dropped_note(choice.dropped, model_id, limit))
    fitted = with_negative(prompt, asked.negative_prompt)
    if fitted != prompt:
        notes.append(f"the negative prompt is folded into the prompt (sentence {SENTENCE_VERSION})")
    return Fitted(fitted, choice.kept, tuple(notes))


def choose_references(references: Sequence[SentReference], limit: int) -> ReferenceChoice:
    """Keep at most `limit` references."""
    seen: Counter[str] = Counter()
    ranked: list[tuple[bool, int, int]] = []
    for index, reference in enumerate(references):
        ranked.append((reference.is_place, seen[reference.character], index))
        seen[reference.character] += 1
    chosen = {index for *_, index in sorted(ranked)[: max(limit, 0)]}
    return ReferenceChoice(
        kept=tuple(reference for index, reference in enumerate(references) if index in chosen),
        dropped=tuple(reference for index, reference in enumerate(references) if index not in chosen),
    )


def legend(kept: Sequence[SentReference]) -> str:
    """Say who or what is on which of the pictures that go along; nothing where nobody is named."""
    named = [(number, each) for number, each in enumerate(kept, start=1) if each.name]
    lines = [f"Picture {number}: {'the place, ' if each.is_place else ''}{each.name}." for number, each in named]
    people = any(each.role is Role.REFERENCE and not each.is_place for _, each in named)
    changes = any(each.role is Role.PICTURE for each in kept)
    lines += [KEEP_THE_REST if changes else KEEP] if people else []
    lines += [PLACE] if any(each.is_place for _, each in named) else []
    return " ".join(lines)


def with_descriptions(prompt: str, dropped: Sequence[SentReference]) -> str:
    """Append the appearance of each dropped reference to `prompt`, every text once."""
    texts = dict.fromkeys(text for reference in dropped if (text := reference.appearance.strip()))
    return "\n\n".join((prompt.rstrip(), *texts)) if texts else prompt


def dropped_note(dropped: Sequence[SentReference], model: str, limit: int) -> str:
    """Say in one sentence which references the model did not get, and for which of them words stand in."""
    described = [each for each in dropped if each.appearance.strip()]
    left_out = [each for each in dropped if not each.appearance.strip()]
    parts = ((described, "described in words"), (left_out, "left out"))
    what = "; ".join(f"{', '.join(map(_named, several))} {fate}" for several, fate in parts if several)
    return f"`{model}` takes at most {limit} reference{'' if limit == 1 else 's'}: {what}"


def _named(reference: SentReference) -> str:
    """Call a picture by who or what is on it, and by its place."""
    who = f"the place, {reference.name}" if reference.is_place else reference.name
    return f"{who} (`{reference.label}`)" if reference.name else f"`{reference.label}`"


def with_negative(prompt: str, negative: str) -> str:
    """Return `prompt` followed by the sentence that names what to leave out; `prompt` alone where nothing is."""
    words = " ".join(negative.split())
    if not words:
        return prompt
    sentence = SENTENCE.format(negative=words)
    return f"{prompt.rstrip()}\n\n{sentence}{'' if sentence.endswith(('.', '!', '?')) else '.'}"
