"""From a trace to a program: names for everything, inputs in order, and the optimisers' steps at the end.

`built` · `labels_of` (names for arguments) · `Link` (what stands behind an input or a result) · `valued`. Builds on
`lanes`, `program`, `trace` and `updates`.
"""

import inspect
import keyword
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from ..calculus.recording import variable
from ..engine import Value
from ..errors import GraphError
from ..modes import Group
from .lanes import write_lanes
from .program import Function, Input, Instruction, Operand, Program, Var
from .trace import DETACH, Trace, Traced
from .updates import Stretch, instructions_of, stretches_of

__all__ = ["Link", "Names", "built", "labels_of", "valued"]

RESERVED = frozenset({"np", "math", *keyword.kwlist, *dir(__builtins__), "sum", "max", "min", "abs", "pow", "round"})


@lru_cache(4096)
def identifier(wanted: str) -> str:
    """A word that Python takes as a name, as near as possible to the one that is wanted."""
    base = re.sub(r"\W+", "_", wanted, flags=re.ASCII).strip("_") or "v"
    return f"v{base}" if base[0].isdigit() else base


class Names:
    """Gives each variable a name of its own, as near as possible to the one that is wanted."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = {*RESERVED, *taken}
        self.counts: dict[str, int] = {}

    def __call__(self, wanted: str, *, numbered: bool = False) -> Var:
        name = base = identifier(wanted)
        if numbered or name in self.taken:
            number = self.counts.get(base, 0 if numbered else 1)
            while (name := f"{base}_{number + 1}") in self.taken:
                number += 1
            self.counts[base] = number + 1
        self.taken.add(name)
        return Var(name)


@dataclass(eq=False)
class Link:
    """What stands behind a program.

    `leaves` are read at each run, then the attributes `reads`, the generator if it `draws`, and what the `stretches` of
    optimisers need. Of the results the first `returned` are returned; then come gradients for `graded`, new values for
    the attributes `written`, and for each optimiser of `steppers` whether all gradients were finite.
    """

    leaves: list[Value] = field(default_factory=list)
    reads: list[tuple[Any, str]] = field(default_factory=list)
    draws: bool = False
    stretches: list[Stretch] = field(default_factory=list)
    steppers: list[Any] = field(default_factory=list)
    returned: int = 0
    graded: list[Value] = field(default_factory=list)
    written: list[tuple[Any, str]] = field(default_factory=list)


def path(group: Group | None) -> tuple[str, ...]:
    """The names of the groups around a node, the outermost first."""
    names: list[str] = []
    while group is not None:
        names.append(group.name)
        group = group.parent
    return tuple(reversed(names))


def prefix(group: Group | None) -> str:
    """The attributes that lead to a layer, as a prefix of its parameters' names: layer0_, block_fc1_."""
    attributes = [name.split(":")[0] for name in path(group) if ":" in name]
    return "".join(f"layer{part}_" if part.isdigit() else f"{part}_" for part in attributes)


class _Builder:
    def __init__(self, trace: Trace, name: str) -> None:
        self.trace, self.names, self.link = trace, Names([name]), Link()
        self.inputs: list[Input] = []
        self.operands: dict[Value, Operand] = {}
        self.instructions: list[Instruction] = []

    def input(self, wanted: str, value: Any, kind: Any) -> Var:
        """A new input of the program with the shape and dtype of a value."""
        var = self.names(wanted)
        self.inputs.append(Input(var, np.shape(value), getattr(value, "dtype", None), kind))
        return var

    def operand(self, x: Any, group: Group | None = None) -> Operand:
        """What stands for an input of a gate: a variable or a constant."""
        if type(x) is tuple:
            return tuple(self.operand(part, group) for part in x)
        if not isinstance(x, Value):
            return x
        if x not in self.operands:
            if x.serial > self.trace.start:
                return x._data  # made by the function itself, from numbers it always has
            self.operands[x] = self.input(prefix(group) + (x.name or "leaf"), x, "parameter")
            self.link.leaves.append(x)
        return self.operands[x]

    def leaves(self) -> None:
        """The parameters and other Values that the function found outside, in the order of their first use."""
        for node in self.trace.nodes:
            for x in node.inputs:
                if type(x) is not Traced:
                    self.operand(x, node.group)

    def reads(self) -> None:
        """Attributes and random numbers."""
        for owner, name, stand_in in self.trace.reads.values():
            self.operands[stand_in] = self.input(prefix(stand_in.group) + str(stand_in.name), stand_in, "state")
            self.link.reads.append((owner, name))
        if self.trace.rng is not None:
            self.operands[self.trace.rng] = self.input("rng", None, "state")
            self.link.draws = True

    def named(self, node: Any) -> tuple[Var, str]:
        """A new variable for a node, after what the user called it or whose gradient it is, and what to comment."""
        comment, target = self.trace.described(node)
        known = self.operands.get(target) if target is not None else None
        if node.name is not None:
            return self.names(node.name), comment
        if isinstance(known, Var):
            return self.names(f"d_{known}"), comment
        return self.names(node.gate.name.split(".")[-1], numbered=True), comment

    def instruction(self, node: Any) -> None:
        """The line for a node; none for what only passes numbers on."""
        inputs = tuple([self.operand(x, node.group) for x in node.inputs])
        if node.gate is DETACH or node.gate is variable:
            self.operands[node] = inputs[0]
            return
        var, comment = self.named(node)
        self.operands[node] = var
        settings = node.settings
        if isinstance(node.gate, Function):
            settings = {name: self.operand(x, node.group) for name, x in settings.items()}
        made = Instruction(
            var, node.gate, inputs, settings, node.shape, node.dtype, node.name, comment, path(node.group)
        )
        self.instructions.append(made)

    def lines(self, wanted: Sequence[Any], group: bool) -> int:
        """The lines for all nodes, where it pays and with `group` many scalar ones at once; how many they stand for."""
        values = {var: x for x, var in self.operands.items()}
        given = [values[x.var] for x in self.inputs if x.shape == () and x.dtype == np.float64]
        if group and write_lanes(self.trace.nodes, wanted, given, self):
            return len(self.trace.nodes)
        for node in self.trace.nodes:
            self.instruction(node)
        return len(self.instructions)

    def updates(self) -> list[Operand]:
        """The steps of optimisers, after everything else; whether each was taken."""
        taken: list[Var] = []
        refusing: list[Var] = []  # an error after one of these leaves the optimisers that come later where they are
        for number, (optimizer, updates, nodes) in enumerate(self.trace.updates):
            self._unmoved(nodes, optimizer)
            stretches = stretches_of(optimizer, updates)
            self.link.stretches += stretches
            self.link.steppers.append(optimizer)
            named = {leaf: str(self.operands[leaf]) for leaf in self.link.leaves}
            finite = self.names(f"finite_{number}" if number else "finite")
            self.instructions += instructions_of(stretches, (*refusing, finite), named, self.operand, self.input)
            taken.append(finite)
            if optimizer.on_nonfinite == "raise":
                refusing.append(finite)
        return list(taken)

    def _unmoved(self, nodes: int, optimizer: Any) -> None:
        moved = {p for _, flat in optimizer._flats for p in flat.parameters}
        for node in self.trace.nodes[nodes:]:
            for x in node.inputs:
                if isinstance(x, Value) and x in moved:
                    raise GraphError(
                        f"{x.label} is used after {optimizer}'s step in one compiled function: compile one step, and "
                        "what follows it as a function of its own"
                    )


