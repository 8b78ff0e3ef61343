"""A composed prompt with a margin that names the source of each part, and a request as its provider gets it.

Law: what is shown is what is hashed or sent, character by character; only long lines are wrapped, in the text for
people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chargen.cli.plan_report import reasons
from chargen.cli.tables import cells, coloured, columns, dim, estimate_text, pad, width, wrap
from chargen.errors import InputError, error
from chargen.model.request import Request
from chargen.model.traced import Segment
from chargen.model.values import Route
from chargen.plan.compose import Composed
from chargen.plan.plan import Planned, PlannedReference
from chargen.plan.requests import asked
from chargen.providers.registry import Adapters
from chargen.store.files import printable

TEMPLATE = "template"
"""The name of a run of a template's own words."""

_NARROWEST_TEXT = 30


@dataclass(frozen=True, slots=True)
class ComposedPrompt:
    """The composed prompt of an image."""

    image: Planned
    composed: Composed

    def as_json(self) -> dict[str, Any]:
        """Return the object of `prompt --json`.

        `prompt` is the text that is hashed and `segments[]` (text, name, source) joined are the same; `negative_prompt`
        has its `negative_sources[]`; `references[]`: path, character, built.
        """
        image = self.image
        return {
            "id": image.id,
            "target": image.target,
            "prompt_file": image.prompt_file,
            "size": str(image.entry.size) if image.entry.size else None,
            "prompt": self.composed.text,
            "segments": [{"text": part.text, "name": part.name, "source": part.source} for part in self._segments()],
            "negative_prompt": self.composed.negative,
            "negative_sources": [str(text.position) for text in self.composed.negatives if text.position],
            "references": [
                {"path": item.path, "character": item.character, "built": item.digest is not None}
                for item in image.references
            ],
        }

    def as_text(self) -> Iterator[str]:
        """Yield the prompt beside the names of its parts, then where these are written."""
        image, segments = self.image, self._segments()
        yield from _headline(image)
        yield ""
        yield from _with_margin(segments)
        if self.composed.negative:
            yield ""
            yield from _block("negative prompt", self.composed.negative)
        yield ""
        yield from _sources(segments, self.composed)
        if image.references:
            yield ""
            yield from _references(image.references)

    def _segments(self) -> tuple[Segment, ...]:
        return self.composed.segments


@dataclass(frozen=True, slots=True)
class SentRequest:
    """What an image's provider gets."""

    image: Planned
    request: Request
    price: str
    cost_usd: float | None

    def as_json(self) -> dict[str, Any]:
        """Return the object of `prompt --sent --json`: `notes[]` tell each adaptation in a sentence."""
        request = self.request
        return {
            "id": self.image.id,
            "target": self.image.target,
            "provider": request.provider,
            "model": request.model,
            "prompt": request.prompt,
            "references": [{"path": item.label, "character": item.character} for item in request.references],
            "requested_size": request.requested_size,
            "asked_size": str(request.asked.size),
            "quality": request.quality,
            "parameters": dict(request.parameters),
            "notes": list(request.notes),
            "cost_usd": self.cost_usd,
        }

    def as_text(self) -> Iterator[str]:
        """Yield the request: route, prompt, parameters, references, and what was adapted."""
        request = self.request
        yield from _headline(self.image)
        yield ""
        quality = f", quality {request.quality}" if request.quality else ""
        yield f"to {request.provider}/{request.model}: {request.requested_size}{quality}, {self.price} by estimate"
        yield ""
        for line in request.prompt.split("\n"):
            yield from (f"  {printable(piece)}".rstrip() for piece in wrap(line, width() - 2))
        if request.parameters:
            yield ""
            yield from columns([(dim(name), printable(str(value))) for name, value in request.parameters.items()])
        if request.references:
            yield ""
            yield "references"
            yield from (f"  {printable(item.label)}  {dim(item.character)}".rstrip() for item in request.references)
        if request.notes:
            yield ""
            yield "adapted"
            yield from (f"  {line}" for note in request.notes for line in wrap(printable(note), width() - 2))


