"""Outputs, losses, maximum likelihood (courses 001, 002 and 004)."""

from math import log, pi
from typing import Any

import numpy as np
import pytest

from tests.nn.training import descend
from tinygrad_edu import Value, nn
from tinygrad_edu import testing as check
from tinygrad_edu.errors import OutOfRangeError, ShapeError
from tinygrad_edu.nn import functional as F
from tinygrad_edu.training import accuracy_score, hamming_loss

SHAPED = [F.mse_loss, F.l1_loss, F.huber_loss, F.smooth_l1_loss, F.binary_cross_entropy,
          F.binary_cross_entropy_with_logits, F.kl_div, F.hinge_loss, F.hinge_embedding_loss]  # fmt: skip


@pytest.mark.parametrize("loss", SHAPED, ids=lambda f: f.__name__)
def test_a_column_beside_a_row_is_refused_not_broadcast(loss: Any) -> None:
    with pytest.raises(ShapeError, match=r"\(4, 1\) and target \(4,\)"):
        loss(np.full((4, 1), 0.5), np.full(4, 0.5))


@pytest.mark.parametrize("loss", [F.mse_loss, F.cross_entropy], ids=lambda f: f.__name__)
def test_an_unknown_reduction_is_refused(loss: Any) -> None:
    with pytest.raises(ValueError, match="'average' is not known"):
        loss(np.ones((2, 2)), np.ones((2, 2)), reduction="average")


def test_wrong_labels_are_refused_with_what_was_wanted() -> None:
    logits = np.zeros((4, 3))
    with pytest.raises(ShapeError, match="classes 0 to 2"):
        F.cross_entropy(logits, np.array([0, 1, 2, 3]))
    with pytest.raises(ShapeError, match="classes 0 to 2"):
        F.nll_loss(logits, np.array([0, 1, 2, 3]))
    with pytest.raises(ShapeError, match=r"\(4,\)"):
        F.cross_entropy(logits, np.zeros((4, 1), int))
    with pytest.raises(ShapeError, match="class weights"):
        F.cross_entropy(logits, np.zeros(4, int), weight=[1.0, 2.0])
    with pytest.raises(ValueError, match="binary_cross_entropy_with_logits"):
        F.binary_cross_entropy(np.array([1.2]), np.array([1.0]))


WEIGHABLE = ("mse_loss", "l1_loss", "huber_loss")


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", WEIGHABLE)
def test_weights_of_single_elements_are_pytorchs(name: str, reduction: str) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=(4, 3)), 2 * rng.normal(size=(4, 3)), rng.random((4, 3))
    leaf, weight = Value(x), Value(w)
    tensors = [torch.tensor(one, requires_grad=True) for one in (x, w)]
    mine = getattr(F, name)(leaf, y, reduction=reduction, weight=weight)
    theirs = getattr(torch.nn.functional, name)(tensors[0], torch.tensor(y), reduction=reduction, weight=tensors[1])
    np.testing.assert_allclose(mine.data, theirs.detach().numpy(), rtol=1e-12)
    mine.sum().backward()
    theirs.sum().backward()
    for one, other in zip((leaf, weight), tensors, strict=True):
        np.testing.assert_allclose(one.grad, other.grad.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", WEIGHABLE)
def test_weights_of_ones_change_nothing_and_others_of_another_shape_are_refused(name: str) -> None:
    x, y = np.array([0.5, -2.0]), np.array([0.0, 1.0])
    assert getattr(F, name)(x, y, weight=[1, 1]) == getattr(F, name)(x, y)
    assert F.mse_loss(x, y, reduction="half_sum", weight=[0, 2]) == 9
    with pytest.raises(ShapeError, match=rf"{name}: weight \(1,\)"):
        getattr(F, name)(x, y, weight=[1.0])


def test_identity_output_passes_value_and_gradient() -> None:
    z = Value([2.0, -1.0])
    out = nn.Identity()(z)
    out.backward(np.ones(2))
    assert out.data.tolist() == [2.0, -1.0]
    assert z.grad.tolist() == [1.0, 1.0]


def test_a_sigmoid_output_is_calibrated_on_a_logistic_model() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=20000) * 2
    y = rng.random(20000) < F.sigmoid(z)
    for low in (0.1, 0.4, 0.7):
        chosen = (F.sigmoid(z) > low) & (F.sigmoid(z) < low + 0.2)
        assert y[chosen].mean() == pytest.approx(F.sigmoid(z)[chosen].mean(), abs=0.03)


