"""The ways methods go on a surface z = f(x, y): as numbers, as a picture, as an animation.

`paths` · `Paths`. Builds on `optimizer` and `pictures` (matplotlib, extra `lessons`, for pictures only).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..engine import Value
from ..errors import SettingError
from .flat import Array
from .optimizer import Optimizer
from .pictures import Figure, even_levels, new_figure

__all__ = ["Paths", "paths"]

Surface = Callable[[Any, Any], Any]
Maker = Callable[[list[Value]], Optimizer]


@dataclass(frozen=True)
class Paths:
    """`points[name]` has the (x, y) of a method after 0, 1, 2, … steps, a row each; `f` is the surface."""

    f: Surface
    points: dict[str, Array]

    def heights(self, name: str) -> Array:
        """z = f(x, y) along one way."""
        return self.f(*self.points[name].T)

    def _background(self, levels: int) -> tuple[Figure, Any]:
        everything = np.concatenate(list(self.points.values()))
        everything = everything[np.isfinite(everything).all(axis=1)]
        low, high = everything.min(axis=0), everything.max(axis=0)
        room = 0.2 * np.maximum(high - low, 1e-3 + 0.2 * (high - low).max())
        x, y = (np.linspace(a, b, 121) for a, b in zip(low - room, high + room, strict=True))
        z = self.f(*np.meshgrid(x, y))
        figure = new_figure(6.4, 4.8)
        axes = figure.add_subplot()
        axes.contour(x, y, z, levels=even_levels(z, levels), linewidths=0.6, cmap="viridis")
        axes.set(xlabel="x", ylabel="y", xlim=x[[0, -1]], ylim=y[[0, -1]])
        return figure, axes

    def plot(self, levels: int = 25) -> Figure:
        """The ways over the contour lines of f; save it by `savefig`."""
        figure, axes = self._background(levels)
        for name, way in self.points.items():
            axes.plot(*way.T, marker="o", markersize=2.5, linewidth=1, label=name)
        axes.legend()
        return figure

    def animate(self, path: str | Path, *, frames_per_second: int = 10, levels: int = 25) -> Path:
        """Save the ways as they are walked: a GIF, or an HTML page with buttons, by the ending of `path`."""
        figure, axes = self._background(levels)
        from matplotlib.animation import FuncAnimation, PillowWriter
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        FigureCanvasAgg(figure)
        lines = {name: axes.plot([], [], marker="o", markersize=2.5, label=name)[0] for name in self.points}
        axes.legend()

        def show(k: int) -> list[Any]:
            for name, line in lines.items():
                line.set_data(*self.points[name][: k + 1].T)
            return list(lines.values())

        count = max(len(way) for way in self.points.values())
        film = FuncAnimation(figure, show, frames=count, interval=1000 / frames_per_second, blit=True)
        target = Path(path)
        if target.suffix == ".gif":
            film.save(target, writer=PillowWriter(fps=frames_per_second))
        elif target.suffix == ".html":
            target.write_text(f"<!DOCTYPE html>\n<meta charset='utf-8'>\n{film.to_jshtml()}", encoding="utf-8")
        else:
            raise SettingError(f"animate: {target.name} should end in .gif or .html")
        return target


def paths(
    f: Surface, start: tuple[float, float], optimisers: Mapping[str, Maker], steps: int = 20, *, limit: float = 1e3
) -> Paths:
    """Walk `steps` steps on z = f(x, y) from `start` with each of the `optimisers`, made by a function of [x, y].

    Rows `optimizer-contour`, `local-minimum`, `saddle-point`. Every step gets a closure, so that NAG, L-BFGS and
    Newton's method can take part. A way that diverges ends before it leaves |x|, |y| ≤ `limit`.

    >>> from tinygrad_edu import optim
    >>> ways = paths(optim.bowl, (-7.0, 2.0), {"SGD": lambda p: optim.SGD(p, lr=0.95)}, steps=2)
    >>> ways.points["SGD"].round(4).tolist()
    [[-7.0, 2.0], [-5.67, -1.8], [-4.5927, 1.62]]
    """
    return Paths(f, {name: _way(f, start, make, steps, limit) for name, make in optimisers.items()})


def _way(f: Surface, start: tuple[float, float], make: Maker, steps: int, limit: float) -> Array:
    x, y = Value(float(start[0]), name="x"), Value(float(start[1]), name="y")
    optimizer = make([x, y])

    def closure() -> Value:
        optimizer.zero_grad()
        loss = f(x, y)
        loss.backward()
        return loss

    way = [(x.item(), y.item())]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            optimizer.step(closure)
            if not max(abs(x.item()), abs(y.item())) <= limit:
                break
            way.append((x.item(), y.item()))
    return np.array(way)
