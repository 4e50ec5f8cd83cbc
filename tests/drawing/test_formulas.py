"""Formulas read from the declarations: right for every gate, in four notations, whatever the names are."""

import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.drawing.test_drawing import HOSTILE
from tests.gates.samples import SAMPLES, every
from tinygrad_edu import GATES, Value, gate, sigmoid, tracing
from tinygrad_edu.downstream import fitted
from tinygrad_edu.drawing import formulas
from tinygrad_edu.drawing.evaluation import evaluated
from tinygrad_edu.drawing.formulas import forward, local_gradient
from tinygrad_edu.drawing.notation import Formula, identifier, tree
from tinygrad_edu.errors import GraphError

every()


def recorded() -> Iterator[tuple[Value, int]]:
    """Every sample call of every gate, with each input it has a derivative by."""
    for name, samples in SAMPLES.items():
        for call in samples.calls:
            wrt = range(len(call.inputs)) if call.wrt is None else call.wrt
            given = [Value(x) if k in wrt and x.dtype.kind in "fc" else x for k, x in enumerate(call.inputs)]
            with tracing(), np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
                out = GATES[name](*given, **call.settings)
            if isinstance(out, Value):
                yield from ((out, k) for k, x in enumerate(out.inputs) if isinstance(x, Value))


CASES = list(recorded())


def test_every_formula_is_the_declared_derivative() -> None:
    shown = 0
    for value, k in CASES:
        found = local_gradient(value, k)
        if found.kind != "factor" or found.formula is None:
            continue
        names = [*value.gate.names]
        data = [getattr(x, "_data", x) for x in value.inputs]
        with np.errstate(all="ignore"):
            wanted = value.gate.derivatives_of(len(data))[k](np.ones(value.shape), value._data, *data, **value.settings)
            got = evaluated(found.formula.tree, dict(zip(names, data, strict=True)))
            got = np.broadcast_to(got, value.shape)
        np.testing.assert_allclose(fitted(got, data[k]), fitted(wanted, data[k]), rtol=1e-6, atol=1e-12)
        shown += 1
    assert shown > 60


def test_every_formula_can_be_written_in_each_notation() -> None:
    for value, k in CASES:
        found = local_gradient(value, k)
        assert found.text
        assert found.python
        assert found.latex.count("{") == found.latex.count("}")
        ET.fromstring(f"<math>{found.mathml}</math>")  # noqa: S314 - ours
        assert found.numbers.text


def test_a_formula_that_the_numbers_contradict_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value(0.5, name="x")
    assert local_gradient(np.arctan(x), 0).text == "1 / (1 + x²)"
    monkeypatch.setitem(formulas.LOCAL, "arctan", ("1 / (1 - x**2)",))
    assert local_gradient(np.arctan(x), 0).text == "the upstream gradient over 1 + x²"


@pytest.mark.parametrize(
    ("make", "index", "text", "latex"),
    [
        (lambda w, x: w * x, 0, "x", "x"),
        (lambda w, x: w / x, 1, "−w / x²", r"-\frac{w}{x^{2}}"),
        (lambda w, x: w**3, 0, "3·w²", r"3 \cdot w^{2}"),
        (lambda w, x: w**2, 0, "2·w", r"2 \cdot w"),
        (
            lambda w, x: sigmoid(w),
            0,
            "σ(w)·(1 − σ(w))",
            r"\sigma\left(w\right) \cdot \left(1 - \sigma\left(w\right)\right)",
        ),
        (lambda w, x: np.maximum(w, x), 1, "1[x > w]", r"\mathbf{1}\left[x > w\right]"),
        (lambda w, x: 1 / w, 0, "−1 / w²", r"-\frac{1}{w^{2}}"),
        (lambda w, x: w - 2, 0, "1", "1"),
    ],
)
def test_formulas_are_what_a_course_would_write(make: Any, index: int, text: str, latex: str) -> None:
    out = make(Value(2.0, name="w"), Value(-1.0, name="x"))
    found = local_gradient(out, [k for k, x in enumerate(out.inputs) if isinstance(x, Value)][index])
    assert (found.text, found.latex) == (text, latex)


