"""Every gate's program, with its gradient, runs alone: as text, with nothing but NumPy, it gives what eager gives."""

import ast
import sys
from typing import Any

import numpy as np
import pytest

from tests.gates.samples import SAMPLES, Call, every
from tinygrad_edu import Value, compile, gate
from tinygrad_edu.errors import GraphError

GATES = every()
CALLS = [(name, call) for name, each in sorted(SAMPLES.items()) if name in GATES for call in each.calls]
CALLS = [
    (name, call) for name, call in CALLS if name != "recomputed"
]  # which a trace never meets: it runs the function
TABLE, SCALES = np.array([1.0, np.nan, 3.0]), {"double": np.float32(2), "all": float("inf")}


def stepped(name: str, call: Call) -> tuple[Any, list[Any]]:
    """A function that gives a gate's result and the gradients of its floating inputs, and those inputs as Values."""
    wrt = [k for k, x in enumerate(call.inputs) if x.dtype.kind in "fc" and (call.wrt is None or k in call.wrt)]

    def f(*given: Any) -> Any:
        values = [Value(x) for x in given] if not isinstance(given[0], Value) else given
        inputs = [values[wrt.index(k)] if k in wrt else x for k, x in enumerate(call.inputs)]
        out = GATES[name](*inputs, **call.settings)
        out.backward(np.ones(out.shape, out.dtype))
        return [out, *[v.grad for v in values]]

    return f, [call.inputs[k] for k in wrt]


def alone(source: str, name: str) -> Any:
    """The function that a source defines, which imports nothing but NumPy and the standard library."""
    imported = {
        module.partition(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in ([a.name for a in node.names] if isinstance(node, ast.Import) else [str(node.module)])
    }
    assert imported <= {"numpy", *sys.stdlib_module_names}
    scope: dict[str, Any] = {"__name__": "alone"}
    exec(source, scope)  # noqa: S102 - our own
    return scope[name]


@pytest.mark.parametrize("plan", [False, True], ids=["plain", "planned"])
@pytest.mark.parametrize(("name", "call"), CALLS, ids=[f"{name}({call})" for name, call in CALLS])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_gate_stands_alone(name: str, call: Call, plan: bool) -> None:
    f, inputs = stepped(name, call)
    if not inputs:
        pytest.skip("no floating input")
    values = [Value(x) for x in inputs]
    wanted = f(*values)
    for v in values:
        v.zero_grad()
    made = compile(f, plan=plan, without=["python"]).trace(*values)
    run = alone(made.source, made.program.name)
    found = run(*[v.data for v in values])
    for a, b in zip(wanted, found, strict=False):
        a = np.asarray(a.data if isinstance(a, Value) else a)
        if plan or a.dtype.kind == "c":  # NumPy's x ** 1.0 and power(x, 1.0) differ for complex numbers
            size = np.max(np.abs(a), initial=0, where=np.isfinite(a))
            np.testing.assert_allclose(b, a, rtol=1e-6 if plan else 1e-14, atol=1e-9 * max(1, size) if plan else 0)
        else:
            np.testing.assert_array_equal(b, a)


def tripled(x: Any) -> Any:
    return np.nan_to_num(x * TABLE * SCALES["double"])


@gate(x=lambda g, out, x: g * 6)
def helped(x: Any) -> Any:
    """With a helper and constants of its own module, one of which has a name that is taken."""
    y = tripled(x)
    return np.minimum(y, SCALES["all"]) * BLOCK


BLOCK = 2.0


def test_a_gate_of_ones_own_brings_what_it_needs() -> None:
    x = np.array([1.0, 2.0, -3.0])
    made = compile(lambda x: helped(x) * 2, plan=False).trace(x)
    np.testing.assert_array_equal(alone(made.source, made.program.name)(x)[0], [8.0, 0.0, -72.0])


def test_what_two_modules_call_by_one_name_stays_apart() -> None:
    from tinygrad_edu.compiling import standing
    from tinygrad_edu.compiling.kernels import blockwise
    from tinygrad_edu.gates import depthwise

    written = standing.Standing()
    names = [written.function(f) for f in (blockwise.spread, depthwise.spread)]
    assert names == ["spread", "spread_"]
    assert written._assigned("SIDE", "1") == written._assigned("SIDE", "1") == "SIDE"
    assert written._assigned("SIDE", "2") == "SIDE_"
    alone("\n".join(["import numpy as np", *written.imports.values(), *written.definitions]), "spread")


class Odd:
    """Something that no text gives back."""


ODD = Odd()


@gate(x=lambda g, out, x: g)
def unwritable(x: Any) -> Any:
    """Reads an object."""
    y = x * 1
    return y if ODD else x


def test_what_cannot_be_written_is_said() -> None:
    with pytest.raises(GraphError, match="can't be written with the Odd ODD"):
        compile(lambda x: unwritable(x), plan=False)(np.ones(2))


def test_an_error_says_in_which_line_of_the_program_it_is() -> None:
    compiled = compile(lambda x, y: np.sum(np.linalg.inv(np.exp(x) @ y)))
    compiled(np.eye(3), np.eye(3))
    with pytest.raises(np.linalg.LinAlgError) as raised:
        compiled(np.eye(3), np.zeros((3, 3)))
    [note] = raised.value.__notes__
    line = note.split("`")[1]
    assert "np.linalg.inv" in line
    assert line in compiled.source
