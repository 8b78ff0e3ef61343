"""Settings: what a good table gives, and what is said of a bad one, where."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.config.settings import (
    EmptyReferences,
    LocationReferences,
    LogLevel,
    MissingReferences,
    RebuildOn,
    Settings,
    SizePolicy,
    StoreAccess,
    StoreClaims,
)
from chargen.config.settings_table import KnownProvider, parse_settings
from chargen.config.toml_positions import key_positions, position_of
from chargen.errors import Position, StartError
from chargen.model.request import Mode, ProviderSettings
from chargen.model.values import Route, Size
from chargen.providers import known_providers

KNOWN = known_providers()
FULL = """
[project]
name = "book"  # [tool.chargen] in a comment

[tool.chargen]
imagery = ["imagery", "more/pictures/"]
prompts = "templates"
generated = "out"
style_prefix = '''
Ink on paper.'''
style_suffix = "no text"
default_size = "1536x1024"
size_policy = "pad"
missing_references = "describe"
rebuild_on = ["model", "quality"]
log_level = "debug"
empty_references = "portrait"
location_references = "place"
prompt_limit = 900

[tool.chargen.routes]
"openai/gpt-image-1" = "openai/gpt-image-2.6-flare"
"workers-ai/*" = "sketch/sketch"
"*" = "google/a/b"

[tool.chargen.providers.openai]
model = "gpt-image-2.6-flare"
quality = "high"
workers = 4
per_minute = 7.5
timeout = 300
mode = "batch"
base_url = "http://127.0.0.1:8080/v1"
proxy = true
price = 0.02

[tool.chargen.providers.sketch]
latency = 0
fail = ["chapters/*=transient*2", "x=provider-stop"]

[tool.chargen.budget]
run = 5
month = 20.10

