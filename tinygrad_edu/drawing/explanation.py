"""`explain(v, wrt=w)`: a derivative derived in words, LaTeX, MathML and runnable Python, with symbols, then numbers.

`Explanation` shows itself in a notebook and prints as text. Builds on `derivation`, `paths` and `coding`.
"""

import html
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from ..engine import Value
from .coding import as_python
from .derivation import Derivation, Line, derive
from .paths import MOST_PATHS, Paths, count_paths, rest_line, result_line
from .paths import paths as all_paths
from .writers import latex_text

__all__ = ["Explanation", "explain"]

STYLE = (
    ".explained{font:15px/1.5 system-ui,sans-serif;max-width:60em;color-scheme:light dark}"
    ".explained math{font-size:1.15em;text-align:left}.explained p{margin:.2em 0 .5em}"
    ".explained div{overflow-x:auto;padding:.15em 0}.explained .why{opacity:.75;font-size:.9em}"
    ".explained pre{padding:.6em;border:1px solid #8886;border-radius:6px;overflow-x:auto}"
)


class Explanation:
    """A derivative, explained: `.text`, `.latex`, `.mathml`, `.python`, `.html`; `str` is the text.

    `derivation` holds the lines as data, `paths` the paths and their products, if they were asked for.
    """

    def __init__(self, derivation: Derivation, paths: Paths | None) -> None:
        self.derivation = derivation
        self.paths = paths

    @property
    def gradient(self) -> Any:
        """The number (or array) that is explained."""
        return self.derivation.gradient

    @property
    def _about(self) -> str:
        found = self.derivation
        f, w, count = found.names[found.v], found.names[found.wrt], count_paths(found)
        along = "along one path" if count == 1 else f"along {count:,} paths"
        what = f"{f} depends on {w} {along}, through {len(found.between):,} gate{'s' * (len(found.between) != 1)}."
        return what + (f" {f} is an array: the derivative is that of the sum of its elements." if found.v.ndim else "")

    def _sections(self) -> Iterator[tuple[str, str, list[Line]]]:
        """Heading, what is to be said, and lines."""
        found = self.derivation
        back = "Each gate multiplies the gradient that arrives (upstream) by its local gradient; where paths join, add."
        yield "Forward", "Each gate computes its output.", found.forward
        yield "Backward", back, found.backward
        if self.paths is not None:
            what = f"{self.paths.count:,} in all; each adds the product of the local gradients along it."
            if rest := rest_line(found, self.paths):
                what += (
                    f" The first {len(self.paths.listed)} are listed. Backpropagation never walks them one by one: it "
                    f"adds at every gate, and needs {sum(map(len, found.sums.values())):,} products for all of them."
                )
            yield "Paths", what, [*(path.line for path in self.paths.listed), *([rest] if rest else [])]
        yield "Result", "", [found.result if self.paths is None else result_line(found, self.paths)]

    @cached_property
    def text(self) -> str:
        """The derivation in words and formulas, as plain text."""
        found = self.derivation
        lines = [f"∂{found.names[found.v]}/∂{found.names[found.wrt]}: {self._about}"]
        for heading, what, rows in self._sections():
            lines += ["", f"{heading}. {what}".strip()]
            lines += [f"  {row.text}" + (f"\n      {row.words}" if row.words else "") for row in rows]
        return "\n".join(lines)

    @cached_property
    def latex(self) -> str:
        """The derivation as LaTeX, with amsmath and amssymb: a paragraph and an aligned display for each part."""
        parts = [latex_text(self._about)]
        for heading, what, rows in self._sections():
            told = rf"\paragraph{{{heading}}} {latex_text(what)}".rstrip()
            lines = " \\\\\n".join(f"  {_latex_line(row)}" for row in rows)
            parts.append(f"{told}\n\\begin{{align*}}\n{lines}\n\\end{{align*}}")
        return "\n\n".join(parts) + "\n"

    @cached_property
    def mathml(self) -> str:
        """All lines as one MathML element: forward, backward, the paths if they were asked for, the result."""
        cells = "".join(f"<mtr><mtd>{_mathml_line(row)}</mtd></mtr>" for *_, rows in self._sections() for row in rows)
        return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><mtable>{cells}</mtable></math>'

    @cached_property
    def python(self) -> str:
        """Code that defines `derivative(…)` with the same steps, and calls it where the numbers are few."""
        return as_python(self.derivation)

    @cached_property
    def html(self) -> str:
        """A fragment for a page or a notebook: words, MathML and the code; no script and no request."""
        parts = [f'<style>{STYLE}</style><section class="explained"><p>{html.escape(self._about)}</p>']
        for heading, what, rows in self._sections():
            parts.append(f"<h4>{heading}</h4><p>{html.escape(what)}</p>")
            parts += [
                f"<div><math displaystyle=true>{_mathml_line(row)}</math><br>"
                f"<span class=why>{html.escape(row.words)}</span></div>"
                for row in rows
            ]
        code = f"<details><summary>As Python</summary><pre>{html.escape(self.python)}</pre></details>"
        return "\n".join([*parts, code, "</section>"])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows, also after its kernel is gone."""
        return {"text/html": self.html, "text/plain": self.text}

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def _latex_line(line: Line) -> str:
    first, *rest = dict.fromkeys(side.latex for side in line.sides)
    return f"{first} &= {' = '.join(rest)}" if rest else f"& {first}"


def _mathml_line(line: Line) -> str:
    return "<mo>=</mo>".join(dict.fromkeys(side.mathml for side in line.sides))


def explain(v: Value, *, wrt: Value, paths: bool = False, precision: int = 2, most: int = MOST_PATHS) -> Explanation:
    """Derive ∂v/∂wrt step by step: every gate forward, then back from v to wrt, in symbols and with the numbers.

    With `paths` the derivative is also written as the sum over all paths from wrt to v, the first `most` of them one by
    one (course 001, row `chain-rule`). Nothing is changed, `.grad` neither. A v that is no scalar stands for the sum of
    its elements. Raises GraphError if v does not depend on wrt, for complex numbers, and beyond 200 gates between.

    >>> x = Value(3.0, name="x")
    >>> print(explain(x * x, wrt=x))
    ∂f/∂x: f depends on x along 2 paths, through 1 gate.
    <BLANKLINE>
    Forward. Each gate computes its output.
      f = x·x = 3.00·3.00 = 9.00
          Multiply: the gate swaps, each input gets the upstream gradient times the other input
    <BLANKLINE>
    Backward. Each gate multiplies the gradient that arrives (upstream) by its local gradient; where paths join, add.
      ∂f/∂f = 1.00
      ∂f/∂x = ∂f/∂f·x + ∂f/∂f·x = 1.00·3.00 + 1.00·3.00 = 6.00
          2 paths join at x, and what they bring is added: gate mul, gate mul
    <BLANKLINE>
    Result.
      ∂f/∂x = 6.00
    """
    found = derive(v, wrt, precision)
    return Explanation(found, all_paths(found, most) if paths else None)
