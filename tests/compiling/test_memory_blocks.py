"""Blocks of memory for arrays of different shapes, and lines that run sooner to free them."""

from typing import Any

import numpy as np
import pytest

from tinygrad_edu import compile, value_and_grad
from tinygrad_edu.compiling.passes.blocks import Blocks, starts_of
from tinygrad_edu.compiling.passes.order import sooner
from tinygrad_edu.compiling.program import Function, Input, Instruction, Program, Var
from tinygrad_edu.gates.convolution import conv

FLOAT = np.dtype(float)


def memory(program: Program) -> int:
    """How many numbers a program's blocks hold."""
    return sum(int(np.prod(line.shape)) for line in program.setup if line.gate.name == "np.empty")


def test_memory_serves_many_shapes() -> None:
    blocks = Blocks()
    first = blocks.take((4, 6), FLOAT, 0)
    blocks.give_back(first, 1)
    second = blocks.take((3, 5), FLOAT, 2)
    beside = blocks.take((2,), FLOAT, 2)
    known: dict[str, Any] = {}
    blocks.place()
    places = [blocks.view(k, shape) for k, (shape, _) in enumerate(blocks.kinds)]
    for line in blocks.setup():
        known[line.target] = line.run(known)
        assert known[line.target].shape == line.shape
    arrays = [known[places[k]] for k in (first, second, beside)]
    assert [x.shape for x in arrays] == [(4, 6), (3, 5), (2,)]
    assert np.shares_memory(arrays[0], arrays[1])
    assert not np.shares_memory(arrays[1], arrays[2])


def test_dtypes_have_memory_of_their_own() -> None:
    blocks = Blocks()
    for line, dtype in enumerate((FLOAT, np.dtype(np.float32))):
        blocks.give_back(blocks.take((1000,), dtype, line), line)
    blocks.place()
    assert blocks.view(0, (1000,)) != blocks.view(1, (1000,))


@pytest.mark.parametrize("seed", range(20))
def test_what_is_alive_at_once_lies_apart(seed: int) -> None:
    random = np.random.default_rng(seed)
    lengths, first = random.integers(1, 100, 60), random.integers(0, 50, 60)
    last = first + random.integers(0, 20, 60)
    starts = starts_of(lengths, first, last)
    ends = starts + lengths
    for k in range(60):
        for j in range(k):
            together = first[k] <= last[j] and first[j] <= last[k]
            assert not together or ends[k] <= starts[j] or ends[j] <= starts[k]
    alive = max(lengths[(first <= line) & (last >= line)].sum() for line in range(70))
    assert alive <= ends.max() <= 1.25 * alive


def test_a_small_result_of_something_large_comes_first() -> None:
    kind = ((100_000,), FLOAT)
    exp, total = Function("np.exp", np.exp), Function("np.add.reduce", np.add.reduce)
    x, a, b, s = map(Var, "xabs")
    lines = (
        Instruction(a, exp, (x,), {}, *kind),
        Instruction(b, exp, (x,), {}, *kind),
        Instruction(s, total, (a,), {}, (), FLOAT),
    )
    made = sooner(Program("f", (Input(x, *kind),), lines, (b, s)))
    assert [line.target for line in made] == ["a", "s", "b"]
    kept = sooner(Program("f", (Input(x, *kind),), lines, (b, s, a)))
    assert [line.target for line in kept] == ["a", "b", "s"]


def test_patches_give_back_their_memory() -> None:
    random = np.random.default_rng(0)
    arrays = [random.standard_normal(shape) for shape in [(8, 3, 16, 16), (8, 3, 3, 3), (8, 8, 3, 3)]]

    def network(x: Any, v: Any, w: Any) -> Any:
        return np.sum(np.sin(conv(np.tanh(conv(x, v, padding=1)), w, padding=1)))

    f = value_and_grad(network, argnums=(1, 2))
    with_, without = compile(f), compile(f, without=["sooner"])
    for a, b in zip(with_(*arrays)[1], without(*arrays)[1], strict=True):
        np.testing.assert_allclose(a, b)
    assert memory(with_.program) < 0.8 * memory(without.program)
