"""The table of sample inputs: what every registered gate is checked with.

To add a gate, enter it in the file of its family, `tests/gates/samples_<family>.py` (a new family: a new file, found
by its name), with one call of `samples`; nothing else needs a change:

    samples(
        "mul",                                     # the gate's name in GATES
        call([[1.0, -2.0]], [[0.5], [0.0]]),       # inputs, then settings by keyword
        call(x, mask, axis=1).by(0),               # .by(positions): differentiated by these inputs only
        call(x).first_order(),                     # .first_order(): no second derivative exists here
        drawn=elementwise(2, low=0.5, high=2.0),   # a Hypothesis strategy of calls
        torch=lambda torch, x, y: torch.mul(x, y), # PyTorch's twin, if it has one: gets tensors and the settings
    )

`test_gates.py` runs each of these calls through `check_gate` (first and second order against numbers, broadcasting,
reuse, layouts, precision, linearity …; kinks and ties may be among the inputs), draws from `drawn`, and compares with
the twin. A gate without an entry fails a test. `drawn` is made with `elementwise(n)`, `reducing()`, or `drawn_call` as
a decorator of a function that draws.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

import tinygrad_edu
from tinygrad_edu.operators import GATES
from tinygrad_edu.testing import strategies

__all__ = ["SAMPLES", "Call", "call", "drawn_call", "elementwise", "every", "reducing", "samples", "unsampled"]


@dataclass(frozen=True)
class Call:
    """One call of a gate: inputs and settings, by which inputs it is differentiated, to which order."""

    inputs: tuple[Any, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    wrt: tuple[int, ...] | None = None
    order: int = 2

    def by(self, *positions: int) -> "Call":
        return replace(self, wrt=positions)

    def first_order(self) -> "Call":
        return replace(self, order=1)

    def __str__(self) -> str:
        shapes = ", ".join("×".join(map(str, np.shape(x))) or "0-d" for x in self.inputs)
        text = ", ".join([shapes, *(f"{k}={v}" for k, v in self.settings.items())])
        return re.sub(" at 0x[0-9a-f]+", "", text)  # an address would differ between test workers


@dataclass(frozen=True)
class Samples:
    """All that a gate is checked with."""

    gate: str
    calls: tuple[Call, ...]
    drawn: st.SearchStrategy[Call] | None
    torch: Callable[..., Any] | None


SAMPLES: dict[str, Samples] = {}


def call(*inputs: Any, **settings: Any) -> Call:
    return Call(tuple(x if isinstance(x, np.ndarray | np.generic) else np.asarray(x)[()] for x in inputs), settings)


def samples(
    gate: str,
    *calls: Call,
    drawn: st.SearchStrategy[Call] | None = None,
    torch: Callable[..., Any] | None = None,
) -> None:
    """Enter the samples of a gate: at least one call or a strategy; a second entry for one gate is refused."""
    if gate in SAMPLES or (not calls and drawn is None):
        raise ValueError(f"samples of gate {gate}: " + ("entered twice" if gate in SAMPLES else "no call, no strategy"))
    SAMPLES[gate] = Samples(gate, calls, drawn, torch)


def elementwise(count: int, low: float = -2.0, high: float = 2.0, **settings: Any) -> st.SearchStrategy[Call]:
    """Calls with `count` inputs of mutually broadcastable shapes, their numbers on a grid from `low` to `high`."""
    return strategies.broadcastable(count, low, high).map(lambda inputs: call(*inputs, **settings))


def reducing(low: float = -2.0, high: float = 2.0, min_side: int = 1, **settings: Any) -> st.SearchStrategy[Call]:
    """Calls of a gate with settings `axis` and `keepdims`: shapes, axes (also tuples, negative, None) drawn."""

    @st.composite
    def draw_call(draw: Any) -> Call:
        x = draw(strategies.arrays(strategies.shapes(min_side=min_side), low, high))
        return call(x, axis=draw(strategies.axes(np.ndim(x))), keepdims=draw(st.booleans()), **settings)

    return draw_call()


def drawn_call(function: Callable[..., Call]) -> st.SearchStrategy[Call]:
    """Decorator: a function of Hypothesis' `draw` that gives a call, as a strategy."""
    return st.composite(function)()


def unsampled(gates: Mapping[str, Any]) -> list[str]:
    """The gates of the package among these that have no samples."""
    return sorted(name for name, gate in gates.items() if name not in SAMPLES and name not in _DOCTEST_GATES)


_DOCTEST_GATES = {"cube"}  # declared by an example in a docstring, in the module's own name


@cache
def every() -> dict[str, Any]:
    """Every gate of the package, by name: all its modules are imported, and all families' samples."""
    for module in pkgutil.walk_packages(tinygrad_edu.__path__, "tinygrad_edu."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for file in sorted(Path(__file__).parent.glob("samples_*.py")):
        importlib.import_module(f"{__package__}.{file.stem}")
    return {name: gate for name, gate in GATES.items() if gate.forward.__module__.startswith("tinygrad_edu.")}
