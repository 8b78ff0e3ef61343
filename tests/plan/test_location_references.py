"""`location_references` in a whole plan: the picture of a place goes along, last, and is made first."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from servers.pictures import png
from support import inside
from support.project import Project

from chargen.errors import Position, Severity
from chargen.model.values import EntryId, Route, Verdict
from chargen.plan.image_request import request_of
from chargen.plan.plan import Planned
from chargen.plan.resolve import Zone, find_zone

ON = 'location_references = "place"\n'
LOCATION = """\
metadata: {entity_type: location-imagery, slug: mill}
generation_defaults: {provider: sketch, model: sketch}
overview: {title: The mill, prompt_used: A mill., size: 128x96}
zones:
  - {zone_slug: mill-yard, name: Mill Yard, prompt_used: A yard., size: 128x96}
  - {zone_slug: loft, name: The loft}
"""
CHARACTER = """\
entity_type: character
slug: mara
appearance: A tall girl.
image_inventory:
  - {id: portrait, path: portrait.png, is_reference_portrait: true}
  - {id: figure, path: figure.png}
"""
SHOWN = "depicts_characters: [mara]\nlocation: mill\nzone: "
CAST = "characters: [{ref: mara, name: Mara Vey, reference_images: [portrait, figure]}]"


def _book(root: Path, zone: str = "yard", settings: str = ON) -> Project:
    book = Project(root, settings)
    book.chapter("ch01", {"a": "A lamp."}, extra=CAST, entry=f"{SHOWN}{zone}")
    book.write("imagery/characters/mara/imagery.yaml", CHARACTER)
    book.write("imagery/characters/mara/portrait.png", png(64, 64, 1))
    book.write("imagery/characters/mara/figure.png", png(64, 64, 2))
    book.write("imagery/locations/mill/imagery.yaml", LOCATION)
    return book


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """A chapter whose image shows somebody in a zone that a picture is planned of."""
    return _book(tmp_path)


def _image(book: Project) -> Planned:
    with inside.opened(book, read_only=True) as (_, planner):
        planner.plan()
        return planner.image(EntryId("chapters/ch01/a"))


def _sent(book: Project, model: str) -> tuple[list[str], str, tuple[str, ...]]:
    """Return what a model of a vendor would get: pictures, prompt, notes."""
    with inside.opened(book, read_only=True) as (session, planner):
        image = replace(planner.image(EntryId("chapters/ch01/a")), route=Route("google", model))
        request = request_of(image, session.adapters)
    return [item.label.rpartition("/")[2] for item in request.references], request.prompt, request.notes


def test_the_place_comes_after_all_characters_and_is_made_first(book: Project) -> None:
    image = _image(book)
    assert [item.path for item in image.references] == [
        "imagery/characters/mara/portrait.png",
        "imagery/characters/mara/figure.png",
        "generated/locations/mill/mill-yard.png",
    ]
    assert image.verdict is Verdict.MISSING, image.reasons
    assert [str(reason) for reason in image.reasons][1:] == [
        "reference `generated/locations/mill/mill-yard.png` will be built first"
    ]
    assert inside.build(book) == 0
    assert set(inside.verdicts(book).values()) == {Verdict.FRESH, Verdict.NO_PROMPT}


def test_without_the_setting_nothing_changes(book: Project) -> None:
    book.settings("")
    absent = _image(book)
    book.settings('location_references = "off"\n')
    assert _image(book).fingerprint == absent.fingerprint
    assert len(absent.references) == 2


def test_another_picture_of_the_place_makes_its_users_stale(book: Project) -> None:
    assert inside.build(book) == 0
    book.edit("imagery/locations/mill/imagery.yaml", "A yard.", "A yard in snow.")
    assert inside.verdicts(book)[EntryId("chapters/ch01/a")] is Verdict.STALE


def test_the_legend_names_the_place(book: Project) -> None:
    pictures, prompt, notes = _sent(book, "gemini-3-pro-image")
    assert pictures == ["portrait.png", "figure.png", "mill-yard.png"]
    assert "Picture 1: Mara Vey. Picture 2: Mara Vey. Picture 3: the place, Mill Yard. Keep each face" in prompt
    assert "the place as on its picture." in prompt
    assert not any("takes at most" in note for note in notes)


def test_a_place_without_a_picture_stops_nothing(tmp_path: Path) -> None:
    """It was listed by nobody: the image goes without it, and that is said where the zone is named."""
    book = _book(tmp_path, "loft")
    image = _image(book)
    assert (image.verdict, len(image.references)) == (Verdict.MISSING, 2)
    (told,) = image.problems
    assert told.message == "no picture of `locations/mill/loft` goes along: the entry has no prompt yet"
    assert str(told.position).startswith("imagery/chapters/ch01/imagery.yaml:")


def test_a_zone_that_is_added_is_seen_by_a_kept_plan(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which picture shows the place is asked anew when the location's file has other entries."""
    inside.let_settle(monkeypatch)
    book.edit("imagery/chapters/ch01/imagery.yaml", "zone: yard", "zone: cellar")
    with inside.opened(book) as (session, planner):
        assert planner.plan().by_id[EntryId("chapters/ch01/a")].needs == ("locations/mill/overview",)
        session.keep(planner)
        book.write(
            "imagery/locations/mill/imagery.yaml",
            f"{LOCATION}  - {{zone_slug: cellar, prompt_used: A cellar., size: 128x96}}\n",
        )
        assert session.planner().plan().by_id[EntryId("chapters/ch01/a")].needs == ("locations/mill/cellar",)


