"""Training steps in NumPy, planned: what a compiler should find.

Every array has its place before the first step, and functions write there with `out=`. The batch is the last axis in
memory, so that a bias, a mean or a scale is one number per contiguous row. What needs no array of its own works in
place. Sums are products with ones, masks are multiplied with, parameters lie end to end in one vector.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from ..workloads import NORM_EPSILON, NORM_MOMENTUM, Contestant, Workload
from .planned_convolution import Conv, NormReluPool
from .planned_updates import OPTIMISERS

__all__ = ["make"]

Array = Any
ZERO = np.float32(0)


class Linear:
    """y = W x + b for columns x; `g_x` is None where nothing asks for it."""

    def __init__(self, x: Array, g_x: Array | None, parameters: list[Array], gradients: list[Array]) -> None:
        (self.weight, bias), (self.g_weight, self.g_bias) = parameters, gradients
        self.x, self.g_x, self.bias = x, g_x, bias[:, None]
        self.out, self.g_out = (np.empty((len(bias), x.shape[1]), np.float32) for _ in range(2))
        self.ones = np.ones(x.shape[1], np.float32)

    def forward(self) -> None:
        np.dot(self.weight, self.x, self.out)
        np.add(self.out, self.bias, self.out)

    def backward(self) -> None:
        np.dot(self.g_out, self.x.T, self.g_weight)
        np.dot(self.g_out, self.ones, self.g_bias)
        if self.g_x is not None:
            np.dot(self.weight.T, self.g_out, self.g_x)


class ReLU:
    """max(x, 0) in place, and its gradient in place."""

    def __init__(self, x: Array, g_x: Array) -> None:
        self.out, self.g_out, self.mask = x, g_x, np.empty(x.shape, bool)

    def forward(self) -> None:
        np.maximum(self.out, ZERO, out=self.out)

    def backward(self) -> None:
        np.greater(self.out, ZERO, self.mask)
        np.multiply(self.g_out, self.mask, self.g_out)


class Norm:
    """BatchNorm of rows: x becomes the centred x in place."""

    def __init__(self, x: Array, g_x: Array, parameters: list[Array], gradients: list[Array]) -> None:
        (self.gamma, beta), (self.g_gamma, self.g_beta) = parameters, gradients
        self.x, self.g_x, self.beta = x, g_x, beta[:, None]
        self.out, self.work = (np.empty_like(x) for _ in range(2))
        self.g_out = self.g_x
        rows, self.n = x.shape
        self.mean, self.var, self.inverse, self.scale, self.a, self.b = np.empty((6, rows), np.float32)
        self.running = [np.zeros(rows, np.float32), np.ones(rows, np.float32)]
        self.ones, self.share = np.ones(self.n, np.float32), np.full(self.n, 1 / self.n, np.float32)

    def forward(self) -> None:
        x, work = self.x, self.work
        np.dot(x, self.share, self.mean)
        np.subtract(x, self.mean[:, None], x)
        np.multiply(x, x, work)
        np.dot(work, self.share, self.var)
        np.add(self.var, np.float32(NORM_EPSILON), self.inverse)
        np.sqrt(self.inverse, self.inverse)
        np.reciprocal(self.inverse, self.inverse)
        np.multiply(self.gamma, self.inverse, self.scale)
        np.multiply(x, self.scale[:, None], self.out)
        np.add(self.out, self.beta, self.out)
        self.follow()

    def follow(self) -> None:
        """The running statistics, in the memory of the batch's."""
        mean, var = self.running
        mean *= np.float32(1 - NORM_MOMENTUM)
        self.mean *= np.float32(NORM_MOMENTUM)
        mean += self.mean
        var *= np.float32(1 - NORM_MOMENTUM)
        self.var *= np.float32(NORM_MOMENTUM * self.n / (self.n - 1))
        var += self.var

    def backward(self) -> None:
        """g_x = γ/σ (g − mean(g) − x̂ mean(g x̂)), with x̂ = x/σ."""
        g, work = self.g_out, self.work
        np.dot(g, self.ones, self.g_beta)
        np.multiply(g, self.x, work)
        np.dot(work, self.ones, self.g_gamma)
        np.multiply(self.g_gamma, self.inverse, self.g_gamma)
        np.multiply(self.scale, np.float32(1 / self.n), self.a)
        np.multiply(self.g_gamma, self.inverse, self.b)
        np.multiply(self.b, self.a, self.b)
        np.multiply(self.g_beta, self.a, self.a)
        np.multiply(g, self.scale[:, None], g)
        np.multiply(self.x, self.b[:, None], work)
        np.subtract(g, work, g)
        np.subtract(g, self.a[:, None], g)


