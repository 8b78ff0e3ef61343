"""Planned images as doit tasks: named by their target, generate first, then write back.

Laws: an image's task declares its composed prompt and the references that exist or are built; it captures no output,
because that would swap `sys.stdout` for all threads; `doit clean` never removes an image.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doit.exceptions import TaskFailed

from chargen.app.build import Build, open_build
from chargen.app.doit.states import images
from chargen.core.plan import Planned
from chargen.core.values import EntryId


@dataclass(slots=True)
class _Source:
    """Where tasks come from: an own command says how the build is opened, a stock command takes the default."""

    opener: Callable[[], Build]
    build: Build | None = None


def _stock() -> Build:
    build = open_build(Path.cwd(), command="doit")
    atexit.register(build.close)
    return build


_source = _Source(_stock)


def use(opener: Callable[[], Build]) -> None:
    """Let tasks be made from the build that `opener` opens, once doit stands in the project's folder."""
    _source.opener = opener
    _source.build = None


def opened() -> Build | None:
    """Return the build that tasks were made from; None before."""
    return _source.build


def task_images() -> Iterator[dict[str, Any]]:
    """Yield a task for every image that a build has to do with."""
    build = _source.build = _source.opener()
    images.tell(frozenset(image.target for image in build.plan.images))
    for image in build.chosen:
        yield task_of(build, image)


def task_of(build: Build, image: Planned) -> dict[str, Any]:
    """Make the task of one image, as doit's dictionaries are."""
    return {
        "basename": image.target,
        "doc": image.entry.title or image.id,
        "actions": [(_generate, [build, image.id]), (_write_back, [build, image.id])],
        "file_dep": [image.prompt_file, *_files(build, image)],
        "targets": [image.target],
        "uptodate": [(_is_up_to_date, [build, image.id])],
        "io": {"capture": False},
        "title": _title,
    }


def _files(build: Build, image: Planned) -> Iterator[str]:
    for reference in image.references:
        if reference.entry_id is not None or build.project.path(reference.path).is_file():
            yield reference.path


def _title(task: Any) -> str:
    return str(task.name)


def _is_up_to_date(build: Build, entry_id: EntryId) -> bool:
    return build.is_up_to_date(entry_id)


def _generate(build: Build, entry_id: EntryId) -> TaskFailed | None:
    return _failed(build.generate(entry_id))


def _write_back(build: Build, entry_id: EntryId) -> TaskFailed | None:
    return _failed(build.write_back(entry_id))


def _failed(message: str | None) -> TaskFailed | None:
    """Turn a failure into doit's orderly one; an exception would be printed with a traceback."""
    return None if message is None else TaskFailed(message)
