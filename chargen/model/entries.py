"""What a scan finds in the author's files: entries, characters, and what the files say of themselves.

Pure values. `kinds/` makes them from documents; resolving, composing and judging read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chargen.errors import Position, Problem
from chargen.model.record_line import RecordLine
from chargen.model.traced import Traced
from chargen.model.values import NUMBERS_OF_VARIANTS, EntryId, Size, Status

NodePath = tuple[str | int, ...]
"""The way to a node from the root: keys and item numbers, `("images", 6)`."""


class Declared(Struct, frozen=True):
    """What `generation_defaults` asks for; None where the file does not say."""

    provider: Traced | None = None
    model: Traced | None = None
    quality: Traced | None = None


class DepictedCharacter(Struct, frozen=True):
    """One character an entry shows.

    `reference_ids` is None where the chapter does not declare the character (or the entry is a location's), empty
    where it is declared with no reference, else the listed inventory ids in order.
    """

    slug: str
    position: Position
    name: str = ""
    reference_ids: tuple[Traced, ...] | None = None
    state: Traced | None = None
    no_portrait: bool = False
    """`reference_images: none`: no picture of them is meant to go along."""
    declared_at: Position | None = None
    """Where the chapter declares them, if it does."""
    looks: Traced | None = None
    """The file's own words on their looks, for where no picture goes along."""


class Outputs(Struct, frozen=True, dict=True):
    """What the output slots of an entry hold today (for a location: those of the last of `generated_images`)."""

    record: Traced | None = None
    file_path: Traced | None = None

    @cached_property
    def line(self) -> RecordLine | None:
        """The record line; None where there is none, or what stands there is none."""
        return RecordLine.parse(self.record)


class PromptPart(Struct, frozen=True):
    """One thing an entry without a prompt says in fields of its own; `weight` 1 is the last to be left out.

    `label` goes before its text, `name` says what it tells: `elements`, `light`, `mood`.
    """

    text: Traced
    weight: int
    label: str = ""
    name: str = ""


class Place(Struct, frozen=True):
    """Where an image is set: a location's slug and, where the author says so, one of its zones."""

    location: Traced
    zone: Traced | None = None

    @property
    def position(self) -> Position | None:
        """Where the author says so, as closely as they do."""
        return (self.zone or self.location).position


PALETTE, PALETTE_AVOID = "palette", "palette.avoid"
"""Names of the texts that a palette gives an entry."""


class FormerColours(Struct, frozen=True):
    """What palettes gave an entry by forms 1 and 2 of inputs, where that differs: fewer names, numbers only in hex.

    `always` are their texts of the always-include block, `part` is the one among the parts of an entry of fields.
    """

    always: tuple[Traced, ...]
    part: PromptPart | None
    negative_prompt: tuple[Traced, ...]


class FormerWords(Struct, frozen=True):
    """What an entry would get of its file under the name its picture was made by (`SLUG/NAME`), where that differs."""

    name: str
    always: tuple[Traced, ...]
    parts: tuple[PromptPart, ...]


class Retake(Struct, frozen=True):
    """What an author asks anew of a picture that is there: the hash of its file, words, and maybe a mask.

    `of` and `instruction` are empty where what is written can't be used, which is a problem of the entry. `mask` is
    project-relative with `/`.
    """

    position: Position
    of: Traced
    instruction: Traced
    mask: Traced | None = None

    @property
    def is_whole(self) -> bool:
        """True where it can be carried out, as far as it is written."""
        return bool(self.of and self.instruction)


class Entry(Struct, frozen=True):
    """One planned image. `problems` are those of this entry alone; an error among them blocks it."""

    id: EntryId
    kind: str
    """The name of its kind: `chapter`."""
    file: str
    position: Position
    path: NodePath
    title: str
    prompt: Traced | None
    negative_prompt: tuple[Traced, ...]
    size: Size | None
    status: Status | None
    depicts: tuple[DepictedCharacter, ...]
    always: tuple[Traced, ...]
    """The always-include block as ordered short texts, each with its source."""
    colours: tuple[str, ...]
    """`#rrggbb` colours of the entry's palette, else of the file's, for a storyboard; never an input."""
    declared: Declared
    outputs: Outputs
    data: Mapping[str, Any]
    """The whole entry as templates see it: nested mappings, tuples and `Traced` texts, scalars as written."""
    problems: tuple[Problem, ...] = ()
    parts: tuple[PromptPart, ...] = ()
    """What its prompt is made of, in reading order, where it has none."""
    former_size: Size | None = None
    """The size without that of `generation_defaults`, where that is another: by form 1 of inputs these told none."""
    has_former: bool = True
    """False for what no prompt of form 1 was ever made of."""
    place: Place | None = None
    """Where it is set, if the entry names a location."""
    former_words: FormerWords | None = None
    """What its name made of it before it was renamed, where that was something else."""
    former_colours: FormerColours | None = None
    """What palettes gave it by former forms of inputs, where that was something else."""
    retake: Retake | None = None
    """The picture it is to be made from, and how, where that is another one of its versions."""

    def by_former_colours(self) -> Entry:
        """Return the entry as forms 1 and 2 of inputs have it."""
        former = self.former_colours
        if former is None:
            return self
        always = (*(text for text in self.always if text.name not in (PALETTE, PALETTE_AVOID)), *former.always)
        parts = [part for part in self.parts if part.name != PALETTE]
        if former.part is not None:
            place = next((number for number, part in enumerate(parts) if part.weight > former.part.weight), len(parts))
            parts.insert(place, former.part)
        negatives = former.negative_prompt
        return replace(self, always=always, parts=tuple(parts), negative_prompt=negatives, former_colours=None)

    @property
    def has_prompt(self) -> bool:
        """False where there are no words to make a picture of yet."""
        return bool(self.parts) or bool(self.prompt and self.prompt.strip())

    @property
    def record_line(self) -> RecordLine | None:
        """What the entry's slots say of its picture."""
        return self.outputs.line

    @property
    def is_kept(self) -> bool:
        """True where the author keeps the picture as it is."""
        return self.status is not None and self.status.keeps

    @property
    def variants(self) -> int:
        """How many versions of its inputs there are to be in all; what is no such number counts as one."""
        found = self.data.get("variants")
        return NUMBERS_OF_VARIANTS.get(found, 1) if isinstance(found, str) else 1

    @property
    def review_note(self) -> str:
        """The author's words on the picture, on one line; empty where there are none."""
        found = self.data.get("review_note")
        return " ".join(found.split()) if isinstance(found, str) else ""


class InventoryItem(Struct, frozen=True):
    """One picture of a character. `path` is project-relative with `/`; None where the entry names none yet."""

    id: str
    path: str | None
    position: Position
    status: Status | None = None
    is_reference_portrait: bool = False
    entry_id: EntryId | None = None
    """The planned portrait this item is, if it is one: its picture is that entry's target, and `path` is the target."""
    problems: tuple[Problem, ...] = ()
    """What keeps this item from being used; reported where something depends on it."""

    @property
    def is_kept(self) -> bool:
        """True where the author keeps the picture as it is: it goes before those that may still change."""
        return self.status is not None and self.status.keeps


class Character(Struct, frozen=True):
    """A character file: `appearance` is the author's text, possibly long."""

    slug: str
    name: str
    file: str
    appearance: Traced | None
    inventory: tuple[InventoryItem, ...]


class Imagery(Struct, frozen=True):
    """One scanned imagery file. `problems` are those of its parts; those of one entry stand at the entry."""

    file: str
    kind: str
    slug: str
    entries: tuple[Entry, ...]
    characters: tuple[Character, ...] = ()
    problems: tuple[Problem, ...] = ()
    uses: tuple[Traced, ...] = ()
    """Slugs of what other files must describe, each once: `name` is their kind, `position` the first place. Characters
    whom an image depicts are left to `chargen.plan.resolve`."""
    overview: EntryId | None = None
    """The entry that shows a location as a whole, where there is one."""
    zones: tuple[tuple[str, EntryId], ...] = ()
    """A location's zones as other files may name them, each with the entry that shows it."""

    def entry(self, name: EntryId) -> Entry | None:
        """Return an entry by its id; None where none is planned here."""
        return next((entry for entry in self.entries if entry.id == name), None)
