"""References: which pictures show an entry's characters, and when words must do."""

import pytest
from msgspec.structs import replace

from chargen.errors import Position, Severity
from chargen.model.entries import Character, Declared, DepictedCharacter, Entry, InventoryItem, Outputs
from chargen.model.traced import Traced
from chargen.model.values import EntryId, Size, Status
from chargen.plan.resolve import APPEARANCE_WORDS, describe_instead, resolve

HERE = Position("c/imagery.yaml", 9, 7)
ENTRY = Entry(
    id=EntryId("chapters/c/one"),
    kind="chapter",
    file="c/imagery.yaml",
    position=HERE,
    path=("images", 0),
    title="one",
    prompt=Traced.of("a hen", "prompt_used"),
    negative_prompt=(),
    size=Size(64, 64),
    status=None,
    depicts=(),
    always=(),
    colours=(),
    declared=Declared(),
    outputs=Outputs(),
    data={},
)


def item(name, status=None, portrait=False, path="", entry_id=None, problems=()):
    path = f"p/{name}.png" if path == "" else path
    return InventoryItem(name, path, Position("p/imagery.yaml", 3, 5), status, portrait, entry_id, problems)


def character(*items, slug="pim", appearance="Pim is a small hen.\nShe wears a blue scarf."):
    text = Traced.of(appearance, "appearance", Position("p/imagery.yaml", 2, 1)) if appearance else None
    return Character(slug, "Pim", "p/imagery.yaml", text, items)


def asked(*ids, slug="pim", declared=True):
    listed = tuple(
        Traced.of(name, "reference_images", Position("c/imagery.yaml", n + 1, 3)) for n, name in enumerate(ids)
    )
    return replace(ENTRY, depicts=(DepictedCharacter(slug, HERE, "Pim the Hen", listed if declared else None),))


def ids(resolution):
    return [reference.path.rpartition("/")[2].removesuffix(".png") for reference in resolution.references]


def run(entry, *people, broken=None, describe=False, portrait=False):
    return resolve(entry, {person.slug: person for person in people}, broken or {}, describe, portrait)


def test_listed_pictures_are_references_in_the_listed_order():
    """Nothing distinguishes them, so that the author's order stays."""
    found = run(asked("b", "a"), character(item("a"), item("b")))
    assert ids(found) == ["b", "a"]
    assert found.problems == found.described == ()
    assert found.references[0].path == "p/b.png"
    assert found.references[0].position == Position("c/imagery.yaml", 1, 3)
    assert found.references[0].appearance == "Pim is a small hen. She wears a blue scarf."


def test_at_most_two_of_a_character_approved_first_then_portraits():
    """The two best are taken, in the order they are listed in."""
    inventory = [item("draft", Status.DRAFT), item("plain"), item("face", portrait=True), item("good", Status.APPROVED)]
    assert ids(run(asked("draft", "plain", "face", "good"), character(*inventory))) == ["face", "good"]


@pytest.mark.parametrize("status", [Status.REJECTED, Status.ARCHIVED])
def test_rejected_and_archived_pictures_are_never_references(status):
    """They are told, and words stand in where nothing else is listed."""
    found = run(asked("a"), character(item("a", status)))
    assert ids(found) == []
    assert [d.text for d in found.described] == ["Pim is a small hen. She wears a blue scarf."]
    assert [(p.severity, status.value in p.message) for p in found.problems] == [(Severity.WARNING, True)]


def test_a_rejected_portrait_that_is_planned_stays_the_reference():
    """It is made anew, and its users wait for it, rather than being made without it and then once more."""
    again = InventoryItem("a", "generated/a.png", HERE, Status.REJECTED, True, EntryId("characters/pim/a"))
    found = run(asked("a"), character(again))
    assert (ids(found), found.problems) == (["a"], ())


def test_an_id_listed_twice_is_one_reference():
    """Sending a picture twice buys nothing."""
    assert ids(run(asked("a", "a"), character(item("a")))) == ["a"]


