"""The model table: reading it, finding in it, living with its dates, and the shipped one itself."""

from __future__ import annotations

import copy
import tomllib
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chargen import providers
from chargen.errors import ChargenError, Severity
from chargen.model.request import SentReference
from chargen.providers import DATA, load_models
from chargen.providers.catalogue.model_checks import check_model, check_prompt, check_quality, check_references
from chargen.providers.catalogue.model_data import read_models
from chargen.providers.catalogue.model_sizes import RatioSizes
from chargen.providers.catalogue.models import Lifecycle, ModelTable, route_line
from chargen.providers.catalogue.prices import estimate

TODAY = date(2026, 11, 22)
PROVIDERS = Path(providers.__file__).parent

MINIMAL = """
as_of = 2026-11-22
sources = ["a page"]
[provider]
default_model = "new"
workers = 2
prompt_characters = 100
reference_bytes = 1000
request_bytes = 1500
reference_media = ["image/png", "image/jpeg"]
[sizes.any]
kind = "free"
step = 16
max_edge = 3840
min_pixels = 655360
max_pixels = 8294400
max_ratio = 3
[sizes.list]
kind = "listed"
sizes = ["8x8"]
[sizes.frames]
kind = "ratios"
ratios = ["1:1"]
buckets = { 1K = 1048576 }
[prices.cheap]
text_in = 5
image_in = 8
text_out = 30
image_out = 30
reference_tokens = 1500
pixels = 1048576
tokens_by_quality = { low = 196 }
[[models]]
id = "new"
aliases = ["new-2026-01-01"]
sizes = "any"
qualities = ["low"]
default_quality = "low"
references = 2
prices = "cheap"
[[models]]
id = "old-*"
sizes = "list"
references = 0
shutdown = 2026-12-01
replacement = "new"
[[models]]
id = "old-but-known"
sizes = "frames"
references = 1
deprecated = 2026-10-01
"""


def parsed() -> dict[str, Any]:
    """The small table as parsed TOML."""
    return tomllib.loads(MINIMAL, parse_float=Decimal)


@pytest.fixture
def table() -> ModelTable:
    """The small table."""
    return read_models({"p": parsed()})


def test_models_are_found_by_id_alias_and_pattern(table: ModelTable) -> None:
    """Exact names come before patterns; Google's `models/` prefix does not matter."""
    found = [table.find("p", name) for name in ("new", "new-2026-01-01", "models/new", "old-9", "old-but-known", "x")]
    assert [model and model.id for model in found] == ["new", "new", "new", "old-*", "old-but-known", None]
    assert table.find("other", "new") is None
    with pytest.raises(KeyError):
        table.facts("other")


def test_an_unknown_id_is_like_the_default_without_a_price(table: ModelTable) -> None:
    """Sizes and references are assumed, quality and price are not."""
    model = table.assumed("p", "brand-new")
    assert (model.id, model.sizes, model.references) == ("brand-new", table.models[0].sizes, 2)
    assert (model.prices, model.qualities, model.default_quality) == (None, (), None)
    assert table.assumed("p", "new") is table.models[0]


@pytest.mark.parametrize(
    ("today", "life"),
    [
        (date(2026, 10, 1), Lifecycle.ALIVE),
        (date(2026, 10, 2), Lifecycle.DYING),
        (date(2026, 11, 30), Lifecycle.DYING),
        (date(2026, 12, 1), Lifecycle.DEAD),
        (date(2030, 1, 1), Lifecycle.DEAD),
    ],
)
def test_a_shutdown_is_warned_about_sixty_days_ahead(table: ModelTable, today: date, life: Lifecycle) -> None:
    """Sixty days before its end a model is dying; on the day itself it is dead."""
    assert table.models[1].life(today) is life


def test_deprecation_counts_from_its_day(table: ModelTable) -> None:
    """A deprecated model lives on with a warning."""
    assert table.models[2].life(date(2026, 9, 30)) is Lifecycle.ALIVE
    assert table.models[2].life(date(2026, 10, 1)) is Lifecycle.DEPRECATED
    [problem] = check_model(table, "p", "old-but-known", TODAY)
    assert (problem.severity, problem.hint) == (
        Severity.WARNING,
        'add `"p/old-but-known" = "p/new"` under [tool.chargen.routes]',
    )


@pytest.mark.parametrize(
    ("today", "severity", "words"),
    [
        (date(2026, 11, 30), Severity.WARNING, "shuts down on 2026-12-01, in 1 day"),
        (date(2026, 11, 22), Severity.WARNING, "in 9 days"),
        (date(2026, 12, 1), Severity.ERROR, "was shut down on 2026-12-01"),
    ],
)
def test_a_dying_model_names_its_route(table: ModelTable, today: date, severity: Severity, words: str) -> None:
    """The hint is the very line to add, with the id as the author wrote it."""
    [problem] = check_model(table, "p", "old-9", today)
    assert problem.severity is severity
    assert words in problem.message
    assert problem.hint == 'add `"p/old-9" = "p/new"` under [tool.chargen.routes]'


