"""One kit for all engines: `check_engine` (the properties of a gradient on any of them), `compare` (one function on
all that are installed), `on_engine` (a function in plain NumPy, with the engine's own module in the place of `np`).

Builds on `adapters`, `properties`, `gatecheck` and `gradients`.
"""

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from types import FunctionType
from typing import Any

import numpy as np

from ..errors import GradientError
from .adapters import PEERS, Autograd, Jax, MyGrad, PyTorch, Scalars, Tensors
from .engines import Engine, Function, TinygradEdu
from .gatecheck import check_gate
from .properties import PROPERTIES
from .report import Check, Report, shown

__all__ = [
    "PEERS",
    "PROPERTIES",
    "Autograd",
    "Jax",
    "MyGrad",
    "PyTorch",
    "Scalars",
    "Tensors",
    "check_engine",
    "compare",
    "on_engine",
]


def on_engine(f: Function, engine: Engine) -> Function:
    """`f` with the engine's own module wherever it says `np`."""
    if engine.module is np or not isinstance(f, FunctionType):
        return f
    names = {name: engine.module if value is np else value for name, value in f.__globals__.items()}
    return FunctionType(f.__code__, names, f.__name__, f.__defaults__, f.__closure__)


def check_engine(engine: Engine, only: Iterable[str] | None = None, order: int = 1) -> Report:
    """The gradients of an engine on a table of functions; a report, never an error: engines differ in what they have.

    A function that the engine has no way to run is marked – (not checked).

    >>> report = check_engine(Scalars(), ["add", "multiply", "a value used twice", "exp"])
    >>> print(report)
    Scalar: right (4 checks)
      ✓ add
      ✓ multiply
      ✓ a value used twice
      ✓ exp
    """
    report = Report(engine.name)
    for name in PROPERTIES if only is None else only:
        f, inputs = PROPERTIES[name]
        report.checks.append(_checked(name, on_engine(f, engine), inputs, engine, order))
    return report


def _checked(name: str, f: Function, inputs: tuple[Any, ...], engine: Engine, order: int) -> Check:
    try:
        with np.errstate(all="ignore"):
            check_gate(f, *inputs, engine=engine, order=order)
    except GradientError as error:
        failure = error.report.failures[0]  # type: ignore[attr-defined]  # a Report
        return Check(name, False, failure.name, failure.finding)
    except Exception as error:  # noqa: BLE001 - an engine may fail in any way at what it does not know
        return Check(name, None, f"not available ({type(error).__name__})")
    return Check(name, True)


def compare(f: Function, inputs: Sequence[Any], peers: Iterable[str] | None = None) -> str:
    """A table of the value and gradients of Σ f(*inputs) on this engine and on `peers` (by default all installed).

    >>> print(compare(lambda x, y: x * y, [2.0, 3.0], peers=[]))
    engine       | value | gradient 0 | gradient 1
    tinygrad_edu | 6.    | 3.         | 2.
    """
    names = [name for name in PEERS if find_spec(name)] if peers is None else list(peers)
    rows = [["engine", "value", *(f"gradient {k}" for k in range(len(inputs)))]]
    arrays = [np.asarray(x, float)[()] for x in inputs]
    places = range(len(arrays))
    for engine in [TinygradEdu(), *(PEERS[name]() for name in names)]:
        g = on_engine(f, engine)
        try:
            value = engine.array(g(*engine.leaves(arrays, places)))
            found = engine.gradients(g, arrays, places, np.ones_like(value))
        except Exception as error:  # noqa: BLE001 - what a peer can't do is part of the comparison
            rows.append([engine.name, f"{type(error).__name__}", *[""] * len(inputs)])
            continue
        rows.append(
            [engine.name, shown(value), *("none" if each is None else shown(engine.array(each)) for each in found)]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(" | ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)).rstrip() for row in rows)
