"""Problems of the input, and images that are left alone, as lines of a summary.

Each problem is reported once, however many images it concerns. Light to import: every run ends with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from chargen.cli.tables import listed, plural
from chargen.errors import NAME, Problem, Severity
from chargen.model.groups import grouped
from chargen.model.reason import Reason, ReasonCode, has, of_many, sentences, tier_told
from chargen.model.values import Verdict
from chargen.text.names import FEW, few, few_names

if TYPE_CHECKING:
    from chargen.plan.cache.stamp import Summary
    from chargen.plan.findings import Cause, Finding

LONG = 50
"""Images that have a line for each; more of them have one for each file, or each reason."""

FOLDED = 12
"""Reasons of many images that are told."""

_TOLD_TOGETHER = frozenset({ReasonCode.HELD, ReasonCode.DRAFT, ReasonCode.APPROVED_AS_DRAFT})
"""Reasons of images that are left alone that have no line for each."""

_OF_VARIANTS = frozenset({ReasonCode.VARIANTS_BY_NAME, ReasonCode.VARIANTS_BLOCKED})
"""Why a picture that is current gets no more versions."""

_TOLD = (Verdict.WAITING, Verdict.LOCKED, Verdict.EDITED, Verdict.UNRECORDED, Verdict.NO_PROMPT)


def problem_lines(findings: Iterable[Finding], *, everything: bool = False) -> Iterator[str]:
    """Yield problems as text, one for each cause: the first, what it concerns, and where else it is found.

    With `everything`, each place has a problem of its own.
    """
    from chargen.plan.findings import Cause, by_cause  # noqa: PLC0415 - the end of a run needs no plan for it

    for cause in (Cause((finding,)) for finding in findings) if everything else by_cause(findings):
        first, *hint = str(cause.problem).split("\n")
        yield first + (f" (for {few_names(cause.images)})" if cause.images else "")
        if cause.more:
            yield f"  also {_elsewhere(cause)}"
        yield from hint


def _elsewhere(cause: Cause) -> str:
    """Say where else a cause is found: two more places, then how many there are; names where these differ."""
    first, shown = cause.problem, cause.more[: FEW - 1]
    places = [_place(problem, first) for problem in shown]
    files = len({problem.position.file for problem in (first, *cause.more) if problem.position})
    rest = len(cause.more) - len(shown)
    text = ", ".join(places) + (f" and {rest:,} more" if rest else "")
    return text + (f", in {files:,} files" if files > 1 and rest else "")


def _place(problem: Problem, first: Problem) -> str:
    """Say where a problem is, and its first name that the first problem has not."""
    position = problem.position
    here = position is not None and first.position is not None and position.file == first.position.file
    place = f"line {position.line}" if here and position and position.line else str(position or "")
    names = [name for name in NAME.findall(problem.message) if name not in first.message]
    return " ".join(part for part in (f"at {place}" if place else "", *names[:1]) if part)


def tally(totals: Mapping[Severity, int]) -> str:
    """Say how many problems there are: `2 errors, 1 warning`."""
    return ", ".join(plural(totals[severity], severity.value) for severity in Severity if totals[severity])


def standing_lines(found: Summary, seconds: float) -> Iterator[str]:
    """Yield all that a run tells in which nothing had to be done."""
    yield f"{f'fresh {found.fresh:,}' if found.fresh else 'nothing to do'}, {seconds:.1f} s"
    yield from untouched_lines(found.others)


def untouched_lines(images: Iterable[tuple[str, str, tuple[Reason, ...]]]) -> Iterator[str]:
    """Yield a line for each verdict worth knowing, what locks hide, and what hinders judging.

    `images` are (id, verdict, reasons), in build order, of images that need nothing and are not simply fresh.
    """
    known = tuple(images)
    for verdict in _TOLD:
        found = {name: reasons for name, its, reasons in known if its == verdict.value}
        if verdict is Verdict.LOCKED:
            hiding = {name: its for name, its in found.items() if any(one.code not in _TOLD_TOGETHER for one in its)}
            yield from _locks(hiding)
            found = {name: reasons for name, reasons in found.items() if name not in hiding}
        if found and verdict is Verdict.NO_PROMPT:
            have = "entry has" if len(found) == 1 else "entries have"
            yield f"{len(found):,} {have} no prompt yet (`chargen plan --all` lists them)"
        elif found and verdict is Verdict.WAITING:
            yield f"waiting: {plural(len(found), 'image')} in jobs or behind them{_since(found.values())}"
        elif found:
            yield f"{verdict.value}: {listed(found)}"
        if found and verdict is Verdict.EDITED:
            yield "  left alone: `chargen accept` takes one as current, `doit --rebuild` makes a new one"
    yield from _unjudged(known)
    yield from _of_tiers(known)


def _locks(found: Mapping[str, tuple[Reason, ...]]) -> Iterator[str]:
    """Yield a line for each lock that hides something; of many, one for each thing hidden."""
    if len(found) <= LONG:
        yield from (f"locked: {name}: {sentences(reasons)}" for name, reasons in found.items())
        return
    alike = grouped(found, lambda name: sentences(dict.fromkeys(map(of_many, found[name]))))
    many = sorted(alike.items(), key=lambda item: -len(item[1]))
    yield from (f"locked: {few(names)}: {reasons}" for reasons, names in many[:FOLDED])
    if rest := sum(len(names) for _, names in many[FOLDED:]):
        yield f"locked: {plural(rest, 'more image')}"
    yield "  `chargen plan --all` names each"


def _of_tiers(images: Iterable[tuple[str, str, tuple[Reason, ...]]]) -> Iterator[str]:
    """Yield how many pictures are drafts, and what was approved as one."""
    drafts = Counter(tier for _, _, reasons in images if (tier := tier_told(reasons)))
    if drafts:
        tiers = ", ".join(f"{tier} {count:,}" for tier, count in drafts.items()) if len(drafts) > 1 else ""
        of_tiers = f" ({tiers})" if tiers else ""
        yield f"{plural(drafts.total(), 'draft')}{of_tiers}: `chargen promote` makes finals of those that are approved"
    seen = [name for name, _, reasons in images if has(reasons, ReasonCode.APPROVED_AS_DRAFT)]
    if seen:
        yield f"approved as drafts: {listed(seen)}; look at the final pictures, then approve or reject them"


def _since(found: Iterable[Iterable[Reason]]) -> str:
    """Say since when requests of images are in jobs."""
    moments = [reason.values[1] for reasons in found for reason in reasons if reason.code is ReasonCode.IN_JOB]
    return f", since {min(moments)}" if moments else ""


def _unjudged(images: Iterable[tuple[str, str, tuple[Reason, ...]]]) -> Iterator[str]:
    """Yield which images are kept because their inputs can't be made, or get no more variants, once for each cause."""
    found: dict[tuple[Reason, ...], list[str]] = {}
    fewer: dict[Reason, dict[str, Reason]] = {}
    for name, verdict, reasons in images:
        causes = tuple(reason for reason in reasons if reason.code not in _TOLD_TOGETHER)
        hinder = tuple(reason for reason in causes if reason.code not in _OF_VARIANTS)
        if verdict != Verdict.FRESH.value or has(causes, ReasonCode.POINTER_TO_RECORDED):
            continue
        if hinder:
            found.setdefault(hinder, []).append(name)
        for reason in causes if not hinder else ():
            fewer.setdefault(of_many(reason), {})[name] = reason
    for reasons, names in found.items():
        places = ", ".join(dict.fromkeys(reason.place for reason in reasons if reason.place))
        until = f" until {places} is fixed" if places else " (`chargen check` says where)"
        yield f"{_kept(names)}; can't be checked{until}"
        yield from (f"  {reason}" for reason in reasons)
    for reason, each in fewer.items():
        yield f"{_kept(tuple(each))}; {next(iter(each.values())) if len(each) == 1 else reason}"


def _kept(names: Sequence[str]) -> str:
    return f"{'kept as it is' if len(names) == 1 else 'kept as they are'}: {listed(names)}"
