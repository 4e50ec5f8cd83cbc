"""What a lesson tells: every gate with its numbers, forward and backward in the engine's true order, as plain data.

`material(v)` → `Material` of `Part`s. A fused gate also holds its own parts, which ran on stand-ins of its inputs.
Builds on `steps`, `record` and `regroup`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...engine import Gate, Value
from ...modes import Group, tracing
from ..record import reachable, recorded
from ..repeats import repeats, upward
from ..steps import Step, walked
from .regroup import regrouped

__all__ = ["Material", "Part", "chain", "material"]

MANY = 2000
"""Gates beyond which fused gates stay closed, so that a large page stays small."""


@dataclass(slots=True, eq=False)
class Part:
    """A gate of the lesson: what it took and made, and by position what it handed back to each input.

    `node` is the value as the engine recorded it, for a part of a fused gate on stand-ins of its inputs.
    A fused gate has an `inside`: the group that holds its `parts` (in the order they ran), and `back` (the order of the
    walk back).
    """

    gate: Gate
    inputs: tuple[Any, ...]
    out: Value
    settings: Mapping[str, Any]
    group: Group | None
    node: Value
    rows: dict[int, Step] = field(default_factory=dict)
    inside: Group | None = None
    parts: "list[Part]" = field(default_factory=list)
    back: "list[Part]" = field(default_factory=list)

    def smallest(self) -> "Iterator[Part]":
        """The gates that this one is made of at the finest, in the order they ran; itself when it does not open."""
        for part in self.parts:
            yield from part.smallest()
        if not self.parts:
            yield self

    def smallest_back(self) -> "Iterator[Part]":
        """The same gates in the order of the walk back, those that handed a gradient on."""
        for part in self.back:
            yield from part.smallest_back()
        if not self.parts and self.rows:
            yield self

    def whole(self) -> "Iterator[Part]":
        """The gate itself, if it opens, and those inside that open."""
        if self.parts:
            yield self
        for part in self.parts:
            yield from part.whole()


@dataclass(slots=True)
class Material:
    """A graph as a lesson: `values` and `parts` in the order they were made, `back` in the order of the walk back.

    `gradients` holds all that arrived at a value, `groups` what stands for each group of the record.
    """

    root: Value
    values: list[Value]
    parts: list[Part]
    back: list[Part]
    gradients: dict[Value, Any]
    groups: dict[Group | None, Group | None] = field(default_factory=dict)


def chain(group: Group | None) -> tuple[Group, ...]:
    """A group and those around it, outermost first."""
    return (*reversed([*upward(group)]),)


def material(root: Value) -> Material:
    """The graph that `root` was made from, walked back from ones, without touching any `.grad`."""
    ones = np.ones(root.shape, root.dtype)[()]
    found, order = reachable(root), walked(root, None if root.size == 1 else ones)
    told = Material(root, [], [], [], {root: ones})
    parts = _parts(found, order, told.gradients)
    opens = len(parts) <= MANY
    told.groups = regrouped([*parts.values()], repeats(recorded(root)))
    for value in found:
        part = parts.get(value)
        if part is not None:
            if opens:
                _open(part, told.gradients, frozenset())
            told.parts.append(part)
            told.values += [small.out for small in part.smallest() if small.out is not value]
        told.values.append(value)
    told.back = [parts[node] for node in dict.fromkeys(step.node for step in order)]
    return told


def _parts(found: list[Value], order: list[Step], gradients: dict[Value, Any]) -> dict[Value, Part]:
    """A Part for every value with a gate; the gradients of all values go into `gradients`."""
    parts = {v: Part(v.gate, v.inputs, v, v.settings, v.group, v) for v in found if v.gate is not None}
    for step in order:
        parts[step.node].rows[step.position] = step
        gradients[step.input] = step.total
    return parts


def _open(part: Part, gradients: dict[Value, Any], done: frozenset[str]) -> None:
    """Give a fused gate its parts, those that are fused in turn opened too; a gate never within itself."""
    gate = part.gate
    if gate.parts is None or gate.name in done:
        return
    stand_in = {x: x.detach() for x in part.inputs if isinstance(x, Value)}
    for x, copy in stand_in.items():
        copy.requires_grad = x.requires_grad
    with tracing(), np.errstate(all="ignore"):
        out = gate.parts(*[stand_in[x] if isinstance(x, Value) else x for x in part.inputs], **part.settings)
        if not isinstance(out, Value) or out.gate is None or out in {*stand_in.values()}:
            return
        upstream = gradients.get(part.out)
        order = walked(out, upstream) if out.requires_grad and upstream is not None else []
    part.inside = Group(gate.name, part.group)
    _fill(part, out, order, {copy: x for x, copy in stand_in.items()}, gradients)
    for small in part.parts:
        _open(small, gradients, done | {gate.name})


def _fill(part: Part, out: Value, order: list[Step], original: dict[Value, Value], gradients: dict[Value, Any]) -> None:
    """The recorded parts, with the originals in the place of their stand-ins, the last making the gate's own value."""
    own: dict[Value, Any] = {}
    made = _parts([v for v in reachable(out) if v not in original], order, own)
    original = {**original, out: part.out}
    for value, small in made.items():
        small.inputs = tuple(original.get(x, x) if isinstance(x, Value) else x for x in small.inputs)
        small.out = original.get(value, value)
        small.group = part.inside
    gradients.update({value: gradient for value, gradient in own.items() if value not in original})
    part.parts = [*made.values()]
    part.back = [made[node] for node in dict.fromkeys(step.node for step in order)]
