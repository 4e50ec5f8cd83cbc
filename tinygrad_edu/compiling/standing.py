"""Functions of the package as source that stands alone: their text, and the text of all that they need.

`Standing` collects definitions; `plain_source` is a function's text without decorators, annotations and docstring.
Builds on nothing.
"""

import ast
import builtins
import dis
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterable
from functools import cache
from types import CodeType
from typing import Any

import numpy as np

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
        text = plain_source(function, name)
        self._needs(text, sys.modules[function.__module__].__dict__, {name})
        if own != name and own in self._read(text):
            raise NameError(f"{own} calls itself")
        self.definitions.append(text)
        return name

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

    def _needs(self, text: str, scope: dict[str, Any], known: set[str]) -> None:
        for name in sorted(self._read(text) - known):
            if name in scope and not name.startswith("__") and not (hasattr(builtins, name) and name not in scope):
                self._define(name, scope[name])

    def _define(self, name: str, value: Any) -> None:
        module = getattr(value, "__module__", None) or ""
        if value is PICKED:
            self.marker()
            return
        if inspect.ismodule(value):
            bare = value.__name__ == name
            self.imports[name] = f"import {value.__name__}" + ("" if bare else f" as {name}")
        elif isinstance(value, int | float | str | tuple):
            if name not in self.taken:
                self.taken.add(name)
                self.definitions.append(f"{name} = {value!r}")
        elif isinstance(value, np.dtype):
            self.taken.add(name)
            self.definitions.append(f"{name} = np.dtype({value.name!r})")
        elif module.startswith(HOUSE):
            given = self.function(value)
            if given != name and name not in self.taken:
                self.taken.add(name)
                self.definitions.append(f"{name} = {given}")
        elif not hasattr(builtins, name) and module != "typing" and hasattr(value, "__name__"):
            self.imports[name] = f"from {module} import {value.__name__}" + (
                "" if value.__name__ == name else f" as {name}"
            )
        elif type(value).__module__ == "_thread":
            self.imports["threading"] = "import threading"
            self.taken.add(name)
            self.definitions.append(f"{name} = threading.local()")
