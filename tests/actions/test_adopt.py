"""Pictures that exist already: found by `file_path`, run log and name, taken as they are, and given back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from servers.pictures import jpeg, png
from support import inside
from support.project import Project

from chargen.actions.adopt import Adoption, adopt, look
from chargen.actions.undo import undo
from chargen.cli.main import cli
from chargen.model.values import EntryId, Verdict
from chargen.plan.plan import Plan
from chargen.plan.session import Session

SCENES = """\
character: {name: Mara Vey}   # who is in all of them
scenes:
  - title: The Lamp   # first
    scene: Mara holds a lamp.
  - title: A Door

    scene: Mara at a door.
  - title: The very long title of a scene that nobody would cut by hand
    scene: Mara reads.
generation_defaults: {provider: sketch, model: sketch}
"""
FILE = "imagery/characters/mara/scenes.yaml"
LONG = "the-very-long-title-of-a-scene-that-nobody-would-cut-by-hand"
FOLDER = "imagery/characters/mara"
CHAPTER = "imagery/chapters/ch01/imagery.yaml"


def run_log(*runs: tuple[str, str, str]) -> str:
    """A log of runs: (target, file, time)."""
    lines = [
        f'  - {{target_id: {target}, file_name: {name}, file_path: "/elsewhere/{name}", timestamp: "{at}"}}'
        for target, name, at in runs
    ]
    return "\n".join(["runs:", *lines, ""])


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """Three scenes of a character, and a chapter of two images."""
    book = Project(tmp_path)
    book.write(FILE, SCENES)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    return book


def found(book: Project) -> Adoption:
    with inside.opened(book, read_only=True) as (session, planner):
        return look(session, planner, planner.images(planner.plan().by_id))


def taken(book: Project, *, copy: bool = False) -> Adoption:
    with inside.opened(book) as (session, planner):
        return adopt(session, planner, planner.images(planner.plan().by_id), copy=copy)


def pairs(adoption: Adoption) -> dict[str, str]:
    """Short ids with what was found for them."""
    return {
        item.image.id.rpartition("/")[2]: f"{item.found.told_by}: {item.found.path.rpartition('/')[2]}"
        for item in adoption.images
    }


def test_a_file_of_the_name_is_found_the_newest_of_several(book: Project) -> None:
    """With the slug before it, a number and times behind it; beside the file, in `images/` or `generated_images/`."""
    book.write(f"{FOLDER}/images/the-lamp.png", png(8, 8, 1))
    book.write(f"{FOLDER}/images/mara-a-door-01-1766243073908.png", png(8, 8, 2))
    book.write(f"{FOLDER}/generated_images/mara-a-door-1766317397344-2025-12-21.jpg", jpeg(8, 8, 3))
    book.write(f"{FOLDER}/images/mara-{LONG[:40]}-1766243073908.png", png(8, 8, 4))
    book.write("imagery/chapters/ch01/images/b.PNG", png(8, 8, 5))
    book.write("imagery/chapters/ch01/images/bb.png", png(8, 8, 6))
    assert pairs(found(book)) == {
        "b": "name: b.PNG",
        "the-lamp": "name: the-lamp.png",
        "a-door": "name: mara-a-door-1766317397344-2025-12-21.jpg",
        LONG: f"name: mara-{LONG[:40]}-1766243073908.png",
    }


@pytest.mark.parametrize("log", ["imagery.runs.yaml", "imagery.runs.YAML"])
def test_of_a_run_log_the_newest_whose_file_exists_counts(book: Project, log: str) -> None:
    runs = [
        ("mara-the-lamp-00", "first.jpg", "2025-12-20"),
        ("mara-the-lamp-00", "second.jpg", "2025-12-21"),
        ("mara-the-lamp-00", "gone.jpg", "2025-12-22"),
        (f"mara-{LONG[:40]}-02", "long.jpg", "2025-12-20"),
        ("somebody-else", "first.jpg", "2025-12-20"),
    ]
    book.write(f"{FOLDER}/{log}", run_log(*runs))
    for name in ("first", "second", "long"):
        book.write(f"{FOLDER}/images/{name}.jpg", jpeg(8, 8, 1))
    book.write(f"{FOLDER}/images/the-lamp.png", png(8, 8, 1))
    adoption = found(book)
    assert list(pairs(adoption).values()) == ["run log: second.jpg", "run log: long.jpg"]
    assert str(adoption.images[0].found.place) == f"{FOLDER}/{log}:3:5"


@pytest.mark.parametrize(
    "written",
    [
        "chapters/ch01/archive/old lamp.png",  # from the folder of imagery
        "archive/old lamp.png",  # from the file
        "imagery/chapters/ch01/archive/old lamp.png",  # from the project
        "archive\\\\old lamp.png",
    ],
)
def test_a_file_path_from_any_of_the_usual_places_is_never_overwritten(book: Project, written: str) -> None:
    """It names a picture of the author's: unrecorded in every plan, without being taken first."""
    book.write("imagery/chapters/ch01/archive/old lamp.png", png(8, 8, 1))
    book.edit(CHAPTER, "file_path: null", f'file_path: "{written}"')
    assert inside.verdicts(book)[EntryId("chapters/ch01/a")] is Verdict.UNRECORDED
    before = book.read(CHAPTER)
    assert inside.build(book) == 0
    assert f'file_path: "{written}"' in book.read(CHAPTER)
    assert book.read(CHAPTER).split("custom_id")[1] == before.split("custom_id")[1]


