"""How long to look: `thorough(rounds)` makes every check repeat itself at inputs close by. Builds on NumPy.

A check by itself takes one look at the inputs it is given, which is quick enough to stand in every test run; a night
has time for more. `pytest --thorough` does this for a whole run.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

__all__ = ["moved", "rounds", "thorough"]

_rounds = 1


def rounds() -> int:
    """How many looks a check takes."""
    return _rounds


@contextmanager
def thorough(rounds: int = 10) -> Iterator[None]:
    """Within, `gradcheck` and `check_gate` look at so many inputs, the first those given, the others moved at random.

    >>> from tinygrad_edu import GATES
    >>> from tinygrad_edu.testing import check_gate
    >>> with thorough(3):
    ...     check_gate(GATES["mul"], [1.0, 2.0], 3.0).ok
    True
    """
    global _rounds
    before, _rounds = _rounds, rounds
    try:
        yield
    finally:
        _rounds = before


def moved(inputs: Sequence[Any], wrt: Sequence[int] | None, number: int) -> list[Any]:
    """The inputs that are differentiated, each number up to a tenth larger or smaller, and off 0."""
    generator, found = np.random.default_rng(number), list(inputs)
    for k, x in enumerate(inputs):
        if x.dtype.kind in "fc" and (wrt is None or k in wrt):
            change = 1 + generator.uniform(-0.1, 0.1, x.shape)
            found[k] = np.asarray(x * change + 0.01 * generator.uniform(-1, 1, x.shape), x.dtype)[()]
    return found
