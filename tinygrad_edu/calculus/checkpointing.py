"""Less memory for more time: `checkpoint(f)` runs f again on the way back instead of keeping its inside.

Builds on `recording` and `random`.

A checkpointed call is one gate, `recomputed`, whose setting is the `Segment` that can be run again. Its inputs are the
arguments and every Value that f reads from outside (the parameters of a layer): the first run finds them.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ..engine import Value, gate
from ..errors import GraphError
from ..modes import current_mode, recording
from ..random import rng_state, set_rng_state
from .recording import fresh, is_recorded, outside, transposed
from .trees import leaves, rebuilt

__all__ = ["Segment", "checkpoint", "recomputed"]


class Segment:
    """A function of `inputs` that returns a tree of arrays, and can be run again: the setting of gate `recomputed`.

    The first run happens here; `out` is what it returned and `captured` are the Values it read from outside.
    """

    def __init__(self, function: Callable[..., Any], inputs: Sequence[Any]) -> None:
        self.function, self.name = function, getattr(function, "__name__", type(function).__name__)
        self.kinds = [x.requires_grad if isinstance(x, Value) else None for x in inputs]
        self.seed = rng_state()
        start = fresh(0.0)
        variables, self.out = self._run([x.data if isinstance(x, Value) else x for x in inputs])
        self.captured = outside(leaves(self.out), [start, *variables])
        self.recorded = [k for k, out in enumerate(leaves(self.out)) if is_recorded(out)]
        self.shapes = [leaves(self.out)[k].shape for k in self.recorded]
        self._first: Any = self.packed(self.out)
        self._last: tuple[tuple[Any, ...], list[Any]] = ((), [])

    def _run(self, inputs: Sequence[Any]) -> tuple[list[Value], Any]:
        """The variables and the output of a run on Values where the first run had Values."""
        given = [x if kind is None else fresh(x) for x, kind in zip(inputs, self.kinds, strict=True)]
        for x, kind in zip(given, self.kinds, strict=True):
            if kind is not None:
                x.requires_grad = kind
        with recording():
            return [x for x in given if isinstance(x, Value)], self.function(*given)

    def again(self, inputs: Sequence[Any]) -> tuple[list[Value], Any]:
        """Another run, that draws the same random numbers as the first."""
        now = rng_state()
        set_rng_state(self.seed)
        try:
            return self._run(inputs)
        finally:
            set_rng_state(now)

    def packed(self, out: Any) -> Any:
        """The recorded outputs as one array: end to end if there are several."""
        arrays = [leaves(out)[k].data for k in self.recorded]
        return arrays[0] if len(arrays) == 1 else np.concatenate([np.ravel(x) for x in [*arrays, []]])

    def unpacked(self, packed: Any) -> list[Any]:
        """The parts of a packed array, or Value."""
        if len(self.shapes) == 1:
            return [packed]
        ends = np.cumsum([0, *(int(np.prod(shape)) for shape in self.shapes)]).tolist()
        return [packed[a:b].reshape(shape) for a, b, shape in zip(ends, ends[1:], self.shapes, strict=False)]

    def forward(self, inputs: Sequence[Any]) -> Any:
        """What the first run gave, once; then another run."""
        first, self._first = self._first, None
        return self.packed(self.again(inputs[: len(self.kinds)])[1]) if first is None else first

    def _pullback(self, g: Any, out: Any, *inputs: Any) -> list[Any]:
        """The gradients by all inputs and captured Values, None for constants, from a run of its own."""
        variables, result = self.again(inputs)
        found = self.packed(result)
        if not np.allclose(found, out, rtol=float(np.sqrt(np.finfo(found.dtype).eps)), atol=0, equal_nan=True):
            raise GraphError(
                f"checkpoint({self.name}): run again, the function gave another result: it draws random numbers from "
                "a generator of its own (use the package's, manual_seed), or something it reads has changed"
            )
        outs, wanted = [leaves(result)[k] for k in self.recorded], [*variables, *self.captured]
        keep = any(isinstance(x, Value) for x in (g, *inputs))
        gradients = iter(transposed(outs, self.unpacked(g), wanted, keep=keep))
        return [None if kind is None else next(gradients) for kind in self.kinds] + list(gradients)

    def pulled(self, g: Any, out: Any, inputs: tuple[Any, ...], position: int) -> Any:
        """The gradient by one input. One run serves all: the engine asks for them one after the other."""
        asked, gradients = self._last
        if not asked or any(a is not b for a, b in zip(asked, (g, *inputs), strict=True)):
            arguments = inputs[: len(self.kinds)]
            kept = getattr(out, "data", out)
            recompute = checkpoint(self._pullback) if any(map(is_recorded, (g, *inputs))) else self._pullback
            gradients = recompute(g, kept, *arguments)
            self._last = ((g, *inputs), gradients)
        if position == max(k for k, needed in enumerate([*self.kinds, *[True] * len(self.captured)]) if needed):
            self._last = ((), [])
        return gradients[position]


@gate(
    inputs=lambda g, out, *inputs, segment, position: segment.pulled(g, out, inputs, position),
    symbol="↻",
)
def recomputed(*inputs: Any, segment: Segment) -> Any:
    """A function whose inside is not kept: on the way back it runs again, and passes the gradient through."""
    return segment.forward(inputs)


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """f with the same results and gradients, which keeps no intermediate array: on the way back it runs f again.

    Memory goes down by all that f keeps inside, time up by one more run of f for each order of derivative. Arguments
    and results are trees as in `grad`; Values read from outside get their gradients too. f must give the same result
    again: random numbers of the package's generator are drawn again as they were; anything else that changes
    raises GraphError on the way back. (Chen et al., Training deep nets with sublinear memory cost, 2016.)

    >>> import numpy as np
    >>> from tinygrad_edu import Value
    >>> x = Value(2.0)
    >>> y = checkpoint(lambda x: np.exp(np.sin(x)))(x)
    >>> y.gate, y.inputs == (x,)
    (recomputed, True)
    >>> y.backward()
    >>> float(x.grad) == float(np.cos(2.0) * np.exp(np.sin(2.0)))
    True
    """

    @wraps(f)
    def remembered(*args: Any, **kwargs: Any) -> Any:
        mode = current_mode()
        if mode.everything or not mode.recording:
            return f(*args, **kwargs)
        tree = leaves((args, kwargs))
        is_data = [isinstance(x, Value | np.ndarray) for x in tree]
        data = [x for x, chosen in zip(tree, is_data, strict=True) if chosen]

        def function(*data: Any) -> Any:
            arrays = iter(data)
            given = [next(arrays) if chosen else x for x, chosen in zip(tree, is_data, strict=True)]
            again, options = rebuilt((args, kwargs), given)
            return f(*again, **options)

        segment = Segment(wraps(f)(function), data)
        if not segment.recorded:
            return segment.out
        parts = segment.unpacked(recomputed(*data, *segment.captured, segment=segment))
        outs = leaves(segment.out)
        for k, part in zip(segment.recorded, parts, strict=True):
            outs[k] = part.astype(outs[k].dtype) if part.dtype != outs[k].dtype else part
        result = rebuilt(segment.out, outs)
        segment.out = None
        return result

    return remembered