[tool.chargen.store]
url = "s3://bucket/a/book/"
access = "read"
claims = "best-effort"
"""


def read(text: str, known: Mapping[str, KnownProvider] = KNOWN) -> Settings:
    table: Mapping[str, Any] = tomllib.loads(text).get("tool", {}).get("chargen", {})
    return parse_settings(table, text, "pyproject.toml", known_providers=known)


def complaints(body: str, known: Mapping[str, KnownProvider] = KNOWN) -> list[str]:
    with pytest.raises(StartError) as caught:
        read(f"[tool.chargen]\n{body}\n", known)
    assert caught.value.exit_code == 3
    return [str(problem) for problem in caught.value.problems]


def test_an_empty_table_gives_the_defaults() -> None:
    """Nothing has to be set."""
    assert read("[tool.chargen]") == Settings()
    assert Settings().imagery == ("imagery",)
    assert Settings().default_size == Size(1024, 1024)
    assert Settings().provider("openai") == ProviderSettings()


def test_every_setting_is_read() -> None:
    """Each setting arrives with its type and value."""
    settings = read(FULL)
    assert settings.imagery == ("imagery", "more/pictures")
    assert (settings.prompts, settings.generated) == ("templates", "out")
    assert (settings.style_prefix, settings.style_suffix) == ("Ink on paper.", "no text")
    assert settings.default_size == Size(1536, 1024)
    assert settings.size_policy is SizePolicy.PAD
    assert settings.missing_references is MissingReferences.DESCRIBE
    assert settings.rebuild_on == {RebuildOn.MODEL, RebuildOn.QUALITY}
    assert settings.log_level is LogLevel.DEBUG
    assert settings.empty_references is EmptyReferences.PORTRAIT
    assert settings.location_references is LocationReferences.PLACE
    assert settings.prompt_limit == 900
    assert settings.routes == {
        "openai/gpt-image-1": Route("openai", "gpt-image-2.6-flare"),
        "workers-ai/*": Route("sketch", "sketch"),
        "*": Route("google", "a/b"),
    }
    assert settings.route_positions["*"] == Position("pyproject.toml", 24, 1)
    assert settings.provider("openai") == ProviderSettings(
        "gpt-image-2.6-flare",
        "high",
        4,
        7.5,
        300.0,
        "http://127.0.0.1:8080/v1",
        True,
        Position("pyproject.toml", 33, 1),
        mode=Mode.BATCH,
        price=Decimal("0.02"),
    )
    assert settings.provider("sketch").own["fail"] == ("chapters/*=transient*2", "x=provider-stop")
    assert (settings.budget.run, settings.budget.month) == (Decimal(5), Decimal("20.1"))
    assert settings.store is not None
    assert settings.store.url == "s3://bucket/a/book"
    assert (settings.store.access, settings.store.claims) == (StoreAccess.READ, StoreClaims.BEST_EFFORT)


def test_all_problems_are_told_at_once_in_order_with_their_places() -> None:
    """One run names everything that is wrong, so that one edit mends it."""
    found = complaints('promts = "p"\nsize_policy = "crp"\n\n[tool.chargen.providers.opnai]\nmodel = "m"\n')
    assert found == [
        "pyproject.toml:2:1: error: unknown setting `promts`\n  hint: did you mean `prompts`?",
        "pyproject.toml:3:1: error: `size_policy` must be one of `crop`, `pad`, `keep`\n  hint: did you mean `crop`?",
        "pyproject.toml:5:25: error: unknown setting `providers.opnai`\n  hint: did you mean `openai`?",
    ]


@pytest.mark.parametrize(
    ("body", "place", "words"),
    [
        ('imagery = "imagery"', "2:1", "must be a list, not a text"),
        ("imagery = []", "2:1", "must name a folder"),
        ('imagery = ["a",\n  3]', "3:3", "must be a text"),
        ('imagery = ["../else"]', "2:12", "inside the project"),
        ('imagery = ["."]', "2:12", "inside the project"),
        ('prompts = "/etc"', "2:1", "inside the project"),
        ('prompts = "C:/x"', "2:1", "inside the project"),
        ('prompts = "a\\\\b"', "2:1", "inside the project"),
        ('prompts = ""', "2:1", "not empty"),
        ('generated = "imagery/out"', "2:1", "apart from each other"),
        ('imagery = ["a", "generated/x"]', "2:17", "apart from each other"),
        ('imagery = ["a/b", "ab", "a"]', "2:25", "one folder of `imagery` holds another"),
        ('generated = "imagery"', "2:1", "apart from each other"),
        ('generated = "Imagery/out"', "2:1", "apart from each other"),
        ('generated = ".chargen"', "2:1", "not be in `.chargen`"),
        ('generated = ".git/x"', "2:1", "not be in `.git`"),
        ('generated = "book/.GIT/x"', "2:1", "not be in `.GIT`"),
        ('imagery = ["a", ".chargen"]', "2:17", "not be in `.chargen`"),
        ('prompts = "./.chargen/prompts"', "2:1", "not be in `.chargen`"),
        ('generated = "a\\u001b[2Jb"', "2:1", "no control characters"),
        ('imagery = ["a\\u0007"]', "2:12", "no control characters"),
        ('prompts = "a\\u202etxt"', "2:1", "no control characters"),
        ("style_prefix = 3", "2:1", "must be a text"),
        ("default_size = 1024", "2:1", "must be a text"),
        ("providers.openai.base_url = 3", "2:18", "must be a text"),
        ("providers.sketch.fail = [3]", "2:26", "must be a text"),
        ('default_size = "1024"', "2:1", "width and a height"),
        ('default_size = "0x10"', "2:1", "width and a height"),
        ('missing_references = "ignore"', "2:1", "`block`, `describe`"),
        ('rebuild_on = ["modle"]', "2:15", "`model`, `provider`, `quality`"),
        ("log_level = true", "2:1", "must be a text, not a boolean"),
        ("providers = 3", "2:1", "must be a table"),
        ("providers.openai = 3", "2:11", "must be a table"),
        ("providers.openai.workers = 0", "2:18", "whole number from 1"),
        ("providers.openai.workers = true", "2:18", "whole number from 1"),
        ("providers.openai.workers = 1.5", "2:18", "whole number from 1"),
        ("providers.openai.price = -1", "2:18", "0 or more"),
        ("providers.sketch.price = 0", "2:18", "price"),
        ("providers.openai.per_minute = 0", "2:18", "greater than 0"),
        ("providers.openai.per_minute = inf", "2:18", "greater than 0"),
        ('providers.openai.timeout = "10"', "2:18", "greater than 0"),
        ("providers.openai.model = ''", "2:18", "not empty"),
        ('providers.openai.base_url = "ftp://x"', "2:18", "be an address"),
        ('providers.openai.base_url = "http://[x"', "2:18", "be an address"),
        ('providers.openai.base_url = "http://u:p@host/"', "2:18", "not hold a user"),
        ('providers.openai.base_url = ["http://a/v1", "https://api.openai.com/v1"]', "2:18", "vendor's own server"),
        ("providers.openai.base_url = []", "2:18", "name at least one server"),
        ('providers.openai.base_url = ["http://a/v1", "b"]', "2:45", "be an address"),
        ("providers.openai.latency = 1", "2:18", "unknown setting `providers.openai.latency`"),
        ("providers.sketch.latency = -1", "2:18", "seconds"),
        ('providers.sketch.fail = ["x=transent"]', "2:26", "did you mean `transient`"),
        ('providers.sketch.fail = ["x"]', "2:26", "GLOB=CLASS"),
        ("budget = 5", "2:1", "must be a table"),
        ("budget.run = -1", "2:8", "0 or more"),
        ('budget.month = "5"', "2:8", "0 or more"),
        ("budget.day = 5", "2:8", "unknown setting `budget.day`"),
        ('store = "s3://bucket/book"', "2:1", "must be a table"),
        ('store.access = "read"', "2:1", "must have a `url`"),
        ('store.url = "s3://bucket"', "2:7", "a bucket and a prefix"),
        ('store.url = "https://key:secret@host/book"', "2:7", "a bucket and a prefix"),
        ('store.url = "s3://bucket/../other"', "2:7", "a bucket and a prefix"),
        ('store.url = "s3://bucket/book"\nstore.access = "writ"', "3:7", "did you mean `write`"),
        ('store.url = "s3://bucket/book"\nstore.secret = "x"', "3:7", "no setting"),
        ("tiers.draft = 3", "2:7", "must be a table"),
        ('tiers."a b".routes = {}', "2:7", "is no name of a tier"),
        ("tiers.final.routes = {}", "2:7", "`final` is what is made without a tier"),
        ("tiers.draft.route = {}", "2:13", "did you mean `routes`"),
        ('tiers.draft.routes."*" = "openai"', "2:20", "name one model"),
        ("tiers.draft.providers.opnai = {}", "2:23", "did you mean `openai`"),
        ("tiers.draft.providers.openai.workers = 3", "2:30", "under `[tool.chargen.providers.NAME]`"),
        ("tiers.draft.providers.openai.colour = 3", "2:30", "known are `model`, `quality`"),
        ("tiers.draft.providers.openai.quality = 3", "2:30", "must be a text"),
        ('routes.rebuild_on = ["model"]', "2:8", "`rebuild_on` belongs under `[tool.chargen]`"),
        ('routes.model = "x"', "2:8", "`model` belongs under `[tool.chargen.providers.NAME]`"),
        ('budget.style_suffix = "x"', "2:8", "`style_suffix` belongs under `[tool.chargen]`: write it directly below"),
        ('store.url = "s3://bucket/book"\nstore.log_level = "info"', "3:7", "`log_level` belongs under"),
        ('providers.openai.default_size = "1x1"', "2:18", "`default_size` belongs under `[tool.chargen]`"),
        ("providers.openai.month = 3", "2:18", "`month` belongs under `[tool.chargen.budget]`"),
        ("providers.workers = 3", "2:11", "`workers` belongs under `[tool.chargen.providers.NAME]`"),
        ('tiers.draft.style_prefix = "x"', "2:13", "`style_prefix` belongs under `[tool.chargen]`"),
        ('tiers.style_prefix = "x"', "2:7", "`style_prefix` belongs under `[tool.chargen]`"),
        ("tiers.draft.budget = {}", "2:13", "its table is `[tool.chargen.budget]`"),
        ('tiers.draft.routes = {model = "a/b"}', "2:23", "belongs under `[tool.chargen.tiers.draft.providers.NAME]`"),
        ("providers.comfyui.price = 0.1", "2:19", "known are"),
        ("workers = 3", "2:1", "`workers` belongs under `[tool.chargen.providers.NAME]`"),
        ("routes = []", "2:1", "must be a table, not a list"),
        ('routes."*" = 3', "2:8", "must be a text"),
        ('routes."*" = "openai"', "2:8", "name one model"),
        ('routes."*" = "openai/*"', "2:8", "name one model"),
        ('routes.openai = "openai/x"', "2:8", '"openai/*"'),
        ('routes."a*/x" = "openai/x"', "2:8", "what the route catches"),
        ('routes."*" = "opnai/x"', "2:8", "did you mean `openai`"),
        ('routes."*" = "flux/x"', "2:8", "there are `openai`, `google`, `comfyui`, `sketch`"),
    ],
)
def test_a_bad_value_is_told_where_it_stands(body: str, place: str, words: str) -> None:
    """Every setting is checked for type and value."""
    (found,) = complaints(body)
    assert found.startswith(f"pyproject.toml:{place}: error: ")
    assert words in found


@pytest.mark.parametrize(
    "body",
    [
        'api_key = "hunter2-abc"',
        'providers.openai.api_key = "hunter2-abc"',
        'providers.google.token = "hunter2-abc"',
        'style_prefix = "sk-hunter2-abc"',
        'providers.openai.model = "AIzahunter2-abc"',
        'providers.openai.base_url = "https://hunter2-abc@host/v1"',
        '"sk-hunter2-abc" = 1',
    ],
)
def test_a_key_in_the_file_is_refused_and_never_repeated(body: str) -> None:
    """Keys come from the environment only; what stands in the file gets into no message."""
    (found,) = complaints(body)
    assert "environment only" in found
    if not body.startswith('"sk-'):
        assert "hunter2" not in found


def test_the_providers_are_those_that_are_handed_in() -> None:
    """The core knows no provider by name."""
    text = '[tool.chargen]\nproviders.flux.workers = 2\nroutes."*" = "flux/x"'
    assert read(text, {"flux": KnownProvider()}).provider("flux").workers == 2


def test_positions_pass_over_everything_that_only_looks_like_a_key() -> None:
    """Comments, strings of all four kinds, inline tables, arrays and arrays of tables do not mislead the scan."""
    text = (
        '\ufeff# a = 1\n"quoted key" . b = """x\n[t]\nc = \\"""\n"""  # c = 2\n'
        "d = { e = [1, '#', {f = 2}], \"g\\u0041\" = '''\n]''' }\n"
        "[ x . 'y.z' ] # [w]\nk = 1979-05-27 07:32:00\nl=[\n  [1], # ]\n  2]\n[[many]]\nm = 1\n[[many]]\nm = 2\n"
    ).removeprefix("\ufeff")
    tomllib.loads(text)
    found = {path: (at.line, at.column) for path, at in key_positions(text, "f").items()}
    assert found == {
        ("quoted key",): (2, 1),
        ("quoted key", "b"): (2, 16),
        ("d",): (6, 1),
        ("d", "e"): (6, 7),
        ("d", "e", 0): (6, 12),
        ("d", "e", 1): (6, 15),
        ("d", "e", 2): (6, 20),
        ("d", "e", 2, "f"): (6, 21),
        ("d", "gA"): (6, 30),
        ("x",): (8, 3),
        ("x", "y.z"): (8, 7),
        ("x", "y.z", "k"): (9, 1),
        ("x", "y.z", "l"): (10, 1),
        ("x", "y.z", "l", 0): (11, 3),
        ("x", "y.z", "l", 0, 0): (11, 4),
        ("x", "y.z", "l", 1): (12, 3),
        ("many",): (13, 3),
        ("many", "m"): (14, 1),
    }


