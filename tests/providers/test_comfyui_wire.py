"""ComfyUI: what of a workflow is set, and what a server's answers mean, each with the place an author has to mend."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from servers import comfyui_server, loopback, pictures
from servers.comfyui_server import ComfyUIServer
from support.project import REPOSITORY

from chargen.model.request import (
    Asked,
    FailureClass,
    Pending,
    ProviderError,
    ProviderSettings,
    Reply,
    Request,
    SentReference,
    Ticket,
)
from chargen.model.values import Size
from chargen.providers import load_models
from chargen.providers.comfyui.adapter import ComfyUIProvider, id_of, seed_of
from chargen.providers.comfyui.workflow import Values, read_workflow

STARTER = json.loads((REPOSITORY / "chargen/providers/comfyui/starter/workflows/comfyui.json").read_text())
TWO = {
    "2": {
        "class_type": "TextEncodeQwenImageEditPlus",
        "inputs": {"prompt": "", "clip": ["1", 1], "image1": ["22", 0], "image2": ["21", 0]},
        "_meta": {"title": "chargen:prompt"},
    },
    "20": {"class_type": "LoadImage", "inputs": {"image": "a.png"}, "_meta": {"title": "chargen:reference:1"}},
    "21": {"class_type": "LoadImage", "inputs": {"image": "b.png"}, "_meta": {"title": "chargen:reference:2"}},
    "22": {"class_type": "ImageScale", "inputs": {"image": ["20", 0], "width": 512, "height": 512}},
}
"""Nodes that show two references to the model, the first of them scaled."""
MODEL = "w.json"


def changed(**nodes: Any) -> dict[str, Any]:
    """Return the starter's workflow with other nodes; None takes one out."""
    names = {name.removeprefix("n"): node for name, node in nodes.items()}
    return {name: node for name, node in {**STARTER, **names}.items() if node is not None}


def titled(node: str, title: str) -> dict[str, Any]:
    return {**STARTER[node], "_meta": {"title": title}}


def reference(name: str, number: int, appearance: str = "") -> SentReference:
    return SentReference(
        name, f"art/{name}.png", pictures.png(8, 8, number), "image/png", appearance, name=name.title()
    )


def asked(*references: SentReference, prompt: str = "A lamp.", negative: str = "", size: str = "128x96") -> Asked:
    width, height = map(int, size.split("x"))
    return Asked(prompt, negative, references, Size(width, height))


class Desk:
    """A provider whose project holds one workflow, and a server."""

    def __init__(self, root: Path, server: ComfyUIServer, graph: Any = STARTER) -> None:
        self.file = root / MODEL
        self.write(graph)
        settings = ProviderSettings(base_url=server.base_url, root=str(root), timeout=10.0)
        self.provider = ComfyUIProvider(settings, load_models(), {}, today=date(2026, 11, 28))
        self.sent = 0

    def write(self, graph: Any) -> None:
        self.file.write_text(graph if isinstance(graph, str) else json.dumps(graph, indent=1))

    def request(self, of: Asked | None = None) -> Request:
        return self.provider.adapt(of or asked(), MODEL)

    def send(self, of: Asked | None = None) -> Reply:
        """Send and wait, as the loop of tries does."""
        self.sent += 1
        ticket = self.provider.submit(self.request(of), f"attempt-{self.sent}")
        while isinstance(got := self.provider.collect(ticket), Pending):
            pass
        return got

    def problems(self) -> list[str]:
        return [str(problem) for problem in self.provider.check(self.request())]


@pytest.fixture
def server() -> Iterator[ComfyUIServer]:
    with ComfyUIServer() as made:
        yield made


@pytest.fixture
def desk(tmp_path: Path, server: ComfyUIServer) -> Iterator[Desk]:
    made = Desk(tmp_path, server)
    yield made
    made.provider.close()


@contextmanager
def fails(failure: FailureClass, *words: str, in_transit: bool = False) -> Iterator[None]:
    """Hold that the block fails so, with these words in message or hint."""
    with pytest.raises(ProviderError) as caught:
        yield
    told = f"{caught.value.message} {caught.value.hint}"
    assert caught.value.failure is failure, told
    assert all(word in told for word in words), told
    assert caught.value.in_transit is in_transit
    assert not caught.value.possibly_billed


# the workflow


