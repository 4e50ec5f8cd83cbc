"""A report names the wrong gate of a graph, and draws the smallest failing case with the wrong wire in red."""

import numpy as np
import pytest

from tinygrad_edu import GATES, Value, gate, group
from tinygrad_edu.errors import GradientError, GraphError
from tinygrad_edu.testing import check_gate, gradcheck
from tinygrad_edu.testing.blame import suspects
from tinygrad_edu.testing.peers import Scalars
from tinygrad_edu.testing.report import Check, Report

X = np.array([[0.5, -1.0], [2.0, 1.5]])


@pytest.fixture(autouse=True)
def wrong_gates():
    @gate(x=lambda g, out, x: g * (1 - out), symbol="crooked_tanh", elementwise=True)
    def crooked_tanh(x):
        return np.tanh(x)

    @gate(x=lambda g, out, x, y: g * y, y=lambda g, out, x, y: -g * x, symbol="crooked_product")
    def crooked_product(x, y):
        return x * y

    yield
    for name in ("crooked_tanh", "crooked_product"):
        del GATES[name]


def failed(check, *args, **options):
    with pytest.raises(GradientError) as caught:
        check(*args, **options)
    return caught.value.report


def network(x, w):
    with group("layer"):
        h = GATES["crooked_tanh"](x @ w)
    return (h * h).sum()


def red(report):
    """What is marked: texts of gates, and for each wire its reason."""
    picture = report.drawing.picture
    gates = {node.text for node in picture.nodes if node.mark is not None and node.kind == "gate"}
    return gates, [wire.mark for wire in picture.wires if wire.mark]


def test_the_wrong_gate_of_a_larger_graph_is_named_and_its_wire_is_red():
    report = failed(gradcheck, network, X, X + 1)
    assert report.culprit == "gate crooked_tanh in group layer, input 0: gradient by input 0"
    assert "wrong by itself: gate crooked_tanh in group layer" in str(report)
    gates, wires = red(report)
    assert gates == {"crooked_tanh"}
    assert len(wires) == 1
    assert "should be" in wires[0]


def test_the_drawing_shows_the_smallest_failing_case():
    report = failed(gradcheck, network, X, X + 1)
    shapes = {node.shape for node in report.drawing.picture.nodes if node.kind == "leaf"}
    assert shapes == {"1×1"}


def test_a_gate_by_itself_gets_a_red_wire_but_no_culprit():
    report = failed(check_gate, GATES["crooked_product"], X, X + 1)
    assert report.culprit == ""
    (_, (told,)) = red(report)
    assert "the sign is wrong" in told
    assert [wire.mark == told for wire in report.drawing.picture.wires] == [False, True, False]


def test_where_no_gate_is_wrong_the_wires_of_the_input_are_marked():
    report = failed(gradcheck, lambda x, y: (x.detach() * x * y).sum(), X, X + 1)
    assert report.culprit == ""
    assert len(red(report)[1]) == 1


def test_a_wrong_second_derivative_is_found_in_its_gate():
    @gate(x=lambda g, out, x: g * 3 * (x.data if isinstance(x, Value) else x) ** 2)
    def frozen_cube(x):
        return x**3

    try:
        report = failed(gradcheck, lambda x: np.sum(frozen_cube(x) * 2), X)
        assert "frozen_cube" in report.culprit
        assert "second derivative" in report.culprit
    finally:
        del GATES["frozen_cube"]


def test_a_notebook_shows_the_words_and_the_picture():
    shown = failed(check_gate, GATES["crooked_product"], X, X + 1)._repr_mimebundle_()
    assert "the sign is wrong" in shown["text/plain"]
    assert "<svg" in shown["text/html"]
    assert "<svg" not in Report("mul", [Check("gradient", True)])._repr_mimebundle_()["text/html"]


def test_nothing_is_drawn_of_what_is_right_or_of_another_engine():
    assert gradcheck(lambda x: x * x, X).drawing is None
    report = failed(check_gate, lambda x: x * x.data, 2.0, engine=Scalars())
    assert report.drawing is None


def test_suspects_need_a_graph():
    assert [s.value.gate.name for s in suspects(network(Value(X), Value(X)))] == ["crooked_tanh"]
    with pytest.raises(GraphError, match="ndarray has no graph"):
        list(suspects(X))
