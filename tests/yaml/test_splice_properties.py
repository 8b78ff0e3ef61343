"""Properties of the splice over generated author files, checked with a parser the program does not use."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from support.splicing import splice

from chargen.errors import InputError
from chargen.model.slots import AppendSlot, SetSlots
from chargen.yaml.document import parse
from chargen.yaml.splice import EditableText, SpliceError

QUICK = settings(max_examples=120)


@dataclass(frozen=True)
class Field:
    """One key of an entry: what follows its colon, the part of it that is the value, and lines that come after."""

    key: str
    before: str
    value: str
    comment: str
    after: str


@dataclass(frozen=True)
class Book:
    """A generated file: its entries' fields, how it is indented, and how its lines end."""

    entries: tuple[tuple[Field, ...], ...]
    dash: int
    line_break: str
    bom: bool
    final: bool
    banner: str

    def text(self) -> str:
        """Return the file's text without byte order mark."""
        parts = [self.head()]
        for number, _ in enumerate(self.entries):
            parts.append(self.entry(number))
        return self.finished("".join(parts))

    def head(self) -> str:
        """Return what stands before the first entry."""
        return "# a book\nmetadata:\n  slug: ch01\nshared: [&one 1, &map {hue: red}]\nimages:\n"

    def entry(self, number: int, upto: int | None = None) -> str:
        """Return an entry's lines, or those of its first fields."""
        lines = " " * self.dash + f"- custom_id: img-{number}\n"
        for field in self.entries[number][:upto]:
            lines += self.line(field) + "\n" + field.after
        return lines + (self.banner if upto is None else "")

    def line(self, field: Field) -> str:
        """Return the lines of one field, without the last line end."""
        written = f"{field.key}:{field.before}{field.value}{field.comment}"
        return "\n".join(self.indent() + line if line.strip() else line for line in written.split("\n"))

    def indent(self) -> str:
        """Return the blanks before an entry's keys."""
        return " " * (self.dash + 2)

    def finished(self, text: str) -> str:
        """Give a text the file's line ends; without final newline if the file has none."""
        if not self.final:
            text = text.rstrip("\n")
        return text.replace("\n", self.line_break)

    def data(self, text: str | None = None) -> bytes:
        """Return the file's bytes."""
        return (("\ufeff" if self.bom else "") + (self.text() if text is None else text)).encode()


WORDS = st.sampled_from(
    ["fog", "lantern", "a door", "it is", "caf\u00e9", "\u732b", "\U0001f600 smile", "x-1", "1024x768"]
)
PLAIN_FORMS = st.one_of(
    st.sampled_from(["null", "~", "{}", "[]", "[ ]", "true", "12", "*one", "&here fog", "!!str fog", "2026-01-02"]),
    WORDS,
    WORDS.map(lambda text: f"'{text}'"),
    WORDS.map(lambda text: f'"{text}"'),
    st.lists(WORDS, min_size=1, max_size=3).map(lambda texts: "[" + ", ".join(f'"{text}"' for text in texts) + "]"),
    WORDS.map(lambda text: f"{{a: '{text}', b: [x, *map]}}"),
    WORDS.map(lambda text: f"[a,\n    # inside\n    '{text}'\n  ]"),
    WORDS.map(lambda text: f'"{text}\n\n    {text}"'),
    WORDS.map(lambda text: f"fog\n    {text}"),
)
COMMENTS = st.sampled_from(["", "", "", " # c", "   # it's [a] {c}: 'd'"])
AFTER = st.sampled_from(["", "", "\n", "  # note\n", "\n# banner --- : [\n\n", "      # deep\n", "   \n"])


@st.composite
def fields(draw: st.DrawFn, key: str) -> Field:
    """Generate one key with a value in any form."""
    form = draw(st.sampled_from(["plain", "plain", "empty", "literal", "block"]))
    after = draw(AFTER)
    if form == "empty":
        return Field(key, "", "", draw(st.sampled_from(["", " ", "  ", " # c"])), after)
    if form == "plain":
        return Field(key, draw(st.sampled_from([" ", "  "])), draw(PLAIN_FORMS), draw(COMMENTS), after)
    text = draw(WORDS)
    if form == "literal":
        header = draw(st.sampled_from(["|", ">", "|-", ">-", "|+", "|2", ">2-"]))
        body = draw(
            st.sampled_from([f"\n  {text}", f"\n  {text}\n\n  # text\n  {text}", f"\n  {text}\n    deeper", ""])
        )
        return Field(key, " ", header + body, "", "" if "deep" in after or after == "   \n" else after)
    body = draw(
        st.sampled_from(
            [
                f"\n  a: '{text}'\n\n  b:\n    - c",
                f"\n  - '{text}'\n  - b: c\n    d: |\n      e",
                f"\n- '{text}'\n-\n- *map",
                "\n  <<: *map\n  f: 1",
                "\n  # first\n  g: # h\n    i: j",
                " &there\n  k: l",
            ]
        )
    )
    return Field(key, "", body, draw(COMMENTS) if body.endswith(("'", "l", "j", "1")) else "", after)


@st.composite
def books(draw: st.DrawFn) -> Book:
    """Generate a file of one to three entries."""
    entries = []
    for _ in range(draw(st.integers(1, 3))):
        keys = draw(st.lists(st.sampled_from(["model", "size", "notes", "meta", "tags"]), unique=True, max_size=5))
        entries.append(tuple([draw(fields(key)) for key in keys]))
    return Book(
        tuple(entries),
        draw(st.sampled_from([0, 2, 4])),
        draw(st.sampled_from(["\n", "\r\n"])),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.sampled_from(["", "\n", "\n# --- next ---\n\n"])),
    )


TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS)
VALUES = st.one_of(
    SCALARS,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    ),
)

OBJECTS = st.dictionaries(TEXTS, VALUES, min_size=1, max_size=3)


def loaded(data: bytes) -> Any:
    """Read YAML with ruamel's own pure parser."""
    return YAML(typ="safe", pure=True).load(data.decode())


def accepted(book: Book) -> EditableText:
    """Open a generated file that is valid and has each anchor once."""
    try:
        return EditableText.parse(book.data(), "book.yaml")
    except InputError:
        assume(False)
        raise


@QUICK
@given(books(), st.data())
def test_a_value_is_replaced_and_nothing_else(book: Book, data: st.DataObject) -> None:
    """Replacing one value changes only the text between its colon and what follows it, and only its meaning."""
    opened = accepted(book)
    number = data.draw(st.integers(0, len(book.entries) - 1))
    assume(book.entries[number])
    place = data.draw(st.integers(0, len(book.entries[number]) - 1))
    field, value = book.entries[number][place], data.draw(VALUES)
    found = opened.apply([SetSlots(("images", number), {field.key: value})]).data
    start = book.head() + "".join(book.entry(n) for n in range(number)) + book.entry(number, place)
    before = start + book.indent() + field.key + ":"
    assert found.startswith(book.data(before.replace("\n", book.line_break)))
    rest = book.text()[len((start + book.line(field)).replace("\n", book.line_break)) :]
    assert found.decode().endswith(rest)
    assert field.comment.strip() in found.decode()[len(before) :]
    wanted = loaded(book.data())
    wanted["images"][number][field.key] = value
    assert loaded(found) == wanted


@QUICK
@given(books(), st.data())
def test_a_missing_key_is_inserted_and_nothing_else(book: Book, data: st.DataObject) -> None:
    """Inserting keys leaves all the author's text, in front of and behind the new lines."""
    opened = accepted(book)
    number = data.draw(st.integers(0, len(book.entries) - 1))
    values = data.draw(st.dictionaries(st.sampled_from(["file_path", "provider", "record"]), VALUES, min_size=1))
    found = opened.apply([SetSlots(("images", number), values)]).data
    before, after = book.data(), found
    common = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    added = len(after) - len(before)
    assert any(before[n:] == after[n + added :] for n in range(common, max(-1, common - 400), -1))
    wanted = loaded(before)
    wanted["images"][number].update(values)
    assert loaded(after) == wanted
    assert after.count(b"\r\n") == (after.count(b"\n") if book.line_break == "\r\n" else 0)
    assert splice(after, "book.yaml", [SetSlots(("images", number), values)]) == after


@QUICK
@given(
    books(), st.lists(st.tuples(st.integers(0, 2), st.dictionaries(TEXTS, VALUES, min_size=1, max_size=3)), max_size=4)
)
def test_objects_are_appended_in_order(book: Book, wishes: list[tuple[int, dict[str, Any]]]) -> None:
    """Many appends to several entries give the lists they mean, and change no other meaning."""
    opened = accepted(book)
    wanted = loaded(book.data())
    edits = []
    for number, value in wishes:
        entry = wanted["images"][number % len(book.entries)]
        held = entry.setdefault("generated_images", [])
        if not held or held[-1] != value or isinstance(held[-1], bool) or repr(held[-1]) != repr(value):
            held.append(copy.deepcopy(value))
        edits.append(AppendSlot(("images", number % len(book.entries)), "generated_images", value))
    found = opened.apply(edits)
    assert loaded(found.data) == wanted
    assert found.apply(edits[-1:]) is found if edits else found is opened


@QUICK
@given(books())
def test_opening_a_file_and_setting_nothing_keeps_every_byte(book: Book) -> None:
    """A file that is opened is the bytes it was; so it is when every value is set to what it means already."""
    opened = accepted(book)
    assert opened.data == book.data()
    tree = loaded(book.data())
    for number, entry in enumerate(tree["images"]):
        own = {"custom_id": entry["custom_id"]}
        own |= {field.key: None for field in book.entries[number] if field.value in ("null", "~", "")}
        assert opened.apply([SetSlots(("images", number), own)]) is opened


SIGNS = "ab:-?[]{},#&*!|>'\"% \n\t\r\u2028"


@settings(max_examples=1500)
@given(
    st.text(st.sampled_from("ab:-?[]{},#&*!|>'\"% \n\t\r\u2028"), max_size=40), st.sampled_from([(), ("a",), ("a", 0)])
)
@example("a: |\n  b", ("a",))
@example("a:\n- b: |\n   b", ("a", 0))
@example("{a: {b}}", ("a",))
def test_any_text_is_edited_exactly_or_refused(text: str, path: tuple[str | int, ...]) -> None:
    """Whatever the text: it is unreadable, or refused unchanged, or the outcome has the value and all the old text."""
    try:
        opened = EditableText.parse(text.encode(), "f")
    except InputError:
        return
    assert opened.data == text.encode()
    try:
        found = opened.apply([SetSlots(path, {"model": "m"})])
    except SpliceError:
        return
    after = parse(found.data, "f")
    assert after.root is not None
    left = iter(found.data.decode().removeprefix("\ufeff"))
    assert all(character in left for character in text), "a character of the author's is gone"
    assert found.apply([SetSlots(path, {"model": "m"})]) is found
