"""Graphs as pictures: `draw(v)` gives a `Drawing`, `table(v)` every gate's numbers, `local_gradient(v, k)` its formula.

`picture` reads the graph into plain nodes, wires and boxes; `dot` writes those as DOT; `render` runs Graphviz.
Builds on the engine.
"""

from .drawing import Drawing, draw
from .formulas import local_gradient
from .picture import Picture, picture
from .steps import Step, steps, table

__all__ = ["Drawing", "Picture", "Step", "draw", "local_gradient", "picture", "steps", "table"]
