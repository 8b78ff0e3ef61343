"""Variants: more versions of the same words, made on purpose, kept beside the one that is current."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from support.inside import let_settle
from support.studio import ENVIRON, Studio
from support.tree import sha256

from chargen.actions.history import history, named
from chargen.actions.pick import pick
from chargen.actions.restore import users
from chargen.actions.undo import undo
from chargen.errors import ChargenError, InputError, StartError
from chargen.model.reason import ReasonCode, has
from chargen.model.values import EntryId, Status, Verdict
from chargen.plan import disk
from chargen.plan.plan import total_cost
from chargen.plan.session import open_session

A, B = EntryId("chapters/ch01/a"), EntryId("chapters/ch01/b")
CH01 = "imagery/chapters/ch01/imagery.yaml"
PRICE = Decimal("0.033399")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    found = Studio(tmp_path)
    found.chapter("ch01", {"a": "A lamp.", "b": "A cat."})
    return found


def versions(studio: Studio, name: EntryId = A) -> list[tuple[int, str]]:
    """Return (number, attempt) of each version."""
    with open_session(studio.root, ENVIRON, read_only=True) as session:
        planner = session.planner()
        found = history(session, planner.evidence, planner.image(name)).versions
        return [(version.number, version.attempt or "") for version in found]


def picked(studio: Studio, number: int, name: EntryId = A) -> tuple[EntryId, ...]:
    """Pick a version; return the images that this makes stale."""
    with open_session(studio.root, ENVIRON) as session:
        planner = session.planner()
        before, image = planner.plan(), planner.image(name)
        pick(session, planner.evidence, image, named(session, planner.evidence, image, str(number)))
        return users(before, image)


def want(studio: Studio, number: int, words: str = "A lamp.") -> None:
    studio.edit(CH01, f'"{words}"\n', f'"{words}"\n    variants: {number}\n')


def test_so_many_in_all_and_the_current_one_stays(studio: Studio) -> None:
    """Asked for by name beside a picture that is there; a second time nothing lacks."""
    studio.build()
    text, file = studio.read(CH01), studio.hash(A)
    assert studio.build(A, variants=3) == ["A lamp.", "A lamp."]
    assert studio.seeds == [None, None, 2, 3]
    assert (studio.read(CH01), studio.hash(A)) == (text, file)
    assert studio.outcomes == {A: "variants"}
    assert studio.build(A, variants=3) == []
    assert studio.build() == []
    assert len({record["attempt"] for record in studio.stored()}) == 4
    assert len({sha256(path) for path in studio.root.glob(".chargen/originals/*/*/reply.png")}) == 4
    assert [number for number, _ in versions(studio)] == [1, 2, 3]
    assert studio.verdicts() == {A: Verdict.FRESH, B: Verdict.FRESH}


def test_an_entry_asks_for_its_own(studio: Studio) -> None:
    """The number stands in the author's file and is none of the inputs: nothing becomes stale by it."""
    want(studio, 3)
    before = studio.plan()
    assert [(image.id, image.sends, image.cost_usd) for image in before.images] == [
        (A, 3, PRICE * 3),
        (B, 1, PRICE),
    ]
    assert before.images[0].to_json()["variants"] == 2
    assert studio.build() == ["A lamp.", "A lamp.", "A lamp.", "A cat."]
    assert "variants: 3" in studio.read(CH01)
    assert studio.build() == []
    studio.edit(CH01, "    variants: 3\n", "")
    assert studio.build() == []
    want(studio, 4)
    plan = studio.plan()
    assert [(image.verdict, image.more, image.cost_usd) for image in plan.images] == [
        (Verdict.FRESH, 1, PRICE),
        (Verdict.FRESH, 0, 0),
    ]
    assert studio.reasons(A) == "1 of 4 variants to be made"
    assert studio.build() == ["A lamp."]
    assert [number for number, _ in versions(studio)] == [1, 2, 3, 4]


def test_kept_plans_know_what_lacks(studio: Studio) -> None:
    """With the cache and without it; a reply that is lost is no version any more."""
    want(studio, 3)
    studio.build()
    for cached in (True, False):
        assert [image.more for image in studio.plan(cached=cached).images] == [0, 0]
    variant = next(record for record in studio.stored() if has_variant(record))
    shutil.rmtree(next(studio.root.glob(f".chargen/originals/*/{variant['attempt']}")))
    for cached in (True, False):
        assert [image.more for image in studio.plan(cached=cached).images] == [1, 0]


def has_variant(record: dict[str, object]) -> bool:
    return "variant" in str(record["why"])


