"""Folds a negative prompt into the prompt, for providers that have no parameter for it.

One fixed sentence for all of them, so that the same author's words mean the same everywhere. Folding is an
adaptation: it never touches an image's inputs, and changing the sentence makes nothing stale. Pure.
"""

from __future__ import annotations

SENTENCE_VERSION = 1
"""Counts up whenever `SENTENCE` changes; recorded with each request that used it."""

SENTENCE = "Do not show any of the following: {negative}"


def appended(prompt: str, negative: str) -> str:
    """Return `prompt` followed by the sentence that names what to leave out; `prompt` alone where nothing is."""
    words = " ".join(negative.split())
    if not words:
        return prompt
    sentence = SENTENCE.format(negative=words)
    return f"{prompt.rstrip()}\n\n{sentence}{'' if sentence.endswith(('.', '!', '?')) else '.'}"
