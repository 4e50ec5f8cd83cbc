"""micrograd's own demo, a 2-16-16-1 network of single numbers on 100 points, hinge loss and L2 (65,818 nodes there):
a step with gradients of all 337 parameters in micrograd, in tinygrad_edu eager and compiled, and in PyTorch with a
tensor for each number. All first find the same gradients. The garbage collector stays on: each is timed in a process of
its own without the other libraries, for the collector goes through all that a process holds; and in a loop, as in
training, for a step pays for what the one before left behind.
"""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

import tinygrad_edu
from tinygrad_edu import Value, relu

from . import gates
from .page import markdown

__all__ = ["alone", "looped", "main", "ways"]

Step = Callable[[], list[float]]


class Demo:
    """The network's parameters and the points as some engine's numbers; `loss` builds the graph."""

    def __init__(self, number: Callable[[float], Any], rectify: Callable[[Any], Any]) -> None:
        self.layers = [[([number(w) for w in ws], number(b)) for ws, b in layer] for layer in gates.weights()]
        self.parameters = [p for layer in self.layers for ws, b in layer for p in [*ws, b]]
        self.rectify = rectify

    def loss(self) -> Any:
        """Hinge loss of all points, and L2."""
        losses = []
        for signals, label in gates.points():
            for depth, layer in enumerate(self.layers, 1):
                sums = [sum((w * s for w, s in zip(ws, signals, strict=True)), b) for ws, b in layer]
                signals = sums if depth == len(self.layers) else [self.rectify(s) for s in sums]
            losses.append(self.rectify(1 + -label * signals[0]))
        return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in self.parameters)


def ours(*, compiled: bool) -> Step:
    """A step on Values."""
    demo = Demo(Value, relu)

    def step() -> Any:
        for p in demo.parameters:
            p.zero_grad()
        loss = demo.loss()
        loss.backward(leaves_only=True)
        return loss

    run = tinygrad_edu.compile(step) if compiled else step

    def gradients() -> list[float]:
        run()
        return [p.grad for p in demo.parameters]

    return gradients


def micrograd() -> Step:
    """A step in micrograd."""
    from micrograd.engine import Value as Scalar

    demo = Demo(Scalar, lambda v: v.relu())

    def gradients() -> list[float]:
        for p in demo.parameters:
            p.grad = 0
        demo.loss().backward()
        return [p.grad for p in demo.parameters]

    return gradients


def pytorch() -> Step:
    """A step on tensors of one number."""
    import torch

    demo = Demo(partial(torch.tensor, dtype=torch.float64, requires_grad=True), torch.relu)

    def gradients() -> list[float]:
        for p in demo.parameters:
            p.grad = None
        demo.loss().backward()
        return [p.grad.item() for p in demo.parameters]

    return gradients


MAKERS: dict[str, Callable[[], Step]] = {
    "tinygrad_edu, eager": partial(ours, compiled=False),
    "tinygrad_edu, compiled": partial(ours, compiled=True),
    "micrograd": micrograd,
    "PyTorch": pytorch,
}


def ways() -> dict[str, Step]:
    """Those that can be run here; AssertionError unless all find the same gradients."""
    found: dict[str, Step] = {}
    for name, make in MAKERS.items():
        try:
            found[name] = make()
        except ImportError:
            continue
        first = next(iter(found.values()))
        np.testing.assert_allclose(found[name](), first(), rtol=1e-9, atol=1e-12, err_msg=name)
    return found


def looped(name: str, seconds: float = 4.0) -> float:
    """Median milliseconds of one way's steps in a loop, after two to begin with."""
    step = MAKERS[name]()
    times: list[float] = []
    while len(times) < 5 or sum(times) < seconds * 1e3:
        start = perf_counter()
        step()
        times.append((perf_counter() - start) * 1e3)
    return median(times[2:])


def alone(name: str) -> float:
    """The same in a process of its own."""
    program = f"from {__package__}.scalar_demo import looped; print(looped({name!r}))"
    return float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Milliseconds of a step, medians of three processes in turns, and the seconds that compiling takes once."""
    start = perf_counter()
    ours(compiled=True)()
    once = perf_counter() - start
    names = list(ways())
    rounds = [{name: alone(name) for name in names} for _ in range(3)]
    times = {name: median(each[name] for each in rounds) for name in rounds[0]}
    rows = [[name, f"{t:.2f}", f"{t / times['tinygrad_edu, eager']:.3g}"] for name, t in times.items()]
    print(markdown([["a step", "milliseconds", "ratio to eager"], *rows]))
    print(f"\nCompiling it takes {once:.1f} s once.")
