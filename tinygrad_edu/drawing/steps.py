"""Every gate's numbers in the order of the walk back: local gradient, upstream, downstream, sums where paths join.

`steps(v)` and `walked(v)` as data, `table(v)` as text, `names(v)`, `local_gradient`. Builds on the engine.
"""

from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from ..engine import Value, walk
from ..errors import GraphError
from . import formulas
from .text import distinct, shape_text, summary

__all__ = ["Step", "local_gradient", "names", "steps", "table", "walked"]


@dataclass(frozen=True, slots=True)
class Step:
    """One gradient that a gate passes to an input: downstream = local × upstream, element by element.

    `local` is ∂out/∂in as numbers where the gate is elementwise or its output a single number; None where it would be a
    whole Jacobian matrix, as for a matrix product. `total` is what has arrived at that input so far, this gradient
    included, and `arrival` counts: 1 for the first path that reaches it, 2 where a second joins.
    """

    node: Value
    position: int
    local: Any
    upstream: Any
    downstream: Any
    total: Any
    arrival: int

    @property
    def input(self) -> Value:
        """The value that the gradient goes to."""
        return self.node.inputs[self.position]

    @property
    def symbol(self) -> str:
        """The local gradient as a formula in the names of the inputs; in words where no formula is known.

        >>> x = Value(3.0, name="x")
        >>> [step.symbol for step in steps(np.sin(x))]
        ['cos(x)']
        """
        return formulas.local_gradient(self.node, self.position).text


def steps(v: Value) -> list[Step]:
    """What the walk back from `v` does, step by step, without touching any `.grad`.

    >>> x = Value(3.0)
    >>> [(str(s.node.gate), float(s.local), float(s.downstream)) for s in steps(x * x)]
    [('mul', 3.0, 3.0), ('mul', 3.0, 3.0)]
    """
    return walked(v, None if v.size == 1 else np.ones(v.shape, v.dtype))


def walked(v: Value, gradient: Any = None) -> list[Step]:
    """The steps of the walk back from `v` with its upstream `gradient` (1 for a scalar)."""
    found: list[Step] = []
    totals: dict[Value, tuple[Any, int]] = {}

    def watch(node: Value, position: int, upstream: Any, downstream: Any) -> None:
        x = node.inputs[position]
        total, arrival = totals.get(x, (None, 0))
        totals[x] = total, arrival = (downstream if arrival == 0 else total + downstream), arrival + 1
        found.append(Step(node, position, local_gradient(node, position), upstream, downstream, total, arrival))

    walk(v, gradient, watch=watch)
    return found


def local_gradient(node: Value, position: int) -> Any:
    """∂out/∂in of a gate: its derivative for an upstream of ones; None where that would be a matrix."""
    gate = node.gate
    if gate is None:
        raise GraphError(f"{node.label} has no gate, so no local gradients")
    if not gate.elementwise and node.size != 1:
        return None
    one = np.ones(node.shape, node.dtype)[()]
    numbers = [x._data if isinstance(x, Value) else x for x in node.inputs]
    with np.errstate(all="ignore"):
        return gate.derivatives_of(len(numbers))[position](one, node._data, *numbers, **node.settings)


def names(v: Value) -> dict[Value, str]:
    """A name for each value: the user's, or t1, t2 … in the order of recording."""
    order = sorted(walk(v, None if v.size == 1 else np.ones(v.shape, v.dtype)), key=lambda x: x.serial)
    own = distinct(x.name or "" for x in order)
    taken = {*own}
    automatic = (f"t{k}" for k in count(1) if f"t{k}" not in taken)
    return {x: name or next(automatic) for x, name in zip(order, own, strict=True)}


def table(v: Value, precision: int = 2) -> str:
    """Every gate with its value, and for each input the local gradient, upstream and downstream, as aligned text.

    >>> x, y = Value(3.0, name="x"), Value(-4.0, name="y")
    >>> print(table(x * y))
    gate  out   value  input  its value  local  upstream  downstream
    mul   t1   −12.00  x           3.00  −4.00      1.00       −4.00
    mul   t1   −12.00  y          −4.00   3.00      1.00        3.00
    """
    called = names(v)
    rows: list[tuple[str, ...]] = [("gate", "out", "value", "input", "its value", "local", "upstream", "downstream")]
    for step in steps(v):
        node, x = step.node, step.input
        shown = [summary(number, precision) for number in (x._data, step.upstream, step.downstream)]
        matrix = f"∂{shape_text(node.shape)}/∂{shape_text(x.shape) or 1}"
        shown.insert(1, matrix if step.local is None else summary(step.local, precision))
        out = f"{called[node]} {shape_text(node.shape)}".strip()
        rows.append((str(node.gate), out, summary(node._data, precision), called[x], *shown))
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    left = (0, 1, 3)
    lines = [
        "  ".join(
            cell.ljust(w) if k in left else cell.rjust(w) for k, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)
