"""What is asked of a whole book of an author's: all that is planned can be built, and with the faces that exist.

Judged from the disk: whoever has an `images/portrait.png` beside their file has a face.
"""

from __future__ import annotations

from msgspec.structs import replace
from support import inside
from support.project import Project

from chargen.errors import Problem, Severity
from chargen.model.values import Route, Verdict
from chargen.plan.image_request import request_of
from chargen.plan.plan import Planned
from chargen.plan.planner import Planner
from chargen.plan.session import Session

SETTINGS = """\
empty_references = "portrait"
location_references = "place"
[tool.chargen.routes]
"*" = "sketch/sketch"
"openai/*" = "sketch/sketch"
"google/*" = "sketch/sketch"
"""

FACED = Route("google", "gemini-3-pro-image")
"""A model that takes many pictures."""


def unbuildable(planner: Planner) -> dict[str, str]:
    """Return the planned images that nothing can be made of, with why; told ones among them."""
    never = (Verdict.BLOCKED, Verdict.NO_PROMPT)
    return {image.id: str(image.reasons) for image in planner.plan().images if image.verdict in never}


def errors(planner: Planner) -> tuple[Problem, ...]:
    """Return what the author has to mend."""
    return tuple(problem for problem in planner.plan().problems if problem.severity is Severity.ERROR)


def faces(book: Project) -> set[str]:
    """Return the characters that have a face on the disk."""
    return {path.parents[1].name for path in book.root.glob("imagery/characters/*/images/portrait.png")}


def check_faces(session: Session, planner: Planner, book: Project) -> int:
    """Check that all who are shown and have a face are sent with it, first and named; return how many that are."""
    known, shown = faces(book), 0
    for name in planner.plan().by_id:
        image = planner.image(name)
        people = [depicted for depicted in image.entry.depicts if depicted.slug in known and not depicted.no_portrait]
        sent = {reference.character for reference in image.references}
        assert {depicted.slug for depicted in people} <= sent, name
        shown += len(people)
        if people:
            _check_legend(session, image)
    return shown


def _check_legend(session: Session, image: Planned) -> None:
    """All characters come before the place, and each picture has its number and who is on it in the prompt."""
    image = replace(image, route=FACED)
    request = request_of(image, session.adapters)
    places = [reference.is_place for reference in request.references]
    assert places == sorted(places), image.id
    assert not places[0], image.id
    for number, reference in enumerate(request.references, start=1):
        assert reference.name, image.id
        assert f"Picture {number}: {'the place, ' if reference.is_place else ''}{reference.name}." in request.prompt


def check_built(book: Project) -> None:
    """Check that a second build sends nothing."""
    assert not [name for name, verdict in inside.verdicts(book).items() if verdict.spends]
