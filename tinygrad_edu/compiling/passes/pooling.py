"""The pass `pool_first`: the largest of a window is chosen before a bias and ReLU are applied, not after.

Both keep the order of numbers, so that max(x + b) = max(x) + b: there is less to add to, to rectify and to mask once
each window has become one element. Builds on `substitution`.
"""

from typing import Any

import numpy as np

from ..program import Instruction, Operand, Program, Var
from .substitution import Rewriter, op

__all__ = ["pool_first"]

ROUTE = "route_to_winners"


def pool_first(program: Program) -> Program:
    """Move additions and ReLU behind max-pooling, with their masks, and sums past the routing of gradients."""
    names = {line.gate.name for line in program}
    return Rewriter(program).run(_Rule(program)) if "max_pool" in names else program


class _Rule:
    def __init__(self, program: Program) -> None:
        self.readers: dict[Var, list[Instruction]] = {}
        for line in program:
            for x in line.reads:
                self.readers.setdefault(x, []).append(line)
        self.pooled: dict[tuple[Var, str], Any] = {}

    def __call__(self, line: Instruction, so_far: Rewriter) -> Operand | None:
        if line.gate.name == "max_pool":
            return self.pool(line, so_far)
        if line.gate.name == ROUTE:
            return self.route(line, so_far)
        if op(line) == "mul":
            return self.masked(line, so_far)
        return self.total(line, so_far) if op(line) == "sum" else None

    def pool(self, line: Instruction, so_far: Rewriter, pays: bool = False) -> Operand | None:
        """max(f(x)) = f(max(x)), where f(x) is not needed anyway."""
        x = line.inputs[0]
        around = self.around(x, so_far) if pays or self.only_pooled(x) else None
        if around is None:
            self.pooled[x, str(line.settings)] = line.target
            return None
        outer, inner = around
        found = self.again(line, inner, so_far)
        inputs = [found if isinstance(y, Var) and y == inner else y for y in outer.inputs]
        return so_far.add(
            line, outer.gate, *inputs, shape=line.shape, dtype=line.dtype, name=outer.target, settings=outer.settings
        )

    def again(self, line: Instruction, x: Var, so_far: Rewriter) -> Operand:
        """x pooled as in a line."""
        key = x, str(line.settings)
        if key not in self.pooled:
            found = so_far.add(
                line, line.gate, x, shape=line.shape, dtype=line.dtype, name=line.target, settings=line.settings
            )
            moved = self.pool(so_far.lines[found], so_far, pays=True)
            if moved is not None:
                del so_far.lines[found]
            self.pooled[key] = found if moved is None else moved
        return self.pooled[key]

    def only_pooled(self, x: Operand) -> bool:
        """Whether nothing but a pooling and its gradient reads x."""
        lines = self.readers.get(x, []) if isinstance(x, Var) else []
        return all(line.gate.name in ("max_pool", ROUTE) for line in lines)

    def around(self, x: Operand, so_far: Rewriter) -> tuple[Instruction, Var] | None:
        """The line that made x, and its input, if it keeps the order of all elements of a window."""
        line = so_far.line(x)
        if line is None or len(line.inputs) != 2 or line.settings:
            return None
        for y, other in (line.inputs, line.inputs[::-1]):
            if not isinstance(y, Var) or so_far.shape(y) != line.shape or so_far.dtype(y) != line.dtype:
                continue
            shape = so_far.shape(other)
            full = (1,) * (len(line.shape) - len(shape)) + shape
            rectified = line.gate.forward is np.maximum and not shape and not isinstance(other, Var)
            if rectified or (op(line) == "add" and full[0] == 1 and set(full[2:]) <= {1}):
                return line, y
        return None

    def route(self, line: Instruction, so_far: Rewriter) -> Operand | None:
        """The winners among x + b are those among x."""
        g, x, _ = line.inputs
        line_of = so_far.line(x)
        around = self.around(x, so_far) if self.only_pooled(x) else None
        if around is None or line_of is None or op(line_of) != "add":
            return None
        return self.routed(line, g, around[1], so_far)

    def routed(self, line: Instruction, g: Operand, x: Var, so_far: Rewriter) -> Operand | None:
        """g routed to the winners among x, looking behind additions."""
        settings = str(line.settings)
        while (x, settings) not in self.pooled or self.behind(x, settings, so_far):
            around = self.around(x, so_far)
            if around is None:
                return None
            x = around[1]
        maximum = self.pooled[x, settings]
        return so_far.add(
            line, line.gate, g, x, maximum, shape=line.shape, dtype=line.dtype, name=line.target, settings=line.settings
        )

    def behind(self, x: Var, settings: str, so_far: Rewriter) -> bool:
        """Whether the pooled x is itself made from what was pooled before an addition."""
        found = so_far.line(self.pooled[x, settings])
        return found is None or found.gate.name != "max_pool"

    def masked(self, line: Instruction, so_far: Rewriter) -> Operand | None:
        """route(g, max(x, c)) · (x > c) = route(g · (max(x) > c), x)."""
        for routed, mask in (line.inputs, line.inputs[::-1]):
            r, m = so_far.line(routed), so_far.line(mask)
            if r is None or m is None or r.gate.name != ROUTE or m.gate.forward is not np.greater:
                continue
            around = self.around(r.inputs[1], so_far)
            if around is None or around[0].gate.forward is not np.maximum or not self.only_pooled(r.inputs[1]):
                continue
            bound = next(y for y in around[0].inputs if not isinstance(y, Var))
            if m.inputs[0] != around[1] or m.inputs[1] != bound or len(self.readers.get(routed, [])) != 1:
                continue
            return self.exchanged(line, r, m, around[1], so_far)
        return None

    def exchanged(self, line: Instruction, r: Instruction, m: Instruction, x: Var, so_far: Rewriter) -> Operand | None:
        """The gradient masked where it is small, and then routed."""
        g = r.inputs[0]
        maximum = so_far.line(r.inputs[2])
        if maximum is None or maximum.gate.forward is not np.maximum:
            return None
        inner = next(y for y in maximum.inputs if isinstance(y, Var) and so_far.shape(y) == maximum.shape)
        made = so_far.add(m, m.gate, inner, m.inputs[1], shape=maximum.shape, dtype=m.dtype, name=m.target)
        g = so_far.add(line, line.gate, g, made, shape=maximum.shape, dtype=line.dtype)
        return self.routed(r.having(target=line.target, name=line.name, comment=line.comment), g, x, so_far)

    def total(self, line: Instruction, so_far: Rewriter) -> Operand | None:
        """Routing moves numbers: over all places of a plane their sum stays."""
        r = so_far.line(line.inputs[0])
        axis = line.inputs[1] if len(line.inputs) > 1 else line.settings.get("axis")
        if r is None or r.gate.name != ROUTE or not isinstance(axis, tuple):
            return None
        ndim = len(r.shape)
        if not {a % ndim for a in axis} >= set(range(2, ndim)):
            return None
        rest = (r.inputs[0], *line.inputs[1:])
        return so_far.add(
            line, line.gate, *rest, shape=line.shape, dtype=line.dtype, name=line.target, settings=line.settings
        )
