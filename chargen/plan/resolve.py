"""Which pictures and which words show an entry's characters: from who is depicted to references and descriptions.

Laws: at most two references a character; rejected and archived pictures never, but a planned portrait that is rejected
is made anew and stays the reference; approved ones are preferred, reference portraits next; those chosen stand in the
listed order. A planned portrait is a reference whether it is built yet or not. The place, where it is asked for, comes
after all characters. Pure: whether a file exists and is a picture is asked elsewhere; `describe_instead` then turns its
reference into words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from msgspec import Struct, field

from chargen.errors import Position, Problem, Severity, error, warning
from chargen.model.entries import Character, DepictedCharacter, Entry, InventoryItem, Place
from chargen.model.traced import Traced
from chargen.model.values import EntryId, Status
from chargen.text.names import did_you_mean, other_than_by_number
from chargen.text.prose import as_name, shorten

MOST = 2
"""References of one character: a face and a figure; more crowd out the others."""

APPEARANCE_WORDS = 60
"""Words of a description that stands in for a picture."""

_UNTOLD = "nothing tells what they look like"

_NEVER = frozenset({Status.REJECTED, Status.ARCHIVED})


class WantedPicture(Struct, frozen=True):
    """One picture an entry wants to send along, not looked at yet: its project-relative path.

    Of a planned portrait (`entry_id`) `path` is its target.
    """

    character: str
    path: str
    entry_id: EntryId | None
    position: Position
    """Where it was asked for: the listed id, or the depicted character."""
    looks: Traced | None = None
    """A short description of the character, for where the picture can't be had."""
    name: str = ""
    """Who is on it: as the chapter calls them, else their own file."""
    stands_in: bool = False
    """Nobody listed it: where it can't be had, words do, whatever the settings say."""
    is_place: bool = False
    """It shows no character, but where the image is set."""
    named_at: Position | None = None
    """Where the inventory names the file."""

    @property
    def appearance(self) -> str:
        """The description, for models that take fewer references; empty where none is known."""
        return str(self.looks or "")


class Described(Struct, frozen=True):
    """A character shown by words: `text` is short and named `appearance of SLUG`; empty where none is known."""

    character: str
    name: str
    text: Traced
    position: Position

    @property
    def is_nameless(self) -> bool:
        """True where no file says what they are called: the name is the slug."""
        return self.name == self.character


class Resolution(Struct, frozen=True):
    """What shows an entry's characters, in the order they are depicted; an error among the problems blocks it."""

    references: tuple[WantedPicture, ...] = ()
    described: tuple[Described, ...] = ()
    problems: tuple[Problem, ...] = ()


class _Found(Struct):
    """What is found while the characters are gone through."""

    references: list[WantedPicture] = field(default_factory=list)
    described: list[Described] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    portrait: bool = False


def resolve(
    entry: Entry,
    characters: Mapping[str, Character],
    broken: Mapping[str, Position],
    describe: bool,
    portrait: bool = False,
) -> Resolution:
    """Find the references of an entry. `broken` holds slugs whose character file can't be read, with the place.

    The others are the author's settings. `describe`: words where a named picture can't be had, instead of blocking the
    entry. `portrait`: the character's portrait where the chapter lists no picture that can be used.
    """
    found = _Found(portrait=portrait)
    for depicted in entry.depicts:
        character = characters.get(depicted.slug)
        if character is not None:
            _of_character(entry, depicted, character, describe, found)
        else:
            _of_nobody(depicted, characters, broken, describe, found)
    return Resolution(tuple(found.references), tuple(found.described), tuple(found.problems))


def place_reference(place: Place, name: EntryId, target: str) -> WantedPicture:
    """Return the planned image `name` of a place as a reference; what it is called its own entry tells."""
    position = place.position
    assert position is not None, "a text of an imagery file has a place in it"
    return WantedPicture("", target, name, position, is_place=True)


class Zone(Struct, frozen=True):
    """What is known of a zone of a location that has an imagery file: the entry that shows it, else the whole.

    `unknown` says that the location has none of this name; `hint` then names the nearest, if any is near.
    """

    picture: EntryId | None = None
    unknown: bool = False
    hint: str = ""


