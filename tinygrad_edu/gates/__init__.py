"""The gates, a family a file; importing this package fills the registry `GATES`."""

from . import (
    arithmetic,
    complex_numbers,
    convolution,
    elementary,
    exponential,
    fused,
    linear,
    modular,
    patches,
    picking,
    pooling,
    reduction,
    selection,
    sequences,
    shaping,
    trigonometric,
)

__all__ = [
    "arithmetic",
    "complex_numbers",
    "convolution",
    "elementary",
    "exponential",
    "fused",
    "linear",
    "modular",
    "patches",
    "picking",
    "pooling",
    "reduction",
    "selection",
    "sequences",
    "shaping",
    "trigonometric",
]
