"""A program as NumPy source: what it needs, its constants, and a function with a line for each instruction.

`source_of` · `function_of` (what it defines, ready to be called). Builds on `expressions`, `scalars` and `updates`.
"""

import ast
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors
from .expressions import Writer
from .program import Instruction, Program
from .scalars import python_run, python_source
from .standing import Standing
from .updates import BLOCK, Update, all_finite

__all__ = ["function_of", "source_of"]

WIDTH = 120
READABLE = 1024  # numbers in a constant that is written as such


def source_of(program: Program, given: dict[str, Any] | None = None) -> str:
    """The source of a program: a module that needs nothing but NumPy and defines one function of the program's name.

    Constants of many numbers are written out in full, or put into `given`, where a module's names are, if it is there.
    """
    variables = {x.var for x in program.inputs} | {i.target for i in (*program.setup, *program)}
    writer = Writer(Standing({*map(str, variables), program.name, "np"}))
    setup = [text for i in program.setup for text in written(i, writer)]
    lines = [text for i in program for text in written(i, writer)]
    results = ", ".join(ast.unparse(writer.operand(x)) for x in program.results)
    head = [f"def {program.name}({', '.join(x.var for x in program.inputs)}):"]
    body = textwrap.indent("\n".join([*lines, f"return ({results}{',' * (len(program.results) == 1)})"]), "    ")
    standing = writer.standing
    imports = [f"{text}" for name, text in sorted(standing.imports.items()) if name != "np"]
    blocks = ["\n".join([*imports, "import numpy as np"]), *standing.definitions]
    if given is not None:
        given.update((name, array) for name, array in writer.constants.items() if long(array))
    written_out = {name: array for name, array in writer.constants.items() if given is None or name not in given}
    constants = [constant(name, array) for name, array in written_out.items()]
    constants += setup
    if constants:
        blocks.append("\n".join(constants))
    blocks.append("\n".join([*head, signature(program), body]))
    return "\n\n\n".join(blocks) + "\n"


def function_of(program: Program, python: bool) -> Callable[..., Any]:
    """The function that a program's source defines; it raises the package's own errors."""
    scope: dict[str, Any] = {}
    text = python_source(program) if python else source_of(program, scope)
    exec(compile(text, f"<compiled {program.name}>", "exec"), scope)  # noqa: S102 - our own text
    scope.update((name, getattr(errors, name)) for name in errors.__all__ if name in scope)
    made = scope[program.name]
    return python_run(made, program) if python else made


def signature(program: Program) -> str:
    """What the inputs are, as the function's docstring."""
    rows = [f"{x.var} {tuple(x.shape)} {x.dtype}" for x in program.inputs if x.dtype is not None]
    text = "; ".join(rows).replace("\\", "") or "no arrays"
    return textwrap.indent(textwrap.fill(f'"""{text}."""', WIDTH - 4, break_long_words=False), "    ")


def written(line: Instruction, writer: Writer) -> list[str]:
    """The text of an instruction."""
    forward = line.gate.forward
    if isinstance(forward, Update):
        return updated(line, writer)
    if forward is all_finite:
        writer.standing.function(all_finite)
    text = ast.unparse(writer.expression(line))
    if line.out is None and line.dtype is not None:
        text = f"{line.target} = {text}"
    notes = [f"{line.target}"] * (line.out is not None) + [line.comment] * bool(line.comment)
    return [f"{text}  # {', '.join(notes)}" if notes else text]


def updated(line: Instruction, writer: Writer) -> list[str]:
    """The lines of an optimiser's step: its rule stands beside the program, under the optimiser's name."""
    update: Update = line.gate.forward  # type: ignore[assignment]
    rule = writer.standing.function(update.rule, line.gate.name.removesuffix("_update"))
    finite, t, settings, theta, g, *memory = map(str, line.inputs)
    name = f"{rule}_blocks"
    if name not in writer.standing.taken:
        writer.standing.taken.add(name)
        decayed = writer.standing.function(update.decayed, "decayed")
        writer.standing.definitions.append(
            f"def {name}(t, settings, theta, g, *memory):\n"
            f"    update = {rule}(t, **settings)\n"
            f"    if theta.size <= {BLOCK} and not (settings.get('weight_decay') or settings['maximize']):\n"
            "        return update(theta, g, *memory)\n"
            f"    for start in range(0, theta.size, {BLOCK}):\n"
            f"        block = slice(start, start + {BLOCK})\n"
            "        gradient = g[block]\n"
            "        if settings.get('weight_decay') or settings['maximize']:\n"
            f"            gradient = {decayed}(None, theta[block], gradient, **settings)\n"
            "        update(theta[block], gradient, *[v[block] for v in memory])"
        )
    return [f"if {finite}:  # {line.comment}", f"    {name}({', '.join([t, settings, theta, g, *memory])})"]


def long(array: Any) -> bool:
    """Whether an array has more numbers than anybody wants to read."""
    return bool(array.size > READABLE and not np.all(array == array.flat[0]))


def constant(name: str, array: Any) -> str:
    """A line that makes a constant array; one that is long as bytes, which are read a hundred times as fast."""
    dtype = f"np.{array.dtype.name}"
    if long(array):
        return f"{name} = np.frombuffer(bytes.fromhex('{array.tobytes().hex()}'), {dtype}).reshape({array.shape!r})"
    if array.size > 1 and np.all(array == array.flat[0]):
        return f"{name} = np.full({array.shape!r}, {array.flat[0].item()!r}, {dtype})"
    if not array.ndim:
        return f"{name} = np.array({array.item()!r}, {dtype})".replace("nan", "np.nan").replace("inf", "np.inf")
    numbers = repr(array.ravel().tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    shaped = f".reshape({array.shape!r})" if array.ndim != 1 else ""
    return f"{name} = np.array({numbers}, {dtype}){shaped}"
