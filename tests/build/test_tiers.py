"""Tiers: drafts to choose from, finals in place of those that are approved; nothing gets stale by asking for one."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.dying import death_before_a_picture
from support.studio import ENVIRON, Studio
from support.tree import sha256

from chargen.actions.status import set_status
from chargen.build.opening import open_build
from chargen.errors import StartError
from chargen.model.record_line import APPROVED_DRAFT, RecordLine, tier_of
from chargen.model.values import EntryId, Status, Verdict
from chargen.plan.build_request import BuildRequest, prepare
from chargen.plan.selection import Selection
from chargen.plan.session import open_session

A, B = EntryId("chapters/ch01/a"), EntryId("chapters/ch01/b")
CH01 = "imagery/chapters/ch01/imagery.yaml"
DRAFTS = """
[tool.chargen.tiers.rough.providers.openai]
quality = "low"
[tool.chargen.tiers.draft.providers.openai]
model = "gpt-image-2.5-flare"
quality = "low"
"""


@pytest.fixture
def book(tmp_path: Path) -> Studio:
    made = Studio(tmp_path, DRAFTS)
    made.chapter("ch01", {"a": "A lamp.", "b": "A cat."})
    return made


def run(book: Studio, tier: str = "", *names: str, promote: bool = False) -> list[str]:
    """Build under a tier; return the prompts that were sent."""
    request = BuildRequest(Selection(names), tier=tier, promote=promote)
    build = open_build(book.root, request, environ=ENVIRON)
    try:
        return book._built(build)
    finally:
        build.close()


def verdicts(book: Studio, tier: str = "", *names: str) -> dict[str, str]:
    """Return what a run would do with what it means."""
    with open_session(book.root, ENVIRON, read_only=True, tier=tier) as session:
        plan = prepare(session, BuildRequest(Selection(names), tier=tier))
        return {name: plan.plan.by_id[name].verdict.value for name in plan.selected}


def line(book: Studio, name: EntryId) -> RecordLine:
    """Return an entry's record line."""
    with open_session(book.root, ENVIRON, read_only=True) as session:
        found = session.planner().image(name).entry.record_line
    assert found is not None
    return found


def test_a_draft_is_left_alone_until_a_final_is_asked_for(book: Studio) -> None:
    """By the tier `final` or by its name; a pattern asks for nothing of its own."""
    assert len(run(book, "draft")) == 2
    assert tier_of(line(book, A)) == "draft"
    assert line(book, A).by == "openai/gpt-image-2.5-flare"
    drafts = {name: book.hash(name) for name in (A, B)}
    assert run(book) == run(book, "draft") == run(book, "", "chapters/ch01/*") == run(book, "", CH01) == []
    assert verdicts(book) == {A: "fresh", B: "fresh"}
    assert verdicts(book, "final") == {A: "proof", B: "proof"}
    assert len(run(book, "", A)) == 1
    assert tier_of(line(book, A)) is None
    assert line(book, A).by != "openai/gpt-image-2.5-flare"
    assert book.hash(B) == drafts[B]
    assert len(run(book, "final")) == 1
    assert run(book) == run(book, "final") == run(book, "draft") == []
    assert not book.failures


def test_a_tier_makes_nothing_stale_whatever_rebuilds(tmp_path: Path) -> None:
    """Neither finals under a tier nor drafts without one, although model and quality differ."""
    book = Studio(tmp_path, 'rebuild_on = ["model", "quality", "provider"]\n' + DRAFTS)
    book.chapter("ch01", {"a": "A lamp.", "b": "A cat."})
    assert len(run(book, "", A)) == 1
    assert len(run(book, "draft")) == 1
    for tier in ("", "draft"):
        assert verdicts(book, tier) == {A: "fresh", B: "fresh"}
        with open_session(book.root, ENVIRON, read_only=True, tier=tier) as session:
            assert not any(image.drift for image in session.plan().images)


def test_a_draft_never_replaces_a_final(book: Studio) -> None:
    """An edited prompt under the tier is blocked, and says why and what to do: either way out is one."""
    assert len(run(book)) == 2
    final = book.hash(B)
    book.edit(CH01, "A lamp.", "A lantern.")
    book.edit(CH01, "A cat.", "A dog.")
    assert verdicts(book, "draft") == {A: "blocked", B: "blocked"}
    assert run(book, "draft") == []
    assert "never replaces one of a higher tier" in str(book.failures)
    assert "leave `--tier` out to have a final made, or move the picture away to have a draft" in str(book.failures)
    assert "prompt used changed" not in str(book.failures), "what it is out of date for is no error"
    assert len(run(book, "", A)) == 1
    assert tier_of(line(book, A)) is None
    moved = book.image(B).rename(book.root / "cat.png")
    assert len(run(book, "draft")) == 1
    assert tier_of(line(book, B)) == "draft"
    assert sha256(moved) == final


