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


def test_an_entry_others_merge_and_those_that_merge_it_have_pictures_of_their_own(
    book: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """Whoever merges a template gets slots of its own before the template is filled: nobody takes another's picture."""
    book.write(FILE, BASE)
    assert forks.run(book, "chargen", "check").code == 0
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert len(openai.requests) == 2 and book.images() == {"chapters/ch01/a", "chapters/ch01/b"}
    assert len(set(book.records(FILE))) == 2
    run = forks.run(book, "doit")
    assert run.code == 0 and len(openai.requests) == 2, run.all


ODD = f"""\
{HEAD}images:
  - custom_id: "a"
    prompt_used: "A lamp."
    size: "128x96"
    ? provider_metadata
    : {{}}
  - custom_id: "b"
    prompt_used: "A door."
    size: "128x96"
"""
TOLD = f"{FILE}:9:7: error: its slots could not be written back: `provider_metadata` is written with `?`"


@pytest.mark.parametrize("route", ["openai", "sketch"])
def test_an_entry_that_can_not_be_edited_is_blocked_before_it_is_made(
    book: Project, openai: OpenAIServer, forks: Forks, route: str
) -> None:
    """Plan, check and build tell the place, for a sketch too; the other entry is built."""
    book.write(FILE, ODD if route == "openai" else ODD.replace("openai", "sketch").replace(FLARE, "sketch"))
    for command, code in ((("plan",), 0), (("check",), 1)):
        run = forks.run(book, "chargen", *command)
        assert run.code == code and TOLD in run.out, run.all
    run = forks.run(book, "doit")
    assert run.code == 1 and TOLD in run.out, run.all
    assert len(openai.requests) == (route == "openai")
    assert book.images() == {"chapters/ch01/b"}


def test_an_entry_that_can_not_be_edited_any_more_when_its_request_leaves_is_not_paid_for(
    book: Project, openai: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file as it is when a request leaves counts, not as it was planned."""
    book.write(FILE, ODD.replace("    ? provider_metadata\n    : {}\n", ""))
    build = open_build(book.root, environ=book.env)
    try:
        assert [image.verdict.value for image in build.chosen] == ["missing", "missing"]
        book.write(FILE, ODD)
        assert run_tasks(build, image_tasks(build), None, RunReport(sys.stdout, build)) == 1
    finally:
        build.close()
    assert TOLD in capsys.readouterr().out
    assert "lamp" not in json.dumps([seen.prompt for seen in openai.requests]) and len(openai.requests) == 1
