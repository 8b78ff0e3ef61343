"""What the YAML parser's complaint means to an author: the place to look at, and the next step.

The parser notices many mistakes a line too late, or names them in its own words. Laws: an answer is an index into the
text, never the parser's line and column (it counts U+2028 and U+0085 as line ends); no answer blames a place after the
one the parser stopped at. Pure; knows nothing of what the keys mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress

from msgspec import Struct
from ruamel.yaml.cyaml import CBaseLoader
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import ScalarEvent

from chargen.yaml.parser import read_screened
from chargen.yaml.tree import line_start

_LOOK_BACK = 12
"""Lines looked through for the cause of a mistake: a forgotten blank is near what it breaks."""

_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
_GLUED_KEY = re.compile(r"[ ]*(?:- +)*[A-Za-z_][\w.-]*(?P<colon>:)(?P<value>[^\s/:,\]}][^\r\n]*)")
_GLUED_DASH = re.compile(r"[ ]*(?P<dash>-)(?P<value>[^\s-][^\r\n]*)")
_KEY = re.compile(r"[ ]*(?:- +)*[\w.'\"-]+ *:(?P<value>\s[^\r\n]*)?(?:\r|\n|$)")
_FLOW = re.compile(
    r"(?P<before>[ ]*(?:- +)*)(?P<key>[\w.'\"-]+ *:) +(?P<value>\[[^\r\n#]*\]|\{[^\r\n#]*\}) *(?:#[^\r\n]*)?(?:\r|\n|$)"
)
_SIGNED = re.compile(r"[*&][\w-]{1,60}")
_LINE_END = re.compile(r"\r\n|\n|\r")
_INNER_COLON = re.compile(r":(?= |\r|\n|$)")


class Mistake(Struct, frozen=True):
    """A mistake at `index` of the text, as a sentence, with the next step."""

    index: int
    message: str
    hint: str = ""


class _Failure(Struct, frozen=True):
    """What the parser said: its words, and where it began (`context_index`) and stopped (`index`)."""

    text: str
    problem: str
    context_index: int
    index: int


def explain(text: str, failure: YAMLError) -> Mistake:
    """Turn the parser's `failure` over `text` into the mistake an author can find and mend."""
    if unreadable := _UNREADABLE.search(text):
        return Mistake(
            unreadable.start(),
            f"the control character U+{ord(unreadable[0]):04X} is not allowed in YAML",
            f'delete it, or write it as an escape between double quotes: `"\\u{ord(unreadable[0]):04x}"`',
        )
    mark = getattr(failure, "problem_mark", None)
    context_mark = getattr(failure, "context_mark", None) or mark
    said = _Failure(
        text,
        str(getattr(failure, "problem", None) or failure),
        min(context_mark.index, len(text)) if context_mark else 0,
        min(mark.index, len(text)) if mark else 0,
    )
    if (mistake := _left_open(said)) is not None:
        return mistake
    for pattern, reader in _READERS:
        if pattern in said.problem and (mistake := reader(said)) is not None:
            return mistake
    return Mistake(said.index, f"not valid YAML: {said.problem}")


def _left_open(said: _Failure) -> Mistake | None:
    """Find the quoted text of several lines that ends right before the place: most likely it was to end above."""
    scalar = _last_scalar(said.text)
    if scalar is None or scalar.style not in ('"', "'"):
        return None
    start, end, quote = scalar.start_mark.index, scalar.end_mark.index, scalar.style
    follows = (at for at in (said.index, said.context_index) if at >= end and not said.text[end:at].strip(" \t"))
    if not any(follows) or _LINE_END.search(said.text, start, end) is None:
        return None
    line = len(_LINE_END.findall(said.text, 0, end)) + 1
    message = f"the text that this `{quote}` opens ends at the `{quote}` of line {line}, and more follows there"
    inside = '`\\"`' if quote == '"' else "`''`"
    return Mistake(
        start, message, f"close it where it ends: a quote is missing; or write a quote inside it as {inside}"
    )


def _last_scalar(text: str) -> ScalarEvent | None:
    """Return the scalar that the parser read last before it failed; None where it was something else."""
    last: list[object] = []

    def read(screened: str) -> None:
        loader = CBaseLoader(screened)
        while loader.check_event():
            last[:] = [loader.get_event()]

    with suppress(YAMLError):
        read_screened(text, read)
    return last[0] if last and isinstance(last[0], ScalarEvent) else None


