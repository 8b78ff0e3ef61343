"""A picture made from another one, over HTTP with the official SDKs: what goes along, in which order, and who can't."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from provider_cases import BANANA, FLARE, GOOGLE_KEY, OPENAI_KEY, TODAY, asked, provider, reference
from servers import pictures
from servers.comfyui_server import ComfyUIServer
from servers.google_server import GoogleServer
from servers.openai_server import OpenAIServer
from support.project import REPOSITORY

from chargen.errors import Position, Severity
from chargen.model.batches import Upload
from chargen.model.request import Asked, ProviderSettings, Role, SentReference, SentRetake
from chargen.providers import load_models
from chargen.providers.catalogue.prompt_fitting import KEEP_THE_REST
from chargen.providers.comfyui.adapter import ComfyUIProvider
from chargen.providers.http.batches import digest

AT = Position("imagery/ch01.yaml", 7, 5)
CANVAS = pictures.png(8, 8, 77)
MASK = pictures.png(8, 8, 78)


def again(*references: SentReference, mask: bool = False, **changes: Any) -> Asked:
    """Ask for a picture to be changed."""
    picture = SentReference("", "history/a.png", CANVAS, "image/png", name="the picture to change", role=Role.PICTURE)
    over = SentReference("", "mask.png", MASK, "image/png", role=Role.MASK) if mask else None
    return asked("Take the hat away.", references=references, retake=SentRetake(picture, over, AT), **changes)


def test_openai_edits_the_picture_behind_the_mask() -> None:
    """The picture is the first of the images, references follow, the mask is a field of its own."""
    with OpenAIServer(strict=True, key=OPENAI_KEY) as server:
        openai = provider("openai", base_url=server.base_url)
        openai.is_vendor = True
        request = openai.adapt(again(reference("ann"), mask=True), FLARE)
        assert openai.check(request) == ()
        openai.send(request)
        openai.close()
        (seen,) = server.requests
    assert seen.path == "/v1/images/edits"
    assert [(file.field, file.data) for file in seen.files] == [
        ("image[]", CANVAS),
        ("image[]", reference("ann").data),
        ("mask", MASK),
    ]
    assert seen.fields["prompt"] == "Take the hat away.\n\nPicture 1: the picture to change."


def test_google_gets_the_instruction_the_picture_and_the_references() -> None:
    """In this order; nothing of the prompt that made the picture."""
    with GoogleServer(key=GOOGLE_KEY) as server:
        google = provider("google", base_url=server.base_url)
        google.send(google.adapt(again(reference("ann")), BANANA))
        google.close()
        (seen,) = server.requests
    parts = seen.json["contents"][0]["parts"]
    assert parts[0]["text"].startswith("Take the hat away.")
    assert [set(part) for part in parts[1:]] == [{"inlineData"}, {"inlineData"}]
    assert [file.data for file in seen.files] == [CANVAS, reference("ann").data]


def test_named_references_are_told_apart_from_the_picture() -> None:
    """Who is on which picture is counted from the picture to change."""
    ann = replace(reference("ann"), name="Ann")
    request = provider("openai").adapt(again(ann), FLARE)
    legend = f"Picture 1: the picture to change. Picture 2: Ann. {KEEP_THE_REST}"
    assert request.prompt == f"Take the hat away.\n\n{legend}"
    assert provider("openai").adapt(again(), FLARE).prompt == "Take the hat away."


def test_a_line_of_a_job_names_the_picture_and_holds_the_mask() -> None:
    """The picture was uploaded as references are; the mask is small, and of this one image."""
    openai = provider("openai")
    request = openai.adapt(again(reference("ann"), mask=True), FLARE)
    uploads = {digest(item): Upload(digest(item), item.label, item.label, "image/png") for item in request.references}
    body = json.loads(openai.batches.line("k", request, uploads))["body"]
    assert body["images"] == [{"file_id": item.label} for item in request.references]
    assert body["images"][0] == {"file_id": request.asked.retake.picture.label}
    assert body["mask"] == {"image_url": f"data:image/png;base64,{base64.b64encode(MASK).decode()}"}


def test_the_picture_and_the_mask_are_in_the_price() -> None:
    """Each is one more picture that is read."""
    openai = provider("openai")
    plain, changed, masked = (openai.adapt(item, FLARE) for item in (asked("x" * 18), again(), again(mask=True)))
    prices = [openai.price(item) for item in (plain, changed, masked)]
    assert prices[0] < prices[1] < prices[2]
    assert prices[2] - prices[1] == prices[1] - prices[0] > Decimal(0)
    assert openai.most(changed) < openai.most(masked)


@pytest.mark.parametrize(
    ("name", "model", "mask", "said"),
    [
        ("google", BANANA, True, "`google` takes no mask"),
        ("openai", "dall-e-3", False, "makes no picture from another one"),
        ("openai", FLARE, False, ""),
        ("google", BANANA, False, ""),
    ],
)
def test_who_can_not_is_refused_at_the_key(name: str, model: str, mask: bool, said: str) -> None:
    """The error stands where the author asks for it, with a way out."""
    made = provider(name)
    made.is_vendor = True
    problems = [item for item in made.check(made.adapt(again(mask=mask), model)) if item.position == AT]
    assert [said in item.message and bool(item.hint) for item in problems] == ([True] if said else [])
    assert all(item.severity is Severity.ERROR for item in problems)


def test_a_gateway_to_google_refuses_a_mask_too() -> None:
    """No server of that language has a place for it: it would be left out unsaid."""
    made = provider("google", base_url="http://127.0.0.1:9")
    assert [item.position for item in made.check(made.adapt(again(mask=True), BANANA))] == [AT]


def test_a_mask_larger_than_openai_takes_is_refused() -> None:
    """Before it is sent."""
    made = provider("openai")
    question = again(mask=True)
    assert question.retake is not None
    assert question.retake.mask is not None
    heavy = replace(question.retake, mask=replace(question.retake.mask, data=bytes(4_000_001)))
    (problem,) = made.check(made.adapt(replace(question, retake=heavy), FLARE))
    assert "at most 4.0 MB" in problem.message


STARTER = json.loads((REPOSITORY / "chargen/providers/comfyui/starter/workflows/comfyui.json").read_text())
LOADERS = {
    "30": {"class_type": "LoadImage", "inputs": {"image": "a.png"}, "_meta": {"title": "chargen:retake"}},
    "31": {"class_type": "LoadImage", "inputs": {"image": "b.png"}, "_meta": {"title": "chargen:mask"}},
    "32": {"class_type": "ImageScale", "inputs": {"image": ["30", 0], "width": 512, "height": 512}},
}


def comfyui(root: Path, server: ComfyUIServer, graph: Any) -> ComfyUIProvider:
    """Make a provider whose project holds one workflow."""
    (root / "w.json").write_text(json.dumps(graph))
    settings = ProviderSettings(base_url=server.base_url, root=str(root))
    return ComfyUIProvider(settings, load_models(), {}, today=TODAY)


def test_comfyui_loads_both_where_its_workflow_is_marked_for_it(tmp_path: Path) -> None:
    """Without a retake its nodes are left out, with what works on nothing else."""
    with ComfyUIServer() as server:
        desk = comfyui(tmp_path, server, {**STARTER, **LOADERS})
        request = desk.adapt(again(mask=True), "w.json")
        assert [item for item in desk.check(request) if item.severity is Severity.ERROR] == []
        desk.submit(request, "one")
        desk.submit(desk.adapt(asked(), "w.json"), "two")
        desk.close()
        graphs = [seen.json["prompt"] for seen in server.requests if seen.path == "/prompt"]
    assert graphs[0]["30"]["inputs"]["image"] != "a.png"
    assert graphs[0]["31"]["inputs"]["image"] not in ("b.png", graphs[0]["30"]["inputs"]["image"])
    assert {"30", "31", "32"} & graphs[1].keys() == set()


def test_comfyui_refuses_what_no_node_loads(tmp_path: Path) -> None:
    """At the key, with the title to give."""
    with ComfyUIServer() as server:
        for graph, mask, said in (
            (STARTER, False, "chargen:retake"),
            ({**STARTER, "30": LOADERS["30"]}, True, "chargen:mask"),
        ):
            desk = comfyui(tmp_path, server, graph)
            problems = [item for item in desk.check(desk.adapt(again(mask=mask), "w.json")) if item.position == AT]
            assert [said in item.message for item in problems] == [True]


def test_sketch_draws_what_would_be_asked() -> None:
    """The instruction, and the picture before the references."""
    request = provider("sketch").adapt(again(reference("ann")), "sketch")
    assert request.prompt == "Take the hat away."
    assert [item.role for item in request.references] == [Role.PICTURE, Role.REFERENCE]
