"""What samples do not show: edges, warnings, precision, ties, operators and methods of NumPy functions on Values."""

import numpy as np
import pytest

from tinygrad_edu import Value, walk
from tinygrad_edu.errors import DegenerateError, UnsupportedError
from tinygrad_edu.numpy_protocol.registry import bare
from tinygrad_edu.testing import gradcheck

X = np.array([[1.5, -2.0], [0.5, 3.0]])
inf, nan = np.inf, np.nan


def slopes(f, *data):
    """The gradients of the sum of f by all its inputs."""
    leaves = [Value(x) for x in data]
    found = walk(f(*leaves).sum())
    return [found[leaf] for leaf in leaves]


EDGES = [
    ("arctan, whose slope would overflow", np.arctan, [[1e200, -1e30]], [[0, 1e-60]]),
    ("arcsinh, whose slope would overflow", np.arcsinh, [[1e200]], [[1e-200]]),
    ("arccosh, whose slope would overflow", np.arccosh, [[1e200]], [[1e-200]]),
    ("arctan2 of large numbers", np.arctan2, [[1e200], [1e200]], [[5e-201], [-5e-201]]),
    ("arcsin near 1", np.arcsin, [[1 - 1e-14]], [[1 / np.sqrt(1.9984014443252818e-14)]]),
    ("hypot at the origin", np.hypot, [[0.0], [0.0]], [[0], [0]]),
    ("hypot of large numbers", np.hypot, [[3e200], [4e200]], [[0.6], [0.8]]),
    ("expm1 far below 0", np.expm1, [[-50.0]], [[np.exp(-50.0)]]),
    ("log1p near 0", np.log1p, [[1e-20]], [[1]]),
    ("logaddexp of large numbers", np.logaddexp, [[1000.0], [1000.0]], [[0.5], [0.5]]),
    ("logaddexp of nothing", np.logaddexp, [[-inf], [-inf]], [[0], [0]]),
    ("logaddexp of something and nothing", np.logaddexp, [[1.0], [-inf]], [[1], [0]]),
    ("logaddexp of infinity", np.logaddexp, [[inf], [1.0]], [[1], [0]]),
    ("logaddexp2 of far numbers", np.logaddexp2, [[0.0], [-2000.0]], [[1], [0]]),
    ("sinc at 0", np.sinc, [[0.0]], [[0]]),
    ("sinc near 0", np.sinc, [[1e-5]], [[-np.pi**2 / 3 * 1e-5]]),
    ("i0 far out", np.i0, [[-100.0]], [[-1.0683693903381569e42]]),
    ("cumprod through zeros", np.cumprod, [[0.0, 2.0, 0.0, 3.0]], [[3, 0, 0, 0]]),
    ("cumprod of one", np.cumprod, [[5.0]], [[1]]),
    ("median of an even number", np.median, [[1.0, 4, 2, 3]], [[0, 0, 0.5, 0.5]]),
    ("median beside a tie", np.median, [[1.0, 2, 2]], [[0, 1, 0]]),
    ("nanmean of a row", np.nanmean, [[1.0, nan, 3]], [[0.5, 0, 0.5]]),
    ("nanmax", np.nanmax, [[1.0, nan, 3]], [[0, 0, 1]]),
    ("fmax beside a nan", np.fmax, [[nan, 1.0], [2.0, nan]], [[0, 1], [1, 0]]),
    ("fmin of two nans", np.fmin, [[nan], [nan]], [[0], [1]]),
    ("nanvar of one number", lambda x: np.nanvar(x), [[2.0, nan]], [[0, 0]]),
    ("nanstd of a constant", lambda x: np.nanstd(x), [[2.0, nan, 2.0]], [[0, 0, 0]]),
    ("nan_to_num", np.nan_to_num, [[nan, inf, 2.0]], [[0, 0, 1]]),
    ("sort with ties", np.sort, [[2.0, 1, 2]], [[1, 1, 1]]),
    ("unique", np.unique, [[2.0, 1, 2]], [[1, 1, 0]]),
    ("take twice", lambda x: np.take(x, [0, 0, -1]), [[1.0, 2, 3]], [[2, 0, 1]]),
    ("trim_zeros", np.trim_zeros, [[0.0, 1, 0, 2, 0]], [[0, 1, 1, 1, 0]]),
    ("piecewise sees only its piece", lambda x: np.piecewise(x, [x > 0], [np.log, 0.0]), [[-1.0, 2.0]], [[0, 0.5]]),
    ("maximum.accumulate", np.maximum.accumulate, [[1.0, 3, 2, 4]], [[1, 2, 0, 1]]),
    ("interp at a knot", lambda x: np.interp(x, [0.0, 1, 2], [0.0, 1, 4]), [[1.0]], [[3]]),
    ("interp beyond the knots", lambda x: np.interp(x, [0.0, 1], [0.0, 1]), [[-1.0, 2.0]], [[0, 0]]),
    ("remainder", np.remainder, [[-5.0], [3.0]], [[1], [2]]),
    ("fmod", np.fmod, [[-5.0], [3.0]], [[1], [1]]),
    ("copysign at 0", lambda x: np.copysign(x, -1.0), [[0.0, 2.0]], [[0, -1]]),
    ("heaviside at 0", lambda h: np.heaviside([0.0, 1.0], h), [[0.5, 0.5]], [[1, 0]]),
    ("polyval at 0", lambda x: np.polyval([1.0, 2.0, 3.0], x), [0.0], [2]),
    ("vander at 0", lambda x: np.vander(x, 3), [[0.0]], [[1]]),
    ("geomspace keeps its ends", lambda a, b: np.geomspace(a, b, 3)[-1], [2.0, 8.0], [0, 1]),
    ("linspace keeps its ends", lambda a, b: np.linspace(a, b, 7)[-1], [2.0, 8.0], [0, 1]),
    ("a masked sum", lambda x: np.sum(x, where=[True, False]), [[1.0, nan]], [[1, 0]]),
    ("a masked max of nothing", lambda x: np.max(x, where=False, initial=0.0), [[1.0, 2.0]], [[0, 0]]),
]  # fmt: skip


