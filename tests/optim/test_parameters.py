"""Parameters on one flat vector: every way in which they, their gradients and their optimiser can meet."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, optim
from tinygrad_edu.errors import ShapeError, StaleGraphError
from tinygrad_edu.optim import SGD, Adam, AdamW

METHODS = ["SGD", "Momentum", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW", "NAdam", "Adamax", "RAdam", "Lion"]
METHODS += ["Rprop"]
SETTINGS: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.9, "dampening": 0.5},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "Adam": {"amsgrad": True},
}


def make(kind: str, params: Any, **more: Any) -> optim.Optimizer:
    return getattr(optim, kind)(params, **{"lr": 0.01, **SETTINGS.get(kind, {}), **more})


def with_gradients(*arrays: Any) -> list[Value]:
    params = [Value(a) for a in arrays]
    for p in params:
        p.grad = np.ones(p.shape)
    return params


# Views and data


def test_after_a_step_parameters_are_views_into_one_vector() -> None:
    a, b = with_gradients(np.ones((2, 3)), np.zeros(4))
    optimizer = SGD([a, b], lr=0.5)
    optimizer.step()
    assert a._data.base is b._data.base is not None
    np.testing.assert_array_equal(a.data, np.full((2, 3), 0.5))
    with pytest.raises(ValueError, match="read-only"):
        a.data[0, 0] = 9
    optimizer.step()
    np.testing.assert_array_equal(a.data, np.zeros((2, 3)))


def test_a_scalar_stays_a_numpy_scalar() -> None:
    (w,) = with_gradients(np.float32(2))
    before = w.data
    SGD([w], lr=0.5).step()
    assert type(w.data) is np.float32
    assert (before, w.item()) == (2, 1.5)


def test_a_number_of_every_shape_takes_part() -> None:
    shapes = [(), (1,), (0,), (2, 0), (3, 2), (1, 1, 1)]
    params = with_gradients(*[np.ones(shape) for shape in shapes])
    Adam(params, lr=0.25).step()
    for p, shape in zip(params, shapes, strict=True):
        assert p.shape == shape
        np.testing.assert_allclose(p.data, np.full(shape, 0.75), atol=1e-7)


def test_float32_stays_float32_beside_float64_and_settings_of_numpy() -> None:
    single, double = with_gradients(np.ones(3, np.float32), np.ones(3))
    optimizer = AdamW([single, double], lr=np.float64(0.1), weight_decay=np.float64(0.1))
    optimizer.step()
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    assert {array.dtype for array in optimizer.state_dict()["state"][0].values() if np.ndim(array)} == {np.dtype("f4")}
    np.testing.assert_allclose(single.data, double.data, rtol=1e-6)


def test_gradients_that_are_not_contiguous_or_shared_or_graphs_are_read_right() -> None:
    a, b, c = Value(np.zeros((2, 3))), Value(np.zeros((2, 3))), Value(np.zeros((2, 3)))
    a._grad = np.arange(6.0).reshape(3, 2).T
    b._grad = np.broadcast_to(np.float64(2), (2, 3))
    (c * c + c).sum().backward(create_graph=True)
    SGD([a, b, c], lr=1.0).step()
    np.testing.assert_array_equal(a.data, -np.arange(6.0).reshape(3, 2).T)
    np.testing.assert_array_equal([b.data, c.data], [np.full((2, 3), -2), np.full((2, 3), -1)])


def test_given_data_are_taken_back() -> None:
    a, b = with_gradients([1.0, 2.0], 3.0)
    optimizer = SGD([a, b], lr=0.5)
    optimizer.step()
    a.data, b.data = [10.0, 20.0], 30.0
    assert (a.data.tolist(), b.item()) == ([10, 20], 30)
    optimizer.step()
    assert (a.data.tolist(), b.item()) == ([9.5, 19.5], 29.5)
    a._assign(np.array([1.0, 1.0]))
    optimizer.step()
    assert a.data.tolist() == [0.5, 0.5]


def test_a_walk_lays_its_gradients_into_g() -> None:
    a, b = Value(np.ones((2, 2))), Value([1.0, 2.0])
    optimizer = SGD([a, b], lr=1.0)
    flat = optimizer._flats[0][1]
    for times in (1, 2):
        (3 * a + b).sum().backward()
        assert [p._grad is slot for p, slot in zip((a, b), flat.slots, strict=True)] == [True, True]
        np.testing.assert_array_equal(flat.gradient, np.array([3, 3, 3, 3, 2, 2]) * times)
    optimizer.step()
    np.testing.assert_array_equal(a.data, np.full((2, 2), -5))


def test_a_gradient_that_was_read_stays_as_it_was() -> None:
    w = Value([1.0, 2.0])
    optimizer = SGD([w], lr=1.0)
    read = []
    for factor in (2.0, 5.0):
        optimizer.zero_grad()
        (factor * w).sum().backward()
        read.append(w.grad)
        optimizer.step()
    assert [g.tolist() for g in read] == [[2, 2], [5, 5]]


def test_what_is_written_to_a_gradient_reaches_the_step() -> None:
    w = Value([1.0, 2.0])
    optimizer = SGD([w], lr=1.0)
    w.sum().backward()
    w.grad[0] = 10
    optimizer.step()
    assert w.data.tolist() == [-9, 1]
    w.grad *= 2
    optimizer.step()
    assert w.data.tolist() == [-29, -1]


@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize("maximize", [False, True])
def test_a_step_leaves_the_gradient_as_it_is(kind: str, maximize: bool) -> None:
    w = Value([1.0, -2.0])
    optimizer = make(kind, [w], maximize=maximize)
    for _ in range(2):
        optimizer.zero_grad()
        ([3.0, 4.0] * w).sum().backward()
        optimizer.step()
        assert optimizer._flats[0][1].gradient.tolist() == w.grad.tolist() == [3, 4]


def test_data_given_while_there_is_no_gradient_stay() -> None:
    a, b = with_gradients(1.0, 1.0)
    optimizer = SGD([a, b], lr=0.5)
    b.grad = None
    b.data = 7.0
    optimizer.step()
    assert (a.item(), b.item()) == (0.5, 7)
    b.grad = 1.0
    optimizer.step()
    assert b.item() == 6.5


def test_data_of_another_shape_or_dtype_are_refused() -> None:
    (w,) = with_gradients([1.0, 2.0])
    w.name = "w"
    optimizer = SGD([w])
    w.data = [1.0, 2.0, 3.0]
    w.grad = [1.0, 1.0, 1.0]
    with pytest.raises(ShapeError, match=r"w.*shape \(3,\).*shape \(2,\)"):
        optimizer.step()
    w.data = np.ones(2, np.float32)
    w.grad = np.ones(2)
    with pytest.raises(ShapeError, match=r"float32.*float64"):
        optimizer.step()


def test_two_optimisers_can_share_a_parameter() -> None:
    (w,) = with_gradients([1.0])
    one, two = SGD([w], lr=0.5), SGD([w], lr=0.25)
    for optimizer in (one, two, one, two):
        optimizer.step()
    assert w.data.tolist() == [-0.5]


def test_a_copied_optimiser_moves_its_own_copies() -> None:
    a, b = with_gradients([1.0, 2.0], 3.0)
    params = [a, b]
    optimizer = make("Adam", params)
    optimizer.step()
    ours, theirs = copy.deepcopy((params, optimizer))
    before = [p.numpy() for p in params]
    for p in ours:
        p.grad = np.ones(p.shape)
    theirs.step()
    assert all(np.all(p.data != old) for p, old in zip(ours, before, strict=True))
    assert [p.numpy().tolist() for p in params] == [old.tolist() for old in before]
    optimizer.step()
    assert [p.numpy().tolist() for p in params] == [p.numpy().tolist() for p in ours]


def test_a_graph_recorded_before_a_step_is_refused_after_it() -> None:
    w, x = Value([1.0, 2.0]), Value(3.0)
    optimizer = SGD([w, x], lr=0.1)
    loss = (w * w).sum() * x
    loss.backward()
    view = w.reshape(2, 1)
    optimizer.step()
    with pytest.raises(StaleGraphError, match="was changed after gate"):
        loss.backward()
    with pytest.raises(StaleGraphError):
        (view * 2).sum().backward()
    (w * x).sum().backward()


def test_a_detached_copy_does_not_move() -> None:
    (w,) = with_gradients([1.0, 2.0])
    optimizer = SGD([w], lr=0.5)
    optimizer.step()
    kept, copied = w.detach(), w.numpy()
    optimizer.step()
    assert kept.data.tolist() == copied.tolist() == [0.5, 1.5]
    assert w.data.tolist() == [0, 1]


# Frozen, shared, later, missing


START = [np.array([[1.0, -0.5], [0.3, 2.0]]), np.array([0.1, -0.7, 1.1]), np.array(0.5), np.array([-2.0, 0.2])]
PRESENT = [(1, 1, 1, 1), (1, 0, 1, 0), (0, 0, 1, 1), (0, 0, 0, 0), (1, 1, 0, 1), (1, 1, 1, 1), (0, 1, 1, 0)]


def decay(kind: str) -> dict[str, float]:
    return {} if kind == "Rprop" else {"weight_decay": 0.1}


def now_and_then(step: Any, receive: Any) -> None:
    """Give each of four parameters its gradient in some steps and none in others."""
    for t, present in enumerate(PRESENT):
        for i, has in enumerate(present):
            receive(i, np.sin(t + START[i]) if has else None)
        step()


@pytest.mark.parametrize("kind", METHODS)
def test_a_parameter_without_gradient_sits_out_and_keeps_its_own_clock(kind: str) -> None:
    together, apart = [Value(a) for a in START], [Value(a) for a in START]
    optimizer, alone = make(kind, together, **decay(kind)), [make(kind, [p], **decay(kind)) for p in apart]

    def receive(i: int, g: Any) -> None:
        together[i].grad = apart[i].grad = g
        alone[i].step()

    now_and_then(optimizer.step, receive)
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one.data, other.data, rtol=1e-12, atol=1e-12)


@pytest.fixture
def double() -> Iterator[Any]:
    """PyTorch with float64 as its default, which decides the precision of NAdam's Π there."""
    torch = pytest.importorskip("torch")
    torch.set_default_dtype(torch.float64)
    yield torch
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("kind", sorted({*METHODS} - {"Momentum", "Lion"}))
def test_a_parameter_without_gradient_sits_out_as_in_pytorch(kind: str, double: Any) -> None:
    torch = double
    ours, theirs = [Value(a) for a in START], [torch.nn.Parameter(torch.tensor(a)) for a in START]
    optimizer = make(kind, ours, **decay(kind))
    peer = getattr(torch.optim, kind)(theirs, **{"lr": 0.01, **SETTINGS.get(kind, {}), **decay(kind)})

    def receive(i: int, g: Any) -> None:
        ours[i].grad, theirs[i].grad = g, None if g is None else torch.tensor(g)

    now_and_then(lambda: (optimizer.step(), peer.step()), receive)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one.data, other.detach().numpy(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("change", [{"momentum_decay": 0.5}, {"betas": (0.6, 0.99)}])
def test_nadam_carries_its_product_on_when_settings_change(change: dict[str, Any], double: Any) -> None:
    ours, theirs = [Value(a) for a in START], [double.nn.Parameter(double.tensor(a)) for a in START]
    optimizer, peer = optim.NAdam(ours, lr=0.01), double.optim.NAdam(theirs, lr=0.01)
    for t, present in enumerate(PRESENT):
        if t == 3:
            optimizer.param_groups[0].update(change)
            peer.param_groups[0].update(change)
        for one, other, has in zip(ours, theirs, present, strict=True):
            g = np.sin(t + one.numpy())
            one.grad, other.grad = (g, double.tensor(g)) if has else (None, None)
        optimizer.step()
        peer.step()
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one.data, other.detach().numpy(), rtol=1e-10, atol=1e-10)
    again = optim.NAdam([Value(p.numpy()) for p in ours], lr=0.01)
    again.load_state_dict(peer.state_dict())
    products = [state["mu_product"] for state in again.state_dict()["state"].values()]
    np.testing.assert_allclose(products, [float(peer.state[p]["mu_product"]) for p in theirs], rtol=1e-12)


