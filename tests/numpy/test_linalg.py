"""numpy.linalg where it is delicate: repeated values, missing rank, phases of complex vectors, singular matrices."""

import numpy as np
import pytest

from tinygrad_edu import Value, grad, hessian
from tinygrad_edu.errors import DegenerateError, ShapeError, UnsupportedError
from tinygrad_edu.testing import gradcheck

A = np.array([[1.5, -2.1, 0.3], [0.25, 3.2, -0.6], [0.7, 0.4, 2.1]])
Z = A + 1j * np.array([[0.3, 1.1, -0.4], [-0.8, 0.2, 0.9], [0.5, -0.7, 0.1]])
TALL = Z[:, :2]


def close(a, b, tolerance=1e-9):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# Complex decompositions agree with PyTorch's, by functions that do not see the phase of a vector


def outer_products(m, v):
    """Σ k · vₖ vₖᴴ weighted, read as real numbers: the projectors, which have no phase."""
    n = v.shape[-1]
    weights = np.arange(1.0, n + 1) ** 2
    rows = sum(weights[k] * v[..., :, k, None] * m.conj(v[..., None, :, k]) for k in range(n))
    return m.sum(m.real(rows) * 0.3 + m.imag(rows) ** 2)


COMPLEX = {
    "eigh": lambda m, z: outer_products(m, m.linalg.eigh(z @ m.conj(z.T) + z + m.conj(z.T))[1]),
    "eig": lambda m, z: outer_products(m, m.linalg.eig(z)[1]),
    "eigvals": lambda m, z: m.sum(m.abs(m.linalg.eigvals(z)) ** 3),
    "svd": lambda m, z: outer_products(m, m.linalg.svd(z, full_matrices=False)[0]),
    "svd right": lambda m, z: outer_products(m, m.conj(m.linalg.svd(z, full_matrices=False)[2]).T),
    "svd of a product": lambda m, z: m.sum(m.abs(joined(m, m.linalg.svd(z, full_matrices=False))) ** 2),
    "svd, wide": lambda m, z: outer_products(m, m.conj(m.linalg.svd(z.T, full_matrices=False)[2]).T),
    "qr": lambda m, z: outer_products(m, m.linalg.qr(z)[0]),
    "cholesky": lambda m, z: (
        m.sum(m.abs(m.linalg.cholesky(z @ m.conj(z.T) + 3 * np.eye(3)) - 1) ** 2)
        if m is np
        else m.sum(m.abs(m.linalg.cholesky(z @ m.conj(z.T) + 3 * m.eye(3)) - 1) ** 2)
    ),
    "inv": lambda m, z: m.sum(m.abs(m.linalg.inv(z[:2, :2]) - 1) ** 2),
    "det": lambda m, z: m.abs(m.linalg.det(z[:2, :2]) + 1),
    "slogdet": lambda m, z: m.linalg.slogdet(z[:2, :2])[1] + m.real(m.linalg.slogdet(z[:2, :2])[0]),
    "pinv": lambda m, z: m.sum(m.abs(m.linalg.pinv(z) - 1) ** 2),
    "fft": lambda m, z: m.sum(m.abs(m.fft.fft(z) - 1) ** 3),
    "irfft": lambda m, z: m.sum(m.fft.irfft(z) ** 3),
    "hfft": lambda m, z: m.sum(m.fft.hfft(z) ** 3),
}


def joined(m, parts):
    u, s, vh = parts
    return (u * s**2) @ vh - 1


@pytest.mark.parametrize("name", COMPLEX)
@pytest.mark.parametrize("at", [Z, TALL], ids=["square", "tall"])
def test_complex_functions_have_pytorchs_gradients_of_both_orders(name, at):
    torch = pytest.importorskip("torch")
    if at is TALL and name in ("eig", "eigvals", "eigh"):
        at = Z[1:, 1:]
    f = COMPLEX[name]
    t = torch.tensor(at, requires_grad=True)
    out = f(torch, t)
    (first,) = torch.autograd.grad(out, t, create_graph=True)
    close(f(np, Value(at)).data, out.detach().numpy())
    gradient = grad(lambda z: f(np, z))
    close(gradient(at), first.detach().resolve_conj().numpy())

    def energy(g):
        return (g.real**2 * 0.3 + g.imag**2 * 0.7).sum()

    (second,) = torch.autograd.grad(energy(first), t)
    close(grad(lambda z: energy(gradient(z)))(at), second.resolve_conj().numpy(), 1e-7)


