"""What the slices of the long proofs share: a folder, and luck with a seed."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from support.forks import Forks

from proof.tally import Bench


@pytest.fixture
def bench(tmp_path: Path, forks: Forks) -> Callable[[int], Bench]:
    """Make a bench for so many trials."""
    return lambda trials: Bench(tmp_path, forks, random.Random(7), trials)
