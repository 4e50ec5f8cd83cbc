"""Random programs: straight lines of operations on arrays of any shape, values used again, boxes around some.

`Step` · `RandomProgram` (called with values, it gives a scalar) · `Builder` (grows one step by step, on arrays) ·
`random_program` · `smaller` (the smallest part that still fails). What is a sensible call of an operation is said in
`recipes`. Needs no Hypothesis; `graphs` makes a strategy of it. Builds on the engine and `shrinking`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import numpy as np

from ..modes import group
from ..operators import GATES
from .shrinking import shrunk

__all__ = ["Builder", "RandomProgram", "Step", "Unfit", "random_program", "smaller"]

Array = Any
Function = Callable[..., Any]
Recipe = Callable[["Builder"], int]
MOST_ELEMENTS, LARGEST = 100, 60.0
SHAPES = ((), (1,), (2,), (3,), (2, 3), (3, 2), (2, 2), (3, 3), (1, 3), (3, 1), (2, 1, 3), (2, 3, 2), (0,), (0, 3))


class Unfit(Exception):  # noqa: N818 - no error, only a step not taken
    """A step that can't be taken here: no value fits, or the result is too large or not finite."""


@dataclass(frozen=True)
class Step:
    """An operation: its name, its inputs (an int is the position of an earlier value, an array a constant), a group."""

    name: str
    inputs: tuple[Any, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    box: str = ""

    @property
    def places(self) -> list[int]:
        """Positions of the earlier values among the inputs."""
        return [x for x in self.inputs if type(x) is int]

    def __str__(self) -> str:
        given = [f"x{x}" if type(x) is int else _spelled(x) for x in self.inputs]
        given += [f"{name}={value!r}" for name, value in self.settings.items()]
        return f"{self.name}({', '.join(given)})" + (f"  # in group {self.box}" if self.box else "")


def _spelled(x: Array) -> str:
    return repr(np.asarray(x).tolist())


def operation(name: str) -> Function:
    """The gate of that name, else a function of `recipes` on this engine."""
    if name in GATES:
        return GATES[name]
    from .recipes import FUNCTIONS

    return lambda *inputs, **settings: FUNCTIONS[name](np, *inputs, **settings)


@dataclass(frozen=True)
class RandomProgram:
    """The arrays of its leaves, steps, and the positions of the values whose weighed sum is its result.

    Called with values in the place of the leaves it gives that sum. `table` says what the names of operations mean on
    another engine, and `constant` makes one of its constants from an array.
    """

    leaves: tuple[Any, ...]
    steps: tuple[Step, ...]
    outputs: tuple[int, ...] = ()

    def values(self, leaves: Iterable[Any], table: Function = operation, constant: Function = lambda x: x) -> list[Any]:
        """Everything that is computed, in order."""
        known = list(leaves)
        for step in self.steps:
            inputs = [known[x] if type(x) is int else constant(x) for x in step.inputs]
            if step.box:
                with group(step.box):
                    known.append(table(step.name)(*inputs, **step.settings))
            else:
                known.append(table(step.name)(*inputs, **step.settings))
        return known

    def __call__(self, *leaves: Any, table: Function = operation, constant: Function = lambda x: x) -> Any:
        """The scalar: Σ weights · value over the outputs, of complex values real and imaginary part."""
        known = self.values(leaves, table, constant)
        total = constant(np.float64(0.5))
        for place in self.outputs or self.ends:
            parts = [known[place]]
            if _complex(parts[0]):
                parts = [table("real")(parts[0]), table("imag")(parts[0])]
            for shift, part in enumerate(parts):
                total = total + (part * constant(_weights(tuple(part.shape), place + shift))).sum()
        return total

    @property
    def ends(self) -> tuple[int, ...]:
        """Values that no step uses."""
        used = {place for step in self.steps for place in step.places}
        return tuple(k for k in range(len(self.leaves) + len(self.steps)) if k not in used)

    def __str__(self) -> str:
        lines = [f"x{k} = {_spelled(x)}" for k, x in enumerate(self.leaves)]
        lines += [f"x{k} = {step}" for k, step in enumerate(self.steps, len(self.leaves))]
        return "\n".join([*lines, "result: " + ", ".join(f"x{k}" for k in self.outputs or self.ends)])


def _complex(value: Any) -> bool:
    return "complex" in str(value.dtype)  # the dtypes of other engines have no kind


def _weights(shape: tuple[int, ...], shift: int) -> Array:
    size = int(np.prod(shape))
    return (np.cos(np.arange(size) + 0.7 * shift) + 1.25).reshape(shape)[()]


class Builder:
    """A program that grows: `pick` a value, `add` a step; all is computed on arrays, so all shapes are known."""

    def __init__(self, random: Random, leaves: Iterable[Any]) -> None:
        self.random = random
        self.leaves = tuple(leaves)
        self.known: list[Any] = list(self.leaves)
        self.steps: list[Step] = []
        self.box = ""

    def shape(self, place: int) -> tuple[int, ...]:
        """The shape of a value."""
        return tuple(np.shape(self.known[place]))

    def pick(self, fits: Callable[[Array], Any] = lambda x: True, complex: bool = False) -> int:
        """The position of some value that fits; complex ones only where they are welcome."""
        found = [k for k, x in enumerate(self.known) if (complex or x.dtype.kind == "f") and fits(x)]
        if not found:
            raise Unfit
        return self.random.choice(found[-4:] if self.random.randint(0, 2) else found)

    def add(self, name: str, *inputs: Any, **settings: Any) -> int:
        """Take a step; the position of its value. Raises Unfit if that is not finite, or too large."""
        step = Step(name, inputs, settings, self.box)
        arrays = [self.known[x] if type(x) is int else x for x in inputs]
        with np.errstate(all="ignore"):
            out = np.asarray(operation(name)(*arrays, **settings))[()]
        size = np.abs(out)
        if out.size > MOST_ELEMENTS or out.ndim > 6 or not np.all(size < LARGEST):
            raise Unfit
        self.steps.append(step)
        self.known.append(out)
        return len(self.known) - 1

    def grow(self, recipe: Recipe, box: str = "") -> None:
        """Take the steps of a recipe, or none of them where they don't fit."""
        before, self.box = len(self.steps), box
        try:
            recipe(self)
        except Unfit:
            del self.steps[before:], self.known[len(self.leaves) + before :]
        self.box = ""

    def program(self) -> RandomProgram:
        """The program as it is now."""
        return RandomProgram(self.leaves, tuple(self.steps))


def _leaf(random: Random) -> Array:
    """Numbers between -2 and 2; one leaf in five on a coarse grid, where zeros and ties are frequent."""
    generator, shape = np.random.default_rng(random.randint(0, 2**32 - 1)), random.choice(SHAPES)
    if random.randint(0, 4):
        return generator.uniform(-2, 2, shape)
    return np.asarray(generator.integers(-4, 5, shape) / 2)[()]


def random_program(random: Random, recipes: Mapping[str, Recipe], most: int = 8) -> RandomProgram:
    """A program of up to `most` operations (recipes may need more steps than one); at least one step is taken."""
    names = sorted(recipes)
    while True:
        builder = Builder(random, [_leaf(random) for _ in range(random.randint(1, 3))])
        for _ in range(random.randint(1, most)):
            builder.grow(recipes[random.choice(names)], random.choice(("", "", "", "box")))
        if builder.steps:
            return builder.program()


def smaller(program: RandomProgram, fails: Callable[[RandomProgram], bool]) -> RandomProgram:
    """The smallest part of a failing program that still fails: one output, early values as leaves, simple numbers."""

    def still(candidate: RandomProgram) -> bool:
        try:
            return fails(candidate)
        except Exception:  # noqa: BLE001 - a cut may not be a program any more
            return False

    while (cut := next(filter(still, _cuts(program)), None)) is not None:
        program = cut
    leaves = shrunk(lambda arrays: still(replace(program, leaves=tuple(x[()] for x in arrays))), program.leaves)
    return replace(program, leaves=tuple(x[()] for x in leaves))


def _cuts(program: RandomProgram) -> Iterator[RandomProgram]:
    """Programs with less in them: the value of one step as the only output, or as a leaf."""
    known, first = program.values(program.leaves), len(program.leaves)
    for k in range(first, len(known)):
        if program.outputs != (k,):
            yield _needed(replace(program, outputs=(k,)))
    for k in range(len(known) - 1, first - 1, -1):
        if known[k].dtype.kind == "f" and len(program.steps) > 1:
            yield _needed(_promoted(program, k, known[k]))


def _promoted(program: RandomProgram, place: int, array: Array) -> RandomProgram:
    """The program with the value at `place` as one leaf more."""
    first = len(program.leaves)

    def moved(k: int) -> int:
        return first if k == place else k if k < first else k + 1 if k < place else k

    kept = [step for k, step in enumerate(program.steps, first) if k != place]
    outputs = tuple(map(moved, program.outputs or program.ends))
    return RandomProgram((*program.leaves, array), tuple(_renamed(step, moved) for step in kept), outputs)


def _renamed(step: Step, moved: Callable[[int], int]) -> Step:
    return replace(step, inputs=tuple(moved(x) if type(x) is int else x for x in step.inputs))


def _needed(program: RandomProgram) -> RandomProgram:
    """The program without the leaves and steps that its outputs do not need."""
    first = len(program.leaves)
    wanted = set(program.outputs or program.ends)
    for k in range(first + len(program.steps) - 1, first - 1, -1):
        if k in wanted:
            wanted.update(program.steps[k - first].places)
    order = {k: n for n, k in enumerate(sorted(wanted))}
    leaves = tuple(x for k, x in enumerate(program.leaves) if k in wanted)
    steps = tuple(_renamed(s, order.__getitem__) for k, s in enumerate(program.steps, first) if k in wanted)
    return RandomProgram(leaves, steps, tuple(order[k] for k in program.outputs or program.ends))
