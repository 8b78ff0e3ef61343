"""Problems of the input, and images that are left alone, as lines of a summary.

Each problem is told once, however many images it concerns. Light to import: every run ends with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from chargen.cli.tables import listed, plural
from chargen.errors import Severity
from chargen.model.reason import Reason, ReasonCode, has, sentences
from chargen.model.values import Verdict

if TYPE_CHECKING:
    from chargen.plan.findings import Finding

NAMED = 3
"""Images named beside a problem before it says how many more there are."""

_TOLD = (Verdict.LOCKED, Verdict.EDITED, Verdict.UNRECORDED, Verdict.NO_PROMPT)


def problem_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield problems as text, with the images they concern where their place does not tell."""
    for finding in findings:
        first, *more = str(finding.problem).split("\n")
        named = finding.images
        who = ", ".join(f"`{entry_id}`" for entry_id in named[:NAMED])
        if len(named) > NAMED:
            who += f" and {len(named) - NAMED:,} more"
        yield first + (f" (for {who})" if who else "")
        yield from more


def tally(totals: Mapping[Severity, int]) -> str:
    """Say how many problems there are: `2 errors, 1 warning`."""
    return ", ".join(plural(totals[severity], severity.value) for severity in Severity if totals[severity])


def untouched_lines(images: Iterable[tuple[str, str, tuple[Reason, ...]]]) -> Iterator[str]:
    """Yield a line for each verdict worth knowing, one for each lock that hides something, and what hinders judging.

    `images` are (id, verdict, reasons), in build order, of images that need nothing and are not simply fresh.
    """
    known = tuple(images)
    for verdict in _TOLD:
        found = {name: reasons for name, its, reasons in known if its == verdict.value}
        if verdict is Verdict.LOCKED:
            for name, reasons in tuple(found.items()):
                if any(reason.code is not ReasonCode.HELD for reason in reasons):
                    yield f"locked: {name}: {sentences(reasons)}"
                    del found[name]
        if found and verdict is Verdict.NO_PROMPT:
            have = "entry has" if len(found) == 1 else "entries have"
            yield f"{len(found):,} {have} no prompt yet (`chargen plan --all` lists them)"
        elif found:
            yield f"{verdict.value}: {listed(found)}"
        if found and verdict is Verdict.EDITED:
            yield "  left alone: `chargen accept` takes one as current, `doit --rebuild` makes a new one"
    yield from _unjudged(known)


def _unjudged(images: Iterable[tuple[str, str, tuple[Reason, ...]]]) -> Iterator[str]:
    """Yield which images are kept because their inputs can't be made, once for each cause."""
    found: dict[tuple[Reason, ...], list[str]] = {}
    for name, verdict, reasons in images:
        if verdict == Verdict.FRESH.value and reasons and not has(reasons, ReasonCode.POINTER_TO_RECORDED):
            found.setdefault(reasons, []).append(name)
    for reasons, names in found.items():
        places = ", ".join(dict.fromkeys(reason.place for reason in reasons if reason.place))
        until = f" until {places} is fixed" if places else " (`chargen check` says where)"
        kept = "kept as it is" if len(names) == 1 else "kept as they are"
        yield f"{kept}: {listed(names)}; can't be checked{until}"
        yield from (f"  {reason}" for reason in reasons)
