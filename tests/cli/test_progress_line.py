"""The line on a terminal below those that scroll past."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import TextIO

from chargen.cli.progress_line import ProgressLine


def test_how_far_an_image_is_stands_at_the_end_of_the_line_until_one_is_done() -> None:
    """What a server says is drawn a few times a second, and before the line is there not at all."""
    out = io.StringIO()
    line = ProgressLine(out)
    line.at_work("chapters/ch01/img-01", 0.1)
    assert out.getvalue() == ""
    line.start(2)
    line.at_work("chapters/ch01/img-01", 0.25)
    drawn = out.getvalue()
    line.say("a line")
    assert out.getvalue().endswith("0/2, 0 failed, 0:00, img-01 25%")
    assert drawn.count("img-01") == 1, "drawn again at once"
    line.advance()
    assert "img-01" not in out.getvalue().rpartition("\r")[2]


def test_a_pause_that_a_provider_asked_for_is_shown_at_once() -> None:
    """A run that stands still for five minutes says why."""
    out = io.StringIO()
    line = ProgressLine(out)
    line.start(2)
    line.paused("openai", 30.0)
    assert out.getvalue().endswith("0/2, 0 failed, 0:00, openai asked for a pause of 30 s")
    line.advance()
    assert "pause" not in out.getvalue().rpartition("\r")[2]


def test_a_terminal_that_is_gone_fails_no_image(tmp_path: Path) -> None:
    """How far an image is, is told on its own thread while its request is out: nothing may come back from there."""
    with (tmp_path / "out").open("w") as file:
        line = ProgressLine(Closed(file))
        line.start(2)
        line.at_work("chapters/ch01/img-01", 0.5)
        line.advance()
        line.say("a line")
        line.clear()


class Closed(io.StringIO):
    """A terminal that was closed under the program, until the file behind it is exchanged."""

    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file
        self._before = os.fstat(file.fileno()).st_ino

    def fileno(self) -> int:
        return self._file.fileno()

    def write(self, text: str) -> int:
        if os.fstat(self.fileno()).st_ino == self._before:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().write(text)
