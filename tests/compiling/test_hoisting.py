"""What is the same at each run is done once; many numbers are handed to a program, not written and read."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, compile, grad
from tinygrad_edu.compiling import Instruction
from tinygrad_edu.compiling.passes.basic import constant_folding
from tinygrad_edu.compiling.passes.hoisting import hoisting, views_once
from tinygrad_edu.nn import functional as F

TABLE = np.random.default_rng(0).random((90, 60))
W = np.random.default_rng(1).random(90)


def squared(w: Any) -> Any:
    """With a product of 8,100 numbers that does not depend on w."""
    table = Value(TABLE, requires_grad=False)
    return np.sum(np.square((table @ table.T) @ w))


def test_a_large_product_of_constants_is_made_once() -> None:
    made = compile(grad(squared))
    wanted = grad(squared)(W)
    for _ in range(2):
        np.testing.assert_allclose(made(W), wanted, rtol=1e-12)
    assert (90, 90) in [line.shape for line in made.program.setup if not line.gate.name.startswith("np.empty")]
    assert (90, 90) not in [line.shape for line in made.program]
    np.testing.assert_allclose(made.program.run(W)[0], wanted)
    scope: dict[str, Any] = {}
    exec(made.source, scope)  # noqa: S102 - our own
    np.testing.assert_allclose(scope[made.program.name](W)[0], wanted)
    assert (90, 90) in [line.shape for line in compile(grad(squared), without=["hoisting"]).trace(W).program]


def test_results_and_what_is_written_to_stay() -> None:
    def f(w: Any) -> Any:
        table = Value(TABLE, requires_grad=False)
        return table @ table.T, w * 2

    made = compile(f)
    np.testing.assert_allclose(made(W)[0].data, TABLE @ TABLE.T)
    assert made(W)[0].data is not made(W)[0].data
    program = compile(f, plan=False).trace(W).program
    assert [line.shape for line in hoisting(program)] == [(90, 90), (90,)]


def test_draws_are_not_hoisted() -> None:
    def f(w: Any) -> Any:
        return F.dropout(Value(TABLE, requires_grad=False), 0.5, training=True) @ (w[:60] * 1.0)

    made = compile(f)
    assert not np.array_equal(made(W), made(W))


def test_a_large_constant_is_not_computed_to_be_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    program, ran = compile(squared, plan=False).trace(W).program, []
    run = Instruction.run
    monkeypatch.setattr(Instruction, "run", lambda line, known: ran.append(line.shape) or run(line, known))
    constant_folding(program)
    assert (90, 90) not in ran


def test_many_numbers_are_not_written_to_be_read_again() -> None:
    data = np.random.default_rng(0).random((50_000, 8))
    f = grad(lambda w: np.mean(np.square(data @ w)))
    made = compile(f)
    tracemalloc.start()
    try:
        found = made(W[:8])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 * data.nbytes  # as a list of numbers alone they took thirty times as much
    np.testing.assert_allclose(found, f(W[:8]))
    scope: dict[str, Any] = {}
    exec(made.source, scope)  # noqa: S102 - our own
    np.testing.assert_allclose(scope[made.program.name](W[:8])[0], found)


def test_a_notebook_shows_the_source_but_no_page_of_numbers() -> None:
    data = np.random.default_rng(0).random((300, 8))
    made = compile(lambda w: data @ (w < 1) * 1.0)
    assert "text/html" not in made._repr_mimebundle_()
    made(W[:8])
    shown = made._repr_mimebundle_()["text/html"]
    assert "w &lt; 1" in shown or "np.less(" in shown
    assert " …" in shown
    assert len(shown) < 3000 < len(made.source)


def test_transposes_of_planned_places_are_made_once() -> None:
    def f(a: Any, w: Any) -> Any:
        hidden = np.tanh(a @ w)
        return np.sum(np.tanh(hidden.T @ a).reshape(-1) * 2.0)

    made, a, w = compile(grad(f)), np.random.default_rng(2).random((5, 3)), np.random.default_rng(3).random((3, 4))
    for k in (1, 2):
        np.testing.assert_allclose(made(k * a, w), grad(f)(k * a, w), rtol=1e-12)
    views = [line.gate.name for line in made.program.setup if line.gate.name in ("transpose", "reshape")]
    kept = compile(grad(f), without=["views_once"]).trace(a, w).program
    assert views
    assert len(made.program) < len(kept)
    assert views_once(made.program) is made.program


def test_what_copies_stays() -> None:
    def f(x: Any) -> Any:
        copied = np.exp(x).T.reshape(-1)  # of a transpose: no view
        return np.sum(np.broadcast_to(np.tanh(copied), (2, 6)) * np.exp(copied)[np.array([0, 2, 4, 1, 3, 5])])

    made, x = compile(grad(f)), np.random.default_rng(4).random((2, 3))
    for k in (1, 2):
        np.testing.assert_allclose(made(k * x), grad(f)(k * x), rtol=1e-12)
