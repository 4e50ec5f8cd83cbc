"""What the courses say in words and the examples show in tables: costs, sizes, samples, decay; and curvature."""

import tracemalloc
from math import ldexp, log
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.nn.training import descend
from tests.test_examples import load
from tinygrad_edu import Value, manual_seed, nn, optim
from tinygrad_edu.data import load_digits
from tinygrad_edu.nn import functional as F

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def costs() -> ModuleType:
    return load(EXAMPLES / "what_it_costs.py")


@pytest.fixture(scope="module")
def sizes() -> ModuleType:
    return load(EXAMPLES / "size_samples_decay.py")


def exponential(x: float, terms: int) -> float:
    """eˣ from the operations that the table counts."""
    k = round(x / log(2))
    r, total = x - k * log(2), 1.0
    for n in range(terms - 1, 0, -1):
        total = 1 + total * r / n  # r · 1/n is a constant of Horner's rule in a table of coefficients
    return ldexp(total, k)


def test_an_exponential_takes_as_many_terms_as_counted(costs: ModuleType) -> None:
    for error in (2.0**-24, 2.0**-53):
        terms = costs.terms_of_exp(error)
        points = np.linspace(-5, 5, 201)
        worst, shorter = (
            max(abs(exponential(x, n) / np.exp(x) - 1) for x in points) for n in (terms, max(terms - 3, 1))
        )
        assert worst < 6 * error < shorter


def test_an_exponential_costs_more_than_a_comparison_and_less_than_a_convolution(costs: ModuleType) -> None:
    table = costs.operations(channels=16)
    relu, leaky, sigmoid, tanh, convolution = table.values()
    assert relu <= leaky < sigmoid / 10 < tanh / 10
    assert tanh < convolution / 5
    conv = nn.Conv2d(16, 16, 3, bias=False)
    assert convolution == 2 * conv.weight.data[0].size
    assert costs.operations(channels=1)["sigmoid"] > list(costs.operations(channels=1).values())[-1]


def test_a_step_has_as_many_gates_for_every_batch_and_powers_of_two_are_nothing_special(costs: ModuleType) -> None:
    counts = {n: costs.gates(costs.network_loss(n)()) for n in (60, 64, 100, 128, 200, 256, 260)}
    assert len({*counts.values()}) == 1 < counts[64]
    a_sample = [counts[n] / n for n in counts]
    assert a_sample == sorted(a_sample, reverse=True)  # the share of a sample in a step's fixed cost falls all along


def test_what_a_batch_holds_in_memory_grows_in_proportion(costs: ModuleType) -> None:
    costs.held(10)
    held = np.array([costs.held(n) for n in (100, 200, 300, 400)])
    activations = 8 * (64 + 2 * 128 + 10)  # a sample's input, hidden sums, hidden outputs and logits, in float64
    np.testing.assert_allclose(np.diff(held) / 100, np.mean(np.diff(held)) / 100, rtol=0.02)
    assert activations * 0.5 < np.mean(np.diff(held)) / 100 < activations * 2


def test_the_most_memory_of_a_whole_step_grows_with_the_batch_too(costs: ModuleType) -> None:
    def peak(batch: int) -> int:
        loss = costs.network_loss(batch)
        loss().backward()
        tracemalloc.start()
        loss().backward()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    sizes = np.array([200, 400, 800, 1600])
    slope, rest = np.polyfit(sizes, peaks := np.array([peak(n) for n in sizes]), 1)
    np.testing.assert_allclose(slope * sizes + rest, peaks, rtol=0.03)
    assert slope * 200 > rest  # already here most of it is the batch's


def test_depth_and_width_share_one_parameter_budget_and_all_learn(sizes: ModuleType) -> None:
    layers, counts, errors = zip(*sizes.depth_against_width(steps=80, seeds=1), strict=True)
    assert layers == (2, 3, 4, 6)
    assert max(counts) / min(counts) < 1.08
    assert max(errors) < 0.3  # of ten classes; which depth wins is not fixed


def test_a_larger_model_needs_more_samples_for_the_same_error(sizes: ModuleType) -> None:
    small, large = sizes.samples_against_size()
    assert small == sorted(small, reverse=True)
    assert large[0] > large[2]
    assert large[1] > small[0]  # four times the samples do not bring the larger one where the smaller one began
    assert large[2] > small[1]


def test_whom_weight_decay_helps_depends_on_the_task(sizes: ModuleType) -> None:
    linear, wide = np.array(sizes.decay_against_size(10, 0.5, decays=(0.0, 0.03), steps=120, seeds=3))
    assert np.all(np.abs([linear[1] - linear[0], wide[1] - wide[0]]) < 0.05)  # little for both, as the course says
    assert wide[1] > wide[0]  # but not nothing: here the wide net gains and the linear model does not
    assert wide[1] - wide[0] > linear[1] - linear[0]


