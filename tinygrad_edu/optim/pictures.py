"""Figures for schedules, landscapes and paths; matplotlib is imported when one is asked for (extra `lessons`).

`schedule_plot` · `new_figure`. Builds on `schedules`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import DependencyError
from .optimizer import Schedule

__all__ = ["new_figure", "schedule_plot"]

Figure = Any


def new_figure(width: float = 6.0, height: float = 4.0) -> Figure:
    """An empty figure, outside pyplot, so that nothing stays open; DependencyError without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise DependencyError('pictures are drawn by matplotlib: pip install "tinygrad_edu[lessons]"') from error
    return Figure(figsize=(width, height), layout="constrained")


def schedule_plot(schedules: Schedule | Mapping[str, Schedule], steps: int) -> Figure:
    """The curve of a schedule, or of several by name, over `steps` (row `lr-schedules-plot`); save it by `savefig`.

    >>> from tinygrad_edu.optim import cosine, warmup
    >>> figure = schedule_plot(warmup(10, then=cosine(0.1, 90)), 100)
    >>> len(figure.axes[0].lines[0].get_xdata())
    100
    """
    figure = new_figure()
    axes = figure.add_subplot()
    t = np.arange(steps)
    for name, schedule in (schedules if isinstance(schedules, Mapping) else {"": schedules}).items():
        axes.plot(t, [schedule(int(i)) for i in t], label=name)
    axes.set_xlabel("step")
    axes.set_ylabel("rate")
    axes.grid(alpha=0.3)
    if isinstance(schedules, Mapping):
        axes.legend()
    return figure
