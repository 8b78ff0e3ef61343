"""A reply that is nobody's goes to the first entry, in plan order, that has need of it: one that uses it."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.studio import ENVIRON, Studio

from chargen.model.values import EntryId, Status
from chargen.plan import disk
from chargen.plan.build_request import BuildRequest, prepare
from chargen.plan.cache import files
from chargen.plan.cache.files import CACHE
from chargen.plan.session import open_session
from chargen.plan.verdict import Force

LAMP = "A lamp."
FIRST, NEXT = EntryId("chapters/ch01/a"), EntryId("chapters/ch02/b")


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """Two entries that ask for the same, and a paid reply of one that is gone; nothing was touched lately."""
    monkeypatch.setattr(disk, "time", SimpleNamespace(time_ns=lambda: time.time_ns() + 10**10))
    studio = Studio(tmp_path)
    studio.reply_of_nobody(LAMP)
    studio.chapter("ch01", {"a": LAMP})
    studio.chapter("ch02", {"b": LAMP})
    studio.prompts.clear()
    return studio


def ignore(studio: Studio, *names: EntryId) -> None:
    with open_session(studio.root, ENVIRON) as session:
        session.ignore(frozenset(names))


def verdicts(studio: Studio, request: BuildRequest | None = None) -> list[str]:
    """Return the verdicts of both; those of a plan from the cache, which knows of no options, are those without one."""
    found = []
    for keeps in (False, True):
        (studio.root / CACHE).unlink(missing_ok=True)
        with open_session(studio.root, ENVIRON) as session:
            if keeps:
                planner = session.planner()
                files.to_keep(session, planner, planner.plan())()
        with open_session(studio.root, ENVIRON, read_only=True) as session:
            plan = prepare(session, request or BuildRequest()).plan
        found.append([plan.by_id[name].verdict.value for name in (FIRST, NEXT)])
    assert found[0] == found[1]
    return found[0]


def test_the_first_of_two_that_need_it_has_it(studio: Studio) -> None:
    assert verdicts(studio) == ["restorable", "missing"]
    assert studio.build() == [LAMP]


def test_one_that_is_ignored_leaves_it_to_the_next(studio: Studio) -> None:
    ignore(studio, FIRST)
    assert verdicts(studio) == ["skipped", "restorable"]
    assert studio.build() == []


def test_one_that_is_archived_leaves_it_to_the_next(studio: Studio) -> None:
    studio.edit("imagery/chapters/ch01/imagery.yaml", "prompt_used:", "status: archived\n    prompt_used:")
    assert verdicts(studio) == ["skipped", "restorable"]
    assert studio.build() == []


def test_one_that_is_rebuilt_by_name_leaves_it_to_the_next(studio: Studio) -> None:
    assert verdicts(studio, BuildRequest(rebuild=(FIRST,))) == ["missing", "restorable"]
    assert studio.build(rebuild=(FIRST,)) == [LAMP]
    assert studio.build() == []
    assert studio.hash(FIRST) != studio.hash(NEXT) != ""


def test_one_that_is_asked_for_anew_leaves_it_to_the_next(studio: Studio) -> None:
    again = BuildRequest(pick=lambda _: {FIRST: Force.AGAIN, NEXT: Force.NONE})
    assert verdicts(studio, again) == ["missing", "restorable"]
    assert studio.build(pick=again.pick) == [LAMP]
    assert studio.build() == []


def test_one_that_its_author_keeps_leaves_it_to_the_next(studio: Studio) -> None:
    """Its picture is there, whatever was asked for when it was made."""
    studio.chapter("ch01", {"a": "A door."})
    studio.build(FIRST)
    studio.edit("imagery/chapters/ch01/imagery.yaml", '"A door."', f'"{LAMP}"')
    studio.status(FIRST, Status.APPROVED)
    assert verdicts(studio) == ["locked", "restorable"]
    assert studio.build() == []


def test_it_is_had_once_although_it_was_told_of_before(studio: Studio) -> None:
    """What is ignored is taken up again in a run that had given its reply to the next one."""
    ignore(studio, FIRST)
    assert studio.build() == []
    ignore(studio)
    assert verdicts(studio) == ["missing", "fresh"]
    assert studio.build() == [LAMP]
    assert len({studio.hash(name) for name in (FIRST, NEXT)}) == 2
