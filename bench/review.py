"""The page of `chargen review` in headless Chromium: until it is ready, frames while it scrolls, a filter, thumbnails.

Beside the time until it is ready stands the processor time of server and page, which other work on the machine hardly
touches (Linux only for the server's).

Run: python bench/review.py [--images N ...]   (needs Chromium and the extra `test`)
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, os.fspath(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Page, sync_playwright

from bench.books import built_book
from chargen.web.desk import Desk

_SCROLL = """() => new Promise((resolve) => {
  const times = []; let last = performance.now(); let n = 0;
  const step = () => {
    const now = performance.now(); times.push(now - last); last = now;
    scrollBy(0, 240);
    if (++n < 240) requestAnimationFrame(step); else resolve(times);
  };
  requestAnimationFrame(step);
})"""
_FILTER = """() => new Promise((resolve) => {
  const began = performance.now();
  const text = document.querySelector("input[name=text]");
  text.value = "lantern"; text.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began)));
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the page of chargen review.")
    parser.add_argument("--images", type=int, nargs="*", default=[2_000, 10_000])
    for count in parser.parse_args().images:
        folder = Path(tempfile.mkdtemp())
        try:
            measure(folder, count)
        finally:
            shutil.rmtree(folder)


def measure(folder: Path, count: int) -> None:
    """Print the figures of a book of so many images."""
    built_book(folder, count)
    subprocess.run([sys.executable, "-m", "doit"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    server = subprocess.Popen(
        [sys.executable, "-m", "chargen", "review", "--no-open"], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for visit in ("first", "second"):
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                print(f"{count} images, {visit} visit: {_figures(page, address, server.pid)}")
                page.close()
            browser.close()
    finally:
        server.terminate()
        server.wait()
    print(f"{count} images: {_thumbnails(folder):.0f} thumbnails a second, one thread")


def _figures(page: Page, address: str, server: int) -> str:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before, began = _processor_time(server), time.perf_counter()
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    ready, serving = time.perf_counter() - began, _processor_time(server) - before
    drawing = {item["name"]: item["value"] for item in session.send("Performance.getMetrics")["metrics"]}[
        "TaskDuration"
    ]
    page.locator("input[name=unreviewed]").uncheck()
    frames = page.evaluate(_SCROLL)
    filtered = page.evaluate(_FILTER)
    return (
        f"ready in {ready:.2f} s (processor: {serving:.2f} s server, {drawing:.2f} s page), "
        f"frame {median(frames):.0f} ms (median) and {quantiles(frames, n=20)[-1]:.0f} ms (95 %), "
        f"filter {filtered:.0f} ms"
    )


def _processor_time(pid: int) -> float:
    """Return the seconds that a process has worked, where the system tells them in a file; else 0."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _thumbnails(folder: Path) -> float:
    desk = Desk(folder)
    shutil.rmtree(folder / ".chargen" / "thumbnails", ignore_errors=True)
    digests = [image["picture"] for image in desk.book()["images"] if image["picture"]][:100]
    began = time.perf_counter()
    made = sum(desk.pictures.thumbnail(digest) is not None for digest in digests)
    seconds = time.perf_counter() - began
    desk.close()
    return made / seconds


if __name__ == "__main__":
    main()
