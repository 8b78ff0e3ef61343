"""`chargen plan`: what a build would do, why, in what order and at what price. Writes nothing.

Law: every image that a run would touch has its own line, or, of many, is counted in that of its file; the rest is
counted.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chargen.cli.options import Options, build_request, json_option, selection_options
from chargen.cli.output import say, say_json_text
from chargen.cli.problems import untouched_lines
from chargen.cli.tables import counts, plural
from chargen.model.values import Verdict

if TYPE_CHECKING:
    from chargen.plan.build_request import BuildRequest, Chosen
    from chargen.plan.cache.snapshot import Snapshot
    from chargen.plan.cache.stamp import Summary
    from chargen.plan.plan import Shown
    from chargen.plan.session import Session

_AT_ONCE = 250
"""Images whose JSON is written at once."""


@click.command("plan")
@selection_options
@click.option("--all", "everything", is_flag=True, help="Name every image, also those that need nothing.")
@json_option
def command(*, everything: bool, as_json: bool, **asked: Any) -> None:
    """Show what a build would do, why, in what order and at what price.

    SELECTION is a path, an id or a glob on the id; without one all images are meant. References that have to be built
    too are listed with the image that needs them.
    """
    from chargen.plan.cache.snapshot import take_snapshot  # noqa: PLC0415 - `--help` needs none of it

    wanted = Options(**asked)
    snapshot = None if wanted.tier else take_snapshot(Path.cwd(), os.environ)
    plain = not everything and not as_json and wanted == Options()
    if plain and snapshot is not None and snapshot.stamp.clean and (summary := snapshot.summary()) is not None:
        say(_quiet_plan(summary))
        return
    from chargen.actions.plan import shown_plan  # noqa: PLC0415 - seldom needed where nothing changed
    from chargen.plan.python_gc import collector_paused  # noqa: PLC0415 - as above

    chosen, request, session = _chosen(wanted, snapshot)
    with session or nullcontext():
        shown = shown_plan(chosen, session, whole=not request.selection and not request.rebuild)
    if as_json:
        with collector_paused():
            say_json_text(plan_text(shown.images, shown.besides_images()))
    else:
        from chargen.cli.plan_listing import plan_lines  # noqa: PLC0415 - as above

        say(plan_lines(shown, everything=everything))


def _chosen(asked: Options, snapshot: Snapshot | None) -> tuple[Chosen, BuildRequest, Session | None]:
    """Plan and choose; where nothing changed since the last plan, and nothing is sent, without opening the project."""
    from chargen.plan.build_request import kept_choice, prepare  # noqa: PLC0415 - as above

    here = Path.cwd()
    found = None
    if snapshot is not None:
        request = build_request(asked, here)
        found = kept_choice(snapshot, request)
        if found is not None and not any(image.sends for image in found.choice.images):
            return found, request, None
    from chargen.plan.session import open_session  # noqa: PLC0415 - slow to import, and seldom needed

    session = open_session(here, os.environ, read_only=True, tier=asked.tier)
    try:
        if found is not None:
            return found, request, session
        request = build_request(asked, session.project.root)
        return prepare(session, request, snapshot), request, session
    except BaseException:
        session.close()
        raise


def _quiet_plan(summary: Summary) -> Iterator[str]:
    """Yield the text of a plan in which nothing is to be done, and of which there is nothing else to tell."""
    found = Counter(verdict for _, verdict, _ in summary.others)
    found[Verdict.FRESH.value] = summary.fresh
    numbers = counts({verdict.value: found[verdict.value] for verdict in Verdict})
    yield f"{plural(found.total(), 'image')}: {numbers}" if numbers else "no images are planned"
    yield "nothing to send"
    yield from untouched_lines(summary.others)


def plan_text(images: Sequence[Shown], besides: Mapping[str, Any]) -> Iterator[str]:
    """Yield the text of `plan --json`, a few images at a time: the whole of it takes more room than the plan.

    `besides` is what stands behind the images.
    """
    beginning, _, rest = _json_text({"images": [], **besides}).partition("]")
    yield beginning
    end = "\n ]\n}"
    for start in range(0, len(images), _AT_ONCE):
        text = _json_text({"images": [image.to_json() for image in images[start : start + _AT_ONCE]]})
        yield ("," if start else "") + text[len(beginning) : -len(end)]
    yield ("\n ]" if images else "]") + rest + "\n"


def _json_text(value: Mapping[str, Any]) -> str:
    """Write JSON in a fraction of the time that the standard library takes for indented text.

    What `json.dumps(value, indent=1, ensure_ascii=False)` writes, but that no number has an exponent.
    """
    import msgspec  # noqa: PLC0415 - as above

    try:
        return msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=1).decode()
    except UnicodeEncodeError:  # half a surrogate pair
        return json.dumps(value, indent=1, ensure_ascii=False)
