"""Reading `[tool.chargen]` of a project's `pyproject.toml` into `Settings`, every value checked.

Laws: all problems are collected, each with its place in the file; an unknown key is an error; a provider's key is never
a setting. Pure: it gets the parsed table and the text, and knows neither the environment nor which providers exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from msgspec import Struct

from chargen.config.server_address import is_at
from chargen.config.setting_checks import BARE, SettingChecks, dotted
from chargen.config.settings import (
    ANY,
    TABLE,
    Budget,
    EmptyReferences,
    LocationReferences,
    LogLevel,
    MissingReferences,
    RebuildOn,
    Settings,
    SizePolicy,
    StoreAccess,
    StoreClaims,
    StoreSettings,
)
from chargen.config.tiers import FINAL, Tier, TierProvider
from chargen.config.toml_positions import KeyPath
from chargen.errors import Position, StartError
from chargen.model.request import Mode, ProviderSettings
from chargen.model.values import Route
from chargen.text.names import did_you_mean

_TOP = (
    "imagery", "prompts", "generated", "style_prefix", "style_suffix", "default_size", "size_policy",
    "missing_references", "empty_references", "location_references", "rebuild_on", "log_level", "prompt_limit",
    "routes", "providers", "tiers", "budget", "store",
)  # fmt: skip
_TABLES = ("routes", "providers", "tiers", "budget", "store")
_PROVIDER = ("model", "quality", "mode", "workers", "per_minute", "timeout", "base_url", "proxy", "price")
_BUDGET = ("run", "month")
_STORE = ("url", "access", "claims")
_TIER = ("routes", "providers")
_TIER_PROVIDER = ("model", "quality")


_HOMES = {
    **dict.fromkeys(_PROVIDER, "tool.chargen.providers.NAME"),
    **dict.fromkeys(_BUDGET, "tool.chargen.budget"),
    **dict.fromkeys(_STORE, "tool.chargen.store"),
    **{name: f"tool.chargen.{name}" if name in _TABLES else "tool.chargen" for name in _TOP},
}
"""For each setting the table it belongs to; for a table, itself."""


class OwnSetting(Struct, frozen=True):
    """A setting that one provider has for itself: a check of `SettingChecks`, or one like those; `many` for a list."""

    check: Callable[[SettingChecks, KeyPath, Any], Any]
    many: bool = False


class KnownProvider(Struct, frozen=True):
    """What the settings need to know of a provider there is."""

    base_url: str = ""
    """The environment variable that may hold another server's address; empty where there is none."""
    keys: tuple[str, ...] = ()
    """Environment variables that may hold its key."""
    model_file: str = ""
    """What the file of the project is called that a model's id names; empty where ids are names of models."""
    domain: str = ""
    """Hosts at or below it are the vendor's own; empty where there is no vendor."""
    own: Callable[[], Mapping[str, OwnSetting]] = dict
    """Its own settings by name; asked only where its table has a key that not every provider has."""


def parse_settings(
    table: Mapping[str, Any], text: str, file: str, *, known_providers: Mapping[str, KnownProvider]
) -> Settings:
    """Check the parsed `[tool.chargen]` table of the TOML `text`.

    `known_providers` are those that a provider's table or the target of a route may name.
    Raises StartError with every problem found, in the order of the file.
    """
    checks = SettingChecks(text, file, TABLE, _HOMES)
    checks.unknown(table, _TOP)
    plain = Settings()
    routes = _routes(checks, table, known_providers)
    settings = Settings(
        imagery=checks.several(table, ("imagery",), checks.folder, plain.imagery),
        prompts=checks.one(table, ("prompts",), checks.folder, plain.prompts),
        generated=checks.one(table, ("generated",), checks.folder, plain.generated),
        style_prefix=checks.one(table, ("style_prefix",), checks.traced, plain.style_prefix),
        style_suffix=checks.one(table, ("style_suffix",), checks.traced, plain.style_suffix),
        default_size=checks.one(table, ("default_size",), checks.size, plain.default_size),
        size_policy=checks.one(table, ("size_policy",), checks.choice(SizePolicy), plain.size_policy),
        missing_references=checks.one(
            table, ("missing_references",), checks.choice(MissingReferences), plain.missing_references
        ),
        empty_references=checks.one(
            table, ("empty_references",), checks.choice(EmptyReferences), plain.empty_references
        ),
        location_references=checks.one(
            table, ("location_references",), checks.choice(LocationReferences), plain.location_references
        ),
        rebuild_on=frozenset(checks.several(table, ("rebuild_on",), checks.word(_rebuilds(known_providers)))),
        log_level=checks.one(table, ("log_level",), checks.choice(LogLevel), plain.log_level),
        prompt_limit=checks.one(table, ("prompt_limit",), checks.prompt_limit, plain.prompt_limit),
        routes=routes,
        route_positions={name: checks.at(("routes", name)) for name in routes},
        imagery_position=checks.at(("imagery",)) if "imagery" in table else None,
        prompts_position=checks.at(("prompts",)) if "prompts" in table else None,
        providers=(providers := _providers(checks, table, known_providers)),
        model_positions={name: checks.at(("providers", name, "model")) for name in providers if providers[name].model},
        budget=_budget(checks, table),
        tiers=_tiers(checks, table, known_providers),
        store=_store(checks, table),
    )
    _check_folders(checks, settings, table)
    if checks.problems:
        raise StartError(sorted(checks.problems, key=lambda problem: problem.position or Position(file)))
    return settings


