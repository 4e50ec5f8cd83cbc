"""The pass `sooner`: a line that makes something small of something large runs as soon as it can.

What it reads for the last time then gives back its memory earlier, as patches do once the weights have their gradient.
Builds on `program` and `sharing`.
"""

from math import prod
from typing import Any

import numpy as np

from ..program import Instruction, Program, Var, variables
from .sharing import VIEWS
from .substitution import op

__all__ = ["sooner"]

SMALLER = 8  # times as small as what is read for the last time
ROUNDS = 9  # at most: a line moves in each round, and mostly two are enough
LARGE = 2**18  # bytes from which an earlier return of memory is worth it


def sooner(program: Program) -> Program:
    """Move such lines, with the views that they look through, to right behind what they need.

    Another line is then the last to read something: this goes on until all stay where they are.
    """
    for _ in range(ROUNDS):
        moved = _moved(program)
        if [x.target for x in moved] == [x.target for x in program]:
            break
        program = moved
    return program


def _moved(program: Program) -> Program:
    lines = list(program.instructions)
    for line in _last_readers(program):
        chain = _with_views(line, lines)
        needed = {x for part in chain for x in part.reads} - {part.target for part in chain}
        place = max((k + 1 for k, other in enumerate(lines) if other.target in needed), default=0)
        if not any(other.writes for other in lines[place : lines.index(line)]):
            first, rest = lines[:place], lines[place:]
            lines = [*first, *(x for x in chain if x in rest), *(x for x in rest if x not in chain)]
    return program.having(lines)


def _view(line: Instruction) -> bool:
    return op(line) in VIEWS and isinstance(line.inputs[0], Var)


def _last_readers(program: Program) -> list[Instruction]:
    """The lines that are the last to read something much larger than what they make."""
    roots: dict[Var, Var] = {x.var: x.var for x in program.inputs}
    sizes = {var: _bytes(shape, dtype) for var, (shape, dtype) in program.kinds().items()}
    last: dict[Var, Instruction] = {}
    for line in program:
        roots[line.target] = roots[line.inputs[0]] if _view(line) else line.target
        if not _view(line):
            last.update((roots[x], line) for x in line.reads)
    kept = {x.var for x in program.inputs} | {roots[x] for x in variables(program.results)}
    large = {x: line for x, line in last.items() if x not in kept and sizes[x] >= LARGE and _movable(line)}
    found = {line.target: line for x, line in large.items() if sizes[x] >= SMALLER * sizes[line.target]}
    return list(found.values())


def _bytes(shape: tuple[int, ...], dtype: Any) -> int:
    return prod(shape) * np.dtype(dtype or float).itemsize


def _movable(line: Instruction) -> bool:
    return line.pure and line.out is None and line.dtype is not None


def _with_views(line: Instruction, lines: list[Instruction]) -> list[Instruction]:
    """A line behind the views that it looks through, in their order; they may be read by others too."""
    made = {other.target: other for other in lines}
    chain, waiting = {line.target}, list(line.reads)
    while waiting:
        x = made.get(waiting.pop())
        if x is not None and _view(x) and _movable(x) and x.target not in chain:
            chain.add(x.target)
            waiting += x.reads
    return [other for other in lines if other.target in chain]
