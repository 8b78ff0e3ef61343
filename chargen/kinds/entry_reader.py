"""One planned image out of its mapping: what the entries of all kinds have in common.

Laws: an entry with a bad size, prompt or status stays an entry, with its problems; nothing is converted but what the
program itself asks for, the rest is the lazy `data`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeGuard

from msgspec import Struct
from msgspec.structs import replace
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chargen.errors import Position, Problem, error, warning
from chargen.kinds.file_reader import FileReader
from chargen.kinds.keys import DEFAULTS, PROMPTS, RETAKE, SHOWN, SPOKEN
from chargen.kinds.kind import ImageryKind
from chargen.kinds.palette import in_numbers
from chargen.kinds.reading import Block, unknown_name
from chargen.kinds.sizes import default_size_of, size_of
from chargen.model.entries import (
    Declared,
    DepictedCharacter,
    Entry,
    FormerColours,
    FormerWords,
    Outputs,
    Place,
    PromptPart,
    Retake,
)
from chargen.model.traced import Traced
from chargen.model.values import MOST_VARIANTS, NUMBERS_OF_VARIANTS, Size, Status
from chargen.text.names import normal
from chargen.text.prose import one_line
from chargen.yaml.document import Document, get, is_null, pairs, scalar

STATUSES = tuple(status.value for status in Status)
_HASH = re.compile(r"[0-9a-fA-F]{64}")


class FileDefaults(Struct, frozen=True):
    """What a whole file says of each of its images."""

    document: Document
    kind: ImageryKind
    slug: str
    default_size: Size
    former_size: Size
    """The default where the file asks for none; by form 1 of inputs it was that of every file."""
    declared: Declared
    negatives: tuple[Traced, ...]


class CastMember(Struct, frozen=True):
    """A character as its chapter declares it; `fault` is set where the declaration can't be read."""

    slug: Traced
    name: str
    reference_ids: tuple[Traced, ...]
    position: Position
    no_portrait: bool = False
    fault: Problem | None = None


def file_defaults(reader: FileReader, default_size: Size) -> FileDefaults:
    """Read `generation_defaults`, of `metadata` first, then of the whole file, which has a slug."""
    inner, outer = reader.metadata.block("generation_defaults"), reader.root.block("generation_defaults")
    declared = _declared(inner, _declared(outer, Declared()))
    negatives = (*inner.texts("negative_prompts"), *outer.texts("negative_prompts"))
    size = default_size_of(inner, default_size_of(outer, default_size))
    return FileDefaults(reader.document, reader.kind, reader.slug or "", size, default_size, declared, negatives)


def read_entry(
    file: FileDefaults,
    block: Block,
    name: str,
    *,
    title: str | None,
    depicts: tuple[DepictedCharacter, ...],
    always: tuple[Traced, ...],
    outputs: Outputs,
    palette: Node | None = None,
    parts: tuple[PromptPart, ...] = (),
    avoided: tuple[Traced, ...] = (),
    former_words: FormerWords | None = None,
    former_colours: FormerColours | None = None,
    place: Place | None = None,
) -> Entry:
    """Make the entry of `block`; the problems found in the block on the way become the entry's.

    `palette` is the file's, for an entry without one of its own; `parts` are what an entry without a prompt is made of,
    `avoided` what it must not show; `place` is where it is set. `former_words` are what its former name made of it,
    `former_colours` what its palettes did, what they avoid as its only negative prompt.
    """
    prompt = prompt_of(block)
    if prompt is None:
        block.tell_unread(SPOKEN)
        if not parts:
            block.tell_commented(PROMPTS)
    default = file.default_size
    if "generation_defaults" in block.nodes:
        default = default_size_of(block.block("generation_defaults"), default)
    size = size_of(block, default)
    former = size if default == file.former_size else size_of(replace(block, problems=[]), file.former_size)
    _tell_unused(block, file.kind.name)
    status = status_of(block)
    if "variants" in block.nodes:
        check_variants(block)
    declared = _declared_of(block, file.declared)
    retake = retake_of(block) if "retake" in block.nodes else None
    negatives = (*block.texts("negative_prompt"), *file.negatives)
    if former_colours is not None:
        avoids = former_colours.negative_prompt
        former_negatives = without_repeats((*negatives, *avoids)) if parts else negatives
        former_colours = replace(former_colours, negative_prompt=former_negatives)
    return Entry(
        id=file.kind.entry_id(file.slug, name),
        kind=file.kind.name,
        file=file.document.file,
        position=block.position,
        path=block.path,
        title=title or name,
        prompt=prompt,
        negative_prompt=without_repeats((*negatives, *avoided)) if parts else negatives,
        size=size,
        status=status,
        depicts=depicts,
        always=always,
        colours=in_numbers(block.find("palette"), palette),
        declared=declared,
        outputs=outputs,
        data=block.view,
        problems=tuple(block.problems),
        parts=parts,
        former_size=former if former != size else None,
        has_former=file.kind.has_former and not parts,
        place=place,
        former_words=former_words,
        former_colours=former_colours,
        retake=retake,
    )


