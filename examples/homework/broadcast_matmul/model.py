"""A solution."""

import numpy as np


def unbroadcast(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(k for k, n in enumerate(shape) if n == 1)
    return g.sum(axis=stretched, keepdims=True)


def add_backward(g, x, y):
    return unbroadcast(g, x.shape), unbroadcast(g, y.shape)


def mul_backward(g, x, y):
    return unbroadcast(g * y, x.shape), unbroadcast(g * x, y.shape)


def matmul_backward(g, x, y):
    return np.matmul(g, y.T), np.matmul(x.T, g)
