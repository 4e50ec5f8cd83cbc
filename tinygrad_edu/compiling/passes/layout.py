"""The pass `batch_last`: images and what is computed from them lie in memory as (C, *space, N).

Each channel is then one contiguous run, over which a bias, a mean or a scale is a single number, and each tap of a
window moves whole runs of the batch. Convolution and pooling ask for it; elementwise gates, sums, reshapes that keep
the batch, and products of matrices carry it on. Between the two orders stands a transpose, mostly one that moves
nothing. Builds on `lowering` and `substitution`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...gates.windows import moved_last
from ...operators import GATES
from ..program import Function, Instruction, Operand, Program, Var, variables
from .lowering import LOWERED, Lines
from .substitution import Rewriter, op, renamed, substituted

__all__ = ["batch_last", "elementwise"]

MOVED = Function("moved_last", moved_last)
SUM = Function("np.add.reduce", np.add.reduce)
RESHAPES = frozenset({"reshape", "expand_dims", "squeeze"})
WEIGHTS = {"conv": 1, "conv_transpose": 1}  # the input that has no batch
Kinds = Mapping[Var, tuple[tuple[int, ...], Any]]


def batch_last(program: Program) -> Program:
    """Move the batch to the last axis wherever a convolution or pooling is near."""
    chosen = _chosen(program)
    return _Mover(program, chosen).moved() if chosen else program


def elementwise(line: Instruction) -> bool:
    """Whether each element of the result depends on those of the inputs at the same place alone."""
    forward = line.gate.forward
    ufunc = isinstance(forward, np.ufunc) and forward.signature is None and forward.nout == 1
    return ufunc or bool(getattr(line.gate, "elementwise", False))


def _movable(line: Instruction) -> bool:
    return line.out is None and line.pure and line.dtype is not None


def _keeps_batch(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    return len(old) > 1 and len(new) > 1 and old[0] == new[0] > 1


def _carried(line: Instruction, kinds: Kinds) -> list[Var]:
    """The inputs that lie as a line's result does."""
    inputs = [x for x in line.inputs if isinstance(x, Var)]
    if elementwise(line):
        return [x for x in inputs if kinds[x][0] == line.shape]
    if op(line) in RESHAPES and inputs and _keeps_batch(kinds[inputs[0]][0], line.shape):
        return inputs[:1]
    return []


def _chosen(program: Program) -> set[Var]:
    """The variables that are to lie batch-last: results and inputs of windows, and what hangs together with them."""
    kinds = program.kinds()
    chosen: set[Var] = set()
    for line in program:
        if line.gate.name in LOWERED and _movable(line):
            weight = WEIGHTS.get(line.gate.name)
            near = [x for k, x in enumerate(line.inputs) if isinstance(x, Var) and k != weight]
            near += [line.target] if line.gate.name != "conv_weight" else []
            chosen.update(x for x in near if len(kinds[x][0]) == len(line.shape) > 2)
    before = 0
    while before != len(chosen):
        before = len(chosen)
        for line in (*program.instructions, *reversed(program.instructions)):
            together = [line.target, *_carried(line, kinds)]
            if len(line.shape) > 1 and _movable(line) and not chosen.isdisjoint(together):
                chosen.update(together)
    return chosen


