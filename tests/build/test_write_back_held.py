"""A run through many files holds the contents of a few, and writes as if it held all."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace
from support.project import Project

from chargen import kinds
from chargen.build import write_back
from chargen.build.write_back import WriteBack
from chargen.model.slots import SlotValues
from chargen.plan.session import open_session

FILES = write_back._HELD + 4


def test_only_the_files_used_last_are_held(tmp_path: Path) -> None:
    """Twenty files are written twice, in turn; each has both its slots, sixteen are held."""
    book = Project(tmp_path)
    files = [book.chapter(f"ch{number:02}", {"a": "A lamp.", "b": "A door."}) for number in range(FILES)]
    with open_session(tmp_path, {}, read_only=True) as session:
        entries = {str(image.id): image.entry for image in session.planner().plan().images}
        writer = WriteBack(session.project)
        for name in "ab":
            for number, file in enumerate(files):
                entry = entries[f"chapters/ch{number:02}/{name}"]  # type: ignore[index]
                made = SlotValues(
                    "2026-11-22T14:00:00Z", f"{name}.png", f"generated/{entry.id}.png", "p", "m", {"record": "1"}
                )
                writer.write(file, entry.id, lambda now, made=made: kinds.named(now.kind).slots(now, made))  # type: ignore[misc]
                assert writer.entry_now(replace(entry)).outputs.file_path == made.file_path
        held = [opened for opened in writer._files.values() if opened.data is not None]
    assert len(held) == write_back._HELD
    for number, file in enumerate(files):
        assert [f"generated/chapters/ch{number:02}/{name}.png" in book.read(file) for name in "ab"] == [True, True]
