"""Word diffs: what is kept, removed and added, and how that is written."""

import re

from hypothesis import given
from hypothesis import strategies as st

from chargen.text.word_diff import Stretch, StretchKind, plain, shortened, word_diff

TEXTS = st.text(alphabet="ab ,.\n-'", max_size=60)


def words(stretches, *fates):
    return re.findall(r"\S", "".join(stretch.text for stretch in stretches if stretch.fate in fates))


@given(TEXTS, TEXTS)
def test_a_diff_holds_every_word_of_both_texts(before, after):
    """Kept and removed words are the text before, kept and added ones the text after; no difference, no stretches."""
    stretches = word_diff(before, after)
    if stretches:
        assert words(stretches, StretchKind.KEPT, StretchKind.REMOVED) == re.findall(r"\S", before)
        assert words(stretches, StretchKind.KEPT, StretchKind.ADDED) == re.findall(r"\S", after)
    else:
        assert re.findall(r"\S", before) == re.findall(r"\S", after)


def test_a_replaced_word_is_marked_and_its_neighbours_are_not():
    """Marks hug the words; punctuation beside a changed word is its own token; blanks stay outside."""
    stretches = word_diff("A brass lamp, lit by moon.", "A small paper lamp; lit by the moon")
    assert plain(stretches) == "A [-brass-]{+small paper+} lamp[-,-]{+;+} lit by {+the+} moon[-.-]"


def test_an_addition_to_nothing_and_a_removal_to_nothing():
    """A text that came or went is one stretch."""
    assert plain(word_diff("", "two words")) == "{+two words+}"
    assert plain(word_diff("two words", "")) == "[-two words-]"


def test_blanks_alone_are_no_change():
    """Other line breaks between the same words give no stretches at all."""
    assert word_diff("one\n\ntwo  three", "one two three") == ()


def test_a_word_with_an_apostrophe_or_a_hyphen_is_one_word():
    """`Queen's` to `King's` is one replaced word, not a replaced part of one."""
    assert plain(word_diff("the Queen's well-made hat", "the King's well-worn hat")) == (
        "the [-Queen's well-made-]{+King's well-worn+} hat"
    )


def test_long_kept_runs_are_cut_beside_the_change():
    """Only some words around a change are shown, with one ellipsis for what is left out on each side."""
    before = " ".join(f"w{number}" for number in range(40))
    text = plain(shortened(word_diff(before, before.replace("w20 ", "changed ")), context=2))
    assert text == "… w18 w19 [-w20-]{+changed+} w21 w22 …"


def test_a_run_that_is_hardly_longer_than_its_context_stays_whole():
    """One word is never replaced by an ellipsis."""
    stretches = (Stretch(StretchKind.ADDED, "x "), Stretch(StretchKind.KEPT, "a b c"))
    assert shortened(stretches, context=2) == stretches


def test_long_texts_are_compared_in_reasonable_time():
    """Ten thousand words with a change in the middle, common words included, take well under a second's work."""
    before = "the lamp and the door " * 2500
    after = before[:30000] + "a new word " + before[30000:]
    assert "{+" in plain(word_diff(before, after))
