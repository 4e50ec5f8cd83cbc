"""Recurrent layers: `RNN`, `GRU`, `LSTM` over sequences, and one step of each: `RNNCell`, `GRUCell`, `LSTMCell`.

A sequence is unrolled into gates, so back-propagation through time is the walk back as always; PyTorch's names,
layout and keys (`weight_ih_l0`, …, `_reverse`). Builds on `functional` and `module`.
"""

from functools import partial
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from ..errors import SettingError, ShapeError
from . import functional as F
from . import init
from .containers import Identity
from .module import Module
from .normalisation import LayerNorm
from .parameter import empty

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell"]


def _rnn_step(x: Any, state: Any, recur: Any, activation: Any) -> Any:
    """h' = a(x + W h), `x` being the input's part W x + b already."""
    h = activation(x + recur(state[0]))
    return (h,)


def _gru_step(x: Any, state: Any, recur: Any, _: Any) -> Any:
    """r, z = σ(…), n = tanh(x_n + r·(W h)_n), h' = (1 - z)·n + z·h."""
    h = state[0]
    from_x, from_h = _split(x, 3), _split(recur(h), 3)
    r, z = (F.sigmoid(a + b) for a, b in zip(from_x[:2], from_h[:2], strict=True))
    n = np.tanh(from_x[2] + r * from_h[2])
    return ((1 - z) * n + z * h,)


def _lstm_step(x: Any, state: Any, recur: Any, _: Any) -> Any:
    """i, f, o = σ(…), g = tanh(…), c' = f·c + i·g, h' = o·tanh(c')."""
    i, f, g, o = _split(x + recur(state[0]), 4)
    c = F.sigmoid(f) * state[1] + F.sigmoid(i) * np.tanh(g)
    return F.sigmoid(o) * np.tanh(c), c


def _recur(weight: Any, bias: Any, h: Any) -> Any:
    return F.linear(h, weight, bias)


def _split(x: Any, parts: int) -> list[Any]:
    size = x.shape[-1] // parts
    return [x[..., k * size : (k + 1) * size] for k in range(parts)]


STEPS = {"RNN": (1, _rnn_step), "GRU": (3, _gru_step), "LSTM": (4, _lstm_step)}


def _activation(name: str) -> Any:
    if name not in ("tanh", "relu"):
        raise SettingError(f"nonlinearity {name!r} is not known; choose 'tanh' or 'relu'")
    return getattr(F, name)


