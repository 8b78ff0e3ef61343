"""From an entry and the author's templates to the composed prompt: the text an image depends on.

Laws: the same entry and templates give the same text; the author's own text is data (`{{` in it comes out as it
went in); an undefined or null name is an error with its place in the template; templates run in a sandbox and end.
Pure: the templates come in as texts, and nothing here knows files, providers or models.
"""

from __future__ import annotations

import re
import traceback
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import accumulate, chain, groupby, pairwise
from typing import Any, NoReturn

from jinja2 import FunctionLoader, StrictUndefined, Template, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.exceptions import SecurityError, TemplateRuntimeError, UndefinedError
from msgspec import Struct

from chargen import kinds
from chargen.errors import InputError, Position, error
from chargen.model.entries import Entry, PromptPart
from chargen.model.traced import Segment, Traced
from chargen.plan.prompt_limit import Shortened, fit
from chargen.plan.template_limits import BoundedEnvironment, TemplateLimitError

_OPEN, _NAME, _TEXT, _CLOSE = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3"
"""Unicode noncharacters around the author's text in a render: `OPEN source NAME field TEXT words CLOSE`."""

STRUCTURED = "structured.txt.j2"
"""The template of what stands in the place of a prompt, for entries of all kinds without one."""

_MARKED = re.compile(f"{_OPEN}([^{_NAME}]*){_NAME}([^{_TEXT}]*){_TEXT}([^{_CLOSE}]*){_CLOSE}")
_NONCHARACTERS = re.compile(f"[{_OPEN}-{_CLOSE}]")
_OF_OURS = re.compile(r"`chargen\.[\w.]+ object`")
_LINE_END = re.compile(r"\r\n?")
_TRAILING = re.compile(r"[ \t\f\v]+(?=\n|\Z)")
_BLANK_LINES = re.compile(r"\n{3,}")

MAX_PROMPT = 200_000
"""Characters a render may have: far above any provider's limit, low enough to stop a template that runs away."""


class Line(Struct, frozen=True):
    """A character's name with a text about it, as templates see states and appearances."""

    name: str
    text: Traced


class TemplateReference(Struct, frozen=True):
    """A picture that goes along, as templates see it: who or what is on it, its path, and words on their looks."""

    name: str
    path: str
    appearance: Traced


