"""A slice of the kills: a small book, each way to end, at a few operations and moments."""

from collections.abc import Callable

import pytest
from servers.openai_server import OpenAIServer

from proof.kill import Book
from proof.tally import Bench, Tally


@pytest.mark.parametrize("way", ["KILL", "TERM", "INT", "INT INT"])
def test_ended_at_operations_and_at_any_time(bench: Callable[[int], Bench], way: str) -> None:
    """However a build of four workers ends, the next run asks only for what was not stored, and all agrees."""
    tally = Tally(way)
    with OpenAIServer() as server:
        book = Book.made(bench(4), server, 4, images=12)
        for step in (book.steps // 3, 2 * book.steps // 3):
            book.ended_at(tally, step, way)
        book.ended_any_time(tally, way)
    tally.held()
    assert tally.faults