def on_digits(normalised: bool, dropout: float, seed: int) -> tuple[float, float]:
    """A net after 250 steps on 200 digits: accuracy on others, and the mean |correlation| of its hidden units."""
    X, y = load_digits()
    order, draws = np.random.default_rng(seed).permutation(len(y)), np.random.default_rng(seed)
    train, test = order[:200], order[400:]
    manual_seed(seed)
    between = [nn.BatchNorm1d(128)] * normalised + [nn.ReLU(), nn.Dropout(dropout)]
    net = nn.Sequential(nn.Linear(64, 128, bias=not normalised), *between, nn.Linear(128, 10))
    optimizer = optim.Adam(net.parameters(), lr=0.003)
    for _ in range(250):
        rows = draws.choice(train, 32, replace=False)
        optimizer.zero_grad()
        F.cross_entropy(net(X[rows] / 16), y[rows]).backward(leaves_only=True)
        optimizer.step()
    hidden = net.eval()[:-1](X[test] / 16).data
    together = np.abs(np.corrcoef(hidden[:, hidden.std(0) > 1e-9].T))
    right = np.mean(net(X[test] / 16).data.argmax(1) == y[test])
    return float(right), float(together[np.triu_indices(len(together), 1)].mean())


def test_dropout_makes_hidden_units_less_alike_and_batch_normalisation_needs_none() -> None:
    """Eight starts gave 92.1 % right with nothing and with dropout, 93.4 % with batch normalisation, 93.3 % with both;
    the mean correlation of two hidden units fell from 0.310 to 0.294 with dropout, in each start.
    """
    nothing, dropped, normalised, both = (
        np.array([on_digits(*way, seed) for seed in range(4)])
        for way in ((False, 0.0), (False, 0.5), (True, 0.0), (True, 0.5))
    )
    assert np.all(dropped[:, 1] < nothing[:, 1])
    right = [np.mean(found[:, 0]) for found in (nothing, normalised, both)]
    assert right[1] > right[0]
    assert abs(right[2] - right[1]) < 0.01  # dropout beside it adds nothing


def largest_curvature(net: Any, loss: Any) -> float:
    """The Hessian's largest eigenvalue, by thirty rounds of the power iteration."""
    parameters, rng = list(net.parameters()), np.random.default_rng(0)
    vectors, length = [rng.normal(size=p.shape) for p in parameters], 0.0
    for _ in range(30):
        net.zero_grad()
        loss().backward(create_graph=True)
        along = sum((p.grad * v).sum() for p, v in zip(parameters, vectors, strict=True))
        net.zero_grad()
        along.backward()
        vectors = [p.grad for p in parameters]
        length = np.sqrt(sum(np.sum(v * v) for v in vectors))
        vectors = [v / length for v in vectors]
    return float(length)


@pytest.mark.parametrize(("mean", "std", "smoother"), [(3, 2, True), (0, 1, False)], ids=["shifted", "unit"])
def test_batch_normalisation_makes_the_loss_smoother_where_inputs_are_far_from_standard(
    mean: float, std: float, smoother: bool
) -> None:
    """Curvature at the start and after fifty steps, over four starts: with inputs of mean 3 and deviation 2 it is 2.7
    to 4.5 times as high without, with inputs of mean 0 and deviation 1 it is 0.5 to 0.7 times as high. So the courses'
    word holds for what batch normalisation repairs, and not for any net.
    """
    x, y = np.random.default_rng(0).normal(mean, std, size=(40, 5)), np.arange(40) % 2
    for seed in range(4):
        curvature = []
        for extra in ([], [nn.BatchNorm1d(20)]):
            manual_seed(seed)
            net = nn.Sequential(nn.Linear(5, 20), *extra, nn.Tanh(), nn.Linear(20, 2))
            loss = lambda net=net: F.cross_entropy(net(x), y)
            start = largest_curvature(net, loss)
            descend(net, loss, 50, 0.1)
            curvature.append((start, largest_curvature(net, loss)))
        plain, normalised = np.array(curvature)
        assert np.all(plain > 2 * normalised if smoother else plain < 0.9 * normalised)


def test_the_power_iteration_finds_the_largest_eigenvalue() -> None:
    layer, x = nn.Linear(3, 1, bias=False), np.random.default_rng(0).normal(size=(20, 3))
    known = np.linalg.eigvalsh(2 * x.T @ x / 20)[-1]
    assert largest_curvature(layer, lambda: F.mse_loss(layer(x)[:, 0], np.zeros(20))) == pytest.approx(known, rel=1e-3)


def test_the_gradient_through_a_recurrence_is_its_weight_to_the_power_of_the_steps() -> None:
    for weight in (0.5, 1.5):
        layer = nn.RNN(1, 1, nonlinearity="relu", bias=False)
        layer.weight_hh_l0.data = np.array([[weight]])
        for steps in (1, 10, 30):
            start = Value(np.ones((1, 1, 1)))
            layer(np.zeros((steps, 1, 1)), start)[0][-1].sum().backward()
            assert start.grad.item() == pytest.approx(weight**steps)
