"""A journal that is damaged: who reads says what can't be known, who mends it says what of and what is kept."""

from __future__ import annotations

from pathlib import Path

from support.forks import Forks
from support.project import Project


def test_a_damaged_journal_is_told_by_readers_and_by_the_run_that_mends_it(tmp_path: Path, forks: Forks) -> None:
    """A plan and the costs go by the originals and say so; the next build names the file it kept; then all is quiet."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    assert forks.run(book, "doit").code == 0
    for wal in tmp_path.glob(".chargen/journal.sqlite-*"):
        wal.unlink()
    broken = book.write(".chargen/journal.sqlite", b"garbage " * 1000).read_bytes()
    for command in (("cost",), ("cost", "--json"), ("history", "chapters/ch01/a")):
        run = forks.run(book, "chargen", *command)
        assert run.code == 0, run.all
        assert run.err.count("warning: the journal is damaged or can't be read") == 1, run.all
        assert "comes from the 2 originals alone" in run.err
        assert "may have been billed are not known now" in run.err
    assert "for 2 images" in forks.run(book, "chargen", "cost").out
    assert (tmp_path / ".chargen/journal.sqlite").read_bytes() == broken
    book.edit("imagery/chapters/ch01/imagery.yaml", "A lamp.", "Two lamps.")
    plan = forks.run(book, "chargen", "plan")
    assert "the journal is damaged" in plan.err, plan.all
    run = forks.run(book, "doit")
    assert run.code == 0, run.all
    assert "the journal was damaged: it was made again from the 2 originals" in run.out
    (kept,) = tmp_path.glob(".chargen/trash/*/.chargen/journal.sqlite")
    assert f"the damaged file is kept: `{kept.relative_to(tmp_path).as_posix()}`" in run.out
    assert kept.read_bytes() == broken
    after = forks.run(book, "chargen", "cost")
    assert "journal" not in after.all and "for 3 images" in after.out
