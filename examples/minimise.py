"""Write only the cost, and let gradient descent find its minimum: J(w) = w² − 10w + 25, the course's example.

The old way declares a graph with a placeholder for the coefficients and runs it in a session; here a compiled step is
the declared graph, and its argument is what is fed. Every step multiplies the distance from the minimum by 0.98.
"""

import numpy as np

from tinygrad_edu import Value, compile, optim


def descend(coefficients: list[float], steps: int) -> tuple[float, float]:
    """w after one step and after all, from 0, for the cost a·w² + b·w + c."""
    w = Value(0.0, name="w")
    optimiser = optim.SGD([w], lr=0.01)

    @compile
    def step(x: np.ndarray) -> Value:
        cost = x[0] * w**2 + x[1] * w + x[2]
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        return cost

    fed = np.array(coefficients)
    step(fed)
    first = w.item()
    for _ in range(steps - 1):
        step(fed)
    return first, w.item()


def main() -> None:
    for coefficients in ([1.0, -10.0, 25.0], [1.0, -20.0, 100.0]):
        first, last = descend(coefficients, 1000)
        a, b, c = coefficients
        print(f"cost {a:g}·w² {b:+g}·w {c:+g}: w = {first:.5f} after one step, {last:.5f} after 1,000")


if __name__ == "__main__":
    main()
