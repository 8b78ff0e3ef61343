"""A book from a ComfyUI on this machine: real processes against a server that answers as a real one does."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.comfyui_server import ComfyUIServer, out_of_memory
from servers.loopback import cut_before_headers, cut_mid_body, html
from servers.openai_server import OpenAIServer, overloaded
from servers.scripted import held
from support import tree
from support.example import example_book
from support.forks import Forks
from support.project import REPOSITORY, Project

WORKFLOW = "workflows/comfyui.json"
ROUTE = f"comfyui/{WORKFLOW}"
STARTER = REPOSITORY / "chargen/providers/comfyui/starter" / WORKFLOW


@pytest.fixture
def server() -> Iterator[ComfyUIServer]:
    with ComfyUIServer() as made:
        yield made


@pytest.fixture
def book(tmp_path: Path, server: ComfyUIServer) -> Project:
    made = Project(tmp_path, env=server.environ)
    made.write(WORKFLOW, STARTER.read_bytes())
    made.chapter("ch01", {"a": "A lamp."}, route=ROUTE)
    return made


def test_an_image_comes_from_the_server(book: Project, server: ComfyUIServer, forks: Forks) -> None:
    """Planned at no price, queued once with its prompt, size and a seed, kept as delivered, and fresh afterwards."""
    planned = forks.run(book, "chargen", "plan", "--json").json["images"][0]
    assert (planned["provider"], planned["model"], planned["cost_usd"]) == ("comfyui", WORKFLOW, 0)
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    [sent] = server.queued
    assert server.prompts == ["A lamp."]
    assert sent["prompt"]["4"]["inputs"] == {"width": 128, "height": 96, "batch_size": 1}
    told = book.read("imagery/chapters/ch01/imagery.yaml")
    assert "provider: comfyui" in told
    assert f'request_id: "{sent["prompt_id"]}"' in told
    assert f"seed: {sent['prompt']['5']['inputs']['seed']}" in told
    tree.all_agrees(book, {"chapters/ch01/a"})
    assert forks.run(book, "chargen", "plan", "--json").json["images"][0]["verdict"] == "fresh"


@pytest.mark.long
def test_killed_at_any_step_nothing_is_queued_twice_and_no_picture_is_lost(
    book: Project, server: ComfyUIServer, forks: Forks, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Before every durable operation in turn: the next run gets the picture by the id that the killed one chose."""
    step, ended = 0, False
    while not ended:
        step += 1
        root = tmp_path_factory.mktemp("killed") / "book"
        trial = book.copy(root)
        before = len(server.queued)
        first = forks.run(trial, "doit", kill_at=step)
        ended = first.code == 0
        if not ended:
            assert first.code == -9, first.all
            server.settle()
            again = forks.run(trial, "doit")
            assert again.code == 0, again.all
            assert "possibly billed" not in again.out, again.all
        assert len(server.queued) == before + 1, f"killed before step {step}: {forks.steps()[step - 1 :][:1]}"
        tree.all_agrees(trial, {"chapters/ch01/a"})
        assert not list((root / ".chargen/jobs").glob("*")), f"step {step}"
        assert "possibly billed" not in forks.run(trial, "chargen", "cost").out
    assert step > 20, "too few operations: is anything watched?"
    assert len(set(server.ids)) == len(server.queued)


def kill_while_it_works(book: Project, server: ComfyUIServer, forks: Forks) -> None:
    """Kill a run whose prompt is queued; the server works on, and is held until `run` is set."""
    server.run.clear()
    pid = forks.start(book, "doit")
    server.wait_for(1)
    os.kill(pid, signal.SIGKILL)
    assert forks.wait(pid).code == -9


@pytest.mark.parametrize("done", [False, True], ids=["while it waits", "after it is done"])
def test_a_run_killed_while_the_server_works_is_finished_by_the_next(
    book: Project, server: ComfyUIServer, forks: Forks, done: bool
) -> None:
    """The job is waited for where it is not done, and stored before the plan where it is."""
    kill_while_it_works(book, server, forks)
    if done:
        server.run.set()
        server.wait_done(1)
    again = forks.start(book, "doit")
    if not done:
        server.wait_gets(f"/history/{server.ids[0]}", 3)
        server.run.set()
    run = forks.wait(again)
    assert run.code == 0, run.all
    assert len(server.queued) == 1
    tree.all_agrees(book, {"chapters/ch01/a"})
    [attempt] = tree.stored(book)
    assert attempt["request_id"] == server.ids[0]


