"""Reads what a ComfyUI server answers. Pure.

Laws: a 200 with errors of nodes is a failure; what the server says of a node is told with the node, the field and its
place in the workflow; only what the history says counts as done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from chargen.model.request import FailureClass, ProviderError
from chargen.providers.comfyui.workflow import OUTPUT, PREFIX, Workflow
from chargen.providers.http.failures import NOT_AN_API, Answer, by_status, clean, ruled

MEND = "fix the workflow, or what the server has installed"
_OUT_OF_MEMORY = ("OutOfMemory", "out of memory", "Allocation on device")


def check_queued(answer: Answer, workflow: Workflow, secrets: Iterable[str]) -> None:
    """Raise ProviderError where a prompt was not taken whole; a transient one where only its references are missing."""
    body = answer.json
    if not isinstance(body, dict) or (answer.status != 200 and not isinstance(body.get("error"), dict)):
        raise unexpected(answer, secrets)
    faults = list(_node_faults(body.get("node_errors"), workflow))
    if not faults and answer.status == 200 and isinstance(body.get("prompt_id"), str):
        return
    if not faults:
        faults = [_refusal(body.get("error"), workflow)]
    message = clean("; ".join(faults), secrets)
    if body.get("node_errors") and body["node_errors"].keys() <= workflow.reference_nodes:
        raise ProviderError(FailureClass.TRANSIENT, message, status=answer.status, tries=2)
    raise ProviderError(FailureClass.INVALID, message, hint=MEND, status=answer.status)


def history(answer: Answer, prompt_id: str, secrets: Iterable[str]) -> Mapping[str, Any] | None:
    """Return the history's entry of a prompt; None where there is none (yet)."""
    body = answer.json
    if answer.status != 200 or not isinstance(body, dict):
        raise unexpected(answer, secrets)
    entry = body.get(prompt_id)
    return entry if isinstance(entry, dict) else None


def queued(answer: Answer, secrets: Iterable[str]) -> frozenset[str]:
    """Return the ids of what runs and what waits."""
    body = answer.json
    if answer.status != 200 or not isinstance(body, dict) or not body.keys() >= {"queue_running", "queue_pending"}:
        raise unexpected(answer, secrets)
    items = [item for key in ("queue_running", "queue_pending") for item in body[key] or ()]
    return frozenset(str(item[1]) for item in items if isinstance(item, list) and len(item) > 1)


def uploaded(answer: Answer, secrets: Iterable[str]) -> str:
    """Return the name under which the server keeps an uploaded picture."""
    body = answer.json
    name = body.get("name") if isinstance(body, dict) else None
    if answer.status != 200 or not isinstance(name, str) or not name:
        raise unexpected(answer, secrets)
    folder = body.get("subfolder")
    return f"{folder}/{name}" if isinstance(folder, str) and folder else name


def pictures(entry: Mapping[str, Any], secrets: Iterable[str]) -> list[dict[str, str]]:
    """Return where the pictures of the marked output are, at least one. Raises ProviderError where it made none."""
    if failure := _execution(entry, secrets):
        raise failure
    nodes = _marked(entry, OUTPUT)
    outputs = entry.get("outputs")
    images = [
        image
        for node in nodes
        if isinstance(outputs, dict) and isinstance(outputs.get(node), dict)
        for image in outputs[node].get("images") or ()
        if isinstance(image, dict) and isinstance(image.get("filename"), str)
    ]
    if not images:
        message = f"node `{'`, `'.join(nodes)}` made no picture" if nodes else f"no node was titled `{PREFIX}{OUTPUT}`"
        raise ProviderError(FailureClass.INVALID, message, hint=MEND, status=200)
    return [{key: str(image.get(key) or "") for key in ("filename", "subfolder", "type")} for image in images]


def has_mark(entry: Mapping[str, Any], mark: str) -> bool:
    """Say whether the prompt of a history's entry has a node with a mark."""
    return bool(_marked(entry, mark))


