"""The training loop, and what a model gives on data it does not learn from.

`fit` · `predict` · `evaluate`. Builds on `history`, `progress`, `stopping`, `nn`, `optim` and `data`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..data import DataLoader
from ..engine import Value
from ..errors import DataError
from ..modes import no_grad
from ..nn import Module
from ..optim import Optimizer
from .history import History
from .progress import progress_bar
from .stopping import EarlyStopping

__all__ = ["Measures", "evaluate", "fit", "predict"]

Loss = Callable[[Any, Any], Any]
Measures = Mapping[str, Callable[[Any, Any], float]]


def fit(
    model: Module,
    loss_of: Loss,
    optimiser: Optimizer,
    batches: DataLoader,
    epochs: int,
    *,
    validation: tuple[Any, Any] | None = None,
    measures: Measures | None = None,
    stop: EarlyStopping | None = None,
    progress: bool = False,
) -> History:
    """Train for a number of epochs: for each batch θ ← θ - η ∂loss/∂θ, by the optimiser's rule.

    `batches` gives (inputs, targets) and shuffles by its own generator, so that a seed repeats a run. The history holds
    for each epoch `loss`, the mean over the samples as they were met, and with `validation=(X, y)` also `test loss` and
    the `measures` of it, functions of (targets, outputs). `stop` ends the training early by the `test loss` and brings
    the best epoch back; it needs `validation`. Course 004, row `training-loop`.

    >>> import numpy as np
    >>> from tinygrad_edu import nn, optim
    >>> nn.manual_seed(0)
    >>> x = np.linspace(-1, 1, 40).reshape(-1, 1)
    >>> model = nn.Linear(1, 1)
    >>> batches = DataLoader((x, 3 * x - 1), batch_size=8, rng=0)
    >>> history = fit(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), batches, epochs=30)
    >>> round(model.weight.item(), 2), round(model.bias.item(), 2), len(history)
    (3.0, -1.0, 30)
    """
    if not len(batches):
        raise DataError(f"fit: {batches.size} rows make no batch of {batches.batch_size}: take a smaller batch_size")
    if stop is not None and validation is None:
        raise DataError("fit: stop looks at the loss on rows held out: give validation=(X, y)")
    history = History()
    with progress_bar(epochs, visible=progress) as bar:
        for _ in range(epochs):
            model.train()
            losses, sizes = zip(
                *[(train_step(model, loss_of, optimiser, X, y), len(y)) for X, y in batches], strict=True
            )
            held_out = evaluate(model, loss_of, *validation, measures=measures) if validation else {}
            history.append(loss=np.average(losses, weights=sizes), **held_out)
            bar.set_postfix_str(
                ", ".join(f"{name} {number:.4g}" for name, number in history.last.items()), refresh=False
            )
            bar.update()
            if stop is not None and stop.over(history.last["test loss"], model):
                break
    if stop is not None:
        stop.restore(model)
    return history


def train_step(model: Module, loss_of: Loss, optimiser: Optimizer, X: Any, y: Any) -> float:
    """One forward, one walk back and one step of the optimiser; gives the loss before it."""
    loss = loss_of(model(X), y)
    optimiser.zero_grad()
    loss.backward(leaves_only=True)
    optimiser.step()
    return float(loss.item())


def predict(model: Module, X: Any, *, batch_size: int = 1024) -> Any:
    """The model's outputs for all rows of `X`, as an array: in evaluation mode, without a graph, in batches.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> predict(nn.Linear(2, 3), np.zeros((5, 2))).shape
    (5, 3)
    """
    was_training = model.training
    model.eval()
    try:
        with no_grad():
            outputs = [model(X[start : start + batch_size]) for start in range(0, max(len(X), 1), batch_size)]
    finally:
        model.train(was_training)
    return np.concatenate([output.numpy() if isinstance(output, Value) else output for output in outputs])


def evaluate(model: Module, loss_of: Loss, X: Any, y: Any, *, measures: Measures | None = None) -> dict[str, float]:
    """`test loss` and each of the `measures`, functions of (targets, outputs), on rows the model does not learn from.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> evaluate(nn.Identity(), nn.MSELoss(), np.ones((4, 1)), np.zeros((4, 1)))
    {'test loss': 1.0}
    """
    outputs = predict(model, X)
    found = {name: measure(y, outputs) for name, measure in (measures or {}).items()}
    return {"test loss": float(loss_of(outputs, y)), **found}
