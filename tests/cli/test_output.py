"""What is printed: no control character of anybody's, letters the output lacks replaced, JSON that stays JSON."""

from __future__ import annotations

import ast
import io
import json
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chargen
from chargen.cli.output import RED, plain, say, say_json, styled, to_stderr

PACKAGE = Path(chargen.__file__).parent

HOSTILE = "a\x1b]0;title\x07b\x9b31mc\r\nd\x1b[2J\u202ee"


class Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="\n")

    def isatty(self) -> bool:
        return True

    @property
    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours show where there is a terminal."""
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_terminal_gets_the_styles_that_are_made_here_and_no_others() -> None:
    """What stands in a name is written as escapes, inside of a style and outside."""
    out = Terminal()
    say([f"{styled(HOSTILE, RED)} {HOSTILE}", "\x1b[31mmine"], out)
    escaped = r"a\x1b]0;title\x07b\x9b31mc\r\nd\x1b[2J\u202ee"
    assert out.text == f"\x1b[31m{escaped}\x1b[0m {escaped}\n\\x1b[31mmine\n"


def test_elsewhere_there_are_no_styles(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets plain text; so does a terminal where `NO_COLOR` is set."""
    piped = io.StringIO()
    say(styled("text", RED), piped)
    assert piped.getvalue() == "text\n"
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    say(styled("text", RED), out)
    assert out.text == "text\n"


@given(st.text())
def test_a_line_stays_one_line_of_printable_text(text: str) -> None:
    """Whatever is in it."""
    assert plain(text).isprintable()


@pytest.mark.parametrize("terminal", [False, True])
def test_a_letter_the_output_lacks_is_replaced(terminal: bool) -> None:
    """cp1252 has no Chinese; nothing ends for it."""
    out = Terminal("cp1252") if terminal else io.TextIOWrapper(io.BytesIO(), encoding="cp1252", newline="\n")
    say(["caf\xe9 \u706f", "next"], out)
    out.flush()
    assert out.buffer.getvalue().decode("cp1252") == "caf\xe9 ?\nnext\n"  # type: ignore[attr-defined]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_json_stays_json(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In every encoding, with halves of characters and control characters in it, which are escaped."""
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    monkeypatch.setattr(sys, "stdout", out)
    value = {"name": f"{HOSTILE} \u706f \ud800"}
    say_json(value)
    written = out.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert json.loads(written) == value
    assert not any(char in written for char in "\x1b\x9b\x07")


def test_a_message_has_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Its own line ends stay, on stderr."""
    to_stderr("error: a\n  hint: b\x1b")
    assert capsys.readouterr().err == "error: a\n  hint: b\\x1b\n"


def test_json_can_not_steer_a_terminal_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control characters beyond ASCII and what turns the direction of a line are JSON's escapes; letters stay."""
    value = {
        "\u202ename": ["\x1b[2J", "\x9b31m", "\u2066a\u2069", "\u2028", "\ud800", "\U000e0041", "Žofie 猫 🐈", "a\nb"]
    }
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    say_json(value)
    assert json.loads(out.getvalue()) == value
    assert all(line.isprintable() for line in out.getvalue().split("\n"))
    assert "Žofie 猫 🐈" in out.getvalue()


def test_only_one_place_writes_to_a_terminal() -> None:
    """Whatever else printed would print what a stranger wrote."""
    allowed = {
        "cli/output.py": {"sys.stdout.write"},
        "doit_plugin/loader.py": {"sys.stderr.write"},  # its own words, before anything is loaded
        "cli/gc.py": {"click.confirm"},  # its own words
        "cli/trash.py": {"click.confirm"},
    }
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        name = file.relative_to(PACKAGE).as_posix()
        calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)}
        writes = {
            call for call in calls if re.fullmatch(r"print|click\.(echo|secho|confirm|prompt)|sys\.std\w+\.write", call)
        }
        if rest := writes - allowed.get(name, set()):
            found[name] = rest
    assert found == {}
