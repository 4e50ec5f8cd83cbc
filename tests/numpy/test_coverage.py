"""The coverage page is true: every function has its kind, what is differentiable has samples, the others do as said."""

from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu import Value
from tinygrad_edu.errors import LostGradientError, UnsupportedError
from tinygrad_edu.numpy_protocol.coverage import coverage, page
from tinygrad_edu.numpy_protocol.refusals import UNREACHED
from tinygrad_edu.numpy_protocol.registry import CONSTANT, REFUSED

from .samples import every, found

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "numpy-coverage.md"
ROWS = coverage()
X = np.array([[1.5, -2.0], [0.5, 3.0]])


def test_the_page_is_the_registrys():
    written = PAGE.read_text(encoding="utf-8") == page()
    assert written, "run: python -m tinygrad_edu.numpy_protocol.coverage docs/reference/numpy-coverage.md"


def test_over_180_different_functions_of_numpy_alone_are_differentiable():
    assert len({found(row.name) for row in ROWS if row.kind == "differentiable" and "." not in row.name}) > 180


def test_every_differentiable_function_has_samples():
    sampled = {found(call.name) for call in every()}
    unreached = {"fromfunction", "row_stack"}
    lacking = [row.name for row in ROWS if row.kind == "differentiable" and found(row.name) not in sampled]
    assert sorted(set(lacking) - unreached) == []


def test_every_differentiable_sample_is_of_a_differentiable_function():
    names = {row.name for row in ROWS if row.kind != "differentiable"}
    assert sorted({call.name for call in every()} & names) == []


def test_functions_named_as_unreached_exist_and_are_not_entered():
    rows = {row.name: row for row in ROWS}
    assert sorted(name for name, (kind, _) in UNREACHED.items() if rows[name].kind != kind) == []
    assert not {found(name) for name in UNREACHED} & (CONSTANT | REFUSED.keys())


ARGUMENTS = {  # for those that one Value is not enough for
    **dict.fromkeys(["can_cast"], ("f4",)),
    **dict.fromkeys(["equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "isclose", "isin"], (X,)),
    **dict.fromkeys(["logical_and", "logical_or", "logical_xor", "allclose", "array_equal", "array_equiv"], (X,)),
    **dict.fromkeys(["floor_divide", "shares_memory", "may_share_memory"], (X,)),
    **dict.fromkeys(["argpartition"], (1,)),
}


def constant_call(name, value):
    if name in ("searchsorted", "digitize"):
        first = (value[0], X[0]) if name == "digitize" else (np.sort(X[0]), value[0])
        return found(name)(first[0], np.sort(first[1]) if name == "digitize" else first[1])
    if name == "einsum_path":
        return found(name)("ij->i", value)[1]
    return found(name)(value, *ARGUMENTS.get(name, ()))


FILES = {"save", "savetxt", "savez", "savez_compressed"}
CONSTANTS = [row.name for row in ROWS if row.kind == "constant" and row.name not in UNREACHED.keys() | FILES]


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_function_gives_what_numpy_gives_and_no_value(name):
    ours, numpys = constant_call(name, Value(X)), constant_call(name, X)
    for mine, theirs in zip(*[x if isinstance(x, tuple) else [x] for x in (ours, numpys)], strict=True):
        assert not isinstance(mine, Value)
        assert type(mine) is type(theirs)
        if name not in ("empty_like", "shares_memory", "may_share_memory"):
            np.testing.assert_array_equal(mine, theirs)


def test_numbers_can_be_saved_from_values(tmp_path):
    np.save(tmp_path / "x.npy", Value(X))
    np.savez(tmp_path / "x.npz", x=Value(X))
    assert (np.load(tmp_path / "x.npy") == X).all()
    assert (np.load(tmp_path / "x.npz")["x"] == X).all()


MORE = {  # what a refused function needs beside a Value, for NumPy to ask the Value at all
    **dict.fromkeys(["put", "putmask", "place"], ([0], [0])),
    **dict.fromkeys(["copyto", "histogram2d", "union1d", "intersect1d", "setdiff1d", "setxor1d", "busday_count"], (X,)),
    **dict.fromkeys(["fill_diagonal", "busday_offset"], (1,)),
    **dict.fromkeys(["ravel_multi_index", "unravel_index"], ((2, 2),)),
    **dict.fromkeys(["at"], (0, X[0])),
    **dict.fromkeys(["reduceat"], ([0],)),
    "put_along_axis": ([[0]], 0, 0),
}


@pytest.mark.parametrize("function", list(REFUSED), ids=[f.__name__ for f in REFUSED])
def test_a_refused_function_says_why_and_what_else(function):
    more = (X,) * (function.nin - 1) if isinstance(function, np.ufunc) else MORE.get(function.__name__, ())
    with pytest.raises(UnsupportedError, match="can't be differentiated here: ") as caught:
        function(Value(X), *more)
    assert function.__name__ in str(caught.value)
    assert REFUSED[function] in str(caught.value)


@pytest.mark.parametrize("name", ["array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "require"])
def test_what_would_make_a_plain_array_of_a_value_says_that_the_gradient_would_be_lost(name):
    with pytest.raises(LostGradientError, match="lose its gradient"):
        found(name)(Value(X))


@pytest.mark.parametrize("call", [
    lambda v: np.sum(v, out=np.zeros(())),
    lambda v: np.concatenate([v, v], out=np.zeros((4, 2))),
    lambda v: np.exp(v, out=np.zeros((2, 2))),
    lambda v: np.take(v, [0], out=np.zeros(1)),
    lambda v: np.quantile(v, 0.5, weights=X, method="inverted_cdf"),
    lambda v: np.cumsum(v, out=np.zeros(4)),
])  # fmt: skip
def test_an_option_without_a_derivative_is_refused_by_name(call):
    with pytest.raises((UnsupportedError, LostGradientError), match=r"out|weights"):
        call(Value(X))
