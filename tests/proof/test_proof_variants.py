"""A slice of the ends of a build that makes three pictures of the same words."""

from collections.abc import Callable

from servers.openai_server import OpenAIServer

from proof.tally import Bench, Tally
from proof.variants import Variants


def test_what_lacks_is_made_and_nothing_twice(bench: Callable[[int], Bench]) -> None:
    """However it ends, between two variants too."""
    tally = Tally("variants")
    with OpenAIServer() as server:
        book = Variants.made(bench(3), server, images=6)
        for part, way in ((3, "KILL"), (5, "TERM"), (7, "KILL")):
            book.ended_at(tally, part * book.steps // 8, way)
    tally.held()
    assert tally.faults
