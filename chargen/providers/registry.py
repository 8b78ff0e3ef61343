"""The providers of one project: each made when it is first needed, and the routes that lead to them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import date

from msgspec.structs import replace

from chargen import providers
from chargen.config.settings import Settings
from chargen.errors import Problem, StartError
from chargen.model.request import Provider, ProviderSettings
from chargen.model.values import Route
from chargen.providers.catalogue.models import Lifecycle, ModelTable
from chargen.providers.catalogue.routes import Served, override_route, route_for, route_of_tier


class Adapters:
    """Providers by name; safe to use from threads."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], today: date, root: str = "") -> None:
        self._settings = settings
        self._root = root
        self._environ = environ
        self._today = today
        self._lock = threading.Lock()
        self._made: dict[str, dict[str, Provider]] = {}
        """Each by its addresses."""
        self._routes: dict[tuple[str | None, str | None], Route] = {}
        self.models: ModelTable = providers.load_models()
        self.defaults: Mapping[str, str] = {facts.name: facts.default_model for facts in self.models.providers}
        self._served = Served(settings, self._is_live, self.defaults, self._provider_of)

    def get(self, name: str) -> Provider:
        """Return the provider called `name`. Raises StartError for a name there is none for."""
        return next(iter(self.members(name).values()))

    def members(self, name: str) -> Mapping[str, Provider]:
        """Return the provider called `name` at each of its addresses, the first one first. Raises as `get`."""
        with self._lock:
            if name not in self._made:
                own = replace(self._settings.provider(name), root=self._root)
                first = self._make(name, own)
                further = {url: self._make(name, replace(own, base_url=url, pool=())) for url in own.pool[1:]}
                self._made[name] = {own.base_url or self.models.facts(name).vendor_url: first, **further}
            return self._made[name]

    def elsewhere(self, name: str) -> tuple[Problem, ...]:
        """Say where requests go that the project's own settings send to other servers than the vendor's."""
        return tuple(problem for member in self.members(name).values() if (problem := member.elsewhere()) is not None)

    def _make(self, name: str, own: ProviderSettings) -> Provider:
        return providers.make(name, own, self.models, self._environ, today=self._today)

    def route(self, provider: str | None, model: str | None) -> Route | Problem:
        """Return the route of what a file declares, or the error that says which line to add."""
        declared = (provider, model)
        known = self._routes.get(declared)
        if known is not None:
            return known
        found = route_for(provider, model, self._served)
        if (tier := self._settings.tier) is not None:
            found = route_of_tier(tier, provider, model, found, self._served)
        if isinstance(found, Route):
            self._routes[declared] = found
        return found

    def override(self, provider: str) -> Route:
        """Return the route that `--provider` asks for. Raises StartError."""
        found = override_route(provider, self._served)
        if isinstance(found, Problem):
            raise StartError(found)
        return found

    def close(self) -> None:
        """Close every client that was made."""
        for provider in [provider for pool in self._made.values() for provider in pool.values()]:
            provider.close()

    def _is_live(self, route: Route) -> bool:
        if route.provider not in self.defaults:
            return False
        if providers.is_proof(route.provider) or self._settings.provider(route.provider).base_url:
            return True
        model = self.models.find(route.provider, route.model)
        return model is None or (model.life(self._today) is not Lifecycle.DEAD and not model.unsupported)

    def _provider_of(self, model: str) -> str | None:
        return next((name for name in self.models.names if self.models.find(name, model)), None)
