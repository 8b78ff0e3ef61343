"""`chargen prompt`: the composed prompt of one image with the source of each part, or what its provider gets.

Law: what is shown is what is hashed or sent, character by character; only long lines are wrapped, in the text for
people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

import click

from chargen.cli.options import image_names, json_option
from chargen.cli.output import say, say_json, to_stderr
from chargen.cli.plan_listing import reasons
from chargen.cli.tables import cells, coloured, columns, dim, pad, width, wrap
from chargen.errors import Severity, StartError
from chargen.model.request import Role, SentReference
from chargen.model.traced import Segment
from chargen.text.money import by_estimate, estimate_text

if TYPE_CHECKING:
    from chargen.actions.prompt import ComparedPrompt, ComposedPrompt, SentRequest
    from chargen.plan.compose import Composed
    from chargen.plan.plan import Planned, PlannedReference
    from chargen.plan.prompt_limit import Shortened

TEMPLATE = "template"
"""The name of a run of a template's own words."""

PLACE = "the place"
"""What is said of a reference that shows no character."""

_BETWEEN = " │ "
"""What parts two prompts beside each other."""

_NARROWEST_TEXT = 30
_NAMES = 2
"""Names of parts beside a line; all of them are listed with their sources."""


@click.command("prompt")
@click.argument("target", shell_complete=image_names)
@click.option("--sent", is_flag=True, help="Show what the provider gets, after adaptation to its model.")
@click.option("--provider", metavar="NAME", help="With --sent: as this provider would get it.")
@click.option("--compare", is_flag=True, help="Show beside it what the entry's fields would make without its prompt.")
@json_option
def command(target: str, *, sent: bool, provider: str | None, compare: bool, as_json: bool) -> None:
    """Print an image's composed prompt with the source of each part.

    TARGET is a path, an id or a glob that means one image. Nothing is written or sent.
    """
    from chargen.actions import prompt as action  # noqa: PLC0415 - slow, `--help` needs none of it
    from chargen.cli.project import planning_here  # noqa: PLC0415 - as above

    if provider is not None and not sent:
        raise StartError("`--provider` needs `--sent`: the composed prompt is the same for all providers")
    if compare and sent:
        raise StartError("`--compare` and `--sent` show different things: give one of them")
    with planning_here() as here:
        image = here.one_image(target)
        composed = action.composed_prompt(image)
        request = action.sent_request(image, here.planner, provider) if sent else None
        compared = action.compared_prompt(image, here.planner) if compare else None
    if as_json:
        say_json((request or compared or composed).to_json())
    elif request is not None:
        say(_sent_lines(request))
    else:
        say(_composed_lines(composed) if compared is None else _compared_lines(compared))
    for problem in image.problems:
        if problem.severity is not Severity.NOTE:
            to_stderr(str(problem))


def _compared_lines(compared: ComparedPrompt) -> Iterator[str]:
    """Yield both prompts, side by side where there is room, then where the parts of the fields are written."""
    image, own, fields = compared.shown.image, compared.shown.composed, compared.of_fields.composed
    yield from _headline(image)
    yield ""
    column = (width() - len(_BETWEEN)) // 2
    titles = f"as it is, {len(own.text):,} characters", f"of its fields, {len(fields.text):,} characters"
    if column < _NARROWEST_TEXT:
        for title, text in zip(titles, (own.text, fields.text), strict=True):
            yield from _block(title, text)
            yield ""
    else:
        texts = ([title, "", *_wrapped(shown.text, column)] for title, shown in zip(titles, (own, fields), strict=True))
        for left, right in zip_longest(*texts, fillvalue=""):
            yield f"{pad(left, column)}{dim(_BETWEEN)}{right}".rstrip()
        yield ""
    if own.negative or fields.negative:
        yield from _block("negative prompt, as it is", own.negative or "none")
        yield from _block("negative prompt, of its fields", fields.negative or "none")
        yield ""
    yield "of its fields"
    yield from (f"  {line}" for line in _sources(fields.segments, fields))
    yield from _limits(fields)


