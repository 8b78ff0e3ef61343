"""The OpenAI provider: official SDK, one client, one try per call.

The SDK is imported when the first request is sent, and never retries: it would send again what may have been billed.
Redirects are not followed, so that neither key nor pictures go where the author did not send them.
Building requests, reading replies and classifying failures are pure and live next door. Must not know of retries,
budgets, files or other providers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from chargen.errors import Problem, error, warning
from chargen.images.sniff import PNG
from chargen.model.request import Asked, ProviderError, Reply, Request
from chargen.providers.catalogue.model_checks import (
    check_model,
    check_prompt,
    check_quality,
    check_references,
    check_retake,
)
from chargen.providers.catalogue.model_sizes import RatioSizes, read_size
from chargen.providers.catalogue.models import Lifecycle
from chargen.providers.http.failures import Answer
from chargen.providers.http.vendor import NO_KEY, PricesOf, VendorProvider
from chargen.providers.openai import failures, replies, requests
from chargen.providers.openai.downloads import download

if TYPE_CHECKING:
    from openai import OpenAI

    from chargen.model.batches import BatchProvider
    from chargen.providers.http.client import Transport

T = TypeVar("T")
CUSTOM_HEADERS = "OPENAI_CUSTOM_HEADERS"
"""More headers for the SDK to send, one a line."""
_ACCOUNT_HEADERS = ("openai-organization", "openai-project")
_PROTOCOL_HEADERS = frozenset({"authorization", "content-type", "content-length", "host", "accept", "user-agent"})
UNBOUNDED = 1_000
"""References sent to a server whose limit is unknown: all of them."""


class OpenAIProvider(VendorProvider):
    """OpenAI's Images API, or a server that speaks it (`base_url`)."""

    name = requests.PROVIDER

    def adapt(self, asked: Asked, model: str) -> Request:
        """Turn what was asked into what this model takes; every change is reported in `notes`.

        A model of the vendor's gets what it takes there, whatever the server: one that offers it passes requests on.
        """
        quality = asked.quality or self._settings.quality
        known = self._models.find(self.name, model)
        passed_on = known is not None and not known.unsupported and known.life(self._today) is not Lifecycle.DEAD
        if not self.is_vendor and not passed_on:
            return requests.build_compatible(asked, model, UNBOUNDED, quality)
        return requests.build(asked, model, self._models.assumed(self.name, model), quality)

    def check(self, request: Request) -> tuple[Problem, ...]:
        """Say what would be refused or wasted, before spending; another server's rules are not known here."""
        if not self.is_vendor:
            return ()
        model = self._models.assumed(self.name, request.model)
        size = read_size(request.requested_size)
        problems = [
            *check_model(self._models, self.name, request.model, self._today),
            *check_quality(model, request.model, request.quality),
            *check_prompt(request.prompt, self._facts),
            *check_references(request.references, model.references, request.model, self._facts),
            *check_retake(request, takes_masks=True),
            *requests.check_mask(request),
        ]
        if size is None or isinstance(model.sizes, RatioSizes) or not model.sizes.legal(size):
            problems.append(error(f"`{request.model}` does not make {request.requested_size}", hint="change the size"))
        if request.quality == "auto":
            message = "quality `auto` lets the model choose what the image costs; it is estimated as `high`"
            problems.append(warning(message, hint="set a quality"))
        return tuple(problems)

    def send(self, request: Request) -> Reply:
        """Send one request, once. Raises ProviderError."""
        answer = self.answered(lambda client: self._call(client, request))
        return self.read(answer, request, self.prices)

    def read(self, answer: Answer, request: Request, prices_of: PricesOf) -> Reply:
        """Read the answer to a request, whether it came by itself or in a job. Raises ProviderError."""
        if answer.status != 200:
            raise failures.classify(answer, self.secrets)
        delivery = replies.parse(answer, request, lambda answered: prices_of(request.model, answered), self.secrets)
        reply = self._named(delivery.reply, request.model)
        if delivery.url is None:
            return reply
        try:
            data = download(delivery.url, self._base_url, self._environ, self.secrets)
        except ProviderError as failure:
            failure.usage, failure.cost_usd = dict(reply.usage), reply.cost_usd
            failure.request_id = reply.request_id
            raise
        return replace(reply, data=data)

    @property
    def batches(self) -> BatchProvider:
        """What makes jobs of many requests."""
        from chargen.providers.openai.batches import OpenAIBatches  # noqa: PLC0415 - of use to few runs

        return OpenAIBatches(self)

    def ask(self, call: Callable[[OpenAI], T]) -> T:
        """Return what a call of the SDK's client gives. Raises ProviderError."""
        client = self.connected()
        return self.sent(lambda: call(client), *self._refusals())

    def answered(self, call: Callable[[OpenAI], Any]) -> Answer:
        """Return the answer to a raw call. Raises ProviderError."""
        return Answer.of(self.ask(call).http_response)

    def fetch(self, begin: Callable[[OpenAI], AbstractContextManager[Any]]) -> Iterator[bytes]:
        """Yield the bytes of a large file as they come. Raises ProviderError."""
        return self.fetched(lambda transport: begin(self._new_client(transport)), *self._refusals())

    def _refusals(self) -> tuple[tuple[type[Exception]], Callable[[Any], ProviderError]]:
        """Return what the SDK raises of an answer that is none, and how to read it."""
        from openai import APIStatusError  # noqa: PLC0415 - the SDK is slow to import, see above

        return (APIStatusError,), lambda raised: failures.classify(Answer.of(raised.response), self.secrets)

    def _call(self, client: OpenAI, request: Request) -> Any:
        values = requests.body(request)
        seed = values.pop("seed", None)
        extra = None if seed is None else {"seed": seed}
        seconds = requests.timeout(request, self._settings.timeout)
        send: Callable[..., Any] = client.images.with_raw_response.generate
        if request.references:
            send = client.images.with_raw_response.edit
            values["image"] = requests.image_files(request)
        if request.mask is not None:
            values["mask"] = ("mask.png", request.mask.data, PNG)
        return send(**values, extra_body=extra, timeout=seconds)

    def _new_client(self, transport: Transport) -> OpenAI:
        from openai import OpenAI  # noqa: PLC0415 - see above

        from chargen.providers.http.client import new_client  # noqa: PLC0415 - as above

        key = self._key or NO_KEY
        return OpenAI(
            api_key=key,
            base_url=self._base_url,
            max_retries=0,
            # Without it the SDK would take another key from the headers of the environment, for whatever server.
            default_headers=None if self.is_vendor else {"Authorization": f"Bearer {key}"},
            http_client=new_client(transport, without=() if self.is_vendor else _vendors_headers(self._environ)),
        )

    def _load(self, client: OpenAI) -> None:
        client.images  # noqa: B018 - the SDK imports this part of itself when it is named


def _vendors_headers(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the headers that the SDK makes of the environment, which are for the vendor's eyes."""
    yield from _ACCOUNT_HEADERS
    for line in environ.get(CUSTOM_HEADERS, "").split("\n"):
        name = line.partition(":")[0].strip().lower()
        if name and name not in _PROTOCOL_HEADERS:
            yield name
