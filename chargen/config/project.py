"""A project on disk: its root, its settings, and where the program keeps what it keeps.

Knows folders and names, not what is in the files.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from chargen.config.layout import ORIGINALS, STATE
from chargen.config.settings import Settings
from chargen.model.values import EntryId
from chargen.text.bounded import bounded
from chargen.text.secrets import scrub


class Project(Struct, frozen=True):
    """An opened project: `root` is absolute, all other paths of the program are relative to it with `/`."""

    root: Path
    settings: Settings
    secrets: tuple[str, ...] = ()
    """Values of keys in the environment, to be scrubbed from everything that is written."""

    @property
    def state(self) -> Path:
        """The program's own folder."""
        return self.root / STATE

    @property
    def originals(self) -> Path:
        """Where originals are kept."""
        return self.path(ORIGINALS)

    def target(self, entry_id: EntryId) -> str:
        """The image of an entry, project-relative."""
        return f"{self.settings.generated}/{entry_id}.png"

    def prompt_file(self, entry_id: EntryId) -> str:
        """The composed prompt of an entry, project-relative."""
        return f"{self.settings.generated}/prompts/{entry_id}.txt"

    def path(self, relative: str) -> Path:
        """A project-relative path as one the system understands."""
        return _joined(self.root, relative)

    def scrub(self, text: str) -> str:
        """Take every key out of a text."""
        return scrub(text, self.secrets)

    def clean(self, told: Any) -> Any:
        """Return what a server told, free of keys and of what can't be kept."""
        return bounded(told, self.scrub)


@lru_cache(maxsize=1024)
def _joined(root: Path, relative: str) -> Path:
    """Join once what is asked for several times for every image: making a path costs more than looking at the file."""
    return root / relative
