"""`exercise(v, blanks=5, seed=0)`: a lesson in which some numbers are asked for, and the key for the teacher.

The learner's page holds its numbers packed, so that none can be read off its source, and checks what is typed against
them; the key is a text of its own. Builds on `lesson`.
"""

import random
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from ...engine import Value
from ...errors import SettingError
from ..text import number, plain
from .data import called
from .lesson import Lesson, material_of
from .material import Material
from .page import page
from .table import table

__all__ = ["Blank", "Exercise", "exercise"]

Kind = Literal["value", "gradient"]


class Blank(NamedTuple):
    """A number that is asked for: a value, or a gradient, of a tensor one `element`."""

    kind: Kind
    value: Value
    element: tuple[int, ...]
    answer: float


class Exercise(Lesson):
    """A lesson with blanks: `.html` for the learner, `.key` (text) for the teacher, `.blanks` as data."""

    blanks: tuple[Blank, ...] = ()

    @property
    def key(self) -> str:
        """Every blank with its answer, in the order asked.

        >>> x = Value(3.0, name="x")
        >>> print(exercise(x * x, blanks=[("gradient", x)], title="Squares").key)
        Squares: answers
        1. gradient of x: 6.00 (6.0)
        """
        names = called(self.material)
        lines = [f"{plain(self.title)}: answers"]
        for k, blank in enumerate(self.blanks, 1):
            at = f" at [{', '.join(map(str, blank.element))}]" if blank.element else ""
            answer = f"{number(blank.answer, self.precision)} ({blank.answer!r})"
            lines.append(f"{k}. {blank.kind} of {names[blank.value]}{at}: {answer}")
        return "\n".join(lines)

    @cached_property
    def data(self) -> dict[str, Any]:
        """What the page reads, the questions among it."""
        made = super().data
        place = {value: k for k, value in enumerate(self.material.values)}
        asked = []
        for kind, value, element, answer in self.blanks:
            column = made["values" if kind == "value" else "grads"][place[value]]
            tensor = column["t"] if isinstance(column, dict) else None
            asked.append([kind, place[value], f"[{', '.join(map(str, element))}]" if element else None, answer, tensor])
        return {**made, "quiz": asked}

    @cached_property
    def html(self) -> str:
        """The learner's page; what is asked for is a question mark in its table too."""
        answers = {blank.answer for blank in self.blanks}
        asked = {id(_column(self.material, blank.kind, blank.value)) for blank in self.blanks}

        def hide(x: Any) -> bool:
            return id(x) in asked or (not np.ndim(x) and not np.iscomplexobj(x) and float(x) in answers)

        shown = table(self.material, called(self.material), self.precision, hide)
        return page(self.data, shown, hidden=True)

    def save(self, path: str | Path, key: str | Path | None = None) -> Path:
        """Write the learner's page, and with `key` the answers to another file; returns the page's path."""
        if key is not None:
            Path(key).write_text(self.key + "\n", encoding="utf-8")
        return super().save(path)


def exercise(
    v: Value,
    path: str | Path | None = None,
    *,
    blanks: int | Sequence[tuple[Kind, Value]] = 5,
    seed: int = 0,
    title: str = "",
    precision: int = 2,
    key: str | Path | None = None,
) -> Exercise:
    """A lesson page with blanks to fill in, each checked as it is typed, with hints.

    `blanks` is how many numbers to ask for, chosen by `seed` among the values of gates and the gradients; or what to
    ask for, as ("gradient", w) or ("value", y). Answers count when they are right to one unit of the last digit shown.
    With `path` the page is written, with `key` the answers. Raises SettingError where there is nothing to ask.

    >>> w, x = Value(2.0, name="w"), Value(-1.0, name="x")
    >>> exercise(w * x, blanks=1).blanks[0].kind
    'value'
    """
    told = material_of(v)
    names = called(told)
    made = Exercise(told, title or f"{names[told.root]}: find the missing numbers", precision=precision)
    made.blanks = tuple(_chosen(told, blanks, seed) if isinstance(blanks, int) else _given(told, blanks))
    if path is not None:
        made.save(path, key)
    elif key is not None:
        Path(key).write_text(made.key + "\n", encoding="utf-8")
    return made


def _column(told: Material, kind: Kind, value: Value) -> Any:
    return value._data if kind == "value" else told.gradients.get(value)


def _candidates(told: Material) -> Iterator[tuple[Kind, Value]]:
    """What can be asked for: what a gate computed, and gradients but the seed, where they are finite real numbers."""
    kinds: tuple[Kind, ...] = ("value", "gradient")
    inside = {small.out for part in told.parts for small in part.smallest()} - {part.out for part in told.parts}
    leaves = set(told.values) - {part.out for part in told.parts} - inside
    for kind in kinds:
        for value in told.values:
            data = _column(told, kind, value)
            idle = value in inside or (value in leaves if kind == "value" else value is told.root)
            if (
                data is not None
                and not idle
                and np.size(data)
                and not np.iscomplexobj(data)
                and np.isfinite(data).all()
            ):
                yield kind, value


def _chosen(told: Material, count: int, seed: int) -> Iterator[Blank]:
    """Blanks in a random order of the seed's; numbers that are plain to see, or asked for already, come last."""
    chance = random.Random(seed)  # noqa: S311 - which numbers to ask for is no secret
    seen = {float(x._data) for x in told.values if x.gate is None and not x.shape and not np.iscomplexobj(x._data)} | {
        0.0,
        1.0,
    }
    found = []
    for kind, value in _candidates(told):
        data = _column(told, kind, value)
        element = tuple(chance.randrange(n) for n in np.shape(data))
        found.append(Blank(kind, value, element, float(np.asarray(data)[element])))
    if not found or count < 1:
        raise SettingError("exercise: there is nothing to ask for; give a graph with gates, and at least one blank")
    chance.shuffle(found)
    fresh: list[Blank] = []
    stale: list[Blank] = []
    for blank in found:
        (stale if not blank.element and blank.answer in seen else fresh).append(blank)
        seen.add(blank.answer)
    order = {value: k for k, value in enumerate(told.values)}
    for kind in ("value", "gradient"):
        of_kind = [blank for blank in [*fresh, *stale][:count] if blank.kind == kind]
        yield from sorted(of_kind, key=lambda blank: order[blank.value] * (1 if kind == "value" else -1))


def _given(told: Material, wanted: Sequence[tuple[Kind, Value]]) -> Iterator[Blank]:
    possible = {*_candidates(told)}
    for kind, value in wanted:
        if (kind, value) not in possible:
            raise SettingError(
                f"exercise: there is no {kind} of {getattr(value, 'label', value)} to ask for in this graph"
            )
        element = (0,) * np.ndim(_column(told, kind, value))
        yield Blank(kind, value, element, float(np.asarray(_column(told, kind, value))[element]))
