"""Numbers and names as a picture shows them: short, with a true minus sign, and escaped. Builds on nothing.

`number` · `summary` · `shape_text` · `plain` · `in_html` · `quoted` · `ems`.
"""

import html
import math
import unicodedata
from typing import Any

import numpy as np

__all__ = ["ems", "in_html", "number", "plain", "quoted", "shape_text", "summary"]

_LISTED = 3  # a vector of up to so many elements is written out
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(x: Any, precision: int = 2) -> str:
    """A number with `precision` decimals, in scientific form outside 10⁻³ … 10⁴, with U+2212 for minus.

    >>> number(-0.196611), number(12345.6), number(0.0), number(float("nan"))
    ('−0.20', '1.23·10⁴', '0.00', 'nan')
    """
    if isinstance(x, complex | np.complexfloating):
        sign = "−" if x.imag < 0 else "+"
        return f"{number(x.real, precision)}{sign}{number(abs(x.imag), precision)}i"
    x = float(x)
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    if x and not 1e-3 <= abs(x) < 1e4:
        mantissa, _, exponent = f"{x:.{precision}e}".partition("e")
        return f"{mantissa}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}".replace("-", "−")
    return f"{x:.{precision}f}".replace("-", "−")


def summary(data: Any, precision: int = 2) -> str:
    """A scalar as a number, a short vector written out, anything larger as its range.

    >>> import numpy as np
    >>> summary(np.array([1.0, -2.0])), summary(np.arange(12.0).reshape(3, 4))
    ('[1.00, −2.00]', '0.00 … 11.00')
    """
    data = np.asarray(data)
    if not data.ndim:
        return number(data[()], precision)
    if not data.size:
        return "empty"
    if data.ndim == 1 and data.size <= _LISTED:
        return "[" + ", ".join(number(x, precision) for x in data) + "]"
    if data.dtype.kind == "c":
        data = np.abs(data)
    return f"{number(data.min(), precision)} … {number(data.max(), precision)}"


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as in 3×4; nothing for a scalar.

    >>> shape_text((3, 4)), shape_text((5,))
    ('3×4', '5')
    """
    return "×".join(map(str, shape))


def plain(text: str) -> str:
    """Text on one line without control characters, which neither DOT nor XML can carry."""
    return "".join(c if unicodedata.category(c) not in ("Cc", "Cs") else " " for c in text)


def in_html(text: str) -> str:
    """Text for an HTML-like label, where Graphviz still reads a backslash as the start of an escape sequence."""
    return html.escape(plain(text)).replace("\\", "\\\\")


def quoted(text: str) -> str:
    """Text as a quoted DOT string in which nothing is an escape sequence."""
    return '"' + plain(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def ems(text: str) -> float:
    """About how wide text is, in widths of an em: a wide (Chinese, Japanese, Korean) character is one."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.55 for c in text)
