"""Which variables may look at the same memory: what planning must know before it lets anything be overwritten.

`Families` · `can_write` · `own_results` (a pass: no result is memory that somebody else writes to). Builds on
`substitution`.
"""

import ast
from functools import cache
from inspect import signature
from types import FunctionType
from typing import Any

import numpy as np

from ..expressions import single
from ..program import Function, Instruction, Program, Var, variables
from .substitution import op

__all__ = ["Families", "can_write", "own_results"]

VIEWS = frozenset({"transpose", "reshape", "swapaxes", "expand_dims", "squeeze", "getitem", "broadcast_to"})
REDUCTIONS = frozenset({np.add.reduce, np.maximum.reduce, np.minimum.reduce})
NEW = frozenset({"astype", "copied", "places_of", "np.take", "np.where", "where"}) | frozenset(
    {"np.random.Generator.random", "np.random.Generator.normal"}
)
COPY = Function("np.array", np.array)


def can_write(line: Instruction) -> bool:
    """Whether a line's function takes `out`."""
    function = line.gate.forward
    if function is np.dot:
        return len(line.shape) > 0
    if function is np.empty:
        return True
    if _is(function, REDUCTIONS) or function in (np.matmul, np.vecdot) or _takes_out(function):
        return True
    return isinstance(function, np.ufunc) and function.nout == 1 and function.signature is None


def _is(function: Any, known: frozenset[Any]) -> bool:
    return type(function).__hash__ is not None and function in known


def _takes_out(function: Any) -> bool:
    """Whether a function of this package has a parameter `out`."""
    return isinstance(function, FunctionType) and _has_out(function)


@cache
def _has_out(function: FunctionType) -> bool:
    return "out" in signature(function).parameters


@cache
def _computes(forward: Any) -> bool:
    """Whether a function returns what an operator or a ufunc gives, which is never its input."""
    found = single(forward)
    if found is None:
        return False
    if isinstance(found[2], ast.BinOp | ast.UnaryOp | ast.Compare):
        return True
    called: Any = found[2].func if isinstance(found[2], ast.Call) else None
    if isinstance(called, ast.Attribute) and called.attr == "reduce":
        called = called.value
    own = isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "np"
    return own and (isinstance(getattr(np, called.attr, None), np.ufunc) or called.attr in ("mean", "var", "std"))


class Families:
    """Variables that may share memory, each family under the name of its eldest.

    A result is its own, or a view of the first input; of a function that isn't known it may be a view of any input.
    """

    def __init__(self, program: Program) -> None:
        self.base: dict[Var, Var] = {}
        self.exposed: set[Var] = set()  # families that a function may have handed on in an unknown way
        for line in program:
            x = line.inputs[0] if line.inputs else None
            if op(line) in VIEWS and isinstance(x, Var):
                self.base[line.target] = self.eldest(x)
            elif not self._new(line):
                elders = {self.eldest(y) for y in line.reads}
                self.exposed |= {line.target, *elders}
                self.base |= {elder: min(elders) for elder in elders}
                self.base[line.target] = min(elders, default=line.target)

    def eldest(self, x: Var) -> Var:
        """The variable that stands for the family of x."""
        while (base := self.base.get(x, x)) is not x and base != x:
            x = base
        return x

    @staticmethod
    def _new(line: Instruction) -> bool:
        if line.dtype is None or op(line) in NEW or line.gate is COPY or not line.shape:
            return True
        if not isinstance(line.gate, Function) and _computes(line.gate.forward):
            return True
        return can_write(line) or line.gate.forward is np.dot


def own_results(program: Program) -> Program:
    """Copies of results that are inputs, or views of them: who gets them may keep them."""
    families = Families(program)
    given = {families.eldest(x.var) for x in program.inputs if x.dtype is not None}
    wanted = {x for x in variables(program.results) if families.eldest(x) in given}
    if not wanted:
        return program
    kinds, lines, known = program.kinds(), [], {}
    for x in sorted(wanted):
        known[x] = Var(f"{x}_kept")
        lines.append(Instruction(known[x], COPY, (x,), {}, *kinds[x]))
    made = {line.target for line in program}
    first = [line for line in lines if line.inputs[0] not in made]
    for line in program:
        first.append(line)
        first += [copy for copy in lines if copy.inputs[0] == line.target]
    results = tuple(known.get(x, x) if isinstance(x, Var) else x for x in program.results)
    return program.having(first, results=results)
