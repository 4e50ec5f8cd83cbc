"""The steps of optimisers as instructions: lay the gradients into g, see that they are finite, move θ.

`Stretch` (neighbouring parameters of one group that move together) · `stretches_of` · `instructions_of`. Optimisers are
known here by what they offer: `rule`, `memory`, `settings` and their vectors. Builds on `program`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from inspect import signature
from math import isfinite
from operator import attrgetter, is_
from typing import Any

import numpy as np

from ..errors import GraphError
from .program import Function, Instruction, Operand, Var

__all__ = ["BLOCK", "Stretch", "Update", "all_finite", "instructions_of", "stretches_of"]

_data, _grad = attrgetter("_data"), attrgetter("_grad")
BLOCK = 1 << 16  # numbers worked on at a time: what a rule writes beside θ, g and its memory then stays in cache


def all_finite(*vectors: Any) -> bool:
    """Whether no number is nan or infinite: g · g is the quickest look at all, but may overflow by itself."""
    for g in vectors:  # a loop, not all(): this runs at every step
        if isfinite(np.vdot(g, g)) or np.isfinite(g).all():
            continue
        return False
    return True


@dataclass(eq=False)
class Stretch:
    """Parameters side by side in the vectors of a `flat`, from `first` to `last`, with their gradients."""

    optimizer: Any
    group: Mapping[str, Any]
    flat: Any
    first: int
    last: int
    gradients: Sequence[Any]
    absent: frozenset[int]
    _vectors: Sequence[Any] = ()
    _slots: Sequence[Any] = ()
    _group: Any = None
    _numbers: Any = None
    _scheduled: bool = False
    _carries: bool = False
    _of: Any = None
    _theta: Any = None
    product: float | None = None  # of each parameter after the step to come, where the method has one

    @property
    def parameters(self) -> list[Any]:
        """Those of the flat that lie here."""
        return list(self.flat.parameters[self.first : self.last + 1])

    @property
    def initial(self) -> Mapping[str, float]:
        """The vectors that the rule remembers, with the number that each starts from."""
        return self.optimizer.memory(self.optimizer.settings(self.group))

    def clock(self) -> int:
        """The number of the step that comes next, which must be one for the whole stretch."""
        return self._common("have taken steps", self.flat.clock) + 1

    def _common(self, what: str, of: Callable[[int], Any]) -> Any:
        """What is the same for each parameter here; GraphError where it differs."""
        found = {of(i) for i in range(self.first, self.last + 1)}
        if len(found) > 1:
            raise GraphError(
                f"{self.optimizer}: parameters of one group {what} {sorted(found)}, and a compiled step "
                "moves them together: give those with a history of their own a group of their own"
            )
        return found.pop()

    def carry(self) -> None:
        """Keep the product of the step that was taken."""
        self.flat.products.update(dict.fromkeys(range(self.first, self.last + 1), self.product))

    def vectors(self) -> list[Any]:
        """θ, g and the vectors of memory, over this stretch."""
        self.flat.remember(self.initial)
        span = self.flat.span(self.first, self.last)
        return [v[span] for v in (self.flat.theta, self.flat.gradient, *map(self.flat.memory.get, self.initial))]

    def take(self) -> None:
        """Let the parameters lie in the optimiser's vectors, where they are not there yet."""
        flat, first, end = self.flat, self.first, self.last + 1
        if not all(map(is_, map(_data, flat.parameters[first:end]), flat.bound[first:end])):
            for i in range(first, end):
                if flat.parameters[i]._data is not flat.bound[i]:
                    flat.adopt(i)

    def show(self) -> None:
        """Let the parameters' `.grad` look at g, as after a walk."""
        for p, slot in self._slots:
            if p._grad is not slot:
                p._grad = slot if slot.ndim else slot[()]

    def given(self) -> list[Any]:
        """What the program is called with for this stretch: the settings as numbers, looked through if one changed."""
        flat = self.flat
        if self._of is not flat.memory or self._theta is not flat.theta:
            slots = flat.slots[self.first : self.last + 1]
            self._vectors = [*self.vectors(), *slots]
            self._slots = list(zip(self.parameters, slots, strict=True))
            self._of, self._theta = flat.memory, flat.theta
        if self._group != self.group:
            self._group, self._numbers = dict(self.group), self._settings()
            self._scheduled = any(map(callable, self.group.values()))
            self._carries = self.optimizer.factor(self._numbers) is not None
        settings = self._settings() if self._scheduled else self._numbers
        t = self.clock() if flat.missed else flat.steps + 1
        if self._carries:
            so_far = self._common("have the products", lambda i: flat.products.get(i, 1.0))
            self.product = so_far * self.optimizer.factor(settings)(t)
            settings = {**settings, "product": self.product}
        return [t, settings, *self._vectors]

    def _settings(self) -> Mapping[str, Any]:
        """The settings as numbers, those that the rule does not ask for only where one of them is at work."""
        settings = self.optimizer.settings(self.group)
        if settings.get("weight_decay") or settings["maximize"]:
            return settings
        return {name: settings[name] for name in _asked(type(self.optimizer).rule) if name in settings}


