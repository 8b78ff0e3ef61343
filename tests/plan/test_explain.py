"""Explanations of changed inputs: empty exactly where the fingerprints are equal, and true to what changed."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from support.records import a_record

from chargen.model.inputs import Change, Inputs, differences, fingerprint, parts, texts
from chargen.model.record import RecordedReference, RecordPart
from chargen.model.record_line import RecordLine
from chargen.model.traced import Segment
from chargen.model.values import FileHash, Size
from chargen.plan.explain import Explanation, RecordedInputs, ReferenceFate, explain
from chargen.text.word_diff import plain


@dataclass(frozen=True)
class Told:
    segments: tuple[Segment, ...]


def inputs(words=None, negative="", references=(), size=(64, 48)):
    words = words or {"prompt_used": "A lamp."}
    segments = tuple(Segment(text, name, f"{name}.yaml:1:1") for name, text in words.items())
    found = tuple(RecordedReference("alice", path, FileHash(digest * 64)) for digest, path in references)
    return Inputs("".join(words.values()), negative, found, Size(*size), Told(segments))


def record(then):
    words = texts(then)
    return a_record(
        fingerprint=fingerprint(then),
        prompt=then.prompt,
        negative_prompt=then.negative_prompt,
        asked_size=then.size,
        parts=tuple(RecordPart(name, digest, *words.get(name, ("", ""))) for name, digest in parts(then).items()),
        references=then.references,
    )


def line(then):
    return RecordLine(fingerprint(then), FileHash("f" * 64), 1, parts=tuple(parts(then).items()))


def explained(then, now, *, words=True):
    return explain(RecordedInputs.of(line(then), [record(then)] if words else []), now)


def fates(found):
    return [(item.fate, item.path, item.was, item.number) for item in found.references]


FIELDS = st.dictionaries(st.sampled_from(["prompt_used", "palette", "template"]), st.sampled_from(["A.", "B."]))
REFERENCES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["x.png", "y.png", "z.png"])), max_size=4)
INPUTS = st.builds(inputs, FIELDS, st.sampled_from(["", "text"]), REFERENCES, st.sampled_from([(64, 48), (48, 64)]))


@given(INPUTS, INPUTS, st.booleans())
def test_an_explanation_is_empty_exactly_where_nothing_is_out_of_date(then, now, words):
    """The same fingerprint explains to nothing; another one always names something, with and without old words."""
    found = explained(then, now, words=words)
    assert (not found.parts and not found.references) == (fingerprint(then) == fingerprint(now))


@given(INPUTS, INPUTS)
def test_an_explanation_names_what_the_verdict_names(then, now):
    """Parts and references are those of the differences that the verdict's reasons are made of."""
    found, told = explained(then, now), differences(parts(then), now)
    assert found.differences == told
    assert {part.part for part in found.parts} == {item.part for item in told if "reference." not in item.part}
    assert bool(found.references) == any("reference." in item.part for item in told)


def test_a_changed_field_shows_its_words_then_and_now_and_where_they_stand():
    """A field's words, compared, with the source of today's."""
    found = explained(inputs({"prompt_used": "A brass lamp."}), inputs({"prompt_used": "A paper lamp."}))
    (part,) = found.parts
    assert (part.name, part.change, part.source) == ("prompt_used", Change.CHANGED, "prompt_used.yaml:1:1")
    assert plain(part.stretches).strip() == "A [-brass-]{+paper+} lamp."


def test_a_removed_field_tells_where_it_stood():
    """What is gone has no source today; that of then is told."""
    both, one = {"prompt_used": "A lamp.", "palette": "Red."}, {"prompt_used": "A lamp."}
    (part,) = explained(inputs(both), inputs(one)).parts
    assert (part.change, part.source, part.was_in) == (Change.REMOVED, "", "palette.yaml:1:1")
    assert plain(part.stretches).strip() == "[-Red.-]"


