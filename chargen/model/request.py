"""The one interface between the program and whoever makes images: what is asked, sent, replied, refused.

Pure values and a protocol. Adapters live in `chargen.providers`; pacing, retries and storing live in
`chargen.build` and are the same for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

from chargen.errors import Position, Problem
from chargen.model.values import FileHash, Routed, Size

if TYPE_CHECKING:
    from chargen.model.batches import BatchProvider


class Role(str, Enum):
    """What a picture that is sent along is for."""

    REFERENCE = "reference"
    PICTURE = "picture"
    """The new picture is made from it."""
    MASK = "mask"
    """Transparent where that one may change."""


class SentReference(Struct, frozen=True):
    """A reference as it may be sent: its bytes, the sniffed media type, and words to use where it can't be sent."""

    character: str
    """Slug of who is on it; empty where it shows a place."""
    label: str
    """Project-relative path, for messages and for the record."""
    data: bytes
    media_type: str
    appearance: str = ""
    """A short description of the character, used where a model takes fewer references."""
    sha256: FileHash | None = None
    """Of the file, where it was read to be sent."""
    name: str = ""
    """Who is on it, as people call them."""
    unread: bool = False
    """Planned only: `data` is empty, and `size` the bytes of the file, None where it is not there yet."""
    size: int | None = None
    role: Role = Role.REFERENCE

    @property
    def is_place(self) -> bool:
        """True where it shows where the image is set, and nobody who is meant."""
        return not self.character and self.role is Role.REFERENCE

    @property
    def length(self) -> int | None:
        """How many bytes it has, as far as known."""
        return self.size if self.unread else len(self.data)


class SentRetake(Struct, frozen=True):
    """The picture that a new one is made from, the mask that says where, and where the author asks for it."""

    picture: SentReference
    mask: SentReference | None
    position: Position


class Asked(Struct, frozen=True):
    """What the author asked for: the inputs of the image, plus labels that are shown but never inputs.

    With a `retake` the prompt is the author's instruction, and there is no negative one.
    """

    prompt: str
    negative_prompt: str
    references: tuple[SentReference, ...]
    size: Size
    quality: str | None = None
    seed: int | None = None
    entry_id: str = ""
    title: str = ""
    colours: tuple[str, ...] = ()
    words: str = ""
    """What the entry itself says, without what its file and the templates put around it."""
    retake: SentRetake | None = None


class Request(Routed, Struct, frozen=True):
    """What a provider gets after adaptation; `notes` tell the author each adaptation in a sentence."""

    provider: str
    model: str
    prompt: str
    references: tuple[SentReference, ...]
    """In the order they are sent; the picture that a retake is made from is the first."""
    requested_size: str
    """As the provider is asked: `1536x1024`, or `16:9 2K`."""
    quality: str | None
    parameters: Mapping[str, Any]
    """Provider parameters as JSON values, exactly those sent besides prompt and references."""
    asked: Asked
    notes: tuple[str, ...] = ()
    quality_note: str = ""
    """The one of `notes` that tells what became of the declared quality, where another is sent."""
    model_sha256: FileHash | None = None
    """Of the project's file that `model` names, where a provider's models are files."""

    @property
    def mask(self) -> SentReference | None:
        """What says where the first of the `references` may change."""
        return self.asked.retake.mask if self.asked.retake is not None else None


class Reply(Struct, frozen=True):
    """Bytes and metadata that came back. `usage` is the provider's own account, JSON values only."""

    data: bytes
    request_id: str | None = None
    seed: int | None = None
    revised_prompt: str | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    cost_usd: Decimal | None = None
    """Actual cost from usage; None where it is unknown."""
    model_version: str | None = None
    answered_by: str | None = None
    """The model that answered, where it is another than was asked."""
    details: Mapping[str, Any] = field(default_factory=dict)
    others: tuple[bytes, ...] = ()
    """Further finished pictures that came with it: paid for, so kept."""


class FailureClass(str, Enum):
    """What a failure means for the next step (docs/providers.md lists them)."""

    TRANSIENT = "transient"
    AMBIGUOUS = "ambiguous"
    REFUSED = "refused"
    INVALID = "invalid"
    PROVIDER_STOP = "provider-stop"
    OURS = "ours"


