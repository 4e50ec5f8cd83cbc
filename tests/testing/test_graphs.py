"""Whole random graphs: gradients against numbers, against PyTorch, and against the scalar engine."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tinygrad_edu import GATES, Value, gate
from tinygrad_edu.errors import GradientError
from tinygrad_edu.testing import gradcheck
from tinygrad_edu.testing.graphs import RandomGraph, graphs, usable

SMOOTH = ["add", "sub", "mul", "neg", "sin", "cos", "tanh", "sigmoid"]


def check_numbers(graph):
    gradcheck(graph, *graph.leaves, order=1)


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_random_graphs_of_all_tame_gates_have_right_gradients(graph):
    check_numbers(graph)


@pytest.mark.slow
@settings(max_examples=500, suppress_health_check=list(HealthCheck))
@given(graphs(max_steps=10))
def test_many_random_graphs_have_right_gradients(graph):
    check_numbers(graph)


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(graphs(SMOOTH, max_steps=4))
def test_random_graphs_have_right_second_derivatives(graph):
    gradcheck(graph, *graph.leaves, order=2)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(graphs(SMOOTH))
def test_random_graphs_have_the_value_and_gradients_of_pytorch(graph):
    torch = pytest.importorskip("torch")
    table = {name: getattr(torch, name) for name in SMOOTH}
    leaves = [Value(x) for x in graph.leaves]
    tensors = [torch.tensor(x, requires_grad=True) for x in graph.leaves]
    out, twin = graph(*leaves), graph(*tensors, table=table)
    out.backward()
    twin.backward()
    np.testing.assert_allclose(out.data, twin.detach().numpy(), rtol=1e-10, atol=1e-12)
    for leaf, tensor in zip(leaves, tensors, strict=True):
        np.testing.assert_allclose(leaf.grad, tensor.grad.numpy(), rtol=1e-9, atol=1e-9)


def test_many_gates_take_part():
    names = usable()
    assert len(names) >= 12
    assert {"add", "mul", "tanh", "relu"} <= names.keys()
    assert "log" not in names


def test_a_wrong_gate_in_a_graph_is_found():
    @gate(x=lambda g, out, x: g * (1 - out), elementwise=True)
    def wrong_tanh(x):
        return np.tanh(x)

    graph = RandomGraph((np.full((2, 2), 0.5),), (("mul", (0, 0), ""), ("wrong_tanh", (1,), "box")))
    try:
        with pytest.raises(GradientError):
            check_numbers(graph)
    finally:
        del GATES["wrong_tanh"]
    assert "x2 = wrong_tanh(x1)  # in group box" in str(graph)
