"""A lesson's material as what its page reads: columns of numbers, formulas as trees, levels and layouts, in JSON.

`payload(told, …)` → a dictionary of plain lists. Numbers are written in full, so the page adds and compares what the
engine did. Builds on `material`, `levels`, `heat` and `formulas`.
"""

import ast
import re
from collections.abc import Mapping
from itertools import count
from typing import Any

import numpy as np

from ...engine import Value
from ..formulas import forward, local_gradient
from ..notation import UnknownFormulaError
from ..text import distinct, plain, settings_text, shape_text, summary
from .heat import corner, heat
from .levels import Item, Levels, gate_text, levels
from .material import Material, Part

__all__ = ["called", "payload"]

FEW = 300
"""Gates up to which every formula is derived anew, and every tensor shows its numbers."""
LISTED = 2
"""Elements of a vector that find room on a wire."""
KINDS = ("value", "gate", "box", "constant", "in", "out")


def called(told: Material) -> dict[Value, str]:
    """A name for each value. Names that the user gave come first; the output is f and the rest t1, t2 … where free."""
    own = zip(told.values, distinct(value.name or "" for value in told.values), strict=True)
    names = {value: name for value, name in own if name}
    taken = {*names.values()}
    free = (f"t{k}" for k in count(1) if f"t{k}" not in taken)
    if "f" not in taken:
        names.setdefault(told.root, "f")
    return {value: names.get(value) or next(free) for value in told.values}


def payload(told: Material, title: str = "", precision: int = 2) -> dict[str, Any]:
    """All that the page needs to know."""
    return _Writer(told, precision).written(title)


