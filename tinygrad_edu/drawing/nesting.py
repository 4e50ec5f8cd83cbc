"""A large picture laid out group by group: equal groups share one layout, and nothing needs a renderer.

`nested(picture, size)` → `Nested`. A group's inside is laid out once, then it is a box of known size in the group
around it; a wire that crosses walls goes through a port in each. Builds on `picture` and the lesson page's layout.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from .picture import Node, Picture

__all__ = ["TITLE", "Nested", "nested"]

TITLE = 20.0
Point = tuple[float, float]
Key = tuple[str, str]  # ("node" | "box" | "in" | "out", id); a port has the id of the wire's source


@dataclass(slots=True)
class Nested:
    """Centre and size of every node, corners of every box, and wires with their points; y goes down.

    Between two points of one height a wire is level, else it curves. `layouts` counts the distinct groups.
    """

    width: float
    height: float
    nodes: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    boxes: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    wires: list[tuple[str, str, str | None, list[Point]]] = field(default_factory=list)
    layouts: int = 0


@dataclass(slots=True)
class _Level:
    """What stands directly in a group, and the pieces of wires between: from, to, the whole wire's ends, its mark."""

    items: dict[Key, int] = field(default_factory=dict)
    wires: list[tuple[int, int, str, str, str | None]] = field(default_factory=list)

    def item(self, key: Key) -> int:
        return self.items.setdefault(key, len(self.items))


def nested(picture: Picture, size: Callable[[Node], tuple[float, float]], progress: bool = False) -> Nested:
    """Lay every group out, innermost first. `progress` shows a bar on standard error, where tqdm is installed."""
    levels = _Cut(picture).levels
    from .lesson.layout import layered  # the lesson builds on this room

    sizes: dict[Key, tuple[float, float]] = {("node", node.id): size(node) for node in picture.nodes}
    order = [*(box.id for box in reversed(picture.boxes)), ""]
    known: dict[Any, Any] = {}
    layouts = {}
    for box in _shown(order, progress):
        level = levels[box]
        shape = tuple(sizes.get(key, (0.0, 10.0)) for key in level.items)
        wires = tuple((a, b) for a, b, *_ in level.wires)
        walls = [tuple(k for (kind, _), k in level.items.items() if kind == side) for side in ("in", "out")]
        key = (shape, wires, *walls)
        if key not in known:
            known[key] = layered(shape, wires, *walls)
        layouts[box] = known[key]
        sizes["box", box] = (layouts[box].width, layouts[box].height + TITLE)
    made = Nested(layouts[""].width, layouts[""].height, layouts=len(known))
    _place(made, levels, layouts, sizes, order)
    return made


def _shown(order: Sequence[str], progress: bool) -> Iterable[str]:
    """The groups, with a progress bar where one is wanted and can be had."""
    if progress:
        try:
            from tqdm import tqdm
        except ImportError:
            print(f"laying out {len(order):,} groups …", file=sys.stderr)
        else:
            return tqdm(order, desc="drawing", unit="group", leave=False)
    return order


class _Cut:
    """The picture cut into levels, one for each open group and "" for the whole."""

    def __init__(self, picture: Picture) -> None:
        self.parent = {box.id: box.parent for box in picture.boxes}
        self.levels = {"": _Level(), **{box.id: _Level() for box in picture.boxes}}
        self.place = {node.id: self._chain(node.box) for node in picture.nodes}
        self.once: set[tuple[str, int, int]] = set()
        for node in picture.nodes:
            chain = self.place[node.id]
            for outer, inner in pairwise(chain):
                self.levels[outer].item(("box", inner))
            self.levels[chain[-1]].item(("node", node.id))
        for wire in picture.wires:
            for box, a, b in self._pieces(wire.source, wire.target):
                self._add(box, a, b, wire.source, wire.target, wire.mark)

    def _chain(self, box: str) -> tuple[str, ...]:
        """A group after those around it, the whole first."""
        chain = [box]
        while chain[-1]:
            chain.append(self.parent[chain[-1]])
        return tuple(reversed(chain))

    def _pieces(self, source: str, target: str) -> Iterator[tuple[str, Key, Key]]:
        """A wire level by level: out of the groups around its source, across, and into those around its target."""
        up, down = self.place[source], self.place[target]
        shared = next((k for k, (a, b) in enumerate(zip(up, down, strict=False)) if a != b), min(len(up), len(down)))
        here: Key = ("node", source)
        for depth in range(len(up) - 1, shared - 1, -1):
            yield up[depth], here, ("out", source)
            here = ("box", up[depth])
        for depth in range(shared, len(down)):
            yield down[depth - 1], here, ("box", down[depth])
            here = ("in", source)
        yield down[-1], here, ("node", target)

    def _add(self, box: str, a: Key, b: Key, source: str, target: str, mark: str | None) -> None:
        level = self.levels[box]
        ends = level.item(a), level.item(b)
        if b[0] != "node":  # a port is used by all wires of its source
            if (box, *ends) in self.once:
                return
            self.once.add((box, *ends))
        level.wires.append((*ends, source, target, mark))


def _place(
    made: Nested, levels: dict[str, _Level], layouts: dict[str, Any], sizes: dict[Key, Any], order: list[str]
) -> None:
    """Coordinates in the whole picture, outermost group first; a wire's end at a box goes to the port inside."""
    origin: dict[str, Point] = {"": (0.0, 0.0)}
    where: dict[tuple[str, Key], Point] = {}
    for box in reversed(order):
        (x, y), layout = origin[box], layouts[box]
        for key, (cx, cy) in zip(levels[box].items, layout.centres, strict=True):
            where[box, key] = at = (x + cx, y + cy)
            w, h = sizes.get(key, (0.0, 0.0))
            if key[0] == "node":
                made.nodes[key[1]] = (*at, w, h)
            elif key[0] == "box":
                made.boxes[key[1]] = (at[0] - w / 2, at[1] - h / 2, at[0] + w / 2, at[1] + h / 2)
                origin[key[1]] = (at[0] - w / 2, at[1] - h / 2 + TITLE)
    for box in reversed(order):
        (x, y), items = origin[box], [*levels[box].items]
        for (a, b, source, target, mark), points in zip(levels[box].wires, layouts[box].wires, strict=True):
            path = [(x + p, y + q) for p, q in points]
            if items[a][0] == "box":
                _meet(path, 0, 1, where[items[a][1], ("out", source)])
            if items[b][0] == "box":
                _meet(path, -1, -2, where[items[b][1], ("in", source)])
            made.wires.append((source, target, mark, path))


def _meet(path: list[Point], end: int, beside: int, port: Point) -> None:
    """End a wire at a port, and let it arrive there level."""
    path[end] = port
    if len(path) > 3:
        path[beside] = (path[beside][0], port[1])
