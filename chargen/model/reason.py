"""Why an image has its verdict: a code with the values that fill its sentence.

Laws: nothing is decided by a sentence, only by codes; `str` of a reason is the one place that makes sentences of them.
Records and caches keep codes, which never change their meaning; records from before there were codes hold sentences,
and are read for ever. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any


class ReasonCode(str, Enum):
    """What a reason is about. The values that each takes are those its sentence names, in that order."""

    ARCHIVED = "archived"
    IGNORED = "ignored"
    NO_PROMPT = "no-prompt"
    NOT_BUILT = "not-built"
    REBUILD_ASKED = "rebuild-asked"
    AGAIN_ASKED = "again-asked"
    FORGOTTEN = "forgotten"
    REJECTED = "rejected"
    NOTE = "note"
    """The author's words on the rejected picture, the value."""
    HELD = "held"
    """By its status, the value."""
    HELD_AND_GONE = "held-and-gone"
    """Its status, and the target where no picture is."""
    WOULD_BE_STALE = "would-be-stale"
    """A held picture is out of date; what for are the causes."""
    PICTURE_ELSEWHERE = "picture-elsewhere"
    PAINTED_OVER = "painted-over"
    BEFORE_RECORDS = "before-records"
    SKETCH_STANDS_IN = "sketch-stands-in"
    SKETCH_REPLACES_NOTHING = "sketch-replaces-nothing"
    SKETCH_REPLACES_NO_OWN = "sketch-replaces-no-own"
    """The picture is the author's, not one that a provider made."""
    DRAFT = "draft"
    """The picture was made by a tier, the value."""
    DRAFT_STANDS_IN = "draft-stands-in"
    """It was, and a higher tier or a final image is asked for."""
    LOWER_REPLACES_NOTHING = "lower-replaces-nothing"
    """Of the tier that is asked for, the value."""
    DRAFT_APPROVED = "draft-approved"
    """A final picture is asked for in place of a draft that is approved."""
    APPROVED_AS_DRAFT = "approved-as-draft"
    """The approval was given to the draft in whose place a final picture is."""
    DAMAGED = "damaged"
    DAMAGED_FOR_GOOD = "damaged-for-good"
    PAID_FOR = "paid-for"
    COPIED = "copied"
    """The entry repeats the record of another, the value, and has no picture of its own."""
    MOVED = "moved"
    """The picture was made for another entry, which is gone, or stands where the entry was: an id, or a path."""
    REPLY_NOT_IN_PLACE = "reply-not-in-place"
    INPUTS_CHANGED = "inputs-changed"
    """Which is not known: the record has no digests of the parts."""
    INPUT_CHANGED = "input-changed"
    """Part, `added`, `removed` or `changed`, and the place of today's words (empty where there is none)."""
    RETAKE = "retake"
    """What is to be different from the picture it is made from, in the author's words."""
    PROVIDER_CHANGED = "provider-changed"
    MODEL_CHANGED = "model-changed"
    QUALITY_CHANGED = "quality-changed"
    MODEL_FILE_CHANGED = "model-file-changed"
    """What it is called (`workflow`), and its path: another file was the model."""
    REFERENCE_REBUILT = "reference-rebuilt"
    REFERENCE_FIRST = "reference-first"
    REFERENCE_BLOCKED = "reference-blocked"
    IN_JOB = "in-job"
    """Its request is in a job: the job's name, and since when."""
    REFERENCE_IN_JOB = "reference-in-job"
    JOB_LOST = "job-lost"
    """A job of which nothing tells whose requests it holds: its folder."""
    WILL_BE_STALE = "will-be-stale"
    """The inputs differ from those that were sent."""
    POINTER = "pointer"
    POINTER_TO_RECORDED = "pointer-to-recorded"
    REFUSED_BEFORE = "refused-before"
    UNUSABLE_REPLY = "unusable-reply"
    CHARGED_FOR_NOTHING = "charged-for-nothing"
    """How many requests were charged and brought no image, why, what they came to, and the image's id."""
    NO_FILE_AT_TARGET = "no-file-at-target"
    TARGET_OUTSIDE = "target-outside"
    SAME_TARGET = "same-target"
    CIRCLE = "circle"
    OBJECTION = "objection"
    """What the provider's adapter has against the request, in its words."""
    SLOTS_MISSING = "slots-missing"
    """As the three after it why a build writes down what is done already."""
    SLOTS_OF_ANOTHER = "slots-of-another"
    PLACE_NOT_WRITTEN = "place-not-written"
    END_NOT_WRITTEN = "end-not-written"
    VARIANT = "variant"
    """Which of how many versions of the same inputs it is, made on purpose."""
    MORE_VARIANTS = "more-variants"
    """How many of how many are still to be made."""
    VARIANTS_BY_NAME = "variants-by-name"
    """How many the entry wants, and its id: nothing is made beside this picture unless it is named."""
    VARIANTS_BLOCKED = "variants-blocked"
    """What stands in the way of more variants are the causes."""
    PROBLEM = "problem"
    """An error of the input, in the problem's words, and the place that has to be corrected (empty where unknown)."""
    SENTENCE = "sentence"
    """A record from before there were codes, or from a later version, in its words."""