def test_values_go_where_the_titles_say() -> None:
    """Prompt, negative prompt, seed, size; all other nodes stay, and the file's own graph too."""
    workflow = read_workflow(json.dumps(STARTER).encode(), MODEL)
    graph = workflow.bound(Values("A lamp.", "no text", 7, Size(64, 32), ()))
    assert graph["2"]["inputs"] == {"text": "A lamp.", "clip": ["1", 1]}
    assert graph["3"]["inputs"]["text"] == "no text"
    assert graph["5"]["inputs"]["seed"] == 7
    assert (graph["4"]["inputs"]["width"], graph["4"]["inputs"]["height"]) == (64, 32)
    for name in ("1", "6", "7"):
        assert graph[name] == STARTER[name]
    assert workflow.graph == STARTER


@pytest.mark.parametrize(
    ("kind", "fields", "mark", "value"),
    [
        ("CLIPTextEncodeFlux", {"clip_l": "", "t5xxl": "", "guidance": 3.5}, "prompt", {"clip_l": "x", "t5xxl": "x"}),
        ("PrimitiveString", {"value": ""}, "prompt", {"value": "x"}),
        ("RandomNoise", {"noise_seed": 0}, "seed", {"noise_seed": 7}),
        ("PrimitiveInt", {"value": 0}, "seed", {"value": 7}),
    ],
)
def test_inputs_have_other_names_in_other_nodes(kind: str, fields: Any, mark: str, value: Any) -> None:
    """All texts of a node that no other node provides are set."""
    graph = changed(n30={"class_type": kind, "inputs": fields, "_meta": {"title": f"chargen:{mark}"}})
    bound = read_workflow(json.dumps(graph).encode(), MODEL).bound(Values("x", "", 7, Size(8, 8), ()))
    assert bound["30"]["inputs"] == {**fields, **value}


def test_references_are_bound_in_order_and_those_that_are_not_there_left_out() -> None:
    """Without its picture a node goes, and what works on nothing else; a text that has more to go by stays."""
    workflow = read_workflow(json.dumps({**STARTER, **TWO}).encode(), MODEL)
    assert (workflow.problems, workflow.references) == ((), 2)
    both = workflow.bound(Values("x", "", 7, Size(8, 8), ("one.png", "two.png")))
    assert [both[name]["inputs"]["image"] for name in ("20", "21")] == ["one.png", "two.png"]
    one = workflow.bound(Values("x", "", 7, Size(8, 8), ("one.png",)))
    assert "21" not in one
    assert one["2"]["inputs"] == {"prompt": "x", "clip": ["1", 1], "image1": ["22", 0]}
    none = workflow.bound(Values("x", "", 7, Size(8, 8), ()))
    assert not {"20", "21", "22"} & none.keys()
    assert none["2"]["inputs"] == {"prompt": "x", "clip": ["1", 1]}


