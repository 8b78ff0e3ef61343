"""A renamed entry of a location is compared by the name its picture was made by: a rename alone changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.studio import ENVIRON, Studio

from chargen.actions.accept import accept
from chargen.actions.history import history
from chargen.actions.mv import move
from chargen.actions.restore import restore
from chargen.model.record_line import made_as
from chargen.model.values import EntryId, Status, Verdict
from chargen.plan.session import open_session

FILE = "imagery/locations/mill/imagery.yaml"
MILL = """\
metadata:
  entity_type: location-imagery
  slug: mill
  generation_defaults: {provider: openai, model: gpt-image-2}
location_visual_anchor:
  signature_elements: [a stone wheel in the race, an old loft ladder, a mill pond]
  characteristic_light: {dusk: red light over the water, dawn: pale mist, primary: grey light}
overview:
  prompt_used: The whole mill.
  size: 128x96
zones:
  - slug: loft-dusk
    prompt_used: Under the roof.
    size: 128x96
  - slug: wheel-dawn
    description: VersionPlace the water comes in.
    size: 128x96
"""


@pytest.fixture
def book(tmp_path: Path) -> Studio:
    """A location, built: one entry with a prompt, one made of its fields."""
    book = Studio(tmp_path)
    book.write(FILE, MILL)
    assert len(book.build()) == 3
    assert any("Light: red light" in prompt for prompt in book.prompts)
    return book


def verdict(book: Studio, name: str) -> Verdict:
    return book.plan().by_id[EntryId(f"locations/mill/{name}")].verdict


def mark(book: Studio, name: str) -> str:
    return made_as(book.plan().by_id[EntryId(f"locations/mill/{name}")].entry.record_line)


@pytest.mark.parametrize(("old", "new"), [("loft-dusk", "attic"), ("wheel-dawn", "race-at-dusk")])
def test_a_rename_alone_changes_nothing(book: Studio, old: str, new: str) -> None:
    book.edit(FILE, f"slug: {old}", f"slug: {new}")
    assert book.build() == []
    assert verdict(book, new) is Verdict.FRESH
    assert mark(book, new) == f"mill/{old}"
    shutil.rmtree(book.root / ".chargen")
    assert verdict(book, new) is Verdict.FRESH, "also after a fresh clone"
    book.edit(FILE, f"slug: {new}", "slug: once-more-by-night")
    assert book.build() == []
    assert mark(book, "once-more-by-night") == f"mill/{old}", "the name it was made by, not the last it had"
    book.edit(FILE, "slug: once-more-by-night", f"slug: {old}")
    assert book.build() == []
    assert {image.verdict for image in book.plan().images} == {Verdict.FRESH}
    assert not book.plan().problems


def test_a_renamed_location_and_an_overview_that_gets_a_name(book: Studio) -> None:
    book.edit(FILE, "slug: mill", "slug: pond-house")
    book.edit(FILE, "overview:\n", "overview:\n  slug: pond-at-dawn\n")
    assert book.build() == []
    assert {image.verdict for image in book.plan().images} == {Verdict.FRESH}


def test_what_is_really_edited_is_told_alone_and_made_by_the_new_name(book: Studio) -> None:
    book.edit(FILE, "slug: loft-dusk", "slug: loft-dawn")
    book.edit(FILE, "Under the roof.", "Under the thatch.")
    reasons = book.reasons("locations/mill/loft-dawn")
    assert reasons.startswith("prompt used changed")
    assert "light" not in reasons
    (sent,) = book.build()
    assert "Light: pale mist" in sent
    assert mark(book, "loft-dawn") == ""
    assert book.build() == []


def test_approved_and_renamed_it_is_not_called_stale(book: Studio) -> None:
    book.status("locations/mill/loft-dusk", Status.APPROVED)
    with open_session(book.root, ENVIRON) as session:
        move(session, session.planner(), EntryId("locations/mill/loft-dusk"), "attic")
    assert "would be stale" not in book.reasons("locations/mill/attic")
    assert verdict(book, "attic") is Verdict.LOCKED


def test_a_picture_that_is_gone_and_renamed_comes_back_by_its_name(book: Studio) -> None:
    book.image("locations/mill/loft-dusk").unlink()
    book.edit(FILE, "slug: loft-dusk", "slug: attic")
    assert book.build() == []
    assert book.build() == []
    assert verdict(book, "attic") is Verdict.FRESH


def test_accepting_and_restoring_after_a_rename_stay_current(book: Studio) -> None:
    book.edit(FILE, "slug: loft-dusk", "slug: attic")
    book.build()
    name = EntryId("locations/mill/attic")
    book.paint(name)
    with open_session(book.root, ENVIRON) as session:
        planner = session.planner()
        (done,) = accept(session, planner, planner.images([name]))
    assert done.changed, done.refused
    assert verdict(book, "attic") is Verdict.FRESH
    with open_session(book.root, ENVIRON) as session:
        planner = session.planner()
        image = planner.image(name)
        versions = history(session, planner.evidence, image)
        restore(session, planner.evidence, image, versions.named("1"))
    assert verdict(book, "attic") is Verdict.FRESH
    assert book.build() == []
