"""The dictionary form of course 003 computes what the course's own lines compute."""

from typing import Any

import numpy as np
import pytest

from tinygrad_edu import optim

RNG = np.random.default_rng(0)
SHAPES = {"W1": (2, 3), "b1": (2, 1), "W2": (1, 2), "b2": (1, 1)}
PARAMETERS = {name: RNG.normal(size=shape) for name, shape in SHAPES.items()}
GRADS = [{f"d{name}": RNG.normal(size=shape) for name, shape in SHAPES.items()} for _ in range(4)]


def test_gradient_descent() -> None:
    after = optim.update_parameters_with_gd(PARAMETERS, GRADS[0], 0.1)
    for name, array in after.items():
        np.testing.assert_allclose(array, PARAMETERS[name] - 0.1 * GRADS[0][f"d{name}"])


def test_momentum() -> None:
    parameters, v = PARAMETERS, optim.initialize_velocity(PARAMETERS)
    expected, velocity = dict(PARAMETERS), {f"d{name}": np.zeros(shape) for name, shape in SHAPES.items()}
    for grads in GRADS:
        parameters, v = optim.update_parameters_with_momentum(parameters, grads, v, beta=0.9, learning_rate=0.1)
        for name in SHAPES:
            velocity[f"d{name}"] = 0.9 * velocity[f"d{name}"] + 0.1 * grads[f"d{name}"]
            expected[name] = expected[name] - 0.1 * velocity[f"d{name}"]
    for name in SHAPES:
        np.testing.assert_allclose(parameters[name], expected[name])
        np.testing.assert_allclose(v[f"d{name}"], velocity[f"d{name}"])


@pytest.mark.parametrize("inside", [False, True])
def test_adam(inside: bool) -> None:
    parameters, (v, s) = PARAMETERS, optim.initialize_adam(PARAMETERS)
    expected, m, r = dict(PARAMETERS), dict.fromkeys(SHAPES, 0.0), dict.fromkeys(SHAPES, 0.0)
    for t, grads in enumerate(GRADS, 1):
        parameters, v, s = optim.update_parameters_with_adam(
            parameters, grads, v, s, t, epsilon=0.1, eps_inside_sqrt=inside
        )
        for name in SHAPES:
            g: Any = grads[f"d{name}"]
            m[name], r[name] = 0.9 * m[name] + 0.1 * g, 0.999 * r[name] + 0.001 * g * g
            first, second = m[name] / (1 - 0.9**t), r[name] / (1 - 0.999**t)
            root = np.sqrt(second + 0.1) if inside else np.sqrt(second) + 0.1
            expected[name] = expected[name] - 0.01 * first / root
    for name in SHAPES:
        np.testing.assert_allclose(parameters[name], expected[name])


def test_what_was_given_stays_as_it_was() -> None:
    before = {name: array.copy() for name, array in PARAMETERS.items()}
    v, s = optim.initialize_adam(PARAMETERS)
    optim.update_parameters_with_adam(PARAMETERS, GRADS[0], v, s, 1)
    assert all(np.array_equal(PARAMETERS[name], before[name]) for name in before)
    assert not any(array.any() for array in [*v.values(), *s.values()])
