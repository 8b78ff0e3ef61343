"""Both forms of a record: one line, and JSON."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support.records import a_record

from chargen.model.reason import Reason, ReasonCode
from chargen.model.record import (
    Original,
    RecordedReference,
    RecordError,
    RecordPart,
    from_dict,
    from_json,
    line_of,
    plain,
    to_dict,
    to_json,
)
from chargen.model.record_line import ANSWERED, CREDENTIALS_LOST, RecordLine, with_mark
from chargen.model.values import FileHash, Fingerprint
from chargen.providers import load_models

A, B, C = ("a" * 64, "b" * 64, "c" * 64)
LINE = (
    f"1 in={A} file={B} size=1234 by=openai/gpt-image-2 at=2026-11-22T14:08:07Z of={C} "
    "try=20261122T140807000123Z-1f2e3d4c parts=prompt_used:01234567,palette:89abcdef"
)
SHORT = (
    f"2 in={'qqqq' * 10}qqo file={'u7u7' * 10}u7s size=1234 by=openai/gpt-image-2 at=2026-11-22T14:08:07Z "
    f"of={'zMzM' * 10}zMw try=20261122T140807000123Z-1f2e3d4c rejected=answered"
)
FULL = a_record(
    negative_prompt="text",
    parts=(RecordPart("prompt_used", "01234567", "A caucus race", "imagery/x.yaml:3:5"),),
    references=(RecordedReference("dodo", "imagery/characters/dodo/a, b.png", FileHash(B)),),
    requested_size="1792x1024",
    quality="high",
    parameters={"n": 1, "nested": [1.5, None, True]},
    sent_prompt="A caucus race, no text",
    notes=("negative prompt folded",),
    request_id="req_1",
    seed=7,
    revised_prompt="süß \U0001f98a",
    usage={"output_tokens": 1056},
    cost_usd=Decimal("0.053"),
    cost_estimate_usd=Decimal("0.05"),
    model_version="2026-04-21",
    details={"finish": "STOP"},
    run="r1",
    number=2,
    why=(Reason(ReasonCode.MODEL_CHANGED, ("a", "b")), Reason(ReasonCode.SENTENCE, ("the file is missing",))),
    original=Original(FileHash(C), 99, "image/png", 1792, 1024, "reply.png"),
)

hexadecimal = st.text("0123456789abcdef", min_size=64, max_size=64)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
lines = st.builds(
    RecordLine,
    hexadecimal,
    hexadecimal,
    st.integers(0, 10**18),
    st.none() | words,
    st.none() | words,
    st.none() | hexadecimal,
    st.none() | words,
    st.lists(st.tuples(words.filter(bool), st.text("0123456789abcdef", min_size=8, max_size=8)), max_size=4).map(tuple),
    version=st.sampled_from(["1", "2"]),
)


def test_the_line_is_as_documented() -> None:
    """Files of authors hold this text: a change of it is a change of format."""
    line = RecordLine.parse(LINE)
    assert line is not None
    assert (line.fingerprint, line.file, line.size, line.by) == (A, B, 1234, "openai/gpt-image-2")
    assert line.parts == (("prompt_used", "01234567"), ("palette", "89abcdef"))
    assert line.format() == LINE
    assert FULL.line(FileHash(B), 5, "2026-11-22T14:08:21Z").of == C


def test_a_new_line_is_as_documented_and_says_the_same_in_fewer_characters() -> None:
    """The digests are whole; a mark set on a line of before leaves it in its own form."""
    line, old = RecordLine.parse(SHORT), RecordLine.parse(LINE)
    assert line is not None
    assert old is not None
    assert (line.fingerprint, line.file, line.of, line.attempt) == (A, B, C, FULL.attempt)
    assert line.format() == SHORT
    assert replace(line, parts=old.parts, others=(), version="1") == old
    assert with_mark(old, ANSWERED).format() == f"{LINE} rejected=answered"
    assert RecordLine(Fingerprint(A), FileHash(B), 5).format() == f"2 in={'qqqq' * 10}qqo file={'u7u7' * 10}u7s size=5"


def test_parts_stand_in_the_line_only_where_the_file_can_tell_no_text() -> None:
    """A file that is the delivered bytes, as one with Content Credentials stays, holds no record of its own."""
    assert FULL.line(FileHash(B), 5, "2026-11-22T14:08:21Z").parts == ()
    assert FULL.line(FileHash(C), 5, "2026-11-22T14:08:21Z").parts == (("prompt_used", "01234567"),)


def test_a_new_line_has_at_most_300_characters() -> None:
    """Whatever model of the catalogue made the picture, in the largest file, with every mark that a build sets."""
    longest = max((f"{model.provider}/{model.id}" for model in load_models().models), key=len)
    provider, _, model = longest.partition("/")
    record = replace(FULL, provider=provider, model=model, quality="standard", why=(Reason(ReasonCode.REJECTED),))
    line = line_of(record, FileHash(B), 99_999_999, "2026-11-22T14:08:21Z")
    assert ANSWERED in line.others
    assert len(line.format()) <= 300


def test_parts_stand_in_a_new_line_in_few_characters() -> None:
    """A letter for a known name, else the name, and 24 bits; a file that is the delivered bytes names them once."""
    parts = (("prompt", "01234567"), ("reference.2", "89abcdef"), ("prompt.character_states.alice", "fedcba98"))
    line = RecordLine(Fingerprint(A), FileHash(B), 5, of=FileHash(B), parts=parts)
    text = line.format()
    assert text.endswith(" size=5 of=. sums=pASNF2iavN(prompt.character_states.alice)_ty6")
    read = RecordLine.parse(text)
    assert read is not None
    assert read.of == B
    assert read.parts == tuple((name, digest[:6]) for name, digest in parts)
    assert "sums=" not in replace(line, parts=parts * 9).format(), "what only explains gives way to 300 characters"


@given(lines)
def test_a_line_reads_back_and_is_one_line_of_plain_characters(line: RecordLine) -> None:
    """Whatever the values are, the text has no quote, blank or control character that YAML would care for."""
    text = line.format()
    if line.version != "1":  # of parts it tells the first digits, while there is room
        read = tuple((name, digest[:6]) for name, digest in line.parts)
        assert len(text) <= 300 or "sums=" not in text
        line = replace(line, parts=read if "sums=" in text else ())
    assert RecordLine.parse(text) == line
    assert line.format() == text
    assert all(33 <= ord(char) < 127 and char not in "\"'\\#{}[]&*!|>`" for char in text.replace(" ", ""))


def test_only_three_values_are_required_and_unknown_ones_survive() -> None:
    """A later version's keys come out as they went in."""
    text = f"1 in={A} file={B} size=0 later=%41=b"
    line = RecordLine.parse(text)
    assert line is not None and line.others == (("later", "%41=b"),) and line.by is None
    assert line.format() == text
    assert RecordLine.parse(f"1  in={A}\tfile={B}\n size=0") is not None


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "1",
        f"2 in={A} file={B} size=1",
        f"3 in={A} file={B} size=1",
        f"1 in={'q' * 43} file={B} size=1",
        f"2 in={'q' * 43} file={'q' * 42}o size=1",
        f"2 in={'q' * 42} file={'q' * 42}o size=1",
        f"2 in={'q' * 42}o= file={'q' * 42}o size=1",
        f"in={A} file={B} size=1",
        f"1 file={B} size=1",
        f"1 in={A} size=1",
        f"1 in={A} file={B}",
        f"1 in={A[1:]} file={B} size=1",
        f"1 in={A.upper()} file={B} size=1",
        f"1 in={A} file={B} size=-1",
        f"1 in={A} file={B} size=٣",
        f"1 in={A} file={B} size=1 size=2",
        f"1 in={A} file={B} size=1 of=zz",
        f"1 in={A} file={B} size=1 parts=a:1",
        f"1 in={A} file={B} size=1 parts=:01234567",
        f"2 in={'qqqq' * 10}qqo file={'u7u7' * 10}u7s size=5 sums=pabc",
        f"2 in={'qqqq' * 10}qqo file={'u7u7' * 10}u7s size=5 sums=()abcd",
        f"1 in={A} file={B} size=1 =x",
        f"1 in={A} file={B} size=1 loose",
    ],
)
def test_what_is_no_line_is_none(text: str | None) -> None:
    """Malformed text is never half a record."""
    assert RecordLine.parse(text) is None