@cache
def _asked(rule: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(signature(rule).parameters)


class Update:
    """An optimiser's rule as a function of its clock, settings, θ, g and memory, which it changes in place."""

    def __init__(self, optimizer: Any) -> None:
        self.rule = type(optimizer).rule
        self.decayed = type(optimizer)._decayed

    def __call__(self, finite: bool, t: int, settings: Mapping[str, Any], theta: Any, g: Any, *memory: Any) -> None:
        if not finite:
            return
        update = self.rule(t, **settings)
        for start in range(0, theta.size, BLOCK):
            block = slice(start, start + BLOCK)
            gradient = g[block]
            if settings.get("weight_decay") or settings.get("maximize"):
                gradient = self.decayed(None, theta[block], gradient, **settings)
            update(theta[block], gradient, *[v[block] for v in memory])


def stretches_of(optimizer: Any, updates: Iterable[tuple[Any, Any, Sequence[Any]]]) -> list[Stretch]:
    """Runs of neighbouring parameters that have a gradient."""
    found = []
    for group, flat, gradients in updates:
        absent = frozenset(i for i, g in enumerate(gradients) if g is None)
        first = None
        for i in range(len(gradients) + 1):
            present = i < len(gradients) and i not in absent
            if present and first is None:
                first = i
            elif not present and first is not None:
                found.append(Stretch(optimizer, group, flat, first, i - 1, gradients[first:i], absent))
                first = None
    return found


def instructions_of(
    stretches: Sequence[Stretch],
    flags: tuple[Var, ...],
    names: Mapping[Any, str],
    operand: Callable[[Any], Operand],
    new: Callable[[str, Any, str], Var],
) -> list[Instruction]:
    """Gradients to their places in g, a look whether all are finite, and the updates if all `flags` are true.

    The last flag is the one that this look sets.
    """
    *before, finite = flags
    lines: list[Instruction] = []
    given: list[tuple[Stretch, list[Var]]] = []
    for stretch in stretches:
        t, settings = new("t", None, "state"), new("settings", None, "state")
        theta = stretch.flat.theta[stretch.flat.span(stretch.first, stretch.last)]  # g and the memory are alike
        vectors = [new(word, theta, "state") for word in ("theta", "g", *stretch.initial)]
        given.append((stretch, [t, settings, *vectors]))
        for i, g in enumerate(stretch.gradients, stretch.first):
            leaf = stretch.flat.parameters[i]
            slot = new(f"g_{names.get(leaf, leaf.name or 'leaf')}", stretch.flat.slots[i], "state")
            copy = Function("np.copyto", np.copyto, pure=False, writes=(0,))
            lines.append(Instruction(Var(f"_{slot}"), copy, (slot, operand(g)), {}, (), None))
    look = Function("all_finite", all_finite, pure=False)
    lines.append(Instruction(finite, look, tuple(v[3] for _, v in given), {}, (), np.dtype(bool)))
    for flag in before if given else ():
        both = Function("np.logical_and", np.logical_and)
        lines.append(Instruction(Var(f"{finite}_{flag}"), both, (finite, flag), {}, (), np.dtype(bool)))
        finite = lines[-1].target
    for stretch, variables in given:
        kind = type(stretch.optimizer).__name__
        writes = (3, *range(5, 1 + len(variables)))
        update = Function(f"{kind.lower()}_update", Update(stretch.optimizer), pure=False, writes=writes)
        target = Var(f"_moved_{variables[2]}")
        lines.append(Instruction(target, update, (finite, *variables), {}, (), None, comment=f"{kind}'s step"))
    return lines
