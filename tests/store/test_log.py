"""The log file: written, bounded, and without secrets."""

import logging
import re
from pathlib import Path

import pytest

from chargen.errors import InputError
from chargen.store import log
from chargen.store.log import start_logging, stop_logging


@pytest.fixture(autouse=True)
def closed():
    yield
    stop_logging()


def scrub(text: str) -> str:
    return text.replace("sk-secret", "[key]")


def test_lines_have_time_level_and_words(tmp_path: Path) -> None:
    """Below the level nothing is written; loggers further down are heard; the terminal stays quiet."""
    start_logging(tmp_path / ".chargen/chargen.log", "info", scrub)
    logging.getLogger("chargen.app").info("built %s", "a.png")
    logging.getLogger("chargen").debug("unheard")
    (line,) = (tmp_path / ".chargen" / "chargen.log").read_text().splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO \d+ MainThread built a\.png", line)


def test_no_secret_is_written_not_even_in_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Arguments, messages, exceptions and the lines of code shown with them are scrubbed alike."""
    start_logging(tmp_path / "chargen.log", "debug", scrub)
    logger = logging.getLogger("chargen")
    logger.warning("key %s", "sk-secret")
    try:
        raise ValueError("bad sk-secret")
    except ValueError:
        logger.exception("failed with sk-secret")
    text = (tmp_path / "chargen.log").read_text()
    assert "sk-secret" not in text and text.count("[key]") == 4
    assert "Traceback" in text
    assert capsys.readouterr() == ("", "")


def test_a_message_can_not_forge_a_line_or_steer_a_terminal(tmp_path: Path) -> None:
    """Further lines are indented, control characters are escapes."""
    start_logging(tmp_path / "chargen.log", "info", scrub)
    logging.getLogger("chargen").info("one\n2026-01-01 forged \x1b[2J")
    lines = (tmp_path / "chargen.log").read_text().split("\n")
    assert lines[1] == "  2026-01-01 forged \\x1b[2J"


def test_the_file_is_bounded(tmp_path: Path, monkeypatch) -> None:
    """Old files are rotated away."""
    monkeypatch.setattr(log, "MAX_BYTES", 1000)
    start_logging(tmp_path / "chargen.log", "info", scrub)
    for _ in range(200):
        logging.getLogger("chargen").info("x" * 80)
    assert len(list(tmp_path.iterdir())) == 4
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 4000


def test_starting_again_replaces_and_stopping_closes(tmp_path: Path) -> None:
    """One handler at a time, none afterwards."""
    start_logging(tmp_path / "chargen.log", "info", scrub)
    start_logging(tmp_path / "chargen.log", "error", scrub)
    assert len(logging.getLogger("chargen").handlers) == 1
    logging.getLogger("chargen").warning("unheard")
    stop_logging()
    assert logging.getLogger("chargen").handlers == []
    assert (tmp_path / "chargen.log").read_text() == ""


def test_a_place_that_can_not_be_written_to_is_an_input_error(tmp_path: Path) -> None:
    """A folder where the file belongs is said."""
    (tmp_path / "chargen.log").mkdir()
    with pytest.raises(InputError):
        start_logging(tmp_path / "chargen.log", "info", scrub)
