"""`compile`: functions, models and whole training steps give what they give eager, and leave the same state."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, compile, grad, hessian, manual_seed, nn, no_grad, optim, value_and_grad
from tinygrad_edu.errors import GraphError, SettingError, ShapeError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 6)).astype(np.float32), np.arange(12) % 3
IMAGES = RNG.normal(size=(4, 1, 8, 8)).astype(np.float32)
Make = Callable[[], nn.Module]


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))


def noisy() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 3))


def averaged() -> nn.Module:
    return nn.Sequential(nn.BatchNorm1d(6, momentum=None), nn.GaussianNoise(0.1), nn.Linear(6, 3), nn.AlphaDropout(0.2))


def convolutional() -> nn.Module:
    first = [nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*first, nn.Dropout2d(0.2), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(12, 3))


def training(make: Make, optimiser: Callable[..., Any], compiled: bool, plan: bool = True, inputs: Any = X) -> Any:
    """(model, optimiser, losses) after four steps."""
    manual_seed(3)
    model = make().to(np.float32)
    stepper, loss_of = optimiser(model.parameters()), nn.CrossEntropyLoss()

    def step(x: Any, y: Any) -> Any:
        loss = loss_of(model(x), y)
        stepper.zero_grad()
        loss.backward()
        stepper.step()
        return loss

    run = compile(step, plan=plan) if compiled else step
    manual_seed(4)
    losses = [run(inputs[:n], Y[:n]).item() for n in (4, 4, 3, 4)]
    return model, stepper, losses


OPTIMISERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "amsgrad": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "adamw": lambda p: optim.AdamW(p, lr=0.01),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01),
    "lion": lambda p: optim.Lion(p, lr=0.01),
    "nadam": lambda p: optim.NAdam(p, lr=0.01, weight_decay=0.1),
    "nadam schedule": lambda p: optim.NAdam(p, lr=optim.schedules.step_decay(0.1, 2), momentum_decay=1.0),
    "radam": lambda p: optim.RAdam(p, lr=0.01),
    "adamax": lambda p: optim.Adamax(p, lr=0.01),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.01),
    "adadelta": lambda p: optim.Adadelta(p),
    "rprop": lambda p: optim.Rprop(p, lr=0.01),
    "momentum of the courses": lambda p: optim.Momentum(p, lr=0.01),
    "schedule": lambda p: optim.Adam(p, lr=optim.schedules.step_decay(0.1, 2)),
    "climbing": lambda p: optim.SGD(p, lr=0.01, maximize=True),
}


def test_every_method_that_moves_number_by_number_is_compiled_here() -> None:
    made = {type(make([Value(1.0)])) for make in OPTIMISERS.values()}
    kinds = [kind for name in optim.__all__ if isinstance(kind := getattr(optim, name), type)]
    ruled = {kind for kind in kinds if issubclass(kind, optim.Optimizer) and kind.rule is not optim.Optimizer.rule}
    assert made == ruled - {optim.NAG}  # which asks for the gradient ahead


def test_nadam_goes_on_where_the_other_way_of_stepping_stopped() -> None:
    w, v = (Value([1.0, -2.0], name="w") for _ in range(2))
    steppers = [optim.NAdam([p], lr=0.1, momentum_decay=0.5) for p in (w, v)]

    def step_of(p: Value, stepper: optim.Optimizer) -> Any:
        def step(scale: Any) -> Any:
            loss = np.sum(p * p * scale)
            stepper.zero_grad()
            loss.backward()
            stepper.step()
            return loss

        return step

    eager, other = (step_of(p, stepper) for p, stepper in zip((w, v), steppers, strict=True))
    program = compile(other)
    for k in range(8):
        eager(np.float64(k + 1))
        (other if k % 3 == 1 else program)(np.float64(k + 1))
        np.testing.assert_allclose(v.data, w.data, rtol=1e-14)
        states = [stepper.state_dict()["state"][0]["mu_product"] for stepper in steppers]
        assert states[0] == pytest.approx(states[1], rel=1e-15)


@pytest.mark.parametrize("take", [lambda w: optim.Averaged([w]).update(), lambda w: optim.Snapshots([w]).take()])
def test_weights_are_not_averaged_while_a_step_is_traced(take: Any) -> None:
    w = Value([1.0, 2.0])
    take(w)
    with pytest.raises(GraphError, match="average them after the compiled step"):
        compile(lambda: take(w))()


def test_products_that_differ_within_a_group_are_refused() -> None:
    a, b = Value(1.0, name="a"), Value(2.0, name="b")
    stepper = optim.NAdam([a, b], lr=0.1)

    def step() -> Any:
        loss = a * a + b * b
        stepper.zero_grad()
        loss.backward()
        stepper.step()
        return loss

    program = compile(step)
    program()
    state = stepper.state_dict()
    state["state"][0]["mu_product"] = 0.5
    stepper.load_state_dict(state)
    with pytest.raises(GraphError, match=r"have the products \[0\.45\d*, 0.5\], and a compiled step"):
        program()


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("plan", [False, True])
def test_a_training_step_leaves_the_same_state(name: str, plan: bool) -> None:
    eager, compiled = (training(mlp, OPTIMISERS[name], c, plan) for c in (False, True))
    assert_same(eager, compiled, exact=not plan)


@pytest.mark.parametrize("make", [noisy, averaged, convolutional])
@pytest.mark.parametrize("plan", [False, True])
def test_noise_is_drawn_anew_and_running_statistics_follow(make: Make, plan: bool) -> None:
    inputs = IMAGES if make is convolutional else X
    eager, compiled = (training(make, OPTIMISERS["momentum"], c, plan, inputs) for c in (False, True))
    assert_same(eager, compiled, exact=not plan)


def assert_same(eager: Any, compiled: Any, exact: bool) -> None:
    (a, b, losses), (c, d, found) = eager, compiled
    compare = np.testing.assert_array_equal if exact else near
    compare(losses, found)
    for (name, x), y in zip(a.state_dict().items(), c.state_dict().values(), strict=True):
        compare(x, y, err_msg=name)
    states = [each.state_dict()["state"] for each in (b, d)]
    for i, state in states[0].items():
        for name, x in state.items():
            compare(x, states[1][i][name], err_msg=name)
    assert (b.steps, b.skipped) == (d.steps, d.skipped)
    for p, q in zip(a.parameters(), c.parameters(), strict=True):
        compare(p.grad, q.grad)


def near(x: Any, y: Any, err_msg: str = "") -> None:
    np.testing.assert_allclose(x, y, rtol=2e-4, atol=2e-5, err_msg=err_msg)


def test_the_comparison_of_states_sees_a_difference() -> None:
    eager, compiled = (training(mlp, OPTIMISERS[name], c) for name, c in (("adam", False), ("sgd", True)))
    with pytest.raises((AssertionError, KeyError)):
        assert_same(eager, compiled, exact=False)


def test_arrays_give_arrays_and_values_give_values() -> None:
    def f(tree: Any, scale: float) -> Any:
        return {"sum": np.sum(tree["a"] * scale), "pair": (tree["b"][0] + 1, None)}

    made = compile(f)
    out = made({"a": np.ones(3), "b": [np.zeros(2)]}, 2.0)
    assert (type(out["sum"]), out["sum"], out["pair"][1]) == (np.float64, 6.0, None)
    out = made({"a": Value(np.ones(3)), "b": [np.zeros(2)]}, 2.0)
    assert (type(out["sum"]), type(out["pair"][0])) == (Value, np.ndarray)
    assert made({"a": np.ones(3), "b": [np.zeros(2)]}, 3.0)["sum"] == 9  # another number is another program
    assert len(made._variants) == 3


def test_derivatives_are_compiled() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.sin(x) * x)

    x = np.array([0.3, -1.2])
    np.testing.assert_array_equal(compile(grad(f), plan=False)(x), grad(f)(x))
    np.testing.assert_allclose(compile(hessian(f))(x), hessian(f)(x), rtol=1e-12)
    value, slope = compile(value_and_grad(lambda p, x: np.sum(p["w"] * x + p["b"])))({"w": x, "b": 0.0}, x)
    assert (value, set(slope)) == (np.sum(x * x), {"w", "b"})


def test_a_compiled_function_is_not_differentiated_without_a_word() -> None:
    square = compile(lambda x: np.sum(x * x))
    with pytest.raises(GraphError, match=r"compile\(grad\(f\)\)"):
        grad(square)(np.ones(2))
    with no_grad():
        assert square(Value(np.ones(2))).item() == 2
    assert compile(grad(square))(np.ones(2)).tolist() == [2, 2]  # inside another one it is its function


def test_a_model_follows_its_parameters_mode_and_dtype() -> None:
    manual_seed(0)
    model = noisy()
    made, x = compile(model), np.asarray(X, float)
    model(x)
    model.eval()
    np.testing.assert_allclose(made(x).data, model(x).data, rtol=1e-12)
    model.train()
    made(x)
    model.eval()
    next(model.parameters()).data = np.ones((8, 6))
    np.testing.assert_allclose(made(x).data, model(x).data, rtol=1e-12)
    model.to(np.float32)
    assert made(X).dtype == np.float32
    other = mlp()
    model.load_state_dict(model.state_dict())
    made_other = compile(other)
    with no_grad():
        np.testing.assert_allclose(made_other(x).data, other(x).data, rtol=1e-12)


def test_gradients_are_left_in_leaves_and_add_up() -> None:
    def run(wrap: Callable[[Any], Any]) -> list[Any]:
        w = Value(np.array([1.0, 2.0]), name="w")

        def add_up(x: Any) -> Any:
            loss = np.sum(w * w * x)
            loss.backward()
            return loss

        step, found = wrap(add_up), []
        for k in range(4):
            step(np.array([1.0, float(k)]))
            found.append(w.grad.copy())
        w.zero_grad()
        step(np.ones(2))
        return [*found, w.grad]

    np.testing.assert_array_equal(run(lambda f: f), run(lambda f: compile(f)))


def test_frozen_parameters_sit_out_and_come_back() -> None:
    def run(wrap: Callable[[Any], Any]) -> Any:
        manual_seed(0)
        model = mlp()
        model[0].weight.requires_grad = False
        optimiser = optim.Adam(model.parameters(), lr=0.1)

        def step(x: Any, y: Any) -> None:
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimiser.step()

        made = wrap(step)
        made(X, Y)
        made(X, Y)
        return model.state_dict()

    for a, b in zip(run(lambda f: f).values(), run(compile).values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


def test_nonfinite_gradients_are_refused_or_skipped() -> None:
    for way in ("raise", "skip"):
        w = Value(np.ones(2), name="w")
        optimiser = optim.SGD([w], lr=0.1, on_nonfinite=way)

        def step(x: Any, optimiser: Any = optimiser, w: Any = w) -> Any:
            optimiser.zero_grad()
            loss = np.sum(w * x)
            loss.backward()
            optimiser.step()
            return loss

        made = compile(lambda x, step=step: step(x))
        made(np.ones(2))
        before = w.data.copy()
        if way == "raise":
            with pytest.raises(GraphError, match="nan or infinite"):
                made(np.array([np.nan, 1.0]))
        else:
            made(np.array([np.nan, 1.0]))
        np.testing.assert_array_equal(w.data, before)
        assert (optimiser.steps, optimiser.skipped) == (1, int(way == "skip"))


def test_labels_that_are_no_class_are_refused() -> None:
    made = compile(lambda x, y: nn.functional.cross_entropy(x, y))
    made(X, Y % 6)
    for wrong in (6, -1, -100):
        with pytest.raises((ShapeError, ValueError), match="label"):
            made(X, np.where(Y == 0, wrong, Y))


@pytest.mark.parametrize(
    "looks",
    [
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x * float(x[0]),
        lambda x: x * int(x[0]),
        lambda x: x * x.sum().item(),
        lambda x: np.asarray(x.data) * 2,
        lambda x: x.data.numpy(),
        lambda x: [x for _ in range(x[0])],
    ],
)
def test_python_may_not_look_at_numbers(looks: Any) -> None:
    with pytest.raises((GraphError, TypeError)) as caught:
        compile(looks)(np.ones(3))
    if caught.type is GraphError:
        assert "while it is compiled" in str(caught.value)


@pytest.mark.parametrize("shaped", [lambda x: x[x > 0], np.nonzero, lambda x: np.unique(x)])
def test_shapes_may_not_depend_on_numbers(shaped: Any) -> None:
    with pytest.raises(GraphError, match="compiled"):
        compile(shaped)(np.ones(3))


def test_questions_about_data_are_asked_at_each_run() -> None:
    def f(x: Any) -> Any:
        return np.where(np.isnan(x) | (x < 0), 0, x) * (x > 1) + x[np.argmax(x)] + np.sort(x) * np.floor(x)

    made = compile(f, plan=False)
    for x in (np.array([1.0, 2.0, -1.0]), np.array([-5.0, 0.5, 3.5])):
        np.testing.assert_array_equal(made(x), f(Value(x)).data)


def test_results_are_the_callers_own() -> None:
    x, w = np.arange(4.0), Value(np.ones(4))
    made = compile(lambda x: (x, x * 1, x.reshape(2, 2), np.exp(x), w * 1.0))
    first = made(x)
    kept = [np.array(getattr(each, "data", each)) for each in first]
    made(x + 1)
    x[0] = 9
    for each, was in zip(first, kept, strict=True):
        np.testing.assert_array_equal(getattr(each, "data", each), was)


def test_threads_do_not_share_buffers() -> None:
    made, wrong = compile(grad(lambda x: np.sum(np.tanh(x @ x.T)))), []
    arrays = [RNG.normal(size=(40, 40)) for _ in range(2)]
    wanted = [made(x) for x in arrays]

    def work(k: int) -> None:
        wrong.extend(k for _ in range(50) if not np.array_equal(made(arrays[k]), wanted[k]))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_source_needs_a_call_first_and_passes_have_names() -> None:
    made = compile(lambda x: x + 1)
    with pytest.raises(GraphError, match=r"trace\(\*args\)"):
        _ = made.source
    assert "return" in made.trace(np.ones(2)).source
    with pytest.raises(SettingError, match="dead_code"):
        compile(lambda x: x + 1, without=["magic"])(np.ones(2))
    assert "recorded" in made.report


@pytest.mark.parametrize("plan", [False, True])
def test_a_saved_step_runs_alone(plan: bool, tmp_path: Path) -> None:
    manual_seed(0)
    model = noisy().to(np.float32)
    optimiser = optim.AdamW(model.parameters(), lr=0.01)

    def step(x: Any, y: Any) -> Any:
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimiser.step()
        return loss

    made = compile(step, plan=plan)
    made(X, Y)
    before = model.state_dict()
    path = made.save(tmp_path / "step.py", test_data=(X, Y))
    assert all(np.array_equal(a, b) for a, b in zip(before.values(), model.state_dict().values(), strict=True))
    assert "tinygrad" not in path.read_text()
    done = subprocess.run([sys.executable, "-I", str(path)], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "step: as recorded\n"), done.stderr
    text = path.read_text().replace("update(theta, g, *memory)", "update(theta, 2 * g, *memory)")
    path.write_text(text.replace("update(theta[block], gradient,", "update(theta[block], 2 * gradient,"))
    wrong = subprocess.run([sys.executable, "-I", str(path)], check=False, capture_output=True, text=True)
    assert wrong.returncode == 1
