"""Chooses which references go along where a model takes fewer than there are, and what words stand in for the rest.

Laws: every character's first picture comes before anyone's second; those kept stay in their order; nothing is kept
or dropped by anything but position and character. Pure; knows no provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chargen.model.request import SentReference

KEEP = "Keep each face, hair and build as on its picture; light, pose and composition follow the text."
"""What a model is asked to take from the pictures, and what not."""


@dataclass(frozen=True, slots=True)
class Choice:
    """References to send and references that are left out, both in the order they were listed."""

    kept: tuple[SentReference, ...]
    dropped: tuple[SentReference, ...]


def choose(references: Sequence[SentReference], limit: int) -> Choice:
    """Keep at most `limit` references."""
    seen: dict[str, int] = {}
    ranked: list[tuple[int, int]] = []
    for index, reference in enumerate(references):
        rank = seen.get(reference.character, 0)
        seen[reference.character] = rank + 1
        ranked.append((rank, index))
    chosen = {index for _, index in sorted(ranked)[: max(limit, 0)]}
    return Choice(
        kept=tuple(reference for index, reference in enumerate(references) if index in chosen),
        dropped=tuple(reference for index, reference in enumerate(references) if index not in chosen),
    )


def legend(kept: Sequence[SentReference]) -> str:
    """Say who is on which of the pictures that go along; nothing where nobody is named."""
    names = [f"Picture {number}: {each.name}." for number, each in enumerate(kept, start=1) if each.name]
    return " ".join((*names, KEEP)) if names else ""


def describe(prompt: str, dropped: Sequence[SentReference]) -> str:
    """Append the appearance of each dropped reference to `prompt`, every text once."""
    texts = dict.fromkeys(text for reference in dropped if (text := reference.appearance.strip()))
    return "\n\n".join((prompt.rstrip(), *texts)) if texts else prompt


def dropped_note(dropped: Sequence[SentReference], model: str, limit: int) -> str:
    """Say in one sentence which references the model did not get."""
    names = ", ".join(f"`{reference.label}`" for reference in dropped)
    instead = "described in words" if all(reference.appearance.strip() for reference in dropped) else "left out"
    return f"`{model}` takes at most {limit} reference{'' if limit == 1 else 's'}: {names} {instead}"
