"""Where Graphviz puts everything: `placed(dot)` gives coordinates in points, for formats that Graphviz does not write.

Builds on `render`.
"""

import json
from dataclasses import dataclass, field

from .render import Engine, run_dot

__all__ = ["Placing", "placed"]

Point = tuple[float, float]


@dataclass(slots=True)
class Placing:
    """Centre and size of every node, the corners of every box, and each wire's ends and Bézier points; y goes up."""

    width: float
    height: float
    nodes: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    boxes: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    wires: list[tuple[str, str, list[Point]]] = field(default_factory=list)


def placed(dot: str, engine: Engine = "auto") -> Placing:
    """Lay a drawing out. Raises RenderError without a renderer."""
    told = json.loads(run_dot(dot, "json0", engine=engine))
    _, _, width, height = map(float, told["bb"].split(","))
    made = Placing(width, height)
    names = {}
    for one in told.get("objects", []):
        names[one["_gvid"]] = one["name"]
        if "pos" in one:
            x, y = map(float, one["pos"].split(","))
            made.nodes[one["name"]] = (x, y, 72 * float(one["width"]), 72 * float(one["height"]))
        elif "bb" in one and one["name"].startswith("cluster"):
            x0, y0, x1, y1 = map(float, one["bb"].split(","))
            made.boxes[one["name"]] = (x0, y0, x1, y1)
    for one in told.get("edges", []):
        points = [tuple(map(float, pair.split(","))) for pair in one["pos"].split() if pair[0] not in "se"]
        made.wires.append((names[one["tail"]], names[one["head"]], [(p[0], p[1]) for p in points]))
    return made
