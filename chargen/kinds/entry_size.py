"""The size an entry asks for: its own words, else a ratio of the default's area, else the default. Pure."""

from __future__ import annotations

from fractions import Fraction

from msgspec.structs import replace

from chargen.errors import error, warning
from chargen.kinds.reading import Block
from chargen.kinds.sizes import disagrees, parse_ratio, parse_size, size_for_ratio
from chargen.model.traced import Traced
from chargen.model.values import Size
from chargen.yaml.document import is_null


def size_of(block: Block, default: Size) -> Size | None:
    """Return the size asked for: `size`, else that of `aspect_ratio`, else the default; None with a problem."""
    written, ratio_text = block.written("size"), block.written("aspect_ratio")
    ratio = _ratio(block, ratio_text, beside_size=written is not None) if ratio_text is not None else None
    if written is None:
        if ratio is None:
            return default if all(is_null(block.find(key)) for key in ("size", "aspect_ratio")) else None
        return size_for_ratio(ratio, default) if is_null(block.find("size")) else None
    try:
        size = parse_size(written)
    except ValueError as failure:
        block.problems.append(error(f"`{written[:60]}` is no size: {failure}", written.position))
        return None
    if ratio is not None and disagrees(size, ratio):
        hint = "`size` counts; fix the one that is wrong"
        block.problems.append(
            warning(f"`size` {size} and `aspect_ratio` {ratio_text} are different shapes", written.position, hint)
        )
    return size


def default_size_of(block: Block, otherwise: Size) -> Size:
    """Return the size that `generation_defaults` ask for, else another one."""
    for size, ratio in (("size", "aspect_ratio"), ("default_size", "default_aspect_ratio")):
        if not is_null(block.nodes.get(size)) or not is_null(block.nodes.get(ratio)):
            named = {"size": block.nodes.get(size), "aspect_ratio": block.nodes.get(ratio)}
            nodes = {key: node for key, node in named.items() if node is not None}
            return size_of(replace(block, nodes=nodes), otherwise) or otherwise
    return otherwise


def _ratio(block: Block, text: Traced, beside_size: bool) -> Fraction | None:
    """Read a ratio; a bad one is harmless where a size stands beside it, because the size counts."""
    try:
        return parse_ratio(text)
    except ValueError as failure:
        problem = warning if beside_size else error
        block.problems.append(problem(f"`{text[:60]}` is no aspect ratio: {failure}", text.position))
        return None
