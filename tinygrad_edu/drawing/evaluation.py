"""Formulas taken apart: names replaced, trees simplified, numbers put in, without eval. Builds on `notation`.

`substituted` · `simplified` · `evaluated`. What they do not know raises `UnknownFormulaError`.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .notation import UnknownFormulaError, call, tree
from .writers import called

__all__ = ["evaluated", "simplified", "substituted"]


_ZERO, _ONE = ast.Constant(0), ast.Constant(1)
_FUNCTIONS = frozenset(
    {"sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "exp", "ln", "sqrt", "abs", "sign",
     "sinc", "cbrt", "floor_divide", "rint", "maximum", "minimum", "σ", "sum", "rowsum", "mean", "max", "min",
     "softmax", "onehot", "outer", "T", "mT", "indicator", "ldexp", "signbit"}
)  # fmt: skip
_SAME = {"log": "ln", "sigmoid": "σ", "conj": "", "conjugate": "", "absolute": "abs", "real": ""}


def substituted(node: ast.expr, given: Mapping[str, ast.expr], strict: bool = False) -> ast.expr:
    """The tree with names replaced, in notation: `np.cos(x)` as cos(x), x > 0 as an indicator, the real branch.

    With `strict` a function that has no notation raises UnknownFormulaError.
    """
    match node:
        case ast.Name(id=name):
            return given.get(name, node)
        case ast.Constant():
            return node
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return ast.UnaryOp(ast.USub(), substituted(inner, given, strict))
        case ast.BinOp(left=left, op=op, right=right):
            return ast.BinOp(substituted(left, given, strict), op, substituted(right, given, strict))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return call(
                "indicator", ast.Compare(substituted(left, given, strict), [op], [substituted(right, given, strict)])
            )
        case ast.IfExp(test=test, orelse=real) if "complex" in ast.unparse(test) or "'c'" in ast.unparse(test):
            return substituted(real, given, strict)
        case ast.Call():
            return _called(node, given, strict)
    raise UnknownFormulaError(ast.dump(node)[:80])


def _called(node: ast.Call, given: Mapping[str, ast.expr], strict: bool) -> ast.expr:
    name = called(node).rpartition(".")[2]
    if name == "astype" and isinstance(node.func, ast.Attribute):
        return substituted(node.func.value, given, strict)
    if name == "indicator" and isinstance(node.args[0], ast.Compare):
        return substituted(node.args[0], given, strict)
    arguments = [substituted(x, given, strict) for x in node.args]
    name = _SAME.get(name, name)
    if name == "":
        return arguments[0]
    if name in _REWRITTEN:
        return substituted(tree(_REWRITTEN[name]), dict(zip("abc", arguments, strict=False)), strict)
    if strict and name not in _FUNCTIONS:
        raise UnknownFormulaError(name)
    return call(name, *arguments)


_REWRITTEN = {
    "quotient": "a / b",
    "hypot": "sqrt(a**2 + b**2)",
    "zeros_like": "0",
    "ones_like": "1",
    "equal": "indicator(a == b)",
    "not_equal": "indicator(a != b)",
    "greater": "indicator(a > b)",
    "deg2rad": "a * π / 180",
    "rad2deg": "a * 180 / π",
    "square": "a**2",
    "reciprocal": "1 / a",
}


def _is(node: ast.expr, *values: float) -> bool:
    return isinstance(node, ast.Constant) and any(node.value == x for x in values)


def _same(a: ast.expr, b: ast.expr) -> bool:
    return ast.dump(a) == ast.dump(b)


def simplified(node: ast.expr) -> ast.expr:
    """The tree without factors of one, with minus signs in front, squares as squares."""
    match node:
        case ast.UnaryOp(op=op, operand=inner):
            inner = simplified(inner)
            if isinstance(inner, ast.UnaryOp):
                return inner.operand
            return _ZERO if _is(inner, 0) else ast.UnaryOp(op, inner)
        case ast.Call(func=func, args=arguments):
            return ast.Call(func, [simplified(x) for x in arguments], [])
        case ast.Compare(left=left, ops=ops, comparators=[right]):
            return ast.Compare(simplified(left), ops, [simplified(right)])
        case ast.BinOp(left=left, op=op, right=right):
            return _SIMPLER[type(op)](simplified(left), simplified(right)) if type(op) in _SIMPLER else ast.BinOp(
                simplified(left), op, simplified(right))  # fmt: skip
    return node


def _minus(a: ast.expr) -> ast.expr | None:
    return a.operand if isinstance(a, ast.UnaryOp) else None


def _times(a: ast.expr, b: ast.expr) -> ast.expr:
    if _is(a, 0) or _is(b, 0):
        return _ZERO
    if _is(a, 1) or _is(b, 1):
        return b if _is(a, 1) else a
    if (inner := _minus(a)) is not None:
        return simplified(ast.UnaryOp(ast.USub(), _times(inner, b)))
    if (inner := _minus(b)) is not None:
        return simplified(ast.UnaryOp(ast.USub(), _times(a, inner)))
    if isinstance(b, ast.BinOp) and isinstance(b.op, ast.Mult) and not isinstance(a, ast.Constant):
        return _times(_times(a, b.left), b.right)
    if isinstance(a, ast.BinOp) and isinstance(a.op, ast.Mult) and _same(a.right, b):
        return ast.BinOp(a.left, ast.Mult(), _power(b, ast.Constant(2)))
    return _power(a, ast.Constant(2)) if _same(a, b) else ast.BinOp(a, ast.Mult(), b)


def _over(a: ast.expr, b: ast.expr) -> ast.expr:
    if _is(a, 0) or _is(b, 1):
        return a
    if (inner := _minus(a)) is not None:
        return ast.UnaryOp(ast.USub(), _over(inner, b))
    if isinstance(a, ast.BinOp) and isinstance(a.op, ast.Div):
        return _over(a.left, _times(a.right, b))
    return _ONE if _same(a, b) and not isinstance(a, ast.Constant) else ast.BinOp(a, ast.Div(), b)


def _power(a: ast.expr, b: ast.expr) -> ast.expr:
    if _is(b, 0) or _is(a, 1):
        return _ONE
    if isinstance(a, ast.BinOp) and isinstance(a.op, ast.Div) and _is(a.left, 1):
        return _over(_ONE, _power(a.right, b))
    return a if _is(b, 1) else ast.BinOp(a, ast.Pow(), b)


def _plus(a: ast.expr, b: ast.expr) -> ast.expr:
    if _is(a, 0) or _is(b, 0):
        return b if _is(a, 0) else a
    inner = _minus(b)
    return ast.BinOp(a, ast.Add(), b) if inner is None else _less(a, inner)


def _less(a: ast.expr, b: ast.expr) -> ast.expr:
    if isinstance(a, ast.Constant) and isinstance(b, ast.Constant):
        return ast.Constant(a.value - b.value)  # type: ignore[operator]  # only numbers are written
    if (inner := _minus(a)) is not None and isinstance(inner, ast.Constant) and isinstance(b, ast.Constant):
        return ast.UnaryOp(ast.USub(), ast.Constant(inner.value + b.value))  # type: ignore[operator]
    inner = _minus(b)
    return a if _is(b, 0) else ast.BinOp(a, ast.Sub(), b) if inner is None else _plus(a, inner)


_SIMPLER: dict[type, Callable[[ast.expr, ast.expr], ast.expr]] = {
    ast.Mult: _times,
    ast.Div: _over,
    ast.Pow: _power,
    ast.Add: _plus,
    ast.Sub: _less,
}
_OPERATIONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def _softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


_COMPUTED: dict[str, Callable[..., Any]] = {
    "ln": np.log,
    "σ": lambda x: 1 / (1 + np.exp(-x)),
    "T": np.matrix_transpose,
    "mT": np.matrix_transpose,
    "indicator": lambda x: np.asarray(x, bool).astype(float),
    "rowsum": lambda x: np.sum(x, axis=-1, keepdims=True),
    "softmax": _softmax,
}


def evaluated(node: ast.expr, given: Mapping[str, Any]) -> Any:
    """The number that a formula gives for these numbers."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id="π"):
            return np.pi
        case ast.Name(id=name) if name in given:
            return given[name]
        case ast.UnaryOp(operand=inner):
            return -evaluated(inner, given)
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATIONS[type(op)](evaluated(left, given), evaluated(right, given))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _OPERATIONS[type(op)](evaluated(left, given), evaluated(right, given))
        case ast.Call(args=arguments):
            name = called(node)
            if name == "onehot":
                return np.eye(given["logits"].shape[-1])[evaluated(arguments[0], given)]
            function = _COMPUTED.get(name) or getattr(np, name, None)
            if function is not None:
                return function(*[evaluated(x, given) for x in arguments])
    raise UnknownFormulaError(ast.dump(node)[:80])
