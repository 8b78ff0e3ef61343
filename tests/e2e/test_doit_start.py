"""How `doit` starts and ends: what it imports, its exit codes, an author's broken `dodo.py`, help, tab completion."""

import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from servers.loopback import held
from servers.openai_server import OpenAIServer
from support.project import Project

HEAVY = ("openai", "google.genai", "pydantic", "httpx", "PIL")
"""Packages that take longer to import than a run that has nothing to do."""


def test_an_up_to_date_run_imports_nothing_heavy(tmp_path: Path) -> None:
    """No provider's SDK and no image library is loaded where nothing is built; nor for `list`."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."}, route="openai/gpt-image-2")
    book.chapter("ch02", {"b": "A door."})
    assert book.doit("chapters/ch02/b").code == 0
    for command in (("chapters/ch02/b",), ("list", "chapters/ch02/b"), ("help",)):
        run = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "doit", *command],
            cwd=tmp_path,
            env=book.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        imported = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if "import time:" in line}
        assert "chargen.cli.doit.command" in imported
        assert [name for name in imported if name.startswith(HEAVY)] == [], command


def test_help_and_version(tmp_path: Path) -> None:
    """Help names the own commands and only options that do something."""
    book = Project(tmp_path)
    helped = book.doit("help")
    assert re.search(r"run +build what is missing or out of date", helped.out), helped.all
    run = book.doit("help", "run")
    assert "--rebuild" in run.out
    assert "--db-file" not in run.out
    assert "--process" not in run.out
    assert book.doit("--version").code == 0


def test_exit_codes(tmp_path: Path) -> None:
    """0 built or fresh, 1 failed or blocked, 3 where nothing could start; a refusal of one image is not the others'."""
    book = Project(tmp_path, "[tool.chargen.providers.sketch]\nfail = ['*/c=refused']\n")
    book.chapter("ch01", {"a": "A lamp.", "c": "A hat."})
    assert book.doit("chapters/ch01/a").code == 0
    refused = book.doit()
    assert refused.code == 1, refused.all
    book.chapter("ch02", {"b": "A door."}, entry="status: draft")
    book.edit("imagery/chapters/ch02/imagery.yaml", '"128x96"', "banana")
    blocked = book.doit()
    assert blocked.code == 1, blocked.all
    assert re.search(r"imagery/chapters/ch02/imagery\.yaml:\d+:\d+", blocked.out)
    assert book.doit("chapters/ch09/*").code == 3
    assert book.doit("--budget", "much").code == 3
    assert book.doit("--sideways").code == 3
    book.write(
        "pyproject.toml", book.read("pyproject.toml").replace("[tool.chargen]\n", "[tool.chargen]\nimagry = 1\n")
    )
    settings = book.doit()
    assert settings.code == 3
    assert "did you mean `imagery`?" in settings.err


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nowhere\n", "dodo.py:6:1: error: ModuleNotFoundError: No module named 'nowhere'"),
        ("def task_x():\n    return {}['key']\n", "dodo.py:7:1: error: KeyError: 'key'"),
        ("def task_x(:\n", "dodo.py:6:1: error: SyntaxError:"),
        ("def task_x():\n    return {'actions': 3}\n", "ERROR: Task 'x'"),
    ],
)
def test_a_broken_dodo_file_is_told_with_its_place(tmp_path: Path, code: str, message: str) -> None:
    """The author's own mistake is one message with file and line, exit code 3, and nothing is built."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."})
    book.write("dodo.py", book.read("dodo.py") + code)
    run = book.doit()
    assert run.code == 3, run.all
    assert message in run.err
    assert "Traceback" not in run.err
    assert book.images() == set()


def test_own_failures_keep_the_codes_of_doit_and_do_not_stop_images(tmp_path: Path) -> None:
    """A failing command of the author's own is told and gives 1; what needs a failed image is not run."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    book.edit("imagery/chapters/ch01/imagery.yaml", '"128x96"', "banana")
    book.write(
        "dodo.py",
        book.read("dodo.py")
        + "\n\ndef task_bad():\n    return {'actions': ['false']}\n"
        + "\n\ndef task_pdf():\n"
        + "    return {'file_dep': ['generated/chapters/ch01/a.png'], 'actions': ['touch book.pdf']}\n",
    )
    run = book.doit()
    assert run.code == 1, run.all
    assert book.images() == {"chapters/ch01/b"}
    assert "failed bad" in run.out
    assert "\npdf: not run: it needs `chapters/ch01/a`" in run.out
    assert not (tmp_path / "book.pdf").exists()
    assert book.doit("bad", "chapters/ch01/b").code == 1


def test_what_a_budget_leaves_out_is_no_failure_and_nothing_is_built_on_it(tmp_path: Path) -> None:
    """An own task that needs an image left out is not run on what is not there; the exit code stays 0."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."}, entry="quality: low", route="openai/gpt-image-2")
    book.write(
        "dodo.py",
        book.read("dodo.py")
        + "\n\ndef task_pdf():\n"
        + "    return {'file_dep': ['generated/chapters/ch01/a.png'], 'actions': ['touch book.pdf']}\n",
    )
    run = book.doit("--budget", "0", "pdf", env={"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": "http://127.0.0.1:9"})
    assert run.code == 0, run.all
    assert "left out: chapters/ch01/a" in run.out
    assert "pdf: not run" in run.out
    assert not (tmp_path / "book.pdf").exists()


def test_tab_completion_completes_a_target_in_a_real_bash(tmp_path: Path) -> None:
    """The script that `doit tabcompletion` prints completes targets, own tasks and commands."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "doit").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$0.py" "$@"\n')
    (folder / "doit").chmod(0o755)
    (folder / "doit.py").write_text(
        "import sys\nsys.argv[0] = sys.argv[0].removesuffix('.py')\n"
        "sys.path.pop(0)\nfrom doit.__main__ import main\nmain()\n"
    )
    script = r"""
_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]}; prev=${COMP_WORDS[COMP_CWORD-1]};
  words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
source <(doit tabcompletion)
complete_line() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=(); _doit; printf '%s\n' "${COMPREPLY[@]}"; }
complete_line doit generated/chapters/ch01/a
echo --
complete_line doit info generated/ch
echo --
complete_line doit forg
"""
    run = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**book.env, "PATH": f"{folder}:{book.env['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    target, info, command = run.stdout.split("--\n")
    assert target.split() == ["generated/chapters/ch01/a.png"], run.stderr
    assert info.split() == ["generated/chapters/ch01/a.png", "generated/chapters/ch01/b.png"]
    assert command.split() == ["forget"]


def test_a_second_process_waits_or_says_who_builds(tmp_path: Path) -> None:
    """`--no-wait` fails with the other's process id; without it both end, and each image was made once."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."}, entry="quality: low", route="openai/gpt-image-2")
    answer = threading.Event()
    with OpenAIServer() as server, book.start("doit", env=server.environ) as first:
        try:
            server.at(1, held(answer))
            server.wait_for(1, timeout=60)
            hasty = book.doit("--no-wait", env=server.environ)
            assert hasty.code == 3, hasty.all
            assert f"process {first.pid}" in hasty.err
            assert book.doit("list").code == 0
            with book.start("doit", env=server.environ) as second:
                assert f"process {first.pid} is building" in second.stderr.readline().decode()
                answer.set()
                second.communicate(timeout=60)
            first.communicate(timeout=60)
        finally:
            first.kill()
        assert (first.returncode, second.returncode) == (0, 0)
        assert len(server.requests) == 1
