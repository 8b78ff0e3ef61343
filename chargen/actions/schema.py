"""JSON Schemas of the author's files, for editors, and the reference of their keys, both made of the kinds' own tables.

A schema says what is known: it helps to write and finds values that can't be used. Keys it does not know are legal, and
so are empty values. The schemas are of draft 7, which is what yaml-language-server reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chargen.kinds import all_kinds
from chargen.kinds.keys import Form, Key, Keys
from chargen.kinds.kind import ImageryKind
from chargen.plain_file import read_plain
from chargen.store.files import make_folder, write_durably

FOLDER = "schemas"
"""Where `init` puts them, and where the first lines of files look for them."""

_DRAFT = "http://json-schema.org/draft-07/schema#"
_SCALAR = ["string", "number", "boolean", "null"]
"""A text may be written as YAML takes for something else: `slug: 15.5` is read as it stands."""
_TYPES: dict[Form, list[str]] = {
    Form.TEXT: _SCALAR,
    Form.FLAG: ["boolean", "string", "null"],
    Form.NUMBER: ["integer", "null"],
    Form.TEXTS: ["array", *_SCALAR],
    Form.ITEMS: ["array", "null"],
    Form.MAPPING: ["object", "null"],
    Form.BLOCKS: ["array", "null"],
}


def schema_of(kind: ImageryKind) -> dict[str, Any]:
    """Return the schema of a kind's files."""
    return {"$schema": _DRAFT, "title": f"chargen: {kind.name}", **_mapping(kind.keys), "type": "object"}


def schema_name(kind: ImageryKind) -> str:
    """Return the name of a kind's schema file."""
    return f"{kind.name}.schema.json"


def modeline(kind: ImageryKind, file: str) -> str:
    """Return the first line of a project's file that names its schema, for editors that use yaml-language-server."""
    return f"# yaml-language-server: $schema={'../' * file.count('/')}{FOLDER}/{schema_name(kind)}\n"


def schema_files() -> Iterator[tuple[str, bytes]]:
    """Yield the schema files of all kinds, with their names."""
    for kind in all_kinds():
        text = json.dumps(schema_of(kind), indent=1, ensure_ascii=False)
        yield schema_name(kind), f"{text}\n".encode()


def write_schemas(folder: Path) -> tuple[str, ...]:
    """Write the schemas into a folder, which is made if need be, and return the names of those that changed."""
    make_folder(folder)
    written = []
    for name, data in schema_files():
        path = folder / name
        if not path.exists() or read_plain(path) != data:
            write_durably(path, data)
            written.append(name)
    return tuple(written)


def _mapping(keys: Keys) -> dict[str, Any]:
    needed = [key.name for key in keys.all if key.required]
    schema: dict[str, Any] = {"type": ["object", "null"], "properties": {key.name: _value(key) for key in keys.all}}
    return {**schema, "required": needed} if needed else schema


def _value(key: Key) -> dict[str, Any]:
    """Return the schema of a key's value: what it is for and what it rebuilds is shown where the pointer rests."""
    schema: dict[str, Any] = {"description": f"{key.says}\n\nEditing it: {key.effect.value}."}
    if key.form in _TYPES:
        schema["type"] = _TYPES[key.form]
    if key.choices:
        return {**schema, "enum": [*key.choices, None]}
    if key.pattern:
        schema["pattern"] = key.pattern
    if key.form is Form.MAPPING and key.inner:
        schema |= _mapping(key.inner)
    if key.form is Form.BLOCKS and key.inner:
        schema["items"] = _mapping(key.inner)
    return schema


# the reference

_INTRODUCTION = """\
# Keys of the files

Every key the program knows, as `chargen schema --reference` prints it. Keys that are not here are yours: they stay as
they are, templates can print them, and nothing is rebuilt by them unless one does. `chargen schema` prints the same as
JSON Schemas, for editors. A key that several mappings of a file have stands below the first of them.

What editing a key does to a picture that was made is told in full in [what-rebuilds.md](what-rebuilds.md).
"""


def reference() -> str:
    """Return the page of all keys, kind by kind."""
    lines = [_INTRODUCTION]
    for kind in all_kinds():
        lines += [f"## {kind.name.capitalize()}", "", f"`entity_type: {kind.entity_type}`", ""]
        lines += ["| key | value | editing it | |", "|---|---|---|---|"]
        lines += [
            f"| `{path}` | {_form(key)} | {key.effect.value if key.inner is None else ''} | {key.says} |"
            for path, key in _walk(kind.keys, "", set())
        ]
        lines.append("")
    return "\n".join(lines)


def _form(key: Key) -> str:
    return ", ".join(f"`{choice}`" for choice in key.choices) or key.form.value


def _walk(keys: Keys, prefix: str, shown: set[Key]) -> Iterator[tuple[str, Key]]:
    """Yield the keys with their paths, below each mapping those that no mapping before it has."""
    for key in keys.all:
        if key in shown:
            continue
        shown.add(key)
        path = f"{prefix}{key.name}"
        yield path, key
        if key.inner is not None:
            yield from _walk(key.inner, f"{path}{'[]' if key.form is Form.BLOCKS else ''}.", shown)
