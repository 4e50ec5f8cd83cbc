"""Complex numbers: gradients of first and second order are PyTorch's, and real inputs keep real gradients."""

import numpy as np
import pytest

from tinygrad_edu import Value, grad, hessian, jacobian, jvp, sigmoid, vjp, walk
from tinygrad_edu.errors import GraphError
from tinygrad_edu.testing import gradcheck

Z = np.array([[0.5 - 1.0j, -2.0 + 0.25j], [1.2 + 0.4j, -0.3 - 0.7j]])
W = np.array([[1.0 + 0.5j, 0.3 - 1.0j], [-0.7 + 0.2j, 2.0 - 0.1j]])
X = np.array([[0.5, -1.5], [2.0, 0.25]])

# (function of (np or torch), inputs)
CASES = {
    "add": (lambda m, z, w: z + w, Z, W),
    "a real and a complex sum": (lambda m, x, w: x + w, X, W),
    "broadcast sum": (lambda m, x, w: x + w, X[0], W),
    "sub": (lambda m, z, w: z - w, Z, W),
    "mul": (lambda m, z, w: z * w, Z, W),
    "a real times a complex": (lambda m, x, w: x * w * 1j, X, W),
    "div": (lambda m, z, w: z / w, Z, W),
    "a real over a complex": (lambda m, x, w: x / w, X, W),
    "whole power": (lambda m, z: z**3, Z),
    "power": (lambda m, z, w: z**w, Z, W),
    "complex power of a real": (lambda m, x, w: (x * x) ** w, X, W),
    "exp": (lambda m, z: m.exp(z), Z),
    "log": (lambda m, z: m.log(z), Z),
    "log2": (lambda m, z: m.log2(z), Z),
    "log10": (lambda m, z: m.log10(z), Z),
    "log1p": (lambda m, z: m.log1p(z), Z),
    "expm1": (lambda m, z: m.expm1(z), Z),
    "sqrt": (lambda m, z: m.sqrt(z), Z),
    "square": (lambda m, z: m.square(z), Z),
    "reciprocal": (lambda m, z: m.reciprocal(z), Z),
    "sin": (lambda m, z: m.sin(z), Z),
    "cos": (lambda m, z: m.cos(z), Z),
    "tan": (lambda m, z: m.tan(z), Z),
    "sinh": (lambda m, z: m.sinh(z), Z),
    "cosh": (lambda m, z: m.cosh(z), Z),
    "tanh": (lambda m, z: m.tanh(z), Z),
    "arcsin": (lambda m, z: m.arcsin(z), Z),
    "arccos": (lambda m, z: m.arccos(z), Z),
    "arctan": (lambda m, z: m.arctan(z), Z),
    "arcsinh": (lambda m, z: m.arcsinh(z), Z),
    "arccosh": (lambda m, z: m.arccosh(z), Z),
    "arctanh": (lambda m, z: m.arctanh(z), Z),
    "abs": (lambda m, z: m.abs(z), Z),
    "angle": (lambda m, z: m.angle(z), Z),
    "angle of a real": (lambda m, x: m.angle(x) * x, X),
    "real": (lambda m, z: m.real(z) * m.imag(z), Z),
    "imag": (lambda m, z: m.imag(z * z), Z),
    "conj": (lambda m, z: m.conj(z) * z * z, Z),
    "conj of a real": (lambda m, x: m.conj(x) * 1j, X),
    "attributes": (lambda m, z: z.real * z.conj() + z.imag, Z),
    "matmul": (lambda m, z, w: z @ w, Z, W),
    "a real matrix times a complex": (lambda m, x, w: (x if m is np else x + 0j) @ w, X, W),
    "matrix times vector": (lambda m, z, w: z @ w[0], Z, W),
    "sum": (lambda m, z: m.sum(z, 0), Z),
    "mean": (lambda m, z: z.mean(1), Z),
    "prod": (lambda m, z: m.prod(z, 1), Z),
    "cumsum": (lambda m, z: m.cumsum(z, 0), Z),
    "cumprod": (lambda m, z: m.cumprod(z, 0), Z),
    "where": (lambda m, z, w: m.where(m.abs(z) > 1, z, w * z), Z, W),
    "indexing": (lambda m, z: z[[0, 0, 1], [1, 1, 0]] * z[0, 1], Z),
    "concatenate": (lambda m, z, w: m.concatenate([z, w * z]), Z, W),
    "einsum": (lambda m, z, w: m.einsum("ij,jk->ki", z, w), Z, W),
    "vdot": (lambda m, z, w: m.vdot(z[0], w[1]), Z, W),
    "transpose": (lambda m, z: z.T * 1j, Z),
    "sign": (lambda m, z: m.sign(z) if m is np else m.sgn(z), Z),
    "norm": (lambda m, z: m.linalg.norm(z), Z),
    "a real function of a complex path": (lambda m, x: m.abs(m.exp(x * 1j) + x) ** 2, X),
}


def upstream(out):
    """A gradient of the output, complex if it is."""
    rng = np.random.default_rng(1)
    g = rng.uniform(0.5, 1.5, out.shape)
    return g + 1j * rng.uniform(0.5, 1.5, out.shape) if out.dtype.kind == "c" else g


