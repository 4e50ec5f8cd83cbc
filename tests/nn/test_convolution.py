"""Convolution and pooling (course 001): arithmetic of sizes and parameters, what a filter sees, what pooling passes
back.
"""

from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest

from tests.nn.training import descend
from tinygrad_edu import Value, manual_seed, nn, optim
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.nn import functional as F

RNG = np.random.default_rng(0)


def loop(x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0) -> Any:
    """The lecture's definition: each filter's dot product with each flattened patch."""
    x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    f = w.shape[2]
    sizes = [(n - f) // stride + 1 for n in x.shape[2:]]
    out = np.zeros((len(x), len(w), *sizes))
    for n, k, i, j in product(range(len(x)), range(len(w)), *map(range, sizes)):
        patch = x[n, :, i * stride : i * stride + f, j * stride : j * stride + f]
        out[n, k, i, j] = w[k].ravel() @ patch.ravel() + b[k]
    return out


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_convolution_is_a_dot_product_of_filter_and_patch_by_loop_and_by_columns(stride: int, padding: int) -> None:
    layer, x = nn.Conv2d(3, 2, 3, stride, padding), RNG.normal(size=(2, 3, 7, 6))
    w, b = layer.weight.data, layer.bias.data
    wanted = loop(x, w, b, stride, padding)
    np.testing.assert_allclose(layer(x).data, wanted, atol=1e-12)
    columns = F.unfold(x, 3, padding=padding, stride=stride)
    product_ = w.reshape(2, -1) @ columns + b[:, None]
    np.testing.assert_allclose(product_.reshape(wanted.shape), wanted, atol=1e-12)


def test_fold_is_the_adjoint_of_unfold() -> None:
    x = RNG.normal(size=(2, 3, 5, 6))
    columns = F.unfold(x, (2, 3), padding=1, stride=2)
    y = RNG.normal(size=columns.shape)
    back = F.fold(y, (5, 6), (2, 3), padding=1, stride=2)
    assert np.sum(columns * y) == pytest.approx(np.sum(x * back))


def test_a_filter_is_as_deep_as_its_input_and_gives_one_map() -> None:
    layer = nn.Conv2d(3, 5, 3)
    assert layer(np.zeros((1, 3, 8, 8))).shape == (1, 5, 6, 6)
    with pytest.raises(ShapeError, match="4 channels on axis 1, 3 wanted"):
        layer(np.zeros((1, 4, 8, 8)))
    with pytest.raises(ShapeError, match=r"\(N, C, H, W\) or \(C, H, W\)"):
        layer(np.zeros((8, 8)))
    assert layer(np.zeros((3, 8, 8))).shape == (5, 6, 6)
    with pytest.raises(ShapeError, match="groups"):
        nn.Conv2d(3, 4, 3, groups=2)
    with pytest.raises(ValueError, match="'reflect'"):
        nn.Conv2d(3, 4, 3, padding_mode="mirror")


def test_an_output_depends_on_its_window_only() -> None:
    x = Value(RNG.normal(size=(1, 2, 6, 6)))
    nn.Conv2d(2, 1, 3)(x)[0, 0, 2, 1].backward()
    outside = np.ones((6, 6), bool)
    outside[2:5, 1:4] = False
    assert np.all(x.grad[0][:, outside] == 0)
    assert np.all(x.grad[0][:, ~outside] != 0)


def test_weights_are_shared_a_shifted_input_shifts_the_output_and_gradients_add_up() -> None:
    layer, x = nn.Conv2d(1, 1, 3, bias=False), RNG.normal(size=(1, 1, 8, 8))
    np.testing.assert_allclose(layer(x[..., 2:]).data, layer(x).data[..., 2:])
    layer(x).sum().backward()
    summed = sum(x[0, 0, i : i + 3, j : j + 3] for i, j in product(range(6), range(6)))
    np.testing.assert_allclose(layer.weight.grad[0, 0], summed)


def test_sizes_follow_the_lecture() -> None:
    assert [F.conv_output_size(7, 3, stride=s) for s in (1, 2, 3)] == [5, 3, 2]
    with pytest.raises(ShapeError, match=r"2\.33"):
        F.conv_output_size(7, 3, stride=3, strict=True)
    assert F.conv_output_size(32, 5) == 28
    for n, f, s, p in product((7, 12), (3, 5), (1, 2, 3), (0, 1, 2)):
        out = nn.Conv2d(1, 2, f, s, p)(np.zeros((1, 1, n, n)))
        assert out.shape == (1, 2, *[F.conv_output_size(n, f, s, p)] * 2)


@pytest.mark.parametrize("f", [3, 5, 7])
def test_same_padding_is_half_the_window_and_keeps_the_size(f: int) -> None:
    x, layer = RNG.normal(size=(1, 1, 9, 8)), nn.Conv2d(1, 1, f, padding="same")
    twin = nn.Conv2d(1, 1, f, padding=(f - 1) // 2)
    twin.load_state_dict(layer.state_dict())
    assert layer(x).shape == x.shape
    np.testing.assert_allclose(layer(x).data, twin(x).data)


def test_without_padding_maps_shrink_until_nothing_fits() -> None:
    sizes = [32]
    while sizes[-1] >= 5:
        sizes.append(F.conv_output_size(sizes[-1], 5))
    assert sizes[:4] == [32, 28, 24, 20]
    assert sizes[-1] == 4
    assert len(sizes) == 8
    with pytest.raises(ShapeError):
        nn.Sequential(*[nn.Conv2d(1, 1, 5) for _ in range(8)])(np.zeros((1, 1, 32, 32)))


def test_a_stride_samples_the_map_of_stride_one() -> None:
    x, layer = RNG.normal(size=(1, 2, 9, 9)), nn.Conv2d(2, 3, 3)
    halved = nn.Conv2d(2, 3, 3, stride=2)
    halved.load_state_dict(layer.state_dict())
    np.testing.assert_allclose(halved(x).data, layer(x).data[:, :, ::2, ::2])


def test_parameters_are_counted_as_in_the_lecture() -> None:
    assert nn.Conv2d(3, 1, 5).num_parameters() == 76
    assert nn.Conv2d(3, 10, 5).num_parameters() == 760
    assert nn.Linear(32 * 32 * 3, 1, bias=False).num_parameters() == 3072
    for k, f, d in ((4, 3, 2), (7, 1, 5)):
        assert nn.Conv2d(d, k, f).num_parameters() == f * f * d * k + k


def test_one_by_one_convolution_is_a_linear_layer_at_each_pixel() -> None:
    conv, linear, x = nn.Conv2d(3, 4, 1), nn.Linear(3, 4), RNG.normal(size=(2, 3, 5, 5))
    linear.load_state_dict({"weight": conv.weight.data[:, :, 0, 0], "bias": conv.bias.data})
    np.testing.assert_allclose(conv(x).data, np.moveaxis(linear(np.moveaxis(x, 1, -1)).data, -1, 1))


def test_a_layer_says_its_hyper_parameters() -> None:
    assert repr(nn.Conv2d(3, 8, 5, stride=2, padding=1)) == (
        "Conv2d(in_channels=3, out_channels=8, kernel_size=5, stride=2, padding=1)"
    )
    rows = nn.summary(nn.Sequential(nn.Conv2d(3, 8, 5, 2, 1), nn.MaxPool2d(2)), (1, 3, 32, 32)).rows
    assert [(row.output_shape, row.parameters) for row in rows] == [((1, 8, 15, 15), 608), ((1, 8, 7, 7), 0)]


def test_max_pooling_takes_the_largest_and_sends_the_gradient_there_ties_to_the_first() -> None:
    x = Value([[[[1.0, 3.0], [2.0, 3.0]]]])
    out = nn.MaxPool2d(2)(x)
    out.backward(np.full((1, 1, 1, 1), 5.0))
    assert out.data.tolist() == [[[[3.0]]]]
    assert x.grad.tolist() == [[[[0.0, 5.0], [0.0, 0.0]]]]
    y = Value([3.0, 3.0])
    y.max().backward()
    assert y.grad.tolist() == [0.5, 0.5]


def test_overlapping_windows_send_gradients_of_all_they_won() -> None:
    x = Value(np.array([0.0, 1, 5, 2, 3]).reshape(1, 1, 5))
    nn.MaxPool1d(3, 1)(x).backward(np.array([[[1.0, 10.0, 100.0]]]))
    assert x.grad.ravel().tolist() == [0, 0, 111, 0, 0]
    assert nn.MaxPool2d(3, 2)(np.zeros((1, 1, 55, 55))).shape == (1, 1, 27, 27)


def test_winners_are_told_by_their_place_as_in_pytorch() -> None:
    torch = pytest.importorskip("torch")
    x = RNG.normal(size=(2, 3, 6, 6))
    out, places = nn.MaxPool2d(2, return_indices=True)(x)
    wanted, wanted_places = torch.nn.MaxPool2d(2, return_indices=True)(torch.tensor(x))
    np.testing.assert_array_equal(places, wanted_places.numpy())
    np.testing.assert_array_equal(out, wanted.numpy())


def test_average_pooling_is_a_fixed_convolution_without_parameters() -> None:
    x = RNG.normal(size=(1, 1, 6, 6))
    fixed = F.conv2d(x, np.full((1, 1, 2, 2), 0.25), stride=2)
    np.testing.assert_allclose(nn.AvgPool2d(2)(x), fixed)
    assert nn.AvgPool2d(2).num_parameters() == nn.MaxPool2d(2).num_parameters() == 0
    assert nn.Conv2d(1, 1, 2, 2).num_parameters() == 5


def test_the_pipeline_of_the_course_has_its_shapes() -> None:
    rows = nn.summary(nn.models.TinyConvNet(3, 12, 10), (1, 3, 32, 32)).rows
    shapes = [row.output_shape[1:] for row in rows]
    assert shapes == [(12, 32, 32), (12, 32, 32), (12, 16, 16), (3072,), (10,)]
    kinds = [type(layer).__name__ for layer in nn.models.TinyConvNet(dropout=0.5)]
    assert kinds.index("Dropout") == kinds.index("Flatten") + 1


def test_a_fully_connected_layer_is_a_convolution_as_large_as_its_input() -> None:
    linear, conv, x = nn.Linear(2 * 3 * 3, 4), nn.Conv2d(2, 4, 3), RNG.normal(size=(5, 2, 3, 3))
    conv.load_state_dict({"weight": linear.weight.data.reshape(4, 2, 3, 3), "bias": linear.bias.data})
    np.testing.assert_allclose(conv(x).data[:, :, 0, 0], linear(nn.Flatten()(x)).data)


def bars(n: int, rng: Any) -> tuple[Any, Any]:
    """8×8 images with a horizontal or a vertical bar."""
    x, y = 0.1 * rng.normal(size=(n, 1, 8, 8)), np.arange(n) % 2
    for k in range(n):
        place = rng.integers(1, 7)
        if y[k]:
            x[k, 0, place] += 1
        else:
            x[k, 0, :, place] += 1
    return x, y


def test_a_learned_stride_does_what_pooling_does_for_more_parameters() -> None:
    x, y = bars(80, np.random.default_rng(0))
    unseen, labels = bars(100, np.random.default_rng(1))
    for shrink, more in ((lambda: nn.MaxPool2d(2), 0), (lambda: nn.Conv2d(4, 4, 2, 2), 4 * 4 * 4 + 4)):
        errors = []
        for seed in range(5):
            manual_seed(seed)
            net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), shrink(), nn.Flatten(), nn.Linear(36, 2))
            descend(net, lambda net=net: F.cross_entropy(net(x), y), 60, 0.3)
            errors.append(np.mean(net(unseen).data.argmax(1) != labels))
        assert np.median(errors) < 0.15
        assert net.num_parameters() == 4 * 9 + 4 + 36 * 2 + 2 + more