NOTHING_REPLACES = frozenset(
    {
        ReasonCode.SKETCH_REPLACES_NOTHING,
        ReasonCode.SKETCH_REPLACES_NO_OWN,
        ReasonCode.LOWER_REPLACES_NOTHING,
        ReasonCode.POINTER,
    }
)
"""What keeps a picture that is out of date where it stands; reasons beside it say what it is out of date for."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason; `causes` are the reasons that it sums up."""

    code: ReasonCode
    values: tuple[str, ...] = ()
    causes: tuple[Reason, ...] = ()

    def __str__(self) -> str:
        if self.code is ReasonCode.INPUT_CHANGED:
            return _input_changed(*self.values)
        if self.code is ReasonCode.WOULD_BE_STALE:
            return f"would be stale: {sentences(self.causes)}"
        if self.code is ReasonCode.VARIANTS_BLOCKED:
            return f"no more variants can be made: {sentences(self.causes)}"
        return _SENTENCES[self.code].format(*self.values)

    @property
    def place(self) -> str:
        """Where the author has to correct something; empty where that is nowhere, or not known."""
        return self.values[1] if self.code is ReasonCode.PROBLEM else ""

    def to_json(self) -> list[Any]:
        """Return the reason as JSON values: code, values, causes."""
        return [self.code.value, list(self.values), [cause.to_json() for cause in self.causes]]

    @classmethod
    def from_json(cls, value: Any) -> Reason:
        """Read it back. Raises ValueError or TypeError for what is no reason, or has a code of a later version."""
        code, values, causes = value
        if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
            raise TypeError("the values of a reason are texts")
        reason = cls(ReasonCode(code), tuple(values), tuple(map(cls.from_json, causes)))
        if len(values) != _VALUES[reason.code]:
            raise ValueError(f"`{code}` has another number of values")
        return reason

    @classmethod
    def of_sentence(cls, text: str) -> Reason:
        """Return the reason that a record from before there were codes holds as a sentence."""
        code = _FIRST_SENTENCES.get(text)
        return cls(ReasonCode.SENTENCE, (text,)) if code is None else cls(code)


def sentences(reasons: Iterable[Reason]) -> str:
    """Say several reasons on one line."""
    return "; ".join(map(str, reasons))


def said_of_version(reason: Reason) -> str:
    """Say why a version was made, once it is there."""
    return _OF_A_VERSION.get(reason.code) or str(reason)


def has(reasons: Iterable[Reason], code: ReasonCode) -> bool:
    """Say whether a code is among reasons, or among what they sum up."""
    return any(reason.code is code or has(reason.causes, code) for reason in reasons)


def is_draft(reasons: Iterable[Reason]) -> bool:
    """Say whether reasons tell that a draft stands at the target."""
    return bool(tier_told(reasons))


def tier_told(reasons: Iterable[Reason]) -> str:
    """Return the tier that the picture at the target is of, as reasons tell it; nothing for a final image."""
    drafts = (ReasonCode.DRAFT, ReasonCode.DRAFT_STANDS_IN)
    return next((str(reason.values[0]) for reason in reasons if reason.code in drafts), "")


