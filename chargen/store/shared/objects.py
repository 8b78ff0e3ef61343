"""Objects by key on S3, Google Cloud Storage or Azure, with the three conditions that everything else is built on.

Laws: `create` succeeds for one writer of a key, `swap` for one writer of a version of it; both know their own write
again where its answer was lost on the way; no key of the account, and no address that may hold one, is in a message.
obstore is imported here only, and when a store is opened.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from importlib import import_module
from itertools import count
from typing import Any, TypeVar

from msgspec import Struct

from chargen.config.settings import StoreSettings
from chargen.errors import StartError, error
from chargen.plain_file import PICTURE_BYTES

CONNECT_SECONDS = 5
REQUEST_SECONDS = 60
"""One request, a picture included."""
RETRY_SECONDS = 15
"""After this no failed request is tried again: an image waits for it."""

CHECK = "check"
"""Where objects are that only a look at the store itself makes, and removes."""
TRIES = 20
"""How often a writer that is told of an object looks for it: one that is never there, or never as told, is given up."""
_MOST_FOREIGN = 16
"""So many objects in a row that say nothing are not ours: a web server answers every name with its front page."""
AT_ONCE = 16
"""Questions at once."""
_MOST_SHOWN = 160
_ADDRESS = re.compile(r"\w+://\S+|\?\S+")
_COUNTERS = re.compile(r"Generic \w+ error: |Error performing \w+ \S+ in [^-]*?- ")
"""What the library says before the reason: how long it took and how often it tried, each time another number."""
_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gs": ("STORAGE_EMULATOR_HOST",),
    "az": ("AZURITE_BLOB_STORAGE_URL",),
}
"""Where vendors' own tools are told of another server than the vendor's, by the scheme of a store's address."""


_Told = TypeVar("_Told")
_Item = TypeVar("_Item")
_Value = TypeVar("_Value")


class StoreError(Exception):
    """The store did not do what was asked; the text says why, for people."""


class DamagedObjectError(StoreError):
    """One object can't be used; the store is fine."""


def ever_changing(key: str) -> StoreError:
    """Return what to raise where `TRIES` of them did not bring a writer together with what is said to be there."""
    return StoreError(f"the store says that `{key}` is there, and does not show it as it is")


class Stored(Struct, frozen=True):
    """An object as it was read: its bytes, and the version that `swap` wants."""

    data: bytes
    version: Mapping[str, str]


