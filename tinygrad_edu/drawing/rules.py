"""What the formulas of gates look like where a declaration is a function and no formula: forward and local gradients.

`FORWARD[gate]` writes the output, in the names of the gate's inputs. `LOCAL[gate]` gives for each input the factor of
an elementwise gate, `RULES[gate]` what a gate does to its whole upstream gradient g. Each is a formula in Python's
syntax, or a function from the recorded value to one
(an empty one where it has none). What a formula says is checked against the numbers before it is
shown (see `formulas`). Builds on the engine.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Value

__all__ = ["FORWARD", "LOCAL", "RULES", "Rule"]

Rule = str | Callable[[Value], str]


def _data(value: Value) -> list[Any]:
    return [x._data if isinstance(x, Value) else x for x in value.inputs]


def _choice(mine: str, sign: str, other: str, first: bool) -> Rule:
    """1 where an input wins; at a tie the share that the recorded policy gives it."""

    def rule(value: Value) -> str:
        wins, ties = f"indicator({mine} {sign} {other})", value.settings["ties"]
        if not np.any(np.equal(*_data(value))):
            return wins
        if ties == "split":
            return f"{wins} + indicator({mine} == {other}) / 2"
        return f"indicator({mine} {sign}= {other})" if ties == "both" or first else wins

    return rule


def _matmul(position: int) -> Rule:
    def rule(value: Value) -> str:
        x, y = (np.ndim(data) for data in _data(value))
        if x == y == 1:
            return ("g * y", "g * x")[position]
        if y == 1:
            return ("outer(g, y)", "T(x) @ g")[position]
        if x == 1:
            return ("g @ T(y)", "outer(x, g)")[position]
        if x == y == 2:
            return ("g @ T(y)", "T(x) @ g")[position]
        return ("g @ mT(y)", "mT(x) @ g")[position]  # stacks of matrices

    return rule


def _count(value: Value) -> int:
    """How many elements each element of a reduction was made from."""
    return int(np.size(_data(value)[0]) // max(value.size, 1))


def _last_axis(value: Value) -> bool:
    return value.settings["axis"] in (-1, np.ndim(_data(value)[0]) - 1)


def _softmax(value: Value) -> str:
    if not _last_axis(value):
        return ""
    return "out * (g - sum(g * out))" if value.ndim == 1 else "out * (g - rowsum(g * out))"


def _cross_entropy(value: Value) -> str:
    if not _last_axis(value):
        return ""
    rows = int(np.size(_data(value)[0]) // max(_data(value)[0].shape[value.settings["axis"]], 1))
    labels = "labels" if _data(value)[1].dtype.kind == "f" else "onehot(labels)"
    whole = f"(softmax(logits) - {labels})"
    return f"g * {whole} / {rows}" if value.settings["reduction"] == "mean" else f"g * {whole}"


FORWARD: dict[str, str] = {
    "add": "x + y",
    "sub": "x - y",
    "mul": "x * y",
    "div": "x / y",
    "neg": "-x",
    "power": "x**y",
    "square": "x**2",
    "exp": "exp(x)",
    "log": "ln(x)",
    "sqrt": "sqrt(x)",
    "abs": "abs(x)",
    "sigmoid": "σ(x)",
    "relu": "maximum(x, 0)",
    "softplus": "ln(1 + exp(x))",
    "reciprocal": "1 / x",
    "exp2": "2**x",
    "expm1": "exp(x) - 1",
    "log1p": "ln(1 + x)",
    "hypot": "sqrt(x**2 + y**2)",
    "logaddexp": "ln(exp(x) + exp(y))",
    "matmul": "x @ y",
    "outer": "outer(x, y)",
    "transpose": "T(x)",
    "swapaxes": "T(x)",
    "sum": "sum(x)",
    "mean": "mean(x)",
    "max": "max(x)",
    "min": "min(x)",
    "maximum": "maximum(x, y)",
    "minimum": "minimum(x, y)",
}
LOCAL: dict[str, tuple[Rule, ...]] = {
    "power": ("y * x**(y - 1)", "out * ln(x)"),
    "maximum": (_choice("x", ">", "y", True), _choice("y", ">", "x", False)),
    "minimum": (_choice("x", "<", "y", True), _choice("y", "<", "x", False)),
    "logaddexp": ("exp(x - out)", "exp(y - out)"),
    "logaddexp2": ("2**(x - out)", "2**(y - out)"),
    "arctan": ("1 / (1 + x**2)",),
    "arctan2": ("x / (x**2 + y**2)", "-y / (x**2 + y**2)"),
    "sinc": ("(cos(π * x) - sinc(x)) / x",),
    "where": ("0", "indicator(mask)", "1 - indicator(mask)"),
}
RULES: dict[str, tuple[Rule, ...]] = {
    "matmul": (_matmul(0), _matmul(1)),
    "outer": ("g @ y", "T(g) @ x"),
    "transpose": ("T(g)",),
    "swapaxes": ("T(g)",),
    "sum": ("g",),
    "mean": (lambda value: f"g / {_count(value)}",),
    "broadcast_to": ("g",),
    "prod": ("g * out / x",),
    "max": ("g * indicator(x == out)",),
    "min": ("g * indicator(x == out)",),
    "var": (lambda value: f"g * 2 * (x - mean(x)) / {_count(value) - value.settings['ddof']}",),
    "std": (lambda value: f"g * (x - mean(x)) / ({_count(value) - value.settings['ddof']} * out)",),
    "norm": ("g * x / out",),
    "logsumexp": ("g * exp(x - out)",),
    "softmax": (_softmax,),
    "softmax_cross_entropy": (_cross_entropy,),
}
