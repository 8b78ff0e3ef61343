"""One sender a provider, made when its first image is sent; all share the run's ledger and its stop."""

from __future__ import annotations

import threading

from chargen.build.events import Sink, nobody
from chargen.build.sender import Sender
from chargen.config.settings import Settings
from chargen.plan.budget import Ledger
from chargen.providers.registry import Adapters


class Senders:
    """The senders of one run; safe to use from threads."""

    def __init__(
        self, settings: Settings, adapters: Adapters, ledger: Ledger, stop: threading.Event, sink: Sink = nobody
    ) -> None:
        self._settings = settings
        self._adapters = adapters
        self._ledger = ledger
        self._stop = stop
        self._sink = sink
        self._lock = threading.Lock()
        self._made: dict[str, Sender] = {}

    def get(self, provider: str) -> Sender:
        """Return the sender of a provider."""
        with self._lock:
            if provider not in self._made:
                self._made[provider] = Sender(
                    self._adapters.get(provider),
                    self._settings.provider(provider),
                    ledger=self._ledger,
                    stop=self._stop,
                    sink=self._sink,
                )
            return self._made[provider]
