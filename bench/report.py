"""Rows of measurements: as JSON for programs and as a table for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One measured value. `aim` is the most it should be (the least, where `least`), None where there is no aim."""

    name: str
    value: float
    aim: float | None
    unit: str = "times"
    seconds: Mapping[str, float] = field(default_factory=dict)
    least: bool = False

    @property
    def met(self) -> bool | None:
        """Say whether the aim is met; None without one."""
        if self.aim is None:
            return None
        return self.value >= self.aim if self.least else self.value <= self.aim


def as_json(rows: Sequence[Row], machine: Mapping[str, object]) -> str:
    values = [{**{name: getattr(row, name) for name in row.__dataclass_fields__}, "met": row.met} for row in rows]
    return json.dumps({"machine": machine, "rows": values}, indent=1, default=dict)


def as_table(rows: Sequence[Row]) -> str:
    """Write a Markdown table."""
    lines = ["| work | measured | aim | |", "|---|--:|--:|---|"]
    for row in rows:
        sign = {True: "met", False: "missed", None: ""}[row.met]
        aim = "" if row.aim is None else f"{'at least' if row.least else 'at most'} {row.aim:g}"
        lines.append(f"| {row.name} | {row.value:.3g} {row.unit} | {aim} | {sign} |")
    return "\n".join(lines)
