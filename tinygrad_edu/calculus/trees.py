"""Nested tuples, lists and dicts as trees of numbers: `leaves` · `rebuilt` · `mapped` · `same_structure`.

None is a tree without leaves; whatever is no tuple, list or dict is a leaf. Builds on nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["leaves", "mapped", "rebuilt", "same_structure"]


def leaves(tree: Any) -> list[Any]:
    """What a tree holds, from left to right.

    >>> leaves({"w": [1.0, 2.0], "b": (3.0, None)})
    [1.0, 2.0, 3.0]
    """
    if type(tree) is dict:
        tree = tuple(tree.values())
    if type(tree) in (list, tuple):
        return [leaf for branch in tree for leaf in leaves(branch)]
    return [] if tree is None else [tree]


def rebuilt(tree: Any, new: Iterable[Any]) -> Any:
    """A tree of the same structure with other leaves.

    >>> rebuilt({"w": [1.0, 2.0], "b": None}, "xy")
    {'w': ['x', 'y'], 'b': None}
    """
    return _grown(tree, iter(new))


def _grown(tree: Any, new: Iterator[Any]) -> Any:
    if type(tree) is dict:
        return {key: _grown(branch, new) for key, branch in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(_grown(branch, new) for branch in tree)
    return None if tree is None else next(new)


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """A tree with `function` applied to every leaf."""
    return rebuilt(tree, map(function, leaves(tree)))


def same_structure(tree: Any, other: Any) -> bool:
    """Whether two trees branch in the same way, with the same keys."""
    marks = [mapped(lambda _: 0, each) for each in (tree, other)]
    return bool(marks[0] == marks[1])
