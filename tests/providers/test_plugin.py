"""A provider from a folder of its own, in real processes: no other file of the program knows of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import REPOSITORY, Project

DATA = """
as_of = 2026-11-01
sources = ["the brush's own page"]

[provider]
keys = ["BRUSH_PASS"]
default_model = "soft"
workers = 1
prompt_characters = 1_000

[sizes.any]
kind = "free"
step = 1
max_edge = 4096
min_pixels = 1
max_pixels = 16_777_216
max_ratio = 16

[prices.soft]
text_in = 0
image_in = 0
text_out = 0
image_out = 1_000
reference_tokens = 0
reference_tokens_most = 0
pixels = 12_288
tokens_by_quality = { plain = 50 }
auto_quality = "plain"

[[models]]
id = "soft"
sizes = "any"
references = 0
prices = "soft"
"""
CODE = '''
"""Paints in one colour, as a job that has to be asked for twice."""

import io
import os

from PIL import Image

from chargen.config.setting_checks import SettingChecks
from chargen.config.settings_table import OwnSetting
from chargen.errors import error
from chargen.model.request import Pending, Reply, Request, Ticket
from chargen.providers.catalogue.prices import estimate

SETTINGS = {"grey": OwnSetting(SettingChecks.workers)}


class Brush:
    name = "brush"
    default_model = "soft"
    default_workers = 1
    default_per_minute = None

    def __init__(self, settings, models, environ, *, today):
        self.grey, self.models, self.key = settings.own.get("grey", 7), models, environ.get("BRUSH_PASS")
        self.jobs = {}

    def adapt(self, asked, model):
        return Request(self.name, model, asked.prompt, (), str(asked.size), None, {"grey": self.grey}, asked)

    def check(self, request):
        return ()

    def price(self, request):
        return estimate(self.models.find(self.name, request.model).prices, request.requested_size, None, 0, "")

    def most(self, request):
        return self.price(request)

    def missing_key(self):
        return None if self.key else error("`BRUSH_PASS` is not set")

    def setup(self):
        return None

    def elsewhere(self):
        return None

    def open(self):
        pass

    def submit(self, request, name):
        size = request.asked.size
        out = io.BytesIO()
        Image.new("L", (size.width, size.height), request.parameters["grey"]).save(out, "PNG")
        self.jobs["job-1"] = [Pending(0.01), Reply(out.getvalue(), request_id="job-1", cost_usd=self.price(request))]
        return Ticket("job-1")

    def collect(self, ticket):
        return self.jobs[ticket.name].pop(0)

    def close(self):
        pass


make = Brush
'''
START = """
import sys

import chargen.providers

chargen.providers.__path__.append({folder!r})
"""


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """A project whose processes find the folder `brush` beside the program's own providers."""
    plugin = tmp_path / "plugins" / "brush"
    plugin.mkdir(parents=True)
    (plugin / "models.toml").write_text(DATA)
    (plugin / "__init__.py").write_text(CODE)
    (plugin.parent / "sitecustomize.py").write_text(START.format(folder=str(plugin.parent)))
    root = tmp_path / "book"
    root.mkdir()
    env = {"PYTHONPATH": f"{plugin.parent}:{REPOSITORY}", "BRUSH_PASS": "b-secret"}
    made = Project(root, "providers.brush.grey = 99\n", env=env)
    made.chapter("ch01", {"a": "A lamp."}, route="brush/soft")
    return made


def test_a_folder_is_all_that_a_provider_needs(book: Project) -> None:
    """It is listed, routed to, planned with its price, built by submitting and collecting, and recorded."""
    listed = {model["id"]: model for model in book.chargen("models", "--json").json["models"]}
    assert listed["soft"]["provider"] == "brush"
    assert listed["soft"]["default"]
    planned = book.chargen("plan", "--json").json["images"][0]
    assert (planned["provider"], planned["model"], planned["cost_usd"]) == ("brush", "soft", 0.05)
    run = book.doit()
    assert run.code == 0, run.all
    told = book.read("imagery/chapters/ch01/imagery.yaml")
    assert "provider: brush" in told
    assert "cost_usd: 0.05" in told
    assert "b-secret" not in told
    assert book.chargen("plan", "--json").json["images"][0]["verdict"] == "fresh"


def test_its_settings_are_checked_by_itself_and_nobody_else_has_them(book: Project) -> None:
    """A wrong value and a misspelt name have their place; another provider does not know the setting."""
    book.settings("providers.brush.grey = 1000\nproviders.brush.gray = 3\nproviders.openai.grey = 3\n")
    run = book.chargen("plan")
    assert run.code == 3, run.all
    assert "`providers.brush.grey` must be a whole number" in run.err
    assert "unknown setting `providers.brush.gray`" in run.err
    assert "did you mean `grey`" in run.err
    assert "unknown setting `providers.openai.grey`" in run.err


def test_its_missing_key_stops_it(book: Project) -> None:
    """Nothing is sent, and the message is its own."""
    book.env["BRUSH_PASS"] = ""
    run = book.doit()
    assert run.code == 1, run.all
    assert "`BRUSH_PASS` is not set" in run.out + run.err
