"""Real servers: what the store asks of object storage, asked of those that keep their word and of those that do not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from servers.object_stores import GOOD, LYING, ObjectStore

from chargen.config.settings import StoreSettings
from chargen.store.shared.objects import Objects, StoreError, open_objects
from chargen.store.shared.race import FIRST_USE_SECONDS, what_is_wrong

pytestmark = pytest.mark.servers


def opened(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Objects:
    for name, value in store.environ.items():
        monkeypatch.setenv(name, value)
    return open_objects(StoreSettings(store.url), store.environ)


@pytest.fixture(scope="module", params=GOOD)
def good(request: pytest.FixtureRequest) -> Iterator[ObjectStore]:
    with ObjectStore(request.param) as store:
        yield store


def test_objects_come_back_as_they_were_put(good: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = opened(good, monkeypatch)
    assert objects.get("a/nothing") is None
    objects.put("a/one", b"1")
    objects.put("a/one", b"one")
    found = objects.get("a/one")
    assert found is not None
    assert found.data == b"one"
    assert list(objects.sizes("a")) == [("a/one", 3)]
    objects.delete("a/one")
    objects.delete("a/one")
    assert objects.get("a/one") is None


def test_one_writer_makes_a_new_object_and_one_replaces_a_version(
    good: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = opened(good, monkeypatch)
    first = objects.create("b/one", b"first")
    assert first is not None
    assert objects.create("b/one", b"second") is None
    again = objects.create("b/one", b"first")
    assert again == first, "a write whose answer was lost on the way knows itself again"
    second = objects.swap("b/one", b"second", first)
    assert second is not None
    assert objects.swap("b/one", b"third", first) is None
    assert objects.swap("b/one", b"second", first) == second


def test_a_store_tells_its_time(good: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = opened(good, monkeypatch)
    assert abs(objects.time() - datetime.now(UTC)) < timedelta(minutes=1)
    assert list(objects.sizes("check")) == []


def test_a_good_store_may_hold_claims(good: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = opened(good, monkeypatch)
    assert what_is_wrong(objects, FIRST_USE_SECONDS) == ""
    assert list(objects.sizes("check")) == [], "nothing of the race stays behind"


@pytest.mark.parametrize("name", LYING)
def test_a_store_that_tells_two_writers_that_they_won_is_found_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with ObjectStore(name) as store:
        found = what_is_wrong(opened(store, monkeypatch), seconds=60)
        assert "writers were told" in found


def test_a_bucket_that_is_not_there_is_said(good: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in good.environ.items():
        monkeypatch.setenv(name, value)
    elsewhere = open_objects(StoreSettings(good.url.replace("bucket", "another")), good.environ)
    with pytest.raises(StoreError, match="no such bucket"):
        elsewhere.create("x", b"x")


def test_a_server_that_is_not_there_is_said_without_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chargen.store.shared.objects.RETRY_SECONDS", 0.1)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "a-very-secret-key")
    objects = open_objects(StoreSettings("s3://bucket/book"), {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    with pytest.raises(StoreError) as caught:
        objects.get("x")
    assert "127.0.0.1" not in str(caught.value)
    assert "secret" not in str(caught.value)
