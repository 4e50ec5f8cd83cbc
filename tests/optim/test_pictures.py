"""Landscapes, paths, curves and films: the numbers behind them are right, and they are drawn."""

import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu import Value, optim
from tinygrad_edu.errors import DependencyError

SURFACES = {
    "bowl": (optim.bowl, (-7.0, 2.0)),
    "saddle": (optim.saddle, (1.0, 1e-3)),
    "ravine": (optim.ravine, (-2.0, 1.0)),
    "rosenbrock": (optim.rosenbrock, (-1.2, 1.0)),
    "beale": (optim.beale, (1.0, 1.0)),
}
MAKERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.001),
    "NAG": lambda p: optim.NAG(p, lr=0.001),
    "Adam": lambda p: optim.Adam(p, lr=0.1),
    "L-BFGS": lambda p: optim.LBFGS(p, max_iter=1, max_eval=20, line_search_fn="strong_wolfe"),
    "Newton": lambda p: optim.Newton(p, damping=1e-3),
}


@pytest.mark.parametrize("name", SURFACES)
def test_ways_start_and_end_where_they_should(name: str) -> None:
    f, start = SURFACES[name]
    ways = optim.paths(f, start, MAKERS, steps=30)
    for way in ways.points.values():
        assert way.shape == (31, 2) or name == "saddle"  # which is bottomless: L-BFGS leaves the picture at once
        assert way[0].tolist() == list(start)
    assert ways.heights("SGD")[-1] < ways.heights("SGD")[0]
    if name in ("bowl", "ravine"):
        np.testing.assert_allclose(ways.points["L-BFGS"][-1], [0, 0], atol=1e-4)


def test_the_ways_of_the_course_on_the_bowl_are_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    chosen = {
        "SGD": {"lr": 0.95}, "Momentum": {"lr": 0.1, "momentum": 0.9}, "Adagrad": {"lr": 1.5},
        "RMSprop": {"lr": 0.5, "alpha": 0.9}, "Adadelta": {"rho": 0.9}, "Adam": {"lr": 0.5}, "NAdam": {"lr": 0.5},
    }  # fmt: skip
    of = {"Momentum": "SGD"}
    makers = {name: lambda p, n=name, s=s: getattr(optim, of.get(n, n))(p, **s) for name, s in chosen.items()}
    ways = optim.paths(optim.bowl, (-7.0, 2.0), makers, steps=20)
    torch.set_default_dtype(torch.float64)  # which decides the precision of NAdam's product
    try:
        for name, settings in chosen.items():
            point = torch.nn.Parameter(torch.tensor([-7.0, 2.0]))
            peer = getattr(torch.optim, of.get(name, name))([point], **settings)
            for here in ways.points[name]:
                np.testing.assert_allclose(here, point.detach().numpy(), rtol=1e-10, atol=1e-10)
                peer.zero_grad()
                (point[0] ** 2 / 10 + point[1] ** 2).backward()
                peer.step()
    finally:
        torch.set_default_dtype(torch.float32)


def test_gradient_descent_on_the_bowl_goes_its_closed_way() -> None:
    way = optim.paths(optim.bowl, (-7.0, 2.0), {"SGD": lambda p: optim.SGD(p, lr=0.95)}).points["SGD"]
    t = np.arange(21)
    np.testing.assert_allclose(way, np.stack([-7 * (1 - 0.19) ** t, 2 * (1 - 1.9) ** t], axis=1), rtol=1e-12)


def test_a_way_that_diverges_ends_before_it_leaves() -> None:
    way = optim.paths(optim.bowl, (1.0, 1.0), {"SGD": lambda p: optim.SGD(p, lr=2.0)}, steps=100, limit=50.0)
    np.testing.assert_allclose(way.points["SGD"][:, 1], (-3.0) ** np.arange(4))


@pytest.mark.parametrize(("f", "bottom"), [(optim.beale, (3.0, 0.5)), (optim.rosenbrock, (1.0, 1.0))])
def test_surfaces_have_their_minimum_where_they_say(f: object, bottom: tuple[float, float]) -> None:
    x, y = map(Value, bottom)
    loss = f(x, y)
    loss.backward()
    assert (loss.item(), x.grad, y.grad) == (0, 0, 0)


