"""The workflow files of a project, each read once until it changes. Safe to use from threads."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from threading import Lock

from chargen.errors import Position, error
from chargen.model.request import FailureClass, ProviderError, Request
from chargen.model.values import FileHash
from chargen.plain_file import read_plain
from chargen.providers.comfyui.workflow import Workflow, read_workflow

LARGEST_WORKFLOW = 4 * 1024 * 1024
"""Bytes: far above any workflow."""


class WorkflowFiles:
    """The workflows below `root`, by their project-relative paths."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._lock = Lock()
        self._files: dict[str, tuple[tuple[int, int, int], Workflow]] = {}
        self._read: dict[FileHash, Workflow] = {}

    def get(self, model: str) -> Workflow:
        """Read the workflow of a model, again where its file changed; one that can't be read has a problem."""
        path = PurePosixPath(model)
        if path.is_absolute() or ".." in path.parts or path.suffix != ".json":
            hint = "name a `.json` file of the project, such as `workflows/comfyui.json`"
            return Workflow(model, FileHash(""), problems=(error(f"`{model}` is no workflow file", hint=hint),))
        file = self._root / path
        try:
            status = file.stat()
            if not file.resolve().is_relative_to(self._root):
                raise OSError(0, "it is no file of the project")
            key = status.st_size, status.st_mtime_ns, status.st_ino
            with self._lock:
                known = self._files.get(model)
            if known is not None and known[0] == key:
                return known[1]
            workflow = read_workflow(read_plain(file, LARGEST_WORKFLOW), model)
        except OSError as failure:
            message = f"can't read the workflow `{model}`: {(failure.strerror or 'no file').lower()}"
            hint = "put it there, or name another `model`; `chargen init --provider comfyui` writes one to begin with"
            return Workflow(model, FileHash(""), problems=(error(message, Position(model), hint),))
        with self._lock:
            self._files[model] = key, workflow
            self._read[workflow.sha256] = workflow
        return workflow

    def of(self, request: Request) -> Workflow:
        """Return the workflow that a request was made for. Raises ProviderError where its file is another by now."""
        assert request.model_sha256 is not None
        with self._lock:
            known = self._read.get(request.model_sha256)
        workflow = known or self.get(request.model)
        if workflow.sha256 != request.model_sha256:
            message = f"`{request.model}` was changed while the image waited for its turn"
            raise ProviderError(FailureClass.INVALID, message, hint="run again")
        return workflow