class _Recurrent(Module):
    """Unrolls a step over time, in layers and directions."""

    kind: ClassVar[str]
    proj_size: int = 0
    nonlinearity: str = "tanh"

    def _build(self, input_size: int, hidden_size: int, num_layers: int, bias: bool, dtype: Any) -> None:
        if self.proj_size < 0 or (self.proj_size and self.proj_size >= hidden_size):
            raise ShapeError(f"{self.kind}: proj_size {self.proj_size} must lie below hidden_size {hidden_size}")
        self.input_size, self.hidden_size, self.num_layers, self.bias = input_size, hidden_size, num_layers, bias
        rows, out = STEPS[self.kind][0] * hidden_size, self.proj_size or hidden_size
        for layer in range(num_layers):
            wide = input_size if layer == 0 else out * self._directions
            for suffix in self._suffixes(layer):
                setattr(self, f"weight_ih{suffix}", empty(rows, wide, dtype=dtype))
                setattr(self, f"weight_hh{suffix}", empty(rows, out, dtype=dtype))
                if bias:
                    setattr(self, f"bias_ih{suffix}", empty(rows, dtype=dtype))
                    setattr(self, f"bias_hh{suffix}", empty(rows, dtype=dtype))
                if self.proj_size:
                    setattr(self, f"weight_hr{suffix}", empty(self.proj_size, hidden_size, dtype=dtype))
        for parameter in self.parameters():
            init.uniform_(parameter, -1 / sqrt(hidden_size), 1 / sqrt(hidden_size))

    bidirectional: bool = False
    batch_first: bool = False
    dropout: float = 0.0

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_l{layer}", f"_l{layer}_reverse"][: self._directions]

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Sequences [L, N, H] ([N, L, H] with `batch_first`, or [L, H]) to (outputs at all times, last state).

        `hx` is the state to start with, [layers·directions, N, H] (a pair for LSTM), zeros by default.
        """
        single = np.ndim(input) == 2
        if np.ndim(input) not in (2, 3) or input.shape[-1] != self.input_size:
            raise ShapeError(
                f"{self.label}: input {np.shape(input)} must be [L, N, {self.input_size}] or [L, {self.input_size}]"
            )
        if not input.shape[int(self.batch_first and not single)]:
            raise ShapeError(f"{self.label}: input {input.shape} holds sequences of length 0")
        x = np.expand_dims(input, 1) if single else input.swapaxes(0, 1) if self.batch_first else input
        states = self._start(x, hx, single)
        last: list[Any] = []
        for layer in range(self.num_layers):
            ways = []
            for direction, suffix in enumerate(self._suffixes(layer)):
                start = tuple(s[layer * self._directions + direction] for s in states)
                out, state = self._run(x, start, suffix, backwards=bool(direction))
                ways.append(out)
                last.append(state)
            x = ways[0] if len(ways) == 1 else np.concatenate(ways, axis=-1)
            if self.dropout and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, self.training)
        ends = tuple(np.stack(part) for part in zip(*last, strict=True))
        if single:
            x, ends = x[:, 0], tuple(end[:, 0] for end in ends)
        elif self.batch_first:
            x = x.swapaxes(0, 1)
        return x, ends if self.kind == "LSTM" else ends[0]

    def _start(self, x: Any, hx: Any, single: bool) -> tuple[Any, ...]:
        """The first state of every layer and direction, checked."""
        sizes = [self.proj_size or self.hidden_size, self.hidden_size][: 1 + (self.kind == "LSTM")]
        wanted = [(self.num_layers * self._directions, x.shape[1], size) for size in sizes]
        if hx is None:
            return tuple(np.zeros(shape, x.dtype) for shape in wanted)
        given = hx if self.kind == "LSTM" else (hx,)
        given = tuple(np.expand_dims(s, 1) if single else s for s in given)
        if [s.shape for s in given] != wanted:
            raise ShapeError(
                f"{self.label}: first state {[s.shape for s in given]} must be {wanted} for input {x.shape}"
            )
        return given

    def _run(self, x: Any, state: tuple[Any, ...], suffix: str, backwards: bool) -> tuple[Any, tuple[Any, ...]]:
        """One layer in one direction: outputs [L, N, H] and the last state."""
        weights = [getattr(self, name + suffix, None) for name in ("weight_ih", "bias_ih", "weight_hh", "bias_hh")]
        step, activation = STEPS[self.kind][1], _activation(self.nonlinearity)
        from_input = F.linear(x, *weights[:2])
        times = range(len(x))
        outputs: list[Any] = [None] * len(x)
        for t in reversed(times) if backwards else times:
            state = step(from_input[t], state, partial(_recur, *weights[2:]), activation)
            if self.proj_size:
                state = (F.linear(state[0], getattr(self, f"weight_hr{suffix}")), state[1])
            outputs[t] = state[0]
        return np.stack(outputs), state


class RNN(_Recurrent):
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh) (Elman 1990), `nonlinearity` "tanh" or "relu".

    Inputs [L, N, input_size]; gives (outputs [L, N, hidden_size·directions], last state [layers·directions, N,
    hidden_size]).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> outputs, last = nn.RNN(3, 4)(np.zeros((7, 2, 3)))
    >>> outputs.shape, last.shape
    ((7, 2, 4), (1, 2, 4))
    """

    kind = "RNN"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        dtype: Any = None,
    ) -> None:
        _activation(nonlinearity)
        self.nonlinearity = nonlinearity
        self.batch_first, self.dropout, self.bidirectional = batch_first, dropout, bidirectional
        self._build(input_size, hidden_size, num_layers, bias, dtype)


class GRU(_Recurrent):
    """Gated recurrent unit (Cho et al. 2014): h' = (1 - z)·n + z·h, with PyTorch's n = tanh(W x + b + r·(W h + b)).

    Inputs and results as for RNN.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> outputs, last = nn.GRU(3, 4, bidirectional=True)(np.zeros((7, 2, 3)))
    >>> outputs.shape, last.shape
    ((7, 2, 8), (2, 2, 4))
    """

    kind = "GRU"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        dtype: Any = None,
    ) -> None:
        self.batch_first, self.dropout, self.bidirectional = batch_first, dropout, bidirectional
        self._build(input_size, hidden_size, num_layers, bias, dtype)


