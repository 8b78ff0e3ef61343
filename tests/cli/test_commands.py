"""Every command in this process: its text, and that `--json` is what the action's value says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.inside import build
from support.project import Project

from chargen.cli.main import COMMANDS, run
from chargen.model.values import EntryId
from chargen.store.locks import build_lock, project_lock

A = "chapters/ch01/a"
CH01 = "imagery/chapters/ch01/imagery.yaml"
HOSTILE = "evil\x1b]0;title\x07\x1b[31m"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A portrait that an image shows, another image, and an orphan; built, and the current folder."""
    made = Project(tmp_path)
    made.character("alice", "A girl.")
    made.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [alice]")
    made.chapter("ch02", {"b": "A cat."})
    assert build(made, "chargen batch all") == 0
    made.write("generated/chapters/gone/x.png", made.image(A).read_bytes())
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command; return its exit code, stdout and stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        out = capsys.readouterr()
        return code, out.out, out.err

    return call


_ADOPT = {"images", "ambiguous", "problems", "dry_run", "decision"}
Say = Callable[..., tuple[int, str, str]]


def shown(say: Say, *arguments: str, code: int = 0) -> Any:
    """Return the object of `--json`."""
    found, out, err = say(*arguments, "--json")
    assert found == code, (out, err)
    return json.loads(out)


@pytest.mark.parametrize(
    ("arguments", "line", "keys"),
    [
        (("plan",), "3 images: fresh 3", {"images", "problems", "totals", "cost_usd", "known_cost_usd"}),
        (("plan", "ch02"), "1 image: fresh 1", {"images", "problems", "totals", "cost_usd", "known_cost_usd"}),
        (
            ("batch", "all", "--dry-run"),
            "nothing to send",
            {"images", "problems", "totals", "cost_usd", "known_cost_usd", "needed_by", "left_out"},
        ),
        (("check",), "3 images in 3 files: nothing wrong", {"problems", "totals", "characters"}),
        (("why", A), "  made ", {"images"}),
        (("history", A), f"{A}  1 version", {"images"}),
        (("impact", "ch02"), "the chapter ch02 feeds 1 image: fresh 1", None),
        (("orphans",), "1 picture: ", {"files", "bytes", "left"}),
        (("gc",), "nothing was moved: `chargen gc --yes` moves them to the trash", {"files", "bytes", "left", "moved"}),
        (("trash",), "the trash is empty", {"files", "bytes"}),
        (("cost",), "$0.00 for 3 images", {"by_day", "by_provider", "by_file", "by_tier", "records", "total"}),
        (("jobs",), "no jobs", {"jobs"}),
        (("log",), "  chargen batch all: built 3, $0.00", {"runs", "more"}),
        (("models",), "no longer available", {"as_of", "models"}),
        (("approve", "ch02"), "approved: chapters/ch02/b", None),
        (("lock", "ch02"), "locked: chapters/ch02/b", None),
        (("unlock", "ch02"), "unchanged: chapters/ch02/b", None),
        (("reject", "b"), "rejected: chapters/ch02/b", None),
        (("adopt",), "no pictures were found for images without one", _ADOPT),
        (("accept", "b"), "fresh already: chapters/ch02/b", {"images"}),
        (("prompt", "b"), "chapters/ch02/b", None),
        (("notes",), "no notes wait for an answer", {"notes"}),
        (("jobs",), "no jobs", {"jobs"}),
        (("undo", "--list"), "no decisions yet", {"decisions"}),
        (("promote", "--dry-run"), "no draft is approved", None),
        (("jobs",), "no jobs", {"jobs"}),
        (("prompt", "b", "--sent"), "to sketch/sketch: 128x96, $0.00 by estimate", None),
    ],
)
@pytest.mark.usefixtures("book")
def test_text_and_json(say: Say, arguments: tuple[str, ...], line: str, keys: set[str] | None) -> None:
    """Each command has a line for people, and one object for programs."""
    code, out, err = say(*arguments)
    assert (code, err) == (0, "")
    assert any(line in told for told in out.splitlines()), out
    found = shown(say, *arguments)
    assert isinstance(found, dict)
    assert keys is None or set(found) == keys


