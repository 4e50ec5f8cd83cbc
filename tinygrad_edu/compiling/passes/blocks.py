"""Memory that arrays of different shapes use one after the other.

`Blocks` (asked for an array at a line, told the last line that needs it, says in the end where each lies). Builds on
`program`.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from ...operators import GATES
from ..program import Function, Instruction, Var

__all__ = ["Blocks", "starts_of"]

EMPTY = Function("np.empty", np.empty)
LINE = 64  # bytes of a line of the cache, at which blocks begin and end
FOREVER = 1 << 62  # a line that never comes


def starts_of(lengths: Any, first: Any, last: Any) -> Any:
    """Where arrays of such lengths, needed from a first to a last line, may begin in one vector.

    The longest come first, each into the smallest gap that those alive with it leave: nearly always the vector is then
    as long as the arrays that are alive at once (Pisarchyk and Lee, 2020, arXiv:2001.03288).
    """
    starts, placed = np.zeros_like(lengths), np.zeros(len(lengths), bool)
    for k in np.argsort(-lengths, kind="stable").tolist():
        beside = np.flatnonzero(placed & (first <= last[k]) & (last >= first[k]))
        beside = beside[np.argsort(starts[beside])]
        ends = np.maximum.accumulate(np.append(0, starts[beside] + lengths[beside]))
        gaps = starts[beside] - ends[:-1]
        fitting = np.flatnonzero(gaps >= lengths[k])
        starts[k] = ends[fitting[np.argmin(gaps[fitting])]] if len(fitting) else ends[-1]
        placed[k] = True
    return starts


class Blocks:
    """Blocks by number, each for one array; those of one dtype lie in one vector, where others are needed no more."""

    def __init__(self) -> None:
        self.kinds: list[tuple[tuple[int, ...], Any]] = []
        self.lives: list[list[int]] = []
        self.starts: list[int] = []
        self.views: dict[tuple[Any, int, tuple[int, ...]], Var] = {}

    def take(self, shape: tuple[int, ...], dtype: Any, line: int) -> int:
        """A block for an array that a line writes."""
        self.kinds.append((shape, np.dtype(dtype)))
        self.lives.append([line, FOREVER])
        return len(self.kinds) - 1

    def give_back(self, block: int, line: int) -> None:
        """Nothing needs this block after a line."""
        self.lives[block][1] = line

    def place(self) -> None:
        """Find where each block begins: all that need memory have been seen."""
        self.starts = [0] * len(self.kinds)
        for dtype in dict.fromkeys(dtype for _, dtype in self.kinds):
            mine = [k for k, (_, own) in enumerate(self.kinds) if own == dtype]
            step = max(1, LINE // dtype.itemsize)
            lengths = np.array([-(-prod(self.kinds[k][0]) // step) * step for k in mine])
            first, last = np.array([self.lives[k] for k in mine]).T
            for k, start in zip(mine, starts_of(lengths, first, last).tolist(), strict=True):
                self.starts[k] = start

    def view(self, block: int, shape: tuple[int, ...]) -> Var:
        """The variable for an array of this shape in a block: the same wherever one lies there."""
        where = (self.kinds[block][1], self.starts[block], shape)
        return self.views.setdefault(where, Var(f"buffer_{len(self.views) + 1}"))

    def setup(self) -> Iterator[Instruction]:
        """The lines that ask for memory: an array where it lies alone, else a vector and views of it."""
        for number, (dtype, views) in enumerate(self._apart(), 1):
            begin, shape, var = views[0]
            if len(views) == 1:
                yield Instruction(var, EMPTY, (shape, dtype), {}, shape, dtype)
                continue
            length = max(start + prod(shape) for start, shape, _ in views) - begin
            memory = Var(f"memory_{number}")
            yield Instruction(memory, EMPTY, ((length,), dtype), {}, (length,), dtype)
            for start, shape, var in views:
                yield from _part(memory, start - begin, var, shape, dtype)

    def _apart(self) -> list[tuple[Any, list[tuple[int, tuple[int, ...], Var]]]]:
        """Views of one dtype that overlap, directly or by others: between them the memory may be cut."""
        found: list[tuple[Any, list[tuple[int, tuple[int, ...], Var]]]] = []
        for dtype in dict.fromkeys(dtype for dtype, _, _ in self.views):
            end = 0
            mine = [(start, shape, var) for (own, start, shape), var in self.views.items() if own == dtype]
            for view in sorted(mine):
                if view[0] >= end:
                    found.append((dtype, []))
                found[-1][1].append(view)
                end = max(end, view[0] + prod(view[1]))
        return found


def _part(memory: Var, start: int, var: Var, shape: tuple[int, ...], dtype: Any) -> Iterator[Instruction]:
    """A piece of a vector as an array."""
    size = prod(shape)
    piece = Var(f"{var}_flat") if shape != (size,) else var
    index = {"index": (slice(start, start + size),)}
    yield Instruction(piece, GATES["getitem"], (memory,), index, (size,), dtype)
    if piece is not var:
        yield Instruction(var, GATES["reshape"], (piece,), {"shape": shape}, shape, dtype)