def find_zone(zones: Sequence[tuple[str, EntryId]], location: str, overview: EntryId | None, zone: str) -> Zone:
    """Find a zone among those of a location: by its name (with or without the location's before it), else within one.

    Without a zone, or where it is in no name, the overview shows it.
    """
    wanted, own = _plain(zone), f"{_plain(location)}-"
    if not wanted:
        return Zone(overview)
    names = {name: _plain(name) for name, _ in zones}
    exact = next((entry for name, entry in zones if wanted in (names[name], names[name].removeprefix(own))), None)
    if exact is not None:
        return Zone(exact)
    within = ((name, entry) for name, entry in zones if f"-{wanted}-" in f"-{names[name]}-")
    holding = ((name, entry) for name, entry in zones if wanted in names[name])
    name, entry = next(chain(within, holding), ("", overview))
    near = dict.fromkeys((*names, *(known.removeprefix(own) for known in names.values())))
    return Zone(
        entry,
        unknown=True,
        hint=f"did you mean `{name}`?" if name else did_you_mean(zone, other_than_by_number(zone, near)),
    )


def unknown_zone(place: Place, zone: Zone) -> Problem:
    """Return the warning of a zone that its location has not."""
    return warning(f"location `{place.location}` has no zone `{place.zone}`", place.position, zone.hint)


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(" ", "-")


def describe_instead(reference: WantedPicture, characters: Mapping[str, Character]) -> Described:
    """Return the words that stand in for a reference whose picture can't be had."""
    character = characters.get(reference.character)
    name = character.name if character else reference.character
    return _described(reference.character, name, reference.looks, reference.position)


def appearance_of(character: Character) -> Traced | None:
    """Return the first sentences of a character's appearance on one line, named `appearance of SLUG`."""
    if character.appearance is None or not (text := shorten(character.appearance, APPEARANCE_WORDS)):
        return None
    return Traced.of(text, f"appearance of {character.slug}", character.appearance.position)


def _of_nobody(
    depicted: DepictedCharacter,
    characters: Mapping[str, Character],
    broken: Mapping[str, Position],
    describe: bool,
    found: _Found,
) -> None:
    """Handle a character without a character file that can be read."""
    slug, place = depicted.slug, broken.get(depicted.slug)
    if place is not None:
        make = warning if describe else error
        hint = f'fix {place.file}, or set `missing_references = "describe"`'
        found.problems.append(make(f"the character file of `{slug}` can't be read: {place}", depicted.position, hint))
    elif depicted.looks is None:
        hint = (
            did_you_mean(slug, other_than_by_number(slug, characters))
            or "write a character file with this `slug`, or leave them out here"
        )
        found.problems.append(warning(f"`{slug}` has no character file: {_UNTOLD}", depicted.position, hint))
    if place is None or describe:
        found.described.append(_described(slug, depicted.name or slug, depicted.looks, depicted.position))


def _of_character(
    entry: Entry, depicted: DepictedCharacter, character: Character, describe: bool, found: _Found
) -> None:
    wanted = _wanted(depicted, character)
    looks, name = depicted.looks or appearance_of(character), depicted.name or character.name
    called = as_name(name) if name == character.slug else name
    stands_in = None if wanted else _portrait(entry, depicted, character)
    sent = stands_in if found.portrait and stands_in is not None and stands_in.path is not None else None
    problems = list(_unusable_ids(depicted, character, describe, sent, any_other=bool(wanted)))
    if sent is not None and sent.path is not None:
        place = depicted.declared_at or depicted.position
        names = character.slug, sent.path, sent.entry_id
        found.references.append(WantedPicture(*names, place, looks, called, stands_in=True, named_at=sent.position))
        found.problems.extend(problems)
        return
    usable = [(item, place) for item, place in wanted if item.entry_id is None or item.entry_id != entry.id]
    itself = len(usable) < len(wanted)
    best = sorted(usable, key=lambda pair: (not pair[0].is_kept, not pair[0].is_reference_portrait))[:MOST]
    unusable = [
        _no_file(item, place, describe) for item, place in usable if item.path is None and (item, place) in best
    ]
    known = len(found.references)
    for item, place in (pair for pair in usable if pair in best):
        if item.path is not None:
            names = character.slug, item.path, item.entry_id
            found.references.append(WantedPicture(*names, place, looks, called, named_at=item.position))
    problems += unusable
    found.problems.extend(problems)
    # Words stand in for an unknown id also where it blocks a new picture: one that was made so stays current.
    if len(found.references) > known or any(problem.severity is Severity.ERROR for problem in unusable):
        return
    if not problems and not itself and depicted.looks is None and not depicted.no_portrait:
        found.problems.append(_nothing_listed(depicted, character, stands_in))
    found.described.append(_described(character.slug, name, looks, depicted.position))


def _wanted(depicted: DepictedCharacter, character: Character) -> list[tuple[InventoryItem, Position]]:
    """Return the items asked for that may be used, in the listed order, each once."""
    if depicted.reference_ids is None:
        usable = [item for item in character.inventory if item.is_reference_portrait and not _is_out(item)]
        usable.sort(key=lambda item: not item.is_kept)
        return [(item, depicted.position) for item in usable[:1]]
    known = {item.id: item for item in character.inventory}
    wanted: dict[str, tuple[InventoryItem, Position]] = {}
    for listed in depicted.reference_ids:
        item = known.get(listed)
        if item is not None and not _is_out(item):
            wanted.setdefault(item.id, (item, listed.position or depicted.position))
    return list(wanted.values())


