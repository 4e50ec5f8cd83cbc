"""Blocks of memory for arrays of different shapes, and lines that run sooner to free them."""

from typing import Any

import numpy as np

from tinygrad_edu import compile, value_and_grad
from tinygrad_edu.compiling.passes.blocks import Blocks
from tinygrad_edu.compiling.passes.order import sooner
from tinygrad_edu.compiling.program import Function, Input, Instruction, Program, Var
from tinygrad_edu.gates.convolution import conv

FLOAT = np.dtype(float)


def memory(program: Program) -> int:
    """How many numbers a program's blocks hold."""
    return sum(int(np.prod(line.shape)) for line in program.setup if line.gate.name == "np.empty")


def test_a_block_serves_many_shapes() -> None:
    blocks = Blocks()
    first = blocks.take((4, 6), FLOAT)
    blocks.view(first, (4, 6))
    blocks.give_back(first)
    second = blocks.take((3, 5), FLOAT)
    assert second == first
    blocks.view(second, (3, 5))
    known: dict[str, Any] = {}
    for line in blocks.setup():
        known[line.target] = line.run(known)
        assert known[line.target].shape == line.shape
    arrays = [known[blocks.view(first, shape)] for shape in ((4, 6), (3, 5))]
    assert [x.shape for x in arrays] == [(4, 6), (3, 5)]
    assert np.shares_memory(*arrays)


def test_a_free_block_grows() -> None:
    blocks = Blocks()
    first = blocks.take((10,), FLOAT)
    assert blocks.take((10,), FLOAT) != first
    blocks.give_back(first)
    assert blocks.take((30,), FLOAT) == first
    assert blocks.lengths[first] == 30


def test_a_small_array_leaves_a_large_block_free() -> None:
    blocks = Blocks()
    large = blocks.take((1000,), FLOAT)
    blocks.give_back(large)
    assert blocks.take((10,), FLOAT) != large
    assert blocks.take((1000,), np.dtype(np.float32)) != large


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