class LSTM(_Recurrent):
    """Long short-term memory (Hochreiter & Schmidhuber 1997): c' = f·c + i·g, h' = o·tanh(c'); gates in the order i,
    f, g, o.

    Gives (outputs, (last h, last c)). With `proj_size` h is projected to that size.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> outputs, (h, c) = nn.LSTM(3, 4, num_layers=2)(np.zeros((7, 2, 3)))
    >>> outputs.shape, h.shape, c.shape
    ((7, 2, 4), (2, 2, 4), (2, 2, 4))
    """

    kind = "LSTM"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        dtype: Any = None,
    ) -> None:
        self.batch_first, self.dropout, self.bidirectional = batch_first, dropout, bidirectional
        self.proj_size = proj_size
        self._build(input_size, hidden_size, num_layers, bias, dtype)


class _Cell(Module):
    """One step of a recurrent layer."""

    kind: ClassVar[str]
    nonlinearity: str = "tanh"
    norm: Module | None = None

    def _build(self, input_size: int, hidden_size: int, bias: bool, dtype: Any) -> None:
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = STEPS[self.kind][0] * hidden_size
        self.weight_ih, self.weight_hh = empty(rows, input_size, dtype=dtype), empty(rows, hidden_size, dtype=dtype)
        self.bias_ih = empty(rows, dtype=dtype) if bias else None
        self.bias_hh = empty(rows, dtype=dtype) if bias else None
        for parameter in self.parameters():
            init.uniform_(parameter, -1 / sqrt(hidden_size), 1 / sqrt(hidden_size))

    def forward(self, input: Any, hx: Any = None) -> Any:
        """[N, input_size] (or [input_size]) and the last state to the next state; a pair (h, c) for LSTMCell."""
        if np.ndim(input) not in (1, 2) or input.shape[-1] != self.input_size:
            raise ShapeError(
                f"{self.label}: input {np.shape(input)} must be [N, {self.input_size}] or [{self.input_size}]"
            )
        wanted = (*input.shape[:-1], self.hidden_size)
        if hx is None:
            hx = tuple(np.zeros(wanted, input.dtype) for _ in range(1 + (self.kind == "LSTM")))
        elif self.kind != "LSTM":
            hx = (hx,)
        if any(s.shape != wanted for s in hx):
            raise ShapeError(f"{self.label}: state {[s.shape for s in hx]} must be {wanted} for input {input.shape}")
        activation = _activation(self.nonlinearity)
        norm = self.norm or Identity()
        recur = partial(_recur, self.weight_hh, self.bias_hh)
        state = STEPS[self.kind][1](
            F.linear(input, self.weight_ih, self.bias_ih), hx, recur, lambda z: activation(norm(z))
        )
        return state if self.kind == "LSTM" else state[0]


class RNNCell(_Cell):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh); `layer_norm=True` normalises before tanh (row
    `norm-in-recurrent-nets`).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.RNNCell(3, 4, layer_norm=True)(np.zeros((2, 3))).shape
    (2, 4)
    """

    kind = "RNN"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        layer_norm: bool = False,
        dtype: Any = None,
    ) -> None:
        _activation(nonlinearity)
        self.nonlinearity = nonlinearity
        self._build(input_size, hidden_size, bias, dtype)
        self.norm = LayerNorm(hidden_size, dtype=dtype) if layer_norm else None


class GRUCell(_Cell):
    """One step of a GRU.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.GRUCell(3, 4)(np.zeros((2, 3)), np.zeros((2, 4))).shape
    (2, 4)
    """

    kind = "GRU"

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, *, dtype: Any = None) -> None:
        self._build(input_size, hidden_size, bias, dtype)


class LSTMCell(_Cell):
    """One step of an LSTM: gives (h, c).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> h, c = nn.LSTMCell(3, 4)(np.zeros((2, 3)))
    >>> h.shape, c.shape
    ((2, 4), (2, 4))
    """

    kind = "LSTM"

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, *, dtype: Any = None) -> None:
        self._build(input_size, hidden_size, bias, dtype)