NAMES = ("overview", "mill-yard-night", "yard", "mill-loft", "backyards")
ZONES = [(name, EntryId(f"locations/mill/{name}")) for name in NAMES]
WHOLE = ZONES[0][1]


@pytest.mark.parametrize(
    ("zone", "found", "hint"),
    [
        ("yard", "yard", None),
        ("Loft", "mill-loft", None),
        ("yard_night", "mill-yard-night", None),
        ("night", "mill-yard-night", "did you mean `mill-yard-night`?"),
        ("backyard", "backyards", "did you mean `backyards`?"),
        ("yrad", "overview", "did you mean `yard`?"),
        ("cellar", "overview", ""),
        ("", "overview", None),
    ],
)
def test_a_zone_is_found_by_its_name_then_within_a_name_then_by_the_whole(zone: str, found: str, hint: str) -> None:
    """One that the location has under no such name is told with the nearest, whatever shows it."""
    wanted = Zone(EntryId(f"locations/mill/{found}"), unknown=hint is not None, hint=hint or "")
    assert find_zone(ZONES, "mill", WHOLE, zone) == wanted


def test_of_a_place_without_an_overview_another_zone_does_not_stand_in() -> None:
    assert find_zone(ZONES[1:], "mill", None, "cellar").picture is None


def test_a_zone_that_only_holds_images_is_shown_by_its_first(tmp_path: Path) -> None:
    book = _book(tmp_path, "gate")
    zone = "  - {zone_slug: gate, images: [{image_slug: dawn, prompt: A gate., size: 128x96}]}\n"
    book.write("imagery/locations/mill/imagery.yaml", LOCATION + zone)
    image = _image(book)
    assert (image.needs, image.problems) == (("locations/mill/dawn",), ())


@pytest.mark.parametrize("settings", ["", ON])
def test_a_zone_that_the_location_has_not_is_told_before_money_is_spent(tmp_path: Path, settings: str) -> None:
    """In every plan, whether a picture of the place is wanted or not, where the zone is written."""
    book = _book(tmp_path, "yrad", settings)
    (told,) = _image(book).problems
    assert told.message == "location `mill` has no zone `yrad`"
    assert (told.severity, told.hint) == (Severity.WARNING, "did you mean `yard`?")
    line = book.read("imagery/chapters/ch01/imagery.yaml").splitlines()[(told.position or Position("")).line - 1]
    assert line.strip() == "zone: yrad"


@pytest.mark.parametrize("shown", ["source_moment: m1", "location: mill\nzone: mill/yard"])
def test_a_place_in_other_forms(tmp_path: Path, shown: str) -> None:
    """An image without a location is set where its moment is; a zone may have the location before it."""
    book = Project(tmp_path, ON)
    book.write("imagery/locations/mill/imagery.yaml", LOCATION)
    book.chapter("ch01", {"a": "A lamp."}, extra="moments: [{id: m1, location_zone: mill/yard}]", entry=shown)
    image = _image(book)
    assert (image.needs, image.problems) == (("locations/mill/mill-yard",), ())


def test_templates_see_who_is_on_which_picture(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some authors want the words beside the picture: each with its source, and a change of them is seen."""
    inside.let_settle(monkeypatch)
    line = "{{ each.name }} at {{ each.path }}: {{ each.appearance }}"
    template = f"{{{{ prompt }}}}\n{{% for each in references %}}\n{line}\n{{% endfor %}}\n"
    book.write("prompts/chapter.txt.j2", template)
    with inside.opened(book) as (session, planner):
        image = planner.plan().by_id[EntryId("chapters/ch01/a")]
        assert isinstance(image, Planned)
        assert image.composed is not None
        assert image.composed.text.splitlines() == [
            "A lamp.",
            "Mara Vey at imagery/characters/mara/portrait.png: A tall girl.",
            "Mara Vey at imagery/characters/mara/figure.png: A tall girl.",
            "Mill Yard at generated/locations/mill/mill-yard.png:",
        ]
        assert image.words_of == ("imagery/characters/mara/imagery.yaml",)
        session.keep(planner)
        book.edit("imagery/characters/mara/imagery.yaml", "A tall girl", "A small girl")
        again = session.planner().plan().by_id[image.id]
        assert isinstance(again, Planned)
        assert "portrait.png: A small girl." in (again.composed.text if again.composed else "")
