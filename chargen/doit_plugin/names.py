"""What names on doit's command line mean: planned images, an author's own tasks, or both.

Laws: a name means an image by the same rules as everywhere (`chargen.plan.selection`); an own task by its name, its
target, or a pattern; naming an own task means the images it depends on too, through chains; what means nothing is an
error that suggests the nearest of all names. Works on doit's tasks, runs none.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from fnmatch import fnmatchcase

from doit.task import Task
from msgspec import Struct

from chargen.doit_plugin.own_tasks import IMAGES
from chargen.errors import Problem, StartError, error
from chargen.model.values import EntryId
from chargen.plan.selection import MAGIC, Selectable, Selection, hint_for, select
from chargen.plan.verdict import Force


class TaskNames(Struct, frozen=True):
    """What was named, before the plan is known."""

    terms: tuple[str, ...] = ()
    """Names that are no own task's: they must mean images."""
    own: tuple[str, ...] = ()
    """Names of own tasks, each followed by its own options, as doit takes them."""
    tasks: frozenset[str] = frozenset()
    """The own tasks among `own`, and what they need of each other."""
    patterns: tuple[str, ...] = ()
    """Patterns that mean own tasks, and may mean images as well."""
    needs: tuple[str, ...] = ()
    """Paths and patterns the own tasks depend on: the images among them are built first."""
    known: tuple[str, ...] = ()
    """All names of own tasks, to suggest."""
    within: str = ""

    def __bool__(self) -> bool:
        return bool(self.terms or self.own)

    def pick(
        self, images: Sequence[Selectable], force: Force = Force.NONE, rebuild: Sequence[str] = ()
    ) -> dict[EntryId, Force]:
        """Return the images to build, with what is demanded of each; `rebuild` are names for `--rebuild`.

        `force` is for what was named itself, never for what an own task needs. Raises StartError.
        """
        everything = IMAGES in self.needs and IMAGES not in self.known
        found = {image.id: Force.NONE for image in images if everything or self._is_needed(image)}
        found.update(dict.fromkeys(self.meant(images), force))
        if rebuild:
            found.update(dict.fromkeys(self._select(images, rebuild), Force.REBUILD))
        return found

    def meant(self, images: Sequence[Selectable]) -> tuple[EntryId, ...]:
        """Return the images that were named themselves, in the order of `images`. Raises StartError."""
        if IMAGES in self.terms:
            return tuple(image.id for image in images)
        terms = self.terms + tuple(term for term in self.patterns if self._means_any(images, term))
        return self._select(images, terms) if terms else ()

    def _is_needed(self, image: Selectable) -> bool:
        return any(
            posixpath.normpath(need) == image.target
            or (bool(MAGIC.intersection(need)) and fnmatchcase(image.target, need))
            for need in self.needs
        )

    def _select(self, images: Sequence[Selectable], terms: Sequence[str]) -> tuple[EntryId, ...]:
        try:
            return select(images, Selection(tuple(terms), within=self.within))
        except StartError as failure:
            raise StartError(self._unknown(images, terms, failure)) from None

    def _unknown(self, images: Sequence[Selectable], terms: Sequence[str], failure: StartError) -> Iterator[Problem]:
        """Tell what means nothing, or one of several; the nearest of all images and tasks is suggested."""
        missed = [term for term in terms if not self._means_any(images, term)]
        for term, problem in zip(missed, failure.problems, strict=True):
            several = any(term in (image.slug, image.own_id) for image in images)
            if several or not self.known:
                yield problem
            else:
                yield error(f"`{term}` is neither an image nor a task", hint=hint_for(images, term, others=self.known))

    def _means_any(self, images: Sequence[Selectable], term: str) -> bool:
        try:
            return bool(select(images, Selection((term,), within=self.within)))
        except StartError:
            return False


def understand(
    arguments: Sequence[str],
    tasks: Sequence[Task],
    within: str = "",
    *,
    command: str = "doit",
    valued: Sequence[str] = (),
) -> TaskNames:
    """Tell own tasks from other names. `tasks` are the author's own; their options are read off `arguments`.

    `within` is the project-relative folder the names were written in; `valued` are the options of `command` that take
    a value. Raises StartError for an option after an image's name.
    """
    by_name = {task.name: task for task in tasks}
    by_target = {target: task.name for task in tasks for target in task.targets}
    terms: list[str] = []
    own: list[str] = []
    patterns: list[str] = []
    named: list[str] = []
    rest = list(arguments)
    while rest:
        term = rest.pop(0)
        name = term if _is_task(term, by_name) else by_target.get(term)
        if name is not None:
            taken = len(rest)
            if (task := by_name.get(name)) is not None and name == term:
                rest = _after_options(task, rest)
            own += [term, *arguments[len(arguments) - taken : len(arguments) - len(rest)]]
            named.append(name)
        elif matching := _matching(term, by_name):
            own += matching
            named += matching
            patterns.append(term)
        elif term.startswith("-"):
            value = f" {rest[0] if rest else 'VALUE'}" if term in valued else ""
            hint = f"write options before names: `{command} {term}{value} {arguments[0]}`"
            raise StartError(f"`{term}` stands after a name, where only options of your own tasks do", hint=hint)
        else:
            terms.append(term)
    reached = tuple(_reached(named, by_name, by_target))
    needs = tuple(dict.fromkeys(need for name in reached for need in _needs(by_name[name])))
    known = (*by_name, *by_target)
    return TaskNames(tuple(terms), tuple(own), frozenset(reached), tuple(patterns), needs, known, within)


def _is_task(term: str, tasks: Mapping[str, Task]) -> bool:
    base, colon, _ = term.partition(":")
    return term in tasks or bool(colon and base in tasks and tasks[base].loader)


def _after_options(task: Task, rest: list[str]) -> list[str]:
    """Return what is left of the arguments after a task's own."""
    if task.pos_arg is not None:
        return []
    left = copy(task).init_options(list(rest))  # a task takes its options once, and not here
    return rest if left is None else rest[len(rest) - len(left) :]


def _matching(term: str, tasks: Mapping[str, Task]) -> list[str]:
    if not MAGIC.intersection(term):
        return []
    return [name for name in tasks if fnmatchcase(name, term) and not name.startswith("_")]


def _reached(names: Iterable[str], tasks: Mapping[str, Task], targets: Mapping[str, str]) -> Iterator[str]:
    waiting, seen = list(names), set()
    while waiting:
        name = waiting.pop()
        base = name if name in tasks else name.partition(":")[0]
        if base in seen or base not in tasks:
            continue
        seen.add(base)
        yield base
        for need in _needs(tasks[base]):
            if MAGIC.intersection(need):
                waiting += [other for other in tasks if fnmatchcase(other, need)]
            waiting.append(targets.get(need, need))


def _needs(task: Task) -> Iterator[str]:
    """Yield everything a task depends on: files, tasks and patterns of tasks."""
    yield from task.file_dep
    yield from task.task_dep
    yield from task.setup_tasks
    yield from task.calc_dep
    yield from task.wild_dep
    if task.loader is not None and getattr(task.loader, "task_dep", None):
        yield task.loader.task_dep
