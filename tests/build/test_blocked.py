"""Images that are blocked: a run tells of them what the plan tells, at the same place."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.studio import Studio

CH01 = "imagery/chapters/ch01/imagery.yaml"
CAST = "characters: [{ref: mara, reference_images: [mara-portrait]}]"


@pytest.mark.parametrize("colour", ["#F2EFE6", "red"])
def test_the_place_and_the_hint_are_those_of_the_plan(tmp_path: Path, colour: str) -> None:
    """Also of an image whose inputs have several forms, as those with a colour in numbers."""
    book = Studio(tmp_path)
    mara = book.character("mara", "Mara, a face.")
    book.chapter("ch01", {"a": "Mara at the door."}, extra=CAST, entry="depicts_characters: [mara]")
    book.edit(CH01, "  slug: ch01\n", f'  slug: ch01\n  color_palette: {{primary: ["{colour}"]}}\n')
    book.write(mara, "slug: [\n")
    assert book.build() == []
    (image,) = book.plan().images
    (problem,) = image.problems
    assert problem.hint
    assert book.failures == [str(problem)]
