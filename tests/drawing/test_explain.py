"""Derivations in words, LaTeX, MathML and Python: their numbers are the engine's, whatever the graph."""

import contextlib
import io
import math
import warnings
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.drawing.test_drawing import HOSTILE, graphs, neuron
from tests.gates.samples import SAMPLES, every
from tinygrad_edu import GATES, Value, explain, sigmoid, softmax_cross_entropy, tracing
from tinygrad_edu.cli import main
from tinygrad_edu.drawing.derivation import MOST_GATES, derive, named
from tinygrad_edu.drawing.explanation import Explanation
from tinygrad_edu.drawing.paths import count_paths, paths
from tinygrad_edu.drawing.record import reachable
from tinygrad_edu.drawing.text import number
from tinygrad_edu.errors import GraphError


def ran(explanation: Explanation) -> tuple[dict[str, Any], str]:
    """What the code defines, and what it prints."""
    defined: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed, np.errstate(all="ignore"):
        exec(explanation.python, defined)  # noqa: S102 - what we wrote ourselves
    return defined, printed.getvalue()


def leaf_of(v: Value, data: st.DataObject) -> Value:
    leaves = [x for x in reachable(v) if x.gate is None]
    return data.draw(st.sampled_from(leaves))


@settings(max_examples=60, deadline=None)
@given(graphs(), st.data())
def test_the_gradient_the_paths_and_the_code_agree_with_the_engine(v: Value, data: st.DataObject) -> None:
    assume(v.gate is not None)
    x = leaf_of(v, data)
    v.backward()
    explanation = explain(v, wrt=x, paths=True, most=5)
    assert explanation.gradient == x._grad
    ways = explanation.paths
    assert ways is not None
    assert sum(path.contribution for path in ways.listed) + ways.rest == pytest.approx(x._grad, rel=1e-12, abs=1e-12)
    assert len(ways.listed) == min(ways.count, 5)
    _, printed = ran(explanation)
    assert float(printed) == pytest.approx(float(x._grad), rel=1e-9, abs=1e-12)
    assert explanation.text.endswith(f"= {number(x.grad)}")


@settings(max_examples=30, deadline=None)
@given(graphs(), st.data())
def test_few_paths_are_all_listed_and_differ(v: Value, data: st.DataObject) -> None:
    found = derive(v, leaf_of(v, data)) if v.gate is not None else None
    assume(found is not None and count_paths(found) <= 100)
    assert found is not None
    ways = paths(found, most=100)
    assert len({tuple((s.node.serial, s.position) for s in path.steps) for path in ways.listed}) == ways.count
    assert np.allclose(ways.rest, 0)


def test_the_neuron_is_derived_as_on_the_blackboard() -> None:
    f = neuron(fused=True)
    w1 = next(x for x in reachable(f) if x.name == "w1")
    text = explain(f, wrt=w1).text
    assert "∂f/∂t4 = ∂f/∂f·f·(1 − f) = 1.00·0.73·(1 − 0.73) = 1.00·0.20 = 0.20" in text
    assert "∂f/∂w1 = ∂f/∂t2·x1 = 0.20·(−2.00) = −0.39" in text
    assert "x0" not in text.partition("Backward")[2]
    latex = explain(f, wrt=w1).latex
    assert r"\frac{\partial f}{\partial w_{1}} &= \frac{\partial f}{\partial t_{2}} \cdot x_{1}" in latex


def test_joining_paths_are_added_and_each_is_a_product() -> None:
    x = Value(3.0, name="x")
    q = x * 2
    f = (q + 1) * (q - x)
    explanation = explain(f, wrt=x, paths=True)
    assert "f depends on x along 3 paths, through 4 gates." in explanation.text
    assert "∂f/∂x = −7.00 + 14.00 + 6.00 = 13.00" in explanation.text
    assert "x → t1 → t2 → f" in explanation.text


