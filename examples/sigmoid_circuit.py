"""The neuron of the course, f = σ(w0·x0 + w1·x1 + w2): its circuit with every value and gradient.

Once in the gates the course draws (×−1, exp, +1, 1/x), once with σ as one gate: the same gradients reach the leaves.
"""

import numpy as np

from tinygrad_edu import Value, draw, group, sigmoid


def leaves() -> list[Value]:
    numbers = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
    return [Value(number, name=name) for name, number in numbers.items()]


def in_small_gates(w0: Value, x0: Value, w1: Value, x1: Value, w2: Value) -> Value:
    score = w0 * x0 + w1 * x1 + w2
    with group("sigmoid"):
        return 1 / (1 + np.exp(-1 * score))


def in_one_gate(w0: Value, x0: Value, w1: Value, x1: Value, w2: Value) -> Value:
    return sigmoid(w0 * x0 + w1 * x1 + w2)


def main() -> None:
    for neuron in (in_small_gates, in_one_gate):
        inputs = leaves()
        f = neuron(*inputs)
        f.backward()
        path = f"sigmoid_{neuron.__name__}.svg"
        draw(f).save(path)
        gradients = ", ".join(f"∂f/∂{v.name} = {v.grad:+.2f}" for v in inputs)
        print(f"{neuron.__name__}: f = {f:.2f}, {gradients}; drawn in {path}")


if __name__ == "__main__":
    main()