def test_softmax_of_the_courses_example_and_its_jacobian() -> None:
    z = np.array([5.0, 2.0, -1.0, 3.0])
    p = F.softmax(z)
    np.testing.assert_allclose(p, [0.842, 0.042, 0.002, 0.114], atol=5e-4)
    leaf = Value(z)
    rows = []
    for k in range(4):
        leaf.zero_grad()
        F.softmax(leaf)[k].backward()
        rows.append(leaf.grad)
    np.testing.assert_allclose(rows, np.diag(p) - np.outer(p, p), atol=1e-15)


def test_softmax_is_shift_invariant_finite_and_ends_as_hardmax() -> None:
    z = np.array([5.0, 2.0, -1.0, 3.0])
    np.testing.assert_allclose(F.softmax(z + 1000), F.softmax(z), rtol=1e-12)
    assert F.log_softmax(np.array([0.0, 1e4]))[0] == -1e4
    np.testing.assert_allclose(F.softmax(z / 1e-3), F.hardmax(z), atol=1e-12)
    assert F.hardmax(z).tolist() == [1, 0, 0, 0]


def test_one_hot_rows_sum_to_one_and_argmax_takes_them_back() -> None:
    labels = np.array([2, 0, 1, 2])
    hot = F.one_hot(labels, 4)
    assert hot.sum(1).tolist() == [1] * 4
    np.testing.assert_array_equal(hot.argmax(1), labels)
    with pytest.raises(OutOfRangeError, match="classes from 0 to 1"):
        F.one_hot(labels, 2)
    with pytest.raises(ShapeError, match="integers"):
        F.one_hot([0.5])


def test_multi_label_outputs_are_judged_one_by_one() -> None:
    z, y = np.array([[2.0, -1.0, 0.5]]), np.array([[1.0, 0.0, 1.0]])
    p = F.sigmoid(z)
    assert p.sum() != pytest.approx(1)
    by_hand = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert F.binary_cross_entropy_with_logits(z, y) == pytest.approx(by_hand)
    assert nn.BCELoss()(Value(p), y).item() == pytest.approx(by_hand)


def test_a_network_learns_labels_that_hold_independently() -> None:
    """Three questions of one input: every combination of answers is found, and probabilities sum to what they like."""
    rng = np.random.default_rng(0)
    x, directions = rng.normal(size=(300, 4)), rng.normal(size=(4, 3))
    y = (x @ directions > 0.3).astype(float)
    net = nn.Linear(4, 3, weight_init=0, bias_init=0)
    descend(net, lambda: F.binary_cross_entropy_with_logits(net(x[:200]), y[:200]), 300, 2.0)
    p = F.sigmoid(net(x[200:]).data)
    answers, truth = p > 0.5, y[200:] > 0.5
    assert hamming_loss(truth, answers) < 0.06
    assert 0.8 < accuracy_score(truth, answers) < 1 - hamming_loss(truth, answers)  # right in all three is harder
    assert len(np.unique(answers, axis=0)) == 8
    assert p.sum(1).min() < 0.2
    assert p.sum(1).max() > 2.8
    forced = F.softmax(net(x[200:]).data, 1) > 0.5  # one class only, as softmax would have it
    assert accuracy_score(truth, forced) < 0.5


def test_sign_output_is_plus_one_at_zero_and_constant() -> None:
    assert F.sign_output(np.array([-0.1, 0.0, 0.1])).tolist() == [-1, 1, 1]
    assert isinstance(F.sign_output(Value([1.0])), np.ndarray)


@pytest.mark.parametrize("scaling", ["sum", "mean"])
def test_regularised_risk_ends_at_the_ridge_solution_in_both_scalings(scaling: str) -> None:
    rng = np.random.default_rng(0)
    X, y, lam = rng.normal(size=(20, 3)), rng.normal(size=20), 0.5
    net = nn.Linear(3, 1, bias=False)
    loss = lambda: F.mse_loss(net(X)[:, 0], y, reduction=scaling) + nn.penalties.L2(lam)(net)
    descend(net, loss, 800, 0.01 if scaling == "sum" else 0.2)
    n = 1 if scaling == "sum" else 20
    wanted = np.linalg.solve(X.T @ X + n * lam * np.eye(3), X.T @ y)
    np.testing.assert_allclose(net.weight.data[0], wanted, atol=1e-8)


