"""The graph cut into levels: what stands directly in each group, the wires between, and ports in the group's walls.

`levels(material)` → `Levels`. Each level has its own small layout; equal ones are shared. A value that leaves a group
goes through a port in its right wall and has its label outside; one that comes in goes through the left wall.
Builds on `material` and `layout`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from ...engine import Value
from ...modes import Group
from ..picture import folded_symbol
from ..text import ems, plain
from .layout import Layout, Size, layered
from .material import Material, Part, chain

__all__ = ["Item", "Level", "Levels", "gate_text", "levels"]

FONT = 13.0
PLAIN, TALL, TENSOR, ROUND = (78.0, 44.0), (78.0, 60.0), (96.0, 96.0), 36.0
Place = tuple[Group, ...]


class Item(NamedTuple):
    """What stands in a level: a value's label, a gate, a group's box, a constant, a port in or out."""

    kind: Literal["value", "gate", "box", "constant", "in", "out"]
    what: Any
    position: int = 0


@dataclass(slots=True)
class Level:
    """One group (None for the whole): its items, the wires between them by number, and the layout's number."""

    group: Group | None
    items: dict[Item, int] = field(default_factory=dict)
    wires: list[tuple[int, int]] = field(default_factory=list)
    layout: int = 0

    def item(self, kind: Any, what: Any, position: int = 0) -> int:
        """The number of an item, entered at first sight."""
        return self.items.setdefault(Item(kind, what, position), len(self.items))


@dataclass(slots=True)
class Levels:
    """All levels, the whole graph first, and the distinct layouts with the sizes of their items."""

    levels: dict[Group | None, Level]
    layouts: list[Layout]
    sizes: list[tuple[Size, ...]]


def levels(told: Material, names: dict[Value, str], precision: int = 2) -> Levels:
    """Cut a lesson's material into levels and lay each out; `names` are those shown beside values."""
    cut = _Cut(told)
    made = Levels(cut.levels, [], [])
    known: dict[Any, int] = {}
    sizes = _Sizes(told, names, precision)
    for level in cut.levels.values():
        shape = tuple(map(sizes.size, level.items))
        kinds = [[k for item, k in level.items.items() if item.kind == kind] for kind in ("in", "out", "box")]
        key = (shape, tuple(level.wires), *map(tuple, kinds))
        if key not in known:
            known[key] = len(made.layouts)
            made.layouts.append(layered(shape, level.wires, *kinds))
            made.sizes.append(shape)
        level.layout = known[key]
    return made


