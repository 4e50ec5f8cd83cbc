"""Passes that turn work into matrix products where BLAS is quicker: `products`, `sums_as_products`, `means`, `masks`.

They change the order of additions, and so rounding. Builds on `substitution`.
"""

from math import frexp
from typing import Any

import numpy as np

from ...operators import GATES
from ..program import Function, Instruction, Operand, Program, Var, is_constant, variables
from .sharing import VIEWS
from .substitution import Rewriter, op

__all__ = ["masks", "means", "products", "sums_as_products"]

DOT = Function("np.dot", np.dot)
FULL, HALF = 4, 0.5  # bytes of a number in full precision; what frexp makes of a power of two
FEWEST = 8  # numbers in a sum below which a product does not pay
MOST = 8192  # numbers of a vector beyond which NumPy's own sum, more exact, is as quick


def products(program: Program) -> Program:
    """Products of matrices by `np.dot`, which asks less than `@`; (AB)ᵀ as BᵀAᵀ, which lies in memory as wanted."""

    def rule(line: Instruction, so_far: Rewriter) -> Operand | None:
        if op(line) == "matmul" and all(len(so_far.shape(x)) in (1, 2) for x in line.inputs) and _plain(line):
            return so_far.add(line, DOT, *line.inputs, shape=line.shape, dtype=line.dtype, name=line.target)
        inner = so_far.line(line.inputs[0]) if op(line) == "transpose" else None
        if op(inner) != "dot" or inner is None or len(line.shape) != 2:
            return None
        a, b = (_turned(x, line, so_far) for x in inner.inputs)
        return so_far.add(line, DOT, b, a, shape=line.shape, dtype=line.dtype, name=line.target)

    return Rewriter(program).run(rule)


def _plain(line: Instruction) -> bool:
    return line.dtype is not None and line.dtype.kind == "f"


def _turned(x: Operand, line: Instruction, so_far: Rewriter) -> Operand:
    """The transpose of a matrix, or what x is the transpose of."""
    inner = so_far.line(x)
    if op(inner) == "transpose" and inner is not None:
        return inner.inputs[0]
    if not isinstance(x, Var):
        return np.transpose(x)
    shape = so_far.shape(x)[::-1]
    return so_far.add(line, GATES["transpose"], x, shape=shape, dtype=so_far.dtype(x), settings={"axes": (1, 0)})


def sums_as_products(program: Program) -> Program:
    """The sums of rows or columns of a matrix, or of a short vector, as products with ones."""

    def rule(line: Instruction, so_far: Rewriter) -> Operand | None:
        if op(line) != "sum" or not isinstance(line.inputs[0], Var):
            return None
        x, axis, keep = _sum(line)
        shape, dtype = so_far.kinds[x]
        short = len(shape) == 1 and shape[0] <= MOST
        if not (short or len(shape) == 2) or dtype.kind != "f" or dtype != line.dtype or keep:
            return None
        axis = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else 0 if short else axis
        if not isinstance(axis, int) or shape[axis] < FEWEST:
            return None
        ones = np.ones(shape[axis], dtype)
        pair = (ones, x) if axis % len(shape) == 0 else (x, ones)
        return so_far.add(line, DOT, *pair, shape=line.shape, dtype=dtype, name=line.target)

    return Rewriter(program).run(rule)


def means(program: Program) -> Program:
    """Σ x·1 that is only divided, by a power of two n, as Σ x·(1/n): the same bit for bit."""
    shares = _shares(program)
    quotients = {x for targets, _ in shares.values() for x in targets}

    def rule(line: Instruction, so_far: Rewriter) -> Operand | None:
        if line.target in quotients:
            return line.inputs[0]
        if line.target not in shares:
            return None
        share = 1 / shares[line.target][1]
        pair = [x if isinstance(x, Var) else (x * share).astype(x.dtype) for x in line.inputs]
        return so_far.add(line, DOT, *pair, shape=line.shape, dtype=line.dtype)

    return Rewriter(program).run(rule)


def _shares(program: Program) -> dict[Var, tuple[set[Var], float]]:
    """Products with a constant of which nothing but quotients by one power of two is made: these, and the number."""
    made: dict[Var, Var] = {}  # the product that a variable is, or looks at
    found: dict[Var, set[tuple[Var, Any]]] = {}
    for line in program:
        if op(line) == "dot" and any(map(is_constant, line.inputs)) and line.dtype.itemsize >= FULL:
            made[line.target], found[line.target] = line.target, set()
        for x in {x for x in line.reads if x in made}:
            if op(line) in VIEWS:
                made[line.target] = made[x]
            else:
                halving = op(line) == "div" and x not in variables(line.inputs[1:]) and _halves(line.inputs[1])
                found[made[x]].add((line.target, float(line.inputs[1]) if halving else None))
    for x in variables(program.results):
        if x in made:
            found[made[x]].add((x, None))
    by_one = {x: several for x, several in found.items() if len({n for _, n in several}) == 1}
    return {x: ({y for y, _ in several}, n) for x, several in by_one.items() if (n := next(iter(several))[1])}


def _halves(n: Any) -> bool:
    """Whether n is a power of two, by which a division is exact."""
    return is_constant(n) and not np.ndim(n) and isinstance(n, int | float) and n > 0 and frexp(n)[0] == HALF


def _sum(line: Instruction) -> tuple[Var, Any, bool]:
    """(what, axis, keepdims) of a sum, as gate or NumPy function."""
    x, *rest = line.inputs
    axis = rest[0] if rest else line.settings.get("axis", 0)
    return x, axis, bool(line.settings.get("keepdims", False))


def masks(program: Program) -> Program:
    """x > 0 asked of max(x, 0), which is kept anyway: then x itself need not be."""
    rectified: dict[Var, Var] = {}

    def rule(line: Instruction, so_far: Rewriter) -> Operand | None:
        function = line.gate.forward
        if function is np.maximum and isinstance(line.inputs[0], Var) and _zero(line.inputs[1]):
            rectified[line.inputs[0]] = line.target
        if function is np.greater and _zero(line.inputs[1]) and line.inputs[0] in rectified:
            x = rectified[line.inputs[0]]
            return so_far.add(line, line.gate, x, 0, shape=line.shape, dtype=line.dtype, name=line.target)
        return None

    return Rewriter(program).run(rule)


def _zero(x: Any) -> bool:
    return np.ndim(x) == 0 and not isinstance(x, Var | tuple) and x == 0
