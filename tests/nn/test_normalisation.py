"""Layer-wise normalisation (courses 000, 001, 002 and 004); the textbook's batch normalisation by hand, equations 6
to 21.
"""

from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.nn.training import descend
from tinygrad_edu import GATES, Value, manual_seed, nn
from tinygrad_edu import testing as check
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.nn import functional as F
from tinygrad_edu.nn import init

X = np.array([[1.0, -2.0], [3.0, 0.5], [-1.0, 4.0], [2.0, 1.0]])
DELTA = np.array([[0.1, -0.3], [0.7, 0.2], [-0.4, 0.5], [0.3, -0.8]])
GAMMA, BETA, EPS = np.array([1.5, 0.5]), np.array([0.1, -0.2]), 1e-5


def by_the_textbook() -> dict[str, Any]:
    """Course 000, equations 6–9 and 10–21, with the sum that the first term of equation 18 lacks in print."""
    m = len(X)
    mu, var = X.mean(0), X.var(0)  # (6), (7)
    n = (X - mu) / np.sqrt(var + EPS)  # (8)
    z = GAMMA * n + BETA  # (9)
    dgamma, dbeta = (DELTA * n).sum(0), DELTA.sum(0)  # (11), (12)
    dn = DELTA * GAMMA  # (14)
    dvar = -0.5 * (var + EPS) ** -1.5 * (dn * (X - mu)).sum(0)  # (16)
    first, second = -(dn / np.sqrt(var + EPS)).sum(0), -2 / m * dvar * (X - mu).sum(0)  # (18)
    dx = dn / np.sqrt(var + EPS) + dvar * 2 * (X - mu) / m + (first + second) / m  # (13), (17), (19), (21)
    return {"z": z, "n": n, "gamma": dgamma, "beta": dbeta, "dn": dn, "var": dvar, "second": second, "dx": dx,
            "mu": first}  # fmt: skip


def layer() -> Any:
    bn = nn.BatchNorm1d(2)
    bn.weight.data, bn.bias.data = GAMMA, BETA
    return bn


def test_forward_and_backward_equal_equations_6_to_21_though_no_backward_was_written() -> None:
    wanted, bn, x = by_the_textbook(), layer(), Value(X)
    out = bn(x)
    out.backward(DELTA)
    np.testing.assert_allclose(out.data, wanted["z"])
    np.testing.assert_allclose(bn.weight.grad, wanted["gamma"])
    np.testing.assert_allclose(bn.bias.grad, wanted["beta"])
    np.testing.assert_allclose(x.grad, wanted["dx"], atol=1e-12)
    compact = GAMMA / np.sqrt(X.var(0) + EPS) * (DELTA - DELTA.mean(0) - wanted["n"] * (DELTA * wanted["n"]).mean(0))
    np.testing.assert_allclose(x.grad, compact, atol=1e-12)
    np.testing.assert_allclose(x.grad.sum(0), 0, atol=1e-12)


def test_the_gradients_between_the_steps_equal_equations_14_to_20() -> None:
    wanted, x = by_the_textbook(), Value(X)
    mu = x.mean(0)
    var = np.mean(np.square(x - Value(X.mean(0), requires_grad=False)), axis=0)
    n = (x - mu) / np.sqrt(var + EPS)
    z = n * Value(GAMMA) + BETA
    z.backward(DELTA)
    np.testing.assert_allclose(n.grad, wanted["dn"])
    np.testing.assert_allclose(var.grad, wanted["var"])
    np.testing.assert_allclose(mu.grad, wanted["mu"])
    np.testing.assert_allclose(wanted["second"], 0, atol=1e-12)


def test_equation_18_as_printed_without_its_sum_gives_a_wrong_gradient() -> None:
    """Course 000 prints dμ without Σ; taken literally dx is wrong, and our layer does not agree with it."""
    m, mu, var = len(X), X.mean(0), X.var(0)
    dn, root = DELTA * GAMMA, np.sqrt(X.var(0) + EPS)
    dvar = -0.5 * (var + EPS) ** -1.5 * (dn * (X - mu)).sum(0)
    literal = dn / root + dvar * 2 * (X - mu) / m + (-(dn / root)) / m
    x, bn = Value(X), layer()
    bn(x).backward(DELTA)
    assert np.max(np.abs(literal - x.grad)) > 0.01
    assert np.max(np.abs(literal.sum(0))) > 0.01
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(literal, x.grad, atol=1e-6)


