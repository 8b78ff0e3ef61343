"""The versions of one image, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from chargen.actions.versions import Version, Where
from chargen.cli.reading import moment, number
from chargen.cli.tables import cells, columns, cost_text, dim, plural, width
from chargen.model.inputs import PROMPT
from chargen.model.reason import sentences
from chargen.model.record import Record
from chargen.plan.plan import Planned
from chargen.store.files import printable

_DIGITS = 8
"""Of a file's hash: enough to name it."""


def lines(image: Planned, found: tuple[Version, ...]) -> Iterator[str]:
    """Yield a line for each version, and below it why it was made and its prompt where that changed."""
    yield f"{click.style(printable(image.id), bold=True)}  {plural(len(found), 'version')}"
    rows = columns([_row(version) for version in found], right=frozenset({0, 3}))
    shown = ""
    for version, row in zip(found, rows, strict=True):
        yield f"  {row}"
        if version.record and version.record.why and not version.by_hand:
            yield f"      {dim(_cut(printable(sentences(version.record.why))))}"
        prompt = _prompt(image, version.record) if version.record else ""
        if prompt and prompt != shown:
            yield f"      {_cut(printable(prompt))}"
        shown = prompt or shown


def as_object(image: Planned, found: tuple[Version, ...]) -> dict[str, Any]:
    """Return one element of `images[]` in `history --json`."""
    return {
        "id": image.id,
        "target": image.target,
        "versions": [
            {
                "number": version.number,
                "at": version.at,
                "by": version.by,
                "by_hand": version.by_hand,
                "where": version.where.value,
                "cost_usd": number(version.cost_usd),
                "attempt": version.attempt,
                "file_sha256": version.file,
                "bytes": version.size or None,
                "why": [str(reason) for reason in version.record.why] if version.record else [],
                "prompt": version.record.prompt if version.record else None,
            }
            for version in found
        ],
    }


def _row(version: Version) -> tuple[str, ...]:
    where = version.where.value
    if version.where is Where.CURRENT:
        where = click.style(where, fg="green")
    by = printable(version.by) if version.by else ""
    if version.by_hand:
        by = f"{by}, painted over" if by else "by hand"
    cost = "" if version.by_hand else cost_text(version.cost_usd)
    file = version.file[:_DIGITS] if version.file else ""
    return str(version.number), moment(version.at), by, cost, file, where


def _prompt(image: Planned, record: Record) -> str:
    """Return the author's own words of a prompt: what all images share would push them off the line."""
    name = f"{PROMPT}.{getattr(image.entry.prompt, 'name', 'prompt_used')}"
    own = next((part.text for part in record.parts if part.name == name and part.text), record.prompt)
    return " ".join(own.split())


def _cut(text: str) -> str:
    room = width() - 6
    if cells(text) <= room:
        return text
    while cells(text) >= room:
        text = text[: max(len(text) - max(1, (cells(text) - room) // 2), 1)]
    return text.rstrip() + "…"
