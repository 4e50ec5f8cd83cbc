"""Whole networks trained here and in PyTorch from one start: the same losses, the same states, both ways."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import nn, optim

torch = pytest.importorskip("torch")

STEPS, BATCH = 24, 16


def convolutional(kit: Any) -> Any:
    return kit.Sequential(
        kit.Conv2d(1, 4, 3, padding=1, bias=False),
        kit.BatchNorm2d(4),
        kit.ReLU(),
        kit.MaxPool2d(2),
        kit.Conv2d(4, 8, 3, padding=1),
        kit.BatchNorm2d(8, momentum=None),
        kit.ReLU(),
        kit.AdaptiveAvgPool2d(1),
        kit.Flatten(),
        kit.Linear(8, 2),
    )


def recurrent(kit: Any) -> Any:
    class Reader(kit.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = kit.Embedding(6, 5)
            self.lstm = kit.LSTM(5, 7, num_layers=2, batch_first=True, bidirectional=True)
            self.norm = kit.LayerNorm(14)
            self.fc = kit.Linear(14, 2)

        def forward(self, words: Any) -> Any:
            return self.fc(self.norm(self.lstm(self.embedding(words))[0][:, -1]))

    return Reader()


def images(rng: np.random.Generator) -> tuple[Any, Any]:
    """Bars that lie or stand."""
    x, y = 0.3 * rng.normal(size=(BATCH, 1, 8, 8)), np.arange(BATCH) % 2
    for image, standing in zip(x, y, strict=True):
        (image[0].T if standing else image[0])[rng.integers(8)] += 1
    return x, y


def sentences(rng: np.random.Generator) -> tuple[Any, Any]:
    """Words of which the last tells the class, for which the others are noise."""
    x = rng.integers(6, size=(BATCH, 5))
    return x, x[:, -1] % 2


SGD = {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-3}
CASES = [
    pytest.param(convolutional, images, "SGD", SGD, id="convolution, BatchNorm, SGD"),
    pytest.param(convolutional, images, "AdamW", {"lr": 0.02}, id="convolution, BatchNorm, AdamW"),
    pytest.param(recurrent, sentences, "Adam", {"lr": 0.05}, id="embedding, LSTM, LayerNorm, Adam"),
]


def taken(model: Any) -> dict[str, Any]:
    return {name: tensor.detach().numpy().copy() for name, tensor in model.state_dict().items()}


def start(build: Callable[[Any], Any]) -> tuple[Any, Any]:
    torch.manual_seed(0)
    mine, theirs = build(nn), build(torch.nn).double()
    mine.load_state_dict(taken(theirs))
    return mine, theirs


def trained(
    mine: Any, theirs: Any, draw: Callable[[Any], Any], kind: str, settings: dict[str, Any]
) -> list[tuple[float, float]]:
    """The losses of both, step by step, with clipped gradients."""
    ours = getattr(optim, kind)(mine.parameters(), **settings)
    peer = getattr(torch.optim, kind)(theirs.parameters(), **settings)
    rng, losses = np.random.default_rng(0), []
    for _ in range(STEPS):
        x, y = draw(rng)
        ours.zero_grad()
        loss = nn.functional.cross_entropy(mine(x), y)
        loss.backward(leaves_only=True)
        optim.clip_grad_norm_(mine.parameters(), 1.0)
        ours.step()
        peer.zero_grad()
        other = torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(y))
        other.backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
        peer.step()
        losses.append((loss.item(), other.item()))
    return losses


@pytest.mark.parametrize(("build", "draw", "kind", "settings"), CASES)
def test_training_goes_the_same_way(build: Any, draw: Any, kind: str, settings: dict[str, Any]) -> None:
    mine, theirs = start(build)
    here, there = np.array(trained(mine, theirs, draw, kind, settings)).T
    np.testing.assert_allclose(here, there, rtol=1e-8)
    assert here[-4:].mean() < 0.7 * here[:4].mean()
    wanted = taken(theirs)
    assert mine.state_dict().keys() == wanted.keys()
    for name, array in mine.state_dict().items():
        np.testing.assert_allclose(array, wanted[name], rtol=1e-7, atol=1e-9, err_msg=name)


@pytest.mark.parametrize(("build", "draw", "kind", "settings"), CASES)
def test_trained_states_pass_both_ways(build: Any, draw: Any, kind: str, settings: dict[str, Any]) -> None:
    mine, theirs = start(build)
    trained(mine, theirs, draw, kind, settings)
    x, _ = draw(np.random.default_rng(9))
    fresh, other = build(nn), build(torch.nn).double()
    fresh.load_state_dict(taken(theirs))
    other.load_state_dict({name: torch.tensor(array) for name, array in mine.state_dict().items()})
    np.testing.assert_allclose(fresh.eval()(x).data, theirs.eval()(torch.tensor(x)).detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(other.eval()(torch.tensor(x)).detach().numpy(), mine.eval()(x).data, atol=1e-12)


def test_another_way_would_be_noticed() -> None:
    mine, theirs = start(convolutional)
    next(iter(mine.parameters())).data = next(iter(mine.parameters())).data + 1e-5
    here, there = np.array(trained(mine, theirs, images, "SGD", SGD)).T
    assert not np.allclose(here, there, rtol=1e-8)
