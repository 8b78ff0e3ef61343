"""The schemas in a real yaml-language-server, as editors run it; skipped where there is none on the path."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.project import Project

SERVER = shutil.which("yaml-language-server")
pytestmark = pytest.mark.skipif(SERVER is None, reason="no yaml-language-server (npm install yaml-language-server)")

TEXT = """\
# yaml-language-server: $schema=../../../schemas/chapter.schema.json
metadata:
  slug: ch01
images:
  - custom_id: a
    status: aproved
    mine: kept
    neg
"""


class Editor:
    """Speaks the Language Server Protocol over the pipes of a server."""

    def __init__(self, root: Path) -> None:
        assert SERVER is not None
        self._server = subprocess.Popen([SERVER, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root)
        self._sent = 0
        self.ask("initialize", {"processId": None, "rootUri": root.as_uri(), "capabilities": {}})
        self.tell("initialized", {})

    def close(self) -> None:
        """End the server."""
        self._server.kill()
        self._server.communicate()

    def tell(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        """Send a request; return its result."""
        self._sent += 1
        self._send({"id": self._sent, "method": method, "params": params})
        return next(message["result"] for message in self._heard() if message.get("id") == self._sent)

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """Wait for what the server says of a file."""
        return next(
            message["params"]["diagnostics"]
            for message in self._heard()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri
        )

    def _send(self, message: dict[str, Any]) -> None:
        assert self._server.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._server.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._server.stdin.flush()

    def _heard(self) -> Iterator[dict[str, Any]]:
        out = self._server.stdout
        assert out is not None
        while header := out.readline():
            length = int(header.split(b":")[1])
            while out.readline().strip():
                pass
            message = json.loads(out.read(length))
            if "method" in message and "id" in message:  # the server asks for settings: it gets none
                count = len(message.get("params", {}).get("items", []))
                self._send({"id": message["id"], "result": [None] * count if count else None})
            else:
                yield message


def test_an_editor_completes_explains_and_warns(tmp_path: Path) -> None:
    """The file of the first line's schema: a key is offered, another explained, a wrong word told at its place."""
    book = Project(tmp_path)
    assert book.chargen("schema", "--write", "schemas").code == 0
    path = book.write("imagery/chapters/ch01/imagery.yaml", TEXT)
    editor = Editor(tmp_path)
    try:
        uri = path.as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": TEXT}
        editor.tell("textDocument/didOpen", {"textDocument": document})
        told = [
            (item["range"]["start"]["line"], item["message"])
            for item in editor.diagnostics(uri)
            if item.get("source", "").startswith("yaml-schema")
        ]
        assert [line for line, message in told if "approved" in message] == [5]
        assert not any("mine" in message for _, message in told)
        at = {"textDocument": {"uri": uri}, "position": {"line": 7, "character": 7}}
        offered = editor.ask("textDocument/completion", at)
        labels = {item["label"] for item in (offered["items"] if isinstance(offered, dict) else offered)}
        assert {"negative_prompt", "size", "depicts_characters"} <= labels
        at["position"] = {"line": 4, "character": 6}
        assert "Names the image" in json.dumps(editor.ask("textDocument/hover", at))
    finally:
        editor.close()