@given(st.text())
def test_any_text_is_read_without_a_crash(text: str) -> None:
    """Whatever an author types there, the answer is a line or none."""
    RecordLine.parse(text)
    RecordLine.parse(f"1 in={A} file={B} size=1 {text}")


def test_json_reads_back_and_is_stable() -> None:
    """The same record is the same text, readable by people, and reads back equal."""
    text = to_json(FULL)
    assert from_json(text) == FULL
    assert to_json(from_json(text.encode())) == text
    assert "süß" in text and '"format": 1' in text and list(json.loads(text)) == sorted(json.loads(text))
    bare = replace(FULL, original=None, cost_usd=None, seed=None, parts=(), references=())
    assert from_json(to_json(bare)) == bare


def test_unknown_keys_are_passed_over_and_optional_ones_may_lack() -> None:
    """A record of a later version with the same format number is readable, and so is a short one."""
    value = json.loads(to_json(FULL))
    value["later"] = {"x": 1}
    assert from_dict(value) == FULL
    required = "format entry_id kind file attempt fingerprint prompt negative_prompt asked_size provider model"
    short = {key: value[key] for key in (*required.split(), "sent_at", "received_at", "chargen_version")}
    assert from_dict(short).number == 1


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"kind": 5},
        {"asked_size": "banana"},
        {"asked_size": "12"},
        {"fingerprint": "../../etc"},
        {"prompt": None},
        {"cost_usd": "NaN"},
        {"cost_usd": "1e999999"},
        {"cost_usd": "-1"},
        {"number": 10**30},
        {"cost_usd": "much"},
        {"cost_usd": 0.1},
        {"usage": []},
        {"number": "1"},
        {"number": True},
        {"references": [{"character": "x"}]},
        {"references": 5},
        {"original": {"sha256": C}},
        {"parts": [5]},
        {"notes": [5]},
        {"notes": "a text"},
        {"original": {**json.loads(to_json(FULL))["original"], "credentials": "no"}},
    ],
)
def test_bad_json_is_refused(change: dict) -> None:
    """Every wrong type or value is a RecordError, never another exception."""
    with pytest.raises(RecordError):
        from_dict({**json.loads(to_json(FULL)), **change})


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, b"\xff\xfe"])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    """Cut short, of another shape, too deep, not UTF-8."""
    with pytest.raises(RecordError):
        from_json(text)


