"""Who looks a layer, a method or a function of data up finds an example of it, which the tests run."""

from types import ModuleType

import pytest

from tinygrad_edu import data, nn, optim, training

# What others give, described where it is given.
RESULTS = {"Diagnosis", "Landscape", "LayerDiagnosis", "Optimizer", "Paths", "Summary", "SummaryRow", "Trained"}
TOLD_BESIDE = {"TabularModel", "load_model", "load_state", "manual_seed"}  # by train_table, save_… and in `random`
SYNONYMS = {"glorot_normal_", "glorot_uniform_", "he_normal_", "he_uniform_"}


def without_example(room: ModuleType) -> set[str]:
    offered = {name: getattr(room, name) for name in room.__all__}
    return {name for name, one in offered.items() if callable(one) and ">>>" not in (one.__doc__ or "")}


@pytest.mark.parametrize("room", [nn, optim, data, training, nn.penalties], ids=lambda room: room.__name__)
def test_every_public_name_has_an_example(room: ModuleType) -> None:
    assert without_example(room) <= RESULTS | TOLD_BESIDE


def test_nearly_every_initialiser_has_an_example() -> None:
    plain = {"fill", "lecun_normal_", "lsuv_", "ones_", "zeros_"}
    assert without_example(nn.init) - SYNONYMS <= plain


def test_a_missing_example_is_noticed() -> None:
    empty = ModuleType("empty")
    empty.__dict__.update(__all__=["silent"], silent=lambda: None)
    assert without_example(empty) == {"silent"}
