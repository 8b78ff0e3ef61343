"""Projects to be attacked, and what their files and their servers say afterwards."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from servers.loopback import LoopbackServer
from support import tree
from support.project import Project

from chargen.model.values import Verdict
from chargen.plan.session import open_session

OPENAI = "openai/gpt-image-2.6-flare"
GOOGLE = "google/gemini-3.1-flash-image"
KEYS = {"OPENAI_API_KEY": "sk-none", "GOOGLE_API_KEY": "none"}
_MARK = re.compile(r"mark<([^>]+)>")


def forty(
    root: Path, environ: Mapping[str, str], workers: int, *, route: str = OPENAI, images: int = 40, settings: str = ""
) -> Project:
    """Make a book of `images` images: four portraits, one that shows another, and four chapters that show two of them.

    `settings` are lines of the provider's. Every prompt carries a mark with the image's id, by which a server's memory
    is read.
    """
    provider = route.partition("/")[0]
    lines = f"[tool.chargen.providers.{provider}]\nworkers = {workers}\nper_minute = 60000\n{settings}"
    book = Project(root, lines, env=environ)
    names = ["alice", "hatter", "hare", "queen"]
    for name in names:
        mark = f"mark<characters/{name}/{name}-portrait>"
        file = book.character(name, f"A portrait of the {name}. {mark}", route=route)
    book.write(file, book.read(file) + "    depicts_characters: [alice]\n")
    left = images - len(names)
    for number in range(4):
        share = left // 4 + (number < left % 4)
        prompts = {f"i{k:02}": f"Scene {k} by a lamp. mark<chapters/ch{number}/i{k:02}>" for k in range(share)}
        shown = names[number % 2]
        book.chapter(f"ch{number}", prompts, entry=f"depicts_characters: [{shown}]  # as in the text", route=route)
    return book


def ids_of(book: Project) -> set[str]:
    """Return the ids of all images planned in a book of ours."""
    return {mark for data in tree.yaml_files(book).values() for mark in _MARK.findall(data.decode())}


def mark_of(prompt: str) -> str:
    """Return the id of the image that a prompt of ours is of."""
    return _MARK.findall(prompt)[0]


def copy_of(book: Project, root: Path) -> Project:
    """Copy a project to be attacked."""
    shutil.copytree(book.root, root, symlinks=True)
    copy = object.__new__(Project)
    copy.root, copy.env = root, {**book.env, "HOME": str(root)}
    return copy


def asked(servers: Sequence[LoopbackServer], since: Mapping[int, int]) -> Counter[str]:
    """Count the requests for each image that came after `since` (as `now` gave it)."""
    found: Counter[str] = Counter()
    for server in servers:
        for seen in server.requests[since[id(server)] :]:
            found.update(_MARK.findall(seen.prompt)[:1])
    return found


def now(servers: Sequence[LoopbackServer]) -> dict[int, int]:
    """Return how many requests each server has had."""
    return {id(server): len(server.requests) for server in servers}


def arrived(book: Project) -> list[dict[str, Any]]:
    """Return the records of all replies that are whole on the disk, also those not yet in their place."""
    found: list[dict[str, Any]] = list(tree.stored(book))
    for path in book.root.glob(".chargen/originals/.chargen-*/record.json"):
        try:
            record = json.loads(path.read_bytes())
            if tree.sha256(path.parent / record["original"]["file"]) == record["original"]["sha256"]:
                found.append(record)
        except (ValueError, OSError):
            continue
    return found


def in_flight(book: Project) -> list[str]:
    """Return the images with a request on record that has no answer on record."""
    if not (book.root / ".chargen" / "journal.sqlite").exists():
        return []
    try:
        return [str(row[0]) for row in tree.journal(book, "SELECT task_id FROM attempts WHERE status = 'sent'")]
    except Exception as failure:  # noqa: BLE001 - killed before its tables were made
        assert "no such table" in str(failure), failure
        return []


def is_settled(book: Project) -> bool:
    """Say whether a further run would have nothing to do."""
    with open_session(book.root, KEYS, read_only=True) as session:
        images = session.plan().images
    return all(image.verdict is Verdict.FRESH and not image.acts for image in images)
