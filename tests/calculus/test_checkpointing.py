"""checkpoint: the same results and gradients to every order, from less memory; never a gradient of something else."""

import tracemalloc

import numpy as np
import pytest

from tinygrad_edu import Value, checkpoint, grad, hessian, hvp, no_grad, value_and_grad
from tinygrad_edu.errors import GraphError
from tinygrad_edu.random import generator, manual_seed

X, Y = np.array([0.5, -1.0, 2.0]), np.array([1.5, -0.5, 0.25])


def layers(x, y):
    for _ in range(3):
        x = np.tanh(x * y + 0.1)
    return x


def twice(function):
    """The function as it is and checkpointed."""
    return function, checkpoint(function)


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_value_and_gradients_are_those_of_the_function():
    plain, kept = (value_and_grad(lambda x, y, f=f: np.sum(f(x, y) ** 2), (0, 1))(X, Y) for f in twice(layers))
    close(plain[0], kept[0])
    close(plain[1][0], kept[1][0])
    close(plain[1][1], kept[1][1])


@pytest.mark.parametrize("order", [2, 3, 4])
def test_higher_orders_too(order):
    results = []
    for f in twice(lambda x: np.exp(np.sin(x)) * x):
        derivative = f
        for _ in range(order):
            derivative = grad(derivative)
        results.append(derivative(0.7))
    close(*results)


def test_trees_settings_and_labels_pass_through():
    def f(batch, *, scale, labels, name=None):
        picked = batch["x"][labels] * scale
        return {"out": (picked, [np.sum(batch["x"])]), "name": name, "count": 3}

    out = checkpoint(f)({"x": Value(X)}, scale=2, labels=np.array([0, 2]), name="row")
    assert out["name"] == "row"
    assert out["count"] == 3
    close(out["out"][0].data, 2 * X[[0, 2]])

    def loss(x, f):
        (picked, (total,)) = f({"x": x}, scale=2, labels=np.array([0, 0]))["out"]
        return np.sum(picked**2) * total

    close(*(grad(lambda x, f=f: loss(x, f))(X) for f in twice(f)))


def test_parameters_read_from_outside_get_their_gradients():
    w, b = Value(Y), Value(0.3)
    inner = w * 2  # not a leaf: its own graph goes on behind it
    f = checkpoint(lambda x: np.sin(x * inner) + b * w)
    np.sum(f(Value(X))).backward()
    expected = grad(lambda w, b: np.sum(np.sin(X * (w * 2)) + b * w), (0, 1))(Y, 0.3)
    close(w.grad, expected[0])
    close(b.grad, expected[1])


def test_second_order_reaches_parameters_read_from_outside():
    w = Value(Y)
    found = []
    for f in twice(lambda x: np.sum(np.tanh(x * w) ** 2)):
        w.grad = None
        np.sum(grad(f)(X) ** 2).backward()
        found.append(w.grad)
    close(*found)


def test_nested_checkpoints_agree():
    close(*(hessian(lambda x, f=f: np.sum(checkpoint(lambda x: f(x, x) * x)(x)))(X) for f in twice(layers)))


def test_only_one_run_serves_all_inputs():
    runs = []

    def counted(x, y):
        runs.append(1)
        return x * y

    out = checkpoint(counted)(Value(X), Value(Y))
    assert len(runs) == 1
    np.sum(out).backward()
    assert len(runs) == 2


def test_what_needs_no_gradient_is_not_recorded():
    assert not checkpoint(layers)(Value(X, requires_grad=False), Y).requires_grad
    assert type(checkpoint(np.sin)(X)) is np.ndarray
    with no_grad():
        assert not checkpoint(layers)(Value(X), Y).requires_grad


def test_dropout_draws_the_same_mask_again():
    def dropped(x):
        return x * (generator().random(x.shape) < 0.5)

    manual_seed(3)
    x = Value(np.ones(100))
    out = checkpoint(dropped)(x)
    after = generator().random()
    np.sum(out).backward()
    close(x.grad, out.data)
    manual_seed(3)
    generator().random(100)
    assert generator().random() == after


def test_a_function_that_changes_is_noticed():
    state = {"scale": 1.0}
    out = checkpoint(lambda x: x * state["scale"])(Value(X))
    state["scale"] = 2.0
    with pytest.raises(GraphError, match="another result"):
        np.sum(out).backward()
    own = np.random.default_rng(0)
    out = checkpoint(lambda x: x * own.random())(Value(X))
    with pytest.raises(GraphError, match="manual_seed"):
        np.sum(out).backward()


def test_a_changed_parameter_is_noticed():
    w = Value(Y)
    out = checkpoint(lambda x: x * w)(Value(X))
    w.data = Y + 1
    with pytest.raises(GraphError):
        np.sum(out).backward()


def peak(f):
    """The most memory that `f()` holds at once, in bytes."""
    tracemalloc.start()
    f()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def deep(x, wrap, blocks=16, layers=16):
    def block(x):
        for _ in range(layers):
            x = np.sin(x)
        return x

    for _ in range(blocks):
        x = wrap(block)(x)
    return np.sum(x)


def test_memory_falls_as_promised():
    """16 blocks of 16 layers: about 2·16 arrays are kept in place of 256."""
    x = np.linspace(-1, 1, 20_000)
    plain = peak(lambda: grad(lambda x: deep(x, lambda f: f))(x))
    kept = peak(lambda: grad(lambda x: deep(x, checkpoint))(x))
    assert plain > 256 * x.nbytes
    assert kept < 48 * x.nbytes


def test_memory_falls_at_second_order():
    x = np.linspace(-1, 1, 20_000)
    plain = peak(lambda: hvp(lambda x: deep(x, lambda f: f))(x, x))
    kept = peak(lambda: hvp(lambda x: deep(x, checkpoint))(x, x))
    assert kept < plain / 4
