"""Runs doit's tasks: images side by side on threads of their provider, an author's own tasks one by one.

Laws: no provider waits for another; only the main thread talks to doit and to the reporter; the first interrupt stops
dispatching, ends waits, and lets calls in flight finish and be saved; the second aborts. A terminal that is closed is
an interrupt that never aborts.
"""

from __future__ import annotations

import gc
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from doit.exceptions import TaskFailed, UnmetDependency
from doit.runner import Runner

from chargen.build.run import Build
from chargen.doit_plugin.ordered_gate import OrderedGate
from chargen.errors import ExitCode
from chargen.model.values import EntryId
from chargen.text.names import few_names

_SPARE_THREADS = 2
"""Threads a provider has beyond its workers: they store, publish and write back while the workers' calls go on."""

_SHORTEST_REST, _LONGEST_REST = 0.5, 5.0
"""Seconds between two questions whether others have bought what they hold; doubled as long as they have not."""

_LOOK = 0.2
"""Seconds after which a run that waits for a result looks whether it was interrupted."""

_HANGUP = getattr(signal, "SIGHUP", None)
"""The terminal was closed; Windows has no such signal. Shell and system both say so, and `nohup` lets it be ignored."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def settled_objects() -> Iterator[None]:
    """Spare Python's cycle collector the plan meanwhile: it lives on, and would be walked again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class ImageRunner(Runner):  # type: ignore[misc]
    """doit's runner with one pool of threads a provider. `ids` are the images by task name, in plan order."""

    def __init__(self, dep_manager: Any, reporter: Any, *, build: Build, ids: dict[str, EntryId], stream: Any) -> None:
        super().__init__(dep_manager, reporter, continue_=True, stream=stream)
        self._build = build
        self._ids = ids
        self._order = {name: number for number, name in enumerate(ids)}
        build.on_sent = self._left
        self._results: queue.SimpleQueue[tuple[Any, Any] | None] = queue.SimpleQueue()
        self._pools: dict[str, tuple[ThreadPoolExecutor, OrderedGate]] = {}
        self._in_flight = 0
        self._sent: set[EntryId] = set()
        """Images whose request has left and that have not ended."""
        self._interrupts = 0
        self._held: list[Any] = []
        """Images that other builds are buying: asked for again when nothing of one's own is left."""
        self._rest = _SHORTEST_REST
        self._unmet_by_images: set[str] = set()
        """Own tasks that were not run because of images, through whatever chain."""
        self.others = 0
        """doit's result for tasks that are no images: 0, 1 for a failure, 2 for an error."""

    @property
    def interrupted(self) -> bool:
        """Say whether the run was asked to end."""
        return self._interrupts > 0

    def run_tasks(self, task_dispatcher: Any) -> None:
        """Dispatch everything that is ready, then wait for one result at a time."""
        with self._signals(), settled_objects():
            try:
                self._run_all_tasks(task_dispatcher)
            finally:
                for pool, _ in self._pools.values():
                    pool.shutdown(wait=True, cancel_futures=True)
        self._build.submit_jobs()
        if self.interrupted:
            self._build.note_interrupted()

    def _run_all_tasks(self, task_dispatcher: Any) -> None:
        finished: Any = None
        more = True
        while True:
            ready: list[Any] = []
            while more and not self.interrupted:
                try:
                    node = task_dispatcher.generator.send(finished)
                except StopIteration:
                    more = False
                    break
                finished = None
                if node == "hold on":
                    break
                if not self.select_task(node, task_dispatcher.tasks):
                    finished = node
                elif node.task.name in self._ids:
                    ready.append(node)
                else:
                    self._start(ready)
                    self.process_task_result(node, self.execute_task(node.task))
                    finished = node
            self._start(ready)
            if not self._in_flight and not self._held:
                return
            result = self._next_result()
            if result is None:
                self.reporter.interrupted(len(self._sent))
                continue
            self._in_flight -= 1
            finished, failure = result
            if self._ids.get(finished.task.name) in self._build.held:
                self._held.append(finished)
                finished = None
                continue
            self._rest = _SHORTEST_REST
            self.process_task_result(finished, failure)

    def _next_result(self) -> tuple[Any, Any] | None:
        """Wait for an image that is being made; where there is none, ask anew for those that others are buying."""
        while self._in_flight:
            with suppress(queue.Empty):  # a signal that the system gives to another thread does not wake this one
                return self._results.get(timeout=_LOOK)
        if self.interrupted:
            node = self._held.pop()
            self._in_flight += 1
            return node, TaskFailed(self._build.interrupt(self._ids[node.task.name]))
        self.reporter.waiting(self._build.held)
        with suppress(queue.Empty):
            return self._results.get(timeout=self._rest)
        self._rest = min(2 * self._rest, _LONGEST_REST)
        again, self._held = self._held, []
        self._start(again)
        return self._results.get()

    def _start(self, ready: list[Any]) -> None:
        """Start images in plan order and empty the list; doit keeps those that waited for one image in no order."""
        for node in sorted(ready, key=lambda node: self._order[node.task.name]):
            entry_id = self._ids[node.task.name]
            self.reporter.execute_task(node.task)
            self._in_flight += 1
            pool, gate = self._pool(entry_id)
            gate.join(entry_id)
            pool.submit(self._work, node, entry_id, gate)
        ready.clear()

    def _work(self, node: Any, entry_id: EntryId, gate: OrderedGate) -> None:
        gate.wait(entry_id)
        try:
            failure = self._build.interrupt(entry_id) if self.interrupted else None
            failure = TaskFailed(failure) if failure else node.task.execute(self.stream)
        except BaseException as bug:  # noqa: BLE001 - the main thread waits for a result, whatever happens here
            failure = TaskFailed(f"unexpected {type(bug).__name__}: {bug}")
        gate.release(entry_id)
        self._sent.discard(entry_id)
        self._results.put((node, failure))

    def _left(self, entry_id: EntryId) -> None:
        """Called on the thread of an image when its request is leaving."""
        self._sent.add(entry_id)
        for _, gate in tuple(self._pools.values()):
            gate.release(entry_id)

    def _handle_task_error(self, node: Any, base_fail: Any) -> None:
        entry_id = self._ids.get(node.task.name)
        unmet = isinstance(base_fail, UnmetDependency)
        needs = [self._ids.get(bad.task.name, bad.task.name) for bad in node.bad_deps]
        if entry_id is None:
            if unmet:
                base_fail = self._unmet(needs)
            blamed = {bad.task.name for bad in node.bad_deps}
            if unmet and blamed <= self._ids.keys() | self._unmet_by_images:
                # Where only images are to blame, they say themselves how the run ended.
                self._unmet_by_images.add(node.task.name)
            else:
                self.others = max(self.others, 1 if isinstance(base_fail, TaskFailed) else 2)
        elif unmet:
            self._build.fail_for_needs(entry_id, needs)
        elif not self._build.knows(entry_id):
            self._build.fail(entry_id, base_fail.get_msg())
        super()._handle_task_error(node, base_fail)

    def _unmet(self, needs: Sequence[str]) -> UnmetDependency:
        are = "is" if len(needs) == 1 else "are"
        return UnmetDependency(f"not run: it needs {few_names(needs)}, which {are} not there")

    def _pool(self, entry_id: EntryId) -> tuple[ThreadPoolExecutor, OrderedGate]:
        image = self._build.image(entry_id)
        name = image.route.provider if image.route is not None and image.sends else ""
        if name not in self._pools:
            workers = self._build.builder.senders.get(name).workers if name else 1
            pool = ThreadPoolExecutor(workers + _SPARE_THREADS, thread_name_prefix=name or "local")
            self._pools[name] = pool, OrderedGate()
        return self._pools[name]

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Handle interrupts while tasks run; the handlers there were before come back after."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[signal.Signals, Callable[[int, FrameType | None], Any] | int | None] = {}
        heard = _HANGUP is not None and signal.getsignal(_HANGUP) is not signal.SIG_IGN
        for number in (*_SIGNALS, *((_HANGUP,) if heard else ())):
            before[number] = signal.signal(number, self._interrupt)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        if number == _HANGUP and self.interrupted:
            return
        self._interrupts += 1
        if self._interrupts > 1:
            # Threads may be in calls that last minutes: what they have not stored is on record as possibly billed.
            self.reporter.aborted()
            os._exit(ExitCode.INTERRUPTED)
        self._build.stop.set()
        self._results.put(None)
