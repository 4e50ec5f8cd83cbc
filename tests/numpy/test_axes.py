"""An axis that is not there: NumPy refuses it, and so do we, in place of counting on from the first one."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, log_softmax, logsumexp, softmax, walk

A = np.random.default_rng(0).uniform(0.5, 2, (3, 4))
BY_NAME = ["sum", "mean", "prod", "max", "min", "var", "std", "median", "nansum", "nanmean", "nanprod", "nanmax",
           "nanmin",
           "nanvar", "nanstd", "nanmedian", "ptp", "average", "cumsum", "cumprod", "cumulative_sum", "cumulative_prod",
           "nancumsum", "nancumprod", "flip", "sort", "diff", "gradient", "trapezoid", "unwrap", "unstack",
           "expand_dims", "squeeze", "linalg.norm", "linalg.vector_norm", "fft.fft", "fft.rfft",
           "fft.irfft"]  # fmt: skip


def called(name: str) -> Callable[[Any, int], Any]:
    function: Any = np
    for part in name.split("."):
        function = getattr(function, part)
    return lambda x, axis: function(x, axis=axis)


CALLS: dict[str, Callable[[Any, int], Any]] = {
    **{name: called(name) for name in BY_NAME if "." in name or hasattr(np, name)},
    "partition": lambda x, axis: np.partition(x, 1, axis=axis),
    "repeat": lambda x, axis: np.repeat(x, 2, axis=axis),
    "quantile": lambda x, axis: np.quantile(x, 0.3, axis=axis),
    "nanquantile": lambda x, axis: np.nanquantile(x, 0.3, axis=axis),
    "median of two axes": lambda x, axis: np.median(x, axis=(0, axis)),
    "sum of two axes": lambda x, axis: np.sum(x, axis=(0, axis)),
    "masked mean": lambda x, axis: np.mean(x, axis=axis, where=A > 1),
    "take": lambda x, axis: np.take(x, [0], axis=axis),
    "take_along_axis": lambda x, axis: np.take_along_axis(x, np.zeros((3, 4), int), axis),
    "compress": lambda x, axis: np.compress([True], x, axis=axis),
    "delete": lambda x, axis: np.delete(x, 0, axis=axis),
    "insert": lambda x, axis: np.insert(x, 0, 1, axis=axis),
    "append": lambda x, axis: np.append(x, A, axis=axis),
    "concatenate": lambda x, axis: np.concatenate([x, A], axis=axis),
    "stack": lambda x, axis: np.stack([x, A], axis=axis),
    "split": lambda x, axis: np.split(x, 1, axis=axis),
    "array_split": lambda x, axis: np.array_split(x, 2, axis=axis),
    "roll": lambda x, axis: np.roll(x, 1, axis=axis),
    "rot90": lambda x, axis: np.rot90(x, 1, (0, axis)),
    "flip of two axes": lambda x, axis: np.flip(x, (0, axis)),
    "moveaxis": lambda x, axis: np.moveaxis(x, axis, 0),
    "moveaxis to": lambda x, axis: np.moveaxis(x, 0, axis),
    "rollaxis": lambda x, axis: np.rollaxis(x, axis),
    "swapaxes": lambda x, axis: np.swapaxes(x, 0, axis),
    "trace": lambda x, axis: np.trace(x, 0, 0, axis),
    "diagonal": lambda x, axis: np.diagonal(x, 0, 0, axis),
    "apply_along_axis": lambda x, axis: np.apply_along_axis(lambda row: row * 2, axis, x),
    "tensordot": lambda x, axis: np.tensordot(x, A, ([axis], [0])),
    "vecdot": lambda x, axis: np.vecdot(x, A, axis=axis),
    "cross": lambda x, axis: np.cross(x[:, :3], A[:, :3], axis=axis),
    "matrix norm": lambda x, axis: np.linalg.norm(x, 2, axis=(0, axis)),
    "tensorsolve": lambda x, axis: np.linalg.tensorsolve(x[:, :3], A[:, 0], axes=(axis,)),
    "fftn": lambda x, axis: np.fft.fftn(x, axes=(axis,)),
    "pad": lambda x, axis: np.pad(x, {axis: 1}),
    "maximum.accumulate": lambda x, axis: np.maximum.accumulate(x, axis),
    "softmax": lambda x, axis: softmax(x, axis=axis),
    "log_softmax": lambda x, axis: log_softmax(x, axis=axis),
    "logsumexp": lambda x, axis: logsumexp(x, axis=axis),
}  # fmt: skip
TWICE: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: np.sum(x, (0, -2)),
    "median": lambda x: np.median(x, (0, -2)),
    "flip": lambda x: np.flip(x, (1, 1)),
    "moveaxis": lambda x: np.moveaxis(x, (0, 0), (0, 1)),
}


@pytest.mark.parametrize("axis", [2, 5, -3, -6])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_axis_that_is_not_there_is_refused(call: Callable[[Any, int], Any], axis: int) -> None:
    try:
        call(A, axis)
    except (ValueError, IndexError):
        with pytest.raises((ValueError, IndexError)):
            call(Value(A), axis)


def test_the_table_has_axes_that_numpy_refuses() -> None:
    for call in CALLS.values():
        with pytest.raises((ValueError, IndexError)):
            call(A, 5)


@pytest.mark.parametrize("call", TWICE.values(), ids=TWICE)
def test_an_axis_named_twice_is_refused(call: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match=r"twice|duplicate|repeated"):
        call(Value(A))


REDUCING = ["sum", "prod", "max", "min", "nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd", "ptp",
            "cumsum", "cumprod"]  # fmt: skip


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("name", REDUCING)
def test_a_scalar_may_be_reduced_over_axis_0(name: str, axis: int) -> None:
    x, function = Value(1.5), getattr(np, name)
    out = function(x, axis=axis)
    np.testing.assert_equal(out.data, function(np.float64(1.5), axis=axis))
    slope = 0 if name in ("nanvar", "nanstd", "ptp") else 1
    assert walk(out, np.ones(out.shape)).get(x, 0) == slope


def test_nothing_summed_leaves_the_shape_of_what_is_left() -> None:
    x, y = Value(np.zeros((3, 0))), np.zeros((2, 0))
    assert np.inner(x, y).shape == np.tensordot(x, y, ([1], [1])).shape == (3, 2)
    assert np.cumulative_sum(x, axis=1, include_initial=True).data.tolist() == [[0]] * 3
    assert np.max(x, axis=1, initial=2.5, where=np.zeros((3, 0), bool)).data.tolist() == [2.5] * 3


@pytest.mark.parametrize("call", [lambda x: np.cov(x), lambda x: np.cov(x, ddof=9), lambda x: np.cov(x[:, :0])])
def test_a_covariance_without_degrees_of_freedom_is_that_of_numpy(call: Callable[[Any], Any]) -> None:
    one_column = A[:, :1]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        np.testing.assert_equal(call(Value(one_column)).data, call(one_column))


SINGLE: dict[str, Callable[[Any], Any]] = {
    "cov": np.cov,
    "corrcoef": np.corrcoef,
    "vander": lambda x: np.vander(x[0]),
    "polyder": lambda x: np.polyder(x[0]),
    "polyint": lambda x: np.polyint(x[0]),
    "interp": lambda x: np.interp(x[0], np.float32([0, 1, 2]), np.float32([1, 0, 3])),
    "bincount": lambda x: np.bincount([0, 1, 1, 0], x[0]),
    "quantile at one place": lambda x: np.quantile(x, 0.3),
    "quantile at several": lambda x: np.quantile(x, [0.3, 0.5]),
    "quantile that picks": lambda x: np.quantile(x, [0.3, 0.5], method="nearest"),
    "percentile of a NumPy number": lambda x: np.percentile(x, np.float64(30)),
    "median": np.median,
}


@pytest.mark.parametrize("call", SINGLE.values(), ids=SINGLE)
def test_single_precision_becomes_what_numpy_makes_of_it(call: Callable[[Any], Any]) -> None:
    x = A.astype(np.float32)
    got, want = call(Value(x)), call(x)
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got.data, want, rtol=1e-5)


def test_a_complex_variance_in_real_numbers_is_refused() -> None:
    with pytest.raises(TypeError, match="leave dtype out"):
        np.var(Value(A + 1j * A), axis=0, dtype=np.float64)
