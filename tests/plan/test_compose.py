"""Composing: deterministic, sourced, sandboxed, and the author's own text untouched."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chargen.errors import InputError, Position
from chargen.kinds import packaged_templates
from chargen.model.entries import Declared, Entry, Outputs, PromptPart
from chargen.model.traced import Traced
from chargen.model.values import EntryId, Size
from chargen.plan.compose import Composed, Composer, Line, negative_prompt, normalise

HERE = Position("imagery/ch.yaml", 7, 18)
LIMIT = 4000


def entry(prompt: str = "A lamp.", **data: Any) -> Entry:
    return Entry(
        id=EntryId("chapters/ch/img"),
        kind="chapter",
        file="imagery/ch.yaml",
        position=Position("imagery/ch.yaml", 6, 5),
        path=("images", 0),
        title="Lamp",
        prompt=Traced.of(prompt, "prompt_used", HERE),
        negative_prompt=(),
        size=Size(64, 64),
        status=None,
        depicts=(),
        always=(Traced.of("Palette: grey.", "palette", Position("imagery/ch.yaml", 2, 3)),),
        colours=(),
        declared=Declared(),
        outputs=Outputs(),
        data=data,
    )


def compose(template: str, of: Entry | None = None, others: dict[str, str] | None = None, **styles: str) -> Composed:
    templates = {"chapter.txt.j2": template, **(others or {})}
    prefix, suffix = (Traced.of(styles.get(name, ""), name) for name in ("style_prefix", "style_suffix"))
    states = (Line("Alice", Traced.of("asleep", "character_states.alice", Position("imagery/ch.yaml", 9, 4))),)
    return Composer(templates, "prompts", prefix, suffix, LIMIT).compose(of or entry(), states, ())


def test_each_run_of_the_prompt_names_its_source() -> None:
    """Text of the author's has its file, line and column; the template's own words have the template."""
    composed = compose("{{ always[0] }}\n\nDraw: {{ prompt }}\n{{ states[0].name }} is {{ states[0].text }}.")
    assert composed.text == "Palette: grey.\n\nDraw: A lamp.\nAlice is asleep."
    assert [(run.text, run.name, run.source) for run in composed.segments] == [
        ("Palette: grey.", "palette", "imagery/ch.yaml:2:3"),
        ("\n\nDraw: ", "template", "prompts/chapter.txt.j2"),
        ("A lamp.", "prompt_used", "imagery/ch.yaml:7:18"),
        ("\nAlice is ", "template", "prompts/chapter.txt.j2"),
        ("asleep", "character_states.alice", "imagery/ch.yaml:9:4"),
        (".", "template", "prompts/chapter.txt.j2"),
    ]


@pytest.mark.parametrize(
    "text", ["{{ 7 * 7 }}", "{% raw %}", "{# note #}", "a & <b> \"c\" 'd'", "{{ entry.id }}", "\\n"]
)
def test_the_authors_text_is_data(text: str) -> None:
    """What looks like template code, markup or an escape in a prompt comes out as it went in."""
    assert compose("{{ prompt }}", entry(text)).text == text


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60), st.text(max_size=20).filter(str.isprintable))
def test_segments_always_add_up_to_the_text(prompt: str, title: str) -> None:
    """Joined, the runs are the composed text, whatever blanks, line ends and combining marks are in it."""
    composed = compose("  {{ title }} \n\n\n{{ prompt }}{{ prompt }}\r\n \n{{ always[0] }}\n", entry(prompt, a=title))
    assert "".join(run.text for run in composed.segments) == composed.text


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=80))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    """The form that is hashed is a fixed point."""
    once = normalise(text)
    assert normalise(once) == once
    assert not once.startswith("\n")
    assert not once.endswith("\n")


def test_blanks_line_ends_and_unicode_form_do_not_count() -> None:
    """Two prompts that differ only in trailing blanks, CRLF, final newlines or Unicode form are one."""
    one = compose("{{ prompt }}", entry("caf\u00e9  \r\nbar\n\n\n\nbaz\n"))
    other = compose("{{ prompt }}\n\n", entry("cafe\u0301\nbar\n\nbaz"))
    assert one.text == other.text == "caf\u00e9\nbar\n\nbaz"


@pytest.mark.parametrize(
    ("template", "line", "words"),
    [
        ("x\n{{ nope }}", 2, "`nope` is undefined"),
        ("{{ prompt.nope }}", 1, "error: this text has no attribute `nope`"),
        ("", 1, "this template makes an empty prompt"),
        ("{# all of it #}\n \n", 1, "this template makes an empty prompt"),
        ("x\n\n{{ entry.nope }}", 3, "no attribute"),
        ("{% if %}", 1, "Expected an expression"),
        ("{{ prompt.__class__.__mro__ }}", 1, "may not use"),
        ("{{ ''.__class__.__base__.__subclasses__() }}", 1, "may not use"),
        ("{{ entry.a }}", 1, "null value"),
        ("{{ 1 / 0 }}", 1, "ZeroDivisionError"),
        ("{{ prompt | nofilter }}", 1, "No filter named"),
        ("{% include 'gone.j2' %}", None, "`prompts/gone.j2` is missing"),
        ("{% include 'chapter.txt.j2' %}", None, "includes itself"),
        ("{% for i in range(9999) %}{% for j in range(9999) %}{{ prompt }}{% endfor %}{% endfor %}", None, "passes"),
    ],
)
def test_a_fault_of_a_template_is_told_with_its_place(template: str, line: int | None, words: str) -> None:
    """Undefined and null names, syntax, missing parts, runaway output, reaches for internals: each is one problem."""
    with pytest.raises(InputError) as caught:
        compose(template, entry(a=None))
    (problem,) = caught.value.problems
    assert words in problem.message
    assert problem.position is not None
    assert problem.position.file == "prompts/chapter.txt.j2"
    assert line is None or problem.position.line == line


def test_a_fault_in_an_included_template_names_that_template() -> None:
    """The place of an error is in the file the author has to open."""
    with pytest.raises(InputError) as caught:
        compose("{% include 'part.j2' %}", others={"part.j2": "a\nb {{ nope }}"})
    assert caught.value.problems[0].position == Position("prompts/part.j2", 2, 1)


def test_a_missing_template_is_told_with_the_way_to_get_one() -> None:
    """Without a template for its kind an entry can't be composed."""
    composer = Composer({}, "prompts", Traced.of("", "style_prefix"), Traced.of("", "style_suffix"), LIMIT)
    with pytest.raises(InputError, match=r"`prompts/chapter\.txt\.j2` is missing") as caught:
        composer.compose(entry(), (), ())
    assert "chargen init" in caught.value.problems[0].hint


