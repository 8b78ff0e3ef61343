"""Asking again with words, beside variants and under tiers: what is counted, what is made from what, what stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.studio import ENVIRON, Studio

from chargen.actions.history import history, named
from chargen.actions.pick import pick
from chargen.actions.retake import plan_retake, retake
from chargen.build.opening import open_build
from chargen.model.record_line import APPROVED_DRAFT, tier_of
from chargen.model.values import EntryId, Status, Verdict
from chargen.plan.build_request import BuildRequest
from chargen.plan.selection import Selection
from chargen.plan.session import open_session

A = EntryId("chapters/ch01/a")
CH01 = "imagery/chapters/ch01/imagery.yaml"
WORDS = "Take the hat away."
DRAFTS = """
[tool.chargen.tiers.draft.providers.openai]
model = "gpt-image-2.5-flare"
quality = "low"
"""


@pytest.fixture
def book(tmp_path: Path) -> Studio:
    made = Studio(tmp_path, DRAFTS)
    made.chapter("ch01", {"a": "A lamp."})
    return made


def ask(book: Studio, version: str = "", text: str = WORDS) -> None:
    """Ask for the next version of `a`."""
    with open_session(book.root, ENVIRON) as session:
        planner = session.planner()
        found = history(session, planner.evidence, planner.image(A))
        retake(session, plan_retake(planner, found, text, version, ""))


def versions(book: Studio) -> list[tuple[int, str]]:
    """Return number and words of each version."""
    with open_session(book.root, ENVIRON, read_only=True) as session:
        planner = session.planner()
        found = history(session, planner.evidence, planner.image(A)).versions
        return [(item.number, "" if item.record is None else item.record.sent_prompt or "plain") for item in found]


def choose(book: Studio, number: int) -> None:
    """Pick a version."""
    with open_session(book.root, ENVIRON) as session:
        planner = session.planner()
        image = planner.image(A)
        pick(session, planner.evidence, image, named(session, planner.evidence, image, str(number)))


def run(book: Studio, tier: str = "", **options: Any) -> list[str]:
    """Build under a tier; return the prompts that were sent."""
    build = open_build(book.root, BuildRequest(Selection(()), tier=tier, **options), environ=ENVIRON)
    try:
        return book._built(build)
    finally:
        build.close()


def made_from(book: Studio) -> list[str]:
    """Return what each retake was made from, oldest first."""
    every = sorted(book.stored(), key=lambda record: str(record["attempt"]))
    parts = [part for record in every for part in record["parts"] if part["name"] == "retake.of"]
    return [part["text"] for part in parts]


def line_tier(book: Studio) -> str | None:
    with open_session(book.root, ENVIRON, read_only=True) as session:
        found = session.planner().image(A).entry.record_line
    assert found is not None
    return tier_of(found)


def test_a_retake_has_variants_of_its_own(book: Studio) -> None:
    """Those of the plain words do not count for it; all are made from the one that is named, wherever it is by then."""
    book.edit(CH01, '"A lamp."\n', '"A lamp."\n    variants: 2\n')
    assert book.build() == ["A lamp."] * 2
    first = book.hash(A)
    ask(book)
    assert book.build() == [WORDS] * 2
    assert made_from(book) == [first, first]
    assert book.seeds == [None, 2, None, 2]
    assert versions(book) == [(1, "plain"), (2, "plain"), (3, WORDS), (4, WORDS)]
    assert book.build() == []
    assert book.verdicts() == {A: Verdict.FRESH}


def test_variants_of_a_retake_are_made_by_name_and_picked(book: Studio) -> None:
    book.build()
    ask(book)
    book.build()
    made = book.hash(A)
    assert book.build(A, variants=3) == [WORDS] * 2
    assert book.hash(A) == made
    choose(book, 4)
    assert book.hash(A) != made
    assert book.build() == []
    assert book.verdicts() == {A: Verdict.FRESH}
    with open_session(book.root, ENVIRON, read_only=True) as session:
        assert session.plan().by_id[A].problems == ()


def test_a_retake_is_made_from_a_variant_that_was_never_current(book: Studio) -> None:
    """It is known by its hash, wherever it is kept; the current one stays until the new one is there."""
    book.build(A, variants=3)
    before = book.hash(A)
    with open_session(book.root, ENVIRON, read_only=True) as session:
        planner = session.planner()
        record = history(session, planner.evidence, planner.image(A)).versions[2].record
    assert record is not None
    assert record.original is not None
    ask(book, version="3")
    assert book.hash(A) == before != record.original.sha256
    assert book.build() == [WORDS]
    assert made_from(book) == [record.original.sha256]
    assert book.verdicts() == {A: Verdict.FRESH}
    assert book.build() == []


def test_picking_another_of_the_plain_words_while_a_retake_is_asked_for_is_told(book: Studio) -> None:
    """A version of other inputs than today's is refused; the retake stays as it was asked for."""
    book.build(A, variants=2)
    first = book.hash(A)
    ask(book)
    book.build()
    text = book.read(CH01)
    with pytest.raises(Exception, match="inputs"):
        choose(book, 1)
    assert book.read(CH01) == text
    assert made_from(book) == [first]


def test_a_retake_under_a_tier_is_a_draft_and_its_final_is_made_from_the_same_picture(book: Studio) -> None:
    """The tier is part of the asking; what it is made from is not what the draft of it became."""
    run(book, "draft")
    draft = book.hash(A)
    ask(book)
    assert run(book, "draft") == [WORDS]
    assert (line_tier(book), made_from(book)) == ("draft", [draft])
    assert run(book) == run(book, "draft") == []
    book.status(A, Status.APPROVED)
    assert run(book, promote=True) == [WORDS]
    assert (line_tier(book), made_from(book)) == (None, [draft, draft])
    with open_session(book.root, ENVIRON, read_only=True) as session:
        line = session.planner().image(A).entry.record_line
    assert line is not None
    assert APPROVED_DRAFT in line.others
    assert run(book) == run(book, "draft") == []


def test_a_retake_of_a_final_under_a_tier_is_blocked_and_made_without_it(book: Studio) -> None:
    """A draft never replaces a final."""
    run(book)
    final = book.hash(A)
    ask(book)
    assert run(book, "draft") == []
    assert "never replaces one of a higher tier" in str(book.failures)
    assert book.hash(A) == final
    assert run(book) == [WORDS]
    assert (line_tier(book), made_from(book)) == (None, [final])


def test_variants_of_a_retake_under_a_tier_count_by_tier(book: Studio) -> None:
    run(book, "draft")
    ask(book)
    assert run(book, "draft") == [WORDS]
    book.edit(CH01, "    retake:", "    variants: 3\n    retake:")
    assert run(book, "draft") == [WORDS] * 2
    assert run(book, "draft") == []
    assert run(book, "final") == [WORDS] * 3
    assert line_tier(book) is None
    assert run(book) == run(book, "final") == run(book, "draft") == []
    assert book.verdicts() == {A: Verdict.FRESH}
