"""Whole random graphs: gradients against numbers, against PyTorch, and how a failure is cut down."""

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.gates.samples import every
from tinygrad_edu import GATES, gate
from tinygrad_edu.errors import GradientError, SettingError
from tinygrad_edu.testing import gradcheck
from tinygrad_edu.testing.graphs import graphs, usable
from tinygrad_edu.testing.programs import RandomProgram, Step, random_program, smaller
from tinygrad_edu.testing.recipes import FUNCTIONS, RECIPES, recipes

SMOOTH = ["add", "sub", "mul", "sin", "cos", "tanh", "sigmoid", "matmul", "sum", "mean", "transpose", "einsum"]
# Functions with several results, which functions of the recipes call, as they do checkpoint; a gate that only refuses.
NOT_ALONE = {"eig", "eigh", "svd", "undetermined", "recomputed"}


@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(graphs(SMOOTH, max_steps=3))
def test_random_graphs_have_right_second_derivatives(graph):
    gradcheck(graph, *graph.leaves, order=2, tolerance=1e-7)


def seeded(seed):
    return Random(seed)  # noqa: S311 - programs, not secrets


def driver():
    pytest.importorskip("torch")
    from tests import random_programs

    return random_programs


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_random_graphs_agree_with_pytorch_and_with_numbers(graph):
    wrong = driver().Run().problem(graph, deep=True)
    assert not wrong or driver().at_kinks_that_cancel(graph, deep=True), f"{wrong}\n{graph}"


def test_random_programs_agree_with_pytorch_and_with_numbers(capsys):
    assert driver().main(["--count", "150"]) == 0
    told = capsys.readouterr().out
    assert "150 programs" in told
    assert "PyTorch: agrees" in told
    assert "second order: PyTorch agrees" in told


@pytest.mark.slow
def test_many_random_programs_agree_with_pytorch_and_with_numbers():
    assert driver().main(["--count", "20000", "--first", "1000000"]) == 0


def test_all_gates_take_part():
    assert every().keys() - RECIPES.keys() == NOT_ALONE, "a new gate needs a recipe in tinygrad_edu/testing/recipes/"
    known = recipes()
    seen = {step.name for seed in range(1500) for step in random_program(seeded(seed), known).steps}
    assert RECIPES.keys() - seen == {"qr"}  # called by a function
    assert seen >= FUNCTIONS.keys()


def test_tame_gates_need_no_recipe():
    assert {"add", "mul", "tanh", "relu"} <= set(usable())
    assert "log" not in usable()
    with pytest.raises(SettingError, match="'svd'"):
        recipes(["svd"])


@pytest.fixture
def wrong_tanh():
    @gate(x=lambda g, out, x: g * (1 - out), elementwise=True)
    def wrong_tanh(x):
        return np.tanh(x)

    yield
    del GATES["wrong_tanh"]


def test_a_wrong_gate_of_ones_own_is_found_among_others(wrong_tanh):
    @settings(max_examples=60, database=None, suppress_health_check=list(HealthCheck))
    @given(graphs(["mul", "sum", "wrong_tanh"]))
    def check(graph):
        gradcheck(graph, *graph.leaves, order=1)

    with pytest.raises(GradientError):
        check()


def test_a_failing_program_is_cut_down_to_the_gate_that_is_wrong(wrong_tanh):
    known = recipes(["mul", "sin", "reshape", "matmul", "wrong_tanh"])
    programs = (random_program(seeded(seed), known, 12) for seed in range(1000))
    program = next(p for p in programs if len(p.steps) > 6 and any(s.name == "wrong_tanh" and s.box for s in p.steps))

    def fails(candidate: RandomProgram) -> bool:
        try:
            gradcheck(candidate, *candidate.leaves, order=1, shrink=0)
        except GradientError:
            return True
        return False

    assert fails(program)
    small = smaller(program, fails)
    assert [step.name for step in small.steps] == ["wrong_tanh"]
    assert all(x.size <= 1 for x in small.leaves)


def test_a_program_reads_as_a_program():
    steps = (Step("mul", (0, np.float64(2.0))), Step("sum", (1,), {"axis": 0}, "box"))
    program = RandomProgram((np.ones((1, 2)),), steps)
    assert str(program).splitlines() == [
        "x0 = [[1.0, 1.0]]",
        "x1 = mul(x0, 2.0)",
        "x2 = sum(x1, axis=0)  # in group box",
        "result: x2",
    ]


def test_the_driver_catches_a_wrong_gate(wrong_tanh, monkeypatch, capsys):
    programs = driver()
    monkeypatch.setattr(programs, "recipes", lambda: recipes(["mul", "sum", "wrong_tanh"]))
    assert programs.main(["--count", "40", "--most-failures", "2"]) == 1
    told = capsys.readouterr().out
    assert "numbers: the gradient\nx0 = " in told
    assert "2 failures" in told
