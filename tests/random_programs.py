"""Random programs of all gates against PyTorch and against numbers.

`python -m tests.random_programs --count 100000` draws programs (shapes, broadcasts, values used again, scalars, empty
arrays, complex parts), and compares

- the value and the gradient by every leaf with PyTorch's, where all operations of the program have a twin there,
- the second derivative along a direction with PyTorch's, for every fourth of those,
- the gradient with a derivative by numbers along a direction that moves all leaves at once.

A program that fails is cut down to its smallest part, printed, and counted; the exit status is then 1. `--first`
starts elsewhere: the number of a program is its seed.
"""

import argparse
import sys
import time
from collections import Counter
from dataclasses import replace
from random import Random

import numpy as np
import torch

from tinygrad_edu import Value, walk
from tinygrad_edu.testing import numeric
from tinygrad_edu.testing.blame import suspects
from tinygrad_edu.testing.gradients import fits
from tinygrad_edu.testing.programs import RandomProgram, random_program, smaller
from tinygrad_edu.testing.recipes import recipes

from .twins import TWINS, table

RELATIVE = 1e-8
torch.set_num_threads(1)


def scale(gradients: dict) -> float:
    """The largest number that took part in a gradient: what rounding is relative to."""
    return 1 + max((float(np.max(np.abs(g), initial=0)) for g in gradients.values()), default=0.0)


def ours(program: RandomProgram) -> tuple[np.ndarray, list[np.ndarray], float]:
    """Value, gradients by the leaves, and their scale."""
    leaves = [Value(x) for x in program.leaves]
    out = program(*leaves)
    found = walk(out)
    gradients = [np.asarray(found.get(leaf, np.zeros(leaf.shape))) for leaf in leaves]
    for leaf, g in zip(leaves, gradients, strict=True):
        assert g.shape == leaf.shape
        assert g.dtype == leaf.dtype
    return out.data, gradients, scale(found)


def tensors(program: RandomProgram) -> tuple[list[torch.Tensor], torch.Tensor]:
    leaves = [torch.tensor(x, requires_grad=True) for x in program.leaves]
    return leaves, program(*leaves, table=table, constant=lambda x: torch.as_tensor(np.asarray(x)))


def second_ours(program: RandomProgram, weights: list[np.ndarray]) -> tuple[list[np.ndarray], float]:
    leaves = [Value(x) for x in program.leaves]
    first = walk(program(*leaves), create_graph=True)
    total = sum((first[leaf] * w).sum() for leaf, w in zip(leaves, weights, strict=True) if leaf in first)
    found = walk(total) if isinstance(total, Value) and total.requires_grad else {}
    return [np.asarray(found.get(leaf, np.zeros(leaf.shape))) for leaf in leaves], scale(found)


def second_theirs(program: RandomProgram, weights: list[np.ndarray]) -> list[np.ndarray]:
    leaves, out = tensors(program)
    first = torch.autograd.grad(out, leaves, create_graph=True, allow_unused=True)
    total = sum((g * torch.as_tensor(w)).sum() for g, w in zip(first, weights, strict=True) if g is not None)
    found = [None] * len(leaves)
    if isinstance(total, torch.Tensor) and total.requires_grad:
        found = torch.autograd.grad(total, leaves, allow_unused=True)
    return [np.zeros(np.shape(x)) if g is None else g.numpy() for g, x in zip(found, program.leaves, strict=True)]


def differ(a, b, size: float) -> bool:
    return np.shape(a) != np.shape(b) or not np.all(np.abs(a - b) <= RELATIVE * size)


def plain(program: RandomProgram):
    return lambda *arrays: np.asarray(program(*arrays))[()]


def directions(program: RandomProgram, count: int) -> list[list[np.ndarray]]:
    generator = np.random.default_rng(len(program.steps))
    return [[np.asarray(generator.uniform(-1, 1, np.shape(x)))[()] for x in program.leaves] for _ in range(count)]


def along(gradients: list[np.ndarray], direction: list[np.ndarray]) -> np.ndarray:
    return np.asarray(sum(np.sum(g * d) for g, d in zip(gradients, direction, strict=True)))


def at_kinks_that_cancel(program: RandomProgram, deep: bool) -> bool:
    """Whether no choice of subgradients can be right: as for relu(x) - relu(-x) at 0, which is smooth there."""
    moved = [x + 1e-3 * d for x, d in zip(program.leaves, directions(program, 1)[0], strict=True)]
    with np.errstate(all="ignore"):
        right = not any(suspects(program(*map(Value, program.leaves))))
    return right and not Run().problem(replace(program, leaves=tuple(moved)), deep)


