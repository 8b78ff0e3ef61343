"""The own commands of doit in real processes: list, info, forget, reset-dep, ignore, clean, and `-a`."""

import difflib
import json
from pathlib import Path

from support.forks import ForkedProject, Forks
from support.project import Project

OWN = '''

def task_pdf():
    """Bind the pages."""
    return {
        "file_dep": ["generated/chapters/ch01/a.png"],
        "actions": ["echo binding; cat %(dependencies)s > book.pdf"],
        "targets": ["book.pdf"],
        "clean": True,
    }


def task_site():
    """Make the site."""
    yield {"name": "one", "actions": ["echo one > one.html"], "task_dep": ["generated/chapters/ch01/b.png"]}
'''


def book_with_own_tasks(forks: Forks, root: Path) -> Project:
    """A chapter of two images and a portrait both need, and two tasks of the author's own."""
    book = ForkedProject(forks, root)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry="references: [mira]")
    book.write("dodo.py", book.read("dodo.py") + OWN)
    return book


def changed_lines(before: str, after: str) -> list[str]:
    """The lines that differ, without their signs' headers."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in found if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_list_tells_targets_with_verdicts_and_own_tasks(tmp_path: Path, forks: Forks) -> None:
    """Everything is listed with a verdict; quiet prints names alone; a template fills in; nothing is written."""
    book = book_with_own_tasks(forks, tmp_path)
    listed = book.doit("list")
    assert listed.code == 0, listed.all
    rows = [line.split()[:2] for line in listed.out.splitlines()]
    assert rows[:2] == [["missing", "generated/chapters/ch01/a.png"], ["missing", "generated/chapters/ch01/b.png"]]
    assert [row[1] for row in rows[2:]] == ["pdf", "site"]
    quiet = book.doit("list", "--quiet", "--all")
    assert quiet.out.split() == [
        "generated/chapters/ch01/a.png",
        "generated/chapters/ch01/b.png",
        "pdf",
        "site",
        "site:one",
    ]
    some = book.doit("list", "--template", "{status}:{name}", "chapters/ch01/b", "pdf")
    assert some.out.split() == ["missing:generated/chapters/ch01/b.png", "run:pdf"]
    deps = book.doit("list", "--deps", "chapters/ch01/b")
    assert " -  generated/prompts/chapters/ch01/b.txt" in deps.out.splitlines()
    assert not (tmp_path / ".chargen").exists()
    wrong = [book.doit("list", "--template", text) for text in ("{nope}", "{", "{name.nope}", "{0}")]
    assert [(run.code, "can't fill in `--template`" in run.err) for run in wrong] == [(3, True)] * 4


def test_own_tasks_and_images_run_together(tmp_path: Path, forks: Forks) -> None:
    """`doit pdf` builds the image it needs and no other; its state lasts; names mix; a changed image runs it again."""
    book = book_with_own_tasks(forks, tmp_path)
    first = book.doit("pdf")
    assert first.code == 0, first.all
    assert book.images() == {"chapters/ch01/a"}
    assert (tmp_path / "book.pdf").read_bytes() == book.image("chapters/ch01/a").read_bytes()
    assert "pdf" in json.loads(book.read(".chargen/doit.json"))
    assert "running" not in book.doit("book.pdf").out
    book.edit("imagery/chapters/ch01/imagery.yaml", "A lamp.", "A lantern.")
    mixed = book.doit("site:one", "chapters/ch01/a", "pdf")
    assert mixed.code == 0, mixed.all
    assert book.images() == {"chapters/ch01/a", "chapters/ch01/b"}
    assert "running pdf" in mixed.out
    assert mixed.out.index("built by") < mixed.out.index("running pdf")
    assert (tmp_path / "book.pdf").read_bytes() == book.image("chapters/ch01/a").read_bytes()
    wrong = book.doit("pfd")
    assert (wrong.code, wrong.out) == (3, "")
    assert "did you mean `pdf`?" in wrong.err


COUNTING = """

def task_counted():
    with open("made.txt", "a") as file:
        file.write("once ")
    return {
        "actions": ["echo %(word)s > said.txt"],
        "params": [{"name": "word", "short": "w", "default": "none"}],
    }
