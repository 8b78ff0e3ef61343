"""The sketch provider: a storyboard proof of an entry, for checking crops, pacing and prompts before paying.

Laws: offline, free and deterministic (same request, same bytes); every picture says that it is a proof. Failures and
waiting happen only where the settings script them. Must not know: other providers, projects, files, the journal.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from chargen.config.setting_checks import SettingChecks
from chargen.config.settings_table import OwnSetting
from chargen.errors import Problem, error
from chargen.model.request import Asked, FailureClass, LiveProvider, ProviderError, ProviderSettings, Reply, Request
from chargen.providers.catalogue.models import ModelTable
from chargen.providers.sketch.script import FailureScript, check_script

if TYPE_CHECKING:
    from chargen.providers.sketch.drawing import Studio

NAME = "sketch"
MODEL = "sketch"
SHORTEST_SIDE, LONGEST_SIDE = 64, 4096
"""Sides in pixels that a sketch may have: below, no text fits; above, memory per worker passes 50 MB."""

SETTINGS: Mapping[str, OwnSetting] = {
    "latency": OwnSetting(SettingChecks.seconds),
    "fail": OwnSetting(check_script, many=True),
}
"""Seconds each sketch takes, and failures by script (`GLOB=failure-class[*COUNT]`): both for tests and dry runs."""


class SketchProvider(LiveProvider):
    """Draws storyboard cards on this machine's processor."""

    name: str = NAME
    default_model: str = MODEL
    default_workers: int = 2
    default_per_minute: float | None = None

    def __init__(self, settings: ProviderSettings) -> None:
        self._latency: float = settings.own.get("latency", 0.0)
        self._failures = FailureScript(settings.own.get("fail", ()))
        self._studio: Studio | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def adapt(self, asked: Asked, model: str) -> Request:
        """Ask for exactly what the author asked: a sketch takes any prompt, any references and any size."""
        return Request(
            provider=NAME,
            model=model,
            prompt=asked.prompt,
            references=asked.references if asked.retake is None else (asked.retake.picture, *asked.references),
            requested_size=str(asked.size),
            quality=None,
            parameters={},
            asked=asked,
        )

    def check(self, request: Request) -> tuple[Problem, ...]:
        """Refuse unknown models and sizes outside 64 to 4096 pixels a side."""
        problems: list[Problem] = []
        if request.model != MODEL:
            problems.append(error(f"`{NAME}` has no model `{request.model}`", hint=f"use the route `{NAME}/{MODEL}`"))
        size = request.asked.size
        if not all(SHORTEST_SIDE <= side <= LONGEST_SIDE for side in (size.width, size.height)):
            problems.append(
                error(
                    f"`{NAME}` can't draw `{size}`",
                    hint=f"give a size with sides of {SHORTEST_SIDE} to {LONGEST_SIDE} pixels, such as `1024x576`",
                )
            )
        return tuple(problems)

    def price(self, request: Request) -> Decimal | None:  # noqa: ARG002 - the protocol prices a request
        """Cost nothing."""
        return Decimal(0)

    def most(self, request: Request) -> Decimal | None:  # noqa: ARG002 - as above
        """Never cost anything."""
        return Decimal(0)

    def missing_key(self) -> Problem | None:
        """Need no key."""
        return None

    def elsewhere(self) -> Problem | None:
        """Send nothing anywhere."""
        return None

    def open(self) -> None:
        """Have nothing to load that is worth loading early."""

    def send(self, request: Request) -> Reply:
        """Draw one card. Raises what the script says, and a provider stop once the provider is closed."""
        if self._closed.wait(self._latency):
            raise ProviderError(FailureClass.PROVIDER_STOP, "the sketch provider was closed")
        failure = self._failures.next_failure(request.asked.entry_id)
        if failure is not None:
            raise failure
        return Reply(data=self._opened().draw(request), cost_usd=Decimal(0))

    def _opened(self) -> Studio:
        """Import what draws when something is drawn: like a vendor's SDK it takes longer than planning an edit."""
        with self._lock:
            if self._studio is None:
                from chargen.providers.sketch.drawing import Studio  # noqa: PLC0415 - see above

                self._studio = Studio()
            return self._studio

    def close(self) -> None:
        """Stop: what still waits ends at once."""
        self._closed.set()


def make(
    settings: ProviderSettings,
    models: ModelTable,  # noqa: ARG001 - the same for all providers
    environ: Mapping[str, str],  # noqa: ARG001 - as above
    *,
    today: date,  # noqa: ARG001 - as above
) -> SketchProvider:
    """Make the provider from its settings."""
    return SketchProvider(settings)
