"""The law of the one planner: after anything that can change, a kept plan and one without a cache say the same."""

import json
import os
import random
import re
import shutil
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from PIL import Image
from servers import pictures
from support.project import REPOSITORY, Project

from chargen.errors import ChargenError, error
from chargen.model.request import FailureClass
from chargen.model.values import EntryId, Fingerprint
from chargen.plan import disk, scan
from chargen.plan.build_request import BuildRequest, Chosen, kept_choice, prepare
from chargen.plan.cache import environment, files
from chargen.plan.cache.files import CACHE, kept_plan
from chargen.plan.cache.rows import KeptReference
from chargen.plan.cache.snapshot import Snapshot, take_snapshot
from chargen.plan.cache.stamp import BUSY, STAMP, Summary
from chargen.plan.judge import PlanOptions
from chargen.plan.plan import Plan, Planned, besides_images
from chargen.plan.selection import Selection
from chargen.plan.session import Session, open_session
from chargen.store.files import hash_bytes
from chargen.store.journal_rows import Sending
from chargen.store.originals import RECORD_FILE
from chargen.yaml.splice import EditCheck

SETTINGS = 'style_prefix = "Ink."\n'
CHAPTERS = ("ch01", "ch02", "ch03")
CHECKSUM = 4
"""Bytes before the cache in its file."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small book, built: chapters that show characters with planned and with given portraits, and a location."""
    book = Project(tmp_path_factory.mktemp("book"), SETTINGS)
    for slug in CHAPTERS:
        book.chapter(
            slug,
            {"a": f"A lamp in {slug}.", "b": "A door.", "c": "A well."},
            extra="locations: [{ref: yard}]\ncharacters:\n  - {ref: mara, reference_images: [mara-portrait]}",
            entry="depicts_characters: [mara, ivo, nobody]" if slug != "ch03" else "",
        )
    book.character("mara", "Mara stands.")
    book.write("imagery/characters/ivo/face.png", book.root.joinpath("x").name.encode())
    book.write(
        "imagery/characters/ivo/imagery.yaml",
        "entity_type: character\nslug: ivo\nappearance: short and old\n"
        "image_inventory:\n  - {id: face, path: face.png, is_reference_portrait: true}\n",
    )
    book.write(
        "imagery/locations/yard.yaml",
        "entity_type: location-imagery\nslug: yard\ngeneration_defaults: {provider: sketch, model: sketch}\n"
        "location_visual_anchor: {signature_elements: [a pump, a wall]}\n"
        "overview: {title: Yard, prompt: The yard., size: 128x96}\n",
    )
    book.write("imagery/characters/ivo/face.png", _png(b"1"))
    run = book.doit()
    wanted = {"chapters/ch01/a", "chapters/ch03/c", "characters/mara/mara-portrait", "locations/yard/overview"}
    assert book.images() >= wanted, run.all
    return book.root