def _wrapped(text: str, columns: int) -> Iterator[str]:
    """Yield lines of a text that fit into a column."""
    for line in text.split("\n"):
        yield from wrap(line, columns) if line else [""]


def _composed_lines(shown: ComposedPrompt) -> Iterator[str]:
    """Yield the prompt beside the names of its parts, then where these are written."""
    image, segments = shown.image, shown.composed.segments
    yield from _headline(image)
    yield ""
    yield from _with_margin(segments)
    if shown.composed.negative:
        yield ""
        yield from _block("negative prompt", shown.composed.negative)
    yield ""
    yield from _sources(segments, shown.composed)
    yield from _limits(shown.composed)
    if image.references:
        yield ""
        yield from _references(image.references)


def _sent_lines(shown: SentRequest) -> Iterator[str]:
    """Yield the request: route, prompt, parameters, references, and what was adapted."""
    request = shown.request
    yield from _headline(shown.image)
    yield ""
    quality = f", quality {request.quality}" if request.quality else ""
    price, most = estimate_text(shown.cost_usd), estimate_text(shown.most_usd)
    at_most = f", {most} at most" if most != price else ""
    yield f"to {request.route}: {request.requested_size}{quality}, {by_estimate(price)}{at_most}"
    yield ""
    for line in request.prompt.split("\n"):
        yield from (f"  {piece}".rstrip() for piece in wrap(line, width() - 2))
    if request.parameters:
        yield ""
        yield from columns([(dim(name), str(value)) for name, value in request.parameters.items()])
    if request.references:
        yield ""
        yield "references"
        yield from (f"  {item.label}  {dim(_shown_on(item))}" for item in request.references)
        yield from (f"  {item.label}  {dim('mask')}" for item in (request.mask,) if item is not None)
    if request.notes:
        yield ""
        yield "adapted"
        yield from (f"  {line}" for note in request.notes for line in wrap(note, width() - 2))


def _shown_on(item: SentReference) -> str:
    """Say who or what is on a picture that goes along."""
    return item.name if item.role is Role.PICTURE else item.character or PLACE


def _headline(image: Planned) -> Iterator[str]:
    own = image.id.rpartition("/")[2]
    title = f"  {image.entry.title}" if image.entry.title not in ("", own) else ""
    yield f"{image.id}{title}"
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
        pieces = wrap(text, room) if text else [""]
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
    more = f", {len(fields) - _NAMES} more" if len(fields) > _NAMES else ""
    return ", ".join(list(fields)[:_NAMES]) + more if fields else TEMPLATE if visible else ""


def _sources(segments: Iterable[Segment], composed: Composed) -> Iterator[str]:
    """Yield where each part is written, in the order of the text."""
    rows = dict.fromkeys((part.name, part.source) for part in segments if part.text.strip())
    negatives = (("negative prompt", str(text.position)) for text in composed.negatives if text.position)
    yield from columns([(name, dim(source)) for name, source in (*rows, *negatives)])


def _limits(composed: Composed) -> Iterator[str]:
    """Yield what of an entry's fields was shortened or dropped."""
    if composed.left_out:
        yield ""
        yield "did not fit into `prompt_limit`"
        yield from columns([_left_out(part) for part in composed.left_out])


def _left_out(part: Shortened) -> tuple[str, str, str]:
    what = f"shortened to {part.kept} of {part.length} characters" if part.kept else "left out"
    return f"  {part.name}", what, dim(part.source)


def _references(references: Iterable[PlannedReference]) -> Iterator[str]:
    yield "references"
    for item in references:
        state = "" if item.digest is not None else "  will be built first"
        yield f"  {item.path}  {dim((item.character or PLACE) + state)}"


def _block(name: str, text: str) -> Iterator[str]:
    yield name
    yield from (f"  {line}" for line in wrap(text, width() - 2))
