"""Second derivatives: the Hessian of Rosenbrock's function of 20 numbers, and the Hessian of a network's loss times a
vector (64-32-10 with tanh, batch 32), float64. All first compute the same.
"""

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import numpy as np

import tinygrad_edu as tg

from .page import markdown
from .timing import in_turns

__all__ = ["TASKS", "main", "ways"]

Way = Callable[[], Any]
SHAPES = ((32, 64), (32,), (10, 32), (10,))


def rosenbrock(x: Any) -> Any:
    """Σ 100 (x₊ − x²)² + (1 − x)²."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def loss(np: Any, theta: Any, X: Any, y: Any) -> Any:
    """Cross-entropy of the network whose parameters lie end to end in θ."""
    parts, at = [], 0
    for shape in SHAPES:
        parts.append(theta[at : at + prod(shape)].reshape(shape))
        at += prod(shape)
    W, b, V, c = parts
    logits = np.tanh(X @ W.T + b) @ V.T + c
    return (np.log(np.exp(logits).sum(1)) - logits[np.arange(len(y)), y]).mean()


def network() -> tuple[Any, Any, Any, Any]:
    """Parameters, a direction, a batch."""
    random = np.random.default_rng(0)
    size = sum(map(prod, SHAPES))
    return (
        random.normal(0, 0.1, size),
        random.normal(size=size),
        random.normal(size=(32, 64)),
        random.integers(0, 10, 32),
    )


def ours(task: str) -> Way:
    """`hessian` and `hvp`."""
    if task == "Hessian":
        x = np.linspace(-1, 1, 20)
        return lambda: tg.hessian(rosenbrock)(x)
    theta, v, X, y = network()
    return lambda: tg.hvp(lambda t: loss(np, t, X, y))(theta, v)


def pytorch(task: str) -> Way:
    """`torch.autograd.functional`."""
    import torch

    if task == "Hessian":
        x = torch.linspace(-1, 1, 20, dtype=torch.float64)
        return lambda: torch.autograd.functional.hessian(rosenbrock, x).numpy()
    theta, v, X, y = map(torch.from_numpy, network())

    def of(t: Any) -> Any:
        W, b, V, c = (p.reshape(s) for p, s in zip(t.split([2048, 32, 320, 10]), SHAPES, strict=True))
        return torch.nn.functional.cross_entropy(torch.tanh(X @ W.T + b) @ V.T + c, y)

    return lambda: torch.autograd.functional.vhp(of, theta, v)[1].numpy()


def jax(task: str) -> Way:
    """Forward over reverse, jitted, in float64."""
    import jax

    jax.config.update("jax_enable_x64", True)
    if task == "Hessian":
        compiled, x = jax.jit(jax.hessian(rosenbrock)), np.linspace(-1, 1, 20)
        return lambda: np.asarray(compiled(x))
    theta, v, X, y = map(jax.numpy.array, network())
    product = jax.jit(lambda t, v: jax.jvp(jax.grad(lambda t: loss(jax.numpy, t, X, y)), (t,), (v,))[1])
    return lambda: np.asarray(product(theta, v))


def hips(task: str) -> Way:
    """HIPS autograd."""
    import autograd
    import autograd.numpy as anp

    if task == "Hessian":
        return partial(autograd.hessian(lambda x: anp.sum(rosenbrock(x))), np.linspace(-1, 1, 20))
    theta, v, X, y = network()

    def of(t: Any) -> Any:
        W, b, V, c = (
            t[a : a + n].reshape(s) for a, n, s in zip((0, 2048, 2080, 2400), (2048, 32, 320, 10), SHAPES, strict=True)
        )
        logits = anp.dot(anp.tanh(anp.dot(X, W.T) + b), V.T) + c
        return anp.mean(anp.log(anp.sum(anp.exp(logits), 1)) - logits[np.arange(len(y)), y])

    return partial(autograd.hessian_vector_product(of), theta, v)


MAKERS = {"tinygrad_edu": ours, "PyTorch": pytorch, "JAX jit": jax, "HIPS": hips}
TASKS = {"Hessian": "Hessian of Rosenbrock-20", "hvp": "Hessian of the network times a vector"}


def ways(task: str) -> dict[str, Way]:
    """Those that can be run here; AssertionError unless all compute the same."""
    found: dict[str, Way] = {}
    for name, make in MAKERS.items():
        try:
            found[name] = make(task)
        except ImportError:
            continue
        np.testing.assert_allclose(found[name](), found["tinygrad_edu"](), rtol=1e-6, atol=1e-9, err_msg=name)
    return found


def main() -> None:
    """Milliseconds of each."""
    rows = [["milliseconds", *MAKERS]]
    for task, title in TASKS.items():
        times = in_turns(ways(task), rounds=7)
        rows.append([title, *[f"{times[name] * 1e3:.2f}" if name in times else "not here" for name in MAKERS]])
    print(markdown(rows))
