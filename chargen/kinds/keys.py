"""The keys of imagery files: what each is for, its shape, and what editing it does to a picture that was made.

One table for all who need one: the readers, which tell misspelt keys, the JSON Schemas, and the reference in
`docs/entries.md`. Law: keys that are in no table are normal, and stay as they are. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cached_property

from msgspec import Struct

from chargen.model.values import Status

_PROMPT = "prompt_used"

PROMPTS = (_PROMPT, "prompt", "prompt_template")
"""Keys that hold a prompt, the first that is not blank; a beat's may stand in its `image_spec`."""

SHOWN = ("depicts_characters", "character_refs")
"""Keys that list whom an image shows."""


class Form(str, Enum):
    """What a value looks like."""

    TEXT = "text"
    FLAG = "true or false"
    NUMBER = "a number"
    TEXTS = "a text or a list"
    ITEMS = "a list"
    MAPPING = "a mapping"
    BLOCKS = "a list of mappings"
    ANY = "a text, a list or a mapping"


_SINGLE = (Form.TEXT, Form.FLAG, Form.NUMBER)


class Effect(str, Enum):
    """What editing a value does to a picture that was made (docs/what-rebuilds.md)."""

    REBUILDS = "rebuilds"
    FIELD = "rebuilds, where the image has no prompt"
    SPOKEN_OF = "rebuilds, where the image has no prompt, or a state or words on their looks"
    PORTRAIT = "rebuilds the images that show it"
    SIZE = "rebuilds; where the file had none, only what is made anew has it"
    NOTHING = "nothing"
    DRIFT = "drift"
    MOVES = "moves"
    STATUS = "locks, skips or asks again"
    WRITTEN = "nothing: a build writes it"
    VARIANTS = "makes more beside it"


class Key(Struct, frozen=True, dict=True):
    """One key. `suggested`: an unknown key that is nearly this one is told as a misspelling of it."""

    name: str
    says: str
    effect: Effect = Effect.NOTHING
    form: Form = Form.TEXT
    inner: Keys | None = None
    """The keys of the mapping, or of each mapping of the list."""
    suggested: bool = True
    choices: tuple[str, ...] = ()
    pattern: str = ""
    """A regular expression of the values that can be used, where not every text can."""
    required: bool = False


class Keys(Struct, frozen=True, dict=True):
    """The keys of a mapping; `same` are those that stand for each other."""

    all: tuple[Key, ...] = ()
    same: tuple[tuple[str, ...], ...] = ()

    def __add__(self, other: Keys) -> Keys:
        """Join two tables; of two keys with one name that of `other` counts."""
        named = {key.name: key for key in (*self.all, *other.all)}
        return Keys(tuple(named.values()), (*self.same, *other.same))

    @cached_property
    def by_name(self) -> Mapping[str, Key]:
        """The keys by name."""
        return {key.name: key for key in self.all}

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Names of the keys with a single value that may be meant by a misspelt one."""
        return tuple(key.name for key in self.all if key.suggested and key.form in _SINGLE)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Names of those with a list or a mapping."""
        return tuple(key.name for key in self.all if key.suggested and key.form not in _SINGLE)

    @cached_property
    def images(self) -> str:
        """The key that lists entries, where it is the only one; else nothing."""
        lists = [key.name for key in self.all if key.form is Form.BLOCKS and key.inner and _PROMPT in key.inner.by_name]
        return lists[0] if len(lists) == 1 else ""

    def words(self, *effects: Effect) -> tuple[str, ...]:
        """Return the names of the keys that take one text and have one of these effects."""
        return tuple(key.name for key in self.all if key.form is Form.TEXT and key.effect in effects)

    @cached_property
    def decisions(self) -> tuple[str, ...]:
        """Names of the words that say who makes an image, and whether it is made."""
        return self.words(Effect.STATUS, Effect.DRIFT)

    def standing_for(self, name: str) -> tuple[str, ...]:
        """Return the key and those that stand for it."""
        return next((keys for keys in self.same if name in keys), (name,))


_SIZE = r"^\s*[0-9]{1,5}\s*[xX\u00d7]\s*[0-9]{1,5}\s*$"
_RATIO = r"^\s*[0-9]{1,6}(\.[0-9]{1,6})?\s*[:/xX\u00d7]\s*[0-9]{1,6}(\.[0-9]{1,6})?\s*$"


def _sizes(effect: Effect, prefix: str = "") -> tuple[Key, ...]:
    return (
        Key(f"{prefix}size", "Width and height in pixels: `1536x1024`.", effect, pattern=_SIZE),
        Key(f"{prefix}aspect_ratio", "Width to height, for the default's area: `16:9`.", effect, pattern=_RATIO),
    )


DEFAULTS = Keys(
    (
        Key("provider", "Who makes the pictures: `openai`, `google`, `sketch`.", Effect.DRIFT),
        Key("model", "The provider's model; `[tool.chargen.routes]` may send it elsewhere.", Effect.DRIFT),
        Key("quality", "What the model is asked for: `low`, `medium`, `high`.", Effect.DRIFT),
        *_sizes(Effect.SIZE),
        *_sizes(Effect.SIZE, "default_"),
        Key("negative_prompts", "What no picture may show.", Effect.REBUILDS, Form.TEXTS),
    ),
    (("size", "aspect_ratio", "default_size", "default_aspect_ratio"),),
)
"""`generation_defaults`."""

_OWN_DEFAULTS = Keys(tuple(key for key in DEFAULTS.all if key.name != "negative_prompts"), DEFAULTS.same)
"""Those of one image."""

