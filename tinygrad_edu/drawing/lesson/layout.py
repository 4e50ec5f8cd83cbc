"""A layered layout, left to right: every node in a column, wires as curves between columns that pass no node.

`layered(sizes, wires)` → `Layout`. Columns by the longest path (Sugiyama's method: columns, order within a column by
medians, then heights); the heights are the nearest to the neighbours' that keep nodes apart (isotonic regression).
Plain Python, so a page is the same on every machine and needs no renderer. Builds on nothing.
"""

import itertools
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Layout", "layered"]

GAP_X, GAP_Y, MARGIN = 26.0, 12.0, 16.0
SWEEPS, MANY = 6, 2000
"""How often the order of the columns is improved; twice where there are many nodes and bends."""

Size = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is: node centres, and for each wire the points (x, y) that it goes through.

    From an odd point to the next the wire is level; from an even one it curves.
    """

    width: float
    height: float
    centres: tuple[tuple[float, float], ...]
    wires: tuple[tuple[tuple[float, float], ...], ...]


def layered(
    sizes: Sequence[Size],
    wires: Sequence[tuple[int, int]],
    first: Iterable[int] = (),
    last: Iterable[int] = (),
    boxes: Iterable[int] = (),
) -> Layout:
    """Place nodes of the given sizes so that wires (source, target) run to the right.

    `first` are nodes on the left wall, `last` on the right wall; wires at `boxes` spread over their sides. Linear in
    nodes and bends but for sorting.
    """
    return _Layered(sizes, wires, frozenset(first), frozenset(last)).placed(frozenset(boxes))


class _Layered:
    def __init__(
        self, sizes: Sequence[Size], wires: Sequence[tuple[int, int]], first: frozenset[int], last: frozenset[int]
    ) -> None:
        self.sizes = [*sizes]
        self.first, self.last = first, last
        self.rank, self.turned = _ranked(len(sizes), wires, first, last)
        self.trunks: dict[tuple[int, int], int] = {}
        self.paths = [self._bent(*wire) for wire in wires]
        self.after: list[list[int]] = [[] for _ in self.sizes]
        self.before: list[list[int]] = [[] for _ in self.sizes]
        shared: set[tuple[int, int]] = set()
        for path in self.paths:
            for a, b in itertools.pairwise(path):
                if b < len(sizes) or (a, b) not in shared:
                    shared.add((a, b))
                    self.after[a].append(b)
                    self.before[b].append(a)
        self.count = len(sizes)
        self.columns = self._ordered()

    def _bent(self, source: int, target: int) -> list[int]:
        """The nodes that a wire goes through: its ends, and a bend in each column between.

        Wires from one node go together as far as they can.
        """
        a, b = sorted((source, target), key=lambda k: self.rank[k])
        path = [a]
        for rank in range(self.rank[a] + 1, self.rank[b]):
            bend = self.trunks.setdefault((a, rank), len(self.sizes))
            if bend == len(self.sizes):
                self.sizes.append((0.0, 0.0))
                self.rank.append(rank)
            path.append(bend)
        return [*path, b]

    def _ordered(self) -> list[list[int]]:
        """The order within each column that has the fewest crossings seen."""
        columns: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        for node in self._visited():
            columns[self.rank[node]].append(node)
        best, fewest = [[*column] for column in columns], self._crossings(columns)
        for sweep in range(SWEEPS if len(self.sizes) < MANY else 2):
            if not fewest:
                break
            there = range(1, len(columns)) if sweep % 2 else range(len(columns) - 2, -1, -1)
            for k in there:
                self._sort(columns, k, self.before if sweep % 2 else self.after)
            if (now := self._crossings(columns)) < fewest:
                best, fewest = [[*column] for column in columns], now
        return best

    def _visited(self) -> list[int]:
        """All nodes, depth first from the right, inputs in their order: a tree comes out without crossings."""
        seen: set[int] = set()
        order: list[int] = []
        ends = sorted(range(len(self.sizes)), key=lambda k: (len(self.after[k]) > 0, -self.rank[k], k))
        for end in ends:
            waiting = [end]
            while waiting:
                node = waiting.pop()
                if node not in seen:
                    seen.add(node)
                    order.append(node)
                    waiting += reversed(self.before[node])
        return order

    def _sort(self, columns: list[list[int]], k: int, near: list[list[int]]) -> None:
        place = {node: p for column in columns[max(k - 1, 0) : k + 2] for p, node in enumerate(column)}
        key = {}
        for node in columns[k]:
            beside = sorted(place[x] for x in near[node])
            key[node] = (beside[(len(beside) - 1) // 2] + beside[len(beside) // 2]) / 2 if beside else place[node]
        columns[k].sort(key=lambda node: key[node])

    def _crossings(self, columns: list[list[int]]) -> int:
        total = 0
        for left, right in itertools.pairwise(columns):
            place = {node: p for p, node in enumerate(right)}
            ends = [p for node in left for p in sorted(place[x] for x in self.after[node])]
            seen: list[int] = []
            for p in ends:
                total += len(seen) - bisect_left(seen, p + 1)
                insort(seen, p)
        return total

    def _heights(self) -> list[float]:
        """A height for each node: apart within its column, else as level with its neighbours as can be."""
        y = [0.0] * len(self.sizes)
        steps = [self._steps(column) for column in self.columns]
        for column, step in zip(self.columns, steps, strict=True):
            for node, at in zip(column, step, strict=True):
                y[node] = at - step[-1] / 2
        near = [b + a for b, a in zip(self.before, self.after, strict=True)]
        for sweep in range(max(6, min(30, 2500 // max(len(y), 1)))):
            order = range(len(self.columns))
            for k in order if sweep % 2 else reversed(order):
                column = self.columns[k]
                wanted = [sum(y[x] for x in near[n]) / len(near[n]) if near[n] else y[n] for n in column]
                weight = [1.0 + len(near[n]) for n in column]
                self._settle(y, column, wanted, weight, steps[k])
        for k, column in enumerate(self.columns):
            source = [self._only(n) for n in column]
            wanted = [y[n] if s is None else y[s] for n, s in zip(column, source, strict=True)]
            self._settle(y, column, wanted, [1.0 if s is None else 50.0 for s in source], steps[k])
        return y

    def _only(self, node: int) -> int | None:
        """The node before, where one wire and no other joins the two: these stand level."""
        before = self.before[node]
        return before[0] if len(before) == 1 == len(self.after[before[0]]) else None

    @staticmethod
    def _settle(
        y: list[float], column: list[int], wanted: list[float], weight: list[float], steps: list[float]
    ) -> None:
        for node, at in zip(column, _apart(wanted, weight, steps), strict=True):
            y[node] = at

    def _steps(self, column: list[int]) -> list[float]:
        """How far each node of a column is at least below the first."""
        down, at = [], 0.0
        for k, node in enumerate(column):
            if k:
                at += (self.sizes[column[k - 1]][1] + self.sizes[node][1]) / 2 + GAP_Y
            down.append(at)
        return down

    def placed(self, boxes: frozenset[int]) -> Layout:
        y = self._heights()
        self.off = {**self._spread(boxes, y, -1), **self._spread(boxes, y, 0)}
        top = min((y[k] - self.sizes[k][1] / 2 for k in range(len(y))), default=0) - MARGIN
        bottom = max((y[k] + self.sizes[k][1] / 2 for k in range(len(y))), default=0) + MARGIN
        x, spans, at = [0.0] * len(y), [], MARGIN
        for column in self.columns:
            wide = max((self.sizes[k][0] for k in column), default=0)
            spans.append((at, at + wide))
            for node in column:
                x[node] = at + wide / 2
            at += wide + GAP_X
        width = at - GAP_X + MARGIN if spans else 2 * MARGIN
        for node in self.first | self.last:
            x[node] = 0.0 if node in self.first else width
        centres = [(round(a, 1), round(b - top, 1)) for a, b in zip(x, y, strict=True)]
        drawn = [self._points(k, centres, spans) for k in range(len(self.paths))]
        return Layout(round(width, 1), round(bottom - top, 1), (*centres[: self.count],), (*drawn,))

    def _spread(self, boxes: frozenset[int], y: list[float], end: int) -> dict[tuple[int, int], float]:
        """How far from a box's middle each of its wires ends, in the order of where they come from."""
        ends: dict[int, list[int]] = {}
        for k, path in enumerate(self.paths):
            if path[end] in boxes:
                ends.setdefault(path[end], []).append(k)
        off = {}
        for node, wires in ends.items():
            wires.sort(key=lambda k: y[self.paths[k][1 if end == 0 else -2]])
            step = min(10.0, (self.sizes[node][1] - 12) / len(wires))
            off.update({(k, end): step * (p - (len(wires) - 1) / 2) for p, k in enumerate(wires)})
        return off

    def _points(
        self, k: int, centres: list[tuple[float, float]], spans: list[tuple[float, float]]
    ) -> tuple[tuple[float, float], ...]:
        """From the right side of a wire's left node to the left side of its right node, through the columns between."""
        path = self.paths[k]
        points: list[tuple[float, float]] = []
        for node in path:
            (x, y), (lo, hi) = centres[node], spans[self.rank[node]]
            half = self.sizes[node][0] / 2
            if node in self.first or node in self.last:
                lo = hi = x
            if node == path[0]:
                y += self.off.get((k, 0), 0.0)
                points += [(x + half, y), (max(hi, x), y)]
            elif node == path[-1]:
                y += self.off.get((k, -1), 0.0)
                points += [(min(lo, x), y), (x - half, y)]
            else:
                points += [(lo, y), (hi, y)]
        rounded = _without_level_bends([(round(a, 1), round(b, 1)) for a, b in points])
        return rounded[::-1] if k in self.turned else rounded