def test_a_file_path_of_another_machine_is_found_beside_the_file(book: Project) -> None:
    book.write("imagery/chapters/ch01/images/lamp-final.png", png(8, 8, 1))
    book.edit(CHAPTER, "file_path: null", 'file_path: "/home/somebody/book/lamp-final.png"')
    assert pairs(found(book)) == {"a": "file_path: lamp-final.png"}
    assert taken(book).taken
    assert inside.verdicts(book)[EntryId("chapters/ch01/a")] is Verdict.UNRECORDED


def test_what_is_taken_is_left_where_it_lies_and_only_slots_change(book: Project) -> None:
    """Unrecorded: nothing is made or bought for it; comments and blank lines stay; undo brings back every byte."""
    lamp = book.write(f"{FOLDER}/images/the-lamp.png", png(8, 8, 1))
    book.write("imagery/chapters/ch01/images/b.png", png(8, 8, 2))
    before = {name: book.read(name) for name in (FILE, CHAPTER)}
    assert len(taken(book).taken) == 2
    assert inside.verdicts(book)[EntryId("characters/mara/the-lamp")] is Verdict.UNRECORDED
    assert book.read(FILE) == before[FILE].replace(
        "    scene: Mara holds a lamp.\n",
        "    scene: Mara holds a lamp.\n    file_name: the-lamp.png\n"
        "    file_path: imagery/characters/mara/images/the-lamp.png\n",
    )
    assert inside.build(book) == 0
    assert (book.images(), lamp.read_bytes()) == (
        {"chapters/ch01/a", "characters/mara/a-door", "characters/mara/" + LONG},
        png(8, 8, 1),
    )


def test_undo_brings_back_every_byte(book: Project) -> None:
    """It is one decision, however many files it is about."""
    for name in ("the-lamp", "a-door"):
        book.write(f"{FOLDER}/images/{name}.png", png(8, 8, 1))
    book.write("imagery/chapters/ch01/images/b.png", png(8, 8, 2))
    before = {name: (book.root / name).read_bytes() for name in (FILE, CHAPTER)}
    assert taken(book).decision == 1
    with inside.opened(book) as (session, _):
        assert [(item.decided.id, item.refused) for item in undo(session).images] == [
            ("chapters/ch01/b", ""),
            ("characters/mara/the-lamp", ""),
            ("characters/mara/a-door", ""),
        ]
        assert {name: (book.root / name).read_bytes() for name in (FILE, CHAPTER)} == before


