"""Objects by key on S3, Google Cloud Storage or Azure, with the three conditions that everything else is built on.

Laws: `create` succeeds for one writer of a key, `swap` for one writer of a version of it; both know their own write
again where its answer was lost on the way; no key of the account, and no address that may hold one, is in a message.
obstore is imported here only, and when a store is opened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib import import_module
from typing import Any

from msgspec import Struct

from chargen.config.settings import StoreSettings
from chargen.errors import StartError, error

CONNECT_SECONDS = 5
REQUEST_SECONDS = 60
"""One request, a picture included."""
RETRY_SECONDS = 15
"""After this no failed request is tried again: an image waits for it."""

_MOST_SHOWN = 160
_ADDRESS = re.compile(r"\w+://\S+|\?\S+")
_GOOGLE_EMULATOR = "STORAGE_EMULATOR_HOST"
"""Where Google's own libraries are told the address of a stand-in for its storage."""
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


class StoreError(Exception):
    """The store did not do what was asked; the text says why, for people."""


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
            return Stored(bytes(found.bytes()), _version(found.meta))
        except FileNotFoundError:
            return None
        except self._failures.BaseError as failure:
            raise self._error(failure) from None

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
        first = _ADDRESS.sub("...", str(failure).partition("\n")[0])
        return StoreError(f"the store did not answer as it should: {first[:_MOST_SHOWN]}")


def open_objects(settings: StoreSettings, environ: Mapping[str, str]) -> Objects:
    """Open the store that the settings name, with the credentials of the environment. Raises StartError."""
    try:
        stores = import_module("obstore.store")
    except ImportError:
        hint = "`pip install 'chargen[store]'`, or take `[tool.chargen.store]` out"
        raise StartError(
            [error("a store is configured and `obstore` is not installed", settings.position, hint)]
        ) from None
    endpoint = next((environ[name] for name in _ENDPOINTS if environ.get(name)), "")
    google = environ.get(_GOOGLE_EMULATOR, "")
    more = {}
    if endpoint and settings.url.startswith("s3://"):
        more["endpoint"] = endpoint
    elif google and settings.url.startswith("gs://"):
        more["service_account_key"] = _account_of(google)
    plain = any(url.startswith("http://") for url in (endpoint, google)) or bool(
        environ.get("AZURITE_BLOB_STORAGE_URL")
    )
    client = {"connect_timeout": f"{CONNECT_SECONDS}s", "timeout": f"{REQUEST_SECONDS}s", "allow_http": plain}
    retries = {"max_retries": 3, "retry_timeout": timedelta(seconds=RETRY_SECONDS)}
    try:
        return Objects(stores.from_url(settings.url, client_options=client, retry_config=retries, **more))
    except Exception as failure:  # noqa: BLE001 - the library raises whatever its parsers do; it holds no key
        words = _ADDRESS.sub("...", str(failure).partition("\n")[0])[:_MOST_SHOWN]
        message = f"this store can't be opened: {words}"
        hint = "its credentials come from the environment, as the vendor's own tools take them"
        raise StartError([error(message, settings.position, hint)]) from None


def _account_of(emulator: str) -> str:
    """Write the account that leads the library to a server that asks for none."""
    nothing = dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
    return json.dumps({**nothing, "gcs_base_url": emulator, "disable_oauth": True})


def _version(told: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what names a version of an object: what a store does not tell is left out, as it is no condition."""
    return {name: str(told[name]) for name in ("e_tag", "version") if told.get(name)}