@pytest.mark.parametrize(("f", "data", "expected"), [row[1:] for row in EDGES], ids=[row[0] for row in EDGES])
def test_gradients_are_right_at_the_edges_without_a_warning(f, data, expected):
    for mine, right in zip(slopes(f, *data), expected, strict=True):
        np.testing.assert_allclose(mine, right, rtol=1e-9, atol=0)


@pytest.mark.parametrize("f", [np.arctan, np.arcsinh, np.expm1, np.log1p, np.sinc, np.i0, np.cumprod, np.cosh, np.exp2])
def test_single_precision_gradients_are_those_of_double_precision(f):
    x = np.array([1e-4, 0.31, 0.33, 2.5], np.float32)
    (single,), (double,) = slopes(f, x), slopes(f, x.astype(np.float64))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=3e-5)


def test_a_warning_is_numpys():
    with pytest.warns(RuntimeWarning, match="All-NaN slice") as caught:
        np.nanmax(Value([[nan, nan], [1.0, nan]]), axis=1)
    assert len(caught) == 1
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        np.log2(Value([0.0]))
    with pytest.warns(RuntimeWarning, match="invalid value"):
        np.arcsin(Value([2.0]))


def test_the_median_of_a_row_with_a_nan_is_nan_and_the_others_are_not():
    v = np.median(Value([[1.0, nan, 2.0], [3.0, 1.0, 2.0]]), axis=1)
    np.testing.assert_array_equal(v.data, [nan, 2.0])


def test_an_all_nan_row_has_a_nan_quantile_and_a_warning():
    with pytest.warns(RuntimeWarning, match="All-NaN slice"):
        v = np.nanmedian(Value([[nan, nan], [3.0, 1.0]]), axis=1)
    np.testing.assert_array_equal(v.data, [nan, 2.0])


