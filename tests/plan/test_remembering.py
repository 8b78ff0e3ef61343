"""What is remembered of a plan never hides an edit: after anything that can change, both ways to plan say the same."""

import json
import os
import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.project import Project

from chargen.errors import ChargenError
from chargen.model.request import FailureClass
from chargen.model.values import EntryId, Fingerprint
from chargen.plan.facts import PlanOptions
from chargen.plan.memo import planning, world
from chargen.plan.memo.index import BUSY, INDEX, ROWS, Standing, digest
from chargen.plan.memo.standing import look_at
from chargen.plan.memo.whole import shown_plan, whole_plan
from chargen.plan.plan import Plan, Planned, plan_json
from chargen.plan.request import Chosen, Order, prepare, remembered_choice
from chargen.plan.selection import Selection
from chargen.plan.session import Session, open_session
from chargen.store.journal_rows import Sending
from chargen.store.originals import RECORD_FILE

SETTINGS = 'style_prefix = "Ink."\n'
CHAPTERS = ("ch01", "ch02", "ch03")


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
    shutil.copytree(finished, tmp_path / "book", ignore=shutil.ignore_patterns(Path(INDEX).name))
    monkeypatch.setattr(planning, "time", SimpleNamespace(time_ns=lambda: time.time_ns() + 10**10))
    return tmp_path / "book"


