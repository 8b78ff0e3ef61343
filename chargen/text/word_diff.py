"""What changed between two texts, word by word, so that an author sees the words and not the lines.

Laws: the kept and removed stretches joined have the words of the text before, the kept and added ones those of the text
after; blanks alone are no change. Pure; knows nothing of prompts or terminals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import SequenceMatcher
from enum import Enum

from msgspec import Struct

_TOKEN = re.compile(r"(?:\w+(?:['\u2019_-]\w+)*|[^\w\s])\s*")
"""One word, or one mark, with the blanks that follow it."""

_LARGE = 2000
"""Words from which on common ones ("the") are no anchors: exactness would cost seconds."""

CONTEXT = 7
"""Words shown on each side of a change."""

ELLIPSIS = "…"


class StretchKind(str, Enum):
    """What became of a stretch of words."""

    KEPT = "kept"
    REMOVED = "removed"
    ADDED = "added"


class Stretch(Struct, frozen=True):
    """Words with one fate, as they were written, blanks included."""

    fate: StretchKind
    text: str


Mark = Callable[[StretchKind, str], str]
"""Puts marks around words of one fate."""


def word_diff(before: str, after: str) -> tuple[Stretch, ...]:
    """Compare two texts; removed words stand before the added ones that took their place. Empty if no word changed."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    matcher = SequenceMatcher(None, _bare(old), _bare(new), autojunk=max(len(old), len(new)) > _LARGE)
    stretches: list[Stretch] = []
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            stretches.append(Stretch(StretchKind.KEPT, "".join(new[new_from:new_to])))
            continue
        if old_to > old_from:
            stretches.append(Stretch(StretchKind.REMOVED, "".join(old[old_from:old_to])))
        if new_to > new_from:
            stretches.append(Stretch(StretchKind.ADDED, "".join(new[new_from:new_to])))
    return tuple(stretches) if any(stretch.fate is not StretchKind.KEPT for stretch in stretches) else ()


def shortened(stretches: Iterable[Stretch], context: int = CONTEXT) -> tuple[Stretch, ...]:
    """Cut kept stretches down to `context` words beside a change, an ellipsis where words are left out."""
    shown = list(stretches)
    for number, stretch in enumerate(shown):
        if stretch.fate is not StretchKind.KEPT:
            continue
        words = _TOKEN.findall(stretch.text)
        head = words[:context] if number else []
        tail = words[-context:] if number < len(shown) - 1 else []
        if len(words) > len(head) + len(tail) + 1:
            text = "".join(head) + (f"{ELLIPSIS} " if tail else ELLIPSIS) + "".join(tail)
            shown[number] = Stretch(StretchKind.KEPT, text)
    return tuple(shown)


def plain(stretches: Iterable[Stretch]) -> str:
    """Write a comparison as text: `a [-brass-]{+paper+} lamp`; blanks stay outside the marks."""
    marks = {StretchKind.KEPT: ("", ""), StretchKind.REMOVED: ("[-", "-]"), StretchKind.ADDED: ("{+", "+}")}
    return marked(stretches, lambda fate, words: marks[fate][0] + words + marks[fate][1])


def marked(stretches: Iterable[Stretch], mark: Mark, between: str = "") -> str:
    """Write a comparison with `mark` around removed and added words, never around the blanks at their end.

    `between` stands between removed words and those that took their place.
    """
    shown = tuple(stretches)
    text = ""
    for number, stretch in enumerate(shown):
        words = stretch.text.rstrip()
        blanks = stretch.text[len(words) :]
        after = shown[number + 1].fate if number + 1 < len(shown) else None
        replaced = (stretch.fate, after) == (StretchKind.REMOVED, StretchKind.ADDED)
        kept = stretch.fate is StretchKind.KEPT
        text += stretch.text if kept else mark(stretch.fate, words) + (between if replaced else blanks)
    return text


def _bare(tokens: Iterable[str]) -> list[str]:
    return [token.rstrip() for token in tokens]
