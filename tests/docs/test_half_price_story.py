"""The story in docs/half-price.md happens as it is told, at a server that makes jobs as OpenAI does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from servers.openai_server import OpenAIServer
from support.forks import Forks
from support.story import author, tell


@pytest.mark.long
def test_drafts_now_and_finals_by_jobs(tmp_path: Path, forks: Forks) -> None:
    """Every command prints what the page shows: four drafts live, three finals in two jobs, nothing twice."""
    with OpenAIServer() as vendor:
        vendor.jobs.polls = 2
        shell = author(tmp_path, forks, **vendor.environ)
        tell("half-price.md", shell)
        assert Counter(seen.model for seen in vendor.requests) == {"gpt-image-2": 4}
        assert [len(job.lines) for job in vendor.jobs.all.values()] == [2, 1]
        assert max(vendor.jobs.billed.values()) == 1
        assert not vendor.jobs.files
