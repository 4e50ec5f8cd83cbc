"""A line's right-hand side: a gate's own expression with its inputs put in, brackets where they are needed.

`Writer` writes operands and calls. What a gate returns in one expression is written as that expression; any other gate
as a call of a function that stands beside the program. Builds on `program` and `standing`.
"""

import ast
import copy
from functools import cache, lru_cache
from typing import Any

import numpy as np

from ..errors import GraphError
from ..gates.shaping import PICKED
from .program import Function, Instruction, Operand, Var
from .standing import Standing, tree_of

__all__ = ["LOAD", "Writer"]

COMPARED: dict[Any, type[ast.cmpop]] = {
    np.greater: ast.Gt,
    np.greater_equal: ast.GtE,
    np.less: ast.Lt,
    np.less_equal: ast.LtE,
    np.equal: ast.Eq,
    np.not_equal: ast.NotEq,
}
CALCULATED: dict[Any, type[ast.operator]] = {
    np.add: ast.Add,
    np.subtract: ast.Sub,
    np.multiply: ast.Mult,
    np.divide: ast.Div,
}
METHODS = {"np.take": "take", "np.swapaxes": "swapaxes", "copied": "copy"}
LOAD = ast.Load()
Place = dict[str, Any]  # line and column, as nodes take them


@lru_cache(1024)
def parsed(text: str) -> ast.expr:
    """A text as an expression, which nobody may change."""
    return ast.parse(text, mode="eval").body


@cache
def single(forward: Any) -> Any:
    """(parameters, star, expression) of a function that only returns an expression, else None."""
    tree = tree_of(forward)
    if not isinstance(tree, ast.FunctionDef):
        return None
    body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    if len(body) != 1 or not isinstance(body[0], ast.Return) or body[0].value is None:
        return None
    arguments = tree.args
    names = {a.arg for a in [*arguments.args, *arguments.kwonlyargs]}
    star = arguments.vararg.arg if arguments.vararg else None
    loads = {node.id for node in ast.walk(body[0].value) if isinstance(node, ast.Name)}
    if arguments.kwarg or not loads <= names | {"np", star} or _lambdas(body[0].value):
        return None
    return tuple(a.arg for a in arguments.args), star, _nowhere(body[0].value)


def _nowhere(tree: ast.expr) -> ast.expr:
    """A copy of an expression that has forgotten where it stood."""
    tree = copy.deepcopy(tree)
    for node in ast.walk(tree):
        for part in node._attributes:
            vars(node).pop(part, None)
    return tree


def _lambdas(tree: ast.AST) -> bool:
    kinds = (ast.Lambda, ast.ListComp, ast.GeneratorExp, ast.NamedExpr)
    return any(isinstance(node, kinds) for node in ast.walk(tree))


class _Put(ast.NodeTransformer):
    """Puts expressions in the place of names; what is around them then stands at the place `at`."""

    def __init__(self, given: dict[str, ast.expr], star: str | None, rest: list[ast.expr], at: Place) -> None:
        self.given, self.star, self.rest, self.at = given, star, rest, at

    def generic_visit(self, node: Any) -> Any:
        if node._attributes:
            vars(node).update(self.at)
        return super().generic_visit(node)

    def visit_Name(self, node: ast.Name) -> Any:
        if node.id == self.star:
            return ast.Tuple(self.rest, LOAD, **self.at)
        return self.given.get(node.id) or self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        arguments: list[ast.expr] = []
        for argument in node.args:
            spread = isinstance(argument, ast.Starred) and isinstance(argument.value, ast.Tuple)
            arguments += argument.value.elts if spread else [argument]  # type: ignore[attr-defined]
        node.args = arguments
        return node


