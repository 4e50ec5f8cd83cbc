"""How each gate is called sensibly in a random program: which values fit it, its settings, how to keep to its domain.

`recipes(names)` (gate or function → what a `Builder` does) · `FUNCTIONS` (compositions that read the same on NumPy and
on PyTorch). Those of the gates stand in `elementwise`, `places` and `products`. Builds on `programs`.
"""

from collections.abc import Iterable

from ...errors import SettingError
from ...operators import GATES
from ..programs import Builder, Recipe
from . import elementwise, places, products
from .functions import FUNCTIONS
from .parts import RECIPES, partner

__all__ = ["FUNCTIONS", "RECIPES", "elementwise", "places", "products", "recipes"]


def recipes(names: Iterable[str] | None = None) -> dict[str, Recipe]:
    """The recipes of these gates and functions, by default all; elementwise gates without one get the plain one.

    >>> sorted(recipes(["mul", "conv"]))
    ['conv', 'mul']
    """
    chosen = {}
    for name in RECIPES if names is None else names:
        if name not in RECIPES and not getattr(GATES.get(name), "elementwise", False):
            raise SettingError(f"recipes: nothing is known about calling {name!r} in a random program")
        chosen[name] = RECIPES.get(name) or _plain(name)
    return chosen


def _plain(name: str) -> Recipe:
    count = len(GATES[name].names)

    def call(b: Builder) -> int:
        x = b.pick()
        return b.add(name, x, *(partner(b, x) for _ in range(count - 1)))

    return call