def _unusable_ids(
    depicted: DepictedCharacter, character: Character, describe: bool, sent: InventoryItem | None, *, any_other: bool
) -> Iterator[Problem]:
    """Yield what is wrong with listed ids that can't be used; `sent` is the portrait that stands in for all of them."""
    known = {item.id: item for item in character.inventory}
    for listed in depicted.reference_ids or ():
        item, place = known.get(listed), listed.position or depicted.position
        if item is None:
            yield _unknown_id(character, listed, place, describe, sent, any_other=any_other)
        elif _is_out(item):
            status = item.status.value if item.status else ""
            yield warning(f"the picture `{listed}` of `{character.slug}` is {status}: not used", place)


def _unknown_id(
    character: Character, listed: str, place: Position, describe: bool, sent: InventoryItem | None, *, any_other: bool
) -> Problem:
    """Return the problem of a listed id that the inventory has not: what is sent without it is paid for twice."""
    message = f"`{character.slug}` has no picture `{listed}` in the inventory"
    hint = did_you_mean(listed, [item.id for item in character.inventory])
    if listed.strip().lower() == "none":
        hint = "write `reference_images: none`, not in a list, where no picture of them is to go along"
        return (warning if describe else error)(message, place, hint)
    near = bool(hint)
    if not near:
        hint = f"the inventory of `{character.slug}` stands in {character.file}"
    if sent is not None:
        return warning(f"{message}: `{sent.id}` goes along instead", place, hint)
    if describe:
        return warning(message, place, hint)
    if not near:
        instead = "what else is listed" if any_other else "a description instead"
        hint += f'; `missing_references = "describe"` sends {instead}'
    return error(message, place, hint)


def _portrait(entry: Entry, depicted: DepictedCharacter, character: Character) -> InventoryItem | None:
    """Return the picture that shows a character for whom none is listed: the reference portrait, else a `portrait`."""
    if depicted.no_portrait:
        return None
    usable = [item for item in character.inventory if not _is_out(item) and item.path is not None]
    usable = [item for item in usable if item.entry_id is None or item.entry_id != entry.id]
    marked = [item for item in usable if item.is_reference_portrait] or [item for item in usable if _is_named(item)]
    return min(marked, key=lambda item: not item.is_kept, default=None)


def _is_named(item: InventoryItem) -> bool:
    """Say whether a picture is called `portrait`."""
    stem = (item.path or "").rpartition("/")[2].rpartition(".")[0]
    return "portrait" in (item.id.lower(), stem.lower())


def _is_out(item: InventoryItem) -> bool:
    """Say whether a picture may never be sent. A rejected portrait that is planned is made anew, and then it may."""
    return item.status in _NEVER and (item.entry_id is None or item.status is not Status.REJECTED)


def _no_file(item: InventoryItem, place: Position, describe: bool) -> Problem:
    """Return the problem of an item that names no file that can be used."""
    reason = next((problem.message for problem in item.problems), "it has neither a `path` nor a `prompt_used`")
    problem = warning if describe else error
    hint = f'fix it in {item.position}, or set `missing_references = "describe"`'
    return problem(f"the picture `{item.id}` can't be used: {reason}", place, hint)


def _nothing_listed(depicted: DepictedCharacter, character: Character, portrait: InventoryItem | None) -> Problem:
    instead = "sent as a description only" if appearance_of(character) else f"without an `appearance` {_UNTOLD}"
    if depicted.reference_ids is None:
        message = f"`{character.slug}` has no reference portrait: {instead}"
        hint = f"mark one of the pictures in {character.file} with `is_reference_portrait: true`"
        hint = hint if character.inventory else f"write one into the `image_inventory` of {character.file}"
    else:
        message = f"`{character.slug}` has no portrait listed here: {instead}"
        hint = f"list ids of {character.file} in the chapter's `reference_images`, or write `none` there"
        if not character.inventory:
            hint = (
                f"write one into the `image_inventory` of {character.file} and list its id here, or write `none` here"
            )
    if portrait is not None:
        hint += f'; `empty_references = "portrait"` sends `{portrait.id}`'
    return warning(message, depicted.declared_at or depicted.position, hint)


def _described(slug: str, name: str, text: Traced | None, position: Position) -> Described:
    return Described(slug, name, text or Traced.of("", f"appearance of {slug}", position), position)
