"""JAX, the whole step jitted, with its memory given back (`donate_argnums`) and channels last, as its libraries do."""

from typing import Any

import numpy as np

from ..workloads import BETAS, EPSILON, MOMENTUM, NORM_EPSILON, NORM_MOMENTUM, Contestant, Workload

__all__ = ["make"]

Arrays = dict[str, Any]


def forward(workload: Workload, p: Arrays, x: Any) -> tuple[Any, Arrays]:
    """Logits, and the statistics of the batch."""
    import jax
    from jax import lax

    seen: Arrays = {}
    for k, (kind, *sizes) in enumerate(workload.layers):
        if kind == "linear":
            x = x @ p[f"{k}.weight"].T + p[f"{k}.bias"]
        elif kind == "conv":
            pad, names = [(sizes[3], sizes[3])] * 2, ("NHWC", "HWIO", "NHWC")
            x = lax.conv_general_dilated(x, p[f"{k}.weight"], (1, 1), pad, dimension_numbers=names) + p[f"{k}.bias"]
        elif kind == "norm":
            axes = tuple(range(x.ndim - 1))
            mean, var = x.mean(axes), x.var(axes)
            x = (x - mean) * (p[f"{k}.weight"] * lax.rsqrt(var + NORM_EPSILON)) + p[f"{k}.bias"]
            n = x.size // x.shape[-1]
            seen[f"{k}.mean"], seen[f"{k}.var"] = mean, var * (n / (n - 1))
        elif kind == "relu":
            x = jax.nn.relu(x)
        elif kind == "pool":
            x = lax.reduce_window(x, -np.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        else:
            x = x.transpose(0, 3, 1, 2).reshape(len(x), -1)
    return x, seen


def update(workload: Workload, p: Arrays, g: Arrays, memory: dict[str, Any]) -> tuple[Arrays, dict[str, Any]]:
    """Adam or momentum."""
    import jax
    import jax.numpy as jnp

    tree = jax.tree_util.tree_map
    if workload.optimiser == "momentum":
        velocity = tree(lambda v, d: MOMENTUM * v + d, memory["velocity"], g)
        return tree(lambda w, v: w - workload.rate * v, p, velocity), {"velocity": velocity}
    (b1, b2), t = BETAS, memory["t"] + 1
    m = tree(lambda m, d: b1 * m + (1 - b1) * d, memory["m"], g)
    v = tree(lambda v, d: b2 * v + (1 - b2) * d * d, memory["v"], g)
    c1, c2 = 1 - b1**t, 1 - b2**t
    p = tree(lambda w, m, v: w - workload.rate * (m / c1) / (jnp.sqrt(v / c2) + EPSILON), p, m, v)
    return p, {"m": m, "v": v, "t": t}


def make(workload: Workload, weights: Arrays) -> Contestant:
    """Parameters as a dictionary, pure functions, one compiled step."""
    import jax
    import jax.numpy as jnp

    p = {key: jnp.array(w.transpose(2, 3, 1, 0) if w.ndim == 4 else w) for key, w in weights.items()}
    zeros = jax.tree_util.tree_map(jnp.zeros_like, p)
    if workload.optimiser == "adam":
        memory: dict[str, Any] = {"m": zeros, "v": jax.tree_util.tree_map(jnp.zeros_like, p), "t": jnp.float32(0)}
    else:
        memory = {"velocity": zeros}
    norms = {f"{k}.{s}": jnp.full(n[0], s == "var", jnp.float32) for k, (kind, *n) in enumerate(workload.layers)
             if kind == "norm" for s in ("mean", "var")}  # fmt: skip
    order = list(norms)  # JAX sorts a dictionary's keys

    def loss_of(p: Arrays, x: Any, y: Any) -> tuple[Any, Arrays]:
        logits, seen = forward(workload, p, x)
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1).mean(), seen

    def whole(p: Arrays, memory: Any, norms: Arrays, x: Any, y: Any) -> Any:
        (loss, seen), g = jax.value_and_grad(loss_of, has_aux=True)(p, x, y)
        norms = {key: (1 - NORM_MOMENTUM) * old + NORM_MOMENTUM * seen[key] for key, old in norms.items()}
        return loss, *update(workload, p, g, memory), norms

    compiled, state = jax.jit(whole, donate_argnums=(0, 1, 2)), [p, memory, norms]

    def step(x: Any, y: Any) -> float:
        loss, *state[:] = compiled(*state, x, y)
        loss = float(loss)
        jax.block_until_ready(state[0])
        return loss

    def load(X: Any, y: Any) -> tuple[Any, Any]:
        return jnp.array(X.transpose(0, 2, 3, 1) if X.ndim == 4 else X), jnp.array(y)

    return Contestant(load, step, lambda: [np.asarray(state[2][key]) for key in order])
