"""Which files are plans: by the type they declare, else by shape; others are ignored quietly."""

import pytest


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("metadata: {entity_type: chapter-imagery, slug: a}", "chapter"),
        ("metadata: {entity_type: location-imagery, slug: a}", "location"),
        ("entity_type: character\nslug: a", "character"),
        ("entity_type: Chapter_Imagery\nmetadata: {slug: a}", "chapter"),
        ("images: []\nmetadata: {slug: a}", "chapter"),
        ("overview: {}\nzones: []\nslug: a", "location"),
        ("overview: {}\nparts: []\nslug: a", "location"),
        ("image_inventory: []\nslug: a", "character"),
        ("metadata: {entity_type: }\nimage_inventory: []\nslug: a", "character"),
    ],
)
def test_a_plan_is_recognised(scan, text, kind):
    """By `entity_type` in either place, else by the keys it has."""
    assert scan(text).kind is kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "just text",
        "- a\n- list",
        "runs: [{id: 1}]\nmetadata: {slug: a}",
        "moments: []",
        "overview: {}",
        "metadata: {entity_type: moment-index}\nimages: []",
        "images: []",
    ],
)
def test_other_files_are_none_of_ours(scan, text):
    """Run logs, moments, other types and empty files say nothing."""
    assert scan(text) is None


def test_a_plan_that_is_broken_is_still_a_plan(scan, told):
    """The shape is there, so that what is wrong is said instead of ignored."""
    imagery = scan("metadata: some words\nimages: other words\n")
    assert imagery.entries == ()
    assert ("error", 1, "`metadata` must be a mapping") in told(imagery.problems)
    assert [severity for severity, _, message in told(imagery.problems) if "slug" in message] == ["error"]
