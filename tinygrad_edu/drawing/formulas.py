"""A gate's formulas, derived from its declaration: what it computes, and its local gradient by each input.

`local_gradient(value, index)` · `forward(value)` · `computes`. The derivative's own source is read (a lambda's syntax
tree), its inputs are given their names, and the factor g falls away: `lambda g, out, x: g * np.cos(x)` becomes cos(x).
What is a function call or a matrix rule comes from `rules`; for the rest the gate's sentence speaks. No formula is
shown that the recorded numbers contradict. Builds on `notation`, `rules` and the engine.
"""

import ast
import html
import linecache
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, Literal

import numpy as np

from ..downstream import fitted
from ..engine import Gate, Value
from ..errors import GraphError
from ..gates.shaping import PICKED
from .evaluation import evaluated, simplified, substituted
from .notation import Formula, UnknownFormulaError, call, symbol, tree
from .rules import FORWARD, LOCAL, RULES, Rule
from .text import number, plain, settings_text, shape_text
from .writers import latex_text

__all__ = ["LocalGradient", "Names", "computes", "forward", "local_gradient", "spelled_settings"]

Names = Mapping[Any, str]
"""Names for Values, and for constant inputs as (value, index), in formulas."""


@dataclass(frozen=True)
class LocalGradient:
    """∂out/∂in of one gate as a formula: `.text`, `.latex`, `.mathml`, `.python`; `.numbers` has numbers for symbols.

    `kind` says how to read it. "factor": downstream = upstream × this. "rule": this is the downstream gradient, with g
    for the upstream one, as g @ Wᵀ of a matrix product. "words": no formula is known, and the gate's sentence says what
    happens. `note` says what broadcasting adds ("summed over axis 0").
    """

    kind: Literal["factor", "rule", "words"]
    formula: Formula | None
    words: str
    code: str
    note: str = ""
    known: Mapping[str, Any] | None = None

    @property
    def text(self) -> str:
        """One line of Unicode."""
        return self.formula.text if self.formula else self.words

    @property
    def latex(self) -> str:
        """LaTeX for mathematics mode."""
        return self.formula.latex if self.formula else rf"\text{{{latex_text(self.words)}}}"

    @property
    def mathml(self) -> str:
        """MathML, without the math element around it."""
        return self.formula.mathml if self.formula else f"<mtext>{html.escape(self.words)}</mtext>"

    @property
    def python(self) -> str:
        """NumPy code: the factor, or the downstream gradient in terms of g. It runs where the names are Python's."""
        if self.formula is None or (self.kind == "rule" and self.note):
            return self.code
        try:
            return self.formula.python
        except UnknownFormulaError:
            return self.code if self.kind == "rule" else self.code.replace("](g, ", "](np.ones_like(out), ", 1)

    @property
    def numbers(self) -> "LocalGradient":
        """The same with the numbers of scalars in place of their names."""
        if self.formula is None or not self.known:
            return self
        given = {name: _number(x, whole=False) for name, x in self.known.items() if not np.ndim(x)}
        return replace(self, formula=replace(self.formula, tree=substituted(self.formula.tree, given)))

    def __str__(self) -> str:
        return self.text


def local_gradient(
    value: Value, index: int, names: Names | None = None, precision: int = 2, upstream: str = "g"
) -> LocalGradient:
    """The local gradient of the gate that made `value`, by its input `index`.

    Inputs are called by `names`, else by their own names, else as in the gate's declaration; a rule calls the upstream
    gradient `upstream`. Raises GraphError for a
    leaf, or an input that is not there.

    >>> w, x = Value(2.0, name="w"), Value(-1.0, name="x")
    >>> s = np.sin(w * x)
    >>> s.inputs[0].name = "q"
    >>> local_gradient(s, 0).text, local_gradient(s.inputs[0], 0).text, local_gradient(s, 0).numbers.text
    ('cos(q)', 'x', 'cos(−2.00)')
    """
    gate = value.gate
    if gate is None or not 0 <= index < len(value.inputs):
        raise GraphError(f"{value.label} has no gate with an input {index}, so no local gradient")
    called, parameters = _called(value, names or {}), _parameters(gate, len(value.inputs))
    words = plain(gate.sentence.partition(": ")[2] or gate.sentence, 200).rstrip(".")
    code = _code(value, index, called)
    known = {name: x._data for name, x in zip(called, value.inputs, strict=True) if isinstance(x, Value)}
    for kind, found in _candidates(value, gate, index):
        if not _holds(value, index, kind, found, parameters):
            continue
        given: dict[str, ast.expr] = dict(zip(parameters, _symbols(value, called), strict=True))
        given |= {"out": _out(value, names or {}, given), "g": symbol(upstream)}
        own = (names or {}).get(value) or value.name
        if own:
            known[own] = value._data
        shown = Formula(simplified(substituted(found, given)), precision)
        return LocalGradient(kind, shown, words, code, _note(value, index), known)
    return LocalGradient("words", None, words, code, _note(value, index), known)


