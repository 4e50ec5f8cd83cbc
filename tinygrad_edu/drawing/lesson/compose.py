"""Levels put into one another: an open group's box grows, and what is around it moves away without changing places.

`composed(levels, opened)` → `Placed`. The page does the same in JavaScript; this is for tests and figures without a
page. Builds on `levels`.
"""

import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...modes import Group
from .levels import Item, Levels

__all__ = ["TITLE", "Placed", "composed", "warp"]

TITLE = 18.0
"""Room above an open group's content for its name, and as much below, so that wires go straight in."""

Point = tuple[float, float]


@dataclass(slots=True)
class Placed:
    """Items with centre and size, frames of open groups, and wires with the items they join and their points."""

    width: float
    height: float
    items: list[tuple[Item, float, float, float, float]] = field(default_factory=list)
    frames: list[tuple[Group, float, float, float, float]] = field(default_factory=list)
    wires: list[tuple[Item, Item, list[Point]]] = field(default_factory=list)


def warp(boxes: list[tuple[float, float, float]]) -> Callable[[float], float]:
    """A stretch of one axis that gives each box (from, to, size needed) its room, and keeps all order."""
    cuts = sorted({edge for lo, hi, _ in boxes for edge in (lo, hi)})
    if not cuts:
        return lambda x: x
    ends = [cuts[0]]
    for a, b in itertools.pairwise(cuts):
        slope = max([1.0, *(need / (hi - lo) for lo, hi, need in boxes if lo <= a and b <= hi)])
        ends.append(ends[-1] + (b - a) * slope)
    last = cuts[-1]

    def stretched(x: float) -> float:
        if x <= cuts[0]:
            return x
        return x + ends[-1] - last if x >= last else float(np.interp(x, cuts, ends))

    return stretched


def composed(made: Levels, opened: Collection[Group], group: Group | None = None) -> Placed:
    """The whole (or one group's inside) as it is drawn with these groups open."""
    level, layout = made.levels[group], made.layouts[made.levels[group].layout]
    sizes, items = made.sizes[level.layout], [*level.items]
    inner = {
        k: composed(made, opened, item.what)
        for k, item in enumerate(items)
        if item.kind == "box" and item.what in opened
    }
    spans: list[list[Any]] = [[], []]
    for k, inside in inner.items():
        for axis, need in enumerate((inside.width, inside.height + 2 * TITLE)):
            at, half = layout.centres[k][axis], sizes[k][axis] / 2
            spans[axis].append((at - half, at + half, need))
    x, y = map(warp, spans)
    whole = Placed(x(layout.width), y(layout.height))
    where = [(x(a), y(b)) for a, b in layout.centres]
    for k, item in enumerate(items):
        if k not in inner:
            whole.items.append((item, *where[k], *sizes[k]))
            continue
        box = (where[k][0] - inner[k].width / 2, where[k][1] - inner[k].height / 2 - TITLE)
        _move(inner[k], box[0], box[1] + TITLE)
        whole.frames += [(item.what, *box, inner[k].width, inner[k].height + 2 * TITLE), *inner[k].frames]
        whole.items += inner[k].items
        whole.wires += inner[k].wires
    for (a, b), points in zip(level.wires, layout.wires, strict=True):
        path = [(x(p), y(q)) for p, q in points]
        for end, k, other in ((0, a, b), (-1, b, a)):
            path[end] = _end(made, layout.centres[k], points[end], where[k], inner.get(k), items[k], items[other])
        path[1], path[-2] = (path[1][0], path[0][1]), (path[-2][0], path[-1][1])
        whole.wires.append((items[a], items[b], path))
    return whole


def _end(made: Levels, was: Point, point: Point, now: Point, inside: Placed | None, item: Item, other: Item) -> Point:
    """A wire's end at its node: as far from the centre as it was, or at the port in an open group's wall."""
    if inside is None:
        return now[0] + point[0] - was[0], now[1] + point[1] - was[1]
    side = "out" if point[0] > was[0] else "in"
    for at, x, y, *_ in inside.items:
        if at.kind == side and at.what is other.what and at in made.levels[item.what].items:
            return x, y
    return now


def _move(placed: Placed, dx: float, dy: float) -> None:
    placed.items = [(item, x + dx, y + dy, w, h) for item, x, y, w, h in placed.items]
    placed.frames = [(group, x + dx, y + dy, w, h) for group, x, y, w, h in placed.frames]
    placed.wires = [(a, b, [(x + dx, y + dy) for x, y in points]) for a, b, points in placed.wires]