def energy(gradients):
    """A real number that changes with every part of every gradient, of Values or tensors."""
    parts = [0.3 * g.real**2 + (0.7 * g.imag**2 if "complex" in str(g.dtype) else 0) for g in gradients]
    return sum(part.sum() for part in parts)


def array(g, like):
    """A gradient of either library as an array."""
    if g is None:
        return np.zeros(like.shape)
    return g.detach().resolve_conj().numpy() if hasattr(g, "detach") and not isinstance(g, Value) else np.asarray(g)


def close(found, expected, like):
    np.testing.assert_allclose(array(found, like), array(expected, like), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", CASES)
def test_first_and_second_order_are_those_of_pytorch(name):
    torch = pytest.importorskip("torch")
    f, *inputs = CASES[name]
    values, tensors = [Value(x) for x in inputs], [torch.tensor(x, requires_grad=True) for x in inputs]
    out, twin = f(np, *values), f(torch, *tensors)
    close(out.data, twin, out)
    g = upstream(out)
    out.backward(g, create_graph=True)
    ours = [value.grad for value in values]
    theirs = torch.autograd.grad(twin, tensors, torch.tensor(g), create_graph=True)
    for value, mine, want in zip(values, ours, theirs, strict=True):
        assert mine.dtype == value.dtype
        close(getattr(mine, "data", mine), want, value)
        value.zero_grad()
    if not any(want.requires_grad for want in theirs):
        return
    energy([g for g in ours if isinstance(g, Value)]).backward()
    second = torch.autograd.grad(energy([g for g in theirs if g.requires_grad]), tensors, allow_unused=True)
    for value, want in zip(values, second, strict=True):
        close(value._grad, want, value)


def test_the_gradient_points_uphill():
    """A step against the gradient makes |z - 1|² smaller, as gradient descent needs."""
    z = Value(3 + 4j)
    for _ in range(100):
        loss = np.abs(z - 1) ** 2
        z.zero_grad()
        loss.backward()
        z.data = z.data - 0.1 * z.grad
    assert abs(z.item() - 1) < 1e-8


def test_a_walk_passes_on_the_derivative_as_it_is_written():
    """A walk is g · f'(z); what callers get is its conjugate."""
    z = Value(0.5 + 1j)
    out = np.real(np.sin(z))
    assert walk(out)[z] == np.cos(z.data)
    out.backward()
    assert z.grad == np.conj(np.cos(z.data))
    assert grad(lambda z: np.real(np.sin(z)))(z.data) == z.grad


def test_a_complex_number_has_no_gradient_without_an_upstream_gradient():
    z = Value(1j)
    with pytest.raises(GraphError, match=r"complex.*np\.real"):
        (z * 2).backward()
    (z * 2).backward(1 + 1j)
    assert z.grad == 2 + 2j


def test_sigmoid_of_complex_numbers_is_its_formula():
    np.testing.assert_allclose(sigmoid(Value(Z)).data, 1 / (1 + np.exp(-Z)))
    gradcheck(sigmoid, Z)


def test_kinks_at_zero_give_zero():
    z = Value(np.zeros(2, complex))
    for f in (lambda z: np.sum(np.abs(z)), lambda z: np.sum(np.angle(z)), np.linalg.norm):
        z.zero_grad()
        f(z).backward()
        assert z.grad.tolist() == [0, 0]


def test_single_precision_stays_single():
    z = Value(Z.astype(np.complex64))
    np.sum(np.abs(np.exp(z)) * np.angle(z) + np.imag(z)).backward()
    assert z.grad.dtype == np.complex64
    x = Value(X.astype(np.float32))
    np.sum(np.abs(np.exp(x * 1j))).backward()
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize("f", [np.var, np.std, np.linalg.norm])
def test_spread_of_complex_numbers(f):
    """The squares are |z|², so these are functions of the real and imaginary parts together."""
    gradient = grad(f)(Z)
    parts = np.concatenate([Z.real.ravel(), Z.imag.ravel()])
    real = grad(lambda p: np.sqrt(np.var(p[:4]) + np.var(p[4:])) if f is np.std else np.var(p[:4]) + np.var(p[4:]))
    expected = (parts / np.linalg.norm(parts)) if f is np.linalg.norm else real(parts)
    np.testing.assert_allclose(gradient.ravel(), expected[:4] + 1j * expected[4:], rtol=1e-12)


def test_products_with_jacobians_of_complex_functions():
    _, tangent = jvp(lambda z: z * z * np.conj(z), (Z,), (W,))
    np.testing.assert_allclose(tangent, 2 * Z * np.conj(Z) * W + Z * Z * np.conj(W))
    _, pull = vjp(np.sin, Z)
    np.testing.assert_allclose(pull(W)[0], W * np.conj(np.cos(Z)))
    waves = jacobian(lambda x: np.exp(1j * x))(X[0])
    np.testing.assert_allclose(waves, np.diag(1j * np.exp(1j * X[0])))
    np.testing.assert_allclose(hessian(lambda x: np.abs(np.exp(1j * x) + 1) ** 2)(0.3), -2 * np.cos(0.3))