def test_batch_normalisation_has_no_gate_of_its_own() -> None:
    assert not any("norm" in name and "batch" in name for name in GATES)
    assert gates_of(layer()(Value(X))) >= {"standardise", "mul", "add"}
    parts = GATES["standardise"].parts
    assert parts is not None
    opened = parts(Value(X), axis=0, eps=EPS)
    assert gates_of(opened) >= {"mean", "sub", "var", "sqrt", "div"}
    np.testing.assert_allclose(opened.data, GATES["standardise"](X, axis=0, eps=EPS), rtol=1e-12)


def gates_of(out: Any) -> set[str]:
    """The names of all gates that a value was made by."""
    names, waiting = set(), [out]
    while waiting:
        node = waiting.pop()
        names.add(getattr(node.gate, "name", "leaf"))
        waiting += [x for x in node.inputs if isinstance(x, Value)]
    return names


@pytest.mark.parametrize(
    "function",
    [
        lambda x: F.batch_norm(x, training=True),
        lambda x: F.layer_norm(x, (2,)),
        lambda x: F.group_norm(x.reshape((2, 4, 1)), 2),
        lambda x: F.instance_norm(x.reshape((1, 2, 4))),
        lambda x: F.local_response_norm(x, 2, alpha=0.5),
        lambda x: F.rms_norm(x, (2,)),
    ],
)
def test_normalisations_can_be_differentiated_twice(function: Any) -> None:
    upstream = np.random.default_rng(0).normal(size=8)
    assert check.gradcheck(lambda x: np.sum(np.ravel(function(x)) * upstream), X).ok


def test_outputs_have_mean_beta_and_deviation_gamma_and_all_shapes_agree() -> None:
    bn = layer()
    out = bn(X).data
    np.testing.assert_allclose(out.mean(0), BETA, atol=1e-12)
    np.testing.assert_allclose(out.std(0), GAMMA, rtol=1e-4)
    assert out.shape == X.shape
    assert {bn.weight.shape, bn.bias.shape, bn.running_mean.shape, bn.running_var.shape} == {(2,)}
    with pytest.raises(ShapeError, match="2 channels on axis 1"):
        bn(np.ones((4, 3)))


def test_inference_statistics_by_every_rule_of_the_courses() -> None:
    batches = [np.random.default_rng(k).normal(2, 3, size=(5, 1)) for k in range(4)]
    means, variances = [b.mean() for b in batches], [b.var() for b in batches]

    def after(**options: Any) -> Any:
        bn = nn.BatchNorm1d(1, **options)
        for batch in batches:
            bn(batch)
        return bn.running_mean.item(), bn.running_var.item()

    assert after(momentum=None) == pytest.approx((np.mean(means), 5 / 4 * np.mean(variances)))
    mean, var, biased = 0.0, 1.0, 1.0
    for m, v in zip(means, variances, strict=True):
        mean, var, biased = 0.9 * mean + 0.1 * m, 0.9 * var + 0.1 * v * 5 / 4, 0.9 * biased + 0.1 * v
    assert after(momentum=0.1) == pytest.approx((mean, var))
    assert after(momentum=0.1, unbiased=False) == pytest.approx((mean, biased))


def test_statistics_of_the_whole_set_contain_the_variance_of_the_batch_means() -> None:
    data = np.random.default_rng(0).normal(2, 3, size=(40, 1))
    batches = data.reshape(4, 10, 1)
    net = nn.Sequential(nn.BatchNorm1d(1))
    nn.utils.update_bn(batches, net)
    averaged = net[0].running_var.item() * 9 / 10
    assert data.var() == pytest.approx(averaged + batches.mean(1).var())
    whole = nn.Sequential(nn.BatchNorm1d(1)).eval()
    nn.utils.update_bn([(data, None)], whole)
    assert whole[0].running_mean.item() == pytest.approx(data.mean())
    assert (whole[0].momentum, whole.training) == (0.1, False)


def test_inference_does_not_depend_on_the_batch_and_changes_nothing() -> None:
    bn = layer()
    bn(X)
    bn.eval()
    before = bn.state_dict()
    np.testing.assert_allclose(bn(X[:1]).data, bn(X).data[:1])
    assert all(np.array_equal(before[key], array) for key, array in bn.state_dict().items())
    bn.train()
    assert not np.allclose(bn(X[:3]).data, bn(X).data[:3])


