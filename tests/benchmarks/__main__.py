"""Run the benchmarks: `python -m tests.benchmarks [NAME …] [--threads 1 2] [--write]`, all of them or those named."""

import argparse
import os
import subprocess
import sys
from importlib import import_module

from . import page

BENCHMARKS = (
    *("steps", "memory", "gates", "scalar_demo", "second_derivatives", "optimiser_step", "training_step"),
    *("convolution", "import_time"),
)
ONE_THREAD_OF_XLA = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)} (all)")
    parser.add_argument("--threads", nargs="+", type=int, help="numbers of threads, a process for each (this one's)")
    parser.add_argument("--write", action="store_true", help=f"put what was measured into {page.PAGE.name}")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    return chosen


def with_threads(threads: int, name: str) -> str:
    """What a benchmark says in a process of its own with that many threads; it is printed as it comes."""
    settings = {"OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    if threads == 1:
        settings["XLA_FLAGS"] = ONE_THREAD_OF_XLA
    command = [sys.executable, "-m", f"{__package__}", name]
    said = []
    with subprocess.Popen(command, env=os.environ | settings, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            said.append(line)
    if process.returncode:
        raise SystemExit(f"{name} on {threads} threads ended with {process.returncode}")
    return "".join(said)


def main() -> None:
    """Run the named benchmarks and print what they measured."""
    chosen = arguments()
    names = chosen.names or BENCHMARKS
    if not chosen.threads and not chosen.write:
        for name in names:
            print(f"\n== {name}")
            import_module(f".{name}", __package__).main()
        return
    for name in names:
        said = {threads: with_threads(threads, name) for threads in chosen.threads or [os.cpu_count() or 1]}
        if chosen.write:
            page.write(name, said)


if __name__ == "__main__":
    main()
