"""Reasons: codes that decide and are kept, sentences made of them in one place."""

from __future__ import annotations

import json

import pytest

from chargen.model.reason import Reason, ReasonCode, flattened, has, sentences

WITH_VALUES = {
    ReasonCode.HELD: 1,
    ReasonCode.HELD_AND_GONE: 2,
    ReasonCode.PICTURE_ELSEWHERE: 1,
    ReasonCode.DAMAGED: 1,
    ReasonCode.DAMAGED_FOR_GOOD: 1,
    ReasonCode.MOVED: 1,
    ReasonCode.INPUT_CHANGED: 3,
    ReasonCode.PROVIDER_CHANGED: 2,
    ReasonCode.MODEL_CHANGED: 2,
    ReasonCode.QUALITY_CHANGED: 2,
    ReasonCode.MODEL_FILE_CHANGED: 2,
    ReasonCode.REFERENCE_REBUILT: 1,
    ReasonCode.REFERENCE_FIRST: 1,
    ReasonCode.REFERENCE_BLOCKED: 1,
    ReasonCode.REFUSED_BEFORE: 1,
    ReasonCode.UNUSABLE_REPLY: 3,
    ReasonCode.CHARGED_FOR_NOTHING: 4,
    ReasonCode.NO_FILE_AT_TARGET: 2,
    ReasonCode.TARGET_OUTSIDE: 1,
    ReasonCode.OBJECTION: 1,
    ReasonCode.COPIED: 1,
    ReasonCode.NOTE: 1,
    ReasonCode.RETAKE: 1,
    ReasonCode.DRAFT: 1,
    ReasonCode.DRAFT_STANDS_IN: 1,
    ReasonCode.LOWER_REPLACES_NOTHING: 1,
    ReasonCode.VARIANT: 2,
    ReasonCode.MORE_VARIANTS: 2,
    ReasonCode.VARIANTS_BY_NAME: 2,
    ReasonCode.IN_JOB: 2,
    ReasonCode.REFERENCE_IN_JOB: 1,
    ReasonCode.JOB_LOST: 1,
    ReasonCode.PROBLEM: 2,
    ReasonCode.SENTENCE: 1,
}


def reason(code: ReasonCode) -> Reason:
    return Reason(code, tuple(f"value-{number}" for number in range(WITH_VALUES.get(code, 0))))


@pytest.mark.parametrize("code", ReasonCode)
def test_every_reason_has_a_sentence_that_names_all_its_values(code: ReasonCode) -> None:
    """No code is without words, and none of its values is lost in them."""
    said = str(reason(code))
    assert said
    assert all(value in said for value in reason(code).values if value != reason(code).place)


@pytest.mark.parametrize("code", ReasonCode)
def test_a_reason_is_read_back_as_it_was_written(code: ReasonCode) -> None:
    """Through JSON text, causes and all."""
    whole = Reason(code, reason(code).values, (reason(code), Reason(ReasonCode.REJECTED)))
    assert Reason.from_json(json.loads(json.dumps(whole.to_json()))) == whole


@pytest.mark.parametrize(
    "value", [None, "rejected", ["rejected"], ["of-a-later-version", [], []], ["held", [], []], ["held", [1], []]]
)
def test_what_is_no_reason_is_refused(value: object) -> None:
    """Also one whose sentence could not be made."""
    with pytest.raises((ValueError, TypeError)):
        Reason.from_json(value)


def test_values_are_never_read_as_a_part_of_the_sentence() -> None:
    """Braces in a path or in a provider's words stay what they are."""
    assert str(Reason(ReasonCode.MOVED, ("a{0}/{x}",))) == "moved: was a{0}/{x}, free"


def test_a_sentence_of_an_older_record_is_its_code_where_it_tells_nothing_else() -> None:
    """Whether a rejection was answered hangs on it; all other sentences stay as they are."""
    assert Reason.of_sentence("status is rejected") == Reason(ReasonCode.REJECTED)
    assert str(Reason.of_sentence("prompt used changed (a.yaml:3:5)")) == "prompt used changed (a.yaml:3:5)"


def test_what_a_reason_sums_up_is_found_in_it() -> None:
    """An approved picture that would be stale for a rejection is rejected all the same."""
    summed = Reason(ReasonCode.WOULD_BE_STALE, causes=(Reason(ReasonCode.REJECTED), Reason(ReasonCode.FORGOTTEN)))
    assert has((summed,), ReasonCode.REJECTED)
    assert not has((summed,), ReasonCode.NOT_BUILT)
    assert flattened((summed,)) == (summed, *summed.causes)
    assert sentences((summed,)) == "would be stale: status is rejected; forgotten with `doit forget`"


def test_the_place_of_words_of_several_keys_is_not_said_to_be_the_edited_one() -> None:
    """Keys that are joined have the place of the first, and names of characters are a template's words."""
    said = [
        str(Reason(ReasonCode.INPUT_CHANGED, (part, "changed", "a.yaml:88:25")))
        for part in ("prompt.required_elements", "prompt.image_spec.mood", "prompt.prompt_used")
    ]
    assert said == [
        "required elements or what is told with it changed (a.yaml:88:25)",
        "image spec.mood or what is told with it changed (a.yaml:88:25)",
        "prompt used changed (a.yaml:88:25)",
    ]
    template = Reason(ReasonCode.INPUT_CHANGED, ("prompt.template", "changed", "prompts/chapter.txt.j2"))
    assert str(template) == "words of prompts/chapter.txt.j2, or names it prints, changed"
