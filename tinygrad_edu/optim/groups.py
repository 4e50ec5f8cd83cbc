"""Groups of parameters with settings of their own. Builds on the engine's `Value`.

`decay_matrices`.
"""

from collections.abc import Iterable
from typing import Any

from ..engine import Value

__all__ = ["decay_matrices"]


def decay_matrices(params: Iterable[Value], weight_decay: float) -> list[dict[str, Any]]:
    """Two groups: weights with two or more axes decay; biases and the numbers of normalisation layers do not.

    >>> from tinygrad_edu.optim import AdamW
    >>> weight, bias = Value([[1.0]]), Value([1.0])
    >>> optimizer = AdamW(decay_matrices([weight, bias], 0.1), lr=0.01)
    >>> [group["weight_decay"] for group in optimizer.param_groups]
    [0.1, 0.0]
    """
    leaves = list(params)
    groups = [
        {"params": [p for p in leaves if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in leaves if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
