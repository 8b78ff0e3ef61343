"""Nothing odd is silent where it costs money: what is said of images, and of providers, before anything leaves."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.project import Project

from chargen.cli.main import run

FLARE = "openai/gpt-image-2.6-flare"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, no proxy, no certificates of one's own."""
    for name in ("OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", "")


def output(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    capsys.readouterr()
    code = run(list(command))
    return code, capsys.readouterr().out


def problems(capsys: pytest.CaptureFixture[str], *command: str) -> list[tuple[str, str, str]]:
    """Severity, file and message of each of `problems[]`."""
    found: dict[str, Any] = json.loads(output(capsys, *command, "--json")[1])
    return [(item["severity"], item["file"], item["message"]) for item in found["problems"]]


def test_warnings_about_what_is_sent_come_before_it_counted_and_shortened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One cause once, five causes at most; nothing about images that are not sent."""
    book = Project(tmp_path, 'missing_references = "describe"\n')
    entry = "depicts_characters: [otto, mara, ada, eve, ivo, uma, lea, maraa, adaa, evee]"
    extra = "characters: [{slug: mara, reference_images: [potrait]}, {slug: ada, reference_images: []}]"
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, entry=entry, extra=extra)
    book.chapter("ch02", {"c": "A cat."}, entry="depicts_characters: [nobody]")
    book.character("mara")
    book.character("ada")
    for slug in ("eve", "ivo"):
        book.character(slug, appearance="" if slug == "ivo" else "tall")
    monkeypatch.chdir(tmp_path)
    count = len(problems(capsys, "batch", "all", "--only", "ch01", "--dry-run"))
    code, out = output(capsys, "batch", "all", "--only", "ch01")
    before, _, after = out.partition("[1/2]")
    assert code == 0
    assert "`mara` has no picture `potrait` in the inventory (for `chapters/ch01/a`, `chapters/ch01/b`)" in before
    assert before.count("`otto` has no character file") == 1
    assert "  also at" in before
    assert before.count(": warning: ") == 5
    assert re.search(r"\nand \d+ more warnings\n", before)
    assert "nobody" not in out
    assert "warning" not in after
    assert f"{count} warnings about what is sent; `chargen check` tells all there is\n" in before


def test_json_has_them_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a run, with their place; a run that sends nothing has none."""
    book = Project(tmp_path)
    file = book.chapter("ch01", {"a": "A lamp."}, entry="depicts_characters: [otto]")
    monkeypatch.chdir(tmp_path)
    told = ("warning", file, "`otto` has no character file: nothing tells what they look like")
    assert problems(capsys, "batch", "all") == [told]
    assert problems(capsys, "batch", "all") == []


@pytest.mark.parametrize("command", [("plan",), ("check",), ("batch", "all", "--dry-run"), ("batch", "all")])
def test_a_missing_key_is_a_warning_at_the_settings_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    """One for each provider, whatever how many images; sketches need none."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp.", "b": "A door."}, route=FLARE)
    book.chapter("ch02", {"c": "A cat."}, route="google/gemini-nano-banana-2.1")
    book.chapter("ch03", {"d": "A dog."})
    monkeypatch.chdir(tmp_path)
    assert problems(capsys, *command) == [
        ("warning", "pyproject.toml", "`OPENAI_API_KEY` is not set"),
        ("warning", "pyproject.toml", "neither `GOOGLE_API_KEY` nor `GEMINI_API_KEY` is set"),
    ]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.setenv("GEMINI_API_KEY", "x")
    if command != ("batch", "all"):
        assert problems(capsys, *command) == []


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("HTTPS_PROXY", "ftp://proxy:1", "`HTTPS_PROXY` is no address of a proxy"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem", "`SSL_CERT_FILE` names `/nowhere/ca.pem`, which can't be used: it is not"),
    ],
)
def test_a_setting_of_the_machine_that_can_not_work_is_told_before_a_request(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    words: str,
) -> None:
    """By plan and check, as a warning; a plan that is kept tells it too, and one that sends nothing does not."""
    book = Project(tmp_path)
    book.chapter("ch01", {"a": "A lamp."}, route=FLARE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    assert problems(capsys, "plan") == problems(capsys, "check") == []
    monkeypatch.setenv(variable, value)
    for command in ("plan", "check", "plan"):
        ((severity, file, message),) = problems(capsys, command)
        assert (severity, file, message.startswith(words)) == ("warning", "pyproject.toml", True)
    monkeypatch.delenv(variable)
    assert problems(capsys, "plan") == []


@pytest.mark.parametrize("budget", ["run = 0", "month = 0"])
def test_a_budget_that_is_used_up_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], budget: str
) -> None:
    """Not where only sketches are drawn."""
    book = Project(tmp_path, f"[tool.chargen.budget]\n{budget}\n")
    book.chapter("ch01", {"a": "A lamp."}, route=FLARE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    for command in ("plan", "check"):
        ((severity, file, message),) = problems(capsys, command)
        assert (severity, file) == ("warning", "pyproject.toml")
        assert message.endswith("nothing that costs is sent")
    assert "nothing that costs is sent" in output(capsys, "batch", "all")[1]
    book.chapter("ch01", {"a": "A lamp."})
    assert problems(capsys, "check") == []
