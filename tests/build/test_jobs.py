"""Images handed over as jobs, in process, with a vendor that is made up: what waits, what comes, what is charged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.batch_vendor import BatchVendor
from support.inside import Silent
from support.studio import ENVIRON, Studio

from chargen.build.run import Build, open_build
from chargen.doit_plugin.run_tasks import image_tasks, run_tasks
from chargen.plan.build_request import BuildRequest
from chargen.plan.selection import Selection

MODEL = "openai/gpt-image-2.5-flare"
BATCH = '[tool.chargen.providers.openai]\nmode = "batch"\n'


class Shop(Studio):
    """A project whose `openai` makes jobs; `run` is a build as `chargen batch` does it."""

    def __init__(self, root: Path, vendor: BatchVendor) -> None:
        super().__init__(root)
        self.settings(BATCH)
        self.vendor = vendor
        self.last: Build

    def chapter(self, slug: str, images: Any, *, route: str = MODEL, **more: Any) -> str:
        return super().chapter(slug, images, route=route, **more)

    def run_build(self, *names: str, **options: Any) -> int:
        order = BuildRequest(Selection(names), **options)
        self.last = open_build(self.root, order, environ=ENVIRON)
        try:
            return run_tasks(self.last, image_tasks(self.last), None, Silent())
        finally:
            self.last.close()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    vendor = BatchVendor()
    vendor.stand_in(monkeypatch)
    return Shop(tmp_path, vendor)


def test_images_go_into_one_job_wait_and_are_published(shop: Shop) -> None:
    """One job of all; nothing more is sent while it waits; what comes is stored, published and written back."""
    file = shop.chapter("ch01", {"a": "A lamp.", "b": "A door."})
    assert shop.run_build() == 0
    assert shop.vendor.prompts == ["A lamp.", "A door."]
    assert shop.verdicts() == {"chapters/ch01/a": "waiting", "chapters/ch01/b": "waiting"}
    assert "in the job `chargen-" in shop.reasons("chapters/ch01/a")
    assert shop.run_build() == 0
    assert len(shop.vendor.jobs) == 1
    shop.vendor.finish()
    assert shop.run_build() == 0
    assert shop.verdicts() == {"chapters/ch01/a": "fresh", "chapters/ch01/b": "fresh"}
    assert len(shop.records(file)) == 2
    assert [record["cost_usd"] for record in shop.stored()] == ["0.02", "0.02"]
    assert not list(shop.root.glob(".chargen/jobs/*"))
    assert shop.run_build() == 0
    assert len(shop.vendor.prompts) == 2


def test_portraits_go_first(shop: Shop) -> None:
    """Whose reference is in a job waits, also in the run that makes the job; it goes into the next one."""
    shop.character("mara", "Mara, a face.", route=MODEL)
    shop.chapter(
        "ch01",
        {"a": "A lamp.", "b": "Mara at the door."},
        extra="characters: [{slug: mara, reference_images: [mara-portrait]}]",
    )
    shop.edit(
        "imagery/chapters/ch01/imagery.yaml",
        '    prompt_used: "Mara at the door."',
        '    prompt_used: "Mara at the door."\n    depicts_characters: [mara]',
    )
    assert shop.run_build() == 0
    assert sorted(shop.vendor.prompts) == ["A lamp.", "Mara, a face."]
    assert shop.verdicts()["chapters/ch01/b"] == "waiting"
    assert "is in a job" in shop.reasons("chapters/ch01/b")
    shop.vendor.finish()
    assert shop.run_build() == 0
    assert shop.vendor.uploaded == 1
    (line,) = shop.vendor.jobs[-1].lines.values()
    assert line["references"] == ["file-1"]
    assert line["prompt"].startswith("Mara at the door.")
    shop.vendor.finish()
    assert shop.run_build() == 0
    assert set(shop.verdicts().values()) == {"fresh"}
    assert shop.vendor.uploads == {}
