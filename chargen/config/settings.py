"""The settings of a project: what `[tool.chargen]` of its `pyproject.toml` may say, as values. Pure.

`chargen.config.settings_table` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum

from msgspec import Struct, field
from msgspec.structs import replace

from chargen.config.tiers import FINAL, Tier
from chargen.config.toml_positions import KeyPath
from chargen.errors import Position, StartError
from chargen.model.request import ProviderSettings
from chargen.model.traced import Traced
from chargen.model.values import Route, Size
from chargen.text.names import did_you_mean

TABLE: KeyPath = ("tool", "chargen")
ANY = "*"
DEFAULT_SIZE = Size(1024, 1024)
"""Square, because every model can make it."""


class SizePolicy(str, Enum):
    """How a delivered picture is brought to the size asked for: cut, filled up, or left as it came."""

    CROP = "crop"
    PAD = "pad"
    KEEP = "keep"


class EmptyReferences(str, Enum):
    """What shows a character for whom a chapter lists no usable picture: nothing, or their portrait."""

    NONE = "none"
    PORTRAIT = "portrait"


class LocationReferences(str, Enum):
    """What shows the place an image is set in: words alone, or the planned picture of it too."""

    OFF = "off"
    PLACE = "place"


class MissingReferences(str, Enum):
    """What a reference image that is named but not there does: block the entry, or give way to a description."""

    BLOCK = "block"
    DESCRIBE = "describe"


class RebuildOn(str, Enum):
    """A declared choice whose change makes existing images stale."""

    MODEL = "model"
    PROVIDER = "provider"
    QUALITY = "quality"


class LogLevel(str, Enum):
    """The least severe line that the log file takes."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Budget(Struct, frozen=True):
    """The most that may be spent, in USD: by one run, and by this machine in a calendar month. None is no limit."""

    run: Decimal | None = None
    month: Decimal | None = None
    run_position: Position | None = None
    month_position: Position | None = None


class StoreAccess(str, Enum):
    """What is done with a shared store: what others bought is fetched; what is bought here is put there too."""

    READ = "read"
    WRITE = "write"


class StoreClaims(str, Enum):
    """Whether an image may be bought while its claim can't be had: never, or all the same."""

    REQUIRED = "required"
    BEST_EFFORT = "best-effort"


class StoreSettings(Struct, frozen=True):
    """Where a team shares its originals: a bucket and a prefix of the project's own."""

    url: str
    access: StoreAccess = StoreAccess.WRITE
    claims: StoreClaims = StoreClaims.REQUIRED
    position: Position | None = None


class Settings(Struct, frozen=True):
    """All settings, checked; folders are project-relative with `/` and without a final one."""

    imagery: tuple[str, ...] = ("imagery",)
    prompts: str = "prompts"
    generated: str = "generated"
    style_prefix: Traced = Traced.of("", "style_prefix")
    style_suffix: Traced = Traced.of("", "style_suffix")
    default_size: Size = DEFAULT_SIZE
    size_policy: SizePolicy = SizePolicy.CROP
    missing_references: MissingReferences = MissingReferences.BLOCK
    empty_references: EmptyReferences = EmptyReferences.NONE
    location_references: LocationReferences = LocationReferences.OFF
    rebuild_on: frozenset[str] = frozenset()
    """Words of `RebuildOn`, and what providers call the files that their models are."""
    log_level: LogLevel = LogLevel.INFO
    prompt_limit: int = 4000
    """Characters of a prompt made of fields, its style included."""
    routes: Mapping[str, Route] = field(default_factory=dict)
    """By what they catch: `provider/model`, `provider/*` or `*`."""
    route_positions: Mapping[str, Position] = field(default_factory=dict)
    """Where each route is written, under the same names as `routes`."""
    imagery_position: Position | None = None
    prompts_position: Position | None = None
    providers: Mapping[str, ProviderSettings] = field(default_factory=dict)
    model_positions: Mapping[str, Position] = field(default_factory=dict)
    """Where each provider's `model` is written, if it is, by the provider's name."""
    budget: Budget = Budget()
    store: StoreSettings | None = None
    tiers: Mapping[str, Tier] = field(default_factory=dict)
    """By name, the lowest first."""
    tier: Tier | None = None
    """The tier that a command asks for; `FINAL` asks for what no tier makes, None for whatever there is."""

    def of_tier(self, name: str) -> Settings:
        """Return the settings as a command asks for a tier by name, nothing for none. Raises StartError."""
        if not name:
            return self
        if name == FINAL:
            return replace(self, tier=Tier(FINAL))
        if name in self.tiers:
            return replace(self, tier=self.tiers[name])
        there = ", ".join(f"`{tier}`" for tier in (*self.tiers, FINAL))
        hint = did_you_mean(name, (*self.tiers, FINAL)) or f"there are {there}"
        if not self.tiers:
            hint = "name its routes in `[tool.chargen.tiers.draft.routes]`, or its models in `….draft.providers.NAME`"
        raise StartError(f"there is no tier `{name}`", hint=hint)

    def provider(self, name: str) -> ProviderSettings:
        """Return the settings of one provider, the defaults where the file says nothing of it."""
        return self.providers.get(name, ProviderSettings())