def test_every_command_is_tried_here() -> None:
    """A new command comes with a line above; those that are not there have a test of their own."""
    mark = next(mark for mark in test_text_and_json.pytestmark if mark.name == "parametrize")  # type: ignore[attr-defined]
    assert {arguments[0] for arguments, _, _ in mark.args[1]} | {
        "init",
        "mv",
        "new",
        "pick",
        "restore",
        "retake",
        "review",
        "schema",
        "store",
        "watch",
    } == set(COMMANDS)


def test_gc_the_trash_and_back(book: Project, say: Say) -> None:
    """What was moved is listed, named by its path, and comes back; emptied without a terminal only with `--yes`."""
    assert say("gc", "--yes")[1].splitlines()[-1].startswith("moved 1 to the trash")
    assert shown(say, "trash", "list")["files"][0]["name"] == "generated/chapters/gone/x.png"
    code, _, err = say("trash", "restore", "generated/chapters/gone/y.png")
    assert (code, "did you mean `generated/chapters/gone/x.png`?" in err) == (3, True)
    assert say("trash", "restore", "generated/*")[1] == "restored generated/chapters/gone/x.png\n"
    assert shown(say, "gc", "--yes")["moved"] == 1
    code, _, err = say("trash", "empty")
    assert (code, err.splitlines()[0]) == (3, "error: not emptied: no terminal to confirm in")
    assert shown(say, "trash", "empty", "--yes")["files"] == 1
    assert not (book.root / "generated/chapters/gone/x.png").exists()


def test_mv(book: Project, say: Say) -> None:
    """An entry gets another name, and what still names it as before is listed; not while a build works here."""
    with project_lock(book.root):
        code, _, err = say("mv", A, "lamp")
    assert (code, "is building this project" in err) == (3, True)
    code, out, err = say("mv", A, "lamp")
    assert (code, out, err) == (0, f"{A} is chapters/ch01/lamp now, with its picture: {CH01}:6:5\n", "")
    assert shown(say, "mv", "lamp", "a")["to"] == A
    code, _, err = say("mv", A, "ch09/a")
    assert (code, "there is no chapter `ch09`" in err) == (3, True)


def test_restore(book: Project, say: Say) -> None:
    """The former version comes back by its number."""
    book.edit(CH01, "A lamp.", "A door.")
    assert build(book) == 0
    code, out, _ = say("restore", A, "1")
    assert (code, out.splitlines()[0].startswith(f"restored version 1 of {A}, made ")) == (0, True)
    assert "kept as current until you edit" in out
    assert shown(say, "restore", A, "2")["other_inputs"] is False


def test_variants_and_a_pick(book: Project, say: Say) -> None:
    """So many are made in all, and the plan says so before; who shows the picture that was picked is named."""
    portrait = "characters/alice/alice-portrait"
    code, out, _ = say("batch", "characters", "--variants", "2", "--dry-run", portrait)
    assert (code, f"fresh  {portrait}  128x128  1 of 2 variants to be made" in out) == (0, True), out
    assert "1 to send to sketch/sketch" in out
    code, out, _ = say("batch", "characters", "--variants", "2", portrait)
    assert (code, "more versions 1" in out) == (0, True), out
    assert f"{portrait}  1 more version made by sketch/sketch, $0.00" in out
    assert [version["number"] for version in shown(say, "history", portrait)["images"][0]["versions"]] == [1, 2]
    code, out, err = say("pick", portrait, "2")
    assert (code, out.splitlines(), err) == (
        0,
        [f"version 2 of {portrait} is the current one now", f"1 image with this reference is out of date now: {A}"],
        "",
    )
    assert shown(say, "pick", portrait, "1")["stale"] == []
    with build_lock(book.root, EntryId(portrait)):
        code, _, err = say("pick", portrait, "2")
    assert (code, "is being built at this moment" in err) == (1, True), err
    code, _, err = say("batch", "all", "--variants", "2")
    assert (code, "`--variants` needs names" in err) == (3, True)


