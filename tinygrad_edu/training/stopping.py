"""When to end a training: `EarlyStopping` watches the loss on rows held out. Builds on `nn`."""

from typing import Any

from ..errors import SettingError
from ..nn import Module

__all__ = ["EarlyStopping"]


class EarlyStopping:
    """End a training `patience` epochs after the best one, and go back to it (course 001, row `early-babysit`).

    Better is a number lower than the best by more than `min_delta`. `restore_best=False` leaves the model as it was
    last (Keras' default). `best`, `best_epoch` (from 0) and `waited` tell how it stands; one object watches one
    training. Raises SettingError for a patience below 1. Given to `fit` as `stop`; by hand:

    >>> from tinygrad_edu import nn
    >>> model, stop = nn.Linear(1, 1), EarlyStopping(patience=2)
    >>> [stop.over(loss, model) for loss in (0.9, 0.5, 0.6, 0.7)]
    [False, False, False, True]
    >>> stop.best, stop.best_epoch
    (0.5, 1)
    """

    def __init__(self, patience: int = 10, *, min_delta: float = 0.0, restore_best: bool = True) -> None:
        if patience < 1:
            raise SettingError(f"EarlyStopping: patience={patience} must be at least one epoch")
        self.patience, self.min_delta, self.restore_best = patience, min_delta, restore_best
        self.best, self.best_epoch, self.waited, self.epochs = float("inf"), -1, 0, 0
        self._state: dict[str, Any] | None = None

    def over(self, loss: float, model: Module) -> bool:
        """Take note of an epoch's loss; True if it is time to stop. A loss that is nan is no better than any other."""
        if loss < self.best - self.min_delta:
            self.best, self.best_epoch, self.waited = loss, self.epochs, 0
            self._state = model.state_dict() if self.restore_best else None
        else:
            self.waited += 1
        self.epochs += 1
        return self.waited >= self.patience

    def restore(self, model: Module) -> None:
        """Bring back the weights and running statistics of the best epoch, unless `restore_best` is off."""
        if self._state is not None:
            model.load_state_dict(self._state)
