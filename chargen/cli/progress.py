"""A bar on a terminal: done, failed, left, elapsed. Elsewhere there is none, and lines stay plain."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Bar:
    """A progress bar below the lines that scroll past."""

    def __init__(self, out: TextIO) -> None:
        console = Console(file=out, highlight=False, soft_wrap=True)
        self._progress = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[failed]} failed"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("", total=None, failed=0)
        self._failed = 0

    def start(self, total: int) -> None:
        """Show the bar for so many images."""
        self._progress.update(self._task, total=total)
        if total:
            self._progress.start()

    def advance(self, *, failed: bool = False) -> None:
        """Count one more image."""
        self._failed += failed
        self._progress.update(self._task, advance=1, failed=self._failed)

    def print(self, text: str) -> None:
        """Write a line above the bar."""
        self._progress.console.print(text, markup=False)

    def stop(self) -> None:
        """Take the bar away."""
        self._progress.stop()


def bar_for(out: TextIO) -> Bar | None:
    """Return a bar if `out` is a terminal."""
    return Bar(out) if out.isatty() else None
