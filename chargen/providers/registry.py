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
        self._made: dict[str, Provider] = {}
        self._pools: dict[str, dict[str, Provider]] = {}
        """Of providers with several addresses those at all but the first."""
        self._routes: dict[tuple[str | None, str | None], Route] = {}
        self.models: ModelTable = providers.load_models()
        self.defaults: Mapping[str, str] = {facts.name: facts.default_model for facts in self.models.providers}
        self._served = Served(settings, self._is_live, self.defaults, self._provider_of)

    def get(self, name: str) -> Provider:
        """Return the provider called `name`. Raises StartError for a name there is none for."""
        with self._lock:
            if name not in self._made:
                own = replace(self._settings.provider(name), root=self._root)
                self._pools[name] = self._others(name, own)
                self._made[name] = self._make(name, own)
            return self._made[name]

    def members(self, name: str) -> Mapping[str, Provider]:
        """Return the provider called `name` at each of its addresses. Raises as `get`."""
        first = self.get(name)
        address = self._settings.provider(name).base_url or self.models.facts(name).vendor_url
        return {address: first, **self._pools.get(name, {})}

    def elsewhere(self, name: str) -> tuple[Problem, ...]:
        """Say where requests go that the project's own settings send to other servers than the vendor's."""
        return tuple(problem for member in self.members(name).values() if (problem := member.elsewhere()) is not None)

    def _make(self, name: str, own: ProviderSettings) -> Provider:
        return providers.make(name, own, self.models, self._environ, today=self._today)

    def _others(self, name: str, own: ProviderSettings) -> dict[str, Provider]:
        """Make a pool's servers but the first."""
        return {address: self._make(name, replace(own, base_url=address, pool=())) for address in own.pool[1:]}

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
        for provider in (*self._made.values(), *(other for pool in self._pools.values() for other in pool.values())):
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
