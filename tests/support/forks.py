"""Real processes without their start: one server process imports what is slow once and forks a child for each run.

Each child is a process of its own (own files, own locks, own SIGKILL) that runs `doit` or `chargen` from their `main`,
exactly as a shell would start them; only the imports are shared. With `kill_at`, `fail` or `pause` its durable
operations are watched (see `steps`).

    with Forks() as forks:
        run = forks.run(book, "doit", kill_at=7)
        assert run.code == -9
"""

from __future__ import annotations

import gc
import inspect
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from support import loopback, savings
from support.project import Project, Run

_SLOW = (
    "PIL.Image", "PIL.PngImagePlugin", "PIL.JpegImagePlugin", "PIL.ImageDraw", "PIL.ImageFont", "click",
    "doit.doit_cmd", "doit.cmd_run", "jinja2", "openai", "openai.resources.images", "openai.resources.batches",
    "ruamel.yaml", "google.genai", "websockets", "truststore", "uvicorn", "uvicorn.lifespan.on", "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
)  # fmt: skip
"""Libraries, and none of the program's own modules that look at the current folder when they are imported."""
_OURS = (
    "chargen.build.opening", "chargen.kinds", "chargen.providers.sketch", "chargen.cli.main", "chargen.cli.doit.run",
    "chargen.doit_plugin.loader", "chargen.providers.openai.adapter", "chargen.providers.google.adapter",
    "chargen.providers.comfyui.adapter", "chargen.images.convert", "chargen.store.shared.race",
    "chargen.actions.plan", "chargen.cli.plan", "chargen.cli.progress_line", "chargen.cli.run_report",
    "chargen.cli.run_summary", "chargen.cli.spending", "chargen.doit_plugin.run_tasks", "chargen.doit_plugin.runner",
    "chargen.providers.sketch.drawing", "chargen.providers.sketch.sheet", "chargen.web.app", "chargen.web.desk",
    "importlib.resources.readers",
)  # fmt: skip

_RACE_SECONDS = 0.1
"""How long the servers of a shared store are raced here; processes that are not forked do it at full length."""


def wait_for_text(path: Path, words: str, timeout: float = 60.0) -> None:
    """Wait until a file that another process writes holds these words."""
    end = time.monotonic() + timeout
    while not path.exists() or words not in path.read_text():
        assert time.monotonic() < end, f"`{words}` never stood in {path.name}"
        time.sleep(0.01)


class Forks:
    """A server that forks; one run at a time, or several with `start`."""

    def __init__(self) -> None:
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "LANG": "C.UTF-8"}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "support.forks"],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._out: dict[int, tuple[Path, Path]] = {}
        self._told = Path(tempfile.mkdtemp())

    def __enter__(self) -> Forks:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(10)
        self._server.stdout.close()
        shutil.rmtree(self._told, ignore_errors=True)

    def run(self, project: Project, *command: str, **watched: Any) -> Run:
        """Run a command in a project to its end; the exit code of a killed process is minus the signal."""
        return self.wait(self.start(project, *command, **watched))

    def start(
        self,
        project: Project,
        *command: str,
        env: Mapping[str, str] | None = None,
        kill_at: int = 0,
        fail: str = "",
        pause: str = "",
        count: bool = False,
        later: float = 0.0,
        cwd: str = ".",
        **more: Any,
    ) -> int:
        """Start a command and return its process id; `more` are fields of `Steps`, its clock is `later` by seconds."""
        number = len(self._out)
        out, err = self._told / f"{number}.out", self._told / f"{number}.err"
        watched = {"kill_at": kill_at, "fail": fail, "pause": pause, **more}
        order = {
            "folder": str(project.root / cwd),
            "command": command,
            "env": {**project.env, **(env or {})},
            "out": str(out),
            "err": str(err),
            "watched": watched if kill_at or fail or pause or count or more else None,
            "steps": str(self._told / "steps"),
            "later": later,
        }
        pid = int(self._ask(order))
        self._out[pid] = (out, err)
        return pid

    def wait(self, pid: int) -> Run:
        """Wait for a started command."""
        code = int(self._ask({"wait": pid}))
        out, err = self._out[pid]
        return Run(code, out.read_text(), err.read_text())

    def wait_for_out(self, pid: int, words: str, timeout: float = 60.0) -> None:
        """Wait until a started command has said these words on stdout."""
        wait_for_text(self._out[pid][0], words, timeout)

    def wait_for_line(self, pid: int, timeout: float = 60.0) -> str:
        """Wait until a started command has said a line on stdout, and return its first."""
        wait_for_text(self._out[pid][0], "\n", timeout)
        return self._out[pid][0].read_text().partition("\n")[0]

    def wait_for_err(self, pid: int, words: str, timeout: float = 60.0) -> None:
        """Wait until a started command has said these words on stderr."""
        wait_for_text(self._out[pid][1], words, timeout)

    def steps(self) -> list[str]:
        """Return the durable operations of the last watched run, in order."""
        return (self._told / "steps").read_text().splitlines()

    def _ask(self, order: Any) -> str:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        answer = self._server.stdout.readline()
        assert answer, "the server of forks died"
        return answer