def test_an_unknown_id_blocks_and_is_told_where_it_was_written():
    """The words stay: what was made with them is current, and only a new picture is blocked."""
    found = run(asked("potrait"), character(item("portrait")))
    assert ids(found) == []
    assert found.described[0].text.name == "appearance of pim"
    assert found.described[0].text.position == Position("p/imagery.yaml", 2, 1)
    assert [str(p) for p in found.problems] == [
        "c/imagery.yaml:1:3: error: `pim` has no picture `potrait` in the inventory\n  hint: did you mean `portrait`?"
    ]
    far = run(asked("xyz"), character(item("portrait")))
    assert far.problems[0].hint == (
        'the inventory of `pim` stands in p/imagery.yaml; `missing_references = "describe"` sends a description instead'
    )


def test_an_unknown_id_is_words_and_a_warning_where_the_settings_say_so():
    """`missing_references = "describe"`."""
    found = run(asked("potrait"), character(item("portrait")), describe=True)
    assert ids(found) == []
    assert [problem.severity for problem in found.problems] == [Severity.WARNING]
    assert len(found.described) == 1


def test_an_unknown_id_is_a_warning_that_names_the_portrait_that_stands_in():
    """`empty_references = "portrait"`: nothing is sent without the face, and whose picture it is, is said."""
    found = run(asked("xyz"), character(item("portrait", portrait=True)), portrait=True)
    assert ids(found) == ["portrait"]
    (problem,) = found.problems
    assert problem.severity is Severity.WARNING
    assert problem.message.endswith("has no picture `xyz` in the inventory: `portrait` goes along instead")


def test_what_goes_along_instead_of_an_unknown_id_is_what_else_is_listed():
    """The hint is true beside a known one as well."""
    found = run(asked("a", "nowhere"), character(item("a"), item("face", portrait=True)), portrait=True)
    assert found.problems[0].hint.endswith('`missing_references = "describe"` sends what else is listed')


@pytest.mark.parametrize("portrait", [True, False])
def test_none_in_a_list_is_told_how_to_be_written(portrait):
    """It is an id like any other, which the inventory has not."""
    found = run(asked("none"), character(item("face", portrait=True)), portrait=portrait)
    (problem,) = found.problems
    assert (problem.severity, problem.hint.partition(",")[0]) == (Severity.ERROR, "write `reference_images: none`")


def test_an_unknown_id_beside_a_known_one_needs_no_words():
    """One picture shows the character; the other id is still told."""
    found = run(asked("a", "nowhere"), character(item("a")))
    assert (ids(found), found.described, len(found.problems)) == (["a"], (), 1)


def test_an_undeclared_character_shows_its_reference_portrait():
    """One portrait, the approved one if there are several, never a rejected one."""
    inventory = [
        item("no", Status.REJECTED, portrait=True),
        item("old", portrait=True),
        item("face", Status.APPROVED, portrait=True),
        item("other", Status.APPROVED),
    ]
    found = run(asked(declared=False), character(*inventory))
    assert (ids(found), found.problems) == (["face"], ())
    assert found.references[0].position == HERE


def test_an_undeclared_character_without_a_portrait_is_words():
    """The warning says what to mark."""
    found = run(asked(declared=False), character(item("a")))
    assert len(found.described) == 1
    assert "is_reference_portrait" in found.problems[0].hint


def test_declared_with_nothing_listed_is_words():
    """The portrait is not taken: the author listed none."""
    found = run(asked(), character(item("face", Status.APPROVED, portrait=True)))
    assert (ids(found), len(found.described), len(found.problems)) == ([], 1, 1)


@pytest.mark.parametrize(
    ("listed", "inventory", "shown"),
    [
        ((), [item("face", portrait=True)], ["face"]),
        (("nobody",), [item("face", portrait=True)], ["face"]),
        ((), [item("one"), item("two", path="p/images/Portrait.png")], ["Portrait"]),
        ((), [item("portrait"), item("face", portrait=True)], ["face"]),
        ((), [item("old", portrait=True), item("new", Status.APPROVED, portrait=True)], ["new"]),
        ((), [item("face", Status.REJECTED, portrait=True), item("portrait")], ["portrait"]),
        (("one",), [item("one"), item("face", portrait=True)], ["one"]),
        ((), [item("face", portrait=True, entry_id=ENTRY.id)], []),
        ((), [item("one"), item("two")], []),
    ],
)
def test_where_nothing_usable_is_listed_the_portrait_shows_them_if_the_author_wants(listed, inventory, shown):
    """The one that is marked, else one called `portrait`; what is listed and usable goes first."""
    found = run(asked(*listed), character(*inventory), portrait=True)
    assert ids(found) == shown
    assert [reference.stands_in for reference in found.references] == [shown != ["one"]] * len(shown)
    assert bool(found.described) is not bool(shown)


