"""A program: what a traced function computes, as a list of small instructions in the order they run.

`Program` · `Instruction` · `Input` · `Var` (a variable's name) · `Function` (a NumPy function in the place of a gate).
Passes are functions from Program to Program. Builds on the engine.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeVar

import numpy as np

from ..engine import Gate

__all__ = ["Function", "Input", "Instruction", "Operand", "Program", "Var", "instances", "is_constant", "variables"]


T = TypeVar("T")


class Var(str):
    """The name of a variable in a program; every variable is assigned once."""

    __slots__ = ()


Operand = Any  # a Var, or a constant: an array, a number, or another literal that NumPy takes
Kind = Literal["argument", "parameter", "state"]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of arrays that has no derivative, or needs none: `np.argmax`, or a piece of a gate.

    `name` is how the source calls it. What is not `pure` is neither left out, nor merged, nor moved: it draws random
    numbers, or writes to the inputs at the positions `writes`. `over` says that its result may be written over an input
    of the same shape and dtype, as that of a ufunc may.
    """

    name: str
    forward: Callable[..., Any]
    pure: bool = True
    writes: tuple[int, ...] = ()
    over: bool = False

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Input:
    """What a program is called with: its variable, shape, dtype, and where it comes from."""

    var: Var
    shape: tuple[int, ...]
    dtype: Any
    kind: Kind = "argument"


@dataclass(frozen=True, slots=True, eq=False)
class Instruction:
    """target = gate(*inputs, **settings): one line of the source.

    `name` is what the user called the value, `comment` says whose gradient it is, `group` is the path of groups it was
    recorded in. `out` is the buffer that the result is written to, where memory is planned.
    """

    target: Var
    gate: Gate | Function
    inputs: tuple[Operand, ...]
    settings: Mapping[str, Any]
    shape: tuple[int, ...]
    dtype: Any
    name: str | None = None
    comment: str = ""
    group: tuple[str, ...] = ()
    out: Var | None = None

    @property
    def pure(self) -> bool:
        """Whether running it does nothing but give its result."""
        return not isinstance(self.gate, Function) or self.gate.pure

    @property
    def writes(self) -> tuple[Var, ...]:
        """The variables that it writes to, besides its target."""
        return tuple(self.inputs[k] for k in self.gate.writes) if isinstance(self.gate, Function) else ()

    @property
    def reads(self) -> Iterator[Var]:
        """The variables that it reads, one for each use."""
        return variables((self.inputs, *self.settings.values()))

    def having(self, **changes: Any) -> "Instruction":
        """The same line but for some of its fields: what `dataclasses.replace` does, in a quarter of the time."""
        made = _new(Instruction)
        for name in _FIELDS:
            _set(made, name, changes[name] if name in changes else getattr(self, name))
        return made

    def run(self, known: Mapping[str, Any]) -> Any:
        """The result, with the numbers of its variables given: what an interpreter does."""
        settings = {name: _filled(x, known) for name, x in self.settings.items()}
        if self.out is not None:
            settings["out"] = known[self.out]
        return self.gate.forward(*[_filled(x, known) for x in self.inputs], **settings)


_new, _set = object.__new__, object.__setattr__
_FIELDS = tuple(field.name for field in fields(Instruction))


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Instructions from inputs to `results`; `report` holds what each pass left of them, as (pass, lines).

    `setup` is run once, before the first run: what is the same at each, and the buffers that `out` of instructions
    names.
    """

    name: str
    inputs: tuple[Input, ...]
    instructions: tuple[Instruction, ...]
    results: tuple[Operand, ...]
    report: tuple[tuple[str, int], ...] = ()
    setup: tuple[Instruction, ...] = ()

    def __iter__(self) -> Iterator[Instruction]:
        return iter(self.instructions)

    def __len__(self) -> int:
        return len(self.instructions)

    def having(self, instructions: Iterable[Instruction], **changes: Any) -> "Program":
        """The same program with other instructions."""
        return replace(self, instructions=tuple(instructions), **changes)

    def kinds(self) -> dict[Var, tuple[tuple[int, ...], Any]]:
        """Shape and dtype of every variable."""
        found = {x.var: (x.shape, x.dtype) for x in self.inputs}
        return found | {i.target: (i.shape, i.dtype) for i in (*self.setup, *self.instructions)}

    def uses(self) -> dict[Var, int]:
        """How often each variable is read, by instructions and as a result."""
        counts: dict[Var, int] = {}
        for reads in (*(i.reads for i in self.instructions), variables(self.results)):
            for var in reads:
                counts[var] = counts.get(var, 0) + 1
        return counts

    def run(self, *given: Any) -> list[Any]:
        """The results for these inputs, an instruction at a time: the meaning that the source must have."""
        known: dict[str, Any] = {x.var: array for x, array in zip(self.inputs, given, strict=True)}
        for instruction in (*self.setup, *self.instructions):
            known[instruction.target] = instruction.run(known)
        return [known[x] if isinstance(x, Var) else x for x in self.results]


def _filled(x: Operand, known: Mapping[str, Any]) -> Any:
    """An operand with the numbers of its variables."""
    if isinstance(x, Var):
        return known[x]
    return type(x)(_filled(part, known) for part in x) if type(x) in (tuple, list) else x


def instances(tree: Any, kind: type[T]) -> Iterator[T]:
    """What is of a kind among operands, in tuples and lists of them too."""
    if isinstance(tree, kind):
        yield tree
    elif type(tree) in (tuple, list):
        for branch in tree:
            yield from instances(branch, kind)


def variables(tree: Any) -> Iterator[Var]:
    """The variables in operands."""
    return instances(tree, Var)


def is_constant(operand: Operand) -> bool:
    """Whether an operand is a number or array that is known before the program runs."""
    return isinstance(operand, np.ndarray | np.generic | int | float | complex)
