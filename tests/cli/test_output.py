"""What is printed: no control character of anybody's, letters the output lacks replaced, JSON that stays JSON."""

from __future__ import annotations

import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.cli.output import RED, plain, say, say_json, styled, to_stderr

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
