"""Characters: appearance, inventory, and portraits that are still to be made."""

import pytest

from chargen import kinds
from chargen.errors import Severity
from chargen.kinds.characters import relative
from chargen.model.slots import SetSlots, SlotValues
from chargen.model.values import Status

FILE = "imagery/characters/pim/imagery.yaml"
HEAD = "entity_type: character\nslug: pim\n"


def character(scan, inventory, head=HEAD, **options):
    return scan(f"{head}image_inventory:\n{inventory}", FILE, **options)


def item(scan, fields, **options):
    imagery = character(scan, f"  - {{id: a, {fields}}}\n", **options)
    return imagery.characters[0].inventory[0], imagery


def test_a_character_has_its_appearance_and_inventory(scan):
    """Paths are named from the file's folder and kept with blanks and commas."""
    head = HEAD + "name: Pim the Hen\nappearance: |\n  A small hen.\n"
    inventory = """\
  - {id: face, path: "images/Pim, Aug 6, 2031.png", status: approved, is_reference_portrait: true}
  - {id: back, path: ../shared/b.png}
"""
    imagery = character(scan, inventory, head)
    (pim,) = imagery.characters
    assert (pim.slug, pim.name, pim.file, pim.appearance, pim.appearance.position.line) == (
        "pim",
        "Pim the Hen",
        FILE,
        "A small hen.\n",
        4,
    )
    face, back = pim.inventory
    assert (face.path, face.status, face.is_reference_portrait) == (
        "imagery/characters/pim/images/Pim, Aug 6, 2031.png",
        Status.APPROVED,
        True,
    )
    assert (back.path, back.is_reference_portrait, back.entry_id) == ("imagery/characters/shared/b.png", False, None)
    assert (imagery.entries, imagery.problems) == ((), ())


@pytest.mark.parametrize(
    "path", ["../../../../secret.png", "/etc/a.png", "C:\\a.png", "https://example.org/a.png", "..\\..\\..\\..\\a.png"]
)
def test_a_path_that_leaves_the_project_is_no_path(scan, path):
    """It stops whoever uses the picture; to the file it is odd."""
    found, imagery = item(scan, f"path: '{path}'")
    assert (found.path, [p.severity for p in found.problems]) == (None, [Severity.ERROR])
    assert [p.severity for p in imagery.problems] == [Severity.WARNING]


def test_backslashes_of_a_path_are_slashes(scan):
    """Authors on Windows write them."""
    assert item(scan, "path: images\\a.png")[0].path == "imagery/characters/pim/images/a.png"


@pytest.mark.parametrize(
    "path", ["", ", path: ", ", path: ~", ", path: ''", ", path: ../../../generated/characters/pim/a.png"]
)
def test_a_picture_with_a_prompt_and_no_path_elsewhere_is_planned(scan, path):
    """No path, a null, or its own target."""
    found, imagery = item(scan, f"prompt_used: a hen, status: approved{path}".replace(", path: }", "}"))
    (entry,) = imagery.entries
    assert (entry.id, entry.path, entry.prompt, entry.status) == (
        "characters/pim/a",
        ("image_inventory", 0),
        "a hen",
        Status.APPROVED,
    )
    assert (found.entry_id, found.path) == (entry.id, "generated/characters/pim/a.png")


@pytest.mark.parametrize("path", ["images/a.png", "a.png", "../../../elsewhere/characters/pim/a.png"])
def test_an_authors_own_picture_is_never_planned(scan, path):
    """Not even one in a folder of the same shape as the target's."""
    found, imagery = item(scan, f"prompt_used: a hen, path: {path}")
    assert (imagery.entries, found.entry_id) == ((), None)


def test_the_target_follows_the_folder_of_pictures(scan):
    """A project may name it otherwise."""
    fields = "prompt_used: a hen, path: ../../../art/characters/pim/a.png"
    assert len(item(scan, fields, generated="art")[1].entries) == 1
    assert len(item(scan, fields)[1].entries) == 0


def test_approval_without_a_prompt_locks_nothing(scan):
    """Every picture of real files is approved."""
    found, imagery = item(scan, "path: a.png, status: approved")
    assert (imagery.entries, found.status) == ((), Status.APPROVED)


def test_a_portrait_has_title_negative_prompt_size_and_characters(scan):
    """It is an entry like any other; whom it depicts besides is resolved like a location's."""
    inventory = """\
  - id: duo
    prompt_used: two hens
    negative_prompt: foxes
    aspect_ratio: 3:4
    content: {title: Two of a Kind}
    depicts_characters: [odo]
    palette: {dominant: [rust]}
"""
    (entry,) = character(scan, inventory).entries
    assert (entry.title, entry.negative_prompt, str(entry.size)) == ("Two of a Kind", ("foxes",), "864x1152")
    assert [(d.slug, d.reference_ids) for d in entry.depicts] == [("odo", None)]
    assert (entry.always, entry.colours) == ((), ("#b03f10",))


