"""What micrograd's Value does works unchanged: its operators, ints, relu, backward, .grad and .data."""

import random

import pytest

from tinygrad_edu import Value


def test_the_readme_example_gives_the_published_numbers() -> None:
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_a_gradient_is_the_number_zero_before_backward() -> None:
    assert Value(3).grad == 0
    assert f"{Value(3).grad:.4f}" == "0.0000"


def test_reflected_operators_and_python_numbers() -> None:
    x = Value(4)
    results = [x + 1, 1 + x, x - 1, 1 - x, x * 2, 2 * x, x / 2, 2 / x, x**2, -x, sum([x, x])]
    assert [v.data for v in results] == [5, 5, 3, -3, 8, 8, 2, 0.5, 16, -4, 8]


class Neuron:
    def __init__(self, inputs: int) -> None:
        self.w = [Value(random.uniform(-1, 1)) for _ in range(inputs)]  # noqa: S311 - not for secrets
        self.b = Value(0)

    def __call__(self, x: list[float]) -> Value:
        return sum((w * xi for w, xi in zip(self.w, x, strict=True)), self.b).tanh()


def test_a_network_of_scalars_learns_by_assigning_to_data_and_grad() -> None:
    random.seed(1337)
    hidden, last = [Neuron(2) for _ in range(4)], Neuron(4)
    parameters = [p for n in [*hidden, last] for p in [*n.w, n.b]]
    samples = [([0, 0], -1), ([0, 1], 1), ([1, 0], 1), ([1, 1], -1)]
    losses = []
    for _ in range(200):
        loss = sum((last([n(x) for n in hidden]) - y) ** 2 for x, y in samples)
        for p in parameters:
            p.grad = 0
        loss.backward()
        for p in parameters:
            p.data -= 0.1 * p.grad
        losses.append(loss.item())
    assert losses[-1] < 0.1 < losses[0]


def test_relu_is_zero_below_and_at_zero() -> None:
    for number, slope in [(-1.0, 0), (0.0, 0), (2.0, 1)]:
        x = Value(number)
        x.relu().backward()
        assert x.grad == slope


def test_power_of_a_value_by_a_value_goes_beyond_micrograd() -> None:
    x, y = Value(2.0), Value(3.0)
    (x**y).backward()
    assert x.grad == 12
    assert y.grad == pytest.approx(5.545177444479562)