def test_a_bias_before_batch_normalisation_is_cancelled() -> None:
    manual_seed(0)
    x = np.random.default_rng(0).normal(size=(6, 3))
    linear, bn = nn.Linear(3, 2), nn.BatchNorm1d(2)
    upstream = np.random.default_rng(1).normal(size=(6, 2))
    out = bn(linear(x))
    out.backward(upstream)
    np.testing.assert_allclose(linear.bias.grad, 0, atol=1e-12)
    bare = nn.Linear(3, 2, bias=False)
    bare.load_state_dict({"weight": linear.weight.data})
    np.testing.assert_allclose(bn(bare(x)).data, out.data, atol=1e-12)


@pytest.mark.parametrize("order", ["before", "after"])
def test_both_placements_around_the_activation_train(order: str) -> None:
    manual_seed(0)
    x, y = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 2
    middle = [nn.BatchNorm1d(8), nn.ReLU()] if order == "before" else [nn.ReLU(), nn.BatchNorm1d(8)]
    net = nn.Sequential(nn.Linear(4, 8, bias=False), *middle, nn.Linear(8, 2))
    losses = descend(net, lambda: F.cross_entropy(net(x), y), 60, 0.3)
    assert losses[-1] < 0.7 * losses[0]
    assert {"1.weight", "2.weight"} & {name for name, _ in net.named_parameters()}


def test_gamma_and_beta_can_restore_the_input_and_decide_how_linear_a_sigmoid_is() -> None:
    bn = nn.BatchNorm1d(2)
    bn.weight.data, bn.bias.data = np.sqrt(X.var(0) + EPS), X.mean(0)
    np.testing.assert_allclose(bn(X).data, X, atol=1e-12)
    n = F.batch_norm(X, training=True)
    inside = np.abs(n) <= 1
    assert np.max(np.abs(F.sigmoid(n) - (0.25 * n + 0.5))[inside]) < 0.02


def rectified(normalised: bool, weight_init: Any = "he_normal") -> Any:
    layers: list[Any] = []
    for n in (5, 20, 20):
        layers += [nn.Linear(n, 20, weight_init=weight_init), *([nn.BatchNorm1d(20)] if normalised else []), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(20, 2))


def loss_at_last(net: Any, mean: float, std: float, rate: float, steps: int = 30) -> float:
    """The loss of a two-class task after `steps` steps, on inputs with this mean and deviation."""
    x = np.random.default_rng(0).normal(mean, std, size=(40, 5))
    z = x @ [1, -1, 0.5, 0, 2]
    y = (z > np.median(z)).astype(int)
    with np.errstate(over="ignore", invalid="ignore"):
        return descend(net, lambda: F.cross_entropy(net(x), y), steps, rate)[-1]


def largest_rate(normalised: bool, seed: int, mean: float, std: float) -> float:
    """The base-2 logarithm of the largest rate at which a net learns, by halves, looked for from above."""
    for exponent in np.arange(8, -14, -1) / 2:
        manual_seed(seed)
        if loss_at_last(rectified(normalised), mean, std, 2.0**exponent) < 0.3:
            return float(exponent)
    raise AssertionError("the net learns at no rate")


@pytest.mark.parametrize(("mean", "std", "gain"), [(0.0, 1.0, 2.0), (3.0, 5.0, 8.0)], ids=["unit", "shifted, wide"])
def test_batch_normalisation_bears_a_larger_rate_the_more_the_worse_the_inputs(
    mean: float, std: float, gain: float
) -> None:
    """How much larger depends on the inputs: the median over eight starts is 4 times on inputs of mean 0 and deviation
    1, with single starts from 2 to 6, and 23 times (8 to 64) on inputs of mean 3 and deviation 5.
    """
    halves = [largest_rate(True, seed, mean, std) - largest_rate(False, seed, mean, std) for seed in range(8)]
    assert min(halves) > 0
    assert 2 ** np.median(halves) > gain


def test_batch_normalisation_forgives_weights_ten_times_too_small_or_too_large() -> None:
    x, W = np.random.default_rng(0).normal(size=(50, 3)), np.random.default_rng(1).normal(size=(3, 2))
    np.testing.assert_allclose(F.batch_norm(10 * (x @ W), training=True), F.batch_norm(x @ W, training=True), atol=1e-4)
    for seed in range(4):
        ends: dict[bool, list[float]] = {False: [], True: []}
        for normalised, scale in product((False, True), (0.1, 1.0, 10.0)):
            manual_seed(seed)
            net = rectified(normalised, lambda w, scale=scale: init.variance_scaling_(w, 2 * scale**2))
            ends[normalised].append(loss_at_last(net, 0.0, 1.0, rate=0.5))
        assert ends[False][1] < 0.1  # with He's scale the plain net learns
        assert min(ends[False][0], ends[False][2]) > 0.5  # with a tenth or ten times of it hardly: log 2 is guessing
        assert max(ends[True]) < 0.1


