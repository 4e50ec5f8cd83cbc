"""grad, value_and_grad, elementwise_grad, vjp, jvp, jacobian, hessian, hvp: right, nested, and never silently wrong."""

import numpy as np
import pytest

from tinygrad_edu import (
    Value,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    softplus,
    value_and_grad,
    vjp,
    walk,
)
from tinygrad_edu.errors import GraphError, ShapeError, UnsupportedError

X = np.array([[0.5, -1.0, 2.0], [0.25, 1.5, -0.75]])
V = np.array([[1.0, 0.5, -2.0], [3.0, -1.0, 0.25]])
W = np.array([0.3, -0.2, 0.7])


def energy(x):
    return np.sum(np.sin(x) * np.exp(x / 2)) + np.prod(x[0]) * x[1, 2] ** 3


def field(x):
    return np.tanh(x @ W) * x[:, 0] ** 2


def close(a, b, tolerance=1e-10):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# What comes in decides what comes out


def test_arrays_give_arrays_and_values_give_values():
    assert type(grad(energy)(X)) is np.ndarray
    assert type(grad(np.sin)(0.5)) is np.float64
    assert isinstance(grad(energy)(Value(X)), Value)


def test_the_gradient_of_single_precision_is_single():
    assert grad(energy)(X.astype(np.float32)).dtype == np.float32
    assert jacobian(field)(X.astype(np.float32)).dtype == np.float32
    assert hessian(energy)(X.astype(np.float32)).dtype == np.float32


def test_integers_become_double_precision():
    gradient = grad(lambda x: np.sum(x**2))(np.array([1, 2]))
    assert gradient.dtype == np.float64
    assert gradient.tolist() == [2.0, 4.0]


def test_gradients_can_be_written_to_and_share_no_memory():
    first, second = grad(lambda x, y: np.sum(x + y), (0, 1))(X, V)
    first[:] = 7
    assert second.tolist() == np.ones_like(X).tolist()


def test_trees_of_arguments_give_trees_of_gradients():
    tree = {"w": [X, (W, None)], "b": 2.0}
    gradient = grad(lambda p: np.sum(p["w"][0] @ p["w"][1][0]) * p["b"])(tree)
    assert gradient["w"][1][1] is None
    assert isinstance(gradient["w"][1], tuple)
    close(gradient["w"][1][0], 2 * X.sum(0))
    close(gradient["b"], np.sum(X @ W))


def test_argnums_choose_arguments_also_from_the_end():
    def f(x, y, *, scale):
        return scale * x * y**2

    assert grad(f, 1)(2.0, 3.0, scale=10) == 120
    assert grad(f, -1)(2.0, 3.0, scale=10) == 120
    assert grad(f, (1, 0))(2.0, 3.0, scale=10) == (120, 90)


def test_value_and_aux_come_along():
    def f(x):
        return np.sum(x**2), {"double": 2 * x}

    (value, aux), gradient = value_and_grad(f, has_aux=True)(W)
    close(value, np.sum(W**2))
    assert type(aux["double"]) is np.ndarray
    close(gradient, 2 * W)
    assert grad(f, has_aux=True)(W)[1].keys() == {"double"}


def test_no_grad_attribute_is_touched():
    x, w = Value(X), Value(W)
    grad(lambda x: np.sum(field(x) @ x @ w))(x)
    jacobian(field)(x), hvp(energy)(x, V), jvp(field, (x,), (V,))
    assert x.grad is None
    assert w.grad is None


def test_an_output_without_the_input_has_gradient_zero():
    assert grad(lambda x: 3.0)(X).tolist() == np.zeros_like(X).tolist()
    w = Value(2.0)
    with no_grad():
        assert grad(lambda x: w * 2)(1.0) == 0
    assert hessian(lambda x: np.sum(x * 2))(W).tolist() == np.zeros((3, 3)).tolist()
    assert jvp(lambda x: np.ones(2), (W,), (W,))[1].tolist() == [0, 0]


# Nesting


def test_derivatives_nest_to_any_order():
    f, expected = np.sin, [np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin]
    for derivative in expected:
        f = grad(f)
        close(f(0.7), derivative(0.7))