def two_bars(n: int, rng: Any) -> tuple[Any, Any]:
    """8×8 images with a bar on the left and one on the right, and which of them lie."""
    x, lying = 0.1 * rng.normal(size=(n, 1, 8, 8)), rng.integers(2, size=(n, 2)).astype(bool)
    for image, lies in zip(x[:, 0], lying, strict=True):
        for side in (0, 1):
            i, j, k = rng.integers(1, 4), 4 * side + rng.integers(2), rng.integers(3)
            image[(i + k, slice(j, j + 3)) if lies[side] else (slice(i, i + 3), j + k)] += 1
    return x, lying


def told_apart(answers: Any, yes: Any, no: Any) -> Any:
    """For each unit how well it tells two kinds of images apart: 0.5 by chance, 1 always (area under the curve)."""
    first, second = answers[yes][:, None], answers[no][None]
    area = np.mean(first > second, axis=(0, 1)) + np.mean(first == second, axis=(0, 1)) / 2
    return np.maximum(area, 1 - area)


def test_first_filters_become_oriented_edges_and_deeper_units_need_two_of_them() -> None:
    """The class is whether the two bars differ, so that no small window decides it."""
    (x, lying), (unseen, lies) = (two_bars(n, np.random.default_rng(n)) for n in (400, 300))
    alone = [unseen * (np.arange(8) // 4 == side) for side in (0, 1)]
    found = []
    for seed in range(5):
        manual_seed(seed)
        edges = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2))
        deeper = nn.Sequential(nn.Conv2d(6, 12, 3), nn.ReLU(), nn.Flatten())
        net, rng = nn.Sequential(edges, deeper, nn.Linear(12, 2)), np.random.default_rng(seed)
        strongest = lambda images, edges=edges: edges(images).data.max((2, 3))
        both, neither, differ = lies.all(1), ~lies.any(1), lies[:, 0] != lies[:, 1]
        before = told_apart(strongest(unseen), both, neither)
        optimizer = optim.Adam(net.parameters(), lr=0.01)
        for _ in range(200):
            rows = rng.integers(0, 400, 100)
            optimizer.zero_grad()
            F.cross_entropy(net(x[rows]), (lying[rows, 0] != lying[rows, 1]) * 1).backward(leaves_only=True)
            optimizer.step()
        after = told_apart(strongest(unseen), both, neither)
        edge = told_apart(strongest(unseen), differ, ~differ)
        wrong = np.mean(net(unseen).data.argmax(1) != differ)
        beyond = [  # the share of a unit's answer to two bars that neither brings by itself
            np.maximum(f(unseen) - np.maximum(f(alone[0]), f(alone[1])), 0).sum(0) / np.maximum(f(unseen).sum(0), 1e-9)
            for f in (strongest, lambda images, edges=edges, deeper=deeper: deeper(edges(images)).data)
        ]
        found.append((before.mean(), after.mean(), edge.max(), wrong, beyond[0].max(), beyond[1].max()))
    start, end, edge, wrong, of_edge, of_deeper = np.median(found, axis=0)
    assert start < 0.9 < 0.95 < end  # trained filters know an orientation …
    assert edge < 0.75  # … none of them the class …
    assert wrong < 0.05  # … which the net knows
    assert of_edge < 0.1 < 0.25 < of_deeper