# Repeated values: what is a function of the matrix is right, what is not says so


def symmetric(x):
    return (x + x.T) / 2


REPEATED = np.diag([2.0, 2.0, -1.0])


@pytest.mark.parametrize("f", [
    lambda x: np.sum(np.linalg.eigvalsh(symmetric(x)) ** 3),
    lambda x: np.sum(np.exp(np.linalg.eigvalsh(symmetric(x)))),
    lambda x: np.sum(np.linalg.eigh(symmetric(x))[1][:, 0] ** 4),
    lambda x: np.sum(np.linalg.svdvals(x) ** 4),
    lambda x: np.linalg.norm(x, "nuc"),
    lambda x: np.log(np.linalg.det(x @ x.T)),
    lambda x: np.sum(np.real(np.linalg.eigvals(x)) ** 3),
], ids=["cubes", "exp", "a vector apart", "svd powers", "nuclear", "det", "eig"])  # fmt: skip
def test_functions_of_values_are_right_where_they_repeat(f):
    gradcheck(f, REPEATED, order=1)


@pytest.mark.parametrize("f", [
    lambda x: np.linalg.eigh(symmetric(x))[1][0, 2],
    lambda x: np.sum(np.square(projector(x) - 1)),
    lambda x: np.linalg.svd(x).U[0, 0] + np.linalg.svd(x).U[1, 1] * 2,
    lambda x: np.sum(whole_svd(x) * np.arange(9.0).reshape(3, 3)),
    lambda x: np.sum(np.linalg.eig(x)[1] * [1, 2, 3]),
])  # fmt: skip
def test_vectors_of_repeated_values_have_no_derivative(f):
    """The whole matrix put together again has one, W; but (a + b)/(s - s) is 0/0, and 0 would be wrong."""
    with pytest.raises(DegenerateError, match=r"no derivative.*Use the values to first order"):
        grad(f)(REPEATED)


def test_second_derivatives_where_values_repeat_are_refused():
    for f in (np.linalg.eigvalsh, np.linalg.svdvals):
        with pytest.raises(DegenerateError):
            hessian(lambda x, f=f: np.sum(f(x) ** 3))(REPEATED)


def projector(x):
    """On the two eigenvectors of the repeated eigenvalue together."""
    v = np.linalg.eigh(symmetric(x))[1][:, 1:]
    return v @ v.T


def whole_svd(x):
    u, s, vh = np.linalg.svd(x)
    return (u * s) @ vh


def test_one_singular_value_of_zero_leaves_the_others_differentiable():
    gradcheck(lambda x: np.sum(np.linalg.svd(x).U[:, :2] ** 2 * [[1, 2], [3, 4], [5, 6]]), A - A[:, :1] * [[1, 0, 0]])


def test_the_phase_of_complex_vectors_has_no_derivative():
    hermitian = Z + Z.conj().T
    for f in (lambda z: np.linalg.eigh(z)[1], lambda z: np.linalg.eig(z)[1], lambda z: np.linalg.svd(z)[0]):
        with pytest.raises(DegenerateError, match="phase of complex vectors"):
            grad(lambda z, f=f: np.sum(np.real(f(z) * (1 + 2j) * [1, 2, 3])))(hermitian)


def test_defective_matrices_have_no_derivative():
    for k in (0, 1):
        with pytest.raises(DegenerateError):
            grad(lambda x, k=k: np.sum(np.linalg.eig(x)[k] * [1.0, 2.0]))(np.array([[1.0, 1.0], [0.0, 1.0]]))


# Missing rank


def test_determinants_of_singular_matrices():
    singular = np.array([[1.0, 2.0], [2.0, 4.0]])
    close(grad(np.linalg.det)(singular), [[4, -2], [-2, 1]])
    nil = hessian(np.linalg.det)(np.zeros((2, 2)))
    close(nil[0, 0], [[0, 0], [0, 1]])
    close(nil[0, 1], [[0, 0], [-1, 0]])
    assert grad(np.linalg.det)(singular.astype(np.float32)).dtype == np.float32


