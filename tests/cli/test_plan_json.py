"""`plan --json` as text: what the standard library writes, whatever stands in the fields."""

import json
from types import SimpleNamespace
from typing import Any
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from chargen.cli import plan
from chargen.model.traced import Traced

TEXTS = st.text() | st.sampled_from(["%s", '"images": []', "\x1b[31m", "a\u2028b", 'x": []', "\ud800"])
FIELDS = (
    TEXTS | st.none() | st.booleans() | st.integers(0, 2**60) | st.integers(0, 10**6).map(lambda number: number / 10**4)
    | st.lists(TEXTS, max_size=3) | TEXTS.map(lambda text: Traced.of(text, "quality"))
)  # fmt: skip
NAMES = st.sampled_from(["id", "line", "references", "reasons", "quality", "cost_usd"])
IMAGES = st.lists(st.dictionaries(NAMES, FIELDS, min_size=1), max_size=3)


@given(IMAGES, st.lists(st.dictionaries(TEXTS, FIELDS, max_size=2), max_size=2))
def test_the_text_is_that_of_the_standard_library(images: list[Any], problems: list[Any]) -> None:
    """Quotation marks, percent signs, control characters and lists come out the same, byte for byte; piece by piece."""
    besides = {"problems": problems, "totals": {}, "cost_usd": None}
    shown = [SimpleNamespace(to_json=lambda image=image: image) for image in images]
    with mock.patch.object(plan, "_AT_ONCE", 2):
        pieces = list(plan.plan_text(shown, besides))  # type: ignore[arg-type]
    assert "".join(pieces) == json.dumps({"images": images, **besides}, indent=1, ensure_ascii=False) + "\n"
    assert len(pieces) == 2 + (len(images) + 1) // 2
