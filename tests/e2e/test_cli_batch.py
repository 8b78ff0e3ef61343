"""`chargen batch` in real processes: each option does what it says, a dry run writes nothing, JSON has its shape."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers.openai_server import OpenAIServer
from support.forks import ForkedProject, Forks
from support.project import Project

PLAN_KEYS = {"images", "problems", "totals", "cost_usd", "known_cost_usd", "needed_by", "left_out"}
OUTCOME_KEYS = {"id", "target", "outcome", "verdict", "provider", "model", "cost_usd", "error", "needed_by"}
IMAGE_KEYS = {
    *("id", "kind", "file", "line", "target", "prompt_file", "references", "verdict", "reasons"),
    *("provider", "model", "quality", "size", "cost_usd"),
}


@pytest.fixture
def book(tmp_path: Path, forks: Forks) -> Project:
    """Two chapters, the second with a character whose portrait is planned, and a location."""
    book = ForkedProject(forks, tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    book.chapter("ch02", {"c": "A boat."}, entry="depicts_characters: [mara]")
    book.character("mara", "A face.")
    book.write(
        "imagery/locations/quay/imagery.yaml",
        "metadata: {slug: quay, entity_type: location-imagery}\n"
        "generation_defaults: {provider: sketch, model: sketch}\n"
        "overview: {slug: wide, prompt_used: A quay., size: 64x64}\n",
    )
    return book


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every path below `root` with its time of change in nanoseconds and, for a file, its bytes."""
    paths = [root, *sorted(root.rglob("*"))]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in paths}


def ids(images: list[dict[str, str]]) -> list[str]:
    return [image["id"] for image in images]


def test_a_dry_run_writes_nothing_where_nothing_was_built(book: Project) -> None:
    """No `.chargen`, no prompt file, no touched time; the plan of what would be sent is on stdout."""
    before = snapshot(book.root)
    run = book.chargen("batch", "all", "--dry-run")
    assert run.code == 0, run.all
    assert snapshot(book.root) == before
    assert "5 to send to sketch/sketch" in run.out
    assert run.err == ""


def test_a_dry_run_writes_nothing_beside_an_older_build(book: Project) -> None:
    """With journal, caches and images there, they stay as they are, to the nanosecond."""
    assert book.doit().code == 0
    book.edit("imagery/chapters/ch01/imagery.yaml", "A lamp.", "A lantern.")
    before = snapshot(book.root)
    run = book.chargen("batch", "all", "--dry-run", "--json")
    assert run.code == 0, run.all
    assert snapshot(book.root) == before
    assert [(image["id"], image["verdict"]) for image in run.json["images"]] == [("chapters/ch01/a", "stale")]
    assert run.json["images"][0]["reasons"] == ["prompt used changed (imagery/chapters/ch01/imagery.yaml:7:18)"]


def test_each_kind_builds_its_own_and_what_it_references(book: Project) -> None:
    """`chapters` builds the portrait its images need, `locations` only places, `characters` only portraits."""
    assert book.chargen("batch", "locations").code == 0
    assert book.images() == {"locations/quay/wide"}
    run = book.chargen("batch", "chapters", "--json")
    assert run.code == 0, run.all
    told = {item["id"]: item["needed_by"] for item in run.json["outcomes"]}
    assert told == {
        "chapters/ch01/a": None,
        "chapters/ch01/b": None,
        "characters/mara/mara-portrait": "chapters/ch02/c",
        "chapters/ch02/c": None,
    }
    assert book.chargen("batch", "characters", "--json").json["outcomes"] == []
    assert len(book.images()) == 5


def test_the_dry_run_is_what_the_run_does(book: Project) -> None:
    """The same ids in the dry run's plan and among the run's outcomes; progress goes to stderr beside `--json`."""
    planned = book.chargen("batch", "all", "--dry-run", "--json", "--only", "ch02").json
    run = book.chargen("batch", "all", "--json", "--only", "ch02")
    assert set(planned) == PLAN_KEYS
    assert all(set(image) == IMAGE_KEYS for image in planned["images"])
    assert planned["needed_by"] == {"characters/mara/mara-portrait": "chapters/ch02/c"}
    assert ids(planned["images"]) == ids(run.json["outcomes"])
    assert all(set(item) == OUTCOME_KEYS for item in run.json["outcomes"])
    assert run.json["totals"] == {"built": 2}
    assert (run.json["exit_code"], run.code, run.json["cost_usd"]) == (0, 0, 0.0)
    assert "[2/2] chapters/ch02/c" in run.err


def test_only_and_match_narrow_and_names_add_up(book: Project) -> None:
    """`--only` takes a slug or an id of an entry, `--match` a glob on the id; several of one option add up."""

    def chosen(*arguments: str) -> list[str]:
        run = book.chargen("batch", "all", "--dry-run", "--json", *arguments)
        assert run.code == 0, run.all
        return ids(run.json["images"])

    assert chosen("--only", "ch01", "--only", "wide") == [
        "chapters/ch01/a",
        "chapters/ch01/b",
        "locations/quay/wide",
    ]
    assert chosen("--match", "chapters/*", "--match", "*/b", "--only", "b") == ["chapters/ch01/b"]
    assert chosen("generated/chapters/ch01/a.png", "locations/*") == ["chapters/ch01/a", "locations/quay/wide"]


def test_max_tasks_counts_what_is_sent_and_names_the_rest(book: Project) -> None:
    """Plan order decides; what is left out is an outcome with its reason, and the exit code is 0."""
    run = book.chargen("batch", "all", "--max-tasks", "2", "--json")
    assert run.code == 0, run.all
    assert run.json["totals"] == {"built": 2, "left out": 3}
    left = [item for item in run.json["outcomes"] if item["outcome"] == "left out"]
    assert {item["id"] for item in left} == {
        "characters/mara/mara-portrait",
        "chapters/ch02/c",
        "locations/quay/wide",
    }
    assert left[0]["error"] == "`--max-tasks 2`"
    assert book.images() == {"chapters/ch01/a", "chapters/ch01/b"}


