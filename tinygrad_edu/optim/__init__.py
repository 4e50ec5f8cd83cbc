"""Optimisers: each is its lecture's formula on one flat vector θ and the gradient g beside it.

`Optimizer`, the base of your own · gradient descent: `SGD`, `Momentum`, `NAG` · adaptive: `Adagrad`, `Adadelta`,
`RMSprop`, `Adam`, `AdamW`, `NAdam`, `Adamax`, `RAdam` · signs: `Lion`, `Rprop` · curvature: `LBFGS`, `BFGS`,
`ConjugateGradient`, `Newton`, `GaussNewton`, `LevenbergMarquardt` · `schedules` of the rate · `clipping` · `averaging`
· `landscape` and `paths` to look at · `dictionaries`, the form of course 003. An optimiser sees leaf Values, not
layers; `print(Adam.formula)` shows what it does.
"""

from .adam import Adam, AdamW
from .adam_family import Adamax, NAdam, RAdam
from .adaptive import Adadelta, Adagrad, RMSprop
from .averaging import Averaged, Snapshots, exponential_average
from .clipping import AdaptiveNormClipper, clip_grad_norm_, clip_grad_value_, grad_norm
from .curvature import solve_cg
from .dictionaries import (
    initialize_adam,
    initialize_velocity,
    update_parameters_with_adam,
    update_parameters_with_gd,
    update_parameters_with_momentum,
)
from .groups import decay_matrices
from .landscape import Landscape, filter_normalised, landscape, sharpness
from .newton import GaussNewton, LevenbergMarquardt, Newton
from .optimizer import Optimizer
from .paths import Paths, paths
from .pictures import schedule_plot
from .quasi_newton import BFGS, LBFGS, ConjugateGradient
from .schedules import (
    Plateau,
    constant,
    cosine,
    every,
    exponential,
    inverse_sqrt,
    inverse_time,
    linear,
    linear_scaling,
    natural_exponential,
    one_cycle,
    piecewise,
    polynomial,
    snapshot_cycles,
    step_decay,
    triangular,
    warm_restarts,
    warmup,
)
from .sgd import NAG, SGD, Momentum
from .signs import Lion, Rprop
from .surfaces import beale, bowl, ravine, rosenbrock, saddle

__all__ = [
    "BFGS",
    "LBFGS",
    "NAG",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "AdaptiveNormClipper",
    "Averaged",
    "ConjugateGradient",
    "GaussNewton",
    "Landscape",
    "LevenbergMarquardt",
    "Lion",
    "Momentum",
    "NAdam",
    "Newton",
    "Optimizer",
    "Paths",
    "Plateau",
    "RAdam",
    "RMSprop",
    "Rprop",
    "Snapshots",
    "beale",
    "bowl",
    "clip_grad_norm_",
    "clip_grad_value_",
    "constant",
    "cosine",
    "decay_matrices",
    "every",
    "exponential",
    "exponential_average",
    "filter_normalised",
    "grad_norm",
    "initialize_adam",
    "initialize_velocity",
    "inverse_sqrt",
    "inverse_time",
    "landscape",
    "linear",
    "linear_scaling",
    "natural_exponential",
    "one_cycle",
    "paths",
    "piecewise",
    "polynomial",
    "ravine",
    "rosenbrock",
    "saddle",
    "schedule_plot",
    "sharpness",
    "snapshot_cycles",
    "solve_cg",
    "step_decay",
    "triangular",
    "update_parameters_with_adam",
    "update_parameters_with_gd",
    "update_parameters_with_momentum",
    "warm_restarts",
    "warmup",
]
