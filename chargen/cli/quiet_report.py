"""The end of a summary: images that need nothing and are not simply fresh. Light to import: every run ends with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chargen.model.reason import Reason, ReasonCode, sentences
from chargen.model.values import Verdict
from chargen.store.files import printable

MANY = 12
"""Names listed in a summary line before it says how many more there are."""

_TOLD = (Verdict.LOCKED, Verdict.EDITED, Verdict.UNRECORDED, Verdict.NO_PROMPT)


def standing_lines(images: Iterable[tuple[str, str, tuple[Reason, ...]]]) -> Iterator[str]:
    """Yield a line for each verdict worth knowing, one for each lock that hides something, and what hinders judging.

    `images` are (id, verdict, reasons) in build order.
    """
    known = tuple(images)
    for verdict in _TOLD:
        found = [(name, reasons) for name, its, reasons in known if its == verdict.value]
        if verdict is Verdict.LOCKED:
            for name, reasons in found:
                if any(reason.code is not ReasonCode.HELD for reason in reasons):
                    yield f"locked: {printable(name)}: {sentences(reasons)}"
        if found:
            yield f"{verdict.value}: {listed(name for name, _ in found)}"
        if found and verdict is Verdict.EDITED:
            yield "  left alone: `chargen accept` takes one as current, `doit --rebuild` makes a new one"
    yield from _unjudged(known)


def _unjudged(images: Iterable[tuple[str, str, tuple[Reason, ...]]]) -> Iterator[str]:
    """Yield which images are kept because their inputs can't be made, once for each cause."""
    found: dict[tuple[Reason, ...], list[str]] = {}
    for name, verdict, reasons in images:
        if verdict == Verdict.FRESH.value and reasons:
            found.setdefault(reasons, []).append(name)
    for reasons, names in found.items():
        yield f"kept, but nobody can say whether it is current: {listed(names)}"
        yield from (f"  {printable(str(reason))}" for reason in reasons)
    if found:
        yield "  `chargen check` says where"


def listed(names: Iterable[str]) -> str:
    """Join names, the first `MANY` of them."""
    known = list(names)
    more = f" and {len(known) - MANY} more" if len(known) > MANY else ""
    return ", ".join(map(printable, known[:MANY])) + more
