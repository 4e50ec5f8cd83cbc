"""Training steps as one writes them first in NumPy: layers with forward and backward, arrays made anew where needed."""

from typing import Any

import numpy as np

from ..workloads import BETAS, EPSILON, MOMENTUM, NORM_EPSILON, NORM_MOMENTUM, Contestant, Workload

__all__ = ["OPTIMISERS", "Adam", "Momentum", "follow", "make"]

Array = Any


def follow(running: list[Array], mean: Array, var: Array, n: int) -> None:
    """Move running statistics a share of the way to a batch's; its variance as an unbiased one, as in PyTorch."""
    running[0] = (1 - NORM_MOMENTUM) * running[0] + NORM_MOMENTUM * mean
    running[1] = (1 - NORM_MOMENTUM) * running[1] + NORM_MOMENTUM * (n / (n - 1)) * var


class Layer:
    """A layer: `forward` keeps what `backward` needs; parameters and their gradients are lists of the same length."""

    parameters: list[Array] = []  # noqa: RUF012 - none; never changed
    gradients: list[Array]

    def forward(self, x: Array) -> Array:
        raise NotImplementedError

    def backward(self, g: Array) -> Array:
        raise NotImplementedError


class Linear(Layer):
    def __init__(self, weight: Array, bias: Array, first: bool) -> None:
        self.parameters, self.first = [weight, bias], first

    def forward(self, x: Array) -> Array:
        self.x = x
        return x @ self.parameters[0].T + self.parameters[1]

    def backward(self, g: Array) -> Array:
        self.gradients = [g.T @ self.x, g.sum(0)]
        return None if self.first else g @ self.parameters[0]


class ReLU(Layer):
    def forward(self, x: Array) -> Array:
        self.mask = x > 0
        return np.maximum(x, 0)

    def backward(self, g: Array) -> Array:
        return g * self.mask


class Flatten(Layer):
    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, g: Array) -> Array:
        return g.reshape(self.shape)