def test_inputs_edited_after_a_kill_lose_no_picture(book: Project, server: ComfyUIServer, forks: Forks) -> None:
    """What was made for the words of before is kept as a version, and comes back with them, for no further job."""
    kill_while_it_works(book, server, forks)
    server.run.set()
    server.wait_done(1)
    book.edit("imagery/chapters/ch01/imagery.yaml", "A lamp.", "A door.")
    assert forks.run(book, "doit").code == 0
    assert server.prompts == ["A lamp.", "A door."]
    assert len(tree.stored(book)) == 2
    book.edit("imagery/chapters/ch01/imagery.yaml", "A door.", "A lamp.")
    assert forks.run(book, "doit").code == 0
    assert len(server.queued) == 2


def test_a_server_that_forgot_is_sent_the_prompt_again(book: Project, server: ComfyUIServer, forks: Forks) -> None:
    """A lost history is a lost job: it is neither done nor waited for."""
    kill_while_it_works(book, server, forks)
    server.restart()
    server.run.set()
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert len(server.queued) == 2
    assert len(set(server.ids)) == 2, "an id was used twice"
    tree.all_agrees(book, {"chapters/ch01/a"})


def test_a_job_that_is_lost_with_its_words_edited_is_given_up(
    book: Project, server: ComfyUIServer, forks: Forks
) -> None:
    """No image asks for it any more, so the next run does, once, and notes it as failed."""
    kill_while_it_works(book, server, forks)
    server.restart()
    server.run.set()
    book.edit("imagery/chapters/ch01/imagery.yaml", "A lamp.", "A door.")
    assert forks.run(book, "doit").code == 0
    assert not list((book.root / ".chargen/jobs").glob("*"))
    assert [status for (status,) in tree.journal(book, "SELECT status FROM attempts ORDER BY sent_at")] == [
        "failed",
        "done",
    ]


def test_a_server_that_forgets_during_a_run_is_sent_the_prompt_again(
    book: Project, server: ComfyUIServer, forks: Forks
) -> None:
    """The same within one run."""
    server.run.clear()
    pid = forks.start(book, "doit")
    server.wait_for(1)
    server.restart()
    server.run.set()
    run = forks.wait(pid)
    assert run.code == 0, run.all
    assert len(server.queued) == 2


@pytest.mark.parametrize("arrived", [True, False])
def test_a_prompt_without_an_answer_is_asked_for_before_it_is_sent_again(
    book: Project, server: ComfyUIServer, forks: Forks, arrived: bool
) -> None:
    """The connection broke: where the server has it, it is waited for; where it never got there, it is sent."""
    server.then(cut_mid_body() if arrived else cut_before_headers())
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert len(server.requests) == (1 if arrived else 2)
    assert len(server.queued) == 1
    tree.all_agrees(book, {"chapters/ch01/a"})
    assert "possibly billed" not in run.out


def test_another_version_has_another_seed(book: Project, server: ComfyUIServer, forks: Forks) -> None:
    """A server gives the same file for the same graph, so a rejected picture would come again."""
    assert forks.run(book, "doit").code == 0
    first = tree.sha256(book.image("chapters/ch01/a"))
    run = forks.run(book, "doit", "--rebuild", "chapters/ch01/a")
    assert run.code == 0, run.all
    assert tree.sha256(book.image("chapters/ch01/a")) != first
    seeds = [sent["prompt"]["5"]["inputs"]["seed"] for sent in server.queued]
    assert len(set(seeds)) == 2


def test_a_pool_builds_a_book_although_a_server_dies(tmp_path: Path, forks: Forks) -> None:
    """Both servers work; one dies with a job of ours in it: what it had is made by the other, and all images are there.

    When it comes back, the run that follows asks it for what it had.
    """
    with ComfyUIServer(latency=0.05) as one, ComfyUIServer(latency=0.05) as two:
        book = Project(tmp_path, f'providers.comfyui.base_url = ["{one.address}", "{two.address}"]\n')
        book.write(WORKFLOW, STARTER.read_bytes())
        names = [f"n{number}" for number in range(12)]
        book.chapter("ch01", {name: f"Lamp {name}." for name in names}, route=ROUTE)
        pid = forks.start(book, "doit")
        one.wait_for(3)
        two.wait_for(3)
        two.dies()
        run = forks.wait(pid)
        assert run.code == 0, run.all
        assert len(book.images()) == 12
        assert len(set(one.prompts) | set(two.prompts)) == 12
        assert len(one.prompts) == len(set(one.prompts)), "a prompt was queued twice at one server"
        assert f"`{two.address}` of `comfyui` was left out: " in run.out + run.err
        twice = set(one.prompts) & set(two.prompts)
        assert len(twice) <= 2, "more than was in flight went twice"
        left = len(list((book.root / ".chargen/jobs").glob("*.json")))
        assert left == len(twice)
        two.comes_back()
        book.edit("imagery/chapters/ch01/imagery.yaml", "Lamp n0.", "Lamp zero.")
        assert forks.run(book, "doit").code == 0
        assert not list((book.root / ".chargen/jobs").glob("*.json"))
        assert len(tree.stored(book)) == 13 + left, "what the dead one had made was lost"


