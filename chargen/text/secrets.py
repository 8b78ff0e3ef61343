"""Takes keys out of text before anyone sees it: messages, journal rows, records.

Law: after `scrub` no secret that was handed in is left, however a server or an SDK quoted it (whole, JSON-escaped,
percent-encoded), nor anything that looks like a key or like one shown in part (`sk-ab****wxyz`). Text without any
comes back unchanged, and scrubbing twice changes nothing more. It takes time in proportion to the text: a broken reply
may hold megabytes of one word. Pure; knows no environment: the caller says which secrets there are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, quote_plus

MASK = "[key]"

SHORTEST_SECRET = 6
"""Shorter values are not searched for as they stand: a dummy key such as `none` would black out ordinary words."""

_SHAPES = (
    # OpenAI's keys, whole or shown in part; a full stop only counts inside the key, not as the sentence's end.
    r"\bsk-(?:[A-Za-z0-9_\-*•…]|\.(?=[A-Za-z0-9_\-*.])){6,}",
    # Google's API keys.
    r"\bAIza[A-Za-z0-9_\-*•…]{6,}",
    # Google's OAuth access tokens.
    r"\bya29\.[A-Za-z0-9_\-.]{6,}",
    # Any word shown in part: letters around at least three stars or bullets.
    r"(?<![A-Za-z0-9_\-])[A-Za-z0-9_\-]*(?:[*•]{3,}[A-Za-z0-9_\-]*)+",
)
_CONTEXTS = (
    r"(?i)(\b(?:bearer|basic)\s+)(?!\[key\])[A-Za-z0-9._~+/=\-]{6,}",
    (
        r"(?i)(\b(?:x-goog-api-key|x-api-key|api-key|api_key|apikey)\b[\"']?\s*[:=]\s*[\"']?)"
        r"(?!\[key\])[^\s\"',;&\[\]{}]+"
    ),
    r"(?i)([?&](?:key|api_key|access_token|token)=)(?!\[key\])[^\s&\"'#]+",
    # A password in an address; the name before it may be one half of a token.
    r"(?i)(\b[a-z][a-z0-9+.\-]{0,20}://)(?!\[key\])[^\s/@\"']+(?=@)",
    r"(?i)(api key provided:\s*[\"']?)(?!\[key\])[^\s\"',;]*[^\s\"',;.]",
)

_MAYBE = re.compile(r"(?i)sk-|aiza|ya29\.|[*•]{3}|bearer|basic|api[_\- ]?key|(?:key|token)=|://")
"""What stands in every text that one of the expressions above changes: most texts hold none of it, and most runs
never compile those."""


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` with every one of `secrets`, and everything that looks like a key, replaced by `[key]`."""
    for form in _forms(tuple(secrets)):
        text = text.replace(form, MASK)
    if _MAYBE.search(text) is None:
        return text
    for context in _CONTEXTS:
        text = re.sub(context, rf"\g<1>{MASK}", text)
    for shape in _SHAPES:
        text = re.sub(shape, MASK, text)
    return text


@lru_cache(maxsize=8)  # the same few secrets for every text of a run
def _forms(secrets: tuple[str, ...]) -> list[str]:
    """All spellings of the secrets to look for, the longest first, so that none leaves a rest of another."""
    forms: set[str] = set()
    for secret in secrets:
        bare = secret.strip()
        if len(bare) >= SHORTEST_SECRET:
            forms.update((secret, bare, quote(bare, safe=""), quote_plus(bare), json.dumps(bare)[1:-1]))
            forms.add(json.dumps(bare, ensure_ascii=False)[1:-1])
    return sorted(forms, key=lambda form: (-len(form), form))
