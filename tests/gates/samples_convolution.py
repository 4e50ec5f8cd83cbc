"""Samples of convolution, pooling, patches and picking: one to three dimensions, ties, an empty batch."""

import numpy as np
from hypothesis import strategies as st

from tinygrad_edu.gates.convolution import transposed_size
from tinygrad_edu.gates.windows import Windows

from .samples import call, drawn_call, samples


def array(*shape):
    """Numbers between -1 and 1, all different."""
    size = int(np.prod(shape))
    return (np.arange(size) * 7 % max(size, 1) / max(size, 1) * 2 - 1 + 0.01).reshape(shape)


def levels(*shape):
    """Few different numbers: ties in every window."""
    return (np.arange(int(np.prod(shape))) * 7 % 3 - 1.0).reshape(shape)


@st.composite
def geometries(draw, dims):
    """Settings of a window that fits, and the lengths it is slid over."""
    window, stride, dilation, before = (
        tuple(draw(st.integers(low, high)) for _ in range(dims)) for low, high in ((1, 3), (1, 2), (1, 2), (0, 1))
    )
    size = tuple(d * (k - 1) + 1 + draw(st.integers(0, 2)) for k, d in zip(window, dilation, strict=True))
    return size, window, {"stride": stride, "padding": before, "dilation": dilation}