class _Cut:
    """Finds for each value where its labels stand, and draws its wires level by level."""

    def __init__(self, told: Material) -> None:
        self.told = told
        self.levels: dict[Group | None, Level] = {None: Level(None)}
        self.users: dict[Value, list[tuple[Place, Part]]] = {v: [] for v in told.values}
        self.small = [part for whole in told.parts for part in whole.smallest()]
        self.fused = {whole.inside for part in told.parts for whole in part.whole()}
        self.many = len(told.values) > 500
        for part in self.small:
            place = chain(part.group)
            for group in place:
                self.levels.setdefault(group, Level(group))
            for x in dict.fromkeys(x for x in part.inputs if isinstance(x, Value)):
                self.users[x].append((place, part))
        self.maker = {part.out: part for part in self.small}
        self.home = {v: self._home(v) for v in told.values}
        self._enter()
        for v in told.values:
            self._wires(v)
        for level in self.levels.values():
            items = [*level.items]
            level.wires.sort(key=lambda wire: (wire[1], self._position(items[wire[0]], items[wire[1]])))

    def level(self, place: Place) -> Level:
        return self.levels[place[-1] if place else None]

    def _home(self, v: Value) -> Place:
        """The innermost group around a value's gate and all its users. A large lesson keeps a leaf beside its users."""
        users = [place for place, _ in self.users[v]]
        if v is self.told.root:
            return ()
        if v.gate is None and v not in self.maker:
            group = self.told.groups.get(v.group)
            own = [chain(group)] if group in self.levels else []
            sinks = self.many or type(v).__name__ == "Parameter"
            return self._unfused(_common(users if sinks else [*own, *users] if own else [()]))
        return _common([chain(self.maker[v].group), *users])

    def _unfused(self, place: Place) -> Place:
        """The place outside any fused gate: its inputs stand before it, as they do while it is closed."""
        return next((place[:depth] for depth, group in enumerate(place) if group in self.fused), place)

    def _enter(self) -> None:
        """All items, in the order they are made, so that the layout can keep it."""
        for part in self.small:
            for x in part.inputs:
                if isinstance(x, Value) and x not in self.maker:
                    self.level(self.home[x]).item("value", x)
            place = chain(part.group)
            for depth, group in enumerate(place):
                self.level(place[:depth]).item("box", group)
            self._constants(part, self.level(place))
            self.level(self.home[part.out]).item("value", part.out)

    def _position(self, source: Item, target: Item) -> int:
        """Which input of a gate a wire is, so that inputs stand in their order; at a box, the order of recording."""
        if target.kind != "gate":
            return 0
        if source.kind == "constant":
            return source.position
        carried = {source.what} if source.kind != "box" else set(self.told.values)
        return next((k for k, x in enumerate(target.what.inputs) if isinstance(x, Value) and x in carried), 0)

    def _constants(self, part: Part, level: Level) -> None:
        """A gate, and the constants among its inputs that don't stand in its symbol."""
        shown = not folded_symbol(part.gate, part.inputs, 2)
        found = [k for k, x in enumerate(part.inputs) if shown and not isinstance(x, Value)]
        sources = [level.item("constant", part, k) for k in found]
        level.wires += [(source, level.item("gate", part)) for source in sources]
        level.item("gate", part)

    def _wires(self, v: Value) -> None:
        home, maker = self.home[v], self.maker.get(v)
        place = chain(maker.group) if maker is not None else home
        above: Place | None = None  # the child we came out of
        for depth in range(len(place), len(home) - 1, -1):
            here = place[:depth]
            level = self.level(here)
            inside = [user for user in self.users[v] if user[0][:depth] == here and user[0][: depth + 1] != above]
            source = None
            if maker is not None:
                source = level.item("box", above[-1]) if above else level.item("gate", maker)
            if depth == len(home) or inside:
                label = level.item("value", v)
                if source is not None:
                    level.wires.append((source, label))
                self._down(v, label, here, inside)
            if depth > len(home) and source is not None:
                level.wires.append((source, level.item("out", v)))
            above = here

    def _down(self, v: Value, source: int, here: Place, users: Iterable[tuple[Place, Part]]) -> None:
        """From a label, or a port in the left wall, to gates here and to boxes that hold users."""
        level = self.level(here)
        boxes: dict[Group, list[tuple[Place, Part]]] = {}
        for place, part in users:
            if len(place) == len(here):
                gate = level.item("gate", part)
                level.wires += [(source, gate) for x in part.inputs if x is v]
            else:
                boxes.setdefault(place[len(here)], []).append((place, part))
        for group, inside in boxes.items():
            level.wires.append((source, level.item("box", group)))
            deeper = (*here, group)
            self._down(v, self.level(deeper).item("in", v), deeper, inside)


def _common(places: list[Place]) -> Place:
    """The groups that all places share."""
    shared = places[0] if places else ()
    for place in places[1:]:
        same = 0
        while same < min(len(shared), len(place)) and shared[same] is place[same]:
            same += 1
        shared = shared[:same]
    return shared


def gate_text(part: Part, precision: int = 2) -> str:
    """What is written in a gate: its symbol, with a number among its inputs, as in ×−1."""
    return plain(folded_symbol(part.gate, part.inputs, precision) or part.gate.symbol)


class _Sizes:
    """How much room an item takes, in steps, so that like groups get the same layout."""

    def __init__(self, told: Material, names: dict[Value, str], precision: int) -> None:
        self.told, self.names, self.precision = told, names, precision
        self.more = max(precision - 2, 0) * 16.0
        self.leaves = set(told.values) - {part.out for part in told.parts}

    def size(self, item: Item) -> Size:
        if item.kind == "value":
            return self._value(item.what)
        if item.kind == "gate":
            return max(ROUND, _steps(ems(gate_text(item.what, self.precision)) * FONT + 16)), ROUND
        if item.kind == "box":
            return max(56.0, _steps(ems(plain(item.what.name)) * FONT + 44)), 44.0
        if item.kind == "constant":
            return (TENSOR[0], 60.0) if np.ndim(item.what.inputs[item.position]) else (PLAIN[0] - 6, 30.0)
        return 0.0, 10.0

    def _value(self, v: Value) -> Size:
        name = self.names.get(v, "")
        wide, high = TENSOR if np.ndim(v._data) else PLAIN
        wide += self.more
        if name and (v in self.leaves or v is self.told.root):
            return wide + _steps(ems(name) * FONT + 10), high
        return (max(wide, _steps(ems(name) * 11 + 8)), TALL[1] if high == PLAIN[1] else high) if name else (wide, high)


def _steps(width: float) -> float:
    return float(-(-width // 8) * 8)