def test_a_copy_at_the_target_is_recorded_by_the_next_build(book: Project) -> None:
    """From then on an edit of its prompt counts; what is no PNG stays where it lies; undo puts copies in the trash."""
    book.write(f"{FOLDER}/images/the-lamp.png", png(8, 8, 1))
    book.write(f"{FOLDER}/images/a-door.jpg", jpeg(8, 8, 2))
    taken(book, copy=True)
    at = EntryId("characters/mara/the-lamp")
    target = book.root / f"generated/{at}.png"
    assert target.read_bytes() == png(8, 8, 1)
    with inside.opened(book) as (session, _):
        assert not any(item.refused for item in undo(session).images)
    assert not target.exists()
    taken(book, copy=True)
    assert inside.build(book) == 0
    assert inside.verdicts(book)[at] is Verdict.FRESH
    assert inside.verdicts(book)[EntryId("characters/mara/a-door")] is Verdict.UNRECORDED
    book.edit(FILE, "Mara holds a lamp.", "Mara drops a lamp.")
    assert inside.verdicts(book)[at] is Verdict.BLOCKED  # out of date, and a sketch replaces no picture of the author's


@pytest.mark.parametrize("portrait", [True, False])
def test_an_adoption_taken_back_after_a_build_recorded_it_stays_taken_back(book: Project, portrait: bool) -> None:
    """Its bytes are kept, and nothing puts them back by itself; it can be adopted again."""
    if portrait:
        book.character("ivo", "Ivo stands.")
    folder, name = ("ivo", "ivo-portrait") if portrait else ("mara", "the-lamp")
    lies = book.write(f"imagery/characters/{folder}/images/{name}.png", png(8, 8, 1))
    at = EntryId(f"characters/{folder}/{name}")
    taken(book, copy=True)
    assert inside.build(book, f"chargen batch {at}") == 0
    assert inside.verdicts(book)[at] is Verdict.FRESH
    with inside.opened(book) as (session, _):
        assert not any(item.refused for item in undo(session).images)
        assert session.history.list(at), "the adopted bytes are kept"
    assert inside.verdicts(book)[at] is Verdict.MISSING
    assert len(taken(book, copy=True).taken) == 1
    assert (book.root / f"generated/{at}.png").read_bytes() == lies.read_bytes()
    assert inside.verdicts(book)[at] is Verdict.UNRECORDED


def test_a_picture_of_a_planned_portrait_is_copied_to_its_target(book: Project) -> None:
    """Its entry stays planned, so that its users and its history stay; what is no PNG is left to the author."""
    book.character("ivo", "Ivo stands.")
    lies = book.write("imagery/characters/ivo/images/ivo-portrait.png", png(8, 8, 1))
    assert len(taken(book).taken) == 1
    name = EntryId("characters/ivo/ivo-portrait")
    assert (book.root / f"generated/{name}.png").read_bytes() == lies.read_bytes()
    assert inside.verdicts(book)[name] is Verdict.UNRECORDED
    assert inside.build(book) == 0
    assert inside.verdicts(book)[name] is Verdict.FRESH
    book.character("ada", "Ada stands.")
    book.write("imagery/characters/ada/images/ada-portrait.jpg", jpeg(8, 8, 1))
    (item,) = taken(book).images
    assert "is no PNG" in item.refused


def test_a_place_without_a_list_of_pictures_gets_one(book: Project) -> None:
    book.write(
        "imagery/locations/mill/imagery.yaml",
        "metadata: {entity_type: location-imagery, slug: mill}\n"
        "overview:\n  slug: wide\n  prompt_used: A mill.\n  # no pictures yet\nzones: []\n",
    )
    book.write("imagery/locations/mill/images/wide.png", png(8, 8, 1))
    taken(book)
    assert inside.verdicts(book)[EntryId("locations/mill/wide")] is Verdict.UNRECORDED
    assert "  prompt_used: A mill.\n  generated_images:" in book.read("imagery/locations/mill/imagery.yaml")


def test_what_has_a_picture_is_not_looked_for(book: Project) -> None:
    assert inside.build(book) == 0
    book.write("imagery/chapters/ch01/images/a.png", png(8, 8, 1))
    assert found(book).images == ()


