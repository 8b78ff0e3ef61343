"""The end of a summary: what is told of images that need nothing."""

from chargen.cli.problems import untouched_lines
from chargen.model.reason import Reason, ReasonCode

HELD = Reason(ReasonCode.HELD, ("approved",))
STALE = Reason(ReasonCode.WOULD_BE_STALE, causes=(Reason(ReasonCode.FORGOTTEN),))


def test_a_lock_is_told_once() -> None:
    """With what it hides where it hides something, else by its name alone."""
    lines = tuple(untouched_lines([("a", "locked", (HELD, STALE)), ("b", "locked", (HELD,)), ("c", "locked", (HELD,))]))
    assert lines == (
        "locked: a: status is approved; would be stale: forgotten with `doit forget`",
        "locked: b, c",
    )
    gone = Reason(ReasonCode.HELD_AND_GONE, ("locked", "generated/a.png"))
    assert tuple(untouched_lines([("a", "locked", (gone,))])) == (
        "locked: a: locked, but `generated/a.png` does not exist and nothing restores it",
    )


def test_entries_without_a_prompt_are_a_number() -> None:
    """They are many, for as long as a book is being written."""
    none = (Reason(ReasonCode.NO_PROMPT),)
    assert tuple(untouched_lines([("a", "no-prompt", none)])) == (
        "1 entry has no prompt yet (`chargen plan --all` lists them)",
    )
    (line,) = untouched_lines([("a", "no-prompt", none), ("b", "no-prompt", none)])
    assert line.startswith("2 entries have no prompt yet")


def test_what_can_not_be_checked_names_the_place_to_correct() -> None:
    """Once for all images of one cause; a pointer to the recorded picture hinders nothing."""
    slip = Reason(ReasonCode.PROBLEM, ("template error: no end", "prompts/chapter.txt.j2:8:1"))
    lost = Reason(ReasonCode.REFERENCE_BLOCKED, ("generated/p.png",))
    pointer = Reason(ReasonCode.POINTER_TO_RECORDED)
    images = [("a", "fresh", (slip,)), ("b", "fresh", (slip,)), ("c", "fresh", (lost,)), ("d", "fresh", (pointer,))]
    assert tuple(untouched_lines(images)) == (
        "kept as they are: a, b; can't be checked until prompts/chapter.txt.j2:8:1 is fixed",
        "  template error: no end",
        "kept as it is: c; can't be checked (`chargen check` says where)",
        "  reference `generated/p.png` is blocked",
    )
