"""Inputs: what counts and what does not, a pinned fingerprint, and explanations that come from the same walk."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chargen.model.inputs import (
    Inputs,
    RetakeInputs,
    change_reasons,
    differences,
    edited_prompts,
    fingerprint,
    parts,
    walk,
)
from chargen.model.record import RecordedReference
from chargen.model.traced import Segment
from chargen.model.values import FileHash, Size

ONE, TWO = FileHash("1" * 64), FileHash("2" * 64)
PLAIN = Inputs(
    "A lamp.", "blur", (RecordedReference("", "a.png", ONE), RecordedReference("", "b.png", TWO)), Size(64, 48)
)


@dataclass(frozen=True)
class Told:
    """A prompt's runs, as `Inputs.told_by` has them."""

    segments: tuple[Segment, ...]


def test_the_fingerprint_is_pinned() -> None:
    """Changing how inputs are hashed would buy every image of every user again."""
    assert fingerprint(PLAIN) == "7e9fe593068c7bc23c02c211f86162592a28ed77d307928a30548fdbfb117bbc"


AGAIN = replace(PLAIN, retake=RetakeInputs(ONE, "Take the hat away.", TWO))


def test_the_fingerprint_of_a_retake_is_pinned() -> None:
    """As that of all other inputs; what is no input of it changes nothing."""
    pinned = fingerprint(AGAIN)
    assert pinned == "6cb47895b8769d1cd5939f218adce32dbab25c1e382b1bdb9d8311a3cf30494f"
    told = replace(AGAIN.retake, source="a.yaml:1:1") if AGAIN.retake else None
    assert fingerprint(replace(AGAIN, prompt="Another.", negative_prompt="none", retake=told)) == pinned


def test_each_part_of_a_retake_is_an_input() -> None:
    """The picture, the words, the mask and that there is one, the references, the size."""
    assert AGAIN.retake is not None
    others = [
        replace(AGAIN, retake=replace(AGAIN.retake, of=TWO)),
        replace(AGAIN, retake=replace(AGAIN.retake, instruction="Take the coat away.")),
        replace(AGAIN, retake=replace(AGAIN.retake, mask=ONE)),
        replace(AGAIN, retake=replace(AGAIN.retake, mask=None)),
        replace(AGAIN, references=()),
        replace(AGAIN, size=Size(48, 64)),
        PLAIN,
    ]
    assert len({fingerprint(item) for item in (AGAIN, *others)}) == len(others) + 1
    for other in others:
        assert differences(parts(AGAIN), other)
        assert differences(parts(other), AGAIN)


def test_an_edited_prompt_is_told_beside_a_retake_and_is_no_difference() -> None:
    """What stood beside the instruction when the picture was made is known for that alone."""
    edited = replace(AGAIN, prompt="A lantern.")
    assert differences(parts(AGAIN), edited) == ()
    assert [item.part for item in edited_prompts(parts(AGAIN), edited)] == ["prompt"]
    assert edited_prompts(parts(AGAIN), AGAIN) == ()
    assert edited_prompts(parts(PLAIN), replace(PLAIN, prompt="x")) == ()


def test_labels_and_sources_are_no_inputs() -> None:
    """A renamed reference file, another character name or another place in the YAML changes nothing."""
    renamed = replace(PLAIN, references=tuple(replace(item, path="x", character="y") for item in PLAIN.references))
    told = replace(renamed, told_by=Told((Segment("A lamp.", "prompt_used", "z.yaml:1:1"),)))
    assert fingerprint(told) == fingerprint(PLAIN)


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_different_texts_have_different_fingerprints(one: tuple[str, str], other: tuple[str, str]) -> None:
    """No two pairs of prompt and negative prompt run together to the same hash."""
    first, second = (Inputs(prompt, negative, (), Size(1, 1)) for prompt, negative in (one, other))
    assert (fingerprint(first) == fingerprint(second)) == (one == other)


@given(
    st.builds(
        Inputs,
        st.sampled_from(["a", "b"]),
        st.sampled_from(["", "n"]),
        st.lists(st.sampled_from([ONE, TWO]), max_size=2).map(
            lambda digests: tuple(RecordedReference("", "r.png", digest) for digest in digests)
        ),
        st.sampled_from([Size(1, 1), Size(2, 1)]),
    ),
    st.builds(Inputs, st.sampled_from(["a", "b"]), st.just(""), st.just(()), st.sampled_from([Size(1, 1), Size(2, 1)])),
)
def test_an_explanation_never_disagrees_with_the_fingerprint(then: Inputs, now: Inputs) -> None:
    """There is a difference to tell exactly where the fingerprints differ."""
    assert bool(differences(parts(then), now)) == (fingerprint(then) != fingerprint(now))


def test_the_field_that_changed_is_named_with_its_source() -> None:
    """Of a composed prompt, the changed field is told, not the whole."""
    runs = (Segment("Palette: red.", "palette", "a.yaml:2:1"), Segment("A lamp.", "prompt_used", "a.yaml:3:1"))
    then = replace(PLAIN, prompt="Palette: red.A lamp.", told_by=Told(runs))
    now = replace(
        PLAIN,
        prompt="Palette: blue.A lamp.",
        size=Size(9, 9),
        references=PLAIN.references[:1],
        told_by=Told((replace(runs[0], text="Palette: blue."), runs[1])),
    )
    assert tuple(map(str, change_reasons(differences(parts(then), now)))) == (
        "size changed",
        "palette changed (a.yaml:2:1)",
        "reference 2 removed",
    )


def test_text_that_only_moved_is_told_as_layout() -> None:
    """Where all fields are the same and the prompt is not, its layout changed."""
    runs = (Segment("A.", "prompt_used", "a.yaml:3:1"), Segment("\n\n", "template", "t.j2"))
    then = replace(PLAIN, prompt="A.", told_by=Told(runs))
    now = replace(PLAIN, prompt="A.\n\nA.", told_by=Told(runs))
    assert tuple(map(str, change_reasons(differences(parts(then), now)))) == ("the prompt's layout changed",)


def test_the_walk_has_every_input_once() -> None:
    """The order of the walk is part of what is hashed."""
    assert list(walk(PLAIN)) == [
        ("prompt", "A lamp."),
        ("negative_prompt", "blur"),
        ("size", "64x48"),
        ("reference.1", ONE),
        ("reference.2", TWO),
    ]


def test_a_template_is_blamed_only_where_its_own_words_changed() -> None:
    """Words around a part come and go with it; the template is named where every part stayed."""
    template = "prompts/chapter.txt.j2"

    def made(*runs: tuple[str, str]) -> Inputs:
        segments = tuple(Segment(text, name, template if name == "template" else "a.yaml:3:5") for text, name in runs)
        text = "".join(segment.text for segment in segments)
        return Inputs(text, "", (), Size(1, 1), Told(segments))

    plain = made(("A lamp.", "prompt_used"))
    framed = made(("A lamp.", "prompt_used"), ("Palette: ", "template"), ("red", "palette"))
    headed = made(("Draw: ", "template"), ("A lamp.", "prompt_used"))
    ruled = made(("A lamp.", "prompt_used"), ("Colours: ", "template"), ("red", "palette"))
    for then, now, said in (
        (plain, framed, "palette added (a.yaml:3:5)"),
        (framed, plain, "palette removed"),
        (plain, headed, f"words of {template}, or names it prints, added"),
        (framed, ruled, f"words of {template}, or names it prints, changed"),
    ):
        assert tuple(map(str, change_reasons(differences(parts(then), now)))) == (said,)