def test_a_template_is_most_similar_to_itself() -> None:
    patches = RNG.normal(size=(20, 9))
    patches /= np.linalg.norm(patches, axis=1, keepdims=True)
    np.testing.assert_array_equal((patches @ patches.T).argmax(1), np.arange(20))
    w, x = RNG.normal(size=9), RNG.normal(size=9)
    assert w @ x == pytest.approx(np.linalg.norm(w) * np.linalg.norm(x) * F.cosine_similarity(w, x, dim=0))


def test_fractional_pooling_steps_by_one_or_two_and_averages_in_inference() -> None:
    x = np.broadcast_to(np.arange(25.0), (1, 1, 25, 25)).copy()
    steps = []
    for u in (0.1, 0.5, 0.9):
        out = F.fractional_max_pool2d(x, 1, 16, random_samples=[u, u])
        places = out[0, 0, 0]
        assert set(np.diff(places)) <= {1.0, 2.0}
        steps.append(np.mean(np.diff(places)))
    assert np.mean(steps) == pytest.approx(24 / 15, abs=0.05)
    layer = nn.FractionalMaxPool2d(2, output_ratio=0.6, average=4)
    noisy = RNG.normal(size=(2, 3, 10, 10))
    assert not np.array_equal(layer(noisy), layer(noisy))
    layer.eval()
    assert layer(noisy).shape == (2, 3, 6, 6)
    np.testing.assert_array_equal(layer(noisy), layer(noisy))
    with pytest.raises(ShapeError, match="either"):
        F.fractional_max_pool2d(noisy, 2)


