"""The YAML that README and guide show: copied into a project it is planned with nothing wrong or odd."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.project import REPOSITORY, Project

from chargen.actions.check import check
from chargen.plan.session import open_session

SHOWN = {
    "README.md": {"chapters/ch01/img-01"},
    "docs/guide.md": {
        "chapters/ch03/img-07",
        "characters/alice/alice-portrait",
        "characters/alice/the-key-too-small-for-any-door",
    },
}


@pytest.mark.parametrize("page", SHOWN)
def test_what_a_page_shows_can_be_copied(tmp_path: Path, page: str) -> None:
    """Every example is recognised, planned under the id the page names, and without a warning."""
    book = Project(tmp_path)
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    for number, example in enumerate(re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)):
        book.write(f"imagery/{number}.yaml", example)
    with open_session(tmp_path, {"OPENAI_API_KEY": "sk-test"}, read_only=True) as session:
        plan, findings = session.plan(), check(session).findings
    assert [str(finding.problem) for finding in findings] == []
    assert {str(image.id) for image in plan.images} == SHOWN[page]
    assert {image.verdict.value for image in plan.images} == {"missing"}
