"""Short texts out of long ones: whole sentences where they fit, else a cut where the author took a breath.

Laws: the result is one line with single spaces, never longer than asked, and begins as the text begins. These
texts end up in prompts: a changed rule changes inputs. Pure.
"""

from __future__ import annotations

import re

LETTERS_PER_WORD = 8
"""Bounds texts whose script puts no spaces between words."""

_SENTENCE_END = r"(?<=[.!?\u2026])[\"'\u201d\u2019)\]]*\s+|(?<=[\u3002\uff01\uff1f])"
_BREATH = r"[,;:\u2014\u2013]\s|\s[-\u2014\u2013]\s|[\u2014\u3001\uff0c]"
_ABBREVIATION = r"(?:^|\W)(?:[A-Z]|[MD]rs?|Ms|St|Sr|Jr|vs|etc|e\.g|i\.e|ca|cf|approx|ft|Capt|Sgt|No)\.$"
_TRAILING = " ,;:-\u2013\u2014\u3001\uff0c"
_FINAL = ".!?\u2026\u3002\uff01\uff1f"


def one_line(text: str) -> str:
    """Return `text` on one line, every run of white space one blank."""
    return " ".join(text.split())


def shorten(text: str, words: int) -> str:
    """Return the first whole sentences of `text` that have at most `words` words.

    Where these are fewer than a third of `words` and more text follows, the next sentence is taken as far as it fits
    and cut at its last pause, else at a word.
    """
    text = one_line(text)
    if _fits(text, words):
        return text
    kept = ""
    for end in _sentence_ends(text):
        if not _fits(text[:end], words):
            break
        kept = text[:end].rstrip()
    if len(kept.split()) * 3 >= words or len(kept) * 3 >= words * LETTERS_PER_WORD:
        return kept
    return _cut(text, words, at_least=len(kept))


def shorten_to(text: str, letters: int) -> str:
    """Return the first whole sentences of `text` that have at most `letters` letters; nothing where none fits."""
    text = one_line(text)
    if len(text) <= letters:
        return text
    return text[: max((end for end in _sentence_ends(text) if end <= letters), default=0)].rstrip()


def sentence(text: str) -> str:
    """Return `text` with a full stop, unless it ends as a sentence does."""
    return text if not text or text[-1] in _FINAL else f"{text}."


def _sentence_ends(text: str) -> list[int]:
    ends = (match.end() for match in re.finditer(_SENTENCE_END, text))
    return [end for end in ends if not re.search(_ABBREVIATION, text[:end].rstrip())]


def _fits(text: str, words: int) -> bool:
    return len(text.split()) <= words and len(text) <= words * LETTERS_PER_WORD


def _cut(text: str, words: int, at_least: int) -> str:
    piece = " ".join(text.split()[:words])
    if len(piece) > words * LETTERS_PER_WORD:
        piece = piece[: words * LETTERS_PER_WORD + 1].rsplit(" ", 1)[0][: words * LETTERS_PER_WORD]
    pauses = [match.start() for match in re.finditer(_BREATH, piece)]
    if pauses and pauses[-1] > max(at_least, len(piece) // 2):
        piece = piece[: pauses[-1]]
    return piece.rstrip(_TRAILING)


def as_name(slug: str) -> str:
    """Return a slug as people write a name: `white-rabbit` is White Rabbit."""
    return slug.replace("-", " ").replace("_", " ").title()
