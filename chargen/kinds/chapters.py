"""Chapters: `images[*]` with the chapter's cast, its visual thesis and its palette.

Laws: ids come from `custom_id`; `provider` and `model` of an image are outputs, the choice stands in
`generation_defaults`. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace
from ruamel.yaml.nodes import Node

from chargen.errors import Problem, Severity, error, warning
from chargen.kinds.entry_reader import CastMember, depicted, file_defaults, outputs_of, read_entry, wants_no_portrait
from chargen.kinds.file_reader import FileReader
from chargen.kinds.keys import ENTRY, FIELDS, GENERATION_DEFAULTS, Effect, Form, Key, Keys, slug_key, type_key
from chargen.kinds.kind import ImageryKind, Shape
from chargen.kinds.palette import in_words
from chargen.kinds.reading import Block
from chargen.kinds.structured import is_structured, negatives_of, parts_of
from chargen.model.entries import DepictedCharacter, Entry, FormerColours, Imagery, Place
from chargen.model.traced import Traced
from chargen.model.values import Size
from chargen.text.colours import FIRST
from chargen.text.prose import sentence, shorten
from chargen.yaml.document import Document, get, is_null, scalar

THESIS_WORDS = 32
"""With sixteen words of palette, eight of what to avoid and two labels the block stays under sixty."""

_TYPE = "chapter-imagery"
_SLUG = "Names the chapter: its images are `chapters/<slug>/...`."
_METADATA = Keys(
    (
        type_key(_TYPE),
        slug_key(_SLUG),
        Key("visual_thesis", "What every picture of the chapter should say, in a sentence or two.", Effect.REBUILDS),
        Key("color_palette", "The chapter's colours, for images without a `palette`.", Effect.REBUILDS, Form.ANY),
        GENERATION_DEFAULTS,
    )
)
_IMAGE = (
    Keys((slug_key("Names the image: `chapters/<slug>/<custom_id>`.", name="custom_id", required=True),))
    + ENTRY
    + FIELDS
    + Keys(
        (
            replace(ENTRY.by_name["palette"], effect=Effect.REBUILDS),
            Key("source_moment", "The `id` of a moment, whose title it takes.", suggested=False),
            Key("location", "Slug of the location it shows.", suggested=False),
            Key("zone", "The part of the location it shows.", suggested=False),
        )
    )
)
_MEMBER = Keys(
    (
        Key("ref", "Slug of the character's file.", Effect.REBUILDS, suggested=False, required=True),
        Key("slug", "The same as `ref`.", Effect.REBUILDS, suggested=False),
        Key("name", "What the chapter calls them.", Effect.REBUILDS, suggested=False),
        Key("reference_images", "Ids of their inventory, the pictures that go along; `none`, not in a list, for none.",
            Effect.REBUILDS, Form.TEXTS),
    )
)  # fmt: skip
_LOCATION = Keys((Key("ref", "Slug of the location's file.", suggested=False),))
_MOMENT = Keys((Key("id", "Names it.", suggested=False), Key("title", "A name for people.", suggested=False)))

_NOBODY: Mapping[str, CastMember] = {}


class Chapters(ImageryKind):
    """Chapter plans."""

    name = "chapter"
    entity_type = _TYPE
    keys = Keys(
        (
            Key("metadata", "The chapter as a whole.", Effect.REBUILDS, Form.MAPPING, _METADATA),
            slug_key(_SLUG, suggested=False),
            GENERATION_DEFAULTS,
            Key("characters", "The cast, and which pictures of them go along.", Effect.REBUILDS, Form.BLOCKS, _MEMBER),
            Key("locations", "Places of the chapter.", Effect.NOTHING, Form.BLOCKS, _LOCATION),
            Key("moments", "Moments of the story.", Effect.NOTHING, Form.BLOCKS, _MOMENT),
            Key("images", "The planned images.", Effect.REBUILDS, Form.BLOCKS, _IMAGE),
        )
    )
    name_keys = ("custom_id",)
    shapes = (Shape(frozenset({"images", "metadata"}), "images"),)

    def read(self, document: Document, default_size: Size, generated: str) -> Imagery:  # noqa: ARG002 - not needed here
        """Read a chapter."""
        reader = FileReader.of(document, self, ("slug",), folder_counts=False)
        reader.spell(self.keys, _METADATA)
        if reader.slug is None:
            return reader.imagery(())
        palette = reader.metadata.find("color_palette")
        file = file_defaults(reader, default_size)
        cast = _cast(reader)
        moments = _moments(reader.root)
        thesis = _thesis(reader.metadata)
        colours = {text.name: text for text in in_words(document, palette, reader.problems)}
        first = {text.name: text for text in in_words(document, palette, [], FIRST)}
        entries: list[Entry] = []
        for block in reader.root.blocks("images"):
            reader.use("location", block.text("location"))
            block.spell(_IMAGE)
            name = reader.entry_name(block, self.name_keys)
            if name is None:
                reader.report(block)
                continue
            node = block.nodes.get("palette")
            own = {text.name: text for text in in_words(document, node, block.problems)}
            own_first = {text.name: text for text in in_words(document, node, [], FIRST)}
            shown, avoids = tuple((colours | own).values()), negatives_of(block)
            former = FormerColours(tuple((first | own_first).values()), None, negatives_of(block, names=FIRST))
            entries.append(
                read_entry(
                    file,
                    block,
                    name,
                    title=_title(block, moments),
                    depicts=_depicts(reader, block, cast),
                    always=(*thesis, *shown),
                    outputs=outputs_of(block),
                    palette=palette,
                    parts=parts_of(block, palette=False) if is_structured(block) else (),
                    avoided=avoids,
                    former_colours=None if (former.always, former.negative_prompt) == (shown, avoids) else former,
                    place=_place(block, moments),
                )
            )
        _report_unseen(reader, cast, entries)
        for location in reader.root.blocks("locations"):
            reader.use("location", location.text("ref"))
        return reader.imagery(entries)


def _cast(reader: FileReader) -> Mapping[str, CastMember] | None:
    """Return the declared characters by slug; None where the list of them can't be read."""
    before = len(reader.problems)
    found: dict[str, CastMember] = {}
    for block in reader.root.blocks("characters"):
        slug = block.text("ref") or block.text("slug")
        if slug is None:
            reader.problems.append(warning("this character has no `ref`: it is left out", block.position))
            continue
        if slug in found:
            reader.problems.append(warning(f"`{slug}` is declared twice: the first counts", slug.position))
            continue
        name = block.text("name")
        block.spell(_MEMBER)
        reader.report(block)
        ids = _reference_ids(block)
        fault = next((problem for problem in block.problems if problem.severity is Severity.ERROR), None)
        found[str(slug)] = CastMember(slug, str(name or ""), ids, block.position, wants_no_portrait(block), fault)
    broken = any(problem.severity is Severity.ERROR for problem in reader.problems[before:])
    return None if broken else found


