"""Many scalar gates of one kind as one vector gate: a pass for graphs in which every number is a node of its own.

`group_scalars`. Two scalar gates belong together when their whole expressions look alike: the same gate of inputs that
belong together; so no one of them can need another. Each becomes a lane of a vector, and reads its inputs from the
lanes of other vectors: all of them in order, a slice, or what `np.take` picks. Chains of additions become one sum,
which changes rounding. Builds on `gates` and `program`.
"""

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from ...gates.arithmetic import add, mul
from ...gates.shaping import getitem
from ..program import Function, Instruction, Operand, Program, Var, variables

__all__ = ["group_scalars", "is_lane"]

FEWEST, LANES_EACH = 64, 4  # below so many scalar gates, or so few to a vector, they stay as they are
DTYPES = frozenset(map(np.dtype, (np.float64, np.bool_)))
STACK = Function("np.array", np.array)
TAKE = Function("np.take", np.take)
REDUCE = Function("np.add.reduce", np.add.reduce)
RESHAPE = Function("np.reshape", np.reshape)
SUM = Function("sum", lambda *terms: sum(terms))
NUMBERS = frozenset({Var, float, int, bool, np.float64, np.bool_})  # what a lane may read
SETTINGS = (str, int, float, type, np.dtype)
NAMED = frozenset({"np.where", "np.isnan", "np.isfinite", "np.isinf"})


@dataclass(eq=False)
class Group:
    """Instructions that look alike, lane by lane; a `barrier` is one that stays as it is.

    `var` is the vector, or the number where there is one lane. `first` counts groups and so names this one. The lanes
    of `given` are there before: the program's own numbers, or the elements of an array `source`.
    """

    depth: int
    first: int
    barrier: bool = False
    given: bool = False
    source: Var | None = None
    lanes: list[Instruction] = field(default_factory=list)
    var: Var | None = None


def is_lane(line: Instruction) -> bool:
    """Whether an instruction computes one number from single ones, and does the same for vectors, by element."""
    if line.shape != () or line.dtype not in DTYPES:
        return False
    settings = line.settings.values()
    if settings and not all(isinstance(x, SETTINGS) and not isinstance(x, Var) for x in settings):
        return False
    gate = line.gate
    if isinstance(gate, Function):
        fits = gate.pure and (isinstance(gate.forward, np.ufunc) or gate.name in NAMED)
    else:
        fits = gate.elementwise
    return fits and NUMBERS.issuperset(map(type, line.inputs))


def group_scalars(program: Program) -> Program:
    """The program with its scalar gates as lanes of vectors, or as it is where that would not pay."""
    scalar = {x.var for x in program.inputs if x.shape == () and x.dtype == np.float64}
    scalar |= {line.target for line in program if line.shape == () and line.dtype in DTYPES}
    lanes = {line.target for line in program if is_lane(line) and is_scalar(line, scalar)}
    if len(lanes) < FEWEST:
        return program
    work = _Grouping(program)
    for line in summed(program, lanes):
        work.add(line, line.target in lanes)
    if len(lanes) < LANES_EACH * sum(not group.barrier for group in work.groups):
        return program
    work.arrange()
    for group in work.sorted():
        work.vector(group)
    results = tuple(map(work.outside, program.results))
    return program.having(work.made, results=results)


def number_key(x: Any) -> tuple[str, str]:
    """A constant as a key; 1, 1.0 and True, or 0.0 and -0.0, are not the same."""
    return type(x).__name__, repr(x)


def is_scalar(line: Instruction, scalar: set[Var]) -> bool:
    """Whether all variables that an instruction reads are single numbers."""
    return not any([type(x) is Var and x not in scalar for x in line.inputs])  # noqa: C419 - asked of every line


def copied(line: Instruction, inputs: tuple[Operand, ...], gate: Any = None) -> Instruction:
    """The instruction with other inputs."""
    head = (line.target, gate or line.gate, inputs, line.settings, line.shape, line.dtype)
    return Instruction(*head, line.name, line.comment, line.group)


