"""What a check needs to know of an engine: how to make a leaf, read an array, and pull a gradient back.

`Engine` (the adapter's base) · `TinygradEdu` (ours). Builds on the engine.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import Value, walk

__all__ = ["Engine", "TinygradEdu"]

Array = Any


class Engine:
    """An adapter: the three things a gradient check asks of an engine. Derive from it for another engine.

    `order` is the highest derivative the engine gives; `module` is what stands for `np` in functions run on it,
    `single` says that it knows single precision.
    """

    name = "engine"
    order = 1
    module: Any = np
    single = True

    def constant(self, array: Array) -> Any:
        """A value that wants no gradient; by default the array itself."""
        return array

    def leaf(self, array: Array) -> Any:
        """A value that wants a gradient, holding `array`."""
        raise NotImplementedError

    def array(self, value: Any) -> Array:
        """The numbers of a value."""
        raise NotImplementedError

    def pull(self, out: Any, upstream: Any, leaves: Sequence[Any], again: bool = False) -> list[Any]:
        """The gradient of Σ upstream · out by each leaf, None where there is none.

        With `again` the gradients are values that can be pulled from again.
        """
        raise NotImplementedError


class TinygradEdu(Engine):
    """The engine of this package."""

    name = "tinygrad_edu"
    order = 2

    def leaf(self, array: Array) -> Any:
        """A Value that requires a gradient."""
        return Value(array)

    def array(self, value: Any) -> Array:
        """The data of a Value, anything else as it is."""
        return value.data if isinstance(value, Value) else value

    def pull(self, out: Any, upstream: Any, leaves: Sequence[Any], again: bool = False) -> list[Any]:
        """Gradients by one walk back."""
        if not isinstance(out, Value) or not out.requires_grad:
            return [None] * len(leaves)
        found = walk(out, upstream, create_graph=again)
        return [found.get(leaf) for leaf in leaves]