class Norm(Layer):
    """BatchNorm over all axes but the channels'."""

    def __init__(self, gamma: Array, beta: Array) -> None:
        self.parameters = [gamma, beta]
        self.running = [np.zeros_like(beta), np.ones_like(gamma)]

    def forward(self, x: Array) -> Array:
        self.axes, self.shape = (0, *range(2, x.ndim)), (-1, *[1] * (x.ndim - 2))
        mean, var = x.mean(self.axes), x.var(self.axes)
        follow(self.running, mean, var, x.size // x.shape[1])
        self.inverse = (1 / np.sqrt(var + NORM_EPSILON)).reshape(self.shape)
        self.standard = (x - mean.reshape(self.shape)) * self.inverse
        gamma, beta = (p.reshape(self.shape) for p in self.parameters)
        return gamma * self.standard + beta

    def backward(self, g: Array) -> Array:
        self.gradients = [(g * self.standard).sum(self.axes), g.sum(self.axes)]
        n = g.size // g.shape[1]
        by_gamma, by_beta = (d.reshape(self.shape) / n for d in self.gradients)
        return self.parameters[0].reshape(self.shape) * self.inverse * (g - by_beta - self.standard * by_gamma)


class Conv(Layer):
    """A convolution as a matrix product of weights and patches."""

    def __init__(self, weight: Array, bias: Array, pad: int, first: bool) -> None:
        self.parameters, self.pad, self.first = [weight, bias], pad, first

    def forward(self, x: Array) -> Array:
        weight, bias = self.parameters
        p, k = self.pad, weight.shape[-1]
        self.x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        self.patches = np.lib.stride_tricks.sliding_window_view(self.x, (k, k), (2, 3))  # N C H W k k
        out = np.tensordot(self.patches, weight, ((1, 4, 5), (1, 2, 3)))  # N H W O
        return (out + bias).transpose(0, 3, 1, 2)

    def backward(self, g: Array) -> Array:
        weight = self.parameters[0]
        self.gradients = [np.tensordot(g, self.patches, ((0, 2, 3), (0, 2, 3))), g.sum((0, 2, 3))]
        if self.first:
            return None
        back, p = np.zeros_like(self.x), self.pad
        h, w = g.shape[2:]
        by_patch = np.tensordot(g, weight, ((1,), (0,)))  # N H W C k k
        for i in range(weight.shape[2]):
            for j in range(weight.shape[3]):
                back[:, :, i : i + h, j : j + w] += by_patch[..., i, j].transpose(0, 3, 1, 2)
        return back[:, :, p:-p, p:-p] if p else back


class Pool(Layer):
    """The largest of each 2×2 window; the first of equals takes the gradient."""

    def forward(self, x: Array) -> Array:
        n, c, h, w = self.shape = x.shape
        windows = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
        self.winner = windows.argmax(-1)[..., None]
        return np.take_along_axis(windows, self.winner, -1)[..., 0]

    def backward(self, g: Array) -> Array:
        n, c, h, w = self.shape
        windows = np.zeros((n, c, h // 2, w // 2, 4), g.dtype)
        np.put_along_axis(windows, self.winner, g[..., None], -1)
        return windows.reshape(n, c, h // 2, w // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(self.shape)


class Adam:
    """Kingma and Ba 2015, algorithm 1."""

    def __init__(self, parameters: list[Array], rate: float) -> None:
        self.parameters, self.rate, self.t = parameters, rate, 0
        self.m, self.v = ([np.zeros_like(p) for p in parameters] for _ in range(2))

    def __call__(self, gradients: list[Array]) -> None:
        b1, b2 = BETAS
        self.t += 1
        c1, c2 = 1 - b1**self.t, 1 - b2**self.t
        for p, g, m, v in zip(self.parameters, gradients, self.m, self.v, strict=True):
            m *= b1
            m += (1 - b1) * g
            v *= b2
            v += (1 - b2) * g * g
            p -= self.rate * (m / c1) / (np.sqrt(v / c2) + EPSILON)


class Momentum:
    """v ← μ v + g, θ ← θ − η v."""

    def __init__(self, parameters: list[Array], rate: float) -> None:
        self.parameters, self.rate = parameters, rate
        self.velocities = [np.zeros_like(p) for p in parameters]

    def __call__(self, gradients: list[Array]) -> None:
        for p, g, v in zip(self.parameters, gradients, self.velocities, strict=True):
            v *= MOMENTUM
            v += g
            p -= self.rate * v


OPTIMISERS: dict[str, Any] = {"adam": Adam, "momentum": Momentum}


def layers_of(workload: Workload, weights: dict[str, Array]) -> list[Layer]:
    """The layers, with copies of the weights."""
    found: list[Layer] = []
    for k, (kind, *sizes) in enumerate(workload.layers):
        own = [weights[f"{k}.{name}"].copy() for name in ("weight", "bias") if f"{k}.{name}" in weights]
        if kind == "linear":
            found.append(Linear(*own, first=k == 0))
        elif kind == "conv":
            found.append(Conv(*own, pad=sizes[3], first=k == 0))
        elif kind == "norm":
            found.append(Norm(*own))
        else:
            found.append({"relu": ReLU, "pool": Pool, "flatten": Flatten}[kind]())
    return found


def make(workload: Workload, weights: dict[str, Array]) -> Contestant:
    """Forward, softmax cross-entropy, backward, update."""
    layers = layers_of(workload, weights)
    learning = [layer for layer in layers if layer.parameters]
    update = OPTIMISERS[workload.optimiser]([p for layer in learning for p in layer.parameters], workload.rate)

    def step(x: Array, y: Array) -> float:
        for layer in layers:
            x = layer.forward(x)
        rows = np.arange(len(y))
        x = x - x.max(1, keepdims=True)
        exponentials = np.exp(x)
        total = exponentials.sum(1, keepdims=True)
        loss = (np.log(total[:, 0]) - x[rows, y]).mean()
        g = exponentials / total
        g[rows, y] -= 1
        g /= len(y)
        for layer in reversed(layers):
            g = layer.backward(g)
        update([d for layer in learning for d in layer.gradients])
        return float(loss)

    def running() -> list[Array]:
        return [a for layer in layers if isinstance(layer, Norm) for a in layer.running]

    return Contestant(lambda X, y: (X, y), step, running)
