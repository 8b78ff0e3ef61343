"""Replies that drip, through both official SDKs: each byte comes in time, the whole does not."""

from __future__ import annotations

import pytest
from provider_cases import asked, facts, failure_of, provider
from servers.google_server import GoogleServer
from servers.loopback import Fault
from servers.openai_server import OpenAIServer

from chargen.model.request import FailureClass
from chargen.model.values import Size

SMALL = asked(size=Size(1024, 1024))


@pytest.mark.parametrize(("name", "server"), [("openai", OpenAIServer), ("google", GoogleServer)])
def test_a_dripping_reply_ends_with_the_timeout(name: str, server: type[OpenAIServer | GoogleServer]) -> None:
    """A body whose bytes come often enough, for four seconds, is a timeout after half a second; asked for once."""
    with server() as vendor:
        made = provider(name, base_url=vendor.base_url, timeout=0.5)
        vendor.then(Fault(drip=0.04))
        failure = failure_of(made, SMALL)
        assert facts(failure) == (FailureClass.AMBIGUOUS, True, None)
        assert "not whole after 0.5 s" in failure.message
        assert len(vendor.requests) == 1
        made.close()


@pytest.mark.parametrize(("name", "server"), [("openai", OpenAIServer), ("google", GoogleServer)])
def test_a_slow_reply_in_time_is_whole(name: str, server: type[OpenAIServer | GoogleServer]) -> None:
    """A body in a hundred pieces arrives as one that came at once."""
    with server() as vendor:
        made = provider(name, base_url=vendor.base_url, timeout=30)
        vendor.then(Fault(drip=0.001))
        reply = made.send(made.adapt(SMALL, made.default_model))
        assert len(reply.data) > 1000
        made.close()
