"""The kit that finds a wrong gradient in anyone's gate: `gradcheck`, `check_gate`, numeric derivatives, reports.

`numeric` (derivatives by numbers alone) · `gradients` (a function against numbers) · `gatecheck` (a gate in every way
it may be used) · `report`, `diagnosis` (the likely mistake in words), `shrinking` (the smallest failing inputs) ·
`engines`, `peers` (adapters for other engines, `check_engine`, `compare`) · `scalar` (an engine in sixty lines, the
oracle) · `homework`, `plugin` (grading) · `strategies`, `graphs` (for Hypothesis; need the extra `test`). Builds on the
engine and NumPy; pytest and Hypothesis are not needed to check.
"""

from .engines import Engine, TinygradEdu
from .gatecheck import check_gate
from .gradients import gradcheck
from .report import Check, Finding, Report

__all__ = ["Check", "Engine", "Finding", "Report", "TinygradEdu", "check_gate", "gradcheck"]