def test_the_picture_that_a_pick_was_taken_back_for_is_the_one_that_comes_back(studio: Studio) -> None:
    """Words are edited and edited back: what stood last returns, not what was picked in between."""
    studio.build(A, variants=2)
    first = studio.hash(A)
    picked(studio, 2)
    assert studio.hash(A) != first
    with open_session(studio.root, ENVIRON) as session:
        assert [item.refused for item in undo(session).images] == [""]
    assert studio.hash(A) == first
    studio.edit(CH01, "A lamp.", "A lantern.")
    studio.build()
    studio.edit(CH01, "A lantern.", "A lamp.")
    assert studio.build() == []
    assert studio.hash(A) == first


def test_a_budget_and_a_number_take_as_many_as_fit(studio: Studio) -> None:
    """What is not made is named; the next run makes only that. Each reply costs more than its estimate here."""
    studio.build()
    assert studio.build(A, variants=5, budget=PRICE * 2) == ["A lamp."]
    assert studio.left_out == [
        (A, "3 of its variants: over budget: $0.034 and at most $0.035, $0.0333 of the run's $0.0667 left")
    ]
    assert studio.build(A, variants=4, budget=Decimal("0.05")) == ["A lamp."]
    assert studio.left_out == [
        (A, "1 of its variants: over budget: $0.034 and at most $0.035, $0.0166 of the run's $0.05 left")
    ]
    assert studio.build(A, B, variants=4, max_tasks=3) == ["A lamp.", "A cat.", "A cat."]
    assert studio.left_out == [(B, "1 of its variants: `--max-tasks 3`")]
    assert studio.build(A, B, variants=4) == ["A cat."]


def test_what_is_kept_or_made_by_hand_gets_more_only_by_name(studio: Studio) -> None:
    """The entry's number alone makes nothing beside an approved, a painted, or a picture of another machine."""
    studio.build()
    want(studio, 3)
    want(studio, 3, "A cat.")
    studio.status(A, Status.APPROVED)
    studio.paint(B)
    assert studio.build() == []
    by_name = "more variants only by name: `doit --variants 3 chapters/ch01/"
    assert by_name in studio.reasons(A)
    assert by_name in studio.reasons(B)
    painting = studio.hash(B)
    assert studio.build(A, B, variants=3) == ["A lamp.", "A lamp.", "A cat.", "A cat."]
    assert studio.hash(B) == painting
    assert studio.build(A, B, variants=3) == []


def test_a_fresh_clone_pays_for_nothing(studio: Studio) -> None:
    """Without the originals nobody knows how many there are."""
    want(studio, 3)
    studio.build()
    shutil.rmtree(studio.root / ".chargen")
    assert studio.build() == []
    assert "only by name" in studio.reasons(A)
    assert studio.build(A, variants=3) == ["A lamp."] * 2


def test_names_are_needed(studio: Studio) -> None:
    """All of a book at once is not asked for by accident."""
    with pytest.raises(StartError, match="needs names"):
        studio.build(variants=2)


@pytest.mark.parametrize("written", ["0", "21", "many", "[1, 2]", "-1", "1.5"])
def test_what_is_no_number_is_told(studio: Studio, written: str) -> None:
    """The image is made, once; the file is told with its place."""
    studio.edit(CH01, '"A lamp."\n', f'"A lamp."\n    variants: {written}\n')
    told = [problem for problem in studio.plan().problems if "variants" in problem.message]
    assert [(problem.severity.value, problem.position and problem.position.line) for problem in told] == [
        ("warning", 8)
    ]
    assert studio.build() == ["A lamp.", "A cat."]


def test_one_is_picked_and_the_others_stay(studio: Studio) -> None:
    """Numbers count from the oldest, whatever is current, and a pick can be undone."""
    want(studio, 3)
    studio.build()
    listed, text, file = versions(studio), studio.read(CH01), studio.hash(A)
    assert picked(studio, 3) == ()
    assert studio.hash(A) != file
    assert f"try={listed[2][1]}" in studio.read(CH01)
    assert versions(studio) == listed
    assert studio.build() == []
    picked(studio, 2)
    assert versions(studio) == listed
    with open_session(studio.root, ENVIRON) as session:
        assert [item.refused for item in undo(session).images] == [""]
        assert [item.refused for item in undo(session).images] == [""]
    assert (studio.read(CH01), studio.hash(A)) == (text, file)
    assert versions(studio) == listed


def test_what_was_picked_comes_back_with_its_words(studio: Studio) -> None:
    """Not the variant that came last, nor the picture that was made first."""
    want(studio, 3)
    studio.build()
    picked(studio, 3)
    picked(studio, 2)
    file = studio.hash(A)
    studio.edit(CH01, "A lamp.", "A lantern.")
    assert studio.build() == ["A lantern."] * 3
    studio.edit(CH01, "A lantern.", "A lamp.")
    assert studio.build() == []
    assert studio.hash(A) == file


