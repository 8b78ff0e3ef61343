"""Real author files, where a checkout has them beside it: all of them plan completely."""

from pathlib import Path

import pytest

from chargen import kinds
from chargen.errors import InputError, Severity
from chargen.model.values import Size
from chargen.plan.resolve import resolve
from chargen.yaml.document import parse

STORY = Path(__file__).parents[3] / "shared" / "samples" / "story"

pytestmark = pytest.mark.skipif(not STORY.is_dir(), reason="samples absent")

COUNTS = {
    "chapters/ch02-the-lantern-ward/imagery.yaml": 6,
    "chapters/ch15-battle-for-westwall/imagery.yaml": 23,
    "chapters/ch15.5-what-the-city-heard/imagery.yaml": 6,
    "characters/dokra-ironvein/image-ideas.yaml": 15,
    "characters/dokra-ironvein/imagery.yaml": 0,
    "characters/grimjaw-ironbeard/image-ideas.yaml": 15,
    "characters/grimjaw-ironbeard/imagery.yaml": 0,
    "characters/lyra-kestrel/character_imagery.yaml": 0,
    "characters/lyra-kestrel/image-ideas.yaml": 15,
    "characters/lyra-kestrel/imagery.yaml": 0,
    "characters/thorne-brightward/imagery.yaml": 0,
    "characters/vera-moonwhisper/imagery.yaml": 0,
    "characters/veyra-thornwake/image-ideas.yaml": 16,
    "characters/veyra-thornwake/imagery.yaml": 0,
    "locations/azure-pavilion/imagery.yaml": 18,
    "locations/oakhaven/imagery.yaml": 13,
    "locations/warehouse-complex/location-imagery.yaml": 11,
}
BROKEN = "locations/cids-workshop/location-imagery.yaml"


@pytest.fixture(scope="module")
def story():
    """Every sample that is valid, by its path."""
    found = {}
    for path in sorted(STORY.rglob("*.yaml")):
        name = path.relative_to(STORY).as_posix()
        if name != BROKEN:
            imagery = kinds.scan(parse(path.read_bytes(), f"story/{name}"), Size(1024, 1024), "generated")
            if imagery is not None:
                found[name] = imagery
    return found


def test_every_file_is_read_and_every_entry_found(story):
    """The counts are pinned."""
    assert {name: len(imagery.entries) for name, imagery in story.items()} == COUNTS


def test_every_entry_has_what_an_image_needs(story):
    """Prompt and size, a title, a short block, no error, and no clash."""
    for imagery in story.values():
        assert [p for p in imagery.problems if p.severity is Severity.ERROR] == []
        for entry in imagery.entries:
            assert entry.has_prompt
            assert entry.size
            assert entry.always or entry.parts
            assert len(" ".join(entry.always).split()) < 60
            assert "#" not in " ".join(entry.always)
            assert [p for p in entry.problems if p.severity is Severity.ERROR] == []
    assert kinds.clashes(story.values()) == ()


def test_no_key_of_theirs_is_taken_for_a_slip(story):
    """Their many own keys are nobody's typing errors."""
    for imagery in story.values():
        problems = (*imagery.problems, *(problem for entry in imagery.entries for problem in entry.problems))
        assert [p for p in problems if "unknown key" in p.message] == []


def test_every_depicted_character_resolves(story):
    """To at most two pictures or to words, with nothing that blocks."""
    people = {c.slug: c for imagery in story.values() for c in imagery.characters}
    assert len(people) == 6
    references = described = 0
    for imagery in story.values():
        for entry in imagery.entries:
            found = resolve(entry, people, {}, describe=False)
            assert [p for p in found.problems if p.severity is Severity.ERROR] == []
            shown = {r.character for r in found.references} | {d.character for d in found.described}
            assert shown == {d.slug for d in entry.depicts}
            references += len(found.references)
            described += len(found.described)
    assert (references > 20, described > 5) == (True, True)


def test_the_invalid_file_is_told_with_its_line():
    """The line where the blank is missing, not the next one."""
    with pytest.raises(InputError) as caught:
        parse((STORY / BROKEN).read_bytes(), BROKEN)
    assert caught.value.problems[0].position.line == 81