def test_where_only_hashes_are_left_the_parts_are_named_without_words():
    """Without any record, the changed parts are named and said to be forgotten; an added one has its words."""
    then, now = inputs({"prompt_used": "A lamp."}), inputs({"prompt_used": "A door.", "palette": "Red."}, "text")
    found = explained(then, now, words=False)
    assert {part.name: part.known for part in found.parts} == {
        "prompt_used": False,
        "palette": True,
        "negative prompt": False,
    }
    assert found.forgotten


def test_words_of_another_fingerprint_are_never_shown_as_those_of_then():
    """A line whose own inputs differ from the record's (taken as current later) does not borrow the record's words."""
    then = inputs({"prompt_used": "A door."})
    found = explain(
        RecordedInputs.of(line(then), [record(inputs({"prompt_used": "A lamp."}))]), inputs({"prompt_used": "A cat."})
    )
    assert found.forgotten
    assert found.parts[0].before is None


def test_without_digests_of_parts_the_record_gives_them():
    """A line without parts is explained by a record of the same inputs; without either nothing is claimed."""
    then, now = inputs({"prompt_used": "A lamp."}), inputs({"prompt_used": "A door."})
    bare = RecordLine(fingerprint(then), FileHash("f" * 64), 1)
    assert explain(RecordedInputs.of(bare, [record(then)]), now).parts[0].before == "A lamp.\n"
    assert explain(RecordedInputs.of(bare, []), now) == Explanation()


def test_size_and_negative_prompt_are_told_with_their_values():
    """Short inputs show both values, and the place they are written where it is known."""
    then, now = inputs(negative="text", size=(64, 48)), inputs(negative="text, blur", size=(48, 64))
    found = explain(RecordedInputs.of(line(then), [record(then)]), now, {"size": "c.yaml:9:9"})
    assert {part.name: (part.before, part.after, part.source) for part in found.parts} == {
        "negative prompt": ("text", "text, blur", ""),
        "size": ("64x48", "48x64", "c.yaml:9:9"),
    }


def test_references_added_removed_changed_and_moved_are_told_apart():
    """Bytes tell a moved picture from a changed one; a path tells a changed one from another."""
    then = inputs(references=[("a", "x.png"), ("b", "y.png"), ("c", "z.png")])
    assert fates(explained(then, inputs(references=[("a", "x.png"), ("b", "y.png")]))) == [
        (ReferenceFate.REMOVED, "z.png", 3, None)
    ]
    assert fates(explained(then, inputs(references=[("a", "x.png"), ("d", "y.png"), ("c", "z.png")]))) == [
        (ReferenceFate.CHANGED, "y.png", 2, 2)
    ]
    assert fates(explained(then, inputs(references=[("c", "z.png"), ("a", "x.png"), ("b", "y.png")]))) == [
        (ReferenceFate.MOVED, "z.png", 3, 1)
    ]
    assert fates(
        explained(then, inputs(references=[("e", "w.png"), ("a", "x.png"), ("b", "y.png"), ("c", "z.png")]))
    ) == [(ReferenceFate.ADDED, "w.png", None, 1)]


def test_a_reference_that_is_still_to_be_built_is_awaited():
    """An empty digest is no digest: nobody knows yet whether the picture will be another one."""
    then = inputs(references=[("a", "x.png")])
    now = Inputs(then.prompt, "", (RecordedReference("alice", "x.png", FileHash("")),), then.size, then.told_by)
    assert fates(explained(then, now)) == [(ReferenceFate.AWAITED, "x.png", 1, 1)]


def test_references_of_which_only_digests_are_left_have_no_paths():
    """Without a record a removed picture has only its number."""
    then = inputs(references=[("a", "x.png"), ("b", "y.png")])
    assert fates(explained(then, inputs(references=[("a", "x.png")]), words=False)) == [
        (ReferenceFate.REMOVED, "", 2, None)
    ]
