"""tinygrad_edu: a computation-graph engine that teaches backpropagation: plain NumPy, drawn, explained and trained.

>>> import numpy as np
>>> from tinygrad_edu import Value
>>> w, x = Value([2.0, -3.0], name="w"), Value([-1.0, -2.0], name="x")
>>> f = 1 / (1 + np.exp(-(w @ x - 3)))
>>> f.backward()
>>> w.grad.round(2).tolist()
[-0.2, -0.39]
"""

from . import gates, nn, numpy_protocol
from .drawing import Drawing, draw
from .engine import Gate, Value, gate, walk
from .gates.elementary import relu, sigmoid, softplus
from .gates.fused import log_softmax, softmax, softmax_cross_entropy
from .gates.reduction import logsumexp
from .modes import group, no_grad, tie_policy, tracing
from .operators import GATES
from .random import manual_seed

__version__ = "0.1.0"

__all__ = [
    "GATES",
    "Drawing",
    "Gate",
    "Value",
    "draw",
    "gate",
    "gates",
    "group",
    "log_softmax",
    "logsumexp",
    "manual_seed",
    "nn",
    "no_grad",
    "numpy_protocol",
    "relu",
    "sigmoid",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "tie_policy",
    "tracing",
    "walk",
]
