"""Weights in files that can run no code: `.npz` (NumPy's own) and `.safetensors` (PyTorch's and everyone's). No pickle.

`save_state` · `load_state` work on a `state_dict`; `Module.save` and `Module.load` on a module. Builds on `errors`.
"""

import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DependencyError, StateError

__all__ = ["load_state", "save_state"]


def save_state(state: Mapping[str, Any], path: str | Path) -> Path:
    """Write named arrays to a `.npz` or `.safetensors` file, whole or not at all: an older file stays until the new
    one is.

    >>> import numpy as np, tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_state({"0.weight": np.ones(2)}, Path(folder) / "model.npz")
    ...     load_state(path)["0.weight"].tolist()
    [1.0, 1.0]
    """
    path = Path(path)
    write = _format(path)[0]
    arrays = {
        name: np.ascontiguousarray(array) if np.ndim(array) else np.asarray(array) for name, array in state.items()
    }
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(arrays, unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def load_state(path: str | Path) -> dict[str, Any]:
    """Read named arrays from a `.npz` or `.safetensors` file; StateError if it is neither, or damaged."""
    path = Path(path)
    read = _format(path)[1]
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        return read(path)
    except DependencyError:
        raise
    except Exception as error:
        raise StateError(f"{path}: not a readable {path.suffix} file ({error})") from error


def _write_npz(arrays: dict[str, Any], path: Path) -> None:
    # np.savez takes names as keywords, so that a parameter called "file" could not be saved.
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def _read_npz(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise DependencyError(
            'safetensors files need pip install "tinygrad_edu[models]"; .npz needs nothing'
        ) from error
    return safetensors.numpy


def _write_safetensors(arrays: dict[str, Any], path: Path) -> None:
    _safetensors().save_file(arrays, path)


def _read_safetensors(path: Path) -> dict[str, Any]:
    state: dict[str, Any] = _safetensors().load_file(path)
    return state


FORMATS: dict[str, tuple[Callable[[dict[str, Any], Path], None], Callable[[Path], dict[str, Any]]]] = {
    ".npz": (_write_npz, _read_npz),
    ".safetensors": (_write_safetensors, _read_safetensors),
}


def _format(path: Path) -> tuple[Callable[[dict[str, Any], Path], None], Callable[[Path], dict[str, Any]]]:
    if path.suffix not in FORMATS:
        hint = (
            "; a .pt file can run code when it is loaded: save it as safetensors"
            if path.suffix in (".pt", ".pth")
            else ""
        )
        raise StateError(f"{path}: unknown format {path.suffix!r}; name the file {' or '.join(FORMATS)}{hint}")
    return FORMATS[path.suffix]
