"""One file of each kind, read whole and pinned: what an entry is made of changes only on purpose."""

import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import pytest
from msgspec import Struct

from chargen import kinds
from chargen.errors import Position
from chargen.model.traced import Traced
from chargen.model.values import Size
from chargen.yaml.document import parse

GOLDEN = Path(__file__).parents[1] / "golden" / "scan"


def plain(value):
    """Turn values into JSON: texts with their source as `text @ line:column name`."""
    if isinstance(value, Traced):
        return f"{str(value)!r} @ {value.position.line}:{value.position.column} {value.name}"
    if isinstance(value, Position):
        return str(value)
    if isinstance(value, Size):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__ if name != "data"}
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [plain(inner) for inner in value]
    return value


@pytest.mark.parametrize("kind", ["chapter", "location", "character"])
def test_what_is_read_of_a_file_is_pinned(kind):
    """A person reads the difference, then writes the new file: `prompt`, `size` and `always` are inputs."""
    document = parse((GOLDEN / f"{kind}.yaml").read_bytes(), f"imagery/{kind}s/x/imagery.yaml")
    imagery = kinds.scan(document, Size(1024, 1024), "generated")
    found = plain(imagery) | {"entry_data": plain(imagery.entries[-1].data)}
    golden = GOLDEN / f"{kind}.json"
    assert found == json.loads(golden.read_text(encoding="utf-8"))
