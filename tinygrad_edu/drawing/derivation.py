"""A derivative derived line by line: each gate's formula with symbols and with numbers, forward and back.

`derive(v, wrt)` → `Derivation` of `Line`s, which writers turn into words, LaTeX, MathML and Python. Builds on
`formulas`, `steps` and the engine.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from ..engine import Value
from ..errors import GraphError
from .formulas import LocalGradient, forward, local_gradient
from .notation import Formula, call, product, symbol
from .record import reachable
from .steps import Step, steps
from .text import distinct, settings_text, shape_text, summary

__all__ = ["MOST_GATES", "Derivation", "Line", "derive", "figure", "named", "partial"]

MOST_GATES = 200
"""Gates between the output and what is asked for, beyond which nobody reads a derivation."""
_UPSTREAM = "\x00"  # stands for the upstream gradient until its name is known


@dataclass(frozen=True)
class Line:
    """An equation in two or more sides, and what is to be said about it."""

    sides: tuple[Formula, ...]
    words: str = ""

    @property
    def text(self) -> str:
        """The sides joined; two that look the same are written once."""
        return " = ".join(dict.fromkeys(side.text for side in self.sides))


@dataclass(frozen=True)
class Derivation:
    """∂v/∂wrt: `forward` lines of all gates behind v, `backward` lines from v to wrt; `names` of all values.

    `between` are the values that depend on wrt, newest first, and `sums` what each of them passes to its inputs.
    """

    v: Value
    wrt: Value
    names: dict[Any, str]
    between: list[Value]
    sums: dict[Value, list[Step]]
    forward: list[Line]
    backward: list[Line]
    gradient: Any
    precision: int

    @property
    def result(self) -> Line:
        """∂v/∂wrt = its number."""
        return Line((self._shown(self.partial(self.wrt)), self._shown(figure(self.gradient, self.precision))))

    def partial(self, x: Value) -> ast.expr:
        """∂v/∂x."""
        return partial(self.names[self.v], self.names[x])

    def _shown(self, tree: ast.expr) -> Formula:
        return Formula(tree, self.precision)


def partial(above: str, below: str) -> ast.expr:
    """∂above/∂below."""
    return call("partial", symbol(above), symbol(below))


def figure(x: Any, precision: int) -> ast.expr:
    """A number in a formula: a scalar's own, of a tensor its summary."""
    if np.ndim(x):
        return symbol(f"{summary(x, precision)} ({shape_text(np.shape(x))})")
    return ast.Constant(float(x)) if not np.signbit(x) else ast.UnaryOp(ast.USub(), ast.Constant(-float(x)))


def named(v: Value) -> dict[Any, str]:
    """A name of its own for all behind v: the user's, f for v, t1, t2 … for the rest; constant arrays as (value, k)."""
    values = reachable(v)
    own = distinct(x.name or "" for x in values)
    taken = set(own) | {"g"}
    if not own[-1] and "f" not in taken:
        own[-1] = "f"
        taken.add("f")
    automatic = (f"t{k}" for k in range(1, len(values) + len(taken) + 2) if f"t{k}" not in taken)
    names: dict[Any, str] = {x: name or next(automatic) for x, name in zip(values, own, strict=True)}
    free = (f"c{k}" for k in count(1) if f"c{k}" not in taken)
    for x in values:
        for k, constant in enumerate(x.inputs):
            if not isinstance(constant, Value) and np.ndim(constant):
                letter = x.gate.names[k] if x.gate is not None and k < len(x.gate.names) else ""
                names[x, k] = letter if letter and letter not in names.values() else next(free)
    return names


def derive(v: Value, wrt: Value, precision: int = 2) -> Derivation:
    """All lines of ∂v/∂wrt. A v that is no scalar stands for the sum of its elements.

    Raises GraphError if v does not depend on wrt through gates that pass a gradient, for complex numbers, and if over
    200 gates lie between.
    """
    if not isinstance(v, Value) or not isinstance(wrt, Value):
        raise GraphError("explain: give the Value that came out, and wrt= the Value to differentiate by")
    behind = reachable(v)
    if any(x.dtype.kind == "c" for x in behind):
        raise GraphError("explain speaks of real numbers; this graph has complex ones")
    found = steps(v) if v.requires_grad else []
    between = _between(v, wrt, found)
    if len(between) > MOST_GATES:
        raise GraphError(
            f"{len(between):,} gates lie between {v.label} and {wrt.label}: at most {MOST_GATES} are explained; "
            "explain a part, from or to a value in the middle"
        )
    names, known = named(v), set(between) | {wrt}
    sums: dict[Value, list[Step]] = {}
    for step in found:
        if step.node in known and step.node is not wrt and step.input in known:
            sums.setdefault(step.input, []).append(step)
    forwards = [_forward(x, names, precision) for x in behind if x.gate is not None][-MOST_GATES:]
    one = Line((Formula(partial(names[v], names[v])), Formula(figure(np.ones_like(v._data), precision), precision)))
    targets = [x for x in sorted(known, key=lambda x: -x.serial) if x is not v]
    backwards = [one, *(_backward(names[v], x, sums[x], names, precision) for x in targets)]
    gradient = sums[wrt][-1].total if wrt is not v else np.ones_like(v._data)
    return Derivation(v, wrt, names, between, sums, forwards, backwards, gradient, precision)


