"""Lessons: a graph as one offline HTML page that plays it gate by gate, forward and backward.

`lesson(v, path)` → `Lesson`. `material` is the graph as a lesson tells it, `levels` and `layout` where things stand,
`data` and `page` write the file. Builds on `steps`, `record` and `formulas`.
"""

from .lesson import Lesson, lesson

__all__ = ["Lesson", "lesson"]
