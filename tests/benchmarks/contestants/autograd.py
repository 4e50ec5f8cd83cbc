"""HIPS autograd, with the convolution of its own examples."""

from typing import Any

import numpy as np

from ..by_hand.plain import OPTIMISERS, follow
from ..workloads import NORM_EPSILON, Contestant, Workload

__all__ = ["make"]


def forward(workload: Workload, p: dict[str, Any], seen: list[Any], x: Any) -> Any:
    """Logits; `seen` takes each BatchNorm's mean and variance."""
    import autograd.numpy as anp
    from autograd.scipy.signal import convolve

    for k, (kind, *sizes) in enumerate(workload.layers):
        if kind == "linear":
            x = anp.dot(x, p[f"{k}.weight"].T) + p[f"{k}.bias"]
        elif kind == "conv":
            pad = sizes[3]
            x = anp.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), "constant") if pad else x
            w = anp.transpose(p[f"{k}.weight"], (1, 0, 2, 3))[:, :, ::-1, ::-1]
            x = convolve(x, w, axes=([2, 3], [2, 3]), dot_axes=([1], [0]), mode="valid")
            x = x + anp.reshape(p[f"{k}.bias"], (1, -1, 1, 1))
        elif kind == "norm":
            axes, shape = (0, *range(2, x.ndim)), (1, -1, *[1] * (x.ndim - 2))
            mean = anp.mean(x, axes, keepdims=True)
            centred = x - mean
            var = anp.mean(centred * centred, axes, keepdims=True)
            seen.append((mean, var, x.size // x.shape[1]))
            scale = anp.reshape(p[f"{k}.weight"], shape) / anp.sqrt(var + NORM_EPSILON)
            x = centred * scale + anp.reshape(p[f"{k}.bias"], shape)
        elif kind == "relu":
            x = anp.maximum(x, 0)
        elif kind == "pool":
            n, c, h, w = x.shape
            x = anp.max(anp.reshape(x, (n, c, h // 2, 2, w // 2, 2)), axis=(3, 5))
        else:
            x = anp.reshape(x, (len(x), -1))
    return x


def make(workload: Workload, weights: dict[str, Any]) -> Contestant:
    """`value_and_grad` of the loss, the update in plain NumPy."""
    import autograd
    import autograd.numpy as anp
    from autograd.tracer import getval

    p = {key: array.copy() for key, array in weights.items()}
    running = [[np.zeros(n, np.float32), np.ones(n, np.float32)] for kind, *(n, *_) in
               [(*layer, 0) for layer in workload.layers] if kind == "norm"]  # fmt: skip
    seen: list[Any] = []

    def loss_of(p: dict[str, Any], X: Any, y: Any) -> Any:
        logits = forward(workload, p, seen, X)
        logits = logits - anp.max(logits, axis=1, keepdims=True)
        picked = logits[np.arange(len(y)), y]
        return anp.mean(anp.log(anp.sum(anp.exp(logits), axis=1)) - picked)

    both = autograd.value_and_grad(loss_of)
    update = OPTIMISERS[workload.optimiser](list(p.values()), workload.rate)

    def step(X: Any, y: Any) -> float:
        loss, g = both(p, X, y)
        update([g[key] for key in p])
        for pair, (mean, var, n) in zip(running, seen, strict=True):
            follow(pair, getval(mean).ravel(), getval(var).ravel(), n)
        seen.clear()
        return float(loss)

    return Contestant(lambda X, y: (X, y), step, lambda: [a for pair in running for a in pair])
