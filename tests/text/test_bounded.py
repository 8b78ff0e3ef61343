"""What strangers tell, bounded so that it can be kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.text.bounded import LARGEST, LONGEST_TEXT, MOST_ITEMS, bounded
from chargen.text.secrets import scrub

ORDINARY: dict[str, Any] = {"a": [1, 2.5, True, None, "größe"], "b": {"c": {"d": [{"e": "f"}]}}}


def test_ordinary_values_stay_as_they_are() -> None:
    """Also true and false, which are numbers to Python."""
    assert bounded(ORDINARY) == ORDINARY
    assert bounded([True, False]) == [True, False]
    assert bounded(LARGEST) == LARGEST


@pytest.mark.parametrize("value", [10**40, -(10**40), float("inf"), float("nan"), 1e300])
def test_numbers_that_fit_nowhere_go(value: float) -> None:
    """They are no count of anything."""
    assert bounded({"tokens": value}) == {"tokens": None}


def test_depth_length_and_letters_have_an_end() -> None:
    """What is cut is cut at its end; half a letter becomes a mark."""
    deep: Any = "x"
    for _ in range(700):
        deep = [deep]
    assert len(json.dumps(bounded(deep))) < 50
    assert len(bounded("x" * (LONGEST_TEXT + 1))) == LONGEST_TEXT
    assert len(bounded([0] * (MOST_ITEMS + 1))) == MOST_ITEMS
    assert bounded("a\ud800b") == "a?b"


@given(st.recursive(st.none() | st.floats() | st.integers() | st.text(st.characters()), st.lists, max_leaves=30))
def test_anything_can_be_written_afterwards(value: object) -> None:
    """As JSON in UTF-8, and bounding it again changes nothing."""
    kept = bounded(value)
    json.dumps(kept, ensure_ascii=False, allow_nan=False).encode()
    assert bounded(kept) == kept


def test_every_text_is_cleaned_and_only_then_cut() -> None:
    """Also the names in objects. Of a key that stands where a text is cut, not even the beginning is kept."""
    told = {"a secret-of-mine": ["secret-of-mine", {"n": 1, "t": True, "z": None}], "b": ("x",)}
    assert bounded(told, _scrubbed) == {"a [key]": ["[key]", {"n": 1, "t": True, "z": None}], "b": ["x"]}
    begun = "x" * (LONGEST_TEXT - 6)
    assert bounded(f"{begun}secret-of-mine", _scrubbed) == f"{begun}[key]"


def _scrubbed(text: str) -> str:
    return scrub(text, ["secret-of-mine"])
