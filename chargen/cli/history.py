"""`chargen history TARGET`: every version of an image there ever was. Writes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from chargen.cli.options import image_names, json_option
from chargen.cli.output import GREEN, say, say_json, styled
from chargen.cli.tables import bold, cells, columns, dim, moment, plural, width
from chargen.model.inputs import INSTRUCTION, PROMPT, RETAKE_OF
from chargen.model.reason import said_of_version
from chargen.text.money import paid_text

if TYPE_CHECKING:
    from chargen.actions.version import GoneHistory, ImageHistory, Version
    from chargen.model.record import Record

_HASH = re.compile(r"[0-9a-f]{64}")
_DIGITS = 8
"""Of a file's hash: enough to name it."""


@click.command("history")
@click.argument("targets", nargs=-1, metavar="TARGET...", shell_complete=image_names)
@click.option("--gone", is_flag=True, help="List what was made for entries that are gone and is no one's now.")
@json_option
def command(targets: tuple[str, ...], *, gone: bool, as_json: bool) -> None:
    """List all versions of an image: when and why each was made, by what, its prompt, cost, file and path.

    TARGET is a path, an id or a glob on the id. An image that was renamed has the versions it had under its former
    names. `chargen restore TARGET VERSION` brings one back, also one of an entry that is gone, named by its hash.
    """
    from chargen.actions import history as actions  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from chargen.cli.project import planning_here  # noqa: PLC0415 - as above

    if bool(targets) == gone:
        raise click.UsageError("name an image, or ask for `--gone`")
    with planning_here() as here:
        evidence = here.planner.evidence
        if gone:
            _print_gone(actions.gone(here.session, evidence), as_json=as_json)
            return
        found = actions.histories(here.session, evidence, here.images(targets))
    if as_json:
        say_json({"images": [item.to_json() for item in found]})
        return
    for number, item in enumerate(found):
        say([*([""] if number else []), *_lines(item)])


def _print_gone(found: tuple[GoneHistory, ...], *, as_json: bool) -> None:
    if as_json:
        say_json({"gone": [item.to_json() for item in found]})
    elif not found:
        say(["nothing: every version there is belongs to an entry"])
    for number, item in enumerate(() if as_json else found):
        heading = f"{bold(item.id)}  {plural(len(item.versions), 'version')}"
        say([*([""] if number else []), heading, *_version_lines(item.versions, "prompt_used")])


def _lines(history: ImageHistory) -> Iterator[str]:
    image, found = history.image, history.versions
    yield f"{bold(image.id)}  {plural(len(found), 'version')}"
    yield from _version_lines(found, getattr(image.entry.prompt, "name", "prompt_used"))


def _version_lines(found: tuple[Version, ...], prompt_name: str) -> Iterator[str]:
    """Yield a line for each version, and below it where it is, why it was made and its prompt where that changed."""
    rows = columns([_row(version) for version in found], right=frozenset({0, 3}))
    shown = ""
    for version, row in zip(found, rows, strict=True):
        yield f"  {row}"
        if version.path:
            yield f"      {dim(_short(version.path))}"
        if version.record and version.record.why and not version.by_hand:
            yield f"      {dim(_cut('; '.join(map(said_of_version, version.record.why))))}"
        prompt = _prompt(prompt_name, version.record) if version.record else ""
        if prompt and prompt != shown:
            yield f"      {_cut(prompt)}"
        shown = prompt or shown


def _row(version: Version) -> tuple[str, ...]:
    where = version.where.value
    if where == "current":
        where = styled(where, GREEN)
    by = version.by or ""
    if version.tier:
        by = f"{by} ({version.tier})"
    if version.by_hand:
        by = f"{by}, painted over" if by else "by hand"
    cost = "" if version.by_hand else paid_text(version.cost_usd, estimated=version.estimated)
    file = version.file[:_DIGITS] if version.file else ""
    return str(version.number), moment(version.at), by, cost, file, where


def _short(path: str) -> str:
    """Shorten the hashes in a path to a pattern that a shell understands."""
    return _HASH.sub(lambda match: f"{match[0][:_DIGITS]}*", path)


def _prompt(prompt_name: str, record: Record) -> str:
    """Return the author's own words: what all images share would push them off the line.

    Of a picture that was made from another one they are the instruction.
    """
    texts = {part.name: part.text for part in record.parts if part.text}
    if INSTRUCTION in texts:
        return f"from {texts.get(RETAKE_OF, '')[:_DIGITS]}: {texts[INSTRUCTION]}"
    own = texts.get(f"{PROMPT}.{prompt_name}", record.prompt)
    return " ".join(own.split())


def _cut(text: str) -> str:
    room = width() - 6
    if cells(text) <= room:
        return text
    while cells(text) >= room:
        text = text[: max(len(text) - max(1, (cells(text) - room) // 2), 1)]
    return text.rstrip() + "…"
