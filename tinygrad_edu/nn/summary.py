"""A table of a model's layers with the shapes they make and the numbers they learn: `summary`, `Summary`.

Builds on `module` and the engine's modes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import Value
from ..errors import ShapeError
from ..modes import no_grad
from .module import Module
from .parameter import default_dtype

__all__ = ["Summary", "SummaryRow", "summary"]


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One call of a layer: where it hangs, what it is, the shape it made, how many numbers it learns itself."""

    path: str
    kind: str
    output_shape: Any
    parameters: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Rows in the order the layers were called; `str` is the table."""

    rows: tuple[SummaryRow, ...]
    total: int
    trainable: int

    def __str__(self) -> str:
        head = ("layer", "kind", "output shape", "parameters")
        lines = [head] + [(row.path, row.kind, str(row.output_shape), f"{row.parameters:,}") for row in self.rows]
        widths = [max(len(line[k]) for line in lines) for k in range(4)]
        left = ["  ".join(cell.ljust(w) for cell, w in zip(line[:3], widths, strict=False)) for line in lines]
        text = [f"{start}  {line[3].rjust(widths[3])}" for start, line in zip(left, lines, strict=True)]
        rule = "-" * max(map(len, text))
        frozen = f", {self.total - self.trainable:,} of them frozen" if self.total > self.trainable else ""
        return "\n".join([text[0].rstrip(), rule, *text[1:], rule, f"{self.total:,} parameters{frozen}"])


def summary(model: Module, *inputs: Any) -> Summary:
    """Call the model once on `inputs` (arrays, or shapes with the batch, filled with zeros) and list its layers.

    >>> from tinygrad_edu import nn
    >>> print(nn.summary(nn.MLP([2, 4, 1]), (8, 2)))
    layer  kind    output shape  parameters
    ---------------------------------------
    0      Linear  (8, 4)                12
    1      ReLU    (8, 4)                 0
    2      Linear  (8, 1)                 5
    ---------------------------------------
    17 parameters
    """
    rows: list[SummaryRow] = []
    handles = [
        module.register_forward_hook(_noting(rows, path or type(model).__name__))
        for path, module in model.named_modules()
        if not any(True for _ in module.children())
    ]
    was = [(module, module.training) for module in model.modules()]
    try:
        with no_grad():
            model.eval()(*[_filled(x) for x in inputs])
    finally:
        for module, training in was:
            module.training = training
        for handle in handles:
            handle.remove()
    return Summary(tuple(rows), model.num_parameters(), model.num_parameters(trainable_only=True))


def _filled(x: Any) -> Any:
    if isinstance(x, tuple) and all(isinstance(n, int) for n in x):
        return np.zeros(x, default_dtype())
    if isinstance(x, Value | np.ndarray | Sequence):
        return x
    raise ShapeError(f"summary: {x!r:.40} is neither an array nor a shape such as (1, 3, 32, 32)")


def _noting(rows: list[SummaryRow], path: str) -> Any:
    def note(module: Module, _: Any, out: Any) -> None:
        own = sum(parameter.size for parameter in module.parameters())
        rows.append(SummaryRow(path, type(module).__name__, _shape(out), own))

    return note


def _shape(out: Any) -> Any:
    return tuple(map(_shape, out)) if isinstance(out, tuple) else np.shape(out) if out is not None else None
