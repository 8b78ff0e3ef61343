"""What the suite does once, or seldom, that each process of an author does for itself; and where its files lie.

Nothing a test asks about depends on it: a template compiles to the same program every time, the collector of cycles
frees what nobody has any more, and files in memory are read as those on a disk are.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from types import CodeType

from jinja2.bccache import Bucket, BytecodeCache
from jinja2.environment import Environment
from support.project import REPOSITORY

from chargen.model.traced import Traced
from chargen.plan import compose, python_gc
from chargen.plan.compose import Composer

MEMORY = Path("/dev/shm")
_ROOM = 4_000_000_000
"""Bytes that must be free there; a whole run takes a fifth of it."""
_SELDOM = 600


def files_in_memory() -> None:
    """Let temporary files lie in memory where there is room: a tenth of a second of work waits a second for a disk.

    Not where `TMPDIR` names a folder, nor where programs can't be started from there.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free >= _ROOM and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def collect_seldom() -> None:
    """Look for cycles seldom: thousands of tests are in memory, and each look walks all of them."""
    python_gc._OFTEN = _SELDOM


def compile_once() -> None:
    """Keep compiled templates in this process: a test plans several times, an author's process once."""
    compose.BoundedEnvironment = partial(compose.BoundedEnvironment, bytecode_cache=_Compiled())  # type: ignore[misc]


def compile_ours() -> None:
    """Compile the templates that every project of the tests has."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in (REPOSITORY / "prompts").glob("*.j2")}
    nothing = Traced.of("", "style_prefix")
    composer = Composer(texts, "prompts", nothing, nothing, 4000)
    for name in texts:
        composer._compile(name)


class _Compiled(BytecodeCache):
    """Programs of templates, by the whole of what they were made of."""

    def __init__(self) -> None:
        self._programs: dict[tuple[str, str | None, str], CodeType] = {}

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        bucket = Bucket(environment, (name, filename, source), "")  # type: ignore[arg-type]
        bucket.code = self._programs.get(bucket.key)
        return bucket

    def set_bucket(self, bucket: Bucket) -> None:
        self._programs[bucket.key] = bucket.code
