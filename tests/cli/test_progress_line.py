"""The line on a terminal below those that scroll past."""

from __future__ import annotations

import io

from chargen.cli.run_report import ProgressLine


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
