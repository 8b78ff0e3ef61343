"""What the example book asks for, pinned: composed prompts as files to be read, fingerprints as numbers to be kept.

A changed prompt file here is a change of what every author of such an entry pays for. Write new ones with
`python tests/test_golden_prompts.py`, read the difference, and say why in the commit.
"""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from chargen.config.settings import LocationReferences
from chargen.model.inputs import Inputs, fingerprint
from chargen.model.record import RecordedReference
from chargen.model.values import FileHash
from chargen.plan.plan import Planned
from chargen.plan.session import open_session

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden"

COMPOSED = {
    "chapter": "chapters/ch03/img-07",
    "chapter-states": "chapters/ch05/img-01",
    "overview": "locations/riverbank/overview",
    "part": "locations/tea-garden/long-table",
    "zone": "locations/mushroom-wood/cats-bough",
    "zone-image": "locations/duchess-house/pepper-mill",
    "fields": "locations/tea-garden/washing-up",
    "fields-of-a-part": "locations/hall-of-doors/pool-shore",
    "beat": "locations/tea-garden/watch-in-the-butter",
    "portrait": "characters/alice/alice-portrait",
    "scene": "characters/alice/minding-the-duchess-s-baby",
    "portrait-with-reference": "characters/march-hare/march-hare-portrait",
}
PINNED = (*COMPOSED.values(), "chapters/ch08/025", "chapters/ch10/lobster-toss", "locations/hall-of-doors/curtain-door")


def images(*, places: bool = True) -> dict[str, Planned]:
    """Plan the example book; without `places` as the first records were made, when no picture of a place went along."""
    with open_session(ROOT, {}, read_only=True) as opened:
        settings = opened.project.settings
        kept = settings if places else replace(settings, location_references=LocationReferences.OFF)
        session = dataclasses.replace(opened, project=replace(opened.project, settings=kept))
        planned = session.planner(cached=False).plan().images
        return {image.id: image for image in planned if isinstance(image, Planned)}


def told(image: Planned) -> str:
    """Write one image's composed prompt, negative prompt, size and references as a person reads them."""
    assert image.composed is not None
    lines = [image.composed.text, "", "--- negative prompt", image.composed.negative, "--- size", str(image.entry.size)]
    return "\n".join([*lines, "--- references", *(reference.path for reference in image.references)]) + "\n"


def printed(image: Planned) -> str:
    """Return an image's fingerprint, its references standing for pictures whose hash is that of their path."""
    assert image.composed is not None
    assert image.entry.size is not None
    references = tuple(
        RecordedReference(item.character, item.path, FileHash(hashlib.sha256(item.path.encode()).hexdigest()))
        for item in image.references
    )
    composed = image.composed
    inputs = Inputs(composed.text, composed.negative, references, image.entry.size, composed)
    assert fingerprint(replace(inputs, told_by=None)) == fingerprint(inputs)
    return fingerprint(inputs)


FORMS = ("first", "newest")
"""Pictures were made by the first form, and stay current by it; what is built now is of the newest."""


def pins(planned: dict[str, Planned], form: str) -> dict[str, str]:
    """Return the fingerprints by the first form of inputs or by the newest, which mostly are the same."""
    found = {}
    for name in PINNED:
        forms = planned[name].forms or (planned[name],)
        found[name] = printed(forms[0] if form == "newest" else forms[-1])
    return found


@pytest.fixture(scope="module")
def planned() -> dict[str, Planned]:
    """The plan of the example book."""
    return images()


@pytest.mark.parametrize("kind", COMPOSED)
def test_a_composed_prompt_is_the_one_that_was_read(planned: dict[str, Planned], kind: str) -> None:
    """Each kind of entry composes to the text that a person read and accepted."""
    assert told(planned[COMPOSED[kind]]) == (GOLDEN / "composed" / f"{kind}.txt").read_text(encoding="utf-8")


def test_fingerprints_are_pinned() -> None:
    """Changing a fingerprint re-buys every image of every user.

    If this fails, the change is wrong, unless it is the example book's own text or template that was edited.
    """
    pinned = json.loads((GOLDEN / "fingerprints.json").read_text(encoding="utf-8"))
    plain = images(places=False)
    assert {form: pins(plain, form) for form in FORMS} == pinned


if __name__ == "__main__":
    book = images()
    (GOLDEN / "composed").mkdir(exist_ok=True)
    for name, entry_id in COMPOSED.items():
        (GOLDEN / "composed" / f"{name}.txt").write_text(told(book[entry_id]), encoding="utf-8")
    plain = images(places=False)
    prints = {form: pins(plain, form) for form in FORMS}
    (GOLDEN / "fingerprints.json").write_text(json.dumps(prints, indent=1) + "\n", encoding="utf-8")
