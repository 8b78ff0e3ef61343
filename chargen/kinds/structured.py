"""What an entry without a prompt says in its fields, as parts of a prompt: in reading order, the weightiest first.

Laws: only an entry that describes its picture in words of its own is made of fields, and a prompt is never added to;
what is more specific goes first (an image of a zone, the zone, the overview, the location); the light is taken as a
whole, the palette list by list; the light of one time of day never gets into a picture of another. Lists are joined so
that they read as a sentence. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy

from msgspec.structs import replace
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chargen.kinds.entry_reader import without_repeats
from chargen.kinds.keys import PROMPTS
from chargen.kinds.palette import avoided, in_words_together
from chargen.kinds.reading import Block
from chargen.kinds.view import fields
from chargen.model.entries import PALETTE, NodePath, PromptPart
from chargen.model.traced import Traced
from chargen.text.colours import NEWEST, ColourNames
from chargen.text.prose import one_line, sentence, shorten_to
from chargen.yaml.document import MERGE_KEY, Document, items, scalar

ELEMENTS = ("required_elements", "key_elements", "key_visual_elements", "must_include")
DESCRIPTIONS = ("visual_description", "narrative_context", "description")
COMPOSITIONS = ("composition", "camera", "framing")
MOODS = ("mood", "scene_mood", "emotional_beat")
LIGHTS = ("lighting", "light")
LIGHT = (
    ("primary_source", "primary", "source"),
    ("secondary_source", "secondary"),
    ("quality",),
    ("direction",),
    ("color_temperature", "colour_temperature", "temperature"),
    ("shadow_depth", "shadows"),
    ("atmospheric", "atmosphere"),
)
"""Keys of a light's map in reading order, each with those that stand for it."""

MATERIALS = 3
SOUL = 200
"""Characters of a place's soul: enough for a sentence or two."""


def is_structured(block: Block) -> bool:
    """Say whether an entry is made of fields: it has no prompt, and describes its picture."""
    return block.text(*PROMPTS) is None and block.text(*DESCRIPTIONS) is not None


def without_prompt(document: Document, path: NodePath) -> Document:
    """Return a document whose mapping at `path` has no prompt, not in `image_spec` or merged in either."""
    return replace(document, root=_changed(document.root, path))


def _changed(node: Node | None, path: NodePath) -> Node | None:
    """Copy the nodes on the way to a mapping, and the mapping without its prompts; all others are shared."""
    if not path:
        return _stripped(node)
    if isinstance(node, MappingNode):
        pairs = [(key, _changed(value, path[1:]) if key.value == path[0] else value) for key, value in node.value]
        return _with_value(node, pairs)
    if isinstance(node, SequenceNode):
        return _with_value(
            node, [_changed(item, path[1:]) if n == path[0] else item for n, item in enumerate(node.value)]
        )
    return node


def _stripped(node: Node | None) -> Node | None:
    if isinstance(node, SequenceNode):
        return _with_value(node, [_stripped(item) for item in node.value])
    if not isinstance(node, MappingNode):
        return node
    inner = ("image_spec", MERGE_KEY)
    kept = [(key, value) for key, value in node.value if key.value not in PROMPTS]
    return _with_value(node, [(key, _stripped(value) if key.value in inner else value) for key, value in kept])


def _with_value(node: Node, value: object) -> Node:
    changed = copy(node)
    changed.value = value
    return changed


def parts_of(
    block: Block,
    holder: Block | None = None,
    overview: Block | None = None,
    *,
    signature: Iterable[Traced] = (),
    light: Traced | None = None,
    palette: bool = True,
    place: tuple[Block, ...] = (),
) -> tuple[PromptPart, ...]:
    """Return the parts of an entry in reading order.

    `holder` is what it inherits from: the zone of an image, the overview of a shot. `signature` are elements of the
    place that fit it, `light` the place's light for where neither has one; `place` are mappings that describe the place
    as a whole; a `palette` that stands in the prompt anyway is left out.
    """
    chain = tuple(each for each in (block, holder) if each is not None)
    described = block.text(*DESCRIPTIONS)
    if described is None:
        return ()
    parts = [
        *_part("elements", 1, _listed((*chain, *((overview,) if overview is not None else ())), ELEMENTS)),
        *(part for text in signature for part in _part("signature", 1, text)),
        *_part("description", 2, described),
        *_part("significance", 2, block.text("narrative_significance")),
        *_part("composition", 3, _composition(chain)),
        *_part("time", 3, _first(chain, "time_of_day"), "Time of day: "),
        *_part("weather", 3, _first(chain, "weather"), "Weather: "),
        *_part("season", 3, _first(chain, "season"), "Season: "),
        *_part("light", 4, _light(chain) or light, "Light: "),
    ]
    if palette:
        parts += palette_part(block, holder, overview)
    parts += [
        *_part("mood", 5, _listed(chain, MOODS), "Mood: "),
        *_part("materials", 5, _materials(place), "Materials: "),
        *_part("rationale", 5, _first(chain, "mood_rationale")),
        *_part("soul", 5, _short(_first(place, "narrative_soul"))),
        *_part("essence", 5, _first(place, "one_line_essence")),
        *_part("style", 5, _first((*chain, *place), "style_notes")),
    ]
    return tuple(parts)