def test_a_picture_without_an_id_is_odd_and_an_error_if_planned(scan, told):
    """Nothing could name it."""
    imagery = character(scan, "  - {path: a.png}\n  - {prompt_used: a hen}\n")
    assert (imagery.entries, imagery.characters[0].inventory) == ((), ())
    assert [(severity, line) for severity, line, _ in told(imagery.problems)] == [("warning", 4), ("error", 5)]


def test_a_planned_portrait_needs_an_id_that_can_name_a_file(scan, told):
    """An imported picture does not: its id names no file."""
    imagery = character(scan, "  - {id: 'a/b', path: a.png}\n  - {id: 'c/d', prompt_used: a hen}\n")
    assert [found.id for found in imagery.characters[0].inventory] == ["a/b"]
    assert [(severity, line) for severity, line, _ in told(imagery.problems)] == [("error", 5)]


def test_an_inventory_id_taken_twice_is_odd(scan, told):
    """The first counts."""
    imagery = character(scan, "  - {id: a, path: 1.png}\n  - {id: a, path: 2.png}\n")
    assert [found.path.rpartition("/")[2] for found in imagery.characters[0].inventory] == ["1.png"]
    assert [(severity, line) for severity, line, _ in told(imagery.problems)] == [("warning", 5)]


def test_an_inventory_that_is_no_list_is_an_error(scan, told):
    """The character's appearance is read all the same."""
    imagery = scan(HEAD + "appearance: a hen\nimage_inventory: none\n", FILE)
    assert told(imagery.problems) == [("error", 4, "`image_inventory` must be a list")]
    assert imagery.characters[0].appearance == "a hen"


def test_a_file_without_a_slug_is_named_by_its_folder(scan, told):
    """Its pictures can still be references."""
    imagery = scan("image_inventory: [{id: a, path: a.png}]\n", FILE)
    assert (imagery.slug, imagery.characters[0].name, [s for s, _, _ in told(imagery.problems)]) == (
        "pim",
        "pim",
        ["warning"],
    )


def test_the_slots_of_a_portrait_begin_with_its_path(scan):
    """As seen from the character's folder, which may lie beside the pictures."""
    (entry,) = character(scan, "  - {id: a, prompt_used: a hen}\n").entries
    edit = kinds.named(entry.kind).slots(
        entry, SlotValues("2030-01-02T03:04:05Z", "a.png", "generated/characters/pim/a.png", "p", "m", {})
    )
    assert isinstance(edit, SetSlots)
    assert edit.path == ("image_inventory", 0)
    assert edit.values["path"] == "../../../generated/characters/pim/a.png"
    assert list(edit.values) == [
        "path",
        "generated_at",
        "file_name",
        "file_path",
        "provider",
        "model",
        "provider_metadata",
    ]


def test_what_was_written_back_is_still_the_same_plan(scan):
    """Reading the slots again gives the same entry."""
    (entry,) = character(scan, "  - {id: a, prompt_used: a hen}\n").entries
    path = relative("generated/characters/pim/a.png", "imagery/characters/pim")
    (again,) = character(scan, f"  - {{id: a, prompt_used: a hen, path: {path}}}\n").entries
    assert again.id == entry.id


@pytest.mark.parametrize(
    ("path", "folder", "seen"),
    [
        ("g/a.png", "", "g/a.png"),
        ("a/b/c.png", "a/b", "c.png"),
        ("a/b.png", "a/b", "../b.png"),
        ("x.png", "a", "../x.png"),
    ],
)
def test_a_path_is_seen_from_a_folder(path, folder, seen):
    """Shared folders drop out, the rest climbs."""
    assert relative(path, folder) == seen


def test_a_file_without_slug_and_folder_has_no_characters(scan, told):
    """Nothing could name it."""
    imagery = scan("image_inventory: []\n", "imagery.yaml")
    assert (imagery.characters, [severity for severity, _, _ in told(imagery.problems)]) == ((), ["error"])


RECORD = f"1 in={'a' * 64} file={'b' * 64} size=9"


@pytest.mark.parametrize(
    ("file_path", "record", "planned"),
    [
        ("generated/characters/pim/old.png", RECORD, True),
        ("generated/characters/pim/old.png", "mine", False),
        ("generated/characters/pim/other.png", RECORD, False),
    ],
)
def test_a_portrait_is_planned_where_its_path_is_the_place_the_program_put_it(scan, file_path, record, planned):
    """After another id its `path` names the former place: with a record of that place it is no author's picture."""
    slots = f"file_path: {file_path}, provider_metadata: {{record: '{record}'}}"
    path = "../../../generated/characters/pim/old.png"
    found, imagery = item(scan, f"prompt_used: A hen., path: {path}, {slots}")
    assert bool(imagery.entries) is planned
    assert found.path == f"generated/characters/pim/{'a' if planned else 'old'}.png"
