"""The chain rule as a sum over paths: every path from an input to the output, and the product of its local gradients.

`paths(derivation)` → `Paths`. There may be exponentially many, so only the first are listed, and all are counted.
Builds on `derivation`.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..downstream import fitted
from ..engine import Value
from .derivation import Derivation, Line, figure, partial
from .formulas import local_gradient
from .notation import Formula, product, symbol
from .steps import Step
from .steps import local_gradient as local_number

__all__ = ["MOST_PATHS", "Path", "Paths", "count_paths", "paths"]

MOST_PATHS = 20
LONGEST = 14  # factors of a product that are written out


@dataclass(frozen=True)
class Path:
    """One way from the input to the output: the steps from the output down, and what it adds to the gradient."""

    steps: tuple[Step, ...]
    contribution: Any
    line: Line


@dataclass(frozen=True)
class Paths:
    """`count` paths in all, the `listed` ones, and what those that are not listed add together."""

    count: int
    listed: tuple[Path, ...]
    rest: Any


def count_paths(found: Derivation) -> int:
    """How many paths lead from wrt to the output; counted by adding, gate by gate, not one by one."""
    ways = {found.v: 1}
    for x in sorted([*found.between, found.wrt], key=lambda x: -x.serial):
        if x is not found.v:
            ways[x] = sum(ways[step.node] for step in found.sums[x])
    return ways[found.wrt]


def paths(found: Derivation, most: int = MOST_PATHS) -> Paths:
    """The first `most` paths, each as a product, and the sum of the others."""
    listed: list[Path] = []
    for way in _ways(found):
        if len(listed) == most:
            break
        listed.append(_path(found, way))
    total = sum((path.contribution for path in listed), np.zeros_like(found.gradient))
    return Paths(count_paths(found), tuple(listed), found.gradient - total)


def _ways(found: Derivation) -> Iterator[tuple[Step, ...]]:
    """Every path as the steps from the output down, found from wrt up without recursion."""
    waiting: list[tuple[Value, tuple[Step, ...]]] = [(found.wrt, ())]
    while waiting:
        x, way = waiting.pop()
        if x is found.v:
            yield way
        else:
            waiting += [(step.node, (step, *way)) for step in reversed(found.sums[x])]


def _path(found: Derivation, way: tuple[Step, ...]) -> Path:
    g: Any = np.ones_like(found.v._data)
    for step in way:
        node, x = step.node, step.input
        assert node.gate is not None  # noqa: S101 - a step is one of a gate
        data = [getattr(i, "_data", i) for i in node.inputs]
        with np.errstate(all="ignore"):
            g = fitted(
                node.gate.derivatives_of(len(data))[step.position](g, node._data, *data, **node.settings), x._data
            )
    names = found.names
    route = " → ".join([names[found.wrt], *(names[step.node] for step in reversed(way))])
    return Path(way, g, Line(tuple(_sides(found, way, g)), route))


def _sides(found: Derivation, way: tuple[Step, ...], contribution: Any) -> Iterator[Formula]:
    """The product of ∂out/∂in along a path; in symbols, and as numbers where all are scalars."""
    names, precision = found.names, found.precision
    factors = [partial(names[step.node], names[step.input]) for step in way]
    if len(way) > LONGEST:
        yield Formula(symbol(f"a product of {len(way)} factors"))
        way = ()
    elif factors:
        yield Formula(product(*factors))
    shown = [local_gradient(step.node, step.position, names, precision) for step in way]
    if all(one.kind == "factor" and one.formula is not None for one in shown) and shown:
        yield Formula(product(*[one.formula.tree for one in shown if one.formula is not None]), precision)
    if way and not any(step.node.ndim or step.input.ndim for step in way):
        numbers = [local_number(step.node, step.position) for step in way]
        yield Formula(product(*[figure(x, precision) for x in numbers]), precision)
    yield Formula(figure(contribution, precision), precision)


def rest_line(found: Derivation, ways: Paths) -> Line | None:
    """What the paths that are not listed add, if there are any."""
    if ways.count == len(ways.listed):
        return None
    text = f"{ways.count - len(ways.listed):,} more paths"
    return Line((Formula(symbol(text)), Formula(figure(ways.rest, found.precision), found.precision)))


def result_line(found: Derivation, ways: Paths) -> Line:
    """The derivative as the sum of what the paths add, where these are numbers."""
    parts = [path.contribution for path in ways.listed] + ([ways.rest] if ways.count > len(ways.listed) else [])
    if len(parts) < 2 or found.wrt.ndim:
        return found.result
    whole = figure(parts[0], found.precision)
    for part in parts[1:]:
        whole = ast.BinOp(whole, ast.Add(), figure(part, found.precision))
    first, last = found.result.sides
    return Line((first, Formula(whole, found.precision), last))
