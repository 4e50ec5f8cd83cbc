"""The likely mistake behind a wrong gradient, in words: `likely_mistake`. Builds on NumPy alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["likely_mistake"]


def likely_mistake(expected: Any, actual: Any, inputs: Sequence[Any], position: int) -> str:
    """What would explain `actual` in place of `expected` as the gradient by `inputs[position]`; empty if nothing does."""
    return ""