def test_retake(book: Project, say: Say) -> None:
    """The words, the version and the price of what the next build makes, or why it makes nothing; undone as written."""
    before = book.read(CH01)
    code, out, _ = say("retake", A, "Put it out.")
    asked = f"asked anew: {A}, from version 1: Put it out.\nthe next build makes it, $0.00 by estimate\n"
    assert (code, out) == (0, asked)
    found = shown(say, "prompt", A, "--sent")
    assert (found["prompt"], found["mask"]) == ("Put it out.", None)
    assert found["references"][0]["path"] == f"generated/{A}.png"
    assert say("undo")[1] == f"undone: retake of {A} (version 1: Put it out. → no retake)\n"
    assert book.read(CH01) == before
    say("lock", A)
    locked = shown(say, "retake", A, "Put it out.", "--of", "1")
    assert (locked["verdict"], locked["note"].partition(":")[0]) == ("locked", "it is locked")
    code, _, err = say("retake", A, "Put it out.", "--mask", "/elsewhere/mask.png")
    assert (code, "is not in the project" in err) == (3, True)


def test_init(tmp_path: Path, say: Say) -> None:
    """It says what it wrote, and what comes next."""
    code, out, _ = say("init", str(tmp_path / "new"))
    assert code == 0
    assert f"cd {tmp_path / 'new'}" in out
    assert (tmp_path / "new" / "dodo.py").is_file()


def test_what_a_record_holds_reaches_no_terminal(book: Project, say: Say) -> None:
    """A model, a provider and a time of a stranger's are written with escapes, wherever they are shown."""
    for folder in book.originals():
        record = folder / "record.json"
        text = record.read_text(encoding="utf-8").replace('"sketch"', json.dumps(HOSTILE))
        record.write_text(text, encoding="utf-8")
    book.edit(CH01, "provider: sketch, model: sketch", f"provider: sketch, model: {json.dumps(HOSTILE)}")
    for arguments in (
        ("why", A),
        ("history", A),
        ("prompt", A, "--sent"),
        ("plan", "--all"),
        ("log",),
        ("cost",),
        ("check",),
    ):
        _, out, err = say(*arguments)
        assert not set("\x1b\x07\x9b") & set(out + err), arguments
    assert r"evil\x1b]0;title\x07\x1b[31m" in say("history", A)[1]


