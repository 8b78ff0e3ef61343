"""Whose a reply is, in a kept plan: as in one made without a cache, whatever happened to the entries of other files."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.dying import death_before_a_picture
from support.studio import ENVIRON, Studio

from chargen.config.layout import JOURNAL
from chargen.plan import disk
from chargen.plan.cache import files
from chargen.plan.session import open_session
from chargen.store.originals import RECORD_FILE

LAMP, DOOR, WELL = "A lamp.", "A door.", "A well."


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """A project at a time when nothing in it was touched lately."""
    monkeypatch.setattr(disk, "time", SimpleNamespace(time_ns=lambda: time.time_ns() + 10**10))
    return Studio(tmp_path)


def keep(studio: Studio) -> None:
    with open_session(studio.root, ENVIRON) as session:
        planner = session.planner()
        files.to_keep(session, planner, planner.plan())()
        assert planner.kept().keys() == planner.book.heads.keys()


def verdicts(studio: Studio) -> dict[str, str]:
    """Return the verdicts by the last two parts of the name; those with a cache are those without one."""
    kept, whole = ({i.id: i.verdict.value for i in studio.plan(cached=cached).images} for cached in (True, False))
    assert kept == whole
    return {name.partition("/")[2]: verdict for name, verdict in whole.items()}


def test_what_nobody_s_reply_was_taken_for_gives_it_up_once_it_has_its_own(studio: Studio) -> None:
    """What an entry took in a kept plan is not taken again before it is known to have need of it."""
    studio.reply_of_nobody(LAMP)
    studio.chapter("ch01", {"a": LAMP})
    studio.chapter("ch02", {"b": LAMP})
    assert verdicts(studio) == {"ch01/a": "restorable", "ch02/b": "missing"}
    keep(studio)
    (record,) = studio.root.rglob(RECORD_FILE)
    attempt = f"{record.parent.name[:-8]}{'f' * 8}"
    own = shutil.copytree(record.parent, record.parent.with_name(attempt)) / RECORD_FILE
    own.write_text(json.dumps({**json.loads(own.read_text()), "attempt": attempt, "entry_id": "chapters/ch01/a"}))
    assert verdicts(studio) == {"ch01/a": "restorable", "ch02/b": "restorable"}
    assert studio.build() == []


def test_a_reply_is_nobody_s_once_the_entry_of_its_name_has_a_picture_from_elsewhere(studio: Studio) -> None:
    """Each file that hangs on the record of another one's entry is planned anew, not only the first that asked."""
    studio.chapter("ch01", {"e": LAMP, "f": WELL})
    moved = studio.chapter("ch03", {"k": DOOR})
    studio.build()
    studio.chapter("ch01", {"e": "A wall.", "f": "A gate."})
    for name in "ef":
        studio.image(f"chapters/ch01/{name}").unlink()
    studio.chapter("ch00", {"d": WELL})
    studio.chapter("ch02", {"b": LAMP})
    assert {verdicts(studio)[name] for name in ("ch00/d", "ch02/b")} == {"missing"}
    keep(studio)
    text = studio.read(moved).replace("slug: ch03", "slug: ch01").replace('custom_id: "k"', 'custom_id: "e"')
    studio.write("imagery/chapters/ch01/imagery.yaml", text)
    shutil.rmtree(studio.root / "imagery/chapters/ch03")
    assert verdicts(studio) == {"ch00/d": "restorable", "ch01/e": "restorable", "ch02/b": "restorable"}
    assert studio.build() == []


def test_a_reply_of_a_run_that_died_is_told_anew_once_the_journal_is_lost(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it nobody knows that the run died, and the reply is of the entry that has the name it was made for."""
    studio.chapter("ch01", {"a": LAMP})
    with death_before_a_picture(monkeypatch), pytest.raises(KeyboardInterrupt):
        studio.build()
    studio.chapter("ch01", {"a": DOOR})
    studio.chapter("ch02", {"b": LAMP})
    assert verdicts(studio) == {"ch01/a": "missing", "ch02/b": "restorable"}
    keep(studio)
    for path in studio.root.glob(f"{JOURNAL}*"):
        path.unlink()
    assert verdicts(studio) == {"ch01/a": "missing", "ch02/b": "missing"}


def test_a_journal_that_was_lost_knows_what_was_written_back(studio: Studio) -> None:
    """So no picture that was fine needs its slots again, and what is kept of it holds."""
    studio.chapter("ch01", {"a": LAMP})
    studio.build()
    keep(studio)
    for path in studio.root.glob(f"{JOURNAL}*"):
        path.unlink()
    with open_session(studio.root, ENVIRON) as session:
        session.journal.begin_run("r", "doit")
        assert session.journal.attempts()
        assert [image.repair for image in session.planner().plan().images] == [None]
        assert [image.repair for image in session.planner(cached=False).plan().images] == [None]
