"""`chargen history` and `chargen restore`: every version listed, any of them back, none of them paid for again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from servers.openai_server import OpenAIServer
from support import tree
from support.forks import Forks
from support.project import Project, Run

from chargen.model.record_line import RecordLine

PAID = "openai/gpt-image-2.6-flare"
CH01 = "imagery/chapters/ch01/imagery.yaml"
SETTINGS = "[tool.chargen.providers.openai]\nper_minute = 6000\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Path:
    """One paid image, built with one prompt and then with another."""
    with OpenAIServer() as server:
        made = Project(tmp_path_factory.mktemp("built"), SETTINGS, env=server.environ)
        made.chapter("ch01", {"a": "A brass lamp."}, route=PAID)
        _ok(forks.run(made, "doit"))
        made.edit(CH01, "brass", "paper")
        _ok(forks.run(made, "doit"))
        assert len(server.requests) == 2
    return made.root


@pytest.fixture
def book(tmp_path: Path, built: Path, openai: OpenAIServer) -> Project:
    """A copy of the built project, whose vendor has seen nothing yet."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path, SETTINGS, env=openai.environ)


def _ok(run: Run) -> Run:
    assert run.code == 0, run.all
    return run


def _history(forks: Forks, book: Project, target: str = "chapters/ch01/a") -> list[dict[str, Any]]:
    (found,) = _ok(forks.run(book, "chargen", "history", target, "--json")).json["images"]
    return found["versions"]


def _paint(path: Path) -> bytes:
    with Image.open(path) as picture:
        painted = picture.convert("RGB")
    painted.putpixel((3, 3), (255, 0, 0))
    painted.save(path)
    return path.read_bytes()


def test_a_damaged_original_is_told_by_its_place_in_the_project(book: Project, forks: Forks) -> None:
    """No path of this machine, and the history of what is whole all the same."""
    folder = book.originals()[0]
    (folder / "record.json").write_text("{")
    run = _ok(forks.run(book, "chargen", "history", "chapters/ch01/a"))
    assert run.err.startswith(f"{folder.relative_to(book.root)}: error: this original's record is missing, damaged")
    assert str(book.root) not in run.all


def test_history_lists_every_version_with_when_why_prompt_model_and_cost(book: Project, forks: Forks) -> None:
    """Builds, a painted file and its successor: each version once, oldest first, and where it is."""
    _paint(book.image("chapters/ch01/a"))
    _ok(forks.run(book, "doit", "run", "--rebuild", "chapters/ch01/a", "chapters/ch01/a"))
    found = _history(forks, book)
    assert [version["number"] for version in found] == [1, 2, 3, 4]
    assert [version["where"] for version in found] == ["history", "original", "history", "current"]
    assert [version["by_hand"] for version in found] == [False, False, True, False]
    built = [version for version in found if not version["by_hand"]]
    assert {version["by"] for version in built} == {PAID}
    assert all(version["cost_usd"] > 0 for version in built)
    assert [version["prompt"] for version in built] == ["A brass lamp.", "A paper lamp.", "A paper lamp."]
    assert built[2]["why"] == ["asked for by name with `--rebuild`"]
    assert found[3]["file_sha256"] == tree.sha256(book.image("chapters/ch01/a"))
    text = _ok(forks.run(book, "chargen", "history", "generated/chapters/ch01/a.png")).out
    assert text.split("\n")[0] == "chapters/ch01/a  4 versions"
    assert text.count("A paper lamp.") == 1, "a prompt is shown where it changed"
    assert "by hand" in text


