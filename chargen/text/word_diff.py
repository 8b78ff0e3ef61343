"""What changed between two texts, word by word, so that an author sees the words and not the lines.

Laws: the kept and removed runs joined have the words of the text before, the kept and added ones those of the text
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


class RunKind(str, Enum):
    """What became of a run of words."""

    KEPT = "kept"
    REMOVED = "removed"
    ADDED = "added"


class Run(Struct, frozen=True):
    """Words with one fate, as they were written, blanks included."""

    fate: RunKind
    text: str


Mark = Callable[[RunKind, str], str]
"""Puts marks around words of one fate."""


def word_diff(before: str, after: str) -> tuple[Run, ...]:
    """Compare two texts; removed words stand before the added ones that took their place. Empty if no word changed."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    matcher = SequenceMatcher(None, _bare(old), _bare(new), autojunk=max(len(old), len(new)) > _LARGE)
    runs: list[Run] = []
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            runs.append(Run(RunKind.KEPT, "".join(new[new_from:new_to])))
            continue
        if old_to > old_from:
            runs.append(Run(RunKind.REMOVED, "".join(old[old_from:old_to])))
        if new_to > new_from:
            runs.append(Run(RunKind.ADDED, "".join(new[new_from:new_to])))
    return tuple(runs) if any(run.fate is not RunKind.KEPT for run in runs) else ()


def shortened(runs: Iterable[Run], context: int = CONTEXT) -> tuple[Run, ...]:
    """Cut kept runs down to `context` words beside a change, an ellipsis where words are left out."""
    shown = list(runs)
    for number, run in enumerate(shown):
        if run.fate is not RunKind.KEPT:
            continue
        words = _TOKEN.findall(run.text)
        head = words[:context] if number else []
        tail = words[-context:] if number < len(shown) - 1 else []
        if len(words) > len(head) + len(tail) + 1:
            text = "".join(head) + (f"{ELLIPSIS} " if tail else ELLIPSIS) + "".join(tail)
            shown[number] = Run(RunKind.KEPT, text)
    return tuple(shown)


def plain(runs: Iterable[Run]) -> str:
    """Write a comparison as text: `a [-brass-]{+paper+} lamp`; blanks stay outside the marks."""
    marks = {RunKind.KEPT: ("", ""), RunKind.REMOVED: ("[-", "-]"), RunKind.ADDED: ("{+", "+}")}
    return marked(runs, lambda fate, words: marks[fate][0] + words + marks[fate][1])


def marked(runs: Iterable[Run], mark: Mark, between: str = "") -> str:
    """Write a comparison with `mark` around removed and added words, never around the blanks at their end.

    `between` stands between removed words and those that took their place.
    """
    shown = tuple(runs)
    text = ""
    for number, run in enumerate(shown):
        words = run.text.rstrip()
        blanks = run.text[len(words) :]
        replaced = run.fate is RunKind.REMOVED and number + 1 < len(shown) and shown[number + 1].fate is RunKind.ADDED
        text += run.text if run.fate is RunKind.KEPT else mark(run.fate, words) + (between if replaced else blanks)
    return text


def _bare(tokens: Iterable[str]) -> list[str]:
    return [token.rstrip() for token in tokens]
