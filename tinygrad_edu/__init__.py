"""tinygrad_edu: a computation-graph engine that teaches backpropagation: plain NumPy, drawn, explained and trained.

>>> import numpy as np
>>> from tinygrad_edu import Value
>>> w, x = Value([2.0, -3.0], name="w"), Value([-1.0, -2.0], name="x")
>>> f = 1 / (1 + np.exp(-(w @ x - 3)))
>>> f.backward()
>>> w.grad.round(2).tolist()
[-0.2, -0.39]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import gates, numpy_protocol
from .calculus import (
    checkpoint,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from .engine import Gate, Value, gate, walk
from .gates.elementary import relu, sigmoid, softplus
from .gates.fused import log_softmax, softmax, softmax_cross_entropy
from .gates.reduction import logsumexp
from .modes import group, no_grad, tie_policy, tracing
from .operators import GATES

if TYPE_CHECKING:
    from . import compiling, data, drawing, nn, optim, testing, training
    from .compiling import Compiled, compile
    from .diagnosis import NanReport, find_nan
    from .drawing import Drawing, draw, exercise, explain, lesson, show
    from .random import manual_seed

__version__ = "0.1.0"

__all__ = [
    "GATES",
    "Compiled",
    "Drawing",
    "Gate",
    "NanReport",
    "Value",
    "checkpoint",
    "compile",
    "compiling",
    "data",
    "draw",
    "drawing",
    "elementwise_grad",
    "exercise",
    "explain",
    "find_nan",
    "gate",
    "gates",
    "grad",
    "group",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "lesson",
    "log_softmax",
    "logsumexp",
    "manual_seed",
    "nn",
    "no_grad",
    "numpy_protocol",
    "optim",
    "relu",
    "show",
    "sigmoid",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "testing",
    "tie_policy",
    "tracing",
    "training",
    "value_and_grad",
    "vjp",
    "walk",
]

# Loaded at first use, so that `import tinygrad_edu` stays quick: a room, or a name and the room it comes from.
_ROOMS = frozenset({"compiling", "data", "drawing", "nn", "optim", "testing", "training"})
_FROM = {
    "Compiled": "compiling",
    "Drawing": "drawing",
    "NanReport": "diagnosis",
    "compile": "compiling",
    "draw": "drawing",
    "exercise": "drawing",
    "explain": "drawing",
    "find_nan": "diagnosis",
    "lesson": "drawing",
    "manual_seed": "random",
    "show": "drawing",
}


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name in _FROM:
        return getattr(import_module(f".{_FROM[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _shown(self: Value, **_: Any) -> dict[str, str]:
    """What a notebook shows of a Value: its circuit. Here, since the engine knows nothing of drawing."""
    from .drawing.notebook import bundle

    return bundle(self)


Value._repr_mimebundle_ = _shown  # type: ignore[attr-defined]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
