"""Selection: the images a path, an id or a pattern means."""

from __future__ import annotations

import pytest

from chargen.errors import StartError
from chargen.model.values import EntryId
from chargen.plan.selection import Selectable, Selection, named_alone, select


def image(entry: str, file: str) -> Selectable:
    target = f"generated/{entry}.png"
    return Selectable(EntryId(entry), target, f"generated/prompts/{entry}.txt", file, entry.split("/")[1])


IMAGES = (
    image("characters/anne/portrait", "imagery/characters/anne/imagery.yaml"),
    image("chapters/ch03/img-02", "imagery/chapters/ch03/imagery.yaml"),
    image("chapters/ch03/img-01", "imagery/chapters/ch03/imagery.yaml"),
    image("chapters/ch03.5/img-01", "imagery/chapters/ch03.5/imagery.yaml"),
    image("locations/quay/overview", "imagery/locations/quay/location-imagery.yaml"),
    image("locations/quay/pier[1]", "imagery/locations/quay/location-imagery.yaml"),
)


def chosen(*terms: str, only: tuple[str, ...] = (), match: tuple[str, ...] = (), within: str = "") -> list[int]:
    ids = select(IMAGES, Selection(terms, only, match, within))
    return [[image.id for image in IMAGES].index(entry) for entry in ids]


def complaint(*terms: str, only: tuple[str, ...] = (), match: tuple[str, ...] = ()) -> str:
    with pytest.raises(StartError) as caught:
        chosen(*terms, only=only, match=match)
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_nothing_asked_for_means_everything() -> None:
    """A bare `doit` builds all images, also of a project that has none."""
    assert chosen() == [0, 1, 2, 3, 4, 5]
    assert select((), Selection()) == ()
    assert not Selection(within="imagery")


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("generated/chapters/ch03/img-01.png", [2]),
        ("./generated//chapters/ch03/img-01.png", [2]),
        ("generated/prompts/chapters/ch03/img-01.txt", [2]),
        ("imagery/chapters/ch03/imagery.yaml", [1, 2]),
        ("chapters/ch03/img-01", [2]),
        ("chapters/ch03/*", [1, 2]),
        ("chapters/*", [1, 2, 3]),
        ("*/img-0[12]", [1, 2, 3]),
        ("generated/chapters/ch03/*", [1, 2]),
        ("generated/*", [0, 1, 2, 3, 4, 5]),
        ("locations/quay/pier[1]", [5]),
        ("*", [0, 1, 2, 3, 4, 5]),
        ("ch03/img-01", [2]),
        ("ch03/*", [1, 2]),
        ("quay/pier[1]", [5]),
        ("ch03", [1, 2]),
        ("anne", [0]),
        ("overview", [4]),
        ("img-02", [1]),
        ("pier[1]", [5]),
    ],
)
def test_a_term_is_a_path_an_id_or_a_pattern(term: str, expected: list[int]) -> None:
    """All that names an image selects it, in plan order."""
    assert chosen(term) == expected


def test_paths_may_be_written_from_the_folder_one_is_in() -> None:
    """In `generated/chapters`, shell completion gives `ch03/img-01.png`."""
    assert chosen("ch03/img-01.png", within="generated/chapters") == [2]
    assert chosen("../locations/quay/*.png", within="generated/chapters") == [4, 5]
    assert chosen("chapters/ch03/img-01", within="imagery") == [2]
    assert chosen("imagery.yaml", within="imagery/chapters/ch03") == [1, 2]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("ch03", [1, 2]),
        ("img-01", [2, 3]),
        ("chapters/ch03/img-01", [2]),
        ("quay", [4, 5]),
        ("pier[1]", [5]),
    ],
)
def test_only_is_an_exact_slug_or_id(only: str, expected: list[int]) -> None:
    """`--only ch03` does not mean `ch03.5`."""
    assert chosen(only=(only,)) == expected


def test_match_is_a_pattern_on_the_id() -> None:
    """`--match` does not look at paths."""
    assert chosen(match=("*/quay/*", "characters/*")) == [0, 4, 5]
    assert "matches no image" in complaint(match=("generated/*",))


def test_terms_add_up_and_kinds_narrow_each_other() -> None:
    """The order is the plan's, whatever order was written."""
    assert chosen("chapters/ch03/img-01", "characters/*") == [0, 2]
    assert chosen("chapters/*", only=("ch03",), match=("*-02",)) == [1]
    assert "narrows" in complaint("characters/*", only=("ch03",))