def test_unknown_and_living_models_pass(table: ModelTable) -> None:
    """A living model is not mentioned, an unknown one only noted, with a guess at what was meant."""
    assert list(check_model(table, "p", "new", TODAY)) == []
    [problem] = check_model(table, "p", "nwe", TODAY)
    assert problem.severity is Severity.WARNING
    assert problem.hint == "did you mean `new`?"


def test_quality_prompt_and_references_are_checked(table: ModelTable) -> None:
    """What the provider would refuse is said before, each with the next step."""
    model, facts = table.models[0], table.facts("p")
    assert list(check_quality(model, "new", "low")) == list(check_quality(model, "new", None)) == []
    assert list(check_quality(table.models[1], "old-9", "any")) == []
    [quality] = check_quality(model, "new", "max")
    assert "no quality `max`" in quality.message
    assert [problem.message for problem in check_prompt("x" * 101, facts)] == [
        "the prompt has 101 characters, `p` takes at most 100"
    ]
    assert [problem.message for problem in check_prompt(" ", facts)] == ["the prompt is empty"]

    def messages(*sent: tuple[str, int, str]) -> list[str]:
        listed = [SentReference("ann", label, bytes(length), media) for label, length, media in sent]
        return [problem.message for problem in check_references(listed, 2, "new", facts)]

    assert messages(("a", 9, "image/png"), ("b", 9, "image/jpg")) == []
    assert messages(*[("a", 9, "image/png")] * 3) == ["`new` takes at most 2 references, not 3"]
    assert messages(("a", 9, "image/gif")) == ["reference `a` is image/gif, which `p` does not take"]
    assert messages(("a", 0, "image/png")) == ["reference `a` is empty"]
    assert messages(("a", 1001, "image/png")) == ["reference `a` has 0.0 MB, `p` takes at most 0.0 MB each"]
    assert messages(("a", 600, "image/png"), ("b", 600, "image/png")) == [
        "the references come to 0.0 MB as sent, `p` takes at most 0.0 MB"
    ]


def _edited(edit: Any) -> dict[str, Any]:
    data = copy.deepcopy(parsed())
    edit(data)
    return data


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda data: data.pop("as_of"), "missing required field `as_of`"),
        (lambda data: data.update(extra=1), "unknown field `extra`"),
        (lambda data: data.update(as_of="x"), "Invalid RFC3339 encoded date"),
        (lambda data: data.update(sources=[1]), "Expected `str`, got `int`"),
        (lambda data: data["models"][0].update(colour=1), "unknown field `colour`"),
        (lambda data: data["models"][0].update(references=True), "Expected `int`, got `bool`"),
        (lambda data: data["models"][0].update(sizes="none"), "names `none`"),
        (lambda data: data["models"][0].update(prices="none"), "names `none`"),
        (lambda data: data["provider"].update(proof=1), "Expected `bool`, got `int`"),
        (lambda data: data["models"][1].update(replacement="gone"), "replaced by `gone`"),
        (lambda data: data["models"][0].update(default_quality="max"), "lacks its default quality"),
        (lambda data: data["models"][2].update(id="new"), "twice"),
        (lambda data: data["provider"].update(default_model="gone"), "default model `gone`"),
        (lambda data: data["sizes"]["any"].update(kind="odd"), "Invalid value 'odd'"),
        (lambda data: data["sizes"]["any"].pop("step"), "missing required field `step`"),
        (lambda data: data["sizes"]["list"].update(sizes=["8"]), "such as `1024x1024`"),
        (lambda data: data["sizes"]["frames"].update(ratios=["1"]), "such as `16:9`"),
        (lambda data: data["prices"]["cheap"].update(text_in=True), "Expected `decimal`, got `bool`"),
        (lambda data: data["prices"]["cheap"].update(tokens_by_quality={"low": 1.5}), "Expected `int`, got `float`"),
    ],
)
def test_a_broken_table_is_refused(edit: Any, words: str) -> None:
    """Misspelt, mistyped and dangling entries are named, not skipped."""
    with pytest.raises(ChargenError) as caught:
        read_models({"p": _edited(edit)})
    assert words in str(caught.value)


# The shipped table ---


def test_the_shipped_table_can_be_built_on() -> None:
    """Defaults live longer than the notice, and every dead or dying model has a living replacement."""
    shipped = load_models()
    notice = shipped.as_of + timedelta(days=60)
    for facts in shipped.providers:
        if facts.proof or facts.model_file:
            continue
        default = shipped.find(facts.name, facts.default_model)
        assert default is not None
        assert default.life(notice) is Lifecycle.ALIVE
        assert default.prices is not None
        assert tomllib.loads((PROVIDERS / facts.name / DATA).read_text())["sources"]
    for model in shipped.models:
        if model.shutdown or model.deprecated:
            replacement = shipped.find(model.provider, model.replacement or "")
            assert replacement is not None
            assert replacement.life(notice) is Lifecycle.ALIVE, model.id


