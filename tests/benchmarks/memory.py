"""Peak memory of training steps, in MB: how much further the process grows than before the network was made, in the
first step, which traces and compiles, and in three more. A process of its own for each, one thread; batch, weights and
library are there before.
"""

import os
import subprocess
import sys

from .page import markdown
from .peak import forgotten, peak
from .steps import contestants
from .workloads import WORKLOADS, Workload, batches, start, tiny

__all__ = ["grown", "main", "measure"]

COMPARED = ("PyTorch", "JAX jit", "by hand, plain", "by hand, planned", "ours, eager", "ours, compiled")
STEPS = 3


def grown(workload: Workload, contestant: str) -> tuple[float, float]:
    """MB by which this process's largest size grows in the first step, and in later ones.

    A tiny step before loads what is loaded at first use.
    """
    make = contestants()[0][contestant]
    small = tiny(workload if len(workload.shape) > 1 else WORKLOADS["MLP 64-32-10, batch 32, Adam"])
    way = make(small, start(small))
    way.step(*way.load(*batches(small, 1)[0]))
    del way
    weights, (first, *later) = start(workload), batches(workload, 1 + STEPS)
    forgotten()
    before = peak()
    way = make(workload, weights)
    way.step(*way.load(*first))
    once = peak() - before
    forgotten()
    for X, y in later:
        way.step(*way.load(X, y))
    return once, peak() - before


def measure(workload: str, contestant: str) -> tuple[float, float]:
    """The same in a process of its own."""
    call = f"grown(WORKLOADS[{workload!r}], {contestant!r})"
    program = f"from {__package__}.memory import WORKLOADS, grown; print(*{call})"
    settings = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | settings, capture_output=True, text=True, check=True
    )
    once, always = map(float, done.stdout.split())
    return once, always


def main() -> None:
    """Two rows for each network whose step takes more than a little."""
    here = [name for name in COMPARED if name in contestants()[0]]
    rows = [["MB", *here]]
    for name, workload in WORKLOADS.items():
        if len(workload.shape) > 1 or workload.shape[0] >= 100:
            found = [measure(name, way) for way in here]
            rows.append([f"{name}: first step", *[f"{once:.0f}" for once, _ in found]])
            rows.append(["later steps", *[f"{always:.0f}" for _, always in found]])
    print(markdown(rows))
