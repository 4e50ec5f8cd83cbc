"""The kit catches spoilt derivatives and accepts the originals."""

import pytest

from tests import mutation
from tests.gates.samples import SAMPLES, every


@pytest.mark.parametrize("name", ["mul", "exp"])
def test_every_mutant_of_a_gate_is_caught(name):
    caught, equivalent, survivors = mutation.judge(name, every()[name], count=6)
    assert survivors == []
    assert caught >= 14
    assert equivalent <= 5


def test_a_blind_kit_lets_mutants_survive(monkeypatch):
    monkeypatch.setattr(mutation, "accepts", lambda *args, **kwargs: True)
    caught, _, survivors = mutation.judge("exp", every()["exp"], count=2)
    assert caught == 0
    assert len(survivors) >= 10


# `python -m tests.mutation --originals 1000` judges every gate, which takes a quarter of an hour.
FAMILIES = ["div", "power", "tanh", "sum", "logsumexp", "where", "getitem", "concatenate"]
FAMILIES += ["matmul", "einsum", "softmax"]


@pytest.mark.slow
def test_at_least_99_percent_of_mutants_are_caught_and_originals_accepted():
    assert mutation.main(["--originals", "100", "--gates", *FAMILIES]) == 0
    assert SAMPLES.keys() >= set(FAMILIES)