def test_fractional_pooling_equals_pytorchs_at_the_same_samples() -> None:
    torch = pytest.importorskip("torch")
    x, u = RNG.normal(size=(2, 3, 11, 9)), RNG.random((2, 3, 2))
    theirs = torch.nn.FractionalMaxPool2d(2, output_size=(6, 5), _random_samples=torch.tensor(u))
    tensor, leaf = torch.tensor(x, requires_grad=True), Value(x)
    wanted = theirs(tensor)
    # PyTorch's last axis comes first in its samples.
    out = nn.FractionalMaxPool2d(2, output_size=(6, 5), random_samples=u[..., ::-1])(leaf)
    np.testing.assert_allclose(out.data, wanted.detach().numpy())
    upstream = RNG.normal(size=out.shape)
    out.backward(upstream)
    wanted.backward(torch.tensor(upstream))
    np.testing.assert_allclose(leaf.grad, tensor.grad.numpy())


def test_one_dimensional_convolution_finds_a_motif() -> None:
    signal, motif = 0.1 * RNG.normal(size=50), np.array([1.0, -2.0, 1.5])
    signal[30:33] += motif
    out = F.conv1d(signal[None, None], motif[None, None])[0, 0]
    np.testing.assert_allclose(out, np.correlate(signal, motif))
    assert out.argmax() == 30


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_padding_equals_pytorchs(mode: str) -> None:
    torch = pytest.importorskip("torch")
    x = RNG.normal(size=(1, 2, 4, 5))
    tensor, leaf, widths = torch.tensor(x, requires_grad=True), Value(x), (1, 2, 3, 0)
    theirs, mine = torch.nn.functional.pad(tensor, widths, mode=mode), F.pad(leaf, widths, mode)
    upstream = RNG.normal(size=mine.shape)
    mine.backward(upstream)
    theirs.backward(torch.tensor(upstream))
    np.testing.assert_allclose(mine.data, theirs.detach().numpy())
    np.testing.assert_allclose(leaf.grad, tensor.grad.numpy())


def test_a_transposed_convolution_reaches_the_size_it_is_asked_for() -> None:
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1)
    assert layer(np.zeros((1, 1, 4, 4))).shape == (1, 1, 7, 7)
    assert layer(np.zeros((1, 1, 4, 4)), (8, 8)).shape == (1, 1, 8, 8)


MODELS = [
    ("LeNet", (4, 1, 28, 28), {}),
    ("ResNet", (4, 1, 8, 8), {"in_channels": 1, "num_classes": 2, "planes": (4, 8)}),
]


@pytest.mark.parametrize(("name", "shape", "options"), MODELS)
def test_lenet_and_a_residual_net_train(name: str, shape: tuple[int, ...], options: dict[str, Any]) -> None:
    manual_seed(0)
    net = getattr(nn.models, name)(**options)
    x, y = bars(16, np.random.default_rng(0))
    x = np.pad(x, [(0, 0), (0, 0), *[((n - 8) // 2, (n - 8) // 2) for n in shape[2:]]])
    losses = descend(net, lambda: F.cross_entropy(net(x), y), 25, 0.2)
    assert losses[-1] < 0.4 * losses[0]
    assert prod(net.eval()(x).shape) == 16 * (options.get("num_classes", 10))
