"""How much one job holds: by requests, by bytes, by tokens; what is too large for any is refused by itself."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from support.shop import Shop

from chargen.model.values import EntryId
from chargen.providers.catalogue.models import ModelTable
from chargen.store.batch_spool import Spool

_FACTS, _FIND = ModelTable.facts, ModelTable.find
LIMITS = ("lines", "bytes", "tokens")
EACH = {"lines": 1, "tokens": len("Picture a.")}
"""What one image counts, where that is always the same."""


class Limits:
    """What one job holds, by what is counted; and how many bytes each line of the last run had."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.sizes: list[int] = []
        add = Spool.add

        def counted(spool: Spool, line: Any, record: Any, request: bytes) -> None:
            self.sizes.append(len(request) + 1)
            add(spool, line, record, request)

        monkeypatch.setattr(Spool, "add", counted)

    def set(self, **most: int) -> None:
        def facts(table: ModelTable, name: str) -> Any:
            found = _FACTS(table, name)
            assert found.batch is not None
            own = {name: value for name, value in most.items() if name != "tokens"}
            return replace(found, batch=replace(found.batch, **own))

        def find(table: ModelTable, *names: str) -> Any:
            found = _FIND(table, *names)
            return found and replace(found, batch_tokens=most.get("tokens"))

        self._patch.setattr(ModelTable, "facts", facts)
        self._patch.setattr(ModelTable, "find", find)


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Limits:
    return Limits(monkeypatch)


def line_size(shop: Shop, limits: Limits) -> int:
    """Return the bytes of a line of an image with a prompt as `Picture a.`."""
    shop.chapter("ch00", {"z": "Picture z."})
    shop.run_build()
    (size,) = limits.sizes
    return size


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(("over", "jobs"), [(0, [3, 3, 1]), (-1, [2, 2, 2, 1])])
def test_a_job_is_full_at_its_limit_and_not_before(
    shop: Shop, limits: Limits, limit: str, over: int, jobs: list[int]
) -> None:
    """Three fit exactly; with one less of room two do."""
    each = EACH.get(limit) or line_size(shop, limits)
    before = len(shop.vendor.jobs)
    limits.set(**{limit: 3 * each + over})
    shop.chapter("ch01", {name: f"Picture {name}." for name in "abcdefg"})
    assert shop.run_build() == 0
    assert [len(job.lines) for job in shop.vendor.jobs[before:]] == jobs
    shop.vendor.finish()
    assert shop.run_build() == 0
    assert set(shop.verdicts().values()) == {"fresh"}
    assert len(shop.vendor.prompts) == before + 7


@pytest.mark.parametrize("limit", ["bytes", "tokens"])
def test_a_request_that_no_job_has_room_for_is_refused_and_the_others_go(
    shop: Shop, limits: Limits, limit: str
) -> None:
    """At the limit it goes alone; one more, and nothing is sent for it: the vendor would refuse all of its job."""
    words = "Picture b, of a far larger number of words."
    more = len(words) - len("Picture a.")
    most = (EACH.get(limit) or line_size(shop, limits)) + more
    before = len(shop.vendor.jobs)
    shop.chapter("ch01", {"a": "Picture a.", "b": words, "c": "Picture c."})
    limits.set(**{limit: most - 1})
    assert shop.run_build() == 1
    failed = shop.last.failed[EntryId("chapters/ch01/b")].message
    assert f"its request has {most:,} {limit}" in failed
    assert f"and a job holds {most - 1:,}" in failed
    assert "--mode live" in failed
    assert [line["prompt"] for job in shop.vendor.jobs[before:] for line in job.lines.values()] == [
        "Picture a.",
        "Picture c.",
    ]
    assert shop.verdicts()["chapters/ch01/b"] == "missing"
    limits.set(**{limit: most})
    assert shop.run_build() == 0
    assert [line["prompt"] for line in shop.vendor.jobs[-1].lines.values()] == [words]
