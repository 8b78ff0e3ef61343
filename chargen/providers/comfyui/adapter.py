"""The ComfyUI provider: plain HTTP, one try per call, each prompt under an id that was chosen and written down before.

Laws: an id is queued once: where it is not known whether a prompt arrived, the server is asked for its id. What the
server does not know any more is lost, never done. Reading workflows and answers is next door.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, uuid4, uuid5

from msgspec.structs import replace

from chargen.errors import Problem, error
from chargen.model.request import (
    Asked,
    FailureClass,
    Pending,
    ProviderError,
    ProviderSettings,
    Reply,
    Request,
    Role,
    SentReference,
    Ticket,
)
from chargen.model.values import Size
from chargen.providers.catalogue.model_checks import check_prompt, media_type
from chargen.providers.catalogue.models import ModelTable
from chargen.providers.catalogue.prompt_fitting import fit
from chargen.providers.comfyui import answers
from chargen.providers.comfyui.progress import Progress
from chargen.providers.comfyui.workflow import MASK, NEGATIVE, PREFIX, RETAKE, SEED, SIZE, Values
from chargen.providers.comfyui.workflow_files import WorkflowFiles
from chargen.providers.http.failures import Answer
from chargen.providers.http.vendor import VendorProvider

if TYPE_CHECKING:
    import httpx2

    from chargen.providers.http.client import Transport

NAME = "comfyui"
TIMEOUT = 60.0
"""Seconds for one exchange with the server; it answers at once, but not while it loads a model."""
STEP = 8
"""Pixels: what a latent picture's sides are multiples of."""
LARGEST_SIDE = 16_384
"""Pixels that the nodes of every installation take."""
POLLS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)
"""Seconds between questions whether a job is done, the last for all further ones."""
_SUFFIXES = {"image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}


class ComfyUIProvider(VendorProvider):
    """A ComfyUI server; the models are workflow files in the project."""

    name = NAME

    def __init__(
        self, settings: ProviderSettings, models: ModelTable, environ: Mapping[str, str], *, today: date
    ) -> None:
        super().__init__(settings, models, environ, today=today)
        self._address = self._base_url.rstrip("/")
        self._workflows = WorkflowFiles(Path(settings.root))
        self._lock = Lock()
        self._uploading = Lock()
        self._uploaded: dict[str, str] = {}
        self._asked_for: dict[str, int] = {}
        self._client_id = str(uuid4())
        self._progress = Progress(self._address, self._client_id)

    def adapt(self, asked: Asked, model: str) -> Request:
        """Turn what was asked into what the workflow takes; every change is told in `notes`."""
        workflow = self._workflows.get(model)
        own_negative = workflow.takes(NEGATIVE)
        limit = workflow.references + (asked.retake is not None and workflow.takes(RETAKE))
        fitted = fit(replace(asked, negative_prompt="") if own_negative else asked, model, limit)
        notes = list(fitted.notes)
        parameters: dict[str, Any] = {}
        size = asked.size
        if workflow.takes(SIZE):
            size = Size(*(-(-side // STEP) * STEP for side in (size.width, size.height)))
            parameters["size"] = str(size)
            if size != asked.size:
                notes.append(f"sides are multiples of {STEP}: {size} is requested for {asked.size}")
        else:
            notes.append(f"`{model}` makes its own size: {asked.size} is not sent")
        if own_negative:
            parameters["negative_prompt"] = asked.negative_prompt
        if spare := limit - len(fitted.references):
            left = ", ".join(f"`reference:{workflow.references - more}`" for more in reversed(range(spare)))
            notes.append(f"`{model}` is sent without its {left}: the image has no such reference")
        if asked.quality:
            notes.append(f"quality `{asked.quality}` is not sent: a workflow has none")
        return Request(
            provider=NAME,
            model=model,
            prompt=fitted.prompt,
            references=fitted.references,
            requested_size=str(size),
            quality=None,
            parameters=parameters,
            asked=asked,
            notes=tuple(notes),
            model_sha256=workflow.sha256 or None,
        )

    def check(self, request: Request) -> tuple[Problem, ...]:
        """Say what is wrong or odd in the workflow, with its place, and what the server would refuse."""
        problems = [*self._workflows.get(request.model).problems, *check_prompt(request.prompt, self._facts)]
        size = request.asked.size
        if max(size.width, size.height) > LARGEST_SIDE:
            hint = f"give a size with sides of at most {LARGEST_SIDE} pixels"
            problems.append(error(f"`{NAME}` can't make {size}", hint=hint))
        problems += self._check_retake(request)
        return tuple(problems)

    def _check_retake(self, request: Request) -> Iterator[Problem]:
        """Refuse a picture to change, and a mask, that no node of the workflow loads."""
        workflow, retake = self._workflows.get(request.model), request.asked.retake
        if retake is None:
            return
        for mark in (RETAKE,) if retake.mask is None else (RETAKE, MASK):
            if not workflow.takes(mark):
                message = f"`{request.model}` takes no {mark}: no node is titled `{PREFIX}{mark}`"
                yield error(message, retake.position, "title the node that loads that picture so")

    def price(self, request: Request) -> Decimal | None:  # noqa: ARG002 - the protocol prices a request
        """Cost nothing."""
        return Decimal(0)

    def most(self, request: Request) -> Decimal | None:  # noqa: ARG002 - as above
        """Never cost anything."""
        return Decimal(0)

    def submit(self, request: Request, name: str) -> Ticket:
        """Upload what the server does not have yet, and queue the prompt under the id that `name` leads to."""
        workflow = self._workflows.of(request)
        made_from = next((item for item in request.references if item.role is Role.PICTURE), None)
        graph = workflow.bound(
            Values(
                prompt=request.prompt,
                negative=request.parameters.get("negative_prompt", ""),
                seed=seed_of(name),
                size=Size(*map(int, request.requested_size.split("x"))),
                references=[self._upload(item) for item in request.references if item.role is Role.REFERENCE],
                retake="" if made_from is None else self._upload(made_from),
                mask="" if request.mask is None else self._upload(request.mask),
            )
        )
        prompt_id = id_of(name)
        body = {"prompt": graph, "prompt_id": prompt_id, "client_id": self._client_id}
        with self._in_transit(queued=False):
            answer = self._answer("POST", "/prompt", json=body)
            if answer.status >= 500 or not isinstance(answer.json, dict):
                raise answers.unexpected(answer, self.secrets)
        try:
            answers.check_queued(answer, workflow, self.secrets)
        except ProviderError as failure:
            if failure.failure is FailureClass.TRANSIENT:  # the server lost its pictures
                with self._uploading:
                    self._uploaded.clear()
            if answer.status == 200:  # it would make what is left of the prompt
                with suppress(ProviderError):
                    self._answer("POST", "/queue", json={"delete": [prompt_id]})
            raise
        return Ticket(name)

    def collect(self, ticket: Ticket) -> Reply | Pending:
        """Return the picture, or when to ask again. Raises ProviderError, also where the server lost the job."""
        prompt_id = id_of(ticket.name)
        with self._in_transit():
            entry = self._history(prompt_id)
            if entry is None:
                if self._is_queued(prompt_id):
                    return self._pending(ticket.name)
                entry = self._history(prompt_id)  # it may have been done between the two questions
        if entry is None:
            raise answers.lost()
        pictures = answers.pictures(entry, self.secrets)
        data, *others = (self._picture(place) for place in pictures)
        seed = seed_of(ticket.name) if answers.has_mark(entry, SEED) else None
        return Reply(data, others=tuple(others), request_id=prompt_id, seed=seed, cost_usd=Decimal(0))

    def _pending(self, name: str) -> Pending:
        with self._lock:
            number = self._asked_for[name] = self._asked_for.get(name, -1) + 1
        return Pending(POLLS[min(number, len(POLLS) - 1)], self._progress.of(id_of(name)))

    def close(self) -> None:
        """Close the client, if one was made, and stop listening."""
        self._progress.close()
        super().close()

    # the server

    def _upload(self, reference: SentReference) -> str:
        """Bring a reference to the server, once by its content; return the name to use."""
        digest = hashlib.sha256(reference.data).hexdigest()
        media = media_type(reference)
        file = f"chargen-{digest[:32]}.{_SUFFIXES.get(media, 'png')}", reference.data, media
        with self._uploading:  # two images with the same reference leave at the same time
            if digest not in self._uploaded:
                answer = self._answer("POST", "/upload/image", files={"image": file}, data={"overwrite": "true"})
                self._uploaded[digest] = answers.uploaded(answer, self.secrets)
            return self._uploaded[digest]

    def _history(self, prompt_id: str) -> Mapping[str, Any] | None:
        return answers.history(self._answer("GET", f"/history/{prompt_id}"), prompt_id, self.secrets)

    def _is_queued(self, prompt_id: str) -> bool:
        return prompt_id in answers.queued(self._answer("GET", "/queue"), self.secrets)

    def _picture(self, place: Mapping[str, str]) -> bytes:
        with self._in_transit():
            response = self._exchange("GET", "/view", params=place)
            if response.status_code not in (200, 404):
                raise answers.unexpected(Answer.of(response), self.secrets)
        if response.status_code != 200 or not response.content:
            raise answers.gone(place, response.status_code)
        return response.content

    def _answer(self, method: str, path: str, **more: Any) -> Answer:
        return Answer.of(self._exchange(method, path, **more))

    def _exchange(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """Ask the server once. Nothing of it costs: what broke can be asked for again."""
        client: httpx2.Client = self.connected()
        seconds = self._settings.timeout or TIMEOUT
        try:
            return self.sent(lambda: client.request(method, self._address + path, timeout=seconds, **more))
        except ProviderError as failure:
            if failure.failure is FailureClass.AMBIGUOUS:
                failure.failure, failure.possibly_billed, failure.hint = FailureClass.TRANSIENT, False, ""
            raise

    @contextmanager
    def _in_transit(self, *, queued: bool = True) -> Iterator[None]:
        """Mark what fails here as leaving a job at the server, one that was `queued` or may have got there."""
        try:
            yield
        except ProviderError as failure:
            departed = self._transport is not None and self._transport.departed
            failure.in_transit = (queued or departed) and failure.failure is not FailureClass.OURS
            raise

    def _new_client(self, transport: Transport) -> httpx2.Client:
        from chargen.providers.http.client import new_client  # noqa: PLC0415 - slow to import

        return new_client(transport)


def id_of(name: str) -> str:
    """Return the id of a prompt that is sent under a name: a lower-case UUID, the same in every process."""
    return str(uuid5(NAMESPACE_OID, f"chargen:{name}"))


def seed_of(name: str) -> int:
    """Return the seed of what is sent under a name: another version has another one; 48 bits, which any page shows."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")
