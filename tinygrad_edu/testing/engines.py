"""What a check needs to know of an engine: how to make a leaf, read an array, and pull a gradient back.

`Engine` (the adapter's base) · `TinygradEdu` (ours). Builds on the engine.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Value, walk

__all__ = ["Engine", "Function", "TinygradEdu"]

Array = Any
Function = Callable[..., Any]


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

    def gradients(self, f: Function, inputs: Sequence[Any], wrt: Sequence[int], upstream: Any) -> list[Any]:
        """The gradient of Σ upstream · f(*inputs) by the inputs at `wrt`. An engine of functions overrides this."""
        leaves = self.leaves(inputs, wrt)
        return self.pull(f(*leaves), upstream, [leaves[k] for k in wrt])

    def second(
        self, f: Function, inputs: Sequence[Any], wrt: Sequence[int], upstream: Any, weights: Sequence[Any]
    ) -> list[Any]:
        """The gradient of Σ weights · ∂(Σ upstream · f)/∂x by the inputs at `wrt`."""
        leaves = self.leaves(inputs, wrt)
        wanted, total = [leaves[k] for k in wrt], 0
        for g, weight in zip(self.pull(f(*leaves), upstream, wanted, again=True), weights, strict=True):
            if g is not None:
                total = total + (g * self.constant(weight)).sum()
        return self.pull(total, np.float64(1), wanted)

    def leaves(self, inputs: Sequence[Any], wrt: Sequence[int]) -> list[Any]:
        """The inputs as leaves where they are differentiated, else as constants."""
        return [self.leaf(x) if k in wrt else self.constant(x) for k, x in enumerate(inputs)]


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
