"""Convolution, pooling, patches and padding are PyTorch's in value and gradient, whatever the settings and memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import Value, walk
from tinygrad_edu.errors import ShapeError, UnsupportedError
from tinygrad_edu.gates import convolution, patches, picking, pooling
from tinygrad_edu.gates.windows import Windows, batch_last, moved_last
from tinygrad_edu.testing import gradcheck

RANDOM = np.random.default_rng(0)


def array(*shape, dtype=np.float64):
    return RANDOM.standard_normal(shape).astype(dtype)


def ties(*shape, dtype=np.float64):
    return RANDOM.integers(0, 3, shape).astype(dtype)


def same(ours, theirs, *arrays):
    """Value and gradients of a function of Values are those of PyTorch's function of tensors."""
    torch = pytest.importorskip("torch")
    values, tensors = [Value(a) for a in arrays], [torch.tensor(np.array(a), requires_grad=True) for a in arrays]
    out, twin = ours(*values), theirs(torch.nn.functional)(*tensors)
    tolerance = {"rtol": 1e-9, "atol": 1e-11} if arrays[0].dtype == np.float64 else {"rtol": 2e-4, "atol": 2e-5}
    np.testing.assert_allclose(out.data, twin.detach().numpy(), **tolerance, strict=True)
    g = array(*out.shape, dtype=out.dtype)
    ours_by = walk(out, g)
    twin.backward(torch.tensor(g))
    for value, tensor in zip(values, tensors, strict=True):
        np.testing.assert_allclose(ours_by[value], tensor.grad.numpy(), **tolerance, strict=True)


@st.composite
def geometry(draw, dims):
    def number(low, high):
        return draw(st.integers(low, high)) if draw(st.booleans()) else tuple(
            draw(st.integers(low, high)) for _ in range(dims)
        )  # fmt: skip

    return {"stride": number(1, 3), "padding": number(0, 2), "dilation": number(1, 2)}


DIMS, DTYPES = st.integers(1, 3), st.sampled_from([np.float32, np.float64])


@settings(max_examples=30)
@given(data=st.data(), dims=DIMS, dtype=DTYPES, groups=st.integers(1, 2), batch=st.integers(0, 3))
def test_a_convolution_is_pytorchs(data, dims, dtype, groups, batch):
    setting, window = data.draw(geometry(dims)), [data.draw(st.integers(1, 3)) for _ in range(dims)]
    size = [data.draw(st.integers(5, 7)) for _ in range(dims)]
    arrays = [array(batch, 2 * groups, *size, dtype=dtype), array(3 * groups, 2, *window, dtype=dtype)]
    arrays += [array(3 * groups, dtype=dtype)] * data.draw(st.integers(0, 1))
    name = f"conv{dims}d"
    same(
        lambda *a: getattr(convolution, name)(*a, **setting, groups=groups),
        lambda F: lambda *a: getattr(F, name)(*a, **setting, groups=groups),
        *arrays,
    )


@settings(max_examples=20)
@given(data=st.data(), dims=DIMS, dtype=DTYPES, groups=st.integers(1, 2))
def test_a_transposed_convolution_is_pytorchs(data, dims, dtype, groups):
    stride, dilation, padding = (data.draw(st.integers(low, high)) for low, high in ((1, 2), (1, 2), (0, 1)))
    more = data.draw(st.integers(0, max(stride, dilation) - 1))
    setting = {"stride": stride, "dilation": dilation, "padding": padding, "output_padding": more, "groups": groups}
    shape = [data.draw(st.integers(3, 5)) for _ in range(dims)]
    window = [data.draw(st.integers(1, 3)) for _ in range(dims)]
    name = f"conv_transpose{dims}d"
    same(
        lambda *a: getattr(convolution, name)(*a, **setting),
        lambda F: lambda *a: getattr(F, name)(*a, **setting),
        *[array(2, 2 * groups, *shape, dtype=dtype), array(2 * groups, 3, *window, dtype=dtype)],
        array(3 * groups, dtype=dtype),
    )


