"""The kit that finds a wrong gradient in anyone's gate: `gradcheck`, `check_gate`, numeric derivatives, reports.

`numeric` (derivatives by numbers alone) · `gradients` (a function against numbers) · `gatecheck` (a gate in every way
it may be used) · `report`, `diagnosis` (the likely mistake in words), `shrinking` (the smallest failing inputs),
`blame` (the wrong gate of a graph) · `thorough` (a longer look) · `engines`, `adapters`, `peers` (`check_engine` and
`compare` for other engines), `properties` (what they are asked) · `scalar` (an engine in sixty lines, the oracle) ·
`programs`, `recipes` (random programs of all gates), `networks` (random networks and training problems) · `homework`,
`sources`, `plugin` (grading) · `strategies`, `graphs`, `machine` (for Hypothesis; need the extra `test`). Builds on
the engine and NumPy; pytest and Hypothesis are not needed to check.
"""

from .engines import Engine, TinygradEdu
from .gatecheck import check_gate
from .gradients import gradcheck
from .report import Check, Finding, Report

__all__ = ["Check", "Engine", "Finding", "Report", "TinygradEdu", "check_gate", "gradcheck"]