def _tab(said: _Failure) -> Mistake | None:
    if said.text[said.index : said.index + 1] != "\t" and "tab" not in said.problem:
        return None
    return Mistake(said.index, "a tab is used for indentation", "indent with spaces: YAML does not allow tabs there")


def _reserved(said: _Failure) -> Mistake:
    character = said.text[said.index : said.index + 1]
    return Mistake(said.index, f"a value can't begin with `{character}`", "put the whole value between quotes")


def _sign(said: _Failure) -> Mistake | None:
    """Find the `*`, `&`, `!`, `- ` or `? ` of a text that begins like one of YAML's own signs: `*bold* words`."""
    for index in (said.context_index, said.index):
        if (sign := said.text[index : index + 1]) in set("*&!-?"):
            return Mistake(index, f"a text can't begin with `{sign}`", "put the whole value between quotes")
    return None


def _glued(said: _Failure) -> Mistake | None:
    """Find the missing blank (`key:value`, `-item`) that made the parser stop here or somewhat later."""
    limit = max(said.index, said.context_index)
    for start in _lines_back(said.text, limit):
        if match := _GLUED_KEY.match(said.text, start):
            value = match["value"]
            shown = value if len(value) <= 20 else value[:20] + "..."
            key = match[0][: match.start("value") - start].strip(" -")
            return Mistake(
                match.start("colon"), f"a blank is missing after the colon of `{key}`", f"write `{key} {shown}`"
            )
        if start <= said.context_index and (match := _GLUED_DASH.match(said.text, start)):
            return Mistake(match.start("dash"), "a blank is missing after the dash", f"write `- {match['value'][:20]}`")
        if start < line_start(said.text, said.context_index) and _KEY.match(said.text, start):
            return None
    return None


def _no_colon(said: _Failure) -> Mistake:
    if mistake := _glued(said):
        return mistake
    return Mistake(
        said.context_index,
        "this line is no `key: value` and belongs to no value above it",
        "write `key: value`, or indent the line deeper than the key whose text it continues",
    )


def _second_colon(said: _Failure) -> Mistake:
    start = line_start(said.text, said.index)
    before = said.text[start : said.index]
    if _INNER_COLON.search(before):
        return Mistake(
            said.index, "`: ` inside a value that is not quoted", "put the whole value of this key between quotes"
        )
    if mistake := _glued(said):
        return mistake
    return Mistake(
        start + len(before) - len(before.lstrip(" ")),
        "a key is not expected here: the line above is still being read as a value",
        "check the indentation of this line, and that the line above has a colon or its quotes",
    )


def _quotes(said: _Failure) -> Mistake | None:
    start = line_start(said.text, said.index)
    before = said.text[start : said.index].rstrip(" ")
    if before.endswith("'"):
        return Mistake(
            said.index, "text follows the closing `'`", "inside single quotes write a quote twice: `'it''s'`"
        )
    if before.endswith('"'):
        return Mistake(said.index, 'text follows the closing `"`', 'inside double quotes write a quote as `\\"`')
    if before[-1:] in ("}", "]"):
        return Mistake(said.index, f"text follows the closing `{before[-1]}`", "put the whole value between quotes")
    return None


def _closed(said: _Failure) -> Mistake | None:
    """Find the `[]` or `{}` on the line above that has its items below it: they were comments until then."""
    above = list(_lines_back(said.text, said.index))[1:2]
    match = _FLOW.match(said.text, above[0]) if above else None
    if match is None:
        return None
    column, of_key = said.index - line_start(said.text, said.index), len(match["before"])
    if column < of_key or (column == of_key and said.text[said.index] != "-"):
        return None
    value = match["value"]
    step = f"remove the `{value}`" if len(value) == 2 else "write all of it on this line, or all of it below"
    return Mistake(match.start("value"), f"`{match['key']} {value}` is closed already, and more follows below it", step)


def _misplaced(said: _Failure) -> Mistake:
    if mistake := _quotes(said) or _closed(said):
        return mistake
    return Mistake(
        said.index,
        "this line does not fit the lines above it",
        "check its indentation: the keys of one mapping, and the dashes of one list, stand in one column",
    )