def forward(value: Value, names: Names | None = None, precision: int = 2) -> Formula:
    """What the gate that made `value` computes, in the names of its inputs.

    >>> forward(np.exp(Value(1.0, name="x")) * 2).text
    'x·2'
    """
    if value.gate is None:
        raise GraphError(f"{value.label} is a leaf: nothing computed it")
    symbols = _symbols(value, _called(value, names or {}))
    given = dict(zip(_parameters(value.gate, len(symbols)), symbols, strict=True))
    return Formula(_computed(value, given), precision)


def computes(value: Value, formula: Formula, numbers: Mapping[str, Any]) -> bool:
    """Whether a formula of the forward pass, with these numbers for its names, gives what the gate computed."""
    with np.errstate(all="ignore"):
        try:
            got = evaluated(formula.tree, numbers)
            return np.shape(got) == value.shape and bool(np.allclose(got, value._data, rtol=1e-6, equal_nan=True))
        except (UnknownFormulaError, ValueError, TypeError, AttributeError):
            return False


def _computed(value: Value, given: Mapping[str, ast.expr]) -> ast.expr:
    gate = value.gate
    assert gate is not None  # noqa: S101 - the caller has looked
    if gate.name in ("transpose", "swapaxes") and value.ndim == 2 and value.settings.get("axes", (1, 0)) == (1, 0):
        return call("T", *given.values())
    told = settings_text(value.settings, {**gate.defaults, "ties": value.settings.get("ties")})
    if gate.name in FORWARD and not told:
        return substituted(tree(FORWARD[gate.name]), given)
    return call(gate.name, *given.values(), *([symbol(told)] if told else []))


def _parameters(gate: Gate, count: int) -> list[str]:
    return [*gate.names, *(f"{gate.variadic}{k}" for k in range(len(gate.names), count))][:count]


def _called(value: Value, names: Names) -> list[str]:
    """A name for each input: given, its own, or the declaration's."""
    declared = _parameters(value.gate, len(value.inputs)) if value.gate is not None else []
    called = []
    for k, (x, letter) in enumerate(zip(value.inputs, declared, strict=True)):
        own = names.get(x) or x.name if isinstance(x, Value) else names.get((value, k))
        called.append(plain(own) if own else letter)
    return called


def _symbols(value: Value, called: list[str]) -> list[ast.expr]:
    """The inputs in a formula: a name, or the number that a scalar constant is."""
    return [
        symbol(name) if isinstance(x, Value) or np.ndim(x) else _number(x)
        for x, name in zip(value.inputs, called, strict=True)
    ]


def _number(x: Any, whole: bool = True) -> ast.expr:
    """A number: a constant of the formula is whole where it can be; a minus stands apart."""
    x = x.item() if isinstance(x, np.generic | np.ndarray) else x
    if isinstance(x, complex):
        return symbol(number(x))
    x = int(x) if whole and np.isfinite(x) and float(x).is_integer() and abs(x) < 1e6 else float(x)
    return ast.UnaryOp(ast.USub(), ast.Constant(-x)) if x < 0 else ast.Constant(x)


def _out(value: Value, names: Names, given: Mapping[str, ast.expr]) -> ast.expr:
    """The output in a formula: its name, or what it was computed from."""
    own = names.get(value) or value.name
    return symbol(plain(own)) if own else _computed(value, given)


def _note(value: Value, index: int) -> str:
    """What broadcasting, or a reduction, does to the gradient on its way back."""
    gate, x = value.gate, value.inputs[index]
    shape, out = np.shape(getattr(x, "_data", x)), value.shape
    if gate is not None and "keepdims" in value.settings and shape != out:
        axis = value.settings["axis"]
        return f"g copied along {'all axes' if axis is None else _axes([*np.atleast_1d(axis)])}"
    if gate is None or not gate.elementwise or shape == out:
        return ""
    grown = len(out) - len(shape)
    axes = [*range(grown), *(grown + i for i, n in enumerate(shape) if n == 1 != out[grown + i])]
    return f"summed over {_axes(axes)} to {shape_text(shape) or 'one number'}"


def _axes(axes: list[int]) -> str:
    return f"ax{'is' if len(axes) == 1 else 'es'} {', '.join(map(str, axes))}"


