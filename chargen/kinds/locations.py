"""Locations: `overview`, `parts[*]`, `zones[*]`, `zones[*].images[*]` and `beat_images[*]`, all flat in the location.

Laws: a zone that only holds images is no entry, one of which a picture was made stays one; the light of one time of
day never gets into a picture of another; `references` of an entry are documents, never pictures. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chargen.errors import note
from chargen.kinds import light
from chargen.kinds.entry_reader import depicted, file_defaults, outputs_of, prompt_of, read_entry
from chargen.kinds.file_reader import FileReader
from chargen.kinds.keys import (
    ENTRY,
    FIELDS,
    GENERATION_DEFAULTS,
    PROMPTS,
    SLOTS,
    Effect,
    Form,
    Key,
    Keys,
    slug_key,
    type_key,
)
from chargen.kinds.kind import ImageryKind, Shape
from chargen.kinds.reading import Block
from chargen.kinds.structured import DESCRIPTIONS, is_structured, negatives_of, palette_part, parts_of
from chargen.kinds.view import fields
from chargen.model.entries import PALETTE, Entry, FormerColours, FormerWords, Imagery, Outputs, PromptPart
from chargen.model.record_marks import made_as
from chargen.model.traced import Traced
from chargen.model.values import EntryId, Size
from chargen.text.colours import FIRST
from chargen.text.few import few_names
from chargen.text.prose import one_line, sentence, shorten
from chargen.yaml.document import Document, items, scalar

IDS = ("slug", "zone_slug", "zone_id", "image_slug", "beat_slug", "beat_id")
"""Keys that name an entry, the first there is."""

ZONES = ("zone", "base_zone", "zone_ref")
"""Keys by which an entry says which zone of the location it shows."""

TITLES = ("title", "name", "zone_name", "beat_title", "description")

PLACES = ("slug", "zone_slug", "zone_id", "image_slug", *ZONES, "location_within", "name", "zone_name", "title",
          "weather")  # fmt: skip
"""Keys whose words tell which part of the location, or which weather, a picture shows."""

ELEMENTS = 2
ELEMENT_WORDS = 14
LIGHT_WORDS = 26
"""Two elements, the light and its label have at most 55 words."""

SLOT = "generated_images"

_TYPE = "location-imagery"
_SLUG = "Names the location: its images are `locations/<slug>/...`."
_OF_PLACE = Keys(
    (
        Key("narrative_soul", "What the place is to the story.", Effect.FIELD, suggested=False),
        Key("one_line_essence", "The place in a line.", Effect.FIELD, suggested=False),
        Key("materials", "What it is made of.", Effect.FIELD, Form.ANY, suggested=False),
        Key("style_notes", "How it is drawn.", Effect.FIELD, suggested=False),
    )
)
_METADATA = _OF_PLACE + Keys(
    (
        type_key(_TYPE),
        slug_key(_SLUG, suggested=False),
        slug_key("The same as `slug`.", name="location_slug", suggested=False),
        GENERATION_DEFAULTS,
    )
)
_ANCHOR = _OF_PLACE + Keys(
    (
        Key("signature_elements", "What the place is known by; one or two that fit go along.", Effect.REBUILDS,
            Form.TEXTS),
        Key("characteristic_light", "Its light: a text, or one for each time of day or part.", Effect.REBUILDS,
            Form.ANY, suggested=False),
        Key("color_anchors", "Its colours, for storyboards.", Effect.NOTHING, Form.ANY, suggested=False),
    )
)  # fmt: skip
_WORDS = "Its words tell which elements and which light of the place fit."
_NAMES = Keys(
    (
        slug_key("Names the image: `locations/<slug>/<its slug>`."),
        *(slug_key("The same as `slug`.", name=name) for name in IDS[1:]),
        *(Key(name, _WORDS, Effect.REBUILDS, suggested=False)
          for name in ("zone", "base_zone", "zone_ref", "location_within")),
        *(Key(name, "A name for people.", suggested=False) for name in ("name", "zone_name", "beat_title")),
    ),
    (IDS,),
)  # fmt: skip
_SPEC = Keys((*(ENTRY.by_name[name] for name in (*PROMPTS, "negative_prompt", "size", "aspect_ratio")),
              *(ENTRY.by_name[name] for name in ("depicts_characters", "character_refs", "character_states")),
              *FIELDS.all))  # fmt: skip
_PICTURE = (
    _NAMES
    + ENTRY
    + FIELDS
    + Keys(
        (
            Key("image_spec", "Holds keys of the image that it lacks itself.", Effect.REBUILDS, Form.MAPPING, _SPEC),
            Key(SLOT, "The pictures made, the last being the current one.", Effect.WRITTEN, Form.BLOCKS, Keys(SLOTS)),
        )
    )
)
_ZONE = _PICTURE + Keys(
    (
        Key(
            "images",
            "Images of the zone, which take its light and mood; the zone then needs a prompt to be one.",
            Effect.REBUILDS,
            Form.BLOCKS,
            _PICTURE,
        ),
    )
)

_OF_SHOTS = ("description", "narrative_context", "image_type")
_NO_SHOTS = ("image_spec", "lighting", "light", "palette", "composition", "camera", "framing")

_SAY_NOTHING = frozenset(
    light.tokens(
        "above against along among around behind below beneath beside between beyond each every from half into large"
        " like many more most near only onto other over seen small some such than that their them then there these they"
        " this those through toward towards under upon very what when where which with within without"
    )
)
"""English words of four letters and more that call for nothing; in other languages such words only add noise."""


class _Element(Struct, frozen=True):
    """One signature element: its text, the words by which entries call for it, the times of day it speaks of."""

    text: Traced
    words: frozenset[str]
    times: frozenset[str]


_Words = tuple[tuple[Traced, ...], tuple[PromptPart, ...]]
"""What an entry gets of its location: the always-include block, or the parts of an entry made of fields."""


class _WholePlace(Struct, frozen=True):
    """What a location says of all its entries."""

    reader: FileReader
    anchor: Block
    lights: tuple[light.Light, ...]
    overview: Block
    generated: str

    def words(self, block: Block, parent: Block | None, elements: tuple[_Element, ...]) -> _Words:
        """Return what of the location is in an entry's prompt, by its words and its time of day."""
        time = _time(block)
        if not is_structured(block):
            return (*_signature(elements, block, time), *_light(self.lights, block, parent, time)), ()
        own = _signature(elements, block, time, usual=False)
        at_place = _fitting(self.lights, block, parent, time)
        blocks = (self.anchor, self.reader.metadata, self.reader.root)
        return (), parts_of(block, parent, self.overview, signature=own, light=at_place, place=blocks)

    def former_colours(
        self, block: Block, parent: Block | None, parts: tuple[PromptPart, ...], avoids: tuple[Traced, ...]
    ) -> FormerColours | None:
        """Return what palettes gave an entry of fields by earlier forms; None where that is the same."""
        if not parts:
            return None
        first = next(iter(palette_part(block, parent, self.overview, FIRST)), None)
        negatives = negatives_of(block, parent, FIRST)
        today = next((part for part in parts if part.name == PALETTE), None)
        return None if (first, negatives) == (today, avoids) else FormerColours((), first, negatives)

    def former(
        self, entry: tuple[Block, Block | None], name: str, words: _Words, outputs: Outputs
    ) -> FormerWords | None:
        """Return what the name by which an entry's picture was made would make of it; None where that is the same.

        `entry` are its mapping and its zone's, `name` and `words` those of today.
        """
        line = outputs.line
        if line is None:
            return None
        path = (outputs.file_path or "").removeprefix(f"{self.generated}/{KIND.folder}/")
        told = made_as(line) or (path.removesuffix(".png") if path != outputs.file_path else "")
        slug, _, own = told.partition("/")
        if not own or (slug, own) == (self.reader.slug, name):
            return None
        block, parent = entry
        elements = _elements(block.document, self.anchor.find("signature_elements"), slug)
        always, parts = self.words(_called(block, own), parent, elements)
        return None if (always, parts) == words else FormerWords(told, always, parts)


