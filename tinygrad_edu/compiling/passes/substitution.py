"""What passes share: a program rewritten in one walk down its lines. Builds on `program`.

`Rewriter` (replaces variables, makes new lines) · `op` (what a line does, one name for a gate and its NumPy function).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..program import Function, Instruction, Operand, Program, Var, variables

__all__ = ["Rewriter", "op", "renamed", "substituted"]

NONE: Mapping[str, Any] = {}
NAMES = {
    np.add: "add",
    np.subtract: "sub",
    np.multiply: "mul",
    np.divide: "div",
    np.negative: "neg",
    np.transpose: "transpose",
    np.reshape: "reshape",
    np.matmul: "matmul",
    np.dot: "dot",
    np.add.reduce: "sum",
}


def op(line: Instruction | None) -> str:
    """What a line does: a gate's name, also for the NumPy function that does the same; "" for no line."""
    if line is None:
        return ""
    if isinstance(line.gate, Function):
        return NAMES.get(line.gate.forward, line.gate.name) if _hashable(line.gate.forward) else line.gate.name
    return line.gate.name


def _hashable(x: Any) -> bool:
    return type(x).__hash__ is not None


def substituted(operand: Operand, known: dict[Var, Operand]) -> Operand:
    """An operand with variables replaced."""
    if isinstance(operand, Var):
        return known.get(operand, operand)
    if type(operand) in (tuple, list):
        return type(operand)(substituted(part, known) for part in operand)
    return operand


def renamed(line: Instruction, known: dict[Var, Operand]) -> Instruction:
    """A line with the variables that it reads replaced."""
    if not known or known.keys().isdisjoint(line.reads):
        return line
    inputs = tuple([substituted(x, known) for x in line.inputs])
    settings = line.settings
    if any(variables(tuple(settings.values()))):
        settings = {name: substituted(x, known) for name, x in settings.items()}
    return line.having(inputs=inputs, settings=settings)


def with_names(program: Program, names: Mapping[Var, Var]) -> Program:
    """The program with variables renamed."""
    known: dict[Var, Operand] = dict(names)
    lines = [renamed(line, known) for line in program]
    lines = [line.having(target=names[line.target]) if line.target in names else line for line in lines]
    return program.having(lines, results=tuple(substituted(x, known) for x in program.results))


class Rewriter:
    """Walks down a program. `rule(line, self)` gives the operand that takes the line's place, or None to keep it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.known: dict[Var, Operand] = {}
        self.lines: dict[Var, Instruction] = {}
        self.kinds = {x.var: (x.shape, x.dtype) for x in program.inputs}
        self.taken = {*self.kinds, *(line.target for line in program)}
        self.kept = {line.target for line in program}
        self._counts: dict[str, int] = {}
        self._names: dict[Var, Var] = {}

    def run(self, rule: Callable[[Instruction, "Rewriter"], Operand | None]) -> Program:
        """The program with the rule applied to each line, to what was rewritten before it."""
        for line in self.program:
            line = renamed(line, self.known)
            found = rule(line, self)
            if found is None:
                self.keep(line)
            else:
                self.known[line.target] = found
                self._pass_on(line.target, found)
        results = tuple(substituted(x, self.known) for x in self.program.results)
        program = self.program.having(self.lines.values(), results=results)
        return program if not self._names else with_names(program, self._names)

    def _pass_on(self, old: Var, found: Operand) -> None:
        """Let the line that took another's place have its name: that of a gradient, or of a line just made."""
        if (
            isinstance(found, Var)
            and found in self.lines
            and found not in self._names
            and self.lines[found].name is None
        ):
            made = found not in self.kept
            if made or (old.startswith("d_") and not found.startswith("d_")):
                self._names[found] = old

    def keep(self, line: Instruction) -> Var:
        """Take a line into the new program."""
        self.lines[line.target] = line
        self.kinds[line.target] = (line.shape, line.dtype)
        return line.target

    def new(self, name: str) -> Var:
        """A name that is not taken."""
        base = name.rstrip("0123456789").rstrip("_") or name
        number = self._counts.get(base, 0) + 1
        while Var(f"{base}_{number}") in self.taken:
            number += 1
        self._counts[base] = number
        self.taken.add(Var(f"{base}_{number}"))
        return Var(f"{base}_{number}")

    def add(
        self,
        like: Instruction,
        gate: Any,
        *inputs: Operand,
        shape: Any,
        dtype: Any,
        name: str = "",
        settings: Mapping[str, Any] = NONE,
    ) -> Var:
        """A new line with the comment and group of another."""
        target = self.new(name or gate.name.rpartition(".")[2])
        return self.keep(
            like.having(target=target, gate=gate, inputs=inputs, settings=settings, shape=shape, dtype=dtype, name=None)
        )

    def line(self, operand: Operand) -> Instruction | None:
        """The line that made an operand."""
        return self.lines.get(operand) if isinstance(operand, Var) else None

    def shape(self, operand: Operand) -> tuple[int, ...]:
        """The shape of an operand."""
        return self.kinds[operand][0] if isinstance(operand, Var) else np.shape(operand)

    def dtype(self, operand: Operand) -> Any:
        """The dtype of an operand; None for a Python number."""
        return self.kinds[operand][1] if isinstance(operand, Var) else getattr(operand, "dtype", None)