def test_a_landscape_is_the_loss_along_the_directions_and_leaves_no_trace() -> None:
    w, b = Value([[1.0, 2.0]]), Value(0.5)
    before = w._data

    def loss() -> Value:
        return (w * w).sum() + b

    directions = [[[[1.0, 0.0]], 0.0], [[[0.0, 0.0]], 1.0]]
    seen = optim.landscape(loss, [w, b], directions, span=1.0, points=5)
    x, y = np.meshgrid(seen.x, seen.y)
    np.testing.assert_allclose(seen.losses, (1 + x) ** 2 + 4 + 0.5 + y)
    assert np.array_equal(w.data, before)
    assert b.item() == 0.5


def test_a_random_direction_has_the_filters_norms() -> None:
    rng = np.random.default_rng(0)
    weight, bias = Value(rng.normal(size=(4, 3, 2))), Value(np.ones(4))
    one, two = optim.filter_normalised([weight, bias], rng)
    np.testing.assert_allclose(np.sum(one**2, axis=(1, 2)), np.sum(weight.data**2, axis=(1, 2)))
    assert not two.any()
    (alone,) = optim.filter_normalised([bias], rng)
    assert np.linalg.norm(alone) == pytest.approx(2)


def test_a_sharp_minimum_is_sharper_than_a_flat_one_and_a_shift_between_training_and_test_hurts_it_more() -> None:
    def two_wells(x: Value) -> Value:  # of curvature 40 at 0 and of curvature 1 at 3, both 0 deep
        return np.minimum(20 * x * x, (x - 3) ** 2 / 2)

    sharpness, harm = [], []
    for start in (0.2, 2.5):
        w = Value(start)
        optimizer = optim.SGD([w], lr=0.02)
        for _ in range(500):
            optimizer.step(lambda w=w, o=optimizer: (o.zero_grad(), two_wells(w).backward()))
        assert two_wells(w).item() < 1e-6
        sharpness.append(optim.sharpness(lambda w=w: two_wells(w), [w], 0.01))
        harm.append(two_wells(w + 0.1).item())
    assert sharpness[0] > 2 * sharpness[1]
    assert harm[0] == pytest.approx(40 * harm[1], rel=0.01)


def test_a_high_rate_leaves_the_sharp_well_and_stays_in_the_flat_one() -> None:
    def slope(x: float) -> float:  # wells of curvature 40 at 0 and of curvature 1 at 3
        return 40 * x if x < 0.5 else x - 3

    ends = []
    for high in (0.01, 0.2):
        w = Value(0.1)
        optimizer = optim.SGD([w], lr=optim.triangular(0.01, high, 10))
        for _ in range(100):
            w.grad = slope(w.item())
            optimizer.step()
        ends.append(w.item())
    assert abs(ends[0]) < 1e-3
    assert ends[1] == pytest.approx(3, abs=0.05)


def test_pictures_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    ways = optim.paths(optim.bowl, (-7.0, 2.0), {"SGD": MAKERS["Adam"]}, steps=3)
    w = Value([[1.0, 2.0]])
    seen = optim.landscape(lambda: (w * w).sum(), [w], points=5)
    curves = optim.schedule_plot({"cosine": optim.cosine(0.1, 10), "line": optim.linear(0.1, 0, 10)}, 10)
    drawn = [line.get_ydata() for line in curves.axes[0].lines]
    np.testing.assert_allclose(
        drawn, [[f(t) for t in range(10)] for f in (optim.cosine(0.1, 10), optim.linear(0.1, 0, 10))]
    )
    for name, figure in {"w": ways.plot(), "c": seen.contour(), "s": seen.surface(), "r": curves}.items():
        figure.savefig(tmp_path / f"{name}.svg")
        assert "<svg" in (tmp_path / f"{name}.svg").read_text()
    film = ways.animate(tmp_path / "ways.gif")
    assert film.read_bytes()[:4] == b"GIF8"
    assert "<input" in ways.animate(tmp_path / "ways.html").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"ways.mp4 should end in"):
        ways.animate(tmp_path / "ways.mp4")


def test_a_missing_matplotlib_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(DependencyError, match=r'pip install "tinygrad_edu\[lessons\]"'):
        optim.schedule_plot(optim.constant(0.1), 3)
