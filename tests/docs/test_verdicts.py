"""The guide has a line for every verdict a plan may print."""

from __future__ import annotations

import re
from pathlib import Path

from chargen.model.values import Verdict

GUIDE = Path(__file__).parents[2] / "docs/guide.md"


def test_every_verdict_has_a_line() -> None:
    """And no line is of a verdict that there is not."""
    table = GUIDE.read_text(encoding="utf-8").partition("| verdict | the image | a build |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| ([a-z-]+) \|", table, re.MULTILINE)) == {verdict.value for verdict in Verdict}