def test_a_name_that_means_two_is_taken_for_neither(book: Project) -> None:
    """Two scenes whose titles are cut to the same forty characters; the log that tells the whole title helps."""
    twin = "The very long title of a scene that nobody else would cut"
    book.edit(FILE, "title: A Door", f"title: {twin}")
    name = f"mara-{LONG[:40]}.png"
    book.write(f"{FOLDER}/images/{name}", png(8, 8, 1))
    adoption = found(book)
    assert (adoption.images, adoption.ambiguous) == ((), (f"{FOLDER}/images/{name}",))
    told = f'{{target_id: x-1, file_name: {name}, target_metadata: {{scene_title: "{twin}"}}}}'
    book.write(f"{FOLDER}/imagery.runs.yaml", f"runs: [{told}]\n")
    assert [item.found.told_by for item in found(book).images] == ["run log"]


def test_one_picture_is_taken_for_one_image(book: Project) -> None:
    book.write("imagery/chapters/ch01/one.png", png(8, 8, 1))
    for _ in "ab":
        book.edit(CHAPTER, "file_path: null", 'file_path: "/x/one.png"')
    first, second = taken(book).images
    assert (first.refused, second.refused) == (
        "",
        "`imagery/chapters/ch01/one.png` is already used for `chapters/ch01/a`",
    )


def test_what_is_no_picture_is_not_taken(book: Project) -> None:
    book.write(f"{FOLDER}/images/the-lamp.png", b"not at all")
    (item,) = taken(book).images
    assert "the-lamp.png" in item.refused
    assert book.read(FILE) == SCENES


def test_what_is_no_picture_is_not_offered(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by a kept plan, which sees a picture that was put in its place; a pointer of Git LFS may be one."""
    monkeypatch.chdir(book.root)
    junk = book.write(f"{FOLDER}/images/the-lamp.png", b"not at all")
    last = CliRunner().invoke(cli, ["adopt"]).output.splitlines()[-1]
    assert last == "nothing was taken"
    inside.let_settle(monkeypatch)
    with inside.opened(book) as (session, planner):
        planner.plan()
        session.keep(planner)
        assert list(_seen(session)) == []
        junk.write_bytes(png(8, 8, 1))
        assert list(_seen(session)) == [f"{FOLDER}/images/the-lamp.png"]
        junk.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 5\n" % (b"ab" * 32))
        assert list(_seen(session)) == [f"{FOLDER}/images/the-lamp.png"]


def test_a_run_log_that_is_no_yaml_is_one_problem_with_its_place(book: Project) -> None:
    """What it tells of is not found; all else is, and all else is built."""
    book.write(f"{FOLDER}/imagery.runs.yaml", "runs:\n  - target_id: a\n  file_name: [\n")
    book.write(f"{FOLDER}/images/the-lamp.png", png(8, 8, 1))
    adoption = found(book)
    assert pairs(adoption) == {"the-lamp": "name: the-lamp.png"}
    (problem,) = adoption.problems
    assert (problem.position and problem.position.file) == f"{FOLDER}/imagery.runs.yaml"
    plan = _plan(book)
    assert [told.message for told in plan.problems if "run log" in told.message] == [problem.message]
    assert inside.build(book) == 0


def _plan(book: Project) -> Plan:
    with inside.opened(book, read_only=True) as (_, planner):
        return planner.plan()


def test_a_plan_says_how_many_it_saw_before_it_offers_to_buy(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words before the price, in JSON as a note; a kept plan sees a picture that came since, and one that went."""
    monkeypatch.chdir(book.root)
    seen = "1 image to be made seems to have a picture in the project already"
    picture = book.write(f"{FOLDER}/images/the-lamp.png", png(8, 8, 1))
    lines = CliRunner().invoke(cli, ["plan"]).output.splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith(seen))
    assert "to send" in lines[at + 1]
    plan = json.loads(CliRunner().invoke(cli, ["plan", "--json"]).output)
    assert [problem["message"] for problem in plan["problems"] if problem["severity"] == "note"] == [seen]
    inside.let_settle(monkeypatch)
    with inside.opened(book) as (session, planner):
        planner.plan()
        session.keep(planner)
        assert list(_seen(session)) == [f"{FOLDER}/images/the-lamp.png"]
        picture.unlink()
        assert list(_seen(session)) == []


