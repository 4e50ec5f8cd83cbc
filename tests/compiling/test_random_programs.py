"""Random programs give compiled what they give eager: bit for bit as recorded, to rounding with memory planned."""

import contextlib
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import compile, value_and_grad
from tinygrad_edu.compiling import program as ir
from tinygrad_edu.errors import GraphError
from tinygrad_edu.testing.graphs import graphs
from tinygrad_edu.testing.programs import RandomProgram, Step

from .texts import text_is_what_runs


def gradients(program: RandomProgram) -> Any:
    return value_and_grad(program, argnums=tuple(range(len(program.leaves))))


def others(program: RandomProgram) -> list[Any]:
    """Not the numbers that it was traced with."""
    return [np.asarray(leaf) * 0.9 for leaf in program.leaves]


def eager_and_compiled(program: RandomProgram, plan: bool) -> list[tuple[Any, Any]]:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            wanted = gradients(program)(*others(program))
        except (GraphError, ValueError, ArithmeticError):
            return []  # not differentiable there
        made = compile(gradients(program), plan=plan)
        try:
            made(*program.leaves)
        except GraphError as error:
            if "while it is compiled" in str(error):  # its shapes depend on its numbers
                return []
            raise
        found = made(*others(program))
    assert len(made._variants) == 1
    return list(zip([wanted[0], *wanted[1]], [found[0], *found[1]], strict=True))


def same_bit_for_bit(program: RandomProgram) -> None:
    # Eager adds up by itself what a checkpoint passes back, and copies side by side what the gradient of outer reads:
    # BLAS adds up neighbours in another order than numbers that lie apart.
    reordered = any(step.name in ("checkpoint", "outer") for step in program.steps)
    for eager, compiled in eager_and_compiled(program, plan=False):
        if reordered:
            np.testing.assert_allclose(eager, compiled, rtol=1e-12, atol=1e-12)
        else:
            np.testing.assert_array_equal(eager, compiled)
        assert (type(eager), eager.dtype, eager.shape) == (type(compiled), compiled.dtype, compiled.shape)


def same_to_rounding(program: RandomProgram) -> None:
    for eager, compiled in eager_and_compiled(program, plan=True):
        np.testing.assert_allclose(eager, compiled, rtol=1e-7, atol=1e-7 * max(1, np.max(np.abs(eager), initial=0)))
        assert (type(eager), eager.dtype, eager.shape) == (type(compiled), compiled.dtype, compiled.shape)


@settings(max_examples=100, deadline=None)
@given(graphs(max_steps=8), st.booleans())
def test_the_text_is_what_runs(program: RandomProgram, plan: bool) -> None:
    made = compile(gradients(program), plan=plan)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(GraphError, ValueError, ArithmeticError):
            made.trace(*program.leaves)
            text_is_what_runs(made, *others(program))


def test_another_text_would_be_noticed() -> None:
    made = compile(lambda x: np.exp(x) + x).trace(np.ones(3))
    made._made().source = made.source.replace("np.exp", "np.sin")
    with pytest.raises(AssertionError):
        text_is_what_runs(made, np.ones(3))


@settings(max_examples=250, deadline=None)
@given(graphs())
def test_as_recorded_bit_for_bit(program: RandomProgram) -> None:
    same_bit_for_bit(program)


@settings(max_examples=250, deadline=None)
@given(graphs(max_steps=8))
def test_planned_to_rounding(program: RandomProgram) -> None:
    same_to_rounding(program)


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(graphs())
def test_many_as_recorded_bit_for_bit(program: RandomProgram) -> None:
    same_bit_for_bit(program)


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(graphs(max_steps=8))
def test_many_planned_to_rounding(program: RandomProgram) -> None:
    same_to_rounding(program)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_instructions_mean_what_the_source_does(program: RandomProgram) -> None:
    made = compile(program)
    with np.errstate(all="ignore"), contextlib.suppress(GraphError):
        out = made(*program.leaves)
        again = made.program.run(*map(np.asarray, program.leaves))
        np.testing.assert_array_equal(out, again[0])


def test_the_comparison_sees_a_wrong_line(monkeypatch: pytest.MonkeyPatch) -> None:
    program = RandomProgram((np.array([[0.5, -0.25], [1.0, 2.0]]),), (Step("mul", (0, 0)),))
    made = compile(program)
    right = made(*program.leaves)
    wrong = ir.Instruction.run
    monkeypatch.setattr(ir.Instruction, "run", lambda self, known: wrong(self, known) * 2)
    assert made.program.run(*program.leaves)[0] != right
