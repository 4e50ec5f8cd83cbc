"""A model as an HTML list of its layers, for a notebook: `listing(module)`. Builds on nothing of `nn`."""

import html
from typing import Any

__all__ = ["listing"]


def listing(module: Any) -> str:
    """The layers as items that open, each with its settings and the number of parameters inside; no script.

    >>> from tinygrad_edu import nn
    >>> listing(nn.Linear(2, 3))
    '<code>Linear</code>(in_features=2, out_features=3) <small>9 parameters</small>'
    """
    kind, own = type(module).__name__, module.extra_repr()
    count = sum(parameter.size for parameter in module.parameters())
    told = f"<code>{html.escape(kind)}</code>"
    told += f"({html.escape(own)})" if own else ""
    told += f" <small>{count:,} parameters</small>" if count else ""
    below = [f"<li>{html.escape(name)}: {listing(child)}</li>" for name, child in module.named_children()]
    if not below:
        return told
    return f"<details open><summary>{told}</summary><ul>{''.join(below)}</ul></details>"