def test_negative_prompts_join_to_one_line() -> None:
    """Line breaks and trailing commas of several negative prompts leave one comma-separated line."""
    assert negative_prompt(("blur, text,\n  frame,", "", " neon ")) == "blur, text, frame, neon"


def test_no_template_asks_chance() -> None:
    """A prompt that differs in every run would be bought in every run."""
    with pytest.raises(InputError) as caught:
        compose("{{ prompt }}\n{{ ['red', 'blue']|random }}")
    (problem,) = caught.value.problems
    assert str(problem.position) == "prompts/chapter.txt.j2:2:1"
    assert "random" in problem.message


def test_an_author_words_light_palette_and_elements_by_a_macro() -> None:
    """A changed macro of `fields.txt.j2` words just what it is for; each part keeps its source."""
    here = Position("imagery/mill.yaml", 4, 3)
    named = {"elements": ("iron door", ""), "light": ("low amber", "Light: "), "mood": ("tense", "Mood: ")}
    parts = tuple(
        PromptPart(Traced.of(text, name, here), weight, label, name)
        for weight, (name, (text, label)) in enumerate(named.items(), start=1)
    )
    packaged = {name: packaged_templates()[name] for name in ("structured.txt.j2", "fields.txt.j2")}
    whole = replace(entry(), prompt=None, parts=parts, always=())
    assert compose("{{ prompt }}", whole, packaged).text == "iron door\nLight: low amber\nMood: tense"
    light = "{% macro light(part) -%}\nLit by {{ part.text }}, and nothing else.\n{%- endmacro %}"
    old = "{% macro light(part) -%}\n{{ part.label }}{{ part.text }}\n{%- endmacro %}"
    assert old in packaged["fields.txt.j2"]
    packaged["fields.txt.j2"] = packaged["fields.txt.j2"].replace(old, light)
    changed = compose("{{ prompt }}", whole, packaged)
    assert changed.text == "iron door\nLit by low amber, and nothing else.\nMood: tense"
    assert ("low amber", "light", str(here)) in [(run.text, run.name, run.source) for run in changed.segments]
