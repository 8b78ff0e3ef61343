"""Schemas and the reference of keys: made of the readers' own tables, and true of real files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from support.project import REPOSITORY

from chargen.actions.schema import modeline, reference, schema_of, write_schemas
from chargen.kinds import all_kinds, blank, kind_of, named
from chargen.kinds.keys import Effect, Keys
from chargen.yaml.document import parse

KINDS = all_kinds()
SAMPLES = REPOSITORY.parent / "shared" / "samples" / "story"
REBUILDS = (REPOSITORY / "docs" / "what-rebuilds.md").read_text(encoding="utf-8")


class Texts(yaml.SafeLoader):
    """Reads YAML as YAML 1.2 editors do: dates and `16:9` are texts."""


Texts.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if not tag.endswith((":timestamp", ":int"))]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def problems(kind: str, text: str) -> list[str]:
    """Return what the schema of a kind says of a file."""
    found = Draft7Validator(schema_of(named(kind))).iter_errors(yaml.load(text, Texts))
    return [f"{error.json_path}: {error.message}" for error in found]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_schema_is_one(kind: Any) -> None:
    """Of draft 7, which yaml-language-server reads, with a description of every key."""
    schema = schema_of(kind)
    Draft7Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    for value in _values(schema):
        assert value["description"].strip()


def _values(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for value in schema.get("properties", {}).values():
        yield value
        yield from _values(value)
        yield from _values(value.get("items", {}))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_blank_file_fits_its_schema_and_is_one_of_its_kind(kind: Any) -> None:
    """What `new` writes is recognised and draws no complaint of an editor."""
    text = blank(kind, "ch-02")
    assert kind_of(parse(text.encode(), "imagery/x/ch-02/imagery.yaml")) is kind
    assert problems(kind.name, text) == []


@pytest.mark.parametrize("root", [REPOSITORY / "imagery", SAMPLES], ids=["the example book", "samples"])
def test_real_files_fit_their_schemas(root: Path) -> None:
    """Whatever else stands in them: a key nobody knows is legal."""
    if not root.is_dir():
        pytest.skip("samples absent")
    seen = 0
    for path in sorted(root.rglob("*.yaml")):
        data = path.read_bytes()
        try:
            document = parse(data, path.name)
        except Exception:  # noqa: BLE001 - one sample is no YAML
            continue
        kind = kind_of(document)
        if kind is not None:
            assert problems(kind.name, data.decode("utf-8-sig")) == [], path
            seen += 1
    assert seen >= 10


@pytest.mark.parametrize(
    ("kind", "text", "place"),
    [
        ("chapter", "metadata: {slug: a}\nimages: [{custom_id: a, size: big}]", "$.images[0].size"),
        ("chapter", "metadata: {slug: a}\nimages: [{custom_id: a, status: aproved}]", "$.images[0].status"),
        ("chapter", "metadata: {slug: a}\nimages: [{prompt_used: A lamp.}]", "$.images[0]"),
        ("location", "overview: a quay\nzones: []", "$.overview"),
        ("character", "image_inventory: {id: a}", "$.image_inventory"),
        ("scene", "character: {summary: tall}\nscenes: []", "$.character"),
    ],
)
def test_what_can_not_be_used_is_told(kind: str, text: str, place: str) -> None:
    """A value of another shape, a word that is none of the known ones, a name that is missing."""
    (found,) = problems(kind, text)
    assert found.startswith(f"{place}: ")


def test_the_page_of_keys_is_the_one_of_the_tables() -> None:
    """`chargen schema --reference > docs/entries.md` wrote it."""
    assert (REPOSITORY / "docs" / "entries.md").read_text(encoding="utf-8") == reference()


def _rows() -> Iterator[tuple[str, str, str]]:
    """Yield (kind, path of a key, effect) of the tables in docs/what-rebuilds.md that tell one effect of a key."""
    for title, text in re.findall(
        r"^## (Chapter|Location|Character)\n(.*?)(?=^## )", REBUILDS, re.MULTILINE | re.DOTALL
    ):
        for where, table in re.findall(r"^\| field of ([^|]*) \|.*?\n\|[-|]*\n((?:\|.*\n)*)", text, re.MULTILINE):
            for path, effect in re.findall(r"^\| `([\w.\[\]]+)` \| (\w+) \|", table, re.MULTILINE):
                listed = {"Chapter": "images[].", "Location": "zones[].", "Character": "image_inventory[]."}[title]
                prefix = listed if where in ("an image", "a planned portrait") else ""
                yield title.lower(), f"{prefix}{path}", effect


def _effect(keys: Keys, path: str) -> Effect | None:
    name, _, rest = path.partition(".")
    key = keys.by_name.get(name.removesuffix("[]"))
    if key is None:
        return None
    return key.effect if not rest or key.inner is None else _effect(key.inner, rest)


SAME = {
    "rebuilds": {Effect.REBUILDS},
    "moves": {Effect.MOVES},
    "drift": {Effect.DRIFT},
    "nothing": {None, Effect.NOTHING, Effect.FIELD, Effect.WRITTEN},
}


def test_the_tables_of_effects_agree() -> None:
    """What a key's table says of editing it is what docs/what-rebuilds.md says, which is tried in built projects."""
    # Which portrait is the reference rebuilds the images that show the character, not the portrait itself.
    rows = [row for row in _rows() if not row[1].endswith(".is_reference_portrait")]
    assert len(rows) > 50
    other = [(kind, path, effect) for kind, path, effect in rows if _effect(named(kind).keys, path) not in SAME[effect]]
    assert other == []


def test_schemas_are_written_once(tmp_path: Path) -> None:
    """A file that holds what it would is left alone."""
    assert len(write_schemas(tmp_path / "schemas")) == len(KINDS)
    assert write_schemas(tmp_path / "schemas") == ()
    (tmp_path / "schemas" / "scene.schema.json").write_text("{}")
    assert write_schemas(tmp_path / "schemas") == ("scene.schema.json",)


def test_the_first_line_leads_to_the_schema() -> None:
    """From wherever the file lies."""
    assert modeline(named("scene"), "imagery/a/scenes.yaml") == (
        "# yaml-language-server: $schema=../../schemas/scene.schema.json\n"
    )
