"""Formulas as text, without eval: `parse("sigmoid(w*x + b)")` gives an `Expression` that runs on Values.

A formula may hold numbers, names, + − * / **, parentheses and the functions of `FUNCTIONS`; everything else is refused
by name. Builds on the gates, through plain NumPy.
"""

import ast
import difflib
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .engine import Value
from .errors import ExpressionError
from .gates.elementary import relu, sigmoid, softplus

__all__ = ["FUNCTIONS", "Expression", "parse"]

LONGEST, DEEPEST = 10_000, 100

FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    **{f.__name__: (f, 1) for f in (np.exp, np.log, np.sqrt, np.sin, np.cos, np.tan, np.tanh, np.abs)},
    "abs": (np.abs, 1),
    "sigmoid": (sigmoid, 1),
    "relu": (relu, 1),
    "softplus": (softplus, 1),
    "square": (np.square, 1),
    "max": (np.maximum, 2),
    "min": (np.minimum, 2),
}
"""What a formula may call, with the number of arguments."""

_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


@dataclass(frozen=True)
class Expression:
    """A checked formula: its text and the names it needs, in the order they appear."""

    text: str
    names: tuple[str, ...]
    tree: ast.expr

    def __call__(self, values: Mapping[str, Value | float]) -> Value:
        """The Value that the formula computes from these; ExpressionError for a name without a value."""
        if missing := [name for name in self.names if name not in values]:
            raise ExpressionError(f"{self.text}: no number for {', '.join(missing)}; give {missing[0]}=NUMBER")
        if unused := sorted(values.keys() - set(self.names)):
            near = difflib.get_close_matches(unused[0], self.names, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; its names are {', '.join(self.names) or 'none'}"
            raise ExpressionError(f"{self.text} has no name {unused[0]}{hint}")
        out = _compute(self.tree, values)
        return out if isinstance(out, Value) else Value(out)


def parse(text: str) -> Expression:
    """Read a formula. ExpressionError names the part that is not allowed, and what is.

    >>> f = parse("x * max(y, 0) ** 2")
    >>> f.names
    ('x', 'y')
    >>> f({"x": Value(2.0), "y": Value(3.0)}).item()
    18.0
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"the formula has {len(text):,} characters; at most {LONGEST:,} are read")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        at = f" at character {error.offset}" if isinstance(error, SyntaxError) and error.offset else ""
        raise ExpressionError(f"{text!r} is not a formula: {getattr(error, 'msg', error)}{at}") from None
    names: dict[str, None] = {}
    _check(tree, names, 0)
    return Expression(text.strip(), tuple(names), tree)


def _check(node: ast.expr, names: dict[str, None], depth: int) -> None:
    """Refuse every kind of syntax that is not on the list; note the names."""
    if depth > DEEPEST:
        raise ExpressionError(f"the formula is nested over {DEEPEST} deep: give its parts names of their own")
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            _check_number(number)
        case ast.Name(id=name):
            if name in FUNCTIONS:
                raise ExpressionError(f"{name} is a function: write {name}(…)")
            names[name] = None
        case ast.UnaryOp(op=op, operand=inner) if type(op) in _OPERATORS:
            _check(inner, names, depth + 1)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left, names, depth + 1)
            _check(right, names, depth + 1)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            _check_call(name, len(arguments))
            for argument in arguments:
                _check(argument, names, depth + 1)
        case _:
            raise ExpressionError(
                f"{ast.unparse(node)[:60]!r} is not allowed in a formula: "
                f"use numbers, names, + - * / **, parentheses and {', '.join(sorted(FUNCTIONS))}"
            )


def _check_number(number: float) -> None:
    if abs(number) > 1e300:
        raise ExpressionError("a number in the formula is beyond 1e300, where floating point ends")


def _check_call(name: str, given: int) -> None:
    if name not in FUNCTIONS:
        near = difflib.get_close_matches(name, FUNCTIONS, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(FUNCTIONS))}"
        raise ExpressionError(f"{name} is not a function that a formula may call; {hint}")
    if given != FUNCTIONS[name][1]:
        raise ExpressionError(f"{name} takes {FUNCTIONS[name][1]} argument(s), not {given}")


def _compute(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """A checked tree on Values; numbers become floats, so that no power of integers grows without end."""
    match node:
        case ast.Constant(value=number):
            return np.float64(number)  # type: ignore[arg-type]  # _check let numbers pass only
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=op, operand=inner):
            return _OPERATORS[type(op)](_compute(inner, values))
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_compute(left, values), _compute(right, values))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name][0](*[_compute(argument, values) for argument in arguments])
    raise AssertionError(f"unchecked syntax: {ast.dump(node)}")
