"""Every layer and loss gives PyTorch's outputs, gradients and running state over several steps, in both precisions."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.nn.cases import CASES, Case
from tests.nn.running import here, in_torch, packed
from tinygrad_edu import nn
from tinygrad_edu.nn.loss import Loss

REFERENCE = Path(__file__).parent / "reference.npz"
TOLERANCE = {np.float32: {"rtol": 2e-4, "atol": 1e-4}, np.float64: {"rtol": 1e-9, "atol": 1e-11}}


def agree(mine: dict[str, Any], theirs: dict[str, Any], dtype: Any) -> None:
    assert mine.keys() == theirs.keys()
    for name, wanted in theirs.items():
        np.testing.assert_allclose(mine[name], wanted, err_msg=name, **TOLERANCE[dtype])
        assert np.asarray(mine[name]).dtype in (dtype, np.int64), name


@pytest.mark.parametrize("case", CASES, ids=str)
def test_agrees_with_the_stored_reference(case: Case) -> None:
    with np.load(REFERENCE, allow_pickle=False) as stored:
        wanted = stored[str(case)]  # missing? python -m tests.nn.make_reference
    np.testing.assert_allclose(packed(here(case, np.float64)), wanted, **TOLERANCE[np.float64])


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_agrees_with_torch(case: Case, dtype: Any) -> None:
    pytest.importorskip("torch")
    agree(here(case, dtype), in_torch(case, dtype), dtype)


def test_a_wrong_layer_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    case = next(case for case in CASES if case.kind == "BatchNorm1d")
    right = here(case, np.float64)
    monkeypatch.setattr(nn.BatchNorm1d, "_track", lambda self, x: None)
    with pytest.raises(AssertionError, match="state"):
        agree(here(case, np.float64), right, np.float64)


ONLY_HERE = {
    "Diagnosis", "DropConnectLinear", "FractionalMaxPool2d", "GaussianNoise", "Hardmax", "HingeLoss", "Lambda",
    "LayerDiagnosis", "MLP", "Maxout", "Module", "ModuleDict", "ModuleList", "MultiClassHingeLoss", "Neuron",
    "Parameter", "Perceptron", "Residual", "Sequential", "StochasticDepth", "Summary", "SummaryRow",
}  # fmt: skip


def test_every_layer_and_loss_of_pytorch_is_compared() -> None:
    classes = {name for name in nn.__all__ if isinstance(getattr(nn, name), type)}
    assert classes - ONLY_HERE - {case.kind for case in CASES} == set()
    assert issubclass(nn.MSELoss, Loss)
