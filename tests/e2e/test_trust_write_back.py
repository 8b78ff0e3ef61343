"""What a write-back would refuse is found before a request leaves: in the plan, or at the last moment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from servers.openai_server import OpenAIServer
from support.forks import Forks
from support.project import Project

from chargen.build.opening import open_build
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
SHARED = f"""\
{HEAD}images:
  - custom_id: "a"
    prompt_used: "A lamp."
    size: "128x96"
    provider_metadata: &none {{}}
  - custom_id: "b"
    prompt_used: "A door."
    size: "128x96"
    provider_metadata: *none
"""


@pytest.fixture
def book(tmp_path: Path, openai: OpenAIServer) -> Project:
    """A project with nothing in it yet."""
    return Project(tmp_path, "[tool.chargen.providers.openai]\nper_minute = 6000\n", env=openai.environ)


def test_an_entry_others_merge_is_built_with_them(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """Those that merge it get slots of their own first, so nobody takes its picture for theirs."""
    book.write(FILE, BASE)
    run = forks.run(book, "doit")
    assert run.code == 0 and len(openai.requests) == 2, run.all
    assert len(book.records(FILE)) == 2
    assert "to build" not in forks.run(book, "doit").out


def test_slots_that_others_share_are_told_before_they_are_paid_for(
    book: Project, openai: OpenAIServer, forks: Forks
) -> None:
    """Plan, check and build tell the place that would change with it; the other entry gets slots of its own."""
    book.write(FILE, SHARED)
    told = f"{FILE}:9:24: error: its slots could not be written back: "
    for command, code in ((("plan",), 0), (("check",), 1)):
        run = forks.run(book, "chargen", *command)
        assert run.code == code and told in run.out, run.all
    images = forks.run(book, "chargen", "plan", "--json").json["images"]
    assert {image["id"][-1]: (image["verdict"], image["cost_usd"]) for image in images} == {
        "a": ("blocked", 0),
        "b": ("missing", pytest.approx(0.0334, abs=0.01)),
    }
    run = forks.run(book, "doit")
    assert run.code == 1 and told in run.out, run.all
    assert [seen.prompt for seen in openai.requests] == ["A door."]


def test_an_entry_that_is_merged_elsewhere_is_told_at_that_place(book: Project, forks: Forks) -> None:
    """What is no entry of its list gets no slots: the alias that would change is named where it stands."""
    book.write(FILE, f"{BASE}aside:\n  <<: *base\n")
    run = forks.run(book, "chargen", "check")
    told = f"{FILE}:14:7: error: its slots could not be written back: `*base` would change together with the entry"
    assert run.code == 1 and told in run.out, run.all


def test_nothing_is_sent_for_an_entry_that_can_not_be_edited(book: Project, openai: OpenAIServer, forks: Forks) -> None:
    """A sketch, which costs nothing, is not drawn for it either."""
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
    assert (
        f"{FILE}:9:7: error: its slots could not be written back: `provider_metadata` is written with `?`" in run.out
    ), run.all
    book.write(FILE, HEAD.replace("openai", "sketch").replace(FLARE, "sketch") + entry)
    assert forks.run(book, "doit").code == 1
    assert book.images() == set()


def test_an_alias_that_comes_while_images_wait_is_seen(
    book: Project, openai: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file as it is when a request leaves counts, not as it was planned."""
    book.write(FILE, SHARED.replace("&none {}", "{}").replace("*none", "{}"))
    build = open_build(book.root, environ=book.env)
    try:
        assert [image.verdict.value for image in build.chosen] == ["missing", "missing"]
        book.write(FILE, SHARED)

        assert run_tasks(build, image_tasks(build), None, RunReport(sys.stdout, build)) == 1
    finally:
        build.close()
    out = capsys.readouterr().out
    assert "its slots could not be written back: " in out, out
    assert [seen.prompt for seen in openai.requests] == ["A door."]
