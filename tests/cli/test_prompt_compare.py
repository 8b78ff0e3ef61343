"""`chargen prompt --compare`: what an entry's fields would make, beside the prompt it has; nothing else changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support import inside
from support.project import Project

from chargen.cli.main import cli
from chargen.errors import InputError, StartError
from chargen.model.values import EntryId

LOCATION = """\
metadata: {entity_type: location-imagery, slug: mill}
overview: &wide
  title: The mill
  prompt_used: A mill by a river that moved.
  description: Tarred oak over dry stones.
  required_elements: [a wheel without water]
  mood: patient
  negative_prompt: people
zones:
  - zone_slug: yard
    image_spec: {prompt: A yard.}
    description: A yard of flour and nettles.
  - {zone_slug: merged, <<: *wide, description: The same from behind.}
  - {zone_slug: bare, prompt_used: Nothing else is said.}
  - {zone_slug: fields, description: Made of this alone.}
"""


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A place whose entries have prompts and fields, in several ways."""
    book = Project(tmp_path)
    book.write("imagery/locations/mill/imagery.yaml", LOCATION)
    monkeypatch.chdir(tmp_path)
    return book


def compared(*arguments: str) -> str:
    found = CliRunner().invoke(cli, ["prompt", "--compare", *arguments], catch_exceptions=False)
    return found.stdout


def fields_of(name: str) -> str:
    found = json.loads(compared(f"locations/mill/{name}", "--json"))
    assert "".join(part["text"] for part in found["of_fields"]["segments"]) == found["of_fields"]["prompt"]
    return str(found["of_fields"]["prompt"])


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        ("overview", "A wheel without water.\nTarred oak over dry stones.\nMood: patient."),
        ("yard", "A wheel without water.\nA yard of flour and nettles."),
        ("merged", "A wheel without water.\nThe same from behind.\nMood: patient."),
    ],
)
@pytest.mark.usefixtures("book")
def test_the_fields_make_what_they_would_without_the_prompt(name: str, prompt: str) -> None:
    """Also where the prompt stands in `image_spec`, or is merged in."""
    assert fields_of(name) == prompt


def test_nothing_changes_by_comparing(book: Project) -> None:
    """The prompt stays the prompt: the fingerprint is the same, and nothing is written."""
    name = EntryId("locations/mill/overview")
    with inside.opened(book, read_only=True) as (_, planner):
        image = planner.image(name)
        other = planner.of_fields(image)
        assert other is not None
        assert other.fingerprint != image.fingerprint
        assert planner.plan().by_id[name].fingerprint == image.fingerprint
    assert book.read("imagery/locations/mill/imagery.yaml") == LOCATION


@pytest.mark.usefixtures("book")
def test_both_stand_beside_each_other_with_sources_and_what_did_not_fit(
    book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    long = "A stone. " * 60
    book.edit("imagery/locations/mill/imagery.yaml", "Tarred oak over dry stones.", long)
    book.settings("prompt_limit = 300\n")
    lines = compared("locations/mill/overview").splitlines()
    (titles,) = (line for line in lines if line.startswith("as it is, 29 characters"))
    assert "│ of its fields, " in titles
    (first,) = (line for line in lines if line.startswith("A mill by a river that moved."))
    assert first.endswith("│ A wheel without water.")
    assert "  description        imagery/locations/mill/imagery.yaml:5:16" in lines
    assert any(line.startswith("  description  shortened to ") for line in lines)
    assert any(line.startswith("  mood         left out") for line in lines)
    monkeypatch.setenv("COLUMNS", "50")
    stacked = compared("locations/mill/overview").splitlines()
    assert "as it is, 29 characters" in stacked
    assert "  A mill by a river that moved." in stacked


@pytest.mark.parametrize(
    ("name", "message"),
    [("bare", "the fields of `locations/mill/bare` make no prompt"), ("fields", "has no prompt of its own")],
)
@pytest.mark.usefixtures("book")
def test_without_both_there_is_nothing_to_compare(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compared(f"locations/mill/{name}")


@pytest.mark.usefixtures("book")
def test_it_goes_without_sent() -> None:
    with pytest.raises(StartError, match="different things"):
        compared("locations/mill/overview", "--sent")
