"""A model run once on zeros, so that its layers can be drawn with their shapes: `traced(model, inputs)`.

Any object will do that can be called and has `modules()` and `parameters()`, as those of `nn`; nothing here imports it.
Builds on the engine.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..engine import Value
from ..errors import GraphError, ShapeError
from ..modes import tracing

__all__ = ["is_model", "traced"]


def is_model(x: Any) -> bool:
    """Whether something is a model: it can be called, and has modules and parameters."""
    return callable(x) and hasattr(x, "modules") and hasattr(x, "parameters") and not isinstance(x, Value)


def traced(model: Any, inputs: Any) -> Value:
    """The output of the model in evaluation mode; of several the first. Nothing of the model is changed.

    `inputs` is a shape with the batch, an array, or a list of such, one for each input of the model.
    """
    dtype = next((parameter.dtype for parameter in model.parameters()), np.dtype(np.float64))
    given = [_input(x, dtype, k) for k, x in enumerate(inputs if isinstance(inputs, list) else [inputs])]
    if len(given) == 1 and isinstance(given[0], Value):
        given[0].name = "input"
    was = [(module, module.training) for module in model.modules()]
    try:
        for module, _ in was:
            module.training = False
        with tracing(), np.errstate(all="ignore"):
            out = model(*given)
    finally:
        for module, training in was:
            module.training = training
    found = next(_values(out), None)
    if found is None or found.gate is None:
        raise GraphError(f"draw: {type(model).__name__} gave no Value that a gate computed: there is nothing to draw")
    return found


def _input(x: Any, dtype: Any, k: int) -> Any:
    """Zeros of a shape, or the array as it is; floating-point numbers come in as a Value, to be drawn."""
    if isinstance(x, tuple) and all(isinstance(n, int) for n in x):
        x = np.zeros(x, dtype)
    if isinstance(x, np.ndarray):
        return Value(x, name=f"input {k + 1}", requires_grad=False) if x.dtype.kind == "f" else x
    if isinstance(x, Value):
        return x
    raise ShapeError(
        f"draw: a model is drawn with its inputs: a shape with the batch, as in draw(model, (1, 3, 32, 32)), an array, "
        f"or a list of these; not {x!r:.40}"
    )


def _values(out: Any) -> Iterator[Value]:
    if isinstance(out, Value):
        yield out
    elif isinstance(out, Sequence):
        for each in out:
            yield from _values(each)