def test_numbers_stand_where_the_symbols_were() -> None:
    w, x = Value(2.0, name="w"), Value(-1.0, name="x")
    found = local_gradient(w / x, 1)
    assert found.numbers.text == "−2.00 / (−1.00)²"
    assert found.numbers.latex == r"-\frac{2.00}{\left(-1.00\right)^{2}}"
    assert local_gradient(sigmoid(w), 0, {w: "s"}).numbers.text == "σ(2.00)·(1 − σ(2.00))"


def test_matrix_rules_and_what_broadcasting_adds() -> None:
    x, w, b = Value(np.ones((4, 3)), name="X"), Value(np.ones((3, 2)), name="W"), Value(np.zeros(2), name="b")
    h = x @ w + b
    assert (local_gradient(h, 1).text, local_gradient(h, 1).note) == ("1", "summed over axis 0 to 2")
    assert [local_gradient(h.inputs[0], k).text for k in (0, 1)] == ["g @ Wᵀ", "Xᵀ @ g"]
    assert local_gradient(h.inputs[0], 0).latex == r"g W^{\top}"
    assert local_gradient(h.inputs[0], 0).python == "g @ W.T"
    total = h.sum(axis=0)
    assert (local_gradient(total, 0).text, local_gradient(total, 0).note) == ("g", "g copied along axis 0")
    words = local_gradient(h[1:], 0)
    assert (words.kind, words.text[:21]) == ("words", "the upstream gradient")


def test_the_python_of_each_kind_runs() -> None:
    for value, k in CASES[::7]:
        found = local_gradient(value, k)
        names = [*value.gate.names, *("xyzuvw")][: len(value.inputs)]
        if value.gate.variadic or "[·]" in found.python or "dtype" in found.python or "<" in found.python:
            continue
        data = {name: getattr(x, "_data", x) for name, x in zip(names, value.inputs, strict=True)}
        around = {"np": np, "GATES": GATES, "g": np.ones(value.shape), "out": value._data}
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            eval(found.python, {**around, **data})  # noqa: S307 - what we wrote ourselves


def test_gates_of_ones_own_are_read_too() -> None:
    @gate(x=lambda g, out, x: 3 * g * np.square(x), elementwise=True)
    def my_cube(x: Any) -> Any:
        return x * x * x

    @gate(x=lambda g, out, x: 2 * g, elementwise=True)
    def wrongly_declared_is_shown_as_declared(x: Any) -> Any:
        return x

    x = Value(2.0, name="x")
    assert local_gradient(my_cube(x), 0).text == "3·x²"
    assert local_gradient(wrongly_declared_is_shown_as_declared(x), 0).text == "2"
    for made in ("my_cube", "wrongly_declared_is_shown_as_declared"):
        del GATES[made]


@pytest.mark.parametrize("name", [*HOSTILE, r"\input{/etc/passwd}", "$x$", "a_b^c", "w_in", "theta_1", "σ"])
def test_names_stay_text_in_every_notation(name: str) -> None:
    x = Value(2.0, name=name)
    found = local_gradient(x * Value(3.0, name="y"), 1)
    ET.fromstring(f"<math>{found.mathml}</math>")  # noqa: S314 - ours
    assert "\\input" not in found.latex
    assert "$" not in found.latex.replace(r"\$", "")


@pytest.mark.parametrize(
    ("name", "latex"),
    [("w0", "w_{0}"), ("w_in", "w_{in}"), ("theta_1", r"\theta_{1}"), ("loss", r"\text{loss}"), ("a b", r"\text{a b}")],
)
def test_names_become_symbols(name: str, latex: str) -> None:
    assert Formula(tree("x") if name == "x" else __import__("ast").Name(name)).latex == latex


@given(st.text(max_size=20))
def test_any_name_becomes_an_identifier_of_its_own(name: str) -> None:
    first = identifier(name)
    second = identifier(name, {first: 1})
    assert first.isidentifier()
    assert second.isidentifier()
    assert first != second


def test_a_leaf_or_a_missing_input_is_an_error() -> None:
    x = Value(1.0)
    with pytest.raises(GraphError, match="no gate with an input 0"):
        local_gradient(x, 0)
    with pytest.raises(GraphError, match="no gate with an input 2"):
        local_gradient(x * 2, 2)
    with pytest.raises(GraphError, match="leaf"):
        forward(x)
