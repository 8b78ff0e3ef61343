"""`chargen plan` and `chargen check` in real processes: what they list, their JSON, and that they write nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.forks import ForkedProject, Forks
from support.project import Project

IMAGE_KEYS = {
    *("id", "kind", "file", "line", "target", "prompt_file", "references", "verdict", "reasons"),
    *("provider", "model", "quality", "size", "cost_usd"),
}
PROBLEM_KEYS = {"severity", "file", "line", "column", "message", "hint"}


@pytest.fixture
def book(tmp_path: Path, forks: Forks) -> Project:
    """A built chapter, and a chapter that is not built and needs a portrait; both routed to sketch."""
    book = ForkedProject(forks, tmp_path, env={"OPENAI_API_KEY": "sk-test", "GEMINI_API_KEY": "test"})
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    assert book.doit().code == 0
    book.chapter("ch02", {"c": "A boat."}, entry="depicts_characters: [mara]")
    book.character("mara", "A face.")
    return book


def paths(root: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in [root, *root.rglob("*")]}


def test_the_whole_plan_as_json(book: Project) -> None:
    """Every entry in build order with the fixed keys, problems, totals and the cost; nothing is written."""
    book.edit("imagery/chapters/ch02/imagery.yaml", "[mara]", "[mara, nobody]")
    before = paths(book.root)
    run = book.chargen("plan", "--json")
    assert run.code == 0, run.all
    assert paths(book.root) == before
    plan = run.json
    assert set(plan) == {"images", "problems", "totals", "cost_usd", "known_cost_usd"}
    assert all(set(image) == IMAGE_KEYS for image in plan["images"])
    assert [(image["id"], image["verdict"]) for image in plan["images"]] == [
        ("chapters/ch01/a", "fresh"),
        ("chapters/ch01/b", "fresh"),
        ("characters/mara/mara-portrait", "missing"),
        ("chapters/ch02/c", "missing"),
    ]
    assert plan["images"][3] == {
        "id": "chapters/ch02/c",
        "kind": "chapter",
        "file": "imagery/chapters/ch02/imagery.yaml",
        "line": 6,
        "target": "generated/chapters/ch02/c.png",
        "prompt_file": "generated/prompts/chapters/ch02/c.txt",
        "references": ["generated/characters/mara/mara-portrait.png"],
        "verdict": "missing",
        "reasons": ["not built yet", "reference `generated/characters/mara/mara-portrait.png` will be built first"],
        "provider": "sketch",
        "model": "sketch",
        "quality": None,
        "size": "128x96",
        "cost_usd": 0.0,
    }
    assert [set(problem) for problem in plan["problems"]] == [PROBLEM_KEYS]
    assert "`nobody`" in plan["problems"][0]["message"]
    assert (plan["totals"], plan["cost_usd"]) == ({"fresh": 2, "missing": 2}, 0.0)


def test_the_plan_for_people(book: Project) -> None:
    """What would be done by file, in build order; what is fresh only as a number, unless `--all` asks."""
    run = book.chargen("plan")
    assert run.out.splitlines() == [
        "imagery/characters/mara/imagery.yaml",
        "  missing  characters/mara/mara-portrait  128x128",
        "imagery/chapters/ch02/imagery.yaml",
        "  missing  chapters/ch02/c                128x96   after mara-portrait",
        "",
        "4 images: fresh 2, missing 2",
        "2 to send to sketch/sketch, $0.00 by estimate",
    ], run.all
    everything = book.chargen("plan", "--all", "--only", "ch01").out.splitlines()
    assert everything[:3] == [
        "imagery/chapters/ch01/imagery.yaml",
        "  fresh  chapters/ch01/a  128x96",
        "  fresh  chapters/ch01/b  128x96",
    ]
    assert everything[-1] == "nothing to send"


def test_a_selection_shows_what_it_needs_and_its_own_problems(book: Project) -> None:
    """The portrait is marked as needed; problems of other files are left to the whole plan."""
    book.edit("imagery/chapters/ch01/imagery.yaml", 'size: "128x96"', 'size: "128x96"\n    status: marvellous')
    run = book.chargen("plan", "c.png", cwd="generated")
    assert run.code == 3
    (book.root / "generated/chapters/ch02").mkdir()
    run = book.chargen("plan", "c.png", cwd="generated/chapters/ch02")
    assert run.code == 0, run.all
    assert "needed by `chapters/ch02/c`" in run.out
    assert "marvellous" not in run.out
    assert "2 images: missing 2" in run.out
    assert "marvellous" in book.chargen("plan").out


def test_wishes_change_the_plan(book: Project) -> None:
    """`--rebuild`, `--provider`, `--max-tasks`, `--budget` and `--no-resume` each show what they would do."""
    rebuilt = book.chargen("plan", "--rebuild", "chapters/ch01/a", "--json").json["images"]
    assert [(image["id"], image["verdict"]) for image in rebuilt] == [("chapters/ch01/a", "stale")]
    paid = book.chargen("plan", "--provider", "google", "--json").json
    assert [(image["provider"], image["verdict"]) for image in paid["images"]] == [
        ("sketch", "fresh"),
        ("sketch", "fresh"),
        ("google", "missing"),
        ("google", "missing"),  # a reference that is still to be built is not held against it
    ]
    assert paid["cost_usd"] > 0
    few = book.chargen("plan", "--provider", "google", "--max-tasks", "1").out
    assert "1 to send to google/" in few
    assert few.endswith("left out: chapters/ch02/c: `--max-tasks 1`\n")
    none = book.chargen("plan", "--provider", "google", "--max-tasks", "0").out
    assert "left out: `--max-tasks 0`" not in none  # what needs a portrait is left out because that is
    poor = book.chargen("plan", "--provider", "google", "--budget", "0.01").out
    assert "$0.01 of the run's $0.01 left" in poor
    assert "nothing to send" in poor


def test_an_unknown_price_is_counted_apart(book: Project) -> None:
    """A model that is not in the table has no price: the total says so, and `check` warns of it once."""
    book.chapter("ch03", {"d": "A key."}, route="openai/my-own-model")
    book.chapter("ch04", {"e": "A box."}, route="openai/gpt-image-2.6-flare")
    run = book.chargen("plan", "--only", "ch03", "--only", "ch04")
    assert re.search(r"2 to send, at least \$0\.\d+ by estimate", run.out), run.all
    assert "  openai/my-own-model: 1, unknown cost\n" in run.out
    assert book.chargen("plan", "--json").json["cost_usd"] is None
    checked = book.chargen("check", "--json")
    assert [item["severity"] for item in checked.json["problems"]] == ["warning"]
    assert "its price is unknown" in checked.json["problems"][0]["message"]
    assert checked.code == 0


def test_a_broken_pipe_is_no_error(book: Project) -> None:
    """A reader that leaves early ends the program quietly."""
    process = book.start("chargen", "plan", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_check_finds_nothing_wrong(book: Project) -> None:
    """A good project: one line, exit 0, nothing written, from a sub-folder too."""
    book.chapter("ch03", {"d": "A key."}, route="openai/gpt-image-2.6-flare")
    before = paths(book.root)
    run = book.chargen("check", cwd="imagery/chapters")
    assert (run.code, run.out.splitlines()) == (
        0,
        [
            "an edited `appearance` changes nothing where portraits are sent: mara (1 image)",
            "5 images in 4 files: nothing wrong",
        ],
    ), run.all
    assert paths(book.root) == before


def test_check_tells_what_providers_would_say(book: Project) -> None:
    """A dead model is an error, a quality that is ignored a note, each told once; both at the line that asks."""
    book.chapter("ch04", {"f": "A box.", "h": "A hat."}, route="openai/gpt-image-1")
    book.chapter("ch05", {"g": "A lid."}, route="google/gemini-nano-banana-2.1")
    book.edit("imagery/chapters/ch05/imagery.yaml", "2.1}", "2.1, quality: high}")
    run = book.chargen("check", "--json")
    assert run.code == 1, run.all
    told = [(item["severity"], item["file"].split("/")[2], item["line"]) for item in run.json["problems"]]
    assert told == [("error", "ch04", 4), ("note", "ch05", 4)]
    assert run.json["problems"][0]["images"] == ["chapters/ch04/f", "chapters/ch04/h"]
    assert run.json["totals"] == {"error": 1, "warning": 0, "note": 1}
    assert "quality `high` is ignored" in run.json["problems"][-1]["message"]


def test_bad_settings_stop_everything(book: Project) -> None:
    """A setting that is wrong is no problem of the input: nothing can start, exit 3, with its place."""
    book.settings('defualt_size = "64x64"\n')
    for command in (("plan",), ("check",), ("prompt", "chapters/ch01/a")):
        run = book.chargen(*command)
        assert run.code == 3, run.all
        assert "did you mean `default_size`?" in run.err
        assert run.err.startswith("pyproject.toml:")
