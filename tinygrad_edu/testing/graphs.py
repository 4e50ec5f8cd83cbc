"""Whole random graphs of gates, as a Hypothesis strategy: branches, values used twice, groups. Needs the extra `test`.

`RandomGraph` (a straight-line program on square matrices) · `graphs` (the strategy) · `usable` (gates that take part by
themselves). Builds on Hypothesis and the engine.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ..engine import Value
from ..errors import GraphError
from ..modes import group
from ..operators import GATES
from .strategies import arrays

__all__ = ["RandomGraph", "graphs", "usable"]

Function = Callable[..., Any]
SIDE = 2
MATRIX: dict[str, tuple[int, Function]] = {
    "matmul": (2, lambda x, y: x @ y),
    "transpose": (1, lambda x: x.T),
    "rows": (1, lambda x: x - x.sum(0)),
    "centre": (1, lambda x: x - x.mean()),
    "pick": (1, lambda x: x * x[0]),
    "add": (2, lambda x, y: x + y),
    "mul": (2, lambda x, y: x * y),
    "sub": (2, lambda x, y: x - y),
    "div": (2, lambda x, y: x / (y * y + 1)),
}
"""Operations that any engine with Python's operators has: inputs, and what is done with matrices."""


@dataclass(frozen=True)
class RandomGraph:
    """A program: the arrays of its leaves, and steps (operation, positions of earlier values, group or "").

    Called with values in the place of the leaves it runs the steps and gives a scalar that every step has a part in.
    `table` says what an operation's name means on other engines; by default the registered gate.
    """

    leaves: tuple[Any, ...]
    steps: tuple[tuple[str, tuple[int, ...], str], ...]

    def __call__(self, *values: Any, table: Mapping[str, Function] | None = None) -> Any:
        """The scalar that the program computes from `values`."""
        known: list[Any] = list(values)
        for name, places, box in self.steps:
            inputs = [known[place] for place in places]
            if box:
                with group(box):
                    known.append(self._step(name, inputs, table))
            else:
                known.append(self._step(name, inputs, table))
        total = known[0].sum() * 0.5
        for k, value in enumerate(known[1:]):
            total = total + value.sum() * (0.25 + 0.125 * k)
        return total

    @staticmethod
    def _step(name: str, inputs: list[Any], table: Mapping[str, Function] | None) -> Any:
        if name in MATRIX:
            return MATRIX[name][1](*inputs)
        return (GATES if table is None else table)[name](*inputs)

    def __str__(self) -> str:
        lines = [f"x{k} = {np.asarray(x).tolist()}" for k, x in enumerate(self.leaves)]
        for k, (name, places, box) in enumerate(self.steps, len(self.leaves)):
            where = f"  # in group {box}" if box else ""
            lines.append(f"x{k} = {name}({', '.join(f'x{place}' for place in places)}){where}")
        return "\n".join(lines)


def usable() -> dict[str, int]:
    """The package's elementwise gates without settings that are tame (finite, without jumps): name → inputs."""
    house = __name__.split(".")[0] + "."
    found = {name: gate for name, gate in sorted(GATES.items()) if gate.elementwise and not gate.settings}
    return {name: len(g.names) for name, g in found.items() if g.forward.__module__.startswith(house) and _tame(g)}


@cache
def _tame(gate: Any) -> bool:
    """Whether a gate is differentiable by all inputs and, along lines through them, stays small without jumps."""
    line = np.linspace(-8, 8, 4001)
    try:
        with np.errstate(all="ignore"):
            gate(*[Value(0.5)] * len(gate.names)).backward()
            ways = ((1.0, -0.7, 0.4), (0.5, 0.0, 0.0), (0.0, 0.5, 0.0))
            outs = [gate.forward(*[k * line + (k == 0) for k in way[: len(gate.names)]]) for way in ways]
            out = np.concatenate([np.broadcast_to(each, line.shape) for each in outs])
    except (TypeError, ValueError, GraphError):
        return False
    return out.dtype.kind == "f" and bool(
        np.all(np.abs(out) < 50) and np.all(np.abs(np.diff(out.reshape(-1, line.size))) < 0.1)
    )


@st.composite
def graphs(draw: Any, gates: Iterable[str] | None = None, max_steps: int = 6) -> RandomGraph:
    """Random graphs of `gates` (all `usable` ones by default) and of matrix operations; shrinks to a short program."""
    arity = usable() if gates is None else {name: len(GATES[name].names) for name in gates}
    arity |= {name: count for name, (count, _) in MATRIX.items()}
    leaves = tuple(draw(st.lists(arrays((SIDE, SIDE), -1.0, 1.0), min_size=1, max_size=2)))
    steps: list[tuple[str, tuple[int, ...], str]] = []
    for position in range(len(leaves), len(leaves) + draw(st.integers(1, max_steps))):
        name = draw(st.sampled_from(sorted(arity)))
        places = tuple(draw(st.integers(0, position - 1)) for _ in range(arity[name]))
        steps.append((name, places, draw(st.sampled_from(["", "", "box"]))))
    return RandomGraph(leaves, tuple(steps))
