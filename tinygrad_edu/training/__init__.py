"""Training: the loop with its history and progress bar, figures of merit, files, and networks for tables.

`fit`, `predict`, `evaluate`, `History`, `EarlyStopping` · `accuracy_score`, `hamming_loss`, `confusion_matrix`,
`r2_score`, `root_mean_squared_error` · `save_model`, `load_model` · `train_table`, `TabularModel`. Builds on all
layers below.
"""

from .files import load_model, save_model
from .history import History
from .loop import evaluate, fit, predict
from .metrics import accuracy_score, confusion_matrix, hamming_loss, r2_score, root_mean_squared_error
from .stopping import EarlyStopping
from .tabular import TabularModel, Trained, train_table

__all__ = [
    "EarlyStopping",
    "History",
    "TabularModel",
    "Trained",
    "accuracy_score",
    "confusion_matrix",
    "evaluate",
    "fit",
    "hamming_loss",
    "load_model",
    "predict",
    "r2_score",
    "root_mean_squared_error",
    "save_model",
    "train_table",
]
