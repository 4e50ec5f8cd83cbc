"""Graphviz as a process: which program draws, with a time limit and its exit status checked. Builds on `errors`.

`run_dot(text, format)` · `programs` · `bundled`. Order: an explicit setting, the system's `dot`, the bundled program
of the package graphviz-pure (extra `lessons`), else `RenderError`, which still holds the DOT text.
"""

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from ..errors import RenderError

__all__ = ["Engine", "bundled", "programs", "run_dot"]

Engine = Literal["auto", "system", "bundled"] | str
SETTING = "TINYGRAD_EDU_DOT"
INSTALL = 'pip install "tinygrad_edu[lessons]" brings a renderer, or install Graphviz so that `dot` is on the PATH'


def bundled() -> str | None:
    """The program of graphviz-pure beside this interpreter, or on the PATH: the same picture on every machine."""
    folders = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", f"{os.name}_user")]
    found = shutil.which("graphviz-pure", path=os.pathsep.join(folders))
    return found or shutil.which("graphviz-pure")


def programs(engine: Engine = "auto") -> Iterator[str]:
    """The programs to try, in order."""
    if engine == "auto" and (setting := os.environ.get(SETTING)):
        engine = setting
    if engine not in ("auto", "system", "bundled"):
        yield engine
        return
    candidates = [shutil.which("dot") if engine != "bundled" else None, bundled() if engine != "system" else None]
    yield from filter(None, candidates)


def run_dot(
    text: str, format: str = "svg", *, engine: Engine = "auto", timeout: float = 20.0, dpi: int | None = None
) -> bytes:
    """Draw DOT text as "svg", "png" or "pdf"; one that fails or takes over `timeout` seconds gives way to the next.

    `engine` is "auto", "system", "bundled" or the path of a program; `dpi` the dots per inch of a PNG. Raises
    RenderError, which holds the text.
    """
    said = []
    options = [f"-T{format}", *([f"-Gdpi={dpi}"] if dpi else [])]
    for program in programs(engine):
        if format == "pdf" and Path(program).name.startswith("graphviz-pure"):
            said.append("the bundled renderer writes no PDF: install Graphviz, print the SVG, or save .tex")
            continue
        try:
            done = subprocess.run(  # noqa: S603 - found by us or named by the user
                [program, *options], input=text.encode(), capture_output=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired:
            said.append(f"{program} took over {timeout:g} s: close groups (depth=0), or draw a part of the graph")
            continue
        except OSError as error:
            said.append(f"{program}: {error.strerror}")
            continue
        if done.returncode == 0 and done.stdout:
            return done.stdout
        said.append(
            f"{program} ended with status {done.returncode}: {done.stderr.decode(errors='replace').strip()[:300]}"
        )
    raise RenderError(f"no picture: {'; '.join(said) or 'no Graphviz program was found'}. {INSTALL}", text)
