"""Run the benchmarks: `python -m tests.benchmarks [NAME …]`, all of them or those named."""

import argparse

from . import convolution, optimiser_step, steps, training_step

BENCHMARKS = {
    "convolution": convolution.main,
    "optimiser_step": optimiser_step.main,
    "steps": steps.main,
    "training_step": training_step.main,
}


def main() -> None:
    """Run the named benchmarks and print what they measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)} (all)")
    chosen = parser.parse_args().names
    if unknown := set(chosen) - BENCHMARKS.keys():
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    for name in chosen or BENCHMARKS:
        print(f"\n== {name}")
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
