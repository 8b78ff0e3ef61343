"""A workflow as ComfyUI exports it for programs (API format): its marked nodes, and the graph with an image's values.

A node is marked by its title: `chargen:prompt`, `chargen:negative`, `chargen:seed`, `chargen:size`,
`chargen:reference:1` and so on, `chargen:retake` and `chargen:mask` (the picture to change, and where),
`chargen:output`. A mark may stand on several nodes, but for the output. Pure.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct, field

from chargen.errors import Position, Problem, error, warning
from chargen.model.values import FileHash, Size
from chargen.providers.comfyui.json_positions import json_positions
from chargen.text.names import did_you_mean

PREFIX = "chargen:"
PROMPT, NEGATIVE, SEED, SIZE, OUTPUT, REFERENCE = "prompt", "negative", "seed", "size", "output", "reference"
RETAKE, MASK = "retake", "mask"
MARKS = (PROMPT, NEGATIVE, SEED, SIZE, f"{REFERENCE}:1", RETAKE, MASK, OUTPUT)
_TEXTS = ("text", "prompt", "value", "string", "clip_l", "clip_g", "t5xxl", "text_l", "text_g")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    PROMPT: _TEXTS,
    NEGATIVE: _TEXTS,
    SEED: ("seed", "noise_seed", "value"),
    SIZE: ("width", "height"),
    REFERENCE: ("image",),
    RETAKE: ("image",),
    MASK: ("image",),
    OUTPUT: (),
}
"""Inputs of nodes that take each value; of those a node has, all that no other node provides are set."""
_REFERENCE = re.compile(rf"{REFERENCE}:([1-9][0-9]?)")
_EXPORT = "in ComfyUI, save it with `Workflow > Export (API)`"

Graph: TypeAlias = dict[str, Any]
"""Nodes by id, each with `class_type`, `inputs` and `_meta`."""


class Node(Struct, frozen=True):
    """One marked node: its id, its class, and those of its inputs that are set."""

    id: str
    kind: str
    fields: tuple[str, ...]

    def __str__(self) -> str:
        return f"node `{self.id}` ({self.kind})"


class Values(Struct, frozen=True):
    """What of an image goes into a workflow; `references` are names of pictures at the server, in order.

    So are the `retake` (the picture to change) and its `mask`; empty where there is none.
    """

    prompt: str
    negative: str
    seed: int
    size: Size
    references: Sequence[str]
    retake: str = ""
    mask: str = ""


class Workflow(Struct, frozen=True):
    """A workflow file that was read; `problems` say what is wrong or odd in it, with their places."""

    file: str
    sha256: FileHash
    graph: Graph = field(default_factory=dict)
    nodes: Mapping[str, tuple[Node, ...]] = field(default_factory=dict)
    """Marked nodes by their marks: `prompt`, `reference:1`."""
    problems: tuple[Problem, ...] = ()
    positions: Mapping[tuple[str, ...], Position] = field(default_factory=dict)

    @property
    def references(self) -> int:
        """How many references it takes."""
        return next(number for number in range(100) if _reference(number + 1) not in self.nodes)

    @property
    def reference_nodes(self) -> frozenset[str]:
        """The ids of the nodes that load its pictures."""
        marks = (*map(_reference, range(1, self.references + 1)), RETAKE, MASK)
        return frozenset(node.id for mark in marks for node in self.nodes.get(mark, ()))

    @property
    def _marked(self) -> frozenset[str]:
        return frozenset(node.id for nodes in self.nodes.values() for node in nodes)

    def takes(self, mark: str) -> bool:
        """Say whether a node has a mark."""
        return mark in self.nodes

    def place(self, node: str, name: str = "") -> Position:
        """Return where an input of a node stands, else the node, else the file."""
        found = self.positions.get((node, "inputs", name)) or self.positions.get((node,))
        return found or Position(self.file)

    def bound(self, values: Values) -> Graph:
        """Return the graph with an image's values.

        The node of a picture that the image does not have is left out, and with it what works on nothing else.
        """
        graph = copy.deepcopy(self.graph)
        given: dict[str, Mapping[str, Any]] = {
            PROMPT: dict.fromkeys(_TEXTS, values.prompt),
            NEGATIVE: dict.fromkeys(_TEXTS, values.negative),
            SEED: dict.fromkeys(_FIELDS[SEED], values.seed),
            SIZE: {"width": values.size.width, "height": values.size.height},
        }
        names = dict(enumerate(values.references, start=1))
        pictures = {_reference(number): names.get(number, "") for number in range(1, self.references + 1)}
        for mark, name in {**pictures, RETAKE: values.retake, MASK: values.mask}.items():
            if name:
                given[mark] = {"image": name}
                continue
            for node in self.nodes.get(mark, ()):
                _leave_out(graph, node.id, self._marked)
        for mark, texts in given.items():
            for node in self.nodes.get(mark, ()):
                graph[node.id]["inputs"].update({name: texts[name] for name in node.fields})
        return graph


def read_workflow(data: bytes, file: str) -> Workflow:
    """Read a workflow file; one that is none has an error and no nodes."""
    digest = FileHash(hashlib.sha256(data).hexdigest())
    try:
        text = data.decode("utf-8-sig")
        graph = json.loads(text)
    except UnicodeDecodeError:
        return Workflow(file, digest, problems=(error("this workflow is not UTF-8", Position(file), _EXPORT),))
    except json.JSONDecodeError as failure:
        place = Position(file, failure.lineno, failure.colno)
        return Workflow(file, digest, problems=(error(f"not valid JSON: {failure.msg.lower()}", place, _EXPORT),))
    except (RecursionError, ValueError):
        message = "nested too deep, or with a number too long, to be a workflow"
        return Workflow(file, digest, problems=(error(message, Position(file), _EXPORT),))
    if trouble := _trouble(graph):
        return Workflow(file, digest, problems=(error(trouble, Position(file), _EXPORT),))
    positions = json_positions(text, file)
    nodes: dict[str, list[Node]] = {}
    problems: list[Problem] = []
    for name, node in graph.items():
        title = node["_meta"].get("title") if isinstance(node.get("_meta"), dict) else None
        if not isinstance(title, str) or not title.strip().startswith(PREFIX):
            continue
        mark = title.strip().removeprefix(PREFIX)
        place = positions.get((name, "_meta", "title")) or Position(file)
        kind = REFERENCE if _REFERENCE.fullmatch(mark) else mark
        if kind not in _FIELDS or mark == REFERENCE:
            problems.append(_unknown(name, node["class_type"], mark, place))
            continue
        found = Node(name, node["class_type"], tuple(_settable(node["inputs"], kind)))
        if (kind == SIZE and len(found.fields) < 2) or (kind != OUTPUT and not found.fields):
            problems.append(_unsettable(found, kind, node["inputs"], place))
        elif kind == OUTPUT and OUTPUT in nodes:
            message = f"{found} is a second one titled `{PREFIX}{OUTPUT}`, beside `{nodes[OUTPUT][0].id}`"
            problems.append(error(message, place, "title only the node that saves the image so"))
        nodes.setdefault(mark, []).append(found)
    whole = Workflow(file, digest, graph, {mark: tuple(all_) for mark, all_ in nodes.items()}, (), positions)
    problems += _missing(whole)
    return Workflow(file, digest, graph, whole.nodes, tuple(problems), positions)


def _reference(number: int) -> str:
    return f"{REFERENCE}:{number}"


def _trouble(graph: object) -> str:
    """Say why parsed JSON is no workflow in API format, or nothing."""
    if isinstance(graph, dict) and isinstance(graph.get("nodes"), list):
        return "this is a workflow as ComfyUI's page saves it, not in API format"
    nodes = list(graph.values()) if isinstance(graph, dict) else []
    whole = nodes and all(
        isinstance(node, dict) and isinstance(node.get("class_type"), str) and isinstance(node.get("inputs"), dict)
        for node in nodes
    )
    return "" if whole else "this is no workflow in API format: every node needs `class_type` and `inputs`"


def _settable(inputs: Mapping[str, Any], kind: str) -> Iterator[str]:
    """Yield the inputs of a node that take a value of this kind, and that no other node provides."""
    for name in _FIELDS[kind]:
        if name in inputs and not isinstance(inputs[name], list):
            yield name


def _unknown(node: str, class_type: str, mark: str, place: Position) -> Problem:
    known = ", ".join(f"`{PREFIX}{name}`" for name in MARKS)
    hint = did_you_mean(mark, MARKS) or f"the marks are {known}"
    return error(f"node `{node}` ({class_type}) is titled `{PREFIX}{mark}`, which is no mark", place, hint)


def _unsettable(node: Node, kind: str, inputs: Mapping[str, Any], place: Position) -> Problem:
    wanted = [name for name in _FIELDS[kind] if name not in node.fields]
    linked = [name for name in wanted if name in inputs]
    if linked:
        comes = f"its `{linked[0]}` comes from node `{inputs[linked[0]][0]}`" if inputs[linked[0]] else "it is empty"
        return error(f"{node} has no {kind} to set: {comes}", place, "title that node instead")
    told = " and ".join(f"`{name}`" for name in wanted) if kind == SIZE else " or ".join(f"`{n}`" for n in wanted)
    return error(f"{node} has no {kind} to set: it has no input {told}", place, "title the node that has it")


def _missing(workflow: Workflow) -> Iterator[Problem]:
    place = Position(workflow.file)
    for mark, what in ((PROMPT, "takes the prompt"), (OUTPUT, "saves the image")):
        if not workflow.takes(mark):
            yield error(f"no node is titled `{PREFIX}{mark}`", place, f"title the node that {what} so")
    if not workflow.takes(SEED):
        message = f"no node is titled `{PREFIX}{SEED}`: a new version of an image would be the same picture"
        yield warning(message, place, "title the sampler so")
    numbers = sorted(int(found[1]) for mark in workflow.nodes if (found := _REFERENCE.fullmatch(mark)))
    for number in numbers[workflow.references :]:
        node = workflow.nodes[_reference(number)][0]
        message = f"{node} is titled `{PREFIX}{_reference(number)}`, but none `{_reference(workflow.references + 1)}`"
        title = workflow.positions.get((node.id, "_meta", "title")) or place
        yield error(message, title, "number the references from 1 on")


def _leave_out(graph: Graph, name: str, marked: frozenset[str]) -> None:
    """Take a node out, and each that then has no other node left to work on; what is marked stays."""
    del graph[name]
    idle: list[str] = []
    for other, node in graph.items():
        inputs = node["inputs"]
        gone = [key for key, value in inputs.items() if _source(value) == name]
        for key in gone:
            del inputs[key]
        if gone and other not in marked and not any(_source(value) in graph for value in inputs.values()):
            idle.append(other)
    for other in idle:
        _leave_out(graph, other, marked)


def _source(value: object) -> str:
    """Return the id of the node that provides an input; empty for a value."""
    return str(value[0]) if isinstance(value, list) and value else ""
