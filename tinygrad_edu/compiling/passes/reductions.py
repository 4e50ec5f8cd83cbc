"""The passes `flat_sums` and `short_rows`: sums over several axes as sums over one, and extremes of short rows as those
of columns.

Sums that keep the reduced axes are the others with a new shape, so that each is computed once; the rows that are then
left can be summed by BLAS, as can sums of products of two arrays. Builds on `substitution`.
"""

from math import prod
from operator import methodcaller
from typing import Any

import numpy as np

from ...operators import GATES
from ..program import Function, Instruction, Operand, Program, Var, variables
from .substitution import Rewriter, op

__all__ = ["flat_sums", "short_rows"]

SUM = Function("np.add.reduce", np.add.reduce)
VECDOT = Function("np.vecdot", np.vecdot)
TURNED = frozenset({"transpose", "swapaxes", "getitem", "broadcast_to"})
LEAST = 512  # elements of a row from which a call for each of them costs little
COPY = Function("copied", methodcaller("copy"))  # np.copy would leave the columns where they are
EXTREMES = {f"np.{ufunc.__name__}.reduce": ufunc.reduce for ufunc in (np.maximum, np.minimum)}
MANY, SHORT = 32, 32  # rows, and elements of a row, for which columns of a copy are quicker


def flat_sums(program: Program) -> Program:
    """Sums over the last axes as sums of rows, without keeping axes."""
    products = _only_summed(program)

    def rule(line: Instruction, so_far: Rewriter) -> Operand | None:
        found = _axes(line, so_far)
        if found is None or line.dtype.kind != "f":
            return None
        x, axes, keep = found
        shape = so_far.shape(x)
        rest = len(shape) - len(axes)
        rows = axes == tuple(range(rest, len(shape))) and rest > 0 and op(so_far.line(x)) not in TURNED
        if not rows:
            return None if not keep else _reshaped(_total(line, so_far, x, axes), line, so_far)
        matrix = prod(shape[:rest]), prod(shape[rest:])
        return _reshaped(_rows(line, so_far, x, matrix, x in products), line, so_far)

    return Rewriter(program).run(rule)


def short_rows(program: Program) -> Program:
    """The highest or lowest of many short rows down the columns of a copy: NumPy starts its loop anew in each row."""

    def rule(line: Instruction, so_far: Rewriter) -> Operand | None:
        x, *rest = line.inputs or (None,)
        shape = so_far.shape(x) if op(line) in EXTREMES and isinstance(x, Var) else ()
        axis = rest[0] if rest else line.settings.get("axis", 0)
        if len(shape) != 2 or axis not in (1, -1, (1,), (-1,)) or op(so_far.line(x)) in TURNED:
            return None
        rows, length = shape
        if length > SHORT or rows < max(MANY, 3 * length):
            return None
        kind: Any = {"shape": (length, rows), "dtype": line.dtype}
        columns = so_far.add(line, GATES["transpose"], x, settings={"axes": (1, 0)}, **kind)
        found = so_far.add(line, line.gate, so_far.add(line, COPY, columns, **kind), 0, shape=(rows,), dtype=line.dtype)
        return _reshaped(found, line, so_far)

    return Rewriter(program).run(rule)


def _axes(line: Instruction, so_far: Rewriter) -> tuple[Var, tuple[int, ...], bool] | None:
    """(what, axes, keepdims) of a sum over some axes."""
    if op(line) != "sum" or not isinstance(line.inputs[0], Var) or line.out is not None:
        return None
    x, *rest = line.inputs
    axis: Any = rest[0] if rest else line.settings.get("axis", 0)
    ndim = len(so_far.shape(x))
    if isinstance(axis, Var) or ndim == 0 or so_far.dtype(x) != line.dtype:
        return None
    given = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(sorted(a % ndim for a in given))
    keep = bool(line.settings.get("keepdims", False))
    return (x, axes, keep) if keep or len(axes) > 1 or op(so_far.line(x)) == "mul" else None


def _reshaped(total: Var, line: Instruction, so_far: Rewriter) -> Var:
    """A result in the shape that is wanted."""
    if so_far.shape(total) == line.shape:
        return total
    return so_far.add(
        line,
        GATES["reshape"],
        total,
        shape=line.shape,
        dtype=line.dtype,
        name=line.target,
        settings={"shape": line.shape},
    )


def _total(line: Instruction, so_far: Rewriter, x: Var, axes: tuple[int, ...]) -> Var:
    """The sum without the axes."""
    shape = tuple(n for a, n in enumerate(so_far.shape(x)) if a not in axes)
    return so_far.add(line, SUM, x, axes, shape=shape, dtype=line.dtype)


def _only_summed(program: Program) -> set[Var]:
    """The products that nothing but sums over the same axes reads: they need not be computed for themselves."""
    so_far = Rewriter(program)
    for line in program:
        so_far.keep(line)
    axes: dict[Var, set[Any]] = {line.target: set() for line in program if op(line) == "mul"}
    for line in program:
        found = _axes(line, so_far)
        for x in line.reads:
            if x in axes:
                axes[x].add(found and found[1])
    for x in variables(program.results):
        axes.pop(x, None)
    return {x for x, over in axes.items() if len(over) == 1 and None not in over}


def _rows(line: Instruction, so_far: Rewriter, x: Var, matrix: tuple[int, int], only: bool) -> Var:
    """The sum of each row, or the dot product of rows where they are products for `only` that."""
    inner = so_far.line(x)
    if only and inner is not None and matrix[1] >= LEAST and line.dtype.itemsize > 2:
        factors = [y for y in inner.inputs if isinstance(y, Var) and so_far.kinds[y] == (inner.shape, inner.dtype)]
        if len(factors) == 2 and not any(op(so_far.line(y)) in TURNED for y in factors):
            pair = [_flat(line, so_far, y, matrix) for y in factors]
            return so_far.add(line, VECDOT, *pair, shape=matrix[:1], dtype=line.dtype)
    return so_far.add(line, SUM, _flat(line, so_far, x, matrix), 1, shape=matrix[:1], dtype=line.dtype)


def _flat(line: Instruction, so_far: Rewriter, x: Var, matrix: tuple[int, int]) -> Var:
    """An array as a matrix."""
    if so_far.shape(x) == matrix:
        return x
    return so_far.add(line, GATES["reshape"], x, shape=matrix, dtype=line.dtype, settings={"shape": matrix})
