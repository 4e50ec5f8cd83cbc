"""What a check found, to be read by people: `Finding` (one gradient against another), `Check`, `Report`.

Builds on `errors`.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import GradientError

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

    >>> report = Report("mul", [Check("gradient", True, "2 inputs")])
    >>> print(report)
    mul: right (1 check)
      ✓ gradient: 2 inputs
    """

    subject: str
    checks: list[Check] = field(default_factory=list)
    drawing: Any = None

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return not self.failures

    @property
    def failures(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.checks if check.ok is False]

    def __str__(self) -> str:
        done = sum(check.ok is not None for check in self.checks)
        verdict = "right" if self.ok else "WRONG in " + ", ".join(check.name for check in self.failures)
        head = f"{self.subject}: {verdict} ({done} check{'s' * (done != 1)})"
        return "\n".join([head, *map(str, self.checks)])

    def raise_if_failed(self) -> "Report":
        """The report itself if all holds, else `GradientError` with it."""
        if not self.ok:
            raise GradientError(str(self), self)
        return self
