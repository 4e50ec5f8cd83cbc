"""Lessons drawn byte by byte with the bundled renderer; `python -m tests.drawing.test_golden` draws them anew."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.drawing.test_drawing import needs_renderer, neuron
from tinygrad_edu import Value, draw, group, nn, softmax_cross_entropy
from tinygrad_edu.drawing import Drawing

GOLDEN = Path(__file__).parent / "golden"


def diamond() -> Value:
    x = Value(3.0, name="x")
    q = x * 2
    q.name = "q"
    f = (q + 1) * (q - x)
    f.name = "f"
    f.backward()
    return f


def square() -> Value:
    a = Value(3.0, name="a")
    f = a * a
    f.backward()
    return f


def network() -> Value:
    x, labels = np.arange(8.0).reshape(4, 2) / 8, np.array([0, 1, 1, 0])
    w1, b1 = Value(np.linspace(-1, 1, 6).reshape(2, 3), name="W1"), Value(np.zeros(3), name="b1")
    w2 = Value(np.linspace(1, -1, 6).reshape(3, 2), name="W2")
    with group("hidden"):
        h = np.tanh(x @ w1 + b1)
    with group("output"):
        z = h @ w2
    loss = softmax_cross_entropy(z, labels)
    loss.name = "loss"
    loss.backward()
    return loss


def wide() -> Value:
    x, w = Value(2.0, name="输入"), Value(0.5, name="重み")
    with group("隐藏层 hidden"):
        y = np.tanh(x * w)
        y.name = "活性化関数の値"
    f = y * y
    f.name = "损失"
    f.backward()
    return f


def layers() -> Drawing:
    blocks = [nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(3)]
    return draw(nn.Sequential(*blocks, nn.Linear(4, 2)), (5, 4), engine="bundled")


def marked() -> Drawing:
    f = square()
    return draw(f, marks={f: "a square", (f, 1): "the same value again"}, engine="bundled")


LESSONS: dict[str, Callable[[], Drawing]] = {
    "sigmoid": lambda: draw(neuron(fused=True), engine="bundled"),
    "sigmoid_open": lambda: draw(neuron(fused=True), open="sigmoid", engine="bundled"),
    "sigmoid_nodes": lambda: draw(neuron(fused=True), "nodes", engine="bundled"),
    "diamond": lambda: draw(diamond(), engine="bundled"),
    "square": lambda: draw(square(), engine="bundled"),
    "network": lambda: draw(network(), engine="bundled"),
    "network_closed": lambda: draw(network(), depth=0, engine="bundled"),
    "layers": layers,
    "marked": marked,
    "wide": lambda: draw(wide(), engine="bundled"),
    "wide_nodes": lambda: draw(wide(), "nodes", engine="bundled"),
}


@needs_renderer
@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_drawn_as_it_was_seen_and_approved(name: str) -> None:
    assert LESSONS[name]().svg == (GOLDEN / f"{name}.svg").read_text()


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, drawing in LESSONS.items():
        drawing().save(GOLDEN / f"{name}.svg")