def test_what_has_no_position_falls_back_to_what_is_around_it() -> None:
    """A missing key is told at its table, and with no table at the file."""
    positions = key_positions("[a]\nb = 1\n", "f")
    assert position_of(positions, ("a", "c", "d"), "f") == Position("f", 1, 2)
    assert position_of(positions, ("z",), "f") == Position("f")


_keys = st.text(alphabet="abc_-1", min_size=1, max_size=3)
_values = st.recursive(
    st.sampled_from(["1", "-2.5e3", '"#]"', "'}'", "true", "1979-05-27T07:32:00Z", '"""a\n"b"""', "inf", "'''\\'''"]),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    max_leaves=6,
)


@given(st.dictionaries(_keys, st.dictionaries(_keys, _values, max_size=3), max_size=4))
def test_every_key_of_any_text_has_its_own_position(tables: dict[str, dict[str, str]]) -> None:
    """At the position of a key stands that key, whatever values are around it."""
    text = "".join(
        f"[{table}]\n" + "".join(f"{key} = {value} # {key}\n" for key, value in rows.items())
        for table, rows in tables.items()
    )
    tomllib.loads(text)
    positions = key_positions(text, "f")
    lines = text.split("\n")
    for table, rows in tables.items():
        for path in ((table,), *((table, key) for key in rows)):
            at = positions[path]
            assert lines[at.line - 1][at.column - 1 :].startswith(path[-1])