def _seen(session: Session) -> Iterator[str]:
    return (image.seen for image in session.planner().plan().images if image.seen)


def test_the_command_shows_takes_and_gives_back(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(book.root)
    run = CliRunner()
    assert "no pictures were found" in run.invoke(cli, ["adopt"]).output
    book.write(f"{FOLDER}/images/the-lamp.png", png(8, 8, 1))
    shown = run.invoke(cli, ["adopt", "--dry-run"])
    assert "1 picture would be taken" in shown.output
    assert book.read(FILE) == SCENES
    assert "no pictures" in run.invoke(cli, ["adopt", CHAPTER]).output
    told = json.loads(run.invoke(cli, ["adopt", FILE, "--json"]).output)
    assert told["images"][0]["picture"] == f"{FOLDER}/images/the-lamp.png"
    assert "file_path" in book.read(FILE)
    assert "adopt" in run.invoke(cli, ["undo", "--list"]).output
    run.invoke(cli, ["undo"])
    assert book.read(FILE) == SCENES


def test_a_picture_of_another_entry_is_not_taken_for_a_copy(book: Project) -> None:
    """The copy of a whole entry, slots and all, gets a picture of its own; nothing is decided or promised."""
    book.edit(CHAPTER, 'custom_id: "b"', 'custom_id: "c"')
    assert inside.build(book) == 0
    text = book.read(CHAPTER)
    start, end = text.index('  - custom_id: "a"'), text.index('  - custom_id: "c"')
    book.write(CHAPTER, text + text[start:end].replace('custom_id: "a"', 'custom_id: "copy"'))
    with inside.opened(book) as (session, planner):
        plan = planner.plan()
        assert plan.by_id[EntryId("chapters/ch01/copy")].verdict is Verdict.MISSING
        assert planner.image(EntryId("chapters/ch01/copy")).seen == ""
        adoption = adopt(session, planner, planner.images(plan.by_id))
        assert (adoption.images, adoption.decision, session.decisions.all()) == ((), None, ())


def test_a_date_without_dashes_is_a_time(book: Project) -> None:
    """The newest counts, however it is written; a name that an entry has is never taken for one with a date behind."""
    book.write(f"{FOLDER}/the-lamp-20250101.png", png(8, 8, 1))
    book.write(f"{FOLDER}/the-lamp-20260102.png", png(8, 8, 2))
    book.write(f"{FOLDER}/the-lamp-1700000000.png", png(8, 8, 3))
    book.write(f"{FOLDER}/the-lamp-99999999.png", png(8, 8, 4))
    book.write(f"{FOLDER}/a-door-2025-12-21.png", png(8, 8, 5))
    book.write(f"{FOLDER}/a-door-20251220.png", png(8, 8, 6))
    book.chapter("ch02", {"party": "A party.", "party-20260101": "Another one."})
    book.write("imagery/chapters/ch02/party-20260101.png", png(8, 8, 7))
    names = pairs(found(book))
    assert names == {
        "the-lamp": "name: the-lamp-20260102.png",
        "a-door": "name: a-door-2025-12-21.png",
        "party-20260101": "name: party-20260101.png",
    }


def test_what_keeps_a_picture_of_ones_own_from_being_sketched_is_told_with_the_next_step(book: Project) -> None:
    """No provider made it: after an edit of its words a sketch is refused, and what makes one is named."""
    book.write(f"{FOLDER}/the-lamp.png", png(128, 96, 1))
    assert taken(book, copy=True).exit_code == 0
    assert book.chargen("batch", "all").code == 0
    book.edit(FILE, "Mara holds a lamp.", "Mara holds two lamps.")
    told = book.chargen("why", "mara/the-lamp").out
    assert "a sketch never replaces a picture of your own" in told
    assert "move the picture away" in told
    assert "a rebuild costs" not in told, "it is refused"
    assert "another provider" not in told
