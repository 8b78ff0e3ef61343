"""Two people on one book: clones that are merged with git, and two processes on one checkout."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from servers.loopback import held
from servers.openai_server import OpenAIServer
from support.forks import Forks
from support.project import Project

PAID = "openai/gpt-image-2.6-flare"
CH01 = "imagery/chapters/ch01/imagery.yaml"
PACE = "[tool.chargen.providers.openai]\nper_minute = 6000\n"
GIT = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(book: Project, *arguments: str, code: int = 0) -> str:
    """Run git in a project, without anybody's own configuration."""
    run = subprocess.run(
        ["git", *arguments], cwd=book.root, env={**book.env, **GIT}, capture_output=True, text=True, check=False
    )
    assert run.returncode == code, f"git {arguments}: {run.stdout}{run.stderr}"
    return run.stdout


@pytest.fixture
def authors(tmp_path: Path, openai: OpenAIServer) -> tuple[Project, Project]:
    """Two clones of one book of four images, nothing built; pictures are kept in git, `.chargen` is not."""
    mine = Project(tmp_path / "mine", PACE, env=openai.environ)
    mine.chapter("ch01", {"a": "A lamp.", "b": "A door.", "c": "A key.", "d": "A tart."}, route=PAID)
    mine.write(".gitignore", ".chargen/\n__pycache__/\ngenerated/prompts/\n")
    git(mine, "init", "-q", "-b", "main")
    git(mine, "add", ".")
    git(mine, "commit", "-qm", "Plan a chapter")
    subprocess.run(["git", "clone", "-q", str(mine.root), str(tmp_path / "yours")], env={**mine.env, **GIT}, check=True)
    yours = object.__new__(Project)
    yours.root, yours.env = tmp_path / "yours", {**mine.env, "HOME": str(tmp_path / "yours")}
    return mine, yours


def build(forks: Forks, book: Project, *names: str) -> None:
    run = forks.run(book, "doit", *names)
    assert run.code == 0, run.all


def commit(book: Project, message: str) -> None:
    git(book, "add", "-A")
    git(book, "commit", "-qm", message)


def verdicts(forks: Forks, book: Project) -> set[str]:
    run = forks.run(book, "chargen", "plan", "--json")
    assert run.code == 0, run.all
    return {image["verdict"] for image in run.json["images"]}


def test_different_images_of_one_file_merge_by_themselves(
    authors: tuple[Project, Project], openai: OpenAIServer, forks: Forks
) -> None:
    """Each builds other images of one chapter; git merges the slots without a conflict, and nothing is paid twice."""
    mine, yours = authors
    build(forks, mine, "chapters/ch01/a")
    build(forks, yours, "chapters/ch01/c", "chapters/ch01/d")
    commit(mine, "Build a")
    commit(yours, "Build c and d")
    git(mine, "pull", "-q", "--no-rebase", "--no-edit", str(yours.root), "main")
    build(forks, mine)
    assert len(openai.requests) == 4, "a, c, d, and b once"
    assert verdicts(forks, mine) == {"fresh"}
    commit(mine, "Build b")
    git(yours, "pull", "-q", "--no-rebase", "--no-edit", str(mine.root), "main")
    build(forks, yours)
    assert len(openai.requests) == 4
    assert verdicts(forks, yours) == {"fresh"}


@pytest.mark.parametrize("yaml_side", ["ours", "theirs"])
@pytest.mark.parametrize("picture_side", ["ours", "theirs"])
def test_either_side_of_a_conflict_is_safe(
    yaml_side: str, picture_side: str, authors: tuple[Project, Project], openai: OpenAIServer, forks: Forks
) -> None:
    """Both built the same image: whichever YAML and whichever picture are taken, nothing is paid for again."""
    mine, yours = authors
    build(forks, mine, "chapters/ch01/a")
    build(forks, yours, "chapters/ch01/a")
    commit(mine, "Build a")
    commit(yours, "Build a too")
    git(mine, "pull", "-q", "--no-rebase", "--no-edit", str(yours.root), "main", code=1)
    assert "<<<<<<<" in mine.read(CH01)
    told = forks.run(mine, "doit")
    assert told.code == 1, told.all
    assert f"{CH01}:" in told.all
    assert "conflict" in told.all
    assert len(openai.requests) == 2

    git(mine, "checkout", f"--{yaml_side}", CH01)
    git(mine, "checkout", f"--{picture_side}", "generated/chapters/ch01/a.png")
    commit(mine, "Merge")
    picture = mine.image("chapters/ch01/a").read_bytes()
    build(forks, mine, "chapters/ch01/a")
    assert len(openai.requests) == 2
    assert mine.image("chapters/ch01/a").read_bytes() == picture
    assert verdicts(forks, mine) == {"fresh", "missing"}
    shutil.rmtree(mine.root / ".chargen")
    build(forks, mine, "chapters/ch01/a")
    assert len(openai.requests) == 2
    assert mine.image("chapters/ch01/a").read_bytes() == picture


def test_an_edit_of_one_and_a_build_of_the_other_merge(
    authors: tuple[Project, Project], openai: OpenAIServer, forks: Forks
) -> None:
    """One rewrites a prompt while the other builds from the old one: after the merge that image alone is stale."""
    mine, yours = authors
    build(forks, mine)
    commit(mine, "Build all")
    yours.edit(CH01, "A door.", "A gate.")
    commit(yours, "A gate")
    run = subprocess.run(
        ["git", "pull", "-q", "--no-rebase", "--no-edit", str(yours.root), "main"],
        cwd=mine.root,
        env={**mine.env, **GIT},
        check=False,
    )
    if run.returncode:  # git wants a word where the prompt and the slots below it are too close together
        text = mine.read(CH01)
        kept = [part.split("=======\n")[0] for part in text.split("<<<<<<< ")]
        assert len(kept) == 2
        pytest.fail(f"a conflict where none should be:\n{text}")
    assert verdicts(forks, mine) == {"fresh", "stale"}
    build(forks, mine)
    assert [seen.prompt for seen in openai.requests[4:]] == ["A gate."]


def test_a_second_process_waits_and_buys_nothing_twice(
    authors: tuple[Project, Project], openai: OpenAIServer, forks: Forks
) -> None:
    """It names who builds, `--no-wait` fails with exit 3, and when its turn comes there is nothing left to send."""
    book, _ = authors
    release = threading.Event()
    openai.at(1, held(release))
    first = forks.start(book, "doit")
    openai.wait_for(1)
    refused = forks.run(book, "doit", "--no-wait")
    assert refused.code == 3
    assert f"process {first} is building this project" in refused.err
    assert forks.run(book, "chargen", "batch", "all", "--no-wait").code == 3
    second = forks.start(book, "doit")
    release.set()
    one, two = forks.wait(first), forks.wait(second)
    assert one.code == two.code == 0, one.all + two.all
    assert f"process {first} is building this project; waiting for it" in two.err or "fresh 4" in two.out
    assert len(openai.requests) == 4
    assert len(book.records(CH01)) == 4
    assert verdicts(forks, book) == {"fresh"}
