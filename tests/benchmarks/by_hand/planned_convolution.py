"""Convolution and the block after it, with memory (channel, row, column, sample): a channel is one contiguous run."""

from typing import Any

import numpy as np

from ..workloads import NORM_EPSILON, NORM_MOMENTUM

__all__ = ["Conv", "NormReluPool"]

Array = Any
ZERO = np.float32(0)


def padded(shape: tuple[int, ...], margin: int) -> tuple[Array, Array]:
    """An array with a rim of zeros, and its inside."""
    c, h, w, n = shape
    whole = np.zeros((c, h + 2 * margin, w + 2 * margin, n), np.float32)
    return whole, whole[:, margin : margin + h, margin : margin + w]


class Conv:
    """Weights (O, C k k) times patches (C k k, rows columns samples); each offset in the window is one copy of a slice.

    `x` may be the inside of a padded array, whose rim then serves; otherwise the convolution pads a copy of its own.
    """

    def __init__(self, x: Array, g_x: Array | None, parameters: list[Array], gradients: list[Array], pad: int) -> None:
        weight, bias = parameters
        o, c, k, _ = weight.shape
        self.weight, self.bias = weight.reshape(o, -1), bias[:, None]
        self.g_weight, self.g_bias = gradients[0].reshape(o, -1), gradients[1]
        self.own = pad > 0 and x.base is None
        self.x = x
        self.source, self.inside = padded(x.shape, pad) if self.own else (x.base if pad else x, None)
        self.g_x, self.pad, self.k = g_x, pad, k
        h, w = (n + 2 * pad - k + 1 for n in x.shape[1:3])
        self.size = (h, w)
        self.patches = np.empty((c, k, k, h, w, x.shape[3]), np.float32)
        self.flat = self.patches.reshape(c * k * k, -1)
        self.out, self.g_out = (np.empty((o, h, w, x.shape[3]), np.float32) for _ in range(2))
        self.rows, self.g_rows = self.out.reshape(o, -1), self.g_out.reshape(o, -1)
        self.ones = np.ones(self.rows.shape[1], np.float32)
        if g_x is not None:
            self.g_source = np.zeros(self.source.shape, np.float32)

    def offsets(self) -> Any:
        """Each offset in the window, and the slice of the source that it meets."""
        (h, w), k = self.size, self.k
        return ((i, j, np.s_[:, i : i + h, j : j + w]) for i in range(k) for j in range(k))

    def forward(self) -> None:
        if self.own:
            np.copyto(self.inside, self.x)
        for i, j, at in self.offsets():
            np.copyto(self.patches[:, i, j], self.source[at])
        np.dot(self.weight, self.flat, self.rows)
        np.add(self.rows, self.bias, self.rows)

    def backward(self) -> None:
        np.dot(self.g_rows, self.flat.T, self.g_weight)
        np.dot(self.g_rows, self.ones, self.g_bias)
        if self.g_x is None:
            return
        np.dot(self.weight.T, self.g_rows, self.flat)
        self.g_source.fill(0)
        for i, j, at in self.offsets():
            np.add(self.g_source[at], self.patches[:, i, j], self.g_source[at])
        p = self.pad
        np.copyto(self.g_x, self.g_source[:, p:-p, p:-p] if p else self.g_source)


class NormReluPool:
    """BatchNorm where it has parameters, ReLU, and 2×2 max-pooling, channel by channel, so that a channel stays in the
    cache from the first operation to the last. β and ReLU are taken after pooling: they keep the order of numbers.
    """

    def __init__(self, x: Array, g_x: Array, parameters: list[Array], gradients: list[Array], margin: int) -> None:
        c, h, w, n = x.shape
        self.x, self.g_x, self.parameters, self.gradients = x, g_x, parameters, gradients
        self.whole, self.out = padded((c, h // 2, w // 2, n), margin)
        self.g_out = np.empty(self.out.shape, np.float32)
        self.work = np.empty((h, w, n), np.float32)
        self.rows = np.empty((c, h // 2, w, n), np.float32)  # the larger of two rows
        self.down, self.mask = np.empty((h // 2, w, n), np.float32), np.empty((h // 2, w, n), bool)
        self.small, self.small_mask = self.g_out[0].copy(), np.empty(self.out.shape[1:], bool)
        self.n = h * w * n
        if parameters:
            self.running = [np.zeros(c, np.float32), np.ones(c, np.float32)]
            self.scale, self.inverse = np.empty((2, c), np.float32)

    def forward(self) -> None:
        for k, x in enumerate(self.x):
            y, out = (self.standardise(k, x) if self.parameters else x), self.out[k]
            rows = np.maximum(y[::2], y[1::2], out=self.rows[k])
            np.maximum(rows[:, ::2], rows[:, 1::2], out=self.small)
            if self.parameters:
                np.add(self.small, self.parameters[1][k], self.small)
            np.maximum(self.small, ZERO, out=out)

    def standardise(self, k: int, x: Array) -> Array:
        """x becomes x − its mean; γ/σ times that is returned."""
        flat, n = x.reshape(-1), self.n
        mean = np.add.reduce(flat) / np.float32(n)
        np.subtract(flat, mean, flat)
        var = np.dot(flat, flat) / np.float32(n)
        keep, take = np.float32(1 - NORM_MOMENTUM), np.float32(NORM_MOMENTUM)
        self.running[0][k] = keep * self.running[0][k] + take * mean
        self.running[1][k] = keep * self.running[1][k] + take * var * np.float32(n / (n - 1))
        self.inverse[k] = inverse = 1 / np.sqrt(var + np.float32(NORM_EPSILON))
        self.scale[k] = scale = self.parameters[0][k] * inverse
        return np.multiply(x, scale, self.work)

    def backward(self) -> None:
        for k, (x, g_x) in enumerate(zip(self.x, self.g_x, strict=True)):
            y = np.multiply(x, self.scale[k], self.work) if self.parameters else x
            g, rows, down = self.g_out[k], self.rows[k], self.down
            np.multiply(g, np.greater(self.out[k], ZERO, self.small_mask), g)
            if self.parameters:
                self.gradients[1][k] = g_beta = np.add.reduce(g, None)
            np.greater_equal(rows[:, ::2], rows[:, 1::2], self.small_mask)
            np.multiply(g, self.small_mask, down[:, ::2])
            np.subtract(g, down[:, ::2], down[:, 1::2])
            np.greater_equal(y[::2], y[1::2], self.mask)
            np.multiply(down, self.mask, g_x[::2])
            np.subtract(down, g_x[::2], g_x[1::2])
            if self.parameters:
                self.through_norm(k, x, g_x, g_beta)

    def through_norm(self, k: int, x: Array, g: Array, g_beta: Any) -> None:
        """g ← γ/σ (g − mean(g) − x̂ mean(g x̂)) in place."""
        flat, inverse, scale = g.reshape(-1), self.inverse[k], self.scale[k]
        self.gradients[0][k] = g_gamma = np.dot(flat, x.reshape(-1)) * inverse
        share = scale / np.float32(self.n)
        np.multiply(flat, scale, flat)
        work = np.multiply(x.reshape(-1), share * inverse * g_gamma, self.work.reshape(-1))
        np.subtract(flat, work, flat)
        np.subtract(flat, share * g_beta, flat)