def composed(image: Planned) -> ComposedPrompt:
    """Return an image's composed prompt. Raises InputError where it has none or can't be composed."""
    if image.composed is None:
        raise _nothing(image)
    return ComposedPrompt(image, image.composed)


def sent(image: Planned, adapters: Adapters, provider: str | None = None) -> SentRequest:
    """Return the request for an image, for `provider` instead of its route if given. Raises InputError."""
    route = adapters.override(provider) if provider is not None else image.route
    if image.composed is None or image.entry.size is None or not isinstance(route, Route):
        raise _nothing(image)
    adapter = adapters.get(route.provider)
    request = adapter.adapt(asked(image), route.model)
    price = adapter.price(request)
    return SentRequest(image, request, estimate_text(price), None if price is None else float(price))


def _nothing(image: Planned) -> InputError:
    told = [problem for problem in image.problems if problem.severity.value != "note"]
    if told:
        return InputError(told)
    return InputError(error(f"`{image.id}` has no prompt", image.entry.position, "write `prompt_used` for it"))


def _headline(image: Planned) -> Iterator[str]:
    own = image.id.rpartition("/")[2]
    title = f"  {printable(image.entry.title)}" if image.entry.title not in ("", own) else ""
    yield f"{printable(image.id)}{title}"
    why = "; ".join(reasons(image))
    size = f"{image.entry.size}, " if image.entry.size else ""
    yield f"{size}{coloured(image.verdict)}{dim(f': {why}') if why else ''}"


def _with_margin(segments: Sequence[Segment]) -> Iterator[str]:
    """Yield the prompt's lines, each with the names of the parts it is made of beside it where they change."""
    lines = [(_names(line), "".join(part.text for part in line)) for line in _lines(segments)]
    margin = max(cells(name) for name, _ in lines)
    room = max(width() - margin - 3, _NARROWEST_TEXT)
    before = ""
    for name, text in lines:
        pieces = wrap(printable(text), room) if text else [""]
        for number, piece in enumerate(pieces):
            label = name if number == 0 and name != before else ""
            yield f"{dim(pad(label, margin))} {dim('│')} {piece}".rstrip()
        before = name if text else ""


def _lines(segments: Iterable[Segment]) -> Iterator[list[Segment]]:
    """Split runs of text into lines of runs."""
    line: list[Segment] = []
    for segment in segments:
        first, *more = segment.text.split("\n")
        line.append(Segment(first, segment.name, segment.source))
        for text in more:
            yield line
            line = [Segment(text, segment.name, segment.source)]
    yield line


def _names(line: Iterable[Segment]) -> str:
    """Name the parts of a line: the author's fields, and the template where it is alone."""
    visible = [part for part in line if part.text.strip()]
    fields = dict.fromkeys(part.name for part in visible if part.name != TEMPLATE)
    return printable(", ".join(fields)) if fields else TEMPLATE if visible else ""


def _sources(segments: Iterable[Segment], composed: Composed) -> Iterator[str]:
    """Yield where each part is written, in the order of the text."""
    rows = dict.fromkeys((part.name, part.source) for part in segments if part.text.strip())
    negatives = (("negative prompt", str(text.position)) for text in composed.negatives if text.position)
    yield from columns([(printable(name), dim(printable(source))) for name, source in (*rows, *negatives)])


def _references(references: Iterable[PlannedReference]) -> Iterator[str]:
    yield "references"
    for item in references:
        state = "" if item.digest is not None else "  will be built first"
        yield f"  {printable(item.path)}  {dim(printable(item.character) + state)}"


def _block(name: str, text: str) -> Iterator[str]:
    yield name
    yield from (f"  {line}" for line in wrap(printable(text), width() - 2))
