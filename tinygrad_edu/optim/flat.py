"""Parameters laid end to end: one vector θ, the gradient g beside it, and whatever vectors a method remembers.

`Flat`: the parameters of one group and dtype · `as_number`, `scalars`. Builds on the engine's `Value` and on `errors`.

A parameter's array becomes a view into θ at its first step, so that a method writes to θ and every parameter has moved.
Its gradient has a room in g, into which a walk writes: a step finds g whole.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, groupby, pairwise, repeat
from math import isfinite
from operator import attrgetter, is_
from typing import Any

import numpy as np

from ..engine import Value, serials
from ..errors import GraphError, ShapeError
from ..modes import current_mode

__all__ = ["Array", "Flat", "as_number", "scalars"]

Array = Any  # a NumPy array of real floating-point numbers
_gradient, _data = attrgetter("_grad"), attrgetter("_data")
LINE = 64  # bytes of a line of the cache
BLOCK = 1 << 18  # numbers worked on at a time, so that they stay in cache (measured: 16 to 20, in float32)


def scalars(dtype: Any, numbers: Iterable[float]) -> list[Array]:
    """Numbers as arrays of shape (): NumPy takes them as they are, a Python number it converts at every use."""
    return [np.array(number, dtype) for number in numbers]


def as_number(loss: Any) -> float:
    """A loss or metric, a Value or a number, as a number."""
    return float(loss.data if isinstance(loss, Value) else loss)


def vector(size: int, dtype: np.dtype[Any]) -> Array:
    """Zeros that begin where a line of the cache does: a pass over several such vectors is a tenth faster."""
    length = size * dtype.itemsize
    memory = np.zeros(length + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + length].view(dtype)


class Flat:
    """One vector θ of parameters, the gradient g, the method's vectors in `memory`, and a clock for each parameter.

    A parameter without a gradient sits a step out: neither it nor its part of the memory moves, and its clock stands.
    `steps` counts the steps, `missed` those that a parameter sat out; nearly always there are none, and all parameters
    are one stretch. `products` are numbers that a method multiplies on with each step of a parameter, in float64.
    Complex parameters are pairs of real numbers here.
    """

    def __init__(self, parameters: Sequence[Value]) -> None:
        self.parameters = list(parameters)
        arrays = [np.asarray(p._data) for p in self.parameters]
        ends = list(accumulate((a.size for a in arrays), initial=0))
        self.spans = list(pairwise(ends))
        kind = arrays[0].dtype
        self.own = np.concatenate([a.ravel() for a in arrays], out=vector(ends[-1], kind))
        own_gradient = vector(ends[-1], kind)
        self.views = self._split(self.own)
        self.slots = self._split(own_gradient)
        self.pairs = 1 + (self.own.dtype.kind == "c")
        self.theta: Array = self.own.view(self.own.real.dtype)
        self.gradient: Array = own_gradient.view(self.theta.dtype)
        self.everywhere = slice(0, self.theta.size)
        for p, slot in zip(self.parameters, self.slots, strict=True):
            p._room = slot if slot.ndim else None
        # What each parameter holds while it is ours: its view, or the last number where the shape is ().
        self.bound: list[Any] = [None] * len(arrays)
        self.scalars = [i for i, a in enumerate(arrays) if not a.ndim]
        self.memory: dict[str, Array] = {}
        self.cut: list[list[Array]] = []
        self.steps = 0
        self.missed: dict[int, int] = {}
        self.products: dict[int, float] = {}
        self.absent: set[int] = set()

    def _split(self, vector: Array) -> list[Array]:
        return [
            vector[start:stop].reshape(p.shape) for p, (start, stop) in zip(self.parameters, self.spans, strict=True)
        ]

    def gather(self) -> None:
        """See that g is whole: nearly always the walk has left all gradients there, else `_fetch` brings them."""
        self.absent = set()
        here = all(map(is_, map(_gradient, self.parameters), self.slots))
        if not (here and all(map(is_, map(_data, self.parameters), self.bound))):
            for i, p in enumerate(self.parameters):
                self._fetch(i, p)

    def _fetch(self, i: int, p: Value) -> None:
        """Lay one gradient into g or note that there is none; take back a parameter that was given other data."""
        gradient, slot = p._grad, self.slots[i]
        if gradient is None:
            self.absent.add(i)
            slot[...] = 0
            return
        if p._data is not self.bound[i]:
            self.adopt(i)
        if gradient is not slot:
            slot[...] = gradient._data if isinstance(gradient, Value) else gradient

    def forget(self) -> None:
        """Let no parameter have a gradient."""
        deque(map(setattr, self.parameters, repeat("_grad"), repeat(None)), maxlen=0)

    def zero(self) -> None:
        """Let every parameter have a gradient of zeros."""
        self.gradient.fill(0)
        for p, slot in zip(self.parameters, self.slots, strict=True):
            p._grad = slot if slot.ndim else slot[()]

    def nonfinite(self) -> Value | None:
        """The first parameter whose gradient has nan or infinite numbers."""
        # g · g is the quickest look at all numbers; not finite, it may have overflowed (of which vdot does not warn).
        if isfinite(np.vdot(self.gradient, self.gradient)) or np.isfinite(self.gradient).all():
            return None
        return next(p for p, slot in zip(self.parameters, self.slots, strict=True) if not np.isfinite(slot).all())

    def attach(self) -> None:
        """Let every parameter look at θ, whether it has a gradient or not."""
        if current_mode().trace is not None:
            raise GraphError(
                "a step that moves parameters before its closure runs can't be compiled: compile the closure"
            )
        for i, (p, bound) in enumerate(zip(self.parameters, self.bound, strict=True)):
            if p._data is not bound:
                self.adopt(i)
        self.absent = set()

    def adopt(self, i: int) -> None:
        """Copy parameter i into θ and let it look at θ from now on."""
        p, view = self.parameters[i], self.views[i]
        if p.gate is not None:
            raise GraphError(f"{p.label}: an optimiser updates leaves, and this value comes from gate {p.gate}")
        if p.shape != view.shape or p.dtype != view.dtype:
            raise ShapeError(
                f"{p.label} has become {p.dtype} of shape {p.shape}, but the optimiser was made for {view.dtype} of "
                f"shape {view.shape}: give it data of that kind, or make a new optimiser"
            )
        start, stop = self.spans[i]
        self.own[start:stop] = np.ravel(p._data)  # not through the view, which `Value.data` locks
        p._data = self.bound[i] = view if view.ndim else view[()]

    def release(self) -> None:
        """Tell the parameters that moved: graphs recorded before are stale, and scalars hold their new number."""
        for i in self.scalars:
            if i not in self.absent:
                self.parameters[i]._data = self.bound[i] = self.views[i][()]
        moved = self.parameters
        if self.absent:
            moved = [p for i, p in enumerate(moved) if i not in self.absent]
        tick = serials.__next__
        for p in moved:
            p.serial = tick()  # `touch`

    def advance(self) -> None:
        """Let the clocks of all parameters with a gradient tick."""
        self.steps += 1
        for i in self.absent:
            self.missed[i] = self.missed.get(i, 0) + 1

    def clock(self, i: int) -> int:
        """How many steps parameter i has taken."""
        return self.steps - self.missed.get(i, 0)

    def carry(self, factor: Callable[[int], float]) -> None:
        """Multiply the product of every parameter that moves by the factor of its own step."""
        for i in range(len(self.parameters)):
            if i not in self.absent:
                self.products[i] = self.products.get(i, 1.0) * factor(self.clock(i))

    def stretches(self) -> list[tuple[int, float, slice]]:
        """Neighbours that move in this step and are alike, as (clock, product, where in the vectors)."""
        products = {*self.products.values()} if self.products else {1.0}
        if not self.absent and not self.missed and len(products) == 1:
            return [(self.steps, products.pop(), self.everywhere)]
        moving = (i for i in range(len(self.parameters)) if i not in self.absent)

        def alike(pair: tuple[int, int]) -> tuple[int, int, float]:
            # Neighbours have consecutive indices: index less position is constant along a run.
            position, i = pair
            return i - position, self.clock(i), self.products.get(i, 1.0)

        runs = [(of, [i for _, i in run]) for of, run in groupby(enumerate(moving), alike)]
        return [(clock, product, self.span(run[0], run[-1])) for (_, clock, product), run in runs]

    def span(self, first: int, last: int) -> slice:
        """Where parameters first … last lie in the vectors."""
        return slice(self.spans[first][0] * self.pairs, self.spans[last][1] * self.pairs)

    def blocks(self, where: slice, names: Iterable[str]) -> list[list[Array]]:
        """θ, g and the named vectors of memory, a block at a time; of everything the blocks are cut once."""
        if where is self.everywhere and self.cut:
            return self.cut
        vectors = [self.theta, self.gradient, *map(self.memory.__getitem__, names)]
        starts = range(where.start, where.stop, BLOCK)
        blocks = [[vector[start : min(start + BLOCK, where.stop)] for vector in vectors] for start in starts]
        if where is self.everywhere:
            self.cut = blocks
        return blocks

    def remember(self, initial: Mapping[str, float]) -> None:
        """Make the vectors that a method keeps, where they are not there yet."""
        self.cut = []
        for name, number in initial.items():
            if name not in self.memory:
                self.memory[name] = vector(self.theta.size, self.theta.dtype)
                self.memory[name][...] = number

    def state(self, i: int) -> dict[str, Any]:
        """What is remembered of parameter i, in its own shape: copies."""
        where = self.span(i, i)
        split = {name: vector[where].view(self.own.dtype) for name, vector in self.memory.items()}
        shape = self.parameters[i].shape
        numbers = {"mu_product": self.products[i]} if i in self.products else {}
        return {
            "step": self.clock(i),
            **numbers,
            **{name: array.reshape(shape).copy() for name, array in split.items()},
        }

    def load(self, states: Sequence[Mapping[str, Any]], initial: Mapping[str, float]) -> None:
        """Take back what `state` gave of every parameter; vectors that a state does not name start anew."""
        clocks = [state["step"] for state in states]
        self.steps = max(clocks, default=0)
        self.missed = {i: self.steps - clock for i, clock in enumerate(clocks) if clock < self.steps}
        self.products = {i: state["mu_product"] for i, state in enumerate(states) if "mu_product" in state}
        self.memory = {}
        self.remember(initial)
        for i, state in enumerate(states):
            for name in initial.keys() & state.keys():
                self.memory[name][self.span(i, i)] = self._fitting(i, name, state[name])

    def _fitting(self, i: int, name: str, array: Any) -> Array:
        p, given = self.parameters[i], np.asarray(array, self.own.dtype)
        if given.shape != p.shape:
            raise ShapeError(f"optimiser state {name!r} of shape {given.shape} does not fit {p.label} of {p.shape}")
        return given.ravel().view(self.theta.dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("parameters", "memory", "steps", "missed", "products")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A copy of a view is no view: a copied Flat lays its parameters out again.
        self.__init__(state["parameters"])  # type: ignore[misc]  # the same object is set up again
        self.__dict__.update(state)