class Run:
    """Counts what became of the programs."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.uses: Counter[str] = Counter()

    def problem(self, program: RandomProgram, deep: bool) -> str:
        """What is wrong with a program, in words; empty if nothing is."""
        with np.errstate(all="ignore"):
            value, gradients, size = ours(program)
            if not all(np.all(np.isfinite(g)) for g in gradients):
                return "a gradient is not finite"
            fit = self.numbers(program, gradients, size)
            if all(step.name in TWINS for step in program.steps):
                return self.twin(program, (value, gradients, size), fit, deep)
        return "" if fit != "no" else "numbers: the gradient"

    def numbers(self, program: RandomProgram, gradients: list[np.ndarray], size: float) -> str:
        """Whether the slope along a direction fits: "yes", "no", "kink" (one of several), or "" where none can tell."""
        direction = directions(program, 1)[0]
        slope = along(gradients, direction)
        estimate = numeric.directional(plain(program), program.leaves, direction)
        right, kink = bool(np.all(fits(slope, estimate, RELATIVE * size))), bool(np.any(estimate.kink))
        if not np.all(estimate.trusted):
            self.counts["numbers: none to be trusted"] += 1
            return ""
        if kink:  # kinks that bend up and down may cancel, so that no choice of subgradients fits
            self.counts["numbers: between the slopes of a kink" if right else "numbers: at several kinks"] += 1
            return "kink" if right else ""
        self.counts["numbers: agree"] += right
        return "yes" if right else "no"

    def twin(self, program: RandomProgram, found: tuple, fit: str, deep: bool) -> str:
        """Compare with PyTorch; where it differs the numbers decide."""
        (value, gradients, size), (leaves, out) = found, tensors(program)
        theirs = torch.autograd.grad(out, leaves, allow_unused=True) if out.requires_grad else [None] * len(leaves)
        theirs = [np.zeros(x.shape) if g is None else g.numpy() for g, x in zip(theirs, leaves, strict=True)]
        if differ(value, out.detach().numpy(), 1 + float(np.max(np.abs(value)))):
            return "PyTorch: the value"
        if any(map(differ, gradients, theirs, [size] * len(theirs))):
            finite = all(np.all(np.isfinite(g)) for g in theirs)
            if fit == "kink" or (fit == "yes" and not finite):
                self.counts[f"PyTorch: {'takes another side of a kink' if finite else 'not finite, numbers are'}"] += 1
                return ""
            told = {"": "can't tell", "yes": "agree with ours", "no": "disagree with ours"}[fit]
            return f"PyTorch: the gradient; numbers {told}"
        self.counts["PyTorch: agrees"] += 1
        if fit == "no":
            return "numbers: the gradient; PyTorch agrees with ours"
        return self.second(program) if deep and fit == "yes" else ""

    def second(self, program: RandomProgram) -> str:
        generator = np.random.default_rng(0)
        weights = [np.asarray(generator.uniform(0.5, 1.5, np.shape(x)))[()] for x in program.leaves]
        try:
            theirs = second_theirs(program, weights)
        except RuntimeError:
            self.counts["second order: not in PyTorch"] += 1
            return ""
        found, size = second_ours(program, weights)
        if any(map(differ, found, theirs, [size] * len(theirs))):
            return self.second_numbers(program, weights, found, size)
        self.counts["second order: PyTorch agrees"] += 1
        return ""

    def second_numbers(self, program: RandomProgram, weights: list, found: list, size: float) -> str:
        """Where PyTorch's second derivative differs, the slope of our first one decides."""

        def slope(*arrays):
            return along(ours(replace(program, leaves=arrays))[1], weights)[()]

        direction = directions(program, 1)[0]
        estimate = numeric.directional(slope, program.leaves, direction)
        if np.all(estimate.trusted & ~estimate.kink & fits(along(found, direction), estimate, RELATIVE * size)):
            self.counts["second order: PyTorch differs, numbers agree with ours"] += 1
            return ""
        return "PyTorch: the second derivative"

    def one(self, seed: int, known: dict) -> str:
        """Draw and check one program; a report of what is wrong, cut down, or nothing."""
        program = random_program(Random(seed), known)  # noqa: S311
        self.counts["programs"] += 1
        self.counts["steps"] += len(program.steps)
        self.uses.update({step.name for step in program.steps})
        deep = seed % 4 == 0
        wrong = self.problem(program, deep)
        if wrong and "value" not in wrong and at_kinks_that_cancel(program, deep):
            self.counts["at kinks that cancel: every gate is right by itself, and the program right close by"] += 1
            return ""
        if not wrong:
            return ""
        small = smaller(program, lambda each: Run().problem(each, deep) == wrong)
        return f"program {seed}: {wrong}\n{small}"

    def __str__(self) -> str:
        lines = [f"{count:9,} {name}" for name, count in sorted(self.counts.items())]
        rare = ", ".join(f"{name} {count}" for name, count in self.uses.most_common()[-8:])
        return "\n".join([*lines, f"{len(self.uses)} operations took part; the rarest in programs: {rare}"])


def main(arguments: list[str] | None = None) -> int:
    """Draw, check, print; exit status 1 where anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.random_programs", description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first program")
    parser.add_argument("--most-failures", type=int, default=30, help="stop after so many")
    options = parser.parse_args(arguments)
    run, known, failures, start = Run(), recipes(), 0, time.perf_counter()
    for seed in range(options.first, options.first + options.count):
        try:
            wrong = run.one(seed, known)
        except Exception as error:  # noqa: BLE001 - whatever is raised is a finding
            wrong = f"program {seed}: {type(error).__name__}: {error}"
        if wrong:
            failures += 1
            print(wrong, end="\n\n", flush=True)
        if failures >= options.most_failures:
            break
    print(run)
    print(f"{failures} failures in {time.perf_counter() - start:.0f} s")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
