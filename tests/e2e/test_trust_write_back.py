"""What a write-back would refuse is found before a request leaves: in the plan, or at the last moment."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from servers.openai_server import OpenAIServer
from support.forks import Forks
from support.project import Project

from chargen.build.run import open_build
from chargen.cli.run_report import RunReport
from chargen.doit_plugin.run_tasks import image_tasks, run_tasks

FLARE = "gpt-image-2.6-flare"
FILE = "imagery/chapters/ch01/imagery.yaml"
HEAD = f"""\
metadata:
  entity_type: chapter-imagery
  slug: ch01
  generation_defaults: {{provider: openai, model: {FLARE}}}
"""
BASE = f"""\
{HEAD}images:
  - &base
    custom_id: "a"
    prompt_used: "A lamp."
    size: "128x96"
  - <<: *base
    custom_id: "b"
    prompt_used: "A door."
"""


@pytest.fixture
def book(tmp_path: Path, openai: OpenAIServer) -> Project:
    """A project with nothing in it yet."""
    return Project(tmp_path, "[tool.chargen.providers.openai]\nper_minute = 6000\n", env=openai.environ)


def test_an_entry_others_merge_is_blocked_before_it_is_paid_for(
    book: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """Plan, check and build tell the place that would change with it; the other entry is built; then the hint works."""
    book.write(FILE, BASE)
    told = f"{FILE}:10:9: error: its slots could not be written back: `*base` would change together with the entry"
    for command, code in ((("plan",), 0), (("check",), 1)):
        run = forks.run(book, "chargen", *command)
        assert run.code == code and told in run.out, run.all
        assert "hint: give this place its own" in run.out
    images = forks.run(book, "chargen", "plan", "--json").json["images"]
    assert {image["id"][-1]: (image["verdict"], image["cost_usd"] > 0) for image in images} == {
        "a": ("blocked", False),
        "b": ("missing", True),
    }
    run = forks.run(book, "doit")
    assert run.code == 1 and told in run.out, run.all
    assert len(openai.requests) == 1 and book.images() == {"chapters/ch01/b"}
    run = forks.run(book, "doit")  # what was written into the other entry shelters it
    assert run.code == 0 and len(openai.requests) == 2, run.all
    assert len(book.records(FILE)) == 2


def test_an_entry_that_can_not_be_edited_is_found_at_the_last_moment(
    book: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """A plan looks only where aliases are; before a request leaves the whole splice is tried."""
    entry = """\
images:
  - custom_id: "a"
    prompt_used: "A lamp."
    size: "128x96"
    ? provider_metadata
    : {}
"""
    book.write(FILE, HEAD + entry)
    run = forks.run(book, "doit")
    assert run.code == 1 and openai.requests == [], run.all
    assert f"{FILE}:9:7: error: its slots could not be written back: this key is written in a form" in run.out, run.all
    book.write(FILE, HEAD.replace("openai", "sketch").replace(FLARE, "sketch") + entry)
    assert forks.run(book, "doit").code == 1
    assert book.images() == {"chapters/ch01/a"}


def test_an_alias_that_comes_while_images_wait_is_seen(
    book: Project, openai: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file as it is when a request leaves counts, not as it was planned."""
    book.write(FILE, BASE.replace("<<: *base", "size: 128x96").replace("&base\n    custom_id", "custom_id"))
    build = open_build(book.root, environ=book.env)
    try:
        assert [image.verdict.value for image in build.chosen] == ["missing", "missing"]
        book.write(FILE, BASE)

        assert run_tasks(build, image_tasks(build), None, RunReport(sys.stdout, build)) == 1
    finally:
        build.close()
    out = capsys.readouterr().out
    assert "its slots could not be written back: `*base` would change" in out, out
    assert "Lamp" not in json.dumps([seen.prompt for seen in openai.requests]) and len(openai.requests) == 1