def test_a_derivative_sees_the_variable_of_the_one_around_it():
    # d/dy (d/dx x·y³ at x = 2) = 3y²: an inner gradient given as a plain array would say 0
    assert grad(lambda y: grad(lambda x: x * y**3)(2.0))(5.0) == 75
    # perturbation confusion (Siskind and Pearlmutter, 2005): the right answer is 1
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))[1] == 1
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1


def test_a_value_from_outside_keeps_its_gradient():
    # the penalty on a gradient of Gulrajani et al., 2017: it must reach the weights
    w = Value(W)
    slope = grad(lambda x: np.sum(np.tanh(x @ w)))(X)
    assert isinstance(slope, Value)
    np.sum(slope**2).backward()
    expected = grad(lambda w: np.sum(grad(lambda x: np.sum(np.tanh(x @ w)))(X) ** 2))(W)
    close(w.grad, expected)
    with no_grad():
        assert type(grad(lambda x: np.sum(np.tanh(x @ w)))(X)) is np.ndarray


def test_a_walk_with_wrt_leaves_older_values_alone():
    w, x = Value(2.0), Value(3.0)
    seen = []
    found = walk(np.sin(w * 5) * x, wrt=frozenset({x}), watch=lambda node, *_: seen.append(node.gate.name))
    assert set(found) >= {x}
    assert w not in found
    middle = w * 5
    found = walk(np.sin(middle) * w, wrt=frozenset({middle, w}))
    close(found[middle], 2 * np.cos(10.0))
    close(found[w], np.sin(10.0))


def test_hessian_and_its_product_with_a_vector_agree():
    h = hessian(energy)(X)
    assert h.shape == X.shape * 2
    close(h, np.transpose(h, (2, 3, 0, 1)))
    close(hvp(energy)(X, V), np.tensordot(h, V, 2))
    close(jvp(grad(energy), (X,), (V,))[1], np.tensordot(h, V, 2))


def test_hvp_forms_no_matrix():
    n = 300_000
    x = np.linspace(0, 1, n)
    close(hvp(lambda x: np.sum(np.sin(x) * x))(x, x), x * (2 * np.cos(x) - x * np.sin(x)))


def test_hessian_of_trees_has_a_block_for_each_pair():
    blocks = hessian(lambda p: p["a"] ** 2 * np.sum(p["b"] ** 2))({"a": 3.0, "b": W})
    close(blocks["a"]["a"], 2 * np.sum(W**2))
    close(blocks["a"]["b"], 4 * 3 * W)
    close(blocks["b"]["b"], 2 * 9 * np.eye(3))
    both = hessian(lambda x, y: x * y**2, (0, 1))(2.0, 3.0)
    assert both == ((0, 6), (6, 4))


# Jacobians and products with them


def test_vjp_and_jvp_are_the_two_products_with_the_jacobian():
    j, u = jacobian(field)(X), np.array([2.0, -1.0])
    assert j.shape == (2, 2, 3)
    out, pull = vjp(field, X)
    close(out, field(X))
    close(pull(u)[0], np.tensordot(u, j, 1))
    out, tangent = jvp(field, (X,), (V,))
    close(out, field(X))
    close(tangent, np.tensordot(j, V, 2))


def test_a_wide_and_a_tall_jacobian_agree():
    """Rows are made by walks back, columns by walks forward."""
    tall = jacobian(lambda x: np.outer(np.sin(x), x))(W)
    wide = np.stack([jacobian(lambda x, i=i: np.outer(np.sin(x), x).ravel()[i])(W) for i in range(9)])
    close(tall.reshape(9, 3), wide)


def test_vjp_and_jvp_of_trees():
    def f(p, q):
        return {"sum": p["a"] + q, "product": [p["a"] * q]}

    out, pull = vjp(f, {"a": W}, 2.0)
    close(out["product"][0], 2 * W)
    by_p, by_q = pull({"sum": np.ones(3), "product": [W]})
    close(by_p["a"], 1 + 2 * W)
    close(by_q, 3 + np.sum(W * W))
    tangent = jvp(f, ({"a": W}, 2.0), ({"a": V[0]}, 0.5))[1]
    close(tangent["sum"], V[0] + 0.5)
    close(tangent["product"][0], 2 * V[0] + 0.5 * W)
    close(jacobian(f, 1)({"a": W}, 2.0)["product"][0], W)


