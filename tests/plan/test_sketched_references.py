"""A sketch that was approved and goes along with what is paid for: told before anything is sent."""

from __future__ import annotations

from pathlib import Path

from support.project import Project

from chargen.actions.status import set_status
from chargen.build.opening import open_build
from chargen.config.layout import PLAN_CACHE
from chargen.model.values import EntryId, Status, Verdict
from chargen.plan.selection import Selection
from chargen.plan.session import open_session

PORTRAIT = EntryId("characters/alice/alice-portrait")
ROUTED = '[tool.chargen.routes]\n"sketch/*" = "openai/gpt-image-2.6-flare"\n'


def told(book: Project) -> list[str]:
    """Return the warnings of a plan about sketches that are kept, from the cache as without one."""
    found = []
    for remembers in (False, True):
        with open_session(book.root, {"OPENAI_API_KEY": "sk-test"}) as session:
            if not remembers:
                session.project.path(PLAN_CACHE).unlink(missing_ok=True)
            planner = session.planner()
            problems = planner.plan().problems
            session.keep(planner)
        found.append([str(problem) for problem in problems if "sketch, and goes along" in problem.message])
    assert found[0] == found[1]
    return found[0]


def test_an_approved_sketch_that_goes_along_is_told_once(tmp_path: Path) -> None:
    """Not while everything is sketched, nor where it is not approved: then its own picture is made first."""
    book = Project(tmp_path)
    book.character("alice", "A girl with a lamp.")
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="depicts_characters: [alice]")
    build = open_build(book.root, environ={})
    assert [build.build(image.id) for image in build.chosen] == [None, None, None]
    build.close()
    assert told(book) == []
    with open_session(book.root, {}) as session:
        set_status(session, Selection((PORTRAIT,)), Status.APPROVED)
    assert told(book) == []
    book.settings(ROUTED)
    (warning,) = told(book)
    assert f"`{PORTRAIT}` is an approved sketch, and goes along as a reference" in warning
    assert f"chargen promote {PORTRAIT}" in warning


def test_a_locked_sketch_is_called_locked_and_what_ends_that_is_named(tmp_path: Path) -> None:
    """No draft is approved there: only an unlocked portrait is made by the provider it is routed to."""
    book = Project(tmp_path)
    book.character("alice", "A girl with a lamp.")
    book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [alice]")
    build = open_build(book.root, environ={})
    assert [build.build(image.id) for image in build.chosen] == [None, None]
    build.close()
    with open_session(book.root, {}) as session:
        set_status(session, Selection((PORTRAIT,)), Status.LOCKED)
    book.settings(ROUTED)
    (warning,) = told(book)
    assert f"`{PORTRAIT}` is a locked sketch, and goes along as a reference" in warning
    assert f"chargen unlock {PORTRAIT}" in warning
    with open_session(book.root, {}) as session:
        set_status(session, Selection((PORTRAIT,)), Status.DRAFT)
        assert session.plan().by_id[PORTRAIT].verdict is Verdict.PROOF
    assert told(book) == []
