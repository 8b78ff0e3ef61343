"""Jobs whose files were damaged: nothing is bought twice, and what is still known of them is collected."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from support.shop import Shop

from chargen.build import batch_results
from chargen.model.values import EntryId

DAMAGE = [b"", b"{", b"\0" * 512, b'{"format": 2}', None]


def folder(shop: Shop) -> Path:
    (found,) = shop.root.glob(".chargen/jobs/chargen-*")
    return found


def damage(path: Path, data: bytes | None) -> None:
    """Put something else in the place of a file; None stands for a folder."""
    path.unlink()
    if data is None:
        path.mkdir()
    else:
        path.write_bytes(data)


@pytest.fixture
def waiting(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Two images are in a job, and the list of the vendor does not lag."""
    monkeypatch.setattr(batch_results, "LIST_LAG", timedelta(0))
    shop.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    shop.run_build()
    return shop


def collected(shop: Shop) -> None:
    """Each picture is there, and was bought once."""
    assert set(shop.verdicts().values()) == {"fresh"}
    assert len(shop.vendor.prompts) == len(shop.stored()) == 2
    assert not list(shop.root.glob(".chargen/jobs/chargen-*"))


@pytest.mark.parametrize("data", DAMAGE)
def test_a_job_whose_own_file_is_damaged_is_known_by_its_records(waiting: Shop, data: bytes | None) -> None:
    damage(folder(waiting) / "job.json", data)
    assert set(waiting.verdicts().values()) == {"waiting"}
    assert waiting.run_build() == 0
    assert any("job.json` can't be read" in told for told in waiting.last.collected.told)
    assert len(waiting.vendor.prompts) == 2
    waiting.vendor.finish()
    assert waiting.run_build() == 0
    collected(waiting)


@pytest.mark.parametrize("data", DAMAGE[:-1])
@pytest.mark.parametrize("name", ["id", "creating"])
def test_a_number_or_a_time_that_is_damaged_is_found_by_the_name(waiting: Shop, name: str, data: bytes | None) -> None:
    damage(folder(waiting) / name, data)
    if name == "creating":
        (folder(waiting) / "id").unlink()
    waiting.vendor.finish()
    assert waiting.run_build() == 0
    collected(waiting)


def test_a_job_that_the_vendor_does_not_list_is_not_given_up_where_its_server_is_not_known(waiting: Shop) -> None:
    damage(folder(waiting) / "job.json", b"")
    (folder(waiting) / "id").unlink()
    waiting.vendor.unlisted = True
    for _ in range(2):
        assert waiting.run_build() == 0
        assert "move it away to give the job up" in " ".join(waiting.last.collected.told)
    assert len(waiting.vendor.prompts) == 2
    assert set(waiting.verdicts().values()) == {"waiting"}


def test_a_job_some_of_whose_records_are_gone_may_be_of_anything(waiting: Shop) -> None:
    """Its lines as the vendor has them tell that there were more."""
    place = folder(waiting)
    damage(place / "job.json", b"")
    records = place / "records.jsonl"
    records.write_bytes(records.read_bytes().splitlines(keepends=True)[0])
    assert waiting.run_build() == 1
    assert len(waiting.vendor.prompts) == 2
    assert set(waiting.verdicts().values()) == {"blocked"}


@pytest.mark.parametrize("data", DAMAGE)
def test_nothing_is_bought_while_a_job_may_be_of_anything(waiting: Shop, data: bytes | None) -> None:
    """Of a vendor that takes jobs, that is, and not by name; moved away, the job is given up."""
    place = folder(waiting)
    shutil.copytree(place, waiting.root / "backup")
    for name in ("job.json", "records.jsonl"):
        damage(place / name, data)
    waiting.chapter("ch02", {"c": "A tree."})
    waiting.chapter("ch03", {"d": "A sketch."}, route="sketch/sketch")
    for _ in range(2):
        assert waiting.run_build() == 1
        assert len(waiting.vendor.prompts) == 2
    failed = waiting.last.failed[EntryId("chapters/ch02/c")].message
    assert f".chargen/jobs/{place.name}` may be of it and can't be read" in failed
    assert "move it away" in failed
    blocked = dict.fromkeys(("chapters/ch01/a", "chapters/ch01/b", "chapters/ch02/c"), "blocked")
    assert waiting.verdicts() == {**blocked, "chapters/ch03/d": "fresh"}
    assert {image.id: image.verdict.value for image in waiting.plan(cached=False).images} == waiting.verdicts()
    shutil.rmtree(place)
    (waiting.root / "backup").rename(place)
    waiting.vendor.finish()
    assert waiting.run_build() == 0
    assert waiting.verdicts()["chapters/ch01/a"] == waiting.verdicts()["chapters/ch01/b"] == "fresh"
    assert waiting.vendor.prompts == ["A lamp.", "A door.", "A tree."]


def test_a_job_of_which_nothing_is_known_may_be_given_up(waiting: Shop) -> None:
    for name in ("job.json", "records.jsonl"):
        damage(folder(waiting) / name, b"")
    assert waiting.run_build(rebuild=("chapters/ch01/a",)) == 0
    assert waiting.vendor.prompts == ["A lamp.", "A door.", "A lamp."]
    for place in waiting.root.glob(".chargen/jobs/chargen-*"):
        if not (place / "job.json").stat().st_size:
            shutil.rmtree(place)
    assert waiting.run_build() == 0
    assert waiting.vendor.prompts == ["A lamp.", "A door.", "A lamp.", "A door."]


@pytest.mark.parametrize("lost", ["one", "all", "gone"])
def test_a_reply_whose_record_is_damaged_stays_at_the_vendor(waiting: Shop, lost: str) -> None:
    """Until the record is back; the others are collected."""
    records = folder(waiting) / "records.jsonl"
    before = records.read_bytes()
    damage(records, {"one": before.replace(b"{", b"[", 1), "all": b"\0" * len(before), "gone": b""}[lost])
    if lost == "gone":
        records.unlink()
    waiting.vendor.finish()
    for _ in range(2):
        assert waiting.run_build() == 0
        assert "can't be read, so they wait" in " ".join(waiting.last.collected.told)
    assert sorted(waiting.verdicts().values()) == (["fresh", "waiting"] if lost == "one" else ["waiting"] * 2)
    assert len(waiting.vendor.prompts) == 2
    records.write_bytes(before)
    assert waiting.run_build() == 0
    collected(waiting)


def test_a_job_of_as_many_lines_as_a_vendor_takes_can_be_read(waiting: Shop) -> None:
    """What is known of it is some 20 MB."""
    path = folder(waiting) / "job.json"
    path.write_bytes(path.read_bytes().replace(b'"lines": [', b'"lines": [' + b" " * (20 << 20), 1))
    damage(folder(waiting) / "records.jsonl", b"")
    assert path.stat().st_size > 20 << 20
    assert set(waiting.verdicts().values()) == {"waiting"}


def test_a_folder_of_jobs_that_can_not_be_read_is_a_job_that_may_be_of_anything(waiting: Shop) -> None:
    jobs = folder(waiting).parent
    jobs.rename(waiting.root / "backup")
    jobs.write_bytes(b"")
    assert waiting.run_build() == 1
    assert set(waiting.verdicts().values()) == {"blocked"}
    assert len(waiting.vendor.prompts) == 2
    jobs.unlink()
    (waiting.root / "backup").rename(jobs)
    waiting.vendor.finish()
    assert waiting.run_build() == 0
    collected(waiting)
