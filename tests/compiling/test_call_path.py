"""What a compiled step must notice between two calls, although it looks only at what can have changed."""

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import nn, optim, tie_policy

X = np.random.default_rng(0).normal(size=(8, 4))
Y = np.arange(8) % 3
Make = Callable[[Any], Any]


class Twin:
    """The same network and optimiser twice: a step eager, and one compiled."""

    def __init__(self, make: Make = lambda ps: optim.Adam(ps, lr=0.05)) -> None:
        self.models, self.optimisers, self.steps = [], [], []
        for compiled in (False, True):
            nn.manual_seed(1)
            model = nn.Sequential(nn.Linear(4, 6, bias=False), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3))
            optimiser = make(model.parameters())
            step = self._step(model, optimiser)
            self.models.append(model)
            self.optimisers.append(optimiser)
            self.steps.append(tinygrad_edu.compile(step) if compiled else step)

    @staticmethod
    def _step(model: Any, optimiser: Any) -> Callable[..., Any]:
        loss_of = nn.CrossEntropyLoss()

        def step(x: Any, y: Any) -> Any:
            loss = loss_of(model(x), y)
            optimiser.zero_grad()
            loss.backward(leaves_only=True)
            optimiser.step()
            return loss

        return step

    def run(self, x: Any = X, y: Any = Y, times: int = 3) -> None:
        """Step both and see that they agree."""
        for _ in range(times):
            eager, compiled = (step(x, y).item() for step in self.steps)
            assert compiled == pytest.approx(eager, rel=1e-9)
        self.agree()

    def agree(self) -> None:
        """Both networks hold the same numbers."""
        first, second = (model.state_dict() for model in self.models)
        for name in first:
            np.testing.assert_allclose(second[name], first[name], rtol=1e-8, atol=1e-12, err_msg=name)


def scaled(model: Any, optimiser: Any) -> None:
    model[0].weight.data = model[0].weight.data * 0.5


def loaded(model: Any, optimiser: Any) -> None:
    model.load_state_dict({name: array * 0.9 for name, array in model.state_dict().items() if "num" not in name}, False)


def frozen(model: Any, optimiser: Any) -> None:
    model[0].weight.requires_grad = False


def slower(model: Any, optimiser: Any) -> None:
    optimiser.param_groups[0]["lr"] = 0.001


def decaying(model: Any, optimiser: Any) -> None:
    optimiser.param_groups[0]["weight_decay"] = 0.1


def scheduled(model: Any, optimiser: Any) -> None:
    optimiser.param_groups[0]["lr"] = lambda steps: 0.1 / (1 + steps)


def evaluated(model: Any, optimiser: Any) -> None:
    model.eval()


def restarted(model: Any, optimiser: Any) -> None:
    optimiser.load_state_dict({**optimiser.state_dict(), "state": {}})


def moved_by_another(model: Any, optimiser: Any) -> None:
    other = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(X).sum().backward()
    other.step()


def cleared(model: Any, optimiser: Any) -> None:
    optimiser.zero_grad()


def replaced_module(model: Any, optimiser: Any) -> None:
    model[3].bias.data = np.zeros(3)
    model[1].running_mean = np.ones(6)


CHANGES = [
    scaled,
    loaded,
    frozen,
    slower,
    decaying,
    scheduled,
    evaluated,
    restarted,
    moved_by_another,
    cleared,
    replaced_module,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_between_calls_is_noticed(change: Callable[[Any, Any], None]) -> None:
    twin = Twin()
    twin.run()
    for model, optimiser in zip(twin.models, twin.optimisers, strict=True):
        change(model, optimiser)
    twin.run()
    for model, optimiser in zip(twin.models, twin.optimisers, strict=True):
        change(model, optimiser)
    twin.run()


@pytest.mark.parametrize("change", [scaled, frozen, slower, scheduled, evaluated, restarted])
def test_the_comparison_sees_a_change_of_one(change: Callable[[Any, Any], None]) -> None:
    twin = Twin()
    twin.run()
    change(twin.models[1], twin.optimisers[1])
    with pytest.raises(AssertionError):
        twin.run()


def test_batches_of_other_shapes_and_dtypes_take_turns() -> None:
    twin = Twin()
    for _ in range(2):
        twin.run(times=1)
        twin.run(X[:5], Y[:5], times=1)
        twin.run(X, Y.astype(np.int32), times=1)


def test_lists_and_values_after_arrays_are_other_programs() -> None:
    double = tinygrad_edu.compile(lambda x: x * 2)
    assert type(double(np.ones(3))) is np.ndarray
    assert type(double(tinygrad_edu.Value(np.ones(3)))) is tinygrad_edu.Value
    assert type(double(np.ones(3))) is np.ndarray
    assert double(3.0) == 6.0
    assert double(np.float32(3.0)).dtype == np.float32


def test_the_policy_at_ties_is_part_of_the_program() -> None:
    slope = tinygrad_edu.compile(tinygrad_edu.grad(lambda x: np.max(x)))
    np.testing.assert_array_equal(slope(np.ones(2)), [0.5, 0.5])
    with tie_policy("first"):
        np.testing.assert_array_equal(slope(np.ones(2)), [1, 0])
    np.testing.assert_array_equal(slope(np.ones(2)), [0.5, 0.5])


def test_two_optimisers_take_turns_on_the_same_parameters() -> None:
    nn.manual_seed(2)
    models = [nn.Linear(4, 3) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    for model, compiled in zip(models, (False, True), strict=True):
        optimisers = [optim.Adam(model.parameters(), lr=0.1), optim.SGD(model.parameters(), lr=0.1, momentum=0.9)]
        steps: list[Any] = [Twin._step(model, each) for each in optimisers]
        if compiled:
            steps = [tinygrad_edu.compile(step) for step in steps]
        for _ in range(3):
            for step in steps:
                step(X, Y)
    np.testing.assert_allclose(models[1].weight.data, models[0].weight.data, rtol=1e-9)


def test_a_graph_recorded_before_a_compiled_step_is_stale() -> None:
    twin = Twin()
    twin.run()
    loss = twin.models[1](X).sum()
    twin.steps[1](X, Y)
    with pytest.raises(tinygrad_edu.errors.StaleGraphError):
        loss.backward()


def test_sums_where_ways_meet_say_so_in_the_program() -> None:
    def summed(x: Any, y: Any) -> Any:
        return np.sum((x * y) * np.exp(x))

    slope = tinygrad_edu.compile(tinygrad_edu.grad(summed, argnums=(0, 1)), plan=False)
    slope(np.ones(3), np.ones(3))
    said = [line for line in slope.source.splitlines() if "sum of the gradients by" in line]
    assert len(said) == 1
    assert "d_x" in said[0]


@pytest.mark.parametrize("on", [True, False])
def test_the_garbage_collector_is_as_it_was(on: bool) -> None:
    before, seen = gc.isenabled(), []

    def function(x: Any) -> Any:
        seen.append(gc.isenabled())
        return x * 2 if x.ndim else np.ones(0)[1]

    try:
        (gc.enable if on else gc.disable)()
        run = tinygrad_edu.compile(function)
        run(np.ones(2))
        assert gc.isenabled() == on
        with pytest.raises(IndexError):
            run(np.float64(1))
        assert gc.isenabled() == on
    finally:
        (gc.enable if before else gc.disable)()
    assert seen == [False, False]
