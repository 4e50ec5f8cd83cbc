"""Where a nan or an infinity came from: `find_nan(v)` gives a `NanReport`. Builds on the engine.

Two searches over the record. Forward: the oldest value behind v that is not finite although all its inputs are, or
that is nan although none of its inputs is. Backward, if v is finite: the first gate that passed on a gradient that is
not finite although its upstream gradient was. `EXPLANATIONS` says for each gate which input does that and what to
write instead.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from .downstream import fitted
from .engine import Value, walk
from .errors import GraphError

__all__ = ["EXPLANATIONS", "Explanation", "NanReport", "find_nan"]

Direction = Literal["forward", "backward"]


@dataclass(frozen=True)
class NanReport:
    """What `find_nan` found; false where all is finite.

    `value` is the value concerned, `direction` "forward" or "backward" (None where all is finite). Backward,
    `position` is the input whose gradient went wrong. `index` is the first element concerned, `count` how many there
    are, `numbers` what stands there: the inputs by name, the output, and backward the gradients. `reason` says why,
    `advice` what to write instead. `spread` are all values that are not finite, `marks` what `draw(v, marks=…)` shows
    in red: the gate with the reason, and what its nan reached.
    """

    value: Value | None = None
    direction: Direction | None = None
    position: int | None = None
    index: tuple[int, ...] = ()
    count: int = 0
    numbers: tuple[tuple[str, Any], ...] = ()
    reason: str = "no nan and no infinity, forward or backward"
    advice: str = ""
    spread: frozenset[Value] = frozenset()

    def __bool__(self) -> bool:
        return self.direction is not None

    @property
    def marks(self) -> dict[Any, str]:
        """The gate concerned with the reason, backward the wire its gradient went along, forward all it spread to."""
        if self.value is None:
            return {}
        if self.position is not None:
            return {self.value: "", (self.value, self.position): self.reason}
        return dict.fromkeys(self.spread, "") | {self.value: self.reason}

    def __str__(self) -> str:
        if self.value is None:
            return self.reason
        first = self.value.label + (f" in group {self.value.group.name}" if self.value.group else "")
        where = f"{first}: {self.direction}, {self.count} of {self.value.size} elements"
        if self.direction == "backward":
            where = f"{first}: backward, to input {self.position}, {self.count} elements"
        at = f" at {list(self.index)}" if self.index else ""
        seen = ", ".join(f"{name} = {_told(number)}" for name, number in self.numbers)
        lines = [where, f"  why:{at} {self.reason}", f"  seen: {seen}" if seen else "", f"  instead: {self.advice}"]
        return "\n".join(line for line in lines if line)


def _told(number: Any) -> str:
    return np.format_float_positional(number, 6, trim="-") if 1e-4 < abs(number) < 1e6 else f"{number:.6g}"


class Explanation(NamedTuple):
    """When an explanation fits, by the numbers seen at the element; the reason; what to write instead."""

    fits: Callable[[dict[str, Any]], Any]
    reason: str
    advice: str


def _entries(*names: str, rows: list[Explanation]) -> dict[str, list[Explanation]]:
    return dict.fromkeys(names, rows)


_LOG = [
    Explanation(lambda s: s["x"] == 0, "log of 0 is -inf, and its slope is infinite",
                "np.where(x > 0, np.log(x), 0) with the logarithm inside, np.log(x + 1e-12), or log_softmax(logits) "
                "and softmax_cross_entropy for probabilities"),
    Explanation(lambda s: s["x"] < 0, "log of a negative number is nan", "make x positive: np.abs, softplus or exp"),
]  # fmt: skip
_EXP = [
    Explanation(lambda s: abs(s["x"]) > 80, "the exponential is larger than the largest number of its dtype",
                "subtract the maximum first, or use logsumexp, softmax, log_softmax, softplus or sigmoid, which do"),
]  # fmt: skip
_ROOT = [
    Explanation(lambda s: s["x"] < 0, "the root of a negative number is nan", "np.maximum(x, 0), or np.abs(x)"),
    Explanation(lambda s: s["x"] == 0, "the root has an infinite slope at 0",
                "np.linalg.norm(x) in place of the root of a sum of squares (its gradient at 0 is 0), or "
                "np.sqrt(x + 1e-12)"),
]  # fmt: skip
_QUOTIENT = [
    Explanation(lambda s: s["y"] == 0 and s["x"] == 0, "0 / 0 is nan",
                "np.where(y != 0, x / y, 0) with the quotient inside, or x / (y + 1e-12)"),
    Explanation(lambda s: s["y"] == 0, "a division by 0",
                "np.where(y != 0, x / y, 0) with the quotient inside, or x / (y + 1e-12)"),
    Explanation(lambda s: np.isinf(s["x"]) and np.isinf(s["y"]), "inf / inf is nan",
                "keep both finite: subtract the maximum before an exponential, or use softmax"),
]  # fmt: skip
_ARC = [
    Explanation(lambda s: abs(s["x"]) > 1, "the function exists between -1 and 1 only", "np.clip(x, -1, 1)"),
    Explanation(lambda s: abs(s["x"]) == 1, "the function or its slope is infinite at ±1",
                "np.clip(x, -1 + 1e-7, 1 - 1e-7); np.arctan2(y, x) for an angle"),
]  # fmt: skip
EXPLANATIONS: dict[str, list[Explanation]] = {
    **_entries("log", "log2", "log10", rows=_LOG),
    "log1p": [
        Explanation(lambda s: s["x"] == -1, "log of 0 is -inf, and its slope is infinite", _LOG[0].advice),
        Explanation(lambda s: s["x"] < -1, "log of a negative number is nan", "keep x above -1"),
    ],
    **_entries("exp", "exp2", "expm1", "sinh", "cosh", rows=_EXP),
    **_entries("sqrt", "cbrt", rows=_ROOT),
    **_entries("div", rows=_QUOTIENT),
    "reciprocal": [Explanation(lambda s: s["x"] == 0, "a division by 0", "np.where(x != 0, 1 / x, 0)")],
    "power": [
        Explanation(lambda s: s["x"] == 0, "a power of 0 with an exponent below 1 has an infinite slope, below 0 it is "
                    "infinite itself", "np.where(x > 0, x**p, 0) with the power inside, or (x + 1e-12)**p"),
        Explanation(lambda s: s["x"] < 0, "a fractional power of a negative number is nan", "np.abs(x)**p"),
    ],
    **_entries("arcsin", "arccos", "arctanh", rows=_ARC),
    "arccosh": [Explanation(lambda s: s["x"] <= 1, "arccosh exists above 1 only", "np.maximum(x, 1 + 1e-7)")],
    "arctan2": [Explanation(lambda s: s["x"] == 0 == s["y"], "the origin has no angle", "move the point off (0, 0)")],
    "mul": [
        Explanation(lambda s: min(abs(s["x"]), abs(s["y"])) == 0, "0 · inf is nan: a factor of 0 does not switch an "
                    "infinite branch off", "np.where(mask, value, 0) in place of mask * value"),
    ],
    **_entries("softmax", "logsumexp", rows=[
        Explanation(lambda s: True, "a row whose elements are all -inf (all masked), or one of +inf, has no softmax",
                    "leave at least one element of each row unmasked"),
    ]),
    **_entries("add", "sub", rows=[
        Explanation(lambda s: np.isinf(s["x"]) and np.isinf(s["y"]), "inf - inf is nan",
                    "keep both finite; logsumexp for differences of large exponents"),
    ]),
}  # fmt: skip
_OVERFLOW = Explanation(
    lambda s: np.isinf(s["out"]), "the result is larger than the largest number of its dtype",
    "scale the inputs down, normalise, or compute in float64",
)  # fmt: skip
_UNDEFINED = Explanation(
    lambda s: True, "the gate has no value at these inputs (0 · inf or inf - inf inside)",
    "look at its inputs: np.isfinite(value.inputs[0].data)",
)  # fmt: skip
_SWITCHED_OFF = Explanation(
    lambda s: s["upstream"] == 0, "0 · inf is nan: the upstream gradient is 0, but the local gradient is infinite",
    "a branch was switched off after it became infinite: choose with np.where(mask, value, 0), which keeps its "
    "gradient out, or keep the slope finite (x + 1e-12)",
)  # fmt: skip
_STEEP = Explanation(
    lambda s: True, "the local gradient is infinite here, or times the upstream gradient beyond the largest number",
    "keep the input off this point (x + 1e-12), scale the loss down, or clip what comes before",
)  # fmt: skip


def _finite(x: Any) -> bool:
    return bool(np.all(np.isfinite(getattr(x, "_data", x))))


def _behind(root: Value, wanted: Callable[[Value], bool] = lambda value: True) -> list[Value]:
    """The value and all it was made from, through values that are wanted only, oldest first."""
    seen, waiting = {root}, [root]
    while waiting:
        for x in waiting.pop().inputs:
            if isinstance(x, Value) and x not in seen and wanted(x):
                seen.add(x)
                waiting.append(x)
    return sorted(seen, key=lambda value: value.serial)


def _began(value: Value) -> bool:
    """Whether a value is the first of its line that is not finite, or that is nan."""
    inputs = [getattr(x, "_data", x) for x in value.inputs]
    if np.any(np.isnan(value._data)):
        return not any(np.any(np.isnan(x)) for x in inputs)
    return not _finite(value) and all(map(_finite, inputs))


def _at(x: Any, index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """The number of an input that an element of the output was made from."""
    return np.broadcast_to(getattr(x, "_data", x), shape)[index]


def _seen(value: Value, index: tuple[int, ...]) -> Iterator[tuple[str, Any]]:
    """The numbers at an element, of gates that work element by element."""
    gate = value.gate
    if gate is not None and gate.elementwise:
        for name, x in zip(gate.names, value.inputs, strict=False):
            yield name, _at(x, index, value.shape)
    yield "out", _at(value, index, value.shape)


def _first(bad: Any) -> tuple[int, ...]:
    return tuple(map(int, np.argwhere(bad)[0])) if np.ndim(bad) else ()


def _explained(value: Value, seen: dict[str, Any], general: list[Explanation]) -> Explanation:
    """The first explanation that fits the numbers, of the gate and then in general."""
    rows = [*EXPLANATIONS.get(value.gate.name if value.gate else "", []), *general]
    return next(row for row in rows if _fits(row, seen))


def _fits(row: Explanation, seen: dict[str, Any]) -> bool:
    try:
        return bool(row.fits(seen))
    except (KeyError, TypeError):  # a gate that is not elementwise, or complex numbers
        return False


def _forward(value: Value, spread: frozenset[Value]) -> NanReport:
    bad = np.isnan(value._data) if np.any(np.isnan(value._data)) else ~np.isfinite(value._data)
    index = _first(bad)
    seen = dict(_seen(value, index))
    given = [k for k, x in enumerate(value.inputs) if not isinstance(x, Value) and not _finite(x)]
    if value.gate is None or given:
        holder = f"its input {given[0]}, a constant array," if given else "this leaf"
        kind = "nan" if np.isnan(seen["out"]) else "infinity"
        why = Explanation(bool, f"{holder} holds {kind}", "look at the data: np.argwhere(~np.isfinite(data))")
    else:
        why = _explained(value, seen, [_OVERFLOW, _UNDEFINED])
    return NanReport(value, "forward", None, index, int(np.sum(bad)), tuple(seen.items()), *why[1:], spread)


def _backward(node: Value, position: int, g: Any, down: Any) -> NanReport:
    bad = ~np.isfinite(down)
    index = _first(bad)
    assert node.gate is not None  # noqa: S101 - only gates pass gradients on
    seen: dict[str, Any] = {}
    if node.gate.elementwise and np.shape(down) == node.shape:
        args = [getattr(x, "_data", x) for x in node.inputs]
        derivative = node.gate.derivatives_of(len(args))[position]
        local = fitted(derivative(np.ones_like(g), node._data, *args, **node.settings), args[position])
        gradients = {"upstream": g, "local": local, "downstream": down}
        seen = dict(_seen(node, index)) | {name: _at(x, index, node.shape) for name, x in gradients.items()}
    switched = _fits(_SWITCHED_OFF, seen)
    why = _SWITCHED_OFF if switched else _explained(node, seen, [_STEEP])
    return NanReport(node, "backward", position, index, int(np.sum(bad)), tuple(seen.items()), *why[1:])


def find_nan(v: Value, gradient: Any = None) -> NanReport:
    """The first gate, forward or backward, that made a nan or an infinity out of finite numbers, and why.

    `gradient` is the upstream gradient of v, by default ones. Nothing is changed, `.grad` neither. An infinity that is
    a constant (a mask of -inf) and never reaches v or a gradient is no fault. Raises GraphError if v is no Value.

    >>> import numpy as np
    >>> from tinygrad_edu import Value
    >>> x = Value([0.0, 1.0], name="x")
    >>> with np.errstate(all="ignore"):
    ...     loss = np.sum(np.log(x) * [0.0, 1.0])
    >>> report = find_nan(loss)
    >>> print(report.value.gate, report.direction, report.index, report.reason)
    log forward (0,) log of 0 is -inf, and its slope is infinite
    """
    if not isinstance(v, Value):
        raise GraphError(f"find_nan: {type(v).__name__} is no Value and has no record of how it was made")
    with np.errstate(all="ignore"):
        if not _finite(v):
            path = _behind(v, lambda value: not _finite(value))
            spread = frozenset(value for value in _behind(v) if not _finite(value))
            return _forward(next(filter(_began, path), path[0]), spread)
        if not v.requires_grad:
            return NanReport()
        found: list[NanReport] = []

        def watch(node: Value, position: int, upstream: Any, downstream: Any) -> None:
            if not found and not _finite(downstream) and _finite(upstream):
                found.append(_backward(node, position, upstream, downstream))

        walk(v, np.ones(v.shape, v.dtype) if gradient is None else gradient, watch=watch)
        return found[0] if found else NanReport()
