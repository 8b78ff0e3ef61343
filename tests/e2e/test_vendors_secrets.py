"""No key ever stands in a file of the project or on the screen, whatever a server or an SDK does with it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from servers.google_server import GoogleServer
from servers.loopback import Fault, Seen
from servers.openai_server import OpenAIServer
from support.forks import Forks
from support.project import Project, Run

FLARE, BANANA = "openai/gpt-image-2.6-flare", "google/gemini-nano-banana-2.1"
OPENAI_KEY = "plainly-no-known-shape-7Qx9/Zz+2"
GOOGLE_KEY = "another-Secret.Word_81"
KEYS = (OPENAI_KEY, GOOGLE_KEY)


def _spellings(key: str) -> set[bytes]:
    forms = {key, quote(key, safe=""), json.dumps(key)[1:-1], base64.b64encode(key.encode()).decode(), key[:-3]}
    return {form.encode() for form in forms}


class _Telling:
    """Answers with the key it was sent, in every place of an error and of a reply that a client may keep."""

    answers = 0

    def objection(self, _seen: Seen) -> Fault | None:
        self.answers += 1
        words = f"Your key {OPENAI_KEY} ({GOOGLE_KEY}) is odd; see https://x.example/?key={quote(OPENAI_KEY, safe='')}"
        headers = {"x-request-id": f"req {OPENAI_KEY}", "x-goog-request": GOOGLE_KEY, "retry-after-ms": "10"}
        error = {"message": words, "code": OPENAI_KEY, "type": GOOGLE_KEY, "status": GOOGLE_KEY, "param": OPENAI_KEY}
        failing = (
            Fault(429, {"error": error}, headers),
            Fault(400, {"error": error}, headers),
            Fault(500, {"detail": words}, headers),
            Fault(502, f"<html><title>{words}</title></html>", headers, content_type="text/html"),
            Fault(200, words, headers),
        )
        if self.answers <= len(failing):
            return failing[self.answers - 1]
        return Fault(headers=headers, change=_tells)


def _tells(body: dict[str, object]) -> object:
    """The usual reply, whose every free text holds a key."""
    words = f"made with {OPENAI_KEY} and {GOOGLE_KEY}"
    if "candidates" in body:
        return {**body, "modelVersion": words, "responseId": GOOGLE_KEY, "usageMetadata": {"note": words}}
    item = {**body["data"][0], "revised_prompt": words}  # type: ignore[index]
    return {**body, "data": [item], "background": words, "usage": {"input_tokens": 4, "note": words}, "quality": words}


class TellingOpenAI(_Telling, OpenAIServer):
    """OpenAI as a gossip."""


class TellingGoogle(_Telling, GoogleServer):
    """Google as a gossip."""


def _nowhere(book: Project, *runs: Run) -> None:
    told = {f"output {number}": (run.out + run.err).encode() for number, run in enumerate(runs)}
    files = {str(path): path.read_bytes() for path in book.root.rglob("*") if path.is_file()}
    assert any("journal.sqlite" in name for name in files)
    assert any("chargen.log" in name for name in files)
    for where, data in {**told, **files}.items():
        for key in KEYS:
            for form in _spellings(key):
                assert form not in data, f"a key stands in {where}"


def test_a_server_that_repeats_the_key_is_not_quoted(tmp_path: Path, forks: Forks) -> None:
    """Errors, retries, refusals and good replies full of keys leave none in files, database, pictures or output."""
    with TellingOpenAI() as openai, TellingGoogle() as google:
        env = {**openai.environ, **google.environ, "OPENAI_API_KEY": OPENAI_KEY, "GEMINI_API_KEY": GOOGLE_KEY}
        book = Project(tmp_path, 'log_level = "debug"\n', env=env)
        for slug, route in (("ch01", FLARE), ("ch02", BANANA)):
            book.chapter(slug, {f"i{number}": f"Picture {number}." for number in range(6)}, route=route)
        first = forks.run(book, "doit")
        second = forks.run(book, "chargen", "batch", "all", "--json")
        assert "[key]" in first.out, first.all
        assert len(book.images()) == 12, second.all
        commands = (("chargen", "cost", "--json"), ("chargen", "status", "--json"), ("chargen", "check", "--json"))
        later = [forks.run(book, *command) for command in commands]
        later.append(forks.run(book, "chargen", "history", "chapters/ch01/i0", "--json"))
        _nowhere(book, first, second, *later)


@pytest.mark.parametrize("where", ["table", "provider", "entry"])
def test_keys_are_taken_from_the_environment_only(where: str, tmp_path: Path, forks: Forks) -> None:
    """In settings a key is an unknown word, refused without being repeated; in YAML it is a field like any other."""
    with OpenAIServer(key=OPENAI_KEY) as openai:
        book = Project(tmp_path, env={"OPENAI_BASE_URL": openai.base_url, "OPENAI_API_KEY": "env-key-000000"})
        book.chapter(
            "ch01", {"a": "A lamp."}, route=FLARE, entry=f'api_key: "{OPENAI_KEY}"' if where == "entry" else ""
        )
        line = f'api_key = "{OPENAI_KEY}"\n'
        if where != "entry":
            book.settings(line if where == "table" else f"[tool.chargen.providers.openai]\n{line}")
        run = forks.run(book, "doit")
        assert OPENAI_KEY not in run.all
        if where == "entry":
            assert run.code == 1, run.all
            assert [seen.status for seen in openai.requests] == [401], "the YAML's key was used"
        else:
            assert run.code == 3, run.all
            assert "api_key" in run.err
            assert openai.requests == []
