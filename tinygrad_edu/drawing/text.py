"""Numbers and names as a picture shows them: short, with a true minus sign, and escaped. Builds on nothing.

`number` · `constant` · `summary` · `exact` · `shape_text` · `settings_text` · `plain` · `distinct` · `in_html` ·
`quoted` · `ems`.
"""

import html
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

__all__ = [
    "constant",
    "distinct",
    "ems",
    "exact",
    "in_html",
    "number",
    "plain",
    "quoted",
    "settings_text",
    "shape_text",
    "summary",
]

_LISTED = 3  # a vector of up to so many elements is written out
_LONGEST = 60  # a name is cut after so many characters
_SPECIAL = re.compile(r"[&<>\"'\\]")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(x: Any, precision: int = 2) -> str:
    """A number with `precision` decimals, in scientific form outside 10⁻³ … 10⁴, with U+2212 for minus.

    What would be rounded to a false zero is scientific too.

    >>> number(-0.196611), number(12345.6), number(0.0), number(0.004), number(float("nan"))
    ('−0.20', '1.23·10⁴', '0.00', '4.00·10⁻³', 'nan')
    """
    if isinstance(x, complex | np.complexfloating):
        sign = "−" if x.imag < 0 else "+"
        return f"{number(x.real, precision)}{sign}{number(abs(x.imag), precision)}i"
    x = float(x)
    size = abs(x)
    if (size < 1e4 and size >= 1e-3 and size >= 0.5 * 10.0**-precision) or not size:
        text = f"{size:.{precision}f}"
    elif math.isnan(x):
        return "nan"
    elif math.isinf(x):
        text = "∞"
    else:
        mantissa, _, exponent = f"{size:.{precision}e}".partition("e")
        text = f"{mantissa}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return "−" + text if x < 0 else text


def constant(x: Any, precision: int = 2) -> str:
    """A number that stands in a formula: without zeros at its end.

    >>> constant(-1.0), constant(0.5), constant(1 / 3)
    ('−1', '0.5', '0.33')
    """
    digits, dot, power = number(x, precision).partition("·")
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + dot + power


def summary(data: Any, precision: int = 2, listed: int = _LISTED) -> str:
    """A scalar as a number, a vector of up to `listed` elements written out, anything larger as its range.

    >>> import numpy as np
    >>> summary(np.array([1.0, -2.0])), summary(np.arange(12.0).reshape(3, 4))
    ('[1.00, −2.00]', '0.00 … 11.00')
    """
    if not np.ndim(data):
        return number(data, precision)
    data = np.asarray(data)
    if not data.size:
        return "empty"
    if data.ndim == 1 and data.size <= listed:
        return "[" + ", ".join(number(x, precision) for x in data) + "]"
    if data.dtype.kind == "c":
        data = np.abs(data)
    finite = data[np.isfinite(data)]
    lost = f"{data.size - finite.size} of {data.size} not finite" if finite.size < data.size else ""
    spread = f"{number(finite.min(), precision)} … {number(finite.max(), precision)}" if finite.size else ""
    return ", ".join(filter(None, (spread, lost)))


def exact(data: Any) -> str:
    """All digits of a number, for who points at it; of a tensor the first and last elements.

    >>> exact(np.float64(0.1)), exact(np.arange(100.0)), exact(np.ones((1, 2)))
    ('0.1', '[0, 1, …, 98, 99]', '1×2: [1, 1]')
    """
    if not np.ndim(data):
        return repr(data.item() if isinstance(data, np.generic) else data)
    flat = np.asarray(data).flat
    count = len(flat)
    places = range(count) if count <= 2 * _LISTED else (0, 1, -2, -1)
    shown = [f"{flat[k] + 0:.4g}" for k in places]
    if count > len(shown):
        shown.insert(2, "…")
    shape = f"{shape_text(np.shape(data))}: " if np.ndim(data) > 1 else ""
    return f"{shape}[{', '.join(shown)}]"


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as in 3×4; nothing for a scalar.

    >>> shape_text((3, 4)), shape_text((5,))
    ('3×4', '5')
    """
    return "×".join(map(str, shape))


def settings_text(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """The settings of a gate that are not its defaults.

    >>> settings_text({"axis": 0, "keepdims": False}, {"axis": None, "keepdims": False})
    'axis=0'
    >>> settings_text({"index": (slice(None), slice(1, 3), 0)}, {})
    ':, 1:3, 0'
    """
    told = []
    for name, setting in settings.items():
        if name == "index" and isinstance(setting, tuple):
            told.append(", ".join(map(_index_text, setting)))
        elif name not in defaults or repr(defaults[name]) != repr(setting):
            told.append(f"{name}={setting}")
    return plain(", ".join(told))


def _index_text(part: Any) -> str:
    if isinstance(part, slice):
        ends = ["" if x is None else str(x) for x in (part.start, part.stop, part.step)]
        return ":".join(ends[: 3 if ends[2] else 2])
    return "…" if part is Ellipsis else "new" if part is None else str(part)


def plain(text: str, longest: int = _LONGEST) -> str:
    """Text on one line, not too long, without the characters that neither DOT nor XML can carry.

    >>> plain("two\\nlines"), len(plain("x" * 100))
    ('two lines', 60)
    """
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Cn", "Zl", "Zp") else c for c in text)


def distinct(names: Iterable[str]) -> list[str]:
    """Names made plain and told apart: of two that are the same, the second gets an index. No name stays none.

    >>> distinct(["weight", "", "weight", "weight"])
    ['weight', '', 'weight₂', 'weight₃']
    """
    texts = [plain(name).strip() for name in names]
    given, seen, made = {*texts}, Counter[str](), []
    for text in texts:
        name = text
        while text and seen[name]:
            seen[text] += 1
            index = f"{seen[text]}".translate(_SUBSCRIPTS)
            name = text + index if text + index not in given else name
        seen[name] += 1
        made.append(name)
    return made


def in_html(text: str) -> str:
    """Text for an HTML-like label, where Graphviz still reads a backslash as the start of an escape sequence."""
    return text if _SPECIAL.search(text) is None else html.escape(text).replace("\\", "\\\\")


def quoted(text: str) -> str:
    """Text as a quoted DOT string in which nothing is an escape sequence or an entity.

    >>> print(quoted('"a" & \\\\N'))
    "&quot;a&quot; &amp; \\\\N"
    """
    return f'"{in_html(text)}"'


def ems(text: str) -> float:
    """About how wide text is, in widths of an em: a wide (Chinese, Japanese, Korean) character is one."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.55 for c in text)
