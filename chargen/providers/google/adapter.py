"""The Google provider: Gemini image models through the official SDK, one client, one try per call.

The SDK is imported when the first request is sent. It would retry without heeding the server's wish, and wait for ever
by default: retries and redirects stay off, the timeout is always set. Its own reading of replies is bypassed, because
it is lenient about just what matters here. Must not know of retries, budgets, files or other providers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from threading import Lock
from typing import TYPE_CHECKING, Any

from chargen.config.server_address import elsewhere, is_at, server_address
from chargen.errors import Problem, error
from chargen.model.request import Asked, ProviderSettings, Reply, Request
from chargen.providers import deadlines
from chargen.providers.catalogue.model_checks import check_model, check_prompt, check_references
from chargen.providers.catalogue.model_sizes import RatioSizes
from chargen.providers.catalogue.models import ModelTable
from chargen.providers.catalogue.prices import estimate
from chargen.providers.failures import Answer, exception_failure
from chargen.providers.google import failures, replies, requests

if TYPE_CHECKING:
    from google.genai import Client

KEYS = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
"""The first that is set counts, as in the SDK."""
BASE_URL = "GOOGLE_GEMINI_BASE_URL"
VENDOR_URL = "https://generativelanguage.googleapis.com"
VENDOR_DOMAIN = "googleapis.com"
DUMMY_KEY = "none"
"""What another server without keys gets; the SDK insists on one."""


class GoogleProvider:
    """Gemini image models at Google, or at a gateway that speaks `generateContent` (`base_url`)."""

    name = requests.PROVIDER

    def __init__(
        self, settings: ProviderSettings, models: ModelTable, environ: Mapping[str, str], *, today: date
    ) -> None:
        facts = models.facts(self.name)
        self._settings = settings
        self._models = models
        self._facts = facts
        self._today = today
        found = ((name, environ.get(name, "").strip()) for name in KEYS)
        self._key_name, self._key = next(((name, key) for name, key in found if key), (KEYS[-1], ""))
        given = environ.get(BASE_URL, "")
        place, key = settings.base_url_position, self._key_name if self._key else ""
        self._base_url = server_address(self.name, settings.base_url, BASE_URL, given, VENDOR_URL, place=place, key=key)
        self.is_vendor = is_at(self._base_url, VENDOR_DOMAIN)
        self.default_model = settings.model or facts.default_model
        self.default_workers = facts.workers
        self.default_per_minute = facts.per_minute if self.is_vendor else None
        self._client: Client | None = None
        self._client_lock = Lock()

    def adapt(self, asked: Asked, model: str) -> Request:
        """Turn what was asked into what this model takes; every change is told in `notes`."""
        quality = asked.quality or self._settings.quality
        return requests.build(asked, model, self._models.assumed(self.name, model), quality)

    def check(self, request: Request) -> tuple[Problem, ...]:
        """Say what would be refused or wasted, before spending; another server's rules are not known here."""
        model = self._models.assumed(self.name, request.model)
        if not self.is_vendor and not model.unsupported:
            return ()
        problems = [
            *check_model(self._models, self.name, request.model, self._today),
            *check_prompt(request.prompt, self._facts),
            *check_references(request.references, model.references, request.model, self._facts),
        ]
        if not isinstance(model.sizes, RatioSizes) or model.sizes.frame(request.requested_size) is None:
            problems.append(error(f"`{request.model}` does not make {request.requested_size}", hint="change the size"))
        return tuple(problems)

    def price(self, request: Request) -> Decimal | None:
        """Estimate the cost in USD; None where the model or its price is unknown. Thinking is not in it."""
        model = self._models.find(self.name, request.model)
        if model is None or model.prices is None:
            return None
        return estimate(model.prices, request.requested_size, None, len(request.references), request.prompt)

    def missing_key(self) -> Problem | None:
        """Say which key is missing or can't be one, or None; another server than Google's may need none."""
        if self._key and not (self._key.isascii() and self._key.isprintable() and " " not in self._key):
            return error(f"`{self._key_name}` holds characters that no key has", hint=f"set `{self._key_name}` again")
        if self._key or not self.is_vendor:
            return None
        names = " or ".join(f"`{name}`" for name in KEYS)
        return error(
            f"no {names} in the environment", hint=f"set `{KEYS[-1]}`, or route these images to `sketch/sketch`"
        )

    def elsewhere(self) -> Problem | None:
        """Say where requests go, if the project's own settings send them to another server than the vendor's."""
        return elsewhere(self.name, self._base_url, self._settings.base_url_position, VENDOR_DOMAIN)

    def open(self) -> None:
        """Import the SDK and make the client, where that was not done yet."""
        with suppress(Exception):  # sending meets the same fault, and tells it
            self._connected().models  # noqa: B018 - the SDK imports this part of itself when it is named

    def send(self, request: Request) -> Reply:
        """Send one request, once. Raises ProviderError."""
        model = self._models.find(self.name, request.model)
        answer = self._answer(request)
        return replies.parse(answer, request, model.prices if model else None, self._secrets)

    def close(self) -> None:
        """Close the client, if one was made."""
        with self._client_lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    @property
    def _secrets(self) -> tuple[str, ...]:
        return (self._key,) if self._key else ()

    def _answer(self, request: Request) -> Answer:
        """Return the raw reply, or raise what went wrong, free of the SDK's exception and what it quotes."""
        from google.genai import errors  # noqa: PLC0415 - the SDK is slow to import, see above

        try:
            response = self._call(self._connected(), request)
        except errors.APIError as raised:
            failure = failures.classify(_error_answer(raised), self._secrets, key_name=self._key_name)
        except Exception as raised:  # noqa: BLE001 - an SDK's exceptions may quote the key; all of them end here
            failure = exception_failure(raised, self.name, self._secrets)
        else:
            return Answer(200, response.body or "", _lower(response.headers))
        raise failure

    def _call(self, client: Client, request: Request) -> Any:
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
        contents: Any = requests.contents(request)
        return client.models.generate_content(model=request.model, contents=contents, config=config).sdk_http_response

    def _connected(self) -> Client:
        with self._client_lock:
            if self._client is None:
                from google.genai import Client, types  # noqa: PLC0415 - see above

                options = types.HttpOptions(
                    base_url=self._base_url,
                    timeout=round(requests.NORMAL_TIMEOUT * 1000),
                    client_args={"follow_redirects": False, "event_hooks": deadlines.hooks()},
                )
                self._client = Client(api_key=self._key or DUMMY_KEY, vertexai=False, http_options=options)
            return self._client


def _error_answer(raised: Any) -> Answer:
    """Return what the server said; the SDK's own copy of it where the reply is gone."""
    response = raised.response
    if hasattr(response, "text") and hasattr(response, "status_code"):
        return Answer(response.status_code, response.text, _lower(response.headers))
    code = raised.code if isinstance(raised.code, int) else 500
    return Answer(code, json.dumps(raised.details, default=str))


def _lower(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {name.lower(): value for name, value in (headers or {}).items()}
