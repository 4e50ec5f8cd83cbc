"""The pass `open_gates`: gates as the NumPy calls they are made of, so that memory can be planned call by call.

A forward that is a straight line of NumPy expressions is read from its own text; a few have an entry in `expansions`.
Whatever can't be read stays a call of the gate. Builds on `expansions`, `kinds`, `standing` and `substitution`.
"""

import ast
import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine import Gate
from ...operators import GATES
from ..kinds import kind_of, stand_in
from ..program import Function, Instruction, Operand, Program, Var, variables
from ..standing import tree_of
from .expansions import EXPANSIONS
from .substitution import Rewriter

__all__ = ["Emitter", "open_gates"]

OPERATORS: dict[type, np.ufunc] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.MatMult: np.matmul,
    ast.BitAnd: np.bitwise_and,
    ast.BitOr: np.bitwise_or,
    ast.USub: np.negative,
    ast.Invert: np.invert,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda x, several: x in several,
    ast.NotIn: lambda x, several: x not in several,
}
METHODS = {"sum": np.add.reduce, "reshape": np.reshape, "transpose": np.transpose, "swapaxes": np.swapaxes}
FUNCTIONS = {np.sum: np.add.reduce, np.abs: np.absolute}
HOUSE = __name__.split(".")[0]
STATIC = frozenset({"shape", "ndim", "size", "dtype"})


class Unreadable(Exception):  # noqa: N818 - not an error: the gate stays as it is
    """A forward that is not a straight line of NumPy calls."""


class Emitter:
    """Makes lines of NumPy calls in the place of one line."""

    def __init__(self, line: Instruction, so_far: Rewriter) -> None:
        self.line, self.so_far = line, so_far

    def stand_in(self, x: Operand) -> Any:
        """What has the shape and dtype of an operand."""
        if type(x) in (tuple, list):
            return type(x)(map(self.stand_in, x))
        return stand_in(*self.so_far.kinds[x]) if isinstance(x, Var) else x

    def call(self, function: Any, *inputs: Operand, **settings: Any) -> Operand:
        """A line that calls a NumPy function, or its result where nothing varies."""
        function = FUNCTIONS.get(function, function)
        if function in (np.reshape, np.transpose) and isinstance(inputs[0], Var):
            return self.moved(function, *inputs)
        if not any(variables((inputs, tuple(settings.values())))):
            return function(*inputs, **settings)
        shape, dtype = kind_of(function, [self.stand_in(x) for x in inputs], settings)
        made = Function(_called(function), function)
        return self.so_far.add(self.line, made, *inputs, shape=shape, dtype=dtype, settings=settings)

    def moved(self, function: Any, x: Var, to: Any = None) -> Operand:
        """A line that looks at the same elements in another order."""
        old, dtype = self.so_far.kinds[x]
        if function is np.transpose:
            axes = tuple(reversed(range(len(old)))) if to is None else tuple(to)
            return self.so_far.add(self.line, GATES["transpose"], x, shape=tuple(old[a] for a in axes), dtype=dtype,
                                   settings={"axes": axes})  # fmt: skip
        shape = np.reshape(stand_in(old, dtype), to).shape
        return self.so_far.add(self.line, GATES["reshape"], x, shape=shape, dtype=dtype, settings={"shape": shape})

    def shape(self, x: Operand) -> tuple[int, ...]:
        """The shape of an operand."""
        return self.so_far.shape(x)


def _called(function: Any) -> str:
    name = getattr(function, "__name__", "")
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"np.{owner.__name__}.{name}"
    if name and getattr(np, name, None) is function:
        return f"np.{name}"
    raise Unreadable(name)


def open_gates(program: Program) -> Program:
    """Each gate as the NumPy calls of its forward, as far as its text is a straight line of them."""

    def rule(line: Instruction, so_far: Rewriter) -> Operand | None:
        emitter, before = Emitter(line, so_far), len(so_far.lines)
        expand = EXPANSIONS.get(line.gate.name)
        try:
            if expand is not None:
                found = expand(emitter, *line.inputs, **line.settings)
            elif isinstance(line.gate, Gate) and line.gate.variadic is None:
                found = _Reader(emitter, line.gate.forward).read(line.inputs, line.settings)
            else:
                return None
        except (Unreadable, TypeError, ValueError, LookupError, AttributeError):
            found = None
        if found is None or not _fits(line, found, so_far):
            while len(so_far.lines) > before:
                so_far.lines.popitem()
            return None
        return _named(line, found, so_far)

    return Rewriter(program).run(rule)


def _fits(line: Instruction, found: Operand, so_far: Rewriter) -> bool:
    """Whether what was read has the shape and dtype that the gate gave."""
    return isinstance(found, Var) and so_far.kinds[found] == (line.shape, line.dtype)


def _named(line: Instruction, found: Operand, so_far: Rewriter) -> Operand | None:
    """The last of the new lines under the old name, so that names stay."""
    last = next(reversed(so_far.lines))
    if found is not last:
        return found

    so_far.keep(so_far.lines.pop(last).having(target=line.target, name=line.name))
    return line.target