def test_absolute_paths_mean_images(book: Project, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """From anywhere in the project, through a link as well."""
    link = book.root.parent / f"{book.root.name}-link"
    link.symlink_to(book.root)
    monkeypatch.chdir(book.root / "imagery")
    for name in (book.image(A), link / "generated" / f"{A}.png"):
        assert say("why", str(name))[1].startswith(f"{A}  fresh")
    assert shown(say, "plan", str(book.root / CH01))["totals"] == {"fresh": 1}
    assert say("plan", "/nowhere.png")[0] == 3


@pytest.mark.usefixtures("book")
def test_one_name_for_one_image(say: Say) -> None:
    """What means several where one is wanted names them."""
    code, _, err = say("prompt", "*")
    assert (code, err.splitlines()[0]) == (3, "error: `*` means 3 images")


def test_check_says_where_an_edited_appearance_changes_nothing(book: Project, say: Say) -> None:
    """On one line, those of most images first; nothing where only words show a character."""
    book.character("otto")
    book.chapter("ch03", {"d": "A lamp."}, entry="depicts_characters: [otto]")
    told = "an edited `appearance` changes nothing where portraits are sent: "
    assert f"\n{told}alice (1 image)\n" in say("check")[1]
    for number, slug in enumerate(("ada", "ivo", "lea", "mara"), 1):
        book.character(slug, "A face.")
        shown = {f"i{n}": f"Lamp {n}." for n in range(number)}
        book.chapter(f"of-{slug}", shown, entry=f"depicts_characters: [{slug}]")
    named = "mara (4 images), lea (3 images), ivo (2 images) and 2 more characters"
    assert f"\n{told}{named}\n" in say("check")[1]
    everything = say("check", "--all")[1]
    of_mara = "mara: pictures go along with 4 images, the text of imagery/characters/mara/imagery.yaml is in 0 prompts"
    assert of_mara in everything.splitlines()
    assert told not in everything


def test_check_speaks_the_language_of_a_workflow(book: Project, say: Say) -> None:
    """One annotation for each cause at its place, with what ends one written as escapes; `--all` for each place."""
    book.edit(CH01, '"128x96"', '"128 by 96%"')
    book.edit("imagery/chapters/ch02/imagery.yaml", '"128x96"', '"128 by 96%"')
    code, out, _ = say("check", "--format", "github")
    assert code == 1
    (line,) = out.splitlines()
    assert line.startswith(f"::error file={CH01},line=8,col=11,title=chargen::`128 by 96%25` is no size: ")
    assert line.endswith("%0Aalso in 1 other place")
    code, out, _ = say("check", "--format", "github", "--all")
    assert (code, len(out.splitlines())) == (1, 2)
    assert say("check", "--format", "json") == say("check", "--json")
    assert "2 errors, of 1 cause (`--all` lists every place)" in say("check")[1]
    assert "of 1 cause" not in say("check", "--all")[1]


def test_schemas_are_printed_written_or_told_as_a_page(book: Project, say: Say) -> None:
    """One object by kind; a file for each kind; every key in a table."""
    code, out, _ = say("schema")
    assert (code, set(json.loads(out))) == (0, {"chapter", "location", "character", "scene"})
    assert say("schema", "--write", "s")[1].startswith("wrote ")
    assert json.loads(book.read("s/scene.schema.json")) == json.loads(out)["scene"]
    assert say("schema", "--write", "s")[1] == "the schemas in s are up to date\n"
    assert "| `images[].prompt_used` | text | rebuilds |" in say("schema", "--reference")[1]


def test_a_new_file_is_told(book: Project, say: Say) -> None:
    """Its path, as text and as JSON."""
    assert say("new", "scenes", "alice")[1].startswith("wrote imagery/characters/alice/scenes.yaml\n")
    assert shown(say, "new", "chapter", "ch03") == {
        "file": "imagery/chapters/ch03/imagery.yaml",
        "kind": "chapter",
        "slug": "ch03",
    }
    assert book.read("imagery/chapters/ch03/imagery.yaml").startswith("metadata:\n")


def test_a_rejection_with_words_is_listed_and_taken_back(book: Project, say: Say) -> None:
    """The note in the list of notes, the decision in that of decisions; and both gone."""
    before = book.read(CH01)
    assert shown(say, "reject", A, "--note", "too dark")["decision"] == 1
    code, out, _ = say("notes")
    assert (code, out) == (0, f"{A}  open\n  too dark\n")
    assert say("undo")[1] == f"undone: reject of {A} (rejected: too dark → no status)\n"
    assert book.read(CH01) == before
    listed = say("undo", "--list")[1].splitlines()
    assert [line.split()[0] for line in listed] == ["1", "2"]
    assert listed[0].endswith("undone")
    assert [each["open"] for each in shown(say, "undo", "--list")["decisions"]] == [False, False]
    code, _, err = say("undo", "7")
    assert (code, "there is no decision 7" in err) == (3, True)
    assert say("approve", A, "--note", "x")[0] == 3


def test_undo_tells_what_picture_comes_back(book: Project, say: Say) -> None:
    """A version that is brought back is no status."""
    book.edit(CH01, "A lamp.", "A lantern.")
    assert build(book, "chargen batch all") == 0
    assert say("restore", A, "1")[0] == 0
    assert say("undo")[1] == f"undone: restore of {A} (version 1 → the version before)\n"