class Writer:
    """Writes right-hand sides; `standing` gathers the functions they call, `constants` the arrays they use.

    A name or a literal is one node wherever it stands. `at` is the place that other nodes are given.
    """

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.constants: dict[str, Any] = {}
        self.at: Place = {"lineno": 1, "col_offset": 0}
        self._names: dict[int, str] = {}
        self._nodes: dict[str, ast.expr] = {}

    def name(self, name: str) -> ast.expr:
        """A variable that is read."""
        if name not in self._nodes:
            self._nodes[name] = ast.Name(str(name), LOAD, **self.at)
        return self._nodes[name]

    def operand(self, x: Operand) -> ast.expr:
        """An operand as an expression."""
        if isinstance(x, Var):
            return self.name(x)
        if type(x) in (tuple, list):
            parts = [self.operand(part) for part in x]
            return ast.Tuple(parts, LOAD, **self.at) if type(x) is tuple else ast.List(parts, LOAD, **self.at)
        if isinstance(x, np.ndarray):
            return self._array(x)
        return parsed(self.literal(x))

    def _array(self, x: Any) -> ast.expr:
        if id(x) not in self._names:
            same = [k for k, y in self.constants.items() if y.dtype == x.dtype and np.array_equal(x, y)]
            self._names[id(x)] = same[0] if same else self._constant(x)
        return self.name(self._names[id(x)])

    def _constant(self, x: Any) -> str:
        """A name for an array that is made once."""
        number = len(self.constants)
        while f"constant_{number}" in self.standing.taken:
            number += 1
        self.standing.taken.add(f"constant_{number}")
        self.constants[f"constant_{number}"] = x
        return f"constant_{number}"

    def literal(self, x: Any) -> str:
        """A setting or a number as text that gives it back."""
        if isinstance(x, np.generic):
            return f"np.{x.dtype.name}({self.literal(x.item())})"
        if isinstance(x, float | complex) and not np.isfinite(x):
            return {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}.get(str(x), f"complex({str(x)!r})")
        if isinstance(x, type) and issubclass(x, np.generic):
            return f"np.{x.__name__}"
        if isinstance(x, np.dtype):
            return f"np.dtype({x.name!r})"
        if x is PICKED:
            return self.standing.marker()
        if type(x) is tuple:
            return "(" + ", ".join(map(self.literal, x)) + ("," if len(x) == 1 else "") + ")"
        if x is None or x is Ellipsis or isinstance(x, bool | int | float | complex | str | slice | range):
            return repr(x)
        raise GraphError(f"a program can't be written with the setting {x!r:.60}")

    def expression(self, line: Instruction) -> ast.expr:
        """The right-hand side of a line."""
        gate, forward = line.gate, line.gate.forward
        inputs = [self.operand(x) for x in line.inputs]
        if line.out is not None:
            return self._into(line, inputs)
        if isinstance(gate, Function):
            if gate.name in METHODS:
                return self._method(METHODS[gate.name], inputs, line.settings)
            if _hashable(forward) and len(inputs) == 2 and not line.settings:
                if forward in COMPARED:
                    return ast.Compare(inputs[0], [COMPARED[forward]()], [inputs[1]], **self.at)
                if forward in CALCULATED and any(isinstance(x, Var) for x in line.inputs):
                    return ast.BinOp(inputs[0], CALCULATED[forward](), inputs[1], **self.at)
            name = gate.name if gate.name.startswith("np.") else self.standing.function(forward, _last(gate.name))
            return self._call(name, inputs, line.settings)
        if gate.name == "getitem":
            return self._item(line, inputs)
        if gate.name == "astype":
            return self._method("astype", inputs, {"": line.settings["dtype"]})
        if gate.name == "transpose" and line.settings["axes"] in (None, tuple(reversed(range(len(line.shape))))):
            return ast.Attribute(inputs[0], "T", LOAD, **self.at)
        if gate.name in ("reshape", "transpose"):
            return self._method(gate.name, [*inputs, *map(self._setting, line.settings.values())], {})
        found = single(forward)
        if found is None:
            return self._call(self.standing.function(forward, gate.name), inputs, line.settings)
        names, star, expression = found
        given = dict(zip(names, inputs, strict=False))
        given |= {name: self._setting(value) for name, value in line.settings.items()}
        return _Put(given, star, inputs[len(names) :], self.at).visit(copy.deepcopy(expression))

    def _into(self, line: Instruction, inputs: list[ast.expr]) -> ast.expr:
        """A call that writes its result into `out`, which most functions take as their last argument."""
        out, settings = self.operand(line.out), dict(line.settings)
        if line.gate.name.endswith(".reduce"):
            axis = inputs[1] if len(inputs) > 1 else self._setting(settings.pop("axis", 0))
            inputs = [inputs[0], axis, parsed("None")]
            keep = [parsed("True")] if settings.pop("keepdims", False) else []
            return self._call(line.gate.name, [*inputs, out, *keep], settings)
        name = line.gate.name
        if not name.startswith("np."):
            name = self.standing.function(line.gate.forward, name)
        if line.gate.forward in (np.maximum, np.minimum):  # NumPy wants it by name there
            return self._call(name, inputs, {**settings, "out": line.out})
        return self._call(name, [*inputs, out], settings)

    def _method(self, name: str, inputs: list[ast.expr], settings: Any) -> ast.expr:
        """A NumPy function by its method, which is quicker to call."""
        return self._call(ast.Attribute(inputs[0], name, LOAD, **self.at), inputs[1:], settings)

    def _setting(self, x: Any) -> ast.expr:
        return self.operand(x) if isinstance(x, np.ndarray | Var) else parsed(self.literal(x))

    def _call(self, function: str | ast.expr, inputs: list[ast.expr], settings: Any) -> ast.expr:
        called = parsed(function) if isinstance(function, str) else function
        keywords = [ast.keyword(key, self._setting(value), **self.at) for key, value in settings.items() if key]
        first = [self._setting(value) for key, value in settings.items() if not key]
        return ast.Call(called, inputs + first, keywords, **self.at)

    def _item(self, line: Instruction, inputs: list[ast.expr]) -> ast.expr:
        picks = iter(inputs[1:])
        parts = [next(picks) if part is PICKED else _part(part, self) for part in line.settings["index"]]
        index = parts[0] if len(parts) == 1 else ast.Tuple(parts, LOAD, **self.at)
        return ast.Subscript(inputs[0], index, LOAD, **self.at)


def _hashable(x: Any) -> bool:
    return type(x).__hash__ is not None


def _last(name: str) -> str:
    return name.rpartition(".")[2].lstrip("_")


def _part(part: Any, writer: Writer) -> ast.expr:
    if isinstance(part, slice):
        ends = [None if x is None else writer._setting(x) for x in (part.start, part.stop, part.step)]
        return ast.Slice(*ends, **writer.at)
    return writer._setting(part)
