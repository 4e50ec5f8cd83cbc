"""What a check found, to be read by people: `Finding` (one gradient against another), `Check`, `Report`.

Builds on `errors`.
"""

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import DependencyError, GradientError, GraphError

__all__ = ["Check", "Finding", "Report"]


def shown(array: Any) -> str:
    """An array in one line, long ones shortened."""
    text = np.array2string(np.asarray(array), separator=", ", precision=6, threshold=30, max_line_width=10_000)
    return " ".join(text.split())


@dataclass(frozen=True)
class Finding:
    """A gradient that is not what it should be: `actual` against `expected`, at `inputs` with `settings`.

    `mistake` is the likely mistake in words, or empty where nothing simple explains the difference.
    """

    where: str
    expected: Any
    actual: Any
    inputs: tuple[Any, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    mistake: str = ""
    method: str = ""

    def __str__(self) -> str:
        called = [shown(x) for x in self.inputs] + [f"{k}={v!r}" for k, v in self.settings.items()]
        lines = [
            f"{self.where}: expected {shown(self.expected)}",
            f"{'':{len(self.where)}}    actual {shown(self.actual)}",
        ]
        lines += [f"expected value by {self.method}"] if self.method else []
        lines += [f"at ({', '.join(called)})"] if called else []
        lines += [f"likely mistake: {self.mistake}"] if self.mistake else []
        return "\n".join(lines)


@dataclass(frozen=True)
class Check:
    """One property that was checked: it holds (`ok` is True), fails (False), or could not be checked (None)."""

    name: str
    ok: bool | None
    detail: str = ""
    finding: Finding | None = None

    def __str__(self) -> str:
        sign = {True: "✓", False: "✗", None: "–"}[self.ok]
        detail = f": {self.detail}" if self.detail else ""
        finding = "\n" + "\n".join("    " + line for line in str(self.finding).splitlines()) if self.finding else ""
        return f"  {sign} {self.name}{detail}{finding}"


@dataclass
class Report:
    """The checks of one function. `ok` says that none failed; `str(report)` has a line for each, `failures` the rest.

    Of a failure on this package's engine, `drawing` shows the graph at the smallest inputs that fail, the wrong wire in
    red, and `culprit` names the gate whose gradient is wrong by itself. `found` gives the output, the marks, and that
    name, when they are asked for.

    >>> report = Report("mul", [Check("gradient", True, "2 inputs")])
    >>> print(report)
    mul: right (1 check)
      ✓ gradient: 2 inputs
    """

    subject: str
    checks: list[Check] = field(default_factory=list)
    found: Callable[[], tuple[Any, dict[Any, str], str]] | None = None

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return not self.failures

    @property
    def failures(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.checks if check.ok is False]

    @cached_property
    def _looked(self) -> tuple[Any, dict[Any, str], str]:
        return self.found() if self.found is not None and not self.ok else (None, {}, "")

    @property
    def culprit(self) -> str:
        """The wrong gate among several, in words; empty where there is no other than the one checked."""
        return self._looked[2]

    @cached_property
    def drawing(self) -> Any:
        """The smallest failing case with the wrong wire in red, a `Drawing`; None where there is nothing to draw."""
        out, marks, _ = self._looked
        if out is None:
            return None
        from ..drawing import draw

        try:
            return draw(out, marks=marks, open="all")
        except GraphError:  # too large to read
            return None

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows: the text, and below it the drawing of a failure."""
        text = str(self)
        try:
            svg = self.drawing.svg if self.drawing is not None else ""
        except (GraphError, DependencyError):
            svg = ""
        return {"text/plain": text, "text/html": f"<pre>{html.escape(text)}</pre>{svg}"}

    def __str__(self) -> str:
        done = sum(check.ok is not None for check in self.checks)
        verdict = "right" if self.ok else "WRONG in " + ", ".join(check.name for check in self.failures)
        head = f"{self.subject}: {verdict} ({done} check{'s' * (done != 1)})"
        blamed = [f"  wrong by itself: {self.culprit}"] if self.culprit else []
        return "\n".join([head, *map(str, self.checks), *blamed])

    def raise_if_failed(self) -> "Report":
        """The report itself if all holds, else `GradientError` with it."""
        if not self.ok:
            raise GradientError(str(self), self)
        return self