def test_no_resume_tries_again_what_was_refused(book: Project) -> None:
    """A refusal blocks the image while its inputs stay; `--no-resume` sends it again."""
    book.settings('[tool.chargen.providers.sketch]\nfail = ["chapters/ch01/a=refused*1"]\n')
    first = book.chargen("batch", "all", "--only", "a", "--json")
    assert (first.code, first.json["exit_code"]) == (1, 1)
    assert first.json["totals"] == {"failed": 1}
    book.settings("")
    kept = book.chargen("batch", "all", "--only", "a", "--dry-run", "--json").json["images"][0]
    assert kept["verdict"] == "blocked"
    assert "refused before" in kept["reasons"][0]
    again = book.chargen("batch", "all", "--only", "a", "--no-resume", "--json")
    assert again.json["totals"] == {"built": 1}, again.all


def test_rebuild_takes_names_and_builds_them_whatever_they_are(book: Project) -> None:
    """A fresh image is built anew, alone; without a name the option refuses and nothing starts."""
    assert book.chargen("batch", "all").code == 0
    run = book.chargen("batch", "chapters", "--rebuild", "chapters/ch01/a", "--json")
    assert [(item["id"], item["outcome"]) for item in run.json["outcomes"]] == [("chapters/ch01/a", "built")], run.all
    assert len(book.originals()) == 6
    nameless = book.chargen("batch", "all", "--rebuild")
    assert nameless.code == 3
    assert "`--rebuild` requires" in nameless.err
    other_kind = book.chargen("batch", "locations", "--rebuild", "chapters/ch01/a")
    assert other_kind.code == 3
    assert len(book.originals()) == 6


def test_provider_and_budget_before_and_while_paying(book: Project) -> None:
    """`--provider` sends what is not fresh to that provider; `--budget` leaves out what does not fit, by price."""
    with OpenAIServer() as server:
        env = dict(server.environ)
        planned = book.chargen("batch", "chapters", "--provider", "openai", "--dry-run", "--json", env=env).json
        prices = {image["id"]: image["cost_usd"] for image in planned["images"]}
        assert {image["provider"] for image in planned["images"]} == {"openai", "sketch"}  # the portrait is only needed
        assert sum(prices.values()) == pytest.approx(planned["cost_usd"])
        sent = book.chargen("prompt", "chapters/ch01/a", "--sent", "--json", "--provider", "openai", env=env).json
        assert sent["cost_usd"] == prices["chapters/ch01/a"] < sent["most_usd"]
        budget = f"{sent['most_usd'] + prices['chapters/ch01/a'] / 2:.4f}"
        run = book.chargen("batch", "chapters", "--provider", "openai", "--budget", budget, "--json", env=env)
        assert run.code == 0, run.all
        built = {item["id"]: item["provider"] for item in run.json["outcomes"] if item["outcome"] == "built"}
        assert built == {"chapters/ch01/a": "openai", "characters/mara/mara-portrait": "sketch"}
        assert 0 < run.json["cost_usd"] <= float(budget)
        assert len(server.requests) == 1


def test_what_was_drawn_stays_when_another_provider_is_asked(book: Project) -> None:
    """`--provider` never makes anything stale: a fresh image is not sent again."""
    assert book.chargen("batch", "locations").code == 0
    run = book.chargen("batch", "locations", "--provider", "google", "--json")
    assert (run.code, run.json["outcomes"], run.json["untouched"]) == (0, [], {"fresh": 1}), run.all


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("chapters", "--only", "ch1"), "did you mean `ch01`?"),
        (("all", "chapters/ch01/A"), "did you mean `chapters/ch01/a`?"),
        (("all", "--provider", "opnai"), "did you mean `openai`?"),
        (("all", "--budget", "much"), "`--budget` takes an amount in USD"),
        (("everything",), "`everything` is not one of"),
    ],
)
def test_what_can_not_start_exits_3_with_the_next_step(book: Project, arguments: tuple[str, ...], words: str) -> None:
    """A selection that matches nothing, an unknown provider, a bad amount, an unknown kind."""
    run = book.chargen("batch", *arguments)
    assert run.code == 3, run.all
    assert words in run.err
    assert run.out == ""
    assert book.images() == set()


def test_names_are_read_from_a_sub_folder(book: Project) -> None:
    """Started below the project, a path may be written from there."""
    run = book.chargen("batch", "all", "imagery.yaml", "--json", cwd="imagery/chapters/ch01")
    assert run.code == 0, run.all
    assert ids(run.json["outcomes"]) == ["chapters/ch01/a", "chapters/ch01/b"]
    assert book.images() == {"chapters/ch01/a", "chapters/ch01/b"}


def test_a_build_goes_on_when_nobody_reads(book: Project) -> None:
    """A reader that leaves early costs no image and no exit code."""
    process = book.start("chargen", "batch", "all")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()
    assert len(book.images()) == 5


def test_no_wait_fails_where_another_process_builds(book: Project) -> None:
    """One process builds a project; a second one says who it is, or waits."""
    book.settings("[tool.chargen.providers.sketch]\nlatency = 60\n")
    first = book.start("chargen", "batch", "all")
    try:
        assert first.stdout is not None
        assert b"to build" in first.stdout.readline()
        run = book.chargen("batch", "all", "--no-wait")
        assert run.code == 3, run.all
        assert f"process {first.pid} is building this project" in run.err
    finally:
        first.kill()
        first.communicate(timeout=60)
