"""The kit that finds a wrong gradient in anyone's gate: `gradcheck`, `check_gate`, numeric derivatives, reports.

`numeric` (derivatives by numbers alone) · `gradients` (a function against numbers) · `gatecheck` (a gate in every way
it may be used) · `engines` (adapters) · `report` · `diagnosis` (the likely mistake in words) · `strategies` (Hypothesis
strategies; needs the extra `test`). Builds on the engine and NumPy; pytest and Hypothesis are not needed to check.
"""

from .engines import Engine, TinygradEdu
from .gatecheck import check_gate
from .gradients import gradcheck
from .report import Check, Finding, Report

__all__ = ["Check", "Engine", "Finding", "Report", "TinygradEdu", "check_gate", "gradcheck"]