def palette_part(
    block: Block, holder: Block | None, overview: Block | None, names: ColourNames = NEWEST
) -> tuple[PromptPart, ...]:
    """Return the colours of an entry, or of what it inherits them from, as a part; none where nothing names any."""
    nodes = [
        node for each in (block, holder, overview) if each is not None and (node := each.find("palette")) is not None
    ]
    return tuple(_part(PALETTE, 4, in_words_together(block.document, nodes, names), "Palette: "))


def negatives_of(block: Block, holder: Block | None = None, names: ColourNames = NEWEST) -> tuple[Traced, ...]:
    """Return what an entry of fields must not show: what its palette avoids, and `must_avoid`."""
    chain = tuple(each for each in (block, holder) if each is not None)
    found = [text for each in chain for text in avoided(each.document, each.find("palette"), names)]
    return (*found, *(text for each in chain for text in each.texts("must_avoid")))


def _part(name: str, weight: int, text: Traced | None, label: str = "") -> Iterator[PromptPart]:
    if text is not None and (words := one_line(text)):
        yield PromptPart(text.sub(sentence(words if label else words[:1].upper() + words[1:])), weight, label, name)


def _first(chain: Iterable[Block], key: str) -> Traced | None:
    return next((text for each in chain if (text := each.text(key)) is not None), None)


def _listed(chain: Iterable[Block], keys: tuple[str, ...]) -> Traced | None:
    """Return the lists of the first mapping that has any of them as one text, each item once."""
    for each in chain:
        found = without_repeats(text for key in keys for text in each.texts(key))
        if found:
            return found[0].sub(", ".join(one_line(text).rstrip(".,;") for text in found))
    return None


def _composition(chain: Iterable[Block]) -> Traced | None:
    for each in chain:
        notes = each.text("composition_notes")
        if notes is not None:
            return notes
        texts = [text for key in COMPOSITIONS if (text := _phrases(each.document, each.find(key), key)) is not None]
        if texts:
            return texts[0].sub("; ".join(texts))
    return None


def _light(chain: Iterable[Block]) -> Traced | None:
    """Return the light of the first mapping that has one, as a whole."""
    for each in chain:
        for key in LIGHTS:
            node = each.find(key)
            if not isinstance(node, MappingNode):
                found = _phrases(each.document, node, key)
            else:
                inner = fields(node)
                lights = [(name, inner[name]) for names in LIGHT for name in names if name in inner]
                texts = [_shadows(name, text) for name, node in lights for text in _scalars(node) if text.strip()]
                found = Traced.of(", ".join(texts), key, each.document.at(lights[0][1])) if texts else None
            if found is not None:
                return found
    return None


def _shadows(key: str, text: str) -> str:
    """Return a light's text as a phrase: how deep the shadows are is said of shadows."""
    words = one_line(text).rstrip(".,;")
    return f"shadows {words}" if key in LIGHT[-2] and "shadow" not in words.lower() else words


def _materials(place: Iterable[Block]) -> Traced | None:
    for each in place:
        node = each.find("materials")
        nodes = list(fields(node).values()) if isinstance(node, MappingNode) else list(items(node))
        found = _joined(each.document, nodes[:MATERIALS], "materials", "; ")
        if found is not None:
            return found
    return None


def _short(text: Traced | None) -> Traced | None:
    """Return a text's first sentences."""
    return None if text is None else text.sub(shorten_to(text, SOUL))


def _phrases(document: Document, node: Node | None, name: str) -> Traced | None:
    """Return a text, a list or a map of texts as one text."""
    if isinstance(node, MappingNode):
        return _joined(document, list(fields(node).values()), name)
    return _joined(document, list(items(node)), name)


def _joined(document: Document, nodes: list[Node], name: str, between: str = ", ") -> Traced | None:
    texts = [one_line(text).rstrip(".,;") for node in nodes for text in _scalars(node) if text.strip()]
    return Traced.of(between.join(texts), name, document.at(nodes[0])) if texts else None


def _scalars(node: Node) -> Iterator[str]:
    """Yield the texts of a scalar or of a list of them."""
    if isinstance(node, ScalarNode):
        yield scalar(node) or ""
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield scalar(item) or ""
