"""`chargen plan`: what a build would do, why, in what order and at what price. Writes nothing.

Law: every image that a run would touch has its own line, or, of many, is counted in that of its file; the rest is
counted.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from functools import lru_cache
from json.encoder import encode_basestring
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chargen.cli.options import Asked, build_request, json_option, selection_options
from chargen.cli.output import say, say_json
from chargen.cli.problems import untouched_lines
from chargen.cli.tables import counts, plural
from chargen.model.values import Verdict

if TYPE_CHECKING:
    from chargen.plan.build_request import BuildRequest, Chosen
    from chargen.plan.cache.snapshot import Snapshot
    from chargen.plan.cache.stamp import Summary
    from chargen.plan.session import Session


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

    wanted = Asked(**asked)
    snapshot = None if wanted.tier else take_snapshot(Path.cwd(), os.environ)
    plain = not everything and not as_json and wanted == Asked()
    if plain and snapshot is not None and snapshot.stamp.clean and (summary := snapshot.summary()) is not None:
        say(_quiet_plan(summary))
        return
    from chargen.actions.plan import shown_plan  # noqa: PLC0415 - seldom needed where nothing changed

    chosen, request, session = _chosen(wanted, snapshot)
    with session or nullcontext():
        shown = shown_plan(chosen, session, whole=not request.selection and not request.rebuild)
    if as_json:
        _say_json(shown.to_json())
    else:
        from chargen.cli.plan_listing import plan_lines  # noqa: PLC0415 - as above

        say(plan_lines(shown, everything=everything))


def _chosen(asked: Asked, snapshot: Snapshot | None) -> tuple[Chosen, BuildRequest, Session | None]:
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


def _say_json(value: Mapping[str, Any]) -> None:
    say_json(value, plan_text(value))


def plan_text(value: Mapping[str, Any]) -> str:
    """Write the object of `plan --json` in a fraction of the time that the standard library takes for indented text.

    Byte for byte what `json.dumps(value, indent=1, ensure_ascii=False)` writes: its fast encoder does not indent, so
    the fields of an image, which are the same for all, are put into a template.
    """
    rest = json.dumps({**value, "images": []}, indent=1, ensure_ascii=False)
    if not value["images"]:
        return rest
    images = ",\n  ".join(map(_image, value["images"]))
    return rest.replace('"images": []', f'"images": [\n  {images}\n ]', 1)


def _image(image: Mapping[str, Any]) -> str:
    return _template(tuple(image)) % tuple([_WRITERS.get(type(value), _other)(value) for value in image.values()])


@lru_cache(maxsize=4)
def _template(names: tuple[str, ...]) -> str:
    fields = ",\n".join(f"   {encode_basestring(name)}: %s" for name in names)
    return f"{{\n{fields}\n  }}"


def _list(items: list[str]) -> str:
    return "[\n    {}\n   ]".format(",\n    ".join(map(encode_basestring, items))) if items else "[]"


def _other(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: int.__repr__,
    float: float.__repr__,
    list: _list,
    type(None): lambda _: "null",
}
"""How values are written of the types that nearly all fields have."""
