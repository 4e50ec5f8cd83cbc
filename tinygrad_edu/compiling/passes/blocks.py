"""Blocks of memory that arrays of different shapes use one after the other.

`Blocks` (gives a block to an array, takes it back, and in the end says how long each must be). Builds on `program`.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from ...operators import GATES
from ..program import Function, Instruction, Var

__all__ = ["Blocks"]

EMPTY = Function("np.empty", np.empty)
ROOM = 4  # times the length asked for that a block may have, so that small arrays leave large blocks free


class Blocks:
    """Blocks by number. A free one may still grow: memory is asked for when all is planned."""

    def __init__(self) -> None:
        self.lengths: list[int] = []
        self.dtypes: list[Any] = []
        self.free: set[int] = set()
        self.views: dict[tuple[int, tuple[int, ...]], Var] = {}

    def take(self, shape: tuple[int, ...], dtype: Any) -> int:
        """A block for an array: the shortest that is long enough, or the longest, which grows, or a new one."""
        length = prod(shape)
        fitting = [k for k in self.free if self.dtypes[k] == dtype and self.lengths[k] <= ROOM * length]
        enough = [k for k in fitting if self.lengths[k] >= length]
        if fitting:
            found = min(enough, key=self._order) if enough else max(fitting, key=self._order)
            self.free.remove(found)
            self.lengths[found] = max(self.lengths[found], length)
            return found
        self.lengths.append(length)
        self.dtypes.append(dtype)
        return len(self.lengths) - 1

    def _order(self, k: int) -> tuple[int, int]:
        return self.lengths[k], k

    def give_back(self, block: int) -> None:
        """Nothing needs this block any more."""
        self.free.add(block)

    def view(self, block: int, shape: tuple[int, ...]) -> Var:
        """The variable for an array of this shape in a block."""
        return self.views.setdefault((block, shape), Var(f"buffer_{len(self.views) + 1}"))

    def setup(self) -> Iterator[Instruction]:
        """The lines that ask for memory: an array where all have one shape, else a vector and views of it."""
        by_block: dict[int, list[tuple[tuple[int, ...], Var]]] = {}
        for (block, shape), var in self.views.items():
            by_block.setdefault(block, []).append((shape, var))
        for block, views in by_block.items():
            length, dtype = self.lengths[block], self.dtypes[block]
            if len(views) == 1:
                (shape, var), *_ = views
                yield Instruction(var, EMPTY, (shape, dtype), {}, shape, dtype)
                continue
            memory = Var(f"memory_{block + 1}")
            yield Instruction(memory, EMPTY, ((length,), dtype), {}, (length,), dtype)
            for shape, var in views:
                yield from _part(memory, length, var, shape, dtype)


def _part(memory: Var, length: int, var: Var, shape: tuple[int, ...], dtype: Any) -> Iterator[Instruction]:
    """The beginning of a vector as an array."""
    size = prod(shape)
    if size < length:
        start = Var(f"{var}_flat") if shape != (size,) else var
        yield Instruction(start, GATES["getitem"], (memory,), {"index": (slice(size),)}, (size,), dtype)
        memory = start
    if memory is not var:
        yield Instruction(var, GATES["reshape"], (memory,), {"shape": shape}, shape, dtype)