def test_remainder_and_whole_quotient_have_their_operators():
    x = Value(7.5)
    (x % 2 + 10 % x).backward()
    assert x.grad == 1 - 10 // 7.5
    assert (x // 2, 20 // x) == (3, 2)
    assert not isinstance(x // 2, Value)
    assert [part.item() for part in np.divmod(x, 2)] == [3, 1.5]
    quotient, rest = divmod(x, 2)
    assert (quotient.item(), rest.item(), rest.requires_grad) == (3, 1.5, True)
    assert [part.item() for part in divmod(10, x)] == [1, 2.5]


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "diagonal", "trace", "argsort"])
def test_methods_give_what_numpys_give(name):
    ours = getattr(Value(X), name)()
    np.testing.assert_array_equal(bare(ours), getattr(X, name)())
    assert Value(X).take([0, 3]).data.tolist() == X.take([0, 3]).tolist()
    assert Value(X).repeat(2, 0).data.tolist() == X.repeat(2, 0).tolist()


@pytest.mark.parametrize("options", [{"where": X > 0}, {"dtype": np.float32}])
def test_a_ufuncs_options_are_refused_by_name(options):
    with pytest.raises(UnsupportedError, match=f"np.exp.*{next(iter(options))}"):
        np.exp(Value(X), **options)


def test_the_uneven_choice_and_split_are_refused_as_numpy_refuses_them():
    with pytest.raises(ValueError, match="equal parts"):
        np.split(Value(X), 3)
    with pytest.raises(ValueError, match="choices"):
        np.choose([2], [Value(X), X])
    with pytest.raises(ValueError, match="initial"):
        np.max(Value(X), where=X > 0)
    with pytest.raises(ZeroDivisionError):
        np.average(Value(X), axis=0, weights=[1.0, -1.0])


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
@pytest.mark.parametrize("f", [np.sum, np.cumsum, np.sort, np.flip, np.ravel, np.nansum, np.diff, np.tril, np.unique])
def test_nothing_in_gives_what_numpy_gives(f, shape):
    np.testing.assert_array_equal(f(Value(np.zeros(shape))).data, f(np.zeros(shape)))


@pytest.mark.filterwarnings("ignore:`row_stack` alias is deprecated")
def test_functions_that_reach_values_by_others_are_differentiable_twice():
    gradcheck(lambda x: np.row_stack([x, x**2]), X[0])
    gradcheck(lambda x: np.fromfunction(lambda i, j: (i - j) * x**3, (2, 2)), X)


@pytest.mark.parametrize("p", [[1.0, -2.0, 1.0], [1.0, 0.0, 0.0], [2.0, 0.0, 4.0, 0.0, 2.0]])
def test_roots_that_meet_have_no_derivative(p):
    with pytest.raises(DegenerateError, match=r"roots that meet.*np\.polyval"):
        np.roots(Value(p))


def test_a_root_feels_coefficients_that_are_zero():
    x = Value([0.0, 1.0, -3.0, 1.0])  # the first coefficient: δr = -r³/p'(r)
    roots = np.roots(x)
    roots[0].backward()
    r = np.roots(x.data)[0]
    np.testing.assert_allclose(x.grad, -(r ** np.arange(3, -1, -1.0)) / (2 * r - 3))
    assert np.roots(Value([2.0])).shape == (0,)


@pytest.mark.parametrize("size", [1e20, 1e-25, 3e37, 1e-37])
@pytest.mark.parametrize("x", [[3.0, -4.0], [[3.0, -4.0], [0.0, 0.0]], [0.6 + 0.8j, 0.0]])
def test_a_norm_is_right_in_single_precision_where_its_squares_are_not(x, size):
    wide = np.asarray(x) * (size / 4)
    single = Value(wide.astype(np.complex64 if np.iscomplexobj(wide) else np.float32))
    norm = np.linalg.norm(single, axis=-1)
    np.testing.assert_allclose(norm.data / size, np.linalg.norm(wide, axis=-1) / size, rtol=1e-6)
    (double,) = slopes(lambda v: np.linalg.norm(v, axis=-1), wide)
    np.testing.assert_allclose(walk(norm.sum())[single], double, rtol=1e-6)


def test_the_norm_of_infinity_and_nan_is_that():
    assert np.linalg.norm(Value([inf, 1.0])).data == inf
    assert np.isnan(np.linalg.norm(Value([nan, 1e300])).data)