def test_a_pool_of_compatible_servers_goes_on_without_one(tmp_path: Path, forks: Forks) -> None:
    """The same mechanism for servers that speak OpenAI's language."""
    with OpenAIServer(latency=0.05) as one, OpenAIServer(latency=0.05) as two:
        pair = f'["{one.base_url}", "{two.base_url}"]'
        book = Project(tmp_path, f"providers.openai.base_url = {pair}\n")
        book.chapter("ch01", {f"n{number}": f"Lamp {number}." for number in range(8)}, route="openai/local")
        gone = threading.Event()
        for server in (one, two):  # else all might be made before one of them dies
            server.when("Lamp", held(gone))
        pid = forks.start(book, "doit")
        two.wait_for(2)
        two.dies()
        gone.set()
        run = forks.wait(pid)
        assert run.code == 0, run.all
        assert len(book.images()) == 8
        assert len(one.requests) >= 6
        assert f"`{two.base_url}` of `openai` was left out" in run.out + run.err


def test_results_do_not_depend_on_who_answers(tmp_path: Path, forks: Forks) -> None:
    """The same request at whichever server: what one is sent differs from what the other is sent by prompt and seed."""
    with ComfyUIServer(latency=0.1) as one, ComfyUIServer(latency=0.1) as two:
        book = Project(tmp_path, f'providers.comfyui.base_url = ["{one.address}", "{two.address}"]\n')
        book.write(WORKFLOW, STARTER.read_bytes())
        book.chapter("ch01", {f"n{number}": "A lamp." for number in range(4)}, route=ROUTE)
        assert forks.run(book, "doit").code == 0
        assert one.queued
        assert two.queued
        graphs = [sent["prompt"] for server in (one, two) for sent in server.queued]
        for graph in graphs:
            graph["5"]["inputs"]["seed"] = 0
        assert all(graph == graphs[0] for graph in graphs)
        assert {record["model"] for record in tree.stored(book)} == {WORKFLOW}


def test_an_edited_workflow_is_drift_and_rebuilds_only_where_it_is_named(
    book: Project, server: ComfyUIServer, forks: Forks
) -> None:
    """Its hash is recorded and no input: an edit is shown; `rebuild_on = ["workflow"]` makes it count, once."""
    assert forks.run(book, "doit").code == 0
    digest = tree.sha256(book.root / WORKFLOW)
    [line] = book.records("imagery/chapters/ch01/imagery.yaml")
    assert f" model_file={digest[:8]}" in line
    assert len(line) <= 300
    assert tree.stored(book)[0]["model_sha256"] == digest
    assert forks.run(book, "doit").out.startswith("fresh 1")
    book.edit(WORKFLOW, '"steps": 25', '"steps": 30')
    image = forks.run(book, "chargen", "plan", "--all", "--json").json["images"][0]
    assert image["verdict"] == "fresh"
    assert f"workflow `{WORKFLOW}` changed; rebuilt for that only if" in forks.run(book, "chargen", "why", "a").out
    assert forks.run(book, "doit").code == 0
    assert len(server.queued) == 1
    book.settings('rebuild_on = ["workflow"]\n')
    assert f"workflow `{WORKFLOW}` changed" in forks.run(book, "chargen", "plan").out
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert [sent["prompt"]["5"]["inputs"]["steps"] for sent in server.queued] == [25, 30]
    assert forks.run(book, "doit").out.startswith("fresh 1")
    book.edit(WORKFLOW, '"steps": 30', '"steps": 31')
    assert forks.run(book, "chargen", "accept", "a").code == 0
    assert forks.run(book, "doit").code == 0
    assert len(server.queued) == 2, "what was accepted with this workflow was rebuilt"


