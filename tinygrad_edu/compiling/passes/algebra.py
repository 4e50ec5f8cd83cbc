"""The pass `algebra`: lines that a formula makes superfluous, such as x·1, −(−x) or the transpose of a transpose.

What it leaves has the same numbers, bit for bit: additions and products are not reordered. Builds on `substitution`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...operators import GATES
from ..program import Instruction, Operand, Program, Var, is_constant
from .substitution import Rewriter, op

__all__ = ["algebra"]

Rule = Callable[[Instruction, Rewriter], Operand | None]


def algebra(program: Program) -> Program:
    """Replace lines by what they equal."""
    return Rewriter(program).run(_rule)


def _rule(line: Instruction, so_far: Rewriter) -> Operand | None:
    rule = RULES.get(op(line))
    found = rule(line, so_far) if rule is not None and line.out is None else None
    if found is None and _elementwise(line):
        found = _unstretched(line, so_far)
    return found


def _same(line: Instruction, operand: Operand, so_far: Rewriter) -> bool:
    """Whether an operand has the shape and dtype of a line's result."""
    return isinstance(operand, Var) and so_far.kinds[operand] == (line.shape, line.dtype)


def _is(x: Operand, number: float) -> bool:
    return is_constant(x) and np.size(x) > 0 and bool(np.all(np.asarray(x) == number))


def _neutral(number: float, *, left: bool) -> Rule:
    """x ∘ e = x, and e ∘ x = x if `left`."""

    def rule(line: Instruction, so_far: Rewriter) -> Operand | None:
        x, y = line.inputs
        if _is(y, number) and _same(line, x, so_far):
            return x
        return y if left and _is(x, number) and _same(line, y, so_far) else None

    return rule


def _negated(line: Instruction, so_far: Rewriter) -> Operand | None:
    """−(−x) = x, −(x − y) = y − x but for the sign of zero."""
    inner = so_far.line(line.inputs[0])
    return inner.inputs[0] if op(inner) == "neg" and inner is not None else None


def _transposed(line: Instruction, so_far: Rewriter) -> Operand | None:
    """(xᵀ)ᵀ = x; axes exchanged count as a transpose."""
    (x,), ndim = line.inputs, len(line.shape)
    axes = _axes(line, ndim)
    inner = so_far.line(x)
    if op(inner) in ("transpose", "swapaxes") and inner is not None:
        first = _axes(inner, ndim)
        axes, x = tuple(first[a] for a in axes), inner.inputs[0]
    if axes == tuple(range(ndim)):
        return x
    if x is line.inputs[0] and op(line) == "transpose":
        return None
    return so_far.add(line, GATES["transpose"], x, shape=line.shape, dtype=line.dtype, settings={"axes": axes})


def _axes(line: Instruction, ndim: int) -> tuple[int, ...]:
    if op(line) == "swapaxes":
        axes = list(range(ndim))
        a, b = line.settings["axis1"] % ndim, line.settings["axis2"] % ndim
        axes[a], axes[b] = axes[b], axes[a]
        return tuple(axes)
    given = line.settings.get("axes")
    return tuple(reversed(range(ndim))) if given is None else tuple(a % ndim for a in given)


def _reshaped(line: Instruction, so_far: Rewriter) -> Operand | None:
    """A reshape to the shape that is there; of a reshape, one of what that came from."""
    x = line.inputs[0]
    if not isinstance(x, Var):
        return None
    inner = so_far.line(x)
    if op(inner) in RESHAPES and inner is not None and isinstance(inner.inputs[0], Var):
        x = inner.inputs[0]
    if so_far.shape(x) == line.shape:
        return x
    if x is line.inputs[0] and op(line) == "reshape":
        return None
    return so_far.add(line, GATES["reshape"], x, shape=line.shape, dtype=line.dtype, settings={"shape": line.shape})


def _converted(line: Instruction, so_far: Rewriter) -> Operand | None:
    """A change to the dtype that is there."""
    x = line.inputs[0]
    return x if _same(line, x, so_far) else None


def _elementwise(line: Instruction) -> bool:
    forward = line.gate.forward
    return getattr(line.gate, "elementwise", False) or (isinstance(forward, np.ufunc) and forward.signature is None)


def _unstretched(line: Instruction, so_far: Rewriter) -> Operand | None:
    """An operation on broadcast copies is one that broadcasts."""
    inputs = []
    for x in line.inputs:
        inner = so_far.line(x)
        stretched = op(inner) == "broadcast_to" and inner is not None
        inputs.append(inner.inputs[0] if stretched else x)  # type: ignore[union-attr]
    if all(a is b for a, b in zip(inputs, line.inputs, strict=True)):
        return None
    if np.broadcast_shapes(*map(so_far.shape, inputs)) != line.shape:
        return None
    return so_far.add(
        line, line.gate, *inputs, shape=line.shape, dtype=line.dtype, name=line.target, settings=line.settings
    )


RESHAPES = frozenset({"reshape", "expand_dims", "squeeze"})
RULES: dict[str, Any] = {
    "mul": _neutral(1, left=True),
    "div": _neutral(1, left=False),
    "add": _neutral(0, left=True),
    "sub": _neutral(0, left=False),
    "neg": _negated,
    "transpose": _transposed,
    "swapaxes": _transposed,
    "reshape": _reshaped,
    "expand_dims": _reshaped,
    "squeeze": _reshaped,
    "astype": _converted,
    "broadcast_to": _converted,
}