"""


def test_an_author_s_functions_are_called_once_a_command(tmp_path: Path, forks: Forks) -> None:
    """As in stock doit: with a target, with everything, with an own task and its options, and for a question."""
    book = ForkedProject(forks, tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    book.write("dodo.py", book.read("dodo.py") + COUNTING)
    target = "generated/chapters/ch01/a.png"
    for words in ((target,), (), ("counted", "-w", "lamp", target), ("list",), ("info", target)):
        (tmp_path / "made.txt").unlink(missing_ok=True)
        run = book.doit(*words)
        assert run.code == 0, run.all
        assert book.read("made.txt") == "once ", words
        assert words[:1] != ("counted",) or book.read("said.txt") == "lamp\n"
    assert book.images() == {"chapters/ch01/a", "chapters/ch01/b"}


def test_forget_asks_for_new_images_of_the_named_only(tmp_path: Path, forks: Forks) -> None:
    """Without names it refuses with count and price; a named record gets one mark; the next build makes one image."""
    book = book_with_own_tasks(forks, tmp_path)
    file = "imagery/chapters/ch01/imagery.yaml"
    book.doit()
    refused = book.doit("forget")
    assert refused.code == 3
    assert "all of them would be 2 new images, $0.00" in refused.err
    before = book.read(file)
    forgotten = book.doit("forget", "chapters/ch01/a", "pdf")
    assert forgotten.code == 0, forgotten.all
    assert "forgetting pdf" in forgotten.out
    old, new = changed_lines(before, book.read(file))
    assert new[1:].startswith(old[1:].rstrip().removesuffix('"'))
    assert "forget=" in new
    info = book.doit("info", "chapters/ch01/a")
    assert info.code == 1
    assert "forgotten with `doit forget`" in info.out
    again = book.doit()
    assert "built 1, fresh 1" in again.out
    assert "running pdf" in again.out
    assert len(book.originals()) == 3
    assert "forget=" not in book.read(file)
    assert "fresh 2" in book.doit().out


def test_ignore_puts_aside_until_forget(tmp_path: Path, forks: Forks) -> None:
    """An ignored image is not built, and said; forgetting takes it up again without asking for a new one."""
    book = book_with_own_tasks(forks, tmp_path)
    assert book.doit("ignore").code == 3
    ignored = book.doit("ignore", "chapters/ch01/a")
    assert ignored.code == 0, ignored.all
    built = book.doit("chapters/ch01/*")
    assert book.images() == {"chapters/ch01/b"}
    assert "ignored on this machine: chapters/ch01/a" in built.out
    ended = book.doit("forget", "chapters/ch01/a")
    assert "no longer ignored" in ended.out
    assert "built 1, fresh 1" in book.doit("chapters/ch01/*").out


def test_reset_dep_takes_pictures_as_they_are(tmp_path: Path, forks: Forks) -> None:
    """A painted picture and a changed prompt are taken as current: one record line each, no original, no call."""
    book = book_with_own_tasks(forks, tmp_path)
    file = "imagery/chapters/ch01/imagery.yaml"
    book.doit("chapters/ch01/*")
    assert book.doit("reset-dep").code == 3
    image = book.image("chapters/ch01/a")
    image.write_bytes(book.image("chapters/ch01/b").read_bytes())
    book.edit(file, "A door.", "A gate.")
    verdicts = book.doit("list", "--template", "{status}", "chapters/ch01/*").out.split()
    assert verdicts == ["edited", "stale"]
    before = book.read(file)
    reset = book.doit("reset-dep", "chapters/ch01/*")
    assert reset.code == 0, reset.all
    assert all("record:" in line for line in changed_lines(before, book.read(file)))
    assert len(book.originals()) == 2
    assert book.doit("info", "chapters/ch01/a", "chapters/ch01/b").code == 0
    missing = book.doit("reset-dep", "pdf", "chapters/ch01/a")
    assert "fresh already" in missing.out


def test_clean_never_removes_an_image(tmp_path: Path, forks: Forks) -> None:
    """Own tasks are cleaned as in stock doit; images stay, and that is said."""
    book = book_with_own_tasks(forks, tmp_path)
    book.doit()
    cleaned = book.doit("clean")
    assert cleaned.code == 0, cleaned.all
    assert "2 images left alone" in cleaned.err
    assert not (tmp_path / "book.pdf").exists()
    named = book.doit("clean", "chapters/ch01/a")
    assert named.code == 0
    assert book.images() == {"chapters/ch01/a", "chapters/ch01/b"}


def test_always_needs_names_and_leaves_references_alone(tmp_path: Path, forks: Forks) -> None:
    """`-a NAME` builds a fresh image anew, never its reference, never a locked one; without names it refuses."""
    book = ForkedProject(forks, tmp_path)
    book.character("mira", "Mira, half length.")
    book.chapter(
        "ch01",
        {"a": "A lamp."},
        extra="characters:\n  - slug: mira\n    reference_images: [mira-portrait]",
        entry="depicts_characters: [{slug: mira}]",
    )
    book.doit()
    originals = len(book.originals())
    assert book.doit("-a").code == 3
    again = book.doit("-a", "chapters/ch01/a")
    assert again.code == 0, again.all
    assert [path.parent.name for path in book.originals()[originals:]] == [book.originals()[-1].parent.name]
    assert len(book.originals()) == originals + 1
    book.edit("imagery/chapters/ch01/imagery.yaml", "    size:", "    status: approved\n    size:")
    locked = book.doit("-a", "chapters/ch01/a")
    assert "locked: chapters/ch01/a" in locked.out
    assert len(book.originals()) == originals + 1
    rebuilt = book.doit("--rebuild", "chapters/ch01/a")
    assert rebuilt.code == 0, rebuilt.all
    assert len(book.originals()) == originals + 2


ALL = '''

def task_book():
    """Bind all pages."""
    return {"actions": ["ls generated/chapters/ch01 > book.txt"], "task_dep": ["images"]}
'''


def test_images_is_the_name_of_all_of_them(tmp_path: Path, forks: Forks) -> None:
    """In `task_dep` of an own task, and on the command line, also where nothing is to be done."""
    book = ForkedProject(forks, tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    book.write("dodo.py", book.read("dodo.py") + ALL)
    assert "book" in book.doit("list").out
    first = book.doit("book")
    assert first.code == 0, first.all
    assert book.read("book.txt").split() == ["a.png", "b.png"]
    book.image("chapters/ch01/a").rename(tmp_path / "kept.png")
    for _ in range(2):
        (tmp_path / "book.txt").unlink()
        assert book.doit().code == 0
        assert book.read("book.txt").split() == ["a.png", "b.png"]
    book.write("dodo.py", book.read("dodo.py").removesuffix(ALL))
    again = book.doit("-a", "images")
    assert again.code == 0 and again.out.count("built by sketch/sketch") == 2, again.all
    assert book.doit("images").out.startswith("fresh 2, ")


def test_what_needs_all_images_is_not_made_of_some(tmp_path: Path, forks: Forks) -> None:
    """One that fails, and one that is left out for the budget, keep it from running; by name and by pattern."""
    budget = "[tool.chargen.budget]\nrun = 0\n"
    book = ForkedProject(forks, tmp_path, budget)
    book.chapter("ch01", {"a": "A lamp."})
    book.chapter("ch02", {"c": "A tree."}, route="openai/gpt-image-2.6-flare")
    dodo = book.read("dodo.py")
    for name in ("images", "generated/*"):
        book.write("dodo.py", dodo + ALL.replace("images", name))
        run = book.doit()
        assert "left out: chapters/ch02/c" in run.out and "not run: it needs" in run.out, run.all
        assert run.code == 0 and not (tmp_path / "book.txt").exists(), run.all
    book.settings(f'{budget}[tool.chargen.providers.sketch]\nfail = ["*/d=refused"]\n')
    book.chapter("ch02", {"d": "A door."})
    book.write("dodo.py", dodo + ALL)
    run = book.doit()
    assert run.code == 1 and "not run: it needs" in run.out, run.all
    assert book.images() == {"chapters/ch01/a"} and not (tmp_path / "book.txt").exists()


def test_an_own_task_of_that_name_is_the_author_s(tmp_path: Path, forks: Forks) -> None:
    """It is run, and means what the author wrote."""
    book = ForkedProject(forks, tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    own = ALL.replace('"task_dep": ["images"]', '"basename": "images"').replace(
        "ls generated/chapters/ch01", "echo own"
    )
    book.write("dodo.py", book.read("dodo.py") + own)
    run = book.doit("images")
    assert run.code == 0 and book.read("book.txt") == "own\n", run.all
    assert book.images() == set()


def test_a_prompt_file_is_written_when_its_image_is_built(tmp_path: Path, forks: Forks) -> None:
    """Changed or deleted, it makes no image stale; the next build of the image writes it again."""
    book = ForkedProject(forks, tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    assert book.doit().code == 0
    a, b = (tmp_path / f"generated/prompts/chapters/ch01/{name}.txt" for name in "ab")
    whole = a.read_text(), b.read_text()
    a.write_text("Two lamps.\n")
    b.unlink()
    assert book.doit().out.startswith("fresh 2, ")
    assert a.read_text() == "Two lamps.\n" and not b.exists()
    run = book.doit("-a", "chapters/ch01/*")
    assert run.code == 0 and (a.read_text(), b.read_text()) == whole, run.all