@settings(max_examples=30)
@given(data=st.data(), dims=DIMS, dtype=DTYPES, make=st.sampled_from([array, ties]), ceil=st.booleans())
def test_a_maximum_pooling_is_pytorchs_ties_and_indices_too(data, dims, dtype, make, ceil):
    torch = pytest.importorskip("torch")
    window, stride, dilation = (data.draw(st.integers(1, most)) for most in (3, 3, 2))
    padding = data.draw(st.integers(0, window // 2))
    x = make(2, 2, *[data.draw(st.integers(5, 7)) for _ in range(dims)], dtype=dtype)
    setting = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil}
    function = getattr(torch.nn.functional, f"max_pool{dims}d")
    same(
        lambda x: pooling.max_pool(x, window=window, **setting),
        lambda F: lambda x: getattr(F, f"max_pool{dims}d")(x, window, **setting),
        x,
    )
    _, indices = function(torch.tensor(x), window, **setting, return_indices=True)
    np.testing.assert_array_equal(pooling.max_pool_indices(x, window=window, **setting), indices.numpy())


@settings(max_examples=20)
@given(data=st.data(), dims=DIMS, dtype=DTYPES, ceil=st.booleans(), count=st.booleans())
def test_an_average_pooling_is_pytorchs(data, dims, dtype, ceil, count):
    window, stride = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    setting = {"stride": stride, "padding": data.draw(st.integers(0, window // 2))}
    setting |= {"ceil_mode": ceil, "count_include_pad": count}
    if dims > 1 and data.draw(st.booleans()):
        setting["divisor_override"] = 5
    same(
        lambda x: pooling.avg_pool(x, window=window, **setting),
        lambda F: lambda x: getattr(F, f"avg_pool{dims}d")(x, window, **setting),
        array(2, 2, *[data.draw(st.integers(5, 7)) for _ in range(dims)], dtype=dtype),
    )


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize("size", [1, 2, 4, (3, 7), (None, 5), 9])
def test_an_adaptive_pooling_is_pytorchs(kind, size):
    same(
        lambda x: getattr(pooling, f"adaptive_{kind}_pool")(x, size=size),
        lambda F: lambda x: getattr(F, f"adaptive_{kind}_pool2d")(x, size),
        ties(2, 3, 8, 7),
    )


def test_a_fractional_pooling_is_pytorchs():
    torch = pytest.importorskip("torch")
    samples = RANDOM.random((2, 3, 2))
    same(
        lambda x: pooling.fractional_max_pool(x, size=(5, 6), window=2, samples=samples[..., ::-1]),
        lambda F: lambda x: F.fractional_max_pool2d(x, 2, (5, 6), _random_samples=torch.tensor(samples)),
        array(2, 3, 9, 11),
    )


@pytest.mark.parametrize(("mode", "theirs"), [("reflect", "reflect"), ("edge", "replicate"), ("wrap", "circular")])
def test_a_padding_is_pytorchs(mode, theirs):
    same(
        lambda x: np.pad(x, ((0, 0), (0, 0), (3, 1), (0, 2)), mode),
        lambda F: lambda x: F.pad(x, (0, 2, 3, 1), mode=theirs),
        array(2, 3, 5, 4),
    )


@pytest.mark.parametrize("mode", picking.PAD_MODES)
@pytest.mark.parametrize("widths", [2, (1, 9), [(0, 1), (7, 2)], {1: (3, 0)}])
def test_np_pad_keeps_its_meaning(mode, widths):
    x = array(3, 4)
    np.testing.assert_array_equal(np.pad(Value(x), widths, mode).data, np.pad(x, widths, mode))
    gradcheck(lambda x: np.pad(x, widths, mode), x)


def test_np_pad_refuses_what_has_no_derivative():
    v = Value(array(3))
    np.testing.assert_array_equal(np.pad(v, 1, constant_values=(1, 2)).data, np.pad(v.data, 1, constant_values=(1, 2)))
    odd, empty, given = {"mode": "reflect", "reflect_type": "odd"}, {"mode": "empty"}, {"constant_values": Value(1.0)}
    for options in (odd, empty, given):
        with pytest.raises(UnsupportedError, match="pad"):
            np.pad(v, 1, **options)


@settings(max_examples=20)
@given(setting=geometry(2), window=st.integers(1, 3))
def test_folding_is_the_adjoint_of_unfolding(setting, window):
    x = array(2, 3, 7, 6)
    columns = patches.unfold(x, window=window, **setting)
    y = array(*columns.shape)
    back = patches.fold(y, size=x.shape[2:], window=window, **setting)
    np.testing.assert_allclose(np.vdot(columns, y), np.vdot(x, back))


def layouts(x):
    """The same numbers: as they are, batch-last, reversed twice, every second element of a larger array, read-only."""
    spread = np.repeat(x, 2, axis=-1)[..., ::2]
    locked = x.copy()
    locked.flags.writeable = False
    return [x, np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0), x[::-1].copy()[::-1], spread, locked]


CALLS = {
    "conv": lambda x, w: convolution.conv(x, w, stride=(2, 1), padding=1),
    "conv_transpose": lambda x, w: convolution.conv_transpose2d(x, w.swapaxes(0, 1), stride=2),
    "max_pool": lambda x, w: pooling.max_pool(x * w[0, 0, 0, 0], window=3, stride=2),
    "avg_pool": lambda x, w: pooling.avg_pool(x * w[0, 0, 0, 0], window=2),
    "adaptive_avg_pool": lambda x, w: pooling.adaptive_avg_pool(x * w[0, 0, 0, 0], size=4),
    "pad": lambda x, w: picking.pad(x * w[0, 0, 0, 0], ((0, 0), (0, 0), (1, 2), (0, 1)), mode="reflect"),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_memory_layout_never_changes_a_result(name):
    x, w = array(3, 2, 6, 5), array(4, 2, 3, 2)
    g = array(*CALLS[name](x, w).shape)
    results = []
    for same_x, same_w, same_g in zip(layouts(x), layouts(w)[::-1], layouts(g), strict=True):
        values = Value(same_x), Value(same_w)
        out = CALLS[name](*values)
        by = walk(out, same_g)
        results.append([out.data, *(by[v] for v in values)])
    for result in results[1:]:
        for a, b in zip(results[0], result, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)


def test_blocks_of_patches_do_not_change_a_convolution(monkeypatch):
    x, w, b = array(3, 2, 9, 5), array(4, 2, 3, 2), array(4)
    g = array(3, 4, 9, 6)

    def everything():
        setting = {"padding": 1, "stride": 1}
        return [
            convolution.conv(x, w, b, **setting),
            convolution.conv_transpose(g, w, size=(9, 5), **setting),
            convolution.conv_weight(x, g, window=(3, 2), **setting),
        ]

    whole = everything()
    for block, small in ((1, 1), (2**12, 1), (2**21, 2000)):
        monkeypatch.setattr(convolution, "BLOCK", block)
        monkeypatch.setattr(patches, "SMALL", small)
        monkeypatch.setattr(patches, "FEW", 1)
        for a, b_ in zip(whole, everything(), strict=True):
            np.testing.assert_allclose(a, b_, rtol=1e-12)


@pytest.mark.parametrize(
    "padding", [((0, 0), (0, 0)), ((1, 2), (0, 3)), ((-1, 2), (3, -2)), ((-9, 12), (2, -5))], ids=str
)
def test_padding_adds_zeros_or_cuts_off(padding):
    x = array(2, 5, 4, 3)
    wide = np.pad(x, ((0, 0), (12, 12), (12, 12), (0, 0)))
    wanted = wide[:, 12 - padding[0][0] : 17 + padding[0][1], 12 - padding[1][0] : 16 + padding[1][1]]
    np.testing.assert_array_equal(patches.padded(x, padding=padding), wanted)
    out = np.full(wanted.shape, np.nan)
    np.testing.assert_array_equal(patches.padded(x, out, padding=padding) if wanted.shape != x.shape else x, wanted)


@pytest.mark.parametrize("stride", [1, 2, (1, 3)], ids=str)
@pytest.mark.parametrize("dilation", [1, 2, (2, 1)], ids=str)
@pytest.mark.parametrize("batch", [0, 1, 3])
def test_patches_are_what_a_sliding_window_sees(stride, dilation, batch):
    x, window = array(2, 9, 7, batch), (3, 2)
    over = Windows.over(x.shape[1:-1], window, stride=stride, dilation=dilation)
    span = [d * (k - 1) + 1 for k, d in zip(window, over.dilation, strict=True)]
    seen = np.lib.stride_tricks.sliding_window_view(x, span, (1, 2))[:, :: over.stride[0], :: over.stride[1]]
    wanted = seen[..., :: over.dilation[0], :: over.dilation[1]].transpose(0, 4, 5, 1, 2, 3)
    rows = (1, over.positions[0])
    found = patches.gather(x, over, rows)
    np.testing.assert_array_equal(found, wanted[:, :, :, 1:])
    buffer = np.full(found.size + 5, np.nan)
    np.testing.assert_array_equal(patches.gather(x, over, rows, buffer), found)
    assert np.isnan(buffer[found.size :]).all()


@pytest.mark.parametrize(
    ("rows", "taps", "columns", "products"), [(6, 25, 50_176, 8), (64, 288, 1024, 1), (1, 1, 500, 1), (1, 1, 0, 0)]
)
def test_products_of_patches_are_small_unless_of_few_columns(rows, taps, columns, products, monkeypatch):
    sizes = []
    monkeypatch.setattr(patches.np, "matmul", lambda a, b, out: sizes.append((*a.shape, b.shape[1])))
    patches.times_patches(np.empty((rows, taps)), np.empty((taps, columns)), np.empty((rows, columns)))
    assert len(sizes) == products
    assert sum(size[2] for size in sizes) == columns


@pytest.mark.parametrize("shape", [(20, 4, 16, 16), (20, 1024), (7, 1024), (20, 3, 5), (0, 1024), (3, 0, 4)])
def test_moving_the_batch_to_the_last_axis_is_a_transpose(shape):
    for dtype in (np.float32, np.float64, np.complex128, bool):
        x = RANDOM.standard_normal(shape).astype(dtype)
        for lying in (x, np.broadcast_to(x[:1], shape), x[::-1], np.asfortranarray(x)):
            found = batch_last(lying)
            np.testing.assert_array_equal(found, np.moveaxis(lying, 0, -1), strict=True)
            assert found.flags.c_contiguous
    out = np.empty((*shape[1:], shape[0]))
    assert moved_last(x, out) is out
    np.testing.assert_array_equal(out, np.moveaxis(x, 0, -1))


def test_products_in_parts_are_those_of_the_whole(monkeypatch):
    monkeypatch.setattr(patches, "SMALL", 3 * 4 * 5)
    monkeypatch.setattr(patches, "FEW", 2)
    filters, seen, y = array(2, 3, 4), array(2, 4, 17), array(2, 3, 17)
    out, weight, wide = np.empty((2, 3, 17)), np.empty((2, 3, 4)), np.empty((2, 4, 3))
    np.testing.assert_allclose(patches.times_patches(filters, seen, out), filters @ seen, rtol=1e-12)
    halves = (slice(9), slice(9, None))
    patches.correlation(((y[..., half], seen[..., half]) for half in halves), weight)
    np.testing.assert_allclose(weight, y @ seen.swapaxes(1, 2), rtol=1e-12)
    patches.correlation(((seen[..., half], y[..., half]) for half in halves), wide)
    np.testing.assert_allclose(wide, seen @ y.swapaxes(1, 2), rtol=1e-12)


def test_the_second_derivative_is_right_through_a_small_network():
    def network(x, w, v):
        hidden = np.tanh(convolution.conv2d(x, w, padding=1, stride=2))
        return np.sum(pooling.avg_pool(convolution.conv_transpose2d(hidden, v, stride=2), window=2) ** 2)

    gradcheck(network, array(1, 2, 5, 4), array(3, 2, 3, 2), array(3, 1, 2, 2), order=2)


def test_a_wrong_derivative_is_noticed(monkeypatch):
    derivatives = list(convolution.conv.derivatives)
    derivatives[0] = lambda g, out, x, w, *bias, **settings: 2 * convolution.conv_transpose(g, w, size=x.shape[2:])
    monkeypatch.setattr(convolution.conv, "derivatives", tuple(derivatives))
    with pytest.raises(AssertionError):
        same(convolution.conv2d, lambda F: F.conv2d, array(1, 1, 4, 4), array(1, 1, 2, 2))


def test_a_nan_wins_a_window_and_gets_the_gradient():
    x = Value([[[1.0, np.nan, 3.0, 2.0]]])
    out = pooling.max_pool(x, window=2)
    assert np.isnan(out.data[0, 0, 0])
    np.testing.assert_array_equal(walk(out, np.ones((1, 1, 2)))[x], [[[0.0, 1.0, 1.0, 0.0]]])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: convolution.conv2d(array(1, 1, 4, 4), array(1, 1, 7, 7), padding=1), r"4 \+ 1\+1 - 1·\(7 - 1\) - 1"),
        (lambda: convolution.conv2d(array(1, 3, 4, 4), array(2, 2, 3, 3)), "3 channels, weight is for 2·1"),
        (lambda: convolution.conv2d(array(1, 4, 4, 4), array(3, 2, 3, 3), groups=2), "3 channels .* groups=2"),
        (lambda: convolution.conv2d(array(3, 4, 4), array(1, 3, 3, 3)), r"x\[None\]"),
        (lambda: convolution.conv1d(array(1, 1, 4), array(1, 1, 2), stride=0), "stride=0"),
        (lambda: convolution.conv1d(array(1, 1, 4), array(1, 1, 2), stride=2, padding="same"), "padding='same'"),
        (lambda: convolution.conv_transpose1d(array(1, 1, 4), array(1, 1, 2), output_padding=1), "output_padding=1"),
        (lambda: convolution.conv_transpose1d(array(1, 1, 2), array(1, 1, 2), padding=2), "take less padding"),
        (lambda: convolution.conv_transpose(array(1, 1, 4), array(1, 1, 2), size=(9,)), r"\(N, 1, 8\)"),
        (lambda: pooling.max_pool(array(1, 1, 4), window=2, padding=2), "half of window=2"),
        (lambda: pooling.max_pool(array(1, 1, 4), window=(2, 2)), r"window=\(2, 2\)"),
        (lambda: pooling.fractional_max_pool(array(1, 1, 4), size=4, window=2, samples=[0.5]), "do not fit"),
        (lambda: patches.fold(array(1, 1, 2, 4), size=(4,), window=2), r"\(N, C, 2, 3\)"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_sum(wrong, message):
    with pytest.raises(ShapeError, match=message):
        wrong()


@pytest.mark.parametrize("transposed", [False, True])
def test_complex_convolution_is_that_of_pytorch(transposed):
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)

    def numbers(*shape):
        return random.standard_normal(shape) + 1j * random.standard_normal(shape)

    name = "conv_transpose2d" if transposed else "conv2d"
    arrays = [numbers(2, 4, 5, 5), numbers(4, 3, 3, 3) if transposed else numbers(6, 2, 3, 3), numbers(6)]
    values, tensors = [Value(a) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]
    out = getattr(convolution, name)(*values, stride=2, padding=1, groups=2)
    theirs = getattr(torch.nn.functional, name)(*tensors, stride=2, padding=1, groups=2)
    np.testing.assert_allclose(out.data, theirs.detach().numpy(), rtol=1e-12, atol=1e-12)
    g = numbers(*out.shape)
    out.backward(g)
    theirs.backward(torch.tensor(g))
    for value, tensor in zip(values, tensors, strict=True):
        np.testing.assert_allclose(value.grad, tensor.grad.resolve_conj().numpy(), rtol=1e-12, atol=1e-12)


@settings(max_examples=30)
@given(data=st.data(), dims=DIMS, dtype=DTYPES, channels=st.integers(2, 4), filters=st.integers(1, 2))
def test_channels_with_filters_of_their_own_are_pytorchs(data, dims, dtype, channels, filters):
    setting, window = data.draw(geometry(dims)), [data.draw(st.integers(1, 3)) for _ in range(dims)]
    setting["padding"] = data.draw(st.integers(0, min(window) // 2))
    weight, bias = array(channels * filters, 1, *window, dtype=dtype), array(channels * filters, dtype=dtype)
    same(
        lambda *a: getattr(convolution, f"conv{dims}d")(*a, **setting, groups=channels),
        lambda F: lambda *a: getattr(F, f"conv{dims}d")(*a, **setting, groups=channels),
        *[array(2, channels, *[data.draw(st.integers(5, 7)) for _ in range(dims)], dtype=dtype), weight, bias],
    )
    setting["padding"] = 0
    same(
        lambda *a: getattr(convolution, f"conv_transpose{dims}d")(*a, **setting, groups=channels * filters),
        lambda F: lambda *a: getattr(F, f"conv_transpose{dims}d")(*a, **setting, groups=channels * filters),
        *[array(2, channels * filters, *[data.draw(st.integers(2, 4)) for _ in range(dims)], dtype=dtype), weight],
    )


def test_the_second_derivative_of_a_depthwise_convolution():
    assert gradcheck(
        lambda x, w: convolution.conv2d(x, w, groups=2, padding=1, stride=2), array(2, 2, 4, 4), array(4, 1, 3, 3)
    ).ok