def test_a_provider_can_not_break_the_record() -> None:
    """Values JSON has no form for, lone surrogates and endless nesting are written all the same: it is paid for."""
    deep: list = []
    deep.append(deep)
    usage = {
        1: float("nan"),
        "b": b"xyz",
        "d": Decimal("1.5"),
        "t": (1,),
        "s": {"k": {2}},
        "deep": deep,
        "k": "chapter",
    }
    record = replace(FULL, usage=usage, revised_prompt="half \ud83e", request_id="\udc00")
    back = from_json(to_json(record).encode("utf-8"))
    assert back.revised_prompt == "half \ud83e" and back.request_id == "\udc00"
    assert {key: back.usage[key] for key in "1bdtk"} == {
        "1": "nan",
        "b": "<3 bytes>",
        "d": "1.5",
        "t": [1],
        "k": "chapter",
    }


def test_plain_keeps_json_values_and_makes_whole_numbers_of_their_kin() -> None:
    """Booleans stay booleans; a subclass of int, as enums are, becomes an int."""

    class Code(int):
        pass

    assert plain([True, None, 1, 1.5, "x", Code(3)]) == [True, None, 1, 1.5, "x", 3]
    assert type(plain(Code(3))) is int


def test_a_line_tells_that_credentials_were_lost() -> None:
    """Only where the delivered bytes carried some, and the file is not those bytes."""
    assert FULL.original is not None
    own = FULL.original.sha256
    for signed, file, lost in ((True, FileHash(B), True), (True, own, False), (False, FileHash(B), False)):
        record = replace(FULL, original=replace(FULL.original, credentials=signed))
        assert (CREDENTIALS_LOST in record.line(file, 5, "2026-11-22T14:08:21Z").others) == lost
        assert from_json(to_json(record)) == record


@pytest.mark.parametrize("value", [None, 5, ("1", "2"), {"a": "b"}])
def test_what_is_no_text_is_no_record(value: object) -> None:
    """An author may write a list or a mapping where the line belongs."""
    assert RecordLine.parse(value) is None


def test_a_record_of_sentences_is_read_for_ever() -> None:
    """Before reasons had codes a record held their sentences: a rejection that was answered stays answered."""
    value = to_dict(FULL)
    del value["reasons"]
    value["why"] = ["prompt used changed (a.yaml:3:5)", "status is rejected"]
    record = from_dict(value)
    assert record.answers_rejection
    assert [str(reason) for reason in record.why] == value["why"]


def test_a_reason_of_a_later_version_is_told_in_its_words() -> None:
    """Its code says nothing here; its sentence stands beside it for people, and for this."""
    value = to_dict(FULL)
    value["why"], value["reasons"] = ["the moon is full"], [["moon-is-full", ["full"], []]]
    assert from_dict(value).why == (Reason(ReasonCode.SENTENCE, ("the moon is full",)),)


def test_codes_decide_and_not_the_sentences_beside_them() -> None:
    """A later wording of a rejection is one all the same."""
    value = to_dict(FULL)
    value["why"], value["reasons"] = ["you rejected the last one"], [["rejected", [], []]]
    assert from_dict(value).answers_rejection
