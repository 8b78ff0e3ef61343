"""What something feeds, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from chargen.actions.impact import Impact, Reached
from chargen.cli.reading import number
from chargen.cli.tables import coloured, columns, counts, dim, estimate_text, plural
from chargen.model.values import Verdict
from chargen.store.files import printable


def lines(found: Impact) -> Iterator[str]:
    """Yield a line for each image, then what a change comes to."""
    if not found.reached:
        yield f"{printable(found.what)} feeds no image"
        return
    yield from columns([_row(item) for item in found.reached], right=frozenset({2}))
    yield ""
    verdicts = Counter(item.image.verdict for item in found.reached)
    told = counts({verdict.value: verdicts[verdict] for verdict in Verdict})
    yield f"{printable(found.what)} feeds {plural(len(found.reached), 'image')}: {told}"
    if found.kept:
        yield f"{len(found.kept):,} approved or locked: they stay as they are"
    if found.rebuilt:
        which = "it" if len(found.reached) == 1 else f"{len(found.rebuilt):,} of them"
        yield f"a change rebuilds {which}: {estimate_text(found.cost_usd)} by estimate"
    else:
        yield "a change rebuilds none of them"


def as_object(found: Impact) -> dict[str, Any]:
    """Return the object of `impact --json`."""
    return {
        "what": found.what,
        "images": [
            {
                "id": item.image.id,
                "target": item.image.target,
                "verdict": item.image.verdict.value,
                "through": item.through,
                "rebuilds": item.rebuilds,
                "route": str(item.image.route) if item.image.route else None,
                "cost_usd": number(item.cost_usd),
            }
            for item in found.reached
        ],
        "locked": len(found.kept),
        "rebuilds": len(found.rebuilt),
        "cost_usd": number(found.cost_usd),
    }


def _row(item: Reached) -> tuple[str, ...]:
    price = estimate_text(item.cost_usd) if item.rebuilds else ""
    through = dim(f"through {printable(item.through)}") if item.through else ""
    return coloured(item.image.verdict), printable(item.image.id), price, through