def without_repeats(texts: Iterable[Traced]) -> tuple[Traced, ...]:
    """Return each text once, whatever its case and its last stop."""
    found: dict[str, Traced] = {}
    for text in texts:
        found.setdefault(one_line(text).rstrip(".,;").casefold(), text)
    return tuple(found.values())


def prompt_of(block: Block) -> Traced | None:
    """Return the prompt, or None; a prompt that is no text is a problem."""
    for key in PROMPTS:
        node = block.find(key)
        if isinstance(node, (MappingNode, SequenceNode)):
            block.wrong_shape(key, node, "text")
    return block.text(*PROMPTS)


def status_of(block: Block) -> Status | None:
    """Return the author's verdict; case does not count, unknown words are worth a warning and count as none."""
    text = block.text("status")
    if text is None:
        return None
    word = text.strip().lower()
    if word in STATUSES:
        return Status(word)
    block.problems.append(unknown_name("status", text, text.position, STATUSES))
    return None


def check_variants(block: Block) -> None:
    """Tell what is no number of variants; nothing is made of it."""
    node = block.nodes["variants"]
    if not is_null(node) and scalar(node) not in NUMBERS_OF_VARIANTS:
        message = f"`variants` takes a whole number from 1 to {MOST_VARIANTS}"
        block.problems.append(warning(message, block.document.at(node), "no variants are made of it"))


def retake_of(block: Block) -> Retake | None:
    """Return what is asked anew of a picture; one that an entry merges (`<<`) is of another picture, and none."""
    node = next((value for key, _, value in pairs(block.node) if key == "retake"), None)
    if node is None or is_null(node):
        return None
    inner, place = block.block("retake"), block.document.at(node)
    nothing = Traced.of("", "retake", place)
    if not isinstance(node, MappingNode):
        return Retake(place, nothing, nothing)
    inner.spell(RETAKE)
    of, instruction = inner.written("of"), inner.written("instruction")
    hint = '`chargen retake NAME "TEXT"` writes it'
    if of is None or not _HASH.fullmatch(of.strip()):
        message = "`retake.of` must be the whole hash of a version's file: 64 hexadecimal digits"
        block.problems.append(error(message, of.position if of is not None else place, hint))
        of = None
    if instruction is None or not instruction.strip():
        message = "`retake.instruction` must say what is to be different"
        block.problems.append(error(message, instruction.position if instruction is not None else place, hint))
        instruction = None
    words = "" if instruction is None else normal(one_line(instruction))
    return Retake(
        place,
        nothing if of is None else Traced.of(of.strip().lower(), "retake.of", of.position),
        nothing if instruction is None else Traced.of(words, "retake.instruction", instruction.position),
        inner.written("mask"),
    )


