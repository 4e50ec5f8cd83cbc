"""Weights and what belongs to them in one .npz file of plain arrays and JSON: loading it can't run code.

`save_model` · `load_model`. Builds on `errors` and NumPy.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ..errors import DataError

__all__ = ["load_model", "save_model"]

FORMAT = "tinygrad_edu model 1"


def save_model(path: str | Path, state: Mapping[str, Any], description: Mapping[str, Any] | None = None) -> None:
    """Write a module's `state_dict` and a description (whatever JSON holds) to a file, without pickle.

    >>> import tempfile
    >>> from tinygrad_edu import nn
    >>> path = Path(tempfile.mkdtemp(), "line.npz")
    >>> model = nn.Linear(2, 1)
    >>> save_model(path, model.state_dict(), {"features": ["x", "y"]})
    >>> state, description = load_model(path)
    >>> description
    {'features': ['x', 'y']}
    >>> model.load_state_dict(state)
    StateReport(missing_keys=[], unexpected_keys=[])
    """
    text = json.dumps({"format": FORMAT, "description": description or {}}, ensure_ascii=False, allow_nan=False)
    with Path(path).open("wb") as file:
        np.savez(
            file, allow_pickle=False, about=np.array(text), **{f"state/{key}": value for key, value in state.items()}
        )


def load_model(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The state and the description that `save_model` wrote; `DataError` if it was another who wrote the file."""
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            about = json.loads(archive["about"].item())
            state = {key.removeprefix("state/"): archive[key] for key in archive.files if key != "about"}
        known, description = about["format"] == FORMAT, about["description"]
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, BadZipFile):
        known, state, description = False, {}, {}
    if not known:
        raise DataError(f"{path} is not a model that this version saved: give the model.npz that training wrote")
    return state, description