class Loss:
    """Softmax cross-entropy of columns of logits; `forward` leaves the gradient in the logits' own memory."""

    def __init__(self, logits: Array, g_logits: Array) -> None:
        self.logits, self.g_logits = logits, g_logits
        self.classes = np.arange(len(logits))[:, None]
        self.one_hot = np.empty(logits.shape, np.float32)
        self.row = np.empty(logits.shape[1], np.float32)
        self.share = np.float32(1 / logits.shape[1])

    def forward(self, y: Array) -> float:
        logits, g, row = self.logits, self.g_logits, self.row
        np.equal(self.classes, y, self.one_hot)
        np.maximum.reduce(logits, 0, None, row)
        np.subtract(logits, row, logits)
        picked = np.vdot(logits, self.one_hot)
        np.exp(logits, g)
        np.add.reduce(g, 0, None, row)
        np.divide(g, row, g)
        np.subtract(g, self.one_hot, g)
        np.multiply(g, self.share, g)
        np.log(row, row)
        return float((np.add.reduce(row) - picked) * self.share)


def views(vector: Array, shapes: list[tuple[int, ...]]) -> list[Array]:
    """Arrays that lie end to end in a vector."""
    ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
    return [vector[a:b].reshape(shape) for (a, b), shape in zip(pairwise(ends), shapes, strict=True)]


def fused(workload: Workload) -> list[tuple[str, list[int]]]:
    """The layers by position in the network, those between a convolution and its pooling as one."""
    found: list[tuple[str, list[int]]] = []
    for k, (kind, *_) in enumerate(workload.layers):
        if found and found[-1][0] == "block" and kind in ("relu", "pool"):
            found[-1][1].append(k)
        elif found and found[-1][0] == "conv" and kind in ("norm", "relu"):
            found.append(("block", [k]))
        else:
            found.append((kind, [k]))
    return found


def chain(workload: Workload, p: dict[str, Array], g: dict[str, Array], x: Array) -> list[Any]:
    """Layers, each reading where the one before it wrote."""
    layers: list[Any] = []
    names = ("weight", "bias")
    out, g_out = x, None
    plan = fused(workload)
    for at, (kind, (k, *_)) in enumerate(plan):
        own = [[d[f"{k}.{name}"] for name in names if f"{k}.{name}" in d] for d in (p, g)]
        if kind == "flatten":
            out, g_out = (a.reshape(-1, a.shape[-1]) for a in (out, g_out))
            continue
        if kind == "linear":
            layer: Any = Linear(out, g_out, *own)
        elif kind == "norm":
            layer = Norm(out, g_out, *own)
        elif kind == "conv":
            layer = Conv(out, g_out, *own, pad=workload.layers[k][4])
        elif kind == "block":
            following = next(
                (workload.layers[j] for _, (j, *_) in plan[at + 1 :] if workload.layers[j][0] == "conv"), None
            )
            layer = NormReluPool(out, g_out, *own, margin=following[4] if following else 0)
        else:
            layer = ReLU(out, g_out)
        layers.append(layer)
        out, g_out = layer.out, layer.g_out
    return layers


def make(workload: Workload, weights: dict[str, Array]) -> Contestant:
    """Lay everything out, then run down the list of layers and back."""
    shapes = [w.shape for w in weights.values()]
    theta = np.concatenate([w.ravel() for w in weights.values()])
    gradient = np.zeros_like(theta)
    p, g = (dict(zip(weights, views(vector, shapes), strict=True)) for vector in (theta, gradient))
    x = np.empty((*workload.shape, workload.batch), np.float32)
    if len(workload.shape) == 1:
        x = np.empty((workload.batch, *workload.shape), np.float32).T  # BLAS reads it either way
    layers = chain(workload, p, g, x)
    loss, update = (
        Loss(layers[-1].out, layers[-1].g_out),
        OPTIMISERS[workload.optimiser](theta, gradient, workload.rate),
    )
    forwards: list[Callable[[], None]] = [layer.forward for layer in layers]
    backwards: list[Callable[[], None]] = [layer.backward for layer in reversed(layers)]

    def step(X: Array, y: Array) -> float:
        np.copyto(x, np.moveaxis(X, 0, -1))
        for forward in forwards:
            forward()
        found = loss.forward(y)
        for backward in backwards:
            backward()
        update()
        return found

    def running() -> list[Array]:
        return [a for layer in layers for a in getattr(layer, "running", [])]

    return Contestant(lambda X, y: (X, y), step, running)
