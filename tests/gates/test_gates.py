"""Every registered gate: first and second derivatives against numbers, at its samples and at drawn inputs."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tinygrad_edu import GATES, Value, gate, walk
from tinygrad_edu.testing import check_gate, gradcheck

from .samples import SAMPLES, call, every, samples, unsampled

GATE = every()
CALLS = [(name, each) for name in sorted(SAMPLES) for each in SAMPLES[name].calls]
DRAWN = sorted(name for name in SAMPLES if SAMPLES[name].drawn is not None)
TWINS = [(name, each) for name, each in CALLS if SAMPLES[name].torch is not None]


def test_every_gate_has_samples():
    assert unsampled(GATE) == []


def test_samples_name_gates_that_exist():
    assert sorted(SAMPLES.keys() - GATE.keys()) == []


def test_a_gate_without_samples_is_noticed(monkeypatch):
    @gate(x=lambda g, out, x: g)
    def nobody_sampled_me(x):
        return +x

    registered = dict(GATES)
    monkeypatch.delitem(GATES, "nobody_sampled_me")
    assert "nobody_sampled_me" in unsampled(registered)


def test_one_gate_has_one_entry():
    with pytest.raises(ValueError, match="entered twice"):
        samples("mul", call(1.0, 2.0))
    with pytest.raises(ValueError, match="no call"):
        samples("unheard of")


@pytest.mark.parametrize(("name", "each"), CALLS, ids=[f"{name}({each})" for name, each in CALLS])
def test_a_gate_is_right_at_its_samples_in_every_way_it_may_be_used(name, each):
    check_gate(GATE[name], *each.inputs, settings=dict(each.settings), wrt=each.wrt, order=each.order)


def check_drawn(name, data):
    each = data.draw(SAMPLES[name].drawn)

    def f(*inputs):
        return GATE[name](*inputs, **each.settings)

    gradcheck(f, *each.inputs, wrt=each.wrt, order=each.order)


@pytest.mark.parametrize("name", DRAWN)
@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_gate_is_right_at_drawn_inputs(name, data):
    check_drawn(name, data)


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_gate_is_right_at_many_drawn_inputs(name, data):
    check_drawn(name, data)


def compare_with_torch(name, each):
    torch = pytest.importorskip("torch")
    wrt = [k for k, x in enumerate(each.inputs) if x.dtype.kind in "fc" and (each.wrt is None or k in each.wrt)]
    values = [Value(x) if k in wrt else x for k, x in enumerate(each.inputs)]
    tensors = [torch.tensor(x, requires_grad=k in wrt) for k, x in enumerate(each.inputs)]
    out, twin = GATE[name](*values, **each.settings), SAMPLES[name].torch(torch, *tensors, **each.settings)
    np.testing.assert_allclose(out.data, twin.detach().numpy(), rtol=1e-9, atol=1e-12, strict=True)
    upstream = np.random.default_rng(0).uniform(0.5, 1.5, out.shape)
    ours = walk(out, upstream)
    theirs = torch.autograd.grad(twin, [tensors[k] for k in wrt], torch.tensor(upstream), allow_unused=True)
    for k, g in zip(wrt, theirs, strict=True):
        expected = np.zeros(each.inputs[k].shape) if g is None else g.numpy()
        np.testing.assert_allclose(ours.get(values[k], expected * 0), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "each"), TWINS, ids=[f"{name}({each})" for name, each in TWINS])
def test_value_and_gradients_are_those_of_pytorch(name, each):
    compare_with_torch(name, each)


@pytest.mark.parametrize("name", sorted({name for name, _ in TWINS} & set(DRAWN)))
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_value_and_gradients_are_those_of_pytorch_at_drawn_inputs(name, data):
    compare_with_torch(name, data.draw(SAMPLES[name].drawn))
