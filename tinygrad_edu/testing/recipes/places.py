"""Recipes of gates along axes, and of those that move elements. Builds on `parts`."""

from typing import Any

import numpy as np

from ...gates.shaping import PICKED
from ..programs import Builder, Unfit
from .parts import axis_of, inside, one_axis, recipe, resized

__all__: list[str] = []  # entered in the table

Array = Any


@recipe("sum", "mean", "prod", "max", "min", "logsumexp", "norm", "var", "std", "p_norm")
def reduce(b: Builder, name: str) -> int:
    x = b.pick(lambda x: x.size or name in ("sum", "prod"), complex=name in ("sum", "mean"))
    settings: dict[str, Any] = {"axis": axis_of(b, len(b.shape(x))), "keepdims": bool(b.random.randint(0, 1))}
    if name in ("max", "min"):
        settings["ties"] = "split"
    if name in ("var", "std"):
        settings["ddof"] = 0
    if name == "p_norm":
        settings["p"] = b.random.choice((1.5, 3.0))
        x = inside(b, x, (0.1, 9))
    if name == "std" and np.any(np.std(b.known[x], settings["axis"]) < 1e-3):
        raise Unfit
    return b.add(name, x, **settings)


@recipe("softmax", "cumsum", "cumprod")
def along(b: Builder, name: str) -> int:
    x = b.pick(lambda x: x.size)
    return b.add(name, x, axis=one_axis(b, x))


@recipe("standardise")
def standardised(b: Builder, name: str) -> int:
    x = b.pick(lambda x: x.size)
    return b.add(name, x, axis=axis_of(b, len(b.shape(x))), eps=0.1)


@recipe("softmax_cross_entropy")
def cross_entropy(b: Builder, name: str) -> int:
    rows, classes = b.random.randint(1, 3), b.random.randint(1, 3)
    labels = np.array([b.random.randint(0, classes - 1) for _ in range(rows)])
    reduction = b.random.choice(("mean", "sum", "none"))
    return b.add(name, resized(b, b.pick(), (rows, classes)), labels, axis=-1, reduction=reduction)


@recipe("roll")
def roll(b: Builder, name: str) -> int:
    x = b.pick()
    return b.add(name, x, shift=(b.random.randint(-2, 2),), axis=(one_axis(b, x),))


@recipe("take_along_axis", "add_along_axis", "pick", "add_picked")
def rows(b: Builder, name: str) -> int:
    x = b.pick(lambda x: x.size and x.ndim)
    axis = one_axis(b, x)
    length, count = b.shape(x)[axis], b.random.randint(1, 3)
    if name.startswith("add"):
        length, count = count, length
    shape = [count if k == axis % len(b.shape(x)) else n for k, n in enumerate(b.shape(x))]
    shape = [count] if "pick" in name else shape
    index = np.reshape([b.random.randint(0, length - 1) for _ in range(int(np.prod(shape)))], shape)
    more: dict[str, Any] = {"axis": axis} if name.endswith("axis") else {"axes": (axis,)}
    if name.startswith("add"):
        more |= {"length": length} if name == "add_along_axis" else {"lengths": (length,)}
    return b.add(name, x, index, **more)


@recipe("reshape")
def reshape(b: Builder, name: str) -> int:
    x = b.pick(complex=True)
    size = b.known[x].size
    factor = b.random.choice([k for k in (1, 2, 3, 6) if size % k == 0])
    return b.add(name, x, shape=b.random.choice([(-1,), (factor, size // factor), (size // factor, 1, factor)]))


@recipe("transpose", "swapaxes", "expand_dims", "squeeze", "broadcast_to")
def turn(b: Builder, name: str) -> int:
    x = b.pick(complex=True)
    shape = b.shape(x)
    if name == "broadcast_to":
        return b.add(name, x, shape=(b.random.randint(1, 2), *(b.random.randint(1, 3) if n == 1 else n for n in shape)))
    if name == "expand_dims":
        return b.add(name, x, axis=b.random.randint(-len(shape) - 1, len(shape)))
    if name == "squeeze":
        return b.add(name, x, axis=tuple(k for k, n in enumerate(shape) if n == 1))
    if name == "swapaxes":
        return b.add(name, x, axis1=one_axis(b, x), axis2=one_axis(b, x))
    order = list(range(len(shape)))
    b.random.shuffle(order)
    return b.add(name, x, axes=tuple(order))


@recipe("concatenate", "stack")
def joined(b: Builder, name: str) -> int:
    x = b.pick()
    axis = one_axis(b, x) if name == "concatenate" else b.random.randint(0, len(b.shape(x)))
    same = [b.pick(lambda y: y.shape == b.shape(x)) for _ in range(b.random.randint(0, 2))]
    return b.add(name, x, *same, axis=axis)


def index_of(b: Builder, shape: tuple[int, ...]) -> tuple[list[Array], tuple[Any, ...]]:
    """An index into an array of that shape: slices, numbers, new axes, and at most one array of integers."""
    parts: list[Any] = []
    picks: list[Array] = []
    for n in shape:
        kind = b.random.randint(0, 5)
        if kind == 0 and n:
            parts.append(b.random.randint(-n, n - 1))
        elif kind == 1 and n and not picks:
            picks.append(np.array([b.random.randint(-n, n - 1) for _ in range(b.random.randint(0, 3))], int))
            parts.append(PICKED)
        elif kind == 2:
            parts.append(slice(None, None, b.random.choice((1, -1, 2, -2))))
        elif kind == 3:
            parts += [None, slice(b.random.randint(0, n), None)]
        else:
            parts.append(slice(None))
    return picks, tuple(parts)


@recipe("getitem")
def getitem(b: Builder, name: str) -> int:
    x = b.pick(complex=True)
    picks, index = index_of(b, b.shape(x))
    return b.add(name, x, *picks, index=index)


@recipe("scatter")
def scatter(b: Builder, name: str) -> int:
    shape = b.random.choice([(3,), (2, 3), (3, 3)])
    picks, index = index_of(b, shape)
    given = iter(picks)
    part = np.zeros(shape)[tuple(next(given) if each is PICKED else each for each in index)]
    return b.add(name, resized(b, b.pick(), part.shape), *picks, index=index, shape=shape)


@recipe("pad_constant")
def pad(b: Builder, name: str) -> int:
    x = b.pick(lambda x: x.ndim)
    widths = tuple((b.random.randint(0, 1), b.random.randint(0, 1)) for _ in b.shape(x))
    return b.add(name, x, widths=widths, value=0.5)
