"""Training: the loop with its history and progress bar, figures of merit, files, and networks for tables.

`fit`, `predict`, `evaluate`, `History` · `accuracy_score`, `confusion_matrix`, `r2_score`,
`root_mean_squared_error` · `save_model`, `load_model` · `train_table`, `TabularModel`. Builds on all layers below.
"""

from .files import load_model, save_model
from .history import History
from .loop import evaluate, fit, predict
from .metrics import accuracy_score, confusion_matrix, r2_score, root_mean_squared_error
from .tabular import TabularModel, Trained, train_table

__all__ = [
    "History",
    "TabularModel",
    "Trained",
    "accuracy_score",
    "confusion_matrix",
    "evaluate",
    "fit",
    "load_model",
    "predict",
    "r2_score",
    "root_mean_squared_error",
    "save_model",
    "train_table",
]
