"""Passes that plan memory: `in_place` gives each result a place by liveness, `bound_scalars` each number a dtype.

After `in_place` a variable may be written more than once: these come last. Builds on `blocks`, `sharing` and
`substitution`.
"""

from typing import Any

import numpy as np

from ..program import Function, Instruction, Operand, Program, Var, variables
from .blocks import EMPTY, Blocks
from .sharing import Families, can_write
from .substitution import op, renamed

__all__ = ["bound_scalars", "in_place"]

RESHAPES = frozenset({"reshape", "expand_dims", "squeeze"})


def bound_scalars(program: Program) -> Program:
    """Python's numbers as arrays of the dtype that they would be given at each call."""
    kinds = program.kinds()
    known: dict[tuple[Any, str], Any] = {}

    def bound(line: Instruction) -> Instruction:
        function = line.gate.forward
        if not isinstance(function, np.ufunc) or function.signature is not None or line.settings or function.nout != 1:
            return line
        if not line.shape or not any(map(_single, line.inputs)):
            return line
        types = [kinds[x][1] if isinstance(x, Var) else getattr(x, "dtype", type(x)) for x in line.inputs]
        resolved = function.resolve_dtypes((*types, None))
        pairs = zip(line.inputs, resolved, strict=False)
        inputs = [known.setdefault((x, d.str), np.array(x, d)) if _single(x) else x for x, d in pairs]
        return line.having(inputs=tuple(inputs))

    return program.having(map(bound, program))


def _single(x: Any) -> bool:
    """Whether x is a number that is made, or converted, at each call."""
    return type(x) in (int, float) or isinstance(x, np.floating)


class _Planner:
    """Gives places in memory: blocks of the program's own, which arrays use one after the other."""

    def __init__(self, program: Program) -> None:
        self.program, self.kinds = program, program.kinds()
        self.families = Families(program)
        self.last: dict[Var, int] = {}
        self.pinned = {self.root(x.var) for x in program.inputs}
        self.blocks = Blocks()
        self.owner: dict[Var, int] = {}  # the block that holds a family
        self.straight: dict[Var, Var] = {}  # what is a reshape of what: the same numbers in the same order
        self._lives()

    def _lives(self) -> None:
        """Where the last use of each family is, and which are not ours to place."""
        for number, line in enumerate(self.program.instructions):
            for x in (*line.reads, line.target):
                self.last[self.root(x)] = number
            if op(line) in RESHAPES and isinstance(line.inputs[0], Var):
                self.straight[line.target] = self.straight.get(line.inputs[0], line.inputs[0])
        for x in (*variables(self.program.results), *self.families.exposed):
            self.pinned.add(self.root(x))

    def root(self, x: Var) -> Var:
        """The variable whose memory x looks at."""
        return self.families.eldest(x)

    def planned(self) -> dict[int, Var]:
        """Where lines write their results, by their numbers."""
        found = {}
        for number, line in enumerate(self.program.instructions):
            block = self.place(number, line) if line.out is None else None
            if block is not None:
                found[number] = (block, line.shape)
            self.release(number, line)
        self.blocks.place()
        return {number: self.blocks.view(block, shape) for number, (block, shape) in found.items()}

    def place(self, number: int, line: Instruction) -> int | None:
        """The block for a line's result: that of an input which is read for the last time, or one of its own."""
        if self.root(line.target) in self.pinned or not line.shape or not can_write(line):
            return None
        block = self.overwritten(number, line)
        if block is None:
            block = self.blocks.take(line.shape, line.dtype, number)
        self.owner[line.target] = block
        return block

    def overwritten(self, number: int, line: Instruction) -> int | None:
        """The block of an input of the same kind that nothing needs after this line."""
        function, over = line.gate.forward, isinstance(line.gate, Function) and line.gate.over
        if not over and not (isinstance(function, np.ufunc) and function.signature is None):
            return None
        for x in line.inputs:
            if not isinstance(x, Var) or self.kinds[x] != (line.shape, line.dtype):
                continue
            root = self.root(x)
            others = [y for y in line.reads if self.root(y) == root and y != x]
            whole = self.straight.get(x, x) == root
            if root in self.owner and whole and self.last[root] == number and not others:
                return self.owner.pop(root)
        return None

    def release(self, number: int, line: Instruction) -> None:
        """Give back the blocks of what was read for the last time."""
        for x in sorted({self.root(y) for y in (*line.reads, line.target)}):
            if self.last[x] == number and x in self.owner:
                self.blocks.give_back(self.owner.pop(x), number)


def in_place(program: Program) -> Program:
    """Results written where they are needed in the end, over what is needed no more, or in buffers that are kept."""
    program = into_slots(program)
    planner, lines = _Planner(program), []
    known: dict[Var, Operand] = {}
    places = planner.planned()
    for number, line in enumerate(program.instructions):
        place = places.get(number)
        made = renamed(line, known) if place is None else renamed(line, known).having(out=place)
        if made.out is not None:
            known[line.target] = made.out
        if place is None or line.gate is not EMPTY:  # room to work in needs no line once it has a place
            lines.append(made)
    results = tuple(known.get(x, x) if isinstance(x, Var) else x for x in program.results)
    return program.having(lines, results=results, setup=(*program.setup, *planner.blocks.setup()))


def into_slots(program: Program) -> Program:
    """A result that is only copied to its place is written there at once."""
    made = {line.target: line for line in program}
    kinds, uses = program.kinds(), program.uses()
    slots: dict[Var, Var] = {}
    for line in program:
        if line.gate.name == "np.copyto" and isinstance(line.inputs[1], Var):
            slot, x = line.inputs
            source = made.get(x)
            if source is not None and can_write(source) and kinds[x] == kinds[slot] and x not in slots and uses[x] >= 1:
                slots[x] = slot
    for x in variables(program.results):
        slots.pop(x, None)
    lines = [
        line.having(out=slots[line.target]) if line.target in slots else line
        for line in program
        if line.gate.name != "np.copyto" or _slot_of(line.inputs[1], slots) != line.inputs[0]
    ]
    return program.having(lines)


def _slot_of(x: Any, slots: dict[Var, Var]) -> Var | None:
    """Where a variable is written at once; nowhere, if it is a constant."""
    return slots.get(x) if isinstance(x, Var) else None
