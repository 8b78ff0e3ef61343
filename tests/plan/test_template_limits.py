"""Templates end: whatever a stranger's template asks for, a prompt costs bounded steps and little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from chargen.errors import InputError, Position
from chargen.model.entries import Declared, Entry, Outputs
from chargen.model.traced import Traced
from chargen.model.values import EntryId, Size
from chargen.plan.compose import MAX_PROMPT, Composer
from chargen.plan.template_limits import MAX_STEPS, MAX_TEXT, BoundedEnvironment, TemplateLimitError, measure

STEPS = "the template takes more than 100,000 steps for one prompt"
LENGTH = "this would make more than 1,000,000 characters"
REPOSITORY = Path(__file__).parents[2]

LONG = (
    "{{ 'a' * 10**10 }}",
    "{{ 10 ** (10 ** 10) }}",
    "{{ 'x'|center(10**9) }}",
    "{{ 'x'.center(10**9) }}",
    "{{ ('x'|attr('center'))(10**9) }}",
    "{{ ['x']|map('center', 10**9)|list }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ '%*d' % (10**9, 1) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ ('{0}' * 30000).format('x' * 900000) }}",
    "{{ 'x'.zfill(10**9) }}",
    "{{ '\\t'.expandtabs(10**9) }}",
    "{{ (1).to_bytes(10**9, 'big') }}",
    "{{ ('a' * 1000).replace('', 'b' * 900000)|length }}",
    "{{ ('a' * 1000)|replace('a', 'b' * 900000)|length }}",
    "{{ ('a' * 900000).translate({97: 'b' * 900000})|length }}",
    "{{ range(100000)|join('x' * 900000)|length }}",
    "{{ ('x' * 900000).join(range(9)|list|map('string'))|length }}",
    "{{ ('a\\n' * 100000)|indent('b' * 900000)|length }}",
    "{{ ('a ' * 100000)|wordwrap(1, true, 'b' * 900000)|length }}",
    "{{ [1]|batch(10**9, 0)|list|length }}",
    "{{ ([[0] * 100000] * 1000)|sum(start=[])|length }}",
    "{{ ([('x' * 1000)] * 100000)|string|length }}",
    "{{ [[[[0] * 1000] * 1000] * 1000] }}",
    "{{ ('a' * 999999) ~ ('a' * 999999) }}",
    "{{ ('a' * 999999) + ('a' * 999999) }}",
    "{{ {'a': 1}|tojson(indent=10**9) }}",
    "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a ~ a ~ a ~ a %}" * 40 + "{{ a|length }}",
    "{% set a = 'aaaaaaaaaa' %}" + "{% set a %}{{ a }}{{ a }}{{ a }}{% endset %}" * 40 + "{{ a|length }}",
)
MANY = (
    "{{ ('x' * 900000).join(range(100000)|map('string'))|length }}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% set r = range(9999)|list %}{% for i in r %}{% for j in r %}{% endfor %}{% endfor %}",
    "{% for i in range(50000) %}{% set x = range(99999)|list %}{% endfor %}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "{% for i in range(99999) %}{{ ('a' * 900000)|upper|length }}{% endfor %}",
    "{% for i in [1] recursive %}{% if loop.depth < 7 %}{{ loop(range(99)) }}{% endif %}{% endfor %}",
)


def entry() -> Entry:
    here = Position("imagery/ch.yaml", 7, 18)
    return Entry(
        EntryId("chapters/ch/img"), "chapter", "imagery/ch.yaml", here, ("images", 0), "Lamp",
        Traced.of("A lamp.", "prompt_used", here), (), Size(64, 64), None, (), (), (), Declared(), Outputs(),
        {"tags": ("calm", "dim"), "notes": "one\ntwo"},
    )  # fmt: skip


def composer(template: str, **others: str) -> Composer:
    nothing = Traced.of("", "style_prefix")
    return Composer({"chapter.txt.j2": template, **others}, "prompts", nothing, nothing, 4000)


def refused(made: Composer) -> tuple[str, str, str]:
    """Return the place, message and hint with which a prompt is refused."""
    with pytest.raises(InputError) as caught:
        made.compose(entry(), (), ())
    (problem,) = caught.value.problems
    return str(problem.position), problem.message, problem.hint


@pytest.mark.parametrize("template", LONG)
def test_a_text_that_would_be_huge_is_not_made(template: str) -> None:
    """Each way to a long text is refused at its line, before it takes memory."""
    assert refused(composer(f"{{{{ prompt }}}}\n{template}")) == (
        "prompts/chapter.txt.j2:2:1",
        LENGTH,
        "a loop, a width or a repetition in it is far larger than any prompt can use",
    )


@pytest.mark.parametrize("template", MANY)
def test_a_template_that_would_never_end_is_stopped(template: str) -> None:
    """Loops, calls and filters are counted, also where nothing is printed."""
    place, message, hint = refused(composer(f"{{{{ prompt }}}}\n{template}"))
    assert (place, message) == ("prompts/chapter.txt.j2:2:1", STEPS)
    assert hint


def test_includes_that_double_are_counted() -> None:
    """Forty templates that include the next one twice would be included a trillion times."""
    others = {f"{n}.j2": f"{{% include '{n + 1}.j2' %}}{{% include '{n + 1}.j2' %}}" for n in range(40)}
    assert refused(composer("{% include '0.j2' %}", **others, **{"40.j2": ""}))[1] == STEPS


def test_the_limits_take_no_memory() -> None:
    """All of these templates together run in a process that may have no more than half a gigabyte."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))\n"
        "sys.path[:0] = ['tests/plan']\n"
        "from test_template_limits import LONG, MANY, LENGTH, STEPS, composer, refused\n"
        "print({refused(composer(template))[1] for template in (*LONG, *MANY)} == {LENGTH, STEPS})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", done.stderr


