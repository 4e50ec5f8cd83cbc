"""Programs of single numbers as straight-line Python: operators and `math` on floats, a local variable for each gate.

`is_python` · `python_source` · `python_run`. Python's floats take a third of the time of NumPy's. Where Python
raises and IEEE arithmetic goes on (1/0, log 0, exp 1000), the program is run in NumPy instead. Builds on `program`.
"""

import math
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from .program import Function, Instruction, Operand, Program, Var

__all__ = ["is_python", "python_run", "python_source"]

TEXT = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "positive": "+{0}",
    "square": "{0} * {0}",
    "reciprocal": "1.0 / {0}",
    "power": "math.pow({0}, {1})",
    "absolute": "abs({0})",
    "maximum": "{0} if {0} >= {1} or {0} != {0} else {1}",  # nan wins
    "minimum": "{0} if {0} <= {1} or {0} != {0} else {1}",
    "relu": "0.0 if {0} <= 0 else {0}",
    "sigmoid": "1.0 / (1.0 + math.exp(-{0}))",
    "where": "{1} if {0} else {2}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "logical_not": "not {0}",
    "logical_and": "{0} and {1}",
    "logical_or": "{0} or {1}",
    "bitwise_and": "{0} and {1}",
    "bitwise_or": "{0} or {1}",
    "bitwise_xor": "{0} != {1}",
    "invert": "not {0}",
    "isnan": "{0} != {0}",
    "isinf": "math.isinf({0})",
    "isfinite": "math.isfinite({0})",
    "sign": "{0} if {0} != {0} else float(({0} > 0) - ({0} < 0))",
    **{
        name: f"math.{name}({{0}})"
        for name in ("sqrt", "exp", "expm1", "log", "log1p", "log2", "log10", "exp2", "cbrt")
    },
    **{name: f"math.{name}({{0}})" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{f"arc{name}": f"math.a{name}({{0}})" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "arctan2": "math.atan2({0}, {1})",
    "hypot": "math.hypot({0}, {1})",
}
GATES = {"sub": "subtract", "mul": "multiply", "div": "divide", "neg": "negative", "abs": "absolute"}
LOGICAL = frozenset(
    {*(f"logical_{x}" for x in ("and", "or", "not")), "bitwise_and", "bitwise_or", "bitwise_xor", "invert"}
)
COMPARED = frozenset({"greater", "greater_equal", "less", "less_equal", "equal", "not_equal"})
SAYS_TRUTH = LOGICAL | COMPARED | {"isnan", "isinf", "isfinite"}
READS_TRUTH = LOGICAL | COMPARED | {"where", "add", "subtract", "multiply"}  # these three beside a float: True is 1
SAYS_WHICH = frozenset({"maximum", "minimum", "relu"})  # their settings matter to derivatives alone


def name_of(line: Instruction) -> str | None:
    """NumPy's name for what a line computes, if it can be written in Python."""
    name = line.gate.name
    if isinstance(line.gate, Function):
        name = name.removeprefix("np.") if name.startswith("np.") else ""
    name = GATES.get(name, name)
    return name if name in TEXT and (not line.settings or name in SAYS_WHICH) else None


def is_python(program: Program) -> bool:
    """Whether all that a program does can be said in Python's floats."""
    kinds = {x.var: str(x.dtype) for x in program.inputs if x.shape == ()}
    if len(kinds) < len(program.inputs) or {*kinds.values()} - {"float64"} or not len(program):
        return False
    for line in program:
        name = name_of(line)
        if name is None or line.shape != () or line.out is not None or not line.pure:
            return False
        types = {kinds.get(x, "") if isinstance(x, Var) else type_of(x) for x in line.inputs}
        if types - {"float64", "bool"} or str(line.dtype) != ("bool" if name in SAYS_TRUTH else "float64"):
            return False
        if "bool" in types and name not in READS_TRUTH:
            return False
        kinds[line.target] = str(line.dtype)
    return all((kinds.get(x) if isinstance(x, Var) else type_of(x)) == "float64" for x in program.results)


def type_of(x: Operand) -> str:
    """The dtype of a constant that can be written in Python, else nothing."""
    if isinstance(x, bool | np.bool_):
        return "bool"
    single = isinstance(x, np.ndarray) and x.shape == () and x.dtype == np.float64
    return "float64" if isinstance(x, int | float) or single else ""


def written(x: Operand) -> str:
    """An operand as text."""
    if isinstance(x, Var):
        return str(x)
    x = x.item() if isinstance(x, np.generic | np.ndarray) else x
    if isinstance(x, float) and not math.isfinite(x):
        return "math.nan" if math.isnan(x) else f"({'-' if x < 0 else ''}math.inf)"
    return f"({x!r})" if x < 0 or str(x).startswith("-") else repr(x)


def python_source(program: Program) -> str:
    """A module that needs nothing but `math` and defines one function of the program's name."""
    lines = []
    for line in program:
        text = f"{line.target} = {TEXT[name_of(line) or ''].format(*map(written, line.inputs))}"
        lines.append(f"{text}  # {line.comment}" if line.comment else text)
    lines.append(f"return ({', '.join(map(written, program.results))}{',' * (len(program.results) == 1)})")
    head = f"def {program.name}({', '.join(x.var for x in program.inputs)}):"
    return f"import math\n\n\n{head}\n" + textwrap.indent("\n".join(lines), "    ") + "\n"


def python_run(function: Callable[..., Any], program: Program) -> Callable[..., Any]:
    """A call of the written function with floats, or where Python raises of the program with NumPy's numbers."""

    def run(*given: Any) -> Any:
        try:
            return [np.float64(x) for x in function(*map(float, given))]
        except (ArithmeticError, ValueError):
            return program.run(*given)

    return run