def test_restore_brings_back_the_very_file_and_its_slots_and_the_next_build_leaves_it(
    book: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """A version made from other inputs is taken as current: no call, neither now nor in the next build."""
    before = tree.yaml_files(book)
    present = book.image("chapters/ch01/a").read_bytes()
    kept = next(path for path in (book.root / ".chargen/history").rglob("*.png")).read_bytes()
    run = _ok(forks.run(book, "chargen", "restore", "chapters/ch01/a", "1"))
    assert "restored version 1 of chapters/ch01/a" in run.out
    assert "kept as current until you edit" in run.out
    assert book.image("chapters/ch01/a").read_bytes() == kept != present
    tree.slots_only(book, before)
    (line,) = book.records(CH01)
    told = RecordLine.parse(line)
    assert told is not None and told.file == tree.sha256(book.image("chapters/ch01/a"))
    assert "accepted=openai/" in line
    assert [version["where"] for version in _history(forks, book)] == ["current", "history"]
    run = _ok(forks.run(book, "doit"))
    assert "fresh 1" in run.out
    assert book.image("chapters/ch01/a").read_bytes() == kept
    assert not openai.requests
    book.edit(CH01, "paper", "silver")
    _ok(forks.run(book, "doit"))
    assert len(openai.requests) == 1, "a later edit makes it stale like any other"


def test_restoring_twice_returns_to_where_one_was(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """Back to the first and forth to the second, by the beginning of its file's hash: nothing is lost on the way."""
    second = book.image("chapters/ch01/a").read_bytes()
    _ok(forks.run(book, "chargen", "restore", "chapters/ch01/a", "1"))
    name = _history(forks, book)[1]["file_sha256"][:8]
    run = _ok(forks.run(book, "chargen", "restore", "generated/chapters/ch01/a.png", name))
    assert "other inputs" not in run.out
    assert book.image("chapters/ch01/a").read_bytes() == second
    assert "fresh 1" in _ok(forks.run(book, "doit")).out
    assert not openai.requests


def test_a_version_whose_file_is_gone_comes_out_of_its_original(book: Project, forks: Forks) -> None:
    """Without the history the delivered bytes are published again, to the same file."""
    first = next((book.root / ".chargen/history").rglob("*.png")).read_bytes()
    shutil.rmtree(book.root / ".chargen/history")
    assert [version["where"] for version in _history(forks, book)] == ["original", "current"]
    _ok(forks.run(book, "chargen", "restore", "chapters/ch01/a", "1"))
    assert book.image("chapters/ch01/a").read_bytes() == first


def test_a_painted_file_can_be_brought_back_and_stays(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """A picture of nobody's: its slots say that nobody knows what made it, and builds leave it alone."""
    painted = _paint(book.image("chapters/ch01/a"))
    _ok(forks.run(book, "doit", "run", "--rebuild", "chapters/ch01/a", "chapters/ch01/a"))
    number = next(version["number"] for version in _history(forks, book) if version["by_hand"])
    _ok(forks.run(book, "chargen", "restore", "chapters/ch01/a", str(number)))
    assert book.image("chapters/ch01/a").read_bytes() == painted
    assert "provider: null" in book.read(CH01)
    assert "fresh 1" in _ok(forks.run(book, "doit")).out
    assert book.image("chapters/ch01/a").read_bytes() == painted
    assert len(openai.requests) == 1


def test_a_restored_sketch_and_an_older_model_are_left_alone_too(
    tmp_path: Path, openai: OpenAIServer, forks: Forks
) -> None:
    """What would be a proof, or drifted under `rebuild_on`, stays because the author chose it."""
    settings = 'rebuild_on = ["provider", "model", "quality"]\n' + SETTINGS
    book = Project(tmp_path, f'routes = {{"*" = "sketch/sketch", "openai/*" = "sketch/sketch"}}\n{settings}')
    book.env.update(openai.environ)
    book.chapter("ch01", {"a": "A lamp."}, route=PAID)
    _ok(forks.run(book, "doit"))
    book.settings(settings)
    book.edit(CH01, "generation_defaults: {", "generation_defaults: {quality: low, ")
    _ok(forks.run(book, "doit"))
    assert len(openai.requests) == 1
    book.edit(CH01, "quality: low", "quality: high")
    _ok(forks.run(book, "chargen", "restore", "chapters/ch01/a", "1"))
    assert "fresh 1" in _ok(forks.run(book, "doit")).out
    _ok(forks.run(book, "chargen", "restore", "chapters/ch01/a", "2"))
    assert "fresh 1" in _ok(forks.run(book, "doit")).out
    assert len(openai.requests) == 1
    book.edit(CH01, "quality: high", "quality: low")
    _ok(forks.run(book, "doit"))
    assert len(openai.requests) == 2, "drift after the author's word counts again"


def test_a_rejected_entry_keeps_what_was_brought_back(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """The rejection was of another picture."""
    book.edit(CH01, '    size: "128x96"', '    size: "128x96"\n    status: rejected')
    _ok(forks.run(book, "chargen", "restore", "chapters/ch01/a", "1"))
    assert "fresh 1" in _ok(forks.run(book, "doit")).out
    assert not openai.requests


def test_what_can_not_be_restored_says_why_and_changes_nothing(book: Project, forks: Forks) -> None:
    """The present version, one that is not there, one that is not here any more, and over a Git LFS pointer."""
    shutil.rmtree(book.root / ".chargen/history")
    for folder in book.originals()[:1]:
        shutil.rmtree(folder)
    before = (book.read(CH01), book.image("chapters/ch01/a").read_bytes())
    found = _history(forks, book)
    assert [version["where"] for version in found] == ["not here", "current"]
    for version, code, words in (
        ("2", 1, "stands at `generated/chapters/ch01/a.png` already"),
        ("9", 3, "there is no version `9`"),
        ("1", 1, "its file is not on this machine"),
    ):
        run = forks.run(book, "chargen", "restore", "chapters/ch01/a", version)
        assert (run.code, run.out) == (code, "")
        assert words in run.err
        assert "hint: " in run.err
    assert (book.read(CH01), book.image("chapters/ch01/a").read_bytes()) == before


def test_nothing_is_restored_over_a_pointer_or_under_a_portrait_that_is_to_be_built(
    tmp_path: Path, forks: Forks
) -> None:
    """Both would be undone or lost: the message says what to do first."""
    book = Project(tmp_path)
    book.character("alice", "A girl.")
    book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [alice]")
    _ok(forks.run(book, "doit"))
    book.edit(CH01, "lamp", "door")
    _ok(forks.run(book, "doit"))
    book.edit("imagery/characters/alice/imagery.yaml", "A girl", "A boy")
    run = forks.run(book, "chargen", "restore", "chapters/ch01/a", "1")
    assert run.code == 1
    assert "run `doit generated/characters/alice/alice-portrait.png` first" in run.err
    book.edit("imagery/characters/alice/imagery.yaml", "A boy", "A girl")
    target = book.image("chapters/ch01/a")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{tree.sha256(target)}\nsize 9\n"
    target.write_text(pointer)
    run = forks.run(book, "chargen", "restore", "chapters/ch01/a", "1")
    assert run.code == 1
    assert "run `git lfs pull` first" in run.err
    assert target.read_text() == pointer


def test_a_location_keeps_its_list_of_pictures(tmp_path: Path, forks: Forks) -> None:
    """Bringing one back appends it: the last of `generated_images` is the current one."""
    book = Project(tmp_path)
    book.write(
        "imagery/locations/inn/imagery.yaml",
        "metadata: {entity_type: location-imagery, slug: inn, generation_defaults: {provider: sketch, model: sketch}}\n"
        'overview: {slug: yard, prompt_used: "A yard.", size: "96x64"}\n'
        'parts:\n  - slug: hall\n    prompt_used: "A hall."\n    size: "96x64"\n',
    )
    _ok(forks.run(book, "doit"))
    book.edit("imagery/locations/inn/imagery.yaml", "A hall.", "A dark hall.")
    _ok(forks.run(book, "doit"))
    _ok(forks.run(book, "chargen", "restore", "locations/inn/hall", "1"))
    assert len(book.records("imagery/locations/inn/imagery.yaml")) >= 3
    assert [version["where"] for version in _history(forks, book, "locations/inn/hall")] == ["current", "history"]
    assert "fresh 2" in _ok(forks.run(book, "doit")).out


def test_users_of_a_restored_portrait_are_told(tmp_path: Path, forks: Forks) -> None:
    """Another portrait makes the images that show it stale: said at once."""
    book = Project(tmp_path)
    book.character("alice", "A girl.")
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="depicts_characters: [alice]")
    _ok(forks.run(book, "doit"))
    book.edit("imagery/characters/alice/imagery.yaml", "A girl", "A boy")
    _ok(forks.run(book, "doit"))
    run = _ok(forks.run(book, "chargen", "restore", "characters/alice/alice-portrait", "1"))
    assert "2 images with this reference are out of date now" in run.out


def test_a_renamed_entry_takes_its_image_along_without_a_call(
    book: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """Same inputs under another id: the picture moves with it, its slots name the new place, and nothing is sent."""
    picture = book.image("chapters/ch01/a").read_bytes()
    book.edit(CH01, 'custom_id: "a"', 'custom_id: "b"')
    run = _ok(forks.run(book, "doit"))
    assert "moved 1" in run.out
    assert book.image("chapters/ch01/b").read_bytes() == picture
    assert 'file_path: "generated/chapters/ch01/b.png"' in book.read(CH01)
    assert (book.root / "generated/prompts/chapters/ch01/b.txt").is_file()
    assert "fresh 1" in _ok(forks.run(book, "doit")).out
    assert not openai.requests


@pytest.mark.parametrize(("old", "new"), [("id: alice-portrait", "id: face"), ("slug: alice", "slug: alicia")])
def test_a_renamed_portrait_takes_its_image_along_too(
    tmp_path: Path, openai: OpenAIServer, forks: Forks, old: str, new: str
) -> None:
    """Its `path` still names the former place, where the program put it: that makes it no picture of the author's."""
    book = Project(tmp_path, SETTINGS, env=openai.environ)
    file = book.character("alice", "A girl.", route=PAID)
    _ok(forks.run(book, "doit"))
    picture = book.image("characters/alice/alice-portrait").read_bytes()
    book.edit(file, old, new)
    assert "moved 1" in _ok(forks.run(book, "doit")).out
    (renamed,) = book.images()
    assert book.image(renamed).read_bytes() == picture
    assert f"/generated/{renamed}.png" in book.read(file)
    assert "fresh 1" in _ok(forks.run(book, "doit")).out
    assert len(openai.requests) == 1


def test_a_sketch_that_was_painted_over_and_brought_back_is_no_proof_any_more(
    tmp_path: Path, openai: OpenAIServer, forks: Forks
) -> None:
    """The slots tell of the very file already, but not that the author chose it: that is written too."""
    book = Project(tmp_path, f'routes = {{"openai/*" = "sketch/sketch"}}\n{SETTINGS}', env=openai.environ)
    book.chapter("ch01", {"a": "A lamp."}, route=PAID)
    _ok(forks.run(book, "doit"))
    _paint(book.image("chapters/ch01/a"))
    book.settings(SETTINGS)
    _ok(forks.run(book, "chargen", "restore", "chapters/ch01/a", "1"))
    assert "fresh 1" in _ok(forks.run(book, "doit")).out
    assert not openai.requests


def test_a_quality_in_several_words_keeps_its_record(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> None:
    """A blank in what an author declares must not break the line that tells of a paid image."""
    book = Project(tmp_path, 'rebuild_on = ["quality"]\n' + SETTINGS, env=openai.environ)
    book.chapter("ch01", {"a": "A lamp."}, route=PAID)
    book.edit(CH01, "generation_defaults: {", 'generation_defaults: {quality: "very high", ')
    _ok(forks.run(book, "doit"))
    shutil.rmtree(book.root / ".chargen")
    assert "fresh 1" in _ok(forks.run(book, "doit")).out
    assert len(openai.requests) == 1


def test_accepting_ends_a_drift_of_quality(tmp_path: Path, openai: OpenAIServer, forks: Forks) -> None:
    """What was accepted under another quality counts as current for today's, also with `rebuild_on`."""
    book = Project(tmp_path, 'rebuild_on = ["quality"]\n' + SETTINGS, env=openai.environ)
    book.chapter("ch01", {"a": "A lamp."}, route=PAID)
    book.edit(CH01, "generation_defaults: {", "generation_defaults: {quality: low, ")
    _ok(forks.run(book, "doit"))
    book.edit(CH01, "quality: low", "quality: high")
    _ok(forks.run(book, "chargen", "accept", "chapters/ch01/a"))
    assert "fresh 1" in _ok(forks.run(book, "doit")).out
    assert len(openai.requests) == 1


def test_an_accepted_painting_that_is_gone_comes_back_itself(book: Project, forks: Forks) -> None:
    """No reply holds what was painted: it is kept when it is accepted, and goes before a reply of these inputs."""
    painted = _paint(book.image("chapters/ch01/a"))
    _ok(forks.run(book, "chargen", "accept", "chapters/ch01/a"))
    book.image("chapters/ch01/a").unlink()
    _ok(forks.run(book, "doit"))
    assert book.image("chapters/ch01/a").read_bytes() == painted
    assert "by hand" in _ok(forks.run(book, "chargen", "history", "chapters/ch01/a")).out
