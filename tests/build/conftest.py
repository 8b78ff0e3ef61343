"""What several files of these tests work on."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.batch_vendor import BatchVendor
from support.shop import Shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    vendor = BatchVendor()
    vendor.stand_in(monkeypatch)
    return Shop(tmp_path, vendor)
