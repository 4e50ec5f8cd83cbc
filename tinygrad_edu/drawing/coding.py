"""A derivation as a Python function: the forward pass and then the backward pass, one line a gate, with NumPy alone
where a formula is known. Builds on `derivation` and `formulas`.

`as_python(derivation)`. The code is text for the reader; nothing here runs it.
"""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine import Value
from ..errors import GraphError
from .derivation import Derivation
from .evaluation import simplified
from .formulas import LocalGradient, computes, forward, local_gradient, spelled_settings
from .notation import Formula, UnknownFormulaError, identifier, product, symbol
from .record import reachable
from .steps import Step

__all__ = ["as_python"]

LONGEST = 24  # numbers of an array that are written out
_RESERVED = {"np": 1, "GATES": 1, "to_shape": 1, "derivative": 1, "print": 1, "float": 1}
_NUMBER = re.compile(r"=(-?[\d.]+(?:e[-+]?\d+)?)(?=[,)])")
_TO_SHAPE = '''

def to_shape(g, x):
    """A gradient summed over the axes along which x was broadcast."""
    g = g + np.zeros(np.shape(x))
    g = g.sum(axis=tuple(range(np.ndim(g) - np.ndim(x))))
    stretched = tuple(k for k, n in enumerate(np.shape(x)) if n == 1 != np.shape(g)[k])
    return g.sum(axis=stretched, keepdims=True) if stretched else g
'''


def as_python(found: Derivation) -> str:
    """Code that defines `derivative(leaves …)`, which gives ∂v/∂wrt, and calls it if the numbers are few.

    Raises GraphError for a gate whose settings have no spelling in Python.
    """
    names = _identifiers(found)
    behind = reachable(found.v)
    arguments = {names[x]: x._data for x in behind if x.gate is None}
    for x in behind:
        arguments |= {names[x, k]: one for k, one in enumerate(x.inputs) if not isinstance(one, Value) and np.ndim(one)}
    body = [f"{names[x]} = {_forward(x, names)}" for x in behind if x.gate is not None]
    body += list(_backward(found, names))
    lines = [f"def derivative({', '.join(arguments)}):", *(f"    {line}" for line in body), "", "", _call(arguments)]
    code = "\n".join(lines)
    if "GATES[" in code or not all(np.all(x._data) for x in behind):  # gates, and divisions by 0, want NumPy's numbers
        code = code.replace(" = 1.0\n", " = np.float64(1.0)\n")
        lines[-1] = _NUMBER.sub(r"=np.float64(\1)", lines[-1])
        code = code.replace(_call(arguments), lines[-1])
    head = "import numpy as np\n" + ("\nfrom tinygrad_edu import GATES\n" if "GATES[" in code else "")
    head += "from tinygrad_edu.gates.shaping import PICKED\n" if "PICKED" in code else ""
    return f"{head}{_TO_SHAPE if 'to_shape(' in code else ''}\n\n{code}\n"


def _identifiers(found: Derivation) -> dict[Any, str]:
    """A Python name of its own for every value and constant array, and for the gradient of each value as d_name."""
    names: dict[Any, str] = {}
    taken: dict[str, Any] = dict(_RESERVED)
    for key, name in found.names.items():
        names[key] = identifier(name, taken)
        taken[names[key]] = key
    for x in [found.wrt, *found.between]:
        names["d", x] = identifier(f"d_{names[x]}", taken)
        taken[names["d", x]] = x
    return names


def _forward(value: Value, names: dict[Any, str]) -> str:
    """The gate as a formula where that gives its number, else as a call of the gate."""
    inputs = [_argument(value, k, names) for k in range(len(value.inputs))]
    formula = forward(value, names)
    numbers = {name: getattr(x, "_data", x) for name, x in zip(inputs, value.inputs, strict=True)}
    if computes(value, formula, numbers):
        try:
            return formula.python
        except UnknownFormulaError:
            pass
    return _spelled(
        f"GATES[{str(value.gate)!r}]({', '.join([*_exactly(value, inputs), *spelled_settings(value)])})", value
    )