def _depicts(reader: FileReader, block: Block, cast: Mapping[str, CastMember] | None) -> tuple[DepictedCharacter, ...]:
    """Return whom an image shows; without a readable cast its references are unknown, which blocks it."""
    found = depicted(block, cast or _NOBODY)
    if found and cast is None:
        block.problems.append(_unreadable_cast(reader.root))
    return found


def _report_unseen(reader: FileReader, cast: Mapping[str, CastMember] | None, entries: list[Entry]) -> None:
    """Make faults of declared characters the file's where no image depicts the character, a slip in a slug too."""
    known = {problem for entry in entries for problem in entry.problems}
    shown = {depicted.slug for entry in entries for depicted in entry.depicts}
    for slug, member in (cast or _NOBODY).items():
        if member.fault and member.fault not in known:
            reader.problems.append(member.fault)
        if slug not in shown:
            reader.use("character", member.slug)


def _reference_ids(block: Block) -> tuple[Traced, ...]:
    if wants_no_portrait(block):
        return ()
    ids: list[Traced] = []
    for number, node in block.parts("reference_images"):
        text = scalar(node) if scalar(node) is not None else scalar(get(node, "id"))
        if text:
            ids.append(Traced.of(text, "reference_images", block.document.at(node)))
        elif not is_null(node):
            block.wrong_shape(f"reference_images[{number}]", node, "an inventory id")
    return tuple(ids)


def _moments(root: Block) -> Mapping[str, Block]:
    found: dict[str, Block] = {}
    for moment in root.blocks("moments"):
        if name := scalar(moment.nodes.get("id")):
            found.setdefault(name, moment)
    return found


def _moment(block: Block, moments: Mapping[str, Block]) -> Block | None:
    return moments.get(scalar(block.nodes.get("source_moment")) or "")


def _title(block: Block, moments: Mapping[str, Block]) -> Traced | None:
    moment = _moment(block, moments)
    return block.text("title") or (moment.text("title") if moment is not None else None)


def _place(block: Block, moments: Mapping[str, Block]) -> Place | None:
    """Return where an image is set: its `location` and `zone`, else its moment's `location_zone` (`slug/zone`)."""
    location, zone = block.text("location"), block.text("zone")
    if location is None:
        moment = _moment(block, moments)
        both = moment.text("location_zone") if moment is not None else None
        if both is None:
            return None
        slug, _, rest = both.partition("/")
        location, zone = both.sub(slug.strip()), both.sub(rest.strip()) if rest.strip() else None
    elif zone is not None:
        zone = zone.sub(zone.removeprefix(f"{location}/"))
    return Place(location, zone)


def _thesis(metadata: Block) -> tuple[Traced, ...]:
    thesis = metadata.text("visual_thesis")
    return (
        ()
        if thesis is None
        else (Traced.of(sentence(shorten(thesis, THESIS_WORDS)), "visual_thesis", thesis.position),)
    )


def _unreadable_cast(root: Block) -> Problem:
    node: Node | None = root.find("characters")
    position = root.document.at(node) if node is not None else root.position
    hint = "the references of the images that depict somebody are told there"
    return error("the chapter's `characters` can't be read", position, hint)


KIND = Chapters()
