"""What recording a gate and walking back over it costs: forward and backward per gate, in one process, in turns.

A chain y = y·w of gates at several sizes, w getting its gradient too, beside NumPy by hand and the engines that are
installed; a long chain; and micrograd's own demo, a 2-16-16-1 network of single numbers on 100 points (hinge loss and
L2, 65,818 nodes in micrograd). Every way must first find the same gradients. The garbage collector stays on.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from tinygrad_edu import Value, relu

from .timing import in_turns

__all__ = ["CHAINS", "chain_ways", "check", "demo_ways", "main"]

CHAINS = {1: 100, 32: 100, 1_000: 100, 1_000_000: 4}  # size: gates
LONG = 100_000
POINTS, LAYERS = 100, (2, 16, 16, 1)
Way = Callable[[], Any]
Start = tuple[Any, Any, int]


def start(size: int, gates: int) -> Start:
    """y, w and the number of gates; numbers near 1, so that the product stays near 1."""
    random = np.random.default_rng(size)
    return random.uniform(0.5, 1.5, size), 1 + random.uniform(-1, 1, size) / gates, gates


def ours(y: Any, w: Any, gates: int) -> Any:
    """The chain on Values; sizes of 1 are scalars."""
    scalar = len(y) == 1
    out = y = Value(y[0] if scalar else y)
    w = Value(w[0] if scalar else w)
    for _ in range(gates):
        out = out * w
    out.backward(None if scalar else np.ones(len(out)), leaves_only=True)
    return w.grad


def by_hand(y: Any, w: Any, gates: int) -> Any:
    """The chain with its derivative worked out on paper: d(y·w) = dy·w + y·dw."""
    if len(y) == 1:
        y, w = y[0], w[0]
    kept = []
    for _ in range(gates):
        kept.append(y)
        y = y * w
    g, total = np.ones_like(y), np.zeros_like(w)
    for y in reversed(kept):
        total = total + g * y
        g = g * w
    return total


def pytorch(y: Any, w: Any, gates: int) -> Any:
    """The chain in PyTorch, eager."""
    import torch

    out, weight = torch.tensor(y, requires_grad=True), torch.tensor(w, requires_grad=True)
    for _ in range(gates):
        out = out * weight
    out.backward(torch.ones(len(out), dtype=torch.float64))
    return weight.grad.numpy()


def mygrad(y: Any, w: Any, gates: int) -> Any:
    """The chain in MyGrad, without its guards against changed memory."""
    import mygrad as mg

    with mg.mem_guard_off:
        out, weight = mg.tensor(y), mg.tensor(w)
        for _ in range(gates):
            out = out * weight
        out.backward(np.ones(len(y)))
    return weight.grad


def hips(y: Any, w: Any, gates: int) -> Any:
    """The chain in HIPS autograd."""
    from autograd import grad
    from autograd import numpy as anp

    def total(w: Any) -> Any:
        out = y
        for _ in range(gates):
            out = out * w
        return anp.sum(out)

    return grad(total)(w)


def micrograd(y: Any, w: Any, gates: int) -> Any:
    """The chain in micrograd, which knows only single numbers."""
    from micrograd.engine import Value as Scalar

    out, weight = Scalar(float(y[0])), Scalar(float(w[0]))
    for _ in range(gates):
        out = out * weight
    out.backward()
    return weight.grad


def chain_ways(size: int, gates: int) -> dict[str, Way]:
    """The ways to run a chain that are installed here."""
    makers = {"NumPy by hand": by_hand, "tinygrad_edu": ours, "PyTorch": pytorch, "MyGrad, no guards": mygrad}
    makers |= {"HIPS autograd": hips} | ({"micrograd": micrograd} if size == 1 else {})
    return installed({name: partial(maker, *start(size, gates)) for name, maker in makers.items()})


def installed(ways: dict[str, Way]) -> dict[str, Way]:
    """Those ways whose library is here."""
    found = {}
    for name, way in ways.items():
        try:
            way()
        except ImportError:
            continue
        found[name] = way
    return found


def weights() -> list[list[tuple[list[float], float]]]:
    """For each layer its neurons, each with weights and a bias of 0, as micrograd starts them."""
    random = np.random.default_rng(1337)
    return [[(random.uniform(-1, 1, n).tolist(), 0.0) for _ in range(m)] for n, m in pairwise(LAYERS)]


def points() -> list[tuple[list[float], int]]:
    """Two half moons, labelled 1 and -1."""
    random = np.random.default_rng(1337)
    angle, upper = random.uniform(0, np.pi, POINTS), np.arange(POINTS) % 2 == 0
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle)) + random.normal(0, 0.1, POINTS)
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle)) + random.normal(0, 0.1, POINTS)
    return [([a, b], 1 if up else -1) for a, b, up in zip(x.tolist(), y.tolist(), upper.tolist(), strict=True)]


def demo(number: Callable[[float], Any], rectify: Callable[[Any], Any]) -> list[float]:
    """Gradient of hinge loss + L2 by all weights, a node for each number: micrograd's demo with any engine's Value."""
    layers = [[([number(w) for w in ws], number(b)) for ws, b in layer] for layer in weights()]
    parameters = [p for layer in layers for ws, b in layer for p in [*ws, b]]
    losses = []
    for x, label in points():
        signals = [number(v) for v in x]
        for depth, layer in enumerate(layers, 1):
            sums = [sum((w * s for w, s in zip(ws, signals, strict=True)), b) for ws, b in layer]
            signals = sums if depth == len(layers) else [rectify(s) for s in sums]
        losses.append(rectify(1 + -label * signals[0]))
    loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in parameters)
    loss.backward()
    return [float(p.grad) for p in parameters]


def demo_ways() -> dict[str, Way]:
    """The demo in tinygrad_edu and, where installed, in micrograd."""

    def theirs() -> list[float]:
        from micrograd.engine import Value as Scalar

        return demo(Scalar, lambda v: v.relu())

    return installed({"tinygrad_edu": lambda: demo(Value, relu), "micrograd": theirs})


def check(ways: dict[str, Way]) -> None:
    """AssertionError unless all ways find the first one's gradients."""
    wanted = next(iter(ways.values()))()
    for name, way in ways.items():
        np.testing.assert_allclose(np.ravel(way()), np.ravel(wanted), rtol=1e-9, atol=1e-12, err_msg=name)


def report(title: str, ways: dict[str, Way], gates: int, rounds: int) -> None:
    """Check the ways, time them in turns and print microseconds per gate and the ratio to the first."""
    check(ways)
    times = in_turns(ways, rounds=rounds)
    base = times[next(iter(ways))]
    print(f"\n{title}")
    for name, seconds in times.items():
        print(f"  {name:<20} {seconds / gates * 1e6:>10.2f} µs a gate  {seconds / base:>8.2f} x")


def main() -> None:
    """Print what a gate costs in each engine."""
    for size, gates in CHAINS.items():
        report(f"{gates} × mul at {size:,} floats", chain_ways(size, gates), gates, 11)
    long = {"NumPy by hand": partial(by_hand, *start(1, LONG)), "tinygrad_edu": partial(ours, *start(1, LONG))}
    report(f"a chain of {LONG:,} scalars (micrograd's recursion ends at about 1,000)", long, LONG, 5)
    report("micrograd's demo, 65,818 nodes", demo_ways(), 65_818, 5)
