"""How long `import` takes in a new process, beyond that of NumPy, and how much memory it takes."""

import os
import subprocess
import sys
from importlib.util import find_spec
from statistics import median
from tempfile import TemporaryDirectory

from .page import markdown

__all__ = ["costs", "main"]

LIBRARIES = ("tinygrad_edu", "torch", "jax", "mygrad", "autograd", "micrograd.engine")
PROGRAM = """
import sys, time
import numpy
from tests.benchmarks.peak import peak
before, start = peak(), time.perf_counter()
__import__(sys.argv[1])
print(time.perf_counter() - start, peak() - before)
"""


def costs(library: str, bytecode: str) -> tuple[float, float]:
    """Seconds and megabytes of one import; modules already compiled are found in the folder `bytecode`."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-X", f"pycache_prefix={bytecode}", "-c", PROGRAM, library]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes


def main(rounds: int = 7) -> None:
    """Medians of several processes, in turns, after one that compiles the modules."""
    here = [name for name in LIBRARIES if find_spec(name.partition(".")[0])]
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in here}
    with TemporaryDirectory() as bytecode:
        for name in here * (rounds + 1):
            taken[name].append(costs(name, bytecode))
    rows = [["import", "milliseconds", "MB"]]
    for name, found in taken.items():
        seconds, megabytes = (median(column[1:]) for column in zip(*found, strict=True))
        rows.append([name, f"{seconds * 1e3:.0f}", f"{megabytes:.0f}"])
    print(markdown(rows))
