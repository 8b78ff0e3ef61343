"""What the slices of the long proofs share: a folder, processes that start quickly, and luck with a seed."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.forks import Forks

from proof.tally import Bench


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Real processes, forked from one that has imported what is slow."""
    with Forks() as server:
        yield server


@pytest.fixture
def bench(tmp_path: Path, forks: Forks) -> Callable[[int], Bench]:
    """Make a bench for so many trials."""
    return lambda trials: Bench(tmp_path, forks, random.Random(7), trials)