def test_tiers_rank_in_the_order_of_the_settings(book: Studio) -> None:
    """A higher one replaces a lower one and not the other way round; one that is gone from the settings is lowest."""
    assert len(run(book, "draft", A)) == 1
    assert len(run(book, "rough", B)) == 1
    assert verdicts(book, "rough") == {A: "fresh", B: "fresh"}
    assert verdicts(book, "draft") == {A: "fresh", B: "proof"}
    book.edit("pyproject.toml", "tiers.draft.", "tiers.other.")
    assert verdicts(book, "rough") == {A: "proof", B: "fresh"}
    assert verdicts(book) == {A: "fresh", B: "fresh"}


def test_a_sketch_is_the_lowest_tier(tmp_path: Path) -> None:
    """It gives way to a draft, and no draft to it."""
    book = Studio(tmp_path, DRAFTS + '[tool.chargen.tiers.plan.routes]\n"*" = "sketch/sketch"\n')
    book.chapter("ch01", {"a": "A lamp.", "b": "A cat."})
    assert len(run(book, "draft", A)) == 1
    assert run(book, "plan") == []
    assert verdicts(book, "plan") == {A: "fresh", B: "fresh"}
    assert verdicts(book, "draft") == {A: "fresh", B: "proof"}


def test_a_lost_draft_comes_back_for_nothing(book: Studio) -> None:
    """Also without the tier; where a final is asked for it is no substitute."""
    run(book, "draft")
    before = book.hash(A)
    for tier, names in (("", ()), ("draft", ())):
        book.image(A).unlink()
        assert run(book, tier, *names) == []
        assert book.hash(A) == before
    book.image(A).unlink()
    assert verdicts(book, "", A) == {A: "missing"}


def test_promoting_makes_finals_of_approved_drafts_and_asks_for_approval_again(book: Studio) -> None:
    """Nothing else is built; the draft stays a version; the approval is confirmed by another one, byte for byte."""
    run(book, "draft")
    draft = book.hash(A)
    book.status(A, Status.APPROVED)
    book.edit(CH01, "A cat.", "A dog.")
    text = book.read(CH01)
    assert run(book, promote=True) == [prompt for prompt in book.prompts if "A lamp." in prompt][:1]
    assert not book.failures
    assert tier_of(line(book, A)) is None
    assert APPROVED_DRAFT in line(book, A).others
    assert book.hash(A) != draft
    assert 'status: "approved"' in book.read(CH01)
    assert (
        book.reasons(A)
        == "status is approved; " + "approved as a draft: look at the final picture, then approve or reject it"
    )
    assert run(book, promote=True) == []
    with open_session(book.root, ENVIRON) as session:
        found = set_status(session, Selection((A,)), Status.APPROVED)
    assert [item.changed for item in found.marked] == [True]
    assert book.reasons(A) == "status is approved"
    assert APPROVED_DRAFT not in line(book, A).others
    assert text.count("\n") <= book.read(CH01).count("\n")


def test_a_final_whose_run_died_is_not_paid_for_again(book: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reply is in store: promoting once more puts it in place."""
    run(book, "draft")
    book.status(A, Status.APPROVED)

    with death_before_a_picture(monkeypatch), pytest.raises(KeyboardInterrupt):
        run(book, promote=True)
    assert tier_of(line(book, A)) == "draft"
    assert run(book) == []
    assert tier_of(line(book, A)) == "draft", "what is approved is replaced by `promote` only"
    assert run(book, promote=True) == []
    assert tier_of(line(book, A)) is None
    assert APPROVED_DRAFT in line(book, A).others


def test_locked_and_painted_drafts_are_not_promoted(book: Studio) -> None:
    """A lock is no approval, and what somebody painted is no draft any more."""
    run(book, "draft")
    book.status(A, Status.LOCKED)
    book.paint(B)
    book.status(B, Status.APPROVED)
    assert run(book, promote=True) == []
    assert not book.failures


def test_the_plan_with_and_without_its_cache_tells_the_same_of_drafts(book: Studio) -> None:
    run(book, "draft", A)
    run(book)
    told = [image.to_json() for image in book.plan().images]
    assert told == [image.to_json() for image in book.plan(cached=False).images]
    assert [image.get("tier") for image in told] == ["draft", None]
    assert Verdict.PROOF.value not in {image["verdict"] for image in told}


def test_a_tier_that_is_not_there_is_told(book: Studio) -> None:
    with pytest.raises(StartError, match=r"there is no tier `draff`(.|\n)*did you mean `draft`"):
        run(book, "draff")
