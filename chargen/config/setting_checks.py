"""One check for each kind of value a setting can have, and the list of what was found wrong.

Law: a check returns the checked value, or None after noting a problem with its place; no message repeats a text from
the file, because a key may stand there. Pure; knows nothing of which settings exist.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

from chargen.config.layout import STATE
from chargen.config.toml_positions import KeyPath, key_positions, position_of
from chargen.errors import Position, Problem, error
from chargen.model.amounts import LARGEST_AMOUNT
from chargen.model.traced import Traced
from chargen.model.values import Size
from chargen.text.names import did_you_mean

KEYS_HINT = "keys come from the environment only: remove it from this file"
LEAST_PROMPT, MOST_PROMPT = 200, 100_000
MAX_WORKERS = 256
"""More requests at once than any known account may send; a larger number is a typing error."""
OTHERS_FOLDERS = frozenset({STATE, ".git"})
"""Folders that a program keeps for itself: this one, and git."""
BARE = re.compile(r"[A-Za-z0-9_-]+")

_KEY_NAME = re.compile(r"key|token|secret|password|credential|authorization", re.IGNORECASE)
_KEY_VALUE = re.compile(r"\s*(?:sk-|AIza|Bearer )", re.IGNORECASE)
_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_STORE_URL = re.compile(r"(?:s3|gs|az)://[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)+/?")
_KINDS = {bool: "a boolean", str: "a text", list: "a list", dict: "a table"}

_Choice = TypeVar("_Choice", bound=Enum)
_Value = TypeVar("_Value")
Check: TypeAlias = Callable[[KeyPath, Any], _Value | None]


def dotted(path: KeyPath) -> str:
    """Write a path as TOML does, item numbers left out: `providers.openai.fail`."""
    parts = (part for part in path if isinstance(part, str))
    return ".".join(part if BARE.fullmatch(part) else f'"{part}"' for part in parts)


class SettingChecks:
    """Checks values below one table of a TOML text and collects the problems; paths count from that table.

    `homes` are the tables that settings belong to, by name: one that stands in another table is told its own.
    """

    def __init__(self, text: str, file: str, table: KeyPath, homes: Mapping[str, str] | None = None) -> None:
        self.file = file
        self.table_path = table
        self.positions = key_positions(text, file)
        self.problems: list[Problem] = []
        self.homes = homes or {}
        """For each setting the table it belongs to."""

    def at(self, path: KeyPath) -> Position:
        """Say where `path` stands, or else what is closest around it."""
        return position_of(self.positions, (*self.table_path, *path), self.file)

    def wrong(self, path: KeyPath, message: str, hint: str = "") -> None:
        """Note a problem at `path`."""
        self.problems.append(error(message, self.at(path), hint))

    def must(self, path: KeyPath, what: str, hint: str = "") -> None:
        """Note that the value at `path` is not what it must be."""
        self.wrong(path, f"`{dotted(path)}` must {what}", hint)

    def unknown(self, table: Mapping[str, Any], known: Collection[str], path: KeyPath = ()) -> None:
        """Note every key of the table at `path` that is not known; one that looks like a provider's key by name."""
        for key in table:
            if key in known:
                continue
            if _KEY_NAME.search(key):
                self.wrong((*path, key), f"`{dotted((*path, key))}` is no setting", KEYS_HINT)
            elif _KEY_VALUE.match(key):
                self.wrong((*path, key), "what looks like a provider's key stands in this file", KEYS_HINT)
            else:
                hint = self.home_of(key, path) or did_you_mean(key, known)
                hint = hint or f"known are {', '.join(f'`{name}`' for name in known)}"
                self.wrong((*path, key), f"unknown setting `{dotted((*path, key))}`", hint)

    def home_of(self, key: str, path: KeyPath = ()) -> str:
        """Say where a setting belongs that stands in the table at `path`; empty for what is none, or not had there."""
        home = self.homes.get(key, "")
        of_provider = home.startswith("tool.chargen.providers.")
        if of_provider and len(path) > 1 and path[0] == "providers":
            return ""
        if len(path) > 1 and path[0] == "tiers" and key in ("model", "quality"):
            home = f"tool.chargen.tiers.{path[1]}.providers.NAME"
        if home.endswith(f".{key}"):
            return f"its table is `[{home}]`"
        return f"`{key}` belongs under `[{home}]`: write it directly below that line" if home else ""

    def table(self, parent: Mapping[str, Any], path: KeyPath) -> Mapping[str, Any]:
        """Return the table at `path`, the last key of which is looked up in `parent`; empty where there is none."""
        value = parent.get(str(path[-1]), {})
        if isinstance(value, Mapping):
            return value
        self.must(path, f"be a table, not {_kind(value)}", self.home_of(str(path[-1])) if len(path) > 1 else "")
        return {}

    def one(self, table: Mapping[str, Any], path: KeyPath, check: Check[_Value], default: _Value) -> _Value:
        """Return the checked value of the last key of `path` in `table`, or the default."""
        checked = self.maybe(table, path, check)
        return default if checked is None else checked

    def maybe(self, table: Mapping[str, Any], path: KeyPath, check: Check[_Value]) -> _Value | None:
        """Return the checked value of the last key of `path` in `table`, or None."""
        key = str(path[-1])
        return check(path, table[key]) if key in table else None

    def several(
        self, table: Mapping[str, Any], path: KeyPath, check: Check[_Value], default: tuple[_Value, ...] = ()
    ) -> tuple[_Value, ...]:
        """Return the checked items of a list, each once, or the default."""
        key = str(path[-1])
        if key not in table:
            return default
        value = table[key]
        if not isinstance(value, list):
            self.must(path, f"be a list, not {_kind(value)}", f'write `{key} = ["..."]`')
            return default
        checked = [check((*path, number), item) for number, item in enumerate(value)]
        return tuple(dict.fromkeys(item for item in checked if item is not None))

    def text(self, path: KeyPath, value: Any) -> str | None:
        """Check for any text but a provider's key."""
        if not isinstance(value, str):
            self.must(path, f"be a text, not {_kind(value)}")
            return None
        if _KEY_VALUE.match(value):
            self.wrong(path, f"`{dotted(path)}` looks like a provider's key", KEYS_HINT)
            return None
        return value

    def traced(self, path: KeyPath, value: Any) -> Traced | None:
        """Check for any text, and keep where it stands."""
        text = self.text(path, value)
        return None if text is None else Traced.of(text, str(path[-1]), self.at(path))

    def name(self, path: KeyPath, value: Any) -> str | None:
        """Check for a text that is not empty and has no blanks around it."""
        text = self.text(path, value)
        if text is not None and (not text or text != text.strip()):
            self.must(path, "be a text that is not empty and has no blanks around it")
            return None
        return text

    def folder(self, path: KeyPath, value: Any) -> str | None:
        """Check for a folder below the project's own."""
        text = self.name(path, value)
        if text is None:
            return None
        pure = PurePosixPath(text)
        outside = pure.is_absolute() or PureWindowsPath(text).anchor or ".." in pure.parts
        if outside or "\\" in text or "\0" in text or not pure.parts:
            hint = "write it relative to this file's folder, with `/` and without `..`"
            self.must(path, "be a folder inside the project", hint)
            return None
        if not text.isprintable():
            self.must(path, "hold no control characters", "write the folder's name in characters that can be seen")
            return None
        if taken := next((part for part in pure.parts if part.casefold() in OTHERS_FOLDERS), None):
            hint = "name a folder of your own"
            self.must(path, f"not be in `{taken}`, whose contents are not yours to arrange", hint)
            return None
        return str(pure)

    def size(self, path: KeyPath, value: Any) -> Size | None:
        """Check for a width and a height in pixels."""
        text = self.text(path, value)
        if text is None:
            return None
        if match := _SIZE.fullmatch(text):
            return Size(int(match[1]), int(match[2]))
        self.must(path, "be a width and a height in pixels", 'write it as `"1024x1024"`')
        return None

    def choice(self, choices: type[_Choice]) -> Check[_Choice]:
        """Make a check for one of a few words."""
        word = self.word([str(choice.value) for choice in choices])

        def check(path: KeyPath, value: Any) -> _Choice | None:
            text = word(path, value)
            return None if text is None else choices(text)

        return check

    def word(self, names: Collection[str]) -> Check[str]:
        """Make a check for one of a few words that are not known beforehand."""

        def check(path: KeyPath, value: Any) -> str | None:
            text = self.text(path, value)
            if text is None or text in names:
                return text
            self.must(path, f"be one of {', '.join(f'`{name}`' for name in names)}", did_you_mean(text, names))
            return None

        return check

    def switch(self, path: KeyPath, value: Any) -> bool | None:
        """Check for true or false."""
        if isinstance(value, bool):
            return value
        self.must(path, f"be true or false, not {_kind(value)}")
        return None

    def workers(self, path: KeyPath, value: Any) -> int | None:
        """Check for a number of requests in flight at once."""
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_WORKERS:
            return value
        self.must(path, f"be a whole number from 1 to {MAX_WORKERS}")
        return None

    def prompt_limit(self, path: KeyPath, value: Any) -> int | None:
        """Check for a number of characters for a prompt."""
        if isinstance(value, int) and not isinstance(value, bool) and LEAST_PROMPT <= value <= MOST_PROMPT:
            return value
        self.must(path, f"be a whole number of characters from {LEAST_PROMPT} to {MOST_PROMPT:,}")
        return None

    def positive(self, path: KeyPath, value: Any) -> float | None:
        """Check for a number greater than 0."""
        number = _number(value)
        if number is None or number <= 0:
            self.must(path, "be a number greater than 0")
            return None
        return float(number)

    def seconds(self, path: KeyPath, value: Any) -> float | None:
        """Check for a time that may be 0."""
        number = _number(value)
        if number is None or number < 0:
            self.must(path, "be a number of seconds, 0 or more")
            return None
        return float(number)

    def usd(self, path: KeyPath, value: Any) -> Decimal | None:
        """Check for an amount of money; the decimal digits are kept as written."""
        number = _number(value)
        if number is None or number < 0:
            self.must(path, "be a number of USD, 0 or more", f"write it as `{path[-1]} = 12.50`")
            return None
        return number

    def url(self, path: KeyPath, value: Any) -> str | None:
        """Check for the http(s) address of a server, without a user, a password or a query."""
        text = self.name(path, value)
        if text is None:
            return None
        if trouble := url_trouble(text):
            self.must(path, trouble)
            return None
        return text

    def store_url(self, path: KeyPath, value: Any) -> str | None:
        """Check for a bucket and a prefix of one of the clouds, without credentials."""
        text = self.name(path, value)
        if text is None:
            return None
        if not _STORE_URL.fullmatch(text):
            hint = "keys come from the environment only; other projects have prefixes of their own"
            self.must(path, "be a bucket and a prefix, such as `s3://bucket/prefix`, `gs://...` or `az://...`", hint)
            return None
        return text.rstrip("/")


def url_trouble(text: str) -> str:
    """Say what the base URL of a server must be that `text` is not; empty where it is fine."""
    try:
        url = urlsplit(text)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        usable = False
    if not usable or " " in text or not text.isprintable():
        return "be an address such as `http://127.0.0.1:8080/v1`"
    if "@" in url.netloc or url.query or url.fragment:
        return "not hold a user, a password or a query: keys come from the environment only"
    return ""


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() and number <= LARGEST_AMOUNT else None


def _kind(value: Any) -> str:
    return next((words for kind, words in _KINDS.items() if isinstance(value, kind)), "a number or date")