def test_jacobians_of_empty_arrays_are_empty():
    assert jacobian(lambda x: x[:0])(W).shape == (0, 3)
    assert jacobian(lambda x: np.ones(2) * np.sum(x))(W[:0]).shape == (2, 0)


def test_elementwise_grad_is_the_derivative_at_each_element():
    close(elementwise_grad(elementwise_grad(np.tanh))(X), -2 * np.tanh(X) * (1 - np.tanh(X) ** 2))
    close(elementwise_grad(np.multiply, 1)(X, V), X)


def test_pull_of_a_value_is_differentiated_by_it():
    _, pull = vjp(np.sin, X)
    g = Value(V)
    np.sum(pull(g)[0] * X).backward()
    close(g.grad, np.cos(X) * X)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch's own
@pytest.mark.parametrize("at", [X, X[:1], np.asfortranarray(X), X.T[::2].T])
def test_all_agree_with_pytorch(at):
    torch = pytest.importorskip("torch")

    def theirs(x):
        return torch.sum(torch.sin(x) * torch.exp(x / 2)) + torch.prod(x[0]) * x[-1, -1] ** 3

    def ours(x):
        return np.sum(np.sin(x) * np.exp(x / 2)) + np.prod(x[0]) * x[-1, -1] ** 3

    t, v = torch.tensor(at.copy()), np.cos(at)
    close(grad(ours)(at), torch.func.grad(theirs)(t).numpy())
    close(hessian(ours)(at), torch.func.hessian(theirs)(t).numpy())
    close(hvp(ours)(at, v), torch.func.jvp(torch.func.grad(theirs), (t,), (torch.tensor(v),))[1].numpy())
    third = torch.func.jacrev(torch.func.hessian(theirs))(t).numpy()
    close(jacobian(hessian(ours))(at), third)


def test_kinks_and_unused_branches_stay_right_at_second_order():
    f = lambda x: np.sum(np.where(x > 0, np.log(x) * x, 0))
    with np.errstate(all="ignore"):
        assert hessian(f)(np.array([2.0, 0.0, -1.0])).tolist() == np.diag([0.5, 0, 0]).tolist()
        assert jvp(f, (np.array([1.0, 0.0]),), (np.ones(2),))[1] == 1
    close(hessian(lambda x: np.sum(softplus(x)))(np.array([800.0, 0.0, -800.0])), np.diag([0, 0.25, 0]))


# Errors that say what to do


def test_a_vector_has_no_gradient():
    with pytest.raises(ShapeError, match=r"grad\(field\): the function returned shape \(2,\), not a scalar.*jacobian"):
        grad(field)(X)
    with pytest.raises(ShapeError, match="returned a tuple"):
        grad(lambda x: (x, x))(1.0)


def test_a_complex_output_has_no_gradient():
    with pytest.raises(GraphError, match=r"complex.*np\.real"):
        grad(lambda x: x * 1j)(1.0)


def test_wrong_arguments_are_named():
    with pytest.raises(IndexError, match="argnums=1, but the function got 1 positional"):
        grad(np.sin, 1)(1.0)
    with pytest.raises(TypeError, match="arguments are counted"):
        grad(np.sin, "x")(1.0)
    with pytest.raises(TypeError, match="has_aux"):
        grad(np.sin, has_aux=True)(1.0)
    with pytest.raises(
        ShapeError, match=r"tangents of shapes \(\(3,\),\) do not fit arguments of shapes \(\(2, 3\),\)"
    ):
        jvp(field, (X,), (W,))
    with pytest.raises(TypeError, match=r"jvp\(f, \(x,\), \(v,\)\)"):
        jvp(field, X, V)
    with pytest.raises(ShapeError, match="tree like the output"):
        vjp(field, X)[1]((1.0, 2.0))
    with pytest.raises(ShapeError, match=r"\(3,\) does not fit"):
        vjp(field, X)[1](np.ones(3))
    with pytest.raises(ShapeError, match="not element by element"):
        elementwise_grad(field)(X)
    with pytest.raises(TypeError, match="can't be differentiated"):
        grad(lambda x: 1.0)("text")
    with pytest.raises(UnsupportedError, match=r"np\.real"):
        jacobian(lambda z: z * 2)(np.array([1j]))