def _png(tail: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + tail * 400


def _session(root: Path, *, read_only: bool = True, **environ: str) -> Session:
    return open_session(root, environ, read_only=read_only)


def _shown(plan: Plan) -> bytes:
    return json.dumps(plan_json(plan.images, plan.problems)).encode()


def _whole(root: Path, **environ: str) -> Plan:
    with _session(root, **environ) as session:
        return session.plan()


def _remembered(root: Path, *, read_only: bool = False, building: bool = False, **environ: str) -> Plan:
    with _session(root, read_only=read_only, **environ) as session:
        found = planning.remembered_plan(session, PlanOptions(ignored=session.ignored()), building=building)
        found.keep()
        return found.plan


def _standing(root: Path, names: Sequence[str] = (), **environ: str) -> Standing | None:
    look = look_at(root, environ)
    return None if look is None else look.standing(names)


def _check(root: Path, **environ: str) -> None:
    """Compare every way to plan, reading only and writing."""
    whole = _whole(root, **environ)
    stands = _standing(root, **environ)
    if stands is not None:
        assert not any(image.acts or image.verdict.value == "blocked" for image in whole.images)
        told = [image for image in whole.images if image.verdict.value != "fresh" or image.judgement.reasons]
        assert stands.fresh == sum(image.verdict.value == "fresh" for image in whole.images)
        assert stands.others == tuple((i.id, i.verdict.value, i.judgement.reasons) for i in told)
    look = look_at(root, environ)
    if look is not None and (kept := whole_plan(look)) is not None:
        assert _shown(kept) == _shown(whole)
    if look is not None and (found := shown_plan(look)) is not None:
        assert json.dumps(found).encode() == _shown(whole)
    _check_brief(root, whole, **environ)
    assert _shown(_remembered(root, read_only=True, **environ)) == _shown(whole)
    building = _remembered(root, building=True, **environ)
    assert _shown(building) == _shown(whole)
    for image in whole.images:
        if image.acts or image.verdict.value == "blocked":
            kept = building.by_id[image.id]
            assert (kept.inputs, kept.fingerprint, kept.entry.prompt) == (
                image.inputs,
                image.fingerprint,
                image.entry.prompt,
            )
    assert _shown(_remembered(root, **environ)) == _shown(whole)


def _check_brief(root: Path, whole: Plan, **environ: str) -> None:
    """Compare the plan of a build that leaves out what it has nothing to do with: it says the same of all the rest."""
    look = look_at(root, environ)
    with _session(root, read_only=False, **environ) as session:
        wishes = PlanOptions(ignored=session.ignored())
        found = planning.remembered_plan(session, wishes, building=True, look=look, brief=True)
    there = found.plan.by_id
    rest = [image for image in whole.images if image.id not in there]
    assert [_of(image) for image in found.plan.images] == [_of(image) for image in whole.images if image.id in there]
    assert found.plan.unplanned == whole.unplanned
    if found.rest is None:
        assert not rest
        return
    told = [image for image in rest if image.verdict.value != "fresh" or image.judgement.reasons]
    assert not any(image.acts or image.verdict.value == "blocked" for image in rest)
    assert found.rest == Standing(
        sum(image.verdict.value == "fresh" for image in rest),
        tuple((i.id, i.verdict.value, i.judgement.reasons) for i in told),
    )


def _of(image: Planned) -> tuple[object, ...]:
    """Return all of an image that a build goes by, but for where its templates' values came from."""
    shown = json.dumps(image.to_json())
    if not (image.acts or image.verdict.value == "blocked"):
        return (shown,)
    return (shown, image.fingerprint, image.inputs, image.entry.prompt, image.obstacles, image.problems)


def _scanned(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Say which files a plan reads anew."""
    found: list[str] = []
    real = planning.scan_file
    with monkeypatch.context() as patch:
        patch.setattr(planning, "scan_file", lambda project, file: found.append(file) or real(project, file))
        _remembered(root)
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


def _chapter(root: Path, slug: str = "ch01") -> Path:
    return root / f"imagery/chapters/{slug}/imagery.yaml"


MARA, IVO = "imagery/characters/mara/imagery.yaml", "imagery/characters/ivo/imagery.yaml"
ENTRY = "  - {custom_id: %s, prompt_used: Another thing., size: 128x96}\n"

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
    "that circle gone": lambda root: _shows(root, "bert", "ivo"),
    "an inventory": lambda root: _append(root / IVO, "  - {id: side, path: side.png}\n"),
    "a character by another name": lambda root: _replaced(root / IVO, "slug: ivo", "slug: nobody"),
    "a broken character": lambda root: _append(root / MARA, "\t- [\n"),
    "a location": lambda root: _replaced(root / "imagery/locations/yard.yaml", "a pump", "a well"),
    "a location's name": lambda root: _replaced(root / "imagery/locations/yard.yaml", "slug: yard", "slug: court"),
    "a template": lambda root: _append(root / "prompts/chapter.txt.j2", "At dusk.\n"),
    "a template, same size and time": lambda root: _same_size(
        root / "prompts/chapter.txt.j2", "looks like", "looks LIKE"
    ),
    "a template gone": lambda root: (root / "prompts/location.txt.j2").unlink(missing_ok=True),
    "a style": lambda root: _setting(root, 'style_prefix = "Chalk."'),
    "a route": lambda root: _setting(root, '[tool.chargen.routes]\n"sketch/sketch" = "openai/gpt-image-1-mini"'),
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
    """Whatever is edited in a remembered book, the plan is that of a book without a memory."""
    _remembered(root)
    EDITS[name](root)
    _check(root)


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
                _remembered(root)
        else:
            assert _shown(_remembered(root, building=chance.random() < 0.5)) == _shown(whole), name


def test_only_what_changed_is_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read twice; an edit reads its file and the characters its entries show."""
    _remembered(root)
    assert _scanned(root, monkeypatch) == []
    EDITS["a comment"](root)
    assert _scanned(root, monkeypatch) == ["imagery/chapters/ch03/imagery.yaml"]
    EDITS["an appearance"](root)
    assert "imagery/chapters/ch03/imagery.yaml" not in _scanned(root, monkeypatch)
    assert _scanned(root, monkeypatch) == []


def test_a_build_plans_only_what_it_has_to_do_with(root: Path) -> None:
    """An edited chapter is planned with the characters it shows; the rest is counted, whatever it says of itself."""
    EDITS["slots"](root)
    _replaced(_chapter(root, "ch03"), "prompt_used: A lamp", "status: approved\n    prompt_used: A lamp")
    _remembered(root)
    EDITS["a prompt"](root)
    with _session(root, read_only=False) as session:
        found = planning.remembered_plan(session, PlanOptions(), building=True, look=look_at(root, {}), brief=True)
    files = {image.entry.file for image in found.plan.images}
    assert files == {"imagery/chapters/ch01/imagery.yaml", MARA}
    assert found.rest is not None
    assert found.rest.fresh + len(found.rest.others) == len(_whole(root).images) - len(found.plan.images)
    _check_brief(root, _whole(root))


def test_a_broken_file_is_told_by_a_build_of_others(root: Path) -> None:
    """A file that can't be read makes a build fail, whatever else it has to do."""
    EDITS["a broken chapter"](root)
    _remembered(root)
    EDITS["a prompt"](root)
    whole = _whole(root)
    assert whole.unplanned
    _check_brief(root, whole)


def test_the_journal_counts_for_what_is_missing(root: Path) -> None:
    """What was refused since the last plan is blocked, although no file changed."""
    EDITS["a picture gone"](root)
    EDITS["originals gone"](root)
    _remembered(root)
    assert whole_plan(look_at(root, {}) or pytest.fail("nothing is remembered")) is not None
    EDITS["a refusal"](root)
    _check(root)
    assert _whole(root).by_id[EntryId("chapters/ch01/b")].verdict.value == "blocked"


def test_a_plan_is_read_without_opening_the_project(root: Path) -> None:
    """Where nothing changed, a plan is read from the memory: of images that need nothing, and of those that do."""
    for name in ("a comment", "a reference gone"):
        EDITS[name](root)
        _remembered(root)
        whole = _whole(root)
        look = look_at(root, {}) or pytest.fail("nothing is remembered")
        assert _shown(whole_plan(look) or pytest.fail("not read")) == _shown(whole)
    EDITS["a comment"](root)
    assert whole_plan(look_at(root, {}) or pytest.fail("nothing is remembered")) is None


def test_a_choice_from_memory_is_that_of_the_opened_project(root: Path) -> None:
    """The same images are selected, chosen and left out; where the settings limit what is spent they are asked."""
    EDITS["a picture gone"](root)
    EDITS["originals gone"](root)
    _remembered(root)
    for order in (Order(), Order(max_tasks=0), Order(Selection(("chapters/ch01/*",)))):
        look = look_at(root, {}) or pytest.fail("nothing is remembered")
        found = remembered_choice(look, order) or pytest.fail("not chosen")
        with _session(root) as session:
            opened = prepare(session, order)
        assert _comes_to(found) == _comes_to(opened)
        assert len(found.choice.images) + len(found.choice.left_out) == 1
    assert remembered_choice(look, Order(resume=False)) is None
    _setting(root, SETTINGS + "[tool.chargen.budget]\nrun = 1")
    _remembered(root)
    assert remembered_choice(look_at(root, {}) or pytest.fail("nothing is remembered"), Order()) is None


def _comes_to(chosen: Chosen) -> tuple[object, ...]:
    choice = chosen.choice
    images = [[image.id for image in group] for group in (choice.images, choice.quiet)]
    return chosen.selected, images, dict(choice.needed_by), [(item.image.id, item.reason) for item in choice.left_out]


def test_what_changed_just_now_is_not_remembered(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture written within the last tick of a coarse clock could be written again without a trace."""
    monkeypatch.setattr(planning, "time", time)
    _remembered(root)
    assert len(_scanned(root, monkeypatch)) == 6


def test_the_environment_counts(root: Path) -> None:
    """Another server and a key that is set are seen; a key's value is not kept."""
    EDITS["a route"](root)
    _check(root)
    _check(root, OPENAI_API_KEY="sk-secret-value")
    _check(root, OPENAI_API_KEY="sk-secret-value", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert b"sk-secret-value" not in (root / INDEX).read_bytes() + (root / ROWS).read_bytes()


def test_the_program_itself_counts(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another source file or another table of models is another world."""
    package = tmp_path / "package"
    (package / "providers").mkdir(parents=True)
    (package / "judge.py").write_text("a")
    (package / "providers/models.toml").write_text("a")
    monkeypatch.setattr(world, "_PACKAGE", package)
    seen = {world.digest_of(root, "prompts", {}, "2026-01-01")}
    for name in ("judge.py", "providers/models.toml"):
        (package / name).write_text("ab")
        seen.add(world.digest_of(root, "prompts", {}, "2026-01-01"))
    seen.add(world.digest_of(root, "prompts", {}, "2026-01-02"))
    assert len(seen) == 4


def test_reading_only_writes_nothing(root: Path) -> None:
    """A plan leaves no memory, and uses one without touching it."""
    for name in (INDEX, ROWS):
        (root / name).unlink(missing_ok=True)
    _remembered(root, read_only=True)
    assert not (root / INDEX).exists()
    _remembered(root)
    before = (root / INDEX).stat().st_mtime_ns
    EDITS["a prompt"](root)
    _remembered(root, read_only=True)
    assert (root / INDEX).stat().st_mtime_ns == before


DAMAGES: dict[str, Callable[[Any], object]] = {
    "not JSON": lambda _: b"\x00{",
    "nothing": lambda _: b"",
    "deep": lambda _: b"[" * 100_000,
    "a list": lambda _: [],
    "no files": lambda values: {**values, "files": {}} if isinstance(values, dict) else {},
    "files of nothing": lambda values: (
        {**values, "files": dict.fromkeys(values["files"])} if isinstance(values, dict) else None
    ),
    "numbers": lambda values: dict.fromkeys(values, 7) if isinstance(values, dict) else [7] * len(values),
    "rows of nulls": lambda values: {name: [None] * 9 for name in values} if isinstance(values, dict) else [[None] * 9],
}


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("file", [INDEX, ROWS])
def test_a_damaged_memory_counts_as_none(root: Path, file: str, name: str) -> None:
    """Whatever stands in the two files, the plan is right, and the memory is made anew."""
    _remembered(root)
    lines = (root / file).read_bytes().split(b"\n")
    damaged = [DAMAGES[name](json.loads(line)) for line in lines]
    (root / file).write_bytes(
        b"\n".join(value if isinstance(value, bytes) else json.dumps(value).encode() for value in damaged)
    )
    if file == ROWS:  # a stranger can make the digest fit
        index = json.loads((root / INDEX).read_bytes())
        index["rows"] = digest((root / ROWS).read_bytes())
        (root / INDEX).write_text(json.dumps(index))
    _check(root)


def test_a_mark_of_a_broken_run_makes_the_next_one_look(root: Path) -> None:
    """While a run is under way, or after it died, nobody says that nothing has to be done."""
    _remembered(root)
    assert _standing(root) is not None
    (root / BUSY).touch()
    assert _standing(root) is None


def test_names_are_understood_or_left_alone(root: Path) -> None:
    """Targets and ids count the images they mean; any other name is for the planner."""
    _remembered(root)
    both = ("chapters/ch01/a", "generated/chapters/ch01/a.png", "generated/chapters/ch01/b.png")
    assert _standing(root, both) == replace(_standing(root) or pytest.fail("nothing stands"), fresh=2)
    assert _standing(root, ("chapters/ch01/*",)) is None
    assert _standing(root, ("chapters/ch01/zz",)) is None
