"""What one training step of the digits network costs: 64-32-10 with ReLU, batch 32, cross-entropy, Adam, float32.

Ways: tinygrad_edu, NumPy written by hand, a scalar engine in the manner of micrograd (on one sample, multiplied), and
PyTorch where it is installed (on one thread). Each must first reach the same losses from the same weights.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu import nn, optim
from tinygrad_edu.data import load_digits

from .scalar_engine import Scalar
from .timing import in_turns, table

SIZES, BATCH, RATE, CHECKED = (64, 32, 10), 32, 1e-3, 5
SCALAR_SAMPLES = 1
SCALAR = f"scalar engine (one sample, times {BATCH})"
Step = Callable[[Any, Any], float]  # a batch to the loss before the update
Weights = dict[str, Any]


def data() -> list[tuple[Any, Any]]:
    """Mini-batches of the digits."""
    X, y = load_digits()
    X = (X / 16).astype(np.float32)
    return [(X[k : k + BATCH], y[k : k + BATCH]) for k in range(0, len(X) - BATCH, BATCH)]


def weights() -> Weights:
    """The same start for every way, under PyTorch's names."""
    nn.manual_seed(0)
    return network().state_dict()


def network() -> nn.Module:
    """The network in tinygrad_edu."""
    n, h, c = SIZES
    return nn.Sequential(nn.Linear(n, h, dtype=np.float32), nn.ReLU(), nn.Linear(h, c, dtype=np.float32))


def ours(start: Weights) -> Step:
    """A step in tinygrad_edu, recorded anew each time."""
    model, loss_of = network(), nn.CrossEntropyLoss()
    model.load_state_dict(start)
    optimiser = optim.Adam(model.parameters(), lr=RATE)

    def step(X: Any, y: Any) -> float:
        loss = loss_of(model(X), y)
        optimiser.zero_grad()
        loss.backward(leaves_only=True)
        optimiser.step()
        return float(loss.item())

    return step


class Adam:
    """Adam on one flat vector, in place: the update that the hand-written ways share."""

    def __init__(self, size: int, dtype: Any) -> None:
        self.m, self.v, self.t = np.zeros(size, dtype), np.zeros(size, dtype), 0

    def __call__(self, theta: Any, g: Any) -> None:
        self.t += 1
        self.m += 0.1 * (g - self.m)
        self.v += 0.001 * (g * g - self.v)
        rate = RATE / (1 - 0.9**self.t)
        theta -= rate * self.m / (np.sqrt(self.v / (1 - 0.999**self.t)) + 1e-8)


def by_hand(start: Weights) -> Step:
    """A step in NumPy, with the derivatives worked out on paper and parameters as views into one vector."""
    shapes = [array.shape for array in start.values()]
    theta = np.concatenate([array.ravel() for array in start.values()])
    gradient = np.zeros_like(theta)
    (W1, b1, W2, b2), (gW1, gb1, gW2, gb2) = views(theta, shapes), views(gradient, shapes)
    update = Adam(theta.size, theta.dtype)

    def step(X: Any, y: Any) -> float:
        rows = np.arange(len(X))
        hidden = X @ W1.T
        hidden += b1
        np.maximum(hidden, 0, out=hidden)
        logits = hidden @ W2.T
        logits += b2
        logits -= logits.max(1, keepdims=True)
        p = np.exp(logits)
        total = p.sum(1, keepdims=True)
        loss = float((np.log(total[:, 0]) - logits[rows, y]).mean())
        p /= total
        p[rows, y] -= 1
        p /= len(X)
        np.matmul(p.T, hidden, out=gW2)
        np.sum(p, axis=0, out=gb2)
        back = p @ W2
        back *= hidden > 0
        np.matmul(back.T, X, out=gW1)
        np.sum(back, axis=0, out=gb1)
        update(theta, gradient)
        return loss

    return step


def views(vector: Any, shapes: list[tuple[int, ...]]) -> list[Any]:
    """The arrays that lie end to end in a vector."""
    ends = np.cumsum([0, *map(np.prod, shapes)])
    return [vector[a:b].reshape(shape) for a, b, shape in zip(ends, ends[1:], shapes, strict=False)]