class Objects:
    """The objects below one prefix; safe to use from threads. Every method raises StoreError."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._library = import_module("obstore")
        self._failures = import_module("obstore.exceptions")

    def get(self, key: str) -> Stored | None:
        """Return an object, None where there is none."""
        try:
            found = self._library.get(self._store, key)
            if found.meta["size"] > PICTURE_BYTES:
                raise DamagedObjectError(f"`{key}` is larger than {PICTURE_BYTES >> 20} MiB: not read")
            return Stored(bytes(found.bytes()), _version(found.meta))
        except FileNotFoundError:
            return None
        except self._failures.BaseError as failure:
            raise self._error(failure) from None

    def numbered(
        self, folder: str, read: Callable[[bytes], _Told | None]
    ) -> Iterator[tuple[str, Stored, _Told | None]]:
        """Yield `folder/1`, `folder/2` and so on up to the first that is not there: key, object, and what it says."""
        foreign = 0
        for number in count(1):
            key = f"{folder}/{number}"
            there = self.get(key)
            if there is None:
                return
            told = read(there.data)
            foreign = foreign + 1 if told is None else 0
            if foreign > _MOST_FOREIGN:
                raise StoreError(f"what is below `{folder}/` is not of this program: is it the right address?")
            yield key, there, told

    def put(self, key: str, data: bytes) -> None:
        """Write an object, whatever is there."""
        try:
            self._library.put(self._store, key, data, use_multipart=False)
        except (self._failures.BaseError, FileNotFoundError) as failure:
            raise self._error(failure) from None

    def create(self, key: str, data: bytes) -> Mapping[str, str] | None:
        """Write a new object, whose bytes are no other writer's, and return its version; None where there is one."""
        return self._conditional(key, data, "create")

    def swap(self, key: str, data: bytes, version: Mapping[str, str]) -> Mapping[str, str] | None:
        """Replace a version of an object and return the new one; None where it is not that version any more."""
        return self._conditional(key, data, dict(version))

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""
        try:
            self._library.delete(self._store, key)
        except FileNotFoundError:
            return
        except self._failures.BaseError as failure:
            raise self._error(failure) from None

    def time(self) -> datetime:
        """Return what time it is by the store's own clock, which stamps what is written."""
        key = f"{CHECK}/{secrets.token_hex(8)}"
        self.put(key, b"")
        try:
            moment: datetime = self._library.get(self._store, key).meta["last_modified"]
        except (self._failures.BaseError, FileNotFoundError) as failure:
            raise self._error(failure) from None
        self.delete(key)
        return moment

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield key and size in bytes of every object below a prefix."""
        try:
            for page in self._library.list(self._store, prefix):
                for item in page:
                    yield item["path"], item["size"]
        except (self._failures.BaseError, FileNotFoundError) as failure:
            raise self._error(failure) from None

    def _conditional(self, key: str, data: bytes, mode: Any) -> Mapping[str, str] | None:
        try:
            return _version(self._library.put(self._store, key, data, mode=mode, use_multipart=False))
        except (self._failures.AlreadyExistsError, self._failures.PreconditionError):
            there = self.get(key)  # a write that came through and whose answer did not is tried again, and refused
            return there.version if there is not None and there.data == data else None
        except (self._failures.BaseError, FileNotFoundError) as failure:
            raise self._error(failure) from None

    def _error(self, failure: Exception) -> StoreError:
        """Say in words what went wrong."""
        if isinstance(failure, (self._failures.PermissionDeniedError, self._failures.UnauthenticatedError)):
            return StoreError("the store refused the credentials, or what they may do")
        if isinstance(failure, FileNotFoundError):
            return StoreError("the store has no such bucket or container")
        first = _COUNTERS.sub("", _ADDRESS.sub("...", str(failure).partition("\n")[0]))
        if "error sending request" in first:
            return StoreError("the store can't be reached: no connection, or no answer in time")
        return StoreError(f"the store did not answer as it should: {first[:_MOST_SHOWN]}")


def at_once(question: Callable[[_Item], _Value], items: Sequence[_Item]) -> list[_Value]:
    """Return the answers for several items, which are asked for at once."""
    if not items:
        return []
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="store") as pool:
        return list(pool.map(question, items))


def open_objects(settings: StoreSettings, environ: Mapping[str, str]) -> Objects:
    """Open the store that the settings name, with the credentials of the environment. Raises StartError."""
    try:
        stores = import_module("obstore.store")
    except ImportError:
        hint = "`pip install 'chargen[store]'`, or take `[tool.chargen.store]` out"
        raise StartError(
            [error("a store is configured and `obstore` is not installed", settings.position, hint)]
        ) from None
    server = server_of(settings.url, environ)
    more = {}
    if server and settings.url.startswith("s3://"):
        more["endpoint"] = server
    elif server and settings.url.startswith("gs://"):
        more["service_account_key"] = _account_of(server)
    plain = server.startswith("http://")
    client = {"connect_timeout": f"{CONNECT_SECONDS}s", "timeout": f"{REQUEST_SECONDS}s", "allow_http": plain}
    retries = {"max_retries": 3, "retry_timeout": timedelta(seconds=RETRY_SECONDS)}
    try:
        return Objects(stores.from_url(settings.url, client_options=client, retry_config=retries, **more))
    except Exception as failure:  # noqa: BLE001 - the library raises whatever its parsers do; it holds no key
        words = _ADDRESS.sub("...", str(failure).partition("\n")[0])[:_MOST_SHOWN]
        message = f"this store can't be opened: {words}"
        hint = "its credentials come from the environment, as the vendor's own tools take them"
        raise StartError([error(message, settings.position, hint)]) from None


def server_of(url: str, environ: Mapping[str, str]) -> str:
    """Return the address of the server that the environment puts in the place of the vendor's; mostly nothing."""
    return next((environ[name] for name in _ENDPOINTS.get(url.partition(":")[0], ()) if environ.get(name)), "")


def _account_of(emulator: str) -> str:
    """Write the account that leads the library to a server that asks for none."""
    nothing = dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
    return json.dumps({**nothing, "gcs_base_url": emulator, "disable_oauth": True})


def _version(told: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what names a version of an object: what a store does not tell is left out, as it is no condition."""
    return {name: str(told[name]) for name in ("e_tag", "version") if told.get(name)}