def test_no_portrait_on_purpose_is_words_without_a_warning():
    """Whatever the setting is."""
    entry = asked()
    entry = replace(entry, depicts=(replace(entry.depicts[0], no_portrait=True),))
    found = run(entry, character(item("face", portrait=True)), portrait=True)
    assert (ids(found), len(found.described), found.problems) == ([], 1, ())


def test_an_empty_list_is_told_where_it_stands_with_what_the_setting_would_send():
    """Once a chapter, not once an image."""
    entry = asked()
    there = Position("c/imagery.yaml", 4, 5)
    entry = replace(entry, depicts=(replace(entry.depicts[0], declared_at=there),))
    (problem,) = run(entry, character(item("face", portrait=True))).problems
    assert problem.position == there
    assert problem.hint.endswith('; `empty_references = "portrait"` sends `face`')


def test_a_character_without_a_file_is_a_warning_and_no_words():
    """Near slugs are suggested; a name says nothing of what somebody looks like."""
    found = run(asked(slug="pin"), character())
    assert [(d.name, d.text) for d in found.described] == [("Pim the Hen", "")]
    assert (found.problems[0].severity, found.problems[0].hint) == (Severity.WARNING, "did you mean `pim`?")
    assert found.problems[0].message == "`pin` has no character file: nothing tells what they look like"


@pytest.mark.parametrize("declared", [True, False])
def test_a_character_without_appearance_is_a_warning_and_no_words(declared):
    """With no picture either, the warning says what is missing."""
    found = run(asked(declared=declared), character(appearance=""))
    assert found.described[0].text == ""
    assert "without an `appearance` nothing tells what they look like" in found.problems[0].message


def test_a_broken_character_file_blocks_unless_words_will_do():
    """Building now would mean to pay again once the file is mended."""
    broken = {"pim": Position("p/imagery.yaml", 81, 14)}
    blocked = run(asked("a"), broken=broken)
    assert [p.severity for p in blocked.problems] == [Severity.ERROR]
    assert blocked.described == ()
    assert "p/imagery.yaml:81:14" in blocked.problems[0].message
    described = run(asked("a"), broken=broken, describe=True)
    assert [p.severity for p in described.problems] == [Severity.WARNING]
    assert len(described.described) == 1


def test_a_planned_portrait_is_a_reference_with_its_entry():
    """Whether it is built yet does not matter here."""
    planned = item("face", entry_id=EntryId("characters/pim/face"), path="generated/characters/pim/face.png")
    (reference,) = run(asked("face"), character(planned)).references
    assert reference.entry_id == "characters/pim/face"


def test_a_portrait_is_no_reference_of_itself():
    """A portrait that names its own character takes the words instead, without a warning."""
    own = item("face", portrait=True, entry_id=ENTRY.id)
    found = run(asked(declared=False), character(own))
    assert (ids(found), found.problems, len(found.described)) == ([], (), 1)


def test_a_picture_that_names_no_usable_file_blocks_unless_words_will_do():
    """Neither a path nor a prompt, or a path that leaves the project."""
    blocked = run(asked("a"), character(item("a", path=None)))
    assert [p.severity for p in blocked.problems] == [Severity.ERROR]
    described = run(asked("a"), character(item("a", path=None)), describe=True)
    assert [p.severity for p in described.problems] == [Severity.WARNING]
    assert len(described.described) == 1


def test_a_long_appearance_is_shortened():
    """Whole sentences up to sixty words, on one line."""
    text = " ".join(f"Sentence {n} has\nfive words." for n in range(40))
    found = run(asked(), character(appearance=text)).described[0].text
    assert found == " ".join(f"Sentence {n} has five words." for n in range(APPEARANCE_WORDS // 5))


def test_a_reference_can_be_told_in_words_afterwards():
    """The caller finds out that a file is missing."""
    pim = character(item("a"))
    (reference,) = run(asked("a"), pim).references
    told = describe_instead(reference, {"pim": pim})
    assert (told.character, told.name, told.text) == ("pim", "Pim", "Pim is a small hen. She wears a blue scarf.")
    assert describe_instead(reference, {}).name == "pim"
