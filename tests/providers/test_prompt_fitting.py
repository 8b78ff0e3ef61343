"""References that do not fit, words in their place, and the negative prompt in words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chargen.model.request import Asked, SentReference
from chargen.model.values import Size
from chargen.providers.catalogue.prompt_fitting import (
    KEEP,
    PLACE,
    SENTENCE_VERSION,
    choose_references,
    fit,
    with_negative,
)


def picture(character: str, number: int = 1, appearance: str = "") -> SentReference:
    """A reference with readable content."""
    return SentReference(
        character, f"{character}-{number}.png", f"{character}{number}".encode(), "image/png", appearance
    )


def question(*references: SentReference, negative_prompt: str = "") -> Asked:
    """A plain question with references."""
    return Asked("a hall", negative_prompt, references, Size(1024, 1024))


def test_every_characters_first_comes_before_anyones_second() -> None:
    """Of two each, three characters keep one each, and those kept stay in order."""
    listed = [picture(name, number) for name in ("ann", "bob", "cid") for number in (1, 2)]
    choice = choose_references(listed, 4)
    assert [reference.label for reference in choice.kept] == ["ann-1.png", "ann-2.png", "bob-1.png", "cid-1.png"]
    assert [reference.label for reference in choice.dropped] == ["bob-2.png", "cid-2.png"]


@given(st.lists(st.sampled_from("abcd"), max_size=20), st.integers(-1, 20))
def test_choosing_keeps_order_and_loses_nothing(names: list[str], limit: int) -> None:
    """Kept and dropped are the whole in order; nobody has two while another character has none."""
    listed = [picture(name, number) for number, name in enumerate(names)]
    choice = choose_references(listed, limit)
    assert len(choice.kept) == min(len(listed), max(limit, 0))
    assert sorted([*choice.kept, *choice.dropped], key=listed.index) == listed
    assert [*choice.kept] == sorted(choice.kept, key=listed.index)
    kept = [reference.character for reference in choice.kept]
    if any(kept.count(name) > 1 for name in kept):
        assert set(kept) == set(names)


def test_words_stand_in_for_dropped_references() -> None:
    """Each dropped reference's appearance is appended once, and the note says what happened."""
    tall, tall_again = picture("ann", 2, "Ann is tall."), picture("ann", 3, "Ann is tall.")
    fitted = fit(question(picture("ann"), tall, tall_again, picture("bob", 1, "Bob limps.")), "tiny", 1)
    assert fitted.prompt == "a hall\n\nAnn is tall.\n\nBob limps."
    assert [reference.label for reference in fitted.references] == ["ann-1.png"]
    assert fitted.notes == (
        "`tiny` takes at most 1 reference: `ann-2.png`, `ann-3.png`, `bob-1.png` described in words",
    )


def test_a_reference_without_words_is_said_to_be_left_out() -> None:
    """Where there is no appearance the prompt stays and the note does not promise words."""
    fitted = fit(question(picture("ann"), picture("bob")), "tiny", 0)
    assert fitted.prompt == "a hall"
    assert fitted.notes == ("`tiny` takes at most 0 references: `ann-1.png`, `bob-1.png` left out",)


def test_the_place_goes_after_everyones_second_and_is_left_out_by_name() -> None:
    """Faces first: a place that does not fit is told with what it shows, beside whom words stand in for."""
    place = SentReference("", "yard.png", b"yard", "image/png", name="Mill Yard")
    bob = SentReference("bob", "bob-2.png", b"bob2", "image/png", "Bob limps.", name="Bob")
    fitted = fit(question(place, picture("ann"), picture("bob"), bob), "tiny", 3)
    assert [reference.label for reference in fitted.references] == ["ann-1.png", "bob-1.png", "bob-2.png"]
    assert fitted.notes == ("`tiny` takes at most 3 references: the place, Mill Yard (`yard.png`) left out",)
    both = fit(question(picture("ann"), bob, place), "tiny", 1)
    (told,) = both.notes
    assert told.endswith("Bob (`bob-2.png`) described in words; the place, Mill Yard (`yard.png`) left out")


def test_the_legend_says_who_and_what_is_on_which_picture() -> None:
    """A picture nobody is named on has its number all the same; a place is asked to stay as it is."""
    ann = SentReference("ann", "ann.png", b"ann", "image/png", name="Ann")
    place = SentReference("", "yard.png", b"yard", "image/png", name="Mill Yard")
    lines = fit(question(picture("bob"), ann, place), "roomy", 16).prompt
    assert lines == f"a hall\n\nPicture 2: Ann. Picture 3: the place, Mill Yard. {KEEP} {PLACE}"
    assert fit(question(place), "roomy", 16).prompt == f"a hall\n\nPicture 1: the place, Mill Yard. {PLACE}"


def test_what_fits_is_not_touched() -> None:
    """Nothing to adapt, nothing told."""
    fitted = fit(question(picture("ann")), "roomy", 16)
    assert (fitted.prompt, fitted.notes) == ("a hall", ())
    assert len(fitted.references) == 1


def test_the_folding_sentence_is_pinned() -> None:
    """Changing the sentence without its version would make records lie."""
    assert SENTENCE_VERSION == 1
    assert with_negative("a hall\n", "text,\n  blurry ") == (
        "a hall\n\nDo not show any of the following: text, blurry."
    )
    assert with_negative("a hall", "No text!").endswith("following: No text!")
    assert with_negative("a hall\n", " \n") == "a hall\n"


def test_folding_is_told_and_comes_last() -> None:
    """The negative sentence follows the words for dropped references."""
    fitted = fit(question(picture("ann", 1, "Ann is tall."), negative_prompt="blur"), "tiny", 0)
    assert fitted.prompt == "a hall\n\nAnn is tall.\n\nDo not show any of the following: blur."
    assert fitted.notes[-1] == "the negative prompt is folded into the prompt (sentence 1)"


def test_a_line_says_who_is_on_which_picture() -> None:
    """In the order they are sent, after words for those that are not, before what must not be shown."""
    named = [replace(picture(name), name=name.title()) for name in ("ann", "bob", "cid")]
    fitted = fit(question(*named, negative_prompt="rain"), "m", 2)
    legend = (
        "Picture 1: Ann. Picture 2: Bob. "
        "Keep each face, hair and build as on its picture; light, pose and composition follow the text."
    )
    assert legend in fitted.prompt
    assert fitted.prompt.index(legend) < fitted.prompt.index("rain")
    assert "Picture 3" not in fitted.prompt


def test_without_pictures_or_names_there_is_no_such_line() -> None:
    assert "Picture" not in fit(question(), "m", 2).prompt
    assert "Picture" not in fit(question(picture("ann")), "m", 2).prompt
    assert "Picture" not in fit(question(replace(picture("ann"), name="Ann")), "m", 0).prompt
