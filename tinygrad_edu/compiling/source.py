"""A program as NumPy source: what it needs, its constants, and a function with a line for each instruction.

`source_of` · `function_of` (what it defines, ready to be called). Builds on `expressions`, `scalars` and `updates`.
"""

import ast
import textwrap
from collections.abc import Callable
from traceback import walk_tb
from types import CodeType
from typing import Any

import numpy as np

from .. import errors
from .expressions import LOAD, Writer
from .program import Instruction, Program
from .scalars import python_run, python_source
from .standing import Standing
from .updates import BLOCK, Update, all_finite

__all__ = ["function_of", "source_of", "tell_line"]

STORE = ast.Store()
WIDTH = 120
READABLE = 1024  # numbers in a constant that is written as such


def source_of(program: Program) -> str:
    """The source of a program: a module that needs nothing but NumPy and defines one function of the program's name."""
    writer = writer_for(program)
    setup = [noted(i, statement(i, writer)) for i in program.setup]
    lines = [noted(i, statement(i, writer)) for i in program]
    results = ", ".join(ast.unparse(writer.operand(x)) for x in program.results)
    head = [f"def {program.name}({', '.join(x.var for x in program.inputs)}):"]
    body = textwrap.indent("\n".join([*lines, f"return ({results}{',' * (len(program.results) == 1)})"]), "    ")
    blocks = definitions(writer)
    constants = [constant(name, array) for name, array in writer.constants.items()]
    constants += setup
    if constants:
        blocks.append("\n".join(constants))
    blocks.append("\n".join([*head, signature(program), body]))
    return "\n\n\n".join(blocks) + "\n"


def function_of(program: Program, python: bool) -> Callable[..., Any]:
    """The function that a program's source defines; it raises the package's own errors.

    Not from the text, which takes twice the memory, but from syntax trees; definitions come one at a time.
    """
    scope: dict[str, Any] = {}
    if python:
        run(python_source(program), program, scope)
        return python_run(scope[program.name], program)
    writer = writer_for(program)
    code = compiled(program, writer)
    for text in definitions(writer):
        run(text, program, scope)
    scope.update(writer.constants)
    scope.update((name, getattr(errors, name)) for name in errors.__all__ if name in scope)
    for line in program.setup:
        scope[str(line.target)] = line.run(scope)  # by strings alone, which globals are quicker by
    exec(code, scope)  # noqa: S102 - our own program
    return scope[program.name]


def tell_line(error: Exception, program: Program) -> None:
    """Add to an error the line of the program that it comes from: Python only knows the instruction's number."""
    file = f"<compiled {program.name}>"
    numbers = [n for frame, n in walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    if numbers:  # the first is the program's own, others are of functions that it calls
        writer = writer_for(program)
        lines = [noted(line, statement(line, writer)) for line in program]
        error.add_note(f"in the program of {program.name}, line `{lines[numbers[0] - 1]}`")


def run(text: str, program: Program, scope: dict[str, Any]) -> None:
    """Run a piece of a program's source."""
    exec(compile(text, f"<compiled {program.name}>", "exec"), scope)  # noqa: S102 - our own text


def compiled(program: Program, writer: Writer) -> CodeType:
    """The code that defines a program's function; an instruction's place is its number."""
    head = f"def {program.name}({', '.join(x.var for x in program.inputs)}): pass"
    module = ast.parse(f"import numpy as np\n{head}")  # where np is known for a module, its functions are called so
    lines: list[ast.stmt] = []
    for writer.at["lineno"], line in enumerate(program, 1):
        lines.append(statement(line, writer))
    results = ast.Tuple([writer.operand(x) for x in program.results], LOAD, **writer.at)
    module.body[1].body = [*lines, ast.Return(results, **writer.at)]  # type: ignore[attr-defined]
    return compile(module, f"<compiled {program.name}>", "exec")


def writer_for(program: Program) -> Writer:
    """A writer who knows which names are taken."""
    variables = {x.var for x in program.inputs} | {i.target for i in (*program.setup, *program)}
    return Writer(Standing({*map(str, variables), program.name, "np"}))


def definitions(writer: Writer) -> list[str]:
    """What stands before the function: imports, and the functions that were asked for."""
    imports = [text for name, text in sorted(writer.standing.imports.items()) if name != "np"]
    return ["\n".join([*imports, "import numpy as np"]), *writer.standing.definitions]


def signature(program: Program) -> str:
    """What the inputs are, as the function's docstring."""
    rows = [f"{x.var} {tuple(x.shape)} {x.dtype}" for x in program.inputs if x.dtype is not None]
    text = "; ".join(rows).replace("\\", "") or "no arrays"
    return textwrap.indent(textwrap.fill(f'"""{text}."""', WIDTH - 4, break_long_words=False), "    ")


def statement(line: Instruction, writer: Writer) -> ast.stmt:
    """An instruction as a statement."""
    forward = line.gate.forward
    if isinstance(forward, Update):
        return updated(line, writer)
    if forward is all_finite:
        writer.standing.function(all_finite)
    right = writer.expression(line)
    if line.out is None and line.dtype is not None:
        return ast.Assign([ast.Name(str(line.target), STORE, **writer.at)], right, **writer.at)
    return ast.Expr(right, **writer.at)


def noted(line: Instruction, made: ast.stmt) -> str:
    """The text of an instruction, with a note."""
    notes = [f"{line.target}"] * (line.out is not None) + [line.comment] * bool(line.comment)
    first, *more = ast.unparse(made).splitlines()
    return "\n".join([f"{first}  # {', '.join(notes)}" if notes else first, *more])


def updated(line: Instruction, writer: Writer) -> ast.stmt:
    """An optimiser's step: its rule stands beside the program, under the optimiser's name."""
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
            f"    if theta.size <= {BLOCK} and not (settings.get('weight_decay') or settings.get('maximize')):\n"
            "        return update(theta, g, *memory)\n"
            f"    for start in range(0, theta.size, {BLOCK}):\n"
            f"        block = slice(start, start + {BLOCK})\n"
            "        gradient = g[block]\n"
            "        if settings.get('weight_decay') or settings.get('maximize'):\n"
            f"            gradient = {decayed}(None, theta[block], gradient, **settings)\n"
            "        update(theta[block], gradient, *[v[block] for v in memory])"
        )
    made = ast.parse(f"if {finite}: {name}({', '.join([t, settings, theta, g, *memory])})").body[0]
    return ast.increment_lineno(made, writer.at["lineno"] - 1)


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
