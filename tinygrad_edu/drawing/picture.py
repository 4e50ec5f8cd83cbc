"""A graph read into what is drawn: values, gates, constants, wires and boxes, as plain data.

`picture(v)` → `Picture` of `Wire`s between `Node`s, in `Box`es. A drawing format reads a Picture and nothing else.
Everything is iterative and linear in the graph. Builds on the engine.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..engine import Gate, Value, walk
from ..errors import GraphError
from ..modes import Group, group
from .text import number, plain, shape_text, summary

__all__ = ["Box", "Node", "Picture", "Wire", "picture"]

LARGE = 2000


@dataclass(slots=True)
class Node:
    """What is drawn at one place: a value (with its numbers), a gate, a constant, or a closed box."""

    id: str
    kind: Literal["leaf", "value", "gate", "constant", "closed"]
    text: str
    data: str = ""
    gradient: str = ""
    shape: str = ""
    box: str = ""
    hint: str = ""


@dataclass(slots=True)
class Wire:
    """A line from a value to the gate that uses it (in argument order), or from a gate to its value."""

    source: str
    target: str


@dataclass(slots=True)
class Box:
    """An open group: a named frame around its nodes, inside `parent`."""

    id: str
    name: str
    parent: str = ""


@dataclass(slots=True)
class Picture:
    """Nodes, wires and boxes, in the order they were recorded."""

    nodes: list[Node] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)


def picture(
    v: Value,
    *,
    open: Iterable[str] | Literal["all"] = "all",
    precision: int = 2,
    force: bool = False,
) -> Picture:
    """The graph that `v` was made from. `open` names the groups shown with their parts; the others are closed boxes.

    A fused gate is opened into its parts when it is named in `open`. Raises GraphError above 2,000 visible nodes,
    unless forced.
    """
    return _Reader(open, precision, force).read(v)


class _Reader:
    def __init__(self, opened: Iterable[str] | str, precision: int, force: bool) -> None:
        self.everything = opened == "all"
        self.opened = frozenset() if self.everything else frozenset(opened)
        self.precision, self.force = precision, force
        self.picture = Picture()
        self.ids: dict[Any, str] = {}
        self.gradients: dict[Value, Any] = {}
        self.stands_for: dict[Value, Value] = {}  # a copied input or a part: the value it belongs to
        self.made_by: dict[Value, Value] = {}  # an opened gate's value: the last of its parts
        self.groups: dict[Value, Group | None] = {}

    def read(self, v: Value) -> Picture:
        nodes = self.reachable(v)
        shown = self.needed_outside(nodes, v)
        for node in nodes:
            self.add(node, shown)
        if len(self.picture.nodes) > 2 * LARGE and not self.force:
            raise GraphError(
                f"a drawing of {len(self.picture.nodes):,} nodes can't be read: put parts of it in group(…) and draw "
                "with open=(), draw a part of the graph, or pass force=True"
            )
        return self.picture

    def reachable(self, v: Value) -> list[Value]:
        """Every value drawn, oldest first; fused gates that are opened bring the values of their parts."""
        seen, stack = {v}, [v]
        while stack:
            node = stack.pop()
            if str(node.gate) in self.opened:
                self.open_parts(node)
            for x in self.inputs(node):
                if isinstance(x, Value) and x not in seen:
                    seen.add(x)
                    stack.append(x)
        return sorted(seen, key=self.order)

    def order(self, v: Value) -> tuple[int, float]:
        """Age; the parts of an opened gate come just before the gate's own value."""
        holder = self.stands_for.get(v)
        return (v.serial, math.inf) if holder is None else (holder.serial, v.serial)

    def inputs(self, node: Value) -> tuple[Any, ...]:
        """The inputs, where an opened gate's last part stands for the gate itself."""
        made = self.made_by.get(node, node)
        return tuple(self.stands_for.get(x, x) if isinstance(x, Value) and x.gate is None else x for x in made.inputs)

    def open_parts(self, node: Value) -> None:
        """Run a fused gate's parts on its inputs' numbers, and walk back through them with its own gradient."""
        gate = node.gate
        if gate is None or gate.parts is None:
            return
        copies = [Value(x.data, name=x.name) if isinstance(x, Value) else x for x in node.inputs]
        with group(gate.name) as frame:
            made = gate.parts(*copies, **node.settings)
        for copy, x in zip(copies, node.inputs, strict=True):
            if isinstance(x, Value):
                self.stands_for[copy] = x
        self.made_by[node] = made
        self.groups[node] = Group(frame.name, node.group)
        gradients = walk(made, node._grad) if node._grad is not None and made.requires_grad else {}
        stack = [made]
        while stack:
            part = stack.pop()
            for x in part.inputs:
                if isinstance(x, Value) and x.gate is not None and x not in self.groups:
                    self.groups[x], self.gradients[x] = self.groups[node], gradients.get(x)
                    self.stands_for[x] = node
                    stack.append(x)

    def group_of(self, node: Value) -> Group | None:
        return self.groups.get(node, node.group if node.gate is not None else None)

    def closed_group(self, node: Value) -> Group | None:
        """The outermost closed group around a gate."""
        found, around = None, self.group_of(node)
        while around is not None:
            if not self.everything and around.name not in self.opened and node not in self.groups:
                found = around
            around = around.parent
        return found

    def needed_outside(self, nodes: list[Value], root: Value) -> set[Value]:
        """Values seen in the picture: those that are used, or end, outside the closed group they were made in."""
        shown = {root}
        for node in nodes:
            mine = self.closed_group(node)
            for x in self.inputs(node):
                if isinstance(x, Value) and (mine is None or self.closed_group(x) is not mine):
                    shown.add(x)
        return shown

    def add(self, node: Value, shown: set[Value]) -> None:
        closed, made = self.closed_group(node), self.made_by.get(node, node)
        if made.gate is not None:
            place = self.closed_box(closed) if closed is not None else self.gate_node(node, made, made.gate)
            for x in self.inputs(node):
                if isinstance(x, Value) and (closed is None or self.closed_group(x) is not closed):
                    self.picture.wires.append(Wire(self.ids[x], place))
        if node not in shown:
            return
        self.value_node(node, "" if closed is not None else self.box(self.group_of(node)))
        if made.gate is not None:
            self.picture.wires.append(Wire(place, self.ids[node]))

    def value_node(self, node: Value, box: str) -> None:
        gradient = self.gradients.get(node, node._grad)
        self.ids[node] = f"v{len(self.picture.nodes)}"
        self.picture.nodes.append(
            Node(
                id=self.ids[node],
                kind="leaf" if node.gate is None else "value",
                text=plain(node.name or ""),
                data=summary(node._data, self.precision),
                gradient="" if gradient is None else summary(getattr(gradient, "_data", gradient), self.precision),
                shape=shape_text(node.shape),
                box=box,
                hint=node.gate.sentence if node.gate is not None else "leaf",
            )
        )

    def gate_node(self, node: Value, made: Value, gate: Gate) -> str:
        place, box = f"g{len(self.picture.nodes)}", self.box(self.group_of(node))
        folded = folded_symbol(made, self.precision)
        self.picture.nodes.append(Node(place, "gate", folded or gate.symbol, box=box, hint=gate.sentence))
        for x in made.inputs:
            if not isinstance(x, Value) and not folded:
                constant = f"c{len(self.picture.nodes)}"
                shape = shape_text(np.shape(x))
                self.picture.nodes.append(
                    Node(constant, "constant", "", summary(x, self.precision), shape=shape, box=box, hint="constant")
                )
                self.picture.wires.append(Wire(constant, place))
        return place

    def closed_box(self, closed: Group) -> str:
        if closed not in self.ids:
            self.ids[closed] = f"b{len(self.picture.nodes)}"
            outer = self.box(closed.parent)
            self.picture.nodes.append(Node(self.ids[closed], "closed", plain(closed.name), box=outer, hint="group"))
        return self.ids[closed]

    def box(self, around: Group | None) -> str:
        """The id of the open box for a group, made with those around it at first sight."""
        missing = []
        while around is not None and around not in self.ids:
            missing.append(around)
            around = around.parent
        inner = "" if around is None else self.ids[around]
        for each in reversed(missing):
            self.picture.boxes.append(Box(f"cluster{len(self.picture.boxes)}", plain(each.name), inner))
            inner = self.ids[each] = self.picture.boxes[-1].id
        return inner


_FOLDED = {
    "add": ("+{c}", "+{c}"),
    "mul": ("×{c}", "×{c}"),
    "sub": ("{c}−x", "−{c}"),
    "div": ("{c}/x", "÷{c}"),
    "power": ("{c}ˣ", "x^{c}"),
    "maximum": ("max({c}, x)", "max(x, {c})"),
    "minimum": ("min({c}, x)", "min(x, {c})"),
}
"""How a gate with a scalar constant as its first or second input is written, the constant inside."""


def folded_symbol(node: Value, precision: int) -> str:
    """A gate with a scalar constant as the courses draw it: ×−1, +1, 1/x; nothing if there is no such constant."""
    constants = [k for k, x in enumerate(node.inputs) if not isinstance(x, Value)]
    if node.gate is None or node.gate.name not in _FOLDED or len(constants) != 1 or np.ndim(node.inputs[constants[0]]):
        return ""
    c = node.inputs[constants[0]]
    text = str(int(c)).replace("-", "−") if np.isreal(c) and float(c).is_integer() and abs(c) < 1e4 else None
    return _FOLDED[node.gate.name][constants[0]].format(c=text or number(c, precision))