def summed(program: Program, lanes: set[Var]) -> Iterator[Instruction]:
    """The instructions, with an addition whose result only another addition reads as terms of its sum."""
    uses = Counter(x for line in program if line.target in lanes for x in line.inputs if type(x) is Var)
    uses.update(x for line in program if line.target not in lanes for x in line.reads)
    uses.update(variables(program.results))
    terms: dict[Var, list[Operand]] = {}
    absorbed: set[Var] = set()
    for line in program:
        if line.gate is not add or line.target not in lanes:
            continue
        a, b = line.inputs
        inside = [x for x in (a, b) if x in terms and type(x) is Var and uses[x] == 1]
        own = terms.pop(inside[0]) if inside else [a, b]
        if inside:
            own += terms.pop(inside[1]) if len(inside) == 2 else [b if inside[0] is a else a]
        absorbed.update(inside)
        terms[line.target] = own
    for line in program:
        if line.target not in absorbed:
            own = terms.get(line.target, [])
            yield copied(line, tuple(own), SUM) if len(own) > 2 else line


class _Grouping:
    """The groups of a program, and the instructions made of them."""

    def __init__(self, program: Program) -> None:
        self.taken: set[str] = {*(x.var for x in program.inputs), *(line.target for line in program), program.name}
        self.numbers: dict[str, int] = {}
        self.groups: list[Group] = []
        self.known: dict[Hashable, Group] = {}
        self.seen: dict[Hashable, tuple[Group, int]] = {}
        self.given = Group(0, -1, given=True)
        self.kinds = program.kinds()
        self.written = {var for line in program for var in line.writes}
        self.arrays: dict[Var, Group] = {}
        given = [x.var for x in program.inputs if x.shape == () and x.dtype == np.float64]
        self.given.lanes = [Instruction(var, STACK, (), {}, (), np.dtype(np.float64)) for var in given]
        self.place = {var: (self.given, k) for k, var in enumerate(given)}
        self.barriers = 0
        self.made: list[Instruction] = []
        self.gathered: dict[Hashable, Operand] = {}
        self.extracted: dict[tuple[int, int], Var] = {}

    # Who belongs together

    def class_of(self, x: Operand) -> int:
        """The group that an operand is a lane of; -2 for a constant."""
        return self.place[x][0].first if type(x) is Var else -2

    def exact(self, x: Operand) -> tuple[Any, ...]:
        """The very number that an operand is, after the group of its lane."""
        if type(x) is not Var:
            return (-2, *number_key(x))
        group, at = self.place[x]
        return group.first, at

    def add(self, line: Instruction, lane: bool) -> None:
        """Put an instruction into its group; one that computes what another has is that other."""
        if not lane and self.element(line):
            return
        if not lane:
            depths = [self.place[x][0].depth for x in line.reads if x in self.place]
            self.barriers = 1 + max(self.barriers, *depths, 0)
            self.enter(line, Group(self.barriers, len(self.groups), barrier=True))
            return
        exact = [self.exact(x) for x in line.inputs]
        if line.gate is SUM:
            order = sorted(range(len(exact)), key=exact.__getitem__)
            line, exact = copied(line, tuple(line.inputs[k] for k in order)), [exact[k] for k in order]
        gate = (line.gate, repr(sorted(line.settings.items())) if line.settings else "")
        before = self.seen.get((gate, *exact))
        if before is not None:
            self.place[line.target] = before
            return
        key = (gate, *[first for first, *_ in exact])
        group = self.known.get(key)
        if group is None:
            depth = 1 + max((self.place[x][0].depth for x in line.inputs if type(x) is Var), default=0)
            group = self.known[key] = Group(depth, len(self.groups))
        self.enter(line, group)
        self.seen[gate, *exact] = self.place[line.target]

    def element(self, line: Instruction) -> bool:
        """Whether an instruction picks one number of an array by its place; it is then a lane of the array's own."""
        source, index = line.inputs[0] if len(line.inputs) == 1 else None, line.settings.get("index", ())
        if line.gate is not getitem or not isinstance(source, Var) or source in self.written:
            return False
        shape, dtype = self.kinds[source]
        if not shape or dtype != np.float64 or len(index) != len(shape) or any(type(k) is not int for k in index):
            return False
        if source not in self.arrays:
            depth = self.place[source][0].depth if source in self.place else 0
            group = self.arrays[source] = Group(depth, len(self.groups), given=True, source=source)
            group.lanes = [line] * prod(shape)
            self.groups.append(group)
        at = np.ravel_multi_index([k % n for k, n in zip(index, shape, strict=True)], shape)
        self.place[line.target] = (self.arrays[source], int(at))
        return True

    def enter(self, line: Instruction, group: Group) -> None:
        """Make an instruction the next lane of a group."""
        if not group.lanes:
            self.groups.append(group)
        self.place[line.target] = (group, len(group.lanes))
        group.lanes.append(line)

    # In which order

    def sorted(self) -> list[Group]:
        """Every group after those that it reads."""
        return sorted(self.groups, key=lambda group: (group.depth, group.first))

    def arrange(self) -> None:
        """Put lanes into the order in which they are read: the last groups keep theirs, and others follow them."""
        fixed = {-1, *(group.first for group in self.arrays.values())}
        moved: dict[int, dict[int, int]] = {}
        for group in reversed(self.sorted()):
            fixed.add(group.first)
            for column in [] if group.barrier or group.given else self.columns(group):
                read = [self.place[x] for x in column if isinstance(x, Var)]
                source = read[0][0] if read else group
                if (
                    source.first in fixed
                    or len({at for _, at in read}) != len(column)
                    or len(column) != len(source.lanes)
                ):
                    continue
                fixed.add(source.first)
                source.lanes = [source.lanes[at] for _, at in read]
                moved[source.first] = {at: k for k, (_, at) in enumerate(read)}
        for var, (group, at) in self.place.items():
            if group.first in moved:
                self.place[var] = (group, moved[group.first][at])

    def columns(self, group: Group) -> Iterator[list[Operand]]:
        """The operands that a group reads from one vector at once: an input of all lanes; of a sum, all like terms."""
        lanes = group.lanes
        if lanes[0].gate is not SUM:
            yield from ([line.inputs[k] for line in lanes] for k in range(len(lanes[0].inputs)))
            return
        classes = [*map(self.class_of, lanes[0].inputs), None]
        start = 0
        for k in range(1, len(classes)):
            if classes[k] != classes[start]:
                yield [line.inputs[i] for i in range(start, k) for line in lanes]
                start = k

    # The vectors

    def fresh(self, wanted: str) -> Var:
        """A name that nothing has yet."""
        while True:
            number = self.numbers[wanted] = self.numbers.get(wanted, 0) + 1
            if (name := f"{wanted}_{number}") not in self.taken:
                return Var(name)

    def emit(self, gate: Any, inputs: tuple[Any, ...], n: int, dtype: Any, **more: Any) -> Var:
        """A new instruction for n lanes; `more` may give its target, settings and comment."""
        var = more.pop("target", None) or self.fresh(more.pop("wanted", gate.name.split(".")[-1] + "s"))
        settings = more.pop("settings", {})
        shape = more.pop("shape", (n,) if n > 1 else ())
        self.made.append(Instruction(var, gate, inputs, settings, shape, dtype, **more))
        return var

    def vector(self, group: Group) -> None:
        """Make the instructions for a group."""
        line, n = group.lanes[0], len(group.lanes)
        if group.given:
            return
        if group.barrier:
            self.made.append(copied(line, self.outside(line.inputs)))
            group.var = line.target
            return
        who: dict[str, Any] = {"target": line.target, "name": line.name} if n == 1 else {}
        who["comment"] = line.comment if n == 1 else f"{n} at once" + (f", {line.comment}" if line.comment else "")
        if line.gate is SUM:
            group.var = self.total(group, who)
        else:
            inputs = tuple(self.gather(column) for column in self.columns(group))
            group.var = self.emit(line.gate, inputs, n, line.dtype, settings=line.settings, **who)

    def total(self, group: Group, who: dict[str, Any]) -> Var:
        """The sum of terms from several vectors: of those from one, a sum of rows."""
        n, dtype = len(group.lanes), np.dtype(np.float64)
        parts: list[Operand] = []
        for column in self.columns(group):
            k = len(column) // n
            if k == 1:
                parts.append(self.gather(column))
            elif not isinstance(column[0], Var):
                parts.append(np.sum(np.reshape(column, (k, n)), 0)[() if n > 1 else 0])
            elif (one := self.place[column[0]][0]) and len(one.lanes) == 1:
                parts.append(self.emit(mul, (self.gather(column[:1]), float(k)), 1, dtype))
            else:
                rows = self.gather(column, whole=True)
                if n > 1:
                    rows = self.emit(RESHAPE, (rows, (k, n)), n, dtype, shape=(k, n), wanted="rows")
                parts.append(self.emit(REDUCE, (rows, 0), n, dtype, wanted="sums"))
        if len(parts) == 1:
            self.made[-1] = replace(self.made[-1], comment=who["comment"])
            return parts[0]
        total = parts[0]
        for k, part in enumerate(parts[1:], 2):
            last = who if k == len(parts) else {}
            total = self.emit(add, (total, part), n, dtype, **last)
        return total

    def gather(self, column: list[Operand], *, whole: bool = False) -> Operand:
        """Numbers from one vector, or constants, as one operand: a single number where all are the same one."""
        if not isinstance(column[0], Var):
            same = len(set(map(number_key, column))) == 1
            return column[0] if same and not whole else np.array(column)
        group, at = self.place[column[0]][0], np.array([self.place[x][1] for x in column])
        if not whole and (at == at[0]).all():
            return self.outside(column[0])
        key = (group.first, at.tobytes())
        if key not in self.gathered:
            self.gathered[key] = self.picked(group, at)
        return self.gathered[key]

    def picked(self, group: Group, at: Any) -> Operand:
        """Lanes of a vector: itself, a slice of it, or what `np.take` picks."""
        if group.given and group.var is None:
            group.var = self.stacked(group)
        source, dtype, n = group.var, group.lanes[0].dtype, len(at)
        steps = np.unique(np.diff(at))
        if len(steps) == 1 and steps[0] > 0:
            first, last, step = int(at[0]), int(at[-1]), int(steps[0])
            if (first, n) == (0, len(group.lanes)):
                return source
            index = (slice(first, last + 1, step if step > 1 else None),)
            return self.emit(getitem, (source,), n, dtype, settings={"index": index}, wanted="part", shape=(n,))
        return self.emit(TAKE, (source, at), n, dtype, wanted="taken", shape=(n,))

    def stacked(self, group: Group) -> Var:
        """The vector of numbers that are given: of an array, its elements in a row."""
        n, dtype = len(group.lanes), np.dtype(np.float64)
        if group.source is None:
            every = tuple(line.target for line in group.lanes)
            return self.emit(STACK, (every,), n, dtype, wanted="numbers", shape=(n,))
        if len(self.kinds[group.source][0]) == 1:
            return group.source
        return self.emit(RESHAPE, (group.source, (n,)), n, dtype, wanted="elements", shape=(n,))

    def outside(self, x: Any) -> Any:
        """A variable as a number of its own, also in tuples."""
        if type(x) in (tuple, list):
            return type(x)(map(self.outside, x))
        if not isinstance(x, Var) or x not in self.place:
            return x
        group, at = self.place[x]
        if group is self.given:
            return group.lanes[at].target
        if len(group.lanes) == 1 and not group.given:
            return group.var
        if (group.first, at) not in self.extracted:
            vector, index = group.var, [at]
            if group.source is not None:
                vector = group.source
                index = [int(k) for k in np.unravel_index(at, self.kinds[vector][0])]
            self.extracted[group.first, at] = self.emit(
                getitem, (vector,), 1, group.lanes[0].dtype, settings={"index": tuple(index)}, target=x
            )
        return self.extracted[group.first, at]