def _check_folders(checks: SettingChecks, settings: Settings, table: Mapping[str, Any]) -> None:
    """Keep folders apart: no file is scanned twice, and no scan reads what a build writes; one there must be."""
    if table.get("imagery") == []:
        checks.must(("imagery",), "name a folder", 'write `imagery = ["imagery"]`, or leave it out')
    outputs = settings.generated
    for key, folders in (("imagery", settings.imagery), ("prompts", (settings.prompts,))):
        for number, folder in enumerate(folders):
            if _overlap(folder, outputs):
                checks.wrong(
                    (key, number) if key in table else ("generated",),
                    f"`{key}` and `generated` must be folders apart from each other",
                    "images are written below `generated`, and nothing else belongs there",
                )
            if key == "imagery" and any(_overlap(folder, other) for other in folders[:number]):
                checks.wrong((key, number), "one folder of `imagery` holds another", "name the outer one only")


def _overlap(one: str, other: str) -> bool:
    one, other = one.casefold(), other.casefold()  # the same folder, on many a disk
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _tiers(checks: SettingChecks, table: Mapping[str, Any], known: Mapping[str, KnownProvider]) -> dict[str, Tier]:
    found: dict[str, Tier] = {}
    parent = checks.table(table, ("tiers",))
    for name in parent:
        path: KeyPath = ("tiers", name)
        if not BARE.fullmatch(name) or name == FINAL:
            hint = (
                f"`{FINAL}` is what is made without a tier" if name == FINAL else "write it in letters, digits, - and _"
            )
            checks.wrong(path, f"`{dotted(path)}` is no name of a tier", hint)
            continue
        own = checks.table(parent, path)
        checks.unknown(own, _TIER, path)
        routes = _routes(checks, own, known, path)
        providers: dict[str, TierProvider] = {}
        below = checks.table(own, (*path, "providers"))
        checks.unknown(below, known, (*path, "providers"))
        for provider in below:
            place = (*path, "providers", provider)
            values = checks.table(below, place)
            checks.unknown(values, _TIER_PROVIDER, place)
            providers[provider] = TierProvider(
                checks.maybe(values, (*place, "model"), checks.name),
                checks.maybe(values, (*place, "quality"), checks.name),
            )
        found[name] = Tier(
            name,
            routes,
            {caught: checks.at((*path, "routes", caught)) for caught in routes},
            providers,
            {each: checks.at((*path, "providers", each, "model")) for each in providers if providers[each].model},
        )
    return found


def _routes(
    checks: SettingChecks, table: Mapping[str, Any], known: Mapping[str, KnownProvider], within: KeyPath = ()
) -> dict[str, Route]:
    routes: dict[str, Route] = {}
    for caught, value in checks.table(table, (*within, "routes")).items():
        path = (*within, "routes", caught)
        provider, slash, model = caught.partition("/")
        if caught != ANY and not (slash and provider and model and ANY not in provider):
            hint = f'write `"{provider or "provider"}/*"` in quotes, or `"provider/model"`, or `"*"`'
            if home := checks.home_of(caught, path):
                checks.wrong(path, f"`{dotted(path)}` is a setting and no route", home)
            else:
                checks.wrong(path, f"`{dotted(path)}` does not say what the route catches", hint)
            continue
        text = checks.name(path, value)
        if text is None:
            continue
        provider, slash, model = text.partition("/")
        if not (provider and model) or ANY in text:
            checks.must(path, "name one model", 'write it as `"provider/model"`')
        elif _provider_known(checks, path, provider, known):
            routes[caught] = Route(provider, model)
    return routes


