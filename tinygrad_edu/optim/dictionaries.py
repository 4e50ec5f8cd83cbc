"""The dictionary form of course 003: parameters in W1, b1, W2 …, gradients in dW1, db1 …, plain arrays and no Values.

`update_parameters_with_gd` · `initialize_velocity`, `update_parameters_with_momentum` · `initialize_adam`,
`update_parameters_with_adam`. Thin: each runs the `rule` of the optimiser of that name on every array.
"""

from typing import Any

import numpy as np

from .adam import Adam
from .optimizer import Update
from .sgd import SGD, Momentum

__all__ = [
    "initialize_adam",
    "initialize_velocity",
    "update_parameters_with_adam",
    "update_parameters_with_gd",
    "update_parameters_with_momentum",
]

Arrays = dict[str, Any]


def _moved(update: Update, parameters: Arrays, grads: Arrays, *memories: Arrays) -> tuple[Arrays, ...]:
    """New dictionaries after a step: the given arrays stay as they are."""
    moved = {name: np.array(array, float) for name, array in parameters.items()}
    kept = [{f"d{name}": np.array(memory[f"d{name}"], float) for name in moved} for memory in memories]
    for name, theta in moved.items():
        update(theta, np.array(grads[f"d{name}"], float), *[memory[f"d{name}"] for memory in kept])
    return moved, *kept


def _zeros(parameters: Arrays) -> Arrays:
    return {f"d{name}": np.zeros(np.shape(array)) for name, array in parameters.items()}


def update_parameters_with_gd(parameters: Arrays, grads: Arrays, learning_rate: float) -> Arrays:
    """W ← W − η dW for every parameter; gives the new parameters.

    >>> update_parameters_with_gd({"W1": [1.0]}, {"dW1": [2.0]}, 0.25)["W1"].tolist()
    [0.5]
    """
    update = SGD.rule(1, lr=learning_rate, momentum=0, dampening=0, nesterov=False)
    return _moved(update, parameters, grads)[0]


def initialize_velocity(parameters: Arrays) -> Arrays:
    """A velocity of 0 for every parameter: dW1, db1, …

    >>> initialize_velocity({"W1": [[1.0, 2.0]]})["dW1"].tolist()
    [[0.0, 0.0]]
    """
    return _zeros(parameters)


def update_parameters_with_momentum(
    parameters: Arrays, grads: Arrays, v: Arrays, beta: float, learning_rate: float
) -> tuple[Arrays, Arrays]:
    """v ← β v + (1 − β) dW, W ← W − η v (course 003, row `momentum-ema`); gives the new parameters and v.

    >>> parameters, v = update_parameters_with_momentum({"W1": [1.0]}, {"dW1": [2.0]}, {"dW1": [0.0]}, 0.5, 0.25)
    >>> parameters["W1"].tolist(), v["dW1"].tolist()
    ([0.75], [1.0])
    """
    moved, velocity = _moved(Momentum.rule(1, lr=learning_rate, momentum=beta, form="ema"), parameters, grads, v)
    return moved, velocity


def initialize_adam(parameters: Arrays) -> tuple[Arrays, Arrays]:
    """Both moments of 0 for every parameter.

    >>> v, s = initialize_adam({"b1": [[1.0]]})
    >>> v["db1"].tolist(), s["db1"].tolist()
    ([[0.0]], [[0.0]])
    """
    return _zeros(parameters), _zeros(parameters)


def update_parameters_with_adam(
    parameters: Arrays,
    grads: Arrays,
    v: Arrays,
    s: Arrays,
    t: int,
    learning_rate: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    *,
    eps_inside_sqrt: bool = False,
) -> tuple[Arrays, Arrays, Arrays]:
    """Adam's step number t = 1, 2, … (course 003, row `adam`); gives the new parameters, v and s.

    ε stands outside the root as in the course's code; its text has `eps_inside_sqrt`.

    >>> parameters = {"W1": [1.0]}
    >>> parameters, v, s = update_parameters_with_adam(parameters, {"dW1": [5.0]}, *initialize_adam(parameters), t=1)
    >>> parameters["W1"].round(6).tolist()
    [0.99]
    """
    flags = {"eps_inside_sqrt": eps_inside_sqrt, "bias_correction": True}
    update = Adam.rule(t, lr=learning_rate, betas=(beta1, beta2), eps=epsilon, **flags)
    moved, first, second = _moved(update, parameters, grads, v, s)
    return moved, first, second
