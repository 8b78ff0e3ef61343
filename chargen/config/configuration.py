"""Finds a project and reads its settings: the folder tree upward, `pyproject.toml`, and the environment.

Law: keys are never part of the settings; they are only looked up here as values to take out of everything written.
Which providers there are, and their environment variables, is handed in.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from chargen.config.project import Project
from chargen.config.setting_checks import url_trouble
from chargen.config.settings import Settings, StoreAccess
from chargen.config.settings_table import KnownProvider, parse_settings
from chargen.errors import Position, Problem, StartError, error, not_utf8
from chargen.plain_file import read_plain

FILE = "pyproject.toml"

STORE_ACCESS = "CHARGEN_STORE_ACCESS"
"""Variable that goes before `access` of `[tool.chargen.store]`."""

_BYTE_ORDER_MARK = "\ufeff"
_SECRET = re.compile(r"(?:^|_)(?:APIKEY|KEY|TOKEN|SECRET|PASSWORD)(?:$|_)", re.IGNORECASE)
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def configuration(folder: Path, environ: Mapping[str, str], known_providers: Mapping[str, KnownProvider]) -> Project:
    """Find the project around `folder` and read its settings.

    Raises StartError: no project, a file that can't be read or is not TOML, or any bad setting or base URL.
    """
    root = project_root(folder)
    text, document = _read(root / FILE)
    settings = parse_settings(document["tool"]["chargen"], text, FILE, known_providers=known_providers)
    settings = with_store_access(with_base_urls(settings, environ, known_providers), environ)
    return Project(root, settings, secrets(environ, known_providers))


def project_root(folder: Path) -> Path:
    """Return the closest folder, from `folder` upward, whose `pyproject.toml` has a `[tool.chargen]` table.

    A `pyproject.toml` on the way that can't be read, or is not valid TOML, is an error: the table may be in it. So is
    an environment in which files with other letters than ASCII seem not to be there.
    """
    if sys.getfilesystemencoding() == "ascii":
        hint = "unset PYTHONUTF8, or set it to 1; or choose a locale with letters, such as LC_ALL=C.UTF-8"
        raise StartError("this environment has only ASCII for names of files: yours may have other letters", hint=hint)
    start = folder.resolve()
    for place in (start, *start.parents):
        if os.path.lexists(place / FILE) and _has_table(_read(place / FILE)[1]):
            return place
    raise StartError(
        f"no `{FILE}` with a `[tool.chargen]` table in this folder or above it",
        hint="change to the project's folder, or make a project with `chargen init`",
    )


def with_base_urls(
    settings: Settings, environ: Mapping[str, str], known_providers: Mapping[str, KnownProvider]
) -> Settings:
    """Fill in the environment's base URLs where the settings name none; an empty variable counts as unset."""
    providers = dict(settings.providers)
    problems: list[Problem] = []
    for name, known in known_providers.items():
        variable = known.base_url
        url = environ.get(variable, "").strip()
        own = settings.provider(name)
        if not url or own.base_url:
            continue
        if trouble := url_trouble(url):
            problems.append(error(f"the environment's `{variable}` must {trouble}"))
        providers[name] = replace(own, base_url=url)
    if problems:
        raise StartError(problems)
    return replace(settings, providers=providers)


def with_store_access(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """Let the environment say what may be done with the store here: CI of a fork has a key that only reads."""
    told = environ.get(STORE_ACCESS, "").strip()
    if not told or settings.store is None:
        return settings
    if told not in {access.value for access in StoreAccess}:
        raise StartError(error(f"the environment's `{STORE_ACCESS}` must be `read` or `write`"))
    return replace(settings, store=replace(settings.store, access=StoreAccess(told)))


def secrets(environ: Mapping[str, str], known_providers: Mapping[str, KnownProvider]) -> tuple[str, ...]:
    """Return the values of all variables that hold a key by their name, each once; empty ones left out."""
    keys = {name for known in known_providers.values() for name in known.keys}
    return tuple(
        dict.fromkeys(value for name, value in environ.items() if value and (name in keys or _SECRET.search(name)))
    )


def _has_table(document: Mapping[str, Any]) -> bool:
    tool = document.get("tool")
    if not isinstance(tool, Mapping) or "chargen" not in tool:
        return False
    if isinstance(tool["chargen"], Mapping):
        return True
    raise StartError(
        error("`tool.chargen` must be a table", Position(FILE), "write its settings below `[tool.chargen]`")
    )


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        data = read_plain(path)
    except OSError as failure:
        reason = (failure.strerror or type(failure).__name__).lower()
        raise StartError(error(f"can't read this file: {reason}", Position(FILE))) from None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as failure:
        raise StartError(not_utf8(data, failure.start, FILE)) from None
    if text.startswith(_BYTE_ORDER_MARK):
        hint = "save it as UTF-8 without one"
        raise StartError(
            error("TOML has no byte order mark, and this file begins with one", Position(FILE, 1, 1), hint)
        )
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as failure:
        raise StartError(_syntax_problem(str(failure), text)) from None
    except (ValueError, RecursionError) as failure:  # a number of thousands of digits, thousands of brackets
        raise StartError(error(f"can't read this file: {failure}", Position(FILE))) from None


_LOOK = "look for a bracket or a quote that is not closed, here or in the lines above"

_TWICE = (
    ("Cannot overwrite a value", "this key stands twice", "keep one of them"),
    ("Duplicate inline table key", "this key stands twice", "keep one of them"),
    ("Cannot declare", "this table stands twice", "put what is below both of them below one"),
)
"""How what `tomllib` says of this begins, and what is said instead."""


def _syntax_problem(message: str, text: str) -> Problem:
    match = _TOML_PLACE.search(message)
    if match is None:
        return error(f"not valid TOML: {message}", Position(FILE), _LOOK)
    if match[1]:
        place = Position(FILE, int(match[1]), int(match[2]))
    else:
        place = Position(FILE, text.count("\n") + 1, len(text) - text.rfind("\n"))
    words = message[: match.start()]
    for beginning, told, hint in _TWICE:
        if words.startswith(beginning):
            return error(f"not valid TOML: {told}", place, hint)
    return error(f"not valid TOML: {words[:1].lower()}{words[1:]}", place, _LOOK)
