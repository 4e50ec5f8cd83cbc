"""What a graph costs: bytes kept for the backward pass, and floating-point operations, gate by gate.

`cost(v)` → `Cost`, a table; `costs(record)` the same for each gate, for a drawing to colour. A product and a sum each
count as one operation, so a matrix product of m×k and k×n takes 2mkn; a function such as exp counts as one. Gates that
only move numbers count nothing. Builds on `record`.
"""

import html
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..engine import Value
from ..errors import SettingError
from .record import Made, recorded
from .repeats import upward
from .text import plain

__all__ = ["Cost", "CostRow", "GateCost", "amount", "cost", "costs", "shares"]

MOVES = frozenset(
    {"reshape", "transpose", "swapaxes", "expand_dims", "squeeze", "broadcast_to", "getitem", "scatter", "concatenate",
     "stack", "pad_constant", "roll", "take_along_axis", "add_along_axis", "pick", "add_picked", "unfold", "fold",
     "real", "imag", "astype", "route_to_winners", "pick_winners", "spread_windows", "variable"}
)  # fmt: skip
PER_INPUT = {"sum": 1, "mean": 1, "max": 1, "min": 1, "prod": 1, "var": 4, "std": 4, "norm": 2, "logsumexp": 4,
             "softmax": 5, "softmax_cross_entropy": 6, "cumsum": 1, "cumprod": 1, "max_pool": 1, "sum_windows": 1,
             "p_norm": 3, "standardise": 6}  # fmt: skip
"""Operations for each element of the input, as in a loop over them."""
CUBIC = {"inv": 2.0, "solve": 2 / 3, "det": 2 / 3, "logabsdet": 2 / 3, "cholesky": 1 / 3, "qr": 4 / 3, "eigh": 9.0,
         "eig": 25.0, "svd": 22.0, "pinv": 24.0}  # fmt: skip
"""The factor of n³ (Golub and Van Loan, Matrix Computations)."""


@dataclass(frozen=True, slots=True)
class GateCost:
    """One gate: bytes that stay until the backward pass, and operations forward and backward, None where unknown."""

    bytes: int
    forward: int | None
    backward: int | None

    @property
    def flops(self) -> int | None:
        """Forward and backward together."""
        return None if self.forward is None or self.backward is None else self.forward + self.backward


def _matmul(made: Made, shapes: list[tuple[int, ...]]) -> float:
    return 2 * made.value.size * shapes[0][-1]


def _einsum(made: Made, shapes: list[tuple[int, ...]]) -> float:
    lengths: dict[str, int] = {}
    for term, shape in zip(
        made.settings["subscripts"].replace(" ", "").partition("->")[0].split(","), shapes, strict=True
    ):
        lengths |= dict(zip(term.replace("...", ""), shape[-len(term.replace("...", "")) :], strict=False))
    return len(shapes) * math.prod(lengths.values())


def _conv(made: Made, shapes: list[tuple[int, ...]]) -> float:
    return 2 * made.value.size * math.prod(shapes[1][1:])


def _conv_transpose(_: Made, shapes: list[tuple[int, ...]]) -> float:
    return 2 * math.prod(shapes[0]) * math.prod(shapes[1][1:])


def _fft(made: Made, _: list[tuple[int, ...]]) -> float:
    return 5 * made.value.size * math.log2(max(made.value.size, 2))


SPECIAL: dict[str, Callable[[Made, list[tuple[int, ...]]], float]] = {
    "matmul": _matmul,
    "einsum": _einsum,
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "convolve": lambda made, shapes: 2 * math.prod(shapes[0]) * math.prod(shapes[1]),
    "outer": lambda made, shapes: made.value.size,
    **dict.fromkeys(("fft", "ifft", "rfft", "irfft"), _fft),
}


def costs(record: Iterable[Made]) -> dict[Value, GateCost]:
    """The cost of each value's gate. An array that is a view of another is kept once."""
    owners: set[int] = set()
    found = {}
    for made in record:
        kept = _kept(made.value._data, owners)
        if made.gate is not None:
            kept += sum(_kept(x, owners) for x in made.inputs if not isinstance(x, Value))
        forward = _forward(made)
        found[made.value] = GateCost(kept, forward, _backward(made, forward))
    return found


def _kept(data: Any, owners: set[int]) -> int:
    """The bytes of an array, if no other one counted has the same memory."""
    if not isinstance(data, np.ndarray | np.generic):
        return 0
    owner: Any = data
    while isinstance(owner, np.ndarray) and isinstance(owner.base, np.ndarray):
        owner = owner.base
    if id(owner) in owners:
        return 0
    owners.add(id(owner))
    return int(data.nbytes)


def _forward(made: Made) -> int | None:
    gate = made.gate
    if gate is None or gate.name in MOVES:
        return 0
    shapes = [np.shape(getattr(x, "_data", x)) for x in made.inputs]
    if gate.name in SPECIAL:
        return int(SPECIAL[gate.name](made, shapes))
    if gate.name in PER_INPUT:
        return PER_INPUT[gate.name] * math.prod(shapes[0])
    if gate.name in CUBIC:
        return int(CUBIC[gate.name] * math.prod(shapes[0]) * shapes[0][-1])
    return made.value.size if gate.elementwise else None


def _backward(made: Made, forward: int | None) -> int | None:
    """For each input with a gradient: again a product for products, two operations for each element else."""
    gate = made.gate
    wanted = [x for x in made.inputs if isinstance(x, Value) and x.requires_grad]
    if gate is None or forward is None:
        return None if gate is not None else 0
    if gate.name in SPECIAL or gate.name in CUBIC:
        return forward * len(wanted)
    return 0 if gate.name in MOVES else sum(2 * max(x.size, made.value.size) for x in wanted)


