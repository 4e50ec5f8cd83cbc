"""The gates, a family a file; importing this package fills the registry `GATES`."""

from . import (
    arithmetic,
    elementary,
    exponential,
    fused,
    linear,
    modular,
    reduction,
    selection,
    sequences,
    shaping,
    trigonometric,
)

__all__ = [
    "arithmetic",
    "elementary",
    "exponential",
    "fused",
    "linear",
    "modular",
    "reduction",
    "selection",
    "sequences",
    "shaping",
    "trigonometric",
]
