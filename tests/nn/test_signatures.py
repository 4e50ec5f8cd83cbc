"""Arguments have PyTorch's names, order and defaults, so that habits carry over."""

import inspect
from typing import Any

import numpy as np
import pytest

from tests.nn.cases import CASES
from tinygrad_edu import nn
from tinygrad_edu.nn import init

torch = pytest.importorskip("torch")

DEPRECATED = {
    "size_average",
    "reduce",
    "device",
    "dtype",
    "min_value",
    "max_value",
    "_weight",
    "_freeze",
    "_random_samples",
}
NOT_OFFERED = {
    "Embedding": {"sparse"},
    **{f"AdaptiveMaxPool{n}d": {"return_indices"} for n in (1, 2, 3)},
    "FractionalMaxPool2d": {"return_indices"},
    "Identity": {"args", "kwargs"},
}
TRANSPOSED = {f"ConvTranspose{n}d": {"padding_mode"} for n in (1, 2, 3)}
RECURRENT = {"RNN", "GRU", "LSTM"}  # torch takes *args


def arguments(function: Any, kind: str) -> list[tuple[str, Any]]:
    left_out = DEPRECATED | NOT_OFFERED.get(kind, set()) | TRANSPOSED.get(kind, set())
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.default) for p in found if p.name not in left_out]


@pytest.mark.parametrize("kind", sorted({case.kind for case in CASES} - RECURRENT | {"FractionalMaxPool2d"}))
def test_a_layer_takes_pytorchs_arguments_in_its_order_and_may_add_keywords(kind: str) -> None:
    theirs = arguments(getattr(torch.nn, kind), kind)
    if ("args", inspect.Parameter.empty) in theirs:
        theirs = []
    mine = arguments(getattr(nn, kind), kind)
    assert mine[: len(theirs)] == theirs
    parameters = inspect.signature(getattr(nn, kind)).parameters
    assert all(parameters[name].kind is inspect.Parameter.KEYWORD_ONLY for name, _ in mine[len(theirs) :])


@pytest.mark.parametrize("name", [name for name in init.__all__ if hasattr(torch.nn.init, name)])
def test_an_initialiser_takes_pytorchs_arguments_in_its_order(name: str) -> None:
    theirs, mine = (inspect.signature(getattr(where, name)).parameters for where in (torch.nn.init, init))
    names = list(theirs)
    assert list(mine)[: len(names)] == names
    assert [mine[n].default for n in names] == [theirs[n].default for n in names]


def test_recurrent_layers_have_pytorchs_attributes_and_defaults() -> None:
    for kind in RECURRENT:
        mine, theirs = getattr(nn, kind)(3, 4), getattr(torch.nn, kind)(3, 4)
        for name in ("num_layers", "bias", "batch_first", "dropout", "bidirectional", "hidden_size", "input_size"):
            assert getattr(mine, name) == getattr(theirs, name)
        assert np.shape(mine.weight_ih_l0.data) == tuple(theirs.weight_ih_l0.shape)
