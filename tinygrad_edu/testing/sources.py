"""The program text of classes and functions, and of all that they need: what a notebook's cells defined, as one file.

`source_of(objects)`. Works where `inspect.getsource` does not, for classes of a notebook: their methods know the cell.
Builds on the standard library.
"""

import ast
import linecache
import sys
import textwrap
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ..errors import SettingError

__all__ = ["source_of"]

Definition = type | FunctionType
PLAIN = (int, float, complex, str, bytes, bool, tuple, list, dict, set, frozenset, type(None))


def source_of(objects: Mapping[str, Definition]) -> str:
    """A program that defines these classes and functions, under these names, and what they refer to.

    Classes, functions and plain data of their module are written out, other things imported. Raises `SettingError` for
    what has no program text, such as a class typed at the prompt.
    """
    parts: dict[str, str] = {}
    for thing in objects.values():
        _collect(thing, parts)
    aliases = [f"{name} = {thing.__name__}" for name, thing in objects.items() if name != thing.__name__]
    return "\n\n".join([*parts.values(), *aliases]) + "\n"


def _collect(thing: Definition, parts: dict[str, str]) -> None:
    """Enter the text of a definition, after the text of what it needs."""
    if thing.__name__ in parts:
        return
    parts[thing.__name__] = ""  # it may refer to itself
    text = _text(thing)
    names = vars(sys.modules[thing.__module__]) | _globals(thing)
    for name in sorted(_referred(ast.parse(text))):
        if name in names and name not in parts:
            _enter(name, names[name], thing.__module__, parts)
    del parts[thing.__name__]
    parts[thing.__name__] = text


def _enter(name: str, value: Any, module: str, parts: dict[str, str]) -> None:
    if isinstance(value, ModuleType):
        parts[name] = f"import {value.__name__} as {name}"
    elif isinstance(value, Definition) and value.__module__ == module:
        _collect(value, parts)
        if value.__name__ != name:
            parts[name] = f"{name} = {value.__name__}"
    elif isinstance(value, PLAIN):
        parts[name] = f"{name} = {value!r}"
    elif hasattr(value, "__module__") and hasattr(value, "__name__"):
        parts[name] = f"from {value.__module__} import {value.__name__} as {name}"


def _referred(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _functions(thing: Definition) -> Iterator[FunctionType]:
    if isinstance(thing, FunctionType):
        yield thing
        return
    for member in vars(thing).values():
        for each in (member, getattr(member, "__func__", None), getattr(member, "fget", None)):
            if isinstance(each, FunctionType) and each.__qualname__.startswith(thing.__qualname__):
                yield each


def _globals(thing: Definition) -> dict[str, Any]:
    return next((dict(function.__globals__) for function in _functions(thing)), {})


def _text(thing: Definition) -> str:
    """The lines of a definition in the file, or in the notebook's cell, that its code came from."""
    kinds = (ast.ClassDef,) if isinstance(thing, type) else (ast.FunctionDef,)
    for function in _functions(thing):
        code: CodeType = function.__code__
        lines = linecache.getlines(code.co_filename)
        if not lines:
            continue
        for node in ast.walk(ast.parse("".join(lines))):
            if isinstance(node, kinds) and node.name == thing.__name__ and _holds(node, code.co_firstlineno):
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                return textwrap.dedent("".join(lines[first - 1 : node.end_lineno]))
    raise SettingError(
        f"grade: the program text of {thing.__name__} is not to be found; define it in a file or in a notebook's cell"
    )


def _holds(node: ast.ClassDef | ast.FunctionDef, line: int) -> bool:
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    return first <= line <= (node.end_lineno or node.lineno)