BAD = {
    "as the page saves it": (
        {"nodes": [], "links": []},
        "w.json: error: this is a workflow as ComfyUI's page saves it",
    ),
    "no JSON": ('{\n "1": oops}', "w.json:2:7: error: not valid JSON"),
    "a number without end": (f'{{"1": {"9" * 5000}}}', "w.json: error: nested too deep, or with a number too long"),
    "levels without end": ("[" * 100_000, "w.json: error: nested too deep, or with a number too long"),
    "a list": ("[]", "w.json: error: this is no workflow in API format"),
    "no nodes": ("{}", "w.json: error: this is no workflow in API format"),
    "no prompt": (changed(n2=titled("2", "x")), "no node is titled `chargen:prompt`"),
    "no output": (changed(n7=titled("7", "x")), "no node is titled `chargen:output`"),
    "no seed": (changed(n5=titled("5", "x")), "warning: no node is titled `chargen:seed`"),
    "misspelt": (changed(n5=titled("5", "chargen:sede")), "node `5` (KSampler) is titled `chargen:sede`, which is no"),
    "a reference without number": (changed(n30=titled("7", "chargen:reference")), "did you mean `reference:1`"),
    "numbers with a gap": (
        changed(n30={**TWO["20"], "_meta": {"title": "chargen:reference:2"}}),
        "node `30` (LoadImage) is titled `chargen:reference:2`, but none `reference:1`",
    ),
    "two outputs": (changed(n8=STARTER["7"]), "node `8` (SaveImage) is a second one titled `chargen:output`"),
    "linked": (
        changed(n2={**STARTER["2"], "inputs": {"text": ["9", 0], "clip": ["1", 1]}}),
        "node `2` (CLIPTextEncode) has no prompt to set: its `text` comes from node `9`",
    ),
    "no such input": (
        changed(n4=titled("1", "chargen:size")),
        "has no size to set: it has no input `width` and `height`",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_with_a_workflow_has_its_place(desk: Desk, case: str) -> None:
    """Told by `check`, with the file and, of a node, its line; the program never breaks."""
    graph, words = BAD[case]
    desk.write(graph)
    told = desk.problems()
    assert any(words in line for line in told), told
    if "node `" in words:
        text = desk.file.read_text()
        line = int(next(line for line in told if words in line).split(":")[1])
        assert "chargen:" in text.splitlines()[line - 1]


def test_a_workflow_outside_the_project_or_absent_is_told(desk: Desk, tmp_path: Path) -> None:
    """Neither is read; the hint says what writes one."""
    for model in ("../w.json", "/etc/w.json", "w.yaml"):
        found = desk.provider.check(desk.provider.adapt(asked(), model))
        assert [problem.message for problem in found] == [f"`{model}` is no workflow file"]
    desk.file.unlink()
    assert "can't read the workflow `w.json`" in desk.problems()[0]
    assert "chargen init --provider comfyui" in desk.problems()[0]
    outside = tmp_path.parent / "outside.json"
    outside.write_text("{}")
    desk.file.symlink_to(outside)
    assert "it is no file of the project" in desk.problems()[0]


# adaptation


def test_what_a_workflow_has_no_place_for_is_adapted_and_told(desk: Desk) -> None:
    """A negative prompt is folded in, a size kept back; sides are multiples of eight, rounded up."""
    notes = desk.request(asked(size="1024x1365")).notes
    assert notes == ("sides are multiples of 8: 1024x1368 is requested for 1024x1365",)
    desk.write(changed(n3=None, n4=titled("4", "x")))
    request = desk.request(asked(negative="text"))
    assert request.prompt.startswith("A lamp.")
    assert "text" in request.prompt
    assert any("makes its own size" in note for note in request.notes)
    assert any("negative prompt is folded" in note for note in request.notes)


def test_too_many_references_are_described_and_told(desk: Desk) -> None:
    """Every character's first goes before anyone's second; words stand in for the rest."""
    desk.write({**STARTER, **TWO})
    cast = [
        reference("ann", 1, "tall"),
        reference("ann", 2, "tall"),
        reference("bob", 3, "small"),
        reference("eve", 4, "red"),
    ]
    request = desk.request(asked(*cast))
    assert [sent.label for sent in request.references] == ["art/ann.png", "art/bob.png"]
    assert "`w.json` takes at most 2 references" in request.notes[0]
    assert "red" in request.prompt
    left_out = desk.request(asked(cast[0]))
    assert left_out.notes == ("`w.json` is sent without its `reference:2`: the image has no such reference",)


# the server


def test_a_prompt_is_queued_under_the_id_of_its_name(desk: Desk, server: ComfyUIServer) -> None:
    """A lower-case UUID, the same in every process; the seed follows from the name, too."""
    reply = desk.send()
    assert server.ids == [id_of("attempt-1")]
    assert (reply.request_id, reply.seed, reply.cost_usd) == (id_of("attempt-1"), seed_of("attempt-1"), 0)
    assert server.queued[0]["prompt"]["5"]["inputs"]["seed"] == seed_of("attempt-1")
    assert b"tEXtprompt\0" in reply.data


def test_references_are_uploaded_once_by_their_content(desk: Desk, server: ComfyUIServer) -> None:
    """In order, under the names that the server answers; the same bytes go once, whatever the image."""
    desk.write({**STARTER, **TWO})
    desk.send(asked(reference("ann", 1), reference("bob", 2)))
    desk.send(asked(reference("bob", 2), reference("ann", 1)))
    desk.send(asked(reference("bob", 2)))
    assert len(server.uploads) == 2
    ann, bob = server.uploads
    assert server.input[ann] == pictures.png(8, 8, 1)
    loaded = [
        [sent["prompt"].get(name, {}).get("inputs", {}).get("image") for name in ("20", "21")] for sent in server.queued
    ]
    assert loaded == [[ann, bob], [bob, ann], [bob, None]]


def test_a_reference_of_images_that_leave_together_is_uploaded_once(desk: Desk, server: ComfyUIServer) -> None:
    """The second waits for the upload of the first."""
    desk.write({**STARTER, **TWO})
    server.before_upload = lambda: threading.Event().wait(0.1)
    ann = reference("ann", 1)
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(desk.provider.submit, desk.request(asked(ann)), f"try-{n}") for n in range(4)]:
            done.result(30)
    assert len(server.uploads) == 1


def test_a_server_that_lost_its_pictures_gets_them_again(desk: Desk, server: ComfyUIServer) -> None:
    """The failure is passing: the next try uploads anew."""
    desk.write({**STARTER, **TWO})
    desk.send(asked(reference("ann", 1)))
    server.lose_files()
    with fails(FailureClass.TRANSIENT, "`image`", "Invalid image file"):
        desk.send(asked(reference("ann", 1)))
    desk.send(asked(reference("ann", 1)))
    assert len(server.uploads) == 2


def test_a_wrong_value_is_told_with_its_line(desk: Desk, server: ComfyUIServer) -> None:
    """Node, field and what the server has instead."""
    desk.write(changed(n1={**STARTER["1"], "inputs": {"ckpt_name": "none.ckpt"}}))
    line = next(number for number, text in enumerate(desk.file.read_text().splitlines(), 1) if "none.ckpt" in text)
    with fails(
        FailureClass.INVALID,
        f"w.json:{line}:",
        "node `1` (CheckpointLoaderSimple)",
        "`ckpt_name`",
        comfyui_server.MODEL,
    ):
        desk.send()
    assert server.queued == []


def test_an_unknown_class_is_told_with_its_node(desk: Desk) -> None:
    """A node of an extension that this server does not have."""
    desk.write(changed(n6={**STARTER["6"], "class_type": "FancyDecode"}))
    with fails(FailureClass.INVALID, "w.json:", "node `6`", "FancyDecode does not exist"):
        desk.send()


def test_a_200_with_node_errors_is_a_failure(desk: Desk, server: ComfyUIServer) -> None:
    """One good output is enough for the server; what it queued of the prompt is taken out again."""
    server.run.clear()
    broken = {
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0]}},
        "9": {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}},
    }
    desk.write({**STARTER, **broken})
    with fails(FailureClass.INVALID, "node `8` (VAEDecode), `vae`", "Required input is missing"):
        desk.send()
    assert server.removed == [id_of("attempt-1")]
    assert server.waiting == []


