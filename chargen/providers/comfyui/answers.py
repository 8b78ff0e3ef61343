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
from chargen.providers.http.answers import as_dict, as_list, dicts, text
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
    refused = as_dict(body.get("node_errors"))
    if refused and refused.keys() <= workflow.reference_nodes:
        raise ProviderError(FailureClass.TRANSIENT, message, status=answer.status, tries=2)
    raise ProviderError(FailureClass.INVALID, message, hint=MEND, status=answer.status)


def history(answer: Answer, prompt_id: str, secrets: Iterable[str]) -> Mapping[str, Any] | None:
    """Return the history's entry of a prompt; None where there is none (yet)."""
    body = answer.json
    if answer.status != 200 or not isinstance(body, dict):
        raise unexpected(answer, secrets)
    return as_dict(body.get(prompt_id)) or None


def queued(answer: Answer, secrets: Iterable[str]) -> frozenset[str]:
    """Return the ids of what runs and what waits."""
    body = answer.json
    if answer.status != 200 or not isinstance(body, dict) or not body.keys() >= {"queue_running", "queue_pending"}:
        raise unexpected(answer, secrets)
    items = [as_list(item) for key in ("queue_running", "queue_pending") for item in as_list(body[key])]
    return frozenset(str(item[1]) for item in items if len(item) > 1)


def uploaded(answer: Answer, secrets: Iterable[str]) -> str:
    """Return the name under which the server keeps an uploaded picture."""
    body = as_dict(answer.json)
    name, folder = text(body.get("name")), text(body.get("subfolder"))
    if answer.status != 200 or name is None:
        raise unexpected(answer, secrets)
    return f"{folder}/{name}" if folder else name


def pictures(entry: Mapping[str, Any], secrets: Iterable[str]) -> list[dict[str, str]]:
    """Return where the pictures of the marked output are, at least one. Raises ProviderError where it made none."""
    if failure := _execution(entry, secrets):
        raise failure
    nodes = _marked(entry, OUTPUT)
    outputs = as_dict(entry.get("outputs"))
    made = [image for node in nodes for image in dicts(as_dict(outputs.get(node)).get("images"))]
    images = [image for image in made if isinstance(image.get("filename"), str)]
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
    for node, told in as_dict(found).items():
        kind = as_dict(told).get("class_type", "")
        errors = as_dict(told).get("errors")
        for one in dicts(errors):
            name = str(as_dict(one.get("extra_info")).get("input_name") or "")
            said = ": ".join(filter(None, (str(one.get("message") or ""), str(one.get("details") or ""))))
            field = f", `{name}`" if name else ""
            yield f"{workflow.place(str(node), name)}: node `{node}` ({kind}){field}: {said}"
        if not errors:
            yield f"{workflow.place(str(node))}: node `{node}` ({kind}) is refused"


def _refusal(found: object, workflow: Workflow) -> str:
    """Say why a prompt as a whole was refused, with the node where one is named."""
    told = as_dict(found)
    node = str(as_dict(told.get("extra_info")).get("node_id") or "")
    details = str(told.get("details") or "")
    if not node and "#" in details:
        node = details.partition("#")[2].strip("' .")
    said = ": ".join(filter(None, (str(told.get("message") or "the prompt was not taken"), details)))
    return f"{workflow.place(node)}: node `{node}`: {said}" if node in workflow.graph else said


def _execution(entry: Mapping[str, Any], secrets: Iterable[str]) -> ProviderError | None:
    """Return what ended a prompt before its picture was made."""
    status = as_dict(entry.get("status"))
    if status.get("status_str") != "error":
        return None
    for message in as_list(status.get("messages")):
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
    prompt = as_list(entry.get("prompt"))
    graph = as_dict(prompt[2] if len(prompt) > 2 else None)
    titles = {node: as_dict(as_dict(told).get("_meta")).get("title") for node, told in graph.items()}
    return [node for node, title in titles.items() if str(title).strip() == f"{PREFIX}{mark}"]