def test_more_paths_than_anyone_reads_are_counted_not_walked() -> None:
    x = z = Value(1.5, name="x")
    for _ in range(100):
        z = z + z
    explanation = explain(z, wrt=x, paths=True, most=3)
    assert explanation.paths is not None
    assert explanation.paths.count == 2**100
    assert "The first 3 are listed. Backpropagation never walks them one by one: it adds at every gate" in str(
        explanation
    )
    assert "needs 200 products" in str(explanation)


def test_tensors_get_rules_shapes_and_code_that_runs() -> None:
    x, labels = np.linspace(-1, 1, 18).reshape(6, 3), np.array([0, 1, 1, 0, 0, 1])
    w, b = Value(np.linspace(-1, 1, 6).reshape(3, 2), name="W"), Value(np.zeros(2), name="b")
    loss = softmax_cross_entropy(np.tanh(x @ w + b), labels)
    loss.backward()
    for leaf in (w, b):
        explanation = explain(loss, wrt=leaf, paths=True)
        np.testing.assert_array_equal(explanation.gradient, leaf.grad)
        defined, printed = ran(explanation)
        assert not printed  # the arrays are too large to be written out
        np.testing.assert_allclose(defined["derivative"](w.data, b.data, x, labels), leaf.grad, rtol=1e-12)
    assert "∂f/∂W = xᵀ @ ∂f/∂t1 = " in explain(loss, wrt=w).text
    assert "(summed over axis 0 to 2)" in explain(loss, wrt=b).text


def test_settings_reductions_and_broadcasting_are_right_in_the_code() -> None:
    x, y = Value(np.arange(6.0).reshape(2, 3) / 6, name="x"), Value([[0.5], [2.0]], name="y")
    out = np.sum(np.mean(x * y, axis=0) ** 2) + np.max(x, axis=1).sum() + x[0, 1] + np.std(x - y)
    out.backward()
    for leaf in (x, y):
        _, printed = ran(explain(out, wrt=leaf))
        numbers = [float(word) for word in printed.replace("[", " ").replace("]", " ").split()]
        np.testing.assert_allclose(numbers, np.ravel(leaf.grad), rtol=1e-6)


def test_what_has_no_formula_is_said_in_words() -> None:
    x = Value([1.0, 2.0, 3.0], name="x")
    explanation = explain(np.sum(x[1:]) ** 2, wrt=x)
    assert "∂f/∂x = back(∂f/∂t1) = " in str(explanation)
    assert "gate getitem: the upstream gradient goes back to where they came from, 0 elsewhere" in str(explanation)
    assert ran(explanation)[1].split() == ["[", "0.", "10.", "10.]"]


def test_a_network_of_linear_layers_reads_like_one() -> None:
    w = Value(np.ones((3, 2)), name="W")
    out = np.mean(np.ones((4, 2)) @ w.T)
    explanation = explain(out, wrt=w)
    assert "t1 = Wᵀ = " in str(explanation)
    assert "∂f/∂W = ∂f/∂t1ᵀ" in str(explanation)
    assert "d_t2 = np.broadcast_to(d_f / 12, np.shape(t2))" in explanation.python
    assert "GATES" not in explanation.python


def test_names_are_unique_and_the_users_come_first() -> None:
    f, t1, again = Value(1.0, name="f"), Value(2.0, name="t1"), Value(3.0, name="f")
    out = f * t1 + again
    assert sorted(named(out).values()) == ["f", "f₂", "t1", "t2", "t3"]
    text = explain(out, wrt=again).text
    assert "∂t3/∂f₂" in text
    assert float(ran(explain(out, wrt=f))[1]) == 2.0


@pytest.mark.parametrize("name", [*HOSTILE, r"\end{align*}", "import os", "np", "print", "lambda", "g", "_"])
def test_hostile_names_stay_text_everywhere(name: str) -> None:
    x = Value(2.0, name=name)
    explanation = explain(sigmoid(x * Value(3.0, name=name)), wrt=x, paths=True)
    assert float(ran(explanation)[1]) == pytest.approx(3 * 0.00246651, rel=1e-5)
    ET.fromstring(explanation.mathml)  # noqa: S314 - ours
    assert "<script" not in explanation.html
    assert "<b>" not in explanation.html
    assert explanation.latex.count(r"\end{align*}") == 4
    assert explanation.latex.count(r"\begin{align*}") == 4
    bundle = explanation._repr_mimebundle_()
    assert bundle == {"text/html": explanation.html, "text/plain": str(explanation)}


