"""The doit settings of every project: where states come from, and what counts as a change.

doit reads the plug-ins of a project from the `pyproject.toml` in the folder it is started in. Started elsewhere
(`doit -k`, `doit -f ../dodo.py`), or where the tables are missing, it runs its stock commands on a stock database;
a build judges again before it spends, so that nothing is bought twice there either.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from doit import get_initial_workdir

from chargen.config.layout import DOIT_STATES, DOIT_STOCK_STATES
from chargen.doit_plugin.states import ContentChecker
from chargen.plain_file import read_plain

COMMANDS = {
    "run": "chargen.cli.doit.run:Run",
    "list": "chargen.cli.doit.list:List",
    "info": "chargen.cli.doit.info:Info",
    "forget": "chargen.cli.doit.forget:Forget",
    "reset-dep": "chargen.cli.doit.reset_dep:ResetDep",
    "ignore": "chargen.cli.doit.ignore:Ignore",
    "clean": "chargen.cli.doit.clean:Clean",
}
"""The own commands, as a project's `pyproject.toml` names them in `[tool.doit.plugins.command]`."""

BACKEND = "chargen.doit_plugin.states:RecordStates"
"""The dependency database, as `[tool.doit.plugins.backend]` names it under `chargen`."""

_BACKENDS = frozenset({BACKEND, "chargen.app.doit.states:RecordStates"})
"""The same, with the name that projects made by version 0.1 have."""


def plugins(folder: Path) -> dict[str, dict[str, str]]:
    """Return the tables of `[tool.doit.plugins]` in a folder's `pyproject.toml`; none where they can't be read."""
    try:
        found: Any = tomllib.loads(read_plain(folder / "pyproject.toml").decode())
        found = found["tool"]["doit"]["plugins"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
    return {name: table for name, table in found.items() if isinstance(table, dict)} if isinstance(found, dict) else {}


def tables() -> str:
    """Write the tables a project's `pyproject.toml` needs for the own commands."""
    lines = ["[tool.doit.plugins.backend]", f'chargen = "{BACKEND}"', "", "[tool.doit.plugins.command]"]
    return "\n".join([*lines, *(f'{name} = "{place}"' for name, place in COMMANDS.items())])


def started_in() -> Path:
    """Return the folder doit was started in; it stands in the project's by the time anybody asks."""
    return Path(get_initial_workdir() or Path.cwd())


def _config() -> dict[str, Any]:
    own = plugins(started_in()).get("backend", {}).get("chargen") in _BACKENDS
    return {
        "backend": "chargen" if own else "json",
        "dep_file": DOIT_STATES if own else DOIT_STOCK_STATES,
        "check_file_uptodate": ContentChecker,
        "continue": True,
    }


DOIT_CONFIG: dict[str, Any] = _config()
"""What `dodo.py` hands to doit."""
