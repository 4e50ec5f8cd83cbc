"""What each line of a compiled program costs."""

import numpy as np

from tinygrad_edu import Value, compile, nn, optim


def test_every_line_has_its_time() -> None:
    def f(x: np.ndarray) -> Value:
        return np.sum(np.exp(x) @ np.sin(x))

    made = compile(f)
    profile = made.profile(np.ones((300, 300)))
    body = made.source.split("def f")[1]
    assert all(line.split("(")[0] in body for line, _ in profile.rows)
    assert all(seconds >= 0 for _, seconds in profile.rows)
    assert profile.total == sum(seconds for _, seconds in profile.rows)
    assert "dot" in max(profile.rows, key=lambda row: row[1])[0]
    assert "µs 100.0%" in str(profile)


def test_nothing_moves() -> None:
    model = nn.Linear(3, 2)
    optimiser = optim.Adam(model.parameters(), lr=0.1)

    def step(X: np.ndarray, y: np.ndarray) -> Value:
        loss = nn.CrossEntropyLoss()(model(X), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss

    made, before = compile(step), model.weight.data.copy()
    X, y = np.ones((4, 3)), np.array([0, 1, 0, 1])
    profile = made.profile(X, y)
    assert any("adam" in line for line, _ in profile.rows)
    assert np.array_equal(model.weight.data, before)
    assert optimiser.steps == 0
    made(X, y)
    assert not np.array_equal(model.weight.data, before)