def test_a_limit_is_one_prompts() -> None:
    """The count begins anew for each prompt, and ends each at the same place."""
    made = composer("{% for i in range(60000) %}{% endfor %}{{ prompt }}")
    assert [made.compose(entry(), (), ()).text for _ in range(3)] == ["A lamp."] * 3


@pytest.mark.parametrize(
    "template",
    [
        "{% for tag in tags %}{{ loop.index }}/{{ loop.length }} {{ tag }}{{ ', ' if not loop.last }}{% endfor %}",
        "{% for tag in tags if tag != 'dim' %}{{ tag }}{% else %}none{% endfor %}",
        "{% for tag in [] %}{{ tag }}{% else %}none{% endfor %}",
        "{% for a, b in [(1, 2), (3, 4)] %}{{ a }}-{{ b }} {% endfor %}",
        "{% for n in [[1, [2]], [3]] recursive %}{{ loop(n) if n is iterable else n }}{% endfor %}",
        "{{ tags|join(', ') }}; {{ ', '.join(tags) }}; {{ tags|map('upper')|join }}; {{ 'ab'|join('-') }}",
        "{{ 'a' ~ 1 ~ tags[0] ~ 2.5 }} {{ 'a' + 'b' }} {{ '-' * 3 }} {{ 3 * 4 }} {{ 2 ** 10 }} {{ 7 % 4 }}",
        "{{ '%s of %d' % ('a', 2) }} {{ '%s!'|format('b') }} {{ '{} {x}'.format(1, x=2) }}",
        "{{ notes|indent(2) }} {{ notes|replace('\\n', ' ') }} {{ notes.replace('o', '0') }} {{ 'x'|center(5) }}|",
        "{% set a %}{{ tags[0] }}!{% endset %}{{ a }}{{ a|upper }}{{ tags }}{{ {'a': [1]} }}{{ true }}",
        "{% macro m(x, y='z') %}[{{ x }}{{ y }}]{% endmacro %}{{ m(1) }}{{ m('a', 'b') }}",
        "{% filter upper %}{{ tags|first }}{% endfilter %} {{ range(3)|list }} {{ tags|sort|last }} {{ [3, 1]|sum }}",
        "{% if 'calm' in tags and tags|length == 2 %}yes{% endif %} {{ notes|wordwrap(2) }} {{ notes|truncate(3) }}",
    ],
)
def test_within_the_limits_nothing_comes_out_differently(template: str) -> None:
    """An ordinary template renders as in the plain sandbox."""
    data = {"tags": ("calm", "dim"), "notes": "one\ntwo"}
    plain = ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(data)
    assert BoundedEnvironment(undefined=StrictUndefined).from_string(template).render(data) == plain


def test_the_numbers() -> None:
    """The limits are far above a prompt's, and told as they are."""
    assert (f"{MAX_STEPS:,}" in STEPS, f"{MAX_TEXT:,}" in LENGTH, MAX_PROMPT < MAX_TEXT) == (True, True, True)
    assert measure(["ab", {"c": (1, 2)}]) < 40
    assert measure([[[0] * 1000] * 1000] * 1000) > MAX_TEXT
    with pytest.raises(TemplateLimitError):
        BoundedEnvironment().spend(MAX_STEPS + 1)