class _Reader:
    """Reads a function's text, with operands in the place of its parameters."""

    def __init__(self, emitter: Emitter, function: Any, depth: int = 0) -> None:
        self.emitter, self.function, self.depth = emitter, function, depth
        self.scope = sys.modules[function.__module__].__dict__
        self.known: dict[str, Any] = {}

    def read(self, inputs: Any, settings: Any) -> Operand:
        """What the function returns, the lines before it being made."""
        tree = tree_of(self.function)
        if not isinstance(tree, ast.FunctionDef) or tree.args.vararg or tree.args.kwarg or self.depth > 3:
            raise Unreadable
        names = [a.arg for a in tree.args.args]
        defaults = self.function.__kwdefaults__ or {}
        self.known = {**defaults, **dict(zip(names, inputs, strict=True)), **settings}
        for statement in tree.body:
            done, found = self.statement(statement)
            if done:
                return found
        raise Unreadable

    def statement(self, node: ast.stmt) -> tuple[bool, Any]:
        """(whether the function returns here, what)."""
        if isinstance(node, ast.Return) and node.value is not None:
            return True, self.value(node.value)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.known[node.targets[0].id] = self.value(node.value)
            return False, None
        if isinstance(node, ast.If):
            for part in node.body if self.fixed(node.test) else node.orelse:
                done, found = self.statement(part)
                if done:
                    return done, found
            return False, None
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return False, None
        raise Unreadable

    def fixed(self, node: ast.expr) -> Any:
        """A value that does not vary."""
        found = self.value(node)
        if any(variables(found)):
            raise Unreadable
        return found

    def value(self, node: ast.expr) -> Any:
        """An operand, or what Python makes of settings."""
        read = getattr(self, f"read_{type(node).__name__}", None)
        if read is None:
            raise Unreadable
        return read(node)

    def read_Constant(self, node: ast.Constant) -> Any:
        return node.value

    def read_Name(self, node: ast.Name) -> Any:
        if node.id in self.known:
            return self.known[node.id]
        if node.id in self.scope:
            return self.scope[node.id]
        raise Unreadable

    def read_Tuple(self, node: ast.Tuple) -> Any:
        return tuple(map(self.value, node.elts))

    def read_BinOp(self, node: ast.BinOp) -> Any:
        return self.calculated(type(node.op), self.value(node.left), self.value(node.right))

    def read_UnaryOp(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            return not self.fixed(node.operand)
        return self.calculated(type(node.op), self.value(node.operand))

    def read_Compare(self, node: ast.Compare) -> Any:
        if len(node.ops) != 1:
            raise Unreadable
        left, right = self.value(node.left), self.value(node.comparators[0])
        if type(node.ops[0]) in OPERATORS and any(variables((left, right))):
            return self.calculated(type(node.ops[0]), left, right)
        if type(node.ops[0]) not in COMPARISONS:
            raise Unreadable
        return COMPARISONS[type(node.ops[0])](left, right)

    def read_IfExp(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.fixed(node.test) else node.orelse)

    def read_Attribute(self, node: ast.Attribute) -> Any:
        owner = self.value(node.value)
        if isinstance(owner, Var):
            if node.attr in STATIC:
                return getattr(self.emitter.stand_in(owner), node.attr)
            if node.attr == "T":
                return self.emitter.call(np.transpose, owner)
            raise Unreadable
        return getattr(owner, node.attr)

    def calculated(self, kind: type, *operands: Any) -> Any:
        if kind not in OPERATORS:
            raise Unreadable
        if any(variables(operands)):
            return self.emitter.call(OPERATORS[kind], *operands)
        found = OPERATORS[kind](*operands)
        return found.item() if not any(isinstance(x, np.ndarray | np.generic) for x in operands) else found

    def read_Call(self, node: ast.Call) -> Any:
        if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
            raise Unreadable
        arguments = [self.value(a) for a in node.args]
        settings = {str(k.arg): self.value(k.value) for k in node.keywords}
        if isinstance(node.func, ast.Attribute):
            owner = self.value(node.func.value)
            if isinstance(owner, Var):
                return self.method(node.func.attr, owner, arguments, settings)
        function = self.value(node.func)
        if not any(variables((tuple(arguments), tuple(settings.values())))):
            return function(*arguments, **settings)
        if isinstance(function, Gate) or (getattr(function, "__module__", None) or "").startswith(HOUSE):
            expand = EXPANSIONS.get(getattr(function, "name", ""))
            if expand is not None:
                return expand(self.emitter, *arguments, **{**getattr(function, "defaults", {}), **settings})
            return _Reader(self.emitter, getattr(function, "forward", function), self.depth + 1).read(
                arguments, settings
            )
        return self.emitter.call(function, *arguments, **settings)

    def method(self, name: str, owner: Var, arguments: list[Any], settings: dict[str, Any]) -> Any:
        """A method of an array as the function of the same name."""
        if name not in METHODS:
            raise Unreadable
        if name in ("reshape", "transpose") and len(arguments) > 1:
            arguments = [tuple(arguments)]
        return self.emitter.call(METHODS[name], owner, *arguments, **settings)