def _called(block: Block, name: str) -> Block:
    """Return an entry's mapping as it was with another name; an overview may have had none."""
    nodes = dict(block.nodes)
    key = next((key for key in IDS if block.text(key) is not None), IDS[0])
    nodes.pop(key, None)
    if not (block.path[0] == "overview" and name.startswith("overview")):
        mark = block.node.start_mark if block.node is not None else None
        nodes[key] = ScalarNode("tag:yaml.org,2002:str", name, mark, mark, style='"')
    return replace(block, nodes=nodes)


class Locations(ImageryKind):
    """Location plans."""

    name = "location"
    entity_type = _TYPE
    keys = _OF_PLACE + Keys(
        (
            type_key(_TYPE),
            slug_key(_SLUG, suggested=False),
            slug_key("The same as `slug`.", name="location_slug", suggested=False),
            Key("metadata", "The location as a whole.", Effect.REBUILDS, Form.MAPPING, _METADATA),
            GENERATION_DEFAULTS,
            Key("location_visual_anchor", "What every picture of it has.", Effect.REBUILDS, Form.MAPPING, _ANCHOR),
            Key("overview", "The place as a whole: an image, or named shots of it.", Effect.REBUILDS, Form.MAPPING,
                _PICTURE),
            Key("parts", "Parts of it, each an image.", Effect.REBUILDS, Form.BLOCKS, _ZONE),
            Key("zones", "The same as `parts`.", Effect.REBUILDS, Form.BLOCKS, _ZONE),
            Key("beat_images", "Images of moments there.", Effect.REBUILDS, Form.BLOCKS, _PICTURE),
        )
    )  # fmt: skip
    name_keys = IDS
    name_tells = True
    shapes = (Shape(frozenset({"overview", "parts"}), "parts"), Shape(frozenset({"overview", "zones"}), "zones"))
    slot_list = SLOT  # the last picture of the list is the current one

    def read(self, document: Document, default_size: Size, generated: str) -> Imagery:
        """Read a location."""
        reader = FileReader.of(document, self, ("slug", "location_slug"), folder_counts=True)
        if reader.slug is None:
            return reader.imagery(())
        reader.spell(self.keys, _METADATA)
        anchor = reader.root.block("location_visual_anchor")
        anchor.spell(_ANCHOR)
        file = file_defaults(reader.root, reader.metadata, self, reader.slug, default_size)
        lights = light.lights(document, anchor.find("characteristic_light"))
        elements = _elements(document, anchor.find("signature_elements"), reader.slug)
        entries: list[Entry] = []
        zones: dict[str, EntryId] = {}
        overview = Block.of(document, reader.root.find("overview"), ("overview",), []).with_fallback("image_spec")
        place = _WholePlace(reader, anchor, lights, overview, generated.strip("/"))
        for block, parent, otherwise in _candidates(reader):
            block.spell(_ZONE)
            optional = prompt_of(block) is None and not is_structured(block)
            name = reader.entry_name(block, IDS, otherwise, optional=optional)
            if name is None:
                reader.report(block)
                continue
            for each in (block, *((parent,) if parent is not None else ())):
                for zone in each.each_text((*IDS, *ZONES)):
                    zones.setdefault(str(zone), self.entry_id(reader.slug, name))
            title = block.text(*TITLES)
            outputs = _outputs(block)
            words = place.words(block, parent, elements)
            avoids = negatives_of(block, parent)
            entries.append(
                read_entry(
                    file,
                    block,
                    name,
                    title=one_line(title) if title else None,
                    depicts=depicted(block, None),
                    always=words[0],
                    outputs=outputs,
                    palette=anchor.find("color_anchors"),
                    parts=words[1],
                    avoided=avoids,
                    former_colours=place.former_colours(block, parent, words[1], avoids),
                    former_words=place.former((block, parent), name, words, outputs),
                )
            )
        whole = (entry.id for entry in entries if entry.path[0] == "overview")
        return reader.imagery(entries, overview=next(whole, None), zones=tuple(zones.items()))


