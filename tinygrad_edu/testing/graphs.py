"""Whole random graphs of gates, as a Hypothesis strategy: branches, values used twice, groups. Needs the extra `test`.

`graphs` (programs on arrays of any shape, over all gates with a recipe) · `usable` (elementwise gates, of your own too,
that take part without one). Builds on Hypothesis, `programs` and `recipes`.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ..engine import Value
from ..errors import GraphError
from ..operators import GATES
from .programs import random_program
from .recipes import recipes

__all__ = ["graphs", "usable"]


def usable() -> list[str]:
    """Registered elementwise gates without settings that are tame: finite and without jumps wherever they are used."""
    found = {name: gate for name, gate in sorted(GATES.items()) if gate.elementwise and not gate.settings}
    return [name for name, gate in found.items() if _tame(gate)]


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


def graphs(gates: Iterable[str] | None = None, max_steps: int = 6) -> st.SearchStrategy[Any]:
    """Random programs (`RandomProgram`) of these gates, by default of all with a recipe; shrinks to few steps.

    A gate of your own takes part by name if it works element by element: `graphs([*usable(), "matmul"])`.
    """
    known = recipes(gates)
    return st.randoms(use_true_random=False).map(lambda random: random_program(random, known, max_steps))