class ForkedProject(Project):
    """A project whose commands are forked; what is started without waiting for its end is a process from scratch."""

    def __init__(self, forks: Forks, root: Path, settings: str = "", env: Mapping[str, str] | None = None) -> None:
        super().__init__(root, settings, env)
        self.forks = forks

    def run(self, *command: str, env: Mapping[str, str] | None = None, cwd: str = ".", timeout: float = 120) -> Run:
        """Run `doit` or `chargen` to its end."""
        del timeout
        return self.forks.run(self, *command, env=env, cwd=cwd)


def _serve() -> None:
    for name in (*_SLOW, *_OURS):
        __import__(name)
    _look_up()
    gc.collect()
    gc.freeze()
    race = sys.modules["chargen.store.shared.race"]
    race.FIRST_USE_SECONDS = race.CHECK_SECONDS = _RACE_SECONDS  # type: ignore[attr-defined]
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                _run(order)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _look_up() -> None:
    """Do once what comes out the same in every project: what is installed, models, kinds, the usual templates."""
    from doit import plugin  # noqa: PLC0415 - only the server needs it

    plugin.entry_points = entry_points().select
    sys.modules["chargen.providers"].load_models()  # type: ignore[attr-defined]
    sys.modules["chargen.kinds"].all_kinds()  # type: ignore[attr-defined]
    sys.modules["PIL.Image"].preinit()  # type: ignore[attr-defined]
    inspect.getsource(_look_up)  # compiles what Python's own tokens look like
    loopback.stay_here()
    savings.compile_once()
    savings.compile_ours()


def _run(order: Any) -> None:
    """Be the command, in the child."""
    code = 70
    try:
        os.setsid()
        for name, number in (("out", 1), ("err", 2)):
            os.dup2(os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.clear()
        os.environ.update(order["env"])
        os.chdir(order["folder"])
        sys.dont_write_bytecode = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if order["watched"] is not None:
            from support.steps import Steps  # noqa: PLC0415 - the server itself is not watched

            Path(order["steps"]).write_text("")
            watch: type[Steps] = Steps
            if "record" in order["watched"]:
                from proof.recording import Recorder as watch  # noqa: PLC0415, N813 - as above
            watch(root=os.path.realpath(order["folder"]) + os.sep, path=order["steps"], **order["watched"]).install()
        if order["later"]:
            from chargen.store import clock  # noqa: PLC0415 - as above

            ahead = timedelta(seconds=order["later"])
            clock.SystemClock.now = lambda _: datetime.now(UTC) + ahead
            from chargen.store.shared.objects import Objects  # noqa: PLC0415 - as above

            asked = Objects.time
            Objects.time = lambda self: asked(self) + ahead
        code = _main(*order["command"])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
    except KeyboardInterrupt:  # before a run has handlers of its own, as a shell would tell it
        code = 130
    except BaseException:  # noqa: BLE001 - told to the test by stderr and the exit code
        sys.excepthook(*sys.exc_info())
    finally:
        import atexit  # noqa: PLC0415
        import threading  # noqa: PLC0415

        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _main(program: str, *arguments: str) -> int:
    sys.argv = [program, *arguments]
    if program == "doit":
        from doit.doit_cmd import DoitMain  # noqa: PLC0415

        sys.path.insert(0, "")
        return int(DoitMain().run(list(arguments)) or 0)
    from chargen.cli.main import main  # noqa: PLC0415

    return int(main() or 0)  # type: ignore[func-returns-value]


if __name__ == "__main__":
    _serve()