def test_a_frozen_parameter_never_moves() -> None:
    w, frozen = Value([2.0]), Value([3.0], requires_grad=False)
    held = frozen._data
    optimizer = AdamW([w, frozen], lr=0.1, weight_decay=0.5)
    (w * frozen).sum().backward()
    optimizer.step()
    assert frozen._data is held
    assert w.item() != 2
    frozen.requires_grad = True
    (w * frozen).sum().backward()
    optimizer.step()
    assert frozen.item() != 3


def test_a_parameter_given_twice_moves_once() -> None:
    (w,) = with_gradients([1.0])
    SGD([w, w], lr=0.5).step()
    assert w.item() == 0.5


def test_a_parameter_cannot_be_in_two_groups() -> None:
    (w,) = with_gradients([1.0])
    with pytest.raises(ValueError, match="another group already"):
        SGD([{"params": [w]}, {"params": [w], "lr": 0.1}])


def test_groups_have_settings_of_their_own_and_come_later_too() -> None:
    a, b, c = with_gradients([1.0], [1.0], [1.0])
    optimizer = SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.25)
    optimizer.step()
    optimizer.add_param_group({"params": [c], "weight_decay": 1.0})
    optimizer.step()
    assert [p.item() for p in (a, b, c)] == [0.5, 0, 0.5]
    optimizer.param_groups[0]["lr"] = 0.0
    optimizer.step()
    assert a.item() == 0.5


