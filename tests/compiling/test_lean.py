"""What compiling takes besides the program: little memory, and nothing that stays."""

import builtins
import gc
import traceback
import tracemalloc
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import compile, grad, nn, optim
from tinygrad_edu.compiling import compiled
from tinygrad_edu.compiling.program import Function, Instruction, Var
from tinygrad_edu.compiling.source import function_of, source_of
from tinygrad_edu.compiling.trace import Traced

LINES = 300


def long_function(x: Any) -> Any:
    for _ in range(LINES):
        x = np.sin(x) + x
    return x


def taken(make: Any) -> int:
    """Bytes that Python asks for at most while something is made."""
    make()  # what is remembered from now on
    tracemalloc.start()
    try:
        made = make()
        return tracemalloc.get_traced_memory()[1] * (made is not None)
    finally:
        tracemalloc.stop()


def test_a_function_is_made_with_less_memory_than_its_text_takes() -> None:
    program = compile(long_function).trace(np.ones(3)).program
    assert len(program) == 2 * LINES
    source = source_of(program)
    text = taken(lambda: builtins.compile(source, "text", "exec"))
    assert taken(lambda: function_of(program, False)) < 0.6 * text


def test_an_error_says_which_line_of_the_program_it_was() -> None:
    f = compile(lambda x: np.exp(np.log(np.sin(np.sin(x)))))
    with np.errstate(all="raise"), pytest.raises(FloatingPointError) as error:
        f(np.zeros(3))
    spot = traceback.extract_tb(error.tb)[-1]
    assert [line.gate.name for line in f.program][(spot.lineno or 0) - 1] == "np.log"


def test_variables_in_settings_are_given_their_numbers() -> None:
    x, most = Var("x"), Var("most")
    clip = Function("np.clip", lambda x, *, a_max: np.minimum(x, a_max))
    line = Instruction(Var("y"), clip, (x,), {"a_max": most}, (3,), np.dtype(float))
    assert line.run({"x": np.arange(3.0), "most": 1.0}).tolist() == [0, 1, 1]


def test_the_graph_of_a_trace_is_gone_before_the_passes_run(monkeypatch: pytest.MonkeyPatch) -> None:
    alive = []

    def counted(*given: Any) -> Any:
        alive.append(sum(type(x) is Traced for x in gc.get_objects()))
        return optimised(*given)

    optimised = compiled.optimised
    monkeypatch.setattr(compiled, "optimised", counted)
    before = sum(type(x) is Traced for x in gc.get_objects())
    compile(grad(lambda x: np.sum(long_function(x)))).trace(np.ones(3))
    assert alive == [before]


def test_an_optimiser_remembers_nothing_until_the_first_run() -> None:
    model = nn.Linear(3, 2)
    optimizer = optim.Adam(model.parameters())

    def step(X: Any) -> None:
        optimizer.zero_grad()
        np.sum(model(X)).backward()
        optimizer.step()

    X = np.ones((4, 3))
    program = compile(step).trace(X)
    (_, flat), *_ = optimizer._flats
    assert not flat.memory
    program(X)
    assert {v.shape for v in flat.memory.values()} == {(8,)}
