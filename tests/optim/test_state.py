"""A run goes on exactly from its state, ours or PyTorch's."""

import json
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, optim
from tinygrad_edu.errors import ShapeError

from .test_parameters import METHODS, PRESENT, SETTINGS, START, decay, make, now_and_then


def gradients(params: list[Value], t: int) -> None:
    for p in params:
        p.grad = np.sin(t + p.numpy())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", METHODS)
def test_a_run_goes_on_bit_for_bit(kind: str, dtype: Any) -> None:
    params = [Value(a.astype(dtype)) for a in START]
    optimizer = make(kind, params, **decay(kind))

    def receive(i: int, g: Any) -> None:
        params[i].grad = g

    now_and_then(optimizer.step, receive)
    again = [Value(p.numpy()) for p in params]
    state = optimizer.state_dict()
    resumed = make(kind, again, **decay(kind))
    resumed.load_state_dict(state)
    for t in range(4):
        gradients(params, t)
        gradients(again, t)
        optimizer.step()
        resumed.step()
    assert [p.numpy().tolist() for p in params] == [p.numpy().tolist() for p in again]
    assert str(optimizer.state_dict()) == str(resumed.state_dict())
    clocks = [sum(present[i] for present in PRESENT) for i in range(len(START))]
    assert [state["state"][i]["step"] for i in range(len(START))] == clocks


def test_a_state_is_a_copy() -> None:
    w = Value([1.0])
    optimizer = optim.SGD([w], lr=0.5, momentum=0.9)
    w.grad = [1.0]
    optimizer.step()
    state = optimizer.state_dict()
    optimizer.step()
    assert state["state"][0]["momentum_buffer"].tolist() == [1]
    state["state"][0]["momentum_buffer"][0] = 99
    assert optimizer.state_dict()["state"][0]["momentum_buffer"].tolist() == [1.9]


def test_a_schedule_goes_on_at_its_step() -> None:
    rates = []

    def schedule(t: float) -> float:
        rates.append(t)
        return 0.1

    w = Value([1.0])
    w.grad = [1.0]
    optimizer = optim.SGD([w], lr=schedule)
    for _ in range(3):
        optimizer.step()
    state = optimizer.state_dict()
    assert state["param_groups"][0]["lr"] == 0.1
    json.dumps(state)
    resumed = optim.SGD([w], lr=schedule)
    resumed.load_state_dict(state)
    rates.clear()
    resumed.step()
    assert rates == [3]


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW", "Adagrad", "Adadelta", "RMSprop", "Adamax", "Rprop", "RAdam"])
def test_pytorchs_state_can_be_read(kind: str) -> None:
    torch = pytest.importorskip("torch")
    settings = {"lr": 0.03, **SETTINGS.get(kind, {}), **decay(kind)}
    theirs = [torch.nn.Parameter(torch.tensor(a)) for a in START]
    peer = getattr(torch.optim, kind)(theirs, **settings)
    for t in range(3):
        for p in theirs[t // 2 :]:
            p.grad = torch.sin(t + p.detach())
        peer.step()
    ours = [Value(p.detach().numpy()) for p in theirs]
    optimizer = getattr(optim, kind)(ours)
    optimizer.load_state_dict(peer.state_dict())
    for t in range(3):
        gradients(ours, t)
        for p in theirs:
            p.grad = torch.sin(t + p.detach())
        optimizer.step()
        peer.step()
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one.data, other.detach().numpy(), rtol=1e-10, atol=1e-12)


def test_pytorch_reads_our_state() -> None:
    torch = pytest.importorskip("torch")
    w = Value([1.0, 2.0])
    w.grad = [0.5, -1.0]
    optimizer = optim.Adam([w], lr=0.1)
    optimizer.step()
    theirs = torch.nn.Parameter(torch.tensor(w.numpy()))
    peer = torch.optim.Adam([theirs])
    state = optimizer.state_dict()
    tensors = {k: torch.as_tensor(v, dtype=torch.float64) for k, v in state["state"][0].items()}
    settings = {**peer.state_dict()["param_groups"][0], **state["param_groups"][0]}
    peer.load_state_dict({"state": {0: tensors}, "param_groups": [settings]})
    theirs.grad = torch.tensor([0.5, -1.0], dtype=torch.float64)
    peer.step()
    optimizer.step()
    np.testing.assert_allclose(w.data, theirs.detach().numpy(), rtol=1e-12)


def test_a_state_that_does_not_fit_is_refused() -> None:
    w = Value([1.0, 2.0])
    w.grad = [1.0, 1.0]
    optimizer = optim.Adam([w])
    optimizer.step()
    with pytest.raises(ShapeError, match=r"exp_avg.* of shape \(2,\) does not fit"):
        optim.Adam([Value([1.0, 2.0, 3.0])]).load_state_dict(optimizer.state_dict())
    with pytest.raises(ValueError, match=r"groups of \[1\] parameters, this optimiser of \[2\]"):
        optim.Adam([w, Value(1.0)]).load_state_dict(optimizer.state_dict())
