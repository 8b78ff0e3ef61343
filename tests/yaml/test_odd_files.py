"""Files in odd styles are edited exactly or refused before, judged by another library over the whole file.

`proof/odd_files.py` makes 10,000 of these edits.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
import yaml
from support.odd_files import judged, odd_edit, odd_file


def test_a_slice_of_odd_edits() -> None:
    """Of 400 files, in which every style comes, most are read and edited, and not one is changed outside its slots."""
    found: Counter[str] = Counter()
    for seed in range(400):
        chance = Random(seed)
        text = odd_file(chance)
        edit = odd_edit(chance, chance.randrange(text.count("custom_id")))
        try:
            found[judged(text.encode(), edit)] += 1
        except yaml.YAMLError:
            found["unread by the judge"] += 1
    assert found["made"] > 200, found
    assert found["refused"] > 0, found


@pytest.mark.parametrize(
    "text", ["images:\r- custom_id: i0\r  ? model\r  : x\r", "images:\n- custom_id: i0\n  ? model\n  : x\n"]
)
def test_line_ends_make_no_difference_to_what_is_refused_before(text: str) -> None:
    """A file whose lines end in CR alone is looked at as any other."""
    assert judged(text.encode(), odd_edit(Random(2), 0)) in ("made", "refused")
