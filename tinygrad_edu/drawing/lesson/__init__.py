"""Lessons: a graph as one offline HTML page that plays it gate by gate, forward and backward.

`lesson(v, path)` → `Lesson`; `exercise(v, blanks=…)` → `Exercise`.
`material` is the graph as a lesson tells it, `levels` and `layout` where things stand,
`data` and `page` write the file. Builds on `steps`, `record` and `formulas`.
"""

from .exercise import Exercise, exercise
from .lesson import Lesson, lesson

__all__ = ["Exercise", "Lesson", "exercise", "lesson"]