@st.composite
def convolutions(draw):
    """x, weight and settings of a convolution."""
    dims, groups = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    size, window, settings = draw(geometries(dims))
    batch, channels, filters = draw(st.integers(0, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    return array(batch, channels * groups, *size), array(filters * groups, channels, *window), settings, groups


def placed(x, weight, settings):
    """An array with one number for each position of the window over x."""
    windows = Windows.over(x.shape[2:], weight.shape[2:], **settings)
    return array(x.shape[0], weight.shape[0], *windows.positions)


@drawn_call
def convolved(draw):
    x, weight, settings, groups = draw(convolutions())
    bias = [array(weight.shape[0])] if draw(st.booleans()) else []
    return call(x, weight, *bias, **settings, groups=groups)


@drawn_call
def transposed(draw):
    x, weight, settings, groups = draw(convolutions())
    return call(placed(x, weight, settings), weight, **settings, groups=groups, size=x.shape[2:])


@drawn_call
def weighted(draw):
    x, weight, settings, groups = draw(convolutions())
    return call(x, placed(x, weight, settings), **settings, groups=groups, window=weight.shape[2:])


def torch_conv(torch, x, weight, *bias, **settings):
    return getattr(torch.nn.functional, f"conv{x.ndim - 2}d")(x, weight, *bias, **settings)


def torch_transpose(torch, x, weight, *bias, size, stride=1, padding=0, dilation=1, groups=1):
    """PyTorch's padding is one number an axis; less of it behind is its output_padding."""
    function = getattr(torch.nn.functional, f"conv_transpose{x.ndim - 2}d")
    padding = 0 if isinstance(padding, tuple) and isinstance(padding[0], tuple) else padding
    smallest = transposed_size(x.shape[2:], weight.shape[2:], stride=stride, padding=padding, dilation=dilation)
    more = tuple(n - m for n, m in zip(size, smallest, strict=True))
    return function(x, weight, bias[0] if bias else None, stride, padding, more, groups, dilation)


IMAGE, FILTERS, BIAS = array(2, 2, 5, 4), array(4, 2, 3, 2), array(4)

samples(
    "conv",
    call(IMAGE[:1], FILTERS[:2], BIAS[:2]),
    call(IMAGE[:1], FILTERS[:2], stride=2, padding=(1, 0), dilation=(2, 1)),
    call(IMAGE[:1], array(2, 1, 3, 3), padding="same", groups=2),
    call(IMAGE, array(3, 2, 1, 1), array(3)),
    call(array(0, 2, 5, 4), FILTERS, BIAS, padding=1),
    call(array(2, 3, 5), array(2, 3, 2), padding="valid"),
    call(array(1, 1, 2, 3, 2), array(2, 1, 1, 3, 2), array(2), padding=1, stride=(1, 2, 1)),
    drawn=convolved,
    torch=torch_conv,
)
samples(
    "conv_transpose",
    call(array(1, 4, 3, 3), FILTERS, array(2), size=(5, 4)),
    call(array(1, 4, 2, 2), FILTERS, size=(6, 5), stride=2, padding=((0, -1), (0, -1))),
    call(array(2, 4, 2, 2), array(4, 2, 1, 1), size=(2, 2), groups=2),
    call(array(2, 2, 3), array(2, 1, 3), size=(9,), stride=2, dilation=2),
    call(array(2, 2, 1), array(2, 2, 3), size=(3,), stride=2),
    drawn=transposed,
    torch=torch_transpose,
)
samples(
    "conv_weight",
    call(IMAGE, array(2, 3, 3, 3), window=(3, 2)),
    call(IMAGE, array(2, 2, 5, 4), window=(3, 3), padding="same", groups=2),
    call(array(0, 2, 5), array(0, 3, 4), window=(2,)),
    call(array(2, 2, 3), array(2, 2, 1), window=(3,), stride=2),
    drawn=weighted,
)


@drawn_call
def folded(draw):
    size, window, settings = draw(geometries(draw(st.integers(1, 2))))
    positions = Windows.over(size, window, **settings).positions
    return call(array(draw(st.integers(0, 2)), 2, *window, *positions), size=size, window=window, **settings)


def torch_unfold(torch, x, *, window, **settings):
    columns = torch.nn.functional.unfold(x, window, **settings)
    windows = Windows.over(tuple(x.shape[2:]), window, **settings)
    return columns.reshape((*x.shape[:2], *windows.window, *windows.positions))


samples("unfold", call(IMAGE, window=(3, 2), stride=(2, 1), padding=1), torch=torch_unfold)
samples("fold", call(array(2, 2, 3, 2, 3, 3), size=(5, 4), window=(3, 2)), drawn=folded)

POOL = {"window": 3, "stride": 2, "padding": 1, "dilation": 1, "ceil_mode": True}


def torch_max_pool(torch, x, *, window, stride=None, **settings):
    return getattr(torch.nn.functional, f"max_pool{x.ndim - 2}d")(x, window, stride, **settings)


def torch_sum(torch, x, *, window, stride=None, **settings):
    return torch.nn.functional.avg_pool2d(x, window, stride, **settings, divisor_override=1)


LARGEST = array(2, 2, 3, 3) ** 2
samples(
    "max_pool",
    call(IMAGE, window=2),
    call(IMAGE, **POOL),
    call(IMAGE, window=(2, 3), stride=1, dilation=(2, 1)),
    call(array(0, 2, 5, 4), window=2),
    call(array(2, 3, 6), window=2, stride=3),
    call(array(1, 2, 3, 4, 3), window=2, stride=1),
    torch=torch_max_pool,
)
PLACE = {"window": 3, "stride": 2, "padding": 1, "dilation": 1, "ceil_mode": False}
X, MAXIMUM = levels(2, 2, 5, 5), np.ones((2, 2, 3, 3))
samples("route_to_winners", call(LARGEST, X, MAXIMUM, **PLACE).by(0))
samples("pick_winners", call(array(2, 2, 5, 5), X, MAXIMUM, **PLACE).by(0))
samples(
    "sum_windows",
    call(IMAGE, window=2),
    call(IMAGE, window=3, stride=2, padding=1, ceil_mode=True),
    torch=torch_sum,
)
samples(
    "spread_windows",
    call(array(2, 2, 2, 2), size=(5, 4), window=2),
    call(array(2, 2, 3, 3), size=(5, 4), window=3, stride=2, padding=1, ceil_mode=True),
)

ROWS, COLUMNS = np.array([0, 0, 4, -1]), np.array([3, 1, 1, 0, 2])
samples(
    "pick",
    call(IMAGE, ROWS, COLUMNS, axes=(2, 3)).by(0),
    call(IMAGE, ROWS, axes=(-2,)).by(0),
    call(IMAGE, np.zeros(0, int), axes=(1,)).by(0),
)
samples(
    "add_picked",
    call(array(2, 2, 4, 5), ROWS, COLUMNS, axes=(2, 3), lengths=(5, 4)).by(0),
    call(array(2, 0), np.zeros(0, int), axes=(1,), lengths=(3,)).by(0),
)
samples(
    "pad_constant",
    call(IMAGE, widths=((0, 0), (0, 1), (2, 0), (1, 1)), value=2.0),
    call(array(3), widths=((1, 2),), value=((1.0, -1.0),)),
)
