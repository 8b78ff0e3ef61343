"""Problems of the input, gathered: each told once, in file order, however many images it stands in the way of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from chargen.cli.tables import plural
from chargen.core.values import EntryId
from chargen.edge.files import printable
from chargen.errors import Position, Problem, Severity

MANY = 3
"""Images named beside a problem before it says how many more there are."""

_ORDER = {severity: number for number, severity in enumerate(Severity)}


def in_file_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sort problems by their place, each once; those without a place come first."""
    return tuple(sorted(dict.fromkeys(problems), key=_place))


def lines(problems: Iterable[Problem], users: Mapping[Problem, tuple[EntryId, ...]]) -> Iterator[str]:
    """Yield problems as text; `users` names the images behind those that are not written at one image's own place."""
    for problem in problems:
        first, *more = str(problem).split("\n")
        named = users.get(problem, ())
        who = ", ".join(f"`{printable(entry_id)}`" for entry_id in named[:MANY])
        if len(named) > MANY:
            who += f" and {len(named) - MANY} more"
        yield printable(first) + (f" (for {who})" if who else "")
        for line in more:
            yield printable(line)


def tally(problems: Iterable[Problem]) -> str:
    """Count problems by severity: `2 errors, 1 warning`."""
    found = Counter(problem.severity for problem in problems)
    return ", ".join(plural(found[severity], severity.value) for severity in Severity if found[severity])


def _place(problem: Problem) -> tuple[Position, int, str]:
    return problem.position or Position(""), _ORDER[problem.severity], problem.message
