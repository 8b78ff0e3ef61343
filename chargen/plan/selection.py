"""Which images are meant by a path, an id or a pattern: the same everywhere, from `doit` to `chargen batch`.

Laws: terms of one kind add up, kinds narrow each other; the result is in plan order; what matches nothing is an error
that suggests what may be meant. Capitals count, and `*` matches `/` too. Pure; knows nothing of verdicts.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from chargen.errors import Problem, StartError, error
from chargen.model.values import EntryId
from chargen.text.nearest import nearest

MAGIC = frozenset("*?[")
"""What makes a name a pattern."""


@dataclass(frozen=True, slots=True)
class Selectable:
    """One planned image as a selection sees it; paths are project-relative with `/`."""

    id: EntryId
    target: str
    prompt_file: str
    file: str
    """The imagery file it is planned in."""
    slug: str
    """The slug of that file."""

    @property
    def own_id(self) -> str:
        """The id without its kind and the slug of its file: `img-07`."""
        return self.id.split("/", 2)[-1]


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for: `terms` are paths, ids or patterns; `only` is exact; `match` are patterns on the id.

    `within` is the project-relative folder where the command was given: paths may be written from there too.
    """

    terms: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    within: str = ""

    def __bool__(self) -> bool:
        """Tell whether anything was asked for; if not, all images are meant."""
        return bool(self.terms or self.only or self.match)


def select(images: Sequence[Selectable], selection: Selection) -> tuple[EntryId, ...]:
    """Return the ids that `selection` means, in the order of `images`; all of them where it is empty.

    Raises StartError with one problem for each term that matches nothing, and for kinds that exclude each other.
    """
    problems: list[Problem] = []
    left = list(images)
    kinds: tuple[tuple[Sequence[str], Callable[[Selectable, str], bool], str], ...] = (
        (selection.terms, lambda image, term: _meant(image, term, selection.within), ""),
        (selection.only, _is_only, "--only "),
        (selection.match, lambda image, term: fnmatchcase(image.id, term), "--match "),
    )
    for terms, meant, option in kinds:
        if not terms:
            continue
        missed = (term for term in terms if not any(meant(image, term) for image in images))
        problems.extend(_nothing(images, term, option) for term in missed)
        left = [image for image in left if any(meant(image, term) for term in terms)]
    if problems:
        raise StartError(problems)
    if not left and selection:
        raise StartError("nothing matches all of the selection", hint="each kind of option narrows the others")
    return tuple(image.id for image in left)


def _meant(image: Selectable, term: str, within: str) -> bool:
    names = (image.id, image.target, image.prompt_file, image.file)
    for path in dict.fromkeys((posixpath.normpath(term), posixpath.normpath(posixpath.join(within, term)))):
        if path in names:
            return True
        if MAGIC.intersection(path) and (fnmatchcase(image.id, path) or fnmatchcase(image.target, path)):
            return True
    return False


def _is_only(image: Selectable, term: str) -> bool:
    return term in (image.slug, image.id, image.own_id)


def _nothing(images: Sequence[Selectable], term: str, option: str) -> Problem:
    asked = posixpath.normpath(term)
    if not images:
        hint = "the project plans no images yet"
    elif any(f"{path}/".startswith(f"{asked}/") for image in images for path in (image.id, image.target)):
        hint = f"for all below it write `{asked}/*`"
    elif found := nearest(asked, _names(images, option)):
        # A bare own id means an image with `--only` alone; elsewhere its whole id is what works.
        whole = next((image.id for image in images if not option and image.own_id == found[0]), found[0])
        hint = f"did you mean `{whole}`?"
    else:
        hint = "`chargen plan` lists all images"
    return error(f"`{option}{term}` matches no image", hint=hint)


def _names(images: Sequence[Selectable], option: str) -> Iterable[str]:
    for image in images:
        yield image.id
        if option == "--only ":
            yield image.slug
            yield image.own_id
        elif not option:
            yield image.target
            yield image.file
            yield image.own_id
