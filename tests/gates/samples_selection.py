"""Samples of the gates that choose; ties are among the numbers."""

import numpy as np

from tinygrad_edu.testing import strategies

from .samples import call, drawn_call, elementwise, samples

X = np.array([[1.5, -2.0, 0.0], [0.25, 3.0, -0.5]])
Y = np.array([[0.0], [0.25]])


def chooser(name):
    """PyTorch's maximum shares at ties; `where` gives all to the first."""

    def choose(torch, x, y, *, ties):
        if ties != "first":
            return getattr(torch, name)(x, y)
        return torch.where(x >= y if name == "maximum" else x <= y, x, y)

    return choose


for _name in ["maximum", "minimum"]:
    samples(
        _name,
        call(X, Y, ties="split"),
        call(X, Y, ties="first"),
        call(X, X, ties="split"),
        call(X, X[0] + 0.1, ties="both"),
        drawn=elementwise(2, ties="split"),
        torch=chooser(_name),
    )


@drawn_call
def choice(draw):
    mask, x, y = draw(strategies.broadcastable(3))
    return call(mask > 0, x, y)


samples(
    "where",
    call([True, False, True], X, Y),
    call(X > 0, X, 2.0),
    call(True, X, Y),
    drawn=choice,
    torch=lambda torch, mask, x, y: torch.where(mask, x, y),
)