def _candidates(reader: FileReader) -> Iterator[tuple[Block, Block | None, str]]:
    """Yield (mapping of an entry, its zone's mapping, name where it has none of its own) in file order."""
    overview = reader.root.find("overview")
    if isinstance(overview, MappingNode):
        holder = _entry(Block.of(reader.document, overview, ("overview",), []))
        shots = [key for key, node in holder.nodes.items() if _is_shot(key, node)]
        if not shots or prompt_of(holder) is not None:
            yield holder, None, "overview"
        for key in shots:
            yield _entry(Block.of(reader.document, holder.nodes[key], ("overview", key), [])), holder, f"overview-{key}"
    else:
        reader.root.block("overview")  # tells the wrong shape
    described: list[Traced] = []
    for key in ("parts", "zones"):
        for block in reader.root.blocks(key):
            inner = list(block.blocks("images"))
            zone = _entry(block)
            # Fields alone describe a zone for its images; one of which a picture was made is an image, and stays one.
            if not inner or prompt_of(block) is not None or (is_structured(zone) and items(block.nodes.get(SLOT))):
                yield zone, None, ""
            else:
                reader.report(block)
                name = next(block.each_text(IDS), None)
                described += [name] if name is not None and is_structured(zone) else []
            for image in inner:
                yield _entry(image), block, ""
    if described:
        message = f"described, and no image itself, as it has `images`: {few_names(described)}"
        reader.problems.append(note(message, described[0].position, "give it a `prompt_used` to make it one"))
    for block in reader.root.blocks("beat_images"):
        yield _entry(block), None, ""


