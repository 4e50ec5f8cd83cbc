"""Many scalar gates of one kind as one vector gate, in traces in which every number is a node of its own.

`write_lanes`. The nodes of a group (`alike`) become the lanes of a vector, which reads its inputs from the lanes of
other vectors: all of them in order, a slice, or what `np.take` picks. Only the vectors become lines of the program.
Builds on `alike`, `gates` and `program`.
"""

from collections.abc import Hashable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np

from ..engine import Value
from ..gates.arithmetic import add, mul
from ..gates.shaping import getitem
from .alike import BITS, FLOAT, Group, Groups, is_scalar, values
from .program import Function, Instruction, Operand, Var

__all__ = ["write_lanes"]

FEWEST, LANES_EACH = 64, 4  # below so many scalar gates, or so few to a vector, they stay as they are
STACK = Function("np.array", np.array)
TAKE = Function("np.take", np.take)
REDUCE = Function("np.add.reduce", np.add.reduce)
RESHAPE = Function("np.reshape", np.reshape)
PLACE = (1 << BITS) - 1
Codes = Any  # an array of codes


def write_lanes(nodes: Sequence[Any], wanted: Sequence[Any], given: Sequence[Value], builder: Any) -> bool:
    """Have `builder` write lines for the nodes of a trace, its scalars as lanes of vectors; False if it would not pay.

    `wanted` are the nodes that are read from outside, `given` the program's own numbers.
    """
    if len(list(islice(filter(is_scalar, nodes), FEWEST))) < FEWEST:
        return False
    groups = Groups(nodes, given, wanted)
    vectors = sum(not group.barrier for group in groups.all[1:])
    if groups.lanes < max(FEWEST, LANES_EACH * vectors):
        return False
    Lanes(groups, builder).write(wanted)
    return True


class Lanes:
    """The lines that are made of groups, for the program that `builder` builds."""

    def __init__(self, groups: Groups, builder: Any) -> None:
        self.builder = builder
        self.sorted, self.groups, self.place, self.constants = groups.sorted, groups.all, groups.place, groups.constants
        self.moved: dict[int, Codes] = {}
        self.gathered: dict[Hashable, Operand] = {}
        self.extracted: dict[int, Var] = {}

    def arrange(self) -> None:
        """Put lanes into the order in which they are read: the last groups keep theirs, and others follow them."""
        fixed = {group.first for group in self.groups if group.given or group.barrier}
        for group in reversed(self.sorted()):
            if group.barrier or group.given:
                continue
            fixed.add(group.first)
            group.lanes = np.fromiter(chain.from_iterable(group.lanes), np.int64).reshape(len(group.lanes), -1)
            for column in self.columns(group):
                first, at = int(column[0]) >> BITS, column & PLACE
                source = self.groups[first]
                if first < 0 or first in fixed or not len(source.nodes) == len(at) == len(np.unique(at)):
                    continue
                fixed.add(first)
                order = at.tolist()
                source.nodes, source.lanes = [source.nodes[k] for k in order], [source.lanes[k] for k in order]
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

    def write(self, wanted: Sequence[Any]) -> None:
        """Make the lines of the program."""
        self.arrange()
        for group in self.sorted():
            if not group.given:
                self.vector(group)
        self.bring(wanted)

    def bring(self, tree: Any) -> None:
        """Make operands of the lanes that are read as single numbers."""
        for x in values(tree):
            if x in self.place and x not in self.builder.operands:
                code = self.place[x]
                at = int(self.at(np.array([code]))[0])
                self.builder.operands[x] = self.number(self.groups[code >> BITS], at, x)

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
            self.bring((*node.inputs, *node.settings.values()))
            self.builder.instruction(node)
            group.var = self.builder.operands[node]
            return
        who: dict[str, Any] = {}
        if n == 1:
            target, comment = self.builder.named(node)
            who = {"target": target, "name": node.name, "comment": comment}
        else:
            comment, _ = self.builder.trace.described(node)
            who["comment"] = f"{n} at once, {comment}" if comment else f"{n} at once"
        if group.total:
            group.var = self.total(group, who)
        else:
            inputs = tuple(self.gather(column) for column in self.columns(group))
            group.var = self.emit(node.gate, inputs, n, node.dtype, settings=node.settings, **who)

    def total(self, group: Group, who: dict[str, Any]) -> Operand:
        """The sum of terms from several vectors: of those from one, a sum of rows."""
        n, columns = len(group.nodes), list(self.columns(group))
        only = who if len(columns) == 1 else {}
        parts: list[Operand] = []
        for column in columns:
            k = len(column) // n
            if k == 1:
                parts.append(self.gather(column))
            elif column[0] < 0:
                numbers = [self.constants[~code] for code in column]
                parts.append(np.sum(np.reshape(numbers, (k, n)), 0)[() if n > 1 else 0])
            elif len(self.groups[column[0] >> BITS].nodes) == 1:
                parts.append(self.emit(mul, (self.gather(column[:1]), float(k)), 1, FLOAT, **only))
            else:
                rows = self.gather(column, whole=True)
                if n > 1:
                    rows = self.emit(RESHAPE, (rows, (k, n)), n, FLOAT, shape=(k, n), wanted="rows")
                parts.append(self.emit(REDUCE, (rows, 0), n, FLOAT, **{"wanted": "sums", **only}))
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
            name, _ = self.builder.named(x)
            self.extracted[code] = self.emit(getitem, (vector,), 1, dtype, settings={"index": index}, target=name)
        return self.extracted[code]
