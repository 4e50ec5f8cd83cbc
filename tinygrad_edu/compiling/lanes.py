"""Many scalar gates of one kind as one vector gate, in traces in which every number is a node of its own.

`grouped`. Two scalar nodes belong together when their whole expressions look alike: the same gate of inputs that
belong together; so no one of them can need another. Each becomes a lane of a vector, and reads its inputs from the
lanes of other vectors: all of them in order, a slice, or what `np.take` picks. Chains of additions become one sum,
which changes rounding. Only the vectors become lines of the program. Builds on `gates`, `program` and `trace`.

A number is known by its code: that of its group and its place there, or a negative one for a constant.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from ..calculus.recording import variable
from ..engine import Gate, Value
from ..gates.arithmetic import add, mul
from ..gates.shaping import getitem
from .kinds import Promise
from .program import Function, Instruction, Operand, Var
from .trace import DETACH

__all__ = ["Lanes", "grouped"]

FEWEST, LANES_EACH = 64, 4  # below so many scalar gates, or so few to a vector, they stay as they are
FLOAT = np.dtype(np.float64)
KINDS = frozenset({((), FLOAT), ((), np.dtype(np.bool_))})
STACK = Function("np.array", np.array)
TAKE = Function("np.take", np.take)
REDUCE = Function("np.add.reduce", np.add.reduce)
RESHAPE = Function("np.reshape", np.reshape)
NUMBERS = frozenset({float, int, bool, np.float64, np.bool_})  # constants that a lane may read
SETTINGS = (str, int, float, type, np.dtype)
NAMED = frozenset({"np.where", "np.isnan", "np.isfinite", "np.isinf"})
PASSING = frozenset({DETACH, variable})  # gates that only pass numbers on
BITS = 32  # of a code for the place in a group
PLACE = (1 << BITS) - 1
Codes = Any  # an array of codes


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


def grouped(nodes: Sequence[Any], wanted: Iterable[Any], given: Sequence[Value], builder: Any) -> "Lanes | None":
    """The scalar nodes of a trace as lanes of vectors, or None where that would not pay.

    `wanted` are the nodes that are read from outside, `given` the program's own numbers.
    """
    lanes, inside = lanes_of(nodes, wanted)
    if len(lanes) < FEWEST:
        return None
    made = Lanes(given, builder)
    for node in nodes:
        if node in lanes:
            made.lane(node, inside.get(node, False))
        else:
            made.other(node)
    vectors = sum(not group.barrier for group in made.groups[1:])
    return made if len(lanes) >= LANES_EACH * vectors else None


def lanes_of(nodes: Sequence[Any], wanted: Iterable[Any]) -> tuple[set[Any], dict[Any, bool]]:
    """The nodes that may be lanes; and of what is read, whether one addition reads it and nothing else does."""
    lanes: set[Any] = set()
    inside = dict.fromkeys(values(tuple(wanted)), False)
    for node in reversed(nodes):
        if is_lane(node):
            lanes.add(node)
            adds = node.gate is add
            for x in node.inputs:
                if isinstance(x, Value):
                    inside[x] = adds and x not in inside
        else:
            for x in values((*node.inputs, *node.settings.values())):
                inside[x] = False
    return lanes, inside


def is_lane(node: Any) -> bool:
    """Whether a node computes one number from single ones, and does the same for vectors, by element."""
    gate, settings, promise = node.gate, node.settings, node._data
    if type(promise) is not Promise or promise.kind not in KINDS:
        return False
    if settings and not all(isinstance(x, SETTINGS) and not isinstance(x, Var) for x in settings.values()):
        return False
    if isinstance(gate, Gate):
        fits = gate.elementwise and gate is not variable
    else:
        fits = gate.pure and (isinstance(gate.forward, np.ufunc) or gate.name in NAMED)
    return fits and all([is_number(x) for x in node.inputs])  # noqa: C419 - asked of every node


def is_number(x: Any) -> bool:
    """Whether a lane may read this."""
    if not isinstance(x, Value):
        return type(x) in NUMBERS
    data = x._data
    return data.kind in KINDS if type(data) is Promise else type(data) is np.float64


def values(tree: Any) -> Iterator[Value]:
    """The Values in what a node was given, in tuples and lists of them too."""
    if isinstance(tree, Value):
        yield tree
    elif type(tree) in (tuple, list):
        for branch in tree:
            yield from values(branch)


def number_key(x: Any) -> tuple[str, str]:
    """A constant as a key; 1, 1.0 and True, or 0.0 and -0.0, are not the same."""
    return type(x).__name__, repr(x)


class Lanes:
    """The groups of a trace, and the lines that are made of them for the program that `builder` builds."""

    def __init__(self, given: Sequence[Value], builder: Any) -> None:
        self.builder = builder
        self.groups = [Group(0, 0, given=True, nodes=list(given))]
        self.place: dict[Value, int] = {x: k for k, x in enumerate(given)}
        self.terms: dict[Value, list[int]] = {}
        self.constants: list[Any] = []
        self.codes: dict[tuple[str, str], int] = {}
        self.known: dict[Hashable, Group] = {}
        self.seen: dict[Hashable, int] = {}
        self.arrays: dict[Value, Group] = {}
        self.moved: dict[int, Codes] = {}
        self.barriers = 0
        self.gathered: dict[Hashable, Operand] = {}
        self.extracted: dict[int, Var] = {}

    # Who belongs together

    def code(self, x: Any) -> int:
        """The code of a number that a lane reads."""
        if isinstance(x, Value):
            code = self.place.get(x)
            if code is not None:
                return code
            x = self.builder.operand(x)
        code = self.codes.setdefault(number_key(x), ~len(self.constants))
        if code == ~len(self.constants):
            self.constants.append(x)
        return code

    def lane(self, node: Any, inside: bool) -> None:
        """Put a node into its group; one that computes what another has is that other.

        An addition whose result another addition reads, and nothing else does, is `inside` the sum of that one.
        """
        gate: Any = node.gate
        if gate is add:
            codes = self.summed(*node.inputs)
            if inside:
                self.terms[node] = codes
                return
            if total := len(codes) > 2:
                codes.sort()
        else:
            total, codes = False, [self.code(x) for x in node.inputs]
        kind = (gate, repr(sorted(node.settings.items()))) if node.settings else gate
        exact = (kind, *codes)
        code = self.seen.get(exact)
        if code is None:
            key = (kind, *[code >> BITS for code in codes])
            group = self.known.get(key)
            if group is None:
                depth = 1 + max([self.groups[code >> BITS].depth for code in codes if code >= 0], default=0)
                group = self.known[key] = self.new(depth, total=total)
            code = self.seen[exact] = self.enter(node, group, codes)
        self.place[node] = code

    def summed(self, x: Any, y: Any) -> list[int]:
        """The codes of the terms of x + y."""
        terms = self.terms
        mine = terms.pop(x) if isinstance(x, Value) and x in terms else [self.code(x)]
        more = terms.pop(y) if isinstance(y, Value) and y in terms else [self.code(y)]
        if len(mine) < len(more):
            mine, more = more, mine
        mine += more
        return mine

    def other(self, node: Any) -> None:
        """A node that is no lane: an element of an array, something passed on, or a barrier."""
        if node.gate in PASSING:
            (x,) = node.inputs
            if x in self.place:
                self.place[node] = self.place[x]
            else:
                self.builder.instruction(node)
        elif not self.element(node):
            read = values((*node.inputs, *node.settings.values()))
            depths = [self.groups[self.place[x] >> BITS].depth for x in read if x in self.place]
            self.barriers = 1 + max(self.barriers, *depths, 0)
            self.place[node] = self.enter(node, self.new(self.barriers, barrier=True), [])

    def element(self, node: Any) -> bool:
        """Whether a node picks one number of an array by its place; it is then a lane of the array's own."""
        source, index = node.inputs[0], node.settings.get("index", ())
        if node.gate is not getitem or len(node.inputs) > 1 or not isinstance(source, Value):
            return False
        shape = source.shape
        if not shape or source.dtype != FLOAT or len(index) != len(shape) or any(type(k) is not int for k in index):
            return False
        if source not in self.arrays:
            depth = self.groups[self.place[source] >> BITS].depth if source in self.place else 0
            self.arrays[source] = self.new(depth, given=True, source=source, nodes=[None] * prod(shape))
        at = int(np.ravel_multi_index([k % n for k, n in zip(index, shape, strict=True)], shape))
        group = self.arrays[source]
        group.nodes[at] = node
        self.place[node] = group.first << BITS | at
        return True

    def new(self, depth: int, **more: Any) -> Group:
        """One more group."""
        self.groups.append(Group(depth, len(self.groups), **more))
        return self.groups[-1]

    def enter(self, node: Any, group: Group, codes: list[int]) -> int:
        """Make a node the next lane of a group."""
        group.nodes.append(node)
        group.lanes.append(codes)
        return group.first << BITS | len(group.nodes) - 1

    # In which order

    def sorted(self) -> list[Group]:
        """Every group after those that it reads."""
        return sorted(self.groups, key=lambda group: (group.depth, group.first))

    def arrange(self) -> None:
        """Put lanes into the order in which they are read: the last groups keep theirs, and others follow them."""
        fixed = {group.first for group in self.groups if group.given}
        for group in reversed(self.sorted()):
            fixed.add(group.first)
            group.lanes = np.array(group.lanes)
            for column in [] if group.barrier or group.given else self.columns(group):
                first, at = int(column[0]) >> BITS, column & PLACE
                source = self.groups[first]
                if first < 0 or first in fixed or not len(source.nodes) == len(at) == len(np.unique(at)):
                    continue
                fixed.add(first)
                source.nodes, source.lanes = [source.nodes[k] for k in at], [source.lanes[k] for k in at]
                self.moved[first] = np.argsort(at)

    def at(self, codes: Codes) -> Any:
        """The places of numbers of one group, as they lie now."""
        moved = self.moved.get(int(codes.flat[0]) >> BITS)
        return codes & PLACE if moved is None else moved[codes & PLACE]

    def columns(self, group: Group) -> Iterator[Codes]:
        """The operands that a group reads from one vector at once: an input of all lanes; of a sum, all like terms."""
        lanes = group.lanes
        edges: Any = range(1, lanes.shape[1])
        if group.total:
            edges = np.flatnonzero(np.diff(lanes[0] >> BITS)) + 1
        for like in np.split(lanes, edges, axis=1):
            yield like.T.ravel()

    # The vectors

    def write(self) -> None:
        """Make the lines of the program."""
        self.arrange()
        for group in self.sorted():
            if not group.given:
                self.vector(group)

    def emit(self, gate: Any, inputs: tuple[Any, ...], n: int, dtype: Any, wanted: str = "", **more: Any) -> Var:
        """A new line for n lanes; `more` may give its target, settings, shape, name and comment."""
        var = more.pop("target", None) or self.builder.names(wanted or f"{gate.name.split('.')[-1]}s", numbered=True)
        settings, shape = more.pop("settings", {}), more.pop("shape", (n,) if n > 1 else ())
        self.builder.instructions.append(Instruction(var, gate, inputs, settings, shape, dtype, **more))
        return var

    def vector(self, group: Group) -> None:
        """Make the lines for a group."""
        node, n = group.nodes[0], len(group.nodes)
        if n == 1 and not group.total:
            self.builder.instruction(node)
            group.var = self.builder.operands[node]
            return
        comment, _ = self.builder.trace.described(node)
        who: dict[str, Any] = {"target": self.builder.name(node), "name": node.name} if n == 1 else {}
        who["comment"] = comment if n == 1 else f"{n} at once" + (f", {comment}" if comment else "")
        if group.total:
            group.var = self.total(group, who)
        else:
            inputs = tuple(self.gather(column) for column in self.columns(group))
            group.var = self.emit(node.gate, inputs, n, node.dtype, settings=node.settings, **who)

    def total(self, group: Group, who: dict[str, Any]) -> Var:
        """The sum of terms from several vectors: of those from one, a sum of rows."""
        n = len(group.nodes)
        parts: list[Operand] = []
        for column in self.columns(group):
            k = len(column) // n
            if k == 1:
                parts.append(self.gather(column))
            elif column[0] < 0:
                numbers = [self.constants[~code] for code in column]
                parts.append(np.sum(np.reshape(numbers, (k, n)), 0)[() if n > 1 else 0])
            elif len(self.groups[column[0] >> BITS].nodes) == 1:
                parts.append(self.emit(mul, (self.gather(column[:1]), float(k)), 1, FLOAT))
            else:
                rows = self.gather(column, whole=True)
                if n > 1:
                    rows = self.emit(RESHAPE, (rows, (k, n)), n, FLOAT, shape=(k, n), wanted="rows")
                parts.append(self.emit(REDUCE, (rows, 0), n, FLOAT, wanted="sums"))
        if len(parts) == 1:
            self.builder.instructions[-1] = replace(self.builder.instructions[-1], comment=who["comment"])
            return parts[0]
        total = parts[0]
        for k, part in enumerate(parts[1:], 2):
            last = who if k == len(parts) else {}
            total = self.emit(add, (total, part), n, FLOAT, **last)
        return total

    def gather(self, column: Codes, *, whole: bool = False) -> Operand:
        """Numbers from one vector, or constants, as one operand: a single number where all are the same one."""
        same = not whole and bool((column == column[0]).all())
        if column[0] < 0:
            return self.constants[~column[0]] if same else np.array([self.constants[~code] for code in column])
        group, at = self.groups[int(column[0]) >> BITS], self.at(column)
        if same:
            return self.number(group, int(at[0]), group.nodes[at[0]])
        key = (group.first, at.tobytes())
        if key not in self.gathered:
            self.gathered[key] = self.picked(group, at)
        return self.gathered[key]

    def picked(self, group: Group, at: Any) -> Operand:
        """Lanes of a vector: itself, a slice of it, or what `np.take` picks."""
        if group.given and group.var is None:
            group.var = self.stacked(group)
        source, dtype, n = group.var, FLOAT if group.given else group.nodes[0].dtype, len(at)
        steps = np.unique(np.diff(at))
        if len(steps) == 1 and steps[0] > 0:
            first, last, step = int(at[0]), int(at[-1]), int(steps[0])
            if (first, n) == (0, len(group.nodes)):
                return source
            index = (slice(first, last + 1, step if step > 1 else None),)
            return self.emit(getitem, (source,), n, dtype, settings={"index": index}, wanted="part", shape=(n,))
        return self.emit(TAKE, (source, at), n, dtype, wanted="taken", shape=(n,))

    def stacked(self, group: Group) -> Var:
        """The vector of numbers that are given: of an array, its elements in a row."""
        n = len(group.nodes)
        if group.source is None:
            every = tuple(map(self.builder.operand, group.nodes))
            return self.emit(STACK, (every,), n, FLOAT, wanted="numbers", shape=(n,))
        array: Var = self.builder.operand(group.source)
        if len(group.source.shape) == 1:
            return array
        return self.emit(RESHAPE, (array, (n,)), n, FLOAT, wanted="elements", shape=(n,))

    def operand(self, x: Value) -> Operand:
        """A lane as a number of its own."""
        code = self.place[x]
        return self.number(self.groups[code >> BITS], int(self.at(np.array([code]))[0]), x)

    def number(self, group: Group, at: int, x: Value) -> Operand:
        """A lane of a group as a number of its own, named after x."""
        if group.given and group.source is None:
            return self.builder.operands[group.nodes[at]]
        if len(group.nodes) == 1 and not group.given:
            return group.var
        code = group.first << BITS | at
        if code not in self.extracted:
            vector, dtype = group.var, x.dtype
            index: tuple[int, ...] = (at,)
            if group.source is not None:
                vector = self.builder.operand(group.source)
                index = tuple(map(int, np.unravel_index(at, group.source.shape)))
            name = self.builder.name(x)
            self.extracted[code] = self.emit(getitem, (vector,), 1, dtype, settings={"index": index}, target=name)
        return self.extracted[code]