@pytest.fixture
def root(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the book, at a time when nothing in it was touched lately."""
    shutil.copytree(finished, tmp_path / "book", ignore=shutil.ignore_patterns(Path(STAMP).name, Path(CACHE).name))
    monkeypatch.setattr(disk, "time", SimpleNamespace(time_ns=lambda: time.time_ns() + 10**10))
    return tmp_path / "book"


def _png(tail: bytes) -> bytes:
    return pictures.png(16, 16, tail[0])


def _session(root: Path, *, read_only: bool = True, **environ: str) -> Session:
    return open_session(root, environ, read_only=read_only)


def _shown(plan: Plan) -> bytes:
    """Return all that is shown of a plan, and all that commands ask of its images."""
    asked = [[repr(getattr(image, name)) for name in _ASKED] for image in plan.images]
    asked += [
        [repr(getattr(item, name)) for name in KeptReference.__struct_fields__]
        for image in plan.images
        for item in image.references
    ]
    shown = [[image.to_json() for image in plan.images], besides_images(plan.images, plan.problems)]
    return json.dumps([shown, asked]).encode()


_ASKED = (
    "title", "status", "reasons", "adopt", "repair", "drift", "notes", "fingerprint", "problems", "shows", "named",
    "is_composed", "is_structured", "words_of", "credentials_lost", "acts", "needs",
)  # fmt: skip


def _whole(root: Path, wishes: PlanOptions | None = None, **environ: str) -> Plan:
    with _session(root, **environ) as session:
        return session.planner(wishes, cached=False).plan()


def _kept(root: Path, *, read_only: bool = False, building: bool = False, **environ: str) -> Plan:
    with _session(root, read_only=read_only, **environ) as session:
        planner = session.planner(building=building)
        plan = planner.plan()
        if not read_only:
            files.to_keep(session, planner, plan)()
        return plan


def _snapshot(root: Path, **environ: str) -> Snapshot:
    return take_snapshot(root, environ) or pytest.fail("nothing is kept")


def _summary(root: Path, names: Sequence[str] = (), **environ: str) -> Summary | None:
    snapshot = take_snapshot(root, environ)
    return None if snapshot is None else snapshot.summary(names)


def _check(root: Path, **environ: str) -> None:
    """Compare every way to plan, reading only and writing."""
    whole = _whole(root, **environ)
    stands = _summary(root, **environ)
    if stands is not None:
        assert not any(image.acts or image.verdict.value == "blocked" for image in whole.images)
        told = [image for image in whole.images if image.verdict.value != "fresh" or image.reasons]
        assert stands.fresh == sum(image.verdict.value == "fresh" for image in whole.images)
        assert stands.others == tuple((i.id, i.verdict.value, i.reasons) for i in told)
    snapshot = take_snapshot(root, environ)
    if snapshot is not None and (kept := kept_plan(snapshot)) is not None:
        assert _shown(kept) == _shown(whole)
    assert _shown(_kept(root, read_only=True, **environ)) == _shown(whole)
    _check_one_by_one(root, whole, **environ)
    building = _kept(root, building=True, **environ)
    assert _shown(building) == _shown(whole)
    for image in whole.images:
        if image.acts or image.verdict.value == "blocked":
            assert _to_the_last_word(building.by_id[image.id]) == _to_the_last_word(image)
    assert _shown(_kept(root, **environ)) == _shown(whole)


def _check_one_by_one(root: Path, whole: Plan, **environ: str) -> None:
    """Compare images that are planned by themselves, and what providers say of them."""
    with _session(root, **environ) as session:
        planner = session.planner()
        assert {image.id for image in planner.selectables()} == whole.by_id.keys()
        for image in whole.images:
            assert _to_the_last_word(planner.image(image.id)) == _to_the_last_word(image)
        rows = session.planner()
        assert [rows.offer(image) for image in rows.plan().images] == [rows.offer(image) for image in whole.images]


def _to_the_last_word(image: object) -> tuple[object, ...]:
    """Return all of an image that a build goes by."""
    assert isinstance(image, Planned)
    composed = None if image.composed is None else (image.composed.text, image.composed.marked)
    return (image.entry, composed, image.inputs, image.fingerprint, image.blockers, image.problems, image.judgement)


def _scanned(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Say which files a plan reads anew."""
    found: list[str] = []
    real = scan.scan_file
    with monkeypatch.context() as patch:
        patch.setattr(scan, "scan_file", lambda project, file: found.append(file) or real(project, file))
        _kept(root)
    return found


# edits


def _same_size(path: Path, old: str, new: str) -> None:
    """Replace text without a change of size or modification time."""
    status = path.stat()
    text = path.read_text(encoding="utf-8")
    assert len(old) == len(new)
    path.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replaced(path: Path, old: str, new: str) -> None:
    if path.exists():
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def _append(path: Path, text: str) -> None:
    if path.exists():
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def _setting(root: Path, line: str) -> None:
    path = root / "pyproject.toml"
    head = path.read_text(encoding="utf-8").partition("[tool.chargen]\n")[0]
    path.write_text(f"{head}[tool.chargen]\n{line}\n", encoding="utf-8")


def _paint(path: Path) -> None:
    """Paint over a picture without a change of size or modification time."""
    if path.is_file():
        status = path.stat()
        path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _refuse(root: Path, name: str) -> None:
    """Let the journal say that today's inputs of an image were refused."""
    print_ = _whole(root).by_id[EntryId(name)].fingerprint if EntryId(name) in _whole(root).by_id else None
    with _session(root, read_only=False) as session:
        sending = Sending(
            os.urandom(4).hex(),
            EntryId(name),
            "r",
            1,
            "sketch",
            "sketch",
            print_ or Fingerprint("0" * 64),
            None,
        )
        session.journal.sent(sending)
        session.journal.failed(sending.attempt_id, FailureClass.REFUSED, "not this")


def _link(path: Path, to: Path) -> None:
    if not path.is_symlink():
        path.symlink_to(to)


def _moved(root: Path, name: str, to: str) -> None:
    """Put what stands at `name` elsewhere, and a link to it in its place."""
    (root / to).parent.mkdir(parents=True, exist_ok=True)
    (root / name).rename(root / to)
    (root / name).symlink_to(os.path.relpath(root / to, (root / name).parent))


def _back(root: Path, name: str, to: str) -> None:
    """Put what was `_moved` back, its link gone: the same files, as they were."""
    (root / name).unlink()
    (root / to).rename(root / name)


def _damage(folder: Path, pattern: str) -> None:
    for path in folder.rglob(pattern):
        path.write_bytes(b"no picture")


def _shows(root: Path, slug: str, other: str) -> None:
    """Plan a portrait of one character that shows another one."""
    path = root / f"imagery/characters/{slug}.yaml"
    path.write_text(
        f"entity_type: character\nslug: {slug}\ngeneration_defaults: {{provider: sketch, model: sketch}}\n"
        f"image_inventory:\n  - {{id: {slug}-portrait, is_reference_portrait: true, prompt_used: {slug} stands,"
        f" size: 128x96, depicts_characters: [{other}]}}\n"
    )


def _written(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _needs_face_of(root: Path, slug: str, other: str) -> None:
    """Plan a portrait of a character, and one that shows another character's portrait: no circle of images."""
    path = root / f"imagery/characters/{slug}/imagery.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"entity_type: character\nslug: {slug}\ngeneration_defaults: {{provider: sketch, model: sketch}}\n"
        "image_inventory:\n"
        f"  - {{id: face, is_reference_portrait: true, prompt_used: {slug} stands., size: 128x96}}\n"
        f"  - {{id: both, prompt_used: {slug} dances., size: 128x96, depicts_characters: [{other}]}}\n"
    )


def _retake(root: Path, picture: str) -> None:
    """Ask the door of the first chapter anew, of a picture that is there."""
    of = hash_bytes((root / picture).read_bytes()) if (root / picture).is_file() else "0" * 64
    Image.new("RGBA", (128, 96)).save(root / "mask.png")
    asked = f'retake: {{of: "{of}", instruction: Open it., mask: mask.png}}\n    prompt_used: "A door.'
    _replaced(_chapter(root), 'prompt_used: "A door.', asked)


def _delivered(root: Path) -> str:
    """Return where a reply is kept."""
    return next((str(path.relative_to(root)) for path in sorted(root.glob(".chargen/originals/*/*/*.png"))), "none")


def _chapter(root: Path, slug: str = "ch01") -> Path:
    return root / f"imagery/chapters/{slug}/imagery.yaml"


MARA, IVO = "imagery/characters/mara/imagery.yaml", "imagery/characters/ivo/imagery.yaml"
ENTRY = "  - {custom_id: %s, prompt_used: Another thing., size: 128x96}\n"

OLD = "imagery/characters/z-old/imagery.yaml"


def _archived(file: Path, copy: Path) -> None:
    if file.exists() and "status: archived" not in (text := file.read_text()):
        _written(copy, f"status: archived\n{text}")


SCENES = "imagery/characters/mara/scenes.yaml"
_SCENES = """\
character: {name: Mara, summary: A tall one}
visual_consistency: [Blue scarf]
generation_defaults: {provider: sketch, model: sketch}
scenes:
  - {title: A race, setting: The yard, scene: Mara runs}
  - {title: At home, scene: Mara sleeps}
"""
_ZONES = """\
entity_type: location-imagery
slug: yard
generation_defaults: {provider: sketch, model: sketch}
location_visual_anchor: {signature_elements: [a pump, a wall]}
overview: {title: Yard, prompt: The yard., size: 128x96}
zones:
  - {slug: gate, visual_description: The gate from the street., mood: [tense], size: 128x96}
"""
_CHAPTER_TEMPLATE, _CH02 = "prompts/chapter.txt.j2", "imagery/chapters/ch02/imagery.yaml"

EDITS: dict[str, Callable[[Path], object]] = {
    "a prompt": lambda root: _replaced(_chapter(root), "A lamp", "A torch"),
    "a prompt, same size and time": lambda root: _same_size(_chapter(root, "ch02"), "A door", "A gate"),
    "a comment": lambda root: _append(_chapter(root, "ch03"), "# later\n"),
    "a new entry": lambda root: _append(_chapter(root), ENTRY % "new"),
    "an entry of another name": lambda root: _replaced(_chapter(root, "ch02"), 'custom_id: "b"', 'custom_id: "bb"'),
    "an entry twice": lambda root: _append(_chapter(root, "ch03"), ENTRY % "a"),
    "a status": lambda root: _replaced(_chapter(root), "prompt_used: ", "status: approved\n    prompt_used: "),
    "a size": lambda root: _replaced(_chapter(root, "ch03"), '"128x96"', '"96x128"'),
    "a bad size": lambda root: _replaced(_chapter(root, "ch02"), '"128x96"', "banana"),
    "a model": lambda root: _replaced(_chapter(root), "model: sketch}", "model: other}"),
    "a retake": lambda root: _retake(root, "generated/chapters/ch01/b.png"),
    "a retake of a reply": lambda root: _retake(root, _delivered(root)),
    "its mask": lambda root: (root / "mask.png").write_bytes(_png(b"4")),
    "its mask gone": lambda root: (root / "mask.png").unlink(missing_ok=True),
    "its words": lambda root: _replaced(_chapter(root), "Open it.", "Shut it."),
    "a record": lambda root: _replaced(_chapter(root), "record:", "recorded:"),
    "slots": lambda root: _replaced(_chapter(root, "ch03"), "file_path: generated/", "file_path: elsewhere/"),
    "a broken chapter": lambda root: _append(_chapter(root, "ch02"), "  - [\n"),
    "a chapter gone": lambda root: _chapter(root, "ch03").unlink(missing_ok=True),
    "a chapter back": lambda root: _chapter(root, "ch03").write_text(
        _chapter(root).read_text().replace("ch01", "ch03")
    ),
    "a chapter twice": lambda root: (root / "imagery/again.yaml").write_bytes(_chapter(root).read_bytes()),
    "a chapter twice, in capitals": lambda root: (root / "imagery/again.yaml").write_bytes(
        _chapter(root).read_bytes().replace(b"ch01", b"CH01")
    ),
    "that one gone": lambda root: (root / "imagery/again.yaml").unlink(missing_ok=True),
    "references": lambda root: _replaced(_chapter(root), "[mara-portrait]", "[mara-portrait, mara-side]"),
    "a cast": lambda root: _replaced(_chapter(root, "ch02"), "[mara, ivo, nobody]", "[mara]"),
    "an appearance": lambda root: _replaced(root / IVO, "short", "small"),
    "an unused appearance": lambda root: _replaced(root / MARA, "tall", "slim"),
    "a portrait's prompt": lambda root: _replaced(root / MARA, "Mara stands", "Mara sits"),
    "a portrait rejected": lambda root: _append(root / MARA, "    status: rejected\n"),
    "portraits in a circle": lambda root: [_shows(root, *pair) for pair in (("anna", "bert"), ("bert", "anna"))],
    "files that need each other": lambda root: [
        _needs_face_of(root, *pair) for pair in (("cara", "dan"), ("dan", "cara"))
    ],
    "one of these edited": lambda root: _replaced(root / "imagery/characters/dan/imagery.yaml", "stands", "sits"),
    "that circle gone": lambda root: _shows(root, "bert", "ivo"),
    "an archived copy": lambda root: _archived(root / MARA, root / OLD),
    "that copy edited": lambda root: _replaced(root / OLD, "Mara stands", "Mara lies"),
    "that copy living": lambda root: _replaced(root / OLD, "status: archived\n", ""),
    "that copy archived": lambda root: _archived(root / OLD, root / OLD),
    "that copy gone": lambda root: (root / OLD).unlink(missing_ok=True),
    "a character archived": lambda root: _archived(root / MARA, root / MARA),
    "a character living": lambda root: _replaced(root / MARA, "status: archived\n", ""),
    "a portrait of two": lambda root: _append(root / MARA, "    depicts_characters: [ivo]\n"),
    "a character gone": lambda root: (root / MARA).unlink(missing_ok=True),
    "a character from that copy": lambda root: _written(
        root / MARA, (root / OLD).read_text().replace("status: archived\n", "") if (root / OLD).exists() else ""
    ),
    "an inventory": lambda root: _append(root / IVO, "  - {id: side, path: side.png}\n"),
    "a character by another name": lambda root: _replaced(root / IVO, "slug: ivo", "slug: nobody"),
    "a broken character": lambda root: _append(root / MARA, "\t- [\n"),
    "a broken file for nobody": lambda root: _written(
        root / "imagery/characters/nobody/imagery.yaml", "image_inventory: [\n"
    ),
    "that broken file gone": lambda root: (root / "imagery/characters/nobody/imagery.yaml").unlink(missing_ok=True),
    "a location": lambda root: _replaced(root / "imagery/locations/yard.yaml", "a pump", "a well"),
    "a location's name": lambda root: _replaced(root / "imagery/locations/yard.yaml", "slug: yard", "slug: court"),
    "scenes": lambda root: _written(root / SCENES, _SCENES),
    "a scene": lambda root: _replaced(root / SCENES, "Mara runs", "Mara walks"),
    "what all scenes share": lambda root: _replaced(root / SCENES, "Blue scarf", "Red scarf"),
    "those scenes gone": lambda root: (root / SCENES).unlink(missing_ok=True),
    "defaults": lambda root: _replaced(_chapter(root), "model: sketch}", 'model: sketch, size: "64x96"}'),
    "an entry without a size": lambda root: _replaced(_chapter(root), '    size: "128x96"\n', ""),
    "zones made of fields": lambda root: _written(root / "imagery/locations/yard.yaml", _ZONES),
    "a field": lambda root: _replaced(root / "imagery/locations/yard.yaml", "mood: [tense]", "mood: [calm]"),
    "a zone by another name": lambda root: _replaced(root / "imagery/locations/yard.yaml", "slug: gate", "slug: door"),
    "places sent along": lambda root: _setting(root, 'location_references = "place"'),
    "an image at a place": lambda root: _replaced(
        _chapter(root), "prompt_used: ", "location: yard\n    zone: gate\n    prompt_used: "
    ),
    "a template behind a link": lambda root: (
        (root / _CHAPTER_TEMPLATE).is_symlink() or _moved(root, _CHAPTER_TEMPLATE, "shared/chapter.j2")
    ),
    "a template": lambda root: _append(root / "prompts/chapter.txt.j2", "At dusk.\n"),
    "a template, same size and time": lambda root: _same_size(
        root / "prompts/chapter.txt.j2", "looks like", "looks LIKE"
    ),
    "a template gone": lambda root: (root / "prompts/location.txt.j2").unlink(missing_ok=True),
    "a style": lambda root: _setting(root, 'style_prefix = "Chalk."'),
    "a route": lambda root: _setting(root, '[tool.chargen.routes]\n"sketch/sketch" = "openai/gpt-image-2"'),
    "described": lambda root: _setting(root, 'missing_references = "describe"'),
    "settings back": lambda root: _setting(root, SETTINGS),
    "a folder of pictures": lambda root: _setting(root, 'generated = "out"'),
    "a picture gone": lambda root: (root / "generated/chapters/ch01/b.png").unlink(missing_ok=True),
    "a picture painted over": lambda root: _paint(root / "generated/chapters/ch02/c.png"),
    "a picture of another size": lambda root: (root / "generated/chapters/ch03/a.png").write_bytes(_png(b"2")),
    "a pointer": lambda root: (root / "generated/chapters/ch03/b.png").write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 5\n"
    ),
    "a portrait painted over": lambda root: _paint(root / "generated/characters/mara/mara-portrait.png"),
    "a portrait gone": lambda root: (root / "generated/characters/mara/mara-portrait.png").unlink(missing_ok=True),
    "a reference painted over": lambda root: _paint(root / "imagery/characters/ivo/face.png"),
    "a reference gone": lambda root: (root / "imagery/characters/ivo/face.png").unlink(missing_ok=True),
    "a reference back": lambda root: (root / "imagery/characters/ivo/face.png").write_bytes(_png(b"3")),
    "ignored": lambda root: (root / ".chargen/ignored.json").write_text('["chapters/ch01/a"]'),
    "not ignored": lambda root: (root / ".chargen/ignored.json").unlink(missing_ok=True),
    "a refusal": lambda root: _refuse(root, "chapters/ch01/b"),
    "originals gone": lambda root: shutil.rmtree(root / ".chargen/originals", ignore_errors=True),
    "a link to a folder": lambda root: _link(root / "imagery/more", root / "imagery/chapters"),
    "that link gone": lambda root: (root / "imagery/more").unlink(missing_ok=True),
    "a damaged record": lambda root: _damage(root / ".chargen/originals", RECORD_FILE),
    "a damaged reply": lambda root: _damage(root / ".chargen/originals", "*.png"),
    "a journal gone": lambda root: (root / ".chargen/journal.sqlite").unlink(missing_ok=True),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_seen(root: Path, name: str) -> None:
    """Whatever is edited in a kept book, the plan is that of a book without a cache."""
    _kept(root)
    EDITS[name](root)
    _check(root)


def _led(root: Path, name: str, to: str, old: str = "", new: str = "") -> None:
    """Let a link lead to a copy of what it led to before, with another text in it."""
    real, copy = Path(os.path.realpath(root / name)), Path(os.path.normpath(root / to))
    (shutil.copytree if real.is_dir() else shutil.copy2)(real, copy)
    for path in copy.rglob("*") if copy.is_dir() else [copy]:
        if old and path.is_file() and old in path.read_text(errors="replace"):
            path.write_text(path.read_text().replace(old, new))
    (root / name).unlink()
    (root / name).symlink_to(copy)


def _gone(root: Path, name: str) -> None:
    shutil.rmtree(root / name)


def _referring(root: Path) -> None:
    """Let a portrait stand in a folder beside the imagery."""
    (root / "faces").mkdir()
    (root / "imagery/characters/ivo/face.png").rename(root / "faces/face.png")
    _replaced(root / IVO, "path: face.png", "path: ../../../faces/face.png")


_LINKED: dict[str, tuple[Callable[[Path], object], Callable[[Path], object]]] = {
    "what a template's link leads to": (
        lambda root: _moved(root, _CHAPTER_TEMPLATE, "shared/chapter.j2"),
        lambda root: _append(root / "shared/chapter.j2", "At dusk.\n"),
    ),
    "a template's link, inside": (
        lambda root: _moved(root, _CHAPTER_TEMPLATE, "shared/chapter.j2"),
        lambda root: [
            _led(root, _CHAPTER_TEMPLATE, "shared/other.j2"),
            _append(root / "shared/other.j2", "At dusk.\n"),
        ],
    ),
    "a template's link, outside": (
        lambda root: _moved(root, _CHAPTER_TEMPLATE, "shared/chapter.j2"),
        lambda root: _led(root, _CHAPTER_TEMPLATE, "../chapter.j2"),
    ),
    "what the settings' link leads to": (
        lambda root: _moved(root, "pyproject.toml", "shared/settings.toml"),
        lambda root: _replaced(root / "shared/settings.toml", "Ink.", "Chalk."),
    ),
    "the settings' link": (
        lambda root: _moved(root, "pyproject.toml", "shared/settings.toml"),
        lambda root: _led(root, "pyproject.toml", "shared/others.toml", "Ink.", "Chalk."),
    ),
    "what is in a linked folder of templates": (
        lambda root: _moved(root, "prompts", "shared/prompts"),
        lambda root: _append(root / "shared/prompts/chapter.txt.j2", "At dusk.\n"),
    ),
    "the link of a folder of templates, inside": (
        lambda root: _moved(root, "prompts", "shared/prompts"),
        lambda root: [
            _led(root, "prompts", "shared/others"),
            _append(root / "shared/others/chapter.txt.j2", "At dusk.\n"),
        ],
    ),
    "the link of a folder of templates, outside": (
        lambda root: _moved(root, "prompts", "shared/prompts"),
        lambda root: _led(root, "prompts", "../prompts"),
    ),
    "a folder that is called as a template": (lambda _: None, lambda root: (root / "prompts/x.j2").mkdir()),
    "what a chapter's link leads to": (
        lambda root: _moved(root, _CH02, "shared/ch02.yaml"),
        lambda root: _replaced(root / "shared/ch02.yaml", "A door", "A gate"),
    ),
    "a chapter's link, inside": (
        lambda root: _moved(root, _CH02, "shared/ch02.yaml"),
        lambda root: _led(root, _CH02, "shared/other.yaml", "A door", "A gate"),
    ),
    "a chapter's link, outside": (
        lambda root: _moved(root, _CH02, "shared/ch02.yaml"),
        lambda root: _led(root, _CH02, "../ch02.yaml"),
    ),
    "the link of the imagery folder, outside": (
        lambda root: _moved(root, "imagery", "shared/imagery"),
        lambda root: _led(root, "imagery", "../imagery"),
    ),
    "the link of a reference's folder, inside": (
        lambda root: [_referring(root), _moved(root, "faces", "shared/faces")],
        lambda root: [_led(root, "faces", "shared/others"), _paint(root / "shared/others/face.png")],
    ),
    "the link of a reference's folder, outside": (
        lambda root: [_referring(root), _moved(root, "faces", "shared/faces")],
        lambda root: _led(root, "faces", "../faces"),
    ),
    "the link of the folder of pictures, outside": (
        lambda root: [
            _moved(root, "generated", "shared/generated"),
            *(_gone(root, name) for name in ("shared/generated/chapters/ch01", ".chargen/originals")),
        ],
        lambda root: _led(root, "generated", "../generated"),
    ),
    "the folder of pictures put outside, a link in its place": (
        lambda _: None,
        lambda root: _moved(root, "generated", "../pictures"),
    ),
    "the folder of pictures back from outside": (
        lambda root: _moved(root, "generated", "../pictures"),
        lambda root: _back(root, "generated", "../pictures"),
    ),
    "a reference's folder put outside, a link in its place": (
        _referring,
        lambda root: _moved(root, "faces", "../faces"),
    ),
    "a reference's folder back from outside": (
        lambda root: [_referring(root), _moved(root, "faces", "../faces")],
        lambda root: _back(root, "faces", "../faces"),
    ),
    "a picture back from outside": (
        lambda root: _moved(root, "generated/chapters/ch01/a.png", "../a.png"),
        lambda root: _back(root, "generated/chapters/ch01/a.png", "../a.png"),
    ),
    "a link to nothing where a picture is missing": (
        lambda root: [(root / "generated/chapters/ch01/a.png").unlink(), _gone(root, ".chargen/originals")],
        lambda root: (root / "generated/chapters/ch01/a.png").symlink_to("../../../../nowhere.png"),
    ),
}


@pytest.mark.parametrize("name", _LINKED)
def test_a_link_is_followed_by_what_is_kept(root: Path, name: str) -> None:
    """Whatever a link leads to, and wherever, a kept plan says what one without a cache says: or fails as it does."""
    prepared, edit = _LINKED[name]
    prepared(root)
    for _ in range(2):
        _check(root)
    edit(root)
    try:
        _whole(root)
    except ChargenError as refused:
        assert _summary(root) is None
        with pytest.raises(ChargenError, match=re.escape(str(refused))):
            _kept(root)
    else:
        _check(root)


def test_what_was_paid_for_is_asked_of_the_originals_again(root: Path) -> None:
    """A picture that its original would bring back is missing once that is gone; a renamed entry keeps its own."""
    EDITS["a picture gone"](root)
    _replaced(_chapter(root, "ch02"), 'custom_id: "b"', 'custom_id: "bb"')
    _kept(root)
    gone, renamed = EntryId("chapters/ch01/b"), EntryId("chapters/ch02/bb")
    assert [_whole(root).by_id[name].verdict.value for name in (gone, renamed)] == ["restorable", "restorable"]
    _written(
        root / "imagery/more.yaml",
        "metadata: {entity_type: chapter-imagery, slug: ch02}\nimages:\n" + ENTRY % "b",
    )
    _check(root)
    assert _whole(root).by_id[renamed].verdict.value == "restorable"
    EDITS["originals gone"](root)
    _check(root)
    assert _whole(root).by_id[gone].verdict.value == "missing"


@pytest.mark.parametrize("seed", range(3))
def test_random_edits_are_seen(root: Path, seed: int) -> None:
    """Edits on top of each other, each followed by both plans."""
    chance = random.Random(seed)
    for name in chance.choices(sorted(EDITS), k=12):
        EDITS[name](root)
        try:
            whole = _whole(root)
        except ChargenError as failure:  # what can't be opened can't be planned either way
            with pytest.raises(type(failure)):
                _kept(root)
        else:
            assert _shown(_kept(root, building=chance.random() < 0.5)) == _shown(whole), name


@pytest.mark.parametrize(
    "names",
    [
        ("scenes", "a scene", "what all scenes share", "those scenes gone"),
        ("an entry without a size", "defaults"),
        ("zones made of fields", "places sent along", "an image at a place", "a field", "a zone by another name"),
        ("a template behind a link", "a template"),
        ("a character archived", "a character living"),
    ],
)
def test_edits_one_after_another_are_seen(root: Path, names: Sequence[str]) -> None:
    """Edits that need each other, each of which changes the plan but for a link to what stood there."""
    before = b""
    for name in names:
        EDITS[name](root)
        _check(root)
        now = json.dumps([_to_the_last_word(image) for image in _whole(root).images], default=repr).encode()
        assert now != before
        before = now


@pytest.mark.parametrize("old", ["a-old", "z-old"])
def test_which_of_two_files_has_an_id_is_seen(root: Path, old: str) -> None:
    """A character and an archived copy of it, one before the other in path order."""
    path = root / f"imagery/characters/{old}/imagery.yaml"
    steps: list[Callable[[], object]] = [
        lambda: _archived(root / MARA, path),
        lambda: _replaced(path, "Mara stands", "Mara lies"),
        lambda: _replaced(root / MARA, "Mara stands", "Mara sits"),
        lambda: _archived(root / MARA, root / MARA),
        lambda: _replaced(path, "status: archived\n", ""),
        lambda: _replaced(root / MARA, "status: archived\n", ""),
        lambda: _archived(path, path),
        lambda: (root / MARA).rename(root / "mara.txt"),
        lambda: _append(path, "    quality: high\n"),
        lambda: [
            (root / "mara.txt").rename(root / MARA),
            _append(root / MARA, "    depicts_characters: [ivo]\n"),
            _replaced(path, "status: archived", "status: archived  # later"),
        ],
        lambda: _paint(root / "imagery/characters/ivo/face.png"),
        path.unlink,
    ]
    for number, step in enumerate(steps):
        step()
        _check(root)
        assert _shown(_kept(root)) == _shown(_whole(root)), number


def test_files_that_need_each_other_are_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Portraits of two files in turn are no circle: nothing is read again, and an edit is seen by both."""
    EDITS["files that need each other"](root)
    _kept(root)
    assert "imagery/chapters/ch01/imagery.yaml" not in _scanned(root, monkeypatch)
    EDITS["one of these edited"](root)
    _check(root)
    whole = _whole(root).by_id
    assert [str(reason) for reason in whole[EntryId("characters/cara/both")].reasons] == [
        "not built yet", "reference `generated/characters/dan/face.png` will be built first"
    ]  # fmt: skip


def test_only_what_changed_is_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read twice; an edit reads its file and the characters its entries show."""
    _kept(root)
    assert _scanned(root, monkeypatch) == []
    EDITS["a comment"](root)
    assert _scanned(root, monkeypatch) == ["imagery/chapters/ch03/imagery.yaml"]
    EDITS["an appearance"](root)
    assert "imagery/chapters/ch03/imagery.yaml" not in _scanned(root, monkeypatch)
    assert _scanned(root, monkeypatch) == []


def test_a_build_plans_only_what_it_has_to_do_with(root: Path) -> None:
    """An edited entry is planned with the portrait it shows; of the rest, its own file's too, the rows are taken."""
    EDITS["slots"](root)
    _replaced(_chapter(root, "ch03"), "prompt_used: A lamp", "status: approved\n    prompt_used: A lamp")
    _kept(root)
    EDITS["a prompt"](root)
    plan = _kept(root, building=True)
    assert [image.id for image in plan.images if isinstance(image, Planned)] == ["chapters/ch01/a"]
    EDITS["a picture gone"](root)
    assert [image.id for image in _kept(root).images if image.acts] == ["chapters/ch01/a", "chapters/ch01/b"]
    plan = _kept(root, building=True)
    assert [image.id for image in plan.images if isinstance(image, Planned)] == ["chapters/ch01/a", "chapters/ch01/b"]


def test_an_edit_after_another_plans_what_was_edited_since(root: Path) -> None:
    """Rows that were taken over an edit are kept with what they were made of, for the next one."""
    _kept(root)
    for old, new, names in (("A lamp", "A torch", "a"), ("A well", "A spring", "ac"), ("A door", "A gate", "abc")):
        _replaced(_chapter(root), old, new)
        plan = _kept(root)
        assert [image.id for image in plan.images if isinstance(image, Planned)] == [
            f"chapters/ch01/{n}" for n in names
        ]
        assert _shown(plan) == _shown(_whole(root))


_WITHIN: dict[str, Callable[[Path], object]] = {
    "a field that only templates see": lambda root: _replaced(_chapter(root), "calm", "wild"),
    "a comment above what is wrong": lambda root: _replaced(_chapter(root), "    tint:", "    # later\n    tint:"),
    "a portrait's prompt": EDITS["a portrait's prompt"],
    "a reference painted over": EDITS["a reference painted over"],
    "a picture gone": EDITS["a picture gone"],
    "a picture of another size": lambda root: (root / "generated/chapters/ch01/b.png").write_bytes(_png(b"2")),
}


@pytest.mark.parametrize("name", _WITHIN)
def test_what_changes_along_with_an_entry_is_seen_of_the_others(root: Path, name: str) -> None:
    """One entry of a chapter is edited, and meanwhile something of another one of it."""
    _append(root / "prompts/chapter.txt.j2", "{% if entry.mood %}{{ entry.mood }}{% endif %}\n")
    _append(
        _chapter(root),
        "  - custom_id: last\n    prompt_used: A thing.\n    size: 128x96\n    status: locked\n    mood: calm\n"
        "    tint: red\n    depicts_characters: [ivo]\n    quality: [high]\n",
    )
    _kept(root)
    before = _shown(_whole(root))
    _WITHIN[name](root)
    assert _shown(_whole(root)) != before
    _replaced(_chapter(root), "A lamp", "A torch")
    _check(root)


def test_an_entry_that_hangs_on_another_one_is_planned_with_it(root: Path) -> None:
    """An alias stands for what is written in another entry, and templates see it."""
    _append(root / "prompts/chapter.txt.j2", "{% if entry.mood %}{{ entry.mood }}{% endif %}\n")
    entry = "  - {custom_id: %s, prompt_used: A thing., size: 128x96, status: locked, mood: %s}\n"
    _append(_chapter(root), entry % ("first", "&mood calm") + entry % ("second", "*mood"))
    _kept(root)
    _replaced(_chapter(root), "calm", "wild")
    _check(root)


def test_a_problem_is_told_where_the_file_has_its_place_now(root: Path) -> None:
    """What a file as a whole does not say is told at its first entry, wherever that stands by now."""
    _written(
        root / "imagery/locations/yard.yaml",
        "entity_type: location-imagery\nslug: yard\nzones:\n"
        "  - {slug: gate, title: Gate, prompt: The gate., size: 128x96, status: locked}\n"
        "overview: {title: Yard, prompt: The yard., size: 128x96}\n",
    )
    _kept(root)
    told = _whole(root).by_id[EntryId("locations/yard/gate")].problems
    _replaced(root / "imagery/locations/yard.yaml", "overview:", "# as it was drawn\noverview:")
    assert told != _whole(root).by_id[EntryId("locations/yard/gate")].problems
    _check(root)


def test_a_file_in_which_nothing_can_be_written_any_more_is_told_of_all_its_entries(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether an entry's slots can be written is asked of its whole file, also where the entry is as it was."""
    real = EditCheck.parse

    def parse(data: bytes, file: str) -> object:
        refused = SimpleNamespace(refusal=lambda _edit: error("nothing can be written here"))
        return refused if b"# closed" in data else real(data, file)

    monkeypatch.setattr(EditCheck, "parse", parse)
    _kept(root)
    _append(_chapter(root), "# closed\n")
    _check(root)


def test_the_journal_counts_for_what_is_missing(root: Path) -> None:
    """What was refused since the last plan is blocked, although no file changed."""
    EDITS["a picture gone"](root)
    EDITS["originals gone"](root)
    _kept(root)
    assert kept_plan(_snapshot(root)) is not None
    EDITS["a refusal"](root)
    _check(root)
    assert _whole(root).by_id[EntryId("chapters/ch01/b")].verdict.value == "blocked"


def test_a_plan_is_read_without_opening_the_project(root: Path) -> None:
    """Where nothing changed, a plan is read from the cache: of images that need nothing, and of those that do."""
    for name in ("a comment", "a reference gone"):
        EDITS[name](root)
        _kept(root)
        assert _shown(kept_plan(_snapshot(root)) or pytest.fail("not read")) == _shown(_whole(root))
    EDITS["a comment"](root)
    assert kept_plan(_snapshot(root)) is None


def test_a_choice_from_the_cache_is_that_of_the_opened_project(root: Path) -> None:
    """The same images are selected, chosen and left out; where the settings limit what is spent they are asked."""
    EDITS["a picture gone"](root)
    EDITS["originals gone"](root)
    _kept(root)
    snapshot = _snapshot(root)
    for request in (BuildRequest(), BuildRequest(max_tasks=0), BuildRequest(Selection(("chapters/ch01/*",)))):
        snapshot = _snapshot(root)
        found = kept_choice(snapshot, request) or pytest.fail("not chosen")
        with _session(root) as session:
            opened = prepare(session, request)
        assert _comes_to(found) == _comes_to(opened)
        assert len(found.choice.images) + len(found.choice.left_out) == 1
    assert kept_choice(snapshot, BuildRequest(resume=False)) is None
    _setting(root, SETTINGS + "[tool.chargen.budget]\nrun = 1")
    _kept(root)
    assert kept_choice(_snapshot(root), BuildRequest()) is None


WISHES: dict[str, BuildRequest] = {
    "another provider": BuildRequest(provider="openai"),
    "another provider for some": BuildRequest(Selection(("chapters/ch02/*",)), provider="openai"),
    "a new one": BuildRequest(rebuild=("chapters/ch01/a",)),
    "a new portrait": BuildRequest(rebuild=("characters/mara/mara-portrait",)),
    "what was refused": BuildRequest(resume=False),
}


@pytest.mark.parametrize("edit", ["a comment", "a refusal", "ignored", "a prompt", "a portrait gone", "a model"])
@pytest.mark.parametrize("name", WISHES)
def test_wishes_are_planned_with_the_cache_as_without(root: Path, name: str, edit: str) -> None:
    """What is asked for by name or for one run changes the images it is about and their users, and no other."""
    for before in ("a picture gone", "originals gone"):
        EDITS[before](root)
    EDITS[edit](root)
    _kept(root)
    with _session(root) as session:
        found = prepare(session, WISHES[name])
    with _session(root) as session:
        assert _shown(found.plan) == _shown(session.planner(found.planner.options, cached=False).plan())
    assert any(not isinstance(image, Planned) for image in found.plan.images)


def test_what_was_planned_is_kept_in_one_command(root: Path) -> None:
    """A second plan in one command, after a file changed, is made of the first one's rows, and is right."""
    with _session(root) as session:
        planner = session.planner()
        planner.plan()
        session.keep(planner)
        EDITS["a status"](root)
        plan = session.plan()
    assert {image.file for image in plan.images if isinstance(image, Planned)} == {"imagery/chapters/ch01/imagery.yaml"}
    assert _shown(plan) == _shown(_whole(root))


def _comes_to(chosen: Chosen) -> tuple[object, ...]:
    choice = chosen.choice
    images = [[image.id for image in group] for group in (choice.images, choice.untouched)]
    return chosen.selected, images, dict(choice.needed_by), [(item.image.id, item.reason) for item in choice.left_out]


def test_what_changed_just_now_is_not_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture written within the last tick of a coarse clock could be written again without a trace."""
    monkeypatch.setattr(disk, "time", time)
    _kept(root)
    assert len(_scanned(root, monkeypatch)) == 6


def test_a_model_that_is_a_file_counts(root: Path) -> None:
    """What is wrong in a workflow is seen when it comes, when it is mended, and when the file is gone."""
    workflow = root / "workflows/w.json"
    text = (REPOSITORY / "chargen/providers/comfyui/starter/workflows/comfyui.json").read_text()
    _written(workflow, text)
    book = object.__new__(Project)
    book.root = root
    book.chapter("ch09", {"a": "A lamp."}, route="comfyui/workflows/w.json")
    name = EntryId("chapters/ch09/a")
    for content, verdict in ((text, "missing"), (text.replace("chargen:output", "x"), "blocked"), (text, "missing")):
        _written(workflow, content)
        _check(root)
        assert _whole(root).by_id[name].verdict.value == verdict
    workflow.unlink()
    _check(root)
    assert _whole(root).by_id[name].verdict.value == "blocked"


def test_the_environment_counts(root: Path) -> None:
    """Another server and a key that is set are seen; a key's value is not kept."""
    EDITS["a route"](root)
    _check(root)
    _check(root, OPENAI_API_KEY="sk-secret-value")
    _check(root, OPENAI_API_KEY="sk-secret-value", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert b"sk-secret-value" not in (root / STAMP).read_bytes() + (root / CACHE).read_bytes()


def test_a_folder_of_templates_that_comes_or_goes_is_seen(root: Path) -> None:
    """One that a setting names; an empty one is there."""
    _setting(root, 'prompts = "mine"\n')
    _check(root)
    (root / "mine").mkdir()
    _check(root)
    (root / "mine").rmdir()
    _check(root)


def test_the_program_itself_counts(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another source file or another table of models is another environment."""
    package = tmp_path / "package"
    (package / "providers").mkdir(parents=True)
    (package / "judge.py").write_text("a")
    (package / "providers/models.toml").write_text("a")
    monkeypatch.setattr(environment, "_PACKAGE", package)
    seen = {environment.environment_digest(root, "prompts", {}, "2026-01-01")}
    for name in ("judge.py", "providers/models.toml"):
        (package / name).write_text("ab")
        seen.add(environment.environment_digest(root, "prompts", {}, "2026-01-01"))
    seen.add(environment.environment_digest(root, "prompts", {}, "2026-01-02"))
    assert len(seen) == 4


def test_reading_only_writes_nothing(root: Path) -> None:
    """A plan leaves no memory, and uses one without touching it."""
    for name in (STAMP, CACHE):
        (root / name).unlink(missing_ok=True)
    _kept(root, read_only=True)
    assert not (root / CACHE).exists()
    _kept(root)
    before = (root / CACHE).stat().st_mtime_ns
    EDITS["a prompt"](root)
    _kept(root, read_only=True)
    assert (root / CACHE).stat().st_mtime_ns == before


DAMAGES: dict[str, Callable[[Any], object]] = {
    "nothing": lambda _: None,
    "a list": lambda _: [],
    "a deep list": lambda _: _deep(),
    "numbers": lambda values: [7] * len(values),
    "nulls": lambda values: [None] * len(values),
    "no files": lambda values: _with(values, {}),
    "files of nothing": lambda values: _with(values, dict.fromkeys(_files(values))),
    "files of other rows": lambda values: _with(values, _turned(_files(values))),
    "rows of nulls": lambda values: _with(
        values, {name: [*file[:-1], [None]] for name, file in _files(values).items()}
    ),
    "no rows": lambda values: _with(values, {name: [*file[:-1], []] for name, file in _files(values).items()}),
}


def _files(values: Any) -> dict[str, Any]:
    found: dict[str, Any] = values["files"] if isinstance(values, dict) else values[2]
    return found


def _with(values: Any, files: dict[str, Any]) -> object:
    return {**values, "files": files} if isinstance(values, dict) else [*values[:2], files, *values[3:]]


def _turned(files: dict[str, Any]) -> dict[str, Any]:
    """Give each file the last part, the rows, of another."""
    pairs = zip(files.items(), reversed(files.values()), strict=True)
    return {name: [*file[:-1], other[-1]] for (name, file), other in pairs}


def _deep() -> object:
    value: object = []
    for _ in range(500):
        value = [value]
    return value


def _read(root: Path, file: str) -> Any:
    data = (root / file).read_bytes()
    return json.loads(data) if file == STAMP else msgspec.msgpack.decode(data[CHECKSUM:])


def _write(root: Path, file: str, values: object) -> None:
    """Write a stamp, or a cache with a checksum that is right: what is in it was made by hand."""
    data = msgspec.msgpack.encode(values)
    told = json.dumps(values).encode() if file == STAMP else zlib.crc32(data).to_bytes(CHECKSUM, "big") + data
    (root / file).write_bytes(told)


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("file", [STAMP, CACHE])
def test_a_damaged_cache_counts_as_none(root: Path, file: str, name: str) -> None:
    """Whatever stands in the two files, the plan is right, and they are made anew."""
    _kept(root)
    _write(root, file, DAMAGES[name](_read(root, file)))
    _check(root)


ODD: dict[str, Callable[[list[Any]], object]] = {
    "fewer ids than claims": lambda file: file[1].__setitem__(2, file[1][2][:-1]),
    "fewer claims than ids": lambda file: file[1].__setitem__(9, file[1][9][:-1]),
    "another id": lambda file: file[1][2].__setitem__(0, "chapters/ch01/zz"),
    "another kind": lambda file: file[1].__setitem__(0, "poster"),
    "a question that there is not": lambda file: file[2].insert(0, "weather today"),
    "a price that is no number": lambda file: file[-1][0].__setitem__(16, "sNaN"),
}


@pytest.mark.parametrize("name", ODD)
def test_a_cache_that_is_not_as_it_was_written_counts_as_none(root: Path, name: str) -> None:
    """Also where each value in it could stand there: the whole file has a checksum."""
    _kept(root)
    data, values = (root / CACHE).read_bytes(), _read(root, CACHE)
    ODD[name](values[2]["imagery/chapters/ch01/imagery.yaml"])
    (root / CACHE).write_bytes(data[:CHECKSUM] + msgspec.msgpack.encode(values))
    _check(root)


@pytest.mark.parametrize("key", ["prompts", "roots", "generated"])
@pytest.mark.parametrize("folder", ["/etc", "..", "a/../../b", "a\0b"])
def test_a_strangers_stamp_leads_nowhere_else(root: Path, key: str, folder: str) -> None:
    """Its folders are looked into before anything else of it is known."""
    _kept(root)
    values = _read(root, STAMP)
    _write(root, STAMP, {**values, key: [folder] if key == "roots" else folder})
    assert take_snapshot(root, {}) is None
    _check(root)


def test_a_stamp_with_one_target_twice_says_nothing_of_names(root: Path) -> None:
    """Which of two images is meant nobody knows."""
    _kept(root)
    values = _read(root, STAMP)
    files_of = values["files"]
    files_of[_CH02][1] = files_of["imagery/chapters/ch01/imagery.yaml"][1]
    _write(root, STAMP, values)
    assert _summary(root, ("chapters/ch01/a",)) is None
    _check(root)


@pytest.mark.parametrize("entries", [None, [], [["", [], []]], [["0" * 64, [9999], [9999]]] * 3, [[7, "", ""]] * 3])
def test_what_is_damaged_of_single_entries_counts_as_none(root: Path, entries: object) -> None:
    """It is asked for where a file was edited: whatever stands there, the plan is right."""
    _kept(root)
    values = _read(root, CACHE)
    for file in _files(values).values():
        file[-2] = entries
    _write(root, CACHE, values)
    EDITS["a prompt"](root)
    _check(root)


@pytest.mark.parametrize("data", [b"", b"\x00{", b"[" * 100_000, b"\x91" * 100_000])
@pytest.mark.parametrize("file", [STAMP, CACHE])
def test_what_is_no_cache_counts_as_none(root: Path, file: str, data: bytes) -> None:
    """Bytes of any other kind are not read."""
    _kept(root)
    (root / file).write_bytes(data)
    _check(root)


def test_a_mark_of_a_broken_run_makes_the_next_one_look(root: Path) -> None:
    """While a run is under way, or after it died, nobody says that nothing has to be done."""
    _kept(root)
    assert _summary(root) is not None
    (root / BUSY).touch()
    assert _summary(root) is None


def test_names_are_understood_or_left_alone(root: Path) -> None:
    """Targets and ids count the images they mean; any other name is for the planner."""
    _kept(root)
    both = ("chapters/ch01/a", "generated/chapters/ch01/a.png", "generated/chapters/ch01/b.png")
    assert _summary(root, both) == replace(_summary(root) or pytest.fail("nothing stands"), fresh=2)
    assert _summary(root, ("chapters/ch01/*",)) is None
    assert _summary(root, ("chapters/ch01/zz",)) is None