def lost() -> ProviderError:
    """Make the failure of a job that the server does not know any more."""
    message = "the server no longer knows this job: it was restarted, or its queue or history was cleared"
    return ProviderError(FailureClass.TRANSIENT, message)


def gone(place: Mapping[str, str], status: int) -> ProviderError:
    """Make the failure of a picture that was made and is no longer where the server says."""
    message = f"`{place.get('filename')}` was made, but the server no longer has it (HTTP {status})"
    return ProviderError(FailureClass.TRANSIENT, message, status=status)


def unexpected(answer: Answer, secrets: Iterable[str]) -> ProviderError:
    """Classify an answer that is no answer of ComfyUI's: nothing of it costs."""
    ruling = NOT_AN_API if answer.status == 200 else by_status(answer)
    return ruled(answer, replace(ruling, possibly_billed=False), secrets)


def _node_faults(found: object, workflow: Workflow) -> Iterator[str]:
    for node, told in found.items() if isinstance(found, dict) else ():
        kind = told.get("class_type", "") if isinstance(told, dict) else ""
        errors = told.get("errors") if isinstance(told, dict) else None
        for one in errors if isinstance(errors, list) else ():
            if not isinstance(one, dict):
                continue
            more = one.get("extra_info")
            name = str(more.get("input_name") or "") if isinstance(more, dict) else ""
            said = ": ".join(filter(None, (str(one.get("message") or ""), str(one.get("details") or ""))))
            field = f", `{name}`" if name else ""
            yield f"{workflow.place(str(node), name)}: node `{node}` ({kind}){field}: {said}"
        if not errors:
            yield f"{workflow.place(str(node))}: node `{node}` ({kind}) is refused"


def _refusal(found: object, workflow: Workflow) -> str:
    """Say why a prompt as a whole was refused, with the node where one is named."""
    told = found if isinstance(found, dict) else {}
    more = told.get("extra_info")
    node = str(more.get("node_id") or "") if isinstance(more, dict) else ""
    details = str(told.get("details") or "")
    if not node and "#" in details:
        node = details.partition("#")[2].strip("' .")
    said = ": ".join(filter(None, (str(told.get("message") or "the prompt was not taken"), details)))
    return f"{workflow.place(node)}: node `{node}`: {said}" if node in workflow.graph else said


def _execution(entry: Mapping[str, Any], secrets: Iterable[str]) -> ProviderError | None:
    """Return what ended a prompt before its picture was made."""
    status = entry.get("status")
    if not isinstance(status, dict) or status.get("status_str") != "error":
        return None
    for message in status.get("messages") or ():
        kind, told = message if isinstance(message, list) and len(message) == 2 else ("", None)
        if not isinstance(told, dict) or kind not in ("execution_error", "execution_interrupted"):
            continue
        node = f"node `{told.get('node_id')}` ({told.get('node_type')})"
        if kind == "execution_interrupted":
            hint = "run again to have it made"
            return ProviderError(FailureClass.INVALID, f"interrupted at the server, at {node}", hint=hint)
        said = f"{told.get('exception_type') or 'error'}: {told.get('exception_message') or ''}"
        memory = any(word in said for word in _OUT_OF_MEMORY)
        kind_of = FailureClass.TRANSIENT if memory else FailureClass.INVALID
        hint = "make the image smaller, or use a workflow that needs less memory" if memory else MEND
        return ProviderError(kind_of, clean(f"{node}: {said}", secrets), hint=hint, tries=2 if memory else None)
    return ProviderError(FailureClass.INVALID, "the server says that the prompt failed, and not why", hint=MEND)


def _marked(entry: Mapping[str, Any], mark: str) -> list[str]:
    """Return the ids of the nodes with a mark, in the graph that the server ran."""
    prompt = entry.get("prompt")
    graph = prompt[2] if isinstance(prompt, list) and len(prompt) > 2 else None
    return [
        node
        for node, told in (graph.items() if isinstance(graph, dict) else ())
        if isinstance(told, dict)
        and isinstance(told.get("_meta"), dict)
        and str(told["_meta"].get("title")).strip() == f"{PREFIX}{mark}"
    ]
