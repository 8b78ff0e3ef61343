"""Short texts are whole sentences where these fit, and one line always."""

from hypothesis import given
from hypothesis import strategies as st

from chargen.text.prose import LETTERS_PER_WORD, one_line, sentence, shorten


def test_a_short_text_stays_but_for_its_white_space():
    """Line breaks of block scalars go, words stay."""
    assert shorten("A grey\n  goose,\tasleep.", 10) == "A grey goose, asleep."


def test_whole_sentences_are_taken_while_they_fit():
    """The third sentence would pass the limit."""
    assert shorten("One two three. Four five six. Seven eight nine.", 7) == "One two three. Four five six."


def test_an_abbreviation_is_no_sentence_end():
    """Titles do not cut a name in two."""
    assert (
        shorten("Dr. Amber Pike sails west today. She is late again and again.", 7)
        == "Dr. Amber Pike sails west today."
    )


def test_a_long_first_sentence_is_cut_at_a_pause():
    """The cut falls where the author took a breath, without the comma."""
    text = "a tall miller with flour in his brows, a patched coat, and a lantern that never quite goes out"
    assert shorten(text, 12) == "a tall miller with flour in his brows, a patched coat"


def test_a_tiny_first_sentence_is_not_all():
    """A heading-like first sentence is followed by part of the next."""
    assert shorten("A baker. " + "round " * 40, 12).count("round") == 10


def test_a_script_without_blanks_is_bounded_too():
    """Sentences end at the ideographic full stop."""
    assert shorten("\u8d64\u3044\u5e3d\u5b50\u3002" * 40, 10) == "\u8d64\u3044\u5e3d\u5b50\u3002" * 16


def test_a_sentence_ends_with_a_full_stop_once():
    """Other final marks are kept."""
    assert [sentence(text) for text in ("Rain", "Rain.", "Rain?", "")] == ["Rain.", "Rain.", "Rain?", ""]


@given(st.text(alphabet=st.sampled_from("ab .!?,;:-\u2014\n\u3002\"'M"), max_size=300), st.integers(1, 30))
def test_the_result_is_a_bounded_beginning(text, words):
    """Never longer than asked, never anything the text does not begin with."""
    short = shorten(text, words)
    assert len(short.split()) <= words
    assert len(short) <= words * LETTERS_PER_WORD
    assert one_line(text).startswith(short)


def test_a_long_run_without_blanks_is_cut_at_its_length():
    """There is no better place."""
    assert shorten("x" * 500, 5) == "x" * (5 * LETTERS_PER_WORD)
    assert shorten("y" * 30 + " " + "x" * 500, 5) == "y" * 30
