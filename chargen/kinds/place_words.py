"""What a location gives each of its images: elements that its words call for, and the light that fits its time of day.

Laws: the light of one time of day never gets into a picture of another. By the name under which an entry's picture was
made, and by earlier names of colours, the same is found as it was then. Pure.
"""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace
from ruamel.yaml.nodes import MappingNode, ScalarNode

from chargen.kinds import light
from chargen.kinds.file_reader import FileReader
from chargen.kinds.keys import PROMPTS
from chargen.kinds.reading import Block
from chargen.kinds.structured import DESCRIPTIONS, is_structured, negatives_of, palette_part, parts_of
from chargen.kinds.view import fields
from chargen.model.entries import PALETTE, FormerColours, FormerWords, Outputs, PromptPart
from chargen.model.record_line import made_as
from chargen.model.traced import Traced
from chargen.text.colours import FIRST
from chargen.text.prose import sentence, shorten
from chargen.yaml.document import items, scalar

IDS = ("slug", "zone_slug", "zone_id", "image_slug", "beat_slug", "beat_id")
"""Keys that name an entry, the first there is."""

ZONES = ("zone", "base_zone", "zone_ref")
"""Keys by which an entry says which zone of the location it shows."""

PLACES = ("slug", "zone_slug", "zone_id", "image_slug", *ZONES, "location_within", "name", "zone_name", "title",
          "weather")  # fmt: skip
"""Keys whose words tell which part of the location, or which weather, a picture shows."""

ELEMENTS = 2
ELEMENT_WORDS = 14
LIGHT_WORDS = 26
"""Two elements, the light and its label have at most 55 words."""

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


Words = tuple[tuple[Traced, ...], tuple[PromptPart, ...]]
"""What an entry gets of its location: the always-include block, or the parts of an entry made of fields."""


class PlaceWords(Struct, frozen=True, dict=True):
    """What a location says of all its entries. `generated` is the folder of pictures."""

    reader: FileReader
    anchor: Block
    lights: tuple[light.Light, ...]
    overview: Block
    generated: str

    @classmethod
    def of(cls, reader: FileReader, anchor: Block, generated: str) -> PlaceWords:
        """Read what a location says; `anchor` is what every picture of it has."""
        document = reader.document
        overview = Block.of(document, reader.root.find("overview"), ("overview",), []).with_fallback("image_spec")
        lights = light.lights(document, anchor.find("characteristic_light"))
        return cls(reader, anchor, lights, overview, generated.strip("/"))

    def words(self, block: Block, parent: Block | None, slug: str = "") -> Words:
        """Return what of the location is in an entry's prompt, by its words and its time of day.

        `slug` is what the location was called when the entry's picture was made, if that is to count.
        """
        time = _time(block)
        elements = self._elements if not slug else self._elements_of(slug)
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
        self, entry: tuple[Block, Block | None], name: str, words: Words, outputs: Outputs
    ) -> FormerWords | None:
        """Return what the name by which an entry's picture was made would make of it; None where that is the same.

        `entry` are its mapping and its zone's, `name` and `words` those of today.
        """
        line = outputs.line
        if line is None:
            return None
        path = (outputs.file_path or "").removeprefix(f"{self.generated}/{self.reader.kind.folder}/")
        told = made_as(line) or (path.removesuffix(".png") if path != outputs.file_path else "")
        slug, _, own = told.partition("/")
        if not own or (slug, own) == (self.reader.slug, name):
            return None
        block, parent = entry
        always, parts = self.words(_called(block, own), parent, slug)
        return None if (always, parts) == words else FormerWords(told, always, parts)

    @cached_property
    def _elements(self) -> tuple[_Element, ...]:
        return self._elements_of(self.reader.slug or "")

    def _elements_of(self, slug: str) -> tuple[_Element, ...]:
        """Return the signature elements; `name: text` unquoted in a list is a mapping to YAML."""
        common, node = frozenset(light.tokens(slug)), self.anchor.find("signature_elements")
        found: list[_Element] = []
        for item in (node,) if isinstance(node, MappingNode) else items(node):
            named = (f"{key}: {text}" for key, value in fields(item).items() if (text := scalar(value)))
            for text in [scalar(item)] if scalar(item) else named:
                if text and (short := shorten(text, ELEMENT_WORDS)):
                    words = frozenset(word for word in light.tokens(text) if len(word) > 3) - common - _SAY_NOTHING
                    traced = Traced.of(sentence(short), "signature_elements", self.reader.document.at(item))
                    found.append(_Element(traced, words, light.times_of(text)))
        return tuple(found)


def _called(block: Block, name: str) -> Block:
    """Return an entry's mapping as it was with another name; an overview may have had none."""
    nodes = dict(block.nodes)
    key = next((key for key in IDS if block.text(key) is not None), IDS[0])
    nodes.pop(key, None)
    if not (block.path[0] == "overview" and name.startswith("overview")):
        mark = block.node.start_mark if block.node is not None else None
        nodes[key] = ScalarNode("tag:yaml.org,2002:str", name, mark, mark, style='"')
    return replace(block, nodes=nodes)


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