def test_other_samples_are_noise_that_falls_with_the_batch() -> None:
    rng, one = np.random.default_rng(0), np.array([[0.7]])
    spread = []
    for m in (4, 16, 64):
        outs = [F.batch_norm(np.r_[one, rng.normal(size=(m - 1, 1))], training=True)[0, 0] for _ in range(400)]
        spread.append(np.std(outs))
    assert spread[0] > spread[1] > spread[2] > 0
    assert spread[1] / spread[2] == pytest.approx(2, rel=0.35)


def test_with_batch_normalisation_the_mean_of_a_hidden_layer_moves_only_as_beta_does() -> None:
    manual_seed(0)
    x, y = np.random.default_rng(0).normal(1, 1, size=(50, 4)), np.arange(50) % 2
    net = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 2))
    plain = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
    before = plain[0](x).data.mean(0)
    for model in (net, plain):
        descend(model, lambda model=model: F.cross_entropy(model(x), y), 100, 0.5)
    np.testing.assert_allclose(net[1](net[0](x)).data.mean(0), net[1].bias.data, atol=1e-12)
    assert np.abs(plain[0](x).data.mean(0) - before).max() > 0.05


def test_feature_maps_are_normalised_over_batch_and_positions() -> None:
    x = np.random.default_rng(0).normal(size=(3, 2, 4, 5))
    maps, rows = nn.BatchNorm2d(2), nn.BatchNorm1d(2)
    flat = np.moveaxis(x, 1, -1).reshape(-1, 2)
    wanted = np.moveaxis(rows(flat).data.reshape(3, 4, 5, 2), -1, 1)
    np.testing.assert_allclose(maps(x).data, wanted)
    np.testing.assert_allclose(maps.running_var, rows.running_var)


def test_small_batches_estimate_the_variance_badly_and_one_value_is_refused() -> None:
    rng = np.random.default_rng(0)
    for m in (2, 4, 16, 64):
        error = rng.normal(size=(20_000, m)).var(axis=1, ddof=1).std()
        assert error == pytest.approx(np.sqrt(2 / (m - 1)), rel=0.05)
    with pytest.raises(ShapeError, match="one value a channel"):
        nn.BatchNorm1d(2)(np.ones((1, 2)))


def test_layer_normalisation_ignores_the_batch() -> None:
    norm, x = nn.LayerNorm(4), np.random.default_rng(0).normal(size=(5, 4))
    np.testing.assert_allclose(norm(x).data[2:3], norm(x[2:3]).data)


@pytest.mark.parametrize("seed", range(3))
def test_statistics_drift_from_step_to_step_in_recurrent_nets_and_layer_normalisation_has_one_set_for_all(
    seed: int,
) -> None:
    """Why batch normalisation does not suit recurrent nets: no one variance is right for all steps."""
    manual_seed(seed)
    cell = nn.RNNCell(3, 16, layer_norm=True)
    init.orthogonal_(cell.weight_hh, gain=1.5)
    norm, batches = cell.norm, np.random.default_rng(seed).normal(size=(20, 200, 3))

    def sums(normalise: Any) -> list[Any]:
        """What goes into tanh, before normalisation, at each step."""
        h, found = np.zeros((200, 16)), []
        for x in batches:
            found.append(F.linear(x, cell.weight_ih.data, cell.bias_ih.data) + F.linear(h, cell.weight_hh.data))
            h = np.tanh(normalise(found[-1]))
        return found

    plain = sums(lambda z: z)
    variance = np.array([z.var(0).mean() for z in plain])
    assert variance[10] > 8 * variance[0]
    bn = nn.BatchNorm1d(16, momentum=None)
    for z in plain[:3]:  # statistics of short sequences …
        bn(z)
    bn.eval()
    assert np.std(bn(plain[0]).data) < 0.85
    assert np.std(bn(plain[-1]).data) > 2  # … are wrong for their own first step, and for a longer sequence
    by_hand = sums(lambda z: norm(z).data)
    spread = [norm(z).data.std(1) for z in by_hand]
    np.testing.assert_allclose(spread, 1, atol=1e-3)  # one γ and β for every step and length
    h = None
    for x in batches:
        h = cell(x, h)
    assert h.shape == (200, 16)
    assert {name for name, _ in cell.named_parameters()} >= {"norm.weight", "norm.bias"}