def test_check_tells_marks_with_their_places(book: Project, server: ComfyUIServer, forks: Forks) -> None:
    """Unknown and missing ones, and what can't be set: workflow, line, node and field; nothing is queued."""
    book.edit(WORKFLOW, "chargen:seed", "chargen:sed")
    book.edit(WORKFLOW, "chargen:output", "Saved")
    book.edit(WORKFLOW, '"title": "chargen:size"', '"title": "chargen:prompt"')
    run = forks.run(book, "chargen", "check")
    assert run.code == 1, run.all
    told = run.out + run.err
    text = book.read(WORKFLOW)
    line = text[: text.index("chargen:sed")].count("\n") + 1
    assert f"{WORKFLOW}:{line}:" in told
    assert "node `5` (KSampler) is titled `chargen:sed`, which is no mark" in told
    assert "did you mean `seed`" in told
    assert "no node is titled `chargen:output`" in told
    assert "node `4` (EmptyLatentImage) has no prompt to set" in told
    assert forks.run(book, "doit").code == 1
    assert server.requests == []
    book.write(WORKFLOW, STARTER.read_bytes())
    run = forks.run(book, "chargen", "check")
    assert run.code == 0, run.all
    assert forks.run(book, "doit").code == 0


NODES = {
    "2": {
        "class_type": "TextEncodeQwenImageEditPlus",
        "inputs": {"prompt": "", "clip": ["1", 1], "image1": ["20", 0], "image2": ["21", 0]},
        "_meta": {"title": "chargen:prompt"},
    },
    "20": {"class_type": "LoadImage", "inputs": {"image": "a.png"}, "_meta": {"title": "chargen:reference:1"}},
    "21": {"class_type": "LoadImage", "inputs": {"image": "b.png"}, "_meta": {"title": "chargen:reference:2"}},
}


def test_a_chapter_of_the_example_book_is_built_whatever_the_server_does(tmp_path: Path, forks: Forks) -> None:
    """Portraits first, then what shows them; every failure that passes costs a try, and no prompt is queued twice."""
    with ComfyUIServer() as server:
        book = example_book(tmp_path, server.environ)
        book.write(WORKFLOW, json.dumps({**json.loads(STARTER.read_text()), **NODES}))
        book.write("pyproject.toml", f'{book.read("pyproject.toml")}\n[tool.chargen.routes]\n"sketch/*" = "{ROUTE}"\n')
        before = tree.yaml_files(book)
        server.then(cut_before_headers(), cut_mid_body(), html(502), overloaded())
        server.breaks("", out_of_memory())
        run = forks.run(book, "doit", "chapters/ch07/*")
        assert run.code == 0, run.all
        built = book.images()
        assert sum(name.startswith("chapters/ch07/") for name in built) >= 5
        assert any(name.startswith("characters/") for name in built)
        tree.slots_only(book, before)
        tree.all_agrees(book, built)
        assert len(server.queued) == len(built) + 1, "the one that ran out of memory went twice, no other"
        assert len(set(server.ids)) == len(server.queued)
        portraits = [sent for sent in server.queued if "20" in sent["prompt"]]
        assert portraits, "no image was sent with its references"
        assert len(server.uploads) == len(set(server.uploads)), "a reference was uploaded twice"
        assert "possibly billed" not in run.out
        assert forks.run(book, "doit", "chapters/ch07/*").code == 0
        assert len(server.queued) == len(built) + 1


def test_a_budget_and_a_number_of_tasks_work_as_for_paid_providers(
    book: Project, server: ComfyUIServer, forks: Forks
) -> None:
    """What costs nothing fits into any budget; `--max-tasks` and `per_minute` hold as everywhere."""
    book.chapter("ch01", {name: f"Lamp {name}." for name in "abcd"}, route=ROUTE)
    run = forks.run(book, "chargen", "batch", "all", "--budget", "0", "--max-tasks", "2")
    assert run.code == 0, run.all
    assert len(server.queued) == 2
    book.settings("providers.comfyui.per_minute = 120\n")
    assert forks.run(book, "doit").code == 0
    left, last = (seen.at for seen in server.requests[2:])
    assert last - left >= 0.4
    rows = tree.journal(book, "SELECT provider, status, cost_usd FROM attempts")
    assert rows == [("comfyui", "done", "0")] * 4


def test_a_dead_server_stops_its_provider_once(book: Project, server: ComfyUIServer, forks: Forks) -> None:
    """The breaker: told once, with what to look at; the next run has everything made."""
    book.chapter("ch01", {name: f"Lamp {name}." for name in "abcdef"}, route=ROUTE)
    server.dies()
    run = forks.run(book, "doit")
    assert run.code == 1, run.all
    assert run.out.count("stopped: comfyui: no connection") == 1
    assert f"see that a server answers at `{server.address}`" in run.out
    assert not list((book.root / ".chargen/jobs").glob("*"))
    server.comes_back()
    assert forks.run(book, "doit").code == 0
    assert len(server.queued) == 6