def flattened(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return reasons with all that they sum up."""
    return tuple(item for reason in reasons for item in (reason, *flattened(reason.causes)))


def of_many(reason: Reason) -> Reason:
    """Return a reason as it is said of many images: what changed, without the place, and without their names."""
    if reason.code is ReasonCode.INPUT_CHANGED:
        part, change, _ = reason.values
        return Reason(reason.code, ("reference" if part.startswith("reference.") else part, change, ""))
    if reason.code in (ReasonCode.REFERENCE_FIRST, ReasonCode.REFERENCE_REBUILT):
        return Reason(ReasonCode.SENTENCE, ("after a reference that is built first",))
    if reason.code is ReasonCode.VARIANTS_BY_NAME:
        return Reason(reason.code, ("NUMBER", "NAME"))
    return Reason(reason.code, reason.values, tuple(dict.fromkeys(map(of_many, reason.causes))))


def _named(part: str) -> str:
    """Say what one of the inputs is called: `retake.of` is the picture that is changed."""
    found = part.removeprefix("prompt.").replace("reference.", "reference ").replace("_", " ")
    return _OF_A_RETAKE.get(found, found) + (" or what is told with it" if is_shared(part) else "")


def is_shared(part: str) -> bool:
    """Say whether a part's words may be those of several keys, of which the first names it and its place."""
    return part.startswith("prompt.") and part.rpartition(".")[2] in _SHARED


def _input_changed(part: str, change: str, source: str) -> str:
    name = _named(part)
    if name == "template":
        return f"words of {source or 'the template'}, or names it prints, {change}"
    name = "the prompt's layout" if name == "prompt" else name
    return f"{name} {change}" + (f" ({source})" if source else "")


_SENTENCES = {
    ReasonCode.ARCHIVED: "status is archived",
    ReasonCode.IGNORED: "ignored on this machine: `doit forget` or `--rebuild` ends that",
    ReasonCode.NO_PROMPT: "the entry has no prompt yet",
    ReasonCode.NOT_BUILT: "not built yet",
    ReasonCode.REBUILD_ASKED: "asked for by name with `--rebuild`",
    ReasonCode.AGAIN_ASKED: "asked for by name with `-a`",
    ReasonCode.FORGOTTEN: "forgotten with `doit forget`",
    ReasonCode.REJECTED: "status is rejected",
    ReasonCode.NOTE: "note: {}",
    ReasonCode.HELD: "status is {}",
    ReasonCode.HELD_AND_GONE: (
        "{0}, but `{1}` does not exist and nothing restores it: put it back, or `doit --rebuild {1}` makes a new one"
    ),
    ReasonCode.PICTURE_ELSEWHERE: "the entry's own picture is `{}`",
    ReasonCode.PAINTED_OVER: "the file is not what was built: painted over by hand?",
    ReasonCode.BEFORE_RECORDS: "the picture existed before any record; taken as it is",
    ReasonCode.SKETCH_STANDS_IN: "a sketch stands in for the image",
    ReasonCode.SKETCH_REPLACES_NOTHING: (
        "a sketch never replaces an image of another provider: set the `provider` of the entry, or a route, to one that"
        " makes it, or move the picture away to have a sketch"
    ),
    ReasonCode.SKETCH_REPLACES_NO_OWN: (
        "a sketch never replaces a picture of your own: set the `provider` of the entry, or a route, to one that makes"
        " it, or move the picture away to have a sketch"
    ),
    ReasonCode.DRAFT: "a draft (tier `{}`)",
    ReasonCode.DRAFT_STANDS_IN: "a draft (tier `{}`) stands in for the image",
    ReasonCode.LOWER_REPLACES_NOTHING: (
        "a picture of tier `{}` never replaces one of a higher tier or a final one: leave `--tier` out to have a final"
        " made, or move the picture away to have a draft"
    ),
    ReasonCode.DRAFT_APPROVED: "its draft is approved",
    ReasonCode.APPROVED_AS_DRAFT: "approved as a draft: look at the final picture, then approve or reject it",
    ReasonCode.DAMAGED: "the picture is damaged: {}",
    ReasonCode.DAMAGED_FOR_GOOD: (
        "the picture is damaged: {}, and nothing restores it: put a whole one there, or `doit --rebuild NAME` makes a"
        " new one"
    ),
    ReasonCode.PAID_FOR: "paid for already: put back for free",
    ReasonCode.COPIED: "copied from `{}`: gets a picture of its own",
    ReasonCode.MOVED: "moved: was {}, free",
    ReasonCode.REPLY_NOT_IN_PLACE: "its newest picture is not in place yet: put there for free",
    ReasonCode.INPUTS_CHANGED: "the inputs changed",
    ReasonCode.RETAKE: "asked anew: {}",
    ReasonCode.PROVIDER_CHANGED: "provider was `{}`, is `{}`",
    ReasonCode.MODEL_CHANGED: "model was `{}`, is `{}`",
    ReasonCode.QUALITY_CHANGED: "quality was `{}`, is `{}`",
    ReasonCode.MODEL_FILE_CHANGED: "{} `{}` changed",
    ReasonCode.REFERENCE_REBUILT: "reference `{}` will be rebuilt",
    ReasonCode.REFERENCE_FIRST: "reference `{}` will be built first",
    ReasonCode.REFERENCE_BLOCKED: "reference `{}` is blocked",
    ReasonCode.IN_JOB: "in the job `{}` since {}",
    ReasonCode.REFERENCE_IN_JOB: "reference `{}` is in a job",
    ReasonCode.JOB_LOST: (
        "the job in `{}` may be of it and can't be read: put the folder back from a backup, or move it away to give the"
        " job up"
    ),
    ReasonCode.WILL_BE_STALE: "will be stale: what was sent is not what the files say now",
    ReasonCode.POINTER: "a Git LFS pointer stands here, and nothing is generated over one: run `git lfs pull`",
    ReasonCode.POINTER_TO_RECORDED: "a Git LFS pointer to the recorded picture",
    ReasonCode.REFUSED_BEFORE: "refused before with the same inputs: {} (`--no-resume` tries again)",
    ReasonCode.UNUSABLE_REPLY: "its reply can't be used: {}; {} was paid for it (`doit --rebuild {}` asks again)",
    ReasonCode.CHARGED_FOR_NOTHING: (
        "{} requests with the same inputs were charged and brought no image: {}; {} was paid (`doit --rebuild {}` asks "
        "again)"
    ),
    ReasonCode.NO_FILE_AT_TARGET: "{} stands at `{}`",
    ReasonCode.TARGET_OUTSIDE: "{}",
    ReasonCode.SAME_TARGET: "another entry plans the same picture",
    ReasonCode.CIRCLE: "its portraits reference each other in a circle",
    ReasonCode.SLOTS_MISSING: "its slots are missing in the YAML: the next build writes them",
    ReasonCode.SLOTS_OF_ANOTHER: "its slots in the YAML are of another picture: the next build writes them anew",
    ReasonCode.PLACE_NOT_WRITTEN: "its slots do not tell where its picture is now: the next build writes it",
    ReasonCode.END_NOT_WRITTEN: "the journal does not tell that its slots are there: the next build notes it",
    ReasonCode.VARIANT: "variant {} of {}",
    ReasonCode.MORE_VARIANTS: "{} of {} variants to be made",
    ReasonCode.VARIANTS_BY_NAME: "more variants only by name: `doit --variants {} {}`",
    ReasonCode.OBJECTION: "{}",
    ReasonCode.PROBLEM: "{}",
    ReasonCode.SENTENCE: "{}",
}
_SHARED = frozenset(
    {
        *("required_elements", "key_elements", "key_visual_elements", "must_include"),
        *("composition", "camera", "framing"),
        *("mood", "scene_mood", "emotional_beat"),
    }
)
"""Keys of entries made of fields that are joined with others of their kind (`chargen.kinds.structured`)."""
_OF_A_RETAKE = {
    "retake.of": "the version of the retake",
    "retake.instruction": "the words of the retake",
    "retake.mask": "the mask of the retake",
}
_OF_A_VERSION = {ReasonCode.NOT_BUILT: "first version"}
"""Sentences that are no longer true once the picture is there."""
_VALUES = {
    **{code: sentence.count("{}") for code, sentence in _SENTENCES.items()},
    ReasonCode.INPUT_CHANGED: 3,
    ReasonCode.HELD_AND_GONE: 2,
    ReasonCode.PROBLEM: 2,
    ReasonCode.WOULD_BE_STALE: 0,
    ReasonCode.VARIANTS_BLOCKED: 0,
}
_FIRST_SENTENCES = {
    "status is rejected": ReasonCode.REJECTED,
    "not built yet": ReasonCode.NOT_BUILT,
    "asked for by name with `--rebuild`": ReasonCode.REBUILD_ASKED,
    "asked for by name with `-a`": ReasonCode.AGAIN_ASKED,
    "forgotten with `doit forget`": ReasonCode.FORGOTTEN,
    "the inputs changed": ReasonCode.INPUTS_CHANGED,
    "a sketch stands in for the image": ReasonCode.SKETCH_STANDS_IN,
}
"""Sentences that records held before there were codes, word for word; those that tell nothing but a code."""