@dataclass(frozen=True, slots=True)
class CostRow:
    """Gates taken together: what they are, how many, and what they cost; operations None if a gate's are unknown."""

    name: str
    count: int
    bytes: int
    forward: int | None
    backward: int | None


@dataclass(frozen=True)
class Cost:
    """`rows`, the most bytes first or in the order of groups, and the `total`; `str` is the table."""

    rows: tuple[CostRow, ...]
    total: CostRow

    def _cells(self) -> list[tuple[str, ...]]:
        head = ("", "gates", "kept for backward", "flops forward", "flops backward")
        return [head, *(_told(row) for row in [*self.rows, self.total])]

    def __str__(self) -> str:
        cells = self._cells()
        widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
            for row in cells
        ]
        return "\n".join(line.rstrip() for line in [*lines[:-1], "-" * len(lines[0]), lines[-1]])

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows."""
        head, *rows = self._cells()
        body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
        return {
            "text/html": f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>",
            "text/plain": str(self),
        }


def _told(row: CostRow) -> tuple[str, ...]:
    return (row.name, f"{row.count:,}", amount(row.bytes, "B"), amount(row.forward), amount(row.backward))


def amount(n: int | None, unit: str = "") -> str:
    """A large number in three digits, as in 1.23 M; a question mark for one that is not known.

    >>> amount(999), amount(12345, "B"), amount(2_000_000_000), amount(None)
    ('999', '12.3 kB', '2.00 G', '?')
    """
    if n is None:
        return "?"
    if n < 1000:
        return f"{n} {unit}".strip()
    step = min(int(math.log10(n)) // 3, 5)
    size = n / 1000**step
    return f"{size:.{2 if size < 10 else 1 if size < 100 else 0}f} {' kMGTP'[step]}{unit}"


def cost(v: Value, by: Literal["gate", "group"] = "gate") -> Cost:
    """What the graph of `v` costs, summed over gates of a kind, or over groups.

    Bytes kept for the backward pass are those of every recorded value and constant array, once for arrays that share
    memory; leaves (data and parameters) are a row of their own. Operations count products and sums alike; "?" stands
    for gates whose number is not known. Raises SettingError for another `by`.

    >>> import numpy as np
    >>> x, w = np.ones((32, 10)), Value(np.ones((10, 4)))
    >>> print(cost(np.tanh(x @ w).sum()))
            gates  kept for backward  flops forward  flops backward
    matmul      1            3.58 kB         2.56 k          2.56 k
    tanh        1            1.02 kB            128             256
    leaves      1              320 B              0               0
    sum         1                8 B            128             256
    ---------------------------------------------------------------
    total       3            4.94 kB         2.82 k          3.07 k
    """
    if by not in ("gate", "group"):
        raise SettingError(f"cost: by={by!r} is not known; choose 'gate' or 'group'")
    record = recorded(v)
    each = costs(record)
    parts: dict[Any, list[Made]] = {}
    for made in sorted(record, key=lambda made: made.gate is None):  # groups in the order in which they compute
        if by == "gate":
            parts.setdefault(str(made.gate) if made.gate is not None else "leaves", []).append(made)
            continue
        places: list[Any] = [*upward(made.group)][::-1]
        for group in places or [None]:
            parts.setdefault(group, []).append(made)
    rows = [_row(_named(key), mades, each) for key, mades in parts.items()]
    if by == "gate":
        rows.sort(key=lambda row: -row.bytes)
    else:
        rows = [row for _, row in sorted(zip(map(_Order(parts), parts), rows, strict=True), key=lambda pair: pair[0])]
    return Cost(tuple(rows), _row("total", record, each))


class _Order:
    """Where a group stands in a table: below the one around it, in the order they were recorded."""

    def __init__(self, groups: Iterable[Any]) -> None:
        self.place = {group: k for k, group in enumerate(groups)}

    def __call__(self, group: Any) -> tuple[int, ...]:
        return tuple(self.place[each] for each in [*upward(group)][::-1]) or (len(self.place),)


def shares(
    record: Sequence[Made], of: Literal["bytes", "flops"], maker: Callable[[Value], Any]
) -> dict[Any, int | None]:
    """What each thing seen costs: a gate's own, or the sum of all that a closed group hides."""
    if of not in ("bytes", "flops"):
        raise SettingError(f"draw: colour={of!r} is not known; choose 'bytes' or 'flops'")
    each = costs(record)
    seen: dict[Any, list[int | None]] = {}
    for made in record:
        if (place := maker(made.value)) is not None:
            seen.setdefault(place, []).append(getattr(each[made.value], of))
    return {place: _sum(parts) for place, parts in seen.items()}


def _named(key: Any) -> str:
    if key is None or isinstance(key, str):
        return key or "outside"
    return "  " * (len([*upward(key)]) - 1) + plain(key.name)


def _row(name: str, mades: Sequence[Made], each: dict[Value, GateCost]) -> CostRow:
    found = [each[made.value] for made in mades]
    gates = sum(1 for made in mades if made.gate is not None) if name != "leaves" else len(mades)
    return CostRow(
        name,
        gates,
        sum(one.bytes for one in found),
        _sum([one.forward for one in found]),
        _sum([one.backward for one in found]),
    )


def _sum(numbers: list[int | None]) -> int | None:
    known = [n for n in numbers if n is not None]
    return sum(known) if len(known) == len(numbers) else None