def _open_quote(said: _Failure) -> Mistake:
    quote = said.text[said.context_index : said.context_index + 1]
    return Mistake(said.context_index, f"the quote {quote} opened here is never closed", "close it, or double it")


def _open_bracket(said: _Failure) -> Mistake:
    opened = said.text[said.context_index : said.context_index + 1]
    if "\n" in said.text[said.context_index : said.index] and opened in "[{":
        return Mistake(said.context_index, f"the `{opened}` opened here is not closed", "close it, or quote the text")
    return Mistake(
        said.index,
        f"in the list or map that `{opened}` opens, a comma or its end is missing",
        "add it, or quote the text",
    )


def _never_closed(said: _Failure) -> Mistake | None:
    """Find the bracket at the end of a file that nothing follows."""
    opened = said.text[: said.index].rstrip()
    if opened[-1:] not in ("[", "{", ","):
        return None
    return Mistake(len(opened) - 1, f"after this `{opened[-1]}` the file ends", "close the list or the map")


def _after_the_end(said: _Failure) -> Mistake | None:
    if not re.search(r"^\.\.\.\s*$", said.text[: said.index], re.MULTILINE):
        return None
    return Mistake(said.index, "text follows the end of the document (`...`)", "take the line `...` out, or the text")


def _alias(said: _Failure) -> Mistake:
    name = _written(said)
    return Mistake(
        said.index,
        f"the alias `{name}` names no anchor above it",
        f"put the whole value between quotes if it is meant as text; else write `&{name[1:]}` at what it stands for",
    )


def _anchor(said: _Failure) -> Mistake:
    return Mistake(said.index, f"the anchor `{_written(said)}` is used twice", "give one of the two another name")


def _written(said: _Failure) -> str:
    """Return the alias or anchor that stands at the place, with its sign."""
    found = _SIGNED.match(said.text, said.index)
    return found[0] if found else ""


def _always(message: str, hint: str) -> Callable[[_Failure], Mistake]:
    """Return the reader of words that mean one thing, where the parser stopped."""
    return lambda said: Mistake(said.index, message, hint)


_CODE = _always(
    "what follows `\\x`, `\\u` or `\\U` between double quotes is no letter's code",
    "write a backslash as `\\\\`, or use single quotes; write a letter of two codes as it is",
)

_READERS: tuple[tuple[str, Callable[[_Failure], Mistake | None]], ...] = (
    ("tab character", _tab),
    ("found character that cannot start any token", _tab),
    ("found character that cannot start any token", _reserved),
    ("could not find expected ':'", _no_colon),
    ("mapping values are not allowed", _second_colon),
    ("found unexpected end of stream", _open_quote),
    ("found unexpected document indicator", _open_quote),
    (
        "found unexpected ':'",
        _always("a blank is missing after this colon", "write `key: value`, or quote the text"),
    ),
    ("did not find expected key", _misplaced),
    ("did not find expected '-' indicator", _misplaced),
    ("did not find expected ',' or", _open_bracket),
    ("did not find expected alphabetic", _sign),
    ("did not find the expected '>'", _sign),
    ("block sequence entries are not allowed", _sign),
    ("mapping keys are not allowed", _sign),
    ("did not find expected node content", _never_closed),
    ("did not find expected <document start>", _after_the_end),
    (
        "unknown escape",
        _always("unknown escape after `\\` between double quotes", "write a backslash as `\\\\`, or use single quotes"),
    ),
    ("hexdecimal number", _CODE),
    ("Unicode character escape code", _CODE),
    ("undefined alias", _alias),
    ("second occurrence", _anchor),
    (
        "but found another document",
        _always("a second YAML document begins here", "keep one document in a file: remove this `---`"),
    ),
)
"""Words of the parser, and who reads them; the first that has an answer gives it."""


def _lines_back(text: str, index: int) -> Iterator[int]:
    """Yield where the line of `index` starts, then the lines before it, blank and comment lines left out."""
    start = line_start(text, index)
    for _ in range(_LOOK_BACK):
        line = text[start : start + 200].lstrip(" \t")
        if line and line[0] not in "\r\n#":
            yield start
        if start == 0:
            return
        start = line_start(text, start - 1)
