"""Passes that change no number: `dead_code`, `common_subexpressions`, `constant_folding`. Builds on `substitution`."""

from collections.abc import Hashable
from math import prod
from typing import Any

import numpy as np

from ..program import Function, Instruction, Operand, Program, Var, is_constant, variables
from .substitution import Rewriter

__all__ = ["common_subexpressions", "constant_folding", "dead_code"]

LARGEST = 4096  # elements of a folded array that is not the same number throughout


def dead_code(program: Program) -> Program:
    """Leave out what nothing needs: neither a result, nor a line that does something besides."""
    needed = set(variables(program.results))
    kept = []
    for line in reversed(program.instructions):
        if line.target in needed or not line.pure:
            needed.update(line.reads)
            kept.append(line)
    return program.having(reversed(kept))


def common_subexpressions(program: Program) -> Program:
    """Compute once what several lines compute from the same variables."""
    seen: dict[Any, Var] = {}

    def rule(line: Instruction, _: Rewriter) -> Operand | None:
        if not line.pure or _room(line):
            return None
        key = (line.gate, tuple(map(_key, line.inputs)), tuple(sorted((k, _key(v)) for k, v in line.settings.items())))
        found = seen.setdefault(key, line.target)
        return None if found is line.target else found

    return Rewriter(program).run(rule)


def _uniform(x: Any) -> bool:
    """Whether x is one number throughout."""
    return not isinstance(x, np.ndarray) or (x.size > 0 and bool((x == x.flat[0]).all()))


def _room(line: Instruction) -> bool:
    """Whether a line makes something of nothing: memory, not numbers."""
    return isinstance(line.gate, Function) and not line.inputs


def _key(x: Any) -> Hashable:
    """What two equal operands or settings share, and others don't: 1, 1.0 and True are not the same."""
    if isinstance(x, Var):
        return x
    if isinstance(x, np.ndarray):
        return "array", x.dtype.str, x.shape, x.tobytes() if x.size <= LARGEST else id(x)
    if type(x) in (tuple, list):
        return (type(x).__name__, *map(_key, x))
    return type(x).__name__, repr(x) if isinstance(x, float | complex | np.generic | slice) else str(x)


def constant_folding(program: Program) -> Program:
    """Compute now what depends on constants alone."""

    def rule(line: Instruction, _: Rewriter) -> Operand | None:
        constants = all(is_constant(x) or (type(x) is not Var and not list(variables(x))) for x in line.inputs)
        if not (line.pure and constants) or any(variables(tuple(line.settings.values()))):
            return None
        if _room(line) or (prod(line.shape) > LARGEST and not all(map(_uniform, line.inputs))):
            return None
        with np.errstate(all="ignore"):
            found = np.asarray(line.run({}))
        return found[()] if found.size <= LARGEST or _uniform(found) else None

    return Rewriter(program).run(rule)