def _without_level_bends(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """The same line without the bends at which it goes on level; its ends stay, since they move when boxes open."""
    kept = points[:2]
    for start, end in zip(points[2::2], points[3::2], strict=True):
        if len(kept) > 2 and end != points[-1] and start[1] == kept[-1][1]:
            kept[-1] = end
        else:
            kept += [start, end]
    return tuple(kept)


def _ranked(
    count: int, wires: Sequence[tuple[int, int]], first: frozenset[int], last: frozenset[int]
) -> tuple[list[int], set[int]]:
    """The column of each node by the longest path to it, and which wires had to be turned to break a ring."""
    after: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    missing = [0] * count
    for k, (a, b) in enumerate(wires):
        after[a].append((k, b))
        missing[b] += 1
    turned: set[int] = set()
    order: list[int] = []
    ready = [k for k in range(count) if not missing[k]][::-1]
    left = dict.fromkeys(range(count))
    arrived: set[int] = set()
    while left:
        if not ready:
            stuck = next(iter(left))
            turned |= {k for k, (a, b) in enumerate(wires) if b == stuck and a in left and k not in arrived}
            ready.append(stuck)
        node = ready.pop()
        if node not in left:
            continue
        del left[node]
        order.append(node)
        for k, b in after[node]:
            arrived.add(k)
            missing[b] -= 1
            if not missing[b] and b in left:
                ready.append(b)
    return _columns(count, wires, order, turned, first, last), turned


def _columns(
    count: int,
    wires: Sequence[tuple[int, int]],
    order: list[int],
    turned: set[int],
    first: frozenset[int],
    last: frozenset[int],
) -> list[int]:
    after: list[list[int]] = [[] for _ in range(count)]
    sources = set(range(count))
    for k, (a, b) in enumerate(wires):
        a, b = (b, a) if k in turned else (a, b)
        after[a].append(b)
        sources.discard(b)
    rank = [0] * count
    for node in order:
        base = rank[node] + (1 if first and node in sources and node not in first and not rank[node] else 0)
        rank[node] = base
        for b in after[node]:
            rank[b] = max(rank[b], base + 1)
    for node in sources - first:
        if after[node]:
            rank[node] = min(rank[b] for b in after[node]) - 1
    end = max((rank[k] for k in range(count) if k not in last), default=-1) + 1
    for node in last:
        rank[node] = end
    return rank


def _apart(wanted: list[float], weight: list[float], steps: list[float]) -> list[float]:
    """The heights nearest to those wanted (in least squares) that keep each node its step below the one before."""
    blocks: list[tuple[float, float, int]] = []  # weighted sum, weight, count: pooled adjacent violators
    for want, w, step in zip(wanted, weight, steps, strict=True):
        total, heavy, size = (want - step) * w, w, 1
        while blocks and blocks[-1][0] * heavy > total * blocks[-1][1]:
            before = blocks.pop()
            total, heavy, size = total + before[0], heavy + before[1], size + before[2]
        blocks.append((total, heavy, size))
    level = [total / heavy for total, heavy, size in blocks for _ in range(size)]
    return [at + step for at, step in zip(level, steps, strict=True)]