def built(
    trace: Trace, name: str, arguments: Sequence[tuple[str, Value]], outs: Sequence[Any], *, group: bool = False
) -> tuple[Program, Link]:
    """The program of a trace, a line for each node in the order of recording, and what stands behind it.

    With `group` many scalar nodes of one kind become one line, where there are enough of them.
    """
    builder = _Builder(trace, name)
    for label, stand_in in arguments:
        builder.operands[stand_in] = builder.input(label, stand_in, "argument")
    builder.reads()
    reads = builder.inputs[len(arguments) :]
    del builder.inputs[len(arguments) :]
    builder.leaves()
    builder.inputs += reads
    steps = [g for _, updates, _ in trace.updates for _, _, gradients in updates for g in gradients]
    written = [new for _, _, new in trace.writes.values()]
    recorded = builder.lines((*outs, *trace.gradients.values(), *written, *steps), group) - len(builder.instructions)
    link = builder.link
    results = [builder.operand(out) for out in outs]
    link.returned = len(results)
    stepped = {p for optimizer, _, _ in trace.updates for _, flat in optimizer._flats for p in flat.parameters}
    for leaf, g in trace.gradients.items():
        if leaf not in stepped and leaf.serial <= trace.start:
            link.graded.append(leaf)
            results.append(builder.operand(g))
    for owner, attribute, new in trace.writes.values():
        link.written.append((owner, attribute))
        results.append(builder.operand(new))
    results += builder.updates()
    for stretch in link.stretches:
        stretch.gradients = ()  # they hold the whole graph of the trace
    left = len(builder.instructions)
    report = [("recorded", recorded + left), *[("lanes", left)] * group]
    return Program(name, tuple(builder.inputs), tuple(builder.instructions), tuple(results), tuple(report)), link


def valued(trace: Trace, outs: Sequence[Any], given: Sequence[Any]) -> list[bool]:
    """Which outputs the function gives as Values: those made from Values, not from arrays alone."""
    arrays = {id(x) for _, _, x in trace.reads.values()} | {id(trace.rng)} | trace.arguments
    arrays -= {id(x) for x in given}
    return [isinstance(out, Value) and _is_valued(out, arrays) for out in outs]


def _is_valued(out: Value, arrays: set[int]) -> bool:
    """Whether gates lead from a Value to this one; what they are found to make of arrays alone joins these."""
    waiting, seen = [out], set(arrays)
    while waiting:
        x = waiting.pop()
        if id(x) in seen or not isinstance(x, Value) or hasattr(x.gate, "pure"):
            continue
        if x.gate is None:
            return True
        seen.add(id(x))
        waiting += x.inputs
    arrays |= seen
    return False


def labels_of(function: Callable[..., Any], args: Any, kwargs: Any) -> list[str]:
    """A name for each leaf of the arguments: the parameter's, with the way to the leaf."""
    try:
        bound = inspect.signature(getattr(function, "forward", function)).bind(*args, **kwargs)
        names = list(bound.arguments)[: len(args)]
        names += [f"argument{k}" for k in range(len(names), len(args))]
    except (TypeError, ValueError):
        names = [f"argument{k}" for k in range(len(args))]

    def ways(tree: Any, way: str) -> list[str]:
        if type(tree) is dict:
            return [w for key, branch in tree.items() for w in ways(branch, f"{way}_{key}")]
        if type(tree) in (list, tuple):
            return [w for k, branch in enumerate(tree) for w in ways(branch, f"{way}{k}")]
        return [] if tree is None else [way]

    labels = [w for name, arg in zip(names, args, strict=True) for w in ways(arg, name)]
    return labels + [w for key, arg in kwargs.items() for w in ways(arg, key)]
