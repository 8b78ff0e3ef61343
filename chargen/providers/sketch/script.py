"""Failures by script, so that tests and dry runs meet every way a provider can fail without an account.

Laws: the same tries in the same order fail the same way; counting is safe from many threads.
Must not know: drawing, settings files, the network.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from chargen.config.setting_checks import SettingChecks
from chargen.config.toml_positions import KeyPath
from chargen.model.request import FailureClass, ProviderError
from chargen.text.names import did_you_mean

_SCRIPT = re.compile(
    r"(?P<glob>.+)=(?P<what>transient|ambiguous|refused|invalid|provider-stop|ours|wait:(?P<seconds>\d+(?:\.\d+)?))"
    r"(?:\*(?P<count>[1-9]\d*))?"
)
_MESSAGES = {
    FailureClass.TRANSIENT: ("the scripted server is busy", ""),
    FailureClass.AMBIGUOUS: ("the scripted connection broke after sending", ""),
    FailureClass.REFUSED: ("the scripted moderation refused this prompt", "change the prompt"),
    FailureClass.INVALID: ("the scripted server does not take this request", "change the entry"),
    FailureClass.PROVIDER_STOP: ("the scripted account has no quota", "remove the entry from `fail` of sketch"),
}


class Script(Struct, frozen=True):
    """One scripted failure: which entries, how they fail, and for how many tries of each (None: all)."""

    glob: str
    failure: FailureClass
    seconds: float | None
    count: int | None


def parse_script(text: str) -> Script:
    """Read `GLOB=failure-class[*COUNT]`, or `GLOB=wait:SECONDS[*COUNT]`, as `check_script` let it pass."""
    match = _SCRIPT.fullmatch(text)
    assert match is not None
    seconds, count = match["seconds"], match["count"]
    return Script(
        glob=match["glob"],
        failure=FailureClass.TRANSIENT if seconds else FailureClass(match["what"]),
        seconds=float(seconds) if seconds else None,
        count=int(count) if count else None,
    )


def check_script(checks: SettingChecks, path: KeyPath, value: Any) -> str | None:
    """Check one script of the setting `fail`."""
    text = checks.name(path, value)
    if text is None or _SCRIPT.fullmatch(text):
        return text
    classes = [failure.value for failure in FailureClass]
    word = text.rpartition("=")[2].partition("*")[0]
    must = f"be `GLOB=CLASS` or `GLOB=CLASS*COUNT`, with a class of {', '.join(classes)}, wait:SECONDS"
    checks.must(path, must, did_you_mean(word, classes) if "=" in text else "")
    return None


class FailureScript:
    """The scripts of one provider, with what each entry has used up of them."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._scripts = tuple(parse_script(text) for text in texts)
        self._used: Counter[tuple[int, str]] = Counter()
        self._lock = threading.Lock()

    def next_failure(self, entry_id: str) -> ProviderError | RuntimeError | None:
        """Give the failure of this try, or None; the first script that matches and is not used up decides."""
        with self._lock:
            for index, script in enumerate(self._scripts):
                if not fnmatchcase(entry_id, script.glob):
                    continue
                if script.count is None or self._used[index, entry_id] < script.count:
                    self._used[index, entry_id] += 1
                    return _failure(script, entry_id)
        return None


def _failure(script: Script, entry_id: str) -> ProviderError | RuntimeError:
    if script.failure is FailureClass.OURS:
        return RuntimeError(f"a scripted bug while drawing `{entry_id}`")
    if script.seconds is not None:
        return ProviderError(
            FailureClass.TRANSIENT,
            "the scripted server asks to wait",
            wait=script.seconds,
            rate_limited=True,
            status=429,
        )
    message, hint = _MESSAGES[script.failure]
    return ProviderError(script.failure, message, hint=hint, possibly_billed=script.failure is FailureClass.AMBIGUOUS)
