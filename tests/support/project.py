"""A throw-away project on disk, and real `doit` and `chargen` processes in it.

book = Project(tmp_path)
book.chapter("ch01", {"a": "A lamp.", "b": "A door."})
run = book.doit()
assert run.code == 0, run.all
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]

DOIT_TABLES = """
[tool.doit]
verbosity = 1
loader = "chargen"

[tool.doit.plugins.loader]
chargen = "chargen.doit_plugin.loader:Loader"

[tool.doit.plugins.backend]
chargen = "chargen.doit_plugin.states:RecordStates"

[tool.doit.plugins.command]
run = "chargen.cli.doit.run:Run"
list = "chargen.cli.doit.list:List"
info = "chargen.cli.doit.info:Info"
forget = "chargen.cli.doit.forget:Forget"
reset-dep = "chargen.cli.doit.reset_dep:ResetDep"
ignore = "chargen.cli.doit.ignore:Ignore"
clean = "chargen.cli.doit.clean:Clean"
"""


@dataclass(frozen=True)
class Run:
    """What a finished process printed and its exit code."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Project:
    """A project in `root`. Every process gets only this environment and what the test adds: no keys, no base URLs."""

    def __init__(self, root: Path, settings: str = "", env: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(REPOSITORY),
            "COVERAGE_PROCESS_START": os.environ.get("COVERAGE_PROCESS_START", ""),
            **(env or {}),
        }
        self.write("pyproject.toml", f"{DOIT_TABLES}\n[tool.chargen]\n{settings}")
        for name in ("dodo.py", "prompts/chapter.txt.j2", "prompts/location.txt.j2", "prompts/character.txt.j2"):
            self.write(name, (REPOSITORY / name).read_text(encoding="utf-8"))
        (root / "imagery").mkdir(exist_ok=True)

    def copy(self, root: Path) -> Project:
        """Return a copy of all that is there by now, in another folder."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        made = copy.copy(self)
        made.root, made.env = root, {**self.env, "HOME": str(root)}
        return made

    # files

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, name: str) -> str:
        return (self.root / name).read_bytes().decode()

    def edit(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert text.count(old) >= 1, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new, 1))

    def settings(self, text: str) -> None:
        """Replace everything below `[tool.chargen]`."""
        self.write("pyproject.toml", f"{DOIT_TABLES}\n[tool.chargen]\n{text}")

    def chapter(
        self, slug: str, images: Mapping[str, str], *, extra: str = "", entry: str = "", route: str = "sketch/sketch"
    ) -> str:
        """Write a chapter with a prompt for each custom_id; `extra` is YAML of the root, `entry` YAML of each image."""
        provider, model = route.split("/", 1)
        lines = [
            "metadata:",
            "  entity_type: chapter-imagery",
            f"  slug: {slug}",
            f"  generation_defaults: {{provider: {provider}, model: {model}}}",
            *textwrap.dedent(extra).strip("\n").splitlines(),
            "images:",
        ]
        for name, prompt in images.items():
            lines += [f'  - custom_id: "{name}"', f"    prompt_used: {json.dumps(prompt)}", '    size: "128x96"']
            lines += [f"    {line}" for line in textwrap.dedent(entry).strip("\n").splitlines()]
            lines += ["    generated_at: null", "    file_name: null", "    file_path: null", "    provider: null"]
            lines += ["    model: null", "    provider_metadata: {}"]
        file = f"imagery/chapters/{slug}/imagery.yaml"
        self.write(file, "\n".join(lines) + "\n")
        return file

    def character(
        self, slug: str, prompt: str | None = None, *, appearance: str = "tall", route: str = "sketch/sketch"
    ) -> str:
        """Write a character; with a prompt, its portrait `SLUG-portrait` is planned and is its reference."""
        provider, model = route.split("/", 1)
        lines = [
            "entity_type: character",
            f"slug: {slug}",
            f"generation_defaults: {{provider: {provider}, model: {model}}}",
            f"appearance: {json.dumps(appearance)}",
            "image_inventory:" if prompt else "image_inventory: []",
        ]
        if prompt:
            lines += [
                f"  - id: {slug}-portrait",
                "    is_reference_portrait: true",
                f"    prompt_used: {json.dumps(prompt)}",
                '    size: "128x128"',
            ]
        file = f"imagery/characters/{slug}/imagery.yaml"
        self.write(file, "\n".join(lines) + "\n")
        return file

    # processes

    def start(self, *command: str, env: Mapping[str, str] | None = None, cwd: str = ".") -> subprocess.Popen[bytes]:
        """Start `doit` or `chargen` with arguments, without waiting."""
        program, *arguments = command
        return subprocess.Popen(
            [sys.executable, "-m", program, *arguments],
            cwd=self.root / cwd,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *command: str, env: Mapping[str, str] | None = None, cwd: str = ".", timeout: float = 120) -> Run:
        """Run `doit` or `chargen` to its end."""
        process = self.start(*command, env=env, cwd=cwd)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Run(process.returncode, out.decode(), err.decode())

    def doit(self, *arguments: str, **options: Any) -> Run:
        return self.run("doit", *arguments, **options)

    def chargen(self, *arguments: str, **options: Any) -> Run:
        return self.run("chargen", *arguments, **options)

    # what came out

    def image(self, entry_id: str) -> Path:
        return self.root / "generated" / f"{entry_id}.png"

    def images(self) -> set[str]:
        top = self.root / "generated"
        return {path.relative_to(top).with_suffix("").as_posix() for path in top.rglob("*.png")}

    def originals(self) -> list[Path]:
        """The folders of all originals, oldest first."""
        return sorted(
            (path.parent for path in self.root.glob(".chargen/originals/*/*/record.json")), key=lambda p: p.name
        )

    def records(self, file: str) -> list[str]:
        """The record lines in an imagery file, in file order."""
        return re.findall(r"""record: ["']?([12] in=[^"'\n]*)""", self.read(file))