class _Writer:
    def __init__(self, told: Material, precision: int) -> None:
        self.told, self.precision = told, precision
        self.gates: list[Part] = []
        for part in told.parts:
            self.gates += [*part.smallest(), *part.whole()]
        self.few = len(self.gates) <= FEW
        self.number = {value: k for k, value in enumerate(told.values)}
        self.place = {part: k for k, part in enumerate(self.gates)}
        self.tensors: list[Any] = []
        self.known: dict[Any, Any] = {}
        self.forms: dict[str, int] = {}
        self.trees: list[Any] = []
        self.ops: dict[str, int] = {}
        self.sentences: list[list[str]] = []

    def written(self, title: str) -> dict[str, Any]:
        told = self.told
        names = called(told)
        cut = levels(told, {v: names[v] for v in told.values if v.name or v is told.root}, self.precision)
        groups = {group: k for k, group in enumerate(cut.levels)}
        fused = {whole.inside: self.place[whole] for part in told.parts for whole in part.whole()}
        back = [self.place[small] for part in told.back for small in part.smallest_back()]
        return {
            "version": 1,
            "title": title,
            "precision": self.precision,
            "root": self.number[told.root],
            "names": [names[v] for v in told.values],
            "own": [k for k, v in enumerate(told.values) if v.name or v is told.root],
            "values": [self.quantity(v._data) for v in told.values],
            "grads": [self.quantity(told.gradients.get(v)) for v in told.values],
            "gates": [self.gate(part, groups) for part in self.gates],
            "back": back,
            "groups": [[plain(g.name) if g else "", groups[g.parent] if g else -1, fused.get(g, -1)] for g in groups],
            "levels": [self.level(cut, group, groups) for group in cut.levels],
            "layouts": [self.layout(cut, k) for k in range(len(cut.layouts))],
            "ops": self.sentences,
            "forms": self.trees,
            "tensors": self.tensors,
        }

    def gate(self, part: Part, groups: Mapping[Any, int]) -> list[Any]:
        """[op, out, group, inputs, downstream, local, formulas, computes, text, settings, sums]"""
        inputs = [self.number[x] if isinstance(x, Value) else [self.quantity(x)] for x in part.inputs]
        rows = [part.rows.get(k) for k in range(len(inputs))]
        downs = [row and self.quantity(row.downstream) for row in rows]
        locals_ = [row and self.quantity(row.local) for row in rows]
        sums = [self.quantity(row.total) if row and row.arrival > 1 and np.ndim(row.total) else None for row in rows]
        computes, forms = self.formulas(part)
        found = [self.op(part), self.number[part.out], groups[part.group], inputs, downs, locals_, forms, computes]
        text = gate_text(part, self.precision)
        remark = settings_text(part.settings, part.gate.defaults) if part.settings else ""
        return [
            *found,
            text if text != part.gate.symbol else 0,
            remark,
            sums if any(s is not None for s in sums) else 0,
        ]

    def op(self, part: Part) -> int:
        gate = part.gate
        if gate.name not in self.ops:
            self.ops[gate.name] = len(self.sentences)
            sentence = plain(_MINUS.sub("−", gate.sentence), len(gate.sentence))
            self.sentences.append([gate.name, plain(gate.symbol), sentence])
        return self.ops[gate.name]

    def quantity(self, x: Any) -> Any:
        """A number as it is; nan and infinities as text; a tensor as its number in the list of tensors."""
        if x is None:
            return None
        if np.ndim(x):
            return self.tensor(x)
        if np.iscomplexobj(x):
            return {"c": summary(x, self.precision)}
        x = float(x)
        return (
            (int(x) if x.is_integer() and abs(x) < 1e15 and (x or not np.signbit(x)) else x)
            if np.isfinite(x)
            else str(x)
        )

    def tensor(self, data: Any) -> dict[str, int]:
        if id(data) in self.known:
            return self.known[id(data)][0]
        few = len(self.tensors) < 2 * FEW
        rows, scale = heat(data) if few else heat(data, 4, 8)
        table = corner(data, self.precision) if few else 0
        found = {"t": len(self.tensors)}
        self.tensors.append([shape_text(np.shape(data)), summary(data, self.precision, LISTED), rows, scale, table])
        self.known[id(data)] = found, data  # held, so that the id stays its own
        return found

    def formulas(self, part: Part) -> tuple[int, list[int]]:
        """The formula of the gate, and of each local gradient, as numbers in the list of formulas."""
        key = None
        if not self.few:
            sorts = [np.shape(x._data) if isinstance(x, Value) else repr(x) for x in part.inputs]
            key = (part.gate.name, str(sorts), repr(part.settings))
            if key in self.known:
                return self.known[key]
        node = part.node
        names: dict[Any, str] = {node: "$o"}
        for k, x in enumerate(node.inputs):
            names[x if isinstance(x, Value) else (node, k)] = f"${k}"
        with np.errstate(all="ignore"):
            found = (
                self.form(["is", branch(forward(node, names).tree)]),
                [self.local(part, k, names) if k in part.rows else -1 for k in range(len(node.inputs))],
            )
        if key is not None:
            self.known[key] = found
        return found

    def local(self, part: Part, k: int, names: Mapping[Any, str]) -> int:
        found = local_gradient(part.node, k, names)
        tree = branch(found.formula.tree) if found.formula else found.words
        return self.form([found.kind, tree, found.note] if found.note else [found.kind, tree])

    def form(self, form: list[Any]) -> int:
        text = repr(form)
        if text not in self.forms:
            self.forms[text] = len(self.trees)
            self.trees.append(form)
        return self.forms[text]

    def level(self, cut: Levels, group: Any, groups: Mapping[Any, int]) -> list[int]:
        """[layout, kind, which, kind, which, …]; a constant is the number of its gate × 16 + its position."""
        level = cut.levels[group]
        found = [level.layout]
        for item in level.items:
            found += [KINDS.index(item.kind), self.which(item, groups)]
        return found

    def which(self, item: Item, groups: Mapping[Any, int]) -> int:
        if item.kind == "gate":
            return self.place[item.what]
        if item.kind == "constant":
            return self.place[item.what] * 16 + item.position
        return groups[item.what] if item.kind == "box" else self.number[item.what]

    def layout(self, cut: Levels, k: int) -> list[Any]:
        """[width, height, centres, sizes, wires]; a wire is source, target, x, y, x, y …"""
        layout = cut.layouts[k]
        level = next(level for level in cut.levels.values() if level.layout == k)
        wires = [
            [a, b, *(_short(x) for point in points for x in point)]
            for (a, b), points in zip(level.wires, layout.wires, strict=True)
        ]
        centres = [_short(x) for centre in layout.centres for x in centre]
        return [layout.width, layout.height, centres, [_short(x) for size in cut.sizes[k] for x in size], wires]


_MINUS = re.compile(r"(?<![^\s(=])-(?=\w)")


def _short(x: float) -> float | int:
    return int(x) if float(x).is_integer() else x


_SIGNS: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^", ast.MatMult: "@",
    ast.Gt: ">", ast.GtE: "≥", ast.Lt: "<", ast.LtE: "≤", ast.Eq: "=", ast.NotEq: "≠",
}  # fmt: skip


def branch(node: ast.expr) -> Any:
    """A formula's tree as lists: [sign or function, parts …]; a name is text, and a number a number.

    >>> branch(ast.parse("-x * (1 + exp(y))", mode="eval").body)
    ['*', ['neg', 'x'], ['+', 1, ['exp', 'y']]]
    """
    match node:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=x):
            return x if np.isfinite(number := float(x)) else str(number)  # type: ignore[arg-type]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return ["neg", branch(inner)]
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            return [_SIGNS[type(op)], branch(left), branch(right)]
        case ast.Call(func=ast.Name(id=name), args=parts):
            return [name, *map(branch, parts)]
    raise UnknownFormulaError(ast.dump(node)[:80])
