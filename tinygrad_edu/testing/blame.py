"""Which gate of a graph is wrong: each recorded call checked by itself, where it was made.

`Suspect` (a call whose gradient is wrong, and the check that says so) · `suspects` · `looked_at` (the graph of a failed
check, with marks for a report to draw). Builds on `gradients`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..engine import Value
from ..errors import GraphError
from .gradients import Problem, orders, widened
from .report import Check

__all__ = ["Suspect", "looked_at", "suspects"]

MOST_NODES = 200


@dataclass(frozen=True)
class Suspect:
    """The value of a gate that passes a wrong gradient to its input at `position`, and the check that failed."""

    value: Value
    position: int
    check: Check

    @property
    def marks(self) -> dict[Any, str]:
        """The gate, and its wrong wire with the reason, for `draw(v, marks=…)`."""
        return {self.value: "", (self.value, self.position): reason(self.check)}

    def __str__(self) -> str:
        box = f" in group {self.value.group.name}" if self.value.group else ""
        return f"gate {self.value.gate}{box}, input {self.position}: {self.check.name}"


def reason(check: Check) -> str:
    """What is wrong, to stand at a wire."""
    finding = check.finding
    if finding is None:
        return f"{check.name} is wrong"
    if not finding.mistake and np.size(finding.expected) == np.size(finding.actual) == 1:
        numbers = [float(np.ravel(x)[0].real) for x in (finding.actual, finding.expected)]
        return f"{numbers[0]:.4g} should be {numbers[1]:.4g}"
    return finding.mistake or f"{check.name} is wrong"


def behind(root: Value) -> list[Value]:
    """The value and all it was made from, oldest first."""
    seen, waiting = {root}, [root]
    while waiting:
        for x in waiting.pop().inputs:
            if isinstance(x, Value) and x not in seen:
                seen.add(x)
                waiting.append(x)
    return sorted(seen, key=lambda value: value.serial)


def suspects(out: Value, order: int = 1, tolerance: float = 1e-8) -> Iterator[Suspect]:
    """The recorded calls behind `out` whose gradients are wrong at the inputs they had, oldest first.

    The chain rule multiplies local gradients, so a wrong gradient of `out` comes from one of these, or from a function
    that reads data past the record (`v.data`): then there is none.

    >>> from tinygrad_edu import Value
    >>> x = Value([1.0, -2.0])
    >>> list(suspects((x * x).sum()))
    []
    """
    if not isinstance(out, Value):
        raise GraphError(f"suspects: {type(out).__name__} has no graph; give the Value that came out")
    for value in behind(out):
        if value.gate is None or not value.requires_grad:
            continue
        wrt = [k for k, x in enumerate(value.inputs) if isinstance(x, Value) and x.requires_grad]
        if (wrong := _wrong(value, wrt, order, tolerance)) is not None:
            yield Suspect(value, _position(wrong, wrt), wrong)


def _wrong(value: Value, wrt: Sequence[int], order: int, tolerance: float) -> Check | None:
    """The first check that fails of the gate alone, at the numbers its inputs had."""
    arrays = [widened(getattr(x, "data", x) if isinstance(x, Value) else x) for x in value.inputs]
    with np.errstate(all="ignore"):
        problem = Problem(partial(_called, value.gate, dict(value.settings)), arrays, wrt=wrt)
        return next((check for check in orders(problem, order, tolerance) if check.ok is False), None)


def _called(gate: Any, settings: dict[str, Any], *inputs: Any) -> Any:
    return gate(*inputs, **settings)


def _position(check: Check, wrt: Sequence[int]) -> int:
    """The input that a check is about; the first one where it is about all of them."""
    last = check.name.rsplit(" ", 1)[-1]
    return int(last) if last.isdigit() else wrt[0]


def looked_at(f: Callable[..., Any], failure: Check) -> tuple[Value | None, dict[Any, str], str]:
    """The graph of `f` at the inputs of a failure, with gradients; what to mark in it; the wrong gate among several.

    Where no gate is wrong by itself, or only one could be, the wires from the input are marked that the failure names.
    """
    finding = failure.finding
    if finding is None or not finding.inputs:
        return None, {}, ""
    leaves = [Value(x, name=f"input {k}") if np.asarray(x).dtype.kind in "fc" else x
              for k, x in enumerate(finding.inputs)]  # fmt: skip
    with np.errstate(all="ignore"):
        out = f(*leaves)
        if not isinstance(out, Value) or out.gate is None:
            return None, {}, ""
        _filled(out)
        values = [value for value in behind(out) if value.gate is not None]
        order = 2 if "second" in failure.name else 1
        blamed = next(suspects(out, order), None) if 1 < len(values) <= MOST_NODES else None
    if blamed is not None:
        return out, blamed.marks, str(blamed)
    return out, _wires(values, leaves, failure) or {out: reason(failure)}, ""


def _filled(out: Value) -> None:
    """Gradients for the drawing to show, where the engine comes to any."""
    try:
        out.backward(np.ones(out.shape, out.dtype))
    except Exception:  # noqa: BLE001 - what is checked may be wrong in any way
        out.zero_grad()


def _wires(values: Sequence[Value], leaves: Sequence[Any], failure: Check) -> dict[Any, str]:
    """The wires out of the input that a failure is about."""
    finding = failure.finding
    numbers = [int(word) for word in finding.where.split() if word.isdigit()] if finding else []
    if finding is None or not numbers or numbers[0] >= len(leaves):
        return {}
    leaf, told = leaves[numbers[0]], reason(failure)
    return {(value, k): told for value in values for k, x in enumerate(value.inputs) if x is leaf}
