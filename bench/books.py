"""Throw-away projects for measurements: books of N images in chapters, planned only or built to the last record.

A built book is made without building: small pictures at the targets, no two alike and none as short as a Git LFS
pointer, and in the YAML the record lines that the program's own planner says belong to them, so that everything is
fresh. Portraits are planned and built as well; every
third image shows one or two characters. Files are dated back, as a project's are that nobody touches at the moment.
"""

from __future__ import annotations

import gc
import os
import random
import struct
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from chargen.doit_plugin.config import tables
from chargen.model.record_line import RecordLine
from chargen.model.values import Fingerprint
from chargen.plan.session import open_session
from chargen.store.files import hash_bytes

REPOSITORY = Path(__file__).resolve().parents[1]
PER_CHAPTER = 100
CHARACTERS = 20
AT = "2026-01-05T09:30:00Z"

_PYPROJECT = f"""\
[tool.doit]
verbosity = 1

{tables()}

[tool.chargen]
style_prefix = "Ink and wash on rough paper, one warm lamp."
"""
_WORDS = tuple(
    """
    harbour lantern rope gull tar mast fog bell crate oilskin ledger candle stove window rain plank
    anchor barrel winch shadow copper brass ladder hull tide stone bridge ferry whistle steam coat boot
    lamp map compass shutter
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Book:
    """A project on disk: its folder, the targets of its images, and its imagery files, chapters first."""

    root: Path
    targets: tuple[str, ...]
    chapters: tuple[str, ...]
    references: dict[str, tuple[str, ...]]


def planned_book(
    root: Path,
    images: int,
    *,
    per_chapter: int = PER_CHAPTER,
    route: str = "sketch/sketch",
    portraits: bool = True,
    settings: str = "",
) -> Book:
    """Write a project in which nothing is built yet."""
    return _write(root, images, per_chapter=per_chapter, route=route, portraits=portraits, settings=settings)


def built_book(root: Path, images: int, *, per_chapter: int = PER_CHAPTER, route: str = "sketch/sketch") -> Book:
    """Write a project in which every image is fresh: portraits first, because their pictures are inputs of others."""
    planned_book(root, images, per_chapter=per_chapter, route=route)
    records: dict[str, str] = {}
    gc.disable()
    for only in ("characters/", ""):
        with open_session(root, {}, read_only=True) as session:
            plan = session.plan()
        for image in plan.images:
            if image.fingerprint is not None and image.id.startswith(only):
                target = root / image.target
                target.parent.mkdir(parents=True, exist_ok=True)
                picture = png(text=image.id)
                target.write_bytes(picture)
                prompt = root / image.prompt_file
                prompt.parent.mkdir(parents=True, exist_ok=True)
                prompt.write_text(image.composed.text + "\n" if image.composed else "", encoding="utf-8")
                records[image.id] = _line(image.fingerprint, picture, route)
        book = _write(root, images, per_chapter=per_chapter, route=route, records=records)
    gc.enable()
    for place, _, names in os.walk(root):
        for name in names:
            os.utime(f"{place}/{name}", (time.time() - 60,) * 2)
    time.sleep(2.1)  # a file's change time can't be dated back, and what changed just now is not trusted
    return book


def edit_prompt(book: Book, number: int) -> str:
    """Change one prompt of one chapter; return the chapter's file. `number` makes the edit a new one."""
    path = book.root / book.chapters[len(book.chapters) // 2]
    text = path.read_text(encoding="utf-8")
    head, mark, tail = text.partition("    prompt_used: ")
    path.write_text(f"{head}{mark}Edit {number}. {tail}", encoding="utf-8")
    return path.relative_to(book.root).as_posix()


def png(side: int = 16, text: str = "") -> bytes:
    """Make a small grey PNG of some 2,000 bytes, with a text of its own in it."""
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * side for _ in range(side)))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    said = b"Comment\0" + text.encode().ljust(1900)
    parts = ((b"IHDR", header), (b"tEXt", said), (b"IDAT", rows), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _line(inputs: Fingerprint, picture: bytes, route: str) -> str:
    return RecordLine(inputs, hash_bytes(picture), len(picture), by=route, at=AT).format()


def chapter_yaml(
    slug: str, count: int, *, seed: int, route: str, cast: tuple[str, ...] = (), records: dict[str, str] | None = None
) -> str:
    """Write a chapter as authors write them: comments, long prompts, slots at the end of each entry."""
    words = random.Random(seed)
    provider, model = route.split("/")
    lines = [
        "# drafted by hand; keep the order of the scenes",
        "metadata:",
        "  entity_type: chapter-imagery",
        f"  slug: {slug}",
        f"  visual_thesis: {prose(words, 20)}",
        "  color_palette: [slate blue, lamp yellow, bone white]",
        f"  generation_defaults: {{provider: {provider}, model: {model}}}",
        "characters:" if cast else "characters: []",
    ]
    for name in cast:
        lines += [f"  - ref: {name}", f"    reference_images: [{name}-portrait]"]
    lines.append("images:")
    for number in range(1, count + 1):
        name = f"img-{number:03}"
        lines += [
            f"  - custom_id: {name}",
            f"    title: {prose(words, 4)}",
            f"    prompt_used: {prose(words, 70)}",
            f"    negative_prompt: {prose(words, 8)}",
            '    size: "128x96"',
            "    composition: {shot: wide, focus: left third}",
        ]
        if cast and number % 3 == 0:
            lines.append(f"    depicts_characters: [{', '.join(words.sample(cast, 1 + number % 2))}]")
        record = (records or {}).get(f"chapters/{slug}/{name}")
        lines += _slots(f"chapters/{slug}/{name}", provider, model, record)
    return "\n".join(lines) + "\n"


def _write(
    root: Path,
    images: int,
    *,
    per_chapter: int,
    route: str,
    portraits: bool = True,
    settings: str = "",
    records: dict[str, str] | None = None,
) -> Book:
    provider, model = route.split("/")
    records = records or {}
    put(root / "pyproject.toml", _PYPROJECT + settings)
    for name in ("dodo.py", "prompts/chapter.txt.j2", "prompts/location.txt.j2", "prompts/character.txt.j2"):
        put(root / name, (REPOSITORY / name).read_text(encoding="utf-8"))
    cast = tuple(f"person-{number:02}" for number in range(CHARACTERS)) if portraits else ()
    targets, chapters, references = [], [], {}
    for slug in cast:
        entry = f"characters/{slug}/{slug}-portrait"
        lines = [
            "entity_type: character",
            f"slug: {slug}",
            f"generation_defaults: {{provider: {provider}, model: {model}}}",
            f"appearance: {prose(random.Random(slug), 40)}",
            "image_inventory:",
            f"  - id: {slug}-portrait",
            "    is_reference_portrait: true",
            f"    prompt_used: {prose(random.Random(slug + 'p'), 40)}",
            '    size: "128x128"',
        ]
        if entry in records:
            lines += [f"    path: ../../../generated/{entry}.png", *_slots(entry, provider, model, records[entry])]
        put(root / f"imagery/characters/{slug}/imagery.yaml", "\n".join(lines) + "\n")
        targets.append(f"generated/{entry}.png")
    for start in range(0, images, per_chapter):
        slug = f"ch{start // per_chapter + 1:03}"
        text = chapter_yaml(slug, min(per_chapter, images - start), seed=start, route=route, cast=cast, records=records)
        file = f"imagery/chapters/{slug}/imagery.yaml"
        put(root / file, text)
        chapters.append(file)
        for block in text.split("  - custom_id: ")[1:]:
            target = f"generated/chapters/{slug}/{block.split(maxsplit=1)[0]}.png"
            targets.append(target)
            shown = block.partition("depicts_characters: [")[2].partition("]")[0]
            references[target] = tuple(f"generated/characters/{c}/{c}-portrait.png" for c in shown.split(", ") if c)
    return Book(root, tuple(targets), tuple(chapters), references)


def _slots(entry: str, provider: str, model: str, record: str | None) -> list[str]:
    if record is None:
        names = ("generated_at", "file_name", "file_path", "provider", "model")
        return [*(f"    {name}: null" for name in names), "    provider_metadata: {}"]
    return [
        f'    generated_at: "{AT}"',
        f"    file_name: {entry.rpartition('/')[2]}.png",
        f"    file_path: generated/{entry}.png",
        f"    provider: {provider}",
        f"    model: {model}",
        "    provider_metadata:",
        f'      record: "{record}"',
        "      cost_usd: 0",
    ]


def prose(words: random.Random, count: int) -> str:
    text = " ".join(words.choices(_WORDS, k=count))
    return text.capitalize() + "."


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
