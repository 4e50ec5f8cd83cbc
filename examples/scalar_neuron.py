"""A neuron made of scalars learns the logical OR: every number in it is a Value of its own."""

import random

from tinygrad_edu import Value, sigmoid

SAMPLES = [((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 1)]


class Neuron:
    """σ(w · x + b), written with Python's sum over scalar Values."""

    def __init__(self, inputs: int) -> None:
        self.weights = [Value(random.uniform(-1, 1), name=f"w{k}") for k in range(inputs)]
        self.bias = Value(0.0, name="b")

    def __call__(self, x: tuple[float, ...]) -> Value:
        return sigmoid(sum((w * xi for w, xi in zip(self.weights, x, strict=True)), self.bias))

    def parameters(self) -> list[Value]:
        return [*self.weights, self.bias]


def main(steps: int = 500, rate: float = 1.0) -> None:
    random.seed(0)
    neuron = Neuron(2)
    for step in range(steps):
        loss = sum((neuron(x) - wanted) ** 2 for x, wanted in SAMPLES)
        for p in neuron.parameters():
            p.zero_grad()
        loss.backward()
        for p in neuron.parameters():
            p.data -= rate * p.grad
        if step % (steps // 5) == 0:
            print(f"step {step:>4}: loss {loss:.4f}")
    for x, wanted in SAMPLES:
        print(f"{x} -> {neuron(x):.2f}, wanted {wanted}")


if __name__ == "__main__":
    main()
