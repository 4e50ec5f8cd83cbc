"""Graphs that the lesson's tests share: a neuron, nested groups, tensors, and random scalar circuits with groups."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_edu import Value, group, sigmoid, softmax_cross_entropy


def neuron() -> Value:
    w0, x0, w1, x1, w2 = (
        Value(number, name=name)
        for name, number in (("w0", 2.0), ("x0", -1.0), ("w1", -3.0), ("x1", -2.0), ("w2", -3.0))
    )
    return sigmoid(w0 * x0 + w1 * x1 + w2)


def nested() -> Value:
    """Groups in groups, a value used inside its group and outside, paths that join, and a gate that opens."""
    x, y = Value(0.5, name="x"), Value(-1.5, name="y")
    with group("outer"):
        s = x * y
        with group("inner"):
            t = np.tanh(s) + s
        u = t * s + y
    return sigmoid(u * s) + t


def tensors() -> Value:
    x, w, b = (
        Value(np.linspace(-1, 1, n).reshape(shape), name=name)
        for name, n, shape in (("X", 12, (3, 4)), ("W", 8, (4, 2)), ("b", 2, (2,)))
    )
    return softmax_cross_entropy(np.maximum(x @ w + b, 0), np.array([0, 1, 1]))


ACTS = (
    lambda a, b: a * b,
    lambda a, b: a + b,
    lambda a, b: np.tanh(a),
    lambda a, b: sigmoid(a),
    lambda a, b: 2 * a,
)


@st.composite
def circuits(draw: Any) -> Value:
    """A random scalar circuit with named leaves, shared values, numbers and nested groups."""
    values = [Value(draw(st.floats(-2, 2)), name=f"x{k}") for k in range(draw(st.integers(1, 3)))]
    for _ in range(draw(st.integers(1, 8))):
        a, b = (draw(st.sampled_from(values[-4:])) for _ in range(2))
        act = draw(st.sampled_from(ACTS))
        names = draw(st.sampled_from([(), (), ("box",), ("box", "part")]))
        values.append(_within(names, act, a, b))
    return sum(values[1:], values[0] * 1)


def _within(names: tuple[str, ...], act: Any, a: Value, b: Value) -> Value:
    if not names:
        return act(a, b)
    with group(names[0]):
        return _within(names[1:], act, a, b) * a


def network(blocks: int, neurons: int = 5) -> Value:
    """A scalar network of many groups: each neuron a group within a block, some 18 values a neuron."""
    random = np.random.default_rng(0)
    x = [Value(number, name=f"x{k}") for k, number in enumerate(random.normal(size=neurons))]
    for k in range(blocks):
        with group(f"block {k}"):
            new = []
            for j in range(neurons):
                with group(f"neuron {j}"):
                    total = Value(random.normal())
                    for value in x:
                        total = total + Value(random.normal()) * value
                    new.append(np.tanh(total))
        x = new
    return sum(x[1:], x[0])
