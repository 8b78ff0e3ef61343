"""A slice of the kills: a small book, ended by every signal at an operation or at any moment."""

from collections.abc import Callable

from servers.openai_server import OpenAIServer

from proof.kill import Book
from proof.tally import Bench, Tally


def test_ended_at_operations_and_at_any_time(bench: Callable[[int], Bench]) -> None:
    """However a build of four workers ends, the next run asks only for what was not stored, and all agrees."""
    tally = Tally("kill")
    with OpenAIServer() as server:
        book = Book.made(bench(4), server, 4, images=6)
        for part, way in ((2, "KILL"), (4, "TERM"), (6, "INT INT")):
            book.ended_at(tally, part * book.steps // 8, way)
        book.ended_any_time(tally, "INT")
    tally.held()
    assert tally.faults
