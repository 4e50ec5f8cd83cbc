"""A graph read into what is drawn: values, gates, constants, wires and boxes, as plain data.

`picture(v)` → `Picture` of `Wire`s between `Node`s, in `Box`es; A drawing format reads a Picture and nothing else.
Everything is iterative and linear in the graph. Builds on `record`, which opens fused gates, on `folding`, which closes
groups, on `marking`, `cost` and `text`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..engine import Gate, Value
from ..errors import GraphError, SettingError
from ..modes import Group
from .cost import amount, shares
from .folding import Folded, Place, fold, groups_of, open_groups
from .marking import Marked, Marks
from .record import Made, recorded
from .repeats import Runs, first_only, repeats
from .text import constant, exact, plain, settings_text, shape_text, summary

__all__ = ["Box", "Node", "Picture", "Wire", "picture"]

COMFORTABLE, LARGE = 500, 2000
"""Nodes that are laid out within a second, and nodes beyond which nobody can read a picture."""


@dataclass(slots=True)
class Node:
    """What is drawn at one place: a value (with its numbers), a gate, a constant, or a closed box.

    `data` and `gradient` are short text, the gradient empty while unknown; `remark` says what else is to be known (a
    gate's settings, a leaf that changed), `hint` all digits or what a gate does. `mark` is why it stands out,
    or None, `tint` from 0 to 1 how strongly it is coloured by what it costs.
    """

    id: str
    kind: Literal["leaf", "value", "output", "gate", "constant", "closed"]
    text: str
    data: str = ""
    gradient: str = ""
    shape: str = ""
    box: str = ""
    hint: str = ""
    remark: str = ""
    mark: str | None = None
    tint: float | None = None


@dataclass(slots=True)
class Wire:
    """A line from a value to the gate that uses it (in argument order), or from a gate to its value."""

    source: str
    target: str
    mark: str | None = None


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
    open: str | Iterable[str] = "auto",
    depth: int | None = None,
    precision: int = 2,
    folded: bool = True,
    force: bool = False,
    marks: Marks | None = None,
    numbers: bool = True,
    colour: Literal["bytes", "flops"] | None = None,
) -> Picture:
    """The graph that `v` was made from. `open` names the groups shown with their parts; the others are closed boxes.

    "all" opens every group, "auto" as many levels as stay under 500 nodes; a name opens what is around it too, and a
    fused gate into its parts. `depth` opens so many levels besides. Three or more closed neighbours that are alike are
    one box, "block ×12"; beyond 500 nodes only the first of them is opened. With `folded` a gate shows a number among
    its inputs in its symbol, as in ×−1. `marks` are reasons why values or wires stand out; what a closed group hides
    marks the group. Without `numbers` values show their shapes only. `colour` tints gates by what they cost.

    Raises GraphError above 2,000 visible nodes, unless forced, and ValueError for a name that is no group and no fused
    gate, or a mark that is not in the graph.
    """
    names = frozenset() if open in ("all", "auto") else frozenset([open] if isinstance(open, str) else open)
    record = recorded(v, names)
    groups = groups_of(record)
    _check_names(names, groups, record)
    runs = {} if open == "all" else repeats(record)
    if depth is None:
        depth = _comfortable(record, v, groups, runs) if open == "auto" else len(groups) if open == "all" else 0
    seen = _seen(record, v, open_groups(groups, names, depth), runs)
    if len(seen) > LARGE and not force:
        raise GraphError(
            f"a drawing of {len(seen):,} nodes can't be read: put parts of it in group(…) and draw with depth=0, "
            "draw a part of the graph, or pass force=True"
        )
    built = _Builder(seen, v, precision, folded, Marked(marks or {}, record, seen), numbers)
    made = built.built(record)
    if colour is not None:
        _tint(made, shares(record, colour, seen.source.get), built.maker, "B" if colour == "bytes" else "")
    return made


def _tint(made: Picture, spent: dict[Any, int | None], ids: dict[Any, str], unit: str) -> None:
    """Say at each gate and closed group what it costs, and colour it by its share of the largest."""
    most = max([n for n in spent.values() if n], default=1)
    at = {ids[place]: n for place, n in spent.items() if place in ids}
    for node in made.nodes:
        if node.id in at:
            n = at[node.id]
            node.tint = (n or 0) / most
            node.remark = ", ".join(filter(None, (node.remark, f"{amount(n, unit)}{'' if unit else ' flops'}")))


def _check_names(names: frozenset[str], groups: dict[Group, int], record: list[Made]) -> None:
    known = {group.name for group in groups}
    if unknown := sorted(names - known):
        fused = {made.gate.name for made in record if made.gate is not None and made.gate.parts is not None}
        raise SettingError(
            f"draw: there is no group and no fused gate {unknown[0]!r} to open; the graph has groups "
            f"{', '.join(sorted(known)) or 'none'} and fused gates {', '.join(sorted(fused)) or 'none'}"
        )


def _comfortable(record: list[Made], v: Value, groups: dict[Group, int], runs: Runs) -> int:
    """The greatest depth that shows no more than 500 nodes."""
    for depth in range(max(groups.values(), default=-1) + 1, 0, -1):
        if len(_seen(record, v, open_groups(groups, (), depth), runs)) <= COMFORTABLE:
            return depth
    return 0


def _seen(record: list[Made], v: Value, opened: set[Group], runs: Runs) -> Folded:
    """What these open groups show; beyond 500 nodes only the first of each open run stays open."""
    seen = fold(record, v, opened, runs)
    return seen if len(seen) <= COMFORTABLE else fold(record, v, first_only(opened, runs), runs)


class _Builder:
    """Puts what is seen into words, under ids that are the same in every run."""

    def __init__(self, seen: Folded, root: Value, precision: int, folded: bool, marked: Marked, numbers: bool) -> None:
        self.seen, self.root, self.precision, self.folded, self.marked = seen, root, precision, folded, marked
        self.numbers = numbers
        self.learnt: dict[Group, int] = {}
        self.picture = Picture()
        self.frames: dict[Group, str] = {}
        self.wire = {made.value: f"v{k}" for k, made in enumerate(seen.wires)}
        self.maker: dict[Any, str] = {made.value: f"g{k}" for k, made in enumerate(seen.gates)}
        self.maker.update((group, f"b{k}") for k, group in enumerate(seen.boxes))

    def built(self, record: list[Made]) -> Picture:
        waiting = dict(self.seen.boxes)
        self._count(record)
        for made in record:
            source = self.seen.source[made.value]
            if isinstance(source, Group) and source in waiting:
                self.closed(source, waiting.pop(source))
            elif source is made.value and made.gate is not None:
                self.gate(made, made.gate)
            if made.value in self.wire:
                self.value(made, source)
        return self.picture

    def _count(self, record: list[Made]) -> None:
        """How many numbers each group learns: those of the parameters that belong to it."""
        for made in record:
            if made.gate is None and type(made.value).__name__ == "Parameter":
                box = self.seen.source[made.value]
                for group in {*self.seen.place[made.value], *([box] if isinstance(box, Group) else [])}:
                    self.learnt[group] = self.learnt.get(group, 0) + made.value.size

    def _learnt(self, group: Group) -> str:
        return f"{self.learnt[group]:,} parameters" if group in self.learnt else ""

    def frame(self, place: Place) -> str:
        """The id of the innermost open box of a place, made with those around it at first sight."""
        inner = ""
        for group in place if place and place[-1] not in self.frames else place[-1:]:
            if group not in self.frames:
                self.frames[group] = f"cluster{len(self.picture.boxes)}"
                name = plain(group.name)
                if not self.numbers and group in self.learnt:
                    name += f" · {self._learnt(group)}"
                self.picture.boxes.append(Box(self.frames[group], name, inner))
            inner = self.frames[group]
        return inner

    def value(self, made: Made, source: Value | Group | None) -> None:
        v, data, gradient = made.value, made.value._data, made.gradient if self.numbers else None
        shown = summary(data, self.precision) if self.numbers else shape_text(data.shape) or "scalar"
        passed = "" if gradient is None else summary(gradient, self.precision)
        told = [_digits(v.name or "value", data, shown), _digits("gradient", gradient, passed)]
        self.picture.nodes.append(
            Node(
                id=self.wire[v],
                kind="leaf" if source is None else "output" if v is self.root else "value",
                text=plain(v.name) if v.name else "",
                data=shown,
                gradient=passed,
                shape=shape_text(data.shape) if data.ndim and self.numbers else "",
                box=self.frame(self.seen.home[v]),
                hint=", ".join(filter(None, told)) if self.numbers else "",
                remark="changed since" if made.changed else "",
                mark=self.marked.nodes.get(v),
            )
        )
        if source is not None:
            self.picture.wires.append(Wire(self.maker[source], self.wire[v]))
        into_boxes = [user for user in self.seen.users[v] if isinstance(user, Group)]
        for group in into_boxes:
            self.picture.wires.append(Wire(self.wire[v], self.maker[group], self.marked.wires.get((group, v))))

    def gate(self, made: Made, gate: Gate) -> None:
        place, box = self.maker[made.value], self.frame(self.seen.place[made.value])
        symbol = folded_symbol(gate, made.inputs, self.precision) if self.folded else ""
        remark = settings_text(made.settings, gate.defaults) if made.settings else ""
        mark = self.marked.nodes.get(made.value)
        node = Node(place, "gate", symbol or gate.symbol, box=box, hint=gate.sentence, remark=remark, mark=mark)
        self.picture.nodes.append(node)
        for position, x in enumerate(made.inputs):
            mark = self.marked.wires.get((made.value, position))
            if isinstance(x, Value):
                self.picture.wires.append(Wire(self.wire[x], place, mark))
            elif not symbol:
                self.constant(f"{place}c{position}", x, box)
                self.picture.wires.append(Wire(f"{place}c{position}", place, mark))
            elif mark is not None:
                node.mark = mark  # the constant stands inside the gate

    def constant(self, id: str, x: Any, box: str) -> None:
        data, hint = summary(x, self.precision), f"constant {exact(x)}"
        self.picture.nodes.append(Node(id, "constant", "", data, shape=shape_text(np.shape(x)), box=box, hint=hint))

    def closed(self, group: Group, place: Place) -> None:
        name = plain(group.name)
        hint = f"group {name}, closed"
        mark, remark = self.marked.nodes.get(group), self._learnt(group)
        node = Node(self.maker[group], "closed", name, box=self.frame(place), hint=hint, remark=remark, mark=mark)
        self.picture.nodes.append(node)


def _read(shown: str) -> float | None:
    """The number that a reader sees."""
    try:
        return float(shown.replace("−", "-"))
    except ValueError:
        return None


def _digits(name: str, x: Any, shown: str) -> str:
    """A number with all its digits, if it has more than are drawn."""
    if x is None or (not np.ndim(x) and _read(shown) == x):
        return ""
    return f"{plain(name)} = {exact(x)}"


_FOLDED = {
    "add": ("+{c}", "+{c}"),
    "mul": ("×{c}", "×{c}"),
    "sub": ("{c}−x", "x−{c}"),
    "div": ("{c}/x", "x/{c}"),
    "power": ("{c}^x", "x^{c}"),
    "maximum": ("max({c}, x)", "max(x, {c})"),
    "minimum": ("min({c}, x)", "min(x, {c})"),
}
"""How a gate with a scalar constant as its first or second input is written, the constant inside."""


def folded_symbol(gate: Gate, inputs: tuple[Any, ...], precision: int) -> str:
    """A gate with a scalar constant as the courses draw it: ×−1, +1, 1/x; nothing if there is no such constant."""
    constants = [k for k, x in enumerate(inputs) if not isinstance(x, Value)]
    if gate.name not in _FOLDED or len(constants) != 1 or np.ndim(inputs[constants[0]]):
        return ""
    return _FOLDED[gate.name][constants[0]].format(c=constant(inputs[constants[0]], precision))
