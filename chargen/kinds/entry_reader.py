"""One planned image out of its mapping: what the entries of all kinds have in common.

Laws: an entry with a bad size, prompt or status stays an entry, with its problems; nothing is converted but what the
program itself asks for, the rest is the lazy `data`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from chargen.errors import Position, Problem, error, warning
from chargen.kinds.keys import DEFAULTS, PROMPTS, RETAKE, SHOWN, SPOKEN
from chargen.kinds.kind import ImageryKind
from chargen.kinds.palette import in_numbers
from chargen.kinds.reading import Block, unknown_name
from chargen.kinds.sizes import disagrees, parse_ratio, parse_size, size_for_ratio
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
from chargen.text.normal_form import normal
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
    """The default by form 1 of inputs, which knew only the settings'."""
    declared: Declared
    negatives: tuple[Traced, ...]


class CastMember(Struct, frozen=True):
    """A character as its chapter declares it; `fault` is set where the declaration can't be read."""

    name: str
    reference_ids: tuple[Traced, ...]
    position: Position
    no_portrait: bool = False
    fault: Problem | None = None


def file_defaults(root: Block, metadata: Block, kind: ImageryKind, slug: str, default_size: Size) -> FileDefaults:
    """Read `generation_defaults`, of `metadata` first, then of the whole file."""
    inner, outer = metadata.block("generation_defaults"), root.block("generation_defaults")
    declared = _declared(inner, _declared(outer, Declared()))
    negatives = (*inner.texts("negative_prompts"), *outer.texts("negative_prompts"))
    size = _default_size(inner, _default_size(outer, default_size))
    return FileDefaults(root.document, kind, slug, size, default_size, declared, negatives)


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
        default = _default_size(block.block("generation_defaults"), default)
    size = size_of(block, default)
    former = size if default == file.former_size else size_of(replace(block, problems=[]), file.former_size)
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
        former_size=former if former != size and file.kind.has_former else None,
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


def size_of(block: Block, default: Size) -> Size | None:
    """Return the size asked for: `size`, else that of `aspect_ratio`, else the default; None with a problem."""
    written, ratio_text = _text(block, "size"), _text(block, "aspect_ratio")
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


def _default_size(block: Block, otherwise: Size) -> Size:
    """Return the size that `generation_defaults` ask for, else another one."""
    for size, ratio in (("size", "aspect_ratio"), ("default_size", "default_aspect_ratio")):
        if not is_null(block.nodes.get(size)) or not is_null(block.nodes.get(ratio)):
            named = {"size": block.nodes.get(size), "aspect_ratio": block.nodes.get(ratio)}
            nodes = {key: node for key, node in named.items() if node is not None}
            return size_of(replace(block, nodes=nodes), otherwise) or otherwise
    return otherwise


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
    of, instruction = _text(inner, "of"), _text(inner, "instruction")
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
        _text(inner, "mask"),
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


def outputs_of(block: Block) -> Outputs:
    """Return what a mapping's own output slots hold: the picture of an entry it merges (`<<`) is not its own."""
    own = {key: value for key, _, value in pairs(block.node)}
    metadata = own.get("provider_metadata")
    record = get(metadata, "record") if isinstance(metadata, MappingNode) else None
    return Outputs(
        record=block.document.traced(record, "provider_metadata.record"),
        file_path=block.text("file_path") if "file_path" in own else None,
        provider=scalar(own.get("provider")),
        model=scalar(own.get("model")),
        generated_at=scalar(own.get("generated_at")),
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


def _text(block: Block, key: str) -> Traced | None:
    """Return a text that must not be blank or of another shape; both are reported where it is used."""
    node = block.find(key)
    if isinstance(node, ScalarNode) and not is_null(node):
        return block.document.traced(node, key)
    if not is_null(node) and node is not None:
        block.wrong_shape(key, node, "text")
    return None


def _ratio(block: Block, text: Traced, beside_size: bool) -> Fraction | None:
    """Read a ratio; a bad one is harmless where a size stands beside it, because the size counts."""
    try:
        return parse_ratio(text)
    except ValueError as failure:
        problem = warning if beside_size else error
        block.problems.append(problem(f"`{text[:60]}` is no aspect ratio: {failure}", text.position))
        return None


def _slug(node: Node) -> str | None:
    """Return the character an item names; None for a crowd described in a mapping, and for nulls."""
    if isinstance(node, MappingNode):
        found = next((text for key in ("slug", "ref", "character") if (text := scalar(get(node, key)))), None)
    else:
        found = scalar(node)
    return found.strip() or None if found else None
