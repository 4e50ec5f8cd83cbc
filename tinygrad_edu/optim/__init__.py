"""Optimisers: each is its lecture's formula on one flat vector θ and the gradient g beside it.

`SGD` · `Adam` · `Optimizer`, the base of your own. An optimiser sees leaf Values, not layers.
"""

from .adam import Adam
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Adam", "Optimizer"]