def test_a_rejection_is_answered_by_a_new_picture_or_by_a_pick(studio: Studio) -> None:
    """A candidate nobody picked takes no place by itself."""
    want(studio, 2)
    studio.build()
    studio.status(A, Status.REJECTED)
    assert studio.build() == ["A lamp."]
    assert studio.outcomes == {A: "built"}
    studio.status(A, Status.REJECTED)
    picked(studio, 2)
    assert studio.build() == []


def test_other_words_are_refused(studio: Studio) -> None:
    """With the command that takes them."""
    studio.build()
    studio.edit(CH01, "A lamp.", "A lantern.")
    studio.build()
    with pytest.raises(InputError, match="made from other inputs than today's") as refused:
        picked(studio, 1)
    assert refused.value.problems[0].hint == f"`chargen restore {A} 1` brings it back all the same"
    with pytest.raises(ChargenError, match="stands at"):
        picked(studio, 2)


def test_versions_follow_a_renamed_entry(studio: Studio) -> None:
    """Those that were never picked too, without the journal's help."""
    want(studio, 3)
    studio.build()
    picked(studio, 2)
    listed = versions(studio)
    studio.edit(CH01, 'custom_id: "a"', 'custom_id: "lamp"')
    (studio.root / ".chargen/journal.sqlite").unlink()
    assert studio.build() == []
    assert versions(studio, EntryId("chapters/ch01/lamp")) == listed


def test_a_refused_variant_is_not_asked_for_again(studio: Studio) -> None:
    """The picture that is there is left alone, and what shows it does not fail."""
    studio.build()
    want(studio, 3)
    studio.refused = "A lamp."
    assert studio.build() == ["A lamp."]
    assert studio.failures == []
    assert studio.build() == []
    assert has(studio.plan().by_id[A].reasons, ReasonCode.VARIANTS_BLOCKED)
    studio.refused = ""
    assert studio.build(resume=False) == ["A lamp.", "A lamp."]


def test_a_variant_that_was_refused_is_asked_for_again_where_that_is_wished(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing was touched since the plan that is kept."""
    monkeypatch.setattr(disk, "RACY_NS", -(10**12))
    studio.build()
    want(studio, 3)
    studio.refused = "A lamp."
    assert studio.build() == ["A lamp."]
    assert studio.build() == []
    studio.refused = ""
    assert studio.build(resume=False) == ["A lamp.", "A lamp."]


def test_a_kill_keeps_what_was_paid(studio: Studio) -> None:
    """A run that ends between two variants is gone on with."""

    def dies(_prompt: str) -> None:
        if len(studio.stored()) == 2:
            raise KeyboardInterrupt

    studio.build(B)
    want(studio, 4)
    studio.meanwhile = dies
    with pytest.raises(KeyboardInterrupt):
        studio.build(A)
    studio.meanwhile = lambda _prompt: None
    assert studio.build() == ["A lamp."] * 3
    assert total_cost(studio.plan().images).usd == 0


def test_versions_stay_where_another_entry_takes_the_name(studio: Studio) -> None:
    """A variant that was never in place is of the picture it was made beside, whoever is called so now."""
    want(studio, 3)
    studio.build()
    picked(studio, 2)
    listed = versions(studio)
    studio.edit(CH01, 'custom_id: "a"', 'custom_id: "lamp"')
    studio.build()
    entry = '  - custom_id: "a"\n    prompt_used: "A hat."\n    size: "128x96"\n'
    studio.edit(CH01, "images:\n", f"images:\n{entry}")
    assert studio.build() == ["A hat."]
    assert versions(studio, EntryId("chapters/ch01/lamp")) == listed
    assert len(versions(studio)) == 1


def test_kept_rows_know_nothing_of_what_a_command_asks_for(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are of a plan without options."""
    let_settle(monkeypatch)
    studio.build()
    studio.build()
    assert studio.build(kinds=frozenset({"chapter"}), variants=2) == ["A lamp.", "A cat."]


def test_a_decision_meanwhile_ends_it(studio: Studio) -> None:
    """A picture that is rejected while variants are made is answered first, by the next run."""
    studio.build()
    want(studio, 4)
    studio.meanwhile = lambda _prompt: studio.status(A, Status.REJECTED)
    assert studio.build() == ["A lamp."]
    studio.meanwhile = lambda _prompt: None
    assert studio.build() == ["A lamp."] * 2
    assert studio.outcomes == {A: "built"}


def test_a_draft_is_no_version_of_the_finals_that_are_asked_for(tmp_path: Path) -> None:
    """As many finals are made in one run as are wanted; the drafts count for their tier."""
    studio = Studio(tmp_path, '[tool.chargen.tiers.draft.providers.openai]\nmodel = "gpt-image-2.5-flare"\n')
    studio.chapter("ch01", {"a": "A lamp."})
    want(studio, 3)
    for tier in ("draft", "final"):
        assert studio.build(tier=tier) == ["A lamp."] * 3
        assert studio.build(tier=tier) == []
