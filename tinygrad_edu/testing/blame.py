"""Which gate of a graph is wrong: each recorded call checked by itself, where it was made.

`Suspect` (a call whose gradient is wrong, and the check that says so) · `suspects`. Builds on `gradients`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..engine import Value
from ..errors import GraphError
from .gradients import Problem, orders, widened
from .report import Check

__all__ = ["Suspect", "suspects"]


@dataclass(frozen=True)
class Suspect:
    """The value of a gate that passes a wrong gradient to its input at `position`, and the check that failed."""

    value: Value
    position: int
    check: Check

    @property
    def marks(self) -> dict[Any, str]:
        """The value and its wrong wire, each with the reason, for `draw(v, marks=…)`."""
        finding = self.check.finding
        reason = (finding and finding.mistake) or f"{self.check.name} is wrong"
        return {self.value: f"gate {self.value.gate}: {reason}", (self.value, self.position): reason}

    def __str__(self) -> str:
        box = f" in group {self.value.group.name}" if self.value.group else ""
        return f"gate {self.value.gate}{box}, input {self.position}: {self.check.name}"


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
