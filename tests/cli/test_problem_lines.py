"""Problems as they are told, each cause once; and what is told of images that need nothing."""

from chargen.cli.problems import FOLDED, LONG, problem_lines, untouched_lines
from chargen.errors import Position, warning
from chargen.model.reason import Reason, ReasonCode
from chargen.model.values import EntryId
from chargen.plan.findings import Finding

HELD = Reason(ReasonCode.HELD, ("approved",))
STALE = Reason(ReasonCode.WOULD_BE_STALE, causes=(Reason(ReasonCode.FORGOTTEN),))


def test_a_lock_is_told_once() -> None:
    """With what it hides where it hides something, else by its name alone."""
    lines = tuple(untouched_lines([("a", "locked", (HELD, STALE)), ("b", "locked", (HELD,)), ("c", "locked", (HELD,))]))
    assert lines == (
        "locked: a: status is approved; would be stale: forgotten with `doit forget`",
        "locked: b, c",
    )
    gone = Reason(ReasonCode.HELD_AND_GONE, ("locked", "a.png"))
    (line,) = untouched_lines([("a", "locked", (gone,))])
    assert line.startswith("locked: a: locked, but `a.png` does not exist and nothing restores it: put it back, or ")
    assert line.endswith("`doit --rebuild a.png` makes a new one")


def test_many_locks_are_told_once_for_each_thing_they_hide() -> None:
    """A line for each image up to fifty; of more, where a part changed is left out, so that equal changes are one."""

    def changed(part: str, line: int) -> tuple[Reason, ...]:
        cause = Reason(ReasonCode.INPUT_CHANGED, (part, "changed", f"ch{line}.yaml:{line}"))
        return HELD, Reason(ReasonCode.WOULD_BE_STALE, causes=(cause,))

    images = [(f"i{number}", "locked", changed("prompt.style_prefix", number)) for number in range(LONG)]
    assert len(tuple(untouched_lines(images))) == LONG
    assert tuple(untouched_lines([*images, ("x", "locked", changed("size", 1)), ("y", "locked", (HELD,))])) == (
        "locked: i0, i1, i2 and 47 more: status is approved; would be stale: style prefix changed",
        "locked: x: status is approved; would be stale: size changed",
        "  `chargen plan --all` names each",
        "locked: y",
    )
    odd = [(f"i{number}", "locked", changed(f"prompt.p{number}", 1)) for number in range(LONG + 1)]
    lines = tuple(untouched_lines(odd))
    assert (len(lines), lines[-2]) == (FOLDED + 2, f"locked: {LONG + 1 - FOLDED} more images")


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


def test_what_only_wants_more_variants_is_not_told_as_unchecked() -> None:
    """Its picture is current; what can't be checked is told as that, whatever else it wants."""

    def by_name(name: str) -> Reason:
        return Reason(ReasonCode.VARIANTS_BY_NAME, ("2", name))

    slip = Reason(ReasonCode.PROBLEM, ("template error: no end", "prompts/chapter.txt.j2:8:1"))
    blocked = Reason(ReasonCode.VARIANTS_BLOCKED, causes=(Reason(ReasonCode.REFERENCE_BLOCKED, ("p.png",)),))
    assert tuple(untouched_lines([("a", "fresh", (by_name("a"),))])) == (
        "kept as it is: a; more variants only by name: `doit --variants 2 a`",
    )
    images = [(name, "fresh", (by_name(name),)) for name in "ab"]
    images += [("c", "fresh", (blocked,)), ("d", "fresh", (slip, blocked))]
    assert tuple(untouched_lines(images)) == (
        "kept as it is: d; can't be checked until prompts/chapter.txt.j2:8:1 is fixed",
        "  template error: no end",
        "kept as they are: a, b; more variants only by name: `doit --variants NUMBER NAME`",
        "kept as it is: c; no more variants can be made: reference `p.png` is blocked",
    )


def _absent(name: str, file: str, line: int) -> Finding:
    return Finding(warning(f"`{name}` has no file", Position(file, line, 3), "write one"))


def test_what_has_one_cause_is_told_once() -> None:
    """The first place, two more and a count; names where they differ; of one file the lines alone."""
    found = [_absent("otto", "a.yaml", 4), _absent("otto", "a.yaml", 9), _absent("ivo", "b.yaml", 2)]
    assert tuple(problem_lines(found)) == (
        "a.yaml:4:3: warning: `otto` has no file",
        "  also at line 9, at b.yaml:2:3 `ivo`",
        "  hint: write one",
    )
    many = [*found, *(_absent("ada", f"c{n}.yaml", n) for n in range(1, 1200))]
    assert tuple(problem_lines(many))[1] == "  also at line 9, at b.yaml:2:3 `ivo` and 1,199 more, in 1,201 files"


def test_each_place_is_told_where_all_are_asked_for() -> None:
    """With the hint of each."""
    found = [_absent("otto", "a.yaml", 4), _absent("otto", "a.yaml", 9)]
    assert tuple(problem_lines(found, everything=True)) == (
        "a.yaml:4:3: warning: `otto` has no file",
        "  hint: write one",
        "a.yaml:9:3: warning: `otto` has no file",
        "  hint: write one",
    )


def test_what_is_mended_in_another_way_is_another_cause() -> None:
    """Another hint, other words or another severity is told by itself."""
    other = Finding(warning("`ivo` has no file", Position("b.yaml", 1, 1), "did you mean `ivor`?"))
    assert len(tuple(problem_lines([_absent("otto", "a.yaml", 4), other]))) == 4


def test_images_of_one_cause_are_named_together() -> None:
    """Three of them, and how many there are; each once."""
    gone = warning("the model `m` is gone", Position("a.yaml", 1, 1))
    elsewhere = warning("the model `m` is gone", Position("b.yaml", 1, 1))
    ids = tuple(EntryId(f"chapters/c/{n}") for n in range(4))
    first, also = problem_lines([Finding(gone, ids[:2]), Finding(elsewhere, ids)])
    assert first.endswith("(for `chapters/c/0`, `chapters/c/1`, `chapters/c/2` and 1 more)")
    assert also == "  also at b.yaml:1:1"
