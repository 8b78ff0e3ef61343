"""One digest over everything that every planned image depends on, whatever file it stands in.

That is the program itself (its source and data, and the two libraries that read YAML and render templates), the
settings, the templates, the variables that change a route, what is ignored on this machine, and the day, because models
and prices end on days. Light to import: an up-to-date run needs little else.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from chargen.config.layout import IGNORED
from chargen.errors import InputError
from chargen.plain_file import read_plain
from chargen.store.places import read_inside

FORMAT = 6
"""A new number where the meaning of what is kept changes."""

_PACKAGE = Path(__file__).resolve().parents[2]
_LIBRARIES = ("jinja2", "ruamel.yaml", "_ruamel_yaml")
_SERVERS = ("_URL", "_KEY", "_TOKEN", "_PROXY", "_proxy")
"""How the names of variables end that may choose a server: which ones a provider reads is not known here."""
_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_TEMPLATE = ".j2"


def environment_digest(root: Path, prompts: str, environ: Mapping[str, str], day: str) -> str:
    """Return the digest for the project at `root` with its templates below `prompts`; `day` is a date in UTC."""
    found = hashlib.sha256(f"{FORMAT} {sys.version} {day}\n".encode())
    for line in (*_program(), *_variables(environ)):
        found.update(line.encode(errors="surrogateescape") + b"\n")
    _add_rules(found, root, prompts)
    return found.hexdigest()


def rules_digest(root: Path, prompts: str) -> str:
    """Return the digest of what an author may edit of it: settings, templates, what is ignored."""
    found = hashlib.sha256()
    _add_rules(found, root, prompts)
    return found.hexdigest()


def _add_rules(found: hashlib._Hash, root: Path, prompts: str) -> None:
    found.update(f"{os.path.isdir(root / prompts)}\n".encode())  # noqa: PTH112 - as everywhere here: speed
    for name, data in _files(root, prompts):
        found.update(f"{name} {len(data)}\n".encode(errors="surrogateescape"))
        found.update(data)


def _program() -> Iterator[str]:
    """Yield the signature of every file of the program, and of the libraries' main files."""
    waiting = [os.fspath(_PACKAGE)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda item: item.name):
                if entry.is_dir():
                    if entry.name != "__pycache__":
                        waiting.append(entry.path)
                else:
                    yield _signature(entry.path, entry.stat())
    for name in _LIBRARIES:
        spec = find_spec(name)
        if spec is not None and spec.origin:
            yield _signature(spec.origin, os.stat(spec.origin))  # noqa: PTH116 - as everywhere here: speed


def _signature(path: str, status: os.stat_result) -> str:
    return f"{path} {status.st_size} {status.st_mtime_ns} {status.st_ino}"


def _variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the variables that choose servers; of a key only whether it is set, never its value."""
    for name in sorted(environ):
        if name.startswith("CHARGEN_") or name.endswith(_SERVERS):
            secret = any(word in name for word in _SECRET)
            yield f"{name}={bool(environ[name].strip()) if secret else environ[name]}"


def _files(root: Path, prompts: str) -> Iterator[tuple[str, bytes]]:
    """Yield settings and templates as they are read for what they say, through links; why one can't be read."""
    for name in ("pyproject.toml", IGNORED):
        try:
            yield name, read_plain(root / name)
        except OSError as failure:
            yield name, f"unreadable {failure.errno}".encode()
    for place, folders, files in os.walk(root / prompts):
        folders.sort()
        for name in sorted((*files, *folders)):
            if name.endswith(_TEMPLATE):
                path = os.path.relpath(f"{place}/{name}", root)
                try:
                    yield path, read_inside(root, path)
                except InputError as refused:
                    yield path, str(refused).encode(errors="surrogateescape")
