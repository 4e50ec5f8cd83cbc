"""Optimisers: each is its lecture's formula on one flat vector θ and the gradient g beside it.

`Optimizer`, the base of your own · gradient descent: `SGD`, `Momentum`, `NAG` · adaptive: `Adagrad`, `Adadelta`,
`RMSprop`, `Adam`, `AdamW`, `NAdam`, `Adamax`, `RAdam` · signs: `Lion`, `Rprop`. An optimiser sees leaf Values, not
layers; `print(Adam.formula)` shows what it does.
"""

from .adam import Adam, AdamW
from .adam_family import Adamax, NAdam, RAdam
from .adaptive import Adadelta, Adagrad, RMSprop
from .optimizer import Optimizer
from .sgd import NAG, SGD, Momentum
from .signs import Lion, Rprop

__all__ = [
    "NAG",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Momentum",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
]
