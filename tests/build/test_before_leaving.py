"""A fault that comes before a request leaves is never money: it stops the provider, once, and names what to mend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.inside import Silent
from support.project import Project

from chargen.actions.run_result import RunResult, run_result
from chargen.build import retry
from chargen.build.opening import open_build
from chargen.cli.run_summary import closing
from chargen.doit_plugin.run_tasks import image_tasks, run_tasks
from chargen.plan.session import open_session
from chargen.providers.google.adapter import GoogleProvider
from chargen.providers.openai.adapter import OpenAIProvider

ROUTES = {"openai": "openai/gpt-image-2.6-flare", "google": "google/gemini-nano-banana-2.1"}
KEYS = {"openai": "OPENAI_API_KEY", "google": "GEMINI_API_KEY"}
SERVERS = {"openai": "OPENAI_BASE_URL", "google": "GOOGLE_GEMINI_BASE_URL"}
NOBODY = "http://127.0.0.1:1"
"""Nobody listens there."""


def run(tmp_path: Path, vendor: str, environ: dict[str, str]) -> tuple[RunResult, str]:
    book = Project(tmp_path)
    book.chapter("ch01", {name: f"A lamp {name}." for name in "abcdef"}, route=ROUTES[vendor])
    book.settings(f"[tool.chargen.providers.{vendor}]\nper_minute = 60000\n")
    build = open_build(book.root, environ={KEYS[vendor]: "sk-not-sent", **environ}, command="test")
    try:
        code = run_tasks(build, image_tasks(build), None, Silent())
        return run_result(build, code), "\n".join(closing(build, 1.0))
    finally:
        build.close()


@pytest.mark.parametrize("vendor", ["openai", "google"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTPS_PROXY", "ftp://127.0.0.1:1"),
        ("HTTPS_PROXY", "http://[::bad"),
        ("ALL_PROXY", NOBODY),
        ("SSL_CERT_FILE", "/nowhere/certificates.pem"),
        ("SSL_CERT_DIR", "/nowhere/certificates"),
        ("the key", ""),
        ("the server", NOBODY),
    ],
)
def test_what_keeps_a_request_here_costs_nothing(
    vendor: str, variable: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cost, no doubt, in the summary, the journal and the budget; said once, with the variable's name."""
    monkeypatch.setattr(retry, "WAITS", (0.01,) * 5)
    name = {"the key": KEYS[vendor], "the server": SERVERS[vendor]}.get(variable, variable)
    environ = {name: value}
    if variable.startswith("SSL"):
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        monkeypatch.setenv(name, value)  # read by the library that connects
        environ[SERVERS[vendor]] = NOBODY.replace("http", "https")
    result, text = run(tmp_path, vendor, environ)
    assert result.exit_code == 1
    assert dict(result.totals) == {"failed": 6}
    assert (result.spent.total_usd, result.spent.possibly, result.spent.unknown, result.spent.charged) == (0, 0, 0, 0)
    assert [item.cost_usd for item in result.outcomes] == [0] * 6
    assert list(result.stopped) == [vendor]
    assert text.count("stopped: ") == 1
    told = text[text.index("stopped: ") :]
    assert (value if variable == "the server" else name) in told
    assert "possibly billed" not in text
    assert "$" not in text.splitlines()[0]
    with open_session(tmp_path, {}, read_only=True) as session:
        assert not any(attempt.in_doubt or attempt.cost_usd for attempt in session.journal.attempts())


@pytest.mark.parametrize(("vendor", "adapter"), [("openai", OpenAIProvider), ("google", GoogleProvider)])
@pytest.mark.parametrize("place", ["_new_client", "_call"])
def test_an_import_or_a_fault_of_ours_before_anything_left_costs_nothing(
    vendor: str, adapter: type[Any], place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken package stops the provider; what breaks while a request is put together fails its image, for nothing."""

    def broken(*_: object) -> None:
        raise ImportError("no module named `brotli`") if place == "_new_client" else ValueError("a bad value")

    monkeypatch.setattr(adapter, place, broken)
    result, text = run(tmp_path, vendor, {})
    assert dict(result.totals) == {"failed": 6}
    assert (result.spent.total_usd, result.spent.possibly, result.spent.unknown) == (0, 0, 0)
    assert "possibly billed" not in text
    if place == "_new_client":
        assert list(result.stopped) == [vendor]
        assert "install chargen again" in text
