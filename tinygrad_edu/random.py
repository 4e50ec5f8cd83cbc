"""One generator for everything random in the package: initialisers, dropout, shuffling, splits.

`manual_seed` · `generator` · `drawn` · `rng_state` · `set_rng_state`. Builds on `modes`.
"""

from functools import cache
from typing import Any

import numpy as np

from .modes import unfrozen

__all__ = ["drawn", "generator", "manual_seed", "rng_state", "set_rng_state"]


@cache  # made at first use: NumPy loads its random numbers only then
def generator() -> "np.random.Generator":
    """The generator that everything random draws from, unless it is given one of its own.

    >>> manual_seed(0)
    >>> first = generator().normal()
    >>> manual_seed(0)
    >>> generator().normal() == first
    True
    """
    return np.random.default_rng()


def drawn(method: str, *args: Any) -> Any:
    """What a method of the generator draws; while tracing, what stands for it, to be drawn anew at each run."""
    trace = unfrozen(f"drawing {method} numbers")
    return getattr(generator(), method)(*args) if trace is None else trace.draw(method, *args)


def manual_seed(seed: int) -> None:
    """Start the shared generator anew: the same seed gives the same weights, masks, splits and batches.

    The generator is seeded in place, so whoever kept it follows. (PyTorch's returns the generator; numbers differ.)
    """
    generator().bit_generator.state = np.random.default_rng(seed).bit_generator.state


def rng_state() -> dict[str, Any]:
    """Where the shared generator stands: plain numbers, for a checkpoint."""
    return dict(generator().bit_generator.state)


def set_rng_state(state: dict[str, Any]) -> None:
    """Put the shared generator back to where `rng_state` found it."""
    generator().bit_generator.state = state
