"""All kinds there are: the modules of this package that hold a `KIND`, found once.

Law: a kind is known by being there; no list names it. Kinds of more specific shapes come first, then by name, which
is the order in which shapes are tried and kinds are listed.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from chargen import kinds
from chargen.errors import ChargenError
from chargen.kinds.kind import ImageryKind


@cache
def all_kinds() -> tuple[ImageryKind, ...]:
    """Return every kind, in the order in which a shape is tried."""
    modules = (import_module(f"{kinds.__name__}.{found.name}") for found in pkgutil.iter_modules(kinds.__path__))
    found = (module.KIND for module in modules if hasattr(module, "KIND"))
    return tuple(sorted(found, key=lambda kind: (-max((len(each.keys) for each in kind.shapes), default=0), kind.name)))


@cache
def named(name: str) -> ImageryKind:
    """Return a kind by its name. Raises ChargenError for a name of none."""
    for kind in all_kinds():
        if kind.name == name:
            return kind
    message = f"there is no imagery kind `{name}`"
    raise ChargenError(message)
