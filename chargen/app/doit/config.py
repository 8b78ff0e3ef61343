"""The doit settings of every project: where states come from, and how a change is told.

The own commands and the database are plug-ins named in the project's `pyproject.toml`, which doit reads in the folder
it is started in. Started elsewhere (`doit -f ../dodo.py`) doit runs its stock commands on a stock database; the
generate action judges again before it spends, so that nothing is bought twice there either.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from doit import get_initial_workdir

from chargen.app.doit.states import ContentChecker

_started_in = get_initial_workdir()
_has_plugins = _started_in is None or Path(_started_in) == Path.cwd()

DOIT_CONFIG: dict[str, Any] = {
    "backend": "chargen" if _has_plugins else "json",
    "dep_file": ".chargen/doit.json" if _has_plugins else ".chargen/doit-stock.json",
    "check_file_uptodate": ContentChecker,
    "continue": True,
}
"""What `dodo.py` hands to doit."""
