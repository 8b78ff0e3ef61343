"""Keys never survive into text, and text without keys is left alone."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargen.text import secrets
from chargen.text.secrets import scrub

KEY = "sk-proj-AbC123_def-456GHI789"
GOOGLE = "AIzaSyA1234567890abcdefghijklmnopqrstuv"
ODD = 'a"b\\c d/é+secret'


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"Incorrect API key provided: {KEY}. You can find it", "Incorrect API key provided: [key]. You can find it"),
        ("Incorrect API key provided: sk-pr***************I789.", "Incorrect API key provided: [key]."),
        ("Incorrect API key provided: sk-...I789. Next.", "Incorrect API key provided: [key]. Next."),
        ("Incorrect API key provided: abc. Next", "Incorrect API key provided: [key]. Next"),
        ("key sk-••••••••I789 is wrong", "key [key] is wrong"),
        ("used my_ab****yz here", "used [key] here"),
        (f"Authorization: Bearer {KEY}", "Authorization: Bearer [key]"),
        ("authorization: bearer eyJhbGciOi.J9-x_y", "authorization: bearer [key]"),
        (f"{{'x-goog-api-key': '{GOOGLE}', 'a': 1}}", "{'x-goog-api-key': '[key]', 'a': 1}"),
        ('{"api_key": "hunter2", "a": 1}', '{"api_key": "[key]", "a": 1}'),
        ("api-key=hunter2;x", "api-key=[key];x"),
        (f"GET https://g.example/v1/m?key={GOOGLE}&alt=sse", "GET https://g.example/v1/m?key=[key]&alt=sse"),
        (f"the key {GOOGLE[:12]}…{GOOGLE[-3:]} is old", "the key [key] is old"),
        ("GET https://me:pass-word@host.example/v1 failed", "GET https://[key]@host.example/v1 failed"),
        ("authorization: Basic dXNlcjpwYXNz", "authorization: Basic [key]"),
        ("GET /v1/x?access_token=hunter2&a=1", "GET /v1/x?access_token=[key]&a=1"),
        ("apikey: hunter2, a", "apikey: [key], a"),
        ("token ya29.a0AfH6SMBx-yz_123 expired", "token [key] expired"),
    ],
)
def test_what_looks_like_a_key_goes(text: str, clean: str) -> None:
    """Whole and partly shown keys, headers and addresses are masked without knowing any secret."""
    assert scrub(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "a red fox at dusk, a task-based plan, desk-lamp light, risk-free",
        "Rate limit reached for gpt-image-2.6-flare (limit 5, used 5)",
        "help.openai.com with req_0123456789abcdef and org-Ab12",
        "**bold** and * star, sk-8 boards",
        "the monkey=7, turkey: bird",
        "",
    ],
)
def test_other_text_stays(text: str) -> None:
    """Ordinary words, ids and addresses are not taken for keys."""
    assert scrub(text) == text


_PIECES = (
    *(
        "sk-proj-A1b2C3d4e5",
        "AIzaSyA123456",
        "ya29.a0AfH6_x",
        "ab****yz",
        "••",
        "•",
        "*",
        "Bearer",
        "basic",
        "BA\u017fIC",
    ),
    *(
        "x-goog-api-key",
        "API_KEY",
        "apikey",
        "api-key",
        "API key provided:",
        "\u212aey",
        ":",
        "=",
        "'",
        '"',
        "abcdef123",
    ),
    *("?", "&", "key=", "token=", "access_token=", "api_key=", "://", "http://me:pw@h", "me", "@", "\n"),
)


@given(st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=8))
def test_the_quick_look_passes_over_nothing(pieces: list[str]) -> None:
    """A text in which the quick look sees no key is one that no expression changes."""
    text = "".join(pieces)
    for every in (text, " ".join(pieces)):
        changed = any(re.search(expression, every) for expression in (*secrets._CONTEXTS, *secrets._SHAPES))
        assert not changed or secrets._MAYBE.search(every)


@pytest.mark.parametrize("form", [ODD, quote(ODD, safe=""), json.dumps(ODD), json.dumps(ODD, ensure_ascii=False)])
def test_a_known_secret_goes_in_every_spelling(form: str) -> None:
    """A secret of no known shape is found as it stands, percent-encoded and inside JSON."""
    cleaned = scrub(f"before {form} after", [ODD])
    assert "secret" not in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")


def test_a_dummy_key_does_not_black_out_words() -> None:
    """Values too short to be keys are not searched for."""
    assert scrub("none of these", ["none", "", "  "]) == "none of these"


def test_a_longer_secret_goes_whole() -> None:
    """Where one secret begins like another, no rest of the longer one is left."""
    assert scrub("x abcdef-ghi y", ["abcdef", "abcdef-ghi"]) == "x [key] y"


@given(st.text(max_size=60), st.text(st.characters(codec="utf-8"), min_size=6, max_size=30), st.text(max_size=60))
def test_no_secret_is_left(before: str, secret: str, after: str) -> None:
    """Whatever stands around it, a secret is gone afterwards."""
    bare = secret.strip()
    if len(bare) >= 6 and bare not in "[key]":
        cleaned = scrub(before + bare + after, [secret])
        assert bare not in cleaned.replace("[key]", "\0")


@given(st.text(alphabet="sk-AIza.*•… =:?&'\"[]keybrpiadov0123456789", max_size=80))
def test_scrubbing_twice_changes_nothing(text: str) -> None:
    """What is clean stays as it is."""
    once = scrub(text)
    assert scrub(once) == once


@pytest.mark.parametrize(
    "piece", ["a", "a-", "a.", "sk-", "a*", "***", "a***", "://", "bearer ", "key=", "?key=x", " ", "@"]
)
def test_megabytes_are_scrubbed_in_time(piece: str) -> None:
    """Time grows with the text, not with its square: half a picture must not stop the program."""
    text = piece * (300_000 // len(piece))
    assert len(scrub(text, ["a-secret-key"])) <= 2 * len(text)