def scalar(start: Weights) -> Step:
    """A step in the scalar engine: a node for every number and operation, in Python's own floats."""
    theta = [Scalar(float(x)) for array in start.values() for x in array.ravel()]
    numbers = iter(theta)
    W1, b1, W2, b2 = (
        [[next(numbers) for _ in range(array.shape[-1])] for _ in range(array.size // array.shape[-1])]
        for array in start.values()
    )
    update, vector = Adam(len(theta), np.float64), np.array([p.data for p in theta])

    def affine(W: list[list[Scalar]], b: list[Scalar], x: list[Scalar]) -> list[Scalar]:
        out = []
        for row, total in zip(W, b, strict=True):
            for w, value in zip(row, x, strict=True):
                total = total + w * value
            out.append(total)
        return out

    def step(X: Any, y: Any) -> float:
        losses = []
        for image, label in zip(X, y, strict=True):
            hidden = [z.relu() for z in affine(W1, b1[0], [Scalar(float(x)) for x in image])]
            logits = affine(W2, b2[0], hidden)
            losses.append(sum_of([z.exp() for z in logits]).log() + logits[label] * Scalar(-1.0))
        loss = sum_of(losses) * Scalar(1 / len(losses))
        for p in theta:
            p.grad = 0.0
        loss.backward()
        update(vector, np.array([p.grad for p in theta]))
        for p, number in zip(theta, vector.tolist(), strict=True):
            p.data = number
        return loss.data

    return step


def sum_of(terms: list[Scalar]) -> Scalar:
    """Terms added one by one."""
    total, *rest = terms
    for term in rest:
        total = total + term
    return total


def pytorch(start: Weights) -> Step:
    """A step in PyTorch, eager."""
    import torch

    torch.set_num_threads(1)  # arrays this small gain nothing from more, and a busy machine makes them wait
    n, h, c = SIZES
    model = torch.nn.Sequential(torch.nn.Linear(n, h), torch.nn.ReLU(), torch.nn.Linear(h, c))
    model.load_state_dict({key: torch.tensor(array) for key, array in start.items()})
    optimiser, loss_of = torch.optim.Adam(model.parameters(), lr=RATE), torch.nn.CrossEntropyLoss()

    def step(X: Any, y: Any) -> float:
        loss = loss_of(model(torch.from_numpy(X)), torch.from_numpy(y))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return float(loss.item())

    return step


def ways() -> dict[str, Callable[[Weights], Step]]:
    """The ways that can be run here."""
    found = {"NumPy by hand": by_hand, "tinygrad_edu": ours}
    try:
        import torch  # noqa: F401 - is it here?
    except ImportError:
        return found
    return found | {"PyTorch": pytorch}


def check(batches: list[tuple[Any, Any]]) -> None:
    """Every way has the same losses over some steps, or AssertionError; the scalar engine on its few samples."""
    start = weights()
    few = [(X[:SCALAR_SAMPLES], y[:SCALAR_SAMPLES]) for X, y in batches[:CHECKED]]
    for samples, makers in ((batches[:CHECKED], ways()), (few, {SCALAR: scalar, "tinygrad_edu": ours})):
        wanted = losses(by_hand(start), samples)
        for name, make in makers.items():
            np.testing.assert_allclose(losses(make(start), samples), wanted, rtol=2e-5, err_msg=name)


def losses(step: Step, samples: list[tuple[Any, Any]]) -> list[float]:
    """The loss at each of the steps."""
    return [step(X, y) for X, y in samples]


def main(rounds: int = 15) -> None:
    """Check, measure in turns, print."""
    batches = data()
    check(batches)
    print(f"{'-'.join(map(str, SIZES))} network, batch {BATCH}, Adam, float32; the same losses over {CHECKED} steps")
    (X, y), start = batches[0], weights()
    steps = {name: partial(make(start), X, y) for name, make in ways().items()}
    steps[SCALAR] = partial(scalar(start), X[:SCALAR_SAMPLES], y[:SCALAR_SAMPLES])
    times = in_turns(steps, rounds=rounds)
    times[SCALAR] *= BATCH / SCALAR_SAMPLES
    print(table(times, "NumPy by hand"))