def test_what_matches_nothing_is_told_with_what_may_be_meant() -> None:
    """Every such term is named at once; capitals count."""
    text = complaint("chapters/ch03/img-1", "Chapters/ch03/img-01", "generated/chapter/ch03/img-01.png", "zzz")
    assert text.split("\n") == [
        "error: `chapters/ch03/img-1` matches no image",
        "  hint: did you mean `chapters/ch03/img-01`?",
        "error: `Chapters/ch03/img-01` matches no image",
        "  hint: did you mean `chapters/ch03/img-01`?",
        "error: `generated/chapter/ch03/img-01.png` matches no image",
        "  hint: did you mean `generated/chapters/ch03/img-01.png`?",
        "error: `zzz` matches no image",
        "  hint: `chargen plan --all` lists all images",
    ]


def test_a_folder_is_no_pattern_but_the_hint_gives_it() -> None:
    """What lies below a folder is asked for with `/*`."""
    assert "for all below it write `generated/chapters/*`" in complaint("generated/chapters/")
    assert "for all below it write `chapters/ch03/*`" in complaint("chapters/ch03")


def test_the_options_suggest_only_what_they_take() -> None:
    """`--only` takes slugs and ids, `--match` patterns on ids."""
    assert "`--only quai` matches no image\n  hint: did you mean `quay`?" in complaint(only=("quai",))
    assert "hint: did you mean `locations/quay/overview`?" in complaint(match=("location/quay/overvie",))


def test_a_project_without_images_says_so() -> None:
    """There is nothing to suggest."""
    with pytest.raises(StartError, match="plans no images yet"):
        select((), Selection(only=("ch03",)))


def test_what_could_be_one_of_several_is_no_guess() -> None:
    """A bare id or slug that several have names them all, and the way to mean them all."""
    assert complaint("img-01").split("\n") == [
        "error: `img-01` means 2 images",
        "  hint: name one of `chapters/ch03/img-01`, `chapters/ch03.5/img-01`; '*/img-01' means all of them",
    ]
    assert chosen("*/img-01") == [2, 3]
    with pytest.raises(StartError) as alone:
        select(IMAGES, Selection(("img-01",), one=True))
    assert str(alone.value).endswith("hint: name one of `chapters/ch03/img-01`, `chapters/ch03.5/img-01`")
    both = (*IMAGES, image("chapters/quay/a", "imagery/chapters/quay/imagery.yaml"))
    with pytest.raises(StartError, match=r"name one of `locations/quay/\*`, `chapters/quay/\*`"):
        select(both, Selection(("quay",)))
    assert [image.slug for image in both if image.id in select(both, Selection(("*/quay/*",)))] == ["quay"] * 3


def test_an_empty_name_means_nothing() -> None:
    """It is no folder, and not all there is."""
    assert "an empty name means no image" in complaint("")


@pytest.mark.parametrize("name", ["locations/quay/pier[1]", "quay/pier[1]", "generated/locations/quay/pier[1].png"])
def test_a_name_that_is_there_is_no_pattern(name: str) -> None:
    """It means its own image, named alone, and not also the one that it matches as a pattern."""
    images = (*IMAGES, image("locations/quay/pier1", "imagery/locations/quay/location-imagery.yaml"))
    asked = Selection((name,))
    assert select(images, asked) == ("locations/quay/pier[1]",)
    assert named_alone(images, asked) == {"locations/quay/pier[1]"}
    assert select(images, Selection(("locations/quay/pier[12]",))) == ("locations/quay/pier1",)
    assert named_alone(images, Selection(("locations/quay/pier[12]",))) == frozenset()


def test_another_number_is_no_slip_of_the_keyboard() -> None:
    """What is there beside it is named instead; a zero that is missing is a slip."""
    assert "hint: `chapters/ch03` has `img-02`, `img-01`" in complaint("chapters/ch03/img-99")
    assert "hint: `ch03` has `img-02`, `img-01`" in complaint("ch03/img-99")
    assert "hint: `generated/chapters/ch03` has `img-02`" in complaint("generated/chapters/ch03/img-99.png")
    for name in ("img-99", "img-98"):
        assert "hint: `chargen plan --all` lists all images" in complaint(name)
    assert "did you mean `img-02`?" in complaint("img-2")
    assert "did you mean `chapters/ch03/img-02`?" in complaint("chapters/ch3/img-02")