def test_a_large_determinant_is_right_near_singular_matrices():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, 12))
    x[0] = x[1] + 1e-9 * x[0]
    expected = np.array([
        [(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(x, i, 0), j, 1)) for j in range(12)] for i in range(12)
    ])  # fmt: skip
    np.testing.assert_allclose(grad(np.linalg.det)(x), expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("f", [
    np.linalg.inv,
    lambda x: np.linalg.solve(x, np.ones(2)),
    lambda x: np.linalg.slogdet(x)[1],
    np.linalg.qr,
    lambda x: np.linalg.cond(x, 1),
])  # fmt: skip
def test_singular_matrices_are_named(f):
    def gradient(x):
        out = f(x)
        return grad(lambda x: np.sum(f(x)[1] if isinstance(out, tuple) else f(x)))(x.data)

    with np.errstate(divide="ignore", invalid="ignore"), pytest.raises(np.linalg.LinAlgError, match="Singular"):
        gradient(Value(np.ones((2, 2))))


def test_not_positive_definite_is_named_as_numpy_names_it():
    with pytest.raises(DegenerateError, match=r"gate cholesky\(x \(2, 2\)\): Matrix is not positive definite"):
        np.linalg.cholesky(Value(-np.eye(2)))


def test_the_pseudoinverse_keeps_its_rank():
    """Along matrices of rank one, where pinv(x) = xᵀ/|x|²."""
    u, v = np.array([[1.0], [2.0]]), np.array([[0.5, -1.0, 2.0]])
    found = grad(lambda u: np.sum(np.linalg.pinv(u @ v) * [[1, 2], [3, 4], [5, 6]]))(u)
    formula = grad(lambda u: np.sum((u @ v).T / np.sum((u @ v) ** 2) * [[1, 2], [3, 4], [5, 6]]))(u)
    close(found, formula)


def test_vectors_that_complete_a_basis_have_no_derivative():
    tall = A[:, :2]
    full = grad(lambda x: np.sum(np.linalg.svd(x)[0][:, :2] * [1, 2]))(tall)
    close(full, grad(lambda x: np.sum(np.linalg.svd(x, full_matrices=False)[0] * [1, 2]))(tall))
    for f in (lambda x: np.linalg.svd(x)[0], lambda x: np.linalg.qr(x, "complete")[0]):
        with pytest.raises(DegenerateError, match="full_matrices=False"):
            grad(lambda x, f=f: np.sum(f(x) * [1, 2, 3]))(tall)
    q, r = np.linalg.qr(Value(tall), "complete")
    close(q.data @ r.data, tall)


# Norms


def test_norms_at_zero_have_gradient_zero():
    for order in (None, 1, 2, 3, np.inf):
        assert grad(lambda x, order=order: np.linalg.norm(x, order))(np.zeros(3)).tolist() == [0, 0, 0]


def test_the_number_of_nonzeros_is_constant():
    assert np.linalg.norm(Value([1.0, 0.0]), 0) == 1


def test_wrong_orders_and_modes_are_named():
    x = Value(A)
    with pytest.raises(ValueError, match="norm order 'big' of matrices"):
        np.linalg.norm(x, "big")
    with pytest.raises(ValueError, match="one of matrices"):
        np.linalg.norm(x[0], "fro")
    with pytest.raises(ShapeError, match="one axis for vectors"):
        np.linalg.norm(Value(np.ones((2, 2, 2))), 2)
    with pytest.raises(UnsupportedError, match="mode"):
        np.linalg.qr(x, "raw")
    with pytest.raises(ShapeError, match="vectors"):
        np.linalg.outer(x, x)
    with pytest.raises(TypeError, match="real numbers"):
        np.fft.rfft(Value(Z))
    with pytest.raises(ShapeError, match="0 points"):
        np.fft.fft(x, 0)


def test_named_results_are_numpys():
    x = Value(A)
    assert np.linalg.svd(x).S.shape == (3,)
    assert np.linalg.eigh(x).eigenvalues.shape == (3,)
    assert np.linalg.slogdet(x).logabsdet.shape == ()
    assert np.linalg.qr(x).R.shape == (3, 3)
    assert np.linalg.matrix_rank(x) == 3
