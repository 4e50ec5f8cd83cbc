"""A program as a file that runs by itself, with data to try it on if wanted.

`saved`. Beside `step.py` lies `step.npz`; `python step.py` runs the program on it and compares. Builds on `program`.
"""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import GraphError
from .program import Program

__all__ = ["saved"]

Array = Any


def saved(path: Path, source: str, program: Program, run: Any, given: Sequence[Any] | None) -> Path:
    """Write the source; with `given`, the inputs of a run, also them and what came out."""
    if given is None:
        path.write_text(source, encoding="utf-8")
        return path
    names = [str(x.var) for x in program.inputs]
    made, lines = copied(dict(zip(names, given, strict=True)))
    before = {name: np.array(x) for name, x in made.items() if isinstance(x, np.ndarray | np.generic)}
    given_lines = {name: _given(name, x) for name, x in made.items() if name not in lines}
    results = run(*made.values())
    after = {f"after_{name}": np.array(made[name]) for name in before if name not in lines}
    arrays = {name: x for name, x in before.items() if name not in lines}
    numbers = {f"result_{k}": np.asarray(x) for k, x in enumerate(results)}
    np.savez_compressed(path.with_suffix(".npz"), allow_pickle=False, **arrays, **after, **numbers)
    path.write_text(source + trial(program.name, made, given_lines, lines, len(results)), encoding="utf-8")
    return path


def copied(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Copies of the inputs of a run, views of one vector staying views of one; and how those views are written."""
    vectors = {name: x for name, x in given.items() if isinstance(x, np.ndarray) and x.ndim == 1}
    made: dict[str, Any] = {name: x.copy() for name, x in vectors.items()}
    lines: dict[str, str] = {}
    for name, x in given.items():
        if not isinstance(x, np.ndarray):
            made[name] = copy.deepcopy(x)
            continue
        whole = next((v for v, vector in vectors.items() if vector is not x and _inside(x, vector)), None)
        if whole is None:
            made.setdefault(name, x.copy())
            continue
        start = (_address(x) - _address(vectors[whole])) // x.itemsize
        made[name] = made[whole][start : start + x.size].reshape(x.shape)
        lines[name] = f"{whole}[{start}:{start + x.size}].reshape({x.shape!r})"
    return {name: made[name] for name in given}, lines


def _address(x: Array) -> int:
    return int(x.__array_interface__["data"][0])


def _inside(x: Array, vector: Array) -> bool:
    """Whether x is a contiguous piece of a vector."""
    first, size = _address(vector), vector.nbytes
    whole = x.flags.c_contiguous and x.dtype == vector.dtype and x.nbytes <= size
    return bool(whole and x.size and first <= _address(x) < first + size and np.shares_memory(x, vector))


def trial(name: str, made: Mapping[str, Any], given: Mapping[str, str], lines: Mapping[str, str], results: int) -> str:
    """The lines that run the program on its data, where the file is run by itself."""
    text = ["", "", 'if __name__ == "__main__":', "    from pathlib import Path", ""]
    text.append('    data = np.load(Path(__file__).with_suffix(".npz"))')
    text += [f"    {each} = {line}" for each, line in (*given.items(), *lines.items())]
    text.append(f"    results = {name}({', '.join(made)})")
    text += [f'    np.testing.assert_allclose(results[{k}], data["result_{k}"], rtol=1e-5)' for k in range(results)]
    for each, x in made.items():
        if each not in lines and isinstance(x, np.ndarray | np.generic):
            text.append(f'    np.testing.assert_allclose({each}, data["after_{each}"], rtol=1e-5, atol=1e-7)')
    return "\n".join([*text, f'    print("{name}: as recorded")']) + "\n"


def _given(name: str, x: Any) -> str:
    """An input as the file makes it."""
    if isinstance(x, np.ndarray):
        return f'data["{name}"]'
    if isinstance(x, np.generic):
        return f'data["{name}"][()]'
    if isinstance(x, np.random.Generator):
        state = x.bit_generator.state
        return f"np.random.Generator(np.random.{state['bit_generator']}())\n    {name}.bit_generator.state = {state!r}"
    if isinstance(x, int | float | Mapping):
        return repr({k: v for k, v in x.items() if k != "params"}) if isinstance(x, Mapping) else repr(x)
    raise GraphError(f"save: an input of type {type(x).__name__} can't be written down")