def _exactly(value: Value, inputs: list[str]) -> list[str]:
    """Inputs as a gate wants them: a constant number with its dtype."""
    given = zip(value.inputs, inputs, strict=True)
    return [name if isinstance(x, Value) or np.ndim(x) else repr(np.asarray(x)[()]) for x, name in given]


def _argument(value: Value, k: int, names: dict[Any, str]) -> str:
    """An input in code: its name, or the number that a scalar constant is."""
    x = value.inputs[k]
    if isinstance(x, Value) or np.ndim(x):
        return names[x if isinstance(x, Value) else (value, k)]
    return _literal(x)


def _spelled(code: str, value: Value) -> str:
    try:
        compile(code, "<derivation>", "eval")
    except SyntaxError:
        raise GraphError(f"explain: gate {value.gate} has settings that can't be written as Python: {code}") from None
    return code


def _backward(found: Derivation, names: dict[Any, str]) -> Iterator[str]:
    v = found.v
    yield f"{names['d', v]} = " + (f"np.ones({v.shape})" if v.ndim else "1.0")
    for x in sorted(found.sums, key=lambda x: -x.serial):
        yield f"{names['d', x]} = " + " + ".join(_passed(step, x, names) for step in found.sums[x])
    yield f"return {names['d', found.wrt]}"


def _passed(step: Step, x: Value, names: dict[Any, str]) -> str:
    """What one gate passes to x: its factor times the upstream gradient, or its rule."""
    upstream = names["d", step.node]
    local = local_gradient(step.node, step.position, names, upstream=upstream)
    code = _product(local, upstream) or _copied(local, step.node, names[x]) or local.python
    if "GATES[" in code:
        code = code.replace("](g, out, ", f"]({upstream}, {names[step.node]}, ").replace(
            "](np.ones_like(out), out, ", f"](np.ones_like({names[step.node]}), {names[step.node]}, "
        )
        code = f"{upstream} * {code}" if local.kind == "factor" else code
    code = _spelled(code, step.node)
    return f"to_shape({code}, {names[x]})" if _grows(step) else code


def _grows(step: Step) -> bool:
    """Whether a derivative has more than the shape of its input, which was broadcast."""
    node, gate = step.node, step.node.gate
    assert gate is not None  # noqa: S101 - a step is one of a gate
    data = [getattr(x, "_data", x) for x in node.inputs]
    with np.errstate(all="ignore"):
        down = gate.derivatives_of(len(data))[step.position](step.upstream, node._data, *data, **node.settings)
    return np.shape(down) != step.input.shape


def _copied(local: LocalGradient, node: Value, name: str) -> str:
    """What a reduction over all axes passes on: its rule, copied to the shape of the input."""
    if local.formula is None or "keepdims" not in node.settings or node.ndim:
        return ""
    try:
        return f"np.broadcast_to({local.formula.python}, np.shape({name}))"
    except UnknownFormulaError:
        return ""


def _product(local: LocalGradient, upstream: str) -> str:
    """Upstream times a factor, where it can be written with NumPy alone."""
    if local.kind != "factor" or local.formula is None:
        return ""
    try:
        return Formula(simplified(product(symbol(upstream), local.formula.tree))).python
    except UnknownFormulaError:
        return ""


def _call(arguments: dict[str, Any]) -> str:
    """A call with the recorded numbers, if they are few enough to be written."""
    if sum(np.size(x) for x in arguments.values()) > LONGEST:
        shapes = ", ".join(f"{name} {np.shape(x)}" for name, x in arguments.items())
        return f"# derivative({', '.join(arguments)}) with arrays of these shapes: {shapes}"
    given = ", ".join(f"{name}={_literal(x)}" for name, x in arguments.items())
    return f"print(derivative({given}))"


def _literal(x: Any) -> str:
    if not np.size(x):
        return f"np.zeros({np.shape(x)}, {np.asarray(x).dtype.name!r})"
    text = repr(np.asarray(x).tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    return f"np.array({text})" if np.ndim(x) else f"np.float64({text})" if "np." in text or not x else text
