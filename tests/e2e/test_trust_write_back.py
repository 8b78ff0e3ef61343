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
ASIDE = f"{BASE}aside:\n  <<: *base\n"


@pytest.fixture
def book(tmp_path: Path, openai: OpenAIServer) -> Project:
    """A project with nothing in it yet."""
    return Project(tmp_path, "[tool.chargen.providers.openai]\nper_minute = 6000\n", env=openai.environ)


def test_an_entry_that_others_of_its_list_merge_is_built_with_them(
    book: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """In the run that builds them all each gets slots of its own; nothing is told, and nothing is built again."""
    book.write(FILE, BASE)
    run = forks.run(book, "doit")
    assert run.code == 0 and len(openai.requests) == 2, run.all
    assert len(set(book.records(FILE))) == 2
    assert book.read(FILE).count("file_path: ") == 2
    run = forks.run(book, "doit")
    assert run.code == 0 and len(openai.requests) == 2 and "fresh 2" in run.out, run.all


def test_an_entry_that_is_merged_elsewhere_is_blocked_before_it_is_paid_for(
    book: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """Plan, check and build tell the place that would change with it; the other entry is built; then the hint works."""
    book.write(FILE, ASIDE)
    told = f"{FILE}:14:7: error: its slots could not be written back: `*base` would change together with the entry"
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
    book.edit(FILE, "aside:\n  <<: *base\n", "")
    run = forks.run(book, "doit")
    assert run.code == 0 and len(openai.requests) == 2, run.all
    assert len(book.records(FILE)) == 2


@pytest.mark.parametrize("provider", ["openai", "sketch"])
def test_an_entry_that_can_not_be_edited_is_found_by_plan_and_check(
    book: Project, openai: OpenAIServer, forks: Forks, provider: str
) -> None:
    """The whole splice is tried for every entry before anything is sent or drawn; the construct is named."""
    head = HEAD.replace("openai", provider).replace(FLARE, FLARE if provider == "openai" else "sketch")
    entry = """\
images:
  - custom_id: "a"
    prompt_used: "A lamp."
    size: "128x96"
    ? provider_metadata
    : {}
"""
    book.write(FILE, head + entry)
    told = f"{FILE}:9:7: error: its slots could not be written back: `provider_metadata` is written with `?`"
    for command, code in ((("chargen", "plan"), 0), (("chargen", "check"), 1), (("doit",), 1)):
        run = forks.run(book, *command)
        assert run.code == code and told in run.out, run.all
    assert openai.requests == [] and book.images() == set()


def test_an_alias_that_comes_while_images_wait_is_seen(
    book: Project, openai: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file as it is when a request leaves counts, not as it was planned."""
    book.write(FILE, BASE.replace("<<: *base", "size: 128x96").replace("&base\n    custom_id", "custom_id"))
    build = open_build(book.root, environ=book.env)
    try:
        assert [image.verdict.value for image in build.chosen] == ["missing", "missing"]
        book.write(FILE, ASIDE)

        assert run_tasks(build, image_tasks(build), None, RunReport(sys.stdout, build)) == 1
    finally:
        build.close()
    out = capsys.readouterr().out
    assert "its slots could not be written back: `*base` would change" in out, out
    assert "Lamp" not in json.dumps([seen.prompt for seen in openai.requests]) and len(openai.requests) == 1
