"""Optimisers on one vector, in place, in blocks that stay in the cache between operations."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import sqrt
from typing import Any

import numpy as np

from ..workloads import BETAS, EPSILON, MOMENTUM

__all__ = ["OPTIMISERS"]

Array = Any
BLOCK, TWO_THREADS_FROM = 65_536, 500_000


def spread(size: int, work: Callable[[slice], None]) -> Callable[[], None]:
    """Call `work` on every block of a vector; NumPy releases the lock, so two threads share a long one."""
    blocks = [slice(a, min(a + BLOCK, size)) for a in range(0, size, BLOCK)]
    threads = int(os.environ.get("OPENBLAS_NUM_THREADS", os.cpu_count() or 1))

    def one_by_one(these: list[slice]) -> None:
        for block in these:
            work(block)

    if threads < 2 or size < TWO_THREADS_FROM:
        return lambda: one_by_one(blocks)
    pool = ThreadPoolExecutor(1)

    def in_two() -> None:
        other = pool.submit(one_by_one, blocks[1::2])
        one_by_one(blocks[::2])
        other.result()

    return in_two


def adam(theta: Array, g: Array, rate: float) -> Callable[[], None]:
    """Adam with m and v kept as m/(1 − β₁) and v/(1 − β₂), so that two numbers a step hold all its constants."""
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    (b1, b2), t = BETAS, 0
    keep1, keep2 = np.float32(b1), np.float32(b2)
    numbers = [np.float32(0), np.float32(0)]

    def block(at: slice) -> None:
        d, m_, v_, w = g[at], m[at], v[at], theta[at]
        small, scale = numbers
        np.multiply(m_, keep1, m_)
        np.add(m_, d, m_)
        np.multiply(v_, keep2, v_)
        np.multiply(d, d, d)
        np.add(v_, d, v_)
        np.sqrt(v_, d)
        np.add(d, small, d)
        np.divide(m_, d, d)
        np.multiply(d, scale, d)
        np.subtract(w, d, w)

    blocks = spread(theta.size, block)

    def update() -> None:
        nonlocal t
        t += 1
        root = sqrt((1 - b2) / (1 - b2**t))
        numbers[:] = np.float32(EPSILON / root), np.float32(rate * (1 - b1) / (1 - b1**t) / root)
        blocks()

    return update


def momentum(theta: Array, g: Array, rate: float) -> Callable[[], None]:
    """The velocity is kept times the rate."""
    velocity = np.zeros_like(theta)
    keep, scale = np.float32(MOMENTUM), np.float32(rate)

    def block(at: slice) -> None:
        d, v, w = g[at], velocity[at], theta[at]
        np.multiply(v, keep, v)
        np.multiply(d, scale, d)
        np.add(v, d, v)
        np.subtract(w, v, w)

    return spread(theta.size, block)


OPTIMISERS = {"adam": adam, "momentum": momentum}
