"""L-BFGS goes where PyTorch's goes; the second-order methods do what their theory says."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, optim
from tinygrad_edu.errors import GraphError
from tinygrad_edu.optim.curvature import Slope, jacobian_rows
from tinygrad_edu.optim.line_search import Line, strong_wolfe

from .make_trajectories import KEPT, SEARCHES, flattened, lbfgs_by_torch
from .problems import FULL, STEPS, problems
from .test_trajectories import STORED

PROBLEMS = problems()
rng = np.random.default_rng(0)
BASIS = rng.normal(size=(6, 6))
MATRIX = BASIS @ BASIS.T + np.eye(6)
TARGET = rng.normal(size=6)


def backward(optimizer: optim.Optimizer, loss: Callable[[], Value], calls: list[float] | None = None) -> Any:
    def closure() -> Value:
        optimizer.zero_grad()
        out = loss()
        out.backward()
        if calls is not None:
            calls.append(out.item())
        return out

    return closure


def parabola(w: Value) -> Value:
    return w @ (MATRIX @ w) / 2 - TARGET @ w


def valley(w: Value) -> Value:
    return (100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2).sum()


def lbfgs_walked(settings: dict[str, Any], start: list[Any], full: Any) -> dict[str, list[float]]:
    params = [Value(a) for a in start]
    optimizer = optim.LBFGS(params, **settings)

    def closure() -> float:
        loss, gradient = full([p.numpy() for p in params])
        for p, g in zip(params, gradient, strict=True):
            p.grad = g
        return loss

    path = {}
    for step in range(STEPS):
        optimizer.step(closure)
        path[str(step + 1)] = flattened([p.data for p in params])
    return {step: path[step] for step in map(str, KEPT)}


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("problem", FULL)
def test_lbfgs_walks_as_stored(name: str, problem: str) -> None:
    path = lbfgs_walked(SEARCHES[name], PROBLEMS[problem][0], FULL[problem])
    for step, stored in STORED[name][problem].items():
        # Another machine sums in another order: two units in the last place of every gradient move the path by 2e-11.
        np.testing.assert_allclose(path[step], stored, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("problem", FULL)
def test_lbfgs_walks_as_in_pytorch(name: str, problem: str) -> None:
    pytest.importorskip("torch")
    ours = lbfgs_walked(SEARCHES[name], PROBLEMS[problem][0], FULL[problem])
    theirs = lbfgs_by_torch(SEARCHES[name], PROBLEMS[problem][0], FULL[problem])
    for step in ours:
        np.testing.assert_allclose(ours[step], theirs[step], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("size", [2, 20])
def test_lbfgs_solves_rosenbrock(size: int) -> None:
    w = Value(np.tile([-1.2, 1.0], size // 2))
    limits = {"max_iter": 200, "max_eval": 400, "tolerance_grad": 1e-9, "tolerance_change": 1e-15}
    optimizer = optim.LBFGS([w], line_search_fn="strong_wolfe", **limits)
    losses: list[float] = []
    first = optimizer.step(backward(optimizer, lambda: valley(w), losses))
    assert first.item() == losses[0]
    assert valley(w).item() < 1e-10
    assert size > 2 or len(losses) <= 60


def test_bfgs_ends_at_a_parabolas_minimum_in_as_many_exact_searches_as_it_has_directions() -> None:
    w = Value(np.zeros(6))
    optimizer = optim.BFGS([w], c2=1e-3)  # the smaller, the more exact is the line search
    closure = backward(optimizer, lambda: parabola(w))
    for _ in range(6):
        assert np.abs(MATRIX @ w.data - TARGET).max() > 1e-4
        optimizer.step(closure)
    np.testing.assert_allclose(MATRIX @ w.data, TARGET, atol=1e-9)


def test_bfgs_keeps_the_secant_condition() -> None:
    w = Value(np.zeros(6))
    optimizer = optim.BFGS([w])
    closure = backward(optimizer, lambda: parabola(w))
    points, gradients = [], []
    for _ in range(4):
        optimizer.step(closure)
        points.append(w.numpy())
        gradients.append(MATRIX @ w.data - TARGET)
    s, y = points[-2] - points[-3], gradients[-2] - gradients[-3]
    np.testing.assert_allclose(optimizer.inverse_hessian @ y, s, atol=1e-10)
    np.testing.assert_allclose(optimizer.inverse_hessian, optimizer.inverse_hessian.T, atol=1e-10)


def test_bfgs_learns_the_inverse_hessian_of_a_parabola() -> None:
    w = Value(np.zeros(6))
    optimizer = optim.BFGS([w], c2=1e-3)
    closure = backward(optimizer, lambda: parabola(w))
    for _ in range(7):
        optimizer.step(closure)
    np.testing.assert_allclose(optimizer.inverse_hessian, np.linalg.inv(MATRIX), atol=1e-4)


@pytest.mark.parametrize("make", [optim.BFGS, optim.ConjugateGradient], ids=lambda make: make.__name__)
def test_a_parabola_of_n_variables_takes_n_exact_searches(make: Any) -> None:
    w = Value(np.zeros(6))
    optimizer = make([w], c2=1e-9)
    closure = backward(optimizer, lambda: parabola(w))
    for _ in range(6):
        optimizer.step(closure)
    np.testing.assert_allclose(w.data, np.linalg.solve(MATRIX, TARGET), atol=1e-5)


@pytest.mark.parametrize("beta", ["PR+", "FR"])
def test_conjugate_gradient_descends_the_bent_valley(beta: Any) -> None:
    w = Value([-1.2, 1.0])
    optimizer = optim.ConjugateGradient([w], beta=beta)
    losses = []
    for _ in range(150):
        losses.append(optimizer.step(backward(optimizer, lambda: valley(w))).item())
    assert np.all(np.diff(losses) <= 0)
    assert losses[-1] < 1e-6


@pytest.mark.parametrize("solver", ["exact", "cg"])
def test_newton_needs_one_step_on_a_parabola(solver: Any) -> None:
    w = Value(np.zeros((2, 3)))
    optimizer = optim.Newton([w], solver=solver)
    optimizer.step(lambda: parabola(w.reshape(6)))
    np.testing.assert_allclose(w.data.ravel(), np.linalg.solve(MATRIX, TARGET), atol=1e-9)


def test_newton_goes_its_known_way_on_rosenbrock() -> None:
    # By hand: from (−1.2, 1) the Newton step leads to (−1.175281, 1.380674), then to (0.763115, −3.175034).
    w = Value([-1.2, 1.0])
    optimizer = optim.Newton([w])
    way = []
    for _ in range(6):
        optimizer.step(lambda: valley(w))
        way.append(w.numpy())
    np.testing.assert_allclose(way[0], [-1.175281, 1.380674], atol=1e-6)
    np.testing.assert_allclose(way[1], [0.763115, -3.175034], atol=1e-6)
    np.testing.assert_allclose(way[5], [1, 1], atol=1e-8)


def test_newton_climbs_to_a_saddle_and_a_search_leads_down_from_it() -> None:
    x, y = Value(1.0), Value(0.2)
    for _ in range(8):
        optim.Newton([x, y]).step(lambda: optim.saddle(x, y) + y**4)
    np.testing.assert_allclose([x.item(), y.item()], [0, 0], atol=1e-8)
    x.data, y.data = 1.0, 0.1
    optimizer = optim.Newton([x, y], line_search_fn="strong_wolfe")
    for _ in range(12):
        optimizer.step(lambda: optim.saddle(x, y) + y**4)
    np.testing.assert_allclose([x.item(), abs(y.item())], [0, np.sqrt(0.5)], atol=1e-6)


def test_damping_makes_newton_a_short_gradient_step() -> None:
    w = Value(np.ones(6))
    g = MATRIX @ np.ones(6) - TARGET
    optim.Newton([w], damping=1e8).step(lambda: parabola(w))
    np.testing.assert_allclose(w.data - 1, -g / 1e8, rtol=1e-5)


def test_slope_agrees_with_pytorch_on_a_network() -> None:
    torch = pytest.importorskip("torch")
    start, x = [rng.normal(size=(3, 2)), rng.normal(size=2), np.array(0.7)], rng.normal(size=(5, 3))
    ours = [Value(a) for a in start]
    slope = Slope((np.tanh(x @ ours[0] + ours[1]) * ours[2]).sum() ** 2, ours)
    shapes, splits = [(3, 2), (2,), ()], [6, 2, 1]

    def loss(flat: Any) -> Any:
        w, b, s = (part.reshape(shape) for part, shape in zip(torch.split(flat, splits), shapes, strict=True))
        return (torch.tanh(torch.tensor(x) @ w + b) * s).sum() ** 2

    flat = torch.tensor(np.concatenate([np.ravel(a) for a in start]))
    hessian = torch.autograd.functional.hessian(loss, flat).numpy()
    np.testing.assert_allclose(slope.hessian(), hessian, atol=1e-10)
    v = rng.normal(size=9)
    np.testing.assert_allclose(slope.hvp(v), hessian @ v, atol=1e-10)


def test_a_parameter_without_influence_has_a_zero_hessian_and_stays() -> None:
    w, idle = Value([1.0, 2.0]), Value([3.0])
    assert not Slope((w * w).sum(), [w, idle]).hessian()[2].any()
    optim.Newton([w, idle]).step(lambda: (w * w).sum())
    assert idle.item() == 3


def test_gauss_newton_solves_linear_least_squares_at_once() -> None:
    a, b = rng.normal(size=(8, 3)), rng.normal(size=8)
    w = Value(np.zeros(3))
    optim.GaussNewton([w]).step(lambda: a @ w - b)
    np.testing.assert_allclose(w.data, np.linalg.lstsq(a, b, rcond=None)[0], atol=1e-12)
    damped = Value(np.zeros(3))
    optim.GaussNewton([damped], damping=2.0).step(lambda: a @ damped - b)
    np.testing.assert_allclose(damped.data, np.linalg.solve(a.T @ a + 2 * np.eye(3), a.T @ b), atol=1e-12)


def test_levenberg_marquardt_fits_a_curve_and_never_gets_worse() -> None:
    t = np.linspace(0, 4, 12)
    y = 3 * np.exp(-0.8 * t) + 0.5
    amplitude, decay, offset = Value(1.0), Value(0.1), Value(0.0)
    optimizer = optim.LevenbergMarquardt([amplitude, decay, offset])
    losses = []
    for _ in range(30):
        r = optimizer.step(lambda: amplitude * np.exp(-decay * t) + offset - y)
        losses.append(float(np.sum(r.data**2)))
    assert np.all(np.diff(losses) <= 0)
    np.testing.assert_allclose([amplitude.item(), decay.item(), offset.item()], [3, 0.8, 0.5], atol=1e-8)


def test_jacobian_rows_of_a_matrix_of_residuals() -> None:
    w = Value(rng.normal(size=(2, 2)))
    rows = jacobian_rows(w * w, [w])
    np.testing.assert_allclose(rows, np.diag(2 * w.data.ravel()))


def test_linear_conjugate_gradient_is_exact_after_n_products() -> None:
    products: list[Any] = []

    def product(v: Any) -> Any:
        products.append(v)
        return MATRIX @ v

    x = optim.solve_cg(product, TARGET)
    np.testing.assert_allclose(MATRIX @ x, TARGET, atol=1e-8)
    assert len(products) <= 6


@pytest.mark.parametrize("first", [1e-4, 0.1, 1.0, 30.0])
def test_a_search_ends_where_the_strong_wolfe_conditions_hold(first: float) -> None:
    def loss(x: Any) -> Any:
        return float(np.cos(x[0]) + 0.1 * x[0] ** 2), np.array([-np.sin(x[0]) + 0.2 * x[0]])

    line = Line(loss, np.array([0.3]), np.array([1.0]))
    start = line.at(0.0)
    point = strong_wolfe(line, start, first, c2=0.1)
    assert point.loss <= start.loss + 1e-4 * point.t * start.slope
    assert abs(point.slope) <= 0.1 * abs(start.slope)


def test_a_search_comes_back_from_where_the_loss_is_not_defined() -> None:
    def loss(x: Any) -> Any:
        with np.errstate(invalid="ignore"):
            return float(x[0] - np.log(x[0])), 1 - 1 / x

    line = Line(loss, np.array([3.0]), np.array([-1.0]))
    assert strong_wolfe(line, line.at(0.0), 10.0, c2=0.1).loss < 1.1


@pytest.mark.parametrize("kind", ["LBFGS", "BFGS", "ConjugateGradient"])
def test_a_run_of_a_search_method_goes_on_exactly_from_its_state(kind: str) -> None:
    settings = {"line_search_fn": "strong_wolfe", "max_iter": 2} if kind == "LBFGS" else {}
    make = getattr(optim, kind)
    w = Value([-1.2, 1.0])
    optimizer = make([w], **settings)
    for _ in range(3):
        optimizer.step(backward(optimizer, lambda: valley(w)))
    again = Value(w.numpy())
    resumed = make([again], **settings)
    resumed.load_state_dict(optimizer.state_dict())
    for _ in range(3):
        optimizer.step(backward(optimizer, lambda: valley(w)))
        resumed.step(backward(resumed, lambda: valley(again)))
    assert w.data.tolist() == again.data.tolist()


def test_misuse_is_named() -> None:
    w = Value([1.0])
    with pytest.raises(ValueError, match="needs the closure"):
        optim.LBFGS([w]).step()
    with pytest.raises(ValueError, match="one group of real parameters of one dtype"):
        optim.LBFGS([w, Value(np.float32([1.0]))])
    with pytest.raises(GraphError, match="must give a Value"):
        optim.Newton([w]).step(lambda: 3.0)
    with pytest.raises(GraphError, match="nan or infinite"):
        optim.Newton([w]).step(lambda: (w * np.inf).sum())
    assert optim.Newton([w], on_nonfinite="skip").step(lambda: (w * np.inf).sum()) is not None
    assert w.data.tolist() == [1.0]
