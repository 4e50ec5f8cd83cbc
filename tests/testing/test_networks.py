"""Random networks and training problems: gradients against numbers, states, and the same here and in PyTorch."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tinygrad_edu import Value, nn, optim, walk
from tinygrad_edu.testing import gradcheck, numeric
from tinygrad_edu.testing.networks import Network, TrainingProblem
from tinygrad_edu.testing.strategies import networks, problems

QUIET = {"suppress_health_check": list(HealthCheck)}


def shapes(model):
    """Shapes of what is learnt; running statistics stay as they are."""
    return {name: tuple(p.shape) for name, p in model.named_parameters()}


def built(network):
    model = network.build(nn)
    model.load_state_dict(model.state_dict() | network.numbers(shapes(model)))
    return model


def built_in_torch(network):
    torch = pytest.importorskip("torch")
    model = network.build(torch.nn).double()
    numbers = {name: torch.tensor(x) for name, x in network.numbers(shapes(model)).items()}
    model.load_state_dict(model.state_dict() | numbers)
    return model


def loss_of(model, x):
    out = model(x)
    return (out * np.cos(np.arange(out.size)).reshape(out.shape)).sum()


@settings(max_examples=20, **QUIET)
@given(networks())
def test_a_network_has_right_gradients(network):
    model = built(network)
    parameters = dict(model.named_parameters())
    arrays = {name: np.array(p.data) for name, p in parameters.items()}
    x = Value(network.inputs())
    found = walk(loss_of(model, x))
    generator = np.random.default_rng(0)
    direction = {name: generator.uniform(-1, 1, a.shape) for name, a in arrays.items()}
    slope = sum((np.sum(found[p] * direction[name]) for name, p in parameters.items() if p in found), 0.0)
    kept = model.state_dict()

    def along(t):
        moved = {name: a + t * direction[name] for name, a in arrays.items()}
        model.load_state_dict(kept | moved)
        return loss_of(model, network.inputs()).data if parameters else 0.0

    estimate = numeric.central(along)
    slack = 1e-7 * (1 + sum(np.abs(found[p]).sum() for p in parameters.values() if p in found)) + 20 * estimate.error
    assert not estimate.trusted or abs(slope - estimate.value) <= slack


@settings(max_examples=20, **QUIET)
@given(networks())
def test_a_network_has_the_values_and_gradients_of_pytorch(network):
    torch = pytest.importorskip("torch")
    model, twin = built(network), built_in_torch(network)
    x, y = Value(network.inputs()), torch.tensor(network.inputs(), requires_grad=True)
    weights = np.cos(np.arange(model(x).size))
    out, other = model(x), twin(y)
    np.testing.assert_allclose(out.data, other.detach().numpy(), rtol=1e-8, atol=1e-9)
    (out * weights.reshape(out.shape)).sum().backward()
    (other * torch.tensor(weights.reshape(out.shape))).sum().backward()
    np.testing.assert_allclose(x.grad, y.grad.numpy(), rtol=1e-6, atol=1e-7)
    theirs = dict(twin.named_parameters())
    for name, p in model.named_parameters():
        np.testing.assert_allclose(p.grad, theirs[name].grad.numpy(), rtol=1e-6, atol=1e-7)


def check_problem(problem):
    torch = pytest.importorskip("torch")
    ours = problem.losses(nn, optim, built(problem.network))
    twin = built_in_torch(problem.network)
    theirs = problem.losses(torch.nn, torch.optim, twin, constant=torch.tensor)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6, err_msg=str(problem))


@settings(max_examples=20, **QUIET)
@given(problems())
def test_a_problem_is_trained_as_pytorch_does(problem):
    check_problem(problem)


@pytest.mark.slow
@settings(max_examples=500, **QUIET)
@given(problems())
def test_many_problems_are_trained_as_pytorch_does(problem):
    check_problem(problem)


@settings(max_examples=10, **QUIET)
@given(networks(3))
def test_a_saved_network_computes_the_same(network):
    model, other = built(network), network.build(nn)
    other.load_state_dict(model.state_dict())
    np.testing.assert_array_equal(model.eval()(network.inputs()).data, other.eval()(network.inputs()).data)


def test_networks_are_of_many_kinds_and_read_as_such():
    seen, network = set(), Network((("Linear", (3, 2), {"bias": False}), ("Tanh", (), {})), (4, 3), 1)

    @settings(max_examples=200, database=None, **QUIET)
    @given(networks())
    def collect(network):
        seen.update(name for name, _, _ in network.layers)

    collect()
    assert {"Linear", "Conv2d", "BatchNorm1d", "BatchNorm2d", "LayerNorm", "Flatten", "Tanh"} <= seen
    assert seen & {"MaxPool2d", "AvgPool2d"}
    assert str(network) == "Sequential(Linear(3, 2, bias=False), Tanh()) on 4×3"
    assert gradcheck(lambda x: network.build(nn)(x) * 0 + x.sum(), network.inputs()).ok


def test_a_wrong_layer_and_a_wrong_optimiser_are_noticed(monkeypatch):
    network = Network((("Linear", (3, 2), {}), ("Tanh", (), {})), (4, 3), 1)
    problem = TrainingProblem(network, np.zeros((4, 2)), "MSELoss", "SGD", {"lr": 0.1}, 3)
    check_problem(problem)

    class Hasty(optim.SGD):
        def step(self):
            super().step()
            super().step()

    monkeypatch.setattr(optim, "SGD", Hasty)
    with pytest.raises(AssertionError, match="Sequential"):
        check_problem(problem)
    monkeypatch.undo()
    monkeypatch.setattr(nn.Tanh, "forward", lambda self, x: x.detach() + 0 * x)
    with pytest.raises(AssertionError):
        check_problem(problem)
