"""Graphs as pictures: `draw(v)` gives a `Drawing`, `table(v)` every gate's numbers, `explain(v, wrt=w)` a derivation,
`lesson(v, path)` a page that plays it, `exercise(v)` one that asks.

`picture` reads the graph into plain nodes, wires and boxes; `dot` writes those as DOT; `render` runs Graphviz.
Builds on the engine.
"""

from .cost import Cost, cost
from .drawing import Drawing, draw
from .explanation import Explanation, explain
from .formulas import local_gradient
from .lesson import Exercise, Lesson, exercise, lesson
from .picture import Picture, picture
from .showing import Show, show
from .steps import Step, steps, table

__all__ = [
    "Cost",
    "Drawing",
    "Exercise",
    "Explanation",
    "Lesson",
    "Picture",
    "Show",
    "Step",
    "cost",
    "draw",
    "exercise",
    "explain",
    "lesson",
    "local_gradient",
    "picture",
    "show",
    "steps",
    "table",
]