class _Mover:
    """Walks down a program. What lies batch-last keeps its name and gets another shape."""

    def __init__(self, program: Program, chosen: set[Var]) -> None:
        self.program, self.chosen = program, chosen
        self.old = program.kinds()
        self.so_far = Rewriter(program)
        self.last_of: dict[Var, Operand] = {}
        self.first_of: dict[Var, Operand] = {x.var: x.var for x in program.inputs}

    def moved(self) -> Program:
        """The program in the new order."""
        for line in self.program:
            if not (_movable(line) and line.shape and self.made(line)):
                inputs = {x: self.first(x, line) for x in {*line.reads}}
                self.first_of[line.target] = self.so_far.keep(renamed(line, inputs))
        end = self.program.instructions[-1]
        found = {x: self.first(x, end) for x in variables(self.program.results)}
        results = tuple(substituted(x, found) for x in self.program.results)
        return self.program.having(self.so_far.lines.values(), results=results)

    def made(self, line: Instruction) -> bool:
        """Whether a line could be made from what lies batch-last."""
        lower, name = LOWERED.get(line.gate.name), op(line)
        if lower is not None:
            lines = Lines(line, self.so_far, self.old, self.first, self.last)
            found = lower(lines, *line.inputs, **line.settings)
            if found is not None:
                (self.first_of if line.gate.name == "conv_weight" else self.last_of)[line.target] = found
            return found is not None
        if name == "sum" and line.inputs[0] in self.last_of:
            return self.summed(line)
        if line.target not in self.chosen:
            return False
        if elementwise(line):
            return self.elementwise(line)
        if name in RESHAPES:
            return self.reshaped(line)
        return name in ("matmul", "dot") and all(self.rank(x) == len(line.shape) == 2 for x in line.inputs) and (
            self.product(line)
        )  # fmt: skip

    def rank(self, x: Operand) -> int:
        """How many axes an operand has."""
        return len(self.old[x][0]) if isinstance(x, Var) else np.ndim(x)

    # One order from the other

    def first(self, x: Operand, line: Instruction) -> Operand:
        """An operand with the batch first."""
        if isinstance(x, Var) and x not in self.first_of:
            shape, dtype = self.old[x]
            axes = (len(shape) - 1, *range(len(shape) - 1))
            self.first_of[x] = self.view(line, "transpose", self.last_of[x], (shape, dtype), axes=axes)
        return self.first_of[x] if isinstance(x, Var) else x

    def last(self, x: Operand, line: Instruction) -> Operand:
        """An operand with the batch last, side by side in memory."""
        if not isinstance(x, Var):
            return np.ascontiguousarray(np.moveaxis(np.asarray(x), 0, -1))
        if x not in self.last_of:
            shape, dtype = self.old[x]
            self.last_of[x] = self.so_far.add(
                line, MOVED, self.first_of[x], shape=(*shape[1:], shape[0]), dtype=dtype, name=f"{x}_last"
            )
        return self.last_of[x]

    def turned(self, x: Operand, line: Instruction) -> Operand:
        """An operand with the batch last, wherever it lies."""
        if not isinstance(x, Var):
            return np.moveaxis(np.asarray(x), 0, -1)
        if x in self.last_of:
            return self.last_of[x]
        shape, dtype = self.old[x]
        axes = (*range(1, len(shape)), 0)
        return self.view(line, "transpose", self.first_of[x], ((*shape[1:], shape[0]), dtype), axes=axes)

    def view(self, line: Instruction, gate: str, x: Operand, kind: tuple[Any, Any], **settings: Any) -> Var:
        """A line that looks at the same numbers in another way."""
        shape, dtype = kind
        return self.so_far.add(line, GATES[gate], x, shape=shape, dtype=dtype, settings=settings)

    # Lines

    def elementwise(self, line: Instruction) -> bool:
        """The same of operands whose axes have moved with it."""
        shape = (*line.shape[1:], line.shape[0])
        inputs = tuple(self.operand(x, line) for x in line.inputs)
        self.last_of[line.target] = self.so_far.keep(line.having(inputs=inputs, shape=shape))
        return True

    def operand(self, x: Operand, line: Instruction) -> Operand:
        """An operand that broadcasts against the new order as it did against the old."""
        shape = self.old[x][0] if isinstance(x, Var) else np.shape(x)
        if not shape:
            return self.first(x, line)
        if shape == line.shape:
            return self.last(x, line)
        full = (1,) * (len(line.shape) - len(shape)) + shape
        if not isinstance(x, Var):
            return np.moveaxis(np.reshape(x, full), 0, -1)
        if full == shape:
            return self.turned(x, line) if shape[0] > 1 or x in self.last_of else self.flattened(x, full, line)
        return self.flattened(x, full, line)

    def flattened(self, x: Var, full: tuple[int, ...], line: Instruction) -> Var:
        """What has no batch, with an axis of length one in its place."""
        shape, dtype = (*full[1:], full[0]), self.old[x][1]
        if full[0] > 1:
            found = self.view(line, "reshape", self.first(x, line), (full, dtype), shape=full)
            return self.view(line, "transpose", found, (shape, dtype), axes=(*range(1, len(full)), 0))
        return self.view(line, "reshape", self.first(x, line), (shape, dtype), shape=shape)

    def reshaped(self, line: Instruction) -> bool:
        """A reshape that leaves the batch alone does so where it is last."""
        x = line.inputs[0]
        if not isinstance(x, Var) or not _keeps_batch(self.old[x][0], line.shape):
            return False
        shape, name = (*line.shape[1:], line.shape[0]), line.target
        inner = self.last(x, line)
        self.last_of[line.target] = self.so_far.add(
            line, GATES["reshape"], inner, shape=shape, dtype=line.dtype, name=name, settings={"shape": shape}
        )
        return True

    def product(self, line: Instruction) -> bool:
        """(AB)ᵀ = BᵀAᵀ."""
        a, b = (self.turned(x, line) for x in line.inputs)
        self.last_of[line.target] = self.so_far.keep(line.having(inputs=(b, a), shape=line.shape[::-1]))
        return True

    def summed(self, line: Instruction) -> bool:
        """The sum over the same axes, where they now are."""
        x, *rest = line.inputs
        ndim, axis = self.rank(x), rest[0] if rest else line.settings.get("axis", 0)
        if any(isinstance(y, Var) for y in rest):
            return False
        given = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = tuple(sorted((a % ndim - 1) % ndim for a in given))
        keep = bool(line.settings.get("keepdims", False))
        batch = keep or ndim - 1 not in axes
        shape = (*line.shape[1:], line.shape[0]) if batch else line.shape
        made = line.having(gate=SUM, inputs=(self.last_of[x], axes), shape=shape, settings={"keepdims": keep})
        (self.last_of if batch else self.first_of)[line.target] = self.so_far.keep(made)
        return True