GENERATION_DEFAULTS = Key(
    "generation_defaults",
    "What holds for every image of the file that does not say otherwise.",
    Effect.REBUILDS,
    Form.MAPPING,
    DEFAULTS,
)

RETAKE = Keys(
    (
        Key("of", "The version it is made from: the whole hash of its file, as `history --json` has it.",
            Effect.REBUILDS, pattern=r"^[0-9a-fA-F]{64}$", required=True),
        Key("instruction", "What is to be different.", Effect.REBUILDS, required=True),
        Key("mask", "A PNG of the picture's size, transparent where the picture may change.", Effect.REBUILDS),
    )
)  # fmt: skip
"""`retake`."""

SLOTS = (
    Key("generated_at", "When the picture was made.", Effect.WRITTEN, suggested=False),
    Key("file_name", "The picture's name.", Effect.WRITTEN, suggested=False),
    Key("file_path", "Where the picture is; one of your own elsewhere is kept and used.", Effect.WRITTEN,
        suggested=False),
    Key("provider", "Who made it.", Effect.WRITTEN, suggested=False),
    Key("model", "The model that made it.", Effect.WRITTEN, suggested=False),
    Key("provider_metadata", "The record of the picture, its cost and what it was made of.", Effect.WRITTEN,
        Form.MAPPING),
)  # fmt: skip
"""The slots of an entry, in the order they are written."""

_PALETTE = "Colours by name or number: a list, or lists `dominant`, `accent`, `avoid`."

ENTRY = Keys(
    (
        Key("prompt_used", "What the picture shows, in your words.", Effect.REBUILDS),
        Key("prompt", "The same as `prompt_used`.", Effect.REBUILDS),
        Key("prompt_template", "The same as `prompt_used`.", Effect.REBUILDS),
        Key("negative_prompt", "What the picture may not show.", Effect.REBUILDS),
        *_sizes(Effect.REBUILDS),
        Key("status", "Your word on the picture.", Effect.STATUS, choices=tuple(status.value for status in Status)),
        Key("review_note", "Your words on the picture you rejected, as `chargen reject --note` writes them."),
        Key("variants", "How many pictures of these words there are to be in all, to pick one from.", Effect.VARIANTS,
            Form.NUMBER, suggested=False),
        Key("retake", "Makes the next version from one that is there, as `chargen retake` writes it.",
            Effect.REBUILDS, Form.MAPPING, RETAKE),
        Key("quality", "What the model is asked for, for this image alone.", Effect.DRIFT),
        Key("title", "A name for people."),
        Key("depicts_characters", "Slugs of the characters it shows, whose portraits go along.", Effect.REBUILDS,
            Form.ITEMS),
        Key("character_refs", "The same as `depicts_characters`.", Effect.REBUILDS, Form.ITEMS),
        Key("character_states", "How characters look here: a text for each slug.", Effect.REBUILDS, Form.MAPPING),
        Key("generation_defaults", "What holds for this image alone: all but `negative_prompts`, whose place is"
            " `negative_prompt`.", Effect.REBUILDS, Form.MAPPING, _OWN_DEFAULTS),
        Key("palette", _PALETTE, Effect.NOTHING, Form.ANY),
        *SLOTS,
    ),
    (PROMPTS, SHOWN, ("size", "aspect_ratio")),
)  # fmt: skip
"""What entries of all kinds have in common."""

FIELDS = Keys(
    (
        *(Key(name, "What must be in the picture.", Effect.FIELD, Form.TEXTS,
              suggested=name in ("required_elements", "key_visual_elements"))
          for name in ("required_elements", "key_elements", "key_visual_elements", "must_include")),
        Key("visual_description", "What the picture shows.", Effect.FIELD),
        Key("narrative_context", "What happens in it, where there is no `visual_description`.", Effect.FIELD),
        Key("description", "What it is of, where there is neither of these.", Effect.FIELD, suggested=False),
        Key("narrative_significance", "Why it matters.", Effect.FIELD, suggested=False),
        Key("composition_notes", "How it is composed.", Effect.FIELD),
        *(Key(name, "How it is composed, where there are no `composition_notes`.", Effect.FIELD, Form.ANY,
              suggested=False)
          for name in ("composition", "camera", "framing")),
        *(Key(name, "When it is.", Effect.FIELD, suggested=False) for name in ("time_of_day", "weather", "season")),
        Key("lighting", "Its light: a text, or `primary_source`, `quality`, `direction` and so on.", Effect.FIELD,
            Form.ANY, suggested=False),
        Key("light", "The same, where there is no `lighting`.", Effect.FIELD, Form.ANY, suggested=False),
        *(Key(name, "Its mood.", Effect.FIELD, Form.TEXTS, suggested=False)
          for name in ("mood", "scene_mood", "emotional_beat")),
        Key("mood_rationale", "Why it has this mood.", Effect.FIELD, suggested=False),
        Key("style_notes", "How it is drawn.", Effect.FIELD, suggested=False),
        Key("must_avoid", "What it may not show.", Effect.FIELD, Form.TEXTS, suggested=False),
        Key("palette", _PALETTE, Effect.FIELD, Form.ANY),
    )
)  # fmt: skip
"""Fields that an image without a prompt is made of."""

SPOKEN = FIELDS.words(Effect.FIELD)
"""Those of them that are one text."""


def type_key(name: str) -> Key:
    """Return the key that tells a file's kind."""
    return Key("entity_type", f"The kind of this file: `{name}`.")


def slug_key(says: str, *, name: str = "slug", suggested: bool = True, required: bool = False) -> Key:
    """Return the key that names a file or an entry."""
    return Key(name, says, Effect.MOVES, suggested=suggested, required=required)