class Composed(Struct, frozen=True, dict=True):
    """A composed prompt. `text` and `negative` are normalised: NFC, LF, no trailing blanks, no final newline."""

    text: str
    negative: str
    marked: str
    template: str
    negatives: tuple[Traced, ...] = ()
    left_out: tuple[Shortened, ...] = ()
    """What of an entry's fields was shortened, or did not fit at all."""

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The runs of `text` by source, in order; joined they are `text`."""
        return _segments(self.marked, self.template, self.text)


def normalise(text: str) -> str:
    """Bring text to the form that is hashed: NFC, LF line ends, no trailing blanks, no run of blank lines."""
    text = unicodedata.normalize("NFC", _LINE_END.sub("\n", text))
    return _BLANK_LINES.sub("\n\n", _TRAILING.sub("", text)).strip("\n")


def negative_prompt(texts: Iterable[str]) -> str:
    """Join negative prompts to one comma-separated line, with one separator between any two."""
    joined = (" ".join(normalise(text).split()).strip(" ,") for text in texts)
    return ", ".join(text for text in joined if text)


class _Rendered(str):
    """Text that a template made, with the marks of its sources; a plain `str` to everyone else."""

    __slots__ = ("marked",)
    marked: str

    @classmethod
    def of(cls, text: str, marked: str) -> _Rendered:
        """Wrap a text without its marks."""
        rendered = cls(text)
        rendered.marked = marked
        return rendered


class Composer:
    """The author's templates, compiled once and rendered for many entries.

    `templates` maps names relative to the folder of templates to their texts; `folder` is that folder as the author
    knows it, for positions. `limit` is how many characters a prompt made of fields may have, with its style.
    """

    def __init__(
        self,
        templates: Mapping[str, str],
        folder: str,
        style_prefix: Traced,
        style_suffix: Traced,
        limit: int,
    ) -> None:
        self._folder = folder
        self._templates = dict(templates)
        self._prefix = style_prefix
        self._suffix = style_suffix
        self._room = limit - len(style_prefix) - len(style_suffix)
        self._environment = BoundedEnvironment(
            loader=FunctionLoader(self._source),
            undefined=StrictUndefined,
            finalize=self._finalize,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            cache_size=-1,
            open_types=frozenset({Line, PromptPart, TemplateReference}),
        )
        self._environment.globals = {"range": self._environment.globals["range"], "dict": dict}
        del self._environment.filters["random"]  # another prompt in every run would be another image in every run
        self._compiled: dict[str, Template] = {}

    def compose(
        self,
        entry: Entry,
        states: tuple[Line, ...],
        appearances: tuple[Line, ...],
        references: tuple[TemplateReference, ...] = (),
    ) -> Composed:
        """Compose the prompt of an entry that has one.

        Raises InputError with the place in the template: missing template, syntax, undefined or null name, a reach
        for Python internals, output past `MAX_PROMPT`, a limit of `template_limits`, no text at all; in the entry: a
        longer prompt.
        """
        if entry.prompt is not None and len(entry.prompt) > MAX_PROMPT:
            message = f"this prompt has {len(entry.prompt):,} characters, more than the {MAX_PROMPT:,} that are read"
            raise InputError(error(message, entry.prompt.position, "shorten it"))
        name = kinds.named(entry.kind).template
        self._environment.begin()
        try:
            parts, left_out = fit(entry.parts, self._room)
            prompt = self._structured(entry, parts) if entry.parts else entry.prompt
            marked = self._render(
                name,
                entry,
                prompt=prompt,
                always=entry.always,
                states=states,
                appearances=appearances,
                references=references,
                style_prefix=self._prefix,
                style_suffix=self._suffix,
            )
        except InputError:
            raise
        except Exception as failure:  # noqa: BLE001 - whatever a template raises is a fault of that template
            self._fail(name, failure)
        text = normalise(_MARKED.sub(r"\3", marked) if _OPEN in marked else marked)
        if not text:  # a template that an editor or a full disk cut to nothing would be paid for, image by image
            hint = "bring its text back, or delete it: the packaged template takes its place"
            raise InputError(
                error("this template makes an empty prompt", Position(f"{self._folder}/{name}", 1, 1), hint)
            )
        return Composed(
            text,
            negative_prompt(entry.negative_prompt),
            marked,
            f"{self._folder}/{name}",
            entry.negative_prompt,
            left_out,
        )

    def _structured(self, entry: Entry, parts: tuple[PromptPart, ...]) -> _Rendered:
        """Compose what stands in the place of a prompt from the fields of an entry without one."""
        if not parts:
            first = entry.parts[0].text
            message = f"`prompt_limit` and the style leave no room for `{first.name}`"
            raise InputError(error(message, first.position, "set a larger `prompt_limit`, or shorten the style"))
        lines = [tuple(line) for _, line in groupby(parts, key=lambda part: part.weight)]
        marked = self._render(STRUCTURED, entry, parts=parts, lines=lines).strip()
        return _Rendered.of(_MARKED.sub(r"\3", marked), marked)

    def _render(self, name: str, entry: Entry, **values: object) -> str:
        template = self._compiled.get(name) or self._compile(name)
        chunks: list[str] = []
        length = 0
        for chunk in template.generate(entry=entry.data, title=entry.title, **values):
            chunks.append(chunk)
            length += len(chunk)
            if length > MAX_PROMPT:
                message = f"the composed prompt passes {MAX_PROMPT:,} characters"
                raise TemplateRuntimeError(message)
        return "".join(chunks)

    def _finalize(self, value: Any) -> Any:
        """Wrap the author's text in marks that tell its source; refuse nulls, which would print as `None`."""
        if isinstance(value, _Rendered):
            return value.marked
        if isinstance(value, Traced):
            text = _NONCHARACTERS.sub("", value)
            return f"{_OPEN}{value.position or ''}{_NAME}{value.name}{_TEXT}{text}{_CLOSE}" if text else ""
        if value is None:
            message = "a null value would be printed here"
            raise UndefinedError(message)
        if not isinstance(value, str):
            self._environment.check_printed(value)
        return value

    def _compile(self, name: str) -> Template:
        self._compiled[name] = self._environment.get_template(name)
        return self._compiled[name]

    def _fail(self, name: str, failure: Exception) -> NoReturn:
        where, message, hint = Position(f"{self._folder}/{name}"), str(failure), ""
        if isinstance(failure, TemplateNotFound):
            where = self._line_of(failure, where)
            message = f"the template `{self._folder}/{failure.name}` is missing"
            hint = "write it, or copy it from the folder that `chargen init` makes"
        elif isinstance(failure, TemplateSyntaxError):
            where = Position(f"{self._folder}/{failure.name or name}", failure.lineno, 1)
            message = f"template error: {failure.message}"
        else:
            where = self._line_of(failure, where)
            message, hint = _explain(failure)
        raise InputError(error(message, where, hint)) from failure

    def _source(self, name: str) -> tuple[str, str, None] | None:
        text = self._templates.get(name)
        return None if text is None else (text, f"{self._folder}/{name}", None)

    def _line_of(self, failure: Exception, otherwise: Position) -> Position:
        """Find the innermost line of a template in the traceback."""
        for frame, line in reversed(list(traceback.walk_tb(failure.__traceback__))):
            filename = frame.f_code.co_filename
            if filename.removeprefix(f"{self._folder}/") in self._templates:
                return Position(filename, line, 1)
        return otherwise