@pytest.mark.parametrize(
    ("how", "failure", "words"),
    [
        (
            comfyui_server.raised(),
            FailureClass.INVALID,
            ("node `1` (CheckpointLoaderSimple)", "shapes cannot be multiplied"),
        ),
        (comfyui_server.out_of_memory(), FailureClass.TRANSIENT, ("OutOfMemory", "make the image smaller")),
        (comfyui_server.interrupted, FailureClass.INVALID, ("interrupted at the server",)),
        (comfyui_server.no_picture, FailureClass.INVALID, ("node `7` made no picture",)),
    ],
)
def test_a_job_that_fails_is_over(
    desk: Desk, server: ComfyUIServer, how: Any, failure: FailureClass, words: tuple[str, ...]
) -> None:
    """The server's own words, with the node; it is not waited for any more."""
    server.breaks("lamp", how)
    with fails(failure, *words):
        desk.send()


def test_a_job_that_is_unknown_is_lost(desk: Desk, server: ComfyUIServer) -> None:
    """An empty history is neither done nor running where the queue does not have it, either."""
    server.run.clear()
    ticket = desk.provider.submit(desk.request(), "attempt-1")
    assert isinstance(desk.provider.collect(ticket), Pending)
    server.restart()
    with fails(FailureClass.TRANSIENT, "no longer knows this job"):
        desk.provider.collect(ticket)
    with fails(FailureClass.TRANSIENT, "no longer knows this job"):
        desk.provider.collect(Ticket("never-sent"))


