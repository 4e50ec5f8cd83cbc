"""Functions of the package as source that stands alone: their text, and the text of all that they need.

`Standing` collects definitions; `plain_source` is a function's text without decorators, annotations and docstring.
Builds on `errors` and `gates`.
"""

import ast
import dis
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterable
from functools import cache
from types import CodeType
from typing import Any

import numpy as np

from ..errors import GraphError
from ..gates.shaping import PICKED

__all__ = ["Standing", "plain_source", "tree_of"]

HOUSE = __name__.split(".")[0]


@cache
def tree_of(function: Any) -> Any:
    """The definition of a function or class as a syntax tree, or None where there is no text."""
    try:
        text = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(text).body[0]
    except (OSError, TypeError, SyntaxError):
        return None
    return tree if isinstance(tree, ast.FunctionDef | ast.ClassDef) else None


class _Bare(ast.NodeTransformer):
    """Takes away what a reader of the program does not need: annotations, decorators of the package, docstrings."""

    def __init__(self, keep: Callable[[ast.expr], bool]) -> None:
        self.keep = keep
        self.inside = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        self.generic_visit(node)
        node.returns = None
        kept = [d for d in node.decorator_list if self.keep(d)]
        node.decorator_list = [d for d in kept if self.inside or ast.unparse(d) != "staticmethod"]
        for argument in [*node.args.args, *node.args.posonlyargs, *node.args.kwonlyargs]:
            argument.annotation = None
        for more in (node.args.vararg, node.args.kwarg):
            if more is not None:
                more.annotation = None
        return self._without_docstring(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        self.inside = True
        self.generic_visit(node)
        node.decorator_list = [d for d in node.decorator_list if self.keep(d)]
        return self._without_docstring(node)

    @staticmethod
    def _without_docstring(node: Any) -> Any:
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node


class _Renamed(ast.NodeTransformer):
    """Puts the names of the source in the place of a module's own, and of the members of the package's modules."""

    def __init__(self, names: dict[str, str], member: Callable[[str, str], str | None]) -> None:
        self.names, self.member = names, member

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        name = self.member(node.value.id, node.attr) if isinstance(node.value, ast.Name) else None
        return self.generic_visit(node) if name is None else ast.Name(name, node.ctx)

    def visit_Name(self, node: ast.Name) -> Any:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


def _ours(decorator: ast.expr, scope: dict[str, Any]) -> bool:
    """Whether a decorator is of this package, where it says nothing about the numbers."""
    name = decorator.func if isinstance(decorator, ast.Call) else decorator
    found = scope.get(name.id) if isinstance(name, ast.Name) else None
    return getattr(found, "__module__", "").startswith(HOUSE)


def plain_source(function: Any, name: str | None = None) -> str:
    """A definition's text, under another name if given."""
    tree = ast.parse(ast.unparse(tree_of(function))).body[0]
    scope = sys.modules[function.__module__].__dict__
    tree = _Bare(lambda d: not _ours(d, scope)).visit(tree)
    if name is not None:
        tree.name = name
    return ast.unparse(ast.fix_missing_locations(tree))


class Standing:
    """Definitions under names, each with what it needs before it, in an order that runs."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.names: dict[int, str] = {}
        self.taken = set(taken)
        self.imports: dict[str, str] = {}
        self.definitions: list[str] = []
        self.constants: dict[str, str] = {}
        self.kept: list[Any] = []  # so that an id stays one object's

    def function(self, function: Any, wanted: str | None = None) -> str:
        """The name under which a function (or class) of the package can be called in the source."""
        function = inspect.unwrap(getattr(function, "forward", function))
        if id(function) in self.names:
            return self.names[id(function)]
        own = function.__name__
        name = wanted or own
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        self.names[id(function)] = name
        self.kept.append(function)
        self.definitions.append(self._text(plain_source(function, name), sys.modules[function.__module__].__dict__))
        return name

    def _text(self, text: str, scope: dict[str, Any]) -> str:
        """A function's text, with all that it takes from its module standing before it."""

        def member(module: str, name: str) -> str | None:
            owner = scope.get(module)
            inside = inspect.ismodule(owner) and _root(owner.__name__) == HOUSE
            return self._named(name, getattr(owner, name), str(owner)) if inside else None

        taken = [name for name in sorted(self._read(text)) if name in scope and not name.startswith("__")]
        names = {name: self._named(name, scope[name], scope["__name__"]) for name in taken}
        return ast.unparse(ast.fix_missing_locations(_Renamed(names, member).visit(ast.parse(text))))

    def marker(self) -> str:
        """The name of what stands in an index for an array of indices."""
        if "PICKED" not in self.taken:
            self.taken.add("PICKED")
            self.definitions.insert(0, "PICKED = object()")
        return "PICKED"

    @staticmethod
    def _read(text: str) -> set[str]:
        """The names that a text takes from outside."""
        found, waiting = set(), [compile(text, "<source>", "exec")]
        while waiting:
            code = waiting.pop()
            found |= {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
            waiting += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
        return found

    def _named(self, name: str, value: Any, home: str) -> str:
        """The name in the source of what a function of the module `home` calls `name`."""
        module = getattr(value, "__module__", None) or ""
        if value is PICKED:
            return self.marker()
        if inspect.ismodule(value):
            if _root(value.__name__) != HOUSE:
                self.imports[name] = f"import {value.__name__}" + _as(value, name)
        elif (text := _literal(value)) is not None:
            return self._assigned(name, text)
        elif _root(module) in (HOUSE, _root(home)) and hasattr(getattr(value, "forward", value), "__name__"):
            return self.function(value)
        elif type(value).__module__ == "_thread":
            self.imports["threading"] = "import threading"
            return self._assigned(name, "threading.local()")
        elif not (module and hasattr(value, "__name__")):
            raise GraphError(f"a program can't be written with the {type(value).__name__} {name} of {home}")
        elif module not in ("builtins", "typing"):
            self.imports[name] = f"from {module} import {value.__name__}" + _as(value, name)
        return name

    def _assigned(self, name: str, text: str) -> str:
        """The name of a constant: another one where two modules mean different things by it."""
        while self.constants.get(name, text) != text or (name in self.taken and name not in self.constants):
            name += "_"
        if name not in self.constants:
            self.taken.add(name)
            self.constants[name] = text
            self.definitions.append(f"{name} = {text}")
        return name


def _root(module: str) -> str:
    return module.partition(".")[0]


def _as(value: Any, name: str) -> str:
    return "" if value.__name__ == name else f" as {name}"


def _literal(value: Any) -> str | None:
    """What gives a number, text, table or array again, if anything does."""
    if isinstance(value, np.ndarray):
        return f"np.array({_finite(value.tolist())}, {value.dtype.name!r})"
    if isinstance(value, np.dtype):
        return f"np.dtype({value.name!r})"
    if isinstance(value, np.generic):
        return f"np.{value.dtype.name}({_finite(value.item())})"
    if isinstance(value, dict):
        pairs = [(_literal(key), _literal(part)) for key, part in value.items()]
        return None if any(None in pair for pair in pairs) else f"{{{', '.join(f'{k}: {v}' for k, v in pairs)}}}"
    if isinstance(value, int | float):
        return _finite(value)
    return repr(value) if isinstance(value, str | tuple | None) else None


def _finite(numbers: Any) -> str:
    return repr(numbers).replace("nan", "np.nan").replace("inf", "np.inf")
