"""10,000 edits of author files in odd styles: 0 unreadable, 0 changes outside slots, judged by another YAML library.

Run as `python -m proof.odd_files [EDITS [SEED]]`.
"""

from __future__ import annotations

import sys
from collections import Counter
from random import Random

import yaml

EDITS = 10_000


def main(edits: int = EDITS, seed: int = 0) -> Counter[str]:
    """Make the edits, each from a seed of its own; say of each that went wrong which seed it has."""
    from support.odd_files import judged, odd_edit, odd_file  # noqa: PLC0415 - found beside the tests

    found: Counter[str] = Counter()
    for number in range(seed, seed + edits):
        chance = Random(number)
        text = odd_file(chance)
        edit = odd_edit(chance, chance.randrange(text.count("custom_id")))
        try:
            found[judged(text.encode(), edit)] += 1
        except yaml.YAMLError:
            found["unread by the judge"] += 1
        except AssertionError as wrong:
            found["wrong"] += 1
            print(f"seed {number}: {wrong}")
    return found


if __name__ == "__main__":
    sys.path.insert(0, "tests")
    result = main(*map(int, sys.argv[1:]))
    print(dict(result))
    sys.exit(1 if result["wrong"] else 0)