def test_a_job_that_ends_between_two_questions_is_not_lost(desk: Desk, server: ComfyUIServer) -> None:
    """It left the queue after the history was asked: the history is asked once more."""
    server.run.clear()
    ticket = desk.provider.submit(desk.request(), "attempt-1")

    def done() -> None:
        server.run.set()
        server.wait_done(1)

    server.before_queue = done
    assert isinstance(desk.provider.collect(ticket), Reply)


def test_a_picture_that_is_gone_is_made_again(desk: Desk, server: ComfyUIServer) -> None:
    """Somebody emptied the server's folder: the failure passes with another try, under another name."""
    server.run.clear()
    ticket = desk.provider.submit(desk.request(), "attempt-1")
    server.run.set()
    server.wait_done(1)
    server.lose_files()
    with fails(FailureClass.TRANSIENT, "the server no longer has it"):
        desk.provider.collect(ticket)


@pytest.mark.parametrize(
    ("fault", "failure", "in_transit"),
    [
        (loopback.cut_before_headers(), FailureClass.TRANSIENT, True),
        (loopback.cut_mid_body(), FailureClass.TRANSIENT, True),
        (loopback.html(502), FailureClass.TRANSIENT, True),
        (loopback.garbage(), FailureClass.INVALID, True),
        (loopback.html(401, "Log in"), FailureClass.INVALID, True),
        (loopback.Fault(500, "Internal Server Error", content_type="text/plain"), FailureClass.TRANSIENT, True),
    ],
)
def test_a_prompt_without_an_answer_may_be_there(
    desk: Desk, server: ComfyUIServer, fault: Any, failure: FailureClass, in_transit: bool
) -> None:
    """It is asked for before it is sent again; nothing of it counts as money."""
    server.then(fault)
    with fails(failure, in_transit=in_transit):
        desk.send()


def test_no_server_at_all_is_told_and_leaves_no_job(tmp_path: Path) -> None:
    """Nothing left, so there is nothing to ask for."""
    with ComfyUIServer() as gone:
        desk = Desk(tmp_path, gone)
    with fails(FailureClass.TRANSIENT, "no connection to `comfyui`", "see that a server answers"):
        desk.send()


def test_a_workflow_that_changes_while_an_image_waits_is_not_sent(desk: Desk, server: ComfyUIServer) -> None:
    """What was planned with is not what is there: nothing is queued with a hash that is not its own."""
    other = replace(desk.request(), model_sha256=desk.request().model_sha256 and "0" * 64)  # type: ignore[arg-type]
    with fails(FailureClass.INVALID, "was changed while the image waited"):
        desk.provider.submit(other, "attempt-1")
    assert server.requests == []


# progress


def test_how_far_a_job_is_is_heard_and_never_believed(desk: Desk, server: ComfyUIServer) -> None:
    """It is told while one waits; a message that all is done ends nothing, nor does one that is none."""
    server.run.clear()
    ticket = desk.provider.submit(desk.request(), "attempt-1")
    assert desk.provider.collect(ticket).done is None  # type: ignore[union-attr]
    server.says("progress", value="x", max=None, prompt_id=server.ids[0])
    server.says("progress", value=1, max=0, prompt_id=server.ids[0])
    server.says("progress", value=10, max=40, prompt_id=server.ids[0])
    _until(lambda: desk.provider.collect(ticket).done == 0.25)  # type: ignore[union-attr]
    server.says("progress", value=40, max=40, prompt_id=server.ids[0])
    server.says("execution_success", prompt_id=server.ids[0])
    _until(lambda: desk.provider.collect(ticket).done == 1)  # type: ignore[union-attr]
    assert isinstance(desk.provider.collect(ticket), Pending)
    server.run.set()
    server.wait_done(1)
    assert isinstance(desk.provider.collect(ticket), Reply)


def test_without_a_websocket_nothing_is_missing(desk: Desk, server: ComfyUIServer) -> None:
    """A proxy that lets none through, a server that has none."""
    server.has_websocket = False
    server.latency = 0.1
    assert desk.send().data


def _until(told: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not told():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_other_runs_import_nothing_of_it() -> None:
    """Neither the provider nor a library for websockets, by what every command imports."""
    code = (
        "import sys; import chargen.build.opening, chargen.cli.main, chargen.providers as p; p.known_providers(); "
        "p.load_models(); print([m for m in sys.modules if 'comfyui' in m or m.startswith(('websockets', 'httpx'))])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert run.stdout.strip() == "[]"
