"""Where entries stand: an alias at its own place, whatever it repeats."""

from __future__ import annotations

import pytest

TEXT = """\
metadata: {slug: ch01}
templates:
  - &late {custom_id: c, prompt_used: x}
images:
  - &first
    custom_id: a
    prompt_used: A lamp.   # no *alias
  # *first is repeated:
  - *first
  - custom_id: b
    prompt_used: A boat.
  - *late
"""


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_an_alias_stands_where_it_is_written(scan, line_break):
    """Whoever is told of two entries for one picture finds both lines."""
    entries = scan(TEXT.replace("\n", line_break)).entries
    assert [(entry.id, entry.position.line, entry.position.column) for entry in entries] == [
        ("chapters/ch01/a", 5, 5),
        ("chapters/ch01/b", 10, 5),
        ("chapters/ch01/c", 12, 5),
    ]
    (twice,) = entries[0].problems
    assert (twice.position.line, twice.position.column) == (9, 5)
    assert twice.message.endswith("is planned at imagery/chapters/ch03/imagery.yaml:5:5")


def test_aliases_of_a_flow_list_too(scan):
    """Also one after the other."""
    (entry,) = scan("metadata: {slug: s}\nimages: [&a {custom_id: a, prompt_used: x}, *a, *a]\n").entries
    assert [(problem.position.line, problem.position.column) for problem in entry.problems] == [(2, 45), (2, 49)]
