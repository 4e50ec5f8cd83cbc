"""The training steps that are compared: networks, batches and optimisers, stated once for every library, float32."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod, sqrt
from typing import Any

import numpy as np

__all__ = ["WORKLOADS", "Contestant", "Layer", "Workload", "batches", "start", "tiny"]

Array = Any
Layer = tuple[Any, ...]  # its kind, then its sizes
BETAS, EPSILON, MOMENTUM = (0.9, 0.999), 1e-8, 0.9  # of every optimiser
NORM_EPSILON, NORM_MOMENTUM = 1e-5, 0.1  # of every BatchNorm


@dataclass(frozen=True)
class Workload:
    """A training step: layers, the shape of one sample, batch size, optimiser and learning rate."""

    name: str
    layers: tuple[Layer, ...]
    shape: tuple[int, ...]
    batch: int
    optimiser: str
    rate: float


@dataclass(frozen=True)
class Contestant:
    """One library's way: `load` gives a batch its form, `step` trains on it and gives the loss before the update, and
    `running` gives BatchNorm's running means and variances.
    """

    load: Callable[[Array, Array], tuple[Any, ...]]
    step: Callable[..., float]
    running: Callable[[], list[Array]]


def mlp(*sizes: int) -> tuple[Layer, ...]:
    """Linear layers with ReLU between them."""
    layers: list[Layer] = []
    for n, m in pairwise(sizes):
        layers += [("linear", n, m), ("relu",)]
    return tuple(layers[:-1])


def deep(width: int, depth: int) -> tuple[Layer, ...]:
    """Many blocks of linear, BatchNorm and ReLU, and ten logits."""
    return (("linear", width, width), ("norm", width), ("relu",)) * depth + (("linear", width, 10),)


LENET = (
    *(("conv", 1, 6, 5, 2), ("relu",), ("pool",), ("conv", 6, 16, 5, 0), ("relu",), ("pool",), ("flatten",)),
    *(("linear", 400, 120), ("relu",), ("linear", 120, 84), ("relu",), ("linear", 84, 10)),
)
CNN = (
    *(("conv", 3, 32, 3, 1), ("norm", 32), ("relu",), ("pool",)),
    *(("conv", 32, 64, 3, 1), ("norm", 64), ("relu",), ("pool",), ("flatten",), ("linear", 64 * 8 * 8, 10)),
)

WORKLOADS = {
    w.name: w
    for w in (
        Workload("MLP 64-32-10, batch 32, Adam", mlp(64, 32, 10), (64,), 32, "adam", 1e-3),
        Workload("MLP 784-512-512-10, batch 128, Adam", mlp(784, 512, 512, 10), (784,), 128, "adam", 1e-3),
        Workload(
            "20 × (linear 100, BatchNorm, ReLU), batch 128, momentum", deep(100, 20), (100,), 128, "momentum", 1e-4
        ),
        Workload("LeNet 28×28, batch 64, momentum", LENET, (1, 28, 28), 64, "momentum", 0.01),
        Workload("CNN 32×32×3, batch 64, Adam", CNN, (3, 32, 32), 64, "adam", 1e-3),
    )
}


def tiny(workload: Workload) -> Workload:
    """With images, the same network on few of them, to see quickly that it runs."""
    return replace(workload, batch=4) if len(workload.shape) > 1 else workload


def start(workload: Workload) -> dict[str, Array]:
    """The same first parameters for every way, under PyTorch's names: uniform in ±1/√fan-in; γ = 1, β = 0."""
    random, found = np.random.default_rng(0), {}
    for k, (kind, *sizes) in enumerate(workload.layers):
        if kind == "norm":
            found[f"{k}.weight"], found[f"{k}.bias"] = np.ones(sizes[0], np.float32), np.zeros(sizes[0], np.float32)
        elif kind in ("linear", "conv"):
            window = (sizes[2], sizes[2]) if kind == "conv" else ()
            shape = (sizes[1], sizes[0], *window)
            bound = 1 / sqrt(prod(shape[1:]))
            found[f"{k}.weight"] = random.uniform(-bound, bound, shape).astype(np.float32)
            found[f"{k}.bias"] = random.uniform(-bound, bound, sizes[1]).astype(np.float32)
    return found


def batches(workload: Workload, count: int) -> list[tuple[Array, Array]]:
    """Samples and labels, always the same."""
    random = np.random.default_rng(1)
    return [
        (random.standard_normal((workload.batch, *workload.shape), np.float32), random.integers(0, 10, workload.batch))
        for _ in range(count)
    ]
