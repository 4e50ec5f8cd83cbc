"""Whole training steps (forward, backward, update, running statistics) in float32: PyTorch, JAX, MyGrad, HIPS autograd,
NumPy by hand, and tinygrad_edu. All must first have the same losses from the same weights.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from .page import markdown
from .timing import in_turns
from .workloads import WORKLOADS, Contestant, Workload, batches, start

__all__ = ["CONTESTANTS", "check", "compete", "main"]

CHECKED = 5
CONTESTANTS = {  # the module it needs, and where it is
    "PyTorch": ("torch", "contestants.pytorch:make"),
    "JAX jit": ("jax", "contestants.jax:make"),
    "MyGrad": ("mygrad", "contestants.mygrad:make"),
    "HIPS": ("autograd", "contestants.autograd:make"),
    "by hand, plain": ("numpy", "by_hand.plain:make"),
    "by hand, planned": ("numpy", "by_hand.planned:make"),
    "ours, eager": ("tinygrad_edu", "contestants.ours:eager"),
    "ours, compiled": ("tinygrad_edu:compile", "contestants.ours:compiled"),
}
Make = Callable[[Workload, dict[str, Any]], Contestant]


def present(needs: str) -> bool:
    """Whether a module can be imported, and has the name after the colon."""
    module, _, name = needs.partition(":")
    return find_spec(module) is not None and (not name or hasattr(import_module(module), name))


def contestants() -> tuple[dict[str, Make], list[str]]:
    """Those that can be run here, and the names of those that cannot."""
    found: dict[str, Make] = {}
    for name, (needs, where) in CONTESTANTS.items():
        if present(needs):
            module, function = where.split(":")
            found[name] = getattr(import_module(f".{module}", __package__), function)
    return found, [name for name in CONTESTANTS if name not in found]


def check(workload: Workload, makers: Mapping[str, Make]) -> None:
    """Every way has the same losses over some steps and the same running statistics at their end, or AssertionError."""
    samples, losses, running = batches(workload, CHECKED), {}, {}
    for name, make in makers.items():
        way = make(workload, start(workload))
        losses[name] = [way.step(*way.load(X, y)) for X, y in samples]
        running[name] = np.concatenate([np.zeros(1), *map(np.ravel, way.running())])
    wanted = "by hand, plain" if "by hand, plain" in losses else next(iter(losses))
    for name in losses:
        np.testing.assert_allclose(losses[name], losses[wanted], rtol=3e-4, err_msg=f"losses of {name}")
        np.testing.assert_allclose(running[name], running[wanted], atol=5e-3, err_msg=f"running statistics of {name}")


def compete(
    workload: Workload, makers: Mapping[str, Make], rounds: int = 15, seconds: float = 0.05
) -> dict[str, float]:
    """Median seconds of a step of each way, timed in turns."""
    (X, y), ways = batches(workload, 1)[0], {}
    for name, make in makers.items():
        way = make(workload, start(workload))
        ways[name] = partial(way.step, *way.load(X, y))
    return in_turns(ways, rounds=rounds, seconds=seconds)


def rows(names: Iterable[str] = WORKLOADS, rounds: int = 15) -> list[list[str]]:
    """A header and a row for each workload: the first one's milliseconds, and everyone's time in units of it."""
    makers, _ = contestants()
    base = next(iter(makers))
    found = [["step", f"{base}, ms", *[name for name in makers if name != base]]]
    for name in names:
        check(WORKLOADS[name], makers)
        times = compete(WORKLOADS[name], makers, rounds)
        ratios = [f"{times[way] / times[base]:.2f}" for way in makers if way != base]
        found.append([name, f"{times[base] * 1e3:.2f}", *ratios])
    return found


def main() -> None:
    """Check, measure in turns, print."""
    print(markdown(rows()))
    if missing := contestants()[1]:
        print(f"\nNot here: {', '.join(missing)}.")
