"""Which scalar nodes of a trace look alike: the groups that can be computed at once, lane by lane.

`Groups` · `Group`. Two scalar nodes belong together when their whole expressions look alike: the same gate of inputs
that belong together; so no one of them can need another. Chains of additions become one sum, which changes rounding.
A number is known by its code: that of its group and its place there, or a negative one for a constant. Builds on
`gates`, `kinds`, `program` and `trace`.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from ..calculus.recording import variable
from ..engine import Gate, Value
from ..gates.arithmetic import add
from ..gates.shaping import getitem
from .kinds import Promise
from .program import Function, instances
from .trace import DETACH

__all__ = ["BITS", "FLOAT", "Group", "Groups", "is_scalar", "values"]

FLOAT = np.dtype(np.float64)
KINDS = frozenset({((), FLOAT), ((), np.dtype(np.bool_))})
NUMBERS = frozenset({float, int, bool, np.float64, np.bool_})  # constants that a lane may read
SETTINGS = (str, int, float, type, np.dtype)
NAMED = frozenset({"np.where", "np.isnan", "np.isfinite", "np.isinf"})
BITS = 32  # of a code for the place in a group


@dataclass(eq=False)
class Group:
    """Nodes that look alike, lane by lane; a `barrier` is one that stays as it is, a `total` a sum of several terms.

    `var` is the vector, or the number where there is one lane. `first` counts groups and so names this one. The lanes
    of `given` are there before: the program's own numbers, or the elements of an array `source`.
    """

    depth: int
    first: int
    barrier: bool = False
    given: bool = False
    total: bool = False
    source: Any = None
    nodes: Any = field(default_factory=list)
    lanes: Any = field(default_factory=list)  # of each node the codes of its inputs
    var: Any = None


def readers(nodes: Sequence[Any], wanted: Sequence[Any]) -> dict[Any, Any]:
    """The node that reads a Value, None where there are several or one is outside."""
    found: dict[Any, Any] = {}
    for node in nodes:
        for x in node.inputs:
            if isinstance(x, Value):
                found[x] = None if x in found else node
            elif type(x) is not float:
                found.update(dict.fromkeys(values(x)))
        if node.settings:
            found.update(dict.fromkeys(values(tuple(node.settings.values()))))
    found.update(dict.fromkeys(values(wanted)))
    return found


def is_scalar(node: Any) -> bool:
    """Whether a node computes one number."""
    return type(node._data) is Promise and node._data.kind in KINDS


@lru_cache(256)
def by_element(gate: Gate | Function) -> bool:
    """Whether a gate or function does with vectors what it does with numbers, element by element."""
    if isinstance(gate, Gate):
        return gate.elementwise and gate is not variable
    return gate.pure and (isinstance(gate.forward, np.ufunc) or gate.name in NAMED)


def values(tree: Any) -> Iterator[Value]:
    """The Values in what a node was given."""
    return instances(tree, Value)


def number_key(x: Any) -> tuple[str, str]:
    """A constant as a key; 1, 1.0 and True, or 0.0 and -0.0, are not the same."""
    return type(x).__name__, repr(x)


class Groups:
    """The groups of the nodes of a trace: which ones there are, and the `place` of each number among them.

    `given` are the program's own numbers, `wanted` the nodes that are read from outside. Where of an addition only
    another one reads the result, its place is meanwhile the list of the terms of that one's sum.
    """

    def __init__(self, nodes: Sequence[Any], given: Sequence[Value], wanted: Sequence[Any]) -> None:
        self.all = [Group(0, 0, given=True, nodes=list(given))]
        self.place: dict[Value, Any] = {x: k for k, x in enumerate(given)}
        self.constants: list[Any] = []
        self.lanes = 0
        self._codes: dict[tuple[str, str], int] = {}
        self._known: dict[Hashable, Group] = {}
        self._seen: dict[Hashable, int] = {}
        self._arrays: dict[Value, Group] = {}
        self._barriers, self._behind = 0, dict[Value, int]()
        self._reader = readers(nodes, wanted)
        for node in nodes:
            if not self._lane(node):
                self._other(node)

    def sorted(self) -> list[Group]:
        """Every group after those that it reads."""
        return sorted(self.all, key=lambda group: (group.depth, group.first))

    def _lane(self, node: Any) -> bool:
        """Put a node into its group if it computes one number from single ones, and does so with vectors by element.

        An addition that only another reads comes among the terms of that one's sum.
        """
        gate, place = node.gate, self.place
        if not (is_scalar(node) and by_element(gate)):
            return False
        if node.settings and not all(isinstance(x, SETTINGS) for x in node.settings.values()):
            return False
        codes = []
        for x in node.inputs:
            code = place.get(x) if isinstance(x, Value) else None
            if code is None and (code := self._constant(x)) is None:
                return False
            codes.append(code)
        self.lanes += 1
        if gate is add and node.dtype == FLOAT:  # of two truths + makes another truth, not their number
            if type(codes[0]) is list or type(codes[1]) is list:
                codes = _joined(*codes)
            reader = self._reader.get(node)
            if reader is not None and reader.gate is add:
                place[node] = codes
                return True
        self._enter(node, codes)
        return True

    def _constant(self, x: Any) -> int | None:
        """The code of a number that is always the same, also in a leaf that the function has made."""
        x = x._data if isinstance(x, Value) and type(x._data) is np.float64 else x
        if type(x) not in NUMBERS:
            return None
        code = self._codes.setdefault(number_key(x), ~len(self.constants))
        if code == ~len(self.constants):
            self.constants.append(x)
        return code

    def _enter(self, node: Any, codes: list[int]) -> None:
        """Make a node the next lane of its group; one that computes what another has is that other."""
        if total := len(codes) > 2 and node.gate is add:
            codes.sort()
        kind = (node.gate, repr(sorted(node.settings.items()))) if node.settings else node.gate
        exact = (kind, *codes)
        code = self._seen.get(exact)
        if code is None:
            key = (kind, *[code >> BITS for code in codes])
            group = self._known.get(key)
            if group is None:
                depth = max([self.all[code >> BITS].depth for code in codes if code >= 0], default=0)
                group = self._known[key] = self._new(1 + depth, total=total)
            code = self._seen[exact] = group.first << BITS | len(group.nodes)
            group.nodes.append(node)
            group.lanes.append(codes)
        self.place[node] = code

    def _other(self, node: Any) -> None:
        """A node that is no lane: something passed on, an element of an array, or a barrier."""
        read = list(values((*node.inputs, *node.settings.values())))
        for x in read:
            if type(self.place.get(x)) is list:
                self._enter(x, self.place[x])
        if node.gate is DETACH or node.gate is variable:
            code = self.place.get(read[0], self._constant(read[0]))
            if code is not None:
                self.place[node] = code
                return
        if not self._element(node):
            self._barriers = 1 + max(self._barriers, *map(self._depth, read), 0)
            group = self._new(self._barriers, barrier=True, nodes=[node])
            self._behind[node] = group.depth
            if is_scalar(node):
                self.place[node] = group.first << BITS

    def _element(self, node: Any) -> bool:
        """Whether a node picks one number of an array by its place; it is then a lane of the array's own."""
        source, index = node.inputs[0], node.settings.get("index", ())
        if node.gate is not getitem or len(node.inputs) > 1 or not isinstance(source, Value):
            return False
        shape = source.shape
        if not shape or source.dtype != FLOAT or len(index) != len(shape) or any(type(k) is not int for k in index):
            return False
        if source not in self._arrays:
            self._arrays[source] = self._new(self._depth(source), given=True, source=source, nodes=[None] * prod(shape))
        at = int(np.ravel_multi_index([k % n for k, n in zip(index, shape, strict=True)], shape))
        group = self._arrays[source]
        group.nodes[at] = node
        self.place[node] = group.first << BITS | at
        return True

    def _depth(self, x: Value) -> int:
        """How many groups at most stand one behind the other up to a value."""
        if x in self._behind:
            return self._behind[x]
        return self.all[self.place[x] >> BITS].depth if self.place.get(x, -1) >= 0 else 0

    def _new(self, depth: int, **more: Any) -> Group:
        """One more group."""
        self.all.append(Group(depth, len(self.all), **more))
        return self.all[-1]


def _joined(x: Any, y: Any) -> list[int]:
    """The terms of two sums, or of a sum and a number; the longer list is added to."""
    if type(x) is not list or (type(y) is list and len(x) < len(y)):
        x, y = y, x
    x += y if type(y) is list else (y,)
    return x
