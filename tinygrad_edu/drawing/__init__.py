"""Graphs as pictures: `draw(v)` gives a `Drawing` (SVG, PNG, DOT), `table(v)` every gate's numbers as text.

`picture` reads the graph into plain nodes, wires and boxes; `dot` writes those as DOT; `render` runs Graphviz.
Builds on the engine.
"""

from .drawing import Drawing, draw
from .marking import Marks
from .picture import Picture, picture
from .steps import Step, steps, table

__all__ = ["Drawing", "Marks", "Picture", "Step", "draw", "picture", "steps", "table"]
