"""A prompt that is no text is a fault of its entry, not an entry that has no prompt yet."""

from __future__ import annotations

from pathlib import Path

from support.forks import ForkedProject, Forks


def test_a_prompt_of_the_wrong_shape_fails_its_image_alone(tmp_path: Path, forks: Forks) -> None:
    """The build names the place and fails; the other image of the file is built."""
    book = ForkedProject(forks, tmp_path)
    file = book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    book.edit(file, 'prompt_used: "A door."', "prompt_used: [A door]")
    run = book.doit()
    assert run.code == 1, run.all
    assert f"{file}:16:18: error: `prompt_used` must be text" in run.out
    assert book.images() == {"chapters/ch01/a"}
