"""A sketch that was approved and goes along with what is paid for: told before anything is sent."""

from __future__ import annotations

from pathlib import Path

from support.project import Project

from chargen.actions.status import set_status
from chargen.build.opening import open_build
from chargen.config.layout import PLAN_CACHE
from chargen.model.values import EntryId, Status
from chargen.plan.selection import Selection
from chargen.plan.session import open_session

PORTRAIT = EntryId("characters/alice/alice-portrait")
ROUTED = '[tool.chargen.routes]\n"sketch/*" = "openai/gpt-image-2.6-flare"\n'


def told(book: Project) -> list[str]:
    """Return the warnings of a plan about approved sketches, from the cache as without one."""
    found = []
    for remembers in (False, True):
        with open_session(book.root, {"OPENAI_API_KEY": "sk-test"}) as session:
            if not remembers:
                session.project.path(PLAN_CACHE).unlink(missing_ok=True)
            planner = session.planner()
            problems = planner.plan().problems
            session.keep(planner)
        found.append([str(problem) for problem in problems if "an approved sketch" in problem.message])
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