def _provider_known(checks: SettingChecks, path: KeyPath, name: str, known: Mapping[str, KnownProvider]) -> bool:
    if name in known:
        return True
    listed = ", ".join(f"`{other}`" for other in known)
    hint = did_you_mean(name, known) or f"there are {listed}"
    checks.wrong(path, f"`{dotted(path)}` names the provider `{name}`, which does not exist", hint)
    return False


def _providers(
    checks: SettingChecks, table: Mapping[str, Any], known: Mapping[str, KnownProvider]
) -> dict[str, ProviderSettings]:
    parent = checks.table(table, ("providers",))
    found: dict[str, ProviderSettings] = {}
    checks.unknown(parent, known, ("providers",))
    for name in parent:
        if name not in known:
            continue
        path: KeyPath = ("providers", name)
        own = checks.table(parent, path)
        addresses = _addresses(checks, own, (*path, "base_url"), known[name].domain)
        more = known[name].own() if not own.keys() <= set(_PROVIDER) else {}
        common = _PROVIDER if known[name].domain else tuple(key for key in _PROVIDER if key != "price")
        checks.unknown(own, (*common, *more), path)
        found[name] = ProviderSettings(
            model=checks.maybe(own, (*path, "model"), checks.name),
            quality=checks.maybe(own, (*path, "quality"), checks.name),
            mode=checks.maybe(own, (*path, "mode"), checks.choice(Mode)),
            workers=checks.maybe(own, (*path, "workers"), checks.workers),
            per_minute=checks.maybe(own, (*path, "per_minute"), checks.positive),
            timeout=checks.maybe(own, (*path, "timeout"), checks.positive),
            base_url=next(iter(addresses), None),
            pool=addresses if len(addresses) > 1 else (),
            proxy=checks.maybe(own, (*path, "proxy"), checks.switch),
            base_url_position=checks.at((*path, "base_url")) if own.get("base_url") else None,
            own=_own(checks, own, path, more),
            price=checks.maybe(own, (*path, "price"), checks.usd),
        )
    return found


def _rebuilds(known: Mapping[str, KnownProvider]) -> tuple[str, ...]:
    """Return the words that `rebuild_on` may hold."""
    files = (provider.model_file for provider in known.values() if provider.model_file)
    return tuple(dict.fromkeys((*(choice.value for choice in RebuildOn), *files)))


def _addresses(checks: SettingChecks, table: Mapping[str, Any], path: KeyPath, vendor: str) -> tuple[str, ...]:
    """Check `base_url`: the address of a server, or a list of servers that are alike, so no vendor's among them."""
    value = table.get("base_url")
    if not isinstance(value, list):
        address = checks.maybe(table, path, checks.url)
        return () if address is None else (address,)
    if not value:
        checks.must(path, "name at least one server", "leave it out for the vendor's own")
    addresses = checks.several(table, path, checks.url)
    if len(addresses) > 1 and vendor and any(is_at(address, vendor) for address in addresses):
        checks.must(path, "not list the vendor's own server among others", "servers of a list have to be alike")
    return addresses


def _own(
    checks: SettingChecks, table: Mapping[str, Any], path: KeyPath, settings: Mapping[str, OwnSetting]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, setting in settings.items():
        if key in table:
            check, place = partial(setting.check, checks), (*path, key)
            found[key] = checks.several(table, place, check) if setting.many else checks.maybe(table, place, check)
    return {key: value for key, value in found.items() if value is not None}


def _budget(checks: SettingChecks, table: Mapping[str, Any]) -> Budget:
    own = checks.table(table, ("budget",))
    checks.unknown(own, _BUDGET, ("budget",))
    return Budget(
        run=checks.maybe(own, ("budget", "run"), checks.usd),
        month=checks.maybe(own, ("budget", "month"), checks.usd),
        run_position=checks.at(("budget", "run")) if "run" in own else None,
        month_position=checks.at(("budget", "month")) if "month" in own else None,
    )


def _store(checks: SettingChecks, table: Mapping[str, Any]) -> StoreSettings | None:
    own = checks.table(table, ("store",))
    checks.unknown(own, _STORE, ("store",))
    url = checks.maybe(own, ("store", "url"), checks.store_url)
    if url is None:
        if own and "url" not in own:
            checks.must(("store",), "have a `url`", 'write `url = "s3://bucket/prefix"`')
        return None
    return StoreSettings(
        url,
        checks.one(own, ("store", "access"), checks.choice(StoreAccess), StoreAccess.WRITE),
        checks.one(own, ("store", "claims"), checks.choice(StoreClaims), StoreClaims.REQUIRED),
        checks.at(("store", "url")),
    )
