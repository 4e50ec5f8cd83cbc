"""The gates, a family a file; importing this package fills the registry `GATES`."""

from . import arithmetic, elementary, fused, linear, reduction, selection, shaping

__all__ = ["arithmetic", "elementary", "fused", "linear", "reduction", "selection", "shaping"]
