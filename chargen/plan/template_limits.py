"""A sandbox whose templates end: what one prompt may cost in steps, and how long a text in a template may become.

Laws: limits are counted, never timed, so that the same template and entry always end the same way; a text is refused
before it is made; within the limits nothing comes out differently. Every turn of a loop, call, filter and include is a
step, and a long text counts as several. Pure; knows nothing of prompts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from functools import wraps
from typing import Any

from jinja2 import Template, nodes, pass_context
from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

MAX_STEPS = 100_000
"""Steps for one prompt: a loop over all entries of a large chapter has a hundredth of them, and they take a second."""

MAX_TEXT = 1_000_000
"""Characters of any text in between, and items of any list: five times the longest prompt."""

_LETTERS_A_STEP = 1_000
_ITEMS_A_STEP = 100
_EACH, _JOINED = "chargen_each", "chargen_joined"
_NUMBERS = re.compile(r"\d+")
_COLLECTIONS = (list, tuple, set, frozenset)


class TemplateLimitError(TemplateRuntimeError):
    """A template that costs more than a prompt can be worth."""


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox that counts. `begin` starts a new prompt; not for several threads at once.

    `open_types` are frozen values made for templates: what has no underscore before it is open, without a closer look,
    which costs more than all else that a template does with them.
    """

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, *, open_types: frozenset[type] = frozenset(), **options: Any) -> None:
        super().__init__(**options)
        self._open_types = open_types | {LoopContext}
        self._left = MAX_STEPS
        self.concat = self._joined  # type: ignore[method-assign] # compiled templates ask for it by this name
        self.filters = {name: self._bounded(name, function) for name, function in self.filters.items()}
        self.filters[_EACH] = pass_context(lambda _context, values: self._each(values))
        self.filters[_JOINED] = pass_context(lambda _context, values: self._joined(map(str, self._checked(values))))

    def begin(self) -> None:
        """Give a new prompt all its steps."""
        self._left = MAX_STEPS

    def spend(self, steps: int) -> None:
        """Count steps. Raises TemplateLimitError where there are none left."""
        self._left -= steps
        if self._left < 0:
            raise TemplateLimitError(f"the template takes more than {MAX_STEPS:,} steps for one prompt")

    def check(self, size: int) -> None:
        """Count a text of `size` characters before it is made. Raises TemplateLimitError where it is too long."""
        if size > MAX_TEXT:
            raise TemplateLimitError(f"this would make more than {MAX_TEXT:,} characters")
        self.spend(1 + size // _LETTERS_A_STEP)

    def check_printed(self, value: Any) -> None:
        """Count what a list or mapping takes when it is printed."""
        self.check(measure(value))

    # what the compiled templates call

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Say whether a template may see an attribute."""
        if type(obj) in self._open_types and not attr.startswith("_"):
            return True
        return super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Do an operation whose result has a size."""
        self.check(_size_of_operation(operator, left, right))
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - as in Jinja2
        """Call a macro, a method or a function."""
        function = getattr(__obj, "__wrapped__", __obj)  # `str.format` comes wrapped by the sandbox
        owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
        if isinstance(__obj, LoopContext) and args:
            args = (__self._each(args[0]), *args[1:])
        if isinstance(owner, (str, bytes, int)):
            if name == "join" and args:
                args = (__self._listed(args[0]), *args[1:])
            __self.check(_size(name, owner, args, kwargs))
        found = super().call(__context, __obj, *args, **kwargs)
        items = len(found) // _ITEMS_A_STEP if isinstance(found, (range, *_COLLECTIONS)) else 0
        __self.spend(1 + items)
        return found

    def _load_template(self, name: str, globals: Any) -> Template:  # noqa: A002 - as in Jinja2
        """Load what is included, imported or extended: that may happen in a circle."""
        self.spend(1)
        return super()._load_template(name, globals)

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        return super()._generate(_Counted().visit(source), *args, **kwargs)

    # own

    def _bounded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a filter. Some get the context, the environment or its state before what they filter."""
        first = int(hasattr(function, "jinja_pass_arg"))

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            passed, (subject, *rest) = args[:first], args[first:]
            if name in _WHOLE:
                subject = self._listed(subject)
            self.check(_size(name, subject, rest, kwargs))
            return function(*passed, subject, *rest, **kwargs)

        return run

    def _each(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            self.spend(1)
            yield value

    def _listed(self, values: Any) -> Any:
        """Return something whose length is known."""
        return values if isinstance(values, Sized) or not isinstance(values, Iterable) else list(self._each(values))

    def _checked(self, values: Sequence[Any]) -> Sequence[Any]:
        self.check_printed(values)
        return values

    def _joined(self, texts: Iterable[str]) -> str:
        found = list(texts)
        self.check(sum(map(len, found)))
        return "".join(found)


class _Counted(NodeTransformer):
    """Lets loops count their turns, and `~` the length of what it makes."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - named after the node
        self.generic_visit(node)
        node.iter = _filtered(node.iter, _EACH)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802 - named after the node
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno, environment=node.environment), _JOINED)


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    assert isinstance(node, nodes.Expr)
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno, environment=node.environment)


