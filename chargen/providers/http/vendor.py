"""The part that is the same in every adapter to a vendor's server: its key, its address, one client, closing it.

A vendor's own module adds what it alone knows: how a request is spelt, sent and answered. Must not know of retries,
budgets, files or other providers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import date
from decimal import Decimal
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from msgspec.structs import replace

from chargen.config.server_address import elsewhere, is_at, scheme_and_host, server_address
from chargen.errors import Problem, error
from chargen.model.request import FailureClass, LiveProvider, ProviderError, ProviderSettings, Reply, Request
from chargen.providers.catalogue.models import ModelTable
from chargen.providers.catalogue.prices import Prices, estimate, most, reduced
from chargen.providers.http.failures import exception_failure, setup_failure
from chargen.providers.http.proxies import CERTIFICATES, Proxy, proxy_for

if TYPE_CHECKING:
    from chargen.providers.http.client import Transport

T = TypeVar("T")
PricesOf: TypeAlias = "Callable[[str, str | None], Prices | None]"
"""The prices of a model that was asked, or of the one that answered in its place."""
NO_KEY = "none"
"""What another server without keys gets; the SDKs insist on one."""


class VendorProvider(LiveProvider):
    """A vendor's models, at the vendor or at another server that speaks its language (`base_url`)."""

    name = ""

    def __init__(
        self, settings: ProviderSettings, models: ModelTable, environ: Mapping[str, str], *, today: date
    ) -> None:
        facts = models.facts(self.name)
        self._settings = settings
        self._models = models
        self._facts = facts
        self._today = today
        self._environ = environ
        held = ((name, environ.get(name, "").strip()) for name in facts.keys)
        unset = facts.keys[-1] if facts.keys else ""
        self._key_name, self._key = next(((name, key) for name, key in held if key), (unset, ""))
        self._base_url = server_address(
            self.name,
            settings.base_url,
            facts.base_url,
            environ.get(facts.base_url, ""),
            facts.vendor_url,
            place=settings.base_url_position,
            key=self._key_name if self._key else "",
        )
        self.is_vendor = is_at(self._base_url, facts.vendor_domain)
        self._own_price = None if self.is_vendor else settings.price
        self.default_model = settings.model or facts.default_model
        self.default_workers = facts.workers
        self.default_per_minute = facts.per_minute if self.is_vendor else None
        self._client: Any = None
        self._transport: Transport | None = None
        self._proxy_variable = ""
        self._client_lock = Lock()

    def price(self, request: Request) -> Decimal | None:
        """Estimate the cost in USD; None where the model, or its price for this size and quality, is unknown.

        A known model is priced as the vendor prices it, whatever the server: a gateway passes the bill on. Another is
        priced by the settings at a server of the author's own.
        """
        if (prices := self.prices(request.model)) is None:
            return self._own_price
        return estimate(prices, request.requested_size, request.quality, _pictures(request), request.prompt)

    def most(self, request: Request) -> Decimal | None:
        """Return what sending once may come to, as far as it can be known: what a budget sets aside."""
        if (prices := self.prices(request.model)) is None:
            return self._own_price
        return most(prices, request.requested_size, request.quality, _pictures(request), request.prompt)

    def prices(self, asked: str, answered: str | None = None) -> Prices | None:
        """Return the prices of a model, or those of the one that answered in its place, where they are known."""
        another = self._models.another(self.name, asked, answered)
        found = self._models.find(self.name, answered) if another and answered else None
        model = found or self._models.find(self.name, asked)
        return None if model is None else model.prices

    def job_prices(self, asked: str, answered: str | None = None) -> Prices | None:
        """Return the prices of a model in a job, as `prices` does."""
        found, batch = self.prices(asked, answered), self._facts.batch
        return found if found is None or batch is None else reduced(found, batch.price)

    def _named(self, reply: Reply, asked: str) -> Reply:
        """Return a reply that says whether another model answered than was asked."""
        another = self._models.another(self.name, asked, reply.model_version)
        return replace(reply, answered_by=reply.model_version) if another else reply

    def missing_key(self) -> Problem | None:
        """Say which key is missing or can't be one, or None; another server than the vendor's may need none."""
        if self._key and not (self._key.isascii() and self._key.isprintable() and " " not in self._key):
            return error(f"`{self._key_name}` holds characters that no key has", hint=f"set `{self._key_name}` again")
        if self._key or not self.is_vendor:
            return None
        names = [f"`{name}`" for name in self._facts.keys]
        missing = f"neither {' nor '.join(names)} is set" if len(names) > 1 else f"{names[0]} is not set"
        other = self._models.stand_in
        instead = f", or route these images to `{other}`" if other else ""
        return error(missing, hint=f"set `{self._facts.keys[-1]}`{instead}")

    def setup(self) -> Problem | None:
        """Say what of the environment keeps every request from leaving; the client is imported only to look closer."""
        try:
            proxy = self._proxy()
            if proxy is not None or any(map(self._environ.get, CERTIFICATES)):
                from chargen.providers.http.client import Transport  # noqa: PLC0415 - slow to import

                Transport(proxy).close()
        except ProviderError as failure:
            return error(failure.message, hint=failure.hint)
        return None

    def elsewhere(self) -> Problem | None:
        """Say where requests go, if the project's own settings send them to another server than the vendor's."""
        return elsewhere(self.name, self._base_url, self._settings.base_url_position, self._facts.vendor_domain)

    def open(self) -> None:
        """Import the SDK and make the client, where that was not done yet."""
        with suppress(Exception):  # sending meets the same fault, and tells it
            self.connected()

    def close(self) -> None:
        """Close the client, if one was made."""
        with self._client_lock:
            client, self._client = self._client, None
            transport, self._transport = self._transport, None
        if client is not None:
            client.close()
        if transport is not None:  # an SDK need not close what it was given
            transport.close()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must reach no message."""
        return (self._key,) if self._key else ()

    def connected(self) -> Any:
        """Return the SDK's client, made at the first call. Raises ProviderError: nothing left, so nothing is billed."""
        with self._client_lock:
            if self._client is None:
                try:
                    from chargen.providers.http.client import Transport  # noqa: PLC0415 - slow to import

                    proxy = self._proxy()
                    self._proxy_variable = "" if proxy is None else proxy.variable
                    self._transport = Transport(proxy)
                    client = self._new_client(self._transport)
                    self._load(client)
                except ProviderError:
                    raise
                except Exception as raised:  # noqa: BLE001 - whatever it is, it met no server
                    failure = setup_failure(raised, self.name, self.secrets)
                else:
                    self._client = client
                    return client
                raise failure
            return self._client

    def _proxy(self) -> Proxy | None:
        """Return the proxy to send through. Raises ProviderError where it would see the key."""
        wanted = self._settings.proxy
        proxy = None if wanted is False else proxy_for(self._base_url, self._environ)
        if proxy is None:
            return None
        if wanted is None and not self.is_vendor:
            from chargen.providers.http.client import is_inside  # noqa: PLC0415 - slow to import

            if is_inside(self._base_url):
                return None
        if self._key and scheme_and_host(self._base_url)[0] == "http":
            message = f"`{self._key_name}` would reach the proxy of `{proxy.variable}` unencrypted"
            hint = f"set `proxy = false` in `[tool.chargen.providers.{self.name}]`, or use https"
            raise ProviderError(FailureClass.PROVIDER_STOP, message, hint=hint)
        return proxy

    def sent(
        self,
        call: Callable[[], T],
        refused: tuple[type[Exception], ...] = (),
        classify: Callable[[Any], ProviderError] | None = None,
    ) -> T:
        """Return what `call` does; `classify` reads the SDK's exceptions `refused`.

        Raises ProviderError, without the exception behind it, which may quote the key.
        """
        assert self._transport is not None
        self._transport.forget()
        try:
            return call()
        except refused as raised:
            assert classify is not None
            failure = classify(raised)
        except Exception as raised:  # noqa: BLE001 - all of them end here
            departed = self._transport.departed
            failure = exception_failure(
                raised,
                self.name,
                self.secrets,
                departed=departed,
                address=self._base_url,
                proxy=self._proxy_variable,
            )
        raise failure

    def fetched(
        self,
        begin: Callable[[Transport], AbstractContextManager[Any]],
        refused: tuple[type[Exception], ...] = (),
        classify: Callable[[Any], ProviderError] | None = None,
    ) -> Iterator[bytes]:
        """Yield the bytes of a reply as they come, over a connection of its own, however long that takes.

        `begin` gives what has `iter_bytes`. Raises ProviderError, as `sent` does.
        """
        from chargen.providers.http.client import Transport  # noqa: PLC0415 - slow to import

        transport = Transport(self._proxy(), endless=True)
        try:
            with begin(transport) as response:
                yield from response.iter_bytes()
            return
        except ProviderError:
            raise
        except refused as raised:
            assert classify is not None
            failure = classify(raised)
        except Exception as raised:  # noqa: BLE001 - all of them end here
            failure = exception_failure(raised, self.name, self.secrets, address=self._base_url)
        finally:
            transport.close()
        raise failure

    def _new_client(self, transport: Transport) -> Any:
        """Make the SDK's client over a transport: the vendor's module knows how."""
        raise NotImplementedError

    def _load(self, client: Any) -> None:
        """Import what the SDK only imports when it is named, where there is such."""


def _pictures(request: Request) -> int:
    """Count the pictures that go along; a mask is counted as one, for no vendor says that it is free."""
    return len(request.references) + (request.mask is not None)
