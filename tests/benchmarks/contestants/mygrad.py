"""MyGrad, with the guards of its memory off."""

from typing import Any

import numpy as np

from ..by_hand.plain import OPTIMISERS, follow
from ..workloads import NORM_EPSILON, Contestant, Workload

__all__ = ["make"]


def forward(workload: Workload, p: dict[str, Any], running: dict[int, Any], x: Any) -> Any:
    """Logits, with MyGrad's own layers; the running statistics move along."""
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.layers import batchnorm, conv_nd, max_pool

    for k, (kind, *sizes) in enumerate(workload.layers):
        if kind == "linear":
            x = mg.matmul(x, p[f"{k}.weight"].T) + p[f"{k}.bias"]
        elif kind == "conv":
            x = conv_nd(x, p[f"{k}.weight"], stride=1, padding=sizes[3]) + p[f"{k}.bias"].reshape(1, -1, 1, 1)
        elif kind == "norm":
            data = x.data if isinstance(x, mg.Tensor) else x
            axes = (0, *range(2, data.ndim))
            follow(running[k], data.mean(axes), data.var(axes), data.size // data.shape[1])
            x = batchnorm(x, gamma=p[f"{k}.weight"], beta=p[f"{k}.bias"], eps=NORM_EPSILON)
        elif kind == "relu":
            x = relu(x)
        elif kind == "pool":
            x = max_pool(x, (2, 2), 2)
        else:
            x = x.reshape(len(x), -1)
    return x


def make(workload: Workload, weights: dict[str, Any]) -> Contestant:
    """Tensors, MyGrad's layers and loss, the update in plain NumPy."""
    import mygrad as mg
    from mygrad.nnet.losses import softmax_crossentropy

    mg.turn_memory_guarding_off()
    p = {key: mg.tensor(array.copy()) for key, array in weights.items()}
    running = {k: [np.zeros(n[0], np.float32), np.ones(n[0], np.float32)]
               for k, (kind, *n) in enumerate(workload.layers) if kind == "norm"}  # fmt: skip
    update = OPTIMISERS[workload.optimiser]([t.data for t in p.values()], workload.rate)

    def step(X: Any, y: Any) -> float:
        loss = softmax_crossentropy(forward(workload, p, running, X), y)
        loss.backward()
        update([t.grad for t in p.values()])
        found = float(loss.item())
        for t in p.values():
            t.null_grad()
        return found

    return Contestant(lambda X, y: (X, y), step, lambda: [a for pair in running.values() for a in pair])