def measure(value: Any) -> int:
    """Return about how many characters a value is when printed; counting ends past `MAX_TEXT`.

    A collection counts as often as it is named: a list of one long list, named many times, is long.
    """
    total = 0
    waiting = [value]
    while waiting and total <= MAX_TEXT:
        value = waiting.pop()
        if isinstance(value, (str, bytes, range)):
            total += len(value)
            continue
        total += 1
        if isinstance(value, _COLLECTIONS):
            total += 2 * len(value)
            waiting.extend(list(value)[: MAX_TEXT + 1 - total])
        elif isinstance(value, dict):
            total += 4 * len(value)
            waiting.extend((*value.keys(), *value.values()))
        elif isinstance(value, int):
            total += value.bit_length() // 3
    return total


def _size_of_operation(operator: str, left: Any, right: Any) -> int:
    if operator == "%" and isinstance(left, (str, bytes)):
        return _size("format", left, (right,), {})
    if operator == "**" and isinstance(left, int) and isinstance(right, int):
        return left.bit_length() * max(right, 0)
    if operator == "*":
        for one, times in ((left, right), (right, left)):
            if isinstance(one, (str, bytes, list, tuple)) and isinstance(times, int):
                return measure(one) * max(times, 0)
    if operator in "+*" and not isinstance(left, float):
        return measure(left) + measure(right)
    return 0


_WHOLE = frozenset({"join", "list", "sum", "sort", "unique", "reverse"})
"""Filters that go through all items at once."""


def _size(name: str, subject: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> int:
    """Return the most characters (or items) that a filter or method of this name makes; a width counts as itself."""
    values = (*args, *kwargs.values())
    own, more = measure(subject), sum(abs(value) if isinstance(value, int) else measure(value) for value in values)
    times = 1
    if name == "join":
        items, between = (args[0], own) if isinstance(subject, str) and args else (subject, more)
        return measure(items) + (len(items) if isinstance(items, Sized) else 1) * between
    if name == "replace" and isinstance(subject, str) and len(args) > 1 and isinstance(args[0], str):
        times = subject.count(args[0])
    elif name in ("format", "format_map"):
        text = subject if isinstance(subject, str) else str(subject, "latin-1") if isinstance(subject, bytes) else ""
        times = text.count("%") + text.count("{")
        more += sum(int(number[:9]) for number in _NUMBERS.findall(text)) + (MAX_TEXT if "%*" in text else 0)
    elif name in ("indent", "expandtabs"):
        times = str(subject).count("\n") + str(subject).count("\t") + 1
        more += len("    " * 2)
    elif name in ("replace", "translate", "tojson", "xmlattr", "urlize"):
        times = own + 1
    elif name == "wordwrap":
        texts = sum(len(value) for value in values if isinstance(value, str))
        times, more = own, texts
    return own + times * more
