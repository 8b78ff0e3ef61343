"""What of an entry's fields goes into a prompt of limited length: the weightiest first, nothing left out unsaid."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chargen.errors import Position
from chargen.model.entries import PromptPart
from chargen.model.traced import Traced
from chargen.plan.prompt_limit import Shortened, fit

HERE = Position("imagery/a.yaml", 3, 5)


def part(text: str, weight: int, label: str = "", name: str = "part") -> PromptPart:
    return PromptPart(Traced.of(text, "field", HERE), weight, label, name)


def test_what_fits_stays_as_it_is() -> None:
    parts = (part("one", 1), part("two", 2))
    assert fit(parts, 100) == (parts, ())


def test_what_is_lighter_gives_way_first_and_is_told() -> None:
    """Shortened at a word where enough room is left, else left out; what comes after it does not go in either."""
    long = "word " * 30 + "end"
    kept, left_out = fit((part("a" * 40, 1), part(long, 2, "Label: ", "middle"), part("tiny", 5, name="last")), 110)
    assert [each.text for each in kept] == ["a" * 40, " ".join(["word"] * 12)]
    assert left_out == (
        Shortened("middle", "imagery/a.yaml:3:5", 59, len(long)),
        Shortened("last", "imagery/a.yaml:3:5", 0, 4),
    )


def test_little_room_shortens_nothing() -> None:
    kept, left_out = fit((part("a" * 60, 1), part("word " * 30, 2)), 100)
    assert len(kept) == 1
    assert left_out[0].kept == 0


@given(st.lists(st.tuples(st.text("ab ", min_size=1, max_size=90), st.integers(1, 5)), max_size=8), st.integers(0, 300))
def test_never_longer_than_the_limit_and_nothing_unsaid(given_parts: list[tuple[str, int]], limit: int) -> None:
    parts = [part(text, weight, name=str(number)) for number, (text, weight) in enumerate(given_parts)]
    kept, left_out = fit(parts, limit)
    assert sum(len(each.label) + len(each.text) for each in kept) + max(0, len(kept) - 1) <= limit
    whole = {each.name for each in kept} - {each.name for each in left_out}
    assert whole | {each.name for each in left_out} == {each.name for each in parts}
    assert all(each in parts for each in kept if each.name in whole)