def test_weight_normalisation_splits_length_from_direction() -> None:
    x, upstream = np.random.default_rng(0).normal(size=(5, 3)), np.random.default_rng(1).normal(size=(5, 2))
    linear = nn.Linear(3, 2, bias=False)
    wanted, w = linear(x).data, linear.weight.numpy()
    nn.utils.weight_norm(linear)
    np.testing.assert_allclose(linear(x).data, wanted)
    linear(x).backward(upstream)
    p = linear.parametrizations.weight
    g, v, gw = p.original0, p.original1, upstream.T @ x
    length = np.linalg.norm(v.data, axis=1, keepdims=True)
    by_g = (gw * v.data).sum(1, keepdims=True) / length
    np.testing.assert_allclose(g.grad, by_g)
    np.testing.assert_allclose(v.grad, g.data / length * gw - g.data * by_g / length**2 * v.data)
    projected = [g.data[k] / length[k] * (np.eye(3) - np.outer(w[k], w[k]) / (w[k] @ w[k])) @ gw[k] for k in range(2)]
    np.testing.assert_allclose(v.grad, projected)
    np.testing.assert_allclose((v.data * v.grad).sum(1), 0, atol=1e-12)


@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_normalisation_equals_pytorchs_and_reads_its_old_keys(dim: int | None) -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 2, dtype=torch.float64), dim=dim)
    mine = nn.utils.weight_norm(nn.Linear(3, 2), dim=dim)
    state = {key: tensor.detach().numpy() for key, tensor in theirs.state_dict().items()}
    assert list(mine.state_dict()) == list(state)
    mine.load_state_dict(state)
    x = np.random.default_rng(0).normal(size=(4, 3))
    theirs(torch.tensor(x)).sum().backward()
    mine(x).sum().backward()
    np.testing.assert_allclose(mine.weight.data, theirs.weight.detach().numpy())
    for key, p in mine.named_parameters():
        np.testing.assert_allclose(p.grad, dict(theirs.named_parameters())[key].grad.numpy())
    old = {"bias": state["bias"], "weight_g": state["parametrizations.weight.original0"]}
    old["weight_v"] = 2 * state["parametrizations.weight.original1"]
    mine.load_state_dict(old)
    np.testing.assert_allclose(mine.parametrizations.weight.original1.data, old["weight_v"])


def test_a_normalised_weight_can_be_made_plain_again_and_not_overwritten() -> None:
    linear = nn.utils.weight_norm(nn.Linear(3, 2))
    with pytest.raises(TypeError, match="parametrizations"):
        linear.weight = nn.Parameter(np.ones((2, 3)))
    value = linear.weight.data
    nn.utils.remove_weight_norm(linear)
    assert sorted(linear.state_dict()) == ["bias", "weight"]
    np.testing.assert_array_equal(linear.weight.data, value)
    with pytest.raises(AttributeError, match="not normalised"):
        nn.utils.remove_weight_norm(linear)
    with pytest.raises(AttributeError, match="no parameter"):
        nn.utils.weight_norm(linear, "kernel")


def test_local_response_normalisation_in_both_conventions() -> None:
    a = np.random.default_rng(0).normal(size=(1, 7, 1, 1))
    n, alpha, beta, k = 5, 1e-2, 0.75, 2.0
    wanted = [a[0, i] / (k + alpha * np.sum(a[0, max(0, i - n // 2) : i + n // 2 + 1] ** 2)) ** beta for i in range(7)]
    paper = nn.LocalResponseNorm(n, alpha, beta, k, divide_by_size=False)
    np.testing.assert_allclose(paper(a)[0], wanted)
    np.testing.assert_allclose(nn.LocalResponseNorm(n, alpha * n, beta, k)(a)[0], wanted)


def test_the_normal_density_integrates_to_one_with_68_and_95_percent() -> None:
    x = np.linspace(-8, 8, 4001)
    density = F.normal_pdf(1 + 2 * x, 1.0, 2.0) * 2
    weight = np.diff(x)[0]
    assert density.sum() * weight == pytest.approx(1)
    for width, share in ((1, 0.6827), (2, 0.9545)):
        assert density[np.abs(x) <= width].sum() * weight == pytest.approx(share, abs=2e-3)


def test_normalising_the_batch_leaves_its_layers_without_a_trace_of_running_statistics_when_told() -> None:
    bn = nn.BatchNorm1d(2, track_running_stats=False)
    assert list(bn.buffers()) == []
    np.testing.assert_allclose(bn.eval()(X).data, bn.train()(X).data)
