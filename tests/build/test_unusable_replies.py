"""A reply that arrived and is no picture: kept, told with its price, not restorable, asked for again by name."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image
from servers import openai_server
from servers.loopback import Fault
from servers.openai_server import OpenAIServer
from support.inside import Silent
from support.project import Project

from chargen.actions.run_result import RunResult, run_result
from chargen.build.opening import open_build
from chargen.doit_plugin.run_tasks import image_tasks, run_tasks
from chargen.model.values import Verdict
from chargen.plan.build_request import BuildRequest
from chargen.plan.session import open_session

NAME = "chapters/ch01/a"


def animated() -> bytes:
    frames = [Image.new("L", (8, 8), shade) for shade in (0, 255)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def cut_short() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(out, "PNG")
    return out.getvalue()[:900]


REPLIES = {
    "drawing": (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', "SVG drawing"),
    "animated": (animated(), "animated"),
    "cut short": (cut_short(), "damaged"),
    "no picture": (b"MZ this is a program", "no picture"),
}


def run(book: Project, server: OpenAIServer, request: BuildRequest | None = None) -> RunResult:
    build = open_build(book.root, request, environ=server.environ, command="test")
    try:
        return run_result(build, run_tasks(build, image_tasks(build), None, Silent()))
    finally:
        build.close()


def planned(book: Project) -> tuple[Verdict, str]:
    with open_session(book.root, {"OPENAI_API_KEY": "x"}, read_only=True) as session:
        (image,) = session.planner().plan().images
        return image.verdict, "; ".join(map(str, image.reasons))


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_that_is_no_picture(name: str, tmp_path: Path) -> None:
    """Failed and charged; blocked in every plan, also when journal and note are lost; `--rebuild` asks again."""
    data, why = REPLIES[name]
    encoded = base64.b64encode(data).decode()
    with OpenAIServer() as server:
        book = Project(tmp_path, "[tool.chargen.providers.openai]\nper_minute = 6000\n")
        book.chapter("ch01", {"a": "A lamp."}, route="openai/gpt-image-2.6-flare")
        server.when("lamp", Fault(change=lambda body: {**body, "data": [{"b64_json": encoded}]}), times=1)
        first = run(book, server)
        ((outcome,), spent) = first.outcomes, first.spent
        assert (outcome.outcome, spent.charged, spent.images, spent.possibly) == ("failed", 1, 0, 0)
        assert outcome.cost_usd == spent.failed_usd > 0
        assert why in (outcome.error or "")
        assert "was paid for it" in (outcome.error or "")
        assert f"`doit --rebuild {NAME}` asks again" in (outcome.error or "")
        (folder,) = book.originals()
        assert next(folder.glob("reply.*")).read_bytes() == data, "kept as it came"
        verdict, reasons = planned(book)
        assert verdict is Verdict.BLOCKED
        assert why in reasons
        assert f"`doit --rebuild {NAME}` asks again" in reasons
        second = run(book, server)
        assert (second.spent.sent, len(server.requests)) == (0, 1)
        assert second.exit_code == 1

        (folder / "unusable.json").unlink()  # as if the process had died before it was noted
        for journal in (book.root / ".chargen").glob("journal.sqlite*"):
            journal.unlink()
        again = run(book, server)
        assert [item.outcome for item in again.outcomes] == ["failed"]
        assert "asks again" in (again.outcomes[0].error or "")
        assert planned(book)[0] is Verdict.BLOCKED
        assert len(server.requests) == 1

        anew = run(book, server, BuildRequest(rebuild=(NAME,)))
        assert [item.outcome for item in anew.outcomes] == ["built"]
        assert len(server.requests) == 2
        assert planned(book)[0] is Verdict.FRESH


def test_a_drawing_of_an_earlier_version_is_not_called_restorable(tmp_path: Path) -> None:
    """What the record says of its type is enough: nothing was noted beside it then."""
    encoded = base64.b64encode(REPLIES["drawing"][0]).decode()
    with OpenAIServer() as server:
        book = Project(tmp_path, "[tool.chargen.providers.openai]\nper_minute = 6000\n")
        book.chapter("ch01", {"a": "A lamp."}, route="openai/gpt-image-2.6-flare")
        server.when("lamp", Fault(change=lambda body: {**body, "data": [{"b64_json": encoded}]}))
        run(book, server)
    (folder,) = book.originals()
    (folder / "unusable.json").unlink()
    assert planned(book)[0] is Verdict.BLOCKED


def test_new_inputs_are_asked_for_as_ever(tmp_path: Path) -> None:
    """Only the same inputs wait for a name."""
    encoded = base64.b64encode(REPLIES["animated"][0]).decode()
    with OpenAIServer() as server:
        book = Project(tmp_path, "[tool.chargen.providers.openai]\nper_minute = 6000\n")
        file = book.chapter("ch01", {"a": "A lamp."}, route="openai/gpt-image-2.6-flare")
        server.when("A lamp.", Fault(change=lambda body: {**body, "data": [{"b64_json": encoded}]}))
        run(book, server)
        book.edit(file, "A lamp.", "A lamp, and no more frames than one")
        assert [item.outcome for item in run(book, server).outcomes] == ["built"]


def test_what_is_charged_without_an_image_is_tried_once_more_and_then_asked_about(tmp_path: Path) -> None:
    """So in a live run, and not again by each run after it; a picture that stands there stays."""
    with OpenAIServer() as server:
        book = Project(tmp_path, "[tool.chargen.providers.openai]\nper_minute = 6000\n")
        book.chapter("ch01", {"a": "A lamp."}, route="openai/gpt-image-2.6-flare")
        server.when("lamp", openai_server.no_data(), times=2)
        assert run(book, server).spent.charged == 2
        for _ in range(2):
            assert run(book, server).spent.sent == 0
        verdict, reasons = planned(book)
        assert verdict is Verdict.BLOCKED
        assert "2 requests with the same inputs were charged and brought no image" in reasons
        assert len(server.requests) == 2
        assert run(book, server, BuildRequest(rebuild=(NAME,))).spent.images == 1
        assert planned(book)[0] is Verdict.FRESH


@pytest.mark.parametrize("asked", ["status: rejected", "variants: 3"])
def test_what_is_charged_for_nothing_is_asked_about_too_where_a_picture_came_once(tmp_path: Path, asked: str) -> None:
    """An answer to a rejection, and further versions: no run after the second charge sends anything."""
    with OpenAIServer() as server:
        book = Project(tmp_path, "[tool.chargen.providers.openai]\nworkers = 1\nper_minute = 6000\n")
        file = book.chapter("ch01", {"a": "A lamp."}, route="openai/gpt-image-2.6-flare")
        assert run(book, server).spent.images == 1
        server.when("lamp", openai_server.no_data())
        book.edit(file, 'custom_id: "a"', f'custom_id: "a"\n    {asked}')
        for _ in range(3):
            run(book, server)
        assert len(server.requests) == 3
