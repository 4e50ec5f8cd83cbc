"""Tracing finds shapes and dtypes without computing; what must look at numbers gets true ones."""

from functools import partial
from typing import Any

import numpy as np
import pytest

import tinygrad_edu.compiling.trace
from tinygrad_edu import Value, compile, gate, manual_seed, nn, optim
from tinygrad_edu.compiling import kinds
from tinygrad_edu.compiling.kinds import Promise, kind_by
from tinygrad_edu.compiling.program import Program
from tinygrad_edu.errors import DegenerateError, GraphError, ShapeError
from tinygrad_edu.operators import GATES

CLIPS = {
    "norm": partial(optim.clip_grad_norm_, max_norm=0.3),
    "largest": partial(optim.clip_grad_norm_, max_norm=0.1, norm_type=np.inf),
    "each": partial(optim.clip_grad_norm_, max_norm=0.2, per_parameter=True),
    "never": partial(optim.clip_grad_norm_, max_norm=np.inf),
    "value": partial(optim.clip_grad_value_, clip_value=0.02),
}


def trained(clip: Any, plan: bool | None) -> tuple[list[Any], list[Any]]:
    """Losses and norms of some steps, eager or compiled, and the parameters at their end."""
    manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8, dtype=np.float32), nn.Tanh(), nn.Linear(8, 2, dtype=np.float32))
    optimiser = optim.SGD(model.parameters(), lr=0.1)

    def step(x: Any) -> Any:
        loss = np.mean(np.square(model(x)))
        optimiser.zero_grad()
        loss.backward()
        norm = clip(model.parameters())
        optimiser.step()
        return loss, norm

    random, run = np.random.default_rng(0), step if plan is None else compile(step, plan=plan)
    found = [run(random.normal(size=(5, 4)).astype(np.float32) * k) for k in range(1, 6)]
    return [float(x.data if isinstance(x, Value) else x) for pair in found for x in pair], [
        p.data for p in model.parameters()
    ]


@pytest.mark.parametrize("clip", CLIPS.values(), ids=CLIPS)
def test_gradients_are_clipped_anew_at_each_run(clip: Any) -> None:
    wanted, exact, planned = (trained(clip, plan) for plan in (None, False, True))
    assert wanted[0] == exact[0]
    for a, b, c in zip(wanted[1], exact[1], planned[1], strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, c, rtol=1e-5, atol=1e-6)


def test_clipped_gradients_stay_where_no_optimiser_takes_them() -> None:
    w = Value([3.0, 4.0])

    @compile
    def step(x: Any) -> Any:
        w.zero_grad()
        (w * x).sum().backward()
        return optim.clip_grad_norm_([w], 1.0, eps=0)

    for x in (np.array([3.0, 4.0]), np.array([0.3, 0.4]), np.array([6.0, 8.0])):
        assert step(x) == pytest.approx(np.linalg.norm(x))
        np.testing.assert_allclose(w.grad, x / max(1, np.linalg.norm(x)))


@pytest.mark.parametrize("walks", [1, 2])
def test_a_gradient_that_never_changes_is_not_taken_for_an_earlier_one(walks: int) -> None:
    def trained(compiled: bool) -> list[Any]:
        manual_seed(0)
        model = nn.Linear(3, 2)
        optimizer = optim.SGD(model.parameters(), lr=0.5)

        def step(X: Any) -> None:
            optimizer.zero_grad()
            for _ in range(walks):
                np.sum(model(X)).backward()  # of the bias: 4, whatever X is
            optimizer.step()

        run = compile(step) if compiled else step
        for k in range(3):
            run(np.full((4, 3), k + 1.0))
        return [*[p.data for p in model.parameters()], *[p.grad for p in model.parameters()]]

    for mine, wanted in zip(trained(True), trained(False), strict=True):
        np.testing.assert_allclose(mine, wanted)


def test_nothing_is_computed_while_tracing(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    watched = {name: GATES[name].forward for name in ("mul", "exp", "matmul", "conv", "conv_weight", "max_pool")}
    for name, forward in watched.items():

        def look(*inputs: Any, forward: Any = forward, **settings: Any) -> Any:
            out = forward(*inputs, **settings)
            seen.append(np.size(out))
            return out

        monkeypatch.setattr(GATES[name], "forward", look)

    def loss(x: Any, w: Any) -> Any:
        from tinygrad_edu.gates.convolution import conv
        from tinygrad_edu.gates.pooling import max_pool

        y = max_pool(conv(x, w), window=2)
        return np.sum(np.exp(y.reshape(8, -1) @ np.ones((36, 5))) * 2)

    trace: Any = tinygrad_edu.compiling.trace.Trace()
    with tinygrad_edu.modes.tracing(trace):
        value = loss(trace.argument(Value(np.ones((8, 1, 14, 14)))), trace.argument(Value(np.ones((1, 1, 3, 3)))))
        value.backward()
    assert sum(seen) < 8 * 36 * 2  # less than one layer
    assert all(type(node._data) is Promise for node in trace.nodes)


@pytest.mark.parametrize("name", sorted(kinds.BATCHED))
def test_gates_run_on_no_samples_say_what_they_give(name: str) -> None:
    gate, random = GATES[name], np.random.default_rng(0)
    x, w, window = random.random((4, 2, 6, 5)), random.random((3, 2, 3, 2)), {"window": (2, 2)}
    cases: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
        "conv": ((x, w, np.ones(3)), {"padding": 1, "stride": 2}),
        "conv_transpose": ((random.random((4, 3, 4, 4)), w), {"size": (6, 5)}),
        "conv_weight": ((x, random.random((4, 3, 4, 4))), {"window": (3, 2)}),
        "max_pool": ((x,), window),
        "route_to_winners": (
            (np.ones((4, 2, 3, 2)), x, GATES["max_pool"].forward(x, **window)),
            GATES["max_pool"].complete(window),
        ),
        "sum_windows": ((x,), window),
        "spread_windows": ((np.ones((4, 2, 3, 2)),), {"size": (6, 5), **window}),
    }
    inputs, settings = cases[name]
    settings = gate.complete(settings)
    out = gate.forward(*inputs, **settings)
    assert kind_by(gate, inputs, settings) == (out.shape, out.dtype)


