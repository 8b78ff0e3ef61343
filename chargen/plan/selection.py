"""Which images are meant by a path, an id or a pattern: the same everywhere, from `doit` to `chargen batch`.

Laws: terms of one kind add up, kinds narrow each other; the result is in plan order; what matches nothing, or might
mean one of several, is an error that suggests what may be meant. A name that is there is no pattern.
Capitals count, and `*` matches `/` too. Pure; knows nothing of verdicts.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from glob import escape

from msgspec import Struct

from chargen.errors import Problem, StartError, error
from chargen.model.values import EntryId
from chargen.text.names import did_you_mean, few_names, nearest, other_than_by_number

MAGIC = frozenset("*?[")
"""What makes a name a pattern."""


class Selectable(Struct, frozen=True):
    """One planned image as a selection sees it; paths are project-relative with `/`."""

    id: EntryId
    target: str
    prompt_file: str
    file: str
    """The imagery file it is planned in."""
    slug: str
    """The slug of that file."""
    kind: str = ""
    """Its kind's name."""

    @property
    def kind_folder(self) -> str:
        """The folder of its kind, with which the id begins: `chapters`."""
        return self.id.split("/", 1)[0]

    @property
    def own_id(self) -> str:
        """The id without its kind and the slug of its file: `img-07`."""
        return self.id.split("/", 2)[-1]


class Selection(Struct, frozen=True):
    """What was asked for: `terms` are paths, ids or patterns; `only` is exact; `match` are patterns on the id.

    `within` is the project-relative folder where the command was given: paths may be written from there too.
    """

    terms: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    within: str = ""
    one: bool = False
    """Whoever asks takes one image only."""

    def __bool__(self) -> bool:
        """Tell whether anything was asked for; if not, all images are meant."""
        return bool(self.terms or self.only or self.match)


def select(images: Sequence[Selectable], selection: Selection) -> tuple[EntryId, ...]:
    """Return the ids that `selection` means, in the order of `images`; all of them where it is empty.

    Raises StartError with one problem for each term that matches nothing, and for kinds that exclude each other.
    """
    problems: list[Problem] = []
    left = list(images)
    if selection.terms:
        within, one = selection.within, selection.one
        named = {image.id for term in selection.terms for image in _named(images, term, within, problems, one=one)}
        left = [image for image in left if image.id in named]
    kinds: tuple[tuple[Sequence[str], Callable[[Selectable, str], bool], str], ...] = (
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


def named_alone(images: Sequence[Selectable], selection: Selection) -> frozenset[EntryId]:
    """Return the images that are named one by one: patterns, files and options mean many."""
    exact = (
        term for term in selection.terms if not MAGIC.intersection(term) or _exactly(images, term, selection.within)
    )
    found = (_named(images, term, selection.within, []) for term in exact)
    return frozenset(meant[0].id for meant in found if len(meant) == 1)


def _named(
    images: Sequence[Selectable], term: str, within: str, problems: list[Problem], *, one: bool = False
) -> Sequence[Selectable]:
    """Return what a term means: in full, else without the kind, else as a slug or an own id that only one has.

    Adds to `problems` where that is nothing, or more than one; `one` says that no more can be asked for.
    """
    if not term:
        problems.append(error("an empty name means no image", hint="leave it out: without names all are meant"))
        return ()
    if found := _exactly(images, term, within) or _by_pattern(images, term, within):
        return found
    of_slug = [image for image in images if image.slug == term]
    found = of_slug or [image for image in images if image.own_id == term]
    several = dict.fromkeys(f"{image.kind_folder}/{term}/*" for image in found) if of_slug else [i.id for i in found]
    if not found:
        problems.append(_nothing(images, term, ""))
    elif len(several) > 1:
        every = f"*/{escape(term)}{'/*' if of_slug else ''}"
        hint = f"name one of {few_names(several)}" + ("" if one else f"; '{every}' means all of them")
        problems.append(error(f"`{term}` means {len(several)} {'files' if of_slug else 'images'}", hint=hint))
    return found


def _exactly(images: Sequence[Selectable], term: str, within: str) -> list[Selectable]:
    """Return what has this name, also where the name could be read as a pattern: `[1]` is an id."""
    paths = _paths(term, within)
    for names in (_full_names, _short_names):
        if found := [image for image in images if not paths.isdisjoint(names(image))]:
            return found
    return []


def _by_pattern(images: Sequence[Selectable], term: str, within: str) -> list[Selectable]:
    if not MAGIC.intersection(term):
        return []
    paths = _paths(term, within)
    for names in (_full_names, _short_names):
        if found := [i for i in images if any(fnmatchcase(name, path) for name in names(i)[:2] for path in paths)]:
            return found
    return []


def _paths(term: str, within: str) -> frozenset[str]:
    """Return the project-relative paths a term may stand for: from the project, and from the folder it was given in."""
    return frozenset((posixpath.normpath(term), posixpath.normpath(posixpath.join(within, term))))


def _full_names(image: Selectable) -> tuple[str, ...]:
    """Return all that names an image in full; patterns are for the first two."""
    return image.id, image.target, image.prompt_file, image.file


def _short_names(image: Selectable) -> tuple[str, ...]:
    """Return the id without its kind: `ch03/img-07`."""
    return (image.id.split("/", 1)[-1],)


def _is_only(image: Selectable, term: str) -> bool:
    return term in (image.slug, image.id, image.own_id)


def _nothing(images: Sequence[Selectable], term: str, option: str) -> Problem:
    return error(f"`{option}{term}` matches no image", hint=hint_for(images, term, option))


def hint_for(images: Sequence[Selectable], term: str, option: str = "", others: Sequence[str] = ()) -> str:
    """Say what a name that means nothing may be meant for; `others` are names that would have been right as well."""
    asked = posixpath.normpath(term)
    if any(f"{path}/".startswith(f"{asked}/") for image in images for path in (image.id, image.target)):
        return f"for all below it write `{asked}/*`"
    path, _, name = asked.rpartition("/")
    if beside := [image.own_id for image in images if path and path in _folders(image)]:
        stem = name.removesuffix(".png")
        near = nearest(stem, other_than_by_number(stem, beside))
        return f"did you mean `{path}/{near}{name[len(stem) :]}`?" if near else f"`{path}` has {few_names(beside)}"
    if guess := did_you_mean(asked, other_than_by_number(asked, (*others, *_names(images, option)))):
        return guess
    return "`chargen plan --all` lists all images" if images else "the project plans no images yet"


def _folders(image: Selectable) -> tuple[str, ...]:
    """Return what may stand before an image's own id: its kind and slug, its slug, the folder of its target."""
    return image.id.rpartition("/")[0], image.slug, image.target.rpartition("/")[0]


def _names(images: Sequence[Selectable], option: str) -> Iterable[str]:
    for image in images:
        yield image.id
        if option != "--match ":
            yield image.slug
            yield image.own_id
        if not option:
            yield image.target
            yield image.file