def _code(value: Value, index: int, called: list[str]) -> str:
    """The derivative as the gate declares it, as code that runs with `from tinygrad_edu import GATES`."""
    gate = value.gate
    given = [
        name if isinstance(x, Value) or np.ndim(x) else repr(np.asarray(x)[()])
        for x, name in zip(value.inputs, called, strict=True)
    ]
    told = ", ".join([*given, *spelled_settings(value)])
    return f"GATES[{str(gate)!r}].derivatives_of({len(called)})[{index}](g, out, {told})"


def spelled_settings(value: Value) -> list[str]:
    """The settings of a call as code; PICKED stands where an index was an array."""
    told = [f"{name}={setting!r}" for name, setting in value.settings.items()]
    return [text.replace(repr(PICKED), "PICKED").replace("dtype('", "np.dtype('") for text in told]


def _candidates(value: Value, gate: Gate, index: int) -> list[tuple[Literal["factor", "rule"], ast.expr]]:
    """Formulas that may hold, the likeliest first."""

    def trees(rules: tuple[Rule, ...]) -> list[ast.expr]:
        rule = rules[index] if index < len(rules) else None
        text = rule if isinstance(rule, str) or rule is None else rule(value)
        return [tree(text)] if text else []

    found: list[tuple[Literal["factor", "rule"], ast.expr]] = [("factor", x) for x in trees(LOCAL.get(gate.name, ()))]
    found += [("rule", x) for x in trees(RULES.get(gate.name, ()))]
    if not found and gate.elementwise and (body := _declared(gate, index)) is not None:
        found.append(("factor", body))
    return found


def _declared(gate: Gate, index: int) -> ast.expr | None:
    """The body of a derivative with the upstream gradient taken out, under the declaration's names."""
    derivative = gate.derivatives[index] if index < len(gate.derivatives) else None
    if not isinstance(derivative, FunctionType):
        return None
    body = _body(derivative.__code__)
    first, *rest = derivative.__code__.co_varnames[: derivative.__code__.co_argcount]
    if body is None:
        return None
    own = dict(zip(rest, map(symbol, ("out", *gate.names)), strict=False))
    try:
        return simplified(substituted(body, {first: ast.Constant(1), **own}, strict=True))
    except UnknownFormulaError:
        return None


@lru_cache(maxsize=512)
def _body(code: CodeType) -> ast.expr | None:
    """The expression that a lambda, or a function of one line, gives back; None where its source is not at hand."""
    try:
        source = ast.parse("".join(linecache.getlines(code.co_filename)))
    except (SyntaxError, ValueError):
        return None
    spots = {(line, column) for line, _, column, _ in code.co_positions() if line and column}
    for node in ast.walk(source):
        if isinstance(node, ast.Lambda) and spots and all(_within(spot, node) for spot in spots):
            return node.body
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name and node.lineno == code.co_firstlineno:
            body = [x for x in node.body if not (isinstance(x, ast.Expr) and isinstance(x.value, ast.Constant))]
            return body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
    return None


def _within(spot: tuple[int, int], node: ast.expr) -> bool:
    assert node.end_lineno is not None and node.end_col_offset is not None  # noqa: S101, PT018 - parsed, so known
    return (node.lineno, node.col_offset) <= spot <= (node.end_lineno, node.end_col_offset)


def _holds(value: Value, index: int, kind: str, found: ast.expr, parameters: list[str]) -> bool:
    """Whether a formula gives the numbers of the declared derivative, for this upstream gradient: 1, or made up."""
    data = [x._data if isinstance(x, Value) else x for x in value.inputs]
    gate, x, out = value.gate, data[index], value._data
    assert gate is not None  # noqa: S101 - the caller has looked
    g = np.cos(np.arange(value.size)).reshape(value.shape) if kind == "rule" else np.ones(value.shape)
    derivative = gate.derivatives_of(len(data))[index]
    with np.errstate(all="ignore"):
        try:
            wanted = fitted(derivative(g[()], out, *data, **value.settings), x)
            if "keepdims" in value.settings:  # a reduction: what was reduced is copied along its axes again
                shape = np.sum(data[0], axis=value.settings["axis"], keepdims=True).shape
                g, out = g.reshape(shape), np.reshape(out, shape)
            got = evaluated(found, {**dict(zip(parameters, data, strict=True)), "out": out, "g": g})
            got = np.broadcast_to(got, value.shape if kind == "factor" else x.shape)
            return bool(np.allclose(wanted, fitted(got, x), rtol=1e-6, atol=1e-12, equal_nan=True))
        except (UnknownFormulaError, ValueError, TypeError, AttributeError, IndexError):
            return False
