"""The Google provider: Gemini image models through the official SDK, one client, one try per call.

The SDK is imported when the first request is sent. It would retry without heeding the server's wish, and wait for ever
by default: retries and redirects stay off, the timeout is always set. Its own reading of replies is bypassed, because
it is lenient about just what matters here. Must not know of retries, budgets, files or other providers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from chargen.errors import Problem, error
from chargen.model.request import Asked, ProviderError, Reply, Request
from chargen.providers.catalogue.model_checks import check_model, check_prompt, check_references, check_retake
from chargen.providers.catalogue.model_sizes import RatioSizes
from chargen.providers.google import failures, replies, requests
from chargen.providers.http.failures import Answer
from chargen.providers.http.vendor import NO_KEY, PricesOf, VendorProvider

if TYPE_CHECKING:
    from google.genai import Client

    from chargen.model.batches import BatchProvider
    from chargen.providers.http.client import Transport

T = TypeVar("T")


class GoogleProvider(VendorProvider):
    """Gemini image models at Google, or at a gateway that speaks `generateContent` (`base_url`)."""

    name = requests.PROVIDER

    def adapt(self, asked: Asked, model: str) -> Request:
        """Turn what was asked into what this model takes; every change is reported in `notes`."""
        quality = asked.quality or self._settings.quality
        return requests.build(asked, model, self._models.assumed(self.name, model), quality)

    def check(self, request: Request) -> tuple[Problem, ...]:
        """Say what would be refused or wasted, before spending; another server's rules are not known here."""
        model = self._models.assumed(self.name, request.model)
        refused = tuple(check_retake(request, takes_masks=False))
        if not self.is_vendor and not model.unsupported:
            return refused
        problems = [
            *refused,
            *check_model(self._models, self.name, request.model, self._today),
            *check_prompt(request.prompt, self._facts),
            *check_references(request.references, model.references, request.model, self._facts),
        ]
        if not isinstance(model.sizes, RatioSizes) or model.sizes.frame(request.requested_size) is None:
            problems.append(error(f"`{request.model}` does not make {request.requested_size}", hint="change the size"))
        return tuple(problems)

    def send(self, request: Request) -> Reply:
        """Send one request, once. Raises ProviderError."""
        answer = self.ask(lambda client: self._call(client, request))
        return self.read(answer, request, self.prices)

    def read(self, answer: Answer, request: Request, prices_of: PricesOf) -> Reply:
        """Read the answer to a request, whether it came by itself or in a job. Raises ProviderError."""
        reply = replies.parse(answer, request, lambda answered: prices_of(request.model, answered), self.secrets)
        return self._named(reply, request.model)

    @property
    def batches(self) -> BatchProvider:
        """What makes jobs of many requests."""
        from chargen.providers.google.batches import GoogleBatches  # noqa: PLC0415 - of use to few runs

        return GoogleBatches(self)

    def ask(self, call: Callable[[Client], T]) -> T:
        """Return what a call of the SDK's client gives. Raises ProviderError."""
        client = self.connected()
        from google.genai import errors  # noqa: PLC0415 - the SDK is slow to import, see above

        return self.sent(lambda: call(client), (errors.APIError,), lambda raised: self.failure(_error_answer(raised)))

    def fetch(self, path: str, seconds: float) -> Iterator[bytes]:
        """Yield the bytes at a path as they come: the SDK holds whole files, and hides why a job failed.

        Raises ProviderError.
        """
        from chargen.providers.http.client import new_client  # noqa: PLC0415 - slow to import

        @contextmanager
        def begin(transport: Transport) -> Iterator[Any]:
            client, headers = new_client(transport), {"x-goog-api-key": self._key or NO_KEY}
            url = f"{self._base_url.rstrip('/')}/{path}"
            with client.stream("GET", url, headers=headers, timeout=seconds) as response:
                if response.status_code != 200:
                    response.read()
                    raise self.failure(Answer.of(response))
                yield response

        return self.fetched(begin)

    def failure(self, answer: Answer) -> ProviderError:
        """Say what an answer other than an image means."""
        return failures.classify(answer, self.secrets, key_name=self._key_name)

    def _call(self, client: Client, request: Request) -> Answer:
        from google.genai import types  # noqa: PLC0415 - see above

        milliseconds = round(requests.timeout(request, self._settings.timeout) * 1000)
        config = types.GenerateContentConfig.model_validate(
            {
                **request.parameters,
                "httpOptions": {"timeout": milliseconds},
                "automaticFunctionCalling": {"disable": True},
                "shouldReturnHttpResponse": True,
            }
        )
        contents: Any = requests.contents(request, requests.inline)
        reply: Any = client.models.generate_content(model=request.model, contents=contents, config=config)
        response = reply.sdk_http_response
        headers = {name.lower(): value for name, value in (response.headers or {}).items()}
        return Answer(200, response.body or "", headers)

    def _new_client(self, transport: Transport) -> Client:
        from google.genai import Client, types  # noqa: PLC0415 - see above

        from chargen.providers.http.client import new_client  # noqa: PLC0415 - as above

        options = types.HttpOptions(
            base_url=self._base_url,
            timeout=round(requests.NORMAL_TIMEOUT * 1000),
            httpx_client=new_client(transport),
        )
        return Client(api_key=self._key or NO_KEY, vertexai=False, http_options=options)

    def _load(self, client: Client) -> None:
        from google.genai import errors, types  # noqa: F401, PLC0415 - what sending needs

        client.models  # noqa: B018 - the SDK imports this part of itself when it is named


def _error_answer(raised: Any) -> Answer:
    """Return what the server said; the SDK's own copy of it where the reply is gone."""
    response = raised.response
    if hasattr(response, "text") and hasattr(response, "status_code"):
        return Answer.of(response)
    code = raised.code if isinstance(raised.code, int) else 500
    return Answer(code, json.dumps(raised.details, default=str))
