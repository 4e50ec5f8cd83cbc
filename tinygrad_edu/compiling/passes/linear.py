"""The pass `linear_forms`: factors that are one number for many elements are gathered before they multiply an array.

(x·a)·b is x·(ab), Σ x·a is (Σ x)·a, and (x·a − y·b − c)·d is x·(ad) − y·(bd) − cd, where a, b, c, d are small: the long
arrays are walked through fewer times. Rounding changes. Builds on `substitution`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...operators import GATES
from ..program import Function, Instruction, Operand, Program, Var, variables
from .substitution import Rewriter, op, renamed, substituted

__all__ = ["linear_forms"]

LEAST = 4096  # elements from which a walk through an array costs more than a few lines about its factors
FEWER = 16  # times as many elements as a factor has
ADD, SUB, MUL, DIV = (
    Function(f"np.{f.__name__}", f) for f in (np.add, np.subtract, np.multiply, np.divide)
)  # fmt: skip


@dataclass(frozen=True)
class Form:
    """Σ core·factor + offset, of which the cores alone are long; `line` is what it stands for."""

    line: Instruction
    terms: tuple[tuple[Var, Operand], ...]
    offset: Operand | None = None


def linear_forms(program: Program) -> Program:
    """Keep products with small factors as forms, and compute a form where something else needs it."""
    return _Linear(program).run()


class _Linear:
    def __init__(self, program: Program) -> None:
        self.program, self.uses = program, program.uses()
        self.so_far = Rewriter(program)
        self.readers: dict[Var, list[Instruction]] = {}
        for line in program:
            for x in line.reads:
                self.readers.setdefault(x, []).append(line)
        self.forms: dict[Var, Form] = {}
        self.known: dict[Var, Any] = {}  # what was computed of forms

    def run(self) -> Program:
        """The program with its forms."""
        for line in self.program:
            if not (line.pure and line.out is None and self.kept(line)):
                self.so_far.keep(renamed(line, {x: self.computed(x) for x in {*line.reads}}))
        found = {x: self.computed(x) for x in variables(self.program.results)}
        results = tuple(substituted(x, found) for x in self.program.results)
        return self.program.having(self.so_far.lines.values(), results=results)

    # What is long, and what is small

    def long(self, x: Operand, line: Instruction) -> bool:
        """Whether an operand has the shape and dtype of a line's result, which is long."""
        return isinstance(x, Var) and self.kind(x) == (line.shape, line.dtype)

    def kind(self, x: Var) -> tuple[Any, Any]:
        """Shape and dtype of a variable, a form or not."""
        if x in self.forms:
            return self.forms[x].line.shape, self.forms[x].line.dtype
        return self.so_far.kinds[self.known.get(x, x)]

    def small(self, x: Operand, line: Instruction) -> bool:
        """Whether an operand is a number for many elements of the result, and does not change its dtype."""
        if isinstance(x, bool | np.bool_) or type(x) in (tuple, list):
            return False
        if isinstance(x, Var):
            shape, dtype = self.kind(x)
        else:
            shape, dtype = np.shape(x), getattr(x, "dtype", line.dtype)
        return dtype == line.dtype and np.prod(shape) * FEWER <= np.prod(line.shape)

    # Forms

    def terms(self, x: Var) -> tuple[tuple[Var, Operand], ...] | None:
        """(core, factor) of a form without an offset."""
        form = self.forms.get(x)
        return form.terms if form is not None and form.offset is None else None

    def form(self, x: Operand) -> Form | None:
        """The form that x is, unless it was computed already."""
        return self.forms.get(x) if isinstance(x, Var) else None

    def kept(self, line: Instruction) -> bool:
        """Whether a line was taken up into a form, or a sum of one."""
        name = op(line)
        if name == "sum":
            return self.summed(line)
        if line.dtype is None or line.dtype.kind != "f" or np.prod(line.shape) < LEAST or line.settings:
            return False
        if name in ("mul", "div") and len(line.inputs) == 2:
            return self.scaled(line, *line.inputs, divided=name == "div")
        if name == "neg":
            return self.long(line.inputs[0], line) and self.taken(line, self.times(line.inputs[0], -1.0, line))
        if name in ("add", "sub") and self.uses.get(line.target) == 1:
            return self.added(line, line.inputs, minus=name == "sub")
        return False

    def taken(self, line: Instruction, form: Form) -> bool:
        """Note a form."""
        self.forms[line.target] = form
        return True

    def scaled(self, line: Instruction, x: Operand, y: Operand, divided: bool) -> bool:
        """A product with something small, or of two long arrays of which one has a factor."""
        if not divided and self.small(x, line):
            x, y = y, x
        if self.long(x, line) and self.small(y, line):
            return self.taken(line, self.times(x, self.inverse(y, line) if divided else self.computed(y), line))
        if divided or not (self.long(x, line) and self.long(y, line)):
            return False
        left, right = self.single(x), self.single(y)
        if left[1] is None and right[1] is None:
            return False
        core = self.line(line, MUL, left[0], right[0], shape=line.shape)
        return self.taken(line, Form(line, ((core, self.product(left[1], right[1], line)),)))

    def single(self, x: Any) -> tuple[Any, Operand | None]:
        """(core, factor) of what is one term, and (x, None) of anything else."""
        terms = self.terms(x)
        return terms[0] if terms is not None and len(terms) == 1 else (self.computed(x), None)

    def times(self, x: Any, factor: Operand, line: Instruction) -> Form:
        """A form, or a long array, times something small."""
        form = self.form(x)
        if form is None:
            return Form(line, ((self.computed(x), factor),))
        offset = None if form.offset is None else self.product(form.offset, factor, line)
        return Form(line, tuple((core, self.product(f, factor, line)) for core, f in form.terms), offset)

    def added(self, line: Instruction, pair: Sequence[Operand], minus: bool) -> bool:
        """A sum that is only scaled or summed afterwards: of forms, or of one and something small."""
        parts = [self.form(x) for x in pair]
        if parts[0] is None and parts[1] is None:
            return False
        terms: list[Any] = []
        offset: Operand | None = None
        for k, (z, form) in enumerate(zip(pair, parts, strict=True)):
            sign = -1.0 if minus and k else 1.0
            if form is None and not self.small(z, line):
                return False
            if form is not None and not (self.long(z, line) and self.absorbed(z, line)):
                return False
            more = self.times(z, sign, line) if form is not None and sign < 0 else form
            terms += more.terms if more is not None else ()
            own = more.offset if more is not None else self.product(z, sign, line) if sign < 0 else self.computed(z)
            offset = own if offset is None else offset if own is None else self.line(line, ADD, offset, own)
        return self.taken(line, Form(line, tuple(terms), offset))

    def absorbed(self, x: Any, line: Instruction) -> bool:
        """Whether nothing else will need a form computed."""
        return all(op(other) in ("mul", "div", "neg", "sum") or other is line for other in self.readers[x])

    def summed(self, line: Instruction) -> bool:
        """The sum of a product is that of its core, times the factor."""
        x, *rest = line.inputs
        terms = self.terms(x) if isinstance(x, Var) else None
        if terms is None or len(terms) != 1 or any(isinstance(y, Var) for y in rest):
            return False
        shape = self.kind(x)[0]
        axis, keep = rest[0] if rest else line.settings.get("axis"), bool(line.settings.get("keepdims", False))
        axes = set(range(len(shape))) if axis is None else {a % len(shape) for a in np.atleast_1d(axis).tolist()}
        core, factor = terms[0]
        full = (1,) * (len(shape) - len(self.shape(factor))) + self.shape(factor)
        if any(full[a] != 1 for a in axes):
            return False
        total = self.so_far.add(
            line, line.gate, core, *rest, shape=line.shape, dtype=line.dtype, settings=line.settings
        )
        left = full if keep else tuple(n for a, n in enumerate(full) if a not in axes)
        if isinstance(factor, Var) and self.shape(factor) != left:
            factor = self.so_far.add(
                line, GATES["reshape"], factor, shape=left, dtype=line.dtype, settings={"shape": left}
            )
        elif not isinstance(factor, Var) and np.ndim(factor):
            factor = np.reshape(factor, left)
        made = self.so_far.add(line, MUL, total, factor, shape=line.shape, dtype=line.dtype)
        self.known[line.target] = self.named(made, line)
        return True

    # Lines

    def shape(self, x: Operand) -> tuple[int, ...]:
        """The shape of an operand."""
        return self.kind(x)[0] if isinstance(x, Var) else np.shape(x)

    def line(self, like: Instruction, gate: Any, *inputs: Operand, shape: Any = None) -> Var:
        """A new line of small operands, or of the shape given."""
        found = [self.computed(x) for x in inputs]
        shape = np.broadcast_shapes(*map(self.shape, found)) if shape is None else shape
        return self.so_far.add(like, gate, *found, shape=shape, dtype=like.dtype)

    def product(self, a: Operand | None, b: Operand | None, line: Instruction) -> Operand:
        """The product of two factors."""
        if a is None or b is None:
            return self.computed(b if a is None else a)
        if not isinstance(a, Var) and not isinstance(b, Var):
            return a * b
        if any(not isinstance(x, Var) and np.ndim(x) == 0 and x == 1 for x in (a, b)):
            return self.computed(a if isinstance(a, Var) else b)
        return self.line(line, MUL, a, b)

    def inverse(self, x: Operand, line: Instruction) -> Operand:
        """1/x."""
        if isinstance(x, Var):
            return self.line(line, DIV, 1.0, x)
        return (1 / np.asarray(x, line.dtype)).astype(line.dtype)

    def computed(self, x: Operand) -> Operand:
        """What stands for an operand in the program, computed now if it is a form."""
        if not isinstance(x, Var):
            return tuple(map(self.computed, x)) if type(x) is tuple else x
        if x in self.known:
            return self.known[x]
        form = self.forms.get(x)
        if form is None:
            return x
        line, total = form.line, None
        for core, factor in form.terms:
            term = self.line(line, MUL, core, factor, shape=line.shape)
            total = term if total is None else self.line(line, ADD, total, term, shape=line.shape)
        if form.offset is not None:
            total = self.line(line, ADD, total, form.offset, shape=line.shape)
        self.known[x] = self.named(total, line)
        return self.known[x]

    def named(self, made: Any, line: Instruction) -> Var:
        """A line just made, under the name of what it is."""
        if made != next(reversed(self.so_far.lines)):
            return made
        last = self.so_far.lines.pop(made)
        return self.so_far.keep(last.having(target=line.target, name=line.name))
