r"""Object storage on this machine: three servers that keep conditional writes, and three that do not.

`ministack` (S3), `azurite` (Azure) and `google` (ours) answer one of many writers that it was the first; a threaded
`moto_server`, `s3rver` and `google_hasty` tell several. A test whose server is not installed is skipped, and says so.
Programs of npm are looked for on the path and in the folder that `CHARGEN_TEST_NPM` names.

    with ObjectStore("ministack") as store:
        env = {**os.environ, **store.environ}
        settings = f'[tool.chargen.store]\nurl = "{store.url}"'
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

GOOD = ("ministack", "azurite", "google")
LYING = ("moto_server", "s3rver", "google_hasty")
BUCKET = "bucket"
_S3_KEY = "S3RVER"  # the one key that s3rver knows; the others take any
_AZURE_ACCOUNT = "devstoreaccount1"
_AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account and the key that are printed in the emulator's manual."""

_HASTY = "import sys; sys.setswitchinterval(1e-6); from moto.server import main; main()"
"""moto as it is, its threads switched more often: between its look and its write there is little time."""


@dataclass
class _Program:
    command: tuple[str, ...]
    env: dict[str, str]


class ObjectStore:
    """One server with one empty bucket, between `with` and its end."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = _free_port()
        self._folder = tempfile.mkdtemp(prefix="chargen-store-")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What `url` of the settings is to be, with a prefix of its own."""
        kind = {"azurite": "az", "google": "gs", "google_hasty": "gs"}.get(self.name, "s3")
        return f"{kind}://{BUCKET}/book"

    @property
    def environ(self) -> dict[str, str]:
        """What a process needs in its environment to reach it."""
        if self.name == "azurite":
            return {
                "AZURE_STORAGE_USE_EMULATOR": "true",
                "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{self.port}",
            }
        if self.url.startswith("gs://"):
            return {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{self.port}"}
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": _S3_KEY,
            "AWS_SECRET_ACCESS_KEY": _S3_KEY,
            "AWS_REGION": "us-east-1",
        }

    def __enter__(self) -> ObjectStore:
        self.start()
        self._make_bucket()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server on its port; what it had is gone."""
        program = self._program()
        self._process = subprocess.Popen(
            program.command,
            env={**os.environ, **program.env},
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def stop(self) -> None:
        """End the server."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _program(self) -> _Program:
        port = str(self.port)
        if self.name == "ministack":
            env = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": port, "SERVICES": "s3"}
            return _Program((_python_program("ministack"),), env)
        if self.url.startswith("gs://"):
            hasty = ("--hasty",) if self.name == "google_hasty" else ()
            command = (sys.executable, "-m", "servers.google_storage", port, *hasty)
            return _Program(command, {"PYTHONPATH": str(Path(__file__).parents[1])})
        if self.name == "moto_server":
            _python_program("moto_server")
            return _Program((sys.executable, "-c", _HASTY, "-H", "127.0.0.1", "-p", port), {})
        if self.name == "azurite":
            options = ("--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--blobHost", "127.0.0.1")
            return _Program((_npm_program("azurite-blob"), *options, "--blobPort", port), {})
        options = ("--silent", "-d", self._folder, "-a", "127.0.0.1", "-p", port)
        return _Program((_npm_program("s3rver"), *options), {})

    def _wait(self) -> None:
        assert self._process is not None
        ends = time.monotonic() + 60
        while time.monotonic() < ends and self._process.poll() is None:
            try:
                self._ask("GET", "/", {})
            except OSError:
                time.sleep(0.05)  # no event tells that another process listens
                continue
            return
        raise RuntimeError(f"{self.name} did not start")

    def _make_bucket(self) -> None:
        path, headers = f"/{BUCKET}", {}
        if self.name == "azurite":
            path, headers = f"/{_AZURE_ACCOUNT}/{BUCKET}?restype=container", _azure_headers()
        status = self._ask("PUT", path, {"Content-Length": "0", **headers})
        assert status in (200, 201), status

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> int:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status


def _azure_headers() -> dict[str, str]:
    """Sign the making of a container, as Azure wants it signed."""
    now, version = formatdate(usegmt=True), "2021-08-06"
    resource = f"/{_AZURE_ACCOUNT}/{_AZURE_ACCOUNT}/{BUCKET}\nrestype:container"
    told = f"PUT{12 * chr(10)}x-ms-date:{now}\nx-ms-version:{version}\n{resource}"
    signed = hmac.new(base64.b64decode(_AZURE_KEY), told.encode(), hashlib.sha256).digest()
    signature = base64.b64encode(signed).decode()
    return {"x-ms-date": now, "x-ms-version": version, "Authorization": f"SharedKey {_AZURE_ACCOUNT}:{signature}"}


def _python_program(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip(f"`{name}` is not installed: `pip install -e '.[test]'` brings it")
    return found


def _npm_program(name: str) -> str:
    own = os.environ.get("CHARGEN_TEST_NPM", "")
    folders = [f"{own}/node_modules/.bin"] if own else []
    found = shutil.which(name, path=os.pathsep.join((*folders, os.environ.get("PATH", ""))))
    if found is None or shutil.which("node") is None:
        pytest.skip(
            f"`{name}` is not installed: `npm install azurite s3rver`, and name that folder in CHARGEN_TEST_NPM"
        )
    return found


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