class ProviderError(Exception):
    """A request that brought no image. `message` keeps the provider's own words, keys scrubbed.

    `wait` is the server's own wish in seconds; `tries` caps how often an image may fail in ways that set it (an empty
    reply that was billed), below the usual five; `possibly_billed` says that the request may have been charged although
    nothing arrived; `alike` that, as far as is known, every request to this provider would meet the same.
    """

    def __init__(
        self,
        failure: FailureClass,
        message: str,
        *,
        hint: str = "",
        wait: float | None = None,
        rate_limited: bool = False,
        possibly_billed: bool = False,
        tries: int | None = None,
        alike: bool = False,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        usage: Mapping[str, Any] | None = None,
        cost_usd: Decimal | None = None,
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.message = message
        self.hint = hint
        self.wait = wait
        self.rate_limited = rate_limited
        self.possibly_billed = possibly_billed
        self.tries = tries
        self.alike = alike
        self.status = status
        self.code = code
        self.request_id = request_id
        self.usage = dict(usage or {})
        self.cost_usd = cost_usd
        self.in_transit = False
        """Set where the job may still be at the server: it is asked for again, and not sent again."""
        self.stops_provider = False
        """Set where this answer, or one like it, stopped the provider for the rest of the run."""


class Mode(str, Enum):
    """How requests go to a provider: one by one and answered at once, or many as one job, for less and within a day."""

    LIVE = "live"
    BATCH = "batch"


class ProviderSettings(Struct, frozen=True):
    """`[tool.chargen.providers.NAME]` with the environment's base URL applied; None where not set."""

    model: str | None = None
    quality: str | None = None
    workers: int | None = None
    per_minute: float | None = None
    timeout: float | None = None
    """Seconds."""
    base_url: str | None = None
    """The first address, where the settings name several."""
    proxy: bool | None = None
    """Whether to send through the environment's proxy; None: where the server is neither here nor in this network."""
    base_url_position: Position | None = None
    """Where the settings name it; None where the environment does."""
    pool: tuple[str, ...] = ()
    """All addresses, each once, where the settings name several: servers of the author's own that are alike."""
    root: str = ""
    """The project's folder, for a provider whose models are files in it."""
    own: Mapping[str, Any] = field(default_factory=dict)
    """Settings that only this provider has, checked; those that are not set are missing."""
    mode: Mode | None = None
    price: Decimal | None = None
    """USD of one image of a server of the author's own, by a model that has no price known here."""


class Ticket(Struct, frozen=True):
    """A request that a provider has taken; it may cost from now on.

    A provider that answers while it is asked puts the `reply` here. One that makes a job of it (a batch at a vendor, a
    queue of a server on this machine such as ComfyUI) gives the job's own `name`, which any process may collect with,
    also after a crash: whoever submits writes it down before anything else.
    """

    name: str = ""
    reply: Reply | None = None


class Pending(Struct, frozen=True):
    """A job is not done yet: it is of use to ask again after so many seconds.

    `done` is the part that its server says to be done, from 0 to 1; None where it says nothing. It decides nothing.
    """

    seconds: float
    done: float | None = None


class Provider(Protocol):
    """What an adapter offers. `adapt` and `check` are pure; `submit` is thread-safe and tries exactly once."""

    name: str
    default_model: str
    default_workers: int
    default_per_minute: float | None

    @property
    def batches(self) -> BatchProvider | None:
        """What hands it many requests as one job, for less; None where it has no such thing, or its server has not."""

    def adapt(self, asked: Asked, model: str) -> Request:
        """Turn what was asked into what this model takes; every change is reported in `notes`."""

    def check(self, request: Request) -> tuple[Problem, ...]:
        """Say what would be refused or wasted, before spending; errors stop the image."""

    def price(self, request: Request) -> Decimal | None:
        """Estimate the cost in USD of sending `request` once; None where it is unknown."""

    def most(self, request: Request) -> Decimal | None:
        """Say what sending `request` once may cost at most, as far as it can be known: what a budget sets aside."""

    def missing_key(self) -> Problem | None:
        """Say which key is missing, or None; asked before anything is sent."""

    def setup(self) -> Problem | None:
        """Say what of this machine's settings keeps every request from leaving (a proxy, certificates), or None."""

    def elsewhere(self) -> Problem | None:
        """Say where requests go, if the project's own settings send them to another server than the vendor's."""

    def open(self) -> None:
        """Load what is slow to load, so that a request leaves when its turn comes and not after it. Raises nothing."""

    def submit(self, request: Request, name: str) -> Ticket:
        """Hand one request over, once; blocks until it is taken, or answered. Raises ProviderError.

        `name` is new and was written down before: a provider that makes a job of the request calls it by that.
        """

    def collect(self, ticket: Ticket) -> Reply | Pending:
        """Return what became of a request that was handed over; costs nothing, also again. Raises ProviderError."""

    def close(self) -> None:
        """Close the client, if one was made."""


class LiveProvider:
    """The half of a provider that answers while it is asked: what it submits is collected at once."""

    @property
    def batches(self) -> BatchProvider | None:
        """Make no jobs, unless a provider says otherwise."""
        return None

    def setup(self) -> Problem | None:
        """Nothing of this machine's settings matters, unless a provider says otherwise."""
        return None

    def send(self, request: Request) -> Reply:
        """Send one request, once; blocks until the reply is here. Raises ProviderError."""
        raise NotImplementedError

    def submit(self, request: Request, name: str) -> Ticket:  # noqa: ARG002 - what is answered needs no name
        """Send the request; the ticket holds the reply."""
        return Ticket(reply=self.send(request))

    def collect(self, ticket: Ticket) -> Reply | Pending:
        """Take the reply out of the ticket."""
        assert ticket.reply is not None, "this provider answers when it is asked"
        return ticket.reply
