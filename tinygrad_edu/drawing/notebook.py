"""What a notebook shows of a Value: the circuit it came from. Outputs are plain SVG, and stay without a kernel.

`bundle(v)`. Builds on `drawing`.
"""

import numpy as np

from ..engine import Value
from ..errors import GraphError, RenderError
from .drawing import draw

__all__ = ["bundle"]


def bundle(v: Value) -> dict[str, str]:
    """The drawing and the text; the text alone for a leaf, a graph too large to read, or without a renderer."""
    plain = {"text/plain": repr(v)}
    if v.gate is None:
        return plain
    try:
        with np.errstate(all="ignore"):
            return {"image/svg+xml": draw(v).svg, **plain}
    except (GraphError, RenderError):
        return plain