def _between(v: Value, wrt: Value, found: Sequence[Step]) -> list[Value]:
    """The values that a gradient reaches on its way from v to wrt, newest first: those that depend on wrt."""
    depends = {wrt}
    for step in reversed(found):
        if step.input in depends:
            depends.add(step.node)
    if v not in depends:
        raise GraphError(
            f"{v.label} does not depend on {wrt.label} through gates that pass a gradient: the derivative is 0, or "
            "the value is not in the graph, or needs no gradient"
        )
    return sorted(depends - {wrt}, key=lambda x: -x.serial)


def _forward(value: Value, names: dict[Any, str], precision: int) -> Line:
    gate = value.gate
    assert gate is not None  # noqa: S101 - the caller has looked
    formula = forward(value, names, precision)
    sides = [Formula(symbol(names[value])), formula, Formula(figure(value._data, precision), precision)]
    numbers = {names[x]: figure(x._data, precision) for x in value.inputs if isinstance(x, Value) and not x.ndim}
    if numbers and not value.ndim:
        sides.insert(2, formula.with_names(numbers))
    settings = settings_text(value.settings, gate.defaults)
    return Line(tuple(sides), gate.sentence.rstrip(".") + (f" [{settings}]" if settings else ""))


def _backward(out: str, x: Value, passed: list[Step], names: dict[Any, str], precision: int) -> Line:
    """∂out/∂x as the sum of what its users pass on: in symbols, with numbers, its value."""
    locals_ = [local_gradient(s.node, s.position, names, precision, upstream=_UPSTREAM) for s in passed]
    ups = [partial(out, names[s.node]) for s in passed]
    symbols = _sum([_term(found, up) for found, up in zip(locals_, ups, strict=True)])
    sides = [partial(out, names[x]), symbols]
    if not x.ndim and all(not s.node.ndim for s in passed):
        numbers = [figure(s.upstream, precision) for s in passed]
        sides.append(_sum([_term(found.numbers, up) for found, up in zip(locals_, numbers, strict=True)]))
        if not all(map(_is_number, locals_)):
            known = [figure(s.local, precision) for s in passed]
            sides.append(_sum([product(up, local) for up, local in zip(numbers, known, strict=True)]))
    sides.append(figure(passed[-1].total, precision))
    words = [_told(step, found) for step, found in zip(passed, locals_, strict=True)]
    joined = f"{len(passed)} paths join at {names[x]}, and what they bring is added: " if len(passed) > 1 else ""
    return Line(tuple(Formula(side, precision) for side in sides), joined + ", ".join(words))


def _told(step: Step, found: LocalGradient) -> str:
    """Which gate passes a gradient on, and how, where that is not in the formula."""
    more = found.words if found.formula is None else found.note
    return f"gate {step.node.gate}" + (f": {more}" if found.formula is None else f" ({more})" if more else "")


def _term(found: LocalGradient, upstream: ast.expr) -> ast.expr:
    """What a gate passes on: upstream times its factor, its rule, or back(upstream), which words explain."""
    if found.formula is None:
        return call("back", upstream)
    if found.kind == "factor":
        return product(upstream, found.formula.tree)
    return Formula(found.formula.tree).with_names({_UPSTREAM: upstream}).tree


def _is_number(found: LocalGradient) -> bool:
    """Whether a local gradient with numbers put in is one number already."""
    tree = found.numbers.formula.tree if found.formula is not None and found.numbers.formula is not None else None
    return isinstance(tree.operand if isinstance(tree, ast.UnaryOp) else tree, ast.Constant)


def _sum(terms: list[ast.expr]) -> ast.expr:
    whole = terms[0]
    for term in terms[1:]:
        whole = ast.BinOp(whole, ast.Add(), term)
    return whole
