"""Ways to bring gradients through a graph, played step by step with what each costs: three orders of the walk back,
and forward mode beside reverse mode.

Each strategy yields a `Frame` a move. They only read the record. Builds on `record` and `steps`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import Value
from .record import reachable
from .steps import local_gradient

__all__ = ["Frame", "forward_mode", "naive_recursion", "reverse_mode", "topological_order", "visit_once"]

MOST_FRAMES = 60


@dataclass(frozen=True)
class Frame:
    """A move: the value it is `at`, what was done, the numbers known by now, and the cost so far."""

    at: Value
    say: str
    numbers: dict[Value, float]
    cost: int


Names = dict[Value, str]


def _show(x: float) -> str:
    return f"{x:.4g}".replace("-", "−")


def _inputs(node: Value) -> Iterator[tuple[Value, float]]:
    """What a gate passes gradients to, with its local gradients."""
    for k, x in enumerate(node.inputs):
        if isinstance(x, Value) and x.requires_grad:
            yield x, float(local_gradient(node, k))


def naive_recursion(v: Value, names: Names) -> Iterator[Frame]:
    """Pass every gradient on as soon as it arrives, path by path: right, but a gate is visited once for each path."""
    grads: dict[Value, float] = {}
    waiting, visits, seen = [(v, 1.0)], 0, set[Value]()
    while waiting:
        node, g = waiting.pop()
        grads[node] = grads.get(node, 0.0) + g
        visits += node.gate is not None
        again = " again" if node in seen and node.gate is not None else ""
        seen.add(node)
        say = (
            f"visit {names[node]}{again} with {_show(g)}" if node.gate is not None else f"{names[node]} gets {_show(g)}"
        )
        yield Frame(node, say, dict(grads), visits)
        waiting += reversed([(x, g * local) for x, local in _inputs(node)])


def visit_once(v: Value, names: Names) -> Iterator[Frame]:
    """Go into every gate once, as deep as possible first: cheap, but what arrives later is never passed on."""
    grads, visited, visits = {v: 1.0}, set[Value](), 0
    waiting: list[tuple[Value, float | None]] = [(v, None)]
    while waiting:
        node, passed = waiting.pop()
        if passed is not None:
            grads[node] = grads.get(node, 0.0) + passed
        if node in visited:
            if node.gate is not None:
                yield Frame(
                    node, f"{names[node]} gets {_show(passed or 0.0)} too late: already left", dict(grads), visits
                )
            else:
                yield Frame(node, f"{names[node]} gets {_show(passed or 0.0)}", dict(grads), visits)
            continue
        visited.add(node)
        visits += node.gate is not None
        say = f"visit {names[node]}, pass {_show(grads[node])} on" if node.gate is not None else (
            f"{names[node]} gets {_show(grads[node])}")  # fmt: skip
        yield Frame(node, say, dict(grads), visits)
        waiting += reversed([(x, grads[node] * local) for x, local in _inputs(node)])


def topological_order(v: Value, names: Names) -> Iterator[Frame]:
    """Newest first, so that all users of a value come before it: every gradient is complete when it is passed on."""
    grads, visits = {v: 1.0}, 0
    for node in sorted(reachable(v), key=lambda x: -x.serial):
        if node not in grads:
            continue
        visits += node.gate is not None
        for x, local in _inputs(node):
            grads[x] = grads.get(x, 0.0) + grads[node] * local
        complete = f"{names[node]} = {_show(grads[node])} is complete"
        say = f"visit {names[node]}, pass {_show(grads[node])} on" if node.gate is not None else complete
        yield Frame(node, say, dict(grads), visits)


def forward_mode(v: Value, names: Names) -> Iterator[Frame]:
    """One pass from each leaf to the output, carrying ∂value/∂leaf along; the cost is multiplications."""
    order, cost = reachable(v), 0
    for leaf in [x for x in order if x.gate is None and x.requires_grad]:
        tangents = {leaf: 1.0}
        yield Frame(leaf, f"start at {names[leaf]} with ∂{names[leaf]}/∂{names[leaf]} = 1", dict(tangents), cost)
        for node in order:
            terms = [(x, local) for x, local in _inputs(node) if x in tangents]
            if not terms:
                continue
            tangents[node] = sum(local * tangents[x] for x, local in terms)
            cost += len(terms)
            say = f"∂{names[node]}/∂{names[leaf]} = {_show(tangents[node])}"
            yield Frame(node, say, dict(tangents), cost)


def reverse_mode(v: Value, names: Names) -> Iterator[Frame]:
    """One pass from the output to all leaves, carrying ∂output/∂value along; the cost is multiplications."""
    grads, cost = {v: 1.0}, 0
    yield Frame(v, f"start at {names[v]} with ∂{names[v]}/∂{names[v]} = 1", dict(grads), cost)
    for node in sorted(reachable(v), key=lambda x: -x.serial):
        if node not in grads or node.gate is None:
            continue
        for x, local in _inputs(node):
            grads[x] = grads.get(x, 0.0) + grads[node] * local
            cost += 1
            say = f"∂{names[v]}/∂{names[x]} = {_show(grads[x])}" + (" so far" if _more(x, node, v, grads) else "")
            yield Frame(x, say, dict(grads), cost)


def _more(x: Value, node: Value, v: Value, grads: dict[Any, float]) -> bool:
    """Whether an older gate will still add to the gradient of x."""
    later = [y for y in reachable(v) if y.serial < node.serial and y.requires_grad]
    return any(x is i for y in later for i in y.inputs) and np.isfinite(grads[x])
