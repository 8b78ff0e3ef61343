"""Problems of the input as text and as JSON: what is wrong first, each told once, however many images it concerns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from chargen.cli.tables import plural
from chargen.errors import Severity
from chargen.plan.findings import Finding
from chargen.plan.plan import problem_json
from chargen.store.files import printable

MANY = 3
"""Images named beside a problem before it says how many more there are."""


def lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield problems as text, with the images they concern where their place does not tell."""
    for finding in findings:
        first, *more = str(finding.problem).split("\n")
        named = finding.images
        who = ", ".join(f"`{printable(entry_id)}`" for entry_id in named[:MANY])
        if len(named) > MANY:
            who += f" and {len(named) - MANY:,} more"
        yield printable(first) + (f" (for {who})" if who else "")
        for line in more:
            yield printable(line)


def tally(findings: Iterable[Finding]) -> str:
    """Count problems by severity: `2 errors, 1 warning`."""
    found = Counter(finding.problem.severity for finding in findings)
    return ", ".join(plural(found[severity], severity.value) for severity in Severity if found[severity])


def check_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return the object of `check --json`.

    `problems[]` are those of `plan --json` with `images`, the ids a problem concerns; `totals` counts by severity.
    """
    found = tuple(findings)
    counted = Counter(finding.problem.severity for finding in found)
    return {
        "problems": [{**problem_json(finding.problem), "images": list(finding.images)} for finding in found],
        "totals": {severity.value: counted[severity] for severity in Severity},
    }
