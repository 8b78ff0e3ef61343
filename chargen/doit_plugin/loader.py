"""What doit loads first, before it looks at its command line: words that end it with a traceback are explained.

Named in a project's `pyproject.toml` (`loader` in `[tool.doit]`); a project without it works as well. Light to import.
"""

from __future__ import annotations

import sys

from doit.cmd_base import DodoTaskLoader

from chargen.errors import ExitCode, Problem, error


class Loader(DodoTaskLoader):  # type: ignore[misc]
    """doit's own loader of `dodo.py`, in a project of images."""

    def __init__(self) -> None:
        super().__init__()
        if (refused := _refused(sys.argv[1:])) is not None:
            sys.stderr.write(f"{refused}\n")
            raise SystemExit(ExitCode.NOTHING_STARTED)


def _refused(arguments: list[str]) -> Problem | None:
    """Say why doit would end with a traceback; None where it would not."""
    if "" in arguments:
        return error("an empty name means no image and no task", hint="leave it out: without names all are meant")
    if arguments[:1] == ["dumpdb"]:
        hint = "`doit list` and `doit info NAME` tell how images stand, `chargen log` what was run"
        return error("`dumpdb` has nothing to show: images have their states in the YAML, not in a database", hint=hint)
    return None
