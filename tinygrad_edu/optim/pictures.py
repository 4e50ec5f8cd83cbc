"""Figures for schedules, landscapes and paths; matplotlib is imported when one is asked for (extra `lessons`).

`schedule_plot` · `even_levels` · `new_figure`. Builds on `schedules`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import DependencyError
from .optimizer import Schedule

__all__ = ["even_levels", "new_figure", "schedule_plot"]

Figure = Any


def new_figure(width: float = 6.0, height: float = 4.0) -> Figure:
    """An empty figure, outside pyplot, so that nothing stays open; DependencyError without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise DependencyError('pictures are drawn by matplotlib: pip install "tinygrad_edu[lessons]"') from error
    return Figure(figsize=(width, height), layout="constrained")


def even_levels(heights: Any, count: int) -> Any:
    """Heights for contour lines by quantiles: a valley shows although the slopes beside it are a thousand times higher.

    >>> even_levels([0.0, 1.0, 2.0, 1e6, float("inf")], 4).tolist()
    [0.0, 1.0, 2.0, 1000000.0]
    """
    heights = np.asarray(heights, float)
    return np.unique(np.quantile(heights[np.isfinite(heights)], np.linspace(0, 1, count)))


def schedule_plot(schedules: Schedule | Mapping[str, Schedule], steps: int) -> Figure:
    """The curve of a schedule, or of several by name, over `steps` (row `lr-schedules-plot`); save it by `savefig`.

    >>> from tinygrad_edu.optim import cosine, warmup
    >>> figure = schedule_plot(warmup(10, then=cosine(0.1, 90)), 100)
    >>> len(figure.axes[0].lines[0].get_xdata())
    100
    """
    figure = new_figure(7.5 if isinstance(schedules, Mapping) else 6.0)
    axes = figure.add_subplot()
    t = np.arange(steps)
    for name, schedule in (schedules if isinstance(schedules, Mapping) else {"": schedules}).items():
        axes.plot(t, [schedule(int(i)) for i in t], label=name, drawstyle="steps-post")
    axes.set_xlabel("step")
    axes.set_ylabel("rate")
    axes.grid(alpha=0.3)
    if isinstance(schedules, Mapping):
        figure.legend(loc="outside right upper")
    return figure
