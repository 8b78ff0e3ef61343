"""Fits what an author asked into one prompt and the references a model takes: the adaptation all providers share.

Law: nothing is left out silently; what is changed is a note, but for the line that says who is on which picture, which
is in every prompt with references. Pure; what a model takes is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass

from chargen.model.request import Asked, SentReference
from chargen.providers.catalogue import negative, reference_choice


@dataclass(frozen=True, slots=True)
class Fitted:
    """The prompt as sent, the references that go along, and what was changed to get there."""

    prompt: str
    references: tuple[SentReference, ...]
    notes: tuple[str, ...]


def fit(asked: Asked, model_id: str, limit: int) -> Fitted:
    """Keep at most `limit` references, put words in the place of the others, and append the negative prompt."""
    notes: list[str] = []
    choice = reference_choice.choose(asked.references, limit)
    prompt = reference_choice.describe(asked.prompt, choice.dropped)
    if legend := reference_choice.legend(choice.kept):
        prompt = f"{prompt.rstrip()}\n\n{legend}"
    if choice.dropped:
        notes.append(reference_choice.dropped_note(choice.dropped, model_id, limit))
    fitted = negative.appended(prompt, asked.negative_prompt)
    if fitted != prompt:
        notes.append(f"the negative prompt is folded into the prompt (sentence {negative.SENTENCE_VERSION})")
    return Fitted(fitted, choice.kept, tuple(notes))
