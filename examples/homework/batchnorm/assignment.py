"""Assignment: batch normalisation of rows, out = gamma · (x - mean)/√(var + 1e-5) + beta.

`forward(x, gamma, beta)` gives out; `backward(dout, x, gamma)` gives the gradients by x, gamma and beta.
"""

import numpy as np

from tinygrad_edu.testing.homework import Case

X = np.array([[1.0, -2.0], [0.5, 3.0], [2.0, 0.0], [-1.0, 1.5]])
GAMMA, BETA = np.array([1.5, -0.5]), np.array([0.25, 2.0])
DOUT = np.array([[1.0, 0.5], [-2.0, 1.0], [0.5, -1.0], [3.0, 2.0]])
EPS = 1e-5


def formula(x, gamma, beta):
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + EPS) + beta


def by_complex_step(dout, x, gamma, index):
    """∂(Σ dout · out)/∂x[index], to rounding."""
    x = x.astype(complex)
    x[index] += 1e-30j
    spread = ((x - x.mean(0)) ** 2).mean(0)
    return np.sum(dout * gamma * (x - x.mean(0)) / np.sqrt(spread + EPS)).imag / 1e-30


NORMAL = formula(X, 1, 0)
NAMES = ("forward", "backward")
CASES = {
    "forward": Case(
        2, lambda names: [names["forward"](X, GAMMA, BETA)], [formula(X, GAMMA, BETA)], "ε is under the root."
    ),
    "gradient of beta": Case(
        1, lambda names: [names["backward"](DOUT, X, GAMMA)[2]], [DOUT.sum(0)], "Sum over the rows."
    ),
    "gradient of gamma": Case(2, lambda names: [names["backward"](DOUT, X, GAMMA)[1]], [(DOUT * NORMAL).sum(0)]),
}


def drawn(random):
    """Cases with other numbers at each grading."""
    x, dout, gamma = random.normal(size=(5, 3)), random.normal(size=(5, 3)), random.uniform(0.5, 2, 3)
    dx = np.array([by_complex_step(dout, x, gamma, index) for index in np.ndindex(x.shape)]).reshape(x.shape)

    def run(names):
        return [names["backward"](dout, x, gamma)[0]]

    return {"gradient of x": Case(5, run, [dx], "The mean and the variance depend on x too.")}