@pytest.mark.parametrize(
    ("a", "b"), [((3, 4), (4, 2)), ((4,), (4, 2)), ((3, 4), (4,)), ((4,), (4,)), ((5, 3, 4), (4, 2))]
)
def test_a_product_of_nothing_has_the_shape(a: Any, b: Any) -> None:
    x, y = np.ones(a, np.float32), np.ones(b)
    out = np.matmul(x, y)
    assert kind_by(GATES["matmul"], (x, y), {}) == (out.shape, out.dtype)


def test_shapes_that_do_not_fit_are_said_while_tracing() -> None:
    with pytest.raises(ShapeError, match=r"gate matmul\(x \(2, 3\)"):
        compile(lambda x, y: np.exp(x) @ y)(np.ones((2, 3)), np.ones((2, 3)))


@gate(x=lambda g, out, x: g)
def picky(x: Any) -> Any:
    """Refuses what is not increasing, as every stand-in is."""
    if np.any(np.diff(x) <= 0):
        raise np.linalg.LinAlgError("not increasing")
    return x * 1.0


def test_a_gate_that_refuses_stand_ins_sees_the_numbers() -> None:
    made = compile(lambda x: picky(np.cumsum(x * 2)))
    np.testing.assert_array_equal(made(np.ones(3)), [2.0, 4.0, 6.0])
    with pytest.raises(DegenerateError, match="not increasing"):
        compile(lambda x: picky(np.cumsum(-x)))(np.ones(3))


def test_complex_eigenvalues_are_expected_where_they_are() -> None:
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    made = compile(lambda x: np.sum(np.abs(np.linalg.eigvals(x * 2.0))))
    assert made(turn) == pytest.approx(4.0)
    assert made(turn * 3) == pytest.approx(12.0)


def test_promised_numbers_are_those_of_a_run() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        y = np.tanh(x) * np.stack([x, x * 2])
        kept.append(y)
        return np.sum(y)

    x = np.array([0.5, -1.0])
    compile(f)(x)
    np.testing.assert_array_equal(kept[0]._data, np.tanh(x) * np.stack([x, x * 2]))
    assert (kept[0].shape, kept[0]._data.ndim, kept[0]._data.size, len(kept[0]._data)) == ((2, 2), 2, 4, 2)


def test_an_array_from_outside_is_kept_once() -> None:
    table = np.random.default_rng(0).random((50, 40))

    def f(x: Any) -> Any:
        first = np.sum(np.sin(x + table) * table)
        table[0] = 7.0  # from here on it is another one
        return first + np.sum(x * table)

    x = np.ones((50, 40))
    wanted = float(f(x))
    table[0] = np.random.default_rng(0).random(40)
    program: Program = compile(f, plan=False).trace(x).program
    arrays = {id(y): y for line in program for y in line.inputs if isinstance(y, np.ndarray) and y.size > 100}
    assert len(arrays) == 2
    table[0] = np.random.default_rng(0).random(40)
    assert float(compile(f)(x)) == pytest.approx(wanted)


W, S = Value([1.0, 2.0], name="w"), Value(2.0, name="s")
LOOKS: dict[str, Any] = {
    "item": lambda x: x * S.item(),
    "float": lambda x: x * float(S),
    "int": lambda x: x * int(S),
    "bool": lambda x: x if S else -x,
    "numpy": lambda x: x * W.numpy(),
    "index": lambda x: x[int(S.item())],
}


@pytest.mark.parametrize("looks", LOOKS.values(), ids=LOOKS)
def test_python_may_not_look_at_what_was_found_outside_either(looks: Any) -> None:
    with pytest.raises(GraphError, match="while it is compiled"):
        compile(looks)(np.ones(3)[:2])


@pytest.mark.parametrize(
    "reads", [lambda x: np.sum(x * W.data), lambda x: np.sum(x * W.detach())], ids=["data", "detach"]
)
@pytest.mark.parametrize("plan", [False, True])
def test_constants_of_what_was_found_outside_are_read_anew(reads: Any, plan: bool) -> None:
    made = compile(reads, plan=plan)
    for w in ([1.0, 2.0], [-3.0, 4.0]):
        W.data = np.array(w)
        assert float(np.asarray(made(np.ones(2)).data)) == sum(w)


def test_a_constant_made_inside_may_be_looked_at() -> None:
    assert compile(lambda x: x * Value(3.0).item() * Value(2.0).data)(np.ones(2)).tolist() == [6.0, 6.0]