def _is_shot(key: str, node: Node) -> bool:
    """Say whether a mapping in the overview is a picture of its own: `primary`, `establishing`, any name."""
    return key not in _NO_SHOTS and not fields(node).keys().isdisjoint(_OF_SHOTS)


def _entry(block: Block) -> Block:
    return block.with_fallback("image_spec")


def _outputs(block: Block) -> Outputs:
    """Return the outputs of the last picture made."""
    node = block.nodes.get(SLOT)
    made = items(node) if isinstance(node, SequenceNode) else ()
    if node is not None and not isinstance(node, SequenceNode) and scalar(node) is not None:
        block.wrong_shape(SLOT, node, "a list")
    return outputs_of(Block.of(block.document, made[-1], block.path, block.problems)) if made else Outputs()


def _elements(document: Document, node: Node | None, slug: str) -> tuple[_Element, ...]:
    """Return the signature elements; `name: text` unquoted in a list is a mapping to YAML."""
    common = frozenset(light.tokens(slug))
    found: list[_Element] = []
    for item in (node,) if isinstance(node, MappingNode) else items(node):
        texts = [scalar(item)] if scalar(item) else [f"{k}: {t}" for k, v in fields(item).items() if (t := scalar(v))]
        for text in texts:
            if text and (short := shorten(text, ELEMENT_WORDS)):
                words = frozenset(word for word in light.tokens(text) if len(word) > 3) - common - _SAY_NOTHING
                traced = Traced.of(sentence(short), "signature_elements", document.at(item))
                found.append(_Element(traced, words, light.times_of(text)))
    return tuple(found)


def _signature(
    elements: tuple[_Element, ...], block: Block, time: str | None, *, usual: bool = True
) -> tuple[Traced, ...]:
    """Return the two elements that the entry's own words call for; none of another time of day.

    Where its words call for none, the first is taken if `usual`.
    """
    usable = [element for element in elements if light.agrees(element.times, time)]
    if not usable:
        return ()
    named = frozenset(light.tokens(" ".join(block.each_text(PLACES))))
    asked = frozenset(light.tokens(block.text(*PROMPTS) or block.text(*DESCRIPTIONS) or ""))
    scores = [2 * len(element.words & named) + len(element.words & asked) for element in usable]
    ranked = sorted((n for n in range(len(usable)) if scores[n]), key=lambda n: -scores[n]) or ([0] if usual else [])
    return tuple(usable[n].text for n in sorted(ranked[:ELEMENTS]))


def _fitting(lights: tuple[light.Light, ...], block: Block, parent: Block | None, time: str | None) -> Traced | None:
    """Return the light of the place that fits an entry."""
    if not lights:
        return None
    texts = (text for each in (block, parent) if each is not None for text in each.each_text(PLACES))
    return light.fitting(lights, time, tuple(light.tokens(text) for text in texts))


def _light(lights: tuple[light.Light, ...], block: Block, parent: Block | None, time: str | None) -> tuple[Traced, ...]:
    found = _fitting(lights, block, parent, time)
    if found is None:
        return ()
    return (Traced.of(f"Light: {sentence(shorten(found, LIGHT_WORDS))}", "characteristic_light", found.position),)


def _time(block: Block) -> str | None:
    """Return the time of day of an entry: `time_of_day`, else what its id or title tells."""
    return light.time_of(*block.each_text(("time_of_day", *IDS, "title", "name")))


KIND = Locations()
