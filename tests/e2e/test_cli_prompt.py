"""`chargen prompt` in real processes: every part with its source, and what a provider gets."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.forks import ForkedProject, Forks
from support.project import Project

from chargen.plan.session import open_session


@pytest.fixture
def book(tmp_path: Path, forks: Forks) -> Project:
    """A chapter with a thesis and a negative prompt, and a portrait that is not built yet."""
    book = ForkedProject(forks, tmp_path, 'style_prefix = "Ink on grey paper."\n')
    book.chapter(
        "ch01",
        {"a": "A lamp."},
        entry="depicts_characters: [mara]\nnegative_prompt: letters\ntitle: The lamp",
    )
    book.edit("imagery/chapters/ch01/imagery.yaml", "slug: ch01", "slug: ch01\n  visual_thesis: Too far away.")
    book.character("mara", "A face.")
    return book


def test_each_part_stands_beside_its_name_with_its_place_below(book: Project) -> None:
    """The text a person reads: a margin of names, the negative prompt, the places, the references; nothing written."""
    style = book.read("pyproject.toml").partition("style_prefix")[0].count("\n") + 1
    run = book.chargen("prompt", "generated/chapters/ch01/a.png")
    assert run.code == 0, run.all
    assert run.out.splitlines() == [
        "chapters/ch01/a  The lamp",
        "128x96, missing: after mara-portrait",
        "",
        "style_prefix  │ Ink on grey paper.",
        "              │",
        "visual_thesis │ Too far away.",
        "              │",
        "prompt_used   │ A lamp.",
        "",
        "negative prompt",
        "  letters",
        "",
        f"style_prefix     pyproject.toml:{style}:1",
        "visual_thesis    imagery/chapters/ch01/imagery.yaml:4:18",
        "prompt_used      imagery/chapters/ch01/imagery.yaml:8:18",
        "negative prompt  imagery/chapters/ch01/imagery.yaml:11:22",
        "",
        "references",
        "  generated/characters/mara/mara-portrait.png  mara  will be built first",
    ], run.all
    assert not (book.root / "generated").exists()
    assert not (book.root / ".chargen").exists()


def test_segments_joined_are_the_prompt(book: Project) -> None:
    """As JSON: the prompt in pieces with sources, character by character; from a sub-folder by the id."""
    shown = book.chargen("prompt", "chapters/ch01/a", "--json", cwd="prompts").json
    assert "".join(part["text"] for part in shown["segments"]) == shown["prompt"]
    sources = {part["name"]: part["source"] for part in shown["segments"]}
    assert sources["prompt_used"] == "imagery/chapters/ch01/imagery.yaml:8:18"
    assert sources["template"] == "prompts/chapter.txt.j2"
    assert shown["negative_prompt"] == "letters"
    assert shown["references"] == [
        {"path": "generated/characters/mara/mara-portrait.png", "character": "mara", "built": False}
    ]


def test_what_is_shown_is_what_a_build_depends_on(book: Project) -> None:
    """The prompt file that a build writes has the very text."""
    shown = book.chargen("prompt", "chapters/ch01/a", "--json").json
    assert book.doit().code == 0
    assert book.read(shown["prompt_file"]).startswith(shown["prompt"])


def test_sent_shows_the_adapted_request(book: Project) -> None:
    """`--sent` has the provider's size, the folded negative prompt, the references and each adaptation in words."""
    sent = book.chargen("prompt", "chapters/ch01/a", "--sent", "--provider", "openai", "--json").json
    assert (sent["provider"], sent["model"]) == ("openai", "gpt-image-2.6-flare")
    assert sent["requested_size"] != sent["asked_size"] == "128x96"
    assert "letters" in sent["prompt"]
    assert sent["references"] == [{"path": "generated/characters/mara/mara-portrait.png", "character": "mara"}]
    assert any("128x96" in note for note in sent["notes"])
    assert sent["cost_usd"] > 0
    text = book.chargen("prompt", "chapters/ch01/a", "--sent", "--provider", "openai").out
    assert "to openai/gpt-image-2.6-flare: " in text
    assert "adapted" in text
    own = book.chargen("prompt", "chapters/ch01/a", "--sent", "--json").json
    assert (own["provider"], own["notes"], own["requested_size"]) == ("sketch", [], "128x96")


def test_what_has_no_prompt_to_show(book: Project) -> None:
    """A target must mean one image that has a prompt; `--provider` alone would change nothing."""
    book.chapter("ch02", {"b": "", "c": "A door."})
    for arguments, code, words in (
        (("chapters/*",), 3, "means 3 images"),
        (("chapters/ch01/aa",), 3, "did you mean `chapters/ch01/a`?"),
        (("chapters/ch02/b",), 1, "`chapters/ch02/b` has no prompt"),
        (("chapters/ch02/c", "--provider", "openai"), 3, "`--provider` needs `--sent`"),
    ):
        run = book.chargen("prompt", *arguments)
        assert (run.code, run.out) == (code, ""), run.all
        assert words in run.err


def test_nobody_looks_like_nothing(tmp_path: Path, forks: Forks) -> None:
    """A character without a file adds no words to the prompt, and the plan says why."""
    book = ForkedProject(forks, tmp_path)
    book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [nobody]")
    with open_session(tmp_path, {}, read_only=True) as session:
        plan = session.plan()
    (image,) = plan.images
    assert image.composed is not None
    assert image.composed.text == "A lamp."
    assert [problem.message for problem in plan.problems] == [
        "`nobody` has no character file: nothing tells what they look like"
    ]