def test_each_loss_is_minus_a_log_likelihood() -> None:
    y, f, sigma = np.array([1.0, -0.5]), np.array([0.3, 0.2]), 0.7
    log_density = -np.log(F.normal_pdf(y, f, sigma))
    full = F.gaussian_nll_loss(f, y, sigma**2, full=True, reduction="none")
    np.testing.assert_allclose(full, log_density)
    half = F.mse_loss(f, y, reduction="half_sum") / sigma**2
    assert np.sum(log_density) - half == pytest.approx(2 * log(np.sqrt(2 * pi) * sigma))
    p, b = np.array([0.2, 0.9]), np.array([0.0, 1.0])
    np.testing.assert_allclose(F.binary_cross_entropy(p, b, reduction="none"), -np.log([0.8, 0.9]))
    q = np.array([[0.2, 0.5, 0.3]])
    assert F.nll_loss(np.log(q), np.array([1])) == pytest.approx(-log(0.5))


def test_half_squared_loss_has_the_plain_difference_as_gradient() -> None:
    f, y = Value([1.0, 3.0]), np.array([0.0, 5.0])
    loss = nn.MSELoss(reduction="half_sum")(f, y)
    loss.backward()
    assert loss.item() == 2.5
    assert f.grad.tolist() == [1.0, -2.0]
    assert nn.MSELoss()(f, y).item() == 2.5


def test_bce_is_held_at_100_for_sure_errors_and_logits_never_overflow() -> None:
    assert F.binary_cross_entropy(np.array([0.0]), np.array([1.0])) == 100
    z = Value([1000.0, -1000.0])
    loss = F.binary_cross_entropy_with_logits(z, np.array([1.0, 1.0]), reduction="none")
    assert loss.data.tolist() == [0.0, 1000.0]
    p = Value([0.0, 1.0])
    F.binary_cross_entropy(p, np.array([0.0, 1.0])).backward()
    assert np.isfinite(p.grad).all()


def test_cross_entropy_of_the_courses_example() -> None:
    p = np.array([[0.3, 0.2, 0.1, 0.4]])
    assert F.cross_entropy(p, np.array([1]), from_logits=False) == pytest.approx(1.6094379124, abs=1e-10)
    hot = np.array([[0.0, 1.0, 0.0, 0.0]])
    assert F.cross_entropy(np.log(p), hot) == pytest.approx(1.6094379124, abs=1e-10)


def test_the_cost_is_the_mean_and_its_gradient_is_divided_by_the_batch() -> None:
    logits, y = np.random.default_rng(0).normal(size=(6, 4)), np.arange(6) % 4
    p, hot = F.softmax(logits, 1), F.one_hot(y, 4)
    each = F.cross_entropy(logits, y, reduction="none")
    assert F.cross_entropy(logits, y) == pytest.approx(each.mean())
    for reduction, wanted in (("sum", p - hot), ("mean", (p - hot) / 6)):
        z = Value(logits)
        F.cross_entropy(z, y, reduction=reduction).backward()
        np.testing.assert_allclose(z.grad, wanted, atol=1e-15)


def test_the_svm_loss_of_the_lecture_and_pytorchs_division() -> None:
    scores = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    labels = np.array([0, 1, 2])
    np.testing.assert_allclose(F.multi_class_hinge_loss(scores, labels, reduction="none"), [2.9, 0, 12.9])
    assert nn.MultiClassHingeLoss()(scores, labels) == pytest.approx(15.8 / 3)
    assert nn.MultiMarginLoss()(scores, labels) == pytest.approx(15.8 / 9)
    assert nn.HingeLoss()(np.array([0.5, 2.0]), np.array([1.0, 1.0])) == 0.25


def test_data_loss_plus_penalty_adds_gradients_and_lambda_zero_is_off_exactly() -> None:
    net, x, y = nn.Linear(3, 2), np.random.default_rng(0).normal(size=(4, 3)), np.array([0, 1, 1, 0])

    def gradient(*penalties: Any) -> Any:
        net.zero_grad()
        nn.penalties.total(F.cross_entropy(net(x), y), net, *penalties).backward()
        return net.weight.grad

    plain = gradient()
    np.testing.assert_allclose(gradient(nn.penalties.L2(0.1)), plain + 0.2 * net.weight.data)
    np.testing.assert_array_equal(gradient(nn.penalties.L2(0.0)), plain)


