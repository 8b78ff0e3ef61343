"""Starting a project: the files of a small working one, written where there are none yet.

Law: nothing that exists is ever changed. A `pyproject.toml` of the author's own is not edited: without the tables it
needs, nothing is written, and the author is shown what to add.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from msgspec import Struct

from chargen import kinds, providers
from chargen.actions.schema import FOLDER, schema_files
from chargen.config.configuration import FILE, configuration
from chargen.config.layout import STATE
from chargen.config.settings import Settings
from chargen.errors import Position, StartError, error
from chargen.model.values import Route
from chargen.plain_file import read_plain
from chargen.plan.cache.stamp import is_yaml
from chargen.store.files import make_file, make_folder

_RENAMED = {"gitignore": ".gitignore"}
"""Files that lie in the package under another name, because they would have an effect there."""

_LEFT_BEHIND = ("__pycache__",)


class Started(Struct, frozen=True):
    """What was done: paths relative to the folder; `advice` are sentences on kept files that lack something."""

    folder: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]
    sample: bool
    """The sample chapter, location and character were written."""
    advice: tuple[str, ...]
    route: Route | None = None
    """What makes the images from the first build on, where that was asked for; else they are sketches."""

    def to_json(self) -> dict[str, Any]:
        """What was done, as a page shows it."""
        return {
            "folder": str(self.folder),
            "written": list(self.written),
            "kept": list(self.kept),
            "sample": self.sample,
            "advice": list(self.advice),
            "route": None if self.route is None else str(self.route),
        }


def start_project(folder: Path, provider: str | None = None) -> Started:
    """Write the files of a new project into `folder`, which is made if need be, with those that `provider` needs.

    Raises StartError with nothing written: no folder can be there, its `pyproject.toml` lacks the tables, or there is
    no such provider.
    """
    model = None if provider is None else providers.default_route(provider)
    settings = _settings(folder)
    sample = not _has_imagery(folder, settings)
    written: list[str] = []
    kept: list[str] = []
    for name, data in _files(settings, model):
        if name.startswith(f"{settings.imagery[0]}/") and not sample:
            continue
        path = folder / name
        if path.exists() or path.is_symlink():
            kept.append(name)
            continue
        make_folder(path.parent)
        make_file(path, data)
        written.append(name)
    return Started(folder, tuple(written), tuple(kept), sample, tuple(_advice(folder, kept, model)), model)


def _settings(folder: Path) -> Settings:
    """Return the settings of a project that is there already, else the defaults."""
    if folder.exists() and not folder.is_dir():
        raise StartError(f"`{folder}` is not a folder", hint="name a folder, or one that is still to be made")
    path = folder / FILE
    if not path.exists():
        return Settings()
    try:
        document = tomllib.loads(read_plain(path).decode())
    except (OSError, ValueError, RecursionError) as failure:
        raise StartError(
            error(f"can't read this file: {failure}", Position(FILE), "fix it, then run the command again")
        ) from None
    if missing := _missing_tables(document):
        message = f"there is a `{FILE}` already, and it is yours: nothing was written"
        raise StartError(message, hint=f"add these tables to it, then run `chargen init` again:\n\n{missing}")
    return configuration(folder, {}, providers.known_providers()).settings


def _missing_tables(document: dict[str, Any]) -> str:
    """Return the text of the starter's tables that `document` lacks; empty where it has them."""
    tool = _table(document, "tool")
    plugins = _table(_table(tool, "doit"), "plugins")
    text = resources.files("chargen.actions").joinpath("starter", FILE).read_text(encoding="utf-8")
    doit, _, own = text.partition("[tool.chargen]")
    missing = []
    if not {"backend", "command"} <= plugins.keys():
        missing.append(doit.strip())
    if "chargen" not in tool:
        missing.append(f"[tool.chargen]{own}".partition("\n\n")[0].strip())
    return "\n\n".join(missing)


def _table(parent: dict[str, Any], key: str) -> dict[str, Any]:
    found = parent.get(key)
    return found if isinstance(found, dict) else {}


def _has_imagery(folder: Path, settings: Settings) -> bool:
    roots = (folder / root for root in settings.imagery)
    return any(is_yaml(path.name) for root in roots for path in root.rglob("*"))


def _files(settings: Settings, route: Route | None) -> Iterator[tuple[str, bytes]]:
    """Yield the starter's files with their paths in a project of these settings, routed to `route` where given."""
    folders = {"imagery": settings.imagery[0], "prompts": settings.prompts}
    for name, data in _walk(resources.files("chargen.actions").joinpath("starter"), ""):
        top, slash, rest = name.partition("/")
        path = f"{folders[top]}/{rest}" if slash else _RENAMED.get(name, name)
        if name == FILE and route is not None:
            data = _routed(data, route)  # noqa: PLW2901 - the same file for this author
        up = "../" * path.count("/")
        yield path, data.replace(f"$schema=../../../{FOLDER}/".encode(), f"$schema={up}{FOLDER}/".encode())
    for name, text in kinds.packaged_templates().items():
        yield f"{folders['prompts']}/{name}", text.encode()
    starter = None if route is None else providers.starter(route.provider)
    if starter is not None:
        yield from _walk(starter, "")
    for name, data in schema_files():
        yield f"{FOLDER}/{name}", data


def _routed(data: bytes, route: Route) -> bytes:
    """Put an author's route in the place of the lines that only suggest one, at the end of the starter's settings."""
    kept, suggestion, _ = data.decode().partition("# Sketches are drawn offline")
    assert suggestion, "the starter's settings suggest a route"
    lines = "# What the files declare as a sketch is made by:", "[tool.chargen.routes]", f'"sketch/*" = "{route}"'
    return (kept + "\n".join(lines) + "\n").encode()


def _walk(place: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(place.iterdir(), key=lambda entry: (entry.is_dir(), entry.name)):
        if entry.name in _LEFT_BEHIND:
            continue
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_bytes()


def _advice(folder: Path, kept: list[str], route: Route | None) -> Iterator[str]:
    """Say what kept files lack."""
    if route is not None and FILE in kept:
        yield f'`{FILE}` was kept: add `"sketch/*" = "{route}"` to its `[tool.chargen.routes]`'
    needs = {
        "dodo.py": ("task_images", "it needs `from chargen.doit_plugin import DOIT_CONFIG, task_images`"),
        ".gitignore": (STATE, f"it should name `{STATE}/`, the program's own folder"),
    }
    for name, (word, sentence) in needs.items():
        if name in kept and word.encode() not in read_plain(folder / name):
            yield f"`{name}` was kept: {sentence}"
