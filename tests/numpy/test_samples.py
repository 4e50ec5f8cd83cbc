"""Every differentiable NumPy function at its samples: NumPy's values, and derivatives compared with numbers."""

import numpy as np
import pytest

from tinygrad_edu import Value
from tinygrad_edu.errors import GradientError
from tinygrad_edu.numpy_protocol.registry import bare, implements
from tinygrad_edu.operators import FUNCTIONS
from tinygrad_edu.testing import gradcheck

from .samples import Sample, d, every

CALLS = every()


def listed(out):
    return list(out) if isinstance(out, list | tuple) else [out]


def flat(out):
    """What depends on the inputs of a call's results, as one vector."""
    values = [np.ravel(v) for v in listed(out) if isinstance(v, Value)]
    return np.concatenate(values) if len(values) > 1 else listed(out)[0] if len(listed(out)) == 1 else values[0]


@pytest.mark.parametrize("call", CALLS, ids=map(str, CALLS))
def test_the_value_is_that_of_numpy(call):
    ours, numpys = listed(call.called(*map(Value, call.leaves()))), listed(call.called(*call.leaves()))
    for mine, theirs in zip(ours, numpys, strict=True):
        np.testing.assert_allclose(bare(mine), theirs, rtol=1e-9, atol=1e-12)
        assert np.shape(mine) == np.shape(theirs)
        assert mine.dtype == np.asarray(theirs).dtype


@pytest.mark.parametrize("call", CALLS, ids=map(str, CALLS))
def test_single_precision_stays_single_or_becomes_what_numpys_does(call):
    leaves = [np.asarray(x, {"f": np.float32, "c": np.complex64}[x.dtype.kind])[()] for x in call.leaves()]
    for mine, theirs in zip(listed(call.called(*map(Value, leaves))), listed(call.called(*leaves)), strict=True):
        assert mine.dtype in (theirs.dtype, *{x.dtype for x in leaves})
        np.testing.assert_allclose(bare(mine), theirs, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("call", CALLS, ids=map(str, CALLS))
def test_first_and_second_derivatives_are_those_of_numbers(call):
    gradcheck(lambda *leaves: flat(call.called(*leaves)), *call.leaves(), order=call.order)


def test_a_wrong_composition_is_noticed(monkeypatch):
    monkeypatch.setitem(FUNCTIONS, np.diff, FUNCTIONS[np.diff])
    implements(np.diff)(lambda a: (a[1:] - a[:-1].data) * 1)
    call = Sample("diff", (d(np.array([1.0, 3.0, 2.0])),), {})
    with pytest.raises(GradientError):
        gradcheck(lambda *leaves: flat(call.called(*leaves)), *call.leaves())
