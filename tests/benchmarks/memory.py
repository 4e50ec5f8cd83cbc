"""Peak memory of training steps, in MB: how much further the process grows from before the network is made to the end
of three steps, in a process of its own for each, one thread. Batch, weights and library are there before.
"""

import os
import subprocess
import sys

from .page import markdown
from .peak import peak
from .steps import contestants
from .workloads import WORKLOADS, Workload, batches, start, tiny

__all__ = ["grown", "main", "measure"]

COMPARED = ("PyTorch", "JAX jit", "by hand, plain", "by hand, planned", "ours, eager", "ours, compiled")
STEPS = 3


def grown(workload: Workload, contestant: str) -> float:
    """MB by which this process's largest size grows; a tiny step before loads what is loaded at first use."""
    make = contestants()[0][contestant]
    small = tiny(workload if len(workload.shape) > 1 else WORKLOADS["MLP 64-32-10, batch 32, Adam"])
    way = make(small, start(small))
    way.step(*way.load(*batches(small, 1)[0]))
    del way
    weights, samples = start(workload), batches(workload, STEPS)
    before = peak()
    way = make(workload, weights)
    for X, y in samples:
        way.step(*way.load(X, y))
    return peak() - before


def measure(workload: str, contestant: str) -> float:
    """The same in a process of its own."""
    call = f"grown(WORKLOADS[{workload!r}], {contestant!r})"
    program = f"from {__package__}.memory import WORKLOADS, grown; print({call})"
    settings = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | settings, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    """A row for each network whose step takes more than a little."""
    here = [name for name in COMPARED if name in contestants()[0]]
    rows = [["MB", *here]]
    for name, workload in WORKLOADS.items():
        if len(workload.shape) > 1 or workload.shape[0] > 100:
            rows.append([name, *[f"{measure(name, way):.0f}" for way in here]])
    print(markdown(rows))
