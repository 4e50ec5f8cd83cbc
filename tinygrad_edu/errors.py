"""The errors of the package: each derives from the built-in that a caller would catch.

A message names the gate or layer, the name and shape of each input, what was wanted, and what to try next.
"""

from numpy.linalg import LinAlgError

__all__ = [
    "DataError",
    "DegenerateError",
    "DependencyError",
    "ExpressionError",
    "GateError",
    "GradientError",
    "GraphError",
    "LostGradientError",
    "OutOfRangeError",
    "RenderError",
    "SettingError",
    "ShapeError",
    "StaleGraphError",
    "StateError",
    "UnsupportedError",
]


class ShapeError(ValueError):
    """Inputs whose shapes, axes or sizes do not fit the gate or layer that got them."""


class SettingError(ValueError):
    """A setting that is not one of the known choices, or out of its range; the message names the choices."""


class OutOfRangeError(IndexError):
    """An index beyond the axis it is meant for."""


class ExpressionError(ValueError):
    """A formula that can't be read, or the numbers for its names."""


class DegenerateError(LinAlgError):
    """A matrix at which a function has no value or no derivative: singular, or with repeated eigenvalues."""


class GateError(TypeError):
    """A gate declared or called in a way its declaration does not allow."""


class GraphError(RuntimeError):
    """A graph asked for what it can't give: a gradient without a graph, a seed of the wrong kind."""


class StaleGraphError(GraphError):
    """A leaf was changed after the graph was recorded, so the recorded gradient would be wrong."""


class StateError(RuntimeError):
    """A saved state whose names do not fit the module that is to load it."""


class LostGradientError(TypeError):
    """An operation that would turn a Value into a plain array and so lose its gradient without a word."""


class UnsupportedError(TypeError):
    """A NumPy function, or an option of one, that has no derivative here; the message names another way."""


class RenderError(RuntimeError):
    """No picture could be made of a drawing. `dot` holds its DOT text all the same."""

    def __init__(self, message: str, dot: str = "") -> None:
        super().__init__(message)
        self.dot = dot


class DataError(ValueError):
    """A table or a model file that can't be used; the message names the file, column, line and a way out."""


class DependencyError(ImportError):
    """An optional package is missing; the message names the extra that brings it."""


class GradientError(AssertionError):
    """A gradient check that failed. `report` holds what was compared."""

    def __init__(self, message: str, report: object = None) -> None:
        super().__init__(message)
        self.report = report