def test_later_parameters_have_their_own_clock() -> None:
    a, b, single = with_gradients([1.0], [1.0], [1.0])
    optimizer = Adam([a], lr=0.1)
    optimizer.step()
    optimizer.add_param_group({"params": [b]})
    optimizer.step()
    Adam([single], lr=0.1).step()
    assert b.item() == single.item()


def test_decay_matrices_leaves_biases_alone() -> None:
    weight, bias = with_gradients(np.ones((2, 2)), np.ones(2))
    weight.grad = bias.grad = 0.0
    AdamW(optim.decay_matrices([weight, bias], 0.5), lr=0.1).step()
    np.testing.assert_allclose(weight.data, 0.95)
    np.testing.assert_array_equal(bias.data, 1)


def test_zero_grad_forgets_or_writes_zeros() -> None:
    (w,) = with_gradients(np.ones(2))
    optimizer = SGD([w])
    optimizer.zero_grad(set_to_none=False)
    assert w.grad.tolist() == [0, 0]
    optimizer.zero_grad()
    assert w._grad is None
    optimizer.step()
    assert w.data.tolist() == [1, 1]


def test_complex_parameters_are_pairs_of_real_numbers() -> None:
    torch = pytest.importorskip("torch")
    z = np.array([1 + 2j, -0.5j])
    ours, theirs = Value(z), torch.nn.Parameter(torch.tensor(z))
    optimizer, peer = Adam([ours], lr=0.1), torch.optim.Adam([theirs], lr=0.1)
    for _ in range(3):
        ours.grad, theirs.grad = 2 * ours.numpy(), 2 * theirs.detach().clone()
        optimizer.step()
        peer.step()
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-12)
    assert optimizer.state_dict()["state"][0]["exp_avg"].dtype == np.complex128