def _explain(failure: Exception) -> tuple[str, str]:
    said = str(failure).replace("'", "`").rstrip(".")  # names in backticks, as everywhere else
    said = _OF_OURS.sub("this mapping" if ".View object" in said else "this text", said)
    if isinstance(failure, SecurityError):
        return f"the template reaches for what it may not use: {said}", "templates see only the entry's own fields"
    if isinstance(failure, (TemplateLimitError, OverflowError)):
        return said, "a loop, a width or a repetition in it is far larger than any prompt can use"
    if isinstance(failure, UndefinedError):
        return f"template error: {said}", "write `{% if name is defined and name %}` around what may be absent"
    if isinstance(failure, RecursionError):
        return "the template includes itself without end", ""
    if isinstance(failure, TemplateError):
        return f"template error: {failure}", ""
    return f"template error: {type(failure).__name__}: {failure}", ""


def _segments(marked: str, template: str, text: str) -> tuple[Segment, ...]:
    """Attribute each stretch of the normalised `text` to its source by doing to the runs what `normalise` does."""
    runs = _runs(marked, template)
    forms = [unicodedata.normalize("NFC", _LINE_END.sub("\n", words)) for words, _, _ in runs]
    whole, ends = "".join(forms), list(accumulate(map(len, forms)))
    whole, ends = _without(whole, ends, [match.span() for match in _TRAILING.finditer(whole)])
    whole, ends = _without(whole, ends, [(match.start() + 2, match.end()) for match in _BLANK_LINES.finditer(whole)])
    first, last = len(whole) - len(whole.lstrip("\n")), len(whole.rstrip("\n"))
    whole, ends = _without(whole, ends, [(0, first), (max(first, last), len(whole))])
    if whole != text:
        # A combining mark at the seam of two sources: the whole text counts as the template's.
        return (Segment(text, "template", template),)
    stretches = pairwise([0, *ends])
    return tuple(
        Segment(whole[start:end], name, source)
        for (_, name, source), (start, end) in zip(runs, stretches, strict=True)
        if start < end
    )


def _without(text: str, ends: list[int], spans: list[tuple[int, int]]) -> tuple[str, list[int]]:
    """Take spans, in order, out of a text; `ends` are places in it, and become places in what is left."""
    if not spans:
        return text, ends
    edges = [0, *chain.from_iterable(spans), len(text)]
    starts = [start for start, _ in spans]
    gone = list(accumulate((stop - start for start, stop in spans), initial=0))

    def moved(place: int) -> int:
        number = bisect_left(starts, place)  # of the spans before it the last may reach beyond it
        return place - gone[number] + (max(0, spans[number - 1][1] - place) if number else 0)

    return "".join([text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]), [*map(moved, ends)]


def _runs(marked: str, template: str) -> list[tuple[str, str, str]]:
    """Split a render into (words, field name, source)."""
    runs: list[tuple[str, str, str]] = []
    end = 0
    for match in _MARKED.finditer(marked):
        if match.start() > end:
            runs.append((marked[end : match.start()], "template", template))
        runs.append((match[3], match[2], match[1] or template))
        end = match.end()
    if end < len(marked):
        runs.append((marked[end:], "template", template))
    return runs