def test_mathml_has_every_line() -> None:
    x = Value(3.0, name="x")
    explanation = explain(np.sin(x) * x, wrt=x, paths=True)
    assert explanation.paths is not None
    found = explanation.derivation
    rows = len(found.forward) + len(found.backward) + len(explanation.paths.listed) + 1
    assert explanation.mathml.count("<mtr>") == rows == 2 + 3 + 2 + 1


def test_an_array_stands_for_its_sum_and_a_value_for_itself() -> None:
    x = Value([1.0, 2.0], name="x")
    explanation = explain(x * x, wrt=x)
    assert explanation.gradient.tolist() == [2.0, 4.0]
    assert "the sum of its elements" in str(explanation)
    y = Value(1.0) * 2
    assert explain(y, wrt=y).gradient == 1.0


def test_what_cannot_be_explained_is_named() -> None:
    x, other = Value(1.0, name="x"), Value(2.0, name="other")
    with pytest.raises(GraphError, match="does not depend on Value 'other'"):
        explain(x * 2, wrt=other)
    with pytest.raises(GraphError, match="real numbers"):
        explain(np.abs(Value(1j) * 2), wrt=x)
    with pytest.raises(GraphError, match="wrt= the Value"):
        explain(x * 2, wrt="x")
    z = x
    for _ in range(MOST_GATES + 1):
        z = z * 1.01
    with pytest.raises(GraphError, match="201 gates lie between"):
        explain(z, wrt=x)


@pytest.mark.parametrize("format", ["text", "latex", "mathml", "html", "python"])
def test_the_command_line_prints_each_format(format: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "sigmoid(w*x)", "w=2", "x=-1", "--wrt", "w", "--format", format, "--paths"]) == 0
    out = capsys.readouterr().out
    sign = {"python": "def derivative(w, x):", "latex": r"\frac{\partial f}{\partial w}"}.get(format, "0.10")
    assert sign in out


def test_the_command_line_needs_a_name_only_where_there_are_several(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "x**2", "x=3"]) == 0
    assert "= 6.00" in capsys.readouterr().out
    assert main(["explain", "x*y", "x=3", "y=1"]) == 2
    assert "give --wrt one of its names, x, y" in capsys.readouterr().err
    assert main(["explain", "x*y", "x=3", "y=1", "--wrt", "z"]) == 2


def test_numbers_that_are_not_finite_are_written_as_numpy_does() -> None:
    x = Value(0.0, name="x")
    with np.errstate(all="ignore"):
        explanation = explain(np.log(x), wrt=x)
    assert math.isinf(float(ran(explanation)[1]))


def test_the_code_of_every_gate_gives_its_gradient() -> None:
    every()
    checked = 0
    for name, samples in SAMPLES.items():
        for call in samples.calls:
            wrt = range(len(call.inputs)) if call.wrt is None else call.wrt
            given = [Value(x) if k in wrt and x.dtype.kind == "f" else x for k, x in enumerate(call.inputs)]
            with np.errstate(all="ignore"), tracing():
                out = GATES[name](*given, **call.settings)
            if not isinstance(out, Value) or not out.requires_grad or name == "recomputed" or out.dtype.kind == "c":
                continue
            for x in filter(lambda x: isinstance(x, Value), out.inputs):
                if any(np.iscomplexobj(getattr(other, "_data", other)) for other in out.inputs):
                    continue
                with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
                    explanation = explain(out, wrt=x)
                    results: list[Any] = []
                    exec(explanation.python, {"print": results.append})  # noqa: S102 - what we wrote ourselves
                for result in results:
                    np.testing.assert_allclose(result, explanation.gradient, rtol=1e-5, atol=1e-9, err_msg=name)
                    checked += 1
    assert checked > 300
