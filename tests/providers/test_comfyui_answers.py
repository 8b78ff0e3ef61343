"""What a ComfyUI server, or something in its place, may answer: odd values anywhere are a failure, never a bug."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from chargen.model.request import ProviderError
from chargen.model.values import FileHash
from chargen.providers.comfyui import answers
from chargen.providers.comfyui.workflow import Workflow
from chargen.providers.http.failures import Answer

ODD = (None, 1, 1.5, True, "x", [], [1], [[]], [{}], {"a": 1}, {"a": {"errors": [1]}})
WORKFLOW = Workflow("flow.json", FileHash("a" * 64))


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_values_anywhere_are_a_failure_and_no_bug(odd: Any) -> None:
    def answer(body: Any) -> Answer:
        return Answer(200, "", parsed=body)

    questions = [
        lambda: answers.check_queued(answer({"error": {}, "node_errors": odd}), WORKFLOW, ()),
        lambda: answers.check_queued(answer({"prompt_id": odd, "node_errors": {}}), WORKFLOW, ()),
        lambda: answers.history(answer({"id": odd}), "id", ()),
        lambda: answers.queued(answer({"queue_running": odd, "queue_pending": []}), ()),
        lambda: answers.uploaded(answer({"name": odd, "subfolder": odd}), ()),
        lambda: answers.pictures({"outputs": odd, "prompt": odd, "status": odd}, ()),
        lambda: answers.pictures({"status": {"status_str": "error", "messages": odd}}, ()),
        lambda: answers.pictures(
            {"prompt": [0, 0, {"9": {"_meta": {"title": "chargen:output"}}}], "outputs": {"9": {"images": odd}}}, ()
        ),
    ]
    for question in questions:
        with suppress(ProviderError):
            question()