def test_the_predicted_class_is_the_same_from_scores_and_probabilities() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 5)) * 4
    np.testing.assert_array_equal(F.softmax(logits, 1).argmax(1), logits.argmax(1))


def test_smoothed_labels_in_both_conventions() -> None:
    others = F.smooth_labels([1], 0.1, 5, mode="others")
    np.testing.assert_allclose(others, [[0.025, 0.9, 0.025, 0.025, 0.025]])
    np.testing.assert_allclose(F.smooth_labels([1], 0.1 * 5 / 4, 5), others)
    assert F.smooth_labels([0, 2], 0.3, 3).sum(1).tolist() == pytest.approx([1, 1])
    logits = np.random.default_rng(0).normal(size=(4, 5))
    y = np.array([0, 1, 2, 3])
    a = nn.CrossEntropyLoss(label_smoothing=0.1, smoothing_mode="others")(logits, y)
    b = F.cross_entropy(logits, F.smooth_labels(y, 0.1, 5, mode="others"))
    c = nn.CrossEntropyLoss(label_smoothing=0.125)(logits, y)
    assert a == pytest.approx(b, abs=1e-14)
    assert a == pytest.approx(c, abs=1e-14)
    with pytest.raises(ValueError, match="'uniform' or 'others'"):
        F.smooth_labels([0], 0.1, 2, mode="all")


def test_smoothing_bounds_the_gap_between_logits() -> None:
    eps, classes = 0.1, 4
    gaps = {}
    for mode in ("smooth", "hard"):
        layer = nn.Linear(1, classes, bias=False, weight_init=0)
        smoothing = eps if mode == "smooth" else 0.0
        loss = lambda layer=layer, s=smoothing: F.cross_entropy(
            layer(np.ones((1, 1))), np.array([0]), label_smoothing=s, smoothing_mode="others"
        )
        steps = []
        for _ in range(2):
            descend(layer, loss, 1000, 1.0)
            steps.append(float(layer.weight.data[0, 0] - layer.weight.data[1, 0]))
        gaps[mode] = steps
    assert gaps["smooth"][1] == pytest.approx(log((1 - eps) * (classes - 1) / eps), abs=1e-6)
    assert gaps["hard"][1] > gaps["hard"][0] + 0.5


@pytest.mark.parametrize(
    "loss",
    [
        lambda z: F.cross_entropy(z, np.array([0, 2]), weight=[1.0, 2.0, 3.0], label_smoothing=0.1),
        lambda z: F.cross_entropy(z, np.array([-100, 2])),
        lambda z: F.huber_loss(z, np.full((2, 3), 0.1), delta=0.7),
        lambda z: F.binary_cross_entropy(F.sigmoid(z), np.full((2, 3), 0.3)),
        lambda z: F.binary_cross_entropy_with_logits(z, np.full((2, 3), 0.3), pos_weight=[1.0, 2.0, 3.0]),
        lambda z: F.multi_margin_loss(z, np.array([0, 2]), p=2),
        lambda z: F.kl_div(F.log_softmax(z), np.full((2, 3), 1 / 3), reduction="batchmean"),
        lambda z: F.gaussian_nll_loss(z, np.zeros((2, 3)), np.exp(z) + 0.1),
    ],
)
def test_losses_can_be_differentiated_twice(loss: Any) -> None:
    assert check.gradcheck(loss, np.array([[0.3, -1.2, 0.8], [1.1, 0.2, -0.4]])).ok


def test_losses_keep_float32() -> None:
    z = Value(np.zeros((2, 3), np.float32))
    for loss in (
        F.cross_entropy(z, np.array([0, 1]), label_smoothing=0.1, weight=[1, 2, 3]),
        F.multi_margin_loss(z, np.array([0, 1])),
        F.nll_loss(z, np.array([0, 1])),
        F.binary_cross_entropy_with_logits(z, np.ones((2, 3), np.float32)),
        F.huber_loss(z, np.ones((2, 3), np.float32)),
    ):
        assert loss.dtype == np.float32
