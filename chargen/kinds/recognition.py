"""Which kind of imagery a file is: by the type it declares, else by its shape; and whether it is misspelled.

Laws: a file of another program is ignored quietly; one that is ours but for a misspelling is an error. Pure.
"""

from __future__ import annotations

from chargen.errors import Problem, error
from chargen.kinds.kind import ImageryKind
from chargen.kinds.reading import declared_type, is_type
from chargen.kinds.registry import all_kinds
from chargen.kinds.spelling import key_position, lists_images, near, shortened
from chargen.kinds.view import fields
from chargen.model.traced import Traced
from chargen.yaml.document import Document

_IGNORED = "so this file is no imagery file, and nothing in it is planned"


def kind_of(document: Document) -> ImageryKind | None:
    """Return the kind of a file: of the type it declares, else of its shape; None for a file of another program."""
    declared = _declared(document)
    if declared is not None:
        return next((kind for kind in all_kinds() if is_type(declared, kind.entity_type)), None)
    return _of_shape(document)


def overlooked(document: Document) -> Problem | None:
    """Return the error of a file of no kind that is ours but for a misspelled `entity_type` or key."""
    declared = _declared(document)
    if declared is None:
        return _misspelt_key(document)
    types = {kind.entity_type.replace("-", "_"): kind.entity_type for kind in all_kinds()}
    meant = types.get(near(declared, tuple(types))) or _by_shape(document, declared)
    if not meant:
        return None
    return error(f"unknown `entity_type` `{declared[:60]}`, {_IGNORED}", declared.position, f"did you mean `{meant}`?")


def _declared(document: Document) -> Traced | None:
    declared = declared_type(document)
    return declared if declared is not None and declared.strip() else None


def _by_shape(document: Document, declared: str) -> str:
    """Return the type a file has by its shape, where what it declares names the same thing; else nothing."""
    kind = _of_shape(document)
    return kind.entity_type if kind is not None and kind.name in declared.lower() else ""


def _of_shape(document: Document) -> ImageryKind | None:
    return next((kind for kind in all_kinds() if kind.recognises(document)), None)


def _misspelt_key(document: Document) -> Problem | None:
    """Tell the one key that keeps a file without a type from a shape, if its list plans images."""
    root = fields(document.root)
    shapes = [shape for kind in all_kinds() for shape in kind.shapes]
    known = tuple(dict.fromkeys(key for shape in shapes for key in sorted(shape.keys)))
    is_ours = any(not fields(value).keys().isdisjoint(("entity_type", "slug")) for value in root.values())
    for key in root:
        meant = "" if key in known else near(key, known) or (shortened(key, known) if is_ours else "")
        for shape in shapes:
            missing = shape.keys - root.keys()
            if missing == {meant} and lists_images(root[key if meant == shape.listed else shape.listed]):
                where = key_position(document, document.root, key, root[key])
                return error(f"unknown key `{key[:60]}`, {_IGNORED}", where, f"did you mean `{meant}`?")
    return None
