"""A program that starts often: what its first steps import, and of what its values are made."""

import ast
import subprocess
import sys
from pathlib import Path

import chargen

PACKAGE = Path(chargen.__file__).parent
HEAVY = ("decimal", "sqlite3", "ctypes", "difflib", "msgspec", "jinja2", "ruamel.yaml", "PIL", "openai", "google.genai")
"""Each takes a millisecond or more, of the 150 that an up-to-date run has."""


def imported(*modules: str) -> set[str]:
    """Return what a fresh process has imported after these."""
    text = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_an_up_to_date_run_imports_nothing_that_only_a_build_needs() -> None:
    found = imported("chargen.doit_plugin", "chargen.cli.doit.run", "chargen.plan.cache.snapshot")
    assert not found.intersection(HEAVY)
    assert "chargen.plan.plan" not in found


def test_a_plan_of_which_nothing_changed_imports_no_planner() -> None:
    found = imported("chargen.cli.main", "chargen.cli.plan", "chargen.plan.cache.snapshot")
    assert not found.intersection(HEAVY)
    assert "chargen.plan.plan" not in found


def test_nobody_replaces_fields_of_a_struct_with_what_is_for_dataclasses() -> None:
    """Types don't tell it: to a type checker a `Struct` is a dataclass, and only a call fails."""
    wrong = [
        f"{path.relative_to(PACKAGE.parent)}: take `{name.name}` from `msgspec.structs`"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != PACKAGE / "errors.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses"
        for name in node.names
        if name.name not in ("dataclass", "field")
    ]
    assert not wrong
