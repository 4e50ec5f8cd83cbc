"""Layers and losses that exist here and in PyTorch under one name, with inputs to compare them on.

A row: class, arguments, inputs. Numbers come from a sine, not from a random generator, so that stored references stay
valid whatever NumPy does to its streams.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Make = Callable[[int, np.dtype[Any]], np.ndarray[Any, Any]]


def numbers(shape: tuple[int, ...], phase: int) -> np.ndarray[Any, Any]:
    """Numbers in (-1.5, 1.5) without ties or pattern."""
    count = int(np.prod(shape))
    return (1.5 * np.sin(np.arange(1, count + 1) * 2.399 + 0.7 * phase)).reshape(shape)


@dataclass(frozen=True)
class Input:
    """An input by shape: "real" ones get gradients, all others are constant."""

    shape: tuple[int, ...]
    kind: str = "real"
    high: int = 0

    def make(self, phase: int, dtype: Any) -> np.ndarray[Any, Any]:
        x = numbers(self.shape, phase)
        share = (x + 1.5) / 3
        made = {
            "real": x,
            "constant": x,
            "share": 0.02 + 0.96 * share,
            "fixed share": share,
            "sign": np.sign(x),
            "positive": share + 0.1,
            "fixed rows": np.exp(x) / np.exp(x).sum(1, keepdims=True) if x.ndim > 1 else x,
            "log rows": x - np.log(np.exp(x).sum(1, keepdims=True)) if x.ndim > 1 else x,
        }
        if self.kind == "label":
            return np.floor(share * 0.999 * self.high).astype(np.int64)
        if self.kind == "ignored label":
            labels = np.floor(share * 0.999 * self.high).astype(np.int64)
            labels.flat[0] = -100
            return labels
        if self.kind == "mask":
            return np.arange(self.shape[-1]) >= np.arange(self.shape[0])[:, None] + 3
        return made[self.kind].astype(dtype)

    @property
    def graded(self) -> bool:
        return self.kind in ("real", "share", "positive", "log rows")


def real(*shape: int) -> Input:
    return Input(shape)


def label(*shape: int, high: int) -> Input:
    return Input(shape, "label", high)


@dataclass(frozen=True)
class Case:
    kind: str
    arguments: tuple[Any, ...]
    inputs: tuple[Input, ...]
    options: dict[str, Any] = field(default_factory=dict)
    training: bool = True

    def __str__(self) -> str:
        said = [repr(a) for a in self.arguments] + [f"{k}={v!r}" for k, v in self.options.items()]
        return f"{self.kind}({', '.join(said)})-{'-'.join(str(i.shape) + i.kind[:1] for i in self.inputs)}"


def case(kind: str, *arguments: Any, on: list[Input], training: bool = True, **options: Any) -> Case:
    return Case(kind, arguments, tuple(on), options, training)


AFFINE = [
    case("Linear", 3, 2, on=[real(4, 3)]),
    case("Linear", 3, 2, on=[real(2, 4, 3)], bias=False),
    case("Linear", 3, 1, on=[real(3)]),
    case("Bilinear", 2, 3, 4, on=[real(5, 2), real(5, 3)]),
    case("Flatten", on=[real(2, 3, 2)]),
    case("Flatten", 0, 1, on=[real(2, 3, 2)]),
    case("Unflatten", 1, (2, 3), on=[real(2, 6)]),
    case("Identity", on=[real(2, 3)]),
    case("Embedding", 7, 3, on=[label(2, 4, high=7)]),
    case("Embedding", 7, 3, 2, on=[label(2, 4, high=7)]),
    case("Embedding", 7, 3, 2, on=[label(2, 4, high=7)], scale_grad_by_freq=True),
    case("Embedding", 7, 3, None, 1.0, on=[label(2, 4, high=7)]),
    case("Embedding", 7, 3, None, 1.5, 1.0, on=[label(2, 4, high=7)]),
]

ACTIVATIONS = [
    *[
        case(kind, on=[real(3, 4)])
        for kind in ("Sigmoid", "Tanh", "ReLU", "ReLU6", "LeakyReLU", "ELU", "SELU", "CELU", "SiLU", "Softplus")
    ],
    *[case(kind, on=[real(3, 4)]) for kind in ("Softsign", "LogSigmoid", "Hardtanh")],
    case("LeakyReLU", 0.3, on=[real(5)]),
    case("ELU", 0.5, on=[real(5)]),
    case("CELU", 2.0, on=[real(5)]),
    case("Softplus", 3.0, 2.0, on=[real(9)]),
    case("Hardtanh", -0.5, 0.25, on=[real(9)]),
    case("PReLU", on=[real(3, 4)]),
    case("PReLU", 3, on=[real(2, 3, 4)]),
    case("Softmax", 1, on=[real(2, 3, 2)]),
    case("Softmax", -1, on=[real(2, 3)]),
    case("LogSoftmax", 0, on=[real(2, 3)]),
]

NORMS = [
    case("BatchNorm1d", 3, on=[real(5, 3)]),
    case("BatchNorm1d", 3, 1e-2, 0.3, on=[real(4, 3, 2)]),
    case("BatchNorm1d", 3, on=[real(5, 3)], momentum=None),
    case("BatchNorm1d", 3, on=[real(5, 3)], affine=False),
    case("BatchNorm1d", 3, on=[real(5, 3)], bias=False),
    case("BatchNorm1d", 3, on=[real(5, 3)], track_running_stats=False),
    case("BatchNorm2d", 2, on=[real(3, 2, 2, 3)]),
    case("BatchNorm3d", 2, on=[real(2, 2, 2, 1, 2)]),
    case("InstanceNorm1d", 2, on=[real(3, 2, 4)]),
    case("InstanceNorm1d", 2, on=[real(2, 4)]),
    case("InstanceNorm2d", 2, on=[real(2, 2, 2, 3)], affine=True, track_running_stats=True),
    case("InstanceNorm3d", 2, on=[real(2, 2, 2, 1, 2)], affine=True, bias=False),
    case("LayerNorm", 4, on=[real(3, 4)]),
    case("LayerNorm", (2, 3), on=[real(2, 2, 3)], bias=False),
    case("LayerNorm", 4, 1e-3, False, on=[real(3, 4)]),
    case("RMSNorm", 4, 1e-6, on=[real(3, 4)]),
    case("GroupNorm", 2, 4, on=[real(3, 4, 2)]),
    case("GroupNorm", 1, 4, on=[real(3, 4)], bias=False),
    case("LocalResponseNorm", 3, on=[real(2, 5, 2, 2)]),
    case("LocalResponseNorm", 4, 0.1, 0.5, 2.0, on=[real(2, 6, 3)]),
]

IMAGE = real(2, 4, 6, 5)
SPACE = [
    case("Conv1d", 3, 4, 3, on=[real(2, 3, 7)]),
    case("Conv1d", 4, 4, 3, 2, 2, 2, 2, on=[real(2, 4, 9)]),
    case("Conv1d", 3, 2, 4, on=[real(3, 7)], padding="same", padding_mode="circular"),
    case("Conv2d", 4, 3, 3, on=[IMAGE]),
    case("Conv2d", 4, 3, (3, 2), (2, 1), (1, 0), on=[IMAGE], bias=False),
    case("Conv2d", 4, 8, 1, on=[IMAGE], groups=4),
    case("Conv2d", 4, 2, 3, on=[IMAGE], padding="same", dilation=2),
    case("Conv2d", 4, 2, 2, on=[IMAGE], padding="valid", stride=3),
    *[case("Conv2d", 4, 2, 3, 2, 2, on=[IMAGE], padding_mode=m) for m in ("reflect", "replicate", "circular")],
    case("Conv3d", 2, 2, 2, on=[real(1, 2, 3, 3, 4)], padding=1),
    case("ConvTranspose1d", 3, 2, 3, on=[real(2, 3, 4)], stride=2),
    case("ConvTranspose2d", 4, 2, 3, 2, 1, 1, 2, on=[real(2, 4, 3, 2)]),
    case("ConvTranspose2d", 4, 3, (2, 3), on=[real(4, 3, 2)], dilation=2, bias=False),
    case("ConvTranspose3d", 2, 2, 2, on=[real(1, 2, 2, 2, 2)], stride=2),
    case("MaxPool1d", 3, on=[real(2, 3, 8)]),
    case("MaxPool2d", 2, on=[IMAGE]),
    case("MaxPool2d", 3, 2, 1, on=[IMAGE], ceil_mode=True),
    case("MaxPool2d", 2, 1, on=[IMAGE], dilation=2),
    case("MaxPool3d", 2, on=[real(1, 2, 4, 2, 4)]),
    case("AvgPool1d", 3, 2, on=[real(2, 3, 8)], padding=1),
    case("AvgPool2d", 3, 2, 1, on=[IMAGE]),
    case("AvgPool2d", 3, 2, 1, True, False, on=[IMAGE]),
    case("AvgPool2d", 2, on=[real(4, 6, 5)], divisor_override=3),
    case("AvgPool3d", 2, on=[real(1, 2, 4, 2, 4)]),
    *[case(f"Adaptive{kind}Pool1d", 3, on=[real(2, 3, 7)]) for kind in ("Max", "Avg")],
    *[case(f"Adaptive{kind}Pool2d", (4, None), on=[IMAGE]) for kind in ("Max", "Avg")],
    *[case(f"Adaptive{kind}Pool3d", 2, on=[real(1, 2, 3, 4, 2)]) for kind in ("Max", "Avg")],
    case("Unfold", 3, 1, 1, 2, on=[IMAGE]),
    case("Unfold", (2, 3), on=[IMAGE], dilation=2),
    case("Fold", (4, 5), 2, 1, 1, on=[real(2, 8, 30)]),
]

NOISE = [
    case(kind, on=[real(*shape)], training=False)
    for kind, shape in (
        ("Dropout", (3, 4)),
        ("Dropout1d", (2, 3, 4)),
        ("Dropout2d", (2, 3, 2, 2)),
        ("Dropout3d", (2, 3, 1, 2, 2)),
        ("AlphaDropout", (3, 4)),
    )
]

RECURRENT = [
    case("RNN", 3, 4, on=[real(5, 2, 3)]),
    case("RNN", 3, 2, 2, "relu", on=[real(4, 3)], bidirectional=True),
    case("RNN", 2, 2, on=[real(3, 2, 2), real(1, 2, 2)], bias=False),
    case("GRU", 3, 4, on=[real(5, 2, 3)]),
    case("GRU", 3, 2, 2, on=[real(2, 4, 3)], batch_first=True, bidirectional=True),
    case("LSTM", 3, 4, on=[real(5, 2, 3)]),
    case("LSTM", 3, 2, 2, on=[real(2, 4, 3)], batch_first=True, bidirectional=True),
    case("LSTM", 3, 4, on=[real(4, 2, 3)], proj_size=2),
    case("RNNCell", 3, 4, on=[real(2, 3)]),
    case("RNNCell", 3, 4, True, "relu", on=[real(2, 3), real(2, 4)]),
    case("GRUCell", 3, 4, on=[real(2, 3), real(2, 4)]),
    case("LSTMCell", 3, 4, on=[real(2, 3)]),
]

ATTENTION = [
    case("MultiheadAttention", 4, 2, on=[real(3, 2, 4), real(5, 2, 4), real(5, 2, 4)]),
    case("MultiheadAttention", 4, 2, on=[real(3, 4), real(5, 4), real(5, 4)], bias=False),
    case(
        "MultiheadAttention",
        4,
        2,
        on=[real(2, 3, 4), real(2, 5, 3), real(2, 5, 2), Input((2, 5), "mask")],
        batch_first=True,
        kdim=3,
        vdim=2,
        add_bias_kv=True,
        add_zero_attn=True,
    ),
]

PAIR = [real(4, 3), real(4, 3)]
LOSSES = [
    *[
        case(kind, on=PAIR, reduction=reduction)
        for kind in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss")
        for reduction in ("mean", "sum", "none")
    ],
    case("SmoothL1Loss", on=PAIR, beta=0.3),
    case("SmoothL1Loss", on=PAIR, beta=0.0),
    case("HuberLoss", "mean", 0.4, on=PAIR),
    case("BCELoss", on=[Input((4, 3), "share"), Input((4, 3), "fixed share")]),
    case("BCELoss", on=[Input((4,), "share"), Input((4,), "fixed share")], reduction="none"),
    case("BCEWithLogitsLoss", on=[real(4, 3), Input((4, 3), "fixed share")]),
    case("BCEWithLogitsLoss", on=[real(4, 3), Input((4, 3), "fixed share")], pos_weight=[1.0, 2.0, 0.5]),
    case("BCEWithLogitsLoss", [1.0, 2.0, 0.5], on=[real(4, 3), Input((4, 3), "fixed share")], reduction="sum"),
    *[case("CrossEntropyLoss", on=[real(5, 3), label(5, high=3)], reduction=r) for r in ("mean", "sum", "none")],
    case("CrossEntropyLoss", on=[real(3), label(high=3)]),
    case("CrossEntropyLoss", on=[real(2, 3, 4), label(2, 4, high=3)]),
    case("CrossEntropyLoss", on=[real(5, 3), Input((5, 3), "fixed rows")]),
    case("CrossEntropyLoss", [1.0, 0.2, 3.0], on=[real(5, 3), Input((5, 3), "fixed rows")], label_smoothing=0.2),
    case("CrossEntropyLoss", on=[real(5, 3), label(5, high=3)], label_smoothing=0.1),
    *[
        case("CrossEntropyLoss", [1.0, 0.2, 3.0], on=[real(5, 3), Input((5,), "ignored label", 3)], **options)
        for options in ({}, {"label_smoothing": 0.3}, {"reduction": "none", "label_smoothing": 0.3})
    ],
    case("CrossEntropyLoss", on=[real(2, 3, 2), Input((2, 2), "ignored label", 3)]),
    case("NLLLoss", on=[real(5, 3), label(5, high=3)]),
    case("NLLLoss", [1.0, 0.2, 3.0], on=[real(2, 3, 2), Input((2, 2), "ignored label", 3)]),
    *[
        case("KLDivLoss", on=[Input((4, 3), "log rows"), Input((4, 3), "fixed rows")], reduction=reduction)
        for reduction in ("batchmean", "sum")
    ],
    case("KLDivLoss", on=[real(4, 3), Input((4, 3), "constant")], log_target=True, reduction="none"),
    case("HingeEmbeddingLoss", on=[real(4, 3), Input((4, 3), "sign")]),
    case("MultiMarginLoss", on=[real(4, 3), label(4, high=3)]),
    case("MultiMarginLoss", 2, 0.5, [1.0, 0.2, 3.0], on=[real(4, 3), label(4, high=3)], reduction="sum"),
    case("MultiMarginLoss", on=[real(3), label(high=3)]),
    case("GaussianNLLLoss", on=[real(4, 3), real(4, 3), Input((4, 3), "positive")]),
    case("GaussianNLLLoss", on=[real(4, 3), real(4, 3), Input((4, 1), "positive")], full=True, reduction="none"),
]

CASES = AFFINE + ACTIVATIONS + SPACE + NORMS + NOISE + RECURRENT + ATTENTION + LOSSES