def depicted(
    block: Block, cast: Mapping[str, CastMember] | None, *always: DepictedCharacter
) -> tuple[DepictedCharacter, ...]:
    """Return the characters an entry shows, each once, in order: those of every entry, then those it names.

    `cast` is None where a file declares none.
    """
    states = block.block("character_states")
    nobody = wants_no_portrait(block)
    found = {
        each.slug: replace(
            each,
            state=states.text(each.slug),
            no_portrait=nobody,
            reference_ids=() if nobody else each.reference_ids,
        )
        for each in always
    }
    for key in SHOWN:
        for number, node in block.parts(key):
            slug = _slug(node)
            if slug is None:
                if isinstance(node, SequenceNode):
                    block.wrong_shape(f"{key}[{number}]", node, "a slug or a mapping")
                continue
            if slug in found:
                continue
            member = (cast or {}).get(slug)
            if member and member.fault:
                block.problems.append(member.fault)
            found[slug] = DepictedCharacter(
                slug,
                block.document.at(node),
                member.name if member else "",
                () if nobody else member.reference_ids if member else None,
                states.text(slug),
                nobody or (member is not None and member.no_portrait),
                member.position if member else None,
            )
    for slug in states.nodes:
        if slug not in found and (state := states.text(slug)):
            message = f"`character_states` has `{slug}`, but `depicts_characters` does not list it"
            block.problems.append(warning(message, state.position))
    return tuple(found.values())


def wants_no_portrait(block: Block) -> bool:
    """Say whether `reference_images: none` says that no picture is meant to go along."""
    return (scalar(block.nodes.get("reference_images")) or "").strip().lower() == "none"


def _tell_unused(block: Block, kind: str) -> None:
    """Warn of keys that count elsewhere and not in an image: words on what is sent are never passed over."""
    listed = block.nodes.get("reference_images")
    if _says(listed) and not wants_no_portrait(block):
        hint = "mark the picture that is meant to go along with `is_reference_portrait: true` in the character's file"
        if kind == "chapter":
            hint = "list the ids at the character in the chapter's `characters`: they are for all images of the chapter"
        message = "`reference_images` of an image takes only `none`: what stands there is not used"
        block.problems.append(warning(message, block.document.at(listed), hint))
    written = not is_null(block.find("negative_prompt"))
    own = block.nodes.get("negative_prompts")
    # A single text with no `negative_prompt` beside it is told as a misspelling.
    if _says(own) and (written or not isinstance(own, ScalarNode)):
        _tell_negatives(block, "negative_prompts", own)
    defaults = block.nodes.get("generation_defaults")
    inner = get(defaults, "negative_prompts") if isinstance(defaults, MappingNode) else None
    if _says(inner):
        _tell_negatives(block, "generation_defaults.negative_prompts", inner)


def _says(node: Node | None) -> TypeGuard[Node]:
    return node is not None and not is_null(node) and not (isinstance(node, SequenceNode) and not node.value)


def _tell_negatives(block: Block, key: str, node: Node) -> None:
    message = f"`{key}` of an image counts for nothing: only a whole file's `generation_defaults` have it"
    block.problems.append(warning(message, block.document.at(node), "write it into the image's `negative_prompt`"))


def outputs_of(block: Block) -> Outputs:
    """Return what a mapping's own output slots hold: the picture of an entry it merges (`<<`) is not its own."""
    own = {key: value for key, _, value in pairs(block.node)}
    metadata = own.get("provider_metadata")
    record = get(metadata, "record") if isinstance(metadata, MappingNode) else None
    return Outputs(
        record=block.document.traced(record, "provider_metadata.record"),
        file_path=block.text("file_path") if "file_path" in own else None,
    )


def _declared(block: Block, otherwise: Declared) -> Declared:
    if not block.nodes:
        return otherwise
    block.spell(DEFAULTS)
    return Declared(
        block.text("provider") or otherwise.provider,
        block.text("model") or otherwise.model,
        block.text("quality") or otherwise.quality,
    )


def _declared_of(block: Block, otherwise: Declared) -> Declared:
    """Return what one entry declares itself: its own defaults, and a bare `quality`; `provider` there is an output."""
    if "generation_defaults" in block.nodes:
        otherwise = _declared(block.block("generation_defaults"), otherwise)
    quality = block.text("quality")
    return Declared(otherwise.provider, otherwise.model, quality) if quality else otherwise


def _slug(node: Node) -> str | None:
    """Return the character an item names; None for a crowd described in a mapping, and for nulls."""
    if isinstance(node, MappingNode):
        found = next((text for key in ("slug", "ref", "character") if (text := scalar(get(node, key)))), None)
    else:
        found = scalar(node)
    return found.strip() or None if found else None