def test_every_living_model_has_a_price_for_what_is_sent_by_default() -> None:
    """Each legal request of a living model at its default quality can be estimated, so that budgets hold."""
    shipped = load_models()
    for model in shipped.models:
        if model.life(TODAY) is not Lifecycle.DEAD:
            assert model.prices is not None, model.id
            sizes = model.sizes
            if isinstance(sizes, RatioSizes):
                asked = [str(sizes.frame(f"1:1 {bucket.name}")) for bucket in sizes.buckets]
                qualities: tuple[str | None, ...] = (None,)
            else:
                asked = [str(size) for size in getattr(sizes, "sizes", ())] or ["1024x1024", "3840x2160"]
                qualities = (None, *model.qualities)
            for size in asked:
                for quality in qualities:
                    assert estimate(model.prices, size, quality, 1, "x"), (model.id, size, quality)


@pytest.mark.parametrize(
    ("provider", "model_id", "life"),
    [
        ("openai", "dall-e-3", Lifecycle.DEAD),
        ("openai", "dall-e-2", Lifecycle.DEAD),
        ("openai", "gpt-image-1", Lifecycle.DEAD),
        ("openai", "gpt-image-1.5", Lifecycle.DYING),
        ("openai", "gpt-image-1-mini", Lifecycle.DYING),
        ("openai", "chatgpt-image-latest", Lifecycle.DYING),
        ("openai", "gpt-image-2.6-sunburst", Lifecycle.ALIVE),
        ("openai", "gpt-image-2.5-flare-2026-09-08", Lifecycle.ALIVE),
        ("google", "gemini-3-pro-image-preview", Lifecycle.DEAD),
        ("google", "imagen-4.0-ultra-generate-001", Lifecycle.DEAD),
        ("google", "gemini-3.1-flash-image", Lifecycle.DOUBTFUL),
        ("google", "gemini-2.5-flash-image", Lifecycle.DOUBTFUL),
        ("google", "nano-banana-pro-preview", Lifecycle.ALIVE),
    ],
)
def test_known_models_live_as_long_as_their_vendors_say(provider: str, model_id: str, life: Lifecycle) -> None:
    """The dates of the vendors' own pages, as of the table's day, and of reports where they are silent."""
    model = load_models().find(provider, model_id)
    assert model is not None
    assert model.life(TODAY) is life


def test_the_line_for_a_dead_model_is_exact() -> None:
    """An author can paste it as it stands."""
    assert route_line("openai", "dall-e-3", "gpt-image-2.6-flare") == '"openai/dall-e-3" = "openai/gpt-image-2.6-flare"'


@pytest.mark.parametrize(
    ("provider", "asked", "answered", "another"),
    [
        ("google", "gemini-3.1-flash-image", "gemini-nano-banana-2.1", True),
        ("google", "gemini-3.1-flash-image", "models/gemini-3.1-flash-image", False),
        ("google", "gemini-3-pro-image", "gemini-3-pro-image-001", False),
        ("google", "nano-banana-pro-preview", "gemini-3-pro-image", False),  # two ids of one model
        ("openai", "gpt-image-2", "gpt-image-2-2026-04-21", False),
        ("openai", "gpt-image-2.6-flare", "gpt-image-2.6-sunburst", True),
        ("openai", "my-own-model", "another", True),
        ("openai", "my-own-model", None, False),
        ("openai", "my-own-model", "", False),
    ],
)
def test_another_model_is_told_from_another_spelling(
    provider: str, asked: str, answered: str | None, another: bool
) -> None:
    """Dated and numbered forms, aliases and Google's prefix are the same model."""
    assert load_models().another(provider, asked, answered) == another


def test_an_end_that_only_reports_tell_of_is_a_warning() -> None:
    """Google does not confirm that these have ended: a request may work, and costs nothing where it does not."""
    models, today = load_models(), date(2026, 11, 28)
    for name, day in (("gemini-3.1-flash-image", "2026-10-29"), ("gemini-2.5-flash-image", "2026-10-02")):
        (told,) = check_model(models, "google", name, today)
        assert told.severity is Severity.WARNING
        assert f"ended on {day} by reports" in told.message
        assert "gemini-nano-banana-2.1" in told.hint
        assert list(check_model(models, "google", name, date(2026, 9, 1))) == []
    (soon,) = check_model(models, "openai", "gpt-image-1.5", today)
    assert (soon.severity, soon.message) == (
        Severity.WARNING,
        "`gpt-image-1.5` shuts down on 2026-12-01, in 3 days",
    )
    (gone,) = check_model(models, "openai", "gpt-image-1-mini", date(2026, 12, 1))
    assert gone.severity is Severity.ERROR
