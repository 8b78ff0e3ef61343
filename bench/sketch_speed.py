"""How many 1024x576 sketches a second: through `send`, PNG encoding included, with 1 and 2 threads.

Run: python bench/sketch_speed.py [images per run]. Every image has its own prompt, title and id; two references repeat,
as a book's portraits do.
"""

from __future__ import annotations

import io
import sys
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

from PIL import Image

from chargen.model.request import Asked, ProviderSettings, Request, SentReference
from chargen.model.values import Size
from chargen.providers.sketch import SketchProvider

PROMPT = (
    "Image {number}: a ferryman waits under the iron bridge before dawn, lantern at his feet, fog on the black water. "
    "Wide shot from the far bank, his boat small in the lower third, the arch filling the frame. The first train "
    "crosses above and throws squares of yellow light on the river; nobody looks down. Cold blues, one warm accent."
)
NEGATIVE = "cartoon, glossy plastic, lens flare, text, watermark, extra limbs"


def portrait(colour: tuple[int, int, int]) -> SentReference:
    picture = Image.linear_gradient("L").resize((1024, 1024))
    picture = Image.composite(Image.new("RGB", picture.size, colour), Image.new("RGB", picture.size), picture)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return SentReference("", "generated/characters/ferryman/portrait.png", out.getvalue(), "image/png")


def requests(provider: SketchProvider, count: int) -> list[Request]:
    references = (portrait((180, 120, 70)), portrait((70, 110, 160)))
    return [
        provider.adapt(
            Asked(
                prompt=PROMPT.format(number=number),
                negative_prompt=NEGATIVE,
                references=references,
                size=Size(1024, 576),
                entry_id=f"chapters/ch{number % 9:02}/img-{number:03}",
                title=f"The Ferryman Waits, Part {number}",
                colours=("#1d3146", "#d9a441", "#e9e1cf", "#6d7f86"),
            ),
            "sketch",
        )
        for number in range(count)
    ]


def rate(threads: int, count: int) -> float:
    provider = SketchProvider(ProviderSettings())
    asked = requests(provider, count)
    start = perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        size = sum(len(reply.data) for reply in pool.map(provider.send, asked))
    seconds = perf_counter() - start
    print(f"{threads} thread(s): {count / seconds:6.1f} images/s, {size / count / 1024:.0f} KiB each")
    return count / seconds


if __name__ == "__main__":
    images = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    rate(1, images)
    rate(2, images)
